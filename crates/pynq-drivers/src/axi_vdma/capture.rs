//! S2MM that runs: which frames have come, and how one changes hands.
//!
//! A frame that is taken out of a store leaves another buffer there, which the block takes over at the next border of two
//! frames. So whoever takes one looks where the block is *after* it has told it of the new buffer: if it is in another
//! store then, it enters this one with the new buffer only, and what was in it is whole, and the program's.

use pynq_core::dma::{DmaBuffer, Lent};

use super::{
    AxiVdmaError, AxiVdmaHardware, FrameFormat, SizeFaults, VdmaControl, VdmaStatus,
    count::{FrameCount, MANY},
    stores::Stores,
};
use crate::axi_dma::DmaDirection;

const INPUT: DmaDirection = DmaDirection::Receive;

pub(super) struct Capture {
    pub(super) stores: Stores,
    count: FrameCount,
    /// Frames that had ended when the last one was taken.
    taken: u64,
    /// Errors since then.
    faults: VdmaStatus,
    /// A buffer that the block has entered while it was being exchanged, and the store.
    pub(super) limbo: Option<(u8, Lent<DmaBuffer>)>,
    /// The frame that the block put there meanwhile: into the old buffer or the new one, which nothing tells.
    doubtful: Option<u64>,
}

impl Capture {
    pub(super) fn new(stores: Stores, count: u8) -> Self {
        Self {
            stores,
            count: FrameCount::new(count),
            taken: 0,
            faults: VdmaStatus::empty(),
            limbo: None,
            doubtful: None,
        }
    }

    /// Whether there is a frame that can be taken.
    pub(super) fn has_news(&self) -> bool {
        let frames = self.count.frames();
        frames > self.taken && self.limbo.is_none() && self.doubtful.is_none_or(|number| number + 1 != frames)
    }
}

/// A frame that was taken.
pub(super) struct Taken {
    pub(super) buffer: DmaBuffer,
    pub(super) session: u32,
    pub(super) format: FrameFormat,
    pub(super) number: u64,
    pub(super) missed: u64,
    pub(super) faults: SizeFaults,
}

impl AxiVdmaHardware {
    /// The store that S2MM is on, and the frames left to its next interrupt, both of the same frame.
    fn position(&self) -> (u8, u8) {
        let mut store = self.store(INPUT);
        let mut left = MANY;
        for _ in 0..4 {
            left = self.status(INPUT).field(VdmaStatus::FRAMES_LEFT) as u8;
            let after = self.store(INPUT);
            if after == store {
                break;
            }
            store = after;
        }
        (store, left)
    }

    /// Counts the frames that have come.
    pub(super) fn look_at_capture(&mut self, seen: VdmaStatus) {
        let Some(capture) = &self.capture else { return };
        let (store, left) = if capture.count.counts_many() { self.position() } else { (self.store(INPUT), MANY) };
        let broken = self.is_broken(INPUT);
        let Some(capture) = &mut self.capture else { return };
        capture.faults |= seen & (VdmaStatus::SIZE_ERRORS | VdmaStatus::INTERNAL_ERROR);
        // From an error on, the block does not say where it is.
        if !broken {
            capture.count.at_count(store, left);
        }
        if let Some((_, lent)) = capture.limbo.take_if(|(entered, _)| *entered != store) {
            capture.stores.put_lent(lent);
        }
    }

    /// Interrupts are turned on, for each frame, or off, and then it counts by the block.
    pub(super) fn count_by(&mut self, control: VdmaControl, each: bool) {
        self.look_at_capture(VdmaStatus::empty());
        let frames = if each { 1 } else { MANY };
        self.put_control(INPUT, control.with_field(VdmaControl::FRAME_COUNT, frames.into()));
        let (store, left) = if each { (0, 0) } else { self.position() };
        let Some(capture) = &mut self.capture else { return };
        if each {
            capture.count.begin_each();
        } else {
            capture.count.begin_many(store, left);
        }
    }

    /// How many frames have ended.
    pub(super) fn frames(&mut self) -> u64 {
        self.service(INPUT);
        self.capture.as_ref().map_or(0, |capture| capture.count.frames())
    }

    /// The newest frame, if it was not taken and more than `after` have ended.
    pub(super) fn take_frame(&mut self, after: u64) -> Result<Option<Taken>, AxiVdmaError> {
        self.service(INPUT);
        let stores = self.config().stores;
        let broken = self.check_runs(INPUT);
        let Some(capture) = &mut self.capture else { return broken.map(|()| None) };
        let frames = capture.count.frames();
        if !capture.has_news() || frames <= after {
            return broken.map(|()| None);
        }
        broken?;
        // The one behind the store that is being filled.
        let store = ((frames - 1) % u64::from(stores)) as u8;
        let held = capture.stores.total.saturating_sub(stores.into());
        let spare = capture.stores.free.pop().ok_or(AxiVdmaError::AllHeld { held })?;
        let (address, old) = match capture.stores.lend(store, spare) {
            Ok(lent) => lent,
            Err((buffer, error)) => {
                capture.stores.put(buffer);
                return Err(error);
            }
        };
        let format = capture.stores.format;
        self.put_address(INPUT, store, address);
        self.commit(INPUT, format);
        let at = self.store(INPUT);
        let Some(capture) = &mut self.capture else { return Ok(None) };
        let Some(old) = old else { return Ok(None) };
        if at == store {
            // It has come round to it, with the old buffer or the new one. Both are its own until it leaves.
            capture.limbo = Some((store, old));
            self.look_at_capture(VdmaStatus::empty());
            let Some(capture) = &mut self.capture else { return Ok(None) };
            let (frames, stores) = (capture.count.frames(), u64::from(stores));
            capture.doubtful = Some(frames - (frames + stores - u64::from(store)) % stores);
            return Ok(None);
        }
        let (buffer, synced) = old.take_back(usize::MAX);
        if let Err(error) = synced {
            capture.stores.put(buffer);
            return Err(AxiVdmaError::Memory { error });
        }
        let missed = frames - 1 - capture.taken;
        capture.taken = frames;
        let faults = SizeFaults::of(core::mem::replace(&mut capture.faults, VdmaStatus::empty()));
        Ok(Some(Taken { buffer, session: capture.stores.session, format, number: frames - 1, missed, faults }))
    }
}
