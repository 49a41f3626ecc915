//! Links, which join the interfaces of blocks and parts.

use alloc::{boxed::Box, collections::VecDeque, string::ToString, vec::Vec};

use super::{Fabric, streams::Faults, wires::Hop};
use crate::{
    device::{InterfaceKind, Message, PortKind, Serial, Stream},
    error::Error,
};

/// Bytes kept of what a block sent on a serial line.
const KEPT: usize = 1 << 20;

/// An interface of a block.
#[derive(Debug)]
pub(super) struct Interface {
    pub(super) port: usize,
    kind: InterfaceKind,
    /// The other ends, as block and port.
    peers: Vec<(usize, usize)>,
    /// Of a stream that sends: bytes that the receiver has granted and that were not sent.
    pub(super) room: usize,
    /// Of a stream that sends: with TLAST, the room is gone.
    pub(super) until_last: bool,
    /// Of a stream that receives: what it granted while nothing was joined to it.
    pub(super) owed: Vec<Message>,
    /// Of a stream that sends: what is wrong with it.
    pub(super) faults: Faults,
    /// Of a serial line: the bytes sent, until they are taken.
    sent: VecDeque<u8>,
}

impl Interface {
    pub(super) fn new(port: usize, kind: InterfaceKind) -> Self {
        Self {
            port,
            kind,
            peers: Vec::new(),
            room: 0,
            until_last: false,
            owed: Vec::new(),
            faults: Faults::default(),
            sent: VecDeque::new(),
        }
    }

    /// Takes note of what a receiver grants.
    fn grant(&mut self, message: &Message) {
        if let Message::Stream(Stream::Room(bytes) | Stream::Packet(bytes)) = message {
            self.room = self.room.saturating_add(*bytes);
            self.until_last = matches!(message, Message::Stream(Stream::Packet(_)));
        }
    }
}

impl Fabric {
    pub(super) fn interface(&self, block: usize, port: usize) -> Option<&Interface> {
        self.blocks[block].interfaces.iter().find(|interface| interface.port == port)
    }

    pub(super) fn interface_mut(&mut self, block: usize, port: usize) -> Option<&mut Interface> {
        self.blocks[block].interfaces.iter_mut().find(|interface| interface.port == port)
    }

    pub(crate) fn send(&mut self, block: usize, port: usize, message: Message) {
        let Some(interface) = self.interface_mut(block, port).filter(|interface| interface.kind == message.kind())
        else {
            return;
        };
        if let Message::Serial(Serial::Character(character)) = &message {
            if interface.sent.len() == KEPT {
                interface.sent.pop_front();
            }
            interface.sent.push_back(character.data);
        }
        if interface.faults.are_stalling() && matches!(message, Message::Stream(Stream::Frame(_))) {
            return;
        }
        let peers = interface.peers.len();
        if peers == 0 && matches!(message, Message::Stream(Stream::Room(_) | Stream::Packet(_))) {
            interface.owed.push(message);
            return;
        }
        let mut message = Some(message);
        for peer in 0..peers {
            let Some(&(block, port)) = self.interface(block, port).and_then(|interface| interface.peers.get(peer))
            else {
                return;
            };
            // The last one has the message itself: a burst is not copied for the only receiver.
            let copy = if peer + 1 < peers { message.clone() } else { message.take() };
            let Some(copy) = copy else { return };
            if let Some(interface) = self.interface_mut(block, port) {
                interface.grant(&copy);
            }
            self.queue.push_back(Hop::Message(Box::new((block, port, copy))));
        }
    }

    /// The peers of an interface.
    pub(super) fn peers(&self, block: usize, port: usize) -> Vec<(usize, usize)> {
        self.interface(block, port).map(|interface| interface.peers.clone()).unwrap_or_default()
    }

    /// A message comes from outside, as if a part that is joined had sent it.
    pub(super) fn deliver_from_outside(&mut self, block: usize, port: usize, message: Message) {
        if let Some(interface) = self.interface_mut(block, port) {
            interface.grant(&message);
        }
        self.deliver(block, port, message);
        self.travel();
    }

