//! MM2S that runs: which frame is on the screen, and which comes next.
//!
//! The channel is parked on the store of the frame that is shown. The next one goes to another store, which the channel
//! enters at the border of two frames; the old one is given back when the block says that it has.

use pynq_core::dma::DmaBuffer;

use super::{AxiVdmaError, AxiVdmaHardware, FrameBuffers, stores::Stores};
use crate::axi_dma::DmaDirection;

const OUTPUT: DmaDirection = DmaDirection::Send;

/// Which start of which channel a frame's buffer belongs to: frames that came in may be shown, too.
pub(super) type Home = (DmaDirection, u32);

pub(super) struct Screen {
    pub(super) stores: Stores,
    /// The store that the channel is on, and whose its buffer is.
    on: (u8, Home),
    /// The store that it is to go to, whose its buffer is, and the show.
    next: Option<(u8, Home, u64)>,
    shows: u64,
    /// The frame that was on the screen before a show, until its task asks for it.
    before: Option<(u64, Home, DmaBuffer)>,
    /// The show whose task has gone.
    orphan: Option<u64>,
}

impl Screen {
    pub(super) const fn new(stores: Stores) -> Self {
        let home = (OUTPUT, stores.session);
        Self { stores, on: (0, home), next: None, shows: 0, before: None, orphan: None }
    }

    /// The buffers, once the channel has stopped: its own, and those that belong elsewhere.
    pub(super) fn into_buffers(mut self) -> (FrameBuffers, [Option<(Home, DmaBuffer)>; 3]) {
        let own = (OUTPUT, self.stores.session);
        let mut others = [None, None, None];
        let on = Some(self.on);
        let lent = [on, self.next.map(|(store, home, _)| (store, home))];
        for (place, (store, home)) in others.iter_mut().zip(lent.into_iter().flatten()) {
            let Some(lent) = self.stores.take(store) else { continue };
            let buffer = lent.take_back(0).0;
            if home == own { self.stores.put(buffer) } else { *place = Some((home, buffer)) }
        }
        if let Some((_, home, buffer)) = self.before.take() {
            if home == own { self.stores.put(buffer) } else { others[2] = Some((home, buffer)) }
        }
        (self.stores.into_buffers(), others)
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
        let Some((next, home, show)) = self.screen.as_ref().and_then(|screen| screen.next) else { return };
        if self.store(OUTPUT) != next || self.is_broken(OUTPUT) {
            return;
        }
        let Some(screen) = &mut self.screen else { return };
        let (store, old_home) = screen.on;
        let old = screen.stores.take(store);
        (screen.on, screen.next) = ((next, home), None);
        let Some(old) = old else { return };
        // A device that reads changes nothing.
        let (buffer, _) = old.take_back(0);
        if screen.orphan.take_if(|orphan| *orphan == show).is_some() {
            self.give_back(old_home.0, old_home.1, buffer);
        } else {
            screen.before = Some((show, old_home, buffer));
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
    pub(super) fn begin_show(&mut self, buffer: DmaBuffer, home: Home) -> Result<Shown, (DmaBuffer, AxiVdmaError)> {
        self.service(OUTPUT);
        if let Err(error) = self.check_runs(OUTPUT) {
            return Err((buffer, error));
        }
        let stores = self.config().stores;
        let Some(screen) = &mut self.screen else { return Ok(Shown::NotYet(buffer)) };
        if screen.next.is_some() || screen.before.is_some() {
            return Ok(Shown::NotYet(buffer));
        }
        let (next, format) = ((screen.on.0 + 1) % stores, screen.stores.format);
        let (address, _) = screen.stores.lend(next, buffer)?;
        screen.shows += 1;
        let show = screen.shows;
        screen.next = Some((next, home, show));
        // The address first: the channel may enter the store as soon as it is parked there.
        self.put_address(OUTPUT, next, address);
        self.commit(OUTPUT, format);
        self.park_on(next);
        Ok(Shown::Begun(show))
    }

    /// The frame that a show has replaced, once it has.
    pub(super) fn end_show(&mut self, session: u32, show: u64) -> Result<Option<(Home, DmaBuffer)>, AxiVdmaError> {
        self.service(OUTPUT);
        self.check_runs(OUTPUT)?;
        let stopped = AxiVdmaError::NotStarted { channel: OUTPUT };
        let screen = self.screen.as_mut().filter(|screen| screen.stores.session == session).ok_or(stopped)?;
        Ok(screen.before.take_if(|(of, ..)| *of == show).map(|(_, home, buffer)| (home, buffer)))
    }

    /// Nobody asks for the frame that a show replaces. It is shown all the same.
    pub(super) fn abandon_show(&mut self, session: u32, show: u64) {
        let Some(screen) = self.screen.as_mut().filter(|screen| screen.stores.session == session) else { return };
        match screen.before.take_if(|(of, ..)| *of == show) {
            Some((_, home, buffer)) => self.give_back(home.0, home.1, buffer),
            None => screen.orphan = Some(show),
        }
    }
}
