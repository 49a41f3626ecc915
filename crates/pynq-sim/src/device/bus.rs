//! The fabric, as a device model sees it.

use alloc::vec::Vec;
use core::panic::Location;

use pynq_core::Instant;

use super::{Burst, Message, Stream};
use crate::{
    error::Error,
    fabric::{BusErrorKind, Execution, Fabric, PROCESSOR, SpaceId, Unbacked, Width},
};

/// The fabric as a device sees it while it is called: the time, its own pins and interfaces, and the memory and
/// registers that it can reach as a bus master.
#[derive(Debug)]
pub struct Bus<'a> {
    pub(crate) fabric: &'a mut Fabric,
    block: usize,
    strobes: u8,
    slave: u8,
    refused: bool,
    settled: bool,
}

impl<'a> Bus<'a> {
    pub(crate) fn new(fabric: &'a mut Fabric, block: usize, strobes: u8, slave: u8) -> Self {
        Self { fabric, block, strobes, slave, refused: false, settled: false }
    }

    pub(crate) const fn is_refused(&self) -> bool {
        self.refused
    }

    #[inline]
    pub(crate) const fn is_settled(&self) -> bool {
        self.settled
    }

    /// Says that this call has changed nothing that [`drive`](super::Device::drive) looks at, which is then not called. A model
    /// whose registers are read again and again spares most of its work by it.
    #[inline]
    pub fn settled(&mut self) {
        self.settled = true;
    }

    /// Answers the access with an error (SLVERR): it reads all ones, and is recorded as one that misbehaved.
    pub fn refuse(&mut self) {
        self.refused = true;
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.fabric.now()
    }

    /// Which bytes of the word this write is to change, as set bits; all four unless the model
    /// [takes strobes](super::Device::takes_strobes).
    #[must_use]
    pub const fn strobes(&self) -> u8 {
        self.strobes
    }

    /// Which of the block's address ranges this access came through, in the order in which they were mapped.
    #[must_use]
    pub const fn slave(&self) -> u8 {
        self.slave
    }

    /// Sets the level of every pin of an output port.
    #[inline]
    pub fn set(&mut self, port: usize, bits: u32) {
        self.fabric.set_output(self.block, port, bits);
    }

    /// Inverts these pins of an output port for an instant.
    #[inline]
    pub fn pulse(&mut self, port: usize, bits: u32) {
        if bits != 0 {
            self.fabric.pulse_output(self.block, port, bits);
        }
    }

    /// Names the time at which [`tick`](super::Device::tick) is to be called, in place of the one named before; `None` for
    /// never.
    #[inline]
    pub fn wake_at(&mut self, time: Option<Instant>) {
        self.fabric.set_due(self.block, time);
    }

    /// Sends something on an interface. It goes nowhere if nothing is joined to it.
    pub fn send(&mut self, port: usize, message: Message) {
        self.fabric.send(self.block, port, message);
    }

    /// How many bytes the receiver of a stream has granted that were not sent yet.
    #[must_use]
    pub fn room(&self, port: usize) -> usize {
        self.fabric.room(self.block, port)
    }

    /// Whether the room that the receiver of a stream has granted [ends with the packet](Stream::Packet).
    #[must_use]
    pub fn room_ends_with_packet(&self, port: usize) -> bool {
        self.fabric.room_ends_with_packet(self.block, port)
    }

    /// Sends a burst on a stream.
    ///
    /// # Errors
    ///
    /// The burst, if it is longer than the [room](Self::room) there is: the receiver holds TREADY low. A beat without bytes
    /// needs room for one.
    pub fn stream(&mut self, port: usize, burst: Burst) -> Result<(), Burst> {
        self.fabric.stream(self.block, port, burst)
    }

    /// Takes back all room that was granted on a stream and not used, for its receiver: TREADY goes low.
    pub fn hold(&mut self, port: usize) {
        self.fabric.take_back_room(self.block, port);
        self.send(port, Message::Stream(Stream::Hold));
    }

