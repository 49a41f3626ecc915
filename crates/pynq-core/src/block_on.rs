//! Running a future on the spot, without a runtime and without an allocation.
#![forbid(unsafe_code)]

use core::{
    future::Future,
    pin::pin,
    sync::atomic::{AtomicU32, Ordering},
    task::{Context, Poll},
};

use crate::interrupt::epoch_waker;

/// Counts the wakes of every [`block_on`] there is. It is only ever incremented: a flag would be eaten by a nested
/// call, or by one on another core.
static EPOCH: AtomicU32 = AtomicU32::new(0);

/// A moment between two wakes, for the idle function of [`block_on`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch(u32);

impl Epoch {
    fn now() -> Self {
        Self(EPOCH.load(Ordering::Acquire))
    }

    /// Whether nothing has been woken since: only then may the processor sleep.
    ///
    /// Call this with interrupts masked, and sleep by an instruction that a pending interrupt ends all the same (WFI);
    /// otherwise a wake between this check and the sleep is slept through.
    #[must_use]
    pub fn is_current(self) -> bool {
        Self::now() == self
    }
}

/// Ends the present epoch. May be called from an interrupt handler.
pub(crate) fn end_epoch() {
    #[cfg(target_has_atomic = "32")]
    EPOCH.fetch_add(1, Ordering::Release);
    // Without compare-and-swap there is one core, whose interrupt handlers finish before what they interrupted goes
    // on. An increment that such a handler made in between is overwritten with one that is just as new.
    #[cfg(not(target_has_atomic = "32"))]
    EPOCH.store(EPOCH.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
}

/// Runs `future` to its end, calling `idle` whenever it waits.
///
/// `idle` sleeps until an interrupt, but only while the [`Epoch`] it is given is current. It may also return early, or
/// do other work. Calls may be nested.
///
/// # Blocking
///
/// Occupies the calling context until the future is done.
///
/// ```
/// let mut idled = 0;
/// let mut left = 3;
/// let answer = pynq_core::block_on(
///     core::future::poll_fn(|cx| {
///         left -= 1;
///         cx.waker().wake_by_ref();
///         if left == 0 { core::task::Poll::Ready(42) } else { core::task::Poll::Pending }
///     }),
///     |epoch| {
///         assert!(!epoch.is_current(), "it was woken, so there is nothing to sleep for");
///         idled += 1;
///     },
/// );
/// assert_eq!((answer, idled), (42, 2));
/// ```
pub fn block_on<F: Future>(future: F, mut idle: impl FnMut(Epoch)) -> F::Output {
    let mut future = pin!(future);
    let waker = epoch_waker();
    let mut cx = Context::from_waker(&waker);
    loop {
        let epoch = Epoch::now();
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(output) => return output,
            Poll::Pending => idle(epoch),
        }
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use std::{cell::Cell, task::Waker};

    use super::*;

    /// A future that is done once `done` is set, and leaves its waker in `waker`.
    fn until<'a>(done: &'a Cell<bool>, waker: &'a Cell<Option<Waker>>) -> impl Future<Output = ()> + 'a {
        core::future::poll_fn(move |cx| {
            waker.set(Some(cx.waker().clone()));
            if done.get() { Poll::Ready(()) } else { Poll::Pending }
        })
    }

    fn set(done: &Cell<bool>, waker: &Cell<Option<Waker>>) {
        done.set(true);
        if let Some(waker) = waker.take() {
            waker.wake();
        }
    }

    /// The inner call must not eat the outer one's wake: with a flag it would, and the outer call would sleep for good.
    #[test]
    fn a_nested_call_leaves_the_outer_ones_wake() {
        let (outer, outer_waker) = (Cell::new(false), Cell::new(None));
        let (inner, inner_waker) = (Cell::new(false), Cell::new(None));
        let nested = Cell::new(false);
        let both = async {
            let mut outer_done = pin!(until(&outer, &outer_waker));
            core::future::poll_fn(|cx| {
                let polled = outer_done.as_mut().poll(cx);
                if polled.is_pending() && !nested.replace(true) {
                    set(&outer, &outer_waker);
                    block_on(until(&inner, &inner_waker), |_| set(&inner, &inner_waker));
                }
                polled
            })
            .await;
        };
        block_on(both, |epoch| assert!(!epoch.is_current(), "the outer wake was lost: this would sleep for ever"));
        assert!(inner.get() && outer.get());
    }

    #[test]
    fn a_wake_before_the_sleep_forbids_it() {
        let (done, waker) = (Cell::new(false), Cell::new(None));
        let mut slept = false;
        block_on(until(&done, &waker), |epoch| {
            assert!(epoch.is_current());
            slept = true;
            set(&done, &waker);
            assert!(!epoch.is_current());
        });
        assert!(slept);
    }
}
