//! The registers of an AXI timer: its interrupt node, and all that starts and stops its counters.
//!
//! One register holds what software decides (mode, run, interrupt enable), a status bit that a written one clears, and a
//! bit that belongs to both timers and starts them both. So it is never read in order to be changed: what software
//! decided is kept here, and each write is made of that.

use core::fmt;

use pynq_core::{
    Window,
    interrupt::{InterruptHardware, Lines},
};

use super::config::{AxiTimerConfig, AxiTimerConfigError};
use super::registers::{AxiTimerRegisters, TimerControl};

/// A mode of a counter: what its control register has besides run, load and interrupt bits.
pub(super) mod mode {
    use super::TimerControl;

    pub(in super::super) const ONE_SHOT: TimerControl = TimerControl::UDT;
    pub(in super::super) const PERIODIC: TimerControl = TimerControl::UDT.union(TimerControl::ARHT);
    pub(in super::super) const FIRST_CAPTURE: TimerControl = TimerControl::MDT.union(TimerControl::CAPT);
    pub(in super::super) const LATEST_CAPTURE: TimerControl = FIRST_CAPTURE.union(TimerControl::ARHT);
    pub(super) const PWM: TimerControl = PERIODIC.union(TimerControl::GENT).union(TimerControl::PWMA);
}

/// What software decided about a counter.
#[derive(Clone, Copy, Debug, Default)]
struct Shadow {
    /// Mode, and whether it runs.
    control: TimerControl,
    /// `ENIT`, or nothing.
    enable: TimerControl,
    /// How often it was started, wrapping.
    starts: u32,
}

/// The register functions of an AXI timer. The lines of its node are its channels.
pub struct AxiTimerHardware {
    registers: AxiTimerRegisters<Window>,
    config: AxiTimerConfig,
    shadows: [Shadow; 2],
    /// What timer 0 was loaded with as a PWM.
    pwm_period: u32,
}

impl AxiTimerHardware {
    /// Brings the block into a known state, whatever a previous user left: stopped, masked, without stale status.
    ///
    /// # Errors
    ///
    /// See [`AxiTimerConfigError`].
    pub fn new(window: impl Into<Window>, config: AxiTimerConfig) -> Result<Self, AxiTimerConfigError> {
        config.validate()?;
        let registers = AxiTimerRegisters::new(window.into())?;
        let this = Self { registers, config, shadows: [Shadow::default(); 2], pwm_period: 0 };
        (0..config.channels()).for_each(|line| this.put(line, TimerControl::TINT));
        Ok(this)
    }

    /// How the block was built.
    pub const fn config(&self) -> &AxiTimerConfig {
        &self.config
    }

    /// Writes the control register: what was decided, and `extra`.
    fn put(&self, line: u8, extra: TimerControl) {
        let Shadow { control, enable, .. } = self.shadows[index(line)];
        let value = control | enable | extra;
        if line == 0 { self.registers.tcsr0().write(value) } else { self.registers.tcsr1().write(value) }
    }

    /// Whether the event of a channel is there.
    pub(super) fn has_fired(&self, line: u8) -> bool {
        let status = if line == 0 { self.registers.tcsr0().read() } else { self.registers.tcsr1().read() };
        status.contains(TimerControl::TINT)
    }

    /// The counter.
    pub(super) fn counter(&self, line: u8) -> u32 {
        if line == 0 { self.registers.tcr0().read() } else { self.registers.tcr1().read() }
    }

    /// What was captured. Lets the next trigger capture.
    pub(super) fn take_capture(&self, line: u8) -> u32 {
        if line == 0 { self.registers.tlr0().take() } else { self.registers.tlr1().take() }
    }

    /// What a running counter is to start from after its next rollover.
    pub(super) fn put_load(&self, line: u8, load: u32) {
        if line == 0 { self.registers.tlr0().write(load) } else { self.registers.tlr1().write(load) }
    }

    /// Stops a counter. Its event, if there is one, stays.
    pub(super) fn stop(&mut self, line: u8) {
        self.shadows[index(line)].control = TimerControl::empty();
        self.put(line, TimerControl::empty());
    }

