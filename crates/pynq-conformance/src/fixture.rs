//! The traits that a backend's test implements.

use alloc::{boxed::Box, vec::Vec};
use core::{future::Future, pin::Pin};

use pynq_core::{Error, Instant, interrupt::NodeHandle};

use crate::{Outcome, Task, Topology};

/// Sets up hardware.
pub trait Backend {
    /// The hardware that it sets up.
    type Fixture: Fixture;

    /// Hardware of this shape in a known state: claimed, with nothing raised, nothing latched and no task waiting.
    ///
    /// # Errors
    ///
    /// [`Outcome::Skipped`] if there is no such topology.
    fn fixture(&mut self, topology: &Topology) -> Result<Self::Fixture, Outcome>;

    /// The same, as left by a previous user: everything is enabled and, where there are latches, all are set. No device
    /// requests service.
    ///
    /// # Errors
    ///
    /// [`Outcome::Skipped`] if there is no such topology, or if the hardware always comes fresh out of a reset.
    fn used_fixture(&mut self, topology: &Topology) -> Result<Self::Fixture, Outcome> {
        let _ = topology;
        Err(Outcome::skipped("this backend can't leave hardware in disorder"))
    }
}

/// Something that happens to the hardware from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stimulus {
    /// An edge device raises an edge.
    Edge {
        /// The line of the node.
        line: u8,
    },
    /// A level device requests service, or no longer does.
    Level {
        /// The line of the node.
        line: u8,
        /// Whether it requests service.
        active: bool,
    },
    /// A pin of a GPIO's channel takes a level.
    Pin {
        /// The channel, as its line number: 0 or 1.
        channel: u8,
        /// The pin.
        pin: u8,
        /// Its level.
        high: bool,
    },
}

/// A moment inside the engine's dealings with the registers of the node that is waited on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Immediately before the line is unmasked.
    BeforeUnmasking,
    /// Immediately before the pending lines are read.
    BeforeStatusRead,
    /// After that, and before the line is acknowledged.
    BeforeAcknowledge,
    /// In the clock of the acknowledge strobe, in which an edge is lost.
    InAcknowledge,
    /// After the acknowledge, before the line is masked.
    BeforeMasking,
}

/// A sleep on the board's clock.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

fn cannot<T>(what: &str) -> Result<T, Outcome> {
    Err(Outcome::skipped(what))
}

/// Hardware that was set up for a case, and the executor of the case's tasks.
///
/// The methods from [`enables`](Self::enables) on are abilities. A backend that has one overrides it; a backend that has not
/// leaves the default, which ends the case as skipped.
pub trait Fixture {
    /// The node whose lines are waited on, followed by the one it sits on, and so on up to the node on the root.
    fn chain(&self) -> Vec<NodeHandle>;

    /// The lines of the first node that the source of this topology is on; for a GPIO the channels, which are 0 and 1.
    /// One line will do for most cases, three are enough for all.
    fn lines(&self) -> Vec<u8>;

    /// Applies a stimulus.
    ///
    /// # Errors
    ///
    /// [`Outcome::Skipped`] if the backend has no means to make it happen.
    fn stimulate(&self, stimulus: Stimulus) -> Result<(), Outcome>;

    /// Hands a task to the executor, which from now on polls it whenever it is woken.
    fn spawn(&self, task: Task);

    /// Returns when everything that stimuli have set in motion has arrived at the wakers of the waiting tasks. Whether
    /// those have been polled is left to the suite, which knows by itself.
    fn settle(&self);

    /// Gives tasks a turn, here or elsewhere. Called in a loop while a task that was woken has not been polled.
    fn turn(&self);

    /// Whether wakers are woken inside an interrupt handler or critical section, where they can't register a wait or
    /// allocate. Cases whose wakers do so are skipped then.
    fn wakes_in_handler(&self) -> bool {
        false
    }

    /// The enable register of each node of the [chain](Self::chain), read from the hardware. For the node of a pin on
    /// the root, 1 if the root is armed.
    ///
    /// # Errors
    ///
    /// [`Outcome::Skipped`] without the ability.
    fn enables(&self) -> Result<Vec<u32>, Outcome> {
        cannot("this backend can't read enables back")
    }

