//! The ends of a stream, for tests and for what has no model: a source of packets, a sink, and a function in between.

use alloc::{boxed::Box, collections::VecDeque, vec::Vec};
use core::{fmt, time::Duration};

use pynq_core::Instant;

use crate::{
    device::{Burst, Bus, Device, InterfaceKind, Message, Port, Stream},
    sync::{Arc, Lock},
};

/// What is sent at once on a stream of a given rate, at the most.
const PIECE: usize = 4096;

/// A source of packets: what comes to its port `feed` goes out at `M_AXIS`, as the receiver takes it.
///
/// ```
/// use pynq_sim::{Board, parts::{StreamSink, StreamSource}};
///
/// let sink = StreamSink::new();
/// let packets = sink.packets();
/// let board = Board::builder()
///     .part("camera", StreamSource::new())
///     .part("monitor", sink)
///     .join("camera/M_AXIS", "monitor/S_AXIS")
///     .build()?;
/// board.send_packet("camera/feed", b"a line of pixels")?;
/// assert_eq!(packets.take(), [b"a line of pixels"]);
/// # Ok::<(), pynq_sim::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct StreamSource {
    bursts: VecDeque<Burst>,
    bytes_per_second: Option<u64>,
    /// Bytes that are on their way, and when the last of them is out.
    piece: Option<(usize, Instant)>,
    free_at: Instant,
}

const SOURCE_OUT: usize = 0;

static SOURCE: [Port; 2] =
    [Port::interface("M_AXIS", InterfaceKind::Stream), Port::interface("feed", InterfaceKind::Stream)];

impl StreamSource {
    /// A source that sends as fast as the receiver takes it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A source that sends no faster than that: a converter, a camera.
    #[must_use]
    pub fn with_rate(bytes_per_second: u64) -> Self {
        Self { bytes_per_second: Some(bytes_per_second.max(1)), ..Self::default() }
    }

    fn send(&mut self, bytes: usize, bus: &mut Bus<'_>) {
        let Some(mut burst) = self.bursts.pop_front() else { return };
        if bytes < burst.data.len() {
            let rest = burst.data.split_off(bytes);
            let last = core::mem::replace(&mut burst.last, false);
            self.bursts.push_front(Burst { data: rest, last, user: 0 });
        }
        if let Err(burst) = bus.stream(SOURCE_OUT, burst) {
            self.bursts.push_front(burst);
        }
    }

    /// Bytes of the first burst that there is room for. A beat without bytes needs room, too.
    fn possible(&self, bus: &Bus<'_>) -> Option<usize> {
        let room = bus.room(SOURCE_OUT);
        let burst = self.bursts.front().filter(|_| room != 0)?;
        Some(burst.data.len().min(room))
    }
}

impl Device for StreamSource {
    fn ports(&self) -> &[Port] {
        &SOURCE
    }

    fn reset(&mut self, _: &mut Bus<'_>) {
        self.bursts.clear();
        self.piece = None;
    }

    fn receive(&mut self, port: usize, message: Message, _: &mut Bus<'_>) {
        if let (1, Message::Stream(Stream::Burst(burst))) = (port, message) {
            self.bursts.push_back(burst);
        }
    }

    fn tick(&mut self, bus: &mut Bus<'_>) {
        let now = bus.now();
        if let Some((bytes, due)) = self.piece.take_if(|(_, due)| *due <= now) {
            self.free_at = due;
            if let Some(possible) = self.possible(bus) {
                self.send(bytes.min(possible), bus);
            }
        }
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        while let Some(possible) = self.possible(bus).filter(|_| self.piece.is_none()) {
            let Some(rate) = self.bytes_per_second else {
                self.send(possible, bus);
                continue;
            };
            let bytes = possible.min(PIECE);
            let nanos = (bytes as u64).saturating_mul(1_000_000_000).div_ceil(rate);
            self.piece = Some((bytes, self.free_at.max(bus.now()) + Duration::from_nanos(nanos)));
        }
        bus.wake_at(self.piece.map(|(_, due)| due));
    }
}

/// The packets that a [`StreamSink`] received.
#[derive(Clone)]
pub struct StreamPackets(Arc<Lock<Received>>);

#[derive(Default)]
struct Received {
    packets: Vec<Vec<u8>>,
    begun: Vec<u8>,
}

impl fmt::Debug for StreamPackets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (packets, begun) = self.0.with(|received| (received.packets.len(), received.begun.len()));
        write!(f, "StreamPackets({packets} packets, {begun} bytes of another)")
    }
}

impl StreamPackets {
    /// Takes the packets that are complete: those whose TLAST came.
    #[must_use]
    pub fn take(&self) -> Vec<Vec<u8>> {
        self.0.with(|received| core::mem::take(&mut received.packets))
    }

    /// The bytes of the packet that has begun.
    #[must_use]
    pub fn begun(&self) -> Vec<u8> {
        self.0.with(|received| received.begun.clone())
    }
}

/// A sink: it keeps the packets that come in at `S_AXIS` for [`packets`](Self::packets).
#[derive(Debug)]
pub struct StreamSink {
    packets: StreamPackets,
    /// Bytes that it takes in all; `None` for any number.
    room: Option<usize>,
    granted: bool,
}

