//! The AXI timer, from its data sheet (PG079).
//!
//! Two counters with one interrupt. What makes it hard to use is the control register: a status bit that a written one
//! clears stands among bits that a write simply sets, one more bit is shared by both timers and starts them both, and
//! the bit that loads the counter also keeps it from running until it is cleared.
//!
//! The model counts in whole clocks, any number of them at once. A write takes effect at the clock edge that follows it,
//! and if a counter rolls over at that very edge, a clearing write wins.

use crate::device::{Bus, Device, Port, PortKind};
use pynq_core::Instant;

mod counter;
#[cfg(test)]
mod tests;

use counter::{AtRollover, Counter, Mode};

/// Control and status of timer 0; timer 1's registers are [`TIMER1`] further on.
pub const TCSR: u32 = 0x00;
/// Load register of timer 0.
pub const TLR: u32 = 0x04;
/// Counter of timer 0.
pub const TCR: u32 = 0x08;
/// From a register of timer 0 to that of timer 1.
pub const TIMER1: u32 = 0x10;

const MDT: u32 = 1 << 0;
const UDT: u32 = 1 << 1;
const GENT: u32 = 1 << 2;
const CAPT: u32 = 1 << 3;
const ARHT: u32 = 1 << 4;
const LOAD: u32 = 1 << 5;
const ENIT: u32 = 1 << 6;
const ENT: u32 = 1 << 7;
const TINT: u32 = 1 << 8;
const PWMA: u32 = 1 << 9;
const ENALL: u32 = 1 << 10;
const CASC: u32 = 1 << 11;

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// How the block was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerParams {
    /// Frequency of its clock, `s_axi_aclk`.
    pub clock_hz: u64,
    /// Bits of a counter (`C_COUNT_WIDTH`).
    pub count_width: u8,
    /// There is no timer 1, no PWM and no cascade (`C_ONE_TIMER_ONLY`).
    pub one_timer_only: bool,
    /// The capture inputs are active high (`C_TRIG0_ASSERT`, `C_TRIG1_ASSERT`).
    pub trigger_active_high: [bool; 2],
    /// The generate outputs are active high (`C_GEN0_ASSERT`, `C_GEN1_ASSERT`).
    pub generate_active_high: [bool; 2],
}

impl Default for TimerParams {
    /// Two timers of 32 bits at 100 MHz, all pins active high.
    fn default() -> Self {
        Self {
            clock_hz: 100_000_000,
            count_width: 32,
            one_timer_only: false,
            trigger_active_high: [true; 2],
            generate_active_high: [true; 2],
        }
    }
}

#[derive(Clone, Debug)]
struct Timer {
    /// The control bits, and TINT. ENALL is kept beside the timers.
    csr: u32,
    tlr: u64,
    counter: Counter,
    /// A capture that has not been read.
    captured: bool,
    /// The level of the capture input.
    trigger: bool,
    /// The generate output gave a pulse that `take_pulse` has not returned yet.
    pulse: bool,
}

impl Timer {
    const fn new(mask: u64) -> Self {
        Self { csr: 0, tlr: 0, counter: Counter::new(mask), captured: false, trigger: false, pulse: false }
    }

    const fn has(&self, bits: u32) -> bool {
        self.csr & bits == bits
    }

    const fn mode(&self) -> Mode {
        let at_rollover = match () {
            () if self.has(MDT) => AtRollover::Wrap,
            () if self.has(ARHT) => AtRollover::Reload,
            () => AtRollover::Hold,
        };
        Mode { down: self.has(UDT), at_rollover, load: self.tlr }
    }

    /// The effects of a rollover.
    const fn rolled_over(&mut self) {
        if !self.has(MDT) {
            self.csr |= TINT;
            self.pulse |= self.has(GENT);
        }
    }

    /// Whether the next rollover has any effect that can be seen.
    const fn is_watched(&self) -> bool {
        !self.has(MDT) && (self.has(GENT) || (self.has(ENIT) && !self.has(TINT)))
    }
}

