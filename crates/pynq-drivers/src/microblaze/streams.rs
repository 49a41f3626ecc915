//! Streams of bytes between the host and a program: four rings in the mailbox's memory.
//!
//! Each side of a ring has an index that it alone writes. The other side may read it in the very clock in which it is written,
//! and then gets neither the old value nor the new one; so it is read until two reads in a row agree.

use embedded_io::ErrorType;
use pynq_core::{
    BlockError,
    interrupt::{NodeHandle, Wait, Waiting},
};

use super::{MAILBOX, MicroblazeError, MicroblazeHardware, MicroblazeInterrupt, Result, lease::Lease, mailbox::Looks};

/// Bytes of data in a ring. One of them stays empty.
const SIZE: u32 = 0x3F8;
/// From one ring to the next.
const STEP: u32 = 0x400;
/// The other side's index is read at the most so many times.
const TRIES: u32 = 64;

/// A ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ring {
    /// Host to program.
    StandardInput,
    /// Program to host, with an interrupt after each write.
    StandardOutput,
    /// Host to program: calls.
    Requests,
    /// Program to host: what comes of them.
    Replies,
}

impl Ring {
    const fn base(self) -> u32 {
        MAILBOX + STEP * self as u32
    }

    pub(super) const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// An index that the program writes.
    fn other_index(self, hardware: &MicroblazeHardware, offset: u32) -> core::result::Result<u32, MicroblazeError> {
        let address = self.base() + offset;
        let mut before = hardware.word(address);
        for _ in 0..TRIES {
            let now = hardware.word(address);
            if now == before && now < SIZE {
                return Ok(now);
            }
            before = now;
        }
        Err(MicroblazeError::Ring { address, found: before })
    }

    /// An index that this side writes.
    fn own_index(self, hardware: &MicroblazeHardware, offset: u32) -> core::result::Result<u32, MicroblazeError> {
        let (address, found) = (self.base() + offset, hardware.word(self.base() + offset));
        if found < SIZE { Ok(found) } else { Err(MicroblazeError::Ring { address, found }) }
    }

    /// Takes bytes, as many as there are and as fit.
    fn take(self, hardware: &MicroblazeHardware, buffer: &mut [u8]) -> core::result::Result<usize, MicroblazeError> {
        let written = self.other_index(hardware, 0)?;
        let mut read = self.own_index(hardware, 4)?;
        let mut count = 0;
        while let (true, Some(place)) = (read != written, buffer.get_mut(count)) {
            let address = self.base() + 8 + read;
            *place = hardware.word(address & !3).to_le_bytes()[(address & 3) as usize];
            read = (read + 1) % SIZE;
            count += 1;
        }
        if count > 0 {
            hardware.write_word(self.base() + 4, read);
        }
        Ok(count)
    }

    /// Gives bytes, as many as there are and as there is room for.
    fn give(self, hardware: &MicroblazeHardware, bytes: &[u8]) -> core::result::Result<usize, MicroblazeError> {
        let read = self.other_index(hardware, 4)?;
        let mut written = self.own_index(hardware, 0)?;
        let mut count = 0;
        while let (true, Some(byte)) = ((written + 1) % SIZE != read, bytes.get(count)) {
            let address = self.base() + 8 + written;
            // The other bytes of the word are this side's, too.
            let mut word = hardware.word(address & !3).to_le_bytes();
            word[(address & 3) as usize] = *byte;
            hardware.write_word(address & !3, u32::from_le_bytes(word));
            written = (written + 1) % SIZE;
            count += 1;
        }
        if count > 0 {
            // Behind the data: the accesses to one device stay in order.
            hardware.write_word(self.base(), written);
        }
        Ok(count)
    }
}

/// What a program writes: its standard output, or replies. There is one handle at a time.
#[derive(Debug)]
pub struct StreamReader {
    lease: Lease,
    ring: Ring,
    /// The program's interrupt, if it requests one after each write.
    interrupt: Option<MicroblazeInterrupt>,
}

