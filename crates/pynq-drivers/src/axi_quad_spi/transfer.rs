//! A transaction: one state machine, which the blocking and the async forms run alike.
//!
//! Words are given and taken by two places in the same list of operations, so a chunk goes on from one operation to the
//! next, and a command and its answer are one interrupt.

use core::time::Duration;

use embedded_hal::spi::Operation;
use pynq_core::{
    BlockError, Error,
    interrupt::{Condition, Line, NodeHandle},
};

use super::{
    AxiQuadSpiError, AxiQuadSpiHardware, Result, SpiControl,
    hardware::{FREE, INTERRUPT, Progress},
};

/// What words are made of: `u8`, `u16` or `u32`, by what the block was built for.
pub trait Word: Copy + Send + 'static + sealed::Sealed {
    /// Its bits.
    const BITS: u8;
    /// As it is written to a register.
    fn into_register(self) -> u32;
    /// As it is read from one.
    fn from_register(value: u32) -> Self;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! words {
    ($($word:ty: $bits:literal),*) => {$(
        impl sealed::Sealed for $word {}

        impl Word for $word {
            const BITS: u8 = $bits;

            fn into_register(self) -> u32 {
                self.into()
            }

            fn from_register(value: u32) -> Self {
                // The register has no other bits.
                (value & u32::MAX >> (32 - $bits)).try_into().unwrap_or(Self::MAX)
            }
        }
    )*};
}

words! { u8: 8, u16: 16, u32: 32 }

/// Where in a list of operations the next word is given or taken.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    operation: usize,
    word: usize,
}

fn words<W>(operation: &Operation<'_, W>) -> usize {
    match operation {
        Operation::Read(words) | Operation::TransferInPlace(words) => words.len(),
        Operation::Write(words) => words.len(),
        Operation::Transfer(read, write) => read.len().max(write.len()),
        Operation::DelayNs(_) => 0,
    }
}

