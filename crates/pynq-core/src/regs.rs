//! Register maps that read like the data sheet and compile to plain loads and stores.
//!
//! A register that clears what you write, or toggles it, or forgets what you read, looks like a word of memory and is
//! none. Treating one like memory (`*isr |= 1`) loses events, so here the access kind is part of a register's type and
//! an operation exists only where the hardware has it:
//!
//! | kind | read | write | typical |
//! | --- | --- | --- | --- |
//! | [`Ro`] | `read` | | status, identification |
//! | [`Rw`] | `read` | `write`, `modify` | control, enables |
//! | [`Rwh`] | `read` | `write` | values that hardware changes as well, pins |
//! | [`Wo`] | | `write` | FIFO inputs, keys |
//! | [`W1c`] | `read` | `clear` | interrupt status |
//! | [`W1s`] | `read` | `set` | requests that hardware takes back |
//! | [`Toggle`] | `read` | `toggle` | interrupt status of AXI GPIO, IIC and SPI |
//! | [`Cor`] | `take` | | status cleared by its read, FIFO outputs |
//! | [`RwCor`] | `take` | `write` | control with a status that its read clears |
//! | [`WoClear`], [`WoSet`] | | `clear`, `set` | strobes that change another register |
//! | [`RwW1c`] | `read` | `write`, `modify`, `clear` | control with a status that a 1 clears |
//!
//! `modify` is two accesses, between which another task could write. It is therefore found only on the view that
//! [`exclusive`](RegisterBlock::exclusive) gives, which takes the map by `&mut`: the owner's, or a lock guard's.
//!
//! ```
//! use pynq_core::regs::{Ro, Rw, W1c};
//!
//! pynq_core::register_bits! {
//!     /// Events of a thermometer.
//!     pub struct Events {
//!         /// The temperature passed the limit.
//!         const LIMIT = 1 << 0;
//!         /// How often since the last look.
//!         const COUNT = 0xFF << 8;
//!     }
//! }
//!
//! pynq_core::register_map! {
//!     /// A thermometer.
//!     pub struct ThermometerRegisters, size 0x10 {
//!         /// Temperature in millikelvin.
//!         0x00 => temperature: Ro<u32>,
//!         /// Temperature at which [`Events::LIMIT`] is set, in millikelvin.
//!         0x04 => limit: Rw<u32>,
//!         /// What happened.
//!         0x0C => events: W1c<Events>,
//!     }
//! }
//!
//! fn raise_limit<M: pynq_core::Mmio>(window: M) -> Result<(), pynq_core::regs::WindowTooSmall> {
//!     let mut thermometer = ThermometerRegisters::new(window)?;
//!     if thermometer.events().read().contains(Events::LIMIT) {
//!         thermometer.exclusive().limit().modify(|limit| limit + 1_000);
//!         thermometer.events().clear(Events::LIMIT);
//!     }
//!     Ok(())
//! }
//!
//! assert_eq!(ThermometerRegisters::REGISTERS[2].offset, 0x0C);
//! assert_eq!(ThermometerRegisters::REGISTERS[2].decode(0x301).to_string(), "0x00000301 (LIMIT | COUNT=3)");
//! ```
#![deny(unsafe_code)]

#[allow(unsafe_code)] // the register access layer
mod block;
mod info;
mod kinds;
mod macros;
mod value;

#[cfg(doctest)]
mod forbidden;
#[cfg(test)]
mod tests;

pub use block::{Exclusive, Register, RegisterArray, RegisterBlock, WindowTooSmall};
pub use info::{Access, Decoded, FieldInfo, ReadAccess, RegisterInfo, RegisterMap, WriteAccess};
#[doc(hidden)]
pub use info::{check, dump};
pub use kinds::{
    AccessKind, CanClear, CanModify, CanRead, CanSet, CanTake, CanToggle, CanWrite, Cor, Ro, Rw, RwCor, RwW1c, Rwh,
    Toggle, W1c, W1s, Wo, WoClear, WoSet,
};
pub use value::RegisterValue;
