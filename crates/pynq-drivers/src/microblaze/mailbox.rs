//! PYNQ's classic mailbox: arguments, a command word, results.

use core::{hint::spin_loop, time::Duration};

use pynq_core::{
    BlockError, Instant,
    interrupt::{NodeHandle, Wait, Waiting},
};

use super::{
    MAILBOX, MicroblazeError, MicroblazeHardware, Result,
    lease::{self, Lease},
};

/// Words for arguments and results.
const ROOM: usize = (COMMAND - MAILBOX) as usize / 4;
/// The command: 0 when the program has carried it out.
pub(super) const COMMAND: u32 = 0xFFFC;

/// Looks without a sleep in between: a program answers in microseconds, and a sleep takes longer than that.
const SPINS: u32 = 40;
const FIRST_PAUSE: Duration = Duration::from_micros(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(1);

/// What a command may take unless its caller says otherwise.
const TIME: Duration = Duration::from_secs(1);

/// Looks at something that changes without an interrupt: at once a few times, then after longer and longer sleeps.
pub(super) struct Looks {
    made: u32,
    pause: Duration,
}

impl Looks {
    pub(super) const fn new() -> Self {
        Self { made: 0, pause: FIRST_PAUSE }
    }

    /// Until the next look.
    pub(super) async fn next(&mut self, node: &NodeHandle<MicroblazeHardware>) -> Result<()> {
        self.made += 1;
        if self.made < SPINS {
            spin_loop();
            return Ok(());
        }
        let moment = node.now().map_err(|error| node.error(error))? + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        node.pause_until(moment).await.map_err(|error| node.error(error))
    }
}

/// The mailbox of a program: commands, one after the other. There is one handle on it at a time.
///
/// A command that is given up, by a deadline or because its future is dropped, is still being carried out. The next one waits
/// for that first, so that results are never taken for those of another command.
///
/// It belongs to the program that ran when it was opened: once that is stopped or another one is loaded, it returns errors.
#[derive(Debug)]
pub struct Mailbox {
    lease: Lease,
    time: Duration,
}

impl Mailbox {
    pub(super) fn open(node: &NodeHandle<MicroblazeHardware>) -> Result<Self> {
        Ok(Self { lease: Lease::new(node, lease::ALL)?, time: TIME })
    }

    /// How long a command may take; a second at first. A program that has none that takes so long hangs.
    pub const fn set_time(&mut self, time: Duration) {
        self.time = time;
    }

    pub(super) const fn node(&self) -> &NodeHandle<MicroblazeHardware> {
        self.lease.node()
    }

    /// Has the program carry out a command: arguments are words from the mailbox's beginning on, results are read from there.
    ///
    /// # Errors
    ///
    /// [`MicroblazeError::NoCommand`] and [`MicroblazeError::TooMany`] with nothing written;
    /// [`MicroblazeError::Unanswered`] after the [time](Self::set_time) that a command may take, by this one or by one that was
    /// given up before; [`MicroblazeError::NotRunning`].
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future before the first poll does nothing. Later, the command is carried out, or not begun if another one was
    /// still under way; the next one waits for it.
    pub fn command_async<'a>(
        &'a mut self,
        command: u32,
        arguments: &'a [u32],
        results: &'a mut [u32],
    ) -> Waiting<impl Wait<Value = (), Error = BlockError<MicroblazeError>> + 'a> {
        let node = self.node().clone();
        node.operation(async move {
            let words = arguments.len().max(results.len());
            if words > ROOM {
                return Err(self.node().error(MicroblazeError::TooMany { words, room: ROOM }));
            }
            self.call(command, arguments.iter().copied(), results).await
        })
    }

    /// A command of a program that is known: `arguments` are those, or what is wrong with them, and `value` makes of the words of
    /// its results what they are.
    pub(super) fn known<'a, const RESULTS: usize, T: Send + 'a>(
        &'a mut self,
        command: u32,
        arguments: core::result::Result<impl Iterator<Item = u32> + Send + 'a, MicroblazeError>,
        value: impl FnOnce([u32; RESULTS]) -> T + Send + 'a,
    ) -> Waiting<impl Wait<Value = T, Error = BlockError<MicroblazeError>> + 'a> {
        let node = self.node().clone();
        node.operation(async move {
            let arguments = arguments.map_err(|error| self.node().error(error))?;
            let mut results = [0; RESULTS];
            self.call(command, arguments, &mut results).await?;
            Ok(value(results))
        })
    }

    async fn call(&mut self, command: u32, arguments: impl Iterator<Item = u32>, results: &mut [u32]) -> Result<()> {
        self.exchange(command, None, |hardware| {
            (MAILBOX..).step_by(4).zip(arguments).for_each(|(address, word)| hardware.write_word(address, word));
        })
        .await?;
        self.lease.access(|hardware| {
            for (address, word) in (MAILBOX..).step_by(4).zip(results.iter_mut()) {
                *word = hardware.word(address);
            }
            Ok(())
        })
    }

    /// The blocking form of [`command_async`](Self::command_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn command(&mut self, command: u32, arguments: &[u32], results: &mut [u32]) -> Result<()> {
        self.command_async(command, arguments, results).block()
    }

    /// Writes a command once the program has carried out the one before, and waits until it has carried out this one.
    /// A program that has ended leaves the word `ended`.
    pub(super) async fn exchange(
        &mut self,
        command: u32,
        ended: Option<u32>,
        arguments: impl FnOnce(&MicroblazeHardware),
    ) -> Result<()> {
        if command == 0 {
            return Err(self.node().error(MicroblazeError::NoCommand));
        }
        let give_up = self.node().now().map_err(|error| self.node().error(error))? + self.time;
        self.carried_out(command, ended, give_up).await?;
        self.lease.access(|hardware| {
            arguments(hardware);
            // Behind the arguments: the accesses to one device stay in order.
            hardware.write_word(COMMAND, command);
            Ok(())
        })?;
        self.carried_out(command, ended, give_up).await
    }

    /// Waits until no command is under way.
    async fn carried_out(&self, command: u32, ended: Option<u32>, give_up: Instant) -> Result<()> {
        let mut looks = Looks::new();
        loop {
            let found = self.lease.access(|hardware| Ok(hardware.word(COMMAND)))?;
            if found == 0 {
                return Ok(());
            }
            if ended == Some(found) {
                return Err(self.node().error(MicroblazeError::Ended { command }));
            }
            if self.node().now().map_err(|error| self.node().error(error))? >= give_up {
                return Err(self.node().error(MicroblazeError::Unanswered { command, found }));
            }
            looks.next(self.node()).await?;
        }
    }
}
