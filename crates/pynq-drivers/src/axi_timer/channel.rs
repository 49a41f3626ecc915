//! One of the two counters of a block.

use core::{fmt, time::Duration};

use pynq_core::{
    BlockError,
    interrupt::{Deadline, EventWait, Fired, Line, Listener, NodeHandle, Waiting},
};

use super::{
    AxiTimerConfig, AxiTimerError, AxiTimerHardware, Delay, PollingDelay, Result, TimerControl, hardware::mode,
};

/// Which of several captures counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Capture {
    /// The latest: each trigger overwrites the one before.
    Latest,
    /// The first: further triggers are ignored until it has been read by [`TimerChannel::captured`].
    First,
}

/// A channel of an AXI timer, with a cursor of its own: what it has seen of the channel's events.
///
/// An event is the end of a period or of a one-shot, or a capture. The block keeps **one** event for each channel until it
/// is serviced: a program that counts periods has to wait for each of them in time, or [listen](Self::listen).
///
/// Clones are handles on the same channel. Starting it by one of them starts it anew for all.
///
/// ```
/// use std::time::Duration;
/// use pynq::prelude::*;
///
/// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
/// let mut alarm = overlay.timer("timer")?.channel(1)?;
/// let exact = alarm.start_one_shot(Duration::from_micros(250))?;
/// overlay.run(alarm.wait_async())?;
/// assert_eq!(exact, Duration::from_micros(250)); // what its clock of 100 MHz makes of it
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone)]
pub struct TimerChannel {
    node: NodeHandle<AxiTimerHardware>,
    line: Line,
    config: AxiTimerConfig,
}

impl TimerChannel {
    pub(super) fn new(node: NodeHandle<AxiTimerHardware>, channel: u8, config: AxiTimerConfig) -> Result<Self> {
        if channel >= config.channels() {
            return Err(node.error(AxiTimerError::NoSuchChannel { channel, channels: config.channels() }));
        }
        let line = node.line(channel).map_err(|error| node.error(error))?;
        Ok(Self { node, line, config })
    }

    /// Raises an event every `period`, from one period from now on. Returns the period as the counter counts it: the
    /// nearest number of ticks. The first one is a tick shorter.
    ///
    /// A channel that runs is started anew. What happened before is not for this handle.
    ///
    /// # Errors
    ///
    /// [`AxiTimerError::OutOfRange`] for less than 2 ticks or more than the counter has; [`AxiTimerError::PwmRuns`], or the
    /// error the block has failed with.
    pub fn start_periodic(&mut self, period: Duration) -> Result<Duration> {
        let ticks = self.config.nearest_ticks(period);
        let load =
            periodic_load(&self.config, ticks).ok_or_else(|| self.node.error(out_of_range(&self.config, 2, period)))?;
        self.start(mode::PERIODIC, load)?;
        Ok(self.config.duration(ticks))
    }

    /// Raises one event, `delay` from now. Returns the delay as the counter counts it, which is not shorter.
    ///
    /// A channel that runs is started anew. What happened before is not for this handle.
    ///
    /// # Errors
    ///
    /// [`AxiTimerError::OutOfRange`] for nothing or for more than the counter has; [`AxiTimerError::PwmRuns`], or the error
    /// the block has failed with.
    pub fn start_one_shot(&mut self, delay: Duration) -> Result<Duration> {
        let ticks = self.config.covering_ticks(delay);
        let load =
            one_shot_load(&self.config, ticks).ok_or_else(|| self.node.error(out_of_range(&self.config, 1, delay)))?;
        self.start(mode::ONE_SHOT, load)?;
        Ok(self.config.duration(ticks))
    }

    /// Counts ticks up from 0, wrapping around, and raises an event whenever the block's capture input becomes active;
    /// [`captured`](Self::captured) then has the count of that moment.
    ///
    /// A channel that runs is started anew. What happened before is not for this handle.
    ///
    /// # Errors
    ///
    /// [`AxiTimerError::PwmRuns`], or the error the block has failed with.
    pub fn start_capture(&mut self, which: Capture) -> Result<()> {
        let mode = match which {
            Capture::Latest => mode::LATEST_CAPTURE,
            Capture::First => mode::FIRST_CAPTURE,
        };
        self.start(mode, 0)?;
        Ok(())
    }

    /// Stops the counter where it is. An event that is there stays, and waits go on waiting.
    ///
    /// # Errors
    ///
    /// [`AxiTimerError::PwmRuns`], or the error the block has failed with.
    pub fn stop(&mut self) -> Result<()> {
        let channel = self.number();
        self.node.access(|hardware| match hardware.modulates() {
            true => Err(AxiTimerError::PwmRuns),
            false => {
                hardware.stop(channel);
                Ok(())
            }
        })
    }

