//! What the outside world does to the board, and what it sees of it.

use alloc::string::{String, ToString};

use super::{
    Board, State, Target,
    state::{Load, Wire, list},
};
use crate::{
    device::{PortKind, SerialCharacter},
    error::Error,
    models::axi_gpio::{PIN_INPUT, PIN_OUTPUT, PORTS_PER_CHANNEL},
};

/// Something that happens to the board, as a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stimulus {
    /// One pin of an AXI GPIO is driven from outside.
    Pin {
        /// The block's path.
        path: String,
        /// Its channel, 1 or 2.
        channel: u8,
        /// The pin.
        bit: u8,
        /// What drives it.
        level: bool,
    },
    /// All pins of a channel of an AXI GPIO are driven from outside, at once.
    Pins {
        /// The block's path.
        path: String,
        /// Its channel, 1 or 2.
        channel: u8,
        /// What drives them.
        bits: u32,
    },
    /// An input port of any block is driven from outside.
    Port {
        /// The port, as `path/port`.
        port: String,
        /// What drives it.
        bits: u32,
    },
    /// A character has just come in on the serial line of a UART.
    Character {
        /// The block's path.
        path: String,
        /// The character.
        character: SerialCharacter,
    },
    /// A line is driven, or, where a device drives it already, held.
    Line {
        /// Either end of it, as `path/port[bit]`.
        line: String,
        /// The level.
        level: bool,
    },
    /// A held line is left to its device again.
    Release {
        /// Either end of it, as `path/port[bit]`.
        line: String,
    },
    /// A line is inverted for an instant.
    Pulse {
        /// Either end of it, as `path/port[bit]`.
        line: String,
    },
}

impl Stimulus {
    /// One pin of an AXI GPIO.
    #[must_use]
    pub fn pin(path: &str, channel: u8, bit: u8, level: bool) -> Self {
        Self::Pin { path: path.to_string(), channel, bit, level }
    }

    /// All pins of a channel of an AXI GPIO.
    #[must_use]
    pub fn pins(path: &str, channel: u8, bits: u32) -> Self {
        Self::Pins { path: path.to_string(), channel, bits }
    }

    /// A character that has just come in, as it should.
    #[must_use]
    pub fn character(path: &str, data: u8) -> Self {
        Self::Character { path: path.to_string(), character: SerialCharacter { data, fault: None } }
    }

    /// A line.
    #[must_use]
    pub fn line(line: &str, level: bool) -> Self {
        Self::Line { line: line.to_string(), level }
    }

    /// A pulse on a line.
    #[must_use]
    pub fn pulse(line: &str) -> Self {
        Self::Pulse { line: line.to_string() }
    }
}

/// One end of a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Driver { block: usize, port: usize, bit: u8 },
    Load(Load),
}

impl State {
    /// The block and port that `path/port` names.
    fn port(&self, text: &str) -> Result<(usize, usize), Error> {
        let (path, port) = text.rsplit_once('/').ok_or_else(|| Error::NotAPort { text: text.to_string() })?;
        let block = self.block(path)?;
        let ports = match &self.blocks[block].target {
            Target::Device(device) => device.ports(),
            Target::Memory => &[],
        };
        let index = ports.iter().position(|candidate| candidate.name == port).ok_or_else(|| Error::NoSuchPort {
            path: path.to_string(),
            port: port.to_string(),
            has: list(ports.iter().map(|port| &*port.name)),
        })?;
        Ok((block, index))
    }

    /// What `path/port[bit]` or `cpu/number` names.
    pub(crate) fn end(&self, text: &str) -> Result<End, Error> {
        if let Some(id) = text.strip_prefix("cpu/").and_then(|id| id.parse().ok()) {
            return self.pin(id).map(|pin| End::Load(Load::Pin(pin)));
        }
        let not_a_port = || Error::NotAPort { text: text.to_string() };
        let (name, bit) = match text.strip_suffix(']') {
            Some(rest) => {
                let (name, bit) = rest.rsplit_once('[').ok_or_else(not_a_port)?;
                (name, Some(bit.parse::<u8>().map_err(|_| not_a_port())?))
            }
            None => (text, None),
        };
        let (block, port) = self.port(name)?;
        let Target::Device(device) = &self.blocks[block].target else { return Err(not_a_port()) };
        let description = &device.ports()[port];
        let bit = match bit {
            Some(bit) if bit < description.width => bit,
            None if description.width == 1 => 0,
            _ => {
                return Err(Error::NoSuchPort {
                    path: self.blocks[block].path.clone(),
                    port: text.rsplit_once('/').map_or(text, |(_, port)| port).to_string(),
                    has: alloc::format!("{}[0] to [{}]", description.name, description.width.saturating_sub(1)),
                });
            }
        };
        Ok(match description.kind {
            PortKind::Input => End::Load(Load::Block { block, port, bit }),
            PortKind::Output | PortKind::Signal => End::Driver { block, port, bit },
        })
    }

