//! The instructions and the control registers that Rust has no name for: masking interrupts, sleeping, and ordering
//! accesses.
//!
//! Built for anything but a bare-metal RISC-V of 32 bits, for tests and documentation, they order accesses as seen by
//! other threads, keep the enable of the external interrupt in a variable, and neither mask nor sleep.

use pynq_core::Epoch;

#[cfg(all(target_arch = "riscv32", target_os = "none"))]
pub(super) mod instructions {
    use core::arch::asm;

    /// `mstatus.MIE`: the hart takes interrupts.
    const MIE: u32 = 1 << 3;
    /// `mie.MEIE` and `mip.MEIP`: of these the external one.
    const MEI: u32 = 1 << 11;

    /// Masks interrupts and returns what the hart's status was.
    #[inline(always)]
    pub(super) fn mask() -> u32 {
        let status: u32;
        // SAFETY: changes no memory and no register but the interrupt mask; as a compiler barrier it keeps accesses on
        // their side of it.
        unsafe { asm!("csrrci {0}, mstatus, {1}", out(reg) status, const MIE, options(nostack, preserves_flags)) };
        status
    }

    /// Masks or unmasks interrupts as they were.
    #[inline(always)]
    pub(super) fn restore(status: u32) {
        if status & MIE != 0 {
            unmask();
        }
    }

    #[inline(always)]
    pub(super) fn unmask() {
        // SAFETY: interrupts were unmasked before `mask`, which this takes back, or the caller promises that no critical
        // section is open.
        unsafe { asm!("csrsi mstatus, {0}", const MIE, options(nostack, preserves_flags)) };
    }

    #[inline(always)]
    pub(super) fn sleep() {
        // SAFETY: waits for an interrupt that is enabled in `mie`, pending or new, masked or not; changes nothing.
        unsafe { asm!("wfi", options(nostack, preserves_flags)) };
    }

    #[inline(always)]
    pub(super) fn barrier() {
        // SAFETY: orders the accesses before it and after it, to memory and to devices; not being `nomem`, it is a
        // barrier to the compiler too.
        unsafe { asm!("fence iorw, iorw", options(nostack, preserves_flags)) };
    }

    #[inline(always)]
    pub(in super::super) fn enable_external() {
        // SAFETY: the handler of the external interrupt is this crate's `dispatch`, as promised by the code that
        // unmasked interrupts.
        unsafe { asm!("csrs mie, {0}", in(reg) MEI, options(nostack, preserves_flags)) };
    }

    #[inline(always)]
    pub(in super::super) fn disable_external() {
        // SAFETY: masks an interrupt, and is a barrier to the compiler.
        unsafe { asm!("csrc mie, {0}", in(reg) MEI, options(nostack, preserves_flags)) };
    }

    #[inline(always)]
    pub(in super::super) fn external_is_enabled() -> bool {
        let enabled: u32;
        // SAFETY: reads a control register without side effects.
        unsafe { asm!("csrr {0}, mie", out(reg) enabled, options(nomem, nostack, preserves_flags)) };
        enabled & MEI != 0
    }

    #[inline(always)]
    pub(in super::super) fn external_is_pending() -> bool {
        let pending: u32;
        // SAFETY: reads a control register without side effects. Not `nomem`: accesses to devices come before it.
        unsafe { asm!("csrr {0}, mip", out(reg) pending, options(nostack, preserves_flags)) };
        pending & MEI != 0
    }
}

#[cfg(not(all(target_arch = "riscv32", target_os = "none")))]
pub(super) mod instructions {
    use core::sync::atomic::{AtomicBool, Ordering, fence};

    static EXTERNAL: AtomicBool = AtomicBool::new(false);

    pub(super) fn mask() -> u32 {
        0
    }

    pub(super) fn restore(_: u32) {}

    pub(super) fn unmask() {}

    pub(super) fn sleep() {
        core::hint::spin_loop();
    }

    pub(super) fn barrier() {
        fence(Ordering::SeqCst);
    }

    pub(in super::super) fn enable_external() {
        EXTERNAL.store(true, Ordering::SeqCst);
    }

    pub(in super::super) fn disable_external() {
        EXTERNAL.store(false, Ordering::SeqCst);
    }

    pub(in super::super) fn external_is_enabled() -> bool {
        EXTERNAL.load(Ordering::SeqCst)
    }

    pub(in super::super) fn external_is_pending() -> bool {
        false
    }
}

/// Sleeps until the next interrupt, unless something was woken since `epoch`: the idle function of
/// [`block_on`](pynq_core::block_on()).
///
/// This is checked with interrupts masked (`mstatus.MIE` is 0), and the hart goes to sleep without unmasking them:
/// an interrupt that arrives in between is pending and ends the sleep at once. It is taken when interrupts are unmasked
/// again, before this returns. Inside of a critical section that never happens, so this is not to be called there.
///
/// # Blocking
///
/// Stops the processor.
#[inline]
pub fn idle(epoch: Epoch) {
    idle_unless(|| !epoch.is_current());
}

/// The same for other executors: sleeps until the next interrupt unless `busy` says, with interrupts masked, that there
/// is something to do.
///
/// # Blocking
///
/// Stops the processor.
#[inline]
pub fn idle_unless(busy: impl FnOnce() -> bool) {
    let status = instructions::mask();
    if !busy() {
        // Writes to a device must reach it before the sleep, which its interrupt may have to end.
        instructions::barrier();
        instructions::sleep();
    }
    instructions::restore(status);
}

/// Lets the hart take interrupts: once, when all is set up.
///
/// # Safety
///
/// No critical section is open, and the trap vector leads machine external interrupts to a handler that calls
/// [`dispatch`](super::dispatch).
pub unsafe fn enable_interrupts() {
    instructions::unmask();
}

/// Orders all accesses before it before all accesses after it, to memory and to devices alike (`fence iorw, iorw`): to
/// stand between writes to memory or to one device and the access that hands them over to another one (a DMA descriptor
/// and the register that starts it), and after the access that takes the memory back.
///
/// Says nothing about caches: memory that a device shares has to be uncached, or cleaned and invalidated as well.
#[inline]
pub fn barrier() {
    instructions::barrier();
}