    /// How many interrupts the CPU has taken from the root.
    ///
    /// # Errors
    ///
    /// [`Outcome::Skipped`] without the ability.
    fn interrupts(&self) -> Result<u64, Outcome> {
        cannot("this backend can't count interrupts")
    }

    /// How many register accesses were made through the nodes of the chain.
    ///
    /// # Errors
    ///
    /// [`Outcome::Skipped`] without the ability.
    fn accesses(&self) -> Result<u64, Outcome> {
        cannot("this backend can't count register accesses")
    }

    /// How many edges the device on this line has raised, as its driver would read from it.
    ///
    /// # Errors
    ///
    /// [`Outcome::Skipped`] without the ability.
    fn raised(&self, line: u8) -> Result<u32, Outcome> {
        let _ = line;
        cannot("the device of this backend doesn't count what it raised")
    }

    /// Lets `stimulus` happen when that moment next comes.
    ///
    /// # Errors
    ///
    /// [`Outcome::Skipped`] without the ability.
    fn arrange(&self, moment: Moment, stimulus: Stimulus) -> Result<(), Outcome> {
        let _ = (moment, stimulus);
        cannot("this backend can't time an event by register accesses")
    }

    /// Raises an interrupt at the root without any line being active.
    ///
    /// # Errors
    ///
    /// [`Outcome::Skipped`] without the ability.
    fn spurious_interrupt(&self) -> Result<(), Outcome> {
        cannot("this backend can't raise a spurious interrupt")
    }

    /// The root fails with this error, now and from now on.
    ///
    /// # Errors
    ///
    /// [`Outcome::Skipped`] without the ability.
    fn fail_root(&self, error: Error) -> Result<(), Outcome> {
        let _ = error;
        cannot("this backend can't fail its root")
    }

    /// The software interrupts of the first node, which must be a controller, as line numbers.
    ///
    /// # Errors
    ///
    /// [`Outcome::Skipped`] without the ability.
    fn software_lines(&self) -> Result<Vec<u8>, Outcome> {
        cannot("the controllers of this backend have no software interrupts")
    }

    /// Raises a software interrupt of the first node.
    ///
    /// # Errors
    ///
    /// [`Outcome::Skipped`] without the ability, [`Outcome::Failed`] if the driver refuses.
    fn raise_software(&self, line: u8) -> Result<(), Outcome> {
        let _ = line;
        cannot("the controllers of this backend have no software interrupts")
    }

    /// The line of the second node of the chain that the first one sits on.
    ///
    /// # Errors
    ///
    /// [`Outcome::Skipped`] without the ability.
    fn parent_line(&self) -> Result<u8, Outcome> {
        cannot("this backend doesn't report how its nodes are wired")
    }

    /// Tries to claim the hardware of the first node once more, and returns whether that was refused.
    ///
    /// # Errors
    ///
    /// [`Outcome::Skipped`] without the ability.
    fn claim_again(&self) -> Result<bool, Outcome> {
        cannot("this backend doesn't claim hardware")
    }

    /// The board's time.
    ///
    /// # Errors
    ///
    /// [`Outcome::Skipped`] without the ability.
    fn now(&self) -> Result<Instant, Outcome> {
        cannot("this backend has no clock that the suite could move")
    }

    /// A sleep on the board's clock.
    ///
    /// # Errors
    ///
    /// [`Outcome::Skipped`] without the ability.
    fn sleep_until(&self, deadline: Instant) -> Result<Sleep, Outcome> {
        let _ = deadline;
        cannot("this backend has no clock that the suite could move")
    }

    /// Lets the board's time pass until then.
    ///
    /// # Errors
    ///
    /// [`Outcome::Skipped`] without the ability.
    fn pass_until(&self, time: Instant) -> Result<(), Outcome> {
        let _ = time;
        cannot("this backend has no clock that the suite could move")
    }
}
