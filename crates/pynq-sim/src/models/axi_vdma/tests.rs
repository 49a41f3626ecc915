//! The data sheet, line by line. Offsets and bits are written out here once more.

use alloc::{vec, vec::Vec};
use core::time::Duration;

use super::{AxiVdmaModel, VdmaParams, fault};
use crate::{
    Board, Stimulus, Window,
    device::{Bus, Device, Frame, InterfaceKind, Message, Port, Stream, View},
};

const DDR: u32 = 0x1000_0000;

/// Takes a frame whenever one comes, and shows how many did and the first byte of the last.
#[derive(Debug, Default)]
struct Sink(Vec<u8>);

static SINK: [Port; 1] = [Port::interface("in", InterfaceKind::Stream)];

impl Device for Sink {
    fn ports(&self) -> &[Port] {
        &SINK
    }

    fn receive(&mut self, _: usize, message: Message, _: &mut Bus<'_>) {
        if let Message::Stream(Stream::Frame(frame)) = message {
            self.0.push(frame.bytes()[0]);
        }
    }

    fn view(&self) -> View {
        View::Text(self.0.iter().map(|byte| char::from(b'a' + byte)).collect())
    }
}

fn board(params: VdmaParams) -> (Board, Window) {
    let board = Board::builder()
        .device("vdma", 0x4300_0000, 0x1_0000, AxiVdmaModel::new(params))
        .part("sink", Sink::default())
        .join("vdma/M_AXIS_MM2S", "sink/in")
        .memory("ddr", DDR.into(), 0x10_0000)
        .interrupt("vdma/mm2s_introut", 61)
        .interrupt("vdma/s2mm_introut", 62)
        .build()
        .unwrap();
    let window = board.window("vdma").unwrap();
    (board, window)
}

/// A frame that has ended now and begun a moment ago.
fn feed(board: &Board, lines: u32, line_bytes: u32, value: u8) {
    let began = board.now();
    board.advance(Duration::from_millis(1));
    let bytes = vec![value; (lines * line_bytes) as usize];
    let frame = Frame::new(lines, line_bytes, bytes.into()).begun_at(began);
    let message = Message::Stream(Stream::Frame(frame));
    board.stimulate(&Stimulus::Message { port: "vdma/S_AXIS_S2MM".into(), message }).unwrap();
}

fn pull(board: &Board) {
    let message = Message::Stream(Stream::NextFrame);
    board.stimulate(&Stimulus::Message { port: "vdma/M_AXIS_MM2S".into(), message }).unwrap();
}

fn at(board: &Board, offset: u32) -> u8 {
    let mut byte = [0];
    board.read_memory((DDR + offset).into(), &mut byte).unwrap();
    byte[0]
}

/// Starts S2MM: three stores of 2 lines of 8 bytes, 16 apart, with this control.
fn start_s2mm(vdma: &Window, control: u32) {
    vdma.write(0x30, control);
    (0..3).for_each(|store| vdma.write(0xAC + 4 * store, DDR + 0x1000 * store as u32));
    for (offset, value) in [(0xA8, 16), (0xA4, 8), (0xA0, 2)] {
        vdma.write(offset, value);
    }
}

#[test]
fn registers_read_as_the_sheet_says_after_a_reset() {
    let (_, vdma) = board(VdmaParams::default());
    assert_eq!((vdma.read(0x00), vdma.read(0x30)), (0x0001_0002, 0x0001_0002));
    assert_eq!((vdma.read(0x04), vdma.read(0x34)), (0x0001_0001, 0x0001_0001));
    assert_eq!(vdma.read(0x2C) >> 20, 0x630);
    for (offset, written, read) in
        [(0x50, !0, 0x1FFF), (0x54, !0, 0xFFFF), (0x58, !0, 0x1F00_FFFF), (0x14, !0, 1), (0x3C, !0, 0xF)]
    {
        vdma.write(offset, written);
        assert_eq!(vdma.read(offset), read, "{offset:#x}");
    }
}

