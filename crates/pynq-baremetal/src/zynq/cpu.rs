//! The instructions that Rust has no name for: masking interrupts, sleeping, and ordering accesses.
//!
//! Built for anything but a bare-metal Arm, for tests and documentation, they order accesses as seen by other threads
//! and neither mask nor sleep.

use pynq_core::Epoch;

#[cfg(all(target_arch = "arm", target_os = "none"))]
mod instructions {
    use core::arch::asm;

    /// Masks interrupts and returns what the processor's status was.
    #[inline(always)]
    pub(super) fn mask() -> u32 {
        let status: u32;
        // SAFETY: changes no memory and no register but the interrupt mask; as a compiler barrier it keeps accesses on
        // their side of it.
        unsafe { asm!("mrs {0}, cpsr", "cpsid i", out(reg) status, options(nostack, preserves_flags)) };
        status
    }

    /// Masks or unmasks interrupts as they were.
    #[inline(always)]
    pub(super) fn restore(status: u32) {
        const MASKED: u32 = 1 << 7;
        if status & MASKED == 0 {
            // SAFETY: interrupts were unmasked before `mask`, which this takes back.
            unsafe { asm!("cpsie i", options(nostack, preserves_flags)) };
        }
    }

    #[inline(always)]
    pub(super) fn unmask() {
        // SAFETY: the caller's promise that no critical section is open.
        unsafe { asm!("cpsie i", options(nostack, preserves_flags)) };
    }

    #[inline(always)]
    pub(super) fn sleep() {
        // SAFETY: waits for an interrupt, pending or new, masked or not; changes nothing.
        unsafe { asm!("wfi", options(nostack, preserves_flags)) };
    }

    #[inline(always)]
    pub(super) fn barrier() {
        // SAFETY: completes the memory accesses before it; not being `nomem`, it is a barrier to the compiler too.
        unsafe { asm!("dsb sy", options(nostack, preserves_flags)) };
    }

    /// DCCMVAC: writes back the line of an address.
    #[inline(always)]
    pub(super) fn clean_line(address: usize) {
        // SAFETY: moves what is in the cache to where it belongs; no memory changes that the program could tell.
        unsafe { asm!("mcr p15, 0, {0}, c7, c10, 1", in(reg) address, options(nostack, preserves_flags)) };
    }

    /// DCIMVAC: forgets the line of an address.
    #[inline(always)]
    pub(super) fn forget_line(address: usize) {
        // SAFETY: the caller has the line handed over to a device, or back, so that what the cache has of it is old.
        unsafe { asm!("mcr p15, 0, {0}, c7, c6, 1", in(reg) address, options(nostack, preserves_flags)) };
    }
}

#[cfg(not(all(target_arch = "arm", target_os = "none")))]
mod instructions {
    use core::sync::atomic::{Ordering, fence};

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

    pub(super) fn clean_line(_: usize) {}

    pub(super) fn forget_line(_: usize) {}
}

/// Sleeps until the next interrupt, unless something was woken since `epoch`: the idle function of
/// [`block_on`](pynq_core::block_on()).
///
/// This is checked with interrupts masked, and the processor goes to sleep without unmasking them: an interrupt
/// that arrives in between is pending and ends the sleep at once. It is taken when interrupts are unmasked again, before
/// this returns. Inside of a critical section that never happens, so this is not to be called there.
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

/// Lets the processor take interrupts: once, when all is set up.
///
/// # Safety
///
/// No critical section is open, and the exception vectors lead to a handler that calls the interrupt controller's
/// [`dispatch`](super::Gic::dispatch).
pub unsafe fn enable_interrupts() {
    instructions::unmask();
}

/// Completes all memory accesses before it: to stand between writes to memory or to one device and the access that
/// hands them over to another one (a DMA descriptor and the register that starts it), and after the access that takes
/// the memory back.
///
/// Says nothing about caches: memory that a device shares has to be uncached, or cleaned and invalidated as well.
#[inline]
pub fn barrier() {
    instructions::barrier();
}

/// Writes back the line of an address from the processor's own cache.
#[inline]
pub(super) fn clean_line(address: usize) {
    instructions::clean_line(address);
}

/// Has the processor's own cache forget the line of an address, which a device has or had.
#[inline]
pub(super) fn forget_line(address: usize) {
    instructions::forget_line(address);
}
