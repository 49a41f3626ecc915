//! The programmable logic as a value: blocks, wires, memories and address spaces, without lock, waker, thread or wall clock.
//!
//! A [`Fabric`] is given an access, a stimulus or a time, and reports the changes afterwards: [`Fabric::take_changes`].
//! All that follows from a call has happened when it returns; a change travels along wires and gates to the end, and
//! nothing happens between two calls. The board puts a lock, tasks and a clock that moves by itself around it.
//!
//! ```
//! use pynq_sim::{
//!     Stimulus,
//!     fabric::{Change, FabricBuilder},
//!     models::{AxiGpioModel, AxiIntcModel, GpioChannel, GpioParams, IntcParams},
//! };
//!
//! let buttons = GpioParams { channel1: GpioChannel::inputs(4), interrupt_present: true, ..Default::default() };
//! let mut fabric = FabricBuilder::new()
//!     .device("intc", 0x4180_0000, 0x1_0000, AxiIntcModel::new(IntcParams { inputs: 1, ..Default::default() }))
//!     .device("btns", 0x4120_0000, 0x1_0000, AxiGpioModel::new(buttons))
//!     .wire("btns/ip2intc_irpt", "intc/intr[0]")
//!     .interrupt("intc/irq", 61)
//!     .build()?;
//!
//! for (address, value) in [(0x4120_0128, 1), (0x4120_011C, 1 << 31), (0x4180_0008, 1), (0x4180_001C, 3)] {
//!     fabric.write(address, value).expect("a register");
//! }
//! assert!(!fabric.unmask_interrupt(61)?);
//! fabric.apply(&Stimulus::pin("btns", 1, 2, true))?;
//! assert!(matches!(fabric.take_changes()[..], [Change::Interrupt(61, _)]));
//! assert_eq!(fabric.read(0x4120_0000), Ok(0b0100));
//! # Ok::<(), pynq_sim::Error>(())
//! ```

mod access;
mod block;
mod builder;
mod events;
mod execution;
mod inputs;
mod links;
mod memory;
mod names;
mod reload;
mod space;
mod stimulus;
mod streams;
mod timing;
mod trace;
mod triggers;
mod vcd;
mod wires;

use alloc::{
    boxed::Box,
    collections::{BTreeMap, VecDeque},
    string::String,
    vec::Vec,
};
use core::fmt;
use pynq_core::Instant;

pub use access::{Access, BusError, BusErrorKind, Width};
pub use builder::FabricBuilder;
pub use execution::{Execution, Unmade};
pub use inputs::Trigger;
pub use memory::Unbacked;
pub use space::{PROCESSOR, SpaceId};
pub use stimulus::Stimulus;
pub use streams::StreamFault;
pub use timing::BusTiming;
pub use trace::{TraceEntry, TraceEvent};

pub(crate) use builder::last_address;
pub(crate) use inputs::Input;

use block::Block;
use events::Events;
use memory::Memory;
use space::Space;
use timing::Timing;
use trace::Tracer;
use triggers::OnAccess;
use wires::{Hop, Late, Load, Wire};

/// A change of an output that the outside world sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputChange {
    /// When.
    pub time: Instant,
    /// The block's path.
    pub path: String,
    /// The port's name.
    pub port: String,
    /// The channel of pins, counted from 1; 0 for a block that has none.
    pub channel: u8,
    /// The new levels, bit by bit.
    pub value: u32,
}

/// Something happened again and again at one instant, so that time could not go on. It was stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stuck {
    /// When.
    pub time: Instant,
    /// The block's path, the interrupt lines, or what else it was.
    pub what: String,
    /// What happened.
    pub cause: StuckCause,
}

/// What happened again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StuckCause {
    /// A block or a stimulus had an event. The block does nothing by itself any more until it is reset.
    Event,
    /// The processor took an interrupt whose line stayed active: no driver clears the device. Waits on it end with
    /// [`NeverCleared`](pynq_core::Error::NeverCleared) until the board is reloaded.
    Interrupt {
        /// The interrupt's number.
        id: u32,
        /// How often it was taken.
        services: u32,
    },
}

impl Stuck {
    pub(crate) fn new(time: Instant, what: impl Into<String>) -> Self {
        Self { time, what: what.into(), cause: StuckCause::Event }
    }
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time, what, cause } = self;
        match cause {
            StuckCause::Event => {
                write!(f, "{what} had an event at {time} again and again, and was stopped; its next one must be later")
            }
            StuckCause::Interrupt { id, services } => write!(
                f,
                "{what} stayed active at {time} while the processor took interrupt {id} {services} times; the driver of that block \
                 does not clear it before the next wait, or its `clears_on_ack` names a line that the acknowledge does not clear",
            ),
        }
    }
}

/// What came of a call, in the order in which it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The processor took an interrupt: its number, and its index among the inputs.
    Interrupt(u32, usize),
    /// An output that the outside world sees changed.
    Output(OutputChange),
    /// An access misbehaved.
    BusError(BusError),
    /// Something was stopped because it did not let time go on.
    Stuck(Stuck),
}

/// Programmable logic: see the [module](self).
#[derive(Default)]
pub struct Fabric {
    now: Instant,
    blocks: Vec<Block>,
    names: BTreeMap<String, usize>,
    spaces: Vec<Space>,
    memories: Vec<Memory>,
    wires: Vec<Wire>,
    wire_names: BTreeMap<String, usize>,
    /// The wire that ends at an input.
    loads: BTreeMap<Load, usize>,
    /// What is on its way along wires and links.
    queue: VecDeque<Hop>,
    events: Events,
    /// How far a processor may move the clock by itself.
    limit: Instant,
    inputs: Vec<Input>,
    /// The blocks on each clock, by the pin that drives it.
    clocks: BTreeMap<String, Vec<usize>>,
    changes: Vec<Change>,
    tracer: Tracer,
    triggers: Vec<OnAccess>,
    injected_errors: BTreeMap<u64, usize>,
    timing: Option<Box<Timing>>,
    oscillations: u64,
    /// Interrupts taken at this instant since anything but an interrupt controller changed.
    unserved: u32,
}

impl fmt::Debug for Fabric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fabric").field("now", &self.now).field("blocks", &self.blocks.len()).finish_non_exhaustive()
    }
}

impl Fabric {
    /// The time now.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The changes since the last call of this.
    #[must_use]
    pub fn take_changes(&mut self) -> Vec<Change> {
        core::mem::take(&mut self.changes)
    }

    #[inline]
    pub(crate) fn has_changes(&self) -> bool {
        !self.changes.is_empty()
    }

    /// As [`take_changes`](Self::take_changes), into a list that is reused.
    pub(crate) fn swap_changes(&mut self, list: &mut Vec<Change>) {
        core::mem::swap(&mut self.changes, list);
    }

    /// How often a stimulus was cut short because the wires kept changing without end.
    #[must_use]
    pub const fn oscillations(&self) -> u64 {
        self.oscillations
    }
}