impl StreamReader {
    pub(super) fn open(
        node: &NodeHandle<MicroblazeHardware>,
        ring: Ring,
        interrupt: Option<MicroblazeInterrupt>,
    ) -> Result<Self> {
        Ok(Self { lease: Lease::new(node, ring.bit())?, ring, interrupt })
    }

    pub(super) const fn node(&self) -> &NodeHandle<MicroblazeHardware> {
        self.lease.node()
    }

    /// Reads what is there; 0 if there is nothing.
    ///
    /// # Errors
    ///
    /// [`MicroblazeError::Ring`] if the program has no streams; [`MicroblazeError::NotRunning`].
    pub fn try_read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.lease.access(|hardware| self.ring.take(hardware, buffer))
    }

    /// Waits until there is something, and reads it: by the program's interrupt where it has one for this stream, else by looking
    /// again and again. Returns 0 for an empty buffer only.
    ///
    /// # Errors
    ///
    /// As [`try_read`](Self::try_read), and what a wait can meet.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future at any point loses no byte: none is taken before it completes.
    pub fn read_bytes_async<'a>(
        &'a mut self,
        buffer: &'a mut [u8],
    ) -> Waiting<impl Wait<Value = usize, Error = BlockError<MicroblazeError>> + 'a> {
        let node = self.lease.node().clone();
        node.operation(async move {
            let mut looks = Looks::new();
            loop {
                let count = self.try_read(buffer)?;
                if count > 0 || buffer.is_empty() {
                    return Ok(count);
                }
                match &mut self.interrupt {
                    // It acknowledges before the next look, so that what comes after that look is an interrupt again.
                    Some(interrupt) => interrupt.wait_async().await?,
                    None => looks.next(self.lease.node()).await?,
                }
            }
        })
    }

    /// The blocking form of [`read_bytes_async`](Self::read_bytes_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn read_bytes(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.read_bytes_async(buffer).block()
    }
}

/// What a program reads: its standard input, or calls. There is one handle at a time.
#[derive(Debug)]
pub struct StreamWriter {
    lease: Lease,
    ring: Ring,
}

impl StreamWriter {
    pub(super) fn open(node: &NodeHandle<MicroblazeHardware>, ring: Ring) -> Result<Self> {
        Ok(Self { lease: Lease::new(node, ring.bit())?, ring })
    }

    /// Hands over as much as there is room for; 0 if there is none.
    ///
    /// # Errors
    ///
    /// As [`StreamReader::try_read`].
    pub fn try_write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.lease.access(|hardware| self.ring.give(hardware, bytes))
    }

    /// Waits until there is room, looking again and again, and hands over as much as there is room for. Returns 0 for no bytes only.
    ///
    /// # Errors
    ///
    /// As [`StreamReader::try_read`]; `NoClock` on a board without a clock.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future at any point sends nothing twice: no byte is handed over before it completes.
    pub fn write_bytes_async<'a>(
        &'a mut self,
        bytes: &'a [u8],
    ) -> Waiting<impl Wait<Value = usize, Error = BlockError<MicroblazeError>> + 'a> {
        let node = self.lease.node().clone();
        node.operation(async move {
            let mut looks = Looks::new();
            loop {
                let count = self.try_write(bytes)?;
                if count > 0 || bytes.is_empty() {
                    return Ok(count);
                }
                looks.next(self.lease.node()).await?;
            }
        })
    }

    /// The blocking form of [`write_bytes_async`](Self::write_bytes_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn write_bytes(&mut self, bytes: &[u8]) -> Result<usize> {
        self.write_bytes_async(bytes).block()
    }
}

impl ErrorType for StreamReader {
    type Error = BlockError<MicroblazeError>;
}

impl ErrorType for StreamWriter {
    type Error = BlockError<MicroblazeError>;
}

impl embedded_io::Read for StreamReader {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.read_bytes(buffer)
    }
}

impl embedded_io::Write for StreamWriter {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.write_bytes(bytes)
    }

    /// What was handed over is the program's.
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl embedded_io_async::Read for StreamReader {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.read_bytes_async(buffer).await
    }
}

impl embedded_io_async::Write for StreamWriter {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.write_bytes_async(bytes).await
    }

    /// What was handed over is the program's.
    async fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}
