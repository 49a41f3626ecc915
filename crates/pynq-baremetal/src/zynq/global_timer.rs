//! The board's clock: the global timer of the processors, 64 bits that count up and never stop.
//!
//! Its comparator is an interrupt node of one line, and a sleeping task is a waiter of that line. So any number of
//! tasks sleep without an allocation, and a sleep that is dropped leaves nothing but an interrupt that wakes no task.
//! At each interrupt all sleeping tasks check the time; those that sleep on set the comparator to their deadline, if it
//! is next.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;
use pin_project_lite::pin_project;
use pynq_core::{
    Clock, ErasedClock, ErasedSleep, Instant, Mmio, Volatile,
    interrupt::{InterruptHardware, Line, Lines, Listener, Node},
    register_bits, register_map,
    regs::{Rw, Rwh, W1c},
};

use super::{Error, GicLine};
use crate::Lock;

register_bits! {
    /// Control of the global timer.
    pub struct GlobalTimerControl {
        /// Counts. Shared by both processors.
        const TIMER = 1 << 0;
        /// Compares.
        const COMPARE = 1 << 1;
        /// Raises the interrupt when the event is set.
        const INTERRUPT = 1 << 2;
        /// Moves the comparator on when it matches.
        const AUTO_INCREMENT = 1 << 3;
        /// Clocks per count, less one. Shared by both processors.
        const PRESCALER = 0xFF << 8;
    }
}

register_map! {
    /// The global timer, at 0xF8F0_0200. See the Cortex-A9 MPCore TRM.
    pub struct GlobalTimerRegisters, size 0x1C {
        /// The lower half of the counter.
        0x00 => counter_low: Rwh<u32>,
        /// The upper half of the counter.
        0x04 => counter_high: Rwh<u32>,
        /// Control.
        0x08 => control: Rw<GlobalTimerControl>,
        /// Bit 0: the comparator has matched.
        0x0C => event: W1c<u32>,
        /// The lower half of the comparator.
        0x10 => compare_low: Rw<u32>,
        /// The upper half of the comparator.
        0x14 => compare_high: Rw<u32>,
        /// What the comparator is moved on by.
        0x18 => increment: Rw<u32>,
    }
}

const NANOS: u64 = 1_000_000_000;

/// The register functions of the global timer. Line 0 of its node is the comparator.
pub struct GlobalTimerHardware<M: Mmio> {
    registers: GlobalTimerRegisters<M>,
    frequency: u32,
    /// Next comparator value; `u64::MAX` if no deadline is pending.
    next: u64,
    unmasked: bool,
}

impl<M: Mmio> GlobalTimerHardware<M> {
    /// Starts the timer, which goes on from where it is.
    ///
    /// `frequency` is that of its counts in hertz: with the prescaler as it is left by this, half of the processor's
    /// clock.
    ///
    /// # Errors
    ///
    /// [`Error::WindowTooSmall`], or [`Error::ClockStopped`] for a frequency of 0.
    pub fn new(window: M, frequency: u32) -> Result<Self, Error> {
        if frequency == 0 {
            return Err(Error::ClockStopped);
        }
        let registers = GlobalTimerRegisters::new(window)?;
        registers.control().write(GlobalTimerControl::TIMER);
        registers.event().clear(1);
        Ok(Self { registers, frequency, next: u64::MAX, unmasked: false })
    }

    /// The counter. The upper half is read before and after the lower one, between which it may have moved.
    fn count(&self) -> u64 {
        let mut high = self.registers.counter_high().read();
        loop {
            let low = self.registers.counter_low().read();
            let again = self.registers.counter_high().read();
            if high == again {
                return u64::from(high) << 32 | u64::from(low);
            }
            high = again;
        }
    }

    fn now(&self) -> Instant {
        let (count, frequency) = (self.count(), u64::from(self.frequency));
        let (seconds, rest) = (count / frequency, count % frequency);
        Instant::from_nanos(seconds.saturating_mul(NANOS).saturating_add(rest * NANOS / frequency))
    }

    /// The first count at which it is no longer before `deadline`.
    fn count_at(&self, deadline: Instant) -> u64 {
        let (nanos, frequency) = (deadline.as_nanos(), u64::from(self.frequency));
        let rest = (nanos % NANOS * frequency).div_ceil(NANOS);
        (nanos / NANOS).saturating_mul(frequency).saturating_add(rest)
    }

    fn wake_at(&mut self, deadline: Instant) {
        let count = self.count_at(deadline);
        if count < self.next {
            self.next = count;
            self.put();
        }
    }

    fn is_due(&self) -> bool {
        self.next != u64::MAX && self.count() >= self.next
    }

    /// Sets the comparator, which is on only while a deadline is pending.
    fn put(&self) {
        self.registers.control().write(GlobalTimerControl::TIMER);
        if self.next == u64::MAX {
            return;
        }
        self.registers.compare_low().write(self.next as u32);
        self.registers.compare_high().write((self.next >> 32) as u32);
        let interrupt = if self.unmasked { GlobalTimerControl::INTERRUPT } else { GlobalTimerControl::empty() };
        self.registers.control().write(GlobalTimerControl::TIMER | GlobalTimerControl::COMPARE | interrupt);
    }
}

