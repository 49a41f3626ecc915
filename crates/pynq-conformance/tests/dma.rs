//! The simulated board's DMA buffers, in the common suite, and in tests that only a model of a cache allows.
#![allow(clippy::unwrap_used)] // a test may

use pynq_conformance::{DmaBackend, dma_buffers};
use pynq_core::dma::{AddressWidth, Direction, DmaAllocator, DmaBuffer, DmaError, DmaRegion, DmaRequest, Lent};
use pynq_sim::{Board, SimDmaMemory};

const BASE: u64 = 0x1000_0000;
const SIZE: usize = 0x1_0000;

fn board() -> Board {
    Board::builder().memory("ddr", BASE, SIZE as u64).build().unwrap()
}

struct Backend {
    board: Board,
    memory: SimDmaMemory,
}

impl DmaBackend for Backend {
    type Allocator = SimDmaMemory;

    fn allocator(&self) -> &SimDmaMemory {
        &self.memory
    }

    fn reason(&self, error: &DmaError) -> Option<DmaError> {
        Some(*error)
    }

    fn device_reads(&self, address: u64, bytes: &mut [u8]) {
        self.board.read_memory(address, bytes).unwrap();
    }

    fn device_writes(&self, address: u64, bytes: &[u8]) {
        // A cache may write back at any time, so dirty lines that must not be there are written back just now.
        self.memory.evict();
        self.board.write_memory(address, bytes).unwrap();
    }
}

/// A bus master whose cache never evicts a line, which shows what an eviction would hide.
struct Quiet(Backend);

impl DmaBackend for Quiet {
    type Allocator = SimDmaMemory;

    fn allocator(&self) -> &SimDmaMemory {
        self.0.allocator()
    }

    fn reason(&self, error: &DmaError) -> Option<DmaError> {
        Some(*error)
    }

    fn device_reads(&self, address: u64, bytes: &mut [u8]) {
        self.0.device_reads(address, bytes);
    }

    fn device_writes(&self, address: u64, bytes: &[u8]) {
        self.0.board.write_memory(address, bytes).unwrap();
    }
}

#[test]
fn suite() {
    let (cached, coherent) = (board(), board());
    let memory = SimDmaMemory::new(&cached, BASE, SIZE).unwrap();
    dma_buffers(&Backend { board: cached.clone(), memory: memory.clone() }).unwrap();
    dma_buffers(&Quiet(Backend { board: cached, memory: memory.clone() })).unwrap();
    assert_eq!(memory.free(), SIZE as u64, "all buffers were given back");
    let memory = SimDmaMemory::coherent(&coherent, BASE, SIZE).unwrap();
    dma_buffers(&Backend { board: coherent, memory }).unwrap();
}

fn device_sees(board: &Board, address: u64) -> u8 {
    let mut byte = [0];
    board.read_memory(address, &mut byte).unwrap();
    byte[0]
}

fn cpu_sees(buffer: &impl DmaRegion, offset: usize) -> u8 {
    let mut byte = [0];
    buffer.copy_out(offset, &mut byte).unwrap();
    byte[0]
}

#[test]
fn a_forgotten_sync_shows() {
    let board = board();
    let memory = SimDmaMemory::new(&board, BASE, SIZE).unwrap();
    let mut buffer = memory.allocate(&DmaRequest::new(256)).unwrap();
    let address = buffer.physical_address();
    assert!(!buffer.is_coherent());

    // To the device.
    buffer.copy_in(0, &[1]).unwrap();
    assert_eq!(device_sees(&board, address), 0, "without a sync the device sees old data");
    buffer.sync_for_device(0..1, Direction::FromDevice).unwrap();
    assert_eq!(device_sees(&board, address), 1, "a part of a line is never thrown away");
    buffer.copy_in(0, &[2; 64]).unwrap();
    buffer.sync_for_device(0..64, Direction::FromDevice).unwrap();
    assert_eq!(device_sees(&board, address), 1, "the direction counts");
    buffer.copy_in(0, &[2; 64]).unwrap();
    buffer.sync_for_device(64..128, Direction::ToDevice).unwrap();
    assert_eq!(device_sees(&board, address), 1, "the range counts");
    buffer.sync_for_device(0..1, Direction::ToDevice).unwrap();
    assert_eq!(device_sees(&board, address), 2);

    // From the device.
    assert_eq!(cpu_sees(&buffer, 0), 2);
    board.write_memory(address, &[3]).unwrap();
    assert_eq!(cpu_sees(&buffer, 0), 2, "without a sync the processor sees old data");
    buffer.sync_for_cpu(0..64, Direction::ToDevice).unwrap();
    assert_eq!(cpu_sees(&buffer, 0), 2, "the direction counts");
    buffer.sync_for_cpu(64..256, Direction::FromDevice).unwrap();
    assert_eq!(cpu_sees(&buffer, 0), 2, "the range counts");
    buffer.sync_for_cpu(0..64, Direction::FromDevice).unwrap();
    assert_eq!(cpu_sees(&buffer, 0), 3);

    // A transfer to memory needs both calls: a line that the cache still had news for comes out when it likes.
    buffer.copy_in(64, &[4; 64]).unwrap();
    board.write_memory(address + 64, &[5; 64]).unwrap();
    memory.evict();
    buffer.sync_for_cpu(64..128, Direction::FromDevice).unwrap();
    assert_eq!(cpu_sees(&buffer, 64), 4, "the device's data is lost");
    buffer.copy_in(64, &[4; 64]).unwrap();
    buffer.sync_for_device(64..128, Direction::FromDevice).unwrap();
    board.write_memory(address + 64, &[5; 64]).unwrap();
    memory.evict();
    buffer.sync_for_cpu(64..128, Direction::FromDevice).unwrap();
    assert_eq!(cpu_sees(&buffer, 64), 5);
}

