//! The block on the wire: what it is doing there, how long that takes, and what comes next.

use pynq_core::Instant;

use super::{ARB_LOST, AxiIicModel, DEPTH, EN, MSMS, RSTA, START, STOP, TX, TX_ERROR, TXAK};
use crate::device::I2c;

/// What the block is doing on the bus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Nothing.
    #[default]
    Idle,
    /// A START, or a repeated one.
    Start,
    /// The eight bits of an address.
    Address,
    /// Its ninth.
    AddressAck,
    /// The eight bits of a byte to the target.
    Write,
    /// Its ninth.
    WriteAck,
    /// The eight bits of a byte from the target.
    Read,
    /// Its ninth.
    ReadAck,
    /// Between two bytes, with SCL held low: it lacks an entry, or room.
    Between,
    /// A STOP.
    Stop,
}

/// The state of the block on the wire, and what it knows of the others there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wire {
    phase: Phase,
    /// When the phase began.
    since: Instant,
    /// When it is over.
    due: Instant,
    /// The byte being sent, or the one being received.
    shift: u8,
    /// A target has pulled SDA low in the ninth bit.
    acked: bool,
    /// The block acknowledges the byte that it receives.
    acks: bool,
    /// It has sent a START and not yet a STOP.
    owns: bool,
    /// A START was seen, and no STOP after it.
    busy: bool,
    reading: bool,
    /// The transfer was begun by an entry of the FIFO that asked for a START.
    dynamic: bool,
    /// The next entry is an address.
    addresses: bool,
    /// Bytes still to be read, once an entry has said how many.
    left: Option<u8>,
    /// A STOP follows the byte under way, or the next one where there is none.
    stops: bool,
    /// It waits for an entry of the transmit FIFO.
    starved: bool,
    /// Targets that hold SCL low.
    clock_held: u32,
    /// Ends that hold SDA low.
    data_held: u32,
}

impl Wire {
    pub(super) const fn is_busy(&self) -> bool {
        self.busy
    }

    pub(super) const fn waits_for_entry(&self) -> bool {
        self.starved
    }

    /// What is left of it by a reset: what others hold.
    pub(super) fn after_reset(self) -> Self {
        Self { clock_held: self.clock_held, data_held: self.data_held, ..Self::default() }
    }
}

impl AxiIicModel {
    /// When the bus next does something by itself.
    #[must_use]
    pub fn next_event(&self) -> Option<Instant> {
        let wire = &self.wire;
        let moves = !matches!(wire.phase, Phase::Idle | Phase::Between);
        (moves && wire.clock_held == 0 && !self.is_pulled_down()).then_some(wire.due)
    }

    /// Neither a START nor a STOP is possible while another end holds SDA.
    fn is_pulled_down(&self) -> bool {
        self.wire.data_held != 0 && matches!(self.wire.phase, Phase::Start | Phase::Stop)
    }

    /// Lets time pass.
    pub fn pass_to(&mut self, now: Instant) {
        while let Some(due) = self.next_event().filter(|&due| due <= now) {
            self.now = self.now.max(due);
            self.finish();
            self.step();
            if !self.sent.is_empty() {
                // The others answer before time goes on.
                break;
            }
        }
        self.now = self.now.max(now);
    }

    fn enter(&mut self, phase: Phase, bits: u32) {
        self.wire.phase = phase;
        self.wire.since = self.now;
        self.wire.due = self.now + self.bit_time() * bits;
    }

