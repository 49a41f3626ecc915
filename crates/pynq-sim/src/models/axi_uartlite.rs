//! The AXI UART Lite, from its data sheet (PG142).
//!
//! Its interrupt is a pulse of one clock and no level: it reports that the receive FIFO *became* non-empty, or the
//! transmit FIFO empty, and a pulse that is not latched at that moment is lost. Reads and writes of the FIFOs rearm the
//! two edge detectors, so that a pulse follows each read while data remains. Reading the status clears the errors in
//! it, and an access that a FIFO can't serve is a bus error.

use crate::device::{Bus, Device, InterfaceKind, Message, Port, PortKind, Serial, SerialCharacter, SerialFault};
use alloc::{collections::VecDeque, vec::Vec};
use core::time::Duration;
use pynq_core::Instant;

#[cfg(test)]
mod tests;

/// Receive FIFO.
pub const RX_FIFO: u32 = 0x0;
/// Transmit FIFO.
pub const TX_FIFO: u32 = 0x4;
/// Status.
pub const STAT: u32 = 0x8;
/// Control.
pub const CTRL: u32 = 0xC;

const RX_VALID: u32 = 1 << 0;
const RX_FULL: u32 = 1 << 1;
const TX_EMPTY: u32 = 1 << 2;
const TX_FULL: u32 = 1 << 3;
const INTR_ENABLED: u32 = 1 << 4;
const OVERRUN: u32 = 1 << 5;
const FRAME: u32 = 1 << 6;
const PARITY: u32 = 1 << 7;

const RESET_TX: u32 = 1 << 0;
const RESET_RX: u32 = 1 << 1;
const ENABLE_INTR: u32 = 1 << 4;

/// Entries of a FIFO.
const DEPTH: usize = 16;

/// Clocks of the baud rate generator per bit.
const OVERSAMPLING: u64 = 16;

/// The parity bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UartParity {
    /// There is none.
    #[default]
    None,
    /// Even.
    Even,
    /// Odd.
    Odd,
}

/// How the block was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UartParams {
    /// Frequency of its clock, `s_axi_aclk`.
    pub clock_hz: u64,
    /// Frequency it was built for (`C_S_AXI_ACLK_FREQ_HZ`). With another clock the baud rate is another one, too.
    pub built_for_hz: u64,
    /// Bits per second (`C_BAUDRATE`).
    pub baud_rate: u32,
    /// Bits of a character, 5 to 8 (`C_DATA_BITS`).
    pub data_bits: u8,
    /// `C_USE_PARITY` and `C_ODD_PARITY`.
    pub parity: UartParity,
}

impl Default for UartParams {
    /// 115,200 baud, 8 bits, no parity, at 100 MHz.
    fn default() -> Self {
        Self {
            clock_hz: 100_000_000,
            built_for_hz: 100_000_000,
            baud_rate: 115_200,
            data_bits: 8,
            parity: UartParity::None,
        }
    }
}

