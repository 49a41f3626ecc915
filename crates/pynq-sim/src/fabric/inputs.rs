//! The processor's interrupt inputs, as its interrupt controller handles them.

use alloc::{string::String, vec::Vec};

use super::{Change, Fabric, Stuck, StuckCause, trace::TraceEvent, wires::Load};

/// The most interrupts at one instant in which no device changed. The next one is taken to come for ever.
const MAX_UNSERVED: u32 = 20_000;

/// What the interrupt controller of the CPU takes a pin for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// It fires while the pin is high.
    #[default]
    Level,
    /// It fires when the pin goes high, and remembers that while it is masked.
    Edge,
}

/// One input.
#[derive(Clone, Debug, Default)]
pub(crate) struct Input {
    pub(crate) id: u32,
    pub(crate) trigger: Trigger,
    pub(crate) level: bool,
    /// An edge that has not fired yet.
    latched: bool,
    spurious: bool,
    pub(crate) armed: bool,
    pub(crate) interrupts: u64,
}

impl Input {
    pub(super) fn new(id: u32) -> Self {
        Self { id, ..Self::default() }
    }

    pub(super) fn set_level(&mut self, level: bool) {
        self.latched |= level && !self.level && self.trigger == Trigger::Edge;
        self.level = level;
    }

    /// Fires if there is cause to. One-shot: the input is masked before the interrupt is reported.
    fn fire(&mut self) -> bool {
        let active = match self.trigger {
            Trigger::Level => self.level,
            Trigger::Edge => self.latched,
        };
        let fires = self.armed && (active || self.spurious);
        if fires {
            (self.armed, self.latched, self.spurious) = (false, false, false);
            self.interrupts += 1;
        }
        fires
    }
}

impl Fabric {
    pub(crate) fn input(&self, index: usize) -> &Input {
        &self.inputs[index]
    }

    pub(crate) fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// Fires an input if there is cause to, and records that in the [changes](Change::Interrupt).
    pub(super) fn fire_input(&mut self, index: usize) {
        if self.fires(index) {
            self.changes.push(Change::Interrupt(self.inputs[index].id, index));
        }
    }

    fn fires(&mut self, index: usize) -> bool {
        let input = &mut self.inputs[index];
        let fires = input.fire();
        if fires {
            let id = input.id;
            self.unserved += 1;
            if self.unserved > MAX_UNSERVED && self.is_never_cleared(id) {
                return false;
            }
            self.tracer.record(self.now, || TraceEvent::Interrupt { id });
        }
        fires
    }

    /// Whether the interrupts come since no driver clears its device; if so, that is reported.
    #[cold]
    fn is_never_cleared(&mut self, id: u32) -> bool {
        let services = core::mem::take(&mut self.unserved) - 1;
        let lines: Vec<String> = (0..self.wires.len())
            .filter(|&wire| self.requests(wire))
            .map(|wire| self.wires[wire].name.clone())
            .collect();
        if lines.is_empty() {
            // Software interrupts, of which there can be any number.
            return false;
        }
        let blocks: Vec<&str> = lines.iter().filter_map(|line| line.rsplit_once('/')).map(|(block, _)| block).collect();
        let what = alloc::format!("line {} of block {}", lines.join(", "), blocks.join(", "));
        let cause = StuckCause::Interrupt { id, services };
        self.changes.push(Change::Stuck(Stuck { time: self.now, what, cause }));
        true
    }

    /// Whether a wire carries a request that is active, from a device and not from an interrupt controller.
    fn requests(&self, wire: usize) -> bool {
        let wire = &self.wires[wire];
        let arrives = |load: &Load| match *load {
            Load::Pin(_) => true,
            Load::Block { block, port, .. } => self.blocks[block].ports()[port].acknowledged_by.is_some(),
            Load::Reset { .. } => false,
        };
        wire.level && !wire.is_relay && wire.loads.iter().any(arrives)
    }

    /// Unmasks an input. True if it fires there and then, which masks it again.
    pub(crate) fn arm(&mut self, index: usize) -> bool {
        self.inputs[index].armed = true;
        self.fires(index)
    }

    pub(crate) fn disarm(&mut self, index: usize) {
        self.inputs[index].armed = false;
    }

    pub(crate) fn set_trigger(&mut self, index: usize, trigger: Trigger) {
        let input = &mut self.inputs[index];
        (input.trigger, input.latched) = (trigger, false);
        self.fire_input(index);
    }

    pub(crate) fn fire_spuriously(&mut self, index: usize) {
        self.inputs[index].spurious = true;
        self.fire_input(index);
    }

    /// Unmasks the processor's interrupt input of this number. True if it fires at once. It is masked by firing.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchPin`](crate::Error::NoSuchPin).
    pub fn unmask_interrupt(&mut self, id: u32) -> Result<bool, crate::Error> {
        let index = self.pin(id)?;
        Ok(self.arm(index))
    }
}
