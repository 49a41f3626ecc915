//! An interrupt input of the processor: the root on which the interrupt engine sits.

use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Condvar, Mutex, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

use pynq_core::{Error, Instant, interrupt::InterruptSource};

use crate::process::Qtest;

/// An interrupt input of the emulated processor, as a level.
///
/// Interrupts are dispatched by a thread of the connection, so that waits work under any executor, and blocking ones in
/// any thread. One node may sit on an input.
#[derive(Clone)]
pub struct QtestPin {
    qtest: Qtest,
    number: u32,
}

impl QtestPin {
    pub(crate) const fn new(qtest: Qtest, number: u32) -> Self {
        Self { qtest, number }
    }

    /// The level of the input, after all that was sent so far.
    #[must_use]
    pub fn level(&self) -> bool {
        self.qtest.level(self.number)
    }
}

impl fmt::Debug for QtestPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QtestPin").field("number", &self.number).field("level", &self.level()).finish()
    }
}

impl InterruptSource for QtestPin {
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        // Cloned and dropped without the lock, for either runs code of the executor.
        let waker = cx.waker().clone();
        let mut state = self.qtest.wires().lock();
        if state.gone {
            return Poll::Ready(Err(Error::DeviceGone));
        }
        let (fired, unused) = state.wires.entry(self.number).or_default().poll(waker);
        drop(state);
        drop(unused);
        if fired { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn disarm(self: Pin<&Self>) {
        let unused = self.qtest.wires().lock().wires.entry(self.number).or_default().disarm();
        drop(unused);
    }

    fn block(
        &self,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        let parker = Arc::new(Parker::default());
        let waker = Waker::from(Arc::clone(&parker));
        let mut cx = Context::from_waker(&waker);
        loop {
            let seen = parker.count();
            if poll(&mut cx).is_ready() {
                return Ok(());
            }
            let left = deadline.map(|deadline| deadline - self.qtest.now());
            if left.is_some_and(|left| left.is_zero()) {
                return Err(Error::TimedOut);
            }
            parker.sleep(seen, left);
        }
    }
}

/// Parker: a blocked thread sleeps on it. It counts wakes, so that a call within the poll of another can't consume the
/// other's wake-up.
#[derive(Default)]
struct Parker {
    count: Mutex<u64>,
    unparked: Condvar,
}

impl Parker {
    fn count(&self) -> u64 {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep(&self, seen: u64, limit: Option<std::time::Duration>) {
        let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        match limit {
            Some(limit) => drop(self.unparked.wait_timeout_while(count, limit, |count| *count == seen)),
            None => drop(self.unparked.wait_while(count, |count| *count == seen)),
        }
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        *count = count.wrapping_add(1);
        self.unparked.notify_all();
    }
}
