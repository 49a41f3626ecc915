//! Scatter-gather: the descriptors of a channel, and transfers that are queued in them.
//!
//! A transfer has one descriptor for each of its buffers, one after the other in the ring. It is appended while the channel
//! runs, by moving the tail; only descriptors behind the tail are written, which the block does not look at. Descriptors
//! are free again when the transfer that has them was asked for its end, in the order of the ring.

use core::fmt;

use pynq_core::dma::{DmaBuffer, DmaError, Lent, Packet, Piece, SharedWords};

use super::{AxiDmaError, AxiDmaHardware, DmaControl, DmaDirection, DmaFault, DmaLimits, channel_state::SLOTS};

/// Bytes from one descriptor to the next.
pub(super) const DESCRIPTOR: usize = 64;
/// More than that are of no use: a transfer can't be told by its number any more.
const MOST: usize = 4096;

const NEXT: usize = 0x00;
const NEXT_MSB: usize = 0x04;
const BUFFER: usize = 0x08;
const BUFFER_MSB: usize = 0x0C;
const CONTROL: usize = 0x18;
const STATUS: usize = 0x1C;

/// CONTROL, of MM2S: the last of a packet.
const TX_END: u32 = 1 << 26;
/// CONTROL, of MM2S: the first of a packet.
const TX_START: u32 = 1 << 27;
/// STATUS, of S2MM: the packet ends here.
const RX_END: u32 = 1 << 26;
/// STATUS: it was worked on.
const COMPLETE: u32 = 1 << 31;

/// The descriptors of a transfer.
#[derive(Clone, Copy, Default)]
struct Span {
    first: u16,
    count: u16,
    slot: u8,
    /// It was asked for its end.
    released: bool,
}

/// The descriptors of a channel.
pub(super) struct Ring {
    words: SharedWords,
    count: u16,
    /// The first one behind all transfers.
    next: u16,
    /// Transfers from the oldest whose descriptors are not free, in order.
    spans: [Span; SLOTS],
    length: usize,
    /// How many of the descriptors are a ring by themselves, in cyclic mode.
    closed: u16,
}

impl Ring {
    /// Makes a ring of all descriptors that there is room for.
    fn new(memory: DmaBuffer, limits: &DmaLimits) -> Result<Self, (DmaBuffer, AxiDmaError)> {
        let piece = Piece { address: memory.physical_address(), length: memory.byte_len() };
        let wrong = |memory: DmaBuffer, error| Err((memory, error));
        if piece.address % DESCRIPTOR as u64 != 0 {
            return wrong(memory, AxiDmaError::Misaligned { address: piece.address, alignment: DESCRIPTOR });
        }
        if piece.length < DESCRIPTOR {
            return wrong(memory, AxiDmaError::TooManyBuffers { count: 1, free: 0 });
        }
        if !limits.width.reaches(piece.address, piece.length) {
            let bits = limits.width.bits();
            return wrong(memory, AxiDmaError::Unreachable { address: piece.address, length: piece.length, bits });
        }
        #[allow(clippy::cast_possible_truncation)] // at most 4096
        let count = (piece.length / DESCRIPTOR).min(MOST) as u16;
        let words = memory.into_shared_words();
        let mut this = Self { words, count, next: 0, spans: [Span::default(); SLOTS], length: 0, closed: 0 };
        let written = (0..count).try_for_each(|index| {
            let next = this.address((index + 1) % count);
            for word in (0..DESCRIPTOR).step_by(4) {
                this.put(index, word, 0)?;
            }
            this.put(index, NEXT, low(next))?;
            this.put(index, NEXT_MSB, high(next))
        });
        // The words are inside the memory, and a new ring is never without it.
        match written {
            Ok(()) => Ok(this),
            Err(error) => wrong(this.words.into(), AxiDmaError::Memory { error }),
        }
    }

    /// Where a descriptor is, as the block sees it.
    fn address(&self, index: u16) -> u64 {
        self.words.physical_address() + u64::from(index) * DESCRIPTOR as u64
    }

    fn put(&mut self, index: u16, word: usize, value: u32) -> Result<(), DmaError> {
        self.words.write(usize::from(index) * DESCRIPTOR + word, value)
    }

