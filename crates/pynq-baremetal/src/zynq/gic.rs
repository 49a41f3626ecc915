//! The interrupt controller, a GICv1 (PL390) with 96 interrupts.
//!
//! Its registers are made for the engine's needs: enables are set and cleared by writing ones to two different
//! registers, so that the interrupt handler masks its line without a lock and without regard for what it has
//! interrupted. Only the bytes of priorities and targets have to be read, changed and written back, in a critical
//! section.
//!
//! The driver is our own. `arm-gic` (0.10), the maintained one, has no access to the target registers, without which no
//! shared interrupt arrives; it sets a priority by overwriting those of three neighbours; it wants `&mut` for masking,
//! which handler and tasks both do; it pends nothing; and it needs a newer compiler than this project promises.

mod registers;

use core::{
    cell::Cell,
    fmt,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    task::Waker,
};

use critical_section::Mutex;
use pynq_core::{Mmio, Volatile};

use super::{Error, Irq, Priority, Trigger, irq::COUNT};
pub use registers::{GicControl, GicCpuRegisters, GicDistributorRegisters};

/// The state of the root of an interrupt, where the handler finds it.
pub(super) struct Slot {
    pub(super) claimed: AtomicBool,
    /// The interrupt fired, and the node has not polled for it yet.
    pub(super) fired: AtomicBool,
    /// The waker of the node on it, while it is armed.
    pub(super) waker: Mutex<Cell<Option<Waker>>>,
}

impl Slot {
    const fn new() -> Self {
        Self { claimed: AtomicBool::new(false), fired: AtomicBool::new(false), waker: Mutex::new(Cell::new(None)) }
    }
}

/// What the controller gave the processor, all wrapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GicStats {
    /// Interrupts that were dispatched.
    pub taken: u32,
    /// Acknowledges that were answered with ID 1023, no interrupt: it was masked or withdrawn in the meantime.
    pub spurious: u32,
    /// Interrupts for which no node waits. They were masked.
    pub unclaimed: u32,
}

/// The interrupt controller, and the state of the roots on it.
///
/// To be put into a `static`, since the interrupt handler has to find it. `M` is the window on its registers.
pub struct Gic<M = Volatile> {
    distributor: GicDistributorRegisters<M>,
    cpu: GicCpuRegisters<M>,
    slots: [Slot; COUNT],
    taken: AtomicU32,
    spurious: AtomicU32,
    unclaimed: AtomicU32,
}

/// IDs from here on are answers of their own; 1023 is "no interrupt".
const FIRST_SPECIAL: u32 = 1020;
const ID: u32 = 0x3FF;

/// The processor that runs this, as a target of interrupts.
const THIS_CPU: u32 = 1;

impl<M: Mmio> Gic<M> {
    /// Takes over the controller, whatever a boot loader left: every interrupt masked, not pending, of middle priority
    /// and for this processor; shared ones triggered by levels; no priority masked. Nothing is forwarded that is not
    /// unmasked.
    ///
    /// # Errors
    ///
    /// [`Error::WindowTooSmall`].
    pub fn new(distributor: M, cpu: M) -> Result<Self, Error> {
        let this = Self {
            distributor: GicDistributorRegisters::new(distributor)?,
            cpu: GicCpuRegisters::new(cpu)?,
            slots: [const { Slot::new() }; COUNT],
            taken: AtomicU32::new(0),
            spurious: AtomicU32::new(0),
            unclaimed: AtomicU32::new(0),
        };
        this.reset();
        Ok(this)
    }

    fn reset(&self) {
        let Self { distributor, cpu, .. } = self;
        distributor.control().write(GicControl::empty());
        cpu.control().write(GicControl::empty());
        distributor.clear_enable().iter().for_each(|enables| enables.clear(u32::MAX));
        distributor.clear_pending().iter().for_each(|pending| pending.clear(u32::MAX));
        distributor.group().iter().for_each(|group| group.write(0));
        let each_byte = |byte: u32| byte * 0x0101_0101;
        distributor.priority().iter().for_each(|four| four.write(each_byte(Priority::MIDDLE.bits())));
        // Those of private interrupts can't be changed, nor can their targets.
        distributor.target().iter().skip(8).for_each(|four| four.write(each_byte(THIS_CPU)));
        distributor.trigger().iter().skip(2).for_each(|sixteen| sixteen.write(0x5555_5555));
        cpu.priority_mask().write(Priority::LOWEST.bits());
        cpu.control().write(GicControl::SECURE);
        distributor.control().write(GicControl::SECURE);
    }

    /// Sets the trigger of an interrupt. A private interrupt's trigger is fixed, and the setting is ignored.
    ///
    /// The programmable logic's are high levels or rising edges, as the design says.
    pub fn set_trigger(&self, irq: Irq, trigger: Trigger) {
        let bits = match trigger {
            Trigger::Level => 0b01,
            Trigger::Edge => 0b11,
        };
        let place = irq.index() % 16 * 2;
        if let Some(register) = self.distributor.trigger().get(irq.index() / 16) {
            critical_section::with(|_| register.write(register.read() & !(0b11 << place) | bits << place));
        }
    }