    /// The phase is over.
    fn finish(&mut self) {
        match self.wire.phase {
            Phase::Idle | Phase::Between => {}
            Phase::Start => self.enter(Phase::Between, 0),
            Phase::Address | Phase::Write if self.wire.data_held != 0 && self.wire.shift != 0 => self.lose(),
            Phase::Address => {
                let read = self.wire.shift & 1 != 0;
                if self.wire.dynamic && read {
                    // An entry that comes later is not looked at, and then it is one byte.
                    self.wire.left = Some(self.tx.pop_front().map_or(1, |entry| low(entry).max(1)));
                }
                self.sent.push(I2c::Start { address: self.wire.shift >> 1, read });
                self.wire.acked = false;
                self.enter(Phase::AddressAck, 1);
            }
            Phase::Write => {
                self.sent.push(I2c::Write(self.wire.shift));
                self.wire.acked = false;
                self.enter(Phase::WriteAck, 1);
            }
            Phase::AddressAck | Phase::WriteAck => {
                if self.wire.phase == Phase::AddressAck {
                    self.wire.reading = self.cr & TX == 0;
                }
                self.enter(Phase::Between, 0);
                if !self.wire.acked {
                    // It gets off the bus by itself.
                    self.isr |= TX_ERROR;
                    self.cr &= !MSMS;
                    self.wire.stops = true;
                }
                self.leave_if_due();
            }
            Phase::Read => {
                self.sent.push(I2c::Read);
                self.wire.shift = u8::MAX;
                self.wire.acks = self.cr & TXAK == 0 && self.wire.left != Some(1);
                self.enter(Phase::ReadAck, 1);
            }
            Phase::ReadAck => {
                self.enter(Phase::Between, 0);
                self.received();
                self.leave_if_due();
            }
            Phase::Stop => {
                self.sent.push(I2c::Stop);
                self.cr &= !MSMS;
                self.wire = Wire { clock_held: self.wire.clock_held, ..Wire::default() };
            }
        }
    }

    fn received(&mut self) {
        let data = if self.wire.data_held == 0 { self.wire.shift } else { 0 };
        if self.rx.len() < DEPTH {
            self.rx.push_back(data);
        }
        self.sent.push(I2c::Ack(self.wire.acks));
        if !self.wire.acks {
            self.isr |= TX_ERROR;
        }
        self.wire.left = self.wire.left.map(|left| left.saturating_sub(1));
        // Whether or not the entry asked for a STOP.
        self.wire.stops |= self.wire.left == Some(0);
    }

    fn leave_if_due(&mut self) {
        if self.wire.stops {
            self.enter(Phase::Stop, 1);
        }
    }

    /// A change of a register, or the end of a phase: goes on with what can go on.
    pub(super) fn step(&mut self) {
        self.wire.starved = false;
        match self.wire.phase {
            Phase::Idle => self.begin(),
            Phase::Between => self.go_on(),
            _ => {}
        }
        self.sample();
    }

    /// Off the bus: a START, if one is wanted and the bus is free.
    fn begin(&mut self) {
        let dynamic = self.tx.front().is_some_and(|entry| entry & START != 0);
        if self.cr & EN == 0 || self.wire.busy || !(dynamic || self.cr & MSMS != 0) {
            return;
        }
        self.wire.dynamic = dynamic;
        self.start();
    }

    fn start(&mut self) {
        self.cr |= MSMS;
        self.cr &= !RSTA;
        self.wire.owns = true;
        // With SDA low there is no edge that would be one.
        self.wire.busy |= self.wire.data_held == 0;
        self.wire.reading = false;
        self.wire.left = None;
        self.wire.stops = false;
        self.wire.addresses = true;
        self.enter(Phase::Start, 1);
    }

    /// Between two bytes.
    fn go_on(&mut self) {
        if self.wire.addresses {
            let Some(entry) = self.entry() else { return };
            self.wire.addresses = false;
            self.wire.shift = low(entry);
            if entry & START != 0 {
                self.wire.dynamic = true;
                self.cr = if entry & 1 == 0 { self.cr | TX } else { self.cr & !TX };
            }
            self.wire.stops |= entry & STOP != 0;
            return self.enter(Phase::Address, 8);
        }
        if self.wire.reading && self.is_rx_full() {
            return;
        }
        let is_sending = self.wire.dynamic && !self.wire.reading;
        let restarts = is_sending && self.tx.front().is_some_and(|entry| entry & START != 0);
        if self.cr & RSTA != 0 || restarts {
            // The START itself waits for the entry with the address.
            if self.tx.is_empty() {
                self.wire.starved = true;
            } else {
                self.start();
            }
        } else if self.wire.reading {
            self.enter(Phase::Read, 8);
        } else {
            let Some(entry) = self.entry() else { return };
            self.wire.shift = low(entry);
            self.wire.stops |= entry & STOP != 0;
            self.enter(Phase::Write, 8);
        }
    }

