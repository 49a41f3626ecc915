//! Nodes without registers of their own, and blocks without a parent.

use core::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use super::{Activity, Driven, InterruptHardware, InterruptSource, Node, NodeHandle, ParentLine};
use crate::{Error, Instant};

/// The hardware of a pin that is wired straight to a root: there is none.
///
/// The root arms and disarms as the line is waited on or not, which is all the masking there is, and its firing is
/// the event. An edge that the root has latched cannot be looked at without arming it, so neither
/// [`clear`](super::InterruptEvent::clear) nor a new handle forgets one from before.
#[derive(Clone, Copy, Debug, Default)]
pub struct Direct;

/// The node of a pin that is wired straight to the root `S`. Its one line is line 0.
pub type DirectNode<L, S> = Node<Direct, L, S, 1>;

impl InterruptHardware for Direct {
    fn unmask(&mut self, _: u32) {}

    fn mask(&mut self, _: u32) {}

    fn ack_pending(&mut self, lines: u32) -> u32 {
        lines
    }

    fn clears_on_ack(&self) -> u32 {
        0
    }

    fn read_back(&mut self) {}
}

/// A block whose interrupt may be left unwired: `None` answers every wait with [`Error::InterruptsUnavailable`].
impl<P: NodeHandle> InterruptSource for Option<ParentLine<P>> {
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match self.as_pin_ref() {
            Some(line) => line.poll_fired(cx),
            None => Poll::Ready(Err(Error::InterruptsUnavailable)),
        }
    }

    fn disarm(self: Pin<&Self>) {
        if let Some(line) = self.as_pin_ref() {
            line.disarm();
        }
    }

    fn block(
        &self,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        match self {
            Some(line) => line.block(poll, deadline),
            None => {
                // The first poll registers and thereby fails the wait, the second one collects the error.
                let mut cx = Context::from_waker(Waker::noop());
                match poll(&mut cx).is_ready() || poll(&mut cx).is_ready() {
                    true => Ok(()),
                    false => Err(Error::InterruptsUnavailable),
                }
            }
        }
    }

    fn prepare_wait(&self) -> Result<Driven, Error> {
        self.as_ref().map_or(Ok(Driven::ByCaller), InterruptSource::prepare_wait)
    }

    fn trace(&self, activity: Activity) {
        if let Some(line) = self {
            line.trace(activity);
        }
    }
}
