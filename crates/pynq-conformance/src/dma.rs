//! The suite for the DMA memory of a backend: its regions as drivers sync them, and buffers made of them.

use alloc::{vec, vec::Vec};

use pynq_core::dma::{
    AddressWidth, Direction, DmaAllocator, DmaBuffer, DmaError, DmaRegion, DmaRequest, Lent, Packet as _, Pod, Refused,
};

use crate::verdict::{Outcome, Verdict, ensure};

/// A backend whose DMA buffers are to be tested: where they come from, and a bus master that reaches the same memory.
pub trait DmaBackend {
    /// Where buffers come from.
    type Allocator: DmaAllocator;

    /// The allocator, which has room for two buffers of a page each at least, below 4 GiB.
    fn allocator(&self) -> &Self::Allocator;

    /// The reason as one of the common ones, if it is among them.
    fn reason(&self, error: &<Self::Allocator as DmaAllocator>::Error) -> Option<DmaError>;

    /// A bus master reads at a physical address.
    fn device_reads(&self, address: u64, bytes: &mut [u8]);

    /// A bus master writes at a physical address.
    fn device_writes(&self, address: u64, bytes: &[u8]);
}

type Region<R> = <<R as DmaBackend>::Allocator as DmaAllocator>::Region;

/// A page, which every backend can give.
const SIZE: usize = 4096;

/// Tests the buffers of a backend.
///
/// It syncs as a driver must, so that it passes on any memory, coherent or not. Buffers without syncing are for the
/// backend's own tests.
///
/// # Errors
///
/// The first fault found.
pub fn dma_buffers(backend: &impl DmaBackend) -> Verdict {
    addresses(backend)?;
    transfers(backend)?;
    words(backend)?;
    buffers(backend)?;
    parts(backend)?;
    packets(backend)?;
    descriptors(backend)?;
    ranges(backend)?;
    refusals(backend)
}

fn allocate<R: DmaBackend>(backend: &R, request: &DmaRequest) -> Result<Region<R>, Outcome> {
    backend.allocator().allocate(request).map_err(|error| Outcome::failed(error_of(&error, "no buffer")))
}

fn error_of(error: &dyn core::error::Error, what: &str) -> alloc::string::String {
    alloc::format!("{what}: {error}")
}

fn ok<T>(result: Result<T, DmaError>) -> Result<T, Outcome> {
    result.map_err(|error| Outcome::failed(error_of(&error, "unexpected error")))
}

/// Bytes that differ from their neighbours, and from those of another seed.
fn pattern(seed: u8, length: usize) -> Vec<u8> {
    (0..=250_u8).cycle().map(|byte| byte.wrapping_mul(7).wrapping_add(seed)).take(length).collect()
}

fn addresses(backend: &impl DmaBackend) -> Verdict {
    let request = DmaRequest::new(SIZE).alignment(64);
    let (one, two) = (allocate(backend, &request)?, allocate(backend, &request)?);
    for buffer in [&one, &two] {
        let address = buffer.physical_address();
        ensure!(buffer.size() == SIZE, "{} bytes instead of {SIZE}", buffer.size());
        ensure!(address % 64 == 0, "{address:#x} is not aligned to 64 bytes");
        ensure!(AddressWidth::BITS_32.reaches(address, SIZE), "{address:#x} is beyond 32 bits");
        ensure!(buffer.line_size().is_power_of_two(), "lines of {} bytes", buffer.line_size());
    }
    let apart = one.physical_address().abs_diff(two.physical_address());
    ensure!(apart >= SIZE as u64, "two buffers that overlap, {apart:#x} bytes apart");
    // Memory of dropped buffers can be allocated again, any number of times.
    drop((one, two));
    for _ in 0..100 {
        drop(allocate(backend, &request)?);
    }
    Ok(())
}

