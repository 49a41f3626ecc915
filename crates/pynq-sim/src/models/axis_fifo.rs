//! The AXI4-Stream data FIFO (`axis_data_fifo`), and the blocks of a stream that pass it on as it is: register slices,
//! converters of clock and width.
//!
//! It has no registers. It takes what fits, and holds TREADY low when it is full. Where the receiver behind it has room,
//! the sender in front of it has that too, so that a long burst needs one event, and not one for each filling.

use alloc::collections::VecDeque;

use crate::device::{Burst, Bus, Device, InterfaceKind, Message, Port, Stream};

/// How the block was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxisFifoParams {
    /// Bytes that it holds: `FIFO_DEPTH` times `TDATA_NUM_BYTES`.
    pub bytes: usize,
    /// A packet is passed on when all of it is there, or the FIFO is full (`FIFO_MODE` 2).
    pub whole_packets: bool,
}

impl Default for AxisFifoParams {
    /// 512 words of 32 bits, passed on as they come.
    fn default() -> Self {
        Self { bytes: 512 * 4, whole_packets: false }
    }
}

/// The model.
#[derive(Debug)]
pub struct AxisFifoModel {
    params: AxisFifoParams,
    bursts: VecDeque<Burst>,
    /// Bytes in `bursts`.
    stored: usize,
    /// Ends of packets in `bursts`.
    packets: usize,
    /// Room that the sender has.
    granted: usize,
    /// It is gone with the end of the packet.
    until_last: bool,
    /// In the middle of a packet that is passed on since the FIFO was full.
    overflowing: bool,
}

/// The most room that is handed on from the receiver.
const MOST: usize = 1 << 20;

const SLAVE: usize = 0;
const MASTER: usize = 1;

static PORTS: [Port; 2] =
    [Port::interface("S_AXIS", InterfaceKind::Stream), Port::interface("M_AXIS", InterfaceKind::Stream)];

impl AxisFifoModel {
    /// An empty FIFO.
    #[must_use]
    pub const fn new(params: AxisFifoParams) -> Self {
        Self {
            params,
            bursts: VecDeque::new(),
            stored: 0,
            packets: 0,
            granted: 0,
            until_last: false,
            overflowing: false,
        }
    }

    /// How the block was built.
    #[must_use]
    pub const fn params(&self) -> &AxisFifoParams {
        &self.params
    }

    /// Whether the first burst may go on.
    fn passes(&self) -> bool {
        !self.params.whole_packets || self.packets != 0 || self.overflowing || self.stored >= self.params.bytes
    }

    fn send(&mut self, bus: &mut Bus<'_>) {
        while self.passes() {
            let room = bus.room(MASTER);
            let Some(burst) = self.bursts.front_mut().filter(|_| room != 0) else { return };
            let sent = if burst.data.len() <= room {
                let Some(burst) = self.bursts.pop_front() else { return };
                burst
            } else {
                let rest = burst.data.split_off(room);
                Burst { data: core::mem::replace(&mut burst.data, rest), last: false, user: burst.user }
            };
            self.stored -= sent.data.len();
            self.packets -= usize::from(sent.last);
            self.overflowing = !sent.last;
            // There is room, as was just found.
            let _ = bus.stream(MASTER, sent);
        }
    }

    fn grant(&mut self, bus: &mut Bus<'_>) {
        let free = self.params.bytes.saturating_sub(self.stored);
        let behind = if self.params.whole_packets || self.stored != 0 { 0 } else { bus.room(MASTER).min(MOST) };
        let until_last = behind != 0 && bus.room_ends_with_packet(MASTER);
        let more = (free + behind).saturating_sub(self.granted);
        // It makes no sense to wake the sender for each byte that left.
        if more == 0 || self.granted != 0 && more < self.params.bytes / 2 {
            return;
        }
        self.granted += more;
        self.until_last = until_last;
        bus.send(SLAVE, Message::Stream(if until_last { Stream::Packet(more) } else { Stream::Room(more) }));
    }

    fn take_back(&mut self, bus: &mut Bus<'_>) {
        self.granted = 0;
        bus.hold(SLAVE);
    }
}

impl Device for AxisFifoModel {
    fn ports(&self) -> &[Port] {
        &PORTS
    }

    fn reset(&mut self, bus: &mut Bus<'_>) {
        *self = Self::new(self.params);
        self.take_back(bus);
    }

    fn receive(&mut self, port: usize, message: Message, bus: &mut Bus<'_>) {
        match (port, message) {
            (SLAVE, Message::Stream(Stream::Burst(burst))) => {
                self.granted = self.granted.saturating_sub(burst.data.len());
                if burst.last && self.until_last {
                    self.granted = 0;
                }
                self.stored += burst.data.len();
                self.packets += usize::from(burst.last);
                self.bursts.push_back(burst);
            }
            // Frames of video are passed on: what a slice holds of one is gone in a few clocks.
            (SLAVE, message @ Message::Stream(Stream::Frame(_))) => bus.send(MASTER, message),
            (MASTER, message @ Message::Stream(Stream::NextFrame)) => bus.send(SLAVE, message),
            // What was handed on from the receiver is gone.
            (MASTER, Message::Stream(Stream::Hold)) => self.take_back(bus),
            _ => {}
        }
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        self.send(bus);
        self.grant(bus);
    }
}
