//! What is behind the board's lock: blocks, wires, pins, and how a change travels.

use alloc::{
    collections::{BTreeMap, VecDeque},
    string::{String, ToString},
    vec::Vec,
};
use core::task::Waker;
use pynq_core::Instant;

use super::{
    bus::{Access, BusError},
    fault::Ambush,
    outbox::Outbox,
};
use crate::{
    device::{Bus, Device, PortKind},
    error::Error,
    kick::Kick,
    memory::Memory,
    pin::PinState,
    settle::{Settling, Unrest},
    sync::Arc,
    timeline::Timeline,
    trace::{TraceEvent, Tracer},
};

/// Changes of wires that one stimulus may cause before the design is taken to oscillate.
const MAX_CHANGES: usize = 10_000;

/// A change of an output that the outside world sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputChange {
    /// When.
    pub time: Instant,
    /// The block's path.
    pub path: String,
    /// The port's name.
    pub port: String,
    /// The AXI GPIO channel, 1 or 2; 0 for any other block.
    pub channel: u8,
    /// The new levels, bit by bit.
    pub value: u32,
}

pub(crate) enum Target {
    Device(alloc::boxed::Box<dyn Device>),
    Memory,
}

pub(crate) struct Block {
    pub(crate) path: String,
    pub(crate) base: u64,
    pub(crate) last: u64,
    pub(crate) target: Target,
    /// The levels of each port, inputs and outputs alike.
    pub(crate) levels: Vec<u32>,
    /// Output bits that drive wires: port, bit, wire.
    pub(crate) drives: Vec<(usize, u8, usize)>,
    pub(crate) outputs: Vec<usize>,
}

/// Where a wire ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    Block { block: usize, port: usize, bit: u8 },
    Pin(usize),
}

pub(crate) struct Wire {
    /// What drives it, as `path/port[bit]`.
    pub(crate) name: String,
    /// Whether a device drives it; otherwise stimuli do.
    pub(crate) has_driver: bool,
    pub(crate) driven: bool,
    pub(crate) forced: Option<bool>,
    pub(crate) level: bool,
    /// Fault: changes to high that the loads don't see.
    pub(crate) deaf: bool,
    pub(crate) loads: Vec<Load>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) now: Instant,
    /// Counts the designs this board has held; windows of older ones are dead.
    pub(crate) generation: u64,
    pub(crate) blocks: Vec<Block>,
    /// Base address to block.
    pub(crate) map: BTreeMap<u64, usize>,
    pub(crate) memory: Memory,
    pub(crate) wires: Vec<Wire>,
    pub(crate) wire_names: BTreeMap<String, usize>,
    pub(crate) pins: Vec<PinState>,
    queue: VecDeque<(usize, bool)>,

    pub(crate) timeline: Timeline,
    pub(crate) settling: Settling,
    pub(crate) idlers: Vec<Arc<Kick>>,
    pub(crate) runners: Vec<(u64, Waker)>,
    pub(crate) next_runner: u64,
    pub(crate) real_time: Option<crate::kick::WallClock>,
    pub(crate) handles: usize,

    pub(crate) outbox: Outbox,
    pub(crate) output_log: VecDeque<OutputChange>,
    pub(crate) tracer: Tracer,
    pub(crate) bus_errors: Vec<BusError>,
    pub(crate) expected_errors: Vec<(u64, Option<Access>)>,
    pub(crate) injected_errors: BTreeMap<u64, usize>,
    pub(crate) ambushes: Vec<Ambush>,
    pub(crate) stale_accesses: u64,
    pub(crate) oscillations: u64,
}

/// Output changes kept for `Board::output_log`.
const LOG: usize = 65_536;

impl State {
    // ---- names

    pub(crate) fn block(&self, path: &str) -> Result<usize, Error> {
        self.blocks.iter().position(|block| block.path == path).ok_or_else(|| Error::NoSuchBlock {
            path: path.to_string(),
            has: list(self.map.values().map(|&index| self.blocks[index].path.as_str())),
        })
    }

    pub(crate) fn wire(&self, name: &str) -> Result<usize, Error> {
        self.wire_names.get(name).copied().ok_or_else(|| Error::NoSuchLine {
            name: name.to_string(),
            has: list(self.wires.iter().map(|wire| wire.name.as_str())),
        })
    }

    // ---- how a change travels

