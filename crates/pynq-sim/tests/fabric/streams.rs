//! Streams between blocks: FIFO, back-pressure, ends of packets, faults, and room that is taken back.

use core::time::Duration;

use pynq_core::Instant;
use pynq_sim::{
    Device, StreamFault,
    device::{Burst, Bus, InterfaceKind, Message, Port, Stream, View},
    fabric::{Fabric, FabricBuilder},
    models::{AxisFifoModel, AxisFifoParams},
    parts::{StreamSink, StreamSource},
};

const FIFO: AxisFifoParams = AxisFifoParams { bytes: 64, whole_packets: false };

fn send(fabric: &mut Fabric, packet: &[u8]) {
    let burst = Burst { data: packet.to_vec(), last: true, user: 0 };
    fabric.message("source/feed", Message::Stream(Stream::Burst(burst))).unwrap();
}

/// From a source through a FIFO to a sink.
fn chain(fifo: AxisFifoParams, sink: StreamSink) -> Fabric {
    let builder = FabricBuilder::new()
        .part("source", StreamSource::new())
        .part("fifo", AxisFifoModel::new(fifo))
        .part("sink", sink)
        .join("source/M_AXIS", "fifo/S_AXIS")
        .join("fifo/M_AXIS", "sink/S_AXIS");
    builder.build().unwrap()
}

/// Sends one byte after the other until TREADY is low, and shows how many that were.
struct Filler(usize);

static FILLER: [Port; 1] = [Port::interface("M_AXIS", InterfaceKind::Stream)];

impl Device for Filler {
    fn ports(&self) -> &[Port] {
        &FILLER
    }

    fn receive(&mut self, _: usize, _: Message, bus: &mut Bus<'_>) {
        while bus.stream(0, Burst { data: vec![0], ..Burst::default() }).is_ok() {
            self.0 += 1;
        }
    }

    fn view(&self) -> View {
        View::Text(self.0.to_string())
    }
}

#[test]
fn a_fifo_takes_what_fits_and_no_more() {
    for (room, taken) in [(0, "64"), (10, "74")] {
        let fabric = FabricBuilder::new()
            .part("filler", Filler(0))
            .part("fifo", AxisFifoModel::new(FIFO))
            .part("sink", StreamSink::with_room(room))
            .join("fifo/M_AXIS", "sink/S_AXIS")
            .join("filler/M_AXIS", "fifo/S_AXIS");
        assert_eq!(fabric.build().unwrap().view("filler"), Ok(View::Text(taken.into())), "{room}");
    }
}

#[test]
fn packets_keep_their_ends_and_their_order() {
    let sink = StreamSink::new();
    let packets = sink.packets();
    let mut fabric = chain(FIFO, sink);
    let sent: Vec<Vec<u8>> = [1, 200, 64, 63, 65, 7].iter().map(|&length| (0..length).collect()).collect();
    sent.iter().for_each(|packet| send(&mut fabric, packet));
    assert_eq!(packets.take(), sent);
    assert_eq!(packets.begun(), []);
}

#[test]
fn a_fifo_of_packets_passes_on_whole_ones_or_what_does_not_fit() {
    let sink = StreamSink::new();
    let packets = sink.packets();
    let mut fabric = chain(AxisFifoParams { whole_packets: true, ..FIFO }, sink);
    let part = |data: &[u8], last| Message::Stream(Stream::Burst(Burst { data: data.to_vec(), last, user: 0 }));
    fabric.message("source/feed", part(&[1; 60], false)).unwrap();
    assert_eq!(packets.begun(), [], "the packet is not complete");
    fabric.message("source/feed", part(&[2; 2], true)).unwrap();
    assert_eq!(packets.take(), [[vec![1; 60], vec![2; 2]].concat()]);
    fabric.message("source/feed", part(&[3; 64], false)).unwrap();
    assert_eq!(packets.begun(), [3; 64], "nothing more fits");
    fabric.message("source/feed", part(&[4; 100], true)).unwrap();
    assert_eq!(packets.take(), [[vec![3; 64], vec![4; 100]].concat()]);
    send(&mut fabric, &[5; 10]);
    assert_eq!(packets.take(), [[5; 10]]);
}

#[test]
fn a_beat_without_bytes_ends_a_packet() {
    let sink = StreamSink::new();
    let packets = sink.packets();
    let mut fabric = chain(FIFO, sink);
    let first = Burst { data: vec![1, 2], last: false, user: 0 };
    fabric.message("source/feed", Message::Stream(Stream::Burst(first))).unwrap();
    assert_eq!(packets.take(), Vec::<Vec<u8>>::new());
    send(&mut fabric, &[]);
    assert_eq!(packets.take(), [[1, 2]]);
}