#[test]
fn halted_follows_a_moment_later() {
    let (_, vdma) = board(VdmaParams::default());
    vdma.write(0x30, 0x0001_0003);
    assert_eq!(vdma.read(0x34) & 1, 1, "not yet");
    assert_eq!(vdma.read(0x34) & 1, 0);
}

#[test]
fn vsize_starts_and_only_while_the_channel_runs() {
    let (board, vdma) = board(VdmaParams::default());
    start_s2mm(&vdma, 0x0001_0002);
    vdma.write(0x30, 0x0001_0003);
    feed(&board, 2, 8, 7);
    assert_eq!(at(&board, 0), 0, "VSIZE was written while it stood still");
    vdma.write(0xA0, 2);
    feed(&board, 2, 8, 7);
    assert_eq!((at(&board, 7), at(&board, 8), at(&board, 16)), (7, 0, 7), "by the stride");
}

#[test]
fn a_frame_that_had_begun_before_is_not_taken() {
    let (board, vdma) = board(VdmaParams::default());
    let began = board.now();
    board.advance(Duration::from_millis(1));
    start_s2mm(&vdma, 0x0001_0003);
    let frame = Frame::new(2, 8, vec![9; 16].into()).begun_at(began);
    let message = Message::Stream(Stream::Frame(frame));
    board.stimulate(&Stimulus::Message { port: "vdma/S_AXIS_S2MM".into(), message }).unwrap();
    assert_eq!(at(&board, 0), 0);
}

#[test]
fn circular_goes_round_and_park_stays() {
    let (board, vdma) = board(VdmaParams::default());
    start_s2mm(&vdma, 0x0001_0003);
    for (value, store) in [(1, 0), (2, 1), (3, 2), (4, 0)] {
        assert_eq!(vdma.read(0x28) >> 24, store, "S2MM is on it");
        feed(&board, 2, 8, value);
        assert_eq!(at(&board, 0x1000 * store), value);
    }
    vdma.write(0x28, 2 << 8);
    vdma.write(0x30, 0x0001_0001);
    feed(&board, 2, 8, 5);
    assert_eq!(at(&board, 0x1000), 5, "the frame under way goes where it went");
    feed(&board, 2, 8, 6);
    feed(&board, 2, 8, 7);
    assert_eq!((at(&board, 0x2000), vdma.read(0x28) >> 24), (7, 2));
}

#[test]
fn changes_wait_for_vsize_and_for_the_end_of_the_frame() {
    let (board, vdma) = board(VdmaParams::default());
    start_s2mm(&vdma, 0x0001_0003);
    vdma.write(0xB0, DDR + 0x8000);
    feed(&board, 2, 8, 1);
    feed(&board, 2, 8, 2);
    assert_eq!((at(&board, 0x1000), at(&board, 0x8000)), (2, 0), "without VSIZE nothing changes");
    feed(&board, 2, 8, 3);
    vdma.write(0xA0, 2);
    feed(&board, 2, 8, 4);
    feed(&board, 2, 8, 5);
    assert_eq!((at(&board, 0), at(&board, 0x8000)), (4, 5));
}

#[test]
fn interrupts_count_frames() {
    let (board, vdma) = board(VdmaParams::default());
    start_s2mm(&vdma, 0x0003_1003);
    let pin = board.cpu_pin(62).unwrap();
    assert_eq!(vdma.read(0x34) >> 16, 3);
    feed(&board, 2, 8, 1);
    feed(&board, 2, 8, 1);
    assert_eq!((vdma.read(0x34) >> 16, pin.level()), (1, false));
    feed(&board, 2, 8, 1);
    assert_eq!((vdma.read(0x34) >> 12, pin.level()), (0x31, true), "and it counts from 3 again");
    vdma.write(0x34, 1 << 12);
    assert!(!pin.level());
    feed(&board, 2, 8, 1);
    vdma.write(0x30, 0x0003_1003);
    assert_eq!(vdma.read(0x34) >> 16, 2, "the same number goes on");
    vdma.write(0x30, 0x0005_1003);
    assert_eq!(vdma.read(0x34) >> 16, 5, "another one begins");
}

