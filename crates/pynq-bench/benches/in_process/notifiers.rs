//! What people use today to wake tasks from an interrupt.

use std::{future::poll_fn, pin::pin, task::Poll};

use atomic_waker::AtomicWaker;
use event_listener::{Event, listener};
use tokio::sync::Notify;

use crate::demux::Notifier;

/// One task at a time: the last one that came replaces the others.
impl Notifier for AtomicWaker {
    #[inline]
    fn wake(&self) {
        self.wake();
    }

    #[inline]
    fn wait<'a>(&'a self, there: impl Fn() -> bool + 'a, arm: impl Fn() + 'a) -> impl Future<Output = ()> + 'a {
        poll_fn(move |cx| {
            self.register(cx.waker());
            if there() {
                return Poll::Ready(());
            }
            arm();
            Poll::Pending
        })
    }
}

impl Notifier for Notify {
    #[inline]
    fn wake(&self) {
        self.notify_waiters();
    }

    #[inline]
    async fn wait<'a>(&'a self, there: impl Fn() -> bool + 'a, arm: impl Fn() + 'a) {
        let mut notified = pin!(self.notified());
        notified.as_mut().enable();
        if !there() {
            arm();
            notified.await;
        }
    }
}

impl Notifier for Event {
    #[inline]
    fn wake(&self) {
        self.notify(usize::MAX);
    }

    #[inline]
    async fn wait<'a>(&'a self, there: impl Fn() -> bool + 'a, arm: impl Fn() + 'a) {
        listener!(self => listener);
        if !there() {
            arm();
            listener.await;
        }
    }
}
