//! Logic between an interrupt output and the line that it arrives at.

use alloc::{string::String, vec::Vec};

use crate::device::{Bus, Device, Port, PortKind};

/// The function of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GateFunction {
    /// High if any input is.
    Or,
    /// High if all inputs are.
    And,
    /// High if an odd number of inputs is.
    Xor,
    /// High if its first input is not.
    Not,
    /// As its first input: a buffer, or a decoupler that decouples nothing.
    Buffer,
}

/// A gate of up to 32 inputs, `in`, and one output, `out`. It has no delay.
#[derive(Clone, Debug)]
pub struct GateModel {
    function: GateFunction,
    mask: u32,
    inputs: u32,
    ports: Vec<Port>,
}

impl GateModel {
    /// A gate of so many inputs, all of them low. Of more than 32 the first 32 count.
    #[must_use]
    pub fn new(function: GateFunction, inputs: u8) -> Self {
        let width = inputs.min(32);
        let ports = Vec::from([
            Port::named(String::from("in"), PortKind::Input, width),
            Port::named(String::from("out"), PortKind::Signal, 1),
        ]);
        let mask = if width == 32 { u32::MAX } else { (1 << width) - 1 };
        Self { function, mask, inputs: 0, ports }
    }

    fn output(&self) -> bool {
        match self.function {
            GateFunction::Or => self.inputs != 0,
            GateFunction::And => self.inputs == self.mask,
            GateFunction::Xor => self.inputs.count_ones() % 2 == 1,
            GateFunction::Not => self.inputs & 1 == 0,
            GateFunction::Buffer => self.inputs & 1 == 1,
        }
    }
}

impl Device for GateModel {
    fn ports(&self) -> &[Port] {
        &self.ports
    }

    fn set_input(&mut self, _: usize, bits: u32, _: &mut Bus<'_>) {
        self.inputs = bits & self.mask;
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        bus.set(1, self.output().into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_those_of_the_tables() {
        for (function, table) in [
            (GateFunction::Or, [false, true, true, true]),
            (GateFunction::And, [false, false, false, true]),
            (GateFunction::Xor, [false, true, true, false]),
            (GateFunction::Not, [true, false, true, false]),
            (GateFunction::Buffer, [false, true, false, true]),
        ] {
            for (inputs, output) in (0..).zip(table) {
                let gate = GateModel { inputs, ..GateModel::new(function, 2) };
                assert_eq!(gate.output(), output, "{function:?} of {inputs:#b}");
            }
        }
    }
}
