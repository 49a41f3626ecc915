//! The AXI IIC, from its data sheet (PG090): a controller of an I2C bus with two FIFOs of 16 entries, and one interrupt.
//!
//! The interrupt status *toggles* on write, and four of its bits follow a condition: while that lasts, a toggle has no
//! effect. The bus is on the wire bit by bit of time and byte by byte of content: the clock of SCL comes from the timing
//! registers, a START, a STOP and an acknowledge take a bit each.
//!
//! Two modes share the registers. In the *dynamic* mode the entries of the transmit FIFO say where a START and a STOP go, and
//! how many bytes are read. In the *standard* mode the control register does, and so the time at which it is written
//! matters: a byte is acknowledged by what TXAK is at its ninth clock, and a byte that is received while MSMS is still set
//! is followed by another one. The controller holds SCL low between two bytes while it has nothing to send, or while the
//! receive FIFO holds exactly as many bytes as the threshold says.
//!
//! What the sheet leaves open follows the published HDL of the block: a NACK makes the controller send a STOP by itself and
//! clears MSMS; MSMS that is cleared takes effect at the end of the byte that is under way or comes next, and at once where
//! the receiver holds SCL; a dynamic read always ends in a STOP, and takes its count when the address is acknowledged or not at
//! all; an entry with a START that a NACK leaves in the FIFO is a new transfer after the STOP; a block that is disabled forgets
//! whether the bus is busy; "transmit FIFO empty" is not the FIFO's state but the wait for an entry inside a transfer, which is
//! why it is not set after a reset.
//!
//! Not modelled: the block as a target (it is never addressed), and the glitch filters.

use alloc::{collections::VecDeque, vec::Vec};
use core::time::Duration;

use pynq_core::Instant;

use crate::device::{Bus, Device, I2c, InterfaceKind, Message, Port, PortKind};

#[cfg(test)]
mod tests;
mod wire;

use wire::Wire;

/// Global interrupt enable, bit 31.
pub const GIE: u32 = 0x01C;
/// Interrupt status. Written ones toggle.
pub const ISR: u32 = 0x020;
/// Interrupt enable.
pub const IER: u32 = 0x028;
/// Software reset: takes 0xA and nothing else.
pub const SOFTR: u32 = 0x040;
/// Control.
pub const CR: u32 = 0x100;
/// Status.
pub const SR: u32 = 0x104;
/// Transmit FIFO.
pub const TX_FIFO: u32 = 0x108;
/// Receive FIFO.
pub const RX_FIFO: u32 = 0x10C;
/// Own address as a target.
pub const ADR: u32 = 0x110;
/// Entries of the transmit FIFO, less one.
pub const TX_FIFO_OCY: u32 = 0x114;
/// Entries of the receive FIFO, less one.
pub const RX_FIFO_OCY: u32 = 0x118;
/// Upper bits of the own address.
pub const TEN_ADR: u32 = 0x11C;
/// The occupancy, less one, at which the receive FIFO is "full".
pub const RX_FIFO_PIRQ: u32 = 0x120;
/// General outputs.
pub const GPO: u32 = 0x124;
/// The first of the eight timing registers.
pub const TSUSTA: u32 = 0x128;
/// The last of the timing registers.
pub const THDDAT: u32 = 0x144;

const ARB_LOST: u32 = 1 << 0;
const TX_ERROR: u32 = 1 << 1;
const TX_EMPTY: u32 = 1 << 2;
const RX_FULL: u32 = 1 << 3;
const NOT_BUSY: u32 = 1 << 4;
const NOT_ADDRESSED: u32 = 1 << 6;
const TX_HALF: u32 = 1 << 7;

const EN: u32 = 1 << 0;
const TX_RESET: u32 = 1 << 1;
const MSMS: u32 = 1 << 2;
const TX: u32 = 1 << 3;
const TXAK: u32 = 1 << 4;
const RSTA: u32 = 1 << 5;
const CONTROL: u32 = 0x7F;

const START: u16 = 1 << 8;
const STOP: u16 = 1 << 9;

const DEPTH: usize = 16;

/// Which timing register is which.
const THIGH: usize = 5;
const TLOW: usize = 6;

/// How the block was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IicParams {
    /// Frequency of its clock, `s_axi_aclk`.
    pub clock_hz: u64,
    /// Frequency it was built for (`C_S_AXI_ACLK_FREQ_HZ`). With another clock the bus has another speed, too.
    pub built_for_hz: u64,
    /// Frequency of SCL (`C_IIC_FREQ`).
    pub bus_hz: u32,
    /// General outputs (`C_GPO_WIDTH`), 1 to 8.
    pub gpo_width: u8,
}

