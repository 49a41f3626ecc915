//! S2MM that runs: which frames have come, and how one changes hands.
//!
//! A frame that is taken out of a store leaves another buffer there, which the block takes over at the next border of two
//! frames. So whoever takes one looks where the block is *after* it has told it of the new buffer: if it is in another
//! store then, it enters this one with the new buffer only, and what was in it is whole, and the program's.

use pynq_core::dma::{DmaBuffer, Lent};

use super::{
    AxiVdmaError, AxiVdmaHardware, FrameBuffers, FrameFormat, SizeFaults, VdmaControl, VdmaStatus,
    count::{FrameCount, MANY},
    stores::Stores,
};
use crate::axi_dma::DmaDirection;

const INPUT: DmaDirection = DmaDirection::Receive;

/// How often the store and the count of frames are read until they are of one frame.
const TRIES: u32 = 8;

/// Errors that stop nothing, in a build that bears them.
const SIZE: VdmaStatus = VdmaStatus::SIZE_ERRORS.union(VdmaStatus::INTERNAL_ERROR);

pub(super) struct Capture {
    pub(super) stores: Stores,
    count: FrameCount,
    /// Frames that had ended when the last one was taken.
    taken: u64,
    /// Errors since then.
    faults: VdmaStatus,
    /// A frame has ended since a take began to look.
    has_ended: bool,
    /// A buffer that the block has entered while it was being exchanged.
    limbo: Option<Limbo>,
    /// The frame that the block put there meanwhile: into the old buffer or the new one, which nothing tells.
    doubtful: Option<u64>,
}

/// A buffer that may be the block's, until that is seen to have left the store.
struct Limbo {
    store: u8,
    /// The frame that the block was seen to fill the store with. The largest there is, if that was not seen.
    number: u64,
    lent: Lent<DmaBuffer>,
}

impl Capture {
    /// All buffers, once the channel has stopped.
    pub(super) fn into_buffers(mut self) -> FrameBuffers {
        if let Some(limbo) = self.limbo.take() {
            self.stores.put_lent(limbo.lent);
        }
        self.stores.into_buffers()
    }

    pub(super) fn new(stores: Stores, count: u8) -> Self {
        Self {
            stores,
            count: FrameCount::new(count),
            taken: 0,
            faults: VdmaStatus::empty(),
            has_ended: false,
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
    /// The store that S2MM is on, and the frames left to its next interrupt, both of the same frame; `None` if the block does
    /// not say, because an error has stopped it.
    ///
    /// From an error until that is cleared, the block goes on and its store stands still. So an error that came since the
    /// status was last cleared is cleared here, and remembered, before the store is believed.
    fn position(&mut self) -> Option<(u8, u8)> {
        for _ in 0..TRIES {
            let store = self.store(INPUT);
            let status = self.status(INPUT);
            if status.intersects(self.fatal()) {
                return None;
            }
            let errors = status & SIZE;
            if !errors.is_empty() {
                self.clear_status(INPUT, errors);
            }
            let capture = self.capture.as_mut()?;
            capture.faults |= errors;
            capture.has_ended |= status.contains(VdmaStatus::FRAME);
            // Where each frame interrupts, nothing but the store is of use.
            let counts = capture.count.counts_many();
            if errors.is_empty() && (!counts || self.store(INPUT) == store) {
                return Some((store, status.field(VdmaStatus::FRAMES_LEFT) as u8));
            }
        }
        None
    }

    /// Counts the frames that have come. Returns the store that the block is on, if it says so.
    pub(super) fn look_at_capture(&mut self, seen: VdmaStatus) -> Option<u8> {
        self.capture.as_mut()?.faults |= seen & SIZE;
        // From an error on, the block does not say where it is.
        let (store, left) = if self.is_broken(INPUT) { None } else { self.position() }?;
        let capture = self.capture.as_mut()?;
        capture.count.at_count(store, left);
        let frames = capture.count.frames();
        if let Some(limbo) = capture.limbo.take_if(|limbo| limbo.store != store || limbo.number < frames) {
            capture.stores.put_lent(limbo.lent);
        }
        Some(store)
    }

    /// Interrupts are turned on, for each frame, or off, and then it counts by the block.
    pub(super) fn count_by(&mut self, control: VdmaControl, each: bool) {
        self.look_at_capture(VdmaStatus::empty());
        let frames = if each { 1 } else { MANY };
        self.put_control(INPUT, control.with_field(VdmaControl::FRAME_COUNT, frames.into()));
        let position = if each { None } else { self.position() };
        let Some(capture) = &mut self.capture else { return };
        if each {
            capture.count.begin_each();
        } else {
            let (store, left) = position.unwrap_or((capture.count.store(), MANY));
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
        // Those that come from now on are of later frames.
        let faults = core::mem::replace(&mut capture.faults, VdmaStatus::empty());
        capture.has_ended = false;
        self.put_address(INPUT, store, address);
        self.commit(INPUT, format);
        let at = self.look_at_capture(VdmaStatus::empty());
        let Some(capture) = &mut self.capture else { return Ok(None) };
        let Some(old) = old else { return Ok(None) };
        // The frame that comes into this store next has begun, if that is where the block is; or if as many frames have ended
        // since, which the store alone does not tell.
        let now = capture.count.frames();
        let came_round = match capture.count.counts_many() {
            true => now >= frames - 1 + u64::from(stores),
            false => capture.has_ended,
        };
        if came_round || at.is_none_or(|at| at == store) {
            // With the old buffer or the new one. Both are its own until it is elsewhere.
            match at {
                Some(at) if at != store => capture.stores.put_lent(old),
                _ => capture.limbo = Some(Limbo { store, number: at.map_or(u64::MAX, |_| now), lent: old }),
            }
            capture.faults |= faults;
            let stores = u64::from(stores);
            capture.doubtful = Some(now - (now + stores - u64::from(store)) % stores);
            return Ok(None);
        }
        let (buffer, synced) = old.take_back(usize::MAX);
        if let Err(error) = synced {
            capture.stores.put(buffer);
            return Err(AxiVdmaError::Memory { error });
        }
        let missed = frames - 1 - capture.taken;
        capture.taken = frames;
        let faults = SizeFaults::of(faults);
        Ok(Some(Taken { buffer, session: capture.stores.session, format, number: frames - 1, missed, faults }))
    }
}
