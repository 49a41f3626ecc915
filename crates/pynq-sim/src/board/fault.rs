//! Faults and races on demand.

use super::Board;
use crate::{
    error::Error,
    fabric::{Access, Stimulus},
};

/// Faults. Those that name a line take either of its ends, as [`Board::set_line`] does.
impl Board {
    /// Fault: the loads of a line don't see its next change to high, until it has gone low again.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLine`].
    pub fn lose_edge(&self, line: &str) -> Result<(), Error> {
        self.shared().act(|state| state.fabric.lose_edge(line))
    }

    /// Race: `stimulus` happens immediately before the next such access to a register of a block.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`], and what the stimulus may be refused for.
    pub fn before_access(&self, path: &str, offset: u32, access: Access, stimulus: Stimulus) -> Result<(), Error> {
        self.shared().act(|state| state.fabric.before_access(path, offset, access, &stimulus))
    }

    /// Race: `stimulus` happens in the clock in which `line`, an input of an interrupt controller, is next acknowledged.
    /// An edge that it causes there is lost: the acknowledge wins.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLine`], [`Error::NotAcknowledged`], and what the stimulus may be refused for.
    pub fn in_acknowledge(&self, line: &str, stimulus: Stimulus) -> Result<(), Error> {
        self.shared().act(|state| state.fabric.in_acknowledge(line, &stimulus))
    }

    /// Fault: a clock stands still, or goes on: that of one block, or by the pin that drives it that of all blocks on it.
    /// Without a clock a block does not answer; hardware would hang there.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`].
    pub fn stop_clock(&self, name: &str, stopped: bool) -> Result<(), Error> {
        self.shared().act(|state| state.fabric.stop_clock(name, stopped))
    }

    /// Holds a block in reset, or lets go of it. What its resets say holds it as well.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`].
    pub fn hold_in_reset(&self, path: &str, held: bool) -> Result<(), Error> {
        self.shared().act(|state| state.fabric.hold_in_reset(path, held))
    }

    /// Fault: the next `count` accesses to `address` are answered with a bus error (SLVERR), those of bus masters too, however
    /// long. They read all ones, are recorded and fail no test.
    pub fn inject_bus_errors(&self, address: u64, count: usize) {
        self.shared().act(|state| state.fabric.inject_bus_errors(address, count));
    }
}