    /// Runs `f` on a device and lets what it changed travel.
    pub(crate) fn with_device<R>(
        &mut self,
        index: usize,
        f: impl FnOnce(&mut dyn Device, &mut Bus<'_>) -> R,
    ) -> Option<R> {
        let result = self.touch_device(index, f);
        self.travel();
        result
    }

    fn touch_device<R>(&mut self, index: usize, f: impl FnOnce(&mut dyn Device, &mut Bus<'_>) -> R) -> Option<R> {
        let Target::Device(device) = &mut self.blocks[index].target else { return None };
        let mut bus = Bus::new(self.now, &mut self.memory);
        device.tick(&mut bus);
        let result = f(device.as_mut(), &mut bus);
        self.look_at_outputs(index);
        Some(result)
    }

    /// Queues what the outputs of a block have done.
    fn look_at_outputs(&mut self, index: usize) {
        let block = &mut self.blocks[index];
        let Target::Device(device) = &mut block.target else { return };
        for &port in &block.outputs {
            let (new, pulses) = (device.output(port), device.take_pulses(port));
            let changed = core::mem::replace(&mut block.levels[port], new) ^ new;
            if changed | pulses == 0 {
                continue;
            }
            for &(_, bit, wire) in block.drives.iter().filter(|drive| drive.0 == port) {
                let level = new >> bit & 1 != 0;
                let (changed, pulse) = (changed >> bit & 1 != 0, pulses >> bit & 1 != 0);
                if changed && pulse {
                    self.queue.push_back((wire, level));
                }
                if pulse {
                    self.queue.push_back((wire, !level));
                }
                if changed || pulse {
                    self.queue.push_back((wire, level));
                }
            }
            let description = &device.ports()[port];
            if changed != 0 && description.kind == PortKind::Output {
                let channel = match device.gpio_channels() {
                    0 => 0,
                    _ => 1 + u8::from(port >= crate::models::axi_gpio::PORTS_PER_CHANNEL),
                };
                let change = OutputChange {
                    time: self.now,
                    path: block.path.clone(),
                    port: description.name.clone().into_owned(),
                    channel,
                    value: new,
                };
                self.tracer.record(self.now, || TraceEvent::Output {
                    path: change.path.clone(),
                    port: change.port.clone(),
                    value: new,
                });
                if self.output_log.len() == LOG {
                    self.output_log.pop_front();
                }
                self.output_log.push_back(change.clone());
                self.outbox.outputs.push(change);
            }
        }
    }

    /// Lets queued changes travel until nothing moves any more.
    fn travel(&mut self) {
        let mut left = MAX_CHANGES;
        while let Some((wire, level)) = self.queue.pop_front() {
            if left == 0 {
                self.oscillations += 1;
                self.queue.clear();
                return;
            }
            left -= 1;
            self.wires[wire].driven = level;
            self.update_wire(wire);
        }
    }

    fn update_wire(&mut self, index: usize) {
        let wire = &mut self.wires[index];
        let level = wire.forced.unwrap_or(wire.driven);
        if core::mem::replace(&mut wire.level, level) != level {
            self.announce_wire(index);
        }
    }

    /// Tells the loads of a wire of its level.
    pub(crate) fn announce_wire(&mut self, index: usize) {
        let wire = &mut self.wires[index];
        let level = wire.level;
        self.tracer.record(self.now, || TraceEvent::Wire { name: wire.name.clone(), level });
        if wire.deaf {
            // The loads stay at low until the next change to high.
            wire.deaf = level;
            return;
        }
        for load in 0..wire.loads.len() {
            match self.wires[index].loads[load] {
                Load::Pin(pin) => {
                    self.pins[pin].set_level(level);
                    self.fire_pin(pin);
                }
                Load::Block { block, port, bit } => {
                    let bits = self.blocks[block].levels[port] & !(1 << bit) | u32::from(level) << bit;
                    self.set_input_bits(block, port, bits);
                }
            }
        }
    }

    fn set_input_bits(&mut self, block: usize, port: usize, bits: u32) {
        if core::mem::replace(&mut self.blocks[block].levels[port], bits) != bits {
            self.touch_device(block, |device, _| device.set_input(port, bits));
        }
    }

    pub(crate) fn set_input(&mut self, block: usize, port: usize, bits: u32) {
        let name = || match &self.blocks[block].target {
            Target::Device(device) => device.ports()[port].name.clone().into_owned(),
            Target::Memory => String::new(),
        };
        if self.blocks[block].levels[port] != bits {
            let path = &self.blocks[block].path;
            self.tracer.record(self.now, || TraceEvent::Input { path: path.clone(), port: name(), value: bits });
        }
        self.set_input_bits(block, port, bits);
        self.travel();
    }

    /// Drives a wire that no device drives; holds one that a device does.
    pub(crate) fn set_wire(&mut self, wire: usize, level: bool) {
        if self.wires[wire].has_driver {
            self.wires[wire].forced = Some(level);
        } else {
            self.wires[wire].driven = level;
        }
        self.update_wire(wire);
        self.travel();
    }

    pub(crate) fn release_wire(&mut self, wire: usize) {
        self.wires[wire].forced = None;
        self.update_wire(wire);
        self.travel();
    }

    /// Inverts a wire for an instant.
    pub(crate) fn pulse_wire(&mut self, wire: usize) {
        let (forced, level) = (self.wires[wire].forced, self.wires[wire].level);
        self.wires[wire].forced = Some(!level);
        self.update_wire(wire);
        self.travel();
        self.wires[wire].forced = forced;
        self.update_wire(wire);
        self.travel();
    }

    // ---- CPU pins

    pub(crate) fn fire_pin(&mut self, pin: usize) {
        let now = self.now;
        let state = &mut self.pins[pin];
        if !state.may_fire() {
            return;
        }
        if state.fire() {
            self.settling.service_begins();
        }
        if let Some(waker) = state.waker.take() {
            self.outbox.wake(waker);
        }
        self.tracer.record(now, || TraceEvent::Interrupt { id: state.id });
    }

    pub(crate) fn end_service(&mut self, pin: usize) {
        if core::mem::take(&mut self.pins[pin].in_service) {
            self.settling.service_ends();
        }
    }

    /// Takes a parked `run` off the list.
    pub(crate) fn take_runner(&mut self, id: u64) -> Option<Waker> {
        let index = self.runners.iter().position(|runner| runner.0 == id)?;
        Some(self.runners.swap_remove(index).1)
    }

    pub(crate) fn forget_stragglers(&mut self) {
        self.settling.forget_stragglers();
        self.pins.iter_mut().for_each(|pin| pin.in_service = false);
        self.settling.touch();
    }

    // ---- time

    /// When the next thing happens: on the timeline, or by a device itself.
    pub(crate) fn next_event(&self) -> Option<Instant> {
        let devices = self.blocks.iter().filter_map(|block| match &block.target {
            Target::Device(device) => device.next_event(),
            Target::Memory => None,
        });
        devices.chain(self.timeline.first()).min()
    }

    /// Lets every device that is due now do what it does.
    pub(crate) fn tick_due(&mut self) {
        for index in 0..self.blocks.len() {
            if let Target::Device(device) = &self.blocks[index].target {
                if device.next_event().is_some_and(|due| due <= self.now) {
                    self.with_device(index, |_, _| ());
                }
            }
        }
    }

    /// In real-time mode, moves the clock to the wall's, but not beyond the next event.
    pub(crate) fn catch_up(&mut self) {
        if let Some(wall) = &self.real_time {
            let target = self.next_event().map_or(wall.now(), |next| wall.now().min(next));
            self.now = self.now.max(target);
        }
    }

    /// In real-time mode, how long the machine's clock takes to the next event; for ever if there is none.
    pub(crate) fn wall_time_left(&self) -> Option<core::time::Duration> {
        let wall = self.real_time.as_ref()?;
        match self.next_event() {
            Some(next) if next <= wall.now() => None,
            Some(next) => Some(next - wall.now()),
            None => Some(core::time::Duration::MAX),
        }
    }

    /// Who waits for the board to settle looks again. With something left to deliver, that is done after it.
    pub(crate) fn notify(&mut self) {
        if !self.outbox.is_empty() {
            return;
        }
        let unrest = self.settling.unrest();
        if matches!(unrest, Unrest::Strict { .. }) {
            return;
        }
        let was_strict = self.settling.take_was_strict();
        // While tasks are at work each of their accesses comes through here: sleepers are told of the change only.
        if was_strict || unrest == Unrest::Settled {
            self.idlers.iter().for_each(|kick| kick.poke());
        }
        for (_, waker) in self.runners.drain(..) {
            self.outbox.wake(waker);
        }
    }

    // ---- reset

    /// Tells the loads of lines that idle high; they start out low.
    pub(crate) fn announce_high_wires(&mut self) {
        for wire in 0..self.wires.len() {
            if self.wires[wire].level {
                self.announce_wire(wire);
            }
        }
        self.travel();
    }

    /// Takes another design in. CPU pins are not part of one: those of the same number stay what they are.
    pub(crate) fn replace(&mut self, mut new: Self) {
        let indices: Vec<usize> = (new.pins.drain(..))
            .map(|pin| match self.pins.iter().position(|old| old.id == pin.id) {
                Some(index) => index,
                None => {
                    self.pins.push(pin);
                    self.pins.len() - 1
                }
            })
            .collect();
        for load in new.wires.iter_mut().flat_map(|wire| &mut wire.loads) {
            if let Load::Pin(index) = load {
                *index = indices[*index];
            }
        }
        self.generation += 1;
        self.ambushes.clear();
        self.injected_errors.clear();
        (self.blocks, self.map, self.memory) = (new.blocks, new.map, new.memory);
        (self.wires, self.wire_names) = (new.wires, new.wire_names);
        for pin in &mut self.pins {
            pin.set_level(false);
            pin.failed = None;
        }
        self.announce_high_wires();
    }

    /// The design is loaded anew: everything in the fabric is at its reset state, and old windows are dead.
    pub(crate) fn reload(&mut self) {
        self.generation += 1;
        self.ambushes.clear();
        self.injected_errors.clear();
        for wire in 0..self.wires.len() {
            self.wires[wire].deaf = false;
            self.wires[wire].forced = None;
        }
        for index in 0..self.blocks.len() {
            self.touch_device(index, |device, _| device.reset());
        }
        for wire in 0..self.wires.len() {
            self.update_wire(wire);
        }
        self.travel();
        for pin in 0..self.pins.len() {
            self.pins[pin].failed = None;
            self.fire_pin(pin);
        }
    }
}

pub(crate) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { "none".to_string() } else { names.join(", ") }
}
