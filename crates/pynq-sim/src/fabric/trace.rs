//! A record of what happened on the board.

use alloc::{
    collections::{BTreeMap, VecDeque},
    string::String,
    vec::Vec,
};
use pynq_core::Instant;

use super::{Access, Fabric};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TraceEvent {
    /// A register was read.
    Read {
        /// The block's path.
        path: String,
        /// The register.
        offset: u32,
        /// What it read.
        value: u32,
    },
    /// A register was written.
    Write {
        /// The block's path.
        path: String,
        /// The register.
        offset: u32,
        /// What was written.
        value: u32,
    },
    /// A wire changed.
    Wire {
        /// What drives it.
        name: String,
        /// Its new level.
        level: bool,
    },
    /// An input port was driven from outside.
    Input {
        /// The block's path.
        path: String,
        /// The port.
        port: String,
        /// Its new levels.
        value: u32,
    },
    /// An output port that the outside world sees changed.
    Output {
        /// The block's path.
        path: String,
        /// The port.
        port: String,
        /// Its new levels.
        value: u32,
    },
    /// The CPU took an interrupt.
    Interrupt {
        /// Its number.
        id: u32,
    },
    /// An access misbehaved.
    BusError {
        /// Its address.
        address: u64,
        /// Its direction.
        access: Access,
    },
}

/// An entry of the trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceEntry {
    /// When.
    pub time: Instant,
    /// What.
    pub event: TraceEvent,
}

/// Data of a port beside its changes: how many pins it has, and their levels when the trace began.
pub(super) type Known = BTreeMap<(String, String), (u8, u32)>;

/// Where events go, if tracing is on.
#[derive(Debug, Default)]
pub(crate) struct Tracer {
    limit: usize,
    entries: VecDeque<TraceEntry>,
    dropped: u64,
    /// The ports as they were when it began.
    known: Known,
}

impl Tracer {
    pub(super) const fn known(&self) -> &Known {
        &self.known
    }

    #[inline]
    pub(crate) const fn is_on(&self) -> bool {
        self.limit != 0
    }

    #[inline]
    pub(crate) fn record(&mut self, time: Instant, event: impl FnOnce() -> TraceEvent) {
        if self.limit != 0 {
            self.push(time, event());
        }
    }

    fn push(&mut self, time: Instant, event: TraceEvent) {
        if self.entries.len() == self.limit {
            let forgotten = self.entries.pop_front();
            self.dropped += 1;
            // The trace now begins with the levels after this entry.
            if let Some(TraceEvent::Input { path, port, value } | TraceEvent::Output { path, port, value }) =
                forgotten.map(|entry| entry.event)
            {
                self.known.entry((path, port)).or_insert((32, 0)).1 = value;
            }
        }
        self.entries.push_back(TraceEntry { time, event });
    }
}

impl Fabric {
    /// Starts a new trace. Of more than `limit` entries the oldest are forgotten; a limit of zero stops tracing.
    pub fn start_trace(&mut self, limit: usize) {
        let known = if limit == 0 { Known::new() } else { self.known_ports() };
        self.tracer = Tracer { limit, known, ..Tracer::default() };
    }

    /// The trace so far.
    #[must_use]
    pub fn trace(&self) -> Vec<TraceEntry> {
        self.tracer.entries.iter().cloned().collect()
    }

    /// How many entries have been forgotten because of the limit.
    #[must_use]
    pub const fn trace_forgotten(&self) -> u64 {
        self.tracer.dropped
    }

    fn known_ports(&self) -> Known {
        let ports = self.blocks.iter().flat_map(|block| {
            let width = |index| block.device.as_ref().map_or(32, |device| device.width(index));
            block.ports().iter().enumerate().map(move |(index, port)| {
                ((block.path.clone(), port.name.clone().into_owned()), (width(index), block.levels[index]))
            })
        });
        ports.collect()
    }
}