    pub(crate) fn pin(&self, id: u32) -> Result<usize, Error> {
        self.pins.iter().position(|pin| pin.id == id).ok_or_else(|| {
            let ids: alloc::vec::Vec<String> = self.pins.iter().map(|pin| pin.id.to_string()).collect();
            Error::NoSuchPin { id, has: list(ids.iter().map(String::as_str)) }
        })
    }

    /// The wire that ends there; one that was never wired comes into being, driven by stimuli alone.
    pub(crate) fn wire_or_new(&mut self, name: &str) -> Result<usize, Error> {
        let unknown = match self.wire(name) {
            Ok(wire) => return Ok(wire),
            Err(unknown) => unknown,
        };
        let end = self.end(name).map_err(|_| unknown)?;
        let wires = || self.wires.iter().enumerate();
        let known = match end {
            End::Driver { block, port, bit } => {
                self.blocks[block].drives.iter().find(|drive| (drive.0, drive.1) == (port, bit)).map(|drive| drive.2)
            }
            End::Load(load) => wires().find(|(_, wire)| wire.loads.contains(&load)).map(|(index, _)| index),
        };
        let wire = match known {
            Some(wire) => wire,
            None => self.new_wire(name, end),
        };
        self.wire_names.insert(name.to_string(), wire);
        Ok(wire)
    }

    pub(crate) fn new_wire(&mut self, name: &str, end: End) -> usize {
        let index = self.wires.len();
        let mut wire = Wire {
            name: name.to_string(),
            has_driver: false,
            driven: false,
            forced: None,
            level: false,
            deaf: false,
            loads: alloc::vec::Vec::new(),
        };
        match end {
            End::Driver { block, port, bit } => {
                self.blocks[block].drives.push((port, bit, index));
                wire.driven = self.blocks[block].levels[port] >> bit & 1 != 0;
                wire.level = wire.driven;
                // A port that its model never drives is the stimuli's.
                wire.has_driver = match &self.blocks[block].target {
                    Target::Device(device) => !device.outputs_are_stimuli(),
                    Target::Memory => false,
                };
            }
            End::Load(load) => wire.loads.push(load),
        }
        self.wires.push(wire);
        self.wire_names.insert(name.to_string(), index);
        index
    }

    /// The acknowledge register and bit of an interrupt controller's input.
    pub(crate) fn acknowledge(&self, load: Load) -> Option<(usize, u32, u32)> {
        let Load::Block { block, bit, .. } = load else { return None };
        match &self.blocks[block].target {
            Target::Device(device) => device.acknowledge_offset().map(|offset| (block, offset, 1 << bit)),
            Target::Memory => None,
        }
    }

    fn gpio_port(&self, path: &str, channel: u8, port: usize) -> Result<(usize, usize), Error> {
        let block = self.block(path)?;
        let channels = match &self.blocks[block].target {
            Target::Device(device) => device.gpio_channels(),
            Target::Memory => 0,
        };
        if !(1..=channels).contains(&channel) {
            return Err(Error::NoSuchChannel { path: path.to_string(), channel, channels });
        }
        Ok((block, PORTS_PER_CHANNEL * usize::from(channel - 1) + port))
    }

    /// Whether a stimulus could be applied.
    pub(crate) fn check(&mut self, stimulus: &Stimulus) -> Result<(), Error> {
        match stimulus {
            Stimulus::Pin { path, bit, .. } if *bit >= 32 => Err(Error::NoSuchPort {
                path: path.clone(),
                port: alloc::format!("pin {bit}"),
                has: "pins 0 to 31".to_string(),
            }),
            Stimulus::Pin { path, channel, .. } | Stimulus::Pins { path, channel, .. } => {
                self.gpio_port(path, *channel, PIN_INPUT).map(drop)
            }
            Stimulus::Port { port, .. } => self.port(port).map(drop),
            Stimulus::Character { path, .. } => self.with_serial_line(path, |_, _| ()),
            Stimulus::Line { line, .. } | Stimulus::Release { line } | Stimulus::Pulse { line } => {
                self.wire_or_new(line).map(drop)
            }
        }
    }

