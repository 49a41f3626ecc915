//! The AXI Quad SPI as a master in standard mode, from its data sheet (PG153).
//!
//! A word that is shifted out is one that comes in: whoever sends has to read as much, or the receive FIFO overruns. The
//! transmit FIFO is *empty* when its last word has gone to the shifter, a whole word before that one has come in. The
//! status of the interrupts remembers events; writing a one to a bit inverts it. `TRANS_INHIBIT` holds the words
//! back while the FIFO is filled; the data sheet leaves open what a change of it does to a word on its way, and here
//! that word is lost.
//!
//! On its bus ([`Spi`]) a word is complete when its last bit was, and what the chips sent at the same time is then in the
//! receive FIFO. Where no chip answers, the line is high. Another controller on the bus that selects a chip is a mode fault.
//! As a slave the block only notices that it is selected.

use alloc::{collections::VecDeque, vec::Vec};
use core::time::Duration;
use pynq_core::Instant;

use crate::device::{Bus, Device, InterfaceKind, Message, Port, PortKind, Spi};

#[cfg(test)]
mod tests;

/// Global interrupt enable.
pub const DGIER: u32 = 0x1C;
/// Interrupt status; a written one inverts its bit.
pub const IPISR: u32 = 0x20;
/// Interrupt enable.
pub const IPIER: u32 = 0x28;
/// Software reset.
pub const SRR: u32 = 0x40;
/// Control.
pub const SPICR: u32 = 0x60;
/// Status.
pub const SPISR: u32 = 0x64;
/// Transmit.
pub const DTR: u32 = 0x68;
/// Receive.
pub const DRR: u32 = 0x6C;
/// Slave selects, active low.
pub const SPISSR: u32 = 0x70;
/// Words in the transmit FIFO, less one.
pub const TX_OCCUPANCY: u32 = 0x74;
/// Words in the receive FIFO, less one.
pub const RX_OCCUPANCY: u32 = 0x78;

const GLOBAL: u32 = 1 << 31;
const RESET_KEY: u32 = 0xA;

const LOOP: u32 = 1 << 0;
const SPE: u32 = 1 << 1;
const MASTER: u32 = 1 << 2;
const CPOL: u32 = 1 << 3;
const CPHA: u32 = 1 << 4;
const TX_RESET: u32 = 1 << 5;
const RX_RESET: u32 = 1 << 6;
const MANUAL: u32 = 1 << 7;
const INHIBIT: u32 = 1 << 8;
const LSB_FIRST: u32 = 1 << 9;
const CONTROL_BITS: u32 = 0x3FF;
const CONTROL_AT_RESET: u32 = MANUAL | INHIBIT;

const RX_EMPTY: u32 = 1 << 0;
const RX_FULL: u32 = 1 << 1;
const TX_EMPTY: u32 = 1 << 2;
const TX_FULL: u32 = 1 << 3;
const MODE_FAULT: u32 = 1 << 4;
const NOT_SELECTED: u32 = 1 << 5;
const SLAVE_ERROR: u32 = 1 << 7;

/// Events, as bits of the interrupt registers.
mod event {
    pub(super) const MODE_FAULT: u32 = 1 << 0;
    pub(super) const SLAVE_MODE_FAULT: u32 = 1 << 1;
    pub(super) const DTR_EMPTY: u32 = 1 << 2;
    pub(super) const DRR_FULL: u32 = 1 << 4;
    pub(super) const OVERRUN: u32 = 1 << 5;
    pub(super) const HALF_EMPTY: u32 = 1 << 6;
    pub(super) const SELECTED: u32 = 1 << 7;
    pub(super) const ALL: u32 = 0x3FFF;
}

/// How the block was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpiParams {
    /// Frequency of `ext_spi_clk`.
    pub clock_hz: u64,
    /// Clocks of it per bit (`C_SCK_RATIO`).
    pub sck_ratio: u32,
    /// Words of a FIFO, 16 or 256; 0 for registers of one word (`C_FIFO_DEPTH`).
    pub fifo_depth: u16,
    /// Bits of a word, 8, 16 or 32 (`C_NUM_TRANSFER_BITS`).
    pub bits: u8,
    /// Slave selects, 1 to 32 (`C_NUM_SS_BITS`).
    pub slave_selects: u8,
}

