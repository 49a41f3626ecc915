//! What a device model is.

use alloc::{borrow::Cow, string::String, vec::Vec};
use pynq_core::Instant;

use crate::memory::{Memory, Unbacked};

/// A model of an IP block: registers on one side, pins on the other.
///
/// A model has no clock and no thread. It is told of accesses and pin changes, and the board looks at its outputs after
/// each; a model that does something by itself later names the time with [`next_event`](Self::next_event). All of it
/// runs under the board's lock, so a model must not call back into the board.
pub trait Device: Send {
    /// Puts the block into its reset state. What drives its inputs stays.
    fn reset(&mut self);

    /// Reads the 32-bit register at byte `offset`, a multiple of four within the block.
    fn read(&mut self, offset: u32, bus: &mut Bus<'_>) -> u32;

    /// Writes the 32-bit register at byte `offset`, a multiple of four within the block.
    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus<'_>);

    /// The pins, by port. The list never changes; the methods below know a port by its index in it.
    fn ports(&self) -> &[Port] {
        &[]
    }

    /// An input port changed to `bits`.
    fn set_input(&mut self, port: usize, bits: u32) {
        let _ = (port, bits);
    }

    /// The level of every bit of an output port.
    fn output(&self, port: usize) -> u32 {
        let _ = port;
        0
    }

    /// The bits of an output port that left their level and came back since this was last asked.
    fn take_pulses(&mut self, port: usize) -> u32 {
        let _ = port;
        0
    }

    /// When the block next does something by itself.
    fn next_event(&self) -> Option<Instant> {
        None
    }

    /// Catches up with the clock. Called before every access and input change, and at [`next_event`](Self::next_event).
    fn tick(&mut self, bus: &mut Bus<'_>) {
        let _ = bus;
    }

    /// Fault: the next edge on each of these bits of an input port goes unnoticed. False if the model can't do that.
    fn lose_edges(&mut self, port: usize, bits: u32) -> bool {
        let _ = (port, bits);
        false
    }

    /// The register whose set bits acknowledge the inputs of the same numbers, in an interrupt controller.
    fn acknowledge_offset(&self) -> Option<u32> {
        None
    }

    /// Whether the model never drives its outputs, so that stimuli do.
    fn outputs_are_stimuli(&self) -> bool {
        false
    }

    /// How many channels of pins the block has, if its ports are those of an AXI GPIO.
    fn gpio_channels(&self) -> u8 {
        0
    }

    /// The block's serial line, if it has one.
    fn serial_line(&mut self) -> Option<&mut dyn SerialLine> {
        None
    }
}

/// The outer side of a UART.
pub trait SerialLine {
    /// Characters come in, one after the other as fast as the line is, after those that are already on their way.
    fn queue(&mut self, characters: &[SerialCharacter], now: Instant);

    /// A character has just come in: its last bit was now.
    fn arrive(&mut self, character: SerialCharacter);

    /// Takes what was sent so far, up to the last character whose stop bit is over.
    fn take_sent(&mut self) -> Vec<u8>;
}

/// A character on a serial line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SerialCharacter {
    /// Its data bits.
    pub data: u8,
    /// What was wrong with it.
    pub fault: Option<SerialFault>,
}

/// What can be wrong with a character on a serial line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SerialFault {
    /// There was no stop bit.
    Frame,
    /// The parity bit was wrong.
    Parity,
}

/// What a port is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PortKind {
    /// An input.
    Input,
    /// An output that the outside world sees. Its changes are reported to the board's observers.
    Output,
    /// An output within the design, such as an interrupt.
    Signal,
}

/// A port of a device: up to 32 pins under one name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Port {
    /// The name, as in the handoff file.
    pub name: Cow<'static, str>,
    /// What it is for.
    pub kind: PortKind,
    /// How many bits it has, at most 32.
    pub width: u8,
}

impl Port {
    /// A port whose name is known at compile time.
    #[must_use]
    pub const fn new(name: &'static str, kind: PortKind, width: u8) -> Self {
        Self { name: Cow::Borrowed(name), kind, width }
    }

    /// A port whose name comes from elsewhere.
    #[must_use]
    pub const fn named(name: String, kind: PortKind, width: u8) -> Self {
        Self { name: Cow::Owned(name), kind, width }
    }
}

/// What a device sees of the board: the time, and the memory it can reach as a bus master.
#[derive(Debug)]
pub struct Bus<'a> {
    now: Instant,
    memory: &'a mut Memory,
    refused: bool,
}

impl<'a> Bus<'a> {
    pub(crate) fn new(now: Instant, memory: &'a mut Memory) -> Self {
        Self { now, memory, refused: false }
    }

    /// Answers the access with an error (SLVERR): it reads all ones, and is recorded as one that misbehaved.
    pub fn refuse(&mut self) {
        self.refused = true;
    }

    pub(crate) const fn is_refused(&self) -> bool {
        self.refused
    }

    /// The time now.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Reads memory.
    ///
    /// # Errors
    ///
    /// [`Unbacked`] if part of the range is not memory. Nothing is read then.
    pub fn read_memory(&self, address: u64, bytes: &mut [u8]) -> Result<(), Unbacked> {
        self.memory.read(address, bytes)
    }

    /// Writes memory.
    ///
    /// # Errors
    ///
    /// [`Unbacked`] if part of the range is not memory. Nothing is written then.
    pub fn write_memory(&mut self, address: u64, bytes: &[u8]) -> Result<(), Unbacked> {
        self.memory.write(address, bytes)
    }
}
