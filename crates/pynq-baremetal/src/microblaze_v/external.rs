//! The hart's external interrupt as a root of the engine.

use core::{
    cell::Cell,
    fmt,
    future::poll_fn,
    pin::{Pin, pin},
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    task::{Context, Poll, Waker},
};

use critical_section::Mutex;
use pynq_core::{Error as EngineError, Instant, block_on, interrupt::InterruptSource};

use super::{
    Error,
    cpu::{idle, instructions},
};

static CLAIMED: AtomicBool = AtomicBool::new(false);
/// The interrupt was taken, and the node has not polled for it yet.
static FIRED: AtomicBool = AtomicBool::new(false);
/// The waker of the node on it, while it is armed.
static WAKER: Mutex<Cell<Option<Waker>>> = Mutex::new(Cell::new(None));

static TAKEN: AtomicU32 = AtomicU32::new(0);
static UNCLAIMED: AtomicU32 = AtomicU32::new(0);

/// Counts since the start, wrapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExternalStats {
    /// Interrupts that were dispatched.
    pub taken: u32,
    /// Of these, interrupts for which no node waited. They were masked.
    pub unclaimed: u32,
}

/// The counts.
#[must_use]
pub fn external_stats() -> ExternalStats {
    ExternalStats { taken: TAKEN.load(Ordering::Relaxed), unclaimed: UNCLAIMED.load(Ordering::Relaxed) }
}

/// Handles a machine external interrupt: masks it (`mie.MEIE`), and wakes the node on its root, which dispatches there and
/// then. To be called only by the trap handler.
///
/// The interrupt is a level and there is nothing to acknowledge: if the controller in the logic still requests service,
/// it is taken again as soon as the node has polled its root. An interrupt for which no node waits stays masked, or it
/// would be taken again without end.
#[inline]
pub fn dispatch() {
    instructions::disable_external();
    count(&TAKEN);
    FIRED.store(true, Ordering::Release);
    match critical_section::with(|section| WAKER.borrow(section).take()) {
        Some(waker) => waker.wake(),
        None => count(&UNCLAIMED),
    }
}

/// One more. Called by the handler alone, which nothing interrupts.
#[inline]
fn count(counter: &AtomicU32) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

/// The machine external interrupt of this hart, for a node to sit on: that of the AXI INTC that drives it, or a
/// [`DirectNode`](pynq_core::interrupt::DirectNode) where a device is wired to the processor straight.
///
/// It is one-shot: when it is taken, it is masked in `mie` before the node is woken, and it is unmasked when the node
/// polls again. It is a level, so it is then taken again if it is still there.
///
/// There is one for each hart, and it has one owner, which is the node. Dropping it masks the interrupt and gives it back.
pub struct ExternalInterrupt {
    /// Made by [`claim`](Self::claim) alone.
    claimed: (),
}

impl ExternalInterrupt {
    /// Claims the interrupt, which stays masked until the node waits.
    ///
    /// # Errors
    ///
    /// [`Error::Claimed`] if it has an owner.
    pub fn claim() -> Result<Self, Error> {
        if CLAIMED.swap(true, Ordering::Acquire) {
            return Err(Error::Claimed);
        }
        quieten();
        Ok(Self { claimed: () })
    }

    /// Whether it is unmasked: the node waits.
    #[must_use]
    pub fn is_unmasked() -> bool {
        instructions::external_is_enabled()
    }

    /// Whether it is pending, masked or not: a device requests service.
    #[must_use]
    pub fn is_pending() -> bool {
        instructions::external_is_pending()
    }
}

fn quieten() {
    let waker = critical_section::with(|section| {
        instructions::disable_external();
        FIRED.store(false, Ordering::Relaxed);
        WAKER.borrow(section).take()
    });
    drop(waker);
}

