//! AXI4-Stream: the room that a receiver grants, and what can be wrong with a stream.

use alloc::vec::Vec;

use super::Fabric;
use crate::{
    device::{Burst, InterfaceKind, Message, Stream},
    error::Error,
};

/// Something that is wrong with a stream, seen from the interface that sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamFault {
    /// Nothing goes through any more: TVALID or TREADY stays low.
    Stalled,
    /// The next packet goes on without its TLAST into the one behind it.
    MissingLast,
    /// The next packet has a TLAST after so many bytes, and what is left of it is another packet. One that is not longer is
    /// left as it is.
    EarlyLast(usize),
    /// No fault: what was stalled goes on, and what is still to come is called off.
    None,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    stalled: bool,
    /// The next TLAST is not sent.
    missing_last: bool,
    /// So many bytes on, there is a TLAST.
    early_last: Option<usize>,
}

impl Faults {
    pub(super) const fn are_stalling(&self) -> bool {
        self.stalled
    }

    const fn change_bursts(&self) -> bool {
        self.missing_last || self.early_last.is_some()
    }

    /// What becomes of a burst.
    #[cold]
    fn apply(&mut self, mut burst: Burst) -> Vec<Burst> {
        let mut bursts = Vec::new();
        match self.early_last {
            Some(bytes) if bytes < burst.data.len() || bytes == burst.data.len() && !burst.last => {
                let rest = burst.data.split_off(bytes);
                self.early_last = None;
                bursts.push(Burst { data: core::mem::replace(&mut burst.data, rest), last: true, user: burst.user });
            }
            Some(_) if burst.last => self.early_last = None,
            Some(bytes) => self.early_last = Some(bytes - burst.data.len()),
            None => {}
        }
        if burst.last && core::mem::take(&mut self.missing_last) {
            burst.last = false;
        }
        if !burst.data.is_empty() || burst.last {
            bursts.push(burst);
        }
        bursts
    }
}

impl Fabric {
    pub(crate) fn room(&self, block: usize, port: usize) -> usize {
        let open = self.interface(block, port).filter(|interface| !interface.faults.stalled);
        open.map_or(0, |interface| interface.room)
    }

    pub(crate) fn room_ends_with_packet(&self, block: usize, port: usize) -> bool {
        self.interface(block, port).is_some_and(|interface| interface.until_last)
    }

    /// Sends a burst, if there is room for it.
    pub(crate) fn stream(&mut self, block: usize, port: usize, burst: Burst) -> Result<(), Burst> {
        // A beat without bytes is a beat, and needs TREADY.
        if self.room(block, port) < burst.data.len().max(1) {
            return Err(burst);
        }
        let Some(interface) = self.interface_mut(block, port) else { return Err(burst) };
        interface.room -= burst.data.len();
        if interface.faults.change_bursts() {
            let bursts = interface.faults.apply(burst);
            for burst in bursts {
                self.send_burst(block, port, burst);
            }
        } else {
            self.send_burst(block, port, burst);
        }
        Ok(())
    }

    fn send_burst(&mut self, block: usize, port: usize, burst: Burst) {
        if burst.last {
            if let Some(interface) = self.interface_mut(block, port).filter(|interface| interface.until_last) {
                (interface.room, interface.until_last) = (0, false);
            }
        }
        self.send(block, port, Message::Stream(Stream::Burst(burst)));
    }

    /// The receiver takes back what it granted.
    pub(crate) fn take_back_room(&mut self, block: usize, port: usize) {
        if let Some(interface) = self.interface_mut(block, port) {
            interface.owed.clear();
        }
        for (block, port) in self.peers(block, port) {
            if let Some(interface) = self.interface_mut(block, port) {
                (interface.room, interface.until_last) = (0, false);
            }
        }
    }

    /// Something goes wrong with the stream that this interface sends, as `path/port`.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`], [`Error::NoSuchPort`], or [`Error::OtherInterface`] if it is no stream.
    pub fn stream_fault(&mut self, port: &str, fault: StreamFault) -> Result<(), Error> {
        let (block, port) = self.interface_named(port, InterfaceKind::Stream)?;
        let Some(interface) = self.interface_mut(block, port) else { return Ok(()) };
        match fault {
            StreamFault::Stalled => interface.faults.stalled = true,
            StreamFault::MissingLast => interface.faults.missing_last = true,
            StreamFault::EarlyLast(bytes) => interface.faults.early_last = Some(bytes),
            StreamFault::None => interface.faults = Faults::default(),
        }
        // The sender may have been waiting, or be in the middle of something.
        self.call(block, 0xF, 0, |_, _| ());
        self.travel();
        Ok(())
    }
}
