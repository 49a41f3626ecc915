//! The buffers of a channel that runs: those in the block's hands, one for each frame store, and those that are free.

use pynq_core::dma::{Direction, DmaBuffer, Lent};

use super::{AxiVdmaError, FrameBuffers, FrameFormat};

const STORES: usize = 32;

pub(super) struct Stores {
    /// Which start of the channel it is: frames of an earlier one are no buffers of this.
    pub(super) session: u32,
    pub(super) format: FrameFormat,
    lent: [Option<Lent<DmaBuffer>>; STORES],
    pub(super) free: FrameBuffers,
    /// How many there were at the start.
    pub(super) total: usize,
    direction: Direction,
}

impl Stores {
    pub(super) fn new(session: u32, format: FrameFormat, direction: Direction, buffers: FrameBuffers) -> Self {
        let total = buffers.len();
        Self { session, format, lent: [const { None }; STORES], free: buffers, total, direction }
    }

    /// Hands a buffer over for a store. Returns its address, and what was there before.
    ///
    /// # Errors
    ///
    /// What the system has to say, with the buffer.
    #[allow(clippy::type_complexity)]
    pub(super) fn lend(
        &mut self,
        store: u8,
        buffer: DmaBuffer,
    ) -> Result<(u64, Option<Lent<DmaBuffer>>), (DmaBuffer, AxiVdmaError)> {
        match Lent::new(buffer, self.direction) {
            Ok(lent) => {
                let address = lent.piece(0).map_or(0, |piece| piece.address);
                Ok((address, self.lent[usize::from(store) % STORES].replace(lent)))
            }
            Err(refused) => Err((refused.packet, AxiVdmaError::Memory { error: refused.error })),
        }
    }

    /// Takes the buffer of a store out of the block's hands, once the caller knows that it has let go of it.
    pub(super) fn take(&mut self, store: u8) -> Option<Lent<DmaBuffer>> {
        self.lent[usize::from(store) % STORES].take()
    }

    /// A buffer that is not used any more.
    pub(super) fn put(&mut self, buffer: DmaBuffer) {
        // There is room: it was one of those at the start.
        let _ = self.free.push(buffer);
    }

    /// A buffer that the block has let go of, for which nobody asks.
    pub(super) fn put_lent(&mut self, lent: Lent<DmaBuffer>) {
        // Of no bytes: what is in it means nothing.
        self.put(lent.take_back(0).0);
    }

    /// All buffers, once the channel has stopped.
    pub(super) fn into_buffers(mut self) -> FrameBuffers {
        for store in 0..STORES {
            if let Some(lent) = self.lent[store].take() {
                self.put_lent(lent);
            }
        }
        self.free
    }
}
