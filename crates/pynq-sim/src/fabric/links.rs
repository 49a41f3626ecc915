//! Links, which join the interfaces of blocks and parts.

use alloc::{boxed::Box, collections::VecDeque, string::ToString, vec::Vec};

use super::{Fabric, wires::Hop};
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
    /// Of a stream: bytes that the receiver has granted and that were not sent.
    room: usize,
    /// Of a serial line: the bytes sent, until they are taken.
    sent: VecDeque<u8>,
}

impl Interface {
    pub(super) fn new(port: usize, kind: InterfaceKind) -> Self {
        Self { port, kind, peers: Vec::new(), room: 0, sent: VecDeque::new() }
    }
}

impl Fabric {
    fn interface(&self, block: usize, port: usize) -> Option<&Interface> {
        self.blocks[block].interfaces.iter().find(|interface| interface.port == port)
    }

    fn interface_mut(&mut self, block: usize, port: usize) -> Option<&mut Interface> {
        self.blocks[block].interfaces.iter_mut().find(|interface| interface.port == port)
    }

    pub(crate) fn room(&self, block: usize, port: usize) -> usize {
        self.interface(block, port).map_or(0, |interface| interface.room)
    }

    pub(crate) fn take_room(&mut self, block: usize, port: usize, bytes: usize) -> bool {
        let Some(interface) = self.interface_mut(block, port) else { return false };
        let left = interface.room.checked_sub(bytes);
        interface.room = left.unwrap_or(interface.room);
        left.is_some()
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
        let peers = interface.peers.len();
        for peer in 0..peers {
            let Some(&(block, port)) = self.interface(block, port).and_then(|interface| interface.peers.get(peer))
            else {
                return;
            };
            self.queue.push_back(Hop::Message(Box::new((block, port, message.clone()))));
        }
    }

    /// A message arrives at a block.
    pub(super) fn deliver(&mut self, block: usize, port: usize, message: Message) {
        if let Message::Stream(Stream::Room(bytes)) = message {
            if let Some(interface) = self.interface_mut(block, port) {
                interface.room = interface.room.saturating_add(bytes);
            }
        }
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
            let peers = fabric.interface(end.0, end.1).map(|interface| interface.peers.clone());
            peers.unwrap_or_default().into_iter().chain([end]).collect()
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
        Ok(())
    }

    /// Sends a message to an interface from outside, as if a part that is joined to it had.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    pub fn message(&mut self, name: &str, message: Message) -> Result<(), Error> {
        let (block, port) = self.interface_named(name, message.kind())?;
        self.deliver(block, port, message);
        self.travel();
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
