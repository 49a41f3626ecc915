//! The accelerator, and what can be done with it.

use core::{fmt, future::poll_fn, task::Poll};

use pynq_core::{
    BlockError, BlockName, Error,
    interrupt::{Condition, Line, NodeHandle, Wait, Waiting},
};

use super::{
    Argument, Core, HlsError, HlsHardware, Result, Run, Scalar, Value,
    hardware::{COUNT, Claim, DONE, READY, find, fits, input, output},
    run::{Queued, Ticket},
    runs::Start,
};

/// An accelerator that high-level synthesis made of a C++ function. Clones are handles on the same one.
#[derive(Clone)]
pub struct Accelerator {
    node: NodeHandle<HlsHardware>,
    core: Core,
}

/// A result of the function, with its type left behind.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    block: BlockName,
    argument: Argument,
    bits: u64,
}

impl Output {
    /// The result as a type that has as many bits; a signed one is extended.
    ///
    /// # Errors
    ///
    /// [`HlsError::TooNarrow`] if the type has fewer bits than the argument, or is a float of another width.
    pub fn to<T: Scalar>(&self) -> Result<T> {
        fits(&self.argument, T::KIND).map_err(|error| BlockError::new(self.block.clone(), error))?;
        Ok(T::from_bits(T::KIND.extend(self.bits, self.argument.bits())))
    }
}

impl Accelerator {
    /// A handle on the accelerator whose node this is.
    ///
    /// # Errors
    ///
    /// The error the node has failed with.
    pub fn new(node: impl Into<NodeHandle<HlsHardware>>) -> Result<Self> {
        let node = node.into();
        Self::over(node.clone()).map_err(|error| node.error(error))
    }

    /// The same for generated designs, whose driver this is the inside of.
    ///
    /// # Errors
    ///
    /// The error the node has failed with.
    pub fn over(node: NodeHandle<HlsHardware>) -> core::result::Result<Self, Error> {
        let core = node.with_hardware(|hardware| hardware.core().clone())?;
        Ok(Self { node, core })
    }

    /// How it was built.
    #[must_use]
    pub const fn core(&self) -> &Core {
        &self.core
    }

    /// Its arguments.
    #[must_use]
    pub fn arguments(&self) -> &[Argument] {
        &self.core.arguments
    }

    /// The node.
    pub const fn node(&self) -> &NodeHandle<HlsHardware> {
        &self.node
    }

    // ---- arguments

    /// Writes an argument.
    ///
    /// # Errors
    ///
    /// [`HlsError::NoSuchArgument`], [`HlsError::WrongWay`], [`HlsError::DoesNotFit`]; [`HlsError::Busy`] if the function was
    /// started and has not taken its arguments yet.
    pub fn set(&self, name: &str, value: impl Into<Value>) -> Result<()> {
        let value = value.into();
        self.node.access(|hardware| hardware.set(name, value))
    }

    /// Reads an argument: an output as the function has last written it, an input as it was last set.
    ///
    /// # Errors
    ///
    /// [`HlsError::NoSuchArgument`], [`HlsError::WrongWay`] for an array, [`HlsError::TooNarrow`].
    pub fn get<T: Scalar>(&self, name: &str) -> Result<T> {
        self.node.access(|hardware| hardware.get(name, T::KIND)).map(T::from_bits)
    }

