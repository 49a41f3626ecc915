//! PYNQ's I/O processors: a small MicroBlaze with memory that the processor reaches, too.
//!
//! Four things tie one to the processing system: a window onto its memory, a line that holds it in reset, an interrupt from a
//! flip-flop that its program sets, and a line that clears the flip-flop. The interrupt is an edge at the controller, and
//! none follows before the flip-flop was cleared; a wait clears it before it returns, hence before the program looks at
//! what it was woken for, so that a request from then on is a new edge.
//!
//! The two sides talk through memory. [`Mailbox`] is PYNQ's classic protocol: arguments, a command word that the program
//! clears when it is done, results. [`IopBus`] is the protocol of its program `mailbox`, which reads and writes the
//! peripherals of the I/O processor. [`pmod`] has the commands of some of its other programs as functions. [`StreamReader`] and [`StreamWriter`] are its standard output and input.
//!
//! The document is PYNQ's own code; addresses and wires come from the design.
//!
//! # Example
//!
//! ```
//! use std::sync::Arc;
//! use pynq_core::{OutputLine, interrupt::{ParentLine, StdLock}};
//! use pynq_drivers::{
//!     PsGpioKind, PsGpioPin,
//!     microblaze::{MicroblazeHardware, Program, PynqMicroblaze, microblaze_node},
//! };
//! # use pynq_sim::Board;
//! # let design = pynq_hwh::Design::parse(include_str!("../../pynq-hwh/fixtures/iop.hwh"))?;
//! # let board = Board::from_design(&design)?;
//! // Line 0 of the extended GPIO holds it in reset.
//! let reset = PsGpioPin::emio(board.window("ps7_0/gpio")?, PsGpioKind::Zynq7000, 0)?;
//! reset.make_output(true);
//! let memory = board.window("iop_pmoda/mb_bram_ctrl")?;
//! let hardware = MicroblazeHardware::new(memory, OutputLine::boxed(reset), None)?;
//! let node = microblaze_node(StdLock::new(), hardware, ParentLine::UNWIRED);
//! let iop = PynqMicroblaze::new(Arc::pin(node), None);
//!
//! // bri 0
//! iop.load(&Program::raw(&0xB800_0000_u32.to_le_bytes()))?;
//! assert!(iop.interrupt().is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bus;
mod error;
mod hardware;
mod interrupt;
mod lease;
mod mailbox;
pub mod pmod;
mod processor;
mod program;
mod rpc;
mod streams;

use pynq_core::{
    BlockError,
    interrupt::{InterruptSource, Node, NodeLock},
};

pub use bus::{BusWidth, IopBus};
pub use error::MicroblazeError;
pub use hardware::{MicroblazeHardware, State};
pub use interrupt::MicroblazeInterrupt;
pub use mailbox::Mailbox;
pub use processor::PynqMicroblaze;
pub use program::{Loaded, Program, Segment};
pub use rpc::{Argument, Request, ReturnValue, Rpc};
pub use streams::{StreamReader, StreamWriter};

/// The result of an operation on an I/O processor. The error has its memory's name.
pub type Result<T> = core::result::Result<T, BlockError<MicroblazeError>>;

/// What the macro needs of other crates, so that its users need not depend on them.
#[doc(hidden)]
pub use pynq_core::interrupt::{Wait as RpcWait, Waiting as RpcWaiting};

/// The error of a call.
#[doc(hidden)]
pub type RpcError = BlockError<MicroblazeError>;

/// Where the mailbox begins: a program that is longer overlaps it.
pub const MAILBOX: u32 = 0xF000;

/// The node of an I/O processor, guarded by `L`; blocked calls sleep on `S`.
pub type MicroblazeNode<L, S> = Node<MicroblazeHardware, L, S>;

/// A node over `hardware`, for an `Arc` or a `static`.
///
/// Nothing waits for interrupts at this node: the one of the processor is a line of the controller that it goes to, see
/// [`PynqMicroblaze::new`]. `source` is what blocked calls sleep on and whose clock keeps deadlines: any source of the board,
/// such as a line of that controller.
#[cfg(not(loom))]
pub const fn microblaze_node<L, S>(lock: L, hardware: MicroblazeHardware, source: S) -> MicroblazeNode<L, S>
where
    L: NodeLock + Send + Sync + 'static,
    S: InterruptSource + Send + Sync + 'static,
{
    Node::new(lock, hardware, source)
}
