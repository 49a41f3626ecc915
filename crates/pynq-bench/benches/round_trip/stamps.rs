//! How long it takes from an interrupt to the task or thread that awaits it, where that is measured.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
};

use rustix::time::ClockId;

use crate::producer::nanoseconds;

#[derive(Default)]
pub(crate) struct Stamps {
    on: AtomicBool,
    fired: AtomicU64,
    latencies: Mutex<Vec<u64>>,
}

impl Stamps {
    pub(crate) fn start(&self) {
        self.on.store(true, Relaxed);
    }

    /// Nanoseconds of each interrupt since the start, sorted.
    pub(crate) fn stop(&self) -> Vec<u64> {
        self.on.store(false, Relaxed);
        let mut latencies = std::mem::take(&mut *self.latencies.lock().expect("nobody panics"));
        latencies.sort_unstable();
        latencies
    }

    /// The hardware fires.
    #[inline]
    pub(crate) fn fired(&self) {
        if self.on.load(Relaxed) {
            self.fired.store(nanoseconds(ClockId::Monotonic), Relaxed);
        }
    }

    /// The task or thread that awaited it has seen it.
    #[inline]
    pub(crate) fn arrived(&self) {
        if self.on.load(Relaxed) {
            let latency = nanoseconds(ClockId::Monotonic).saturating_sub(self.fired.load(Relaxed));
            self.latencies.lock().expect("nobody panics").push(latency);
        }
    }
}