    /// Reads an output if the function has written it since this was last called; `None` if not. An output without a
    /// handshake always counts as written.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn try_get<T: Scalar>(&self, name: &str) -> Result<Option<T>> {
        let taken = self.node.access(|hardware| {
            fits(hardware.find(name)?, T::KIND)?;
            let bits = hardware.find(name)?.bits();
            hardware.take_output(name).map(|(value, written)| written.then(|| T::KIND.extend(value, bits)))
        })?;
        Ok(taken.map(T::from_bits))
    }

    /// Reads words of an array, from word `first` on. Elements of less than 32 bits are several to a word.
    ///
    /// # Errors
    ///
    /// [`HlsError::NoSuchArgument`], [`HlsError::WrongWay`], [`HlsError::OutsideMemory`]; [`HlsError::Busy`] while the
    /// function runs, whose port onto the array it is.
    pub fn read_memory(&self, name: &str, first: usize, words: &mut [u32]) -> Result<()> {
        self.node.access(|hardware| {
            hardware.memory(name, (first, words.len()), |hardware, index, offset| {
                if let Some(word) = words.get_mut(index) {
                    *word = hardware.read_word(offset);
                }
            })
        })
    }

    /// Writes words of an array, from word `first` on.
    ///
    /// # Errors
    ///
    /// As [`read_memory`](Self::read_memory).
    pub fn write_memory(&self, name: &str, first: usize, words: &[u32]) -> Result<()> {
        self.node.access(|hardware| {
            hardware.memory(name, (first, words.len()), |hardware, index, offset| {
                if let Some(word) = words.get(index) {
                    hardware.write_word(offset, *word);
                }
            })
        })
    }

    // ---- runs

    /// Calls the function: passes `inputs`, starts it, waits for its end, and returns `outputs`. Arguments that are not among
    /// `inputs` keep what they were last set to.
    ///
    /// Calls of several tasks come one after the other, each with its own arguments and results.
    ///
    /// # Errors
    ///
    /// Those of the arguments, before anything is written; [`HlsError::NoControl`] and [`HlsError::NoInterrupt`], which has not
    /// started it; [`HlsError::NotWritten`] for an output that this run did not write; [`HlsError::Busy`] while it restarts by
    /// itself; and as a [`Node`](HlsError::Node) error what else a wait can meet.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future before the function was started leaves everything as it was. Afterwards the run goes on, since
    /// hardware can't be stopped in the middle; its result is dropped, and the next call waits for its end first.
    pub fn call_async<'a, const N: usize>(
        &'a self,
        inputs: &'a [(&'a str, Value)],
        outputs: [&'a str; N],
    ) -> Waiting<impl Wait<Value = [Output; N], Error = BlockError<HlsError>> + 'a> {
        self.node.operation(async move {
            let mut ticket = self.start_run(Start::Alone, inputs, &outputs, |_| Ok(())).await?;
            self.end_of(&mut ticket, outputs).await
        })
    }

    /// The blocking form of [`call_async`](Self::call_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form, and `NeverWoken` on a simulated board on which nothing more can happen.
    pub fn call<const N: usize>(&self, inputs: &[(&str, Value)], outputs: [&str; N]) -> Result<[Output; N]> {
        self.call_async(inputs, outputs).block()
    }

    /// Starts the function with `inputs` as soon as it can take them, which may be while earlier runs are under way, and
    /// returns the run. Two can be under way; of a function that is not pipelined, the second one waits in its registers.
    ///
    /// # Errors
    ///
    /// As [`call_async`](Self::call_async).
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future at any point leaves everything as it was: it is ready as soon as the function was started.
    pub fn begin_async<'a>(
        &'a self,
        inputs: &'a [(&'a str, Value)],
    ) -> Waiting<impl Wait<Value = Run, Error = BlockError<HlsError>> + 'a> {
        self.node.operation(async move {
            let ticket = self.start_run(Start::Pipelined, inputs, &[], |_| Ok(())).await?;
            Ok(Run::new(self.clone(), ticket))
        })
    }

    /// The blocking form of [`begin_async`](Self::begin_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn begin(&self, inputs: &[(&str, Value)]) -> Result<Run> {
        self.begin_async(inputs).block()
    }

    /// Starts the function with the arguments as they are, and does not wait: PYNQ's write of 1 to the control register. Its
    /// interrupt is not needed.
    ///
    /// # Errors
    ///
    /// [`HlsError::NoControl`]; [`HlsError::Busy`] if it can't be started now.
    pub fn start(&self) -> Result<()> {
        self.node.access(|hardware| match hardware.start(Start::Pipelined, &[], &[], |_| Ok(()))? {
            Claim::Started(slot) => {
                hardware.disown(slot);
                Ok(())
            }
            Claim::Wait(..) | Claim::Busy => Err(HlsError::Busy),
        })
    }

    /// Whether the function has ended, or was never started.
    ///
    /// # Errors
    ///
    /// [`HlsError::NoControl`], or the error the block has failed with.
    pub fn is_idle(&self) -> Result<bool> {
        self.node.access(|hardware| match hardware.core().control {
            Some(_) => Ok(hardware.is_idle()),
            None => Err(HlsError::NoControl),
        })
    }

    /// Waits until no run is under way.
    ///
    /// # Errors
    ///
    /// [`HlsError::NoControl`]; [`HlsError::NoInterrupt`] if a run is under way; and as a [`Node`](HlsError::Node) error what
    /// else a wait can meet.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future at any point leaves hardware and queues as if it never was.
    pub fn done_async(&self) -> Waiting<impl Wait<Value = (), Error = BlockError<HlsError>>> {
        self.node.operation(async move {
            if !self.is_idle()? {
                self.node.wait_for::<BlockError<HlsError>>(DONE, Condition::Level { mask: 3, value: 3 }).await?;
            }
            Ok(())
        })
    }

    /// The blocking form of [`done_async`](Self::done_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn done(&self) -> Result<()> {
        self.done_async().block()
    }

    /// A handle on the interrupt that the function's end raises: its event is a change of the number of runs that have ended.
    ///
    /// # Errors
    ///
    /// [`HlsError::NoControl`], or the error the block has failed with.
    pub fn done_events(&self) -> Result<Line> {
        self.events(DONE)
    }

    /// A handle on the interrupt that is raised when the function has taken its arguments, which may be set anew from then on.
    ///
    /// # Errors
    ///
    /// As [`done_events`](Self::done_events).
    pub fn ready_events(&self) -> Result<Line> {
        self.events(READY)
    }

    fn events(&self, line: u8) -> Result<Line> {
        if self.core.control.is_none() {
            return Err(self.error(HlsError::NoControl));
        }
        Line::of_bits(self.node.clone(), line, COUNT).map_err(|error| self.error(error))
    }

    pub(super) fn error(&self, error: impl Into<HlsError>) -> BlockError<HlsError> {
        self.node.error(error)
    }

    /// Checks what is known without hardware, so that nothing is written of a call that can't succeed.
    pub(super) fn check(&self, inputs: &[(&str, Value)], outputs: &[&str]) -> Result<()> {
        let checked = || {
            if self.core.control.is_none() {
                return Err(HlsError::NoControl);
            }
            for (name, value) in inputs {
                input(&self.core, name, *value)?;
            }
            for name in outputs {
                output(find(&self.core, name)?)?;
            }
            Ok(())
        };
        checked().map_err(|error| self.error(error))?;
        self.node.check_wait().map_err(|error| self.error(error))
    }

    /// Starts a run when its turn comes. `pass` writes arguments that are not among `inputs`.
    pub(super) async fn start_run(
        &self,
        start: Start,
        inputs: &[(&str, Value)],
        outputs: &[&str],
        pass: impl Fn(&HlsHardware) -> core::result::Result<(), HlsError>,
    ) -> Result<Ticket> {
        self.check(inputs, outputs)?;
        // The tasks that wait for their turn were woken when the last run ended, and go first.
        if self.node.access(|hardware| Ok::<_, HlsError>(hardware.has_queue()))? {
            yield_once().await;
        }
        loop {
            match self.node.access(|hardware| hardware.start(start, inputs, outputs, &pass))? {
                Claim::Started(slot) => return Ok(Ticket::new(self.node.clone(), slot)),
                Claim::Wait(line, condition) => {
                    let _queued = Queued::join(&self.node);
                    self.node.wait_for::<BlockError<HlsError>>(line, condition).await?;
                }
                Claim::Busy => return Err(self.error(HlsError::Busy)),
            }
        }
    }

    /// Waits for the end of a run and reads its results.
    pub(super) async fn end_of<const N: usize>(&self, ticket: &mut Ticket, outputs: [&str; N]) -> Result<[Output; N]> {
        let slot = ticket.slot();
        let ended = Condition::Level { mask: 1 << slot, value: 1 << slot };
        self.node.wait_for::<BlockError<HlsError>>(DONE, ended).await?;
        let results = self.node.access(|hardware| {
            let lost = hardware.is_lost(slot) && N > 0;
            Ok::<_, HlsError>(if lost { Err(HlsError::Overwritten) } else { self.results(hardware, outputs) })
        })?;
        ticket.give_back();
        results.map_err(|error| self.error(error))
    }

    fn results<const N: usize>(
        &self,
        hardware: &HlsHardware,
        outputs: [&str; N],
    ) -> core::result::Result<[Output; N], HlsError> {
        let mut failed = None;
        let results = outputs.map(|name| {
            let argument = find(&self.core, name).cloned();
            let found = argument.and_then(|argument| match hardware.take_output(name)? {
                (bits, true) => Ok(Output { block: self.node.name().clone(), argument, bits }),
                (_, false) => Err(HlsError::NotWritten { argument: argument.block_name().clone() }),
            });
            found.unwrap_or_else(|error| {
                failed.get_or_insert(error);
                Output::nothing()
            })
        });
        failed.map_or(Ok(results), Err)
    }
}

/// Lets the other tasks run.
async fn yield_once() {
    let mut yielded = false;
    poll_fn(|cx| {
        if core::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl Output {
    /// In place of a result that could not be read; never handed out.
    const fn nothing() -> Self {
        let place = super::Place::Memory { offset: 0, size: 0 };
        Self { block: BlockName::NONE, argument: Argument::new("", 0, place), bits: 0 }
    }
}

impl fmt::Debug for Accelerator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accelerator").field("node", &self.node).field("core", &self.core).finish_non_exhaustive()
    }
}
