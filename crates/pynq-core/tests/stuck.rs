//! A source that fires without end must not take the processor with it.
#![cfg(feature = "std")]

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
};

use pynq_core::{
    Error, Instant,
    interrupt::{InterruptHardware, InterruptSource, Line, Lines, Node, NodeHandle, StdLock},
};

/// An output that never drops; what drives it is none of the lines, or a line that is pending for ever.
struct Stuck {
    pending: u32,
    enabled: u32,
}

impl InterruptHardware for Stuck {
    type Lines = Lines<2>;

    fn unmask(&mut self, lines: u32) {
        self.enabled |= lines;
    }

    fn mask(&mut self, lines: u32) {
        self.enabled &= !lines;
    }

    fn ack_pending(&mut self, lines: u32) -> u32 {
        self.pending & lines
    }

    fn clears_on_ack(&self) -> u32 {
        !0
    }

    fn read_back(&mut self) {}
}

struct AlwaysFires;

impl InterruptSource for AlwaysFires {
    fn poll_fired(self: Pin<&Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn disarm(self: Pin<&Self>) {}

    fn block(&self, _: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>, _: Option<Instant>) -> Result<(), Error> {
        Err(Error::NeverWoken)
    }
}

#[test]
fn a_root_that_fires_for_nothing_ends_the_wait() {
    let node = Arc::pin(Node::new(StdLock::new(), Stuck { pending: 0, enabled: 0 }, AlwaysFires));
    let mut line = Line::new(node, 1).expect("a healthy node");
    let mut cx = Context::from_waker(Waker::noop());
    {
        let mut wait = pin!(line.wait_async());
        assert_eq!(wait.as_mut().poll(&mut cx), Poll::Pending, "woken while it registered");
        assert_eq!(wait.as_mut().poll(&mut cx), Poll::Ready(Err(Error::LineStuck { line: 1 })));
    }
    assert_eq!(line.stats().stuck, 1);
}

#[test]
fn a_line_that_never_goes_quiet_is_masked() {
    let node = Arc::pin(Node::new(StdLock::new(), Stuck { pending: 1, enabled: 0 }, AlwaysFires));
    let node = NodeHandle::from(node);
    let line = Line::new(node.clone(), 0).expect("a healthy node");
    let mut cx = Context::from_waker(Waker::noop());
    let mut listener = pin!(line.listen());
    let mut next = pin!(listener.as_mut().next_async());
    let told = (0..4).find_map(|_| match next.as_mut().poll(&mut cx) {
        Poll::Ready(told) => Some(told),
        Poll::Pending => None,
    });
    assert!(matches!(told, Some(Ok(_))), "the line did fire: {told:?}");
    assert_eq!(node.line_stats(0).stuck, 1, "and was masked when it went on and on");
}
