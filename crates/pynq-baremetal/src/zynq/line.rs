//! An interrupt of the controller as a root of the engine.

use core::{
    fmt,
    future::poll_fn,
    pin::{Pin, pin},
    sync::atomic::Ordering,
    task::{Context, Poll},
};

use pynq_core::{
    Clock, ErasedClock, Error as EngineError, Instant, Mmio, Volatile, block_on,
    interrupt::{InterruptSource, with_deadline},
};

use super::{Error, Gic, GlobalTimer, Irq, idle};

/// An interrupt of the controller, for a node to sit on: an AXI INTC, a GPIO without a controller, or a
/// [`DirectNode`](pynq_core::interrupt::DirectNode).
///
/// It is one-shot: when it is taken, it is masked in the distributor before the node is woken, and it is unmasked when
/// the node polls again. A level is then taken again if it is still there; an edge that came in between was latched.
///
/// There is one owner, which is the node. Dropping it masks the interrupt and gives it back.
pub struct GicLine<M: Mmio + Send + 'static = Volatile> {
    gic: &'static Gic<M>,
    irq: Irq,
    clock: Option<GlobalTimer<M>>,
}

impl<M: Mmio + Send> GicLine<M> {
    /// Claims the interrupt `irq`, which stays masked until the node waits.
    ///
    /// # Errors
    ///
    /// [`Error::Claimed`] if it has an owner.
    pub fn new(gic: &'static Gic<M>, irq: Irq) -> Result<Self, Error> {
        if gic.slot(irq).claimed.swap(true, Ordering::Acquire) {
            return Err(Error::Claimed { irq });
        }
        Ok(Self { gic, irq, clock: None })
    }

    /// The same with a clock, by which the deadlines of waits are kept.
    #[must_use]
    pub fn with_clock(mut self, clock: GlobalTimer<M>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Which interrupt it is.
    pub const fn irq(&self) -> Irq {
        self.irq
    }

    fn quieten(&self) {
        let slot = self.gic.slot(self.irq);
        let waker = critical_section::with(|section| {
            self.gic.mask(self.irq);
            slot.fired.store(false, Ordering::Relaxed);
            slot.waker.borrow(section).take()
        });
        drop(waker);
    }
}

impl<M: Mmio + Send + Sync> InterruptSource for GicLine<M> {
    #[inline]
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), EngineError>> {
        let slot = self.gic.slot(self.irq);
        // While an event is to be collected the interrupt is masked, so no other one comes in between.
        if slot.fired.load(Ordering::Acquire) {
            slot.fired.store(false, Ordering::Relaxed);
            return Poll::Ready(Ok(()));
        }
        let waker = cx.waker().clone();
        // In one step: unmasked with an event still to be collected, it would be taken a second time.
        let (polled, old) = critical_section::with(|section| {
            if slot.fired.load(Ordering::Relaxed) {
                slot.fired.store(false, Ordering::Relaxed);
                return (Poll::Ready(Ok(())), Some(waker));
            }
            let old = slot.waker.borrow(section).replace(Some(waker));
            self.gic.unmask(self.irq);
            (Poll::Pending, old)
        });
        drop(old);
        polled
    }

    fn disarm(self: Pin<&Self>) {
        self.quieten();
    }

    /// # Errors
    ///
    /// [`NoClock`](EngineError::NoClock) for a deadline without a [clock](GicLine::with_clock).
    fn block(
        &self,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
    ) -> Result<(), EngineError> {
        let mut polled = pin!(poll_fn(|cx| poll(cx).map(Ok::<(), EngineError>)));
        match (deadline, &self.clock) {
            (None, _) => block_on(polled.as_mut(), idle),
            (Some(deadline), Some(clock)) => {
                block_on(with_deadline(polled.as_mut(), clock.sleep_until(deadline)), idle)
            }
            (Some(_), None) => Err(EngineError::NoClock),
        }
    }

    fn clock(&self) -> Option<&dyn ErasedClock> {
        self.clock.as_ref().map(|clock| clock as &dyn ErasedClock)
    }
}

impl<M: Mmio + Send> Drop for GicLine<M> {
    fn drop(&mut self) {
        self.quieten();
        self.gic.slot(self.irq).claimed.store(false, Ordering::Release);
    }
}

impl<M: Mmio + Send> fmt::Debug for GicLine<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GicLine").field("irq", &self.irq).finish_non_exhaustive()
    }
}
