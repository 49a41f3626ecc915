//! From stream to memory.

use alloc::collections::VecDeque;
use pynq_core::Instant;

use super::{
    DmaChannelParams, DmaParams, PIECE, S2MM_MEMORY, S2MM_STREAM,
    channel::{Begin, Channel, INTERNAL},
    ring::{self, Command, Packet, Ring, error_of},
};
use crate::{
    device::{Burst, Bus, Message, Stream},
    fabric::BusErrorKind,
};

/// Clocks from the last beat to the completion.
const END_CLOCKS: u64 = 4;

/// Bytes that the sender may send ahead.
const WINDOW: usize = 2 * PIECE;

#[derive(Debug)]
pub(super) struct S2mm {
    pub(super) channel: Channel,
    built: DmaChannelParams,
    ring: Ring,
    command: Option<Command>,
    /// What came while there was no transfer to take it.
    inbox: VecDeque<Burst>,
    /// Bytes that the sender may send, of those it was granted.
    granted: usize,
    /// When it may have more, if memory is behind.
    grant_at: Option<Instant>,
    /// The bytes that came are in memory by then.
    written_at: Instant,
    /// When the transfer ends, and whether with TLAST.
    finishing: Option<(Instant, bool)>,
    in_packet: bool,
    /// The transfer has the first byte of a packet.
    has_start: bool,
}

impl S2mm {
    pub(super) fn new(params: &DmaParams) -> Self {
        Self {
            channel: Channel::new(params.s2mm.is_some(), params),
            built: params.s2mm.unwrap_or_default(),
            ring: Ring::default(),
            command: None,
            inbox: VecDeque::new(),
            granted: 0,
            grant_at: None,
            written_at: Instant::START,
            finishing: None,
            in_packet: false,
            has_start: false,
        }
    }

    pub(super) fn begin(&mut self, begin: Begin, now: Instant, params: &DmaParams, bus: &mut Bus<'_>) {
        // A new tail while the engine is at work is all that there is to it.
        if self.channel.busy {
            return;
        }
        (self.channel.busy, self.channel.idle) = (true, false);
        match begin {
            Begin::Transfer => self.take(Some(Command::direct(&self.channel)), now, params, bus),
            Begin::Ring => self.ring.go_on(now, params),
        }
    }

    fn take(&mut self, command: Option<Command>, now: Instant, params: &DmaParams, bus: &mut Bus<'_>) {
        let Some(mut command) = command else { return };
        if let Err(error) = command.check(S2MM_MEMORY, &self.built, params, true, bus) {
            return ring::fail(&command, error, &mut self.channel, bus);
        }
        self.command = Some(command);
        self.has_start = false;
        self.written_at = self.written_at.max(now);
        self.consume(now, bus);
    }

    /// Something came in.
    pub(super) fn receive(&mut self, burst: Burst) {
        self.granted = if burst.last { 0 } else { self.granted.saturating_sub(burst.data.len()) };
        self.inbox.push_back(burst);
    }

    /// Writes what came in to memory, as far as there is a transfer for it.
    pub(super) fn consume(&mut self, now: Instant, bus: &mut Bus<'_>) {
        while let (Some(mut command), None) = (self.command, self.finishing) {
            let Some(burst) = self.inbox.pop_front() else { return };
            if !core::mem::replace(&mut self.in_packet, true) {
                self.has_start = true;
                self.channel.packet_begins();
            }
            let bytes = burst.data.len().min(command.left());
            if let Err(kind) = self.write(&command, &burst.data[..bytes], bus) {
                return ring::fail(&command, error_of(kind), &mut self.channel, bus);
            }
            command.moved(bytes);
            self.command = Some(command);
            // The bytes came one after the other up to now. They are written as they come, if memory is fast enough.
            self.written_at = now.max(self.written_at + self.built.time(bytes));
            let all = bytes == burst.data.len();
            let ends = all && burst.last;
            if !all {
                let rest = Burst { data: burst.data[bytes..].into(), ..burst };
                self.inbox.push_front(rest);
            }
            if ends || command.left() == 0 {
                self.finishing = Some((self.written_at + self.built.clocks(END_CLOCKS), ends));
            }
        }
    }

    fn write(&self, command: &Command, data: &[u8], bus: &mut Bus<'_>) -> Result<(), BusErrorKind> {
        let mut memory = bus.master_or_processor(S2MM_MEMORY);
        if !self.channel.is_keyhole() {
            return memory.write_bytes(command.at(false), data);
        }
        data.chunks(self.built.memory_bytes.max(1).into())
            .try_for_each(|beat| memory.write_bytes(command.at(true), beat))
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.ring.due().into_iter().chain(self.finishing.map(|(at, _)| at)).chain(self.grant_at).min()
    }

    pub(super) fn step(&mut self, at: Instant, params: &DmaParams, bus: &mut Bus<'_>) {
        // More room is granted when all that is due has been done.
        self.grant_at = self.grant_at.filter(|&grant| grant > at);
        if self.ring.due() == Some(at) {
            let command = self.ring.fetch(&mut self.channel, params, bus);
            return self.take(command, at, params, bus);
        }
        let Some((_, ends)) = self.finishing.filter(|(due, _)| *due <= at) else { return };
        self.finishing = None;
        let Some(command) = self.command.take() else { return };
        self.in_packet &= !ends;
        if params.scatter_gather {
            let packet = Packet { starts: self.has_start, ends, reports: true };
            self.ring.finish(at, &command, packet, &mut self.channel, params, bus);
        } else if ends {
            self.channel.length = command.done;
            self.channel.complete();
            self.channel.rest();
        } else {
            // As many bytes came as there is room for, and no TLAST.
            self.channel.fail(INTERNAL);
        }
    }

    /// Grants the sender room for what the transfer takes, as far ahead as memory follows.
    pub(super) fn grant(&mut self, bus: &mut Bus<'_>) {
        let (Some(command), None) = (self.command, self.finishing) else { return };
        let target = command.left().min(WINDOW);
        let more = target.saturating_sub(self.granted);
        if more == 0 || more < PIECE && self.granted != 0 {
            return;
        }
        let ahead = self.built.time(PIECE);
        if self.written_at - bus.now() > ahead {
            let since_start = self.written_at - Instant::START;
            self.grant_at = Some(Instant::START + (since_start - ahead));
            return;
        }
        self.granted += more;
        bus.send(S2MM_STREAM, Message::Stream(Stream::Packet(more)));
    }

    /// RS was cleared: what is in progress goes on to its end.
    pub(super) fn stop_when_idle(&mut self) {
        if self.command.is_none() {
            self.ring.stop();
            self.channel.halt();
        }
    }

    /// Stops at once, and lets nothing more come in.
    pub(super) fn stop(&mut self, bus: &mut Bus<'_>) {
        self.ring.stop();
        (self.command, self.finishing, self.grant_at) = (None, None, None);
        self.inbox.clear();
        self.granted = 0;
        (self.in_packet, self.has_start) = (false, false);
        bus.hold(S2MM_STREAM);
        self.channel.halt();
    }
}
