//! A run of the function that was started.

use core::fmt;

use pynq_core::{
    BlockError,
    interrupt::{NodeHandle, Wait, Waiting},
};

use super::{Accelerator, HlsError, HlsHardware, Output, hardware::LET_GO};

/// The right to a slot: given back when its result was read, and let go when it is dropped.
pub(super) struct Ticket {
    node: NodeHandle<HlsHardware>,
    slot: u8,
    held: bool,
}

impl Ticket {
    pub(super) const fn new(node: NodeHandle<HlsHardware>, slot: u8) -> Self {
        Self { node, slot, held: true }
    }

    pub(super) const fn slot(&self) -> u8 {
        self.slot
    }

    pub(super) const fn is_held(&self) -> bool {
        self.held
    }

    /// Lets go of the slot, and wakes the tasks that wait for one.
    pub(super) fn give_back(&mut self) {
        if core::mem::take(&mut self.held) {
            // Where these fail the design was replaced, and the waits ended with it.
            let _ = self.node.with_hardware(|hardware| hardware.disown(self.slot));
            let _ = self.node.line(LET_GO);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.give_back();
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("slot", &self.slot).field("held", &self.held).finish_non_exhaustive()
    }
}

/// A task that waits for its turn.
pub(super) struct Queued<'n>(&'n NodeHandle<HlsHardware>);

impl<'n> Queued<'n> {
    pub(super) fn join(node: &'n NodeHandle<HlsHardware>) -> Self {
        let _ = node.with_hardware(|hardware| hardware.queue(1));
        Self(node)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        let _ = self.0.with_hardware(|hardware| hardware.queue(-1));
    }
}

/// A run that was started, by [`Accelerator::begin_async`].
///
/// Dropping it leaves the function running and drops the result.
#[derive(Debug)]
#[must_use = "a run that is dropped has no result"]
pub struct Run {
    accelerator: Accelerator,
    ticket: Ticket,
}

impl Run {
    pub(super) const fn new(accelerator: Accelerator, ticket: Ticket) -> Self {
        Self { accelerator, ticket }
    }

    /// Waits for the end of this run and returns `outputs`.
    ///
    /// They are those of this run if they are read before the next one writes them: a function with `ap_ctrl_chain` waits
    /// with that, another one doesn't, and has its results in memory or on a stream, or is called one run at a time.
    ///
    /// # Errors
    ///
    /// [`HlsError::AlreadyTaken`] after it has returned once; [`HlsError::Overwritten`] if `outputs` are requested and the
    /// next run has ended, too; those of the arguments; [`HlsError::NotWritten`]; and what a wait can meet.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future at any point leaves hardware and queues as if it never was; the run can be waited for again.
    pub fn done_async<'a, const N: usize>(
        &'a mut self,
        outputs: [&'a str; N],
    ) -> Waiting<impl Wait<Value = [Output; N], Error = BlockError<HlsError>> + 'a> {
        let Self { accelerator, ticket } = self;
        let accelerator: &Accelerator = accelerator;
        accelerator.node().operation(async move {
            if !ticket.is_held() {
                return Err(accelerator.error(HlsError::AlreadyTaken));
            }
            accelerator.check(&[], &outputs)?;
            accelerator.end_of(ticket, outputs).await
        })
    }

    /// The blocking form of [`done_async`](Self::done_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn done<const N: usize>(&mut self, outputs: [&str; N]) -> super::Result<[Output; N]> {
        self.done_async(outputs).block()
    }
}
