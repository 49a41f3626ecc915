//! The registers of an accelerator: its interrupt node, its arguments, and every access to its control register.
//!
//! Four facts shape this file. One read of the control register consumes AP_DONE, so there is one place that reads it. A
//! write of it sets the automatic restart, to one or to zero, so it is never read in order to be changed. A cause of the
//! interrupt is latched only while it is enabled, so an end that came before shows in the control register alone, which every
//! wait reads after it has enabled its cause. And of some generators' cores a read clears the latched causes, of others a
//! written one toggles them; which of the two is found out before anything is enabled.

use core::fmt;

use pynq_core::{
    Checked, Window,
    interrupt::{Condition, InterruptHardware, Lines},
    mmio::Mmio,
};

use super::{
    Argument, ControlProtocol, Core, HlsConfigError, HlsError, Kind, Value,
    error::ShortName,
    registers::{HlsCauses, HlsControl, HlsRegisters},
    runs::{Blocked, Runs, Start},
};

/// The line of the ends of runs.
pub(super) const DONE: u8 = 0;
/// The line of the starts that were taken.
pub(super) const READY: u8 = 1;
/// The line of what tasks let go of, which no hardware raises.
pub(super) const LET_GO: u8 = 2;

/// Bits of a sample that count events.
pub(super) const COUNT: u32 = !0xFF;

/// How often the control register is read for an idle function, after its last end: that shows a clock later.
const IDLE_READS: usize = 4;

/// What clears a latched cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clearing {
    /// A written one inverts it.
    ByToggle,
    /// A read clears it.
    ByRead,
    /// A write does not set it, so a read clears it, or else a written one.
    NotByToggle,
}

/// The register functions of an accelerator. Line 0 of its node is the function's end, line 1 its taking of arguments, and
/// line 2 is internal to the driver.
pub struct HlsHardware {
    registers: HlsRegisters<Window>,
    core: Core,
    clearing: Clearing,
    runs: Runs,
    /// Causes that the engine wants to be enabled.
    enabled: HlsCauses,
    /// What IP_IER holds.
    written: HlsCauses,
    /// Causes that were cleared while no task waited for them.
    kept: HlsCauses,
    /// How many tasks wait for their turn.
    queued: i32,
}

/// What came of an attempt to start the function.
pub(super) enum Claim {
    /// It was started, in this slot.
    Started(u8),
    /// It has to wait for this condition on this line.
    Wait(u8, Condition),
    /// It must not wait.
    Busy,
}

impl HlsHardware {
    /// Brings the accelerator into a known state, whatever a previous user left: without automatic restart and with its
    /// interrupt masked. A run that is under way goes on, and the next one waits for its end.
    ///
    /// # Errors
    ///
    /// See [`HlsConfigError`].
    pub fn new(window: impl Into<Window>, core: Core) -> Result<Self, HlsConfigError> {
        Self::build(window, core, false)
    }

    /// Takes over an accelerator that is in use: one that restarts by itself goes on doing so.
    ///
    /// # Errors
    ///
    /// See [`HlsConfigError`].
    pub fn attach(window: impl Into<Window>, core: Core) -> Result<Self, HlsConfigError> {
        Self::build(window, core, true)
    }

    fn build(window: impl Into<Window>, core: Core, keeps: bool) -> Result<Self, HlsConfigError> {
        let registers = HlsRegisters::new(window.into())?;
        let size = registers.window().size();
        if let Some(outside) = core.arguments.iter().find(|argument| argument.end() > size as u64) {
            let argument = outside.block_name().clone();
            return Err(HlsConfigError::ArgumentOutside { argument, end: outside.end(), size });
        }
        let mut this = Self {
            runs: Runs::new(false, HlsControl::IDLE),
            registers,
            clearing: Clearing::ByToggle,
            enabled: HlsCauses::empty(),
            written: HlsCauses::empty(),
            kept: HlsCauses::empty(),
            queued: 0,
            core,
        };
        if let Some(protocol) = this.core.control {
            this.registers.gier().write(0);
            this.registers.ip_ier().write(HlsCauses::empty());
            this.clearing = this.find_clearing();
            if !keeps {
                this.registers.ctrl().write(HlsControl::empty());
            }
            // Twice, since an idle function shows as one only a clock after a reset.
            let first = this.registers.ctrl().take();
            let control = this.registers.ctrl().take() | first & HlsControl::DONE;
            this.runs = Runs::new(protocol == ControlProtocol::Chain, control);
            this.let_go_if_unread();
            this.registers.gier().write(1);
        }
        Ok(this)
    }