/// The register-level model. It is a value without references or allocations, so a property test can run it alone.
#[derive(Clone, Debug)]
pub struct AxiTimerModel {
    params: TimerParams,
    /// The bits of one counter.
    mask: u64,
    timers: [Timer; 2],
    enall: bool,
    pwm: bool,
    frozen: bool,
    /// The clock up to which everything is done.
    clock: u64,
}

impl AxiTimerModel {
    /// A block that has just been reset, with all its inputs low.
    #[must_use]
    pub fn new(params: TimerParams) -> Self {
        let mask = u64::MAX >> (64 - u32::from(params.count_width.clamp(1, 32)));
        let timers = [Timer::new(mask), Timer::new(mask)];
        Self { params, mask, timers, enall: false, pwm: false, frozen: false, clock: 0 }
    }

    /// How the block was built.
    #[must_use]
    pub const fn params(&self) -> &TimerParams {
        &self.params
    }

    /// The AXI reset. The inputs stay as they are.
    pub fn reset(&mut self) {
        for timer in &mut self.timers {
            *timer = Timer { trigger: timer.trigger, ..Timer::new(self.mask) };
        }
        (self.enall, self.pwm) = (false, false);
    }

    fn decode(&self, offset: u32) -> (usize, u32) {
        let second = offset & TIMER1 != 0;
        // Without timer 1 its registers behave as reserved ones.
        let register = if second && self.params.one_timer_only { u32::MAX } else { offset & !TIMER1 };
        (usize::from(second), register)
    }

    /// Reads a register.
    #[allow(clippy::cast_possible_truncation)] // a counter has at most 32 bits
    pub fn read(&mut self, offset: u32) -> u32 {
        let (index, register) = self.decode(offset);
        let timer = &mut self.timers[index];
        match register {
            TCSR => timer.csr | if self.enall { ENALL } else { 0 },
            TLR => {
                timer.captured = false;
                timer.tlr as u32
            }
            TCR => timer.counter.value as u32,
            _ => 0,
        }
    }

    /// Writes a register, at a clock edge.
    pub fn write(&mut self, offset: u32, value: u32) {
        let (index, register) = self.decode(offset);
        match register {
            TCSR => self.write_control(index, value),
            TLR => {
                let timer = &mut self.timers[index];
                timer.tlr = u64::from(value) & self.mask;
                timer.captured = false;
                self.hold_loaded(index);
            }
            _ => {}
        }
    }

    fn write_control(&mut self, index: usize, value: u32) {
        let control = MDT | UDT | GENT | CAPT | ARHT | LOAD | ENIT | ENT;
        let control = match (index, self.params.one_timer_only) {
            (0, false) => control | PWMA | CASC,
            (_, false) => control | PWMA,
            (_, true) => control,
        };
        let timer = &mut self.timers[index];
        timer.csr = (value & control) | (timer.csr & TINT & !value);
        self.hold_loaded(index);
        // Shared by both: a one starts them both, a zero stops neither.
        self.enall = value & ENALL != 0;
        if self.enall {
            self.timers[0].csr |= ENT;
            if !self.params.one_timer_only {
                self.timers[1].csr |= ENT;
            }
        }
    }

    fn hold_loaded(&mut self, index: usize) {
        let timer = &mut self.timers[index];
        if timer.has(LOAD) {
            timer.counter.load(timer.tlr);
        }
    }

    const fn cascaded(&self) -> bool {
        self.timers[0].has(CASC)
    }

    const fn modulates(&self) -> bool {
        self.timers[0].has(PWMA) && self.timers[1].has(PWMA)
    }

    const fn runs(&self, index: usize) -> bool {
        self.timers[index].has(ENT) && !self.timers[index].has(LOAD) && !self.frozen
    }

