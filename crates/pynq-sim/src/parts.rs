//! External parts, which are joined to the chip from outside.
//!
//! Each is a [`Device`] without addresses. An onlooker sees its state as its [`View`].

pub mod i2c;

use alloc::{string::String, vec::Vec};

use crate::device::{Bus, Device, InterfaceKind, Message, Port, PortKind, Serial, SerialCharacter, View};

mod frames;
mod hdmi;
mod mcp3208;
mod pmod_oled;
mod spi;
mod ssd1306;
mod stream;
mod w25q;

pub use frames::{FrameSink, FrameSource};
pub use hdmi::{HdmiMonitor, HdmiSource};
pub use mcp3208::{AnalogInputs, Mcp3208};
pub use pmod_oled::PmodOled;
pub use spi::{SpiChip, SpiTarget};
pub use stream::{StreamFunction, StreamPackets, StreamSink, StreamSource};
pub use w25q::W25q;

/// A terminal on a serial line: it shows received text, and sends typed text.
///
/// Typed text comes to its port `keyboard`, as a message of characters:
/// [`Stimulus::Message`](crate::Stimulus::Message).
///
/// ```
/// use pynq_sim::{
///     Board,
///     device::View,
///     models::{AxiUartLiteModel, UartParams},
///     parts::Terminal,
/// };
///
/// let board = Board::builder()
///     .device("uart", 0x4060_0000, 0x1_0000, AxiUartLiteModel::new(UartParams::default()))
///     .part("terminal", Terminal::new())
///     .join("uart/UART", "terminal/line")
///     .build()?;
/// board.window("uart")?.write(0x4, u32::from(b'!'));
/// board.advance(core::time::Duration::from_millis(1));
/// assert_eq!(board.view("terminal")?, View::Text("!".into()));
/// # Ok::<(), pynq_sim::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Terminal {
    shown: Vec<u8>,
}

/// Bytes that a terminal keeps.
const KEPT: usize = 1 << 16;

const LINE: usize = 0;
const KEYBOARD: usize = 1;

static TERMINAL: [Port; 2] =
    [Port::interface("line", InterfaceKind::Serial), Port::interface("keyboard", InterfaceKind::Serial)];

impl Terminal {
    /// A terminal that shows nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { shown: Vec::new() }
    }

    fn show(&mut self, character: SerialCharacter) {
        if self.shown.len() == KEPT {
            self.shown.drain(..KEPT / 2);
        }
        self.shown.push(character.data);
    }
}

impl Device for Terminal {
    fn ports(&self) -> &[Port] {
        &TERMINAL
    }

    fn receive(&mut self, port: usize, message: Message, bus: &mut Bus<'_>) {
        match (port, message) {
            // The other end knows how fast the line is.
            (KEYBOARD, Message::Serial(Serial::Character(character))) => {
                bus.send(LINE, Message::Serial(Serial::Characters(Vec::from([character]))));
            }
            (KEYBOARD, message) => bus.send(LINE, message),
            (_, Message::Serial(Serial::Character(character))) => self.show(character),
            (_, Message::Serial(Serial::Characters(characters))) => {
                characters.into_iter().for_each(|character| self.show(character));
            }
            _ => {}
        }
    }

    fn view(&self) -> View {
        View::Text(String::from_utf8_lossy(&self.shown).into_owned())
    }
}

/// A cable from a serial line back to itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoopBack;

impl Device for LoopBack {
    fn ports(&self) -> &[Port] {
        &TERMINAL[..1]
    }

    fn receive(&mut self, port: usize, message: Message, bus: &mut Bus<'_>) {
        bus.send(port, message);
    }
}

/// A lamp on a wire: wire an output to its input `in`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lamp(bool);

static LAMP: [Port; 1] = [Port::new("in", PortKind::Input, 1)];

impl Lamp {
    /// A lamp that is dark.
    #[must_use]
    pub const fn new() -> Self {
        Self(false)
    }
}

impl Device for Lamp {
    fn ports(&self) -> &[Port] {
        &LAMP
    }

    fn set_input(&mut self, _: usize, bits: u32, _: &mut Bus<'_>) {
        self.0 = bits & 1 != 0;
    }

    fn view(&self) -> View {
        View::Level(self.0)
    }
}

/// A button or a switch: it is channel 1 of itself, so [`press`](crate::Board::press) and
/// [`release`](crate::Board::release) move it. Wire its output `out` to an input.
#[derive(Clone, Copy, Debug, Default)]
pub struct Switch(bool);

static SWITCH: [Port; 2] = [Port::new("hand", PortKind::Input, 1).of_channel(1), Port::new("out", PortKind::Signal, 1)];

impl Switch {
    /// A switch that is off.
    #[must_use]
    pub const fn new() -> Self {
        Self(false)
    }
}

impl Device for Switch {
    fn ports(&self) -> &[Port] {
        &SWITCH
    }

    fn set_input(&mut self, _: usize, bits: u32, _: &mut Bus<'_>) {
        self.0 = bits & 1 != 0;
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        bus.set(1, self.0.into());
    }

    fn view(&self) -> View {
        View::Level(self.0)
    }
}
