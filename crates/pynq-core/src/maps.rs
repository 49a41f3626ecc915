//! Register maps of the IP blocks that have a driver, from their data sheets.
//!
//! The simulator's models have their offsets from the data sheets as well and not from here: what a driver and its model
//! share, no test of the one against the other can find wrong.
//!
//! Each is laid over a window by `new` and used through its accessors; [`regs`](crate::regs) says how.
#![forbid(unsafe_code)]

mod axi_gpio;
mod axi_intc;
mod axi_timer;
mod axi_uartlite;

pub use axi_gpio::{AxiGpioRegisters, Channels, GlobalInterruptEnable};
pub use axi_intc::{AxiIntcRegisters, AxiIntcVectorRegisters, MasterEnable};
pub use axi_timer::{AxiTimerRegisters, TimerControl};
pub use axi_uartlite::{AxiUartLiteRegisters, UartControl, UartStatus};
