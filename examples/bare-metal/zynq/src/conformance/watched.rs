//! A window that lets something happen immediately before a chosen access, and counts accesses.

use core::cell::{Cell, RefCell};

use critical_section::Mutex;
use pynq_core::{Mmio, Volatile};

/// What happens.
pub(super) type Event = alloc::boxed::Box<dyn FnOnce() + Send>;

/// Which access it comes before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read(usize),
    Write(usize),
}

/// A window on registers.
pub(crate) struct Watched {
    window: Volatile,
    accesses: Mutex<Cell<u64>>,
    plan: Mutex<RefCell<Option<(Access, Event)>>>,
}

impl Watched {
    pub(super) const fn new(window: Volatile) -> Self {
        Self { window, accesses: Mutex::new(Cell::new(0)), plan: Mutex::new(RefCell::new(None)) }
    }

    pub(super) fn arrange(&self, access: Access, event: Event) {
        critical_section::with(|section| *self.plan.borrow_ref_mut(section) = Some((access, event)));
    }

    pub(super) fn accesses(&self) -> u64 {
        critical_section::with(|section| self.accesses.borrow(section).get())
    }

    fn before(&self, access: Access) {
        let event = critical_section::with(|section| {
            let accesses = self.accesses.borrow(section);
            accesses.set(accesses.get() + 1);
            let mut plan = self.plan.borrow_ref_mut(section);
            if plan.as_ref().is_some_and(|(planned, _)| *planned == access) { plan.take() } else { None }
        });
        if let Some((_, event)) = event {
            event();
        }
    }
}

// SAFETY: size and accesses are the inner window's, whose contract is the same.
unsafe impl Mmio for Watched {
    fn size(&self) -> usize {
        self.window.size()
    }

    unsafe fn read32(&self, offset: usize) -> u32 {
        self.before(Access::Read(offset));
        // SAFETY: the caller keeps this very contract.
        unsafe { self.window.read32(offset) }
    }

    unsafe fn write32(&self, offset: usize, value: u32) {
        self.before(Access::Write(offset));
        // SAFETY: the caller keeps this very contract.
        unsafe { self.window.write32(offset, value) }
    }
}
