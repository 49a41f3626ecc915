//! Drivers for the AXI IP blocks of Zynq designs, async and blocking, over any pynq backend.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

pub mod axi_gpio;
mod input;
mod led;
mod level;
mod rgb_led;

pub use axi_gpio::{AxiGpio, AxiGpioConfig, AxiGpioHandle, AxiGpioHardware, AxiGpioNode};
pub use input::{Button, Switch};
pub use led::Led;
pub use level::{Edge, Level};
pub use rgb_led::{Color, RgbLed};