#[test]
fn a_forgotten_hand_over_of_a_slice_shows() {
    let board = board();
    let memory = SimDmaMemory::new(&board, BASE, SIZE).unwrap();
    let mut region = memory.allocate(&DmaRequest::new(256)).unwrap();
    region.as_mut_slice()[3] = 1;
    let address = region.physical_address();
    assert_eq!(device_sees(&board, address + 3), 0, "without a sync the device sees old data");
    board.write_memory(address + 100, &[9]).unwrap();
    assert_eq!(region.as_slice()[100], 0, "and the processor, too");
    memory.evict();
    assert_eq!(
        (device_sees(&board, address + 3), device_sees(&board, address + 100)),
        (1, 0),
        "the device's data is lost"
    );

    // By its type a buffer can't be used without it.
    let mut buffer = DmaBuffer::boxed(region);
    buffer[3] = 2;
    let lent = Lent::new(buffer, Direction::Bidirectional).unwrap();
    assert_eq!(device_sees(&board, address + 3), 2);
    board.write_memory(address, &[7; 256]).unwrap();
    memory.evict();
    let (buffer, synced) = lent.take_back(usize::MAX);
    synced.unwrap();
    assert_eq!(&buffer[..], [7; 256]);
}

#[test]
fn a_coherent_port_needs_no_sync() {
    let board = board();
    let memory = SimDmaMemory::coherent(&board, BASE, SIZE).unwrap();
    let mut buffer = memory.allocate(&DmaRequest::new(64)).unwrap();
    assert!(buffer.is_coherent());
    buffer.copy_in(0, &[1]).unwrap();
    assert_eq!(device_sees(&board, buffer.physical_address()), 1);
    board.write_memory(buffer.physical_address(), &[2]).unwrap();
    assert_eq!(cpu_sees(&buffer, 0), 2);
}

#[test]
fn memory_runs_out_and_comes_back() {
    let board = board();
    let memory = SimDmaMemory::new(&board, BASE, SIZE).unwrap();
    let request = DmaRequest::new(SIZE / 4);
    let mut buffers: Vec<_> = (0..4).map(|_| memory.allocate(&request).unwrap()).collect();
    assert_eq!(memory.free(), 0);
    assert_eq!(memory.allocate(&DmaRequest::new(1)).unwrap_err(), DmaError::NoMemory { size: 1 });
    // A hole in the middle, and one at the beginning.
    let hole = buffers.remove(2).physical_address();
    assert_eq!(memory.allocate(&DmaRequest::new(SIZE / 4 + 1)).unwrap_err(), DmaError::NoMemory { size: SIZE / 4 + 1 });
    assert_eq!(memory.allocate(&request).unwrap().physical_address(), hole);
    buffers.remove(0);
    let aligned = memory.allocate(&DmaRequest::new(8).alignment(SIZE / 2)).unwrap();
    assert_eq!(aligned.physical_address(), BASE);
    // Data that the processor wrote to a dropped buffer does not appear in the next one.
    let mut old = memory.allocate(&DmaRequest::new(64)).unwrap();
    let address = old.physical_address();
    old.copy_in(0, &[7; 64]).unwrap();
    drop(old);
    let new = memory.allocate(&DmaRequest::new(64)).unwrap();
    assert_eq!(new.physical_address(), address);
    memory.evict();
    assert_eq!(device_sees(&board, address), 0);
}

#[test]
fn addresses_beyond_the_bus_master() {
    let high = 0x8_0000_0000;
    let board = Board::builder().memory("ddr", high, SIZE as u64).build().unwrap();
    let memory = SimDmaMemory::new(&board, high, SIZE).unwrap();
    let error = memory.allocate(&DmaRequest::new(64)).unwrap_err();
    assert_eq!(error, DmaError::Unreachable { address: high, size: 64, bits: 32 });
    assert!(error.to_string().contains("reserve memory below 0x100000000"), "{error}");
    let wide = DmaRequest::new(64).address_width(AddressWidth::new(36).unwrap());
    assert_eq!(memory.allocate(&wide).unwrap().physical_address(), high);

    assert!(SimDmaMemory::new(&board, high, SIZE + 1).is_err());
    assert!(SimDmaMemory::new(&board, high - 64, SIZE).is_err());
    assert!(SimDmaMemory::new(&board, high, 0).is_err());
}
