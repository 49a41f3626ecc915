//! The processor: its programs, its state, its memory.

use core::fmt;

use pynq_core::{
    BlockError,
    interrupt::{NodeHandle, Wait, Waiting},
};

use super::{
    IopBus, Loaded, Mailbox, MicroblazeError, MicroblazeHardware, MicroblazeInterrupt, Program, Result, Rpc, State,
    StreamReader, StreamWriter, streams::Ring,
};

/// An I/O processor: PYNQ's `PynqMicroblaze`. Clones are handles on the same one.
#[derive(Clone)]
pub struct PynqMicroblaze {
    node: NodeHandle<MicroblazeHardware>,
    interrupt: Option<(NodeHandle, u8)>,
}

impl PynqMicroblaze {
    /// A handle on the processor whose node this is. `interrupt` is the line that its flip-flop raises: the controller's node
    /// and the number there.
    #[must_use]
    pub fn new(node: impl Into<NodeHandle<MicroblazeHardware>>, interrupt: Option<(NodeHandle, u8)>) -> Self {
        Self { node: node.into(), interrupt }
    }

    /// The node.
    #[must_use]
    pub const fn node(&self) -> &NodeHandle<MicroblazeHardware> {
        &self.node
    }

    /// What it does.
    ///
    /// # Errors
    ///
    /// The error that its node has failed with.
    pub fn state(&self) -> Result<State> {
        self.node.access(|hardware| Ok(hardware.state()))
    }

    /// Loads a program and runs it: holds the processor in reset, fills all of its memory with the program and zeros, clears
    /// a request that was left, and lets it go.
    ///
    /// The result says whether the program reaches into the mailbox, as a few of PYNQ's do which use none.
    ///
    /// # Errors
    ///
    /// [`MicroblazeError::Running`] if a program runs: stop it, or [force](Self::load_by_force) this one.
    /// [`MicroblazeError::DoesNotFit`] and [`MicroblazeError::Empty`] with nothing touched; what the lines return.
    pub fn load(&self, program: &Program<'_>) -> Result<Loaded> {
        self.load_over(program, false)
    }

    /// As [`load`](Self::load), over a program that runs. A handle on its mailbox returns errors from then on.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), but that a program may run.
    pub fn load_by_force(&self, program: &Program<'_>) -> Result<Loaded> {
        self.load_over(program, true)
    }

    fn load_over(&self, program: &Program<'_>, force: bool) -> Result<Loaded> {
        let loaded = self.node.access(|hardware| {
            let loaded = program.check(hardware.memory_size())?;
            hardware.begin_load(force).map(|()| loaded)
        })?;
        // In rounds, so that nothing else waits for all of it.
        let mut from = Some(0);
        while let Some(at) = from {
            let copied = self.node.access(|hardware| Ok::<_, MicroblazeError>(hardware.copy(program, at)));
            from = copied.inspect_err(|_| self.give_up())?;
        }
        self.node.access(MicroblazeHardware::end_load).inspect_err(|_| self.give_up())?;
        Ok(loaded)
    }

    fn give_up(&self) {
        let _ = self.node.with_hardware(MicroblazeHardware::give_up_load);
    }

    /// Holds it in reset. What it has in memory stays.
    ///
    /// # Errors
    ///
    /// [`MicroblazeError::Loading`], and what the line returns.
    pub fn stop(&self) -> Result<()> {
        self.node.access(MicroblazeHardware::hold)
    }

    /// Lets it run from its reset vector with what is in its memory, after a [`stop`](Self::stop).
    ///
    /// The program finds the memory as it was left. Only [`load`](Self::load) clears it.
    ///
    /// # Errors
    ///
    /// [`MicroblazeError::Loading`], and what the line returns.
    pub fn run(&self) -> Result<()> {
        self.node.access(MicroblazeHardware::release)
    }