fn transfers(backend: &impl DmaBackend) -> Verdict {
    let mut buffer = allocate(backend, &DmaRequest::new(SIZE))?;
    let address = buffer.physical_address();
    // Whole lines, and ranges that begin and end in the middle of one.
    for (seed, range) in [(1, 0..SIZE), (2, 64..128), (3, 1..2), (4, 60..200), (5, SIZE - 3..SIZE)] {
        let sent = pattern(seed, range.len());
        ok(buffer.copy_in(range.start, &sent))?;
        ok(buffer.sync_for_device(range.clone(), Direction::ToDevice))?;
        let mut seen = vec![0; range.len()];
        backend.device_reads(address + range.start as u64, &mut seen);
        ensure!(seen == sent, "the device does not see what was written to {range:?}");
        ok(buffer.sync_for_cpu(range.clone(), Direction::ToDevice))?;

        for direction in [Direction::FromDevice, Direction::Bidirectional] {
            // Now the old data is in the processor's cache.
            let mut found = vec![0; range.len()];
            ok(buffer.copy_out(range.start, &mut found))?;
            ok(buffer.sync_for_device(range.clone(), direction))?;
            let written =
                pattern(seed.wrapping_add(0x80).wrapping_add(u8::from(direction.device_reads())), range.len());
            backend.device_writes(address + range.start as u64, &written);
            ok(buffer.sync_for_cpu(range.clone(), direction))?;
            ok(buffer.copy_out(range.start, &mut found))?;
            ensure!(found == written, "the processor does not see what the device wrote to {range:?} ({direction:?})");
        }
    }
    // Syncing one range leaves data beside it alone, on the other side of a boundary of cache lines.
    let line = buffer.line_size();
    ok(buffer.copy_in(line, &[0x5A]))?;
    ok(buffer.sync_for_device(0..line, Direction::FromDevice))?;
    backend.device_writes(address, &[0xA5]);
    ok(buffer.sync_for_cpu(0..line, Direction::FromDevice))?;
    let (mut left, mut right) = ([0], [0]);
    ok(buffer.copy_out(0, &mut left))?;
    ok(buffer.copy_out(line, &mut right))?;
    ensure!((left, right) == ([0xA5], [0x5A]), "neighbours of a synced range hold {left:?} and {right:?}");
    Ok(())
}

fn words(backend: &impl DmaBackend) -> Verdict {
    let mut buffer = allocate(backend, &DmaRequest::new(64))?;
    ok(buffer.write_word(28, 0x8000_1234))?;
    let mut bytes = [0; 4];
    ok(buffer.copy_out(28, &mut bytes))?;
    ensure!(bytes == [0x34, 0x12, 0x00, 0x80], "a word is stored as {bytes:x?}");
    ok(buffer.sync_for_device(28..32, Direction::ToDevice))?;
    backend.device_reads(buffer.physical_address() + 28, &mut bytes);
    ensure!(bytes == [0x34, 0x12, 0x00, 0x80], "the device sees a word as {bytes:x?}");
    ensure!(ok(buffer.read_word(28))? == 0x8000_1234, "a word is not read back");
    for offset in [1, 2, 30] {
        let (read, written) = (buffer.read_word(offset), buffer.write_word(offset, 1));
        let unaligned = Err(DmaError::Unaligned { offset });
        ensure!(read == unaligned && written == unaligned.map(|_| ()), "a word at {offset}: {read:?}, {written:?}");
    }
    let beyond = buffer.read_word(64);
    ensure!(beyond == Err(DmaError::OutOfRange { offset: 64, length: 4, size: 64 }), "a word beyond: {beyond:?}");
    Ok(())
}