    /// The next entry of the transmit FIFO; if there is none, SCL is held.
    fn entry(&mut self) -> Option<u16> {
        let entry = self.tx.pop_front();
        self.wire.starved = entry.is_none();
        entry
    }

    /// MSMS was cleared. It takes effect at the end of a byte, and at once where the receiver holds SCL.
    pub(super) fn release_bus(&mut self) {
        if !self.wire.owns {
            return;
        }
        let held = self.wire.phase == Phase::Between && self.wire.reading && self.is_rx_full();
        self.wire.stops = true;
        if held {
            self.enter(Phase::Stop, 1);
        }
    }

    /// EN was cleared: it is off the bus, and knows nothing of the others any more.
    pub(super) fn disable(&mut self) {
        self.wire = self.wire.after_reset();
    }

    /// RSTA was set. Between two bytes it is what comes next; anywhere else the START cuts a byte in two.
    pub(super) fn cut_for_restart(&mut self) {
        match self.wire.phase {
            Phase::Between => {}
            _ if self.wire.owns => self.start(),
            // A repeated start of a bus that it does not have is arbitration that it has lost.
            _ if self.cr & MSMS == 0 => {
                self.isr |= ARB_LOST;
                self.cr &= !RSTA;
            }
            _ => {}
        }
    }

    /// Another controller was faster, or sent a 0 where this one sent a 1.
    fn lose(&mut self) {
        self.isr |= ARB_LOST;
        self.cr &= !MSMS;
        let Wire { clock_held, data_held, .. } = self.wire;
        self.wire = Wire { clock_held, data_held, busy: true, ..Wire::default() };
    }

    /// Another end of the bus has done something.
    pub fn hear(&mut self, message: I2c) {
        match message {
            I2c::Start { address, read } => self.hear_byte(Phase::Address, address << 1 | u8::from(read)),
            I2c::Write(data) => self.hear_byte(Phase::Write, data),
            I2c::Stop => {
                if self.wire.owns {
                    self.lose();
                }
                self.wire.busy = false;
            }
            I2c::Ack(true) if matches!(self.wire.phase, Phase::AddressAck | Phase::WriteAck) => self.wire.acked = true,
            I2c::Data(data) if self.wire.phase == Phase::ReadAck => self.wire.shift &= data,
            I2c::Hold(true) => self.wire.clock_held += 1,
            I2c::Hold(false) => {
                self.wire.clock_held = self.wire.clock_held.saturating_sub(1);
                // The rest of the bit is still to come.
                self.wire.due = self.wire.due.max(self.now + self.bit_time());
            }
            I2c::HoldData(true) => {
                self.wire.data_held += 1;
                // SDA that falls while SCL is high is a START.
                self.wire.busy = true;
            }
            I2c::HoldData(false) => {
                self.wire.data_held = self.wire.data_held.saturating_sub(1);
                // SDA that rises while SCL is high is a STOP.
                if self.wire.data_held == 0 && !self.wire.owns {
                    self.wire.busy = false;
                } else {
                    self.wire.due = self.wire.due.max(self.now + self.bit_time());
                    self.wire.busy = true;
                }
            }
            I2c::Ack(_) | I2c::Data(_) | I2c::Read => {}
        }
        self.step();
    }

    /// Another controller has sent a byte. The one that sends the lower byte keeps the bus, and two that send the same go on
    /// together.
    fn hear_byte(&mut self, phase: Phase, theirs: u8) {
        // Both end their eighth bit at the same time, and one of them is called first.
        let ninth = if phase == Phase::Address { Phase::AddressAck } else { Phase::WriteAck };
        let is_level = self.wire.phase == phase || self.wire.phase == ninth && self.wire.since == self.now;
        if !self.wire.owns {
            self.wire.busy = self.cr & EN != 0;
        } else if !is_level || theirs < self.wire.shift {
            self.lose();
        }
    }
}

const fn low(entry: u16) -> u8 {
    let [low, _] = entry.to_le_bytes();
    low
}
