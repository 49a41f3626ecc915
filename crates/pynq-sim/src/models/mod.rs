//! Models of the IP blocks, as plain state machines.

pub mod axi_gpio;
pub mod axi_intc;
mod registers;

pub use axi_gpio::{AxiGpioModel, GpioChannel, GpioParams};
pub use axi_intc::{AxiIntcModel, IntcParams};
pub use registers::RegisterModel;