fn ranges(backend: &impl DmaBackend) -> Verdict {
    let mut buffer = allocate(backend, &DmaRequest::new(100))?;
    ok(buffer.copy_in(0, &pattern(9, 100)))?;
    for (offset, length) in [(0, 101), (100, 1), (usize::MAX, 1), (1, usize::MAX)] {
        let wrong = Err(DmaError::OutOfRange { offset, length, size: 100 });
        // A slice of a greater length can't be made.
        if length < SIZE {
            let (read, written) =
                (buffer.copy_out(offset, &mut vec![0; length]), buffer.copy_in(offset, &vec![0; length]));
            ensure!(read == wrong && written == wrong, "{length} bytes at {offset}: {read:?}, {written:?}");
        }
        if let Some(end) = offset.checked_add(length) {
            for direction in [Direction::ToDevice, Direction::FromDevice, Direction::Bidirectional] {
                let device = buffer.sync_for_device(offset..end, direction);
                let cpu = buffer.sync_for_cpu(offset..end, direction);
                ensure!(device == wrong && cpu == wrong, "a sync of {length} bytes at {offset}: {device:?}, {cpu:?}");
            }
        }
    }
    for empty in [0, 50, 100] {
        ok(buffer.copy_in(empty, &[]))?;
        ok(buffer.sync_for_device(empty..empty, Direction::Bidirectional))?;
        ok(buffer.sync_for_cpu(empty..empty, Direction::Bidirectional))?;
    }
    let mut all = vec![0; 100];
    ok(buffer.copy_out(0, &mut all))?;
    ensure!(all == pattern(9, 100), "what was refused changed something");
    Ok(())
}

/// A buffer of items, in the processor's hands.
fn buffer<R: DmaBackend, T: Pod>(backend: &R, request: &DmaRequest) -> Result<DmaBuffer<T>, Outcome> {
    let region = allocate(backend, request)?;
    let start = region.as_slice().as_ptr().addr();
    ensure!(start % 16 == 0, "the processor sees a region at {start:#x}, where not every item may begin");
    same(DmaBuffer::boxed(region).cast())
}

fn same<T, P>(result: Result<T, Refused<P>>) -> Result<T, Outcome> {
    result.map_err(|refused| Outcome::failed(error_of(&refused.error, "unexpected error")))
}

/// Slices of what is handed over by value, both ways and again.
fn buffers(backend: &impl DmaBackend) -> Verdict {
    let mut buffer: DmaBuffer<u32> = buffer(backend, &DmaRequest::new(SIZE).alignment(64))?;
    let address = buffer.physical_address();
    ensure!(buffer.len() == SIZE / 4, "{} words in {SIZE} bytes", buffer.len());
    for round in 0..3_u8 {
        for (word, item) in buffer.iter_mut().zip(0_u32..) {
            *word = (item * 0x0101).wrapping_add(u32::from(round));
        }
        let sent: Vec<u8> = buffer.iter().flat_map(|word| word.to_ne_bytes()).collect();
        let lent = same(Lent::new(buffer, Direction::ToDevice))?;
        let mut seen = vec![0; SIZE];
        backend.device_reads(address, &mut seen);
        ensure!(seen == sent, "round {round}: the device does not see what was written to a slice");
        let (back, synced) = lent.take_back(0);
        ok(synced)?;
        ensure!(back.iter().flat_map(|word| word.to_ne_bytes()).eq(sent), "round {round}: a buffer came back changed");

        let lent = same(Lent::new(back, Direction::FromDevice))?;
        let written = pattern(round, SIZE);
        backend.device_writes(address, &written);
        let (back, synced) = lent.take_back(usize::MAX);
        ok(synced)?;
        buffer = back;
        let found: Vec<u8> = buffer.iter().flat_map(|word| word.to_ne_bytes()).collect();
        ensure!(found == written, "round {round}: a slice does not show what the device wrote");
    }
    Ok(())
}

/// A part is handed over without its neighbours, which keep what the processor wrote to them.
fn parts(backend: &impl DmaBackend) -> Verdict {
    let mut buffer: DmaBuffer<u16> = buffer(backend, &DmaRequest::new(SIZE))?;
    buffer.fill(0x5A5A);
    let address = buffer.physical_address();
    for (first, last) in [(0, 32), (32, 64), (3, 5), (30, 100), (SIZE / 2 - 1, SIZE / 2)] {
        let part = same(buffer.part(first..last))?;
        let from = part.physical_address();
        ensure!(from == address + 2 * first as u64, "item {first} at {from:#x} of a buffer at {address:#x}");
        let lent = same(Lent::new(part, Direction::FromDevice))?;
        backend.device_writes(from, &vec![0xC3; 2 * (last - first)]);
        let (part, synced) = lent.take_back(usize::MAX);
        ok(synced)?;
        ensure!(part.iter().all(|&item| item == 0xC3C3), "items {first} to {last} are not what the device wrote");
        buffer = part.into_buffer();
        let neighbours = [first.checked_sub(1), Some(last)].into_iter().flatten().filter_map(|at| buffer.get(at));
        ensure!(neighbours.clone().all(|&item| item == 0x5A5A), "the neighbours of {first} to {last} changed");
        buffer.fill(0x5A5A);
    }
    Ok(())
}

