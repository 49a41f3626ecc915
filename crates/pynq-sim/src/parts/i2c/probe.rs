//! A logic analyser on an I2C bus.

use alloc::{format, string::String, vec::Vec};

use crate::device::{Bus, Device, I2c, InterfaceKind, Message, Port, View};

/// Listens to an I2C bus, and shows as text what it heard, one transfer a line: `S50W A 12 A P` is a start with address 0x50
/// for writing, an acknowledge, a byte, an acknowledge and a stop. `N` is no acknowledge, `Sr` a repeated start, `R` the
/// direction of reading.
///
/// Join its port `bus` to any end of the bus.
#[derive(Clone, Debug, Default)]
pub struct I2cProbe {
    heard: Vec<I2c>,
}

/// Messages that are kept.
const KEPT: usize = 1 << 20;

static PORTS: [Port; 1] = [Port::interface("bus", InterfaceKind::I2c)];

/// The byte whose ninth bit is still to come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    Sent,
    Received(u8),
}

impl I2cProbe {
    /// A probe that has heard nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { heard: Vec::new() }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let mut owned = false;
        let mut open = Open::Nothing;
        for message in &self.heard {
            match (*message, open) {
                (I2c::Ack(true), Open::Sent) => {
                    text.push_str(" A");
                    open = Open::Nothing;
                    continue;
                }
                (I2c::Ack(acknowledged), Open::Received(byte)) => {
                    text.push_str(&format!(" {byte:02x} {}", if acknowledged { "A" } else { "N" }));
                    open = Open::Nothing;
                    continue;
                }
                (I2c::Data(data), Open::Received(byte)) => {
                    open = Open::Received(byte & data);
                    continue;
                }
                // Several targets may acknowledge at once, and hold the clock meanwhile.
                (I2c::Ack(_) | I2c::Data(_) | I2c::Hold(_) | I2c::HoldData(_), _) => continue,
                (_, Open::Sent) => text.push_str(" N"),
                _ => {}
            }
            open = Open::Sent;
            match *message {
                I2c::Start { address, read } => {
                    let (repeated, direction) = (if owned { " Sr" } else { "S" }, if read { 'R' } else { 'W' });
                    text.push_str(&format!("{repeated}{address:02x}{direction}"));
                    owned = true;
                }
                I2c::Write(byte) => text.push_str(&format!(" {byte:02x}")),
                I2c::Read => open = Open::Received(u8::MAX),
                _ => {
                    text.push_str(" P\n");
                    (owned, open) = (false, Open::Nothing);
                }
            }
        }
        text
    }
}

impl Device for I2cProbe {
    fn ports(&self) -> &[Port] {
        &PORTS
    }

    fn receive(&mut self, _: usize, message: Message, _: &mut Bus<'_>) {
        if let Message::I2c(message) = message {
            if self.heard.len() == KEPT {
                self.heard.drain(..KEPT / 2);
            }
            self.heard.push(message);
        }
    }

    fn view(&self) -> View {
        View::Text(self.text())
    }
}
