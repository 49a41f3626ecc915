//! Readers of the two files that Vivado makes of a block design: the hardware handoff (`.hwh`) and the bitstream (`.bit`).
//!
//! A [`Design`] knows which IP blocks the processor can address and where, how every interrupt output reaches the
//! processor, what the processor's extended GPIO controls, and the clocks. It is read in one pass, from files of Vivado
//! 2016 and later; a file that is damaged, or of another kind, gives an [`Error`] that names the place.
//!
//! ```
//! use pynq_hwh::{Design, LineKind};
//!
//! # let text = include_str!("../fixtures/pynq-z2-buttons.hwh");
//! let design = Design::parse(text)?; // or Design::read("base.hwh")
//!
//! let buttons = design.ip_block("btns_gpio")?;
//! assert_eq!((buttons.base, buttons.size), (0x4121_0000, 0x1_0000));
//! assert_eq!(buttons.parameters.integer("C_GPIO_WIDTH")?, 4);
//!
//! let chain = design.interrupt("btns_gpio/ip2intc_irpt")?;
//! assert_eq!(chain.ps_irq, Some(61));
//! assert_eq!(chain.hops[0].controller, "system_interrupts");
//! assert_eq!(chain.hops[0].kind, LineKind::Edge);
//! # Ok::<(), pynq_hwh::Error>(())
//! ```
//!
//! A [`Bitstream`] knows its header, its part, and how to become what Linux wants to be given:
//!
//! ```no_run
//! use pynq_hwh::{Bitstream, Design};
//!
//! let bitstream = Bitstream::read("base.bit")?;
//! bitstream.check_part(&Design::read("base.hwh")?)?;
//! let firmware = bitstream.to_firmware();
//! # Ok::<(), pynq_hwh::Error>(())
//! ```
#![forbid(unsafe_code)]

mod address_space;
mod bitstream;
mod buses;
mod cells;
mod clocks;
pub mod codegen;
mod comparison;
mod design;
mod error;
mod escape;
mod file;
mod gates;
mod hls;
mod interrupts;
mod limits;
mod memory_map;
mod netlist;
mod number;
mod overlay_files;
mod parameters;
mod platform;
mod processor_gpio;
mod raw;
mod registers;
mod soft_processor;
mod storage;
mod suggest;
mod trace;
mod warning;
mod wires;
mod wiring;
mod xml;

pub use address_space::{AddressRange, AddressSpace};
pub use bitstream::{Bitstream, BitstreamForm, BitstreamHeader};
pub use buses::{Bus, BusInterface, BusRole};
pub use cells::Cell;
pub use clocks::Clock;
pub use comparison::{Compared, Verdict};
pub use design::{Design, Hierarchy, SourceInfo};
pub use error::{Error, Place, Result};
pub use escape::{escaped, is_invisible};
pub use gates::{GateKind, Polarity};
pub use hls::{HlsArgument, HlsControl, HlsCore, HlsPlace};
pub use interrupts::{
    BlockedPin, Controller, Gate, GateInput, Hop, InterruptChain, InterruptPin, Interrupts, LineKind, ProcessorLine,
    Source,
};
pub use memory_map::IpBlock;
pub use overlay_files::{OverlayFile, OverlayFiles};
pub use parameters::{BuiltParameters, Parameters};
pub use platform::{Family, Processor};
pub use processor_gpio::ProcessorGpio;
pub use registers::{Access, Field, ModifiedWrite, ReadAction, Register};
pub use soft_processor::SoftProcessor;
pub use storage::{Storage, StorageWindow};
pub use warning::{Warning, WarningKind};
pub use wires::{Wire, WireKind};
