//! Stimuli from the outside world.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use super::Fabric;
use crate::{
    device::{Message, Serial, SerialCharacter},
    error::Error,
};

/// Something that happens to the board, as a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stimulus {
    /// One pin of a block's channel is driven from outside.
    Pin {
        /// The block's path.
        path: String,
        /// Its channel, counted from 1.
        channel: u8,
        /// The pin.
        bit: u8,
        /// What drives it.
        level: bool,
    },
    /// All pins of a channel of a block are driven from outside, at once.
    Pins {
        /// The block's path.
        path: String,
        /// Its channel, counted from 1.
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
    /// A character has just come in on a serial line.
    Character {
        /// The path of a block, whose first serial line it is, or an interface, as `path/port`.
        path: String,
        /// The character.
        character: SerialCharacter,
    },
    /// Characters come in on a serial line from now on, one after the other as fast as the line is, after those that are
    /// already on their way.
    Serial {
        /// The path of a block, whose first serial line it is, or an interface, as `path/port`.
        path: String,
        /// The characters.
        characters: Vec<SerialCharacter>,
    },
    /// Something comes in at an interface of a block, as from a part that is joined to it.
    Message {
        /// The interface, as `path/port`.
        port: String,
        /// What comes in.
        message: Message,
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
    /// One pin of a block's channel.
    #[must_use]
    pub fn pin(path: &str, channel: u8, bit: u8, level: bool) -> Self {
        Self::Pin { path: path.to_string(), channel, bit, level }
    }

    /// All pins of a block's channel.
    #[must_use]
    pub fn pins(path: &str, channel: u8, bits: u32) -> Self {
        Self::Pins { path: path.to_string(), channel, bits }
    }

    /// A character that has just come in, as it should.
    #[must_use]
    pub fn character(path: &str, data: u8) -> Self {
        Self::Character { path: path.to_string(), character: SerialCharacter { data, fault: None } }
    }

    /// Text that comes in on a serial line, as fast as that is.
    #[must_use]
    pub fn text(path: &str, text: impl AsRef<[u8]>) -> Self {
        let characters = text.as_ref().iter().map(|&data| SerialCharacter::new(data)).collect();
        Self::Serial { path: path.to_string(), characters }
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

/// A stimulus whose names were looked up.
pub(crate) enum Action {
    /// These bits of an input port become those.
    Input {
        block: usize,
        port: usize,
        mask: u32,
        bits: u32,
    },
    Message {
        block: usize,
        port: usize,
        message: Message,
    },
    Line {
        wire: usize,
        level: bool,
    },
    Release {
        wire: usize,
    },
    Pulse {
        wire: usize,
    },
}

impl Fabric {
    /// Lets a stimulus happen now.
    ///
    /// # Errors
    ///
    /// If there is no such block, channel, port or line.
    pub fn apply(&mut self, stimulus: &Stimulus) -> Result<(), Error> {
        let action = self.resolve(stimulus)?;
        self.act(action);
        Ok(())
    }

    /// Whether a stimulus could happen now.
    ///
    /// # Errors
    ///
    /// As [`apply`](Self::apply).
    pub fn check(&mut self, stimulus: &Stimulus) -> Result<(), Error> {
        self.resolve(stimulus).map(drop)
    }

    /// One pin of a block's channel is driven from outside.
    pub(crate) fn drive_pin(&mut self, path: &str, channel: u8, bit: u8, level: bool) -> Result<(), Error> {
        let action = self.pin_action(path, channel, bit, level)?;
        self.act(action);
        Ok(())
    }

    fn pin_action(&self, path: &str, channel: u8, bit: u8, level: bool) -> Result<Action, Error> {
        if bit >= 32 {
            return Err(Error::NoSuchPort {
                path: path.to_string(),
                port: alloc::format!("pin {bit}"),
                has: "pins 0 to 31".to_string(),
            });
        }
        let (block, port) = self.channel_port(path, channel, false)?;
        Ok(Action::Input { block, port, mask: 1 << bit, bits: u32::from(level) << bit })
    }

    /// Looks up the names in a stimulus.
    pub(super) fn resolve(&mut self, stimulus: &Stimulus) -> Result<Action, Error> {
        Ok(match stimulus {
            Stimulus::Pin { path, channel, bit, level } => self.pin_action(path, *channel, *bit, *level)?,
            Stimulus::Pins { path, channel, bits } => {
                let (block, port) = self.channel_port(path, *channel, false)?;
                Action::Input { block, port, mask: u32::MAX, bits: *bits }
            }
            Stimulus::Port { port, bits } => {
                let (block, port) = self.port(port)?;
                Action::Input { block, port, mask: u32::MAX, bits: *bits }
            }
            Stimulus::Character { path, character } => {
                let (block, port) = self.serial_end(path)?;
                Action::Message { block, port, message: Message::Serial(Serial::Character(*character)) }
            }
            Stimulus::Serial { path, characters } => {
                let (block, port) = self.serial_end(path)?;
                Action::Message { block, port, message: Message::Serial(Serial::Characters(characters.clone())) }
            }
            Stimulus::Message { port, message } => {
                let (block, port) = self.interface_named(port, message.kind())?;
                Action::Message { block, port, message: message.clone() }
            }
            Stimulus::Line { line, level } => Action::Line { wire: self.wire_or_new(line)?, level: *level },
            Stimulus::Release { line } => Action::Release { wire: self.wire_or_new(line)? },
            Stimulus::Pulse { line } => Action::Pulse { wire: self.wire_or_new(line)? },
        })
    }

    pub(super) fn act(&mut self, action: Action) {
        self.unserved = 0;
        match action {
            Action::Input { block, port, mask, bits } => {
                let bits = self.blocks[block].levels[port] & !mask | bits & mask;
                self.set_input(block, port, bits);
            }
            Action::Message { block, port, message } => {
                self.deliver_from_outside(block, port, message);
            }
            Action::Line { wire, level } => self.set_wire(wire, level),
            Action::Release { wire } => self.release_wire(wire),
            Action::Pulse { wire } => self.pulse_wire(wire),
        }
    }
}