impl InterruptSource for ExternalInterrupt {
    #[inline]
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), EngineError>> {
        // While an event is to be collected the interrupt is masked, so no other one comes in between.
        if FIRED.load(Ordering::Acquire) {
            FIRED.store(false, Ordering::Relaxed);
            return Poll::Ready(Ok(()));
        }
        let waker = cx.waker().clone();
        // In one step: unmasked with an event still to be collected, it would be taken a second time.
        let (polled, old) = critical_section::with(|section| {
            if FIRED.load(Ordering::Relaxed) {
                FIRED.store(false, Ordering::Relaxed);
                return (Poll::Ready(Ok(())), Some(waker));
            }
            let old = WAKER.borrow(section).replace(Some(waker));
            instructions::enable_external();
            (Poll::Pending, old)
        });
        drop(old);
        polled
    }

    fn disarm(self: Pin<&Self>) {
        quieten();
    }

    /// # Errors
    ///
    /// [`NoClock`](EngineError::NoClock) for a deadline: this processor has no clock of its own. An async wait takes the
    /// delay of an AXI timer for its deadline.
    fn block(
        &self,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
    ) -> Result<(), EngineError> {
        if deadline.is_some() {
            return Err(EngineError::NoClock);
        }
        block_on(pin!(poll_fn(poll)), idle);
        Ok(())
    }
}

impl Drop for ExternalInterrupt {
    fn drop(&mut self) {
        quieten();
        CLAIMED.store(false, Ordering::Release);
    }
}

impl fmt::Debug for ExternalInterrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { claimed: () } = self;
        f.debug_struct("ExternalInterrupt").field("stats", &external_stats()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::{Arc, atomic::AtomicU32},
        task::Wake,
    };

    #[derive(Default)]
    struct Woken {
        count: AtomicU32,
        unmasked: AtomicBool,
    }

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.count.fetch_add(1, Ordering::SeqCst);
            self.unmasked.fetch_or(ExternalInterrupt::is_unmasked(), Ordering::SeqCst);
        }
    }

    /// In one test, since there is one interrupt.
    #[test]
    fn it_fires_once_masked_before_anyone_is_woken_and_has_one_owner() {
        let root = ExternalInterrupt::claim().unwrap();
        assert_eq!(ExternalInterrupt::claim().unwrap_err(), Error::Claimed);
        assert!(!ExternalInterrupt::is_unmasked(), "nobody waits");

        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut cx = Context::from_waker(&waker);
        let root = pin!(root);
        let root = root.into_ref();
        assert!(root.poll_fired(&mut cx).is_pending());
        assert!(ExternalInterrupt::is_unmasked());

        let before = external_stats();
        dispatch();
        assert_eq!(woken.count.load(Ordering::SeqCst), 1);
        assert!(!woken.unmasked.load(Ordering::SeqCst), "it was masked before the node was woken");
        assert!(!ExternalInterrupt::is_unmasked(), "and stays so until the node polls");
        assert_eq!(root.poll_fired(&mut cx), Poll::Ready(Ok(())));
        assert!(!ExternalInterrupt::is_unmasked(), "an event is collected before the next one is let in");
        assert!(root.poll_fired(&mut cx).is_pending());
        assert!(ExternalInterrupt::is_unmasked());

        root.disarm();
        assert!(!ExternalInterrupt::is_unmasked());
        dispatch();
        assert_eq!(woken.count.load(Ordering::SeqCst), 1, "nobody waited");
        assert!(!ExternalInterrupt::is_unmasked());
        let after = external_stats();
        assert_eq!((after.taken - before.taken, after.unclaimed - before.unclaimed), (2, 1));
        assert_eq!(root.poll_fired(&mut cx), Poll::Ready(Ok(())), "the next poll returns the interrupt");
        assert_eq!(root.block(&mut |_| Poll::Ready(()), Some(Instant::START)), Err(EngineError::NoClock));
        assert_eq!(root.block(&mut |_| Poll::Ready(()), None), Ok(()));
    }
}
