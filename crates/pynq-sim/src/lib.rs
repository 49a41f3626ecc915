//! A simulated Zynq board, built from the design's own handoff file, with a virtual clock, faults and traces.
//!
//! A [`Board`] is programmable logic as the processor sees it: blocks of registers at addresses, whose interrupts reach
//! the CPU through the design's own wiring. Its [models] are faithful at register level, including the traps: a
//! driver that acknowledges in the wrong order fails here as it would on the bench. A [`CpuPin`] is the
//! [`InterruptSource`](pynq_core::interrupt::InterruptSource) that the interrupt engine sits on, a [`Window`] the
//! [`Mmio`](pynq_core::Mmio) that drivers access, [`SimClock`] their clock.
//!
//! ```
//! use core::{future::poll_fn, time::Duration};
//! use pynq_core::{Clock, interrupt::InterruptSource};
//! use pynq_sim::{
//!     Board,
//!     models::{AxiGpioModel, AxiIntcModel, GpioChannel, GpioParams, IntcParams},
//! };
//!
//! let buttons = GpioParams { channel1: GpioChannel::inputs(4), interrupt_present: true, ..Default::default() };
//! let leds = GpioParams { channel1: GpioChannel::outputs(4), ..Default::default() };
//! let board = Board::builder()
//!     .device("intc", 0x4180_0000, 0x1_0000, AxiIntcModel::new(IntcParams { inputs: 1, ..Default::default() }))
//!     .device("btns_gpio", 0x4120_0000, 0x1_0000, AxiGpioModel::new(buttons))
//!     .device("leds_gpio", 0x4121_0000, 0x1_0000, AxiGpioModel::new(leds))
//!     .wire("btns_gpio/ip2intc_irpt", "intc/intr[0]")
//!     .interrupt("intc/irq", 61)
//!     .build()?;
//!
//! // The stimulus: button 2 is pressed, half a second from now.
//! board.after(Duration::from_millis(500), |board| board.press("btns_gpio", 2).unwrap());
//!
//! // The program: enable the interrupt from the device up, wait for it, light the LED for a second.
//! let (intc, buttons, leds) = (board.window("intc")?, board.window("btns_gpio")?, board.window("leds_gpio")?);
//! buttons.write(0x128, 1);
//! buttons.write(0x11C, 1 << 31);
//! intc.write(0x08, 1);
//! intc.write(0x1C, 3);
//! let (pin, clock) = (board.cpu_pin(61)?, board.clock());
//! board.block_on(async {
//!     poll_fn(|cx| core::pin::Pin::new(&pin).poll_fired(cx)).await.unwrap();
//!     leds.write(0x0, buttons.read(0x0));
//!     clock.sleep(Duration::from_secs(1)).await;
//!     leds.write(0x0, 0);
//! }).unwrap();
//!
//! let log: Vec<_> = board.output_log().iter().map(|change| (change.time.as_millis(), change.value)).collect();
//! assert_eq!(log, [(500, 0b0100), (1500, 0)]);
//! # Ok::<(), pynq_sim::Error>(())
//! ```
//!
//! # Time
//!
//! Time is virtual, and moves only when the board is *settled*: every task that it woke has been polled and waits again.
//! So a script of [stimuli](Board::at) gives the same log under every runtime and at any speed of the machine. The clock is
//! moved by the code that waits:
//!
//! * a call that blocks: [`Board::block_on`], or a driver's blocking form (any number of threads at once);
//! * [`Board::run`], [`Board::run_until_idle`] or [`Board::drive`], futures that the program polls next to its tasks;
//! * a test, explicitly: [`Board::advance`];
//! * a thread of the board's own, if [enabled](Board::set_automatic), for programs that only await. The facade enables
//!   it.
//!
//! The engine reports every waiter it wakes to the board. Work that the board can't see by itself is reported by
//! [`Board::track`], which wraps a task, or by a [`Board::busy`] guard. A task that was woken for an event and then
//! neither waits on the board again nor is tracked is taken to be gone after a [grace](Board::set_grace).
//!
//! # Stimuli, faults, traces
//!
//! All of it is there for users to test *their* drivers with: pins and lines ([`Board::input`], [`Board::set_line`],
//! [`Board::pulse_line`], [`Board::serial_input`]), faults and races ([`Board::lose_edge`], [`Board::in_acknowledge`], [`Board::before_access`],
//! [`Board::inject_bus_errors`], [`CpuPin::fire_spuriously`], [`CpuPin::fail`]), what the LEDs did
//! ([`Board::output_log`], [`Board::on_output`]), and a trace of accesses and wires ([`Board::trace`]), also as a file
//! for GTKWave ([`Board::vcd`]). An access that misbehaves reads all ones, is recorded with its caller, and makes the drop
//! of the board panic, unless it was [announced](Board::expect_bus_error).
//!
//! # Features
//!
//! * `std` (default): blocking threads, real-time mode, panics on forgotten bus errors. Without it the crate needs an
//!   allocator, and an implementation of `critical-section` from the application.
//! * `hwh`: boards from handoff files (`Board::from_design`).
//! * `microblaze`: the MicroBlazes of a design execute their programs; without it their peripherals are there alone.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod blocking;
mod board;
mod clock;
#[cfg(feature = "hwh")]
mod design;
pub mod device;
mod dma;
mod error;
pub mod fabric;
pub mod models;
#[cfg(feature = "std")]
mod mover;
mod parker;
pub mod parts;
mod pin;
#[cfg(not(loom))]
mod platform;
mod run;
pub mod script;
mod settle;
mod sync;
#[cfg(feature = "std")]
mod threads;
mod timeline;
mod track;
#[allow(unsafe_code)] // implements Mmio, whose contract is unsafe
mod window;

pub use board::{Board, BoardBuilder};
pub use clock::{SimClock, SimSleep};
#[cfg(feature = "hwh")]
#[cfg_attr(docsrs, doc(cfg(feature = "hwh")))]
pub use design::Models;
pub use device::Device;
pub use dma::{SimDmaBuffer, SimDmaMemory};
pub use error::Error;
pub use fabric::{
    Access, BusError, BusErrorKind, BusTiming, OutputChange, Stimulus, StreamFault, Stuck, StuckCause, TraceEntry,
    TraceEvent, Trigger, Unbacked, Width,
};
pub use pin::CpuPin;
pub use run::{Drive, Run, RunUntilIdle, RunWith};
pub use track::{Busy, Track};
pub use window::Window;