#[test]
fn a_frame_in_the_clock_of_the_clearing_wins() {
    let (board, vdma) = board(VdmaParams::default());
    start_s2mm(&vdma, 0x0001_1003);
    feed(&board, 2, 8, 1);
    let bits = fault::FRAME_AT_CLEAR_S2MM;
    board.stimulate(&Stimulus::Port { port: "vdma/fault".into(), bits }).unwrap();
    vdma.write(0x34, 1 << 12);
    assert_eq!(vdma.read(0x34) & 1 << 12, 1 << 12);
    vdma.write(0x34, 1 << 12);
    assert_eq!(vdma.read(0x34) & 1 << 12, 0);
}

#[test]
fn a_counted_run_stops() {
    let (board, vdma) = board(VdmaParams::default());
    start_s2mm(&vdma, 0x0002_0013);
    feed(&board, 2, 8, 1);
    assert_eq!(vdma.read(0x30) & 1, 1);
    feed(&board, 2, 8, 2);
    let _ = vdma.read(0x34);
    assert_eq!((vdma.read(0x30) & 1, vdma.read(0x34) & 1), (0, 1));
    feed(&board, 2, 8, 3);
    assert_eq!((at(&board, 0), at(&board, 0x1000), at(&board, 0x2000)), (1, 2, 0));
}

#[test]
fn frames_of_other_sizes_are_told_and_the_next_one_is_taken() {
    for (lines, bytes, bit) in [(1, 8, 7), (3, 8, 11), (2, 7, 8), (2, 9, 15)] {
        let (board, vdma) = board(VdmaParams::default());
        start_s2mm(&vdma, 0x0001_4003);
        feed(&board, lines, bytes, 1);
        assert_eq!(vdma.read(0x34) & 0xC9F0, 1 << bit | 1 << 14, "{lines} lines of {bytes}");
        assert!(board.cpu_pin(62).unwrap().level());
        assert_eq!(vdma.read(0x28) >> 24, 0, "the store is seen until the error is cleared");
        vdma.write(0x34, 0x8980 | 1 << 14);
        assert_eq!((vdma.read(0x34) & 0xC9F0, vdma.read(0x28) >> 24), (0, 1));
        feed(&board, 2, 8, 2);
        assert_eq!(at(&board, 0x1000), 2);
        // Those that the mask names are not told.
        vdma.write(0x3C, 0xF);
        feed(&board, lines, bytes, 1);
        assert_eq!(vdma.read(0x34) & 0xC9F0, 0);
    }
}

#[test]
fn memory_that_is_not_there_stops_the_channel_until_a_reset() {
    let (board, vdma) = board(VdmaParams::default());
    start_s2mm(&vdma, 0x0001_4003);
    vdma.write(0xAC, 0x4000_0000);
    vdma.write(0xA0, 2);
    feed(&board, 2, 8, 1);
    (0..2).for_each(|_| feed(&board, 2, 8, 1));
    board.expect_bus_error(0x4000_0000, None);
    feed(&board, 2, 8, 1);
    let _ = vdma.read(0x34);
    assert_eq!(vdma.read(0x34) & 0x71, 1 << 6 | 1);
    vdma.write(0x34, !0);
    assert_eq!(vdma.read(0x34) & 0x70, 1 << 6, "only a reset takes it away");
    vdma.write(0x30, 4);
    assert_eq!((vdma.read(0x30) & 4, vdma.read(0x30) & 4, vdma.read(0x34) & 0x70), (4, 0, 0));
}

#[test]
fn sizes_of_zero_are_an_error() {
    let (_, vdma) = board(VdmaParams::default());
    vdma.write(0x00, 0x0001_4003);
    vdma.write(0x50, 5);
    assert_eq!(vdma.read(0x04) & 0x4010, 0x4010);
}