    /// Reads words of its memory, from a byte offset on. It may be read at any time, also while a program writes it.
    ///
    /// # Errors
    ///
    /// [`MicroblazeError::Access`] with nothing read.
    pub fn read(&self, offset: u32, words: &mut [u32]) -> Result<()> {
        self.node.access(|hardware| {
            hardware.check(offset, words.len())?;
            for (address, word) in (offset..).step_by(4).zip(words) {
                *word = hardware.word(address);
            }
            Ok(())
        })
    }

    /// Writes words of its memory, from a byte offset on.
    ///
    /// # Errors
    ///
    /// [`MicroblazeError::Access`] with nothing written.
    pub fn write(&self, offset: u32, words: &[u32]) -> Result<()> {
        self.node.access(|hardware| {
            hardware.check(offset, words.len())?;
            (offset..).step_by(4).zip(words).for_each(|(address, word)| hardware.write_word(address, *word));
            Ok(())
        })
    }

    /// Its interrupt; `None` where the design has none, or no line that clears it. It is for requests from here on.
    #[must_use]
    pub fn interrupt(&self) -> Option<MicroblazeInterrupt> {
        let (lines, number) = self.interrupt.as_ref()?;
        MicroblazeInterrupt::new(self.node.clone(), lines, *number).ok()
    }

    /// The mailbox of the program that runs, for commands. There is one handle at a time: commands don't mix.
    ///
    /// # Errors
    ///
    /// [`MicroblazeError::NotRunning`], [`MicroblazeError::MailboxInUse`].
    pub fn mailbox(&self) -> Result<Mailbox> {
        Mailbox::open(&self.node)
    }

    /// The peripherals of the I/O processor, through PYNQ's program `mailbox`, which has to run.
    ///
    /// # Errors
    ///
    /// As [`mailbox`](Self::mailbox).
    pub fn bus(&self) -> Result<IopBus> {
        Ok(IopBus::new(self.mailbox()?))
    }

    /// What the program writes to its standard output. A program that is built with PYNQ's library requests an interrupt after
    /// each write, by which this is awaited where the design has it.
    ///
    /// # Errors
    ///
    /// As [`mailbox`](Self::mailbox): streams and commands use the same memory.
    pub fn standard_output(&self) -> Result<StreamReader> {
        StreamReader::open(&self.node, Ring::StandardOutput, self.interrupt())
    }

    /// What the program reads from its standard input.
    ///
    /// # Errors
    ///
    /// As [`standard_output`](Self::standard_output).
    pub fn standard_input(&self) -> Result<StreamWriter> {
        StreamWriter::open(&self.node, Ring::StandardInput)
    }

    /// Calls of the functions of a program that is built with PYNQ's bridge. `print` is given what it prints.
    ///
    /// # Errors
    ///
    /// As [`standard_output`](Self::standard_output).
    pub fn rpc<P: FnMut(&str) + Send>(&self, print: P) -> Result<Rpc<P>> {
        Rpc::open(&self.node, print)
    }

    /// Waits until a word of its memory is as `is` says, looking at it again and again, less and less often.
    ///
    /// # Errors
    ///
    /// [`MicroblazeError::Access`]; `NoClock` on a board without a clock.
    ///
    /// # Cancellation safety
    ///
    /// It only reads.
    pub fn word_async(
        &self,
        offset: u32,
        is: impl Fn(u32) -> bool,
    ) -> Waiting<impl Wait<Value = u32, Error = BlockError<MicroblazeError>>> {
        let node = self.node.clone();
        self.node.operation(async move {
            node.access(|hardware| hardware.check(offset, 1))?;
            let mut looks = super::mailbox::Looks::new();
            loop {
                let word = node.access(|hardware| Ok::<_, MicroblazeError>(hardware.word(offset)))?;
                if is(word) {
                    return Ok(word);
                }
                looks.next(&node).await?;
            }
        })
    }
}

impl fmt::Debug for PynqMicroblaze {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PynqMicroblaze").field("name", &self.node.name()).finish_non_exhaustive()
    }
}
