//! Observing the board: outputs, views, traces.

use alloc::{boxed::Box, string::String, vec::Vec};

use super::{Board, Shared};
use crate::{
    device::View,
    error::Error,
    fabric::{OutputChange, Stuck, TraceEntry},
    sync::Arc,
};

pub(super) type Observer = Box<dyn Fn(&Board, &OutputChange) + Send + Sync>;

impl Shared {
    pub(super) fn observers(&self) -> Vec<Arc<Observer>> {
        self.0.observers.with(|observers| observers.clone())
    }
}

impl Board {
    /// Calls `observer` on every change of an output that the outside world sees. It may use the board it is given, which
    /// does not count as a handle: keeping a clone of its own would keep the board alive for ever.
    pub fn on_output(&self, observer: impl Fn(&Self, &OutputChange) + Send + Sync + 'static) {
        let observer: Arc<Observer> = Arc::new(Box::new(observer));
        self.shared.0.observers.with(|observers| observers.push(observer));
        self.shared.with(|state| state.observed = true);
    }

    /// Every change of an output so far, the latest 65,536 of them.
    #[must_use]
    pub fn output_log(&self) -> Vec<OutputChange> {
        self.shared.with(|state| state.output_log.iter().cloned().collect())
    }

    /// What an onlooker sees of a part.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`].
    pub fn view(&self, path: &str) -> Result<View, Error> {
        self.shared.with(|state| state.fabric.view(path))
    }

    /// Takes the record of what kept time from going on. It makes the drop of the last handle panic no more.
    #[must_use]
    pub fn take_stuck(&self) -> Vec<Stuck> {
        self.shared.with(|state| core::mem::take(&mut state.stuck))
    }

    /// Starts a new trace. Of more than `limit` entries the oldest are forgotten; a limit of zero stops tracing.
    pub fn start_trace(&self, limit: usize) {
        self.shared.with(|state| state.fabric.start_trace(limit));
    }

    /// The trace so far.
    #[must_use]
    pub fn trace(&self) -> Vec<TraceEntry> {
        self.shared.with(|state| state.fabric.trace())
    }

    /// How many entries have been forgotten because of the limit.
    #[must_use]
    pub fn trace_forgotten(&self) -> u64 {
        self.shared.with(|state| state.fabric.trace_forgotten())
    }

    /// The trace so far as a VCD file, to be read by GTKWave and its like.
    ///
    /// What happened at the same instant is shown a picosecond apart, in the order in which it happened.
    #[must_use]
    pub fn vcd(&self) -> String {
        self.shared.with(|state| state.fabric.vcd())
    }
}