impl<M: Mmio + Send> InterruptHardware for GlobalTimerHardware<M> {
    type Lines = Lines<1>;

    fn unmask(&mut self, _: u32) {
        self.unmasked = true;
        self.put();
    }

    fn mask(&mut self, _: u32) {
        self.unmasked = false;
        self.put();
    }

    /// The comparator matches at any later time as well, so it is stopped before its event is cleared.
    fn ack_pending(&mut self, lines: u32) -> u32 {
        let event = self.registers.event().read() & 1;
        if event != 0 {
            self.next = u64::MAX;
            self.put();
            self.registers.event().clear(event);
        }
        event & lines
    }

    fn clears_on_ack(&self) -> u32 {
        1
    }

    fn read_back(&mut self) {
        self.registers.control().read();
    }
}

impl<M: Mmio> fmt::Debug for GlobalTimerHardware<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GlobalTimerHardware").field("frequency", &self.frequency).finish_non_exhaustive()
    }
}

/// The node of the global timer, on its own interrupt.
pub type GlobalTimerNode<M = Volatile> = Node<GlobalTimerHardware<M>, Lock, GicLine<M>>;

/// The clock on the global timer. Copies are handles on the same one.
///
/// Also a [`DelayNs`](embedded_hal::delay::DelayNs) that spins, for delays below what an interrupt costs, and a
/// [`DelayNs`](embedded_hal_async::delay::DelayNs) that sleeps.
pub struct GlobalTimer<M: Mmio + Send + 'static = Volatile> {
    node: &'static GlobalTimerNode<M>,
}

impl<M: Mmio + Send + Sync> GlobalTimer<M> {
    /// A handle on the timer whose node this is.
    pub const fn new(node: &'static GlobalTimerNode<M>) -> Self {
        Self { node }
    }

    /// Whether a deadline has passed whose interrupt has not been taken yet: it is masked, or on its way.
    pub fn is_due(&self) -> bool {
        self.node.handle().with_hardware(|hardware| hardware.is_due()).unwrap_or(false)
    }
}

impl<M: Mmio + Send + Sync> Clock for GlobalTimer<M> {
    type Sleep = Sleep<M>;

    fn now(&self) -> Instant {
        // The node fails only if it is invalidated, and then there is no time any more: all deadlines have passed.
        self.node.handle().with_hardware(|hardware| hardware.now()).unwrap_or(Instant::MAX)
    }

    fn sleep_until(&self, deadline: Instant) -> Sleep<M> {
        Sleep { timer: *self, deadline, listener: None }
    }
}

pin_project! {
    /// A sleep on the global timer.
    #[must_use = "futures do nothing unless polled"]
    pub struct Sleep<M>
    where
        M: Mmio,
        M: Send,
        M: Sync,
        M: 'static,
    {
        timer: GlobalTimer<M>,
        deadline: Instant,
        #[pin]
        listener: Option<Listener>,
    }
}

impl<M: Mmio + Send + Sync> Future for Sleep<M> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        this.timer.poll_until(*this.deadline, this.listener, cx)
    }
}

impl<M: Mmio + Send + Sync> ErasedClock for GlobalTimer<M> {
    fn time(&self) -> Instant {
        self.now()
    }

    fn poll_sleep(&self, deadline: Instant, sleep: Pin<&mut ErasedSleep>, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_until(deadline, sleep.listener(), cx)
    }
}

impl<M: Mmio + Send + Sync> GlobalTimer<M> {
    /// Polls a sleep until `deadline`, which is a wait on the comparator's line.
    fn poll_until(
        &self,
        deadline: Instant,
        mut listener: Pin<&mut Option<Listener>>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let timer = *self;
        loop {
            if timer.now() >= deadline {
                listener.set(None);
                return Poll::Ready(());
            }
            if listener.is_none() {
                let Ok(line) = Line::new(timer.node, 0) else { return Poll::Ready(()) };
                listener.set(Some(line.listen()));
            }
            let Some(listener) = listener.as_mut().as_pin_mut() else { return Poll::Ready(()) };
            match listener.poll_next(cx) {
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => {
                    // Registered first: an event from now on wakes this task, its own or another one's.
                    let set = timer.node.handle().with_hardware(|hardware| hardware.wake_at(deadline));
                    return if set.is_ok() { Poll::Pending } else { Poll::Ready(()) };
                }
            }
        }
    }
}

impl<M: Mmio + Send + Sync> embedded_hal::delay::DelayNs for GlobalTimer<M> {
    fn delay_ns(&mut self, ns: u32) {
        let end = self.now() + core::time::Duration::from_nanos(ns.into());
        while self.now() < end {
            core::hint::spin_loop();
        }
    }
}

impl<M: Mmio + Send + Sync> embedded_hal_async::delay::DelayNs for GlobalTimer<M> {
    async fn delay_ns(&mut self, ns: u32) {
        self.sleep(core::time::Duration::from_nanos(ns.into())).await;
    }
}

impl<M: Mmio + Send> Clone for GlobalTimer<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: Mmio + Send> Copy for GlobalTimer<M> {}

impl<M: Mmio + Send> fmt::Debug for GlobalTimer<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GlobalTimer").finish_non_exhaustive()
    }
}

impl<M: Mmio + Send + Sync> fmt::Debug for Sleep<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
