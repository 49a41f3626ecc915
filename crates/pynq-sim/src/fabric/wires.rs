//! Wires, and how a change travels.

use alloc::{boxed::Box, string::String, vec::Vec};

use super::{Fabric, trace::TraceEvent};
use crate::device::Message;

/// Changes of wires that one stimulus may cause before the design is taken to oscillate.
const MAX_CHANGES: usize = 10_000;

/// Where a wire ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Load {
    /// At an input bit.
    Block { block: usize, port: usize, bit: u8 },
    /// At an input of the processor.
    Pin(usize),
    /// At the reset of a block: this one of its resets.
    Reset { block: usize, number: u8 },
}

/// One end of a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Driver { block: usize, port: usize, bit: u8 },
    Load(Load),
}

#[derive(Debug, Default)]
pub(super) struct Wire {
    /// What drives it, as `path/port[bit]`.
    pub(super) name: String,
    /// Whether a device drives it; otherwise stimuli do.
    pub(super) has_driver: bool,
    pub(super) driven: bool,
    pub(super) forced: Option<bool>,
    pub(super) level: bool,
    /// Fault: changes to high that the loads don't see.
    pub(super) deaf: bool,
    /// An interrupt controller drives it.
    pub(super) is_relay: bool,
    pub(super) loads: Vec<Load>,
}

/// One step of a change or a message on its way.
pub(super) enum Hop {
    /// What drives a wire changed to this level.
    Level { wire: u32, level: bool },
    /// A message comes to a port of a block. In a box, for most of what travels are levels.
    Message(Box<(usize, usize, Message)>),
}

/// Input for a block that arrived while the block was being called.
pub(super) enum Late {
    Input(usize, u32),
    Message(usize, Message),
    Reset,
}

impl Fabric {
    /// Delivers queued changes and messages until none is left.
    #[inline(always)]
    pub(super) fn travel(&mut self) {
        if !self.queue.is_empty() {
            self.travel_on();
        }
    }

    #[inline(never)]
    fn travel_on(&mut self) {
        let mut left = MAX_CHANGES;
        while let Some(hop) = self.queue.pop_front() {
            match hop {
                Hop::Level { wire, level } => {
                    if left == 0 {
                        self.oscillations += 1;
                        self.queue.clear();
                        return;
                    }
                    left -= 1;
                    let wire = wire as usize;
                    self.wires[wire].driven = level;
                    self.update_wire(wire);
                }
                Hop::Message(message) => {
                    let (block, port, message) = *message;
                    self.deliver(block, port, message);
                }
            }
        }
    }

    pub(super) fn update_wire(&mut self, index: usize) {
        let wire = &mut self.wires[index];
        let level = wire.forced.unwrap_or(wire.driven);
        if core::mem::replace(&mut wire.level, level) != level {
            self.announce_wire(index);
        }
    }

    /// Passes the level of a wire to its loads.
    pub(super) fn announce_wire(&mut self, index: usize) {
        let wire = &mut self.wires[index];
        let level = wire.level;
        if !wire.is_relay {
            self.unserved = 0;
        }
        self.tracer.record(self.now, || TraceEvent::Wire { name: wire.name.clone(), level });
        if wire.deaf {
            // The loads stay at low until the next change to high.
            wire.deaf = level;
            return;
        }
        let mut load = 0;
        while let Some(&next) = self.wires[index].loads.get(load) {
            self.load_changed(next, level);
            load += 1;
        }
    }

    fn load_changed(&mut self, load: Load, level: bool) {
        match load {
            Load::Pin(pin) => {
                self.inputs[pin].set_level(level);
                self.fire_input(pin);
            }
            Load::Block { block, port, bit } => {
                let bits = self.blocks[block].levels[port] & !(1 << bit) | u32::from(level) << bit;
                self.set_input_bits(block, port, bits);
            }
            Load::Reset { block, .. } => self.update_held(block),
        }
    }

    fn set_input_bits(&mut self, index: usize, port: usize, bits: u32) {
        let block = &mut self.blocks[index];
        if core::mem::replace(&mut block.levels[port], bits) == bits {
            return;
        }
        if block.device.is_none() {
            block.late.push(Late::Input(port, bits));
            return;
        }
        self.call(index, 0xF, 0, |device, bus| device.set_input(port, bits, bus));
    }

    /// An input port is driven from outside.
    pub(super) fn set_input(&mut self, block: usize, port: usize, bits: u32) {
        if self.tracer.is_on() && self.blocks[block].levels[port] != bits {
            let path = self.blocks[block].path.clone();
            let port = self.blocks[block].ports()[port].name.clone().into_owned();
            self.tracer.record(self.now, || TraceEvent::Input { path, port, value: bits });
        }
        self.set_input_bits(block, port, bits);
        self.travel();
    }

    /// Drives a wire that no device drives; holds one that a device does.
    pub(super) fn set_wire(&mut self, wire: usize, level: bool) {
        if self.wires[wire].has_driver {
            self.wires[wire].forced = Some(level);
        } else {
            self.wires[wire].driven = level;
        }
        self.update_wire(wire);
        self.travel();
    }

    pub(super) fn release_wire(&mut self, wire: usize) {
        self.wires[wire].forced = None;
        self.update_wire(wire);
        self.travel();
    }

    /// Inverts a wire for an instant.
    pub(super) fn pulse_wire(&mut self, wire: usize) {
        let (forced, level) = (self.wires[wire].forced, self.wires[wire].level);
        self.wires[wire].forced = Some(!level);
        self.update_wire(wire);
        self.travel();
        self.wires[wire].forced = forced;
        self.update_wire(wire);
        self.travel();
    }

    /// Fault: the loads of a wire don't see its next change to high, until it has gone low again.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLine`](crate::Error::NoSuchLine).
    pub fn lose_edge(&mut self, line: &str) -> Result<(), crate::Error> {
        let wire = self.wire_or_new(line)?;
        self.wires[wire].deaf = true;
        Ok(())
    }

    /// The level of a line, named by either end.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLine`](crate::Error::NoSuchLine).
    pub fn line(&mut self, line: &str) -> Result<bool, crate::Error> {
        let wire = self.wire_or_new(line)?;
        Ok(self.wires[wire].level)
    }

    /// Passes their level to the loads of lines that idle high, since loads start out low.
    pub(super) fn announce_high_wires(&mut self) {
        for wire in 0..self.wires.len() {
            if self.wires[wire].level {
                self.announce_wire(wire);
            }
        }
        self.travel();
    }
}
