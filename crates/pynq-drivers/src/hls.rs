//! Accelerators that high-level synthesis made of a C++ function (Vitis and Vivado HLS): arguments by name, and calls that
//! are awaited.
//!
//! The generated control block starts the function and reports two events: *ready*, it has taken its arguments and the next
//! ones may be set, and *done*. Both are causes of one interrupt output, latched only while they are enabled. The end shows
//! in a status bit as well, which a single read consumes; this driver is the one that reads it. Written to AMD's description
//! of the control register block and to the control blocks that several generations of the generator have made: status
//! that toggles on a write or is cleared by a read, and a ready that is a pulse or a latch, are all the same to it.
//!
//! # Arguments
//!
//! Names, offsets and widths come from the handoff file ([`Core`]); which C++ type an argument has, it does not say.
//! So a value is any [`Scalar`] that fits, and a result is read as the type that the function has there: a signed one is
//! extended from the argument's width.
//!
//! # Several tasks, one accelerator
//!
//! Handles are clones and may be used from any task or thread. Calls come one after the other; [`Accelerator::begin_async`]
//! overlaps two. A call that is dropped leaves its run to end by itself, and the next call waits for that.
//!
//! # Example
//!
//! ```
//! use std::sync::Arc;
//!
//! use pynq_core::{Table, interrupt::{Node, StdLock}};
//! use pynq_drivers::hls::{Accelerator, Argument, ControlProtocol, Core, HlsHardware, Place};
//! # use pynq_sim::{Board, models::hls::{HlsModel, HlsParams}};
//! # let params = HlsParams::default().input("a", 32, 0x10).input("b", 32, 0x18).output("c", 32, 0x20);
//! # let adder = HlsModel::new(params, |args, _, _| {
//! #     args.set("c", args.get("a").wrapping_add(args.get("b")));
//! #     100_u64
//! # });
//! # let board = Board::builder().device("adder", 0x4000_0000, 0x1_0000, adder).interrupt("adder/interrupt", 61).build()?;
//! // The facade makes this of the handoff file: overlay.accelerator("adder")?
//! const ARGUMENTS: &[Argument] = &[
//!     Argument::new("a", 32, Place::Input { offset: 0x10 }),
//!     Argument::new("b", 32, Place::Input { offset: 0x18 }),
//!     Argument::new("c", 32, Place::Output { offset: 0x20, valid: Some(0x24) }),
//! ];
//! let core = Core { control: Some(ControlProtocol::Handshake), arguments: Table::new(ARGUMENTS) };
//! let hardware = HlsHardware::new(board.window("adder")?, core)?;
//! let adder = Accelerator::new(Arc::pin(Node::new(StdLock::new(), hardware, board.cpu_pin(61)?)))?;
//!
//! let [sum] = adder.call(&[("a", 40.into()), ("b", (-2).into())], ["c"])?;
//! assert_eq!(sum.to::<i32>()?, 38);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod accelerator;
mod argument;
mod auto_restart;
mod error;
mod generated;
mod hardware;
mod pointer;
mod registers;
mod run;
mod runs;
mod value;

use pynq_core::BlockError;

pub use accelerator::{Accelerator, Output};
pub use argument::{Argument, ControlProtocol, Core, Place};
pub use auto_restart::AutoRestart;
pub use error::{HlsConfigError, HlsError, ShortName};
pub use hardware::HlsHardware;
pub use pointer::{PointerError, Pointers};
pub use registers::{HlsCauses, HlsControl, HlsRegisters};
pub use run::Run;
pub use value::{Kind, Scalar, Value};

/// The interrupt output of the generated control block.
pub const INTERRUPT: &str = "interrupt";

/// The result of an operation on an accelerator. The error has the block's name.
pub type Result<T> = core::result::Result<T, BlockError<HlsError>>;