    /// Finds out what clears the latched causes. Nothing is enabled, so hardware sets none meanwhile and the output is
    /// inactive.
    fn find_clearing(&self) -> Clearing {
        let both = HlsCauses::DONE | HlsCauses::READY;
        let isr = || self.registers.ip_isr();
        let stale = isr().take() & both;
        let left = isr().take() & both;
        if !stale.is_empty() && left.is_empty() {
            return Clearing::ByRead;
        }
        // By now all that is set would stay set. A toggling register clears it, and then sets what is written.
        isr().write(left);
        isr().write(both);
        let set = isr().take() & both;
        let stays = isr().take() & both;
        match (set.is_empty(), stays.is_empty()) {
            (true, _) => Clearing::NotByToggle,
            (false, true) => Clearing::ByRead,
            (false, false) => {
                isr().write(stays);
                Clearing::ByToggle
            }
        }
    }

    /// How it was built.
    pub const fn core(&self) -> &Core {
        &self.core
    }

    /// Reads the control register, and keeps what it says.
    pub(super) fn look(&mut self) {
        if self.core.control.is_none() {
            return;
        }
        for _ in 0..IDLE_READS {
            let control = self.registers.ctrl().take();
            self.runs.note(control);
            self.let_go_if_unread();
            let may_be_idle_soon = !control.intersects(HlsControl::START | HlsControl::IDLE);
            if !(self.runs.stops() && may_be_idle_soon) {
                break;
            }
        }
    }

    /// Lets a function go on that waits with a result which nothing is going to read.
    fn let_go_if_unread(&mut self) {
        if self.runs.should_let_go() {
            // While it holds, its cause is set in every clock in which that is enabled.
            self.put_enables();
            self.write_control(HlsControl::CONTINUE);
            self.runs.let_go();
        }
        self.put_enables();
    }

    /// Every write sets the automatic restart as well.
    fn write_control(&self, control: HlsControl) {
        let restart = if self.runs.repeats() { HlsControl::AUTO_RESTART } else { HlsControl::empty() };
        self.registers.ctrl().write(control | restart);
    }

    /// A result that the function waits with keeps its cause set, so that stays disabled until the function is let go.
    fn put_enables(&mut self) {
        let held = if self.runs.holds() { HlsCauses::DONE } else { HlsCauses::empty() };
        let enables = self.enabled - held;
        if core::mem::replace(&mut self.written, enables) != enables {
            self.registers.ip_ier().write(enables);
        }
    }

    /// Takes those of `wanted` that are latched.
    ///
    /// All of them are cleared, since any keeps the output active; those that are not wanted now are kept here for the wait
    /// that is.
    fn take_causes(&mut self, wanted: HlsCauses) -> HlsCauses {
        let both = HlsCauses::DONE | HlsCauses::READY;
        let mut found = self.registers.ip_isr().take() & both;
        if self.core.control == Some(ControlProtocol::Chain) && found.contains(HlsCauses::DONE) {
            // Disabled before it is cleared, or it would be set again at once.
            self.look();
            if self.clearing != Clearing::ByToggle {
                found |= self.registers.ip_isr().take() & both;
            }
        }
        if self.clearing != Clearing::ByRead && !found.is_empty() {
            self.registers.ip_isr().write(found);
        }
        self.runs.count(found.contains(HlsCauses::DONE), found.contains(HlsCauses::READY));
        let known = found | self.kept;
        self.kept = known - wanted;
        known & wanted
    }

    // ---- runs

    /// Starts the function with these arguments, or says what has to happen first. Nothing is written then.
    pub(super) fn start(
        &mut self,
        start: Start,
        inputs: &[(&str, Value)],
        outputs: &[&str],
        pass: impl FnOnce(&Self) -> Result<(), HlsError>,
    ) -> Result<Claim, HlsError> {
        if self.core.control.is_none() {
            return Err(HlsError::NoControl);
        }
        // Also where no run is known of: an end that is latched from elsewhere would be taken for this run's.
        if start != Start::Pipelined || self.runs.blocked(start).is_some() {
            self.look();
        }
        if let Some(blocked) = self.runs.blocked(start) {
            let bit = |slot: u8| Condition::Level { mask: 1 << slot, value: 1 << slot };
            return Ok(match blocked {
                Blocked::Ends(slot) => Claim::Wait(DONE, bit(slot)),
                Blocked::LetGo(slot) => Claim::Wait(LET_GO, bit(slot)),
                Blocked::Taken => Claim::Wait(READY, bit(0)),
                Blocked::Repeats => Claim::Busy,
            });
        }
        for (name, value) in inputs {
            self.put(name, *value)?;
        }
        pass(self)?;
        // A result that says whether it was written is to say so of this run.
        for valid in outputs.iter().filter_map(|name| self.find(name).ok()?.output()?.1) {
            self.read_word(valid);
        }
        let slot = self.runs.begin(start);
        self.write_control(HlsControl::START);
        Ok(Claim::Started(slot))
    }