    /// How many descriptors are free.
    fn free(&self) -> usize {
        let used: u16 = self.spans[..self.length].iter().map(|span| span.count).sum();
        usize::from(self.count - used)
    }

    /// Fills the descriptors of a transfer.
    fn fill<P: Packet>(&mut self, slot: u8, direction: DmaDirection, lent: &Lent<P>) -> Result<(), AxiDmaError> {
        let pieces = lent.piece_count();
        if pieces > self.free() || self.length == SLOTS {
            return Err(AxiDmaError::TooManyBuffers { count: pieces, free: self.free() });
        }
        for number in 0..pieces {
            let Some(piece) = lent.piece(number) else { break };
            let mut control = u32::try_from(piece.length).unwrap_or(0);
            if direction == DmaDirection::Send {
                control |= if number == 0 { TX_START } else { 0 };
                control |= if number + 1 == pieces { TX_END } else { 0 };
            }
            #[allow(clippy::cast_possible_truncation)] // there are fewer than are free
            let index = (self.next + number as u16) % self.count;
            self.fill_one(index, piece.address, control).map_err(|error| AxiDmaError::Memory { error })?;
        }
        #[allow(clippy::cast_possible_truncation)] // likewise
        let count = pieces as u16;
        self.spans[self.length] = Span { first: self.next, count, slot, released: false };
        self.length += 1;
        self.next = (self.next + count) % self.count;
        Ok(())
    }

    fn fill_one(&mut self, index: u16, buffer: u64, control: u32) -> Result<(), DmaError> {
        self.put(index, BUFFER, low(buffer))?;
        self.put(index, BUFFER_MSB, high(buffer))?;
        self.put(index, CONTROL, control)?;
        self.put(index, STATUS, 0)?;
        let at = usize::from(index) * DESCRIPTOR;
        self.words.publish(at..at + DESCRIPTOR)
    }

    /// The status of a descriptor, as the block has left it.
    fn status(&mut self, index: u16) -> Result<u32, DmaError> {
        let at = usize::from(index) * DESCRIPTOR;
        self.words.refresh(at..at + DESCRIPTOR)?;
        self.words.read(at + STATUS)
    }

    /// The transfer in `slot` is over, and its descriptors can be used again, once those before them can.
    pub(super) fn release(&mut self, slot: u8) {
        if let Some(span) = self.spans[..self.length].iter_mut().find(|span| span.slot == slot && !span.released) {
            span.released = true;
        }
        let over = self.spans[..self.length].iter().take_while(|span| span.released).count();
        self.spans.copy_within(over..self.length, 0);
        self.length -= over;
    }

    /// Makes a ring of the first `periods` descriptors alone, each of which has a period of the memory at `address`. Returns the
    /// address of the first one, and one that is in the ring of none.
    pub(super) fn close(
        &mut self,
        direction: DmaDirection,
        address: u64,
        period: usize,
        periods: usize,
    ) -> Result<(u64, u64), AxiDmaError> {
        if periods > self.count.into() {
            return Err(AxiDmaError::TooManyBuffers { count: periods, free: self.count.into() });
        }
        let memory = |error| AxiDmaError::Memory { error };
        #[allow(clippy::cast_possible_truncation)] // at most as many as there are descriptors
        let periods = periods as u16;
        let flags = if direction == DmaDirection::Send { TX_START | TX_END } else { 0 };
        for index in 0..periods {
            let next = self.address((index + 1) % periods);
            self.put(index, NEXT, low(next)).map_err(memory)?;
            self.put(index, NEXT_MSB, high(next)).map_err(memory)?;
            let buffer = address + u64::from(index) * period as u64;
            self.fill_one(index, buffer, u32::try_from(period).unwrap_or(0) | flags).map_err(memory)?;
        }
        self.closed = periods;
        Ok((self.address(0), self.address(periods)))
    }

    /// Makes one ring of all descriptors again.
    pub(super) fn open(&mut self) {
        for index in 0..core::mem::take(&mut self.closed) {
            let next = self.address((index + 1) % self.count);
            // They were written before, so that they can be.
            let _ = self.put(index, NEXT, low(next)).and_then(|()| self.put(index, NEXT_MSB, high(next)));
        }
        self.next = 0;
    }