impl Place {
    /// Goes to the operation that has the next word; `None` at the end, and at a delay that lies before it.
    fn find<W>(&mut self, operations: &[Operation<'_, W>]) -> Option<()> {
        while self.word == words(operations.get(self.operation)?) {
            if matches!(operations[self.operation], Operation::DelayNs(_)) {
                return None;
            }
            (self.operation, self.word) = (self.operation + 1, 0);
        }
        Some(())
    }

    /// The next word to be sent. The line is high where there is nothing to say.
    fn next<W: Word>(&mut self, operations: &[Operation<'_, W>]) -> Option<u32> {
        self.find(operations)?;
        let word = match &operations[self.operation] {
            Operation::Write(words) | Operation::Transfer(_, words) => words.get(self.word),
            Operation::TransferInPlace(words) => words.get(self.word),
            _ => None,
        };
        self.word += 1;
        Some(word.map_or(u32::MAX >> (32 - W::BITS), |word| word.into_register()))
    }

    /// Puts the next word that was received where it belongs.
    fn put<W: Word>(&mut self, operations: &mut [Operation<'_, W>], value: u32) {
        if self.find(operations).is_none() {
            return;
        }
        if let Operation::Read(words) | Operation::Transfer(words, _) | Operation::TransferInPlace(words) =
            &mut operations[self.operation]
        {
            if let Some(word) = words.get_mut(self.word) {
                *word = W::from_register(value);
            }
        }
        self.word += 1;
    }

    /// Passes the delay that this place is at.
    fn pass_delay<W>(&mut self, operations: &[Operation<'_, W>]) -> Option<Duration> {
        let Some(Operation::DelayNs(ns)) = operations.get(self.operation) else { return None };
        (self.operation, self.word) = (self.operation + 1, 0);
        Some(Duration::from_nanos((*ns).into()))
    }
}

/// Runs `f` on the hardware.
fn with<R>(node: &NodeHandle<AxiQuadSpiHardware>, f: impl FnOnce(&mut AxiQuadSpiHardware) -> R) -> Result<R> {
    node.with_hardware(f).map_err(|error| node.error(error))
}

/// The bus, for one transaction. A drop in the middle of it breaks it off: the chip is deselected, and the FIFOs are empty.
struct Taken<'a> {
    node: &'a NodeHandle<AxiQuadSpiHardware>,
    finished: bool,
}

impl<'a> Taken<'a> {
    async fn new(node: &'a NodeHandle<AxiQuadSpiHardware>) -> Result<Self> {
        while !with(node, AxiQuadSpiHardware::try_take)? {
            node.wait_for::<BlockError<AxiQuadSpiError>>(FREE, Condition::Level { mask: 1, value: 1 }).await?;
        }
        Ok(Self { node, finished: false })
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        // A node that has failed touches no register any more, and has woken its waiters.
        let _ = self.node.with_hardware(|hardware| hardware.give_back(self.finished));
        let _ = self.node.line(FREE);
    }
}

/// Runs `operations` as one transaction.
pub(super) async fn run<W: Word>(
    node: &NodeHandle<AxiQuadSpiHardware>,
    operations: &mut [Operation<'_, W>],
    mode: SpiControl,
    select: Option<u8>,
) -> Result<()> {
    let config = with(node, |hardware| *hardware.config())?;
    if config.word_bits != W::BITS {
        return Err(node.error(AxiQuadSpiError::WordSize { bits: W::BITS, built: config.word_bits }));
    }
    // Before anything is sent: a chip that was sent half of a command could not be told the rest.
    node.check_wait().map_err(|error| node.error(error))?;
    let mut taken = Taken::new(node).await?;
    // What an earlier transaction left is not for this one.
    let mut line = node.line(INTERRUPT).map_err(|error| node.error(error))?;
    with(node, |hardware| hardware.begin(mode, select))?;
    let (mut given, mut received) = (Place::default(), Place::default());
    loop {
        if with(node, |hardware| hardware.give(&mut || given.next(operations)))? > 0 {
            line.wait_as::<BlockError<AxiQuadSpiError>>().await?;
            let mut tries = 0;
            loop {
                match node.access(|hardware| hardware.take(&mut |word| received.put(operations, word)))? {
                    Progress::Over => break,
                    Progress::Running => drop(line.wait_as::<BlockError<AxiQuadSpiError>>().await?),
                    Progress::LastWord => {
                        wait_for_word(&mut line, config.word_time(), tries).await.map_err(|error| node.error(error))?;
                        tries += 1;
                    }
                }
            }
        } else if let Some(delay) = given.pass_delay(operations) {
            received = given;
            while pause(&mut line, delay).await.map_err(|error| node.error(error))? {
                node.access(|hardware| hardware.check())?;
            }
        } else {
            break;
        }
    }
    taken.finished = true;
    Ok(())
}

/// Waits for the last word of a chunk, which no interrupt reports: for as long as a word takes, and longer each time. On a
/// board without a clock it is the register accesses that take that time.
async fn wait_for_word(line: &mut Line, word_time: Duration, tries: u32) -> core::result::Result<(), AxiQuadSpiError> {
    /// By then a hundred times the word's time has passed: 1 + 2 + 4 + 8 + 16 + 32 + 64.
    const TIMED: u32 = 7;
    const UNTIMED: u32 = 1_000_000;
    match pause(line, word_time * (1 << tries.min(TIMED))).await {
        Ok(_) if tries < TIMED => Ok(()),
        Err(Error::NoClock) if tries < UNTIMED => Ok(()),
        Ok(_) | Err(Error::NoClock) => Err(AxiQuadSpiError::Stalled),
        Err(error) => Err(error.into()),
    }
}

/// Sleeps. True if an interrupt came first.
async fn pause(line: &mut Line, time: Duration) -> core::result::Result<bool, Error> {
    match line.wait_as::<Error>().until(time).await {
        Ok(_) => Ok(true),
        Err(Error::TimedOut) => Ok(false),
        Err(error) => Err(error),
    }
}
