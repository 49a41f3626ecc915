//! Pulse width modulation: both counters of a block as a pair.

use core::{fmt, time::Duration};

use pynq_core::interrupt::NodeHandle;

use super::{
    AxiTimerConfig, AxiTimerError, AxiTimerHardware, Result,
    channel::{out_of_range, periodic_load},
};

/// The PWM of an AXI timer, which drives its `pwm0` output. Clones are handles on the same one.
///
/// Channel 0 counts the period and channel 1 the high time; each still raises its event, so that
/// [`TimerChannel::wait_async`](super::TimerChannel::wait_async) on channel 0 waits for the end of a period. Until
/// the PWM is stopped, neither channel can be started.
#[derive(Clone)]
pub struct Pwm {
    node: NodeHandle<AxiTimerHardware>,
    config: AxiTimerConfig,
}

impl Pwm {
    pub(super) fn new(node: &NodeHandle<AxiTimerHardware>, config: AxiTimerConfig) -> Result<Self> {
        if config.one_timer_only || !config.generate_active_high {
            return Err(node.error(AxiTimerError::PwmUnavailable));
        }
        Ok(Self { node: node.clone(), config })
    }

    /// Starts the output: low for a first period, then high for `high` of every `period`. Returns both as they are
    /// counted: the nearest numbers of ticks.
    ///
    /// A PWM that runs is started anew.
    ///
    /// # Errors
    ///
    /// [`AxiTimerError::OutOfRange`] for less than 2 ticks or more than the counter has; [`AxiTimerError::HighTime`] if
    /// `high` is not at least a tick shorter than `period`; [`AxiTimerError::ChannelRuns`], or the error the block has
    /// failed with.
    pub fn start(&self, period: Duration, high: Duration) -> Result<(Duration, Duration)> {
        let (period_ticks, period_load) = self.ticks(period).map_err(|error| self.node.error(error))?;
        let (high_ticks, high_load) = self.high_ticks(period_ticks, high).map_err(|error| self.node.error(error))?;
        self.node.access(|hardware| {
            if !hardware.modulates() {
                if let Some(channel) = (0..2).find(|channel| hardware.runs(*channel)) {
                    return Err(AxiTimerError::ChannelRuns { channel });
                }
            }
            hardware.start_pwm(period_load, high_load);
            Ok(())
        })?;
        Ok((self.config.duration(period_ticks), self.config.duration(high_ticks)))
    }

    /// Changes the high time of a running PWM, from the next period on. Returns it as it is counted.
    ///
    /// # Errors
    ///
    /// [`AxiTimerError::PwmStopped`]; else as [`start`](Self::start).
    pub fn set_high_time(&self, high: Duration) -> Result<Duration> {
        let ticks = self.node.access(|hardware| {
            let period = hardware.pwm_period().ok_or(AxiTimerError::PwmStopped)?;
            let (ticks, load) = self.high_ticks(u64::from(period) + 2, high)?;
            hardware.put_load(1, load);
            Ok::<_, AxiTimerError>(ticks)
        })?;
        Ok(self.config.duration(ticks))
    }

    /// Stops both counters; the output goes low. Does nothing if the PWM does not run.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn stop(&self) -> Result<()> {
        self.node.access(|hardware| {
            if hardware.modulates() {
                (0..2).for_each(|channel| hardware.stop(channel));
            }
            Ok(())
        })
    }

    /// Whether it was started and not stopped since.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn is_running(&self) -> Result<bool> {
        self.node.access(|hardware| Ok(hardware.modulates()))
    }

    /// The node of the block.
    pub const fn node(&self) -> &NodeHandle<AxiTimerHardware> {
        &self.node
    }

    /// How the block was built.
    pub(super) const fn config(&self) -> &AxiTimerConfig {
        &self.config
    }

    pub(super) fn ticks(&self, duration: Duration) -> core::result::Result<(u64, u32), AxiTimerError> {
        let ticks = self.config.nearest_ticks(duration);
        let load = periodic_load(&self.config, ticks).ok_or_else(|| out_of_range(&self.config, 2, duration))?;
        Ok((ticks, load))
    }

    fn high_ticks(&self, period: u64, high: Duration) -> core::result::Result<(u64, u32), AxiTimerError> {
        match self.ticks(high) {
            Ok(ticks) if ticks.0 < period => Ok(ticks),
            Err(error) if self.config.nearest_ticks(high) < period => Err(error),
            _ => Err(AxiTimerError::HighTime { period: self.config.duration(period), high }),
        }
    }
}

impl fmt::Debug for Pwm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pwm").field("config", &self.config).finish_non_exhaustive()
    }
}