    /// Sets the priority of an interrupt.
    pub fn set_priority(&self, irq: Irq, priority: Priority) {
        let place = irq.index() % 4 * 8;
        if let Some(register) = self.distributor.priority().get(irq.index() / 4) {
            let bits = priority.bits() << place;
            critical_section::with(|_| register.write(register.read() & !(0xFF << place) | bits));
        }
    }

    /// Sets which processors an interrupt goes to, bit 0 being the first. Of private interrupts this is fixed.
    ///
    /// Interrupts are this processor's from the start. If one goes to several processors, the first to acknowledge
    /// takes it, and the engine is for one processor: give away only interrupts that this program does not wait for.
    pub fn set_targets(&self, irq: Irq, processors: u8) {
        let place = irq.index() % 4 * 8;
        if let Some(register) = self.distributor.target().get(irq.index() / 4) {
            let bits = u32::from(processors) << place;
            critical_section::with(|_| register.write(register.read() & !(0xFF << place) | bits));
        }
    }

    /// Holds back interrupts that are not of a higher priority than this. They stay pending.
    pub fn set_priority_mask(&self, priority: Priority) {
        self.cpu.priority_mask().write(priority.bits());
    }

    /// Unmasks an interrupt.
    pub(super) fn unmask(&self, irq: Irq) {
        let (index, bit) = irq.bit();
        if let Some(enables) = self.distributor.set_enable().get(index) {
            enables.set(bit);
        }
    }

    /// Masks an interrupt.
    #[inline]
    pub(super) fn mask(&self, irq: Irq) {
        let (index, bit) = irq.bit();
        if let Some(enables) = self.distributor.clear_enable().get(index) {
            enables.clear(bit);
        }
    }

    /// Makes an interrupt pending, as its source would by an edge. It is taken when it is unmasked.
    ///
    /// For software that stands in for a device. The latch is cleared when the interrupt is taken, so this is no
    /// level that holds.
    pub fn pend(&self, irq: Irq) {
        let (index, bit) = irq.bit();
        if let Some(pending) = self.distributor.set_pending().get(index) {
            pending.set(bit);
        }
    }

    /// Makes an interrupt no longer pending, unless its source holds it so.
    pub fn unpend(&self, irq: Irq) {
        let (index, bit) = irq.bit();
        if let Some(pending) = self.distributor.clear_pending().get(index) {
            pending.clear(bit);
        }
    }

    /// Whether an interrupt is pending.
    pub fn is_pending(&self, irq: Irq) -> bool {
        let (index, bit) = irq.bit();
        self.distributor.set_pending().get(index).is_some_and(|pending| pending.read() & bit != 0)
    }

    /// Whether an interrupt is unmasked.
    pub fn is_unmasked(&self, irq: Irq) -> bool {
        let (index, bit) = irq.bit();
        self.distributor.set_enable().get(index).is_some_and(|enables| enables.read() & bit != 0)
    }

    /// Handles the interrupt that the processor was interrupted for: masks it, wakes the node on its root, which
    /// dispatches there and then, and ends it. To be called only by the exception handler.
    ///
    /// One interrupt each time. If another is pending, the processor is interrupted again at once.
    ///
    /// An answer of "no interrupt", ID 1023, is counted and not ended, as the architecture demands. An interrupt for
    /// which no node waits is masked, or it would be taken again without end.
    #[inline]
    pub fn dispatch(&self) {
        let acknowledged = self.cpu.acknowledge().take();
        let id = acknowledged & ID;
        if id >= FIRST_SPECIAL {
            count(&self.spurious);
            return;
        }
        if let Ok(irq) = Irq::new(id as u16) {
            self.mask(irq);
            self.fire(irq);
        }
        // As it was read: for a software-generated interrupt it names the processor that sent it.
        self.cpu.end().write(acknowledged);
    }

    #[inline]
    fn fire(&self, irq: Irq) {
        count(&self.taken);
        let slot = self.slot(irq);
        slot.fired.store(true, Ordering::Release);
        match critical_section::with(|section| slot.waker.borrow(section).take()) {
            Some(waker) => waker.wake(),
            None => count(&self.unclaimed),
        }
    }

    pub(super) const fn slot(&self, irq: Irq) -> &Slot {
        &self.slots[irq.index()]
    }

    /// The counts.
    pub fn stats(&self) -> GicStats {
        GicStats {
            taken: self.taken.load(Ordering::Relaxed),
            spurious: self.spurious.load(Ordering::Relaxed),
            unclaimed: self.unclaimed.load(Ordering::Relaxed),
        }
    }
}

/// One more. Called by the handler alone, which nothing interrupts.
#[inline]
fn count(counter: &AtomicU32) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

/// Where [`dispatch`] finds the controller.
static INSTALLED: Mutex<Cell<Option<&'static Gic>>> = Mutex::new(Cell::new(None));

impl Gic<Volatile> {
    /// Makes this the controller that [`dispatch`] uses.
    pub fn install(&'static self) {
        critical_section::with(|section| INSTALLED.borrow(section).set(Some(self)));
    }
}

/// Calls [`Gic::dispatch`] of the controller that was [installed](Gic::install). For the exception handler.
#[inline]
pub fn dispatch() {
    if let Some(gic) = critical_section::with(|section| INSTALLED.borrow(section).get()) {
        gic.dispatch();
    }
}

impl<M: Mmio> fmt::Debug for Gic<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gic").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
