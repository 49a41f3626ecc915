//! Memory and lines of an I/O processor, under its node's lock.

use core::fmt;

use pynq_core::{
    Checked, Error, OutputLine, Window,
    interrupt::{InterruptHardware, Lines},
};

use super::{MAILBOX, MicroblazeError, Program};

/// Words that are copied in one lock round.
const ROUND: u32 = 256;

/// What an I/O processor does, as far as this driver has brought it there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum State {
    /// This driver has loaded nothing. It executes whatever is in its memory, mostly nothing.
    #[default]
    Idle,
    /// A program is being loaded.
    Loading,
    /// A program runs.
    Running,
    /// It is held in reset.
    Stopped,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idle => "idle",
            Self::Loading => "being loaded",
            Self::Running => "running",
            Self::Stopped => "stopped",
        })
    }
}

/// The memory and the lines of an I/O processor.
pub struct MicroblazeHardware {
    memory: Checked<Window>,
    reset: OutputLine,
    acknowledge: Option<OutputLine>,
    state: State,
    /// Counts what was loaded and stopped: a handle on the mailbox belongs to one run.
    pub(super) run: u32,
    /// Parts of the mailbox's memory that have an owner.
    pub(super) leased: u8,
}

impl MicroblazeHardware {
    /// An I/O processor with this memory. Nothing is touched: a program that another one has loaded goes on.
    ///
    /// `reset` holds it while it is high. `acknowledge` clears the flip-flop of its interrupt, where there is one.
    ///
    /// # Errors
    ///
    /// [`MicroblazeError::Memory`] if the memory ends before the mailbox does.
    pub fn new(
        memory: impl Into<Window>,
        reset: OutputLine,
        acknowledge: Option<OutputLine>,
    ) -> Result<Self, MicroblazeError> {
        let memory = Checked::new(memory.into());
        if memory.size() < MAILBOX as usize + 0x1000 {
            return Err(MicroblazeError::Memory { size: memory.size() });
        }
        Ok(Self { memory, reset, acknowledge, state: State::Idle, run: 0, leased: 0 })
    }

    /// Bytes of memory.
    #[must_use]
    pub fn memory_size(&self) -> usize {
        self.memory.size()
    }

    /// What it does.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    pub(super) fn expect_running(&self) -> Result<(), MicroblazeError> {
        match self.state {
            State::Running => Ok(()),
            state => Err(MicroblazeError::NotRunning { state }),
        }
    }

    /// Holds it in reset, for a program that is to be loaded.
    pub(super) fn begin_load(&mut self, force: bool) -> Result<(), MicroblazeError> {
        match self.state {
            State::Loading => return Err(MicroblazeError::Loading),
            State::Running if !force => return Err(MicroblazeError::Running),
            _ => {}
        }
        self.reset.drive(true)?;
        self.state = State::Loading;
        self.run = self.run.wrapping_add(1);
        Ok(())
    }

    /// Copies a part of a program, and zeros where it has nothing. Returns where the next part begins, if there is one.
    pub(super) fn copy(&mut self, program: &Program<'_>, from: u32) -> Option<u32> {
        let size = u32::try_from(self.memory.size() & !3).unwrap_or(!3);
        let end = size.min(from.saturating_add(4 * ROUND));
        for address in (from..end).step_by(4) {
            self.write_word(address, program.word(address));
        }
        (end < size).then_some(end)
    }

    /// Lets what was loaded run.
    pub(super) fn end_load(&mut self) -> Result<(), MicroblazeError> {
        // A request of an earlier program must not be taken for one of this.
        self.acknowledge()?;
        self.state = State::Stopped;
        self.release()
    }

    pub(super) fn give_up_load(&mut self) {
        if self.state == State::Loading {
            self.state = State::Stopped;
        }
    }

    pub(super) fn hold(&mut self) -> Result<(), MicroblazeError> {
        if self.state == State::Loading {
            return Err(MicroblazeError::Loading);
        }
        self.reset.drive(true)?;
        self.state = State::Stopped;
        self.run = self.run.wrapping_add(1);
        Ok(())
    }

    pub(super) fn release(&mut self) -> Result<(), MicroblazeError> {
        if self.state == State::Loading {
            return Err(MicroblazeError::Loading);
        }
        self.reset.drive(false)?;
        self.state = State::Running;
        Ok(())
    }

    /// Clears the flip-flop, so that the next request is an edge. The line is never left high, which would swallow requests.
    pub(super) fn acknowledge(&self) -> Result<(), Error> {
        let Some(line) = &self.acknowledge else { return Ok(()) };
        let raised = line.drive(true);
        line.drive(false)?;
        raised
    }

    #[allow(clippy::cast_possible_truncation)] // four bytes
    pub(super) fn word(&self, address: u32) -> u32 {
        self.memory.read(address as usize, 4).map_or(0, |value| value as u32)
    }

    pub(super) fn write_word(&self, address: u32, value: u32) {
        // Addresses are within the memory: the mailbox's by the check of its size, others by their own.
        let _ = self.memory.write(address as usize, value);
    }

    /// Checks that so many words are in the memory.
    pub(super) fn check(&self, offset: u32, words: usize) -> Result<(), MicroblazeError> {
        let (length, size) = (words.saturating_mul(4), self.memory.size());
        let inside = (offset as usize).checked_add(length).is_some_and(|end| end <= size);
        if inside && offset % 4 == 0 { Ok(()) } else { Err(MicroblazeError::Access { offset, length, size }) }
    }
}

/// No interrupt comes through this node: waits for one are on the controller's.
impl InterruptHardware for MicroblazeHardware {
    type Lines = Lines<1>;

    fn unmask(&mut self, _: u32) {}

    fn mask(&mut self, _: u32) {}

    fn ack_pending(&mut self, _: u32) -> u32 {
        0
    }

    fn clears_on_ack(&self) -> u32 {
        0
    }

    fn read_back(&mut self) {}
}

impl fmt::Debug for MicroblazeHardware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MicroblazeHardware").field("state", &self.state).finish_non_exhaustive()
    }
}
