//! Descriptors: fetched from memory one by one, and written back when their data has moved.

use pynq_core::Instant;

use super::{
    DmaChannelParams, DmaParams, SG_MEMORY,
    channel::{Channel, DECODE, INTERNAL, OF_DESCRIPTOR, SLAVE},
    clocks_at,
};
use crate::{device::Bus, fabric::BusErrorKind};

/// Bytes of a descriptor that are read: up to APP4.
const SIZE: usize = 0x34;
const CONTROL: usize = 0x18;
const STATUS: usize = 0x1C;

const END_OF_PACKET: u32 = 1 << 26;
const START_OF_PACKET: u32 = 1 << 27;
const COMPLETE: u32 = 1 << 31;
/// From an error in DMASR to the same one in the status of a descriptor.
const ERROR_SHIFT: u32 = 24;

/// Clocks from one descriptor to the data of the next.
const FETCH_CLOCKS: u64 = 8;

/// Which error of the data an answer of the bus is.
pub(super) const fn error_of(kind: BusErrorKind) -> u32 {
    match kind {
        BusErrorKind::Unmapped => DECODE,
        _ => SLAVE,
    }
}

/// A transfer, of direct mode or of a descriptor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Command {
    pub(super) address: u64,
    pub(super) length: u32,
    pub(super) done: u32,
    /// MM2S: the last byte has TLAST.
    pub(super) last: bool,
    /// MM2S: a packet begins here.
    pub(super) first: bool,
    descriptor: Option<Descriptor>,
}

impl Command {
    /// The transfer that the registers of direct mode describe.
    pub(super) fn direct(channel: &Channel) -> Self {
        let (address, length) = (channel.address, channel.length);
        Self { address, length, done: 0, last: true, first: true, descriptor: None }
    }

    /// Bytes to go.
    pub(super) const fn left(&self) -> usize {
        (self.length - self.done) as usize
    }

    pub(super) fn moved(&mut self, bytes: usize) {
        // No more than were left.
        self.done += u32::try_from(bytes).unwrap_or(0);
    }

    /// Where the next bytes go to, or come from.
    pub(super) fn at(&self, keyhole: bool) -> u64 {
        if keyhole { self.address } else { self.address.wrapping_add(self.done.into()) }
    }

    /// What this build of a channel makes of the transfer.
    pub(super) fn check(
        &mut self,
        port: usize,
        built: &DmaChannelParams,
        params: &DmaParams,
        write: bool,
        bus: &mut Bus<'_>,
    ) -> Result<(), u32> {
        let width = u64::from(built.memory_bytes.max(1));
        if !built.realigns && self.address % width != 0 {
            // Undefined on hardware. The lower bits have no wires, so another place is read or written.
            bus.master_or_processor(port).fail(self.address, write, BusErrorKind::Unaligned);
            self.address -= self.address % width;
        }
        let within_page = self.address % 4096 + u64::from(self.length) <= 4096;
        let within_burst = u64::from(self.length) <= u64::from(built.burst) * width;
        if params.micro && !(within_page && within_burst) { Err(INTERNAL) } else { Ok(()) }
    }
}

#[derive(Clone, Copy, Debug)]
struct Descriptor {
    address: u64,
    next: u64,
}

/// Where a channel is in its ring.
#[derive(Clone, Debug, Default)]
pub(super) struct Ring {
    /// The descriptor to fetch next; `None` for the one that CURDESC points to.
    next: Option<u64>,
    fetch_at: Option<Instant>,
}

impl Ring {
    pub(super) const fn due(&self) -> Option<Instant> {
        self.fetch_at
    }

    /// Schedules the fetch of the next descriptor.
    pub(super) fn go_on(&mut self, now: Instant, params: &DmaParams) {
        self.fetch_at = Some(now + clocks_at(FETCH_CLOCKS, params.sg_clock_hz));
    }

    /// Fetches the next descriptor. `None` if that fails, or the descriptor can't be processed.
    pub(super) fn fetch(&mut self, channel: &mut Channel, params: &DmaParams, bus: &mut Bus<'_>) -> Option<Command> {
        self.fetch_at = None;
        let address = self.next.unwrap_or(channel.current);
        channel.current = address;
        let mut bytes = [0; SIZE];
        if let Err(kind) = bus.master_or_processor(SG_MEMORY).read_bytes(address, &mut bytes) {
            channel.fail(error_of(kind) << OF_DESCRIPTOR);
            return None;
        }
        let word = |offset: usize| {
            let mut word = [0; 4];
            word.copy_from_slice(&bytes[offset..offset + 4]);
            u32::from_le_bytes(word)
        };
        let pointer = |offset: usize| {
            let upper = if params.wide() { u64::from(word(offset + 4)) << 32 } else { 0 };
            (upper | u64::from(word(offset))) & params.address_mask()
        };
        if word(STATUS) & COMPLETE != 0 && !channel.is_cyclic() {
            channel.fail(INTERNAL << OF_DESCRIPTOR);
            return None;
        }
        let control = word(CONTROL);
        let length = control & params.length_mask();
        if length == 0 {
            channel.fail(INTERNAL);
            return None;
        }
        Some(Command {
            address: pointer(0x08),
            length,
            done: 0,
            last: control & END_OF_PACKET != 0,
            first: control & START_OF_PACKET != 0,
            descriptor: Some(Descriptor { address, next: pointer(0x00) & !0x3F }),
        })
    }

    /// Writes to a descriptor what became of it, and goes on to the next one, or comes to rest.
    pub(super) fn finish(
        &mut self,
        at: Instant,
        command: &Command,
        packet: Packet,
        channel: &mut Channel,
        params: &DmaParams,
        bus: &mut Bus<'_>,
    ) {
        let Some(descriptor) = command.descriptor else { return };
        let flags = [(packet.starts, START_OF_PACKET), (packet.reports && packet.ends, END_OF_PACKET)];
        let flags = flags.into_iter().filter(|(set, _)| *set).fold(COMPLETE, |status, (_, bit)| status | bit);
        if !write_back(&descriptor, command.done | flags, channel, bus) {
            return;
        }
        if packet.ends {
            channel.packet_ends(at, params);
        }
        self.next = Some(descriptor.next);
        if !channel.runs() {
            channel.halt();
            self.stop();
        } else if descriptor.address == channel.tail {
            channel.rest();
        } else {
            self.go_on(at, params);
        }
    }

    /// Nothing more is fetched; the next start is at CURDESC.
    pub(super) fn stop(&mut self) {
        *self = Self::default();
    }
}

/// What a descriptor was of a packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet {
    pub(super) starts: bool,
    pub(super) ends: bool,
    /// S2MM writes to the descriptor that it ends.
    pub(super) reports: bool,
}

/// The data of a transfer failed: the descriptor says so, and is not complete.
pub(super) fn fail(command: &Command, error: u32, channel: &mut Channel, bus: &mut Bus<'_>) {
    channel.fail(error);
    if let Some(descriptor) = command.descriptor {
        write_back(&descriptor, command.done | error << ERROR_SHIFT, channel, bus);
    }
}

fn write_back(descriptor: &Descriptor, status: u32, channel: &mut Channel, bus: &mut Bus<'_>) -> bool {
    let address = descriptor.address.wrapping_add(STATUS as u64);
    match bus.master_or_processor(SG_MEMORY).write_bytes(address, &status.to_le_bytes()) {
        Ok(()) => true,
        Err(kind) => {
            channel.fail(error_of(kind) << OF_DESCRIPTOR);
            false
        }
    }
}
