//! A packet in a device's hands.

use core::{fmt, mem::ManuallyDrop};

use super::{Direction, DmaError, Packet, Piece, Refused};

/// A packet in a device's hands: the processor has no way to its contents until the driver takes it back.
///
/// For authors of drivers. A driver makes one before it tells its device an address, and [takes it back](Self::take_back)
/// when the device has let go of the memory, which only the driver knows: because it said that it is done, or was
/// stopped. A `Lent` that is dropped leaks its memory for good, since the device may still write to it; a driver says so
/// in its error.
///
/// ```
/// use pynq_core::dma::{Direction, DmaBuffer, Lent, Packet};
///
/// # fn demo(buffer: DmaBuffer<u32>) -> Result<(), pynq_core::dma::DmaError> {
/// let lent = Lent::new(buffer, Direction::FromDevice).map_err(|refused| refused.error)?;
/// // The device receives 8 bytes, and says so.
/// let (buffer, synced) = lent.take_back(8);
/// synced?;
/// println!("{:?}", &buffer[..2]);
/// # Ok(())
/// # }
/// ```
///
/// What is lent can't be looked at:
///
/// ```compile_fail,E0608
/// # use pynq_core::dma::{DmaBuffer, Lent};
/// fn peek(lent: &Lent<DmaBuffer<u32>>) -> u32 {
///     lent[0]
/// }
/// ```
pub struct Lent<P> {
    packet: ManuallyDrop<P>,
    direction: Direction,
}

impl<P: Packet> Lent<P> {
    /// Hands `packet` over, for a transfer in this direction.
    ///
    /// # Errors
    ///
    /// What the system has to say, with the packet.
    pub fn new(mut packet: P, direction: Direction) -> Result<Self, Refused<P>> {
        match packet.hand_over(direction) {
            Ok(()) => Ok(Self { packet: ManuallyDrop::new(packet), direction }),
            Err(error) => Err(Refused { packet, error }),
        }
    }

    /// Takes the packet back. The device may have written its first `length` bytes; `usize::MAX` if that is not known.
    ///
    /// The error is the system's, which could not make the processor see what the device wrote.
    pub fn take_back(self, length: usize) -> (P, Result<(), DmaError>) {
        let mut packet = ManuallyDrop::into_inner(self.packet);
        let synced = packet.take_back(self.direction, length);
        (packet, synced)
    }

    /// Which way the data goes.
    pub const fn direction(&self) -> Direction {
        self.direction
    }

    /// How many pieces it has.
    pub fn piece_count(&self) -> usize {
        self.packet.piece_count()
    }

    /// The piece with this number, from 0 on.
    pub fn piece(&self, index: usize) -> Option<Piece> {
        self.packet.piece(index)
    }

    /// How many bytes it has in all.
    pub fn byte_len(&self) -> usize {
        self.packet.byte_len()
    }
}

impl<P: Packet> fmt::Debug for Lent<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lent")
            .field("direction", &self.direction)
            .field("bytes", &self.byte_len())
            .finish_non_exhaustive()
    }
}