    /// A task begins or ends to wait for its turn.
    pub(super) fn queue(&mut self, by: i32) {
        self.queued += by;
    }

    /// Whether tasks wait for their turn.
    pub(super) fn has_queue(&self) -> bool {
        self.queued > 0
    }

    pub(super) fn disown(&mut self, slot: u8) {
        self.runs.disown(slot);
        self.let_go_if_unread();
    }

    /// Which start of a function that restarts by itself it was, while that lasts.
    pub(super) fn repetition(&self) -> Option<u32> {
        self.runs.repetition()
    }

    /// Stops the automatic restart, if it is this one. The run under way goes on.
    pub(super) fn stop(&mut self, repetition: Option<u32>) {
        if self.runs.repeats() && self.runs.repetition() == repetition {
            self.runs.stop();
            self.write_control(HlsControl::empty());
        }
    }

    /// Whether no run is under way.
    pub(super) fn is_idle(&mut self) -> bool {
        if self.runs.any_running() {
            self.look();
        }
        !self.runs.any_running()
    }

    pub(super) fn is_lost(&self, slot: u8) -> bool {
        self.runs.is_lost(slot)
    }

    // ---- arguments

    /// The argument called `name`.
    pub(super) fn find(&self, name: &str) -> Result<&Argument, HlsError> {
        find(&self.core, name)
    }

    /// Writes an argument unless the function has yet to take it.
    pub(super) fn set(&mut self, name: &str, value: Value) -> Result<(), HlsError> {
        if self.runs.is_pending() {
            self.look();
        }
        if self.runs.is_pending() {
            return Err(HlsError::Busy);
        }
        self.put(name, value)
    }

    pub(super) fn put(&self, name: &str, value: Value) -> Result<(), HlsError> {
        let (offset, words, bits) = input(&self.core, name, value)?;
        self.write_word(offset, bits as u32);
        for word in 1..words {
            self.write_word(offset + 4 * word, if word == 1 { (bits >> 32) as u32 } else { 0 });
        }
        Ok(())
    }

    /// What an argument holds: an output's value, or an input's, which reads back.
    pub(super) fn get(&self, name: &str, kind: Kind) -> Result<u64, HlsError> {
        let argument = self.find(name)?;
        let offset = match (argument.output(), argument.input()) {
            (Some((offset, _)), _) | (None, Some(offset)) => offset,
            (None, None) => return Err(wrong_way(argument, "read")),
        };
        fits(argument, kind)?;
        Ok(kind.extend(self.read_words(argument, offset), argument.bits()))
    }

    /// An output, if it was written since that was last read.
    pub(super) fn take_output(&self, name: &str) -> Result<(u64, bool), HlsError> {
        let argument = self.find(name)?;
        let (offset, valid) = output(argument)?;
        let written = valid.is_none_or(|valid| self.read_word(valid) & 1 != 0);
        Ok((self.read_words(argument, offset), written))
    }

    fn read_words(&self, argument: &Argument, offset: u32) -> u64 {
        let low = u64::from(self.read_word(offset));
        let value = if argument.words() == 1 { low } else { u64::from(self.read_word(offset + 4)) << 32 | low };
        // Bits that the argument does not have read as zero; they are not relied on.
        if argument.bits() >= 64 { value } else { value & ((1 << argument.bits()) - 1) }
    }

