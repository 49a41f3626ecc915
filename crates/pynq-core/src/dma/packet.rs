//! What is handed to a device in one go: a buffer, a part of one, or several.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use super::{Direction, DmaBuffer, DmaError, Part};

/// A range that is contiguous for a bus master.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Piece {
    /// Where it begins, as the bus master sees it.
    pub address: u64,
    /// How many bytes it has.
    pub length: usize,
}

/// What a driver takes for a transfer, and gives back: a [`DmaBuffer`], a [`Part`] of one, or several of them, in order, in an
/// array or a `Vec`.
///
/// Only types of this module are packets, since a packet must not give a way to its memory while it is
/// [lent](super::Lent).
pub trait Packet: sealed::HandOver {
    /// How many pieces it has.
    fn piece_count(&self) -> usize;

    /// The piece with this number, from 0 on.
    fn piece(&self, index: usize) -> Option<Piece>;

    /// How many bytes it has in all.
    fn byte_len(&self) -> usize {
        (0..self.piece_count())
            .filter_map(|index| self.piece(index))
            .fold(0, |sum, piece| sum.saturating_add(piece.length))
    }
}

pub(super) mod sealed {
    use super::{Direction, DmaError};

    /// The hand-over of all pieces.
    pub trait HandOver {
        /// Before a transfer. If a piece can't be handed over, none is.
        fn hand_over(&mut self, direction: Direction) -> Result<(), DmaError>;

        /// After a transfer, by which the first `length` bytes may have changed; the whole, if that is not known.
        fn take_back(&mut self, direction: Direction, length: usize) -> Result<(), DmaError>;
    }
}

impl<T> Packet for DmaBuffer<T> {
    fn piece_count(&self) -> usize {
        1
    }

    fn piece(&self, index: usize) -> Option<Piece> {
        (index == 0).then(|| Piece { address: self.physical_address(), length: self.byte_len() })
    }
}

impl<T> sealed::HandOver for DmaBuffer<T> {
    fn hand_over(&mut self, direction: Direction) -> Result<(), DmaError> {
        self.sync_for_device(0..self.byte_len(), direction)
    }

    fn take_back(&mut self, direction: Direction, length: usize) -> Result<(), DmaError> {
        self.sync_for_cpu(0..length.min(self.byte_len()), direction)
    }
}

impl<T> Packet for Part<T> {
    fn piece_count(&self) -> usize {
        1
    }

    fn piece(&self, index: usize) -> Option<Piece> {
        (index == 0).then(|| Piece { address: self.physical_address(), length: self.bytes().len() })
    }
}

impl<T> sealed::HandOver for Part<T> {
    fn hand_over(&mut self, direction: Direction) -> Result<(), DmaError> {
        let bytes = self.bytes();
        self.buffer.sync_for_device(bytes, direction)
    }

    fn take_back(&mut self, direction: Direction, length: usize) -> Result<(), DmaError> {
        let bytes = self.bytes();
        self.buffer.sync_for_cpu(bytes.start..bytes.start + length.min(bytes.len()), direction)
    }
}

impl<P: Packet> Packet for [P] {
    fn piece_count(&self) -> usize {
        self.iter().map(Packet::piece_count).sum()
    }

    fn piece(&self, index: usize) -> Option<Piece> {
        let mut index = index;
        for packet in self {
            let count = packet.piece_count();
            if index < count {
                return packet.piece(index);
            }
            index -= count;
        }
        None
    }
}

impl<P: Packet> sealed::HandOver for [P] {
    fn hand_over(&mut self, direction: Direction) -> Result<(), DmaError> {
        for index in 0..self.len() {
            let Err(error) = self[index].hand_over(direction) else { continue };
            // Nothing was transferred, and an error of this is no news.
            let _ = self[..index].iter_mut().try_for_each(|packet| packet.take_back(direction, usize::MAX));
            return Err(error);
        }
        Ok(())
    }

    fn take_back(&mut self, direction: Direction, length: usize) -> Result<(), DmaError> {
        let mut left = length;
        let mut result = Ok(());
        for packet in self {
            let taken = left.min(packet.byte_len());
            left -= taken;
            // Those behind a piece that can't be synced are synced all the same.
            result = result.and(packet.take_back(direction, taken));
        }
        result
    }
}

macro_rules! as_slice {
    ($([$($generic:tt)*] $packet:ty),* $(,)?) => {$(
        impl<P: Packet $($generic)*> Packet for $packet {
            fn piece_count(&self) -> usize {
                self[..].piece_count()
            }

            fn piece(&self, index: usize) -> Option<Piece> {
                self[..].piece(index)
            }
        }

        impl<P: Packet $($generic)*> sealed::HandOver for $packet {
            fn hand_over(&mut self, direction: Direction) -> Result<(), DmaError> {
                self[..].hand_over(direction)
            }

            fn take_back(&mut self, direction: Direction, length: usize) -> Result<(), DmaError> {
                self[..].take_back(direction, length)
            }
        }
    )*};
}

as_slice!([, const N: usize] [P; N]);
#[cfg(feature = "alloc")]
as_slice!([] Vec<P>);
