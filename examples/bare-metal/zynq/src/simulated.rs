//! A simulated board's interrupt pin, delivered through the real interrupt controller.

use alloc::{sync::Arc, task::Wake};
use core::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use pynq_baremetal::zynq::{Gic, GicLine, Irq};
use pynq_core::{
    ErasedClock, Error, Instant,
    interrupt::{Activity, InterruptSource},
};
use pynq_sim::CpuPin;

/// Makes an interrupt pending.
struct Pend {
    gic: &'static Gic,
    irq: Irq,
}

impl Wake for Pend {
    fn wake(self: Arc<Self>) {
        self.gic.pend(self.irq);
    }
}

/// A root on both: when the simulated pin fires, the interrupt it is wired to is made pending. The processor takes it as it
/// takes any, and what it dispatches has never heard of a simulation.
pub struct SimulatedLine {
    line: GicLine,
    pin: CpuPin,
    pend: Waker,
    pending: Arc<Pend>,
}

impl SimulatedLine {
    /// Pin `pin` of the simulated board, on the interrupt that `line` has claimed.
    #[must_use]
    pub fn new(gic: &'static Gic, line: GicLine, pin: CpuPin) -> Self {
        let pending = Arc::new(Pend { gic, irq: line.irq() });
        Self { line, pin, pend: Waker::from(Arc::clone(&pending)), pending }
    }
}

impl InterruptSource for SimulatedLine {
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let fired = Pin::new(&self.line).poll_fired(cx);
        if fired.is_ready() {
            // It is the pin's own firing that has come round: it is not to be told a second time.
            Pin::new(&self.pin).disarm();
            return fired;
        }
        match Pin::new(&self.pin).poll_fired(&mut Context::from_waker(&self.pend)) {
            Poll::Ready(Ok(())) => self.pending.gic.pend(self.pending.irq),
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => {}
        }
        Poll::Pending
    }

    fn disarm(self: Pin<&Self>) {
        Pin::new(&self.pin).disarm();
        Pin::new(&self.line).disarm();
        self.pending.gic.unpend(self.pending.irq);
    }

    fn block(
        &self,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        self.line.block(poll, deadline)
    }

    /// The simulated board's: what a driver waits for by the clock is simulated, too.
    fn clock(&self) -> Option<&dyn ErasedClock> {
        self.pin.clock()
    }

    fn trace(&self, activity: Activity) {
        self.pin.trace(activity);
    }
}