#[test]
fn a_stall_holds_the_stream_and_loses_nothing() {
    let sink = StreamSink::new();
    let packets = sink.packets();
    let mut fabric = chain(FIFO, sink);
    for port in ["source/M_AXIS", "fifo/M_AXIS"] {
        fabric.stream_fault(port, StreamFault::Stalled).unwrap();
        send(&mut fabric, &[7; 100]);
        assert_eq!(packets.take(), Vec::<Vec<u8>>::new(), "{port}");
        fabric.stream_fault(port, StreamFault::None).unwrap();
        assert_eq!(packets.take(), [[7; 100]], "{port}");
    }
    assert!(fabric.stream_fault("sink/NONE", StreamFault::Stalled).is_err());
}

#[test]
fn a_source_with_a_rate_takes_its_time() {
    let sink = StreamSink::new();
    let packets = sink.packets();
    let builder = FabricBuilder::new().part("source", StreamSource::with_rate(1_000_000)).part("sink", sink);
    let mut fabric = builder.join("source/M_AXIS", "sink/S_AXIS").build().unwrap();
    send(&mut fabric, &[1; 100]);
    send(&mut fabric, &[2; 50]);
    fabric.advance_to(Instant::from_nanos(99_999));
    assert_eq!(packets.take(), Vec::<Vec<u8>>::new());
    fabric.advance_to(Instant::from_nanos(100_000));
    assert_eq!(packets.take(), [[1; 100]]);
    fabric.advance_to(Instant::from_nanos(149_999));
    assert_eq!(packets.take(), Vec::<Vec<u8>>::new());
    fabric.advance_to(Instant::from_nanos(150_000));
    assert_eq!(packets.take(), [[2; 50]]);
}

/// A generator of numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Grants room at random, of both kinds, and takes it back at random.
struct Fickle {
    random: Random,
    left: usize,
    /// It is gone with the end of the packet.
    until_last: bool,
    next: Instant,
    packets: Vec<Vec<u8>>,
    begun: Vec<u8>,
}

static SINK: [Port; 1] = [Port::interface("S_AXIS", InterfaceKind::Stream)];

impl Device for Fickle {
    fn ports(&self) -> &[Port] {
        &SINK
    }

    fn receive(&mut self, _: usize, message: Message, _: &mut Bus<'_>) {
        let Message::Stream(Stream::Burst(burst)) = message else { return };
        self.left = self.left.checked_sub(burst.data.len()).expect("no more than was granted");
        self.begun.extend(burst.data);
        if burst.last {
            self.packets.push(core::mem::take(&mut self.begun));
            self.left = if self.until_last { 0 } else { self.left };
        }
    }

    fn tick(&mut self, bus: &mut Bus<'_>) {
        if bus.now() < self.next {
            return;
        }
        self.next = bus.now() + Duration::from_nanos(10);
        match self.random.below(4) {
            0 => {
                self.left = 0;
                bus.hold(0);
            }
            kind => {
                let more = usize::try_from(self.random.below(90)).unwrap();
                (self.left, self.until_last) = (self.left + more, kind == 1);
                bus.send(0, Message::Stream(if kind == 1 { Stream::Packet(more) } else { Stream::Room(more) }));
            }
        }
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        bus.wake_at(Some(self.next));
    }

    fn view(&self) -> View {
        View::Text(format!("{:?}", self.packets))
    }
}

#[test]
fn no_byte_is_lost_doubled_or_sent_without_room() {
    for seed in 0..50 {
        let mut random = Random(seed);
        let mut depth = |least: u64| usize::try_from(least + random.below(100)).unwrap();
        let (first, second) = (depth(1), depth(1));
        let fickle = Fickle {
            random: Random(seed * 7 + 1),
            left: 0,
            until_last: false,
            next: Instant::from_nanos(10),
            packets: Vec::new(),
            begun: Vec::new(),
        };
        let builder = FabricBuilder::new()
            .part("source", StreamSource::new())
            .part("one", AxisFifoModel::new(AxisFifoParams { bytes: first, whole_packets: seed % 3 == 0 }))
            .part("two", AxisFifoModel::new(AxisFifoParams { bytes: second, whole_packets: seed % 5 == 0 }))
            .part("sink", fickle)
            .join("source/M_AXIS", "one/S_AXIS")
            .join("one/M_AXIS", "two/S_AXIS")
            .join("two/M_AXIS", "sink/S_AXIS");
        let mut fabric = builder.build().unwrap();
        let mut sent: Vec<Vec<u8>> = Vec::new();
        for packet in 0..30 {
            let length = random.below(200);
            let data: Vec<u8> = (0..length).map(|byte| (byte + packet) as u8).collect();
            send(&mut fabric, &data);
            sent.push(data);
            let now = fabric.now() + Duration::from_nanos(random.below(100));
            fabric.advance_to(now);
        }
        let now = fabric.now() + Duration::from_micros(10);
        fabric.advance_to(now);
        assert_eq!(fabric.view("sink"), Ok(View::Text(format!("{sent:?}"))), "seed {seed}");
    }
}
