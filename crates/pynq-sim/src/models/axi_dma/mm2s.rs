//! From memory to stream.

use alloc::vec::Vec;
use pynq_core::Instant;

use super::{
    DmaChannelParams, DmaParams, MM2S_MEMORY, MM2S_STREAM, PIECE,
    channel::{Begin, Channel},
    ring::{self, Command, Packet, Ring, error_of},
};
use crate::{
    device::{Burst, Bus},
    fabric::BusErrorKind,
};

/// Clocks from the start of a transfer to its first beat.
const START_CLOCKS: u64 = 16;

#[derive(Debug)]
pub(super) struct Mm2s {
    pub(super) channel: Channel,
    built: DmaChannelParams,
    ring: Ring,
    command: Option<Command>,
    /// Bytes that are on their way, and when the last of them is out.
    piece: Option<(usize, Instant)>,
    /// The stream is free from then on.
    free_at: Instant,
}

impl Mm2s {
    pub(super) fn new(params: &DmaParams) -> Self {
        Self {
            channel: Channel::new(params.mm2s.is_some(), params),
            built: params.mm2s.unwrap_or_default(),
            ring: Ring::default(),
            command: None,
            piece: None,
            free_at: Instant::START,
        }
    }

    pub(super) fn begin(&mut self, begin: Begin, now: Instant, params: &DmaParams, bus: &mut Bus<'_>) {
        // A new tail while the engine is at work is all that there is to it.
        if self.channel.busy {
            return;
        }
        (self.channel.busy, self.channel.idle) = (true, false);
        self.free_at = self.free_at.max(now + self.built.clocks(START_CLOCKS));
        match begin {
            Begin::Transfer => self.take(Some(Command::direct(&self.channel)), params, bus),
            Begin::Ring => self.ring.go_on(now, params),
        }
    }

    fn take(&mut self, command: Option<Command>, params: &DmaParams, bus: &mut Bus<'_>) {
        let Some(mut command) = command else { return };
        if command.first {
            self.channel.packet_begins();
        }
        match command.check(MM2S_MEMORY, &self.built, params, false, bus) {
            Ok(()) => self.command = Some(command),
            Err(error) => ring::fail(&command, error, &mut self.channel, bus),
        }
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.ring.due().into_iter().chain(self.piece.map(|(_, due)| due)).min()
    }

    /// Begins with the next piece, if the receiver has room.
    pub(super) fn go_on(&mut self, bus: &Bus<'_>) {
        let (Some(command), None) = (self.command, self.piece) else { return };
        let bytes = command.left().min(PIECE).min(bus.room(MM2S_STREAM));
        if bytes != 0 {
            self.piece = Some((bytes, self.free_at.max(bus.now()) + self.built.time(bytes)));
        }
    }

    pub(super) fn step(&mut self, at: Instant, params: &DmaParams, bus: &mut Bus<'_>) {
        if self.ring.due() == Some(at) {
            let command = self.ring.fetch(&mut self.channel, params, bus);
            return self.take(command, params, bus);
        }
        let (Some((bytes, _)), Some(mut command)) = (self.piece.take(), self.command) else { return };
        // The receiver may have taken its room back meanwhile.
        if bus.room(MM2S_STREAM) < bytes {
            return;
        }
        let data = match self.read(&command, bytes, bus) {
            Ok(data) => data,
            Err(kind) => return ring::fail(&command, error_of(kind), &mut self.channel, bus),
        };
        command.moved(bytes);
        self.free_at = at;
        let last = command.last && command.left() == 0;
        // There is room, as was just found.
        let _ = bus.stream(MM2S_STREAM, Burst { data, last, user: 0 });
        if command.left() != 0 {
            self.command = Some(command);
            return;
        }
        self.command = None;
        if params.scatter_gather {
            let packet = Packet { starts: false, ends: command.last, reports: false };
            self.ring.finish(at, &command, packet, &mut self.channel, params, bus);
        } else {
            self.channel.complete();
            self.channel.rest();
        }
    }

    fn read(&self, command: &Command, bytes: usize, bus: &mut Bus<'_>) -> Result<Vec<u8>, BusErrorKind> {
        let mut memory = bus.master_or_processor(MM2S_MEMORY);
        let mut data = Vec::new();
        if !self.channel.is_keyhole() {
            memory.append_bytes(command.at(false), bytes, &mut data)?;
            return Ok(data);
        }
        while data.len() < bytes {
            let beat = usize::from(self.built.memory_bytes.max(1)).min(bytes - data.len());
            memory.append_bytes(command.at(true), beat, &mut data)?;
        }
        Ok(data)
    }

    /// RS was cleared: what is in progress goes on to its end.
    pub(super) fn stop_when_idle(&mut self) {
        if self.command.is_none() {
            self.stop();
        }
    }

    /// Stops at once.
    pub(super) fn stop(&mut self) {
        self.ring.stop();
        (self.command, self.piece) = (None, None);
        self.channel.halt();
    }
}