    /// Starts a stopped counter from `load`. Returns the number of this start.
    pub(super) fn start(&mut self, line: u8, mode: TimerControl, load: u32) -> u32 {
        self.load(line, mode, load);
        let shadow = &mut self.shadows[index(line)];
        shadow.control |= TimerControl::ENT;
        shadow.starts = shadow.starts.wrapping_add(1);
        let starts = shadow.starts;
        // LOAD is zero in the write that sets ENT, or the counter would never move.
        self.put(line, TimerControl::empty());
        starts
    }

    fn load(&mut self, line: u8, mode: TimerControl, load: u32) {
        self.shadows[index(line)].control = mode;
        self.put_load(line, load);
        self.put(line, TimerControl::LOAD);
    }

    /// How often a channel has been started, wrapping.
    pub(super) const fn starts(&self, line: u8) -> u32 {
        self.shadows[index(line)].starts
    }

    /// Whether a channel was started and has neither been stopped nor, as a one-shot, ended.
    pub(super) fn runs(&self, line: u8) -> bool {
        let control = self.shadows[index(line)].control;
        control.contains(TimerControl::ENT) && !(is_one_shot(control) && self.has_fired(line))
    }

    /// Whether the channels work as a PWM.
    pub(super) const fn modulates(&self) -> bool {
        self.shadows[0].control.contains(TimerControl::PWMA)
    }

    /// What timer 0 counts from, of a PWM that runs.
    pub(super) fn pwm_period(&self) -> Option<u32> {
        self.modulates().then_some(self.pwm_period)
    }

    /// Starts both counters as a PWM, in the same clock.
    pub(super) fn start_pwm(&mut self, period: u32, high: u32) {
        self.pwm_period = period;
        self.load(0, mode::PWM, period);
        self.load(1, mode::PWM, high);
        self.put(0, TimerControl::empty());
        self.put(1, TimerControl::ENALL);
        for shadow in &mut self.shadows {
            shadow.control |= TimerControl::ENT;
            shadow.starts = shadow.starts.wrapping_add(1);
        }
    }

    fn enable_lines(&mut self, lines: u32, enable: TimerControl) {
        for line in channels(lines) {
            self.shadows[index(line)].enable = enable;
            self.put(line, TimerControl::empty());
        }
    }
}

const fn is_one_shot(control: TimerControl) -> bool {
    !control.intersects(TimerControl::ARHT.union(TimerControl::MDT))
}

const fn index(line: u8) -> usize {
    (line & 1) as usize
}

fn channels(lines: u32) -> impl Iterator<Item = u8> {
    (0..2).filter(move |line| lines >> line & 1 != 0)
}

impl InterruptHardware for AxiTimerHardware {
    type Lines = Lines<2>;

    /// A status from before is kept: it may be an event that no task has seen yet.
    fn unmask(&mut self, lines: u32) {
        self.enable_lines(lines, TimerControl::ENIT);
    }

    fn mask(&mut self, lines: u32) {
        self.enable_lines(lines, TimerControl::empty());
    }

    /// A one-shot that has ended is stopped in the write that clears its status, so that no later write of the control
    /// register can set it going again.
    fn ack_pending(&mut self, lines: u32) -> u32 {
        let mut taken = 0;
        for line in channels(lines).filter(|line| *line < self.config.channels()) {
            if !self.has_fired(line) {
                continue;
            }
            let control = &mut self.shadows[index(line)].control;
            if is_one_shot(*control) {
                *control -= TimerControl::ENT;
            }
            self.put(line, TimerControl::TINT);
            taken |= 1 << line;
        }
        taken
    }

    /// The status of a channel remembers an event as an edge latch does.
    fn take_latched(&mut self, lines: u32) -> u32 {
        self.ack_pending(lines)
    }

    fn clears_on_ack(&self) -> u32 {
        0b11
    }

    fn read_back(&mut self) {
        self.registers.tcsr0().read();
    }
}

impl fmt::Debug for AxiTimerHardware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AxiTimerHardware").field("config", &self.config).finish_non_exhaustive()
    }
}
