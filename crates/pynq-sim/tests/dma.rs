//! A bus master in the logic and the processor's cache, over the same memory.
#![allow(clippy::unwrap_used)] // a test may

use std::sync::{Arc, Mutex};

use pynq_core::dma::{Direction, DmaAllocator, DmaRegion, DmaRequest};
use pynq_sim::{
    Board, Device, SimDmaBuffer, SimDmaMemory,
    device::{Bus, Port, PortKind},
};

const BASE: u64 = 0x1000_0000;
const SOURCE: usize = 0x0;
const TARGET: usize = 0x4;
const LENGTH: usize = 0x8;

/// Copies `LENGTH` bytes when that register is written, and says on a LED that it is done.
#[derive(Default)]
struct Copier {
    source: u32,
    target: u32,
    done: bool,
}

static PORTS: [Port; 1] = [Port::new("done", PortKind::Output, 1)];

impl Device for Copier {
    fn reset(&mut self, _: &mut Bus<'_>) {
        *self = Self::default();
    }

    fn read(&mut self, _: u32, _: &mut Bus<'_>) -> u32 {
        self.done.into()
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus<'_>) {
        match offset as usize {
            SOURCE => self.source = value,
            TARGET => self.target = value,
            LENGTH => {
                let mut bytes = vec![0; value as usize];
                bus.read_memory(self.source.into(), &mut bytes).unwrap();
                bus.write_memory(self.target.into(), &bytes).unwrap();
                self.done = true;
            }
            _ => {}
        }
    }

    fn ports(&self) -> &[Port] {
        &PORTS
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        bus.set(0, self.done.into());
    }
}

fn board() -> (Board, SimDmaMemory) {
    let builder = Board::builder().device("copier", 0x4000_0000, 0x1_0000, Copier::default());
    let board = builder.memory("ddr", BASE, 0x1_0000).build().unwrap();
    let memory = SimDmaMemory::new(&board, BASE, 0x1_0000).unwrap();
    (board, memory)
}

fn copy(board: &Board, from: &SimDmaBuffer, to: &SimDmaBuffer) {
    copy_to(board, from, to.physical_address());
}

/// Copies as much as there is in `from`.
fn copy_to(board: &Board, from: &SimDmaBuffer, to: u64) {
    let window = board.window("copier").unwrap();
    window.write(SOURCE, u32::try_from(from.physical_address()).unwrap());
    window.write(TARGET, u32::try_from(to).unwrap());
    window.write(LENGTH, u32::try_from(from.size()).unwrap());
}

fn contents(buffer: &SimDmaBuffer) -> Vec<u8> {
    let mut bytes = vec![0; buffer.size()];
    buffer.copy_out(0, &mut bytes).unwrap();
    bytes
}

#[test]
fn a_bus_master_sees_memory_and_not_the_cache() {
    let (board, memory) = board();
    let request = DmaRequest::new(200);
    let (mut from, mut to) = (memory.allocate(&request).unwrap(), memory.allocate(&request).unwrap());
    let sent: Vec<u8> = (0..200).collect();
    from.copy_in(0, &sent).unwrap();
    assert_eq!(contents(&to), [0; 200]);

    // Each of the two calls is needed.
    copy(&board, &from, &to);
    to.sync_for_cpu(0..200, Direction::FromDevice).unwrap();
    assert_eq!(contents(&to), [0; 200], "the device copied what was in memory before");
    from.sync_for_device(0..200, Direction::ToDevice).unwrap();
    to.sync_for_device(0..200, Direction::FromDevice).unwrap();
    assert_eq!(contents(&to), [0; 200], "and here the processor looks at what is not in its hands");
    copy(&board, &from, &to);
    assert_eq!(contents(&to), [0; 200]);
    to.sync_for_cpu(0..200, Direction::FromDevice).unwrap();
    assert_eq!(contents(&to), sent);
}

#[test]
fn buffers_can_be_used_from_whatever_the_board_calls() {
    let (board, memory) = board();
    let request = DmaRequest::new(64);
    let mut from = memory.allocate(&request).unwrap();
    let to = memory.allocate(&request).unwrap();
    let address = to.physical_address();
    let to = Arc::new(Mutex::new(to));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (buffer, pool, log) = (Arc::clone(&to), memory.clone(), Arc::clone(&seen));
    board.on_output(move |_, _| {
        let mut buffer = buffer.lock().unwrap();
        buffer.sync_for_cpu(0..64, Direction::FromDevice).unwrap();
        let more = pool.allocate(&DmaRequest::new(64)).unwrap();
        log.lock().unwrap().push((contents(&buffer), more.size()));
    });
    from.copy_in(0, &[7; 64]).unwrap();
    from.sync_for_device(0..64, Direction::ToDevice).unwrap();
    copy_to(&board, &from, address);
    assert_eq!(*seen.lock().unwrap(), [(vec![7; 64], 64)]);

    // From a stimulus as well, which runs while somebody else moves the clock.
    let buffer = Arc::clone(&to);
    board.after(core::time::Duration::from_millis(1), move |_| assert_eq!(contents(&buffer.lock().unwrap()), [7; 64]));
    board.advance(core::time::Duration::from_millis(2));
}

#[test]
fn buffers_outlive_a_design_without_their_memory() {
    let (board, memory) = board();
    let mut buffer = memory.allocate(&DmaRequest::new(64)).unwrap();
    board.load(Board::builder()).unwrap();
    buffer.copy_in(0, &[1; 64]).unwrap();
    buffer.sync_for_device(0..64, Direction::ToDevice).unwrap();
    buffer.sync_for_cpu(0..64, Direction::FromDevice).unwrap();
    assert_eq!(contents(&buffer), [0xFF; 64], "nothing is there, and reads all ones");
    assert!(board.take_bus_errors().is_empty());
}
