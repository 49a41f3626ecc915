//! A UIO interrupt as the root of a tree of nodes.
//!
//! The kernel's handler masks the interrupt and counts it; reading returns the count, writing 1 unmasks. So a root is
//! one-shot, as the engine wants it, and costs two system calls an interrupt, beside whatever the reactor sleeps in.

use std::{
    fmt,
    os::fd::{AsFd, OwnedFd},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use pynq_core::{
    ErasedClock, Error, Instant,
    interrupt::{Driven, InterruptSource},
};

use crate::{
    LinuxClock,
    blocking::{self, Watched},
    descriptor::{Descriptor, Masking, Shared, write_control},
    reactor::Reactor,
};

/// What the roots of one board have in common: its clock, the reactor that serves async waits, and each other.
///
/// Clones are the same.
#[derive(Clone)]
pub struct UioInterrupts(Arc<Shared>);

impl UioInterrupts {
    /// Roots whose async waits `reactor` serves, with deadlines in the time of `clock`.
    #[must_use]
    pub fn new(clock: LinuxClock, reactor: Arc<dyn Reactor>) -> Self {
        Self(Arc::new(Shared::new(clock, reactor)))
    }

    /// The root on the UIO device that is open as `fd`, which is made non-blocking: a read that waited would hold a
    /// lock meanwhile, and stop the tasks of the reactor that called it.
    ///
    /// # Errors
    ///
    /// [`Error::DeviceGone`] or [`Error::Os`] if it can't be masked, or made non-blocking.
    pub fn root(&self, fd: OwnedFd, masking: Masking) -> Result<UioRoot, Error> {
        Descriptor::new(fd, masking, &self.0).map(UioRoot)
    }

    /// Polls `poll` on the calling thread until it is `Ready` or `deadline` has passed, sleeping on all the roots in
    /// between.
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] when the deadline passes first, [`Error::Os`] if the thread can't sleep.
    pub fn block(
        &self,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        let deadline = deadline.map(|deadline| self.0.clock.to_system(deadline));
        blocking::block(Watched::All(&self.0), poll, deadline)
    }

    /// Ends all roots: their interrupts are masked, no reactor watches them any more, and polling one returns
    /// [`Error::DeviceGone`]. Their nodes are to be invalidated before.
    pub fn close(&self) {
        self.0.close();
    }

    /// How many interrupts the living roots have taken.
    #[must_use]
    pub fn interrupts(&self) -> u64 {
        self.0.open().iter().map(Descriptor::interrupts).sum()
    }

    /// The clock of the deadlines.
    #[must_use]
    pub fn clock(&self) -> &LinuxClock {
        &self.0.clock
    }
}

impl fmt::Debug for UioInterrupts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UioInterrupts").field("roots", &self.0.open().len()).finish_non_exhaustive()
    }
}

/// A UIO device's interrupt: the [`InterruptSource`] of one node.
///
/// It is bound to a reactor when the first async wait needs it; see [`Reactor`]. Blocking waits poll(2) it themselves.
/// Dropping it masks the interrupt.
pub struct UioRoot(Descriptor);

impl UioRoot {
    /// How many interrupts were taken, and how many the kernel counted beyond one at a time. Such a jump means that
    /// another process serves the same device, or unmasked it without reading.
    #[must_use]
    pub fn counts(&self) -> UioCounts {
        UioCounts { interrupts: self.0.interrupts(), jumps: self.0.jumps() }
    }
}

impl fmt::Debug for UioRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UioRoot")
            .field("armed", &self.0.is_armed())
            .field("masking", &self.0.masking())
            .finish_non_exhaustive()
    }
}

/// Masks the interrupt of a UIO device that is open as `device`, which also checks that it is still there.
///
/// # Errors
///
/// [`Error::DeviceGone`] if it was unbound since, [`Error::Os`] for any other error of the system.
pub fn mask(device: impl AsFd) -> Result<(), Error> {
    write_control(device, 0)
}

/// What [`UioRoot::counts`] returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UioCounts {
    /// Reads that returned an interrupt.
    pub interrupts: u64,
    /// By how much the kernel's count moved on beyond one for each of them.
    pub jumps: u64,
}

impl InterruptSource for UioRoot {
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.poll_fired(cx)
    }

    fn disarm(self: Pin<&Self>) {
        self.0.disarm();
    }

    fn block(
        &self,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        let deadline = deadline.map(|deadline| self.0.shared().clock.to_system(deadline));
        blocking::block(Watched::One(&self.0), poll, deadline)
    }

    fn prepare_wait(&self) -> Result<Driven, Error> {
        // The poll itself reports a device that is gone; no reactor has to watch it.
        if blocking::watches(&self.0) || self.0.is_dead() {
            return Ok(Driven::ByCaller);
        }
        self.0.watch()?;
        Ok(Driven::ByReactor)
    }

    fn clock(&self) -> Option<&dyn ErasedClock> {
        Some(&self.0.shared().clock)
    }
}
