//! Device models: their interface to the board, and the board's to them.

mod bus;
mod frame;
mod interface;
mod port;

pub use bus::{Bus, Master};
pub use frame::Frame;
pub use interface::{
    Burst, I2c, InterfaceKind, Message, Picture, Serial, SerialCharacter, SerialFault, Spi, Stream, Timing, Video,
};
pub use port::{Port, PortKind};

pub use crate::fabric::{Execution, Unmade};

/// A model of an IP block, or of a part outside of the chip: registers on one side, pins and interfaces on the other.
///
/// A model has no clock and no thread. The fabric calls it with accesses, changes of its inputs, messages and times;
/// each call ends with [`drive`](Self::drive), in which the model sets its outputs and the time at which it next does
/// something by itself. Methods for features that it does not have need not be implemented: an LED has no registers, a
/// plain register block no pins.
///
/// All of it runs under the board's lock, so a model must not call the board; it has its [`Bus`].
pub trait Device: Send {
    /// The pins and interfaces. The list never changes; the methods below know a port by its index in it.
    fn ports(&self) -> &[Port] {
        &[]
    }

    /// How many pins of a port there are in this build, where its [`Port`] gives the most there can be.
    fn width(&self, port: usize) -> u8 {
        self.ports().get(port).map_or(0, |port| port.width)
    }

    /// Puts the block into its reset state. The levels of its inputs stay.
    fn reset(&mut self, bus: &mut Bus<'_>) {
        let _ = bus;
    }

    /// Reads the 32-bit register at byte `offset`, a multiple of four within the block.
    fn read(&mut self, offset: u32, bus: &mut Bus<'_>) -> u32 {
        let _ = offset;
        bus.refuse();
        u32::MAX
    }

    /// Writes the 32-bit register at byte `offset`, a multiple of four within the block.
    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus<'_>) {
        let _ = (offset, value);
        bus.refuse();
    }

    /// Whether the registers take bytes and halves, by the write strobes: [`Bus::strobes`]. If not, such an access is a
    /// bus error.
    fn takes_strobes(&self) -> bool {
        false
    }

    /// An input port changed to `bits`.
    fn set_input(&mut self, port: usize, bits: u32, bus: &mut Bus<'_>) {
        let _ = (port, bits, bus);
    }

    /// Something came in at an interface.
    fn receive(&mut self, port: usize, message: Message, bus: &mut Bus<'_>) {
        let _ = (port, message, bus);
    }

    /// Catches up with the clock. Called before anything else at a new time, and at the time that
    /// [`Bus::wake_at`] set.
    fn tick(&mut self, bus: &mut Bus<'_>) {
        let _ = bus;
    }

    /// Does what it does by itself at the time that [`Bus::wake_at`] set, after [`tick`](Self::tick). A processor executes
    /// instructions here, see [`Bus::execution`]; for most models catching up with the clock is all there is.
    fn run(&mut self, bus: &mut Bus<'_>) {
        let _ = bus;
    }

    /// Whether the registers read the same until something happens to the block: an access, an input, a message, or the time
    /// that [`Bus::wake_at`] set. A processor that polls them then need not execute the loop.
    fn is_still(&self) -> bool {
        false
    }

    /// Sets the outputs ([`Bus::set`], [`Bus::pulse`]), and the time at which the block next does something by itself
    /// ([`Bus::wake_at`]). Called after each of the methods above, unless the time is the same and the method has said that
    /// nothing has changed ([`Bus::settled`]).
    fn drive(&mut self, bus: &mut Bus<'_>) {
        let _ = bus;
    }

    /// What an onlooker sees of the part.
    fn view(&self) -> View {
        View::Nothing
    }
}

/// What an onlooker sees of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum View {
    /// There is nothing to see.
    Nothing,
    /// Something that is on or off: a switch, a lamp.
    Level(bool),
    /// Text: a terminal.
    Text(alloc::string::String),
    /// A picture: a display.
    Picture(Picture),
}
