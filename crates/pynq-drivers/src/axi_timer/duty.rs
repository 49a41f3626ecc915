//! A PWM as embedded-hal sees it.

use core::time::Duration;

use embedded_hal::pwm::{Error, ErrorKind, ErrorType, SetDutyCycle};
use pynq_core::BlockError;

use super::{AxiTimerError, Pwm, Result};

/// A PWM of a fixed period, whose high time is set as a fraction of it: embedded-hal's `SetDutyCycle`.
///
/// The steps of the duty cycle are the ticks of a period, or 65,535 if there are more. The block can't count a high time of
/// one tick, nor one of a whole period: the shortest is two ticks, the longest a tick less than the period, and a duty cycle
/// of 0 stops the counters with the output low.
///
/// ```
/// use std::{sync::Arc, time::Duration};
///
/// use embedded_hal::pwm::SetDutyCycle;
/// use pynq_core::interrupt::{ParentLine, StdLock};
/// use pynq_drivers::{AxiTimer, AxiTimerConfig, AxiTimerHardware, axi_timer::axi_timer_node};
/// # use pynq_sim::{Board, models::{AxiTimerModel, TimerParams}};
/// # let board = Board::builder()
/// #     .device("timer", 0x4280_0000, 0x1_0000, AxiTimerModel::new(TimerParams::default()))
/// #     .build()?;
/// let hardware = AxiTimerHardware::new(board.window("timer")?, AxiTimerConfig::new(100_000_000))?;
/// let timer = AxiTimer::new(Arc::pin(axi_timer_node(StdLock::new(), hardware, ParentLine::UNWIRED)))?;
///
/// let mut motor = timer.pwm()?.with_period(Duration::from_micros(100))?;
/// assert_eq!(motor.max_duty_cycle(), 10_000);
/// motor.set_duty_cycle_percent(25)?;
/// assert_eq!(motor.high_time(), Duration::from_micros(25));
/// motor.set_duty_cycle_fully_off()?;
/// assert!(!timer.pwm()?.is_running()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct DutyCycle {
    pwm: Pwm,
    /// Ticks of a period.
    period: u64,
    high: u64,
}

impl Pwm {
    /// The PWM with a period that stays, the nearest there is. Nothing runs until a duty cycle is set.
    ///
    /// # Errors
    ///
    /// [`AxiTimerError::OutOfRange`] for a period that the counter can't count, or of less than 3 ticks.
    pub fn with_period(self, period: Duration) -> Result<DutyCycle> {
        let (ticks, _) = self.ticks(period).map_err(|error| self.node().error(error))?;
        // A high time has two ticks, and is shorter.
        let shortest = self.config().duration(3);
        if ticks < 3 {
            let longest = self.config().duration(u64::from(self.config().max_count()) + 2);
            return Err(self.node().error(AxiTimerError::OutOfRange { requested: period, shortest, longest }));
        }
        Ok(DutyCycle { pwm: self, period: ticks, high: 0 })
    }
}

impl DutyCycle {
    /// The period, as it is counted.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.pwm.config().duration(self.period)
    }

    /// The high time that was set last, as it is counted; 0 while the output is low.
    #[must_use]
    pub fn high_time(&self) -> Duration {
        self.pwm.config().duration(self.high)
    }

    /// The PWM itself.
    #[must_use]
    pub const fn pwm(&self) -> &Pwm {
        &self.pwm
    }
}

impl ErrorType for DutyCycle {
    type Error = BlockError<AxiTimerError>;
}

impl SetDutyCycle for DutyCycle {
    fn max_duty_cycle(&self) -> u16 {
        u16::try_from(self.period).unwrap_or(u16::MAX)
    }

    fn set_duty_cycle(&mut self, duty: u16) -> Result<()> {
        let max = u64::from(self.max_duty_cycle());
        if duty == 0 {
            self.high = 0;
            return self.pwm.stop();
        }
        let high = (self.period * u64::from(duty) + max / 2) / max;
        let high = high.clamp(2, self.period - 1);
        // Without a new start where it runs: the period under way ends as it began.
        if self.pwm.is_running()? {
            self.pwm.set_high_time(self.pwm.config().duration(high))?;
        } else {
            self.pwm.start(self.period(), self.pwm.config().duration(high))?;
        }
        self.high = high;
        Ok(())
    }
}

/// embedded-hal knows no kinds of errors of a PWM yet.
impl Error for AxiTimerError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}
