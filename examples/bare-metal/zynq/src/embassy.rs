//! embassy's executor on this processor: how it is told that a task was woken, and how it sleeps.

use core::{
    marker::PhantomData,
    sync::atomic::{AtomicBool, Ordering},
};

use embassy_executor::{Spawner, raw};

use crate::idle_unless;

/// A task was woken since the executor last looked.
static PENDING: AtomicBool = AtomicBool::new(false);

// SAFETY: the executor calls it as declared here, from wherever a task is woken, interrupt handlers included.
#[unsafe(export_name = "__pender")]
fn pender(_: *mut ()) {
    PENDING.store(true, Ordering::Release);
}

/// The executor.
pub struct Executor {
    inner: raw::Executor,
    /// It stays in the context that polls it.
    not_send: PhantomData<*mut ()>,
}

impl Executor {
    /// One without tasks.
    #[must_use]
    pub fn new() -> Self {
        Self { inner: raw::Executor::new(core::ptr::null_mut()), not_send: PhantomData }
    }

    /// Runs the tasks that `init` spawns, and those that they spawn, until `done` says so. It is asked whenever nothing
    /// is left to do.
    pub fn run_until(&'static mut self, init: impl FnOnce(Spawner), done: impl Fn() -> bool) {
        let this = &*self;
        init(this.inner.spawner());
        loop {
            PENDING.store(false, Ordering::Relaxed);
            // SAFETY: called from here alone, by the one owner of the executor, so never from within itself.
            unsafe { this.inner.poll() };
            if done() {
                return;
            }
            idle_unless(|| PENDING.load(Ordering::Acquire));
        }
    }
}

impl Default for Executor {
    fn default() -> Self {
        Self::new()
    }
}