static SINK: [Port; 1] = [Port::interface("S_AXIS", InterfaceKind::Stream)];

impl Default for StreamSink {
    fn default() -> Self {
        Self::new()
    }
}

impl StreamSink {
    /// A sink that takes everything.
    #[must_use]
    pub fn new() -> Self {
        let received = Arc::new(Lock::new(Received::default()));
        Self { packets: StreamPackets(received), room: None, granted: false }
    }

    /// A sink that takes so many bytes, and holds TREADY low from then on.
    #[must_use]
    pub fn with_room(bytes: usize) -> Self {
        Self { room: Some(bytes), ..Self::new() }
    }

    /// What it received: a handle that works while the sink is on a board.
    #[must_use]
    pub fn packets(&self) -> StreamPackets {
        self.packets.clone()
    }
}

impl Device for StreamSink {
    fn ports(&self) -> &[Port] {
        &SINK
    }

    fn receive(&mut self, _: usize, message: Message, bus: &mut Bus<'_>) {
        let Message::Stream(Stream::Burst(burst)) = message else { return };
        if self.room.is_none() {
            bus.send(0, Message::Stream(Stream::Room(burst.data.len())));
        }
        self.packets.0.with(|received| {
            received.begun.extend(burst.data);
            if burst.last {
                let packet = core::mem::take(&mut received.begun);
                received.packets.push(packet);
            }
        });
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        if !core::mem::replace(&mut self.granted, true) {
            bus.send(0, Message::Stream(Stream::Room(self.room.unwrap_or(1 << 24))));
        }
    }
}

/// A function of whole packets between `S_AXIS` and `M_AXIS`, in no time: a stand-in for an accelerator.
///
/// ```
/// use pynq_sim::{Board, parts::{StreamFunction, StreamSink, StreamSource}};
///
/// let sink = StreamSink::new();
/// let packets = sink.packets();
/// let board = Board::builder()
///     .part("source", StreamSource::new())
///     .part("inverter", StreamFunction::new(|packet: Vec<u8>| packet.iter().map(|byte| !byte).collect()))
///     .part("sink", sink)
///     .join("source/M_AXIS", "inverter/S_AXIS")
///     .join("inverter/M_AXIS", "sink/S_AXIS")
///     .build()?;
/// board.send_packet("source/feed", &[0x0F, 0xFF])?;
/// assert_eq!(packets.take(), [[0xF0, 0x00]]);
/// # Ok::<(), pynq_sim::Error>(())
/// ```
pub struct StreamFunction {
    function: Box<dyn FnMut(Vec<u8>) -> Vec<u8> + Send>,
    input: Vec<u8>,
    /// What the function returned and the receiver has not taken.
    output: VecDeque<Burst>,
    granted: bool,
}

/// Bytes of a packet that a function takes. What is longer is stopped there, as a stream that is stalled.
const LONGEST: usize = 1 << 26;

const FUNCTION_IN: usize = 0;
const FUNCTION_OUT: usize = 1;

static FUNCTION: [Port; 2] =
    [Port::interface("S_AXIS", InterfaceKind::Stream), Port::interface("M_AXIS", InterfaceKind::Stream)];

impl fmt::Debug for StreamFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamFunction({} bytes of a packet, {} to send)", self.input.len(), self.output.len())
    }
}

impl StreamFunction {
    /// A block that makes one packet of each. It takes the next packet when the receiver has taken what it made.
    #[must_use]
    pub fn new(function: impl FnMut(Vec<u8>) -> Vec<u8> + Send + 'static) -> Self {
        Self { function: Box::new(function), input: Vec::new(), output: VecDeque::new(), granted: false }
    }
}

impl Device for StreamFunction {
    fn ports(&self) -> &[Port] {
        &FUNCTION
    }

    fn reset(&mut self, bus: &mut Bus<'_>) {
        self.input.clear();
        self.output.clear();
        self.granted = false;
        bus.hold(FUNCTION_IN);
    }

    fn receive(&mut self, port: usize, message: Message, _: &mut Bus<'_>) {
        if let (FUNCTION_IN, Message::Stream(Stream::Burst(burst))) = (port, message) {
            self.input.extend(burst.data);
            if burst.last {
                self.granted = false;
                let data = (self.function)(core::mem::take(&mut self.input));
                self.output.push_back(Burst { data, last: true, user: burst.user });
            }
        }
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        while let Some(mut burst) = self.output.pop_front() {
            let room = bus.room(FUNCTION_OUT);
            if room == 0 {
                self.output.push_front(burst);
                break;
            }
            if burst.data.len() > room {
                let rest = burst.data.split_off(room);
                self.output.push_front(Burst { data: rest, last: true, user: 0 });
                burst.last = false;
            }
            // There is room, as was just found.
            let _ = bus.stream(FUNCTION_OUT, burst);
        }
        if self.output.is_empty() && !core::mem::replace(&mut self.granted, true) {
            bus.send(FUNCTION_IN, Message::Stream(Stream::Packet(LONGEST)));
        }
    }
}
