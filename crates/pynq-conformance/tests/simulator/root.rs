//! The simulated CPU pin as the root, and the board's clock.

use std::cell::RefCell;

use pynq_conformance::{Outcome, Sleep};
use pynq_core::{Clock, Error, Instant};
use pynq_sim::{Board, Busy, CpuPin};

use crate::{
    fixture::AnySource,
    hosts::{Host, Kind},
};

pub(crate) struct Root {
    board: Board,
    cpu: CpuPin,
    /// From the first sleep on, the suite alone moves the clock: a blocked thread would do so as well.
    clock_held: RefCell<Option<Busy>>,
}

impl Root {
    pub(crate) fn new(board: &Board, cpu: &CpuPin, _: &Kind) -> Self {
        Self { board: board.clone(), cpu: cpu.clone(), clock_held: RefCell::default() }
    }

    /// For a node whose registers mask an interrupt, or for one without any.
    pub(crate) fn source(&self, _has_registers: bool) -> AnySource {
        Box::pin(self.cpu.clone())
    }

    /// A stimulus has all its effects before it returns.
    pub(crate) fn settle(&self, _: &Host) {}

    pub(crate) fn is_armed(&self) -> bool {
        self.cpu.is_armed()
    }

    pub(crate) fn fail(&self, error: Error) -> Result<(), Outcome> {
        self.cpu.fail(error);
        Ok(())
    }

    pub(crate) fn now(&self) -> Instant {
        self.board.now()
    }

    pub(crate) fn sleep_until(&self, deadline: Instant) -> Sleep {
        *self.clock_held.borrow_mut() = Some(self.board.busy());
        Box::pin(self.board.clock().sleep_until(deadline))
    }

    pub(crate) fn pass_until(&self, time: Instant, _: &Host) {
        self.board.advance_to(time);
    }
}