impl Default for SpiParams {
    /// FIFOs of 16 bytes and one slave select; 6.25 MHz of 100 MHz.
    fn default() -> Self {
        Self { clock_hz: 100_000_000, sck_ratio: 16, fifo_depth: 16, bits: 8, slave_selects: 1 }
    }
}

impl SpiParams {
    /// How long a word is on the line.
    #[must_use]
    pub fn word_time(&self) -> Duration {
        let clocks = u128::from(self.bits) * u128::from(self.sck_ratio.max(1));
        let nanos = (clocks * 1_000_000_000).div_ceil(u128::from(self.clock_hz.max(1)));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    const fn mask(&self, count: u8) -> u32 {
        if count >= 32 { u32::MAX } else { (1 << count) - 1 }
    }
}

/// The register-level model.
#[derive(Clone, Debug)]
pub struct AxiQuadSpiModel {
    params: SpiParams,
    global: bool,
    status: u32,
    enable: u32,
    control: u32,
    /// As it is written: a zero selects.
    select: u32,
    tx: VecDeque<u32>,
    rx: VecDeque<u32>,
    /// The word that is being shifted, and when its last bit is over.
    shifter: Option<(u32, Instant)>,
    mode_fault: bool,
    /// A word was lost, and nothing has been reset since.
    overrun: bool,
    /// What the receive register of a build without FIFO holds.
    received: u32,
    /// The select lines, as the chips see them.
    lines: u32,
    /// Another controller selects this one.
    is_selected: bool,
    /// The newest word received is still to be answered by the chips.
    answers: bool,
    sent: Vec<Spi>,
    now: Instant,
}

impl AxiQuadSpiModel {
    /// A block that has just been reset.
    #[must_use]
    pub fn new(params: SpiParams) -> Self {
        Self {
            params,
            global: false,
            status: 0,
            enable: 0,
            control: CONTROL_AT_RESET,
            select: params.mask(params.slave_selects),
            tx: VecDeque::new(),
            rx: VecDeque::new(),
            shifter: None,
            mode_fault: false,
            overrun: false,
            received: 0,
            lines: 0,
            is_selected: false,
            answers: false,
            sent: Vec::new(),
            now: Instant::START,
        }
    }

    /// How the block was built.
    #[must_use]
    pub const fn params(&self) -> &SpiParams {
        &self.params
    }

    /// The AXI reset, which the software reset is as well.
    pub fn reset(&mut self) {
        let (now, lines, is_selected) = (self.now, self.lines, self.is_selected);
        let sent = core::mem::take(&mut self.sent);
        *self = Self { now, lines, is_selected, sent, ..Self::new(self.params) };
        self.show_lines();
    }

    const fn has_fifo(&self) -> bool {
        self.params.fifo_depth > 0
    }

    fn capacity(&self) -> usize {
        usize::from(self.params.fifo_depth.max(1))
    }

    const fn has(&self, bits: u32) -> bool {
        self.control & bits == bits
    }

    /// Reads a register; `None` is a bus error.
    pub fn read(&mut self, offset: u32) -> Option<u32> {
        Some(match offset {
            DGIER => u32::from(self.global) << 31,
            IPISR => self.status,
            IPIER => self.enable,
            SRR => return None,
            SPICR => self.control,
            SPISR => {
                let status = self.live_status();
                self.mode_fault = false;
                self.start();
                status
            }
            DRR => match self.rx.pop_front() {
                Some(word) => {
                    self.received = word;
                    word
                }
                None if self.has_fifo() => return None,
                None => self.received,
            },
            SPISSR => self.select,
            TX_OCCUPANCY => self.occupancy(self.tx.len()),
            RX_OCCUPANCY => self.occupancy(self.rx.len()),
            _ => 0,
        })
    }

