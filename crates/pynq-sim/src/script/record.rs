//! What is done to a board, recorded as a script.

use alloc::vec::Vec;

use pynq_core::Instant;

use super::{Action, Roles, Script, Step, write::is_writable};
use crate::fabric::Stimulus;

/// What was done to a board from [`Board::start_recording`](crate::Board::start_recording) on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recording {
    /// As a script, whose times count from the start of the recording.
    pub script: Script,
    /// Stimuli that are not in it: those beyond the limit, and those that scripts have no words for, such as pictures.
    pub left_out: u64,
}

/// Stimuli as they happen.
#[derive(Debug)]
pub(crate) struct Recorder {
    begin: Instant,
    limit: usize,
    steps: Vec<Step>,
    left_out: u64,
}

impl Recorder {
    pub(crate) const fn new(begin: Instant, limit: usize) -> Self {
        Self { begin, limit, steps: Vec::new(), left_out: 0 }
    }

    pub(crate) fn record(&mut self, now: Instant, stimulus: Stimulus) {
        if self.steps.len() < self.limit && is_writable(&stimulus) {
            self.steps.push(Step::new(now - self.begin, Action::Stimulus(stimulus)));
        } else {
            self.left_out += 1;
        }
    }

    pub(crate) fn recording(&self) -> Recording {
        Recording { script: Script::new(self.steps.clone()), left_out: self.left_out }
    }
}

impl Script {
    /// The same script, in which pins that are buttons or switches are called so.
    #[must_use]
    pub fn by_role(&self, roles: &Roles) -> Self {
        let named = |step: &Step| {
            let mut step = step.clone();
            if let Action::Stimulus(Stimulus::Pin { path, channel, bit, level }) = &step.action {
                let button = roles.button_at(path, *channel, *bit);
                let switch = roles.switch_at(path, *channel, *bit);
                step.action = match (button, switch, *level) {
                    (Some(number), _, true) => Action::Press(number),
                    (Some(number), _, false) => Action::Release(number),
                    (None, Some(number), on) => Action::Switch(number, on),
                    _ => return step,
                };
            }
            step
        };
        Self { steps: self.steps.iter().map(named).collect() }
    }
}
