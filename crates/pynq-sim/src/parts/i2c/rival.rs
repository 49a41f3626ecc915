//! Another controller on the same bus.

use alloc::{collections::VecDeque, format, string::String, vec::Vec};
use core::time::Duration;

use pynq_core::Instant;

use crate::device::{Bus, Device, I2c, InterfaceKind, Message, Port, View};

/// A write that another controller does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RivalTransfer {
    /// When it wants the bus.
    pub at: Instant,
    /// Whom it writes to.
    pub address: u8,
    /// What it writes.
    pub bytes: Vec<u8>,
}

/// A second controller on a bus of 100 kHz: it does the writes that it is given, each when the bus is free from its time on,
/// and gives way to one that sends a lower byte at the same time. One that it has lost it tries again.
///
/// Its view is text, a line for each write that it has done: `50: 01 02`, or `50: N` if there was no acknowledge.
#[derive(Clone, Debug, Default)]
pub struct I2cRival {
    plan: VecDeque<RivalTransfer>,
    done: Vec<(RivalTransfer, bool)>,
    /// The write under way, and what of it is on the wire: 0 the address, 1 the first byte.
    at_byte: Option<usize>,
    /// When the byte, or its acknowledge, or the stop is over.
    due: Instant,
    /// Its ninth bit is next.
    ninth: bool,
    acked: bool,
    stops: bool,
    busy: bool,
}

const BIT: Duration = Duration::from_micros(10);

static PORTS: [Port; 1] = [Port::interface("bus", InterfaceKind::I2c)];

impl I2cRival {
    /// A controller that does these writes, in this order.
    #[must_use]
    pub fn new(plan: impl IntoIterator<Item = RivalTransfer>) -> Self {
        Self { plan: plan.into_iter().collect(), ..Self::default() }
    }

    /// The byte on the wire.
    fn byte(&self) -> Option<u8> {
        let transfer = self.plan.front()?;
        match self.at_byte? {
            0 => Some(transfer.address << 1),
            at => transfer.bytes.get(at - 1).copied(),
        }
    }

    fn begin(&mut self, now: Instant) {
        if self.at_byte.is_none() && !self.busy && self.plan.front().is_some_and(|transfer| transfer.at <= now) {
            self.at_byte = Some(0);
            self.ninth = false;
            self.stops = false;
            self.due = now + BIT * 9;
        }
    }

    fn go_on(&mut self, bus: &mut Bus<'_>) {
        let (Some(at), Some(transfer)) = (self.at_byte, self.plan.front()) else { return };
        if self.stops {
            bus.send(0, Message::I2c(I2c::Stop));
            self.at_byte = None;
            self.done.extend(self.plan.pop_front().map(|transfer| (transfer, self.acked)));
        } else if !self.ninth {
            let message = match self.byte() {
                Some(byte) if at > 0 => I2c::Write(byte),
                _ => I2c::Start { address: transfer.address, read: false },
            };
            bus.send(0, Message::I2c(message));
            (self.ninth, self.acked) = (true, false);
            self.due = bus.now() + BIT;
        } else {
            self.ninth = false;
            self.stops = !self.acked || at == transfer.bytes.len();
            self.at_byte = Some(at + 1);
            self.due = bus.now() + if self.stops { BIT } else { BIT * 8 };
        }
    }

    /// Another controller has sent a byte: the lower one keeps the bus.
    fn hear(&mut self, theirs: u8) {
        self.busy = true;
        if self.at_byte.is_some() && (self.stops || self.byte().is_none_or(|ours| theirs < ours)) {
            self.at_byte = None;
        }
    }
}

impl Device for I2cRival {
    fn ports(&self) -> &[Port] {
        &PORTS
    }

    fn receive(&mut self, _: usize, message: Message, bus: &mut Bus<'_>) {
        match message {
            Message::I2c(I2c::Start { address, read }) => self.hear(address << 1 | u8::from(read)),
            Message::I2c(I2c::Write(byte)) => self.hear(byte),
            Message::I2c(I2c::Ack(true)) if self.ninth => self.acked = true,
            Message::I2c(I2c::Stop) => {
                self.busy = false;
                self.begin(bus.now());
            }
            _ => {}
        }
    }

    fn tick(&mut self, bus: &mut Bus<'_>) {
        if self.at_byte.is_some() && self.due <= bus.now() {
            self.go_on(bus);
        }
        self.begin(bus.now());
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        let next = match self.at_byte {
            Some(_) => Some(self.due),
            None if self.busy => None,
            None => self.plan.front().map(|transfer| transfer.at.max(bus.now())),
        };
        bus.wake_at(next);
    }

    fn view(&self) -> View {
        let line = |(transfer, acked): &(RivalTransfer, bool)| {
            let bytes = transfer.bytes.iter().map(|byte| format!(" {byte:02x}")).collect::<String>();
            format!("{:02x}:{}\n", transfer.address, if *acked { bytes } else { " N".into() })
        };
        View::Text(self.done.iter().map(line).collect())
    }
}
