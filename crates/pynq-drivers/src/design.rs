//! What is counted at compile time on the blocks of a generated design: pins, slices and channels.
//!
//! Any [driver](pynq_core::Driver) works on the types that the code generator of `pynq-hwh` writes;
//! [`pynq_core::design`] says how. The functions here know besides how many pins and channels a block has: numbers are type
//! arguments and are compared with what the block was built with when the program is built (`cargo check` does not get that
//! far, `cargo build` does).
//!
//! # Example
//!
//! The button and the LED that a handoff file describes, on the simulated board of that file. On hardware, another
//! [`Platform`](pynq_core::design::Platform) takes the place of the board.
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//!
//! use pynq_core::{design::{AxiIntcBlock, Platform}, interrupt::StdLock};
//! use pynq_drivers::{AxiGpio, Level, design::channel1};
//! # use pynq_sim::Board;
//!
//! // In a program: include!(concat!(env!("OUT_DIR"), "/buttons.rs"));
//! include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../pynq-hwh/fixtures/pynq-z2-buttons.rs"));
//! use buttons::{BtnsGpio, LedsGpio, SystemInterrupts, btns_gpio, system_interrupts};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../pynq-hwh/fixtures/pynq-z2-buttons.hwh"));
//! # let board = Board::from_design(&pynq_hwh::Design::parse(text)?)?;
//! let root = board.source(system_interrupts::Irq)?;
//! let intc = SystemInterrupts.node(board.map(SystemInterrupts)?, StdLock::new(), root)?.map(Arc::pin);
//!
//! let line = intc.line(btns_gpio::Ip2intcIrpt);
//! let buttons = board.map(BtnsGpio)?.node::<AxiGpio, _, _, _>(StdLock::new(), line)?.map(Arc::pin);
//! let leds = board.map(LedsGpio)?.node_without_interrupt::<AxiGpio, _>(StdLock::new())?.map(Arc::pin);
//!
//! let button = channel1(&buttons)?.button::<3>()?;
//! let led = channel1(&leds)?.led::<0>()?;
//!
//! board.after(Duration::from_millis(20), |board| board.press("btns_gpio", 3).expect("there is such a button"));
//! button.wait_for_level(Level::High)?;
//! led.on()?;
//! # assert_eq!(board.output("leds_gpio", 1)?, 1);
//! # Ok(())
//! # }
//! ```

mod channel;
#[cfg(doctest)]
mod forbidden;
mod timer;

pub use channel::{DesignChannel, channel1, channel2};
pub use timer::{pwm, timer_channel};
