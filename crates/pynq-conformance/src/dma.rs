//! The suite for the DMA buffers of a backend.

use alloc::{vec, vec::Vec};

use pynq_core::dma::{AddressWidth, Direction, DmaAllocator, DmaBuffer, DmaError, DmaRequest};

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

type Buffer<R> = <<R as DmaBackend>::Allocator as DmaAllocator>::Buffer;

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
    ranges(backend)?;
    refusals(backend)
}

fn allocate<R: DmaBackend>(backend: &R, request: &DmaRequest) -> Result<Buffer<R>, Outcome> {
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
