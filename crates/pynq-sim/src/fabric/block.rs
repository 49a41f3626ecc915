//! Blocks, and how one is called.

use alloc::{boxed::Box, string::String, vec::Vec};
use pynq_core::Instant;

use super::{
    Change, Fabric, OutputChange,
    access::BusErrorKind,
    links::Interface,
    space::SpaceId,
    trace::TraceEvent,
    wires::{Hop, Late},
};
use crate::device::{Bus, Device, Port, PortKind, View};

/// A time that no clock reaches: marks a block that has to catch up in any case.
pub(super) const NEVER: Instant = Instant::from_nanos(u64::MAX);

pub(super) struct Block {
    pub(super) path: String,
    /// Its range in the processor's address space.
    pub(super) range: Option<(u64, u64)>,
    /// `None` while it is being called, and for a memory.
    pub(super) device: Option<Box<dyn Device>>,
    /// The ports, once and for all.
    ports: Vec<Port>,
    /// The levels of each port, inputs and outputs alike.
    pub(super) levels: Vec<u32>,
    /// Output bits that drive wires: port, bit, wire.
    pub(super) drives: Vec<(usize, u8, u32)>,
    pub(super) interfaces: Vec<Interface>,
    /// Master ports, and their address spaces.
    pub(super) masters: Vec<(usize, SpaceId)>,
    /// The time up to which it has caught up.
    pub(super) at: Instant,
    /// When it next does something by itself.
    pub(super) due: Option<Instant>,
    pub(super) late: Vec<Late>,
    /// Blocks that want to be called when this one was.
    pub(super) watchers: Vec<usize>,
    /// It is in reset.
    pub(super) held: bool,
    /// It is held there by hand.
    hold: bool,
    /// The wires that hold it there, each while it is at this level.
    pub(super) resets: Vec<(usize, bool)>,
    pub(super) clock_stopped: bool,
    /// It was stopped because it had an event at one instant again and again.
    pub(super) stopped: bool,
    /// It executes instructions.
    pub(super) executes: bool,
    /// How many ranges it was mapped at.
    pub(super) slaves: u8,
}

impl Block {
    pub(super) fn new(path: String, device: Option<Box<dyn Device>>) -> Self {
        let ports = device.as_ref().map(|device| device.ports().to_vec()).unwrap_or_default();
        let interfaces = (ports.iter().enumerate())
            .filter_map(|(index, port)| match port.kind {
                PortKind::Interface(kind) => Some(Interface::new(index, kind)),
                _ => None,
            })
            .collect();
        Self {
            path,
            range: None,
            levels: alloc::vec![0; ports.len()],
            device,
            ports,
            drives: Vec::new(),
            interfaces,
            masters: Vec::new(),
            at: NEVER,
            due: None,
            late: Vec::new(),
            watchers: Vec::new(),
            held: false,
            hold: false,
            resets: Vec::new(),
            clock_stopped: false,
            stopped: false,
            executes: false,
            slaves: 0,
        }
    }

    pub(super) fn ports(&self) -> &[Port] {
        &self.ports
    }

    /// Why it does not answer, if it doesn't.
    #[inline]
    pub(super) const fn silent(&self) -> Option<BusErrorKind> {
        match (self.clock_stopped, self.held) {
            (false, false) => None,
            (true, _) => Some(BusErrorKind::NoClock),
            (false, true) => Some(BusErrorKind::InReset),
        }
    }
}