impl Default for IicParams {
    /// 100 kHz, at 100 MHz.
    fn default() -> Self {
        Self { clock_hz: 100_000_000, built_for_hz: 100_000_000, bus_hz: 100_000, gpo_width: 1 }
    }
}

impl IicParams {
    /// What the timing registers hold after a reset: half a period of SCL for each of its halves, and the times of the bus's
    /// specification for the others.
    fn timing(&self) -> [u32; 8] {
        let clocks =
            |nanos: u64| u32::try_from((self.built_for_hz * nanos).div_ceil(1_000_000_000)).unwrap_or(u32::MAX);
        let half = u32::try_from(self.built_for_hz.div_ceil(2 * u64::from(self.bus_hz.max(1)))).unwrap_or(u32::MAX);
        let fast = self.bus_hz > 100_000;
        let [tsusta, tsusto, thdsta, tbuf] = if fast { [600, 600, 600, 1_300] } else { [5_700, 5_000, 4_300, 5_000] };
        let tsudat = if fast { 400 } else { 550 };
        [clocks(tsusta), clocks(tsusto), clocks(thdsta), clocks(tsudat), clocks(tbuf), half, half, 1]
    }
}

/// The register-level model.
#[derive(Clone, Debug)]
pub struct AxiIicModel {
    params: IicParams,
    gie: bool,
    isr: u32,
    ier: u32,
    cr: u32,
    adr: u32,
    ten_adr: u32,
    pirq: u32,
    gpo: u32,
    timing: [u32; 8],
    tx: VecDeque<u16>,
    rx: VecDeque<u8>,
    wire: Wire,
    now: Instant,
    sent: Vec<I2c>,
}

impl AxiIicModel {
    /// A block that has just been reset, on an idle bus.
    #[must_use]
    pub fn new(params: IicParams) -> Self {
        let mut this = Self {
            params,
            gie: false,
            isr: NOT_ADDRESSED,
            ier: 0,
            cr: 0,
            adr: 0,
            ten_adr: 0,
            pirq: 0,
            gpo: 0,
            timing: params.timing(),
            tx: VecDeque::with_capacity(DEPTH),
            rx: VecDeque::with_capacity(DEPTH),
            wire: Wire::default(),
            now: Instant::START,
            sent: Vec::new(),
        };
        this.sample();
        this
    }

    /// How the block was built.
    #[must_use]
    pub const fn params(&self) -> &IicParams {
        &self.params
    }

