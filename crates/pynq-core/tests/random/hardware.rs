//! The hardware of a schedule: one to three interrupt controllers in a row, two dual-channel GPIOs on the last, three
//! raw lines, a pin straight on a second CPU pin. The register models are the simulator's, wired by hand for speed.

use pynq_sim::models::{AxiGpioModel, AxiIntcModel, GpioChannel, GpioParams, IntcParams};

/// Inputs of the last controller: 0 and 1 raw edges, 2 a raw level, 3 and 4 the GPIOs.
pub(crate) const RAW_LEVEL: u8 = 2;
pub(crate) const GPIO: u8 = 3;
/// Input of every controller but the last on which the next one sits.
pub(crate) const CHILD: u8 = 5;
pub(crate) const INPUTS: u8 = 6;

pub(crate) struct Hardware {
    pub(crate) controllers: Vec<AxiIntcModel>,
    pub(crate) gpios: [AxiGpioModel; 2],
    /// The device behind the raw level line asks for service.
    pub(crate) raw_level: bool,
    /// The device on the second CPU pin asks for service.
    pub(crate) direct: bool,
    /// The design was replaced: a register access is an error.
    pub(crate) gone: bool,
}

/// Which device a register window belongs to.
#[derive(Clone, Copy)]
pub(crate) enum Device {
    Controller(usize),
    Gpio(usize),
}

impl Hardware {
    pub(crate) fn new(depth: usize, kinds: u32) -> Self {
        let controller =
            || AxiIntcModel::new(IntcParams { inputs: INPUTS, kind_of_intr: kinds, ..IntcParams::default() });
        let channel = GpioChannel::inputs(2);
        let gpio =
            || AxiGpioModel::new(GpioParams { channel1: channel, channel2: Some(channel), interrupt_present: true });
        Self {
            controllers: (0..depth).map(|_| controller()).collect(),
            gpios: [gpio(), gpio()],
            raw_level: false,
            direct: false,
            gone: false,
        }
    }

    pub(crate) fn read(&mut self, device: Device, offset: u32) -> u32 {
        let value = match device {
            Device::Controller(n) => self.controllers[n].read(offset),
            Device::Gpio(n) => self.gpios[n].read(offset),
        };
        self.settle(0);
        value
    }

    pub(crate) fn write(&mut self, device: Device, offset: u32, value: u32) {
        match device {
            Device::Controller(n) => self.controllers[n].write(offset, value),
            Device::Gpio(n) => self.gpios[n].write(offset, value),
        }
        self.settle(0);
    }

    /// A rising and a falling edge on raw line 0 or 1.
    pub(crate) fn edge(&mut self, line: u32) {
        self.settle(1 << line);
        self.settle(0);
    }

    pub(crate) fn toggle(&mut self, gpio: usize, channel: u8, pin: u8) -> bool {
        let pins = self.gpios[gpio].pins(channel + 1) ^ 1 << pin;
        self.gpios[gpio].set_pins(channel + 1, pins);
        self.settle(0);
        pins >> pin & 1 == 1
    }

    pub(crate) fn pin(&self, gpio: usize, channel: u8, pin: u8) -> bool {
        self.gpios[gpio].pins(channel + 1) >> pin & 1 == 1
    }

    pub(crate) fn set_raw_level(&mut self, high: bool) {
        self.raw_level = high;
        self.settle(0);
    }

    /// Lets every wire take its level, from the devices up.
    fn settle(&mut self, edges: u32) {
        let mut inputs = edges | u32::from(self.raw_level) << RAW_LEVEL;
        for (gpio, line) in self.gpios.iter().zip(GPIO..) {
            inputs |= u32::from(gpio.irq()) << line;
        }
        for index in (0..self.controllers.len()).rev() {
            self.controllers[index].set_inputs(inputs);
            let (output, dipped) = (self.controllers[index].irq(), self.controllers[index].take_pulse());
            if dipped && index > 0 {
                self.controllers[index - 1].set_inputs(u32::from(!output) << CHILD);
            }
            inputs = u32::from(output) << CHILD;
        }
    }

    pub(crate) fn cpu_pin(&self, pin: usize) -> bool {
        if pin == 0 { self.controllers[0].irq() } else { self.direct }
    }

    pub(crate) fn enables(&self, controller: usize) -> u32 {
        self.controllers[controller].read(0x08)
    }

    pub(crate) fn channels_enabled(&mut self, gpio: usize) -> u32 {
        self.gpios[gpio].read(0x128)
    }
}