    /// How a timer counts: timer 1 of a PWM is started by every rollover of timer 0, and waits for the next.
    const fn mode(&self, index: usize) -> Mode {
        let mode = self.timers[index].mode();
        if index == 1 && self.modulates() { Mode { at_rollover: AtRollover::Hold, ..mode } } else { mode }
    }

    /// Lets clocks pass.
    pub fn pass(&mut self, clocks: u64) {
        let mut left = clocks;
        while left > 0 {
            let step = if self.modulates() { self.until_rollover().map_or(left, |next| left.min(next)) } else { left };
            self.step(step);
            left -= step;
        }
        self.clock += clocks;
    }

    fn step(&mut self, clocks: u64) {
        if self.cascaded() {
            self.step_pair(clocks);
            return;
        }
        let mut rolled = [false; 2];
        for (index, rolled) in rolled.iter_mut().enumerate() {
            let mode = self.mode(index);
            *rolled = self.runs(index) && self.timers[index].counter.pass(clocks, &mode);
            if *rolled {
                self.timers[index].rolled_over();
            }
        }
        if !self.modulates() {
            return;
        }
        if rolled[1] {
            self.pwm = false;
        }
        if rolled[0] {
            self.pwm = true;
            self.timers[1].counter.restart();
        }
    }

    /// The two counters as one, controlled by timer 0: its low word is counter 0.
    fn pair(&self) -> (Counter, Mode) {
        let [low, high] = &self.timers;
        let width = u32::from(self.params.count_width.clamp(1, 32));
        let join = |low: u64, high: u64| low | high << width;
        let value = join(low.counter.value, high.counter.value);
        let counter = low.counter.with(value, join(self.mask, self.mask));
        (counter, Mode { load: join(low.tlr, high.tlr), ..low.mode() })
    }

    fn step_pair(&mut self, clocks: u64) {
        let (mut counter, mode) = self.pair();
        if !self.runs(0) || self.timers[1].has(LOAD) {
            return;
        }
        let rolled = counter.pass(clocks, &mode);
        let width = u32::from(self.params.count_width.clamp(1, 32));
        let [low, high] = &mut self.timers;
        low.counter = counter.with(counter.value & self.mask, self.mask);
        high.counter.load(counter.value >> width);
        if rolled {
            low.rolled_over();
        }
    }

    /// Clocks until the next rollover of either counter.
    fn until_rollover(&self) -> Option<u64> {
        self.rollovers(|_| true)
    }

    fn rollovers(&self, of: impl Fn(&Timer) -> bool) -> Option<u64> {
        let clocks = |index: usize| {
            if !self.runs(index) || !of(&self.timers[index]) {
                return None;
            }
            let left = match (self.cascaded(), index) {
                (true, 0) => {
                    let (counter, mode) = self.pair();
                    counter.until_rollover(&mode)
                }
                (true, _) => None,
                (false, _) => self.timers[index].counter.until_rollover(&self.mode(index)),
            };
            left.and_then(|left| u64::try_from(left).ok())
        };
        [clocks(0), clocks(1)].into_iter().flatten().min()
    }

    /// Sets the level of a capture input, `capturetrig0` or `capturetrig1`.
    pub fn set_trigger(&mut self, timer: u8, level: bool) {
        let index = usize::from(timer & 1);
        let active = self.params.trigger_active_high[index] == level;
        let changed = core::mem::replace(&mut self.timers[index].trigger, level) != level;
        if !changed || !active || !self.timers[index].has(MDT | CAPT) {
            return;
        }
        // A value that is held is kept. The edge is an event all the same.
        if !self.timers[index].captured || self.timers[index].has(ARHT) {
            let last = if self.cascaded() && index == 0 { 1 } else { index };
            for timer in &mut self.timers[index..=last] {
                timer.tlr = timer.counter.value;
            }
        }
        let timer = &mut self.timers[index];
        timer.captured = true;
        if timer.has(ENT) {
            timer.csr |= TINT;
        }
    }

