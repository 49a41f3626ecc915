//! Accelerators with streams: what they take and when, and what they do when nobody takes what they send.
#![allow(clippy::unwrap_used)] // a test may

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use pynq_sim::{
    Board, Device, Window,
    device::{Burst, Bus, InterfaceKind, Message, Port, Stream, View},
    models::hls::{HlsModel, HlsParams},
};

/// Sends and receives by hand: what it is given to send leaves as there is room.
#[derive(Default)]
struct Far {
    state: Arc<Mutex<FarState>>,
}

#[derive(Default)]
struct FarState {
    to_send: VecDeque<Burst>,
    /// Room to be granted.
    grants: usize,
    received: Vec<u8>,
    packets: usize,
    /// Room that the other side has granted in all.
    room: usize,
}

static PORTS: [Port; 2] = [Port::interface("out", InterfaceKind::Stream), Port::interface("in", InterfaceKind::Stream)];

impl Far {
    fn work(&self, bus: &mut Bus<'_>) {
        let mut state = self.state.lock().unwrap();
        let grants = std::mem::take(&mut state.grants);
        if grants > 0 {
            bus.send(1, Message::Stream(Stream::Room(grants)));
        }
        while let Some(mut burst) = state.to_send.pop_front() {
            let room = bus.room(0);
            if room == 0 {
                state.to_send.push_front(burst);
                break;
            }
            let rest = burst.data.split_off(room.min(burst.data.len()));
            let last = burst.last && rest.is_empty();
            if !rest.is_empty() {
                state.to_send.push_front(Burst { data: rest, ..burst.clone() });
            }
            bus.stream(0, Burst { last, ..burst }).unwrap();
        }
    }
}

impl Device for Far {
    fn ports(&self) -> &[Port] {
        &PORTS
    }

    // A write has it look at what the test has for it.
    fn write(&mut self, _: u32, _: u32, bus: &mut Bus<'_>) {
        self.work(bus);
    }

    fn receive(&mut self, _: usize, message: Message, bus: &mut Bus<'_>) {
        match message {
            Message::Stream(Stream::Burst(burst)) => {
                let mut state = self.state.lock().unwrap();
                state.received.extend(burst.data);
                state.packets += usize::from(burst.last);
            }
            Message::Stream(Stream::Room(bytes)) => self.state.lock().unwrap().room += bytes,
            _ => {}
        }
        self.work(bus);
    }

    fn view(&self) -> View {
        View::Nothing
    }
}

struct Rig {
    board: Board,
    core: Window,
    far: Arc<Mutex<FarState>>,
}

/// Adds one to each byte: eight of them for each run, or with `packets` whole packets; in 100 clocks of 10 ns.
fn rig(params: HlsParams, packets: bool) -> Rig {
    let params = params.stream_in("input").stream_out("output");
    let model = HlsModel::new(params, move |_, _, streams| {
        let data = if packets { streams.read_packet("input")? } else { streams.read("input", 8)? };
        streams.write("output", data.iter().map(|byte| byte + 1).collect(), packets);
        Ok(100_u64)
    });
    let far = Far::default();
    let state = Arc::clone(&far.state);
    let board = Board::builder()
        .device("core", 0x4000_0000, 0x1_0000, model)
        .device("far", 0x4001_0000, 0x1_0000, far)
        .join("far/out", "core/input")
        .join("core/output", "far/in")
        .interrupt("core/interrupt", 61)
        .build()
        .unwrap();
    let core = board.window("core").unwrap();
    Rig { board, core, far: state }
}

impl Rig {
    fn poke(&self) {
        self.board.window("far").unwrap().write(0, 0);
    }

    fn send(&self, bytes: &[u8], last: bool) {
        self.far.lock().unwrap().to_send.push_back(Burst { data: bytes.to_vec(), last, user: 0 });
        self.poke();
    }

    fn grant(&self, bytes: usize) {
        self.far.lock().unwrap().grants += bytes;
        self.poke();
    }

    fn clocks(&self, clocks: u64) {
        self.board.advance(Duration::from_nanos(10 * clocks));
    }

    fn done(&self) -> bool {
        self.core.read(0) & 2 != 0
    }

    fn received(&self) -> Vec<u8> {
        self.far.lock().unwrap().received.clone()
    }
}

#[test]
fn an_idle_function_takes_nothing_and_a_running_one_what_it_reads() {
    let rig = rig(HlsParams::default(), false);
    rig.grant(1000);
    rig.send(&[1; 20], false);
    rig.clocks(1000);
    assert_eq!(rig.far.lock().unwrap().room, 0, "TREADY is low");
    rig.core.write(0, 1);
    rig.clocks(99);
    assert!(!rig.done());
    rig.clocks(1);
    assert!(rig.done());
    assert_eq!((rig.received(), rig.far.lock().unwrap().room), (vec![2; 8], 8));
    rig.core.write(0, 1);
    rig.clocks(100);
    rig.core.write(0, 1);
    rig.clocks(1000);
    assert_eq!((rig.received().len(), rig.core.read(0) & 5), (16, 1), "the third run has 4 of 8 bytes");
    rig.send(&[5; 4], false);
    rig.clocks(100);
    assert!(rig.done());
    assert_eq!(rig.received()[16..], [2, 2, 2, 2, 6, 6, 6, 6]);
}

#[test]
fn a_run_ends_when_its_receiver_has_taken_all() {
    let rig = rig(HlsParams::default(), false);
    rig.core.write(0x08, 1);
    rig.core.write(0x04, 1);
    rig.send(&[3; 8], false);
    rig.core.write(0, 1);
    rig.clocks(5000);
    assert!(!rig.done());
    rig.grant(5);
    assert_eq!((rig.received().len(), rig.done()), (5, false));
    rig.grant(3);
    assert!(rig.board.cpu_pin(61).unwrap().level() && rig.done());
    assert_eq!(rig.received(), [4; 8]);
}

#[test]
fn packets_are_read_to_their_end_however_they_come() {
    let rig = rig(HlsParams::default(), true);
    rig.grant(100_000);
    rig.core.write(0, 0x81);
    for size in [1, 7, 4096, 10_000] {
        let before = rig.received().len();
        let (first, second) = (vec![9; size / 2], vec![10; size - size / 2]);
        rig.send(&first, false);
        rig.clocks(500);
        assert_eq!(rig.received().len(), before, "no packet yet");
        rig.send(&second, true);
        rig.clocks(100);
        assert_eq!(rig.received().len(), before + size);
    }
    assert_eq!(rig.far.lock().unwrap().packets, 4);
}

/// `ap_ctrl_none`: it runs whenever there is something to do.
#[test]
fn one_without_control_runs_by_itself() {
    let rig = rig(HlsParams::default().without_control().input("gain", 32, 0x10), false);
    rig.grant(1000);
    rig.core.write(0x10, 7);
    rig.send(&[1; 24], false);
    rig.clocks(301);
    assert_eq!((rig.received(), rig.core.read(0x10), rig.core.read(0)), (vec![2; 24], 7, 0));
    assert!(!rig.board.cpu_pin(61).unwrap().level());
}
