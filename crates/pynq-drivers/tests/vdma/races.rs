//! Frames that end in the middle of what the driver does: any number of them, of any size, before any access.

use std::{
    sync::{Arc, Mutex},
    task::Poll,
};

use pynq_sim::{
    Access, Stimulus,
    device::{Frame, Message, Stream},
};

use super::{
    common::{Task, poll_once},
    rig::{Build, FORMAT, Random, Rig, number, picture},
};

/// What the driver accesses, at any time.
const ANY: [(u32, Access); 4] =
    [(0x28, Access::Read), (0x34, Access::Read), (0x34, Access::Write), (0x30, Access::Write)];
/// What it accesses between its choice of a frame and its hand-over.
const EXCHANGE: [(u32, Access); 5] =
    [(0xA0, Access::Write), (0xAC, Access::Write), (0xB0, Access::Write), (0xB4, Access::Write), (0xB8, Access::Write)];

/// Frames that are numbered as they arrive. A long one has a line more than the channel takes.
struct Camera<'a> {
    rig: &'a Rig,
    queued: usize,
    /// Whether each that has arrived was long.
    arrived: Arc<Mutex<Vec<bool>>>,
}

impl Camera<'_> {
    fn frame(&mut self, is_long: bool) -> Stimulus {
        self.queued += 1;
        let arrived = Arc::clone(&self.arrived);
        let bytes = move || {
            let mut arrived = arrived.lock().unwrap();
            let mut bytes = picture(arrived.len() as u64);
            arrived.push(is_long);
            bytes.resize(bytes.len() + FORMAT.line_bytes as usize, 0);
            bytes.into()
        };
        let frame = Frame::lazy(FORMAT.lines + u32::from(is_long), FORMAT.line_bytes, bytes);
        let message = Message::Stream(Stream::Frame(frame.begun_at(self.rig.board.now())));
        Stimulus::Message { port: "vdma/S_AXIS_S2MM".into(), message }
    }
}

/// Takes frames while others end in between, of which one in `long` is too long; 0 for none.
fn takes(seed: u64, stores: u8, long: u64) {
    let rig = Rig::new(Build { stores, camera: false, ..Build::default() });
    rig.start_input(2);
    let mut camera = Camera { rig: &rig, queued: 0, arrived: Arc::default() };
    let mut random = Random(seed * 2 + 1);
    let (mut next, mut taken) = (0, 0);
    let mut held = Vec::new();
    for round in 0..200 {
        let at = format!("seed {seed}, {stores} stores, round {round}");
        let all_arrived = camera.arrived.lock().unwrap().len() == camera.queued;
        if random.below(3) > 0 {
            let is_long = long != 0 && random.below(long) == 0;
            rig.board.stimulate(&camera.frame(is_long)).unwrap();
        }
        // While a task waits, the store is all that counts, so fewer than there are stores come then.
        let ((offset, access), most) = match random.below(2) {
            0 => (ANY[random.below(4) as usize], u64::from(stores)),
            _ => (EXCHANGE[random.below(1 + u64::from(stores.min(4))) as usize], 3 * u64::from(stores)),
        };
        for _ in 0..if all_arrived { random.below(most) } else { 0 } {
            let is_long = long != 0 && random.below(long) == 0;
            rig.board.before_access("vdma", offset, access, camera.frame(is_long)).unwrap();
        }
        if let Poll::Ready(frame) = poll_once(rig.input.frame_async()) {
            let frame = frame.unwrap();
            let number = number(&frame);
            assert_eq!((frame.number(), frame.missed()), (number, number - next), "{at}: number and what is in it");
            let has_long = camera.arrived.lock().unwrap()[next as usize..=number as usize].contains(&true);
            assert_eq!(frame.size_faults().more_lines, has_long, "{at}: a fault is told with its frame");
            (next, taken) = (number + 1, taken + 1);
            held.push((number, frame));
            if held.len() == 2 {
                held.remove(random.below(2) as usize);
            }
        }
        for (expected, frame) in &held {
            let mut memory = vec![0; frame.len()];
            rig.board.read_memory(frame.physical_address().unwrap(), &mut memory).unwrap();
            assert_eq!(super::rig::number(&memory), *expected, "{at}: written to while it is held");
        }
    }
    assert!(taken > 30, "seed {seed}: {taken} of 200");
    held.clear();
    assert_eq!(rig.input.stop().unwrap().len(), usize::from(stores) + 2, "seed {seed}: all buffers are there");
}

#[test]
fn frames_that_end_in_between_are_numbered_as_they_came() {
    for stores in [2, 3, 4, 8] {
        (0..20).for_each(|seed| takes(seed, stores, 0));
    }
}

#[test]
fn frames_of_another_size_that_end_in_between_tear_nothing() {
    for stores in [2, 3, 4, 8] {
        (0..20).for_each(|seed| takes(seed, stores, 3));
    }
}

/// While a task waits, each frame interrupts, and what the block has counted says nothing.
#[test]
fn a_block_that_comes_round_while_another_task_waits_tears_nothing() {
    for more in 0..8 {
        let rig = Rig::new(Build { stores: 2, camera: false, ..Build::default() });
        rig.start_input(2);
        let mut camera = Camera { rig: &rig, queued: 0, arrived: Arc::default() };
        rig.board.stimulate(&camera.frame(false)).unwrap();
        let other = Task::waiting(rig.input.next_frame_async());
        for _ in 0..more {
            rig.board.before_access("vdma", 0xA0, Access::Write, camera.frame(false)).unwrap();
        }
        let taken = poll_once(rig.input.frame_async());
        assert_eq!(taken.is_ready(), more == 0, "{more} frames: the first one is gone");
        if let Poll::Ready(frame) = taken {
            assert_eq!(number(&frame.unwrap()), 0);
        }
        drop(other);
        rig.board.stimulate(&camera.frame(false)).unwrap();
        rig.board.stimulate(&camera.frame(false)).unwrap();
        let Poll::Ready(frame) = poll_once(rig.input.frame_async()) else { panic!("no frame after {more}") };
        assert_eq!(number(&frame.unwrap()), more + 2);
    }
}
