//! Playing a script on a board.

use pynq_core::Instant;

use super::Board;
use crate::{
    error::Error,
    script::{Roles, Script, ScriptError, Step},
    sync::Arc,
};

impl Script {
    /// Plays the script on a board: its steps are put on the board's schedule, from now on. All names are looked up before any
    /// of it happens. A step whose pin is gone when its time comes, because the design was replaced, is left out.
    ///
    /// # Errors
    ///
    /// [`ScriptError::NoSuchRole`] or [`ScriptError::Board`], with the line; then nothing is scheduled.
    pub fn play(&self, board: &Board, roles: &Roles) -> Result<(), ScriptError> {
        self.play_with(board, roles, |_, _, _| ())
    }

    /// As [`play`](Self::play), and has `before` called before each step, with what the board says of it: an error if the
    /// design was replaced meanwhile, and the new one has no such pin.
    ///
    /// # Errors
    ///
    /// As [`play`](Self::play).
    pub fn play_with(
        &self,
        board: &Board,
        roles: &Roles,
        before: impl Fn(&Board, &Step, Result<(), Error>) + Send + Sync + 'static,
    ) -> Result<(), ScriptError> {
        let mut stimuli = alloc::vec::Vec::with_capacity(self.steps().len());
        for step in self.steps() {
            let stimulus = step.stimulus(roles)?;
            board.check(&stimulus).map_err(|error| ScriptError::Board { line: step.line, error })?;
            stimuli.push(stimulus);
        }
        let (begin, before) = (board.now(), Arc::new(before));
        for (step, stimulus) in self.steps().iter().cloned().zip(stimuli) {
            let (at, before): (Instant, _) = (begin + step.at, Arc::clone(&before));
            board.at(at, move |board| {
                let checked = board.check(&stimulus);
                let is_there = checked.is_ok();
                before(board, &step, checked);
                if is_there {
                    // What `before` did to the board meanwhile is its own affair.
                    let _ = board.stimulate(&stimulus);
                }
            });
        }
        Ok(())
    }
}
