//! Memory that a block in the logic reads and writes by itself, and the hand-over of it.
//!
//! A bus master knows physical addresses, and on most ports of a Zynq it does not see the processor's caches. So a buffer
//! belongs to the processor or to a device at any time, and its type says to which:
//!
//! * [`DmaBuffer`] is in the processor's hands. It is a slice of `T`: nothing is copied to fill it or to read it.
//! * [`Lent`] is in a device's. There is no way to its contents. It is made of a buffer *by value*, which moves what the
//!   processor wrote out to memory, and [taken back](Lent::take_back) by the driver that knows that the device is done,
//!   which makes the caches forget what they remember of it. Each happens once, for the range that is transferred.
//! * [`SharedWords`] is in the hands of both: words that are written and read in one access each, for descriptors.
//!
//! A driver takes a [`Packet`] by value, that is a buffer, a [`Part`] of one or several of them, and gives it back when the
//! transfer has ended, however it ended. A `Lent` that is dropped leaks its memory: a device may still write to it.
//!
//! Where buffers come from is a [`DmaAllocator`]; what a backend has to implement for one is a [`DmaRegion`]. Programs
//! ask the facade (`overlay.allocate::<i16>(1024)`), which asks its board.
//!
//! ```
//! use pynq_core::dma::{Direction, DmaBuffer, DmaError, Lent, Packet};
//!
//! /// What a driver does with a buffer, if its device is done at once.
//! fn send(mut samples: DmaBuffer<i16>) -> Result<DmaBuffer<i16>, DmaError> {
//!     samples[0] = -1;
//!     samples[1..].fill(7);
//!     let lent = Lent::new(samples, Direction::ToDevice).map_err(|refused| refused.error)?;
//!     let piece = lent.piece(0).ok_or(DmaError::Empty)?;
//!     // For the registers that start the transfer: piece.address, piece.length.
//!     # let _ = piece;
//!     let (samples, synced) = lent.take_back(0);
//!     synced.map(|()| samples)
//! }
//! # let _ = send;
//! ```

#[forbid(unsafe_code)]
mod buffer;
#[forbid(unsafe_code)]
mod error;
#[forbid(unsafe_code)]
mod lent;
#[forbid(unsafe_code)]
mod packet;
#[forbid(unsafe_code)]
mod region;
#[forbid(unsafe_code)]
mod request;
#[forbid(unsafe_code)]
mod shared_words;
#[cfg(test)]
mod tests;

pub use bytemuck::Pod;

pub use buffer::{DmaBuffer, Part};
pub use error::{DmaError, Refused};
pub use lent::Lent;
pub use packet::{Packet, Piece};
pub use region::{DmaAllocator, DmaRegion};
pub use request::{AddressWidth, Direction, DmaRequest};
pub use shared_words::SharedWords;
