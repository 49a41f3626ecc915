//! Parts on an I2C bus, and what a part of your own needs.
//!
//! A part implements [`I2cTarget`], which is about bytes and not about messages; [`Target`] makes a device of it, with an
//! interface `bus` to be joined to a controller's. A thermometer, whole:
//!
//! ```
//! use pynq_core::Instant;
//! use pynq_sim::{
//!     Board,
//!     models::{AxiIicModel, IicParams},
//!     parts::i2c::{I2cAddress, I2cTarget, Target},
//! };
//!
//! /// Answers each read with its temperature in degrees.
//! struct Thermometer(u8);
//!
//! impl I2cTarget for Thermometer {
//!     fn answers(&self, address: I2cAddress) -> bool {
//!         address == I2cAddress::Seven(0x48)
//!     }
//!     fn write(&mut self, _: u8, _: Instant) -> bool {
//!         false // there is nothing to be written
//!     }
//!     fn read(&mut self, _: Instant) -> u8 {
//!         self.0
//!     }
//!     fn set(&mut self, value: u32) {
//!         self.0 = value.try_into().unwrap_or(u8::MAX);
//!     }
//! }
//!
//! let board = Board::builder()
//!     .device("iic", 0x4160_0000, 0x1_0000, AxiIicModel::new(IicParams::default()))
//!     .part("thermometer", Target::new(Thermometer(21)))
//!     .join("iic/IIC", "thermometer/bus")
//!     .build()?;
//! let iic = board.window("iic")?;
//! iic.write(0x100, 1);
//! iic.write(0x108, 0x191); // START, 0x48, read
//! iic.write(0x108, 0x201); // one byte, STOP
//! board.advance(core::time::Duration::from_millis(1));
//! assert_eq!(iic.read(0x10C), 21);
//! # Ok::<(), pynq_sim::Error>(())
//! ```
//!
//! The pins of the port `value` are a number that comes from outside: what a sensor measures, say. Set it by
//! [`Stimulus::Port`](crate::Stimulus::Port).

mod bme280;
mod ds3231;
mod eeprom;
mod lis3dh;
mod probe;
mod rival;
mod ssd1306;
mod target;
mod tmp117;

pub use bme280::Bme280;
pub use ds3231::Ds3231;
pub use eeprom::Eeprom;
pub use lis3dh::Lis3dh;
pub use probe::I2cProbe;
pub use rival::{I2cRival, RivalTransfer};
pub use ssd1306::Ssd1306;
pub use target::{I2cAddress, I2cTarget, Target};
pub use tmp117::Tmp117;