    /// Whether a descriptor was marked as complete. Takes the mark away.
    pub(super) fn take_complete(&mut self, index: u16) -> Result<bool, DmaError> {
        let status = self.status(index)?;
        if status & COMPLETE == 0 {
            return Ok(false);
        }
        let at = usize::from(index) * DESCRIPTOR;
        self.put(index, STATUS, status & !COMPLETE)?;
        self.words.publish(at..at + DESCRIPTOR)?;
        Ok(true)
    }

    /// The status of a descriptor as it was last looked at.
    pub(super) fn length_of(&self, index: u16) -> u32 {
        self.words.read(usize::from(index) * DESCRIPTOR + STATUS).unwrap_or(0)
    }

    /// Leaves the memory to the block for good.
    pub(super) fn leak(self) {
        let _ = core::mem::ManuallyDrop::new(self.words);
    }

    /// What has become of a transfer, as far as its descriptors say.
    fn progress(&mut self, span: Span, direction: DmaDirection, mask: u32) -> Result<Progress, DmaError> {
        let mut length = 0;
        for number in 0..span.count {
            let status = self.status((span.first + number) % self.count)?;
            if status & COMPLETE == 0 {
                return Ok(Progress::UnderWay);
            }
            length += (status & mask) as usize;
            let last = number + 1 == span.count;
            match direction {
                DmaDirection::Receive if status & RX_END != 0 => {
                    return Ok(Progress::Complete { length, early: !last });
                }
                DmaDirection::Receive if last => return Ok(Progress::TooLong { descriptor: number }),
                DmaDirection::Send if last => return Ok(Progress::Complete { length, early: false }),
                _ => {}
            }
        }
        Ok(Progress::UnderWay)
    }
}

/// How far a transfer has come.
enum Progress {
    UnderWay,
    /// `early`: descriptors are left, which the block goes on to use for the next packet.
    Complete {
        length: usize,
        early: bool,
    },
    /// All buffers are full, and the packet has no end.
    TooLong {
        descriptor: u16,
    },
}

impl AxiDmaHardware {
    /// Gives a channel its descriptors.
    pub(super) fn set_ring(
        &mut self,
        direction: DmaDirection,
        memory: DmaBuffer,
        limits: &DmaLimits,
    ) -> Result<(), (DmaBuffer, AxiDmaError)> {
        if self.is_dead() {
            // It may be at work on the descriptors that it has.
            return Err((memory, AxiDmaError::ResetStuck));
        }
        if self.channel(direction).used != 0 {
            return Err((memory, AxiDmaError::Busy { channel: direction }));
        }
        let ring = Ring::new(memory, limits)?;
        // Of the ones before, none is used; a channel that stands still looks at its first one when it runs again.
        if self.channel(direction).runs {
            if let Err(error) = self.stop(direction) {
                return Err((DmaBuffer::from(ring.words), error));
            }
        }
        self.channel_mut(direction).ring = Some(ring);
        Ok(())
    }

    /// How many descriptors a channel has.
    pub(super) fn descriptors(&self, direction: DmaDirection) -> usize {
        self.channel(direction).ring.as_ref().map_or(0, |ring| ring.count.into())
    }

    /// Appends a transfer.
    pub(super) fn queue<P: Packet>(&mut self, direction: DmaDirection, lent: &Lent<P>) -> Result<u8, AxiDmaError> {
        let channel = self.channel_mut(direction);
        let slot = channel.free_slot().ok_or(AxiDmaError::Busy { channel: direction })?;
        let ring = channel.ring.as_mut().ok_or(AxiDmaError::NoDescriptors)?;
        let first = ring.address(ring.next);
        ring.fill(slot, direction, lent)?;
        let tail = ring.address((ring.next + ring.count - 1) % ring.count);
        let running = if channel.runs { Ok(()) } else { self.run_ring(direction, first, DmaControl::empty()) };
        if let Err(error) = running {
            if let Some(ring) = &mut self.channel_mut(direction).ring {
                ring.release(slot);
            }
            return Err(error);
        }
        self.channel_mut(direction).occupy(slot, lent.byte_len());
        self.put_tail(direction, tail);
        Ok(slot)
    }