    fn occupancy(&self, words: usize) -> u32 {
        if self.has_fifo() { u32::try_from(words.saturating_sub(1)).unwrap_or(u32::MAX) } else { 0 }
    }

    fn live_status(&self) -> u32 {
        let bits = [
            (self.rx.is_empty(), RX_EMPTY),
            (self.rx.len() == self.capacity(), RX_FULL),
            (self.tx.is_empty(), TX_EMPTY),
            (self.tx.len() == self.capacity(), TX_FULL),
            (self.mode_fault, MODE_FAULT),
            (!self.is_selected || self.has(MASTER), NOT_SELECTED),
            (!self.has(MASTER), SLAVE_ERROR),
        ];
        bits.into_iter().filter(|(set, _)| *set).fold(0, |status, (_, bit)| status | bit)
    }

    /// Writes a register; false is a bus error.
    pub fn write(&mut self, offset: u32, value: u32) -> bool {
        match offset {
            DGIER => self.global = value & GLOBAL != 0,
            IPISR => {
                self.status ^= value & event::ALL;
                if self.overrun {
                    self.status |= event::OVERRUN;
                }
            }
            IPIER => self.enable = value & event::ALL,
            SRR if value == RESET_KEY => self.reset(),
            SRR => return false,
            SPICR => self.set_control(value & CONTROL_BITS),
            DTR if self.tx.len() == self.capacity() && self.has_fifo() => return false,
            DTR => {
                if self.tx.len() == self.capacity() {
                    self.tx.clear();
                }
                self.tx.push_back(value & self.params.mask(self.params.bits));
                self.start();
            }
            SPISSR => {
                self.select = value & self.params.mask(self.params.slave_selects);
                self.show_lines();
            }
            _ => {}
        }
        true
    }

    fn set_control(&mut self, value: u32) {
        if self.has_fifo() && value & TX_RESET != 0 {
            self.tx.clear();
        }
        if self.has_fifo() && value & RX_RESET != 0 {
            self.rx.clear();
            self.overrun = false;
        }
        let before = core::mem::replace(&mut self.control, value & !(TX_RESET | RX_RESET));
        let changed = before ^ self.control;
        if changed & INHIBIT != 0 || !self.has(SPE | MASTER) {
            self.shifter = None;
        }
        // The clock moves while a chip looks at it: one bit too many.
        if changed & (CPOL | CPHA) != 0 && before & self.control & SPE != 0 && self.lines != 0 {
            self.answers = false;
            self.sent.push(Spi::Shift { data: 1, bits: 1, lanes: 1, mode: self.mode() });
        }
        self.show_lines();
        self.start();
    }

    const fn mode(&self) -> u8 {
        (self.has(CPOL) as u8) << 1 | self.has(CPHA) as u8
    }

    /// Sets the select lines to what the registers say.
    fn show_lines(&mut self) {
        let shown = self.has(SPE | MASTER) && !self.mode_fault && (self.has(MANUAL) || self.shifter.is_some());
        let lines = if shown { !self.select & self.params.mask(self.params.slave_selects) } else { 0 };
        if lines != self.lines {
            self.lines = lines;
            self.sent.push(Spi::Select(lines));
        }
    }

    /// The shifter takes a word, if it may.
    fn start(&mut self) {
        if self.shifter.is_none() && self.has(SPE | MASTER) && !self.has(INHIBIT) && !self.mode_fault {
            if let Some(word) = self.tx.pop_front() {
                self.shifter = Some((word, self.now + self.params.word_time()));
                if self.tx.is_empty() {
                    self.status |= event::DTR_EMPTY;
                }
                if self.has_fifo() && self.tx.len() == self.capacity() / 2 {
                    self.status |= event::HALF_EMPTY;
                }
            }
        }
        self.show_lines();
    }

