//! Two interrupt outputs of one block, as the source of its one node.

use core::{
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use super::{Activity, Driven, InterruptSource};
use crate::{ErasedClock, Error, Instant};

pin_project! {
    /// The two interrupt outputs of a block whose parts share more than a window, such as a reset and the consequences of an
    /// error: one node sits on both, and one lock is over what they share.
    ///
    /// It fires when one of them does; the node then looks at both. Both are armed while a task waits, whatever for. An output
    /// that isn't wired is left out, and if none is, every wait ends with [`Error::InterruptsUnavailable`]; that a line
    /// of the node is behind the missing one is for the driver to know.
    #[derive(Debug)]
    pub struct Both<A, B> {
        #[pin]
        first: A,
        #[pin]
        second: B,
        // Which of the two is asked for what concerns them both: the second, if the first is not wired.
        ask_second: bool,
    }
}

impl<A: InterruptSource, B: InterruptSource> Both<A, B> {
    /// Both of these, which are on the same board.
    pub const fn new(first: A, second: B) -> Self {
        Self { first, second, ask_second: false }
    }

    /// The same where the first output isn't wired.
    #[must_use]
    pub const fn without_first(mut self) -> Self {
        self.ask_second = true;
        self
    }
}

impl<A: InterruptSource, B: InterruptSource> InterruptSource for Both<A, B> {
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let this = self.project_ref();
        let first = this.first.poll_fired(cx);
        let unwired = Poll::Ready(Err(Error::InterruptsUnavailable));
        if first.is_ready() && first != unwired {
            // Whichever fires, neither is armed afterwards. What the other one may have to say stays latched below.
            this.second.disarm();
            return first;
        }
        let second = this.second.poll_fired(cx);
        if second == unwired {
            return first;
        }
        if second.is_ready() && first != unwired {
            this.first.disarm();
        }
        second
    }

    fn disarm(self: Pin<&Self>) {
        let this = self.project_ref();
        this.first.disarm();
        this.second.disarm();
    }

    fn block(
        &self,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        // A blocked thread sleeps on its backend, which delivers the events of all roots.
        if self.ask_second { self.second.block(poll, deadline) } else { self.first.block(poll, deadline) }
    }

    fn prepare_wait(&self) -> Result<Driven, Error> {
        let (first, second) = (self.first.prepare_wait()?, self.second.prepare_wait()?);
        Ok(if first == Driven::ByReactor { first } else { second })
    }

    fn trace(&self, activity: Activity) {
        if self.ask_second { self.second.trace(activity) } else { self.first.trace(activity) }
    }

    fn is_wired(&self) -> bool {
        self.first.is_wired() || self.second.is_wired()
    }

    fn clock(&self) -> Option<&dyn ErasedClock> {
        if self.ask_second { self.second.clock() } else { self.first.clock() }
    }
}
