//! What is known of a channel: how it was set, and the transfers that are under way or have ended.

use super::{AxiDmaError, DmaControl, ring::Ring, round::Round};

/// How many transfers of a channel can be under way, or wait to be asked for their end. In direct mode it is one.
pub(super) const SLOTS: usize = 16;

/// A transfer.
#[derive(Clone, Copy)]
struct Slot {
    /// How many bytes there are to transfer; how many were, at the end.
    length: usize,
    error: Option<AxiDmaError>,
}

pub(super) struct ChannelState {
    pub(super) present: bool,
    pub(super) wired: bool,
    /// What the control register was last set to.
    pub(super) control: DmaControl,
    pub(super) runs: bool,
    /// It was seen idle after its last transfer, or has had none since it runs.
    pub(super) idle: bool,
    /// Slots in use, by bit.
    pub(super) used: u16,
    /// Of these, the ones whose transfers have ended.
    pub(super) done: u16,
    /// Some have ended for which no interrupt comes.
    pub(super) changed: bool,
    slots: [Slot; SLOTS],
    /// The descriptors, with scatter-gather.
    pub(super) ring: Option<Ring>,
    /// What is known of cyclic mode, while the channel is in it. Its slot is the first.
    pub(super) round: Option<Round>,
}

impl ChannelState {
    pub(super) const fn new(present: bool) -> Self {
        Self {
            present,
            wired: true,
            control: DmaControl::empty(),
            runs: false,
            idle: true,
            used: 0,
            done: 0,
            changed: false,
            slots: [Slot { length: 0, error: None }; SLOTS],
            ring: None,
            round: None,
        }
    }

    /// Whether a transfer is under way.
    pub(super) const fn is_busy(&self) -> bool {
        self.used & !self.done != 0
    }

    pub(super) const fn is_done(&self, slot: u8) -> bool {
        self.done >> slot & 1 != 0
    }

    /// A slot for one more transfer.
    pub(super) const fn free_slot(&self) -> Option<u8> {
        let slot = self.used.trailing_ones();
        if slot < SLOTS as u32 { Some(slot as u8) } else { None }
    }

    /// A transfer of `length` bytes is under way in `slot`.
    pub(super) const fn occupy(&mut self, slot: u8, length: usize) {
        self.slots[slot as usize % SLOTS] = Slot { length, error: None };
        self.used |= 1 << slot;
        self.done &= !(1 << slot);
        self.idle = false;
    }

    /// The transfer in `slot` has ended, with so many bytes, or all of them.
    pub(super) const fn complete(&mut self, slot: u8, length: Option<usize>) {
        if let Some(length) = length {
            self.slots[slot as usize % SLOTS].length = length;
        }
        self.done |= 1 << slot;
    }

    /// The transfer in `slot` was complete, and yet its memory can't be had back.
    pub(super) const fn spoil(&mut self, slot: u8, error: AxiDmaError) {
        self.slots[slot as usize % SLOTS].error = Some(error);
    }

    /// All transfers that are under way have ended in vain.
    pub(super) fn fail(&mut self, error: AxiDmaError) {
        let failed = self.used & !self.done;
        for (slot, state) in self.slots.iter_mut().enumerate() {
            if failed >> slot & 1 != 0 {
                state.error = Some(error);
            }
        }
        self.done |= failed;
        self.changed |= failed != 0;
    }

    /// The channel has stopped; it begins anew.
    pub(super) fn halt(&mut self) {
        self.runs = false;
        self.idle = true;
    }

    /// Why the transfer in `slot` has ended, if it failed.
    pub(super) fn error(&self, slot: u8) -> Option<AxiDmaError> {
        self.is_done(slot).then_some(self.slots[usize::from(slot) % SLOTS].error).flatten()
    }

    /// Frees `slot`, and says what became of its transfer.
    pub(super) fn release(&mut self, slot: u8) -> Result<usize, AxiDmaError> {
        let Slot { length, error } = self.slots[usize::from(slot) % SLOTS];
        self.used &= !(1 << slot);
        self.done &= !(1 << slot);
        if let Some(ring) = &mut self.ring {
            ring.release(slot);
        }
        error.map_or(Ok(length), Err)
    }
}
