//! What the steps of a script do to a board with given roles.

use core::ops::Range;

use super::{Action, Roles, ScriptError, Step};
use crate::fabric::Stimulus;

impl Step {
    /// What the step does to a board with these roles.
    ///
    /// # Errors
    ///
    /// [`ScriptError::NoSuchRole`].
    pub fn stimulus(&self, roles: &Roles) -> Result<Stimulus, ScriptError> {
        let no = |kind, number, has: Range<u8>| ScriptError::NoSuchRole { line: self.line, kind, number, has };
        let button = |number, level| {
            let pin = roles.button(number).map(|pin| pin.stimulus(level));
            pin.ok_or_else(|| no("button", number, roles.buttons()))
        };
        match &self.action {
            Action::Press(number) => button(*number, true),
            Action::Release(number) => button(*number, false),
            Action::Switch(number, on) => {
                let pin = roles.switch(*number).map(|pin| pin.stimulus(*on));
                pin.ok_or_else(|| no("switch", *number, roles.switches()))
            }
            Action::Stimulus(stimulus) => Ok(stimulus.clone()),
        }
    }
}
