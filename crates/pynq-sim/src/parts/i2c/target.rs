//! A target of an I2C bus: bytes on one side, messages on the other.

use core::time::Duration;

use pynq_core::Instant;

use crate::device::{Bus, Device, I2c, InterfaceKind, Message, Port, PortKind, View};

/// The address of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum I2cAddress {
    /// One of 7 bits.
    Seven(u8),
    /// One of 10 bits.
    Ten(u16),
}

/// A part on an I2C bus. Only the first three methods are needed.
///
/// Where two controllers send a byte at the same time, the part gets it once if it is the same. If not, it gets both, the one of
/// the controller that loses the bus by it among them.
pub trait I2cTarget: Send {
    /// Whether this is an address of the part.
    fn answers(&self, address: I2cAddress) -> bool;

    /// A byte to the part, when its last bit is over. Returns whether the part acknowledges it.
    fn write(&mut self, byte: u8, now: Instant) -> bool;

    /// The byte that the controller reads now.
    fn read(&mut self, now: Instant) -> u8;

    /// A start, or a repeated one, with an address of the part. Returns whether the part acknowledges it: one that is busy
    /// may not.
    fn start(&mut self, address: I2cAddress, read: bool, now: Instant) -> bool {
        let _ = (address, read, now);
        true
    }

    /// The controller has acknowledged the byte that it read, or not.
    fn acknowledged(&mut self, acknowledged: bool) {
        let _ = acknowledged;
    }

    /// A stop after a transfer with the part.
    fn stop(&mut self, now: Instant) {
        let _ = now;
    }

    /// For how long the part holds the clock low after the address or the byte before.
    fn stretch(&mut self) -> Duration {
        Duration::ZERO
    }

    /// A number from outside: what a sensor measures, for one. Its meaning is the part's.
    fn set(&mut self, value: u32) {
        let _ = value;
    }

    /// What an onlooker sees of the part.
    fn view(&self) -> View {
        View::Nothing
    }
}

/// What is going on between the controller and a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Talk {
    /// Nothing: another part is meant, or none.
    #[default]
    Elsewhere,
    /// The first byte of a 10-bit address was the part's; these are its upper bits.
    UpperBits(u16),
    Written,
    Read,
}

/// A part as a device, with an interface `bus` and an input `value` of 32 pins.
#[derive(Clone, Debug, Default)]
pub struct Target<T> {
    part: T,
    talk: Talk,
    /// The 10-bit address that was written to since the last stop: a read repeats only its first byte.
    ten: Option<u16>,
    /// The part has been addressed since the last stop.
    met: bool,
    /// It holds the clock low until then.
    holds: Option<Instant>,
    /// The last start or byte from a controller, and when it ended.
    latest: Option<(Instant, I2c)>,
}

const BUS: usize = 0;

static PORTS: [Port; 2] = [Port::interface("bus", InterfaceKind::I2c), Port::new("value", PortKind::Input, 32)];

impl<T: I2cTarget> Target<T> {
    /// The part on a bus.
    pub const fn new(part: T) -> Self {
        Self { part, talk: Talk::Elsewhere, ten: None, met: false, holds: None, latest: None }
    }

    fn answer(&mut self, message: I2c, bus: &mut Bus<'_>) {
        bus.send(BUS, Message::I2c(message));
        let stretch = self.part.stretch();
        if stretch > Duration::ZERO && self.holds.is_none() {
            self.holds = Some(bus.now() + stretch);
            bus.send(BUS, Message::I2c(I2c::Hold(true)));
        }
    }

    fn addressed(&mut self, address: I2cAddress, read: bool, bus: &mut Bus<'_>) {
        let takes = self.part.start(address, read, bus.now());
        self.talk = if !takes {
            Talk::Elsewhere
        } else if read {
            Talk::Read
        } else {
            Talk::Written
        };
        self.met |= takes;
        if takes {
            self.answer(I2c::Ack(true), bus);
        }
    }

    fn started(&mut self, address: u8, read: bool, bus: &mut Bus<'_>) {
        self.talk = Talk::Elsewhere;
        let upper = u16::from(address & 3) << 8;
        if address >> 2 != 0b11110 {
            if self.part.answers(I2cAddress::Seven(address)) {
                self.addressed(I2cAddress::Seven(address), read, bus);
            }
        } else if let (true, Some(ten)) = (read, self.ten) {
            if ten & 0x300 == upper {
                self.addressed(I2cAddress::Ten(ten), true, bus);
            }
        } else if !read && (upper..upper + 0x100).any(|address| self.part.answers(I2cAddress::Ten(address))) {
            self.talk = Talk::UpperBits(upper);
            bus.send(BUS, Message::I2c(I2c::Ack(true)));
        }
    }

    fn written(&mut self, byte: u8, bus: &mut Bus<'_>) {
        match self.talk {
            Talk::UpperBits(upper) => {
                let address = upper | u16::from(byte);
                self.talk = Talk::Elsewhere;
                self.ten = None;
                if self.part.answers(I2cAddress::Ten(address)) {
                    self.ten = Some(address);
                    self.addressed(I2cAddress::Ten(address), false, bus);
                }
            }
            Talk::Written if self.part.write(byte, bus.now()) => self.answer(I2c::Ack(true), bus),
            _ => {}
        }
    }
}

impl<T: I2cTarget> Device for Target<T> {
    fn ports(&self) -> &[Port] {
        &PORTS
    }

    fn set_input(&mut self, _: usize, bits: u32, _: &mut Bus<'_>) {
        self.part.set(bits);
    }

    fn receive(&mut self, _: usize, message: Message, bus: &mut Bus<'_>) {
        let Message::I2c(message) = message else { return };
        if matches!(message, I2c::Start { .. } | I2c::Write(_)) {
            // A byte takes its time: this is another controller that sends the same.
            if self.latest.replace((bus.now(), message)) == Some((bus.now(), message)) {
                if self.talk != Talk::Elsewhere {
                    bus.send(BUS, Message::I2c(I2c::Ack(true)));
                }
                return;
            }
        }
        match message {
            I2c::Start { address, read } => self.started(address, read, bus),
            I2c::Write(byte) => self.written(byte, bus),
            I2c::Read if self.talk == Talk::Read => {
                let byte = self.part.read(bus.now());
                self.answer(I2c::Data(byte), bus);
            }
            I2c::Ack(acknowledged) if self.talk == Talk::Read => {
                self.part.acknowledged(acknowledged);
                if !acknowledged {
                    self.talk = Talk::Elsewhere;
                }
            }
            I2c::Stop => {
                self.talk = Talk::Elsewhere;
                self.ten = None;
                if core::mem::take(&mut self.met) {
                    self.part.stop(bus.now());
                }
            }
            _ => {}
        }
    }

    fn tick(&mut self, bus: &mut Bus<'_>) {
        if self.holds.is_some_and(|until| until <= bus.now()) {
            self.holds = None;
            bus.send(BUS, Message::I2c(I2c::Hold(false)));
        }
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        bus.wake_at(self.holds);
    }

    fn view(&self) -> View {
        self.part.view()
    }
}
