//! The model: what the data sheet says of the block, for the simulated board. The driver is tested against it.

use pynq::sim::device::{Bus, Device, Port, PortKind};

use crate::registers::{Control, Status};

const CONTROL: u32 = 0x00;
const THRESHOLD: u32 = 0x04;
const COUNT: u32 = 0x08;
const STATUS: u32 = 0x0C;

/// Indices of the input that is counted, and of the interrupt.
const PULSE: usize = 0;
const IRQ: usize = 1;

static PORTS: [Port; 2] = [Port::new("pulse", PortKind::Input, 1), Port::new("irq", PortKind::Signal, 1)];

/// A counter of pulses on its input `pulse`.
#[derive(Debug, Default)]
pub struct PulseCounterModel {
    control: Control,
    threshold: u32,
    count: u32,
    status: Status,
    level: bool,
}

impl Device for PulseCounterModel {
    fn reset(&mut self, _: &mut Bus<'_>) {
        *self = Self { level: self.level, ..Self::default() };
    }

    fn read(&mut self, offset: u32, _: &mut Bus<'_>) -> u32 {
        match offset {
            CONTROL => self.control.bits(),
            THRESHOLD => self.threshold,
            COUNT => self.count,
            STATUS => self.status.bits(),
            _ => 0,
        }
    }

    fn write(&mut self, offset: u32, value: u32, _: &mut Bus<'_>) {
        match offset {
            CONTROL => {
                let control = Control::from_bits_truncate(value);
                if control.contains(Control::RUN) && !self.control.contains(Control::RUN) {
                    self.count = 0;
                }
                self.control = control;
            }
            THRESHOLD => self.threshold = value,
            STATUS => self.status -= Status::from_bits_truncate(value),
            _ => {}
        }
    }

    fn ports(&self) -> &[Port] {
        &PORTS
    }

    fn set_input(&mut self, port: usize, bits: u32, _: &mut Bus<'_>) {
        let rises = port == PULSE && bits != 0 && !self.level;
        self.level = bits != 0;
        if rises && self.control.contains(Control::RUN) && self.count < self.threshold {
            self.count += 1;
            if self.count == self.threshold {
                self.status |= Status::REACHED;
            }
        }
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        let raised = self.status.contains(Status::REACHED) && self.control.contains(Control::INTERRUPT_ENABLE);
        bus.set(IRQ, raised.into());
    }
}