    /// Stops all counting while it is high: the `freeze` input.
    pub const fn set_freeze(&mut self, level: bool) {
        self.frozen = level;
    }

    /// The level of the interrupt.
    #[must_use]
    pub fn irq(&self) -> bool {
        self.timers.iter().any(|timer| timer.has(ENIT | TINT))
    }

    /// The level of the PWM output.
    #[must_use]
    pub const fn pwm(&self) -> bool {
        self.pwm && self.modulates()
    }

    /// Whether a generate output gave a pulse since the last call of this.
    pub fn take_pulse(&mut self, timer: u8) -> bool {
        core::mem::take(&mut self.timers[usize::from(timer & 1)].pulse)
    }

    // ---- the board's time

    /// The last clock edge at or before `now`.
    fn clock_at(&self, now: Instant) -> u64 {
        let clock = u128::from(now.as_nanos()) * u128::from(self.params.clock_hz) / NANOS_PER_SECOND;
        u64::try_from(clock).unwrap_or(u64::MAX)
    }

    /// The first clock edge at or after `now`.
    fn clock_after(&self, now: Instant) -> u64 {
        let clock = (u128::from(now.as_nanos()) * u128::from(self.params.clock_hz)).div_ceil(NANOS_PER_SECOND);
        u64::try_from(clock).unwrap_or(u64::MAX)
    }

    /// When a clock edge is.
    fn time_of(&self, clock: u64) -> Instant {
        let nanos = (u128::from(clock) * NANOS_PER_SECOND).div_ceil(u128::from(self.params.clock_hz.max(1)));
        Instant::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    fn pass_to(&mut self, clock: u64) {
        self.pass(clock.saturating_sub(self.clock));
    }
}

const TRIGGER0: usize = 0;
const TRIGGER1: usize = 1;
const FREEZE: usize = 2;
const GENERATE0: usize = 3;
const GENERATE1: usize = 4;
const PWM: usize = 5;
const IRQ: usize = 6;

static PORTS: [Port; 7] = [
    Port::new("capturetrig0", PortKind::Input, 1),
    Port::new("capturetrig1", PortKind::Input, 1),
    Port::new("freeze", PortKind::Input, 1),
    Port::new("generateout0", PortKind::Signal, 1),
    Port::new("generateout1", PortKind::Signal, 1),
    Port::new("pwm0", PortKind::Output, 1),
    Port::new("interrupt", PortKind::Signal, 1),
];

impl Device for AxiTimerModel {
    fn ports(&self) -> &[Port] {
        &PORTS
    }

    fn reset(&mut self, _: &mut Bus<'_>) {
        self.reset();
    }

    fn read(&mut self, offset: u32, _: &mut Bus<'_>) -> u32 {
        AxiTimerModel::read(self, offset)
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus<'_>) {
        self.pass_to(self.clock_after(bus.now()));
        AxiTimerModel::write(self, offset, value);
    }

    fn set_input(&mut self, port: usize, bits: u32, _: &mut Bus<'_>) {
        let level = bits & 1 != 0;
        match port {
            TRIGGER0 => self.set_trigger(0, level),
            TRIGGER1 => self.set_trigger(1, level),
            FREEZE => self.set_freeze(level),
            _ => {}
        }
    }

    fn tick(&mut self, bus: &mut Bus<'_>) {
        self.pass_to(self.clock_at(bus.now()));
    }

    fn is_still(&self) -> bool {
        !self.runs(0) && !self.runs(1)
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        for (port, timer) in [(GENERATE0, 0), (GENERATE1, 1)] {
            bus.set(port, (!self.params.generate_active_high[usize::from(timer)]).into());
            bus.pulse(port, self.take_pulse(timer).into());
        }
        bus.set(PWM, self.pwm().into());
        bus.set(IRQ, self.irq().into());
        let next = self.rollovers(|timer| timer.is_watched() || self.modulates());
        bus.wake_at(next.map(|clocks| self.time_of(self.clock.saturating_add(clocks))));
    }
}