    /// How long a bit is on the wire.
    #[must_use]
    pub fn bit_time(&self) -> Duration {
        let clocks = u128::from(self.timing[TLOW]) + u128::from(self.timing[THIGH]);
        let nanos = (clocks * 1_000_000_000).div_ceil(u128::from(self.params.clock_hz.max(1)));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX).max(1))
    }

    /// The AXI reset, and what SOFTR does. A transfer that is under way ends without a STOP, and what others do on the bus is
    /// not known any more: it is taken to be free.
    pub fn reset(&mut self) {
        let wire = self.wire.after_reset();
        *self = Self { wire, now: self.now, sent: core::mem::take(&mut self.sent), ..Self::new(self.params) };
        self.sample();
    }

    /// Reads a register.
    pub fn read(&mut self, offset: u32) -> u32 {
        match offset {
            GIE => u32::from(self.gie) << 31,
            ISR => self.isr,
            IER => self.ier,
            CR => self.cr,
            SR => self.status(),
            RX_FIFO => {
                let data = self.rx.pop_front();
                self.step();
                data.unwrap_or(0).into()
            }
            ADR => self.adr,
            TX_FIFO_OCY => less_one(self.tx.len()),
            RX_FIFO_OCY => less_one(self.rx.len()),
            TEN_ADR => self.ten_adr,
            RX_FIFO_PIRQ => self.pirq,
            GPO => self.gpo,
            TSUSTA..=THDDAT => self.timing[timing_index(offset)],
            _ => 0,
        }
    }

    /// Writes a register; false is a bus error.
    pub fn write(&mut self, offset: u32, value: u32) -> bool {
        match offset {
            GIE => self.gie = value >> 31 != 0,
            // An event, or a condition that lasts, wins over the toggle: `sample` sets it again.
            ISR => self.isr ^= value & 0xFF,
            IER => self.ier = value & 0xFF,
            SOFTR if value == 0xA => self.reset(),
            SOFTR => return false,
            CR => self.set_control(value & CONTROL),
            TX_FIFO if self.cr & TX_RESET == 0 && self.tx.len() < DEPTH => {
                let [low, high, ..] = value.to_le_bytes();
                self.tx.push_back(u16::from_le_bytes([low, high & 3]));
            }
            ADR => self.adr = value & 0xFE,
            TEN_ADR => self.ten_adr = value & 7,
            RX_FIFO_PIRQ => self.pirq = value & 0xF,
            GPO => self.gpo = value & ((1 << self.params.gpo_width.min(31)) - 1),
            TSUSTA..=THDDAT => self.timing[timing_index(offset)] = value,
            _ => {}
        }
        self.step();
        true
    }

    fn status(&self) -> u32 {
        let bits = [
            (self.wire.is_busy(), 1 << 2),
            (self.tx.len() == DEPTH, 1 << 4),
            (self.rx.len() == DEPTH, 1 << 5),
            (self.rx.is_empty(), 1 << 6),
            (self.tx.is_empty(), 1 << 7),
        ];
        bits.into_iter().filter(|(set, _)| *set).fold(0, |status, (_, bit)| status | bit)
    }

    fn set_control(&mut self, control: u32) {
        let before = core::mem::replace(&mut self.cr, control);
        if control & TX_RESET != 0 {
            self.tx.clear();
        }
        if before & EN != 0 && control & EN == 0 {
            self.disable();
        }
        if before & MSMS != 0 && control & MSMS == 0 {
            self.release_bus();
        }
        if control & RSTA != 0 && before & RSTA == 0 {
            self.cut_for_restart();
        }
    }

    /// The receive FIFO holds what its threshold says, by an equality: one byte more, and it is no more "full" than with one
    /// byte less.
    fn is_rx_full(&self) -> bool {
        !self.rx.is_empty() && less_one(self.rx.len()) == self.pirq
    }

    /// The clock after a change: status bits that follow a condition.
    fn sample(&mut self) {
        let conditions = [
            (self.wire.waits_for_entry(), TX_EMPTY),
            (self.is_rx_full(), RX_FULL),
            (!self.wire.is_busy(), NOT_BUSY),
            (self.tx.len() <= DEPTH / 2, TX_HALF),
        ];
        self.isr |= conditions.into_iter().filter(|(set, _)| *set).fold(0, |bits, (_, bit)| bits | bit);
    }

    /// The interrupt output.
    #[must_use]
    pub const fn irq(&self) -> bool {
        self.gie && self.isr & self.ier != 0
    }

    /// Takes what the block put onto the bus since this was last called.
    pub fn take_sent(&mut self) -> Vec<I2c> {
        core::mem::take(&mut self.sent)
    }
}

/// What an occupancy register reads. That of an empty FIFO is the same as that of one with one entry.
fn less_one(entries: usize) -> u32 {
    u32::try_from(entries.saturating_sub(1)).unwrap_or(0)
}

const fn timing_index(offset: u32) -> usize {
    ((offset - TSUSTA) / 4) as usize
}

const IRQ: usize = 0;
const BUS: usize = 1;
const OUTPUTS: usize = 2;

static PORTS: [Port; 3] = [
    Port::new("iic2intc_irpt", PortKind::Signal, 1),
    Port::interface("IIC", InterfaceKind::I2c),
    Port::new("gpo", PortKind::Output, 8),
];

impl Device for AxiIicModel {
    fn ports(&self) -> &[Port] {
        &PORTS
    }

    fn width(&self, port: usize) -> u8 {
        if port == OUTPUTS { self.params.gpo_width } else { PORTS.get(port).map_or(0, |port| port.width) }
    }

    fn reset(&mut self, _: &mut Bus<'_>) {
        self.reset();
    }

    fn read(&mut self, offset: u32, _: &mut Bus<'_>) -> u32 {
        AxiIicModel::read(self, offset)
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus<'_>) {
        if !AxiIicModel::write(self, offset, value) {
            bus.refuse();
        }
    }

    fn receive(&mut self, _: usize, message: Message, _: &mut Bus<'_>) {
        if let Message::I2c(message) = message {
            self.hear(message);
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
        bus.set(IRQ, self.irq().into());
        bus.set(OUTPUTS, self.gpo);
        for message in self.sent.drain(..) {
            bus.send(BUS, Message::I2c(message));
        }
        bus.wake_at(self.next_event());
    }
}