    /// The address space behind a port of the kind [`Master`](super::InterfaceKind::Master).
    ///
    /// # Errors
    ///
    /// [`Error::NoAddressSpace`] if the port has none.
    pub fn master(&mut self, port: usize) -> Result<Master<'_>, Error> {
        let space = self.fabric.space_of(self.block, port)?;
        Ok(Master { fabric: self.fabric, block: self.block, space })
    }

    /// Executes instructions in the address space behind a port of the kind
    /// [`Master`](super::InterfaceKind::Master), for the model of a processor.
    ///
    /// # Errors
    ///
    /// [`Error::NoAddressSpace`] if the port has none.
    pub fn execution(&mut self, port: usize) -> Result<Execution<'_>, Error> {
        let space = self.fabric.space_of(self.block, port)?;
        Ok(Execution::new(self.fabric, self.block, space))
    }

    /// Whether the block is held in reset.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.fabric.is_held(self.block)
    }

    /// As [`master`](Self::master), where a port that was given no address space has the processor's.
    pub fn master_or_processor(&mut self, port: usize) -> Master<'_> {
        let space = self.fabric.space_behind(self.block, port).unwrap_or(PROCESSOR);
        Master { fabric: self.fabric, block: self.block, space }
    }

    /// Reads memory of the processor's address space.
    ///
    /// # Errors
    ///
    /// [`Unbacked`] if part of the range is not memory. Nothing is read then.
    pub fn read_memory(&self, address: u64, bytes: &mut [u8]) -> Result<(), Unbacked> {
        self.fabric.read_memory(PROCESSOR, address, bytes)
    }

    /// Writes memory of the processor's address space.
    ///
    /// # Errors
    ///
    /// [`Unbacked`] if part of the range is not memory. Nothing is written then.
    pub fn write_memory(&mut self, address: u64, bytes: &[u8]) -> Result<(), Unbacked> {
        self.fabric.write_memory(PROCESSOR, address, bytes)
    }
}

/// A bus master's address space, for the device that is the master.
///
/// Accesses reach memory and the registers of other blocks, with all that follows from them, before they return. An
/// access that reaches the device itself, or nothing, is answered with an error and recorded with the master's name.
#[derive(Debug)]
pub struct Master<'a> {
    fabric: &'a mut Fabric,
    block: usize,
    space: SpaceId,
}

impl Master<'_> {
    /// Reads a value.
    ///
    /// # Errors
    ///
    /// What was wrong with the access. It is recorded, too.
    #[track_caller]
    pub fn read(&mut self, address: u64, width: Width) -> Result<u64, BusErrorKind> {
        self.fabric.access(self.space, address, width, None, Location::caller())
    }

    /// Writes a value.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    #[track_caller]
    pub fn write(&mut self, address: u64, width: Width, value: u64) -> Result<(), BusErrorKind> {
        self.fabric.access(self.space, address, width, Some(value), Location::caller()).map(drop)
    }

    /// Reads memory, of any length.
    ///
    /// # Errors
    ///
    /// [`BusErrorKind::Unmapped`] if part of the range is not memory, [`BusErrorKind::Injected`] if an error was
    /// [injected](crate::Board::inject_bus_errors) at an address of it. It is recorded, too.
    #[track_caller]
    pub fn read_bytes(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), BusErrorKind> {
        self.check_injected(address, bytes.len(), false)?;
        let read = self.fabric.read_memory(self.space, address, bytes);
        read.map_err(|_| self.fail(address, false, BusErrorKind::Unmapped))
    }

    /// As [`read_bytes`](Self::read_bytes), appended to a list.
    ///
    /// # Errors
    ///
    /// As [`read_bytes`](Self::read_bytes).
    #[track_caller]
    pub fn append_bytes(&mut self, address: u64, len: usize, bytes: &mut Vec<u8>) -> Result<(), BusErrorKind> {
        self.check_injected(address, len, false)?;
        let read = self.fabric.append_memory(self.space, address, len, bytes);
        read.map_err(|_| self.fail(address, false, BusErrorKind::Unmapped))
    }

    /// Writes memory, of any length.
    ///
    /// # Errors
    ///
    /// As [`read_bytes`](Self::read_bytes).
    #[track_caller]
    pub fn write_bytes(&mut self, address: u64, bytes: &[u8]) -> Result<(), BusErrorKind> {
        self.check_injected(address, bytes.len(), true)?;
        let written = self.fabric.write_memory(self.space, address, bytes);
        written.map_err(|_| self.fail(address, true, BusErrorKind::Unmapped))
    }

    /// Records an access as one that misbehaved, which the device finds out by itself: an address that its build can't do.
    #[track_caller]
    pub fn fail(&mut self, address: u64, write: bool, kind: BusErrorKind) -> BusErrorKind {
        self.fabric.record_bus_error(self.space, address, write, kind, Location::caller());
        kind
    }

    #[track_caller]
    fn check_injected(&mut self, address: u64, len: usize, write: bool) -> Result<(), BusErrorKind> {
        if self.fabric.takes_injected_error_in(address, len) {
            return Err(self.fail(address, write, BusErrorKind::Injected));
        }
        Ok(())
    }

    /// Whether the device is held in reset: a soft processor runs no instruction then.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.fabric.is_held(self.block)
    }
}