    /// Whether the channel was started and has neither been stopped nor, as a one-shot, ended.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn is_running(&self) -> Result<bool> {
        self.node.access(|hardware| Ok(hardware.runs(self.number())))
    }

    /// The counter. A period or a one-shot counts down to 0 and one tick beyond, a capture counts up.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn counter(&self) -> Result<u32> {
        self.node.access(|hardware| Ok(hardware.counter(self.number())))
    }

    /// The count at the capture, in ticks; 0 before the first one. With [`Capture::First`] the next trigger counts again.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn captured(&self) -> Result<u32> {
        self.node.access(|hardware| Ok(hardware.take_capture(self.number())))
    }

    /// Waits for an event since this handle last looked.
    ///
    /// # Errors
    ///
    /// As a [`Node`](AxiTimerError::Node) error, `InterruptsUnavailable` if the block's interrupt isn't wired, and what else
    /// [a wait](Line::wait_async) can meet.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future at any point leaves hardware and queues as if it never was. The counter goes on.
    pub const fn wait_async(&mut self) -> Waiting<EventWait<'_, BlockError<AxiTimerError>>> {
        self.line.wait_as()
    }

    /// The blocking form of [`wait_async`](Self::wait_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form, and `NeverWoken` on a simulated board on which nothing more can happen.
    pub fn wait(&mut self) -> Result<Fired> {
        self.wait_async().block()
    }

    /// As [`wait`](Self::wait), but gives up at `deadline`.
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// `TimedOut` as a [`Node`](AxiTimerError::Node) error; else as without a deadline.
    pub fn wait_until(&mut self, deadline: impl Into<Deadline>) -> Result<Fired> {
        self.wait_async().block_until(deadline)
    }

    /// Forgets what happened up to now: the next wait is for an event from here on.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn clear(&mut self) -> Result<()> {
        self.line.clear().map_err(|error| self.node.error(error))
    }

    /// Keeps the channel unmasked between waits, so that its events are counted while no task waits.
    pub fn listen(self) -> Listener {
        self.line.listen()
    }

    /// The channel as a source of delays that sleep until its interrupt. It should then be used for nothing else.
    ///
    /// # Errors
    ///
    /// `InterruptsUnavailable` if the block's interrupt isn't wired: see [`into_polling_delay`](Self::into_polling_delay).
    pub fn into_delay(mut self) -> Result<Delay> {
        Delay::check(&mut self)?;
        Ok(Delay { channel: self })
    }

    /// The channel as a source of blocking delays that watch the register, for which no interrupt is needed. It should
    /// then be used for nothing else.
    pub const fn into_polling_delay(self) -> PollingDelay {
        PollingDelay { channel: self }
    }

    /// Which channel this is, 0 or 1.
    pub const fn number(&self) -> u8 {
        self.line.number()
    }

    /// How the block was built.
    pub const fn config(&self) -> &AxiTimerConfig {
        &self.config
    }

    /// The node of the block.
    pub const fn node(&self) -> &NodeHandle<AxiTimerHardware> {
        &self.node
    }

    /// Starts the counter anew. Returns the number of this start.
    ///
    /// Stops it, clears its event through the engine (pending waiters still see the event), and starts it: later events belong
    /// to this start.
    pub(super) fn start(&mut self, mode: TimerControl, load: u32) -> Result<u32> {
        let channel = self.number();
        self.stop()?;
        self.clear()?;
        self.node.access(|hardware| match hardware.modulates() {
            true => Err(AxiTimerError::PwmRuns),
            false => Ok(hardware.start(channel, mode, load)),
        })
    }
}

/// What a counter that reloads starts from to count `ticks` from event to event.
pub(super) fn periodic_load(config: &AxiTimerConfig, ticks: u64) -> Option<u32> {
    load(config, ticks.checked_sub(2)?)
}

/// What a counter starts from to count `ticks` to its rollover.
pub(super) fn one_shot_load(config: &AxiTimerConfig, ticks: u64) -> Option<u32> {
    load(config, ticks.checked_sub(1)?)
}

fn load(config: &AxiTimerConfig, load: u64) -> Option<u32> {
    u32::try_from(load).ok().filter(|load| *load <= config.max_count())
}

/// The counter counts from `shortest` ticks to that many and its highest value.
pub(super) fn out_of_range(config: &AxiTimerConfig, shortest: u64, requested: Duration) -> AxiTimerError {
    let longest = u64::from(config.max_count()) + shortest;
    AxiTimerError::OutOfRange { requested, shortest: config.duration(shortest), longest: config.duration(longest) }
}

impl fmt::Debug for TimerChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimerChannel").field("channel", &self.number()).finish_non_exhaustive()
    }
}