impl Fabric {
    /// Calls a block: lets it catch up with the clock, run `f`, and drive its outputs, whose changes are queued. `None`
    /// if it is in the middle of a call, or has no model.
    #[inline(always)]
    pub(super) fn call<R>(
        &mut self,
        index: usize,
        strobes: u8,
        slave: u8,
        f: impl FnOnce(&mut dyn Device, &mut Bus<'_>) -> R,
    ) -> Option<R> {
        let now = self.now;
        let block = &mut self.blocks[index];
        let mut device = block.device.take()?;
        let stale = block.at != now;
        block.at = now;
        let mut bus = Bus::new(self, index, strobes, slave);
        if stale {
            device.tick(&mut bus);
        }
        let result = f(device.as_mut(), &mut bus);
        if stale || !bus.is_settled() {
            device.drive(&mut bus);
        }
        let block = &mut self.blocks[index];
        block.device = Some(device);
        if !block.late.is_empty() || !block.watchers.is_empty() {
            self.after_call(index);
        }
        Some(result)
    }

    /// What waits for the end of a call, which most of them find nothing of.
    #[cold]
    fn after_call(&mut self, index: usize) {
        if !self.blocks[index].late.is_empty() {
            self.catch_up_late(index);
        }
        let watchers = core::mem::take(&mut self.blocks[index].watchers);
        if !watchers.is_empty() {
            self.wake_watchers(&watchers);
        }
    }

    #[cold]
    fn catch_up_late(&mut self, index: usize) {
        for late in core::mem::take(&mut self.blocks[index].late) {
            match late {
                Late::Input(port, bits) => {
                    self.call(index, 0xF, 0, |device, bus| device.set_input(port, bits, bus));
                }
                Late::Message(port, message) => {
                    self.call(index, 0xF, 0, |device, bus| device.receive(port, message, bus));
                }
                Late::Reset => {
                    self.call(index, 0xF, 0, |device, bus| device.reset(bus));
                }
            }
        }
    }

    #[inline]
    pub(crate) fn set_output(&mut self, index: usize, port: usize, bits: u32) {
        let Some(level) = self.blocks[index].levels.get_mut(port) else { return };
        let changed = core::mem::replace(level, bits) ^ bits;
        if changed != 0 {
            self.output_changed(index, port, changed);
        }
    }

    fn output_changed(&mut self, index: usize, port: usize, changed: u32) {
        let block = &self.blocks[index];
        let new = block.levels[port];
        for &(driven, bit, wire) in &block.drives {
            if driven == port && changed >> bit & 1 != 0 {
                self.queue.push_back(Hop::Level { wire, level: new >> bit & 1 != 0 });
            }
        }
        let description = &block.ports[port];
        if description.kind == PortKind::Output {
            self.output_seen(index, port, new);
        }
    }

    #[inline(never)]
    fn output_seen(&mut self, index: usize, port: usize, new: u32) {
        let block = &self.blocks[index];
        let description = &block.ports[port];
        let change = OutputChange {
            time: self.now,
            path: block.path.clone(),
            port: description.name.clone().into_owned(),
            channel: description.channel,
            value: new,
        };
        self.tracer.record(self.now, || TraceEvent::Output {
            path: change.path.clone(),
            port: change.port.clone(),
            value: new,
        });
        self.changes.push(Change::Output(change));
    }

    pub(crate) fn pulse_output(&mut self, index: usize, port: usize, pulses: u32) {
        let block = &self.blocks[index];
        let Some(&levels) = block.levels.get(port) else { return };
        for &(_, bit, wire) in block.drives.iter().filter(|drive| drive.0 == port && pulses >> drive.1 & 1 != 0) {
            let level = levels >> bit & 1 != 0;
            self.queue.push_back(Hop::Level { wire, level: !level });
            self.queue.push_back(Hop::Level { wire, level });
        }
    }

    pub(crate) fn is_held(&self, index: usize) -> bool {
        self.blocks[index].held
    }

    /// Puts a block into reset, or releases it. A block that is held does not answer, and is reset anew.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`](crate::Error::NoSuchBlock).
    pub fn hold_in_reset(&mut self, path: &str, held: bool) -> Result<(), crate::Error> {
        let block = self.block(path)?;
        self.blocks[block].hold = held;
        self.update_held(block);
        self.travel();
        Ok(())
    }

    /// The wire that holds a block in reset, if one does.
    pub(super) fn held_by(&self, index: usize) -> Option<usize> {
        let resets = self.blocks[index].resets.iter();
        resets.copied().find(|&(wire, active)| self.wires[wire].level == active).map(|(wire, _)| wire)
    }

    /// Puts a block into reset, or releases it, as its resets say.
    pub(super) fn update_held(&mut self, index: usize) {
        let held = self.blocks[index].hold || self.held_by(index).is_some();
        let block = &mut self.blocks[index];
        if core::mem::replace(&mut block.held, held) != held {
            block.stopped = false;
            if block.device.is_none() {
                // A processor that resets itself.
                block.late.push(Late::Reset);
                return;
            }
            self.call(index, 0xF, 0, |device, bus| device.reset(bus));
        }
    }

    /// Stops a clock, or starts it: that of one block, or by the pin that drives it that of all blocks on it, as the handoff
    /// file has it: `ps7_0/FCLK_CLK1`. Without a clock a block does not answer.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`](crate::Error::NoSuchBlock).
    pub fn stop_clock(&mut self, name: &str, stopped: bool) -> Result<(), crate::Error> {
        let on_it = match self.clocks.get(name) {
            Some(blocks) => blocks.clone(),
            None => Vec::from([self.block(name)?]),
        };
        for block in on_it {
            self.blocks[block].clock_stopped = stopped;
        }
        Ok(())
    }

    /// What an onlooker sees of a block or part.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`](crate::Error::NoSuchBlock).
    pub fn view(&self, path: &str) -> Result<View, crate::Error> {
        let block = &self.blocks[self.block(path)?];
        Ok(block.device.as_ref().map_or(View::Nothing, |device| device.view()))
    }
}