    /// The words of an array, from word `first` on. `access` is given each with its offset.
    pub(super) fn memory(
        &mut self,
        name: &str,
        (first, count): (usize, usize),
        mut access: impl FnMut(&Self, usize, u32),
    ) -> Result<(), HlsError> {
        let argument = self.find(name)?;
        let super::Place::Memory { offset, size } = argument.place() else {
            return Err(HlsError::WrongWay {
                argument: argument.block_name().clone(),
                asked: "used as an array",
                place: argument.place(),
            });
        };
        let words = (size / 4) as usize;
        if first.checked_add(count).is_none_or(|end| end > words) {
            return Err(HlsError::OutsideMemory { argument: argument.block_name().clone(), words, first, count });
        }
        if !self.is_idle() {
            return Err(HlsError::Busy);
        }
        for (index, word) in (first..).take(count).enumerate() {
            access(self, index, offset + 4 * u32::try_from(word).unwrap_or(0));
        }
        Ok(())
    }

    // Offsets were held against the window when the accelerator was set up.

    pub(super) fn read_word(&self, offset: u32) -> u32 {
        Checked::new(self.registers.window()).read(offset as usize, 4).map_or(0, |word| word as u32)
    }

    pub(super) fn write_word(&self, offset: u32, value: u32) {
        let _ = Checked::new(self.registers.window()).write(offset as usize, value);
    }
}

/// The argument called `name`.
pub(super) fn find<'c>(core: &'c Core, name: &str) -> Result<&'c Argument, HlsError> {
    core.arguments
        .iter()
        .find(|argument| argument.name() == name)
        .ok_or_else(|| HlsError::NoSuchArgument { asked: ShortName::new(name), has: core.arguments.clone() })
}

/// Where `value` goes, in how many words, and as what.
pub(super) fn input(core: &Core, name: &str, value: Value) -> Result<(u32, u32, u64), HlsError> {
    let argument = find(core, name)?;
    let offset = argument.input().ok_or_else(|| wrong_way(argument, "written"))?;
    let bits = value
        .fit(argument.bits())
        .ok_or_else(|| HlsError::DoesNotFit { argument: argument.block_name().clone(), bits: argument.bits() })?;
    Ok((offset, argument.words(), bits))
}

/// Where an output is.
pub(super) fn output(argument: &Argument) -> Result<(u32, Option<u32>), HlsError> {
    argument.output().ok_or_else(|| wrong_way(argument, "read as a result"))
}

/// Whether an argument can be had as a value of this kind.
pub(super) fn fits(argument: &Argument, kind: Kind) -> Result<(), HlsError> {
    if kind.holds(argument.bits()) {
        return Ok(());
    }
    let (argument, bits) = (argument.block_name().clone(), argument.bits());
    Err(HlsError::TooNarrow { argument, bits, asked: kind.bits() })
}

fn wrong_way(argument: &Argument, asked: &'static str) -> HlsError {
    HlsError::WrongWay { argument: argument.block_name().clone(), asked, place: argument.place() }
}

fn causes(lines: u32) -> HlsCauses {
    HlsCauses::from_bits_truncate(lines) & (HlsCauses::DONE | HlsCauses::READY)
}

impl InterruptHardware for HlsHardware {
    type Lines = Lines<3>;

    /// What is latched from before is kept: it may be an event that no task has seen yet.
    fn unmask(&mut self, lines: u32) {
        let causes = causes(lines);
        if self.core.control.is_some() && !causes.is_empty() {
            self.enabled |= causes;
            self.put_enables();
        }
    }

    fn mask(&mut self, lines: u32) {
        let causes = causes(lines);
        if self.core.control.is_some() && !causes.is_empty() {
            self.enabled -= causes;
            self.put_enables();
        }
    }

    /// The latched cause is cleared here, and the control register read after that: a run that ends in between sets the
    /// cause again, which costs one more service.
    fn ack_pending(&mut self, lines: u32) -> u32 {
        let mut pending = 0;
        if self.core.control.is_some() {
            pending = self.take_causes(causes(lines)).bits();
        }
        if lines & 1 << LET_GO != 0 && self.runs.take_released() {
            pending |= 1 << LET_GO;
        }
        pending
    }

    fn take_latched(&mut self, lines: u32) -> u32 {
        self.ack_pending(lines)
    }

    fn read_level(&mut self, line: u8) -> u32 {
        if line == LET_GO {
            return self.runs.owners();
        }
        self.look();
        if line == DONE { self.runs.ends() } else { self.runs.acceptances() }
    }

    fn clears_on_ack(&self) -> u32 {
        1 << DONE | 1 << READY | 1 << LET_GO
    }

    fn read_back(&mut self) {
        if self.core.control.is_some() {
            self.registers.gier().read();
        }
    }
}

impl fmt::Debug for HlsHardware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HlsHardware").field("runs", &self.runs).field("core", &self.core).finish_non_exhaustive()
    }
}
