//! Drivers against QEMU's device models, from a host program.
//!
//! QEMU has models of its own of an AXI INTC, an AXI timer, a UART Lite and a Quad SPI, written independently of the
//! drivers. Its qtest protocol reads and writes their registers from outside, in lines of text. [`Qtest`] is such a
//! connection, with the process at its other end; [`QtestWindow`] is the [`Mmio`](pynq_core::Mmio) that drivers access,
//! and [`QtestPin`] the [`InterruptSource`](pynq_core::interrupt::InterruptSource) that the interrupt engine sits on. No
//! program runs in the machine: the driver and its tests are the host's.
//!
//! [`MicroBlazeV`] and [`Ml605`] start machines of which all the parts are known. Any other does as well, see [`Qtest::start`].
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use pynq_core::{AxiIntc, AxiIntcConfig, AxiIntcHardware, axi_intc_node, interrupt::StdLock};
//! use pynq_qtest::{MicroBlazeV, Time};
//!
//! let board = MicroBlazeV::start("qemu-system-riscv32", Time::Stands, &[])?;
//! let hardware = AxiIntcHardware::new(board.intc(), AxiIntcConfig::new(32, MicroBlazeV::KIND_OF_INTR))?;
//! let intc = AxiIntc::new(Arc::pin(axi_intc_node(StdLock::new(), hardware, board.cpu_pin())));
//! let mut line = intc.line(7)?;
//! board.set_intc_input(7, true)?;
//! line.wait_until(board.qtest().after(std::time::Duration::from_secs(10)))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Time
//!
//! The time of the emulated machine is the host's, or stands still: over this protocol a stock QEMU can't be made to
//! let some pass. So tests of timers have to wait for them, and must not depend on how long that takes.
//!
//! # Faithfulness
//!
//! QEMU's models depart from the hardware in many ways. A driver that passes here has met a second opinion and no more;
//! the book has a table of the differences.
#![deny(unsafe_code)]

#[allow(unsafe_code)] // implements Mmio, whose contract is unsafe
mod emulated_window;
mod error;
mod machine;
mod ml605;
mod pin;
mod process;
mod wires;

pub use emulated_window::QtestWindow;
pub use error::Error;
pub use machine::{MicroBlazeV, Time};
pub use ml605::{Ml605, Watch};
pub use pin::QtestPin;
pub use process::{Command, Qtest};