#[test]
fn each_channel_is_reset_alone() {
    let (board, vdma) = board(VdmaParams::default());
    start_s2mm(&vdma, 0x0001_0003);
    vdma.write(0x54, 12);
    vdma.write(0x00, 4);
    assert_eq!((vdma.read(0x54), vdma.read(0xA4)), (0, 8));
    feed(&board, 2, 8, 3);
    assert_eq!(at(&board, 0), 3);
}

#[test]
fn stores_beyond_the_sixteenth_are_behind_the_index() {
    let (_, vdma) = board(VdmaParams { stores: 20, ..VdmaParams::default() });
    vdma.write(0x5C, 1);
    vdma.write(0x14, 1);
    vdma.write(0x5C, 17);
    vdma.write(0x5C + 4 * 4, 21);
    assert_eq!((vdma.read(0x5C), vdma.read(0x5C + 16)), (17, 0), "there are four there");
    vdma.write(0x14, 0);
    assert_eq!(vdma.read(0x5C), 1);
    let (_, wide) = board(VdmaParams { address_width: 40, ..VdmaParams::default() });
    wide.write(0x64, 0x1234);
    wide.write(0x68, 0x56);
    assert_eq!((wide.read(0x64), wide.read(0x68), wide.read(0x5C)), (0x1234, 0x56, 0));
}

#[test]
fn mm2s_shows_the_parked_store_from_the_next_frame_on() {
    let (board, vdma) = board(VdmaParams::default());
    for store in 0..3_u8 {
        board.write_memory(u64::from(DDR) + 0x1000 * u64::from(store), &[store; 16]).unwrap();
    }
    vdma.write(0x00, 0x0001_1001);
    (0..3).for_each(|store| vdma.write(0x5C + 4 * store, DDR + 0x1000 * store as u32));
    for (offset, value) in [(0x58, 8), (0x54, 8), (0x50, 2)] {
        vdma.write(offset, value);
    }
    pull(&board);
    assert!(!board.cpu_pin(61).unwrap().level(), "the first frame begins");
    vdma.write(0x28, 2);
    assert_eq!(vdma.read(0x28) >> 16 & 0x1F, 0, "it is on the first store");
    board.write_memory(DDR.into(), &[1; 16]).unwrap();
    pull(&board);
    assert!(board.cpu_pin(61).unwrap().level());
    assert_eq!(vdma.read(0x28) >> 16 & 0x1F, 2);
    pull(&board);
    assert_eq!(board.view("sink").unwrap(), View::Text("bc".into()), "what was written under way is on the screen");
    let _ = vdma.read(0x04);
    vdma.write(0x00, 0x0001_1000);
    assert_eq!(vdma.read(0x04) & 1, 0, "it stops at the end of the frame");
    pull(&board);
    let _ = vdma.read(0x04);
    assert_eq!(vdma.read(0x04) & 1, 1);
    pull(&board);
    assert_eq!(board.view("sink").unwrap(), View::Text("bcc".into()));
}

#[test]
fn with_genlock_mm2s_follows_s2mm() {
    let (board, vdma) = board(VdmaParams { mm2s_follows: true, ..VdmaParams::default() });
    vdma.write(0x00, 0x0001_008B);
    (0..3).for_each(|store| vdma.write(0x5C + 4 * store, DDR + 0x1000 * store as u32));
    for (offset, value) in [(0x58, 8 | 1 << 24), (0x54, 8), (0x50, 2)] {
        vdma.write(offset, value);
    }
    start_s2mm(&vdma, 0x0001_0003);
    pull(&board);
    for (value, store) in [(1, 0), (2, 1), (3, 2)] {
        feed(&board, 2, 8, value);
        pull(&board);
        assert_eq!(vdma.read(0x28) >> 16 & 0x1F, store, "one behind");
    }
}