    /// Has a halted channel begin with the descriptor at `first`.
    pub(super) fn run_ring(
        &mut self,
        direction: DmaDirection,
        first: u64,
        mode: DmaControl,
    ) -> Result<(), AxiDmaError> {
        let registers = &self.registers;
        let wide = self.config().address_width > 32;
        match direction {
            DmaDirection::Send => {
                if wide {
                    registers.mm2s_curdesc_msb().write(high(first));
                }
                registers.mm2s_curdesc().write(low(first));
            }
            DmaDirection::Receive => {
                if wide {
                    registers.s2mm_curdesc_msb().write(high(first));
                }
                registers.s2mm_curdesc().write(low(first));
            }
        }
        self.set_running(direction, EACH_PACKET | mode)
    }

    /// The write that starts: of the upper half, where there is one.
    pub(super) fn put_tail(&self, direction: DmaDirection, tail: u64) {
        let registers = &self.registers;
        let wide = self.config().address_width > 32;
        match direction {
            DmaDirection::Send => {
                registers.mm2s_taildesc().write(low(tail));
                if wide {
                    registers.mm2s_taildesc_msb().write(high(tail));
                }
            }
            DmaDirection::Receive => {
                registers.s2mm_taildesc().write(low(tail));
                if wide {
                    registers.s2mm_taildesc_msb().write(high(tail));
                }
            }
        }
    }

    /// Takes the transfers that have ended, in their order.
    pub(super) fn reap(&mut self, direction: DmaDirection) {
        let mask = (1 << self.config().length_width) - 1;
        let mut at = 0;
        loop {
            let channel = self.channel_mut(direction);
            let Some(ring) = &mut channel.ring else { return };
            let Some(&span) = ring.spans[..ring.length].get(at) else { return };
            at += 1;
            if span.released || channel.done >> span.slot & 1 != 0 {
                continue;
            }
            match ring.progress(span, direction, mask) {
                Ok(Progress::UnderWay) => return,
                Ok(Progress::Complete { length, early }) => {
                    channel.complete(span.slot, Some(length));
                    if early {
                        // The block has the rest of the buffers until it is stopped, and with them any packet that follows.
                        if let Err(error) = self.stop(direction) {
                            self.channel_mut(direction).spoil(span.slot, error);
                        }
                        return;
                    }
                }
                Ok(Progress::TooLong { descriptor }) => {
                    let fault = DmaFault::Internal;
                    channel.fail(AxiDmaError::Fault { channel: direction, fault, descriptor: Some(descriptor) });
                    let _ = self.stop(direction);
                    return;
                }
                Err(error) => {
                    channel.fail(AxiDmaError::Memory { error });
                    let _ = self.stop(direction);
                    return;
                }
            }
        }
    }

    /// The descriptor that the block is at.
    pub(super) fn current_descriptor(&self, direction: DmaDirection) -> Option<u16> {
        let ring = self.channel(direction).ring.as_ref()?;
        let registers = &self.registers;
        let (low, high) = match direction {
            DmaDirection::Send => (registers.mm2s_curdesc().read(), registers.mm2s_curdesc_msb().read()),
            DmaDirection::Receive => (registers.s2mm_curdesc().read(), registers.s2mm_curdesc_msb().read()),
        };
        let address = u64::from(low & !0x3F) | u64::from(high) << 32;
        let index = address.checked_sub(ring.words.physical_address())? / DESCRIPTOR as u64;
        u16::try_from(index).ok().filter(|&index| index < ring.count)
    }

    /// Which of its packet's buffers the block was at when it stopped.
    pub(super) fn failing_descriptor(&self, direction: DmaDirection) -> Option<u16> {
        let index = self.current_descriptor(direction)?;
        let ring = self.channel(direction).ring.as_ref()?;
        let number = |span: &Span| (index + ring.count - span.first) % ring.count;
        ring.spans[..ring.length].iter().find(|span| number(span) < span.count).map(number)
    }
}

/// A completion for each packet.
const EACH_PACKET: DmaControl = DmaControl::from_bits_retain(1 << 16);

#[allow(clippy::cast_possible_truncation)] // that is what it is for
const fn low(address: u64) -> u32 {
    address as u32
}

const fn high(address: u64) -> u32 {
    (address >> 32) as u32
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ring({} descriptors, {} free)", self.count, self.free())
    }
}