/// Several buffers as one packet, of which the device wrote the first bytes.
fn packets(backend: &impl DmaBackend) -> Verdict {
    let request = DmaRequest::new(SIZE / 2);
    let mut packet: [DmaBuffer; 2] = [buffer(backend, &request)?, buffer(backend, &request)?];
    packet.iter_mut().for_each(|buffer| buffer.fill(1));
    ensure!(packet.byte_len() == SIZE, "{} bytes in all", packet.byte_len());
    let lent = same(Lent::new(packet, Direction::Bidirectional))?;
    for piece in (0..lent.piece_count()).filter_map(|index| lent.piece(index)) {
        let mut seen = vec![0; piece.length];
        backend.device_reads(piece.address, &mut seen);
        ensure!(seen.iter().all(|&byte| byte == 1), "the device does not see a piece of a packet");
        backend.device_writes(piece.address, &vec![2; piece.length]);
    }
    let (packet, synced) = lent.take_back(SIZE);
    ok(synced)?;
    ensure!(
        packet.iter().flat_map(|buffer| &buffer[..]).all(|&byte| byte == 2),
        "a packet is not what the device wrote"
    );
    Ok(())
}

/// Words that both write, each in lines of its own.
fn descriptors(backend: &impl DmaBackend) -> Verdict {
    let mut words = buffer::<_, u8>(backend, &DmaRequest::new(SIZE).alignment(64))?.into_shared_words();
    let (address, line) = (words.physical_address(), words.line_size().max(64));
    for index in 0..4 {
        let at = index * line;
        ok(words.write(at, 0x1000_0000 + index as u32))?;
        ok(words.publish(at..at + line))?;
        let mut seen = [0; 4];
        backend.device_reads(address + at as u64, &mut seen);
        ensure!(u32::from_le_bytes(seen) == 0x1000_0000 + index as u32, "the device does not see word {at}");
        backend.device_writes(address + at as u64 + 28, &[1, 2, 3, 0x80]);
        ok(words.refresh(at..at + line))?;
        let status = ok(words.read(at + 28))?;
        ensure!(status == 0x8003_0201, "a status of {status:#x}");
    }
    Ok(())
}

fn refusals(backend: &impl DmaBackend) -> Verdict {
    let refused = |request: DmaRequest, what: &str| match backend.allocator().allocate(&request) {
        Ok(buffer) => Err(Outcome::Failed(alloc::format!("{what}: a buffer at {:#x}", buffer.physical_address()))),
        Err(error) => Ok(backend.reason(&error)),
    };
    let empty = refused(DmaRequest::new(0), "no bytes")?;
    ensure!(empty == Some(DmaError::Empty), "no bytes: {empty:?}");
    let odd = refused(DmaRequest::new(SIZE).alignment(48), "an alignment of 48")?;
    ensure!(odd == Some(DmaError::NotAPowerOfTwo { alignment: 48 }), "an alignment of 48: {odd:?}");
    // No memory of a board is in its first 16 bytes, where the vectors are.
    let narrow = AddressWidth::new(4).unwrap_or(AddressWidth::BITS_32);
    let narrow = refused(DmaRequest::new(16).address_width(narrow), "four address bits")?;
    ensure!(matches!(narrow, Some(DmaError::Unreachable { size: 16, bits: 4, .. })), "four address bits: {narrow:?}");
    let much = refused(DmaRequest::new(usize::MAX / 2).address_width(AddressWidth::BITS_64), "all there is")?;
    ensure!(much == Some(DmaError::NoMemory { size: usize::MAX / 2 }), "all there is: {much:?}");
    // None of the refused requests took any memory.
    drop((allocate(backend, &DmaRequest::new(SIZE))?, allocate(backend, &DmaRequest::new(SIZE))?));
    Ok(())
}
