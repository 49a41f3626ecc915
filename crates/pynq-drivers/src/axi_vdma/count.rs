//! How many frames have ended, without an interrupt for each.
//!
//! While a task waits, each frame interrupts, and the store that the channel is on says how far it has come. While none
//! does, there are no interrupts, and the block may go round its stores any number of times. It then counts down from 255
//! for an interrupt that is not enabled; what it has counted and the store it is on agree on one number.

/// Frames from one interrupt to the next while no task waits: the most there can be.
pub(super) const MANY: u8 = 255;

/// How many frames of a channel have ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameCount {
    stores: u64,
    frames: u64,
    /// Frames that had ended when it began to count to 255; `None` while each frame interrupts.
    base: Option<u64>,
}

impl FrameCount {
    /// None has ended, the first store is being filled, and the block counts to 255.
    pub(super) fn new(stores: u8) -> Self {
        Self { stores: stores.max(1).into(), frames: 0, base: Some(0) }
    }

    pub(super) const fn frames(&self) -> u64 {
        self.frames
    }

    /// The store that is being filled, as far as is known.
    pub(super) const fn store(&self) -> u8 {
        (self.frames % self.stores) as u8
    }

    /// Whether the block counts to 255.
    pub(super) const fn counts_many(&self) -> bool {
        self.base.is_some()
    }

    /// The channel is on this store, and each frame interrupts.
    pub(super) const fn at_store(&mut self, store: u8) {
        // The stores are taken in turn, from the first one on.
        let behind = self.frames % self.stores;
        self.frames += (store as u64 % self.stores + self.stores - behind) % self.stores;
    }

    /// The channel is on this store and has so many frames left to 255.
    pub(super) const fn at_count(&mut self, store: u8, left: u8) {
        let Some(base) = self.base else { return self.at_store(store) };
        let (many, counted) = (MANY as u64, (MANY as u64 - left as u64) % MANY as u64);
        let seen = self.frames - base;
        let mut elapsed = seen + (counted + many - seen % many) % many;
        let mut round = 0;
        while round < self.stores && (base + elapsed) % self.stores != store as u64 % self.stores {
            elapsed += many;
            round += 1;
        }
        // If nothing agrees, the two were not read in the same frame; the count alone is nearer.
        if round == self.stores {
            elapsed -= many * round;
        }
        self.frames = base + elapsed;
    }

    /// It begins to count to 255 and is on this store, with so many left: a frame may have ended since it began.
    pub(super) const fn begin_many(&mut self, store: u8, left: u8) {
        self.at_store(store);
        let counted = (MANY as u64 - left as u64) % MANY as u64;
        self.base = Some(self.frames.saturating_sub(counted));
    }

    /// Each frame interrupts from now on.
    pub(super) const fn begin_each(&mut self) {
        self.base = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_and_the_store_agree_on_one_number() {
        for stores in [2, 3, 4, 7, 16, 32] {
            let mut count = FrameCount::new(stores);
            let mut truth = 0_u64;
            for step in [0, 1, 2, 3, 100, 254, 255, 256, 300, 509] {
                // With 3 stores the two agree every 255 frames.
                if step >= 255 && stores == 3 {
                    continue;
                }
                truth += step;
                count.at_count((truth % u64::from(stores)) as u8, 255 - (truth % 255) as u8);
                assert_eq!(count.frames(), truth, "{stores} stores, {step} frames at once");
            }
            count.begin_each();
            truth += u64::from(stores) - 1;
            count.at_store((truth % u64::from(stores)) as u8);
            assert_eq!(count.frames(), truth);
            // A frame ends between the write that begins to count and the look at it.
            truth += 1;
            count.begin_many((truth % u64::from(stores)) as u8, 254);
            truth += 5;
            count.at_count((truth % u64::from(stores)) as u8, 254 - 5);
            assert_eq!(count.frames(), truth);
        }
    }
}
