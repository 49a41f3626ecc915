//! What the outside world does to the devices of a topology.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU32, Ordering::SeqCst},
};

use pynq_conformance::{Outcome, Stimulus};

use crate::board::{Gic, Registers, gpio, timer, ttc};

/// A device whose line can be made to do something.
pub(crate) enum Device {
    /// A GPIO that nothing drives, by its status: it toggles with every write, and the line goes with it.
    Status(Registers),
    /// An AXI timer, by its expiry.
    Timer(Registers),
    /// A UARTLite, whose transmitter is always empty, by its interrupt enable.
    Uart(Registers),
    /// A pin of the GIC, which can be made pending as such.
    Pin(u32),
    /// A counter of the processor's, on this interrupt.
    Counter { registers: Registers, counter: usize, irq: u32 },
    /// A GPIO's pins.
    Pins(Registers, Mutex<[u32; 2]>),
}

/// The devices of a topology, by the line of the node that is waited on.
pub(crate) struct World {
    pub(crate) devices: Vec<(u8, Device)>,
    pub(crate) gic: Gic,
    /// One thing happens after the other, though a dispatch elsewhere lets something happen while this thread still does.
    happening: Mutex<()>,
    /// Edges raised, by line.
    raised: [AtomicU32; 32],
}

const UART_TX: usize = 0x04;
const UART_CONTROL: usize = 0x0C;
const UART_INTERRUPT: u32 = 1 << 4;

impl World {
    pub(crate) fn new(devices: Vec<(u8, Device)>, gic: Gic) -> Self {
        let this = Self { devices, gic, happening: Mutex::new(()), raised: Default::default() };
        for (_, device) in &this.devices {
            match device {
                Device::Status(registers) => {
                    registers.write(gpio::IER, 1);
                    registers.write(gpio::GIER, 1 << 31);
                }
                // What it has sent is gone at once: from now on it would interrupt.
                Device::Uart(registers) => registers.write(UART_TX, 0),
                _ => {}
            }
        }
        this
    }

    pub(crate) fn raised(&self, line: u8) -> u32 {
        self.raised[usize::from(line % 32)].load(SeqCst)
    }

    fn device(&self, line: u8) -> Result<&Device, Outcome> {
        let found = self.devices.iter().find(|(on, _)| *on == line);
        found
            .map(|(_, device)| device)
            .ok_or_else(|| Outcome::failed(format!("the backend has no device on line {line}")))
    }

    pub(crate) fn stimulate(&self, stimulus: Stimulus) -> Result<(), Outcome> {
        let _happening = self.happening.lock().unwrap_or_else(PoisonError::into_inner);
        match stimulus {
            Stimulus::Edge { line } => {
                self.raised[usize::from(line % 32)].fetch_add(1, SeqCst);
                match self.device(line)? {
                    Device::Pin(irq) => self.gic.pend(*irq),
                    device => {
                        self.set(device, true)?;
                        self.set(device, false)?;
                    }
                }
                Ok(())
            }
            Stimulus::Level { line, active } => self.set(self.device(line)?, active),
            Stimulus::Pin { channel, pin, high } => {
                let Some((_, Device::Pins(registers, pins))) = self.devices.first() else {
                    return Err(Outcome::failed("the backend has no GPIO here"));
                };
                let mut pins = pins.lock().unwrap_or_else(PoisonError::into_inner);
                let level = &mut pins[usize::from(channel & 1)];
                *level = *level & !(1 << pin) | u32::from(high) << pin;
                registers.write(gpio::DRIVE + 8 * usize::from(channel), *level);
                Ok(())
            }
        }
    }

    /// Makes the device's line active or quiet, and returns when it is.
    fn set(&self, device: &Device, active: bool) -> Result<(), Outcome> {
        match device {
            Device::Status(registers) => {
                if (registers.read(gpio::ISR) & 1 == 1) != active {
                    registers.write(gpio::ISR, 1);
                }
            }
            Device::Timer(registers) if active => {
                registers.write(timer::TCSR, timer::TINT);
                registers.write(timer::TLR, 100);
                registers.write(timer::TCSR, timer::UDT | timer::ENT | timer::ENIT);
                registers.until(timer::TCSR, |status| status & timer::TINT != 0);
            }
            Device::Timer(registers) => registers.write(timer::TCSR, timer::TINT),
            Device::Uart(registers) => registers.write(UART_CONTROL, if active { UART_INTERRUPT } else { 0 }),
            Device::Counter { registers, counter, irq } if active => {
                ttc::start(registers, *counter, 1000);
                self.gic.until_active(*irq, true);
                ttc::hold(registers, *counter);
            }
            Device::Counter { registers, counter, irq } => {
                ttc::stop(registers, *counter);
                self.gic.until_active(*irq, false);
            }
            Device::Pin(_) | Device::Pins(..) => {
                return Err(Outcome::failed("the backend's device has no level to set"));
            }
        }
        Ok(())
    }
}