impl UartParams {
    /// How long a character is on the line, with its start, parity and stop bits. The clock is divided by a whole number,
    /// so this is not quite what the baud rate says.
    #[must_use]
    pub fn character_time(&self) -> Duration {
        let rate = OVERSAMPLING * u64::from(self.baud_rate.max(1));
        let divisor = ((self.built_for_hz + rate / 2) / rate).max(1);
        let bits = 2 + u64::from(self.data_bits) + u64::from(self.parity != UartParity::None);
        let clocks = u128::from(bits * OVERSAMPLING * divisor);
        let nanos = (clocks * 1_000_000_000).div_ceil(u128::from(self.clock_hz.max(1)));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// The register-level model.
#[derive(Clone, Debug)]
pub struct AxiUartLiteModel {
    params: UartParams,
    rx: VecDeque<u8>,
    tx: VecDeque<u8>,
    /// What is being sent, and when its stop bit is over.
    shifter: Option<(u8, Instant)>,
    errors: u32,
    enabled: bool,
    /// The edge detectors: the levels at their last sample.
    rx_was_valid: bool,
    tx_was_empty: bool,
    /// The interrupt has pulsed since the last `take_pulse`.
    pulse: bool,
    /// The characters on their way in, and when the first of them will have arrived.
    incoming: VecDeque<SerialCharacter>,
    due: Option<Instant>,
    sent: Vec<u8>,
    now: Instant,
}

impl AxiUartLiteModel {
    /// A block that has just been reset, with an idle line.
    #[must_use]
    pub fn new(params: UartParams) -> Self {
        Self {
            params,
            rx: VecDeque::with_capacity(DEPTH),
            tx: VecDeque::with_capacity(DEPTH),
            shifter: None,
            errors: 0,
            enabled: false,
            rx_was_valid: false,
            tx_was_empty: true,
            pulse: false,
            incoming: VecDeque::new(),
            due: None,
            sent: Vec::new(),
            now: Instant::START,
        }
    }

    /// How the block was built.
    #[must_use]
    pub const fn params(&self) -> &UartParams {
        &self.params
    }

    /// The AXI reset. What is on its way in stays on its way.
    pub fn reset(&mut self) {
        let fresh = Self::new(self.params);
        let (incoming, sent) = (core::mem::take(&mut self.incoming), core::mem::take(&mut self.sent));
        *self = Self { incoming, sent, due: self.due, now: self.now, ..fresh };
    }

    /// Reads a register; `None` is a bus error.
    pub fn read(&mut self, offset: u32) -> Option<u32> {
        match offset {
            RX_FIFO => {
                let data = self.rx.pop_front()?;
                self.rx_was_valid = false;
                self.clock();
                Some(data.into())
            }
            STAT => Some(self.status() | core::mem::take(&mut self.errors)),
            _ => Some(0),
        }
    }

    /// Writes a register; false is a bus error.
    pub fn write(&mut self, offset: u32, value: u32) -> bool {
        match offset {
            TX_FIFO if self.tx.len() == DEPTH => return false,
            TX_FIFO => {
                let [data, ..] = value.to_le_bytes();
                self.tx.push_back(data & self.data_mask());
                self.tx_was_empty = false;
            }
            CTRL => {
                self.enabled = value & ENABLE_INTR != 0;
                if value & RESET_TX != 0 {
                    self.tx.clear();
                }
                if value & RESET_RX != 0 {
                    self.rx.clear();
                }
            }
            _ => {}
        }
        self.clock();
        true
    }

    const fn data_mask(&self) -> u8 {
        if self.params.data_bits >= 8 { u8::MAX } else { (1 << self.params.data_bits) - 1 }
    }

    fn status(&self) -> u32 {
        let bits = [
            (!self.rx.is_empty(), RX_VALID),
            (self.rx.len() == DEPTH, RX_FULL),
            (self.tx.is_empty(), TX_EMPTY),
            (self.tx.len() == DEPTH, TX_FULL),
            (self.enabled, INTR_ENABLED),
        ];
        bits.into_iter().filter(|(set, _)| *set).fold(0, |status, (_, bit)| status | bit)
    }

    /// The clock after a change: the shifter takes a character, and the edge detectors sample.
    fn clock(&mut self) {
        if self.shifter.is_none() {
            self.shifter = self.tx.pop_front().map(|data| (data, self.now + self.params.character_time()));
        }
        let (rx_valid, tx_empty) = (!self.rx.is_empty(), self.tx.is_empty());
        let rx_edge = !core::mem::replace(&mut self.rx_was_valid, rx_valid) && rx_valid;
        let tx_edge = !core::mem::replace(&mut self.tx_was_empty, tx_empty) && tx_empty;
        self.pulse |= self.enabled && (rx_edge || tx_edge);
    }

    /// Whether the interrupt has pulsed since the last call of this.
    pub const fn take_pulse(&mut self) -> bool {
        core::mem::replace(&mut self.pulse, false)
    }

    /// When the line next does something by itself.
    #[must_use]
    pub fn next_event(&self) -> Option<Instant> {
        [self.shifter.map(|(_, over)| over), self.due].into_iter().flatten().min()
    }

    /// Lets time pass.
    pub fn pass_to(&mut self, now: Instant) {
        loop {
            let sent = self.shifter.map(|(_, over)| over);
            let Some(next) = [sent, self.due].into_iter().flatten().min().filter(|&next| next <= now) else { break };
            self.now = self.now.max(next);
            if sent == Some(next) {
                self.sent.extend(self.shifter.take().map(|(data, _)| data));
                self.clock();
            } else {
                let character = self.incoming.pop_front();
                self.due = (!self.incoming.is_empty()).then(|| next + self.params.character_time());
                if let Some(character) = character {
                    self.arrive(character);
                }
            }
        }
        self.now = self.now.max(now);
    }
}

impl AxiUartLiteModel {
    /// Characters come in, one after the other as fast as the line is, after those that are already on their way.
    pub fn queue(&mut self, characters: &[SerialCharacter], now: Instant) {
        self.incoming.extend(characters);
        if self.due.is_none() && !self.incoming.is_empty() {
            self.due = Some(now + self.params.character_time());
        }
    }

    /// A character has just come in: its last bit was now.
    pub fn arrive(&mut self, character: SerialCharacter) {
        match character.fault {
            // A character without a stop bit is not received.
            Some(SerialFault::Frame) => self.errors |= FRAME,
            // Without a parity bit the fault can't be detected.
            Some(SerialFault::Parity) if self.params.parity != UartParity::None => {
                self.errors |= PARITY;
                self.receive(character.data);
            }
            _ => self.receive(character.data),
        }
        self.clock();
    }

    /// Takes what was sent so far, up to the last character whose stop bit is over.
    pub fn take_sent(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.sent)
    }

    fn receive(&mut self, data: u8) {
        if self.rx.len() == DEPTH {
            self.errors |= OVERRUN;
        } else {
            self.rx.push_back(data & self.data_mask());
        }
    }
}

const IRQ: usize = 0;
const LINE: usize = 1;

static PORTS: [Port; 2] = [Port::new("interrupt", PortKind::Signal, 1), Port::interface("UART", InterfaceKind::Serial)];

impl Device for AxiUartLiteModel {
    fn ports(&self) -> &[Port] {
        &PORTS
    }

    fn reset(&mut self, _: &mut Bus<'_>) {
        self.reset();
    }

    fn read(&mut self, offset: u32, bus: &mut Bus<'_>) -> u32 {
        AxiUartLiteModel::read(self, offset).unwrap_or_else(|| {
            bus.refuse();
            u32::MAX
        })
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus<'_>) {
        if !AxiUartLiteModel::write(self, offset, value) {
            bus.refuse();
        }
    }

    fn receive(&mut self, _: usize, message: Message, bus: &mut Bus<'_>) {
        match message {
            Message::Serial(Serial::Characters(characters)) => self.queue(&characters, bus.now()),
            Message::Serial(Serial::Character(character)) => self.arrive(character),
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
        bus.pulse(IRQ, self.take_pulse().into());
        for data in self.sent.drain(..) {
            bus.send(LINE, Message::Serial(Serial::Character(SerialCharacter::new(data))));
        }
        bus.wake_at(self.next_event());
    }
}