    /// The last bit of a word is over.
    fn finish(&mut self, word: u32) {
        let outside = !self.has(LOOP);
        if outside {
            let (bits, mode) = (self.params.bits, self.mode());
            self.sent.push(Spi::Shift { data: self.in_order(word), bits, lanes: 1, mode });
        }
        self.answers = outside && self.rx.len() < self.capacity();
        if self.rx.len() == self.capacity() {
            self.overrun = true;
            self.status |= event::OVERRUN;
        } else {
            self.rx.push_back(if outside { self.params.mask(self.params.bits) } else { word });
            if self.rx.len() == self.capacity() {
                self.status |= event::DRR_FULL;
            }
        }
        if !self.has(MANUAL) {
            self.show_lines();
        }
    }

    /// A word of the registers as it is on the line, and the other way round.
    const fn in_order(&self, word: u32) -> u32 {
        if self.has(LSB_FIRST) { word.reverse_bits() >> (32 - self.params.bits) } else { word }
    }

    /// A chip sent this while the last word was shifted. Of several, a zero wins.
    pub fn answer(&mut self, word: u32) {
        let word = self.in_order(word & self.params.mask(self.params.bits));
        if let (true, Some(newest)) = (self.answers, self.rx.back_mut()) {
            *newest &= word;
        }
    }

    /// Another controller on the bus selects chips, or none any more.
    pub fn selected_by_other(&mut self, lines: u32) {
        let begins = lines != 0 && !self.is_selected;
        self.is_selected = lines != 0;
        if !begins {
            return;
        }
        match (self.has(SPE), self.has(MASTER)) {
            (true, true) => {
                self.mode_fault = true;
                self.shifter = None;
                self.status |= event::MODE_FAULT;
                self.show_lines();
            }
            (true, false) => self.status |= event::SELECTED,
            (false, false) => self.status |= event::SLAVE_MODE_FAULT,
            (false, true) => {}
        }
    }

    /// Whether the interrupt output is active.
    #[must_use]
    pub const fn output(&self) -> bool {
        self.global && self.status & self.enable != 0
    }

    /// What went out on the bus since the last call of this.
    pub fn take_sent(&mut self) -> Vec<Spi> {
        core::mem::take(&mut self.sent)
    }

    /// When a word on its way is complete.
    #[must_use]
    pub fn next_event(&self) -> Option<Instant> {
        self.shifter.map(|(_, over)| over)
    }

    /// Lets time pass.
    pub fn pass_to(&mut self, now: Instant) {
        while let Some((word, over)) = self.shifter.filter(|(_, over)| *over <= now) {
            self.now = self.now.max(over);
            self.shifter = None;
            self.finish(word);
            self.start();
        }
        self.now = self.now.max(now);
    }
}

const IRQ: usize = 0;
const BUS: usize = 1;

static PORTS: [Port; 2] =
    [Port::new("ip2intc_irpt", PortKind::Signal, 1), Port::interface("SPI_0", InterfaceKind::Spi)];

impl Device for AxiQuadSpiModel {
    fn ports(&self) -> &[Port] {
        &PORTS
    }

    fn reset(&mut self, _: &mut Bus<'_>) {
        self.reset();
    }

    fn read(&mut self, offset: u32, bus: &mut Bus<'_>) -> u32 {
        AxiQuadSpiModel::read(self, offset).unwrap_or_else(|| {
            bus.refuse();
            u32::MAX
        })
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus<'_>) {
        if !AxiQuadSpiModel::write(self, offset, value) {
            bus.refuse();
        }
    }

    fn receive(&mut self, _: usize, message: Message, _: &mut Bus<'_>) {
        match message {
            Message::Spi(Spi::Answer(word)) => self.answer(word),
            Message::Spi(Spi::Select(lines)) => self.selected_by_other(lines),
            _ => {}
        }
    }

    fn tick(&mut self, bus: &mut Bus<'_>) {
        self.pass_to(bus.now());
    }

    /// A read takes what has been received.
    fn is_still(&self) -> bool {
        self.rx.is_empty()
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        for message in self.sent.drain(..) {
            bus.send(BUS, Message::Spi(message));
        }
        bus.set(IRQ, self.output().into());
        bus.wake_at(self.next_event());
    }
}
