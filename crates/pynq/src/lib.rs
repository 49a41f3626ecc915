//! Await the interrupts of programmable logic: overlays, boards, buttons, LEDs and your own IP.
//!
//! ```toml
//! [dependencies]
//! pynq = { version = "0.1", features = ["tokio"] }
//! tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
//! ```
//!
//! A first program. It needs no board and no file: the board is a simulated one.
//!
//! ```
//! # #[cfg(feature = "sim")] mod program {
//! use pynq::prelude::*;
//!
//! #[tokio::main]
//! async fn main() -> pynq::Result<()> {
//!     let base = BaseOverlay::simulated_board(boards::pynq_z2())?;
//!     base.sim_button(0)?.press()?;
//!     base.button(0)?.wait_for_level_async(Level::High).await?;
//!     base.led(0)?.on()?;
//!     println!("LED 0 is {}", if base.led(0)?.is_on()? { "lit" } else { "dark" });
//!     Ok(())
//! }
//! # pub fn run() { main().unwrap() }
//! # }
//! # #[cfg(feature = "sim")] program::run();
//! ```
//!
//! With a handoff file of Vivado's it is [`BaseOverlay::simulated("base.hwh")`](BaseOverlay::simulated), and on a board
//! under Linux, with the feature `uio`, `BaseOverlay::open("base.bit")`: the rest stays the same.
//!
//! The program of PYNQ's asyncio chapter, a task for a button and an LED:
//!
//! ```
//! use pynq::prelude::*;
//!
//! async fn button_to_led(button: Button, led: Led) -> pynq::Result<()> {
//!     loop {
//!         button.wait_for_level_async(Level::High).await?;
//!         led.on()?;
//!         button.wait_for_level_async(Level::Low).await?;
//!         led.off()?;
//!     }
//! }
//!
//! # #[cfg(feature = "sim")] {
//! let base = BaseOverlay::simulated_board(boards::pynq_z2())?;
//! base.sim_button(2)?.at(Instant::from_millis(10)).press()?;
//!
//! // Or under tokio, or smol: button_to_led(..).await
//! let end = base.run(button_to_led(base.button(2)?, base.led(2)?));
//! assert!(end.unwrap_err().is_never_woken(), "nothing more is scheduled on the board");
//! assert!(base.led(2)?.is_on()?);
//! # }
//! # Ok::<(), pynq::Error>(())
//! ```
//!
//! # Names
//!
//! They are PYNQ's where PYNQ has one. A coroutine has the suffix `_async` and its blocking form has none:
//! `button.wait_for_level_async(Level::High).await`, or `button.wait_for_level(Level::High)` with no runtime anywhere.
//! Wherever embedded-hal has a trait for it, the handles implement that too.
//!
//! # Handles
//!
//! Everything an overlay gives out is `Send`, cheap to clone, and may be used from any number of tasks and threads at once:
//! there is one node for each block, which orders what they do. Once the design is replaced all of them answer with errors;
//! see [`Overlay`].
//!
//! # Features
//!
//! | feature | what it is for |
//! | --- | --- |
//! | `sim`, by default | the simulated board: [`Overlay::simulated`], [`Overlay::simulated_board`] |
//! | `uio` | a board under Linux: `Overlay::open`, `attach`, `LinuxOptions` |
//! | `tokio` | [`pynq-tokio`]: tokio's clock, a blocking call aside; with `uio`, its reactor |
//! | `smol` | [`pynq-smol`]: the same of smol |
//!
//! All of them only add, and may be on at once. A program for the board alone is built without the simulator:
//! `default-features = false, features = ["uio", "tokio"]`. On a simulated board no feature is needed to await interrupts under whatever runtime, several at once included. On a
//! real one a thread has to wait for the kernel: a blocked thread does so, and async waits need the feature of their
//! runtime, or a reactor that is given to [`LinuxOptions::reactor`](https://docs.rs/pynq).
//!
//! [`pynq-tokio`]: https://docs.rs/pynq-tokio
//! [`pynq-smol`]: https://docs.rs/pynq-smol
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod accelerator;
mod backend;
pub mod boards;
mod clock;
mod contents;
mod driver;
mod error;
mod hdmi;
mod hierarchy;
mod interrupt;
#[cfg(all(feature = "uio", target_os = "linux"))]
#[cfg_attr(docsrs, doc(cfg(feature = "uio")))]
mod linux;
mod loaded;
mod memory;
mod microblaze;
mod mmio;
mod overlay;
mod pl_clocks;
pub mod prelude;
pub mod registers;
mod running;
#[cfg(feature = "sim")]
mod simulated;
mod statistics;

pub use backend::Window;
pub use boards::BaseOverlay;
pub use clock::{BoardClock, Sleep};
pub use driver::DriverContext;
pub use error::{Error, Result};
#[cfg(feature = "embedded-graphics")]
pub use hdmi::Canvas;
pub use hdmi::{HdmiError, HdmiInput, HdmiOutput};
pub use hierarchy::{HierarchyContext, HierarchyDriver, Member, MissingMember};
pub use interrupt::{Interrupt, InterruptWait};
#[cfg(all(feature = "uio", target_os = "linux"))]
pub use linux::LinuxOptions;
pub use memory::{Plain, SharedMemory};
pub use microblaze::{MicroblazePart, MicroblazeProgram, MicroblazeWiring, ProgramError};
pub use mmio::MmioWindow;
pub use overlay::Overlay;
pub use pl_clocks::{Clocks, Warning};
pub use registers::Registers;
pub use statistics::Statistics;

pub use pynq_core::dma::{AddressWidth, DmaBuffer, DmaError, DmaRequest, Pod};
pub use pynq_core::pl_clocks::{PlClock, PlClockError};
pub use pynq_core::{self as core, Clock, Instant, driver_error, latched_lines, register_bits, register_map};
pub use pynq_core::{
    BlockError, Driver,
    interrupt::{Deadline, Wait, Waiting},
};
/// The drivers, with all that belongs to each of them.
pub use pynq_drivers as drivers;
pub use pynq_drivers::{
    AxiDma, AxiGpio, AxiIic, AxiQuadSpi, AxiTimer, AxiUartLite, AxiVdma, Button, Color, Edge, Led, Level, RgbLed,
    Switch,
    axi_dma::{AxiDmaError, DmaChannel, DmaFault, TransferError, Transferred},
    axi_gpio::{AxiGpioError, Channel, ChannelDirection, Direction, Pin, Slice},
    axi_iic::{AxiIicError, IicAddress},
    axi_quad_spi::AxiQuadSpiError,
    axi_timer::{AxiTimerError, TimerChannel},
    axi_uartlite::AxiUartLiteError,
    axi_vdma::{AxiVdmaError, Frame, FrameBuffers, FrameFormat, VideoInput, VideoOutput},
    hls::{Accelerator, HlsError},
};
pub use pynq_hwh as hwh;
#[cfg(feature = "sim")]
pub use pynq_sim as sim;
#[cfg(feature = "smol")]
pub use pynq_smol as smol;
#[cfg(feature = "tokio")]
pub use pynq_tokio as tokio;
#[cfg(all(feature = "uio", target_os = "linux"))]
pub use pynq_uio as uio;