    /// A message arrives at a block.
    pub(super) fn deliver(&mut self, block: usize, port: usize, message: Message) {
        if self.blocks[block].device.is_none() {
            // The block is in the middle of a call, and receives the message when that returns.
            self.blocks[block].late.push(super::Late::Message(port, message));
            return;
        }
        self.call(block, 0xF, 0, |device, bus| device.receive(port, message, bus));
    }

    /// The block and port that `path/port` names, if it is an interface of this kind.
    pub(super) fn interface_named(&self, name: &str, kind: InterfaceKind) -> Result<(usize, usize), Error> {
        let (block, port) = self.port(name)?;
        match self.blocks[block].ports()[port].kind {
            PortKind::Interface(found) if found == kind => Ok((block, port)),
            _ => Err(Error::OtherInterface { port: name.to_string(), expected: kind }),
        }
    }

    /// Joins two interfaces of the same kind. An end of a bus can be joined to any number of others; all of them then
    /// receive what the others send.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`], [`Error::NoSuchPort`], [`Error::NotAPort`], or [`Error::OtherInterface`] if they are not
    /// interfaces of the same kind.
    pub fn join(&mut self, one: &str, other: &str) -> Result<(), Error> {
        let (block, port) = self.port(one)?;
        let PortKind::Interface(kind) = self.blocks[block].ports()[port].kind else {
            return Err(Error::NotAPort { text: one.to_string() });
        };
        let end = self.interface_named(other, kind)?;
        let members = |fabric: &Self, end: (usize, usize)| -> Vec<(usize, usize)> {
            fabric.peers(end.0, end.1).into_iter().chain([end]).collect()
        };
        let (ours, theirs) = (members(self, (block, port)), members(self, end));
        for (from, to) in [(&ours, &theirs), (&theirs, &ours)] {
            for &(block, port) in from {
                if let Some(interface) = self.interface_mut(block, port) {
                    let peers = &mut interface.peers;
                    for &peer in to.iter().filter(|&&peer| peer != (block, port)) {
                        if !peers.contains(&peer) {
                            peers.push(peer);
                        }
                    }
                }
            }
        }
        // A receiver that granted room before it had a peer grants it now.
        for (block, port) in [(block, port), end] {
            let owed = self.interface_mut(block, port).map(|interface| core::mem::take(&mut interface.owed));
            for message in owed.unwrap_or_default() {
                self.send(block, port, message);
            }
        }
        Ok(())
    }

    /// Sends a message to an interface from outside, as if a part that is joined to it had.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    pub fn message(&mut self, name: &str, message: Message) -> Result<(), Error> {
        let (block, port) = self.interface_named(name, message.kind())?;
        self.deliver_from_outside(block, port, message);
        Ok(())
    }

    /// The first serial line of a block.
    pub(crate) fn serial_port(&self, path: &str) -> Result<(usize, usize), Error> {
        let block = self.block(path)?;
        let line = self.blocks[block].interfaces.iter().find(|interface| interface.kind == InterfaceKind::Serial);
        let line = line.ok_or_else(|| Error::NoSerialLine { path: path.to_string() })?;
        Ok((block, line.port))
    }

    /// The serial line that a stimulus is for: the first one of a block, or an interface by its name.
    pub(super) fn serial_end(&self, name: &str) -> Result<(usize, usize), Error> {
        let of_block = self.serial_port(name);
        match of_block {
            Err(Error::NoSuchBlock { .. }) if name.contains('/') => {
                self.interface_named(name, InterfaceKind::Serial).or(of_block)
            }
            _ => of_block,
        }
    }

    /// Takes the bytes sent on the first serial line of a block.
    pub(crate) fn serial_output(&mut self, path: &str) -> Result<Vec<u8>, Error> {
        let (block, port) = self.serial_port(path)?;
        Ok(self.interface_mut(block, port).map(|line| line.sent.drain(..).collect()).unwrap_or_default())
    }
}
