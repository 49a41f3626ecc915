//! The ports of a block: pins and interfaces, by name.

use alloc::{borrow::Cow, string::String};

use super::InterfaceKind;

/// What a port is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PortKind {
    /// Pins that are inputs.
    Input,
    /// Pins that are outputs, and that the outside world sees. Their changes are reported to the board's observers.
    Output,
    /// Pins that are outputs within the design, such as an interrupt.
    Signal,
    /// As [`Signal`](Self::Signal), of a block whose model never drives them: stimuli do.
    Stimulated,
    /// A typed interface.
    Interface(InterfaceKind),
}

impl PortKind {
    /// Whether these are pins that the block drives.
    #[must_use]
    pub const fn is_output(self) -> bool {
        matches!(self, Self::Output | Self::Signal | Self::Stimulated)
    }
}

/// A port of a device: up to 32 pins under one name, or an interface.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Port {
    /// The name, as in the handoff file.
    pub name: Cow<'static, str>,
    /// What it is for.
    pub kind: PortKind,
    /// How many pins it has, at most 32.
    pub width: u8,
    /// The channel these pins are, counted from 1, in a block that has channels of pins; else 0.
    pub channel: u8,
    /// The register whose set bits acknowledge the pins of the same numbers, in an interrupt controller.
    pub acknowledged_by: Option<u32>,
}

impl Port {
    /// A port whose name is known at compile time.
    #[must_use]
    pub const fn new(name: &'static str, kind: PortKind, width: u8) -> Self {
        Self { name: Cow::Borrowed(name), kind, width, channel: 0, acknowledged_by: None }
    }

    /// A port whose name comes from elsewhere.
    #[must_use]
    pub const fn named(name: String, kind: PortKind, width: u8) -> Self {
        Self { name: Cow::Owned(name), kind, width, channel: 0, acknowledged_by: None }
    }

    /// An interface whose name is known at compile time.
    #[must_use]
    pub const fn interface(name: &'static str, kind: InterfaceKind) -> Self {
        Self::new(name, PortKind::Interface(kind), 0)
    }

    /// The same pins as those of a channel, which stimuli and observers know by its number: inputs are driven from
    /// outside, outputs are seen there.
    #[must_use]
    pub const fn of_channel(mut self, channel: u8) -> Self {
        self.channel = channel;
        self
    }

    /// The same inputs, with the register that acknowledges them.
    #[must_use]
    pub const fn acknowledged_by(mut self, offset: u32) -> Self {
        self.acknowledged_by = Some(offset);
        self
    }
}
