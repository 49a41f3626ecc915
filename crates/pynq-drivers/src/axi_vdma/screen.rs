//! MM2S that runs: which frame is on the screen, and which comes next.
//!
//! The channel is parked on the store of the frame that is shown. The next one goes to another store, which the channel
//! enters at the border of two frames; the old one is given back when the block says that it has.

use pynq_core::dma::DmaBuffer;

use super::{AxiVdmaError, AxiVdmaHardware, stores::Stores};
use crate::axi_dma::DmaDirection;

const OUTPUT: DmaDirection = DmaDirection::Send;

pub(super) struct Screen {
    pub(super) stores: Stores,
    /// The store that the channel is on.
    on: u8,
    /// The store that it is to go to, and whose show that is.
    next: Option<(u8, u64)>,
    shows: u64,
    /// The frame that was on the screen before a show, until its task asks for it.
    before: Option<(u64, DmaBuffer)>,
    /// The show whose task has gone.
    orphan: Option<u64>,
}

impl Screen {
    pub(super) const fn new(stores: Stores) -> Self {
        Self { stores, on: 0, next: None, shows: 0, before: None, orphan: None }
    }
}

/// How far a show has come.
pub(super) enum Shown {
    /// Another one is under way; the buffer is the caller's again.
    NotYet(DmaBuffer),
    /// The frame is on its way, as the show of this number.
    Begun(u64),
}

impl AxiVdmaHardware {
    /// Whether the next frame is on the screen.
    pub(super) fn look_at_screen(&mut self) {
        let Some((next, show)) = self.screen.as_ref().and_then(|screen| screen.next) else { return };
        if self.store(OUTPUT) != next || self.is_broken(OUTPUT) {
            return;
        }
        let Some(screen) = &mut self.screen else { return };
        let old = screen.stores.take(screen.on);
        (screen.on, screen.next) = (next, None);
        let Some(old) = old else { return };
        // A device that reads changes nothing.
        let (buffer, _) = old.take_back(0);
        if screen.orphan.take_if(|orphan| *orphan == show).is_some() {
            screen.stores.put(buffer);
        } else {
            screen.before = Some((show, buffer));
        }
    }

    /// A buffer to be filled and shown.
    pub(super) fn blank(&mut self) -> Result<DmaBuffer, AxiVdmaError> {
        self.service(OUTPUT);
        self.check_runs(OUTPUT)?;
        let Some(screen) = &mut self.screen else { return Err(AxiVdmaError::NotStarted { channel: OUTPUT }) };
        let held = screen.stores.total.saturating_sub(1);
        screen.stores.free.pop().ok_or(AxiVdmaError::AllHeld { held })
    }

    /// Puts a frame behind the one that is on the screen, if no other one is there.
    pub(super) fn begin_show(&mut self, buffer: DmaBuffer) -> Result<Shown, (DmaBuffer, AxiVdmaError)> {
        self.service(OUTPUT);
        if let Err(error) = self.check_runs(OUTPUT) {
            return Err((buffer, error));
        }
        let stores = self.config().stores;
        let Some(screen) = &mut self.screen else { return Ok(Shown::NotYet(buffer)) };
        if screen.next.is_some() || screen.before.is_some() {
            return Ok(Shown::NotYet(buffer));
        }
        let (next, format) = ((screen.on + 1) % stores, screen.stores.format);
        let (address, _) = screen.stores.lend(next, buffer)?;
        screen.shows += 1;
        let show = screen.shows;
        screen.next = Some((next, show));
        // The address first: the channel may enter the store as soon as it is parked there.
        self.put_address(OUTPUT, next, address);
        self.commit(OUTPUT, format);
        self.park_on(next);
        Ok(Shown::Begun(show))
    }

    /// The frame that a show has replaced, once it has.
    pub(super) fn end_show(&mut self, session: u32, show: u64) -> Result<Option<DmaBuffer>, AxiVdmaError> {
        self.service(OUTPUT);
        self.check_runs(OUTPUT)?;
        let stopped = AxiVdmaError::NotStarted { channel: OUTPUT };
        let screen = self.screen.as_mut().filter(|screen| screen.stores.session == session).ok_or(stopped)?;
        Ok(screen.before.take_if(|(of, _)| *of == show).map(|(_, buffer)| buffer))
    }

    /// Nobody asks for the frame that a show replaces. It is shown all the same.
    pub(super) fn abandon_show(&mut self, session: u32, show: u64) {
        let Some(screen) = self.screen.as_mut().filter(|screen| screen.stores.session == session) else { return };
        match screen.before.take_if(|(of, _)| *of == show) {
            Some((_, buffer)) => screen.stores.put(buffer),
            None => screen.orphan = Some(show),
        }
    }
}
