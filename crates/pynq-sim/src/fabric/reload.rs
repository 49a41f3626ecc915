//! Loading another design, or the same one anew.

use super::{Fabric, wires::Load};

impl Fabric {
    /// The design is loaded anew: every block is at its reset state. Memory, the clock and what drives the inputs from
    /// outside stay as they are.
    pub fn reload(&mut self) {
        self.drop_posted();
        self.triggers.clear();
        self.injected_errors.clear();
        for wire in &mut self.wires {
            (wire.deaf, wire.forced) = (false, None);
        }
        for index in 0..self.blocks.len() {
            self.blocks[index].stopped = false;
            self.call(index, 0xF, 0, |device, bus| device.reset(bus));
        }
        for wire in 0..self.wires.len() {
            self.update_wire(wire);
        }
        self.travel();
        for input in 0..self.inputs.len() {
            self.fire_input(input);
        }
    }

    /// Replaces the design. The processor's inputs are not part of a design: those of the same number stay what they
    /// are.
    pub(crate) fn replace(&mut self, new: Self) {
        self.drop_posted();
        let indices: alloc::vec::Vec<usize> = (new.inputs.iter())
            .map(|input| {
                let index = self.pin(input.id).unwrap_or_else(|_| {
                    self.inputs.push(input.clone());
                    self.inputs.len() - 1
                });
                self.inputs[index].trigger = input.trigger;
                index
            })
            .collect();
        (self.blocks, self.names, self.spaces, self.memories) = (new.blocks, new.names, new.spaces, new.memories);
        self.clocks = new.clocks;
        (self.wires, self.wire_names, self.events) = (new.wires, new.wire_names, new.events);
        for load in self.wires.iter_mut().flat_map(|wire| &mut wire.loads) {
            if let Load::Pin(index) = load {
                *index = indices[*index];
            }
        }
        let wires = self.wires.iter().enumerate();
        self.loads = wires.flat_map(|(index, wire)| wire.loads.iter().map(move |load| (*load, index))).collect();
        self.queue.clear();
        self.triggers.clear();
        self.injected_errors.clear();
        for input in &mut self.inputs {
            input.set_level(false);
        }
        self.announce_high_wires();
    }
}