    pub(crate) fn apply(&mut self, stimulus: &Stimulus) -> Result<(), Error> {
        self.check(stimulus)?;
        match stimulus {
            Stimulus::Pin { path, channel, bit, level } => {
                let (block, port) = self.gpio_port(path, *channel, PIN_INPUT)?;
                let bits = self.blocks[block].levels[port] & !(1 << bit) | u32::from(*level) << bit;
                self.set_input(block, port, bits);
            }
            Stimulus::Pins { path, channel, bits } => {
                let (block, port) = self.gpio_port(path, *channel, PIN_INPUT)?;
                self.set_input(block, port, *bits);
            }
            Stimulus::Port { port, bits } => {
                let (block, port) = self.port(port)?;
                self.set_input(block, port, *bits);
            }
            Stimulus::Character { path, character } => {
                self.with_serial_line(path, |line, _| line.arrive(*character))?;
            }
            Stimulus::Line { line, level } => {
                let wire = self.wire_or_new(line)?;
                self.set_wire(wire, *level);
            }
            Stimulus::Release { line } => {
                let wire = self.wire_or_new(line)?;
                self.release_wire(wire);
            }
            Stimulus::Pulse { line } => {
                let wire = self.wire_or_new(line)?;
                self.pulse_wire(wire);
            }
        }
        Ok(())
    }
}

/// Stimuli. Each has its effect, up to the wakers it calls, before it returns.
impl Board {
    /// Lets a stimulus happen now.
    ///
    /// # Errors
    ///
    /// If the board has no such block, channel, port or line.
    pub fn stimulate(&self, stimulus: &Stimulus) -> Result<(), Error> {
        self.shared().act(|state| state.apply(stimulus))
    }

    /// Drives one pin of channel 1 or 2 of an AXI GPIO from outside.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`], [`Error::NoSuchChannel`] or [`Error::NoSuchPort`].
    pub fn input(&self, path: &str, channel: u8, bit: u8, level: bool) -> Result<(), Error> {
        self.stimulate(&Stimulus::pin(path, channel, bit, level))
    }

    /// Presses a button: drives a pin of channel 1 high.
    ///
    /// # Errors
    ///
    /// As [`input`](Self::input).
    pub fn press(&self, path: &str, bit: u8) -> Result<(), Error> {
        self.input(path, 1, bit, true)
    }

    /// Releases a button: drives a pin of channel 1 low.
    ///
    /// # Errors
    ///
    /// As [`input`](Self::input).
    pub fn release(&self, path: &str, bit: u8) -> Result<(), Error> {
        self.input(path, 1, bit, false)
    }

    /// What an AXI GPIO drives onto the pins of a channel.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`] or [`Error::NoSuchChannel`].
    pub fn output(&self, path: &str, channel: u8) -> Result<u32, Error> {
        self.shared().with(|state| {
            let (block, port) = state.gpio_port(path, channel, PIN_OUTPUT)?;
            Ok(state.blocks[block].levels[port])
        })
    }

    /// The levels of any port, as `path/port`.
    ///
    /// # Errors
    ///
    /// [`Error::NotAPort`], [`Error::NoSuchBlock`] or [`Error::NoSuchPort`].
    pub fn port(&self, port: &str) -> Result<u32, Error> {
        self.shared().with(|state| {
            let (block, port) = state.port(port)?;
            Ok(state.blocks[block].levels[port])
        })
    }

    /// The level of a line, named by either end: `path/port`, `path/port[bit]` or `cpu/number`.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLine`].
    pub fn line(&self, line: &str) -> Result<bool, Error> {
        self.shared().with(|state| {
            let wire = state.wire_or_new(line)?;
            Ok(state.wires[wire].level)
        })
    }

    /// Drives a line, named by either end. A line that a device drives is held (a stuck line) until it is
    /// [let go](Self::release_line).
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLine`].
    pub fn set_line(&self, line: &str, level: bool) -> Result<(), Error> {
        self.stimulate(&Stimulus::line(line, level))
    }

    /// Leaves a held line to its device again.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLine`].
    pub fn release_line(&self, line: &str) -> Result<(), Error> {
        self.stimulate(&Stimulus::Release { line: line.to_string() })
    }

    /// Inverts a line for an instant.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLine`].
    pub fn pulse_line(&self, line: &str) -> Result<(), Error> {
        self.stimulate(&Stimulus::pulse(line))
    }
}
