//! Which hand-overs a backend is asked for, on one that writes them down.

use core::ops::Range;
use std::{
    sync::{Arc, Mutex, PoisonError},
    vec,
    vec::Vec,
};

use super::*;

type Call = (&'static str, u64, Range<usize>, Direction);

/// 16 words of memory at an address, and a log that several of them write to.
struct Logged {
    words: [u128; 4],
    address: u64,
    log: Arc<Mutex<Vec<Call>>>,
    /// It refuses to be handed over.
    refuses: bool,
}

impl Logged {
    fn log(&self, call: Call) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    }
}

impl DmaRegion for Logged {
    fn physical_address(&self) -> u64 {
        self.address
    }

    fn size(&self) -> usize {
        64
    }

    fn is_coherent(&self) -> bool {
        false
    }

    fn as_slice(&self) -> &[u8] {
        bytemuck::cast_slice(&self.words)
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        bytemuck::cast_slice_mut(&mut self.words)
    }

    fn copy_in(&mut self, offset: usize, bytes: &[u8]) -> Result<(), DmaError> {
        self.as_mut_slice()[offset..][..bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn copy_out(&self, offset: usize, bytes: &mut [u8]) -> Result<(), DmaError> {
        bytes.copy_from_slice(&self.as_slice()[offset..][..bytes.len()]);
        Ok(())
    }

    fn read_word(&self, offset: usize) -> Result<u32, DmaError> {
        let mut word = [0; 4];
        self.copy_out(offset, &mut word).map(|()| u32::from_le_bytes(word))
    }

    fn write_word(&mut self, offset: usize, value: u32) -> Result<(), DmaError> {
        self.copy_in(offset, &value.to_le_bytes())
    }

    fn sync_for_device(&mut self, range: Range<usize>, direction: Direction) -> Result<(), DmaError> {
        self.log(("device", self.address, range, direction));
        if self.refuses { Err(DmaError::Os(5)) } else { Ok(()) }
    }

    fn sync_for_cpu(&mut self, range: Range<usize>, direction: Direction) -> Result<(), DmaError> {
        self.log(("cpu", self.address, range, direction));
        Ok(())
    }
}

#[derive(Default)]
struct Memory {
    log: Arc<Mutex<Vec<Call>>>,
}

impl Memory {
    fn at(&self, address: u64) -> DmaBuffer {
        DmaBuffer::boxed(self.region(address))
    }

    fn region(&self, address: u64) -> Logged {
        Logged { words: [0; 4], address, log: Arc::clone(&self.log), refuses: false }
    }

    fn calls(&self) -> Vec<Call> {
        core::mem::take(&mut self.log.lock().expect("no panic under it"))
    }
}

use Direction::{Bidirectional, FromDevice, ToDevice};

#[test]
fn a_buffer_is_handed_over_once_each_way() {
    let memory = Memory::default();
    let mut buffer = memory.at(0x1000).cast::<u16>().expect("64 bytes are 32 items");
    buffer[31] = 0xABCD;
    assert_eq!((buffer.len(), buffer.byte_len(), buffer.physical_address()), (32, 64, 0x1000));
    assert_eq!(memory.calls(), [], "looking at it hands nothing over");
    let lent = Lent::new(buffer, ToDevice).expect("nothing refuses");
    assert_eq!((lent.piece(0), lent.piece(1)), (Some(Piece { address: 0x1000, length: 64 }), None));
    let (buffer, synced) = lent.take_back(0);
    assert_eq!(synced, Ok(()));
    let lent = Lent::new(buffer, FromDevice).expect("nothing refuses");
    let (buffer, synced) = lent.take_back(10);
    assert_eq!((buffer[31], synced), (0xABCD, Ok(())));
    let lent = Lent::new(buffer, Bidirectional).expect("nothing refuses");
    drop(lent.take_back(usize::MAX));
    assert_eq!(
        memory.calls(),
        [
            ("device", 0x1000, 0..64, ToDevice),
            ("cpu", 0x1000, 0..0, ToDevice),
            ("device", 0x1000, 0..64, FromDevice),
            ("cpu", 0x1000, 0..10, FromDevice),
            ("device", 0x1000, 0..64, Bidirectional),
            ("cpu", 0x1000, 0..64, Bidirectional),
        ]
    );
}

#[test]
fn a_part_is_handed_over_by_its_range() {
    let memory = Memory::default();
    let buffer = memory.at(0x2000).cast::<u32>().expect("64 bytes are 16 items");
    let refused = buffer.part(15..17).expect_err("there are 16");
    assert_eq!(refused.error, DmaError::OutOfRange { offset: 15, length: 2, size: 16 });
    let mut part = refused.packet.part(4..12).expect("inside");
    part.fill(9);
    assert_eq!((part.len(), part.physical_address(), part.byte_len()), (8, 0x2010, 32));
    let lent = Lent::new(part, FromDevice).expect("nothing refuses");
    assert_eq!(lent.piece(0), Some(Piece { address: 0x2010, length: 32 }));
    let (part, _) = lent.take_back(100);
    assert_eq!(memory.calls(), [("device", 0x2000, 16..48, FromDevice), ("cpu", 0x2000, 16..48, FromDevice)]);
    let whole = part.into_buffer();
    assert_eq!((whole[3], whole[4], whole[11], whole[12]), (0, 9, 9, 0));
}

#[test]
fn several_buffers_are_one_packet() {
    let memory = Memory::default();
    let packet = [memory.at(0x1000), memory.at(0x3000), memory.at(0x2000)];
    assert_eq!((packet.piece_count(), packet.byte_len()), (3, 192));
    let lent = Lent::new(packet, FromDevice).expect("nothing refuses");
    assert_eq!(
        (0..4).filter_map(|index| lent.piece(index)).map(|piece| piece.address).collect::<Vec<_>>(),
        [0x1000, 0x3000, 0x2000]
    );
    memory.calls();
    let (_, synced) = lent.take_back(70);
    assert_eq!(synced, Ok(()));
    assert_eq!(
        memory.calls(),
        [("cpu", 0x1000, 0..64, FromDevice), ("cpu", 0x3000, 0..6, FromDevice), ("cpu", 0x2000, 0..0, FromDevice)]
    );
    let nested = vec![[memory.at(1), memory.at(2)], [memory.at(3), memory.at(4)]];
    assert_eq!(nested.piece(2).map(|piece| piece.address), Some(3));
    assert_eq!((nested.piece_count(), nested.piece(4)), (4, None));
}

#[test]
fn a_packet_is_handed_over_as_a_whole_or_not_at_all() {
    let memory = Memory::default();
    let refusing = DmaBuffer::boxed(Logged { refuses: true, ..memory.region(0x2000) });
    let refused = Lent::new([memory.at(0x1000), refusing], ToDevice).expect_err("one refuses");
    assert_eq!((refused.error, refused.packet.len()), (DmaError::Os(5), 2));
    assert_eq!(
        memory.calls(),
        [("device", 0x1000, 0..64, ToDevice), ("device", 0x2000, 0..64, ToDevice), ("cpu", 0x1000, 0..64, ToDevice)]
    );
}

#[test]
fn what_is_lent_is_leaked_and_not_freed() {
    let memory = Memory::default();
    let log = Arc::clone(&memory.log);
    let before = {
        let _lent = Lent::new(memory.at(0x1000), FromDevice).expect("nothing refuses");
        Arc::strong_count(&log)
    };
    assert_eq!(Arc::strong_count(&log), before, "the region, which has a count on the log, is still there");
    let (buffer, _) = Lent::new(memory.at(0x1000), FromDevice).expect("nothing refuses").take_back(0);
    let before = Arc::strong_count(&log);
    drop(buffer);
    assert_eq!(Arc::strong_count(&log), before - 1);
}

#[test]
fn items_have_to_fit() {
    let memory = Memory::default();
    let refused = memory.at(0).cast::<[u8; 3]>().expect_err("64 is no multiple of 3");
    assert_eq!(refused.error, DmaError::NotWhole { size: 64, item: 3, alignment: 1 });
    let refused = refused.packet.cast::<()>().expect_err("nothing is no item");
    assert_eq!(refused.error, DmaError::NotWhole { size: 64, item: 0, alignment: 1 });
    let buffer = refused.packet.cast::<f32>().expect("16 of them");
    assert_eq!(&buffer[..], [0.0; 16]);
}

#[test]
fn words_are_shared_by_range() {
    let memory = Memory::default();
    let mut words = memory.at(0x1000).into_shared_words();
    words.write(28, 5).expect("inside");
    words.publish(0..32).expect("inside");
    words.refresh(28..32).expect("inside");
    assert_eq!((words.read(28), words.size(), words.physical_address()), (Ok(5), 64, 0x1000));
    assert_eq!(memory.calls(), [("device", 0x1000, 0..32, ToDevice), ("cpu", 0x1000, 28..32, FromDevice)]);
}
