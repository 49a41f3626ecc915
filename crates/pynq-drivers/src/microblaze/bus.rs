//! The peripherals of an I/O processor, which PYNQ's program `mailbox` reads and writes on request.

use core::time::Duration;

use pynq_core::{
    BlockError,
    interrupt::{Wait, Waiting},
};

use super::{Mailbox, MicroblazeError, Result};

/// The address.
const ADDRESS: u32 = 0xFFF8;
/// The data words.
const DATA: u32 = 0xFF00;
/// Data words in front of the address.
const BURST: usize = (ADDRESS - DATA) as usize / 4;
/// The command word of a program that has ended.
const ENDED: u32 = 0xFFFF_FFFE;

/// How wide an access is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BusWidth {
    /// 8 bits.
    Byte,
    /// 16 bits.
    Half,
    /// 32 bits.
    Word,
}

impl BusWidth {
    const fn bytes(self) -> u8 {
        match self {
            Self::Byte => 1,
            Self::Half => 2,
            Self::Word => 4,
        }
    }

    const fn mask(self) -> u32 {
        match self {
            Self::Byte => 0xFF,
            Self::Half => 0xFFFF,
            Self::Word => u32::MAX,
        }
    }
}

/// The bus of an I/O processor, by its own addresses, through PYNQ's program `mailbox` (`pmod_mailbox`, `arduino_mailbox`,
/// `rpi_mailbox`): PYNQ's `read` and `write` of programs on it.
///
/// A burst goes to one address, which does not advance: a FIFO.
#[derive(Debug)]
pub struct IopBus {
    mailbox: Mailbox,
}

/// A command's direction, and where its words are.
enum Transfer<'a> {
    Read(&'a mut [u32]),
    Write(&'a [u32]),
}

impl IopBus {
    pub(super) const fn new(mailbox: Mailbox) -> Self {
        Self { mailbox }
    }

    /// How long an access may take; see [`Mailbox::set_time`].
    pub const fn set_time(&mut self, time: Duration) {
        self.mailbox.set_time(time);
    }

    /// Reads at an address of the I/O processor.
    ///
    /// # Errors
    ///
    /// [`MicroblazeError::Unaligned`], with nothing read; else as [`Mailbox::command_async`], and
    /// [`MicroblazeError::Ended`] if the program has ended.
    ///
    /// # Cancellation safety
    ///
    /// As [`Mailbox::command_async`]: the access is made all the same.
    pub fn read_async(
        &mut self,
        address: u32,
        width: BusWidth,
    ) -> Waiting<impl Wait<Value = u32, Error = BlockError<MicroblazeError>> + '_> {
        let node = self.mailbox.node().clone();
        node.operation(async move {
            let mut word = [0];
            self.transfer(address, width, Transfer::Read(&mut word)).await?;
            Ok(word[0])
        })
    }

    /// The blocking form of [`read_async`](Self::read_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn read(&mut self, address: u32, width: BusWidth) -> Result<u32> {
        self.read_async(address, width).block()
    }

    /// Writes at an address of the I/O processor.
    ///
    /// # Errors
    ///
    /// As [`read_async`](Self::read_async).
    ///
    /// # Cancellation safety
    ///
    /// As [`read_async`](Self::read_async).
    pub fn write_async(
        &mut self,
        address: u32,
        width: BusWidth,
        value: u32,
    ) -> Waiting<impl Wait<Value = (), Error = BlockError<MicroblazeError>> + '_> {
        let node = self.mailbox.node().clone();
        node.operation(async move { self.transfer(address, width, Transfer::Write(&[value])).await })
    }

    /// The blocking form of [`write_async`](Self::write_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn write(&mut self, address: u32, width: BusWidth, value: u32) -> Result<()> {
        self.write_async(address, width, value).block()
    }

    /// Reads the same address again and again, a word each time.
    ///
    /// # Errors
    ///
    /// As [`read_async`](Self::read_async).
    ///
    /// # Cancellation safety
    ///
    /// As [`read_async`](Self::read_async), of up to 62 words.
    pub fn read_burst_async<'a>(
        &'a mut self,
        address: u32,
        words: &'a mut [u32],
    ) -> Waiting<impl Wait<Value = (), Error = BlockError<MicroblazeError>> + 'a> {
        let node = self.mailbox.node().clone();
        node.operation(async move {
            for part in words.chunks_mut(BURST) {
                self.transfer(address, BusWidth::Word, Transfer::Read(part)).await?;
            }
            Ok(())
        })
    }

    /// The blocking form of [`read_burst_async`](Self::read_burst_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn read_burst(&mut self, address: u32, words: &mut [u32]) -> Result<()> {
        self.read_burst_async(address, words).block()
    }

    /// Writes words to the same address, one after the other.
    ///
    /// # Errors
    ///
    /// As [`read_async`](Self::read_async).
    ///
    /// # Cancellation safety
    ///
    /// As [`read_async`](Self::read_async), of up to 62 words.
    pub fn write_burst_async<'a>(
        &'a mut self,
        address: u32,
        words: &'a [u32],
    ) -> Waiting<impl Wait<Value = (), Error = BlockError<MicroblazeError>> + 'a> {
        let node = self.mailbox.node().clone();
        node.operation(async move {
            for part in words.chunks(BURST) {
                self.transfer(address, BusWidth::Word, Transfer::Write(part)).await?;
            }
            Ok(())
        })
    }

    /// The blocking form of [`write_burst_async`](Self::write_burst_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn write_burst(&mut self, address: u32, words: &[u32]) -> Result<()> {
        self.write_burst_async(address, words).block()
    }

    async fn transfer(&mut self, address: u32, width: BusWidth, transfer: Transfer<'_>) -> Result<()> {
        let node = self.mailbox.node().clone();
        if address % u32::from(width.bytes()) != 0 {
            return Err(node.error(MicroblazeError::Unaligned { address, width: width.bytes() }));
        }
        let (is_read, count) = match &transfer {
            Transfer::Read(words) => (1, words.len()),
            Transfer::Write(words) => (0, words.len()),
        };
        // At most 62.
        #[allow(clippy::cast_possible_truncation)]
        let command = 1 | u32::from(width.bytes() - 1) << 1 | is_read << 3 | (count as u32) << 8;
        self.mailbox
            .exchange(command, Some(ENDED), |hardware| {
                hardware.write_word(ADDRESS, address);
                if let Transfer::Write(words) = &transfer {
                    (DATA..).step_by(4).zip(*words).for_each(|(at, word)| hardware.write_word(at, *word));
                }
            })
            .await?;
        if let Transfer::Read(words) = transfer {
            return node.access(|hardware| {
                (DATA..).step_by(4).zip(words).for_each(|(at, word)| *word = hardware.word(at) & width.mask());
                Ok(())
            });
        }
        Ok(())
    }
}
