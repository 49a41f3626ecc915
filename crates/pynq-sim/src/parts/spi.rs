//! Chips on an SPI bus.

use pynq_core::Instant;

use crate::device::{Bus, Device, InterfaceKind, Message, Port, PortKind, Spi, View};

/// What a chip on an SPI bus does: words in, words out. [`SpiChip`] puts it on a bus.
///
/// A word goes out while one comes in, so what a chip sends can depend on the words *before* this one only.
///
/// ```
/// use pynq_core::Instant;
/// use pynq_sim::{
///     Board,
///     models::{AxiQuadSpiModel, SpiParams},
///     parts::{SpiChip, SpiTarget},
/// };
///
/// /// A shift register of eight bits: it sends what it received last.
/// #[derive(Default)]
/// struct ShiftRegister(u32);
///
/// impl SpiTarget for ShiftRegister {
///     fn send(&mut self, _: Instant) -> u32 {
///         self.0
///     }
///
///     fn receive(&mut self, word: u32, _: Instant) {
///         self.0 = word;
///     }
/// }
///
/// let board = Board::builder()
///     .device("spi", 0x41E0_0000, 0x1_0000, AxiQuadSpiModel::new(SpiParams::default()))
///     .part("chip", SpiChip::new(0, ShiftRegister::default()))
///     .join("spi/SPI_0", "chip/bus")
///     .build()?;
/// let spi = board.window("spi")?;
/// spi.write(0x60, 0x186); // master, enabled, held back
/// spi.write(0x70, 0); // selects chip 0
/// (0x10..0x13).for_each(|word| spi.write(0x68, word));
/// spi.write(0x60, 0x086);
/// board.advance(core::time::Duration::from_micros(10));
/// assert_eq!([0; 3].map(|_| spi.read(0x6C)), [0, 0x10, 0x11]);
/// # Ok::<(), pynq_sim::Error>(())
/// ```
pub trait SpiTarget: Send {
    /// The bits of a word, at most 32. A chip that looks at single bits says 1.
    fn word_bits(&self) -> u8 {
        8
    }

    /// Whether it works with this mode of the clock, 0 to 3: twice the polarity, and the phase. In another one it sees
    /// every bit a clock late.
    fn takes_mode(&self, mode: u8) -> bool {
        matches!(mode, 0 | 3)
    }

    /// Its select line becomes active.
    fn select(&mut self, now: Instant) {
        let _ = now;
    }

    /// Its select line becomes inactive. `whole` unless that is in the middle of a word, which is lost.
    fn deselect(&mut self, whole: bool, now: Instant) {
        let _ = (whole, now);
    }

    /// The word that it sends while the next one comes in.
    fn send(&mut self, now: Instant) -> u32;

    /// A word is complete.
    fn receive(&mut self, word: u32, now: Instant);

    /// One of its other pins is driven: reset, write protect, data or command.
    fn pin(&mut self, pin: u8, level: bool) {
        let _ = (pin, level);
    }

    /// What an onlooker sees of it.
    fn view(&self) -> View {
        View::Nothing
    }
}

/// A chip on an SPI bus: join its port `bus` to a controller's. Its other pins are the input port `pins`, of 8 bits.
#[derive(Clone, Debug)]
pub struct SpiChip<T> {
    target: T,
    line: u8,
    is_selected: bool,
    /// The word under way: bits received, bits to be sent, and how many are over.
    incoming: u32,
    outgoing: u32,
    over: u8,
    /// The bits before, for a chip that is a clock late.
    late: (u32, u32),
    pins: u32,
}

const BUS: usize = 0;

static PORTS: [Port; 2] = [Port::interface("bus", InterfaceKind::Spi), Port::new("pins", PortKind::Input, 8)];

impl<T: SpiTarget> SpiChip<T> {
    /// `target`, on the select line of this number.
    #[must_use]
    pub const fn new(line: u8, target: T) -> Self {
        Self { target, line, is_selected: false, incoming: 0, outgoing: 0, over: 0, late: (1, 1), pins: 0 }
    }

    fn set_selected(&mut self, is_selected: bool, now: Instant) {
        if is_selected == self.is_selected {
            return;
        }
        self.is_selected = is_selected;
        let whole = core::mem::replace(&mut self.over, 0) == 0;
        if is_selected {
            self.target.select(now);
        } else {
            self.target.deselect(whole, now);
        }
    }

    /// Bits come in, the first one on top, and as many go out.
    fn shift(&mut self, data: u32, bits: u8, mode: u8, now: Instant) -> u32 {
        if self.over == 0 && bits == self.target.word_bits() && self.target.takes_mode(mode) {
            let answer = self.target.send(now);
            self.target.receive(data, now);
            return answer;
        }
        let in_time = self.target.takes_mode(mode);
        (0..bits).rev().fold(0, |answer, at| answer << 1 | self.bit(data >> at & 1, in_time, now))
    }

    fn bit(&mut self, bit: u32, in_time: bool, now: Instant) -> u32 {
        let word_bits = self.target.word_bits();
        if self.over == 0 {
            (self.incoming, self.outgoing) = (0, self.target.send(now));
        }
        let out = self.outgoing >> (word_bits - 1 - self.over) & 1;
        let late = core::mem::replace(&mut self.late, (bit, out));
        let (bit, out) = if in_time { (bit, out) } else { late };
        self.incoming = self.incoming << 1 | bit;
        self.over += 1;
        if self.over == word_bits {
            self.over = 0;
            self.target.receive(self.incoming, now);
        }
        out
    }
}

impl<T: SpiTarget> Device for SpiChip<T> {
    fn ports(&self) -> &[Port] {
        &PORTS
    }

    fn set_input(&mut self, _: usize, bits: u32, _: &mut Bus<'_>) {
        let changed = core::mem::replace(&mut self.pins, bits) ^ bits;
        for pin in (0..8).filter(|pin| changed >> pin & 1 != 0) {
            self.target.pin(pin, bits >> pin & 1 != 0);
        }
    }

    fn receive(&mut self, _: usize, message: Message, bus: &mut Bus<'_>) {
        match message {
            Message::Spi(Spi::Select(lines)) => self.set_selected(lines >> self.line & 1 != 0, bus.now()),
            Message::Spi(Spi::Shift { data, bits, lanes: 1, mode }) if self.is_selected => {
                let answer = self.shift(data, bits, mode, bus.now());
                bus.send(BUS, Message::Spi(Spi::Answer(answer)));
            }
            _ => {}
        }
    }

    fn view(&self) -> View {
        self.target.view()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends what it received last, and keeps all of it.
    #[derive(Default)]
    struct Echo {
        last: u32,
        received: alloc::vec::Vec<u32>,
        ends: alloc::vec::Vec<bool>,
    }

    impl SpiTarget for Echo {
        fn deselect(&mut self, whole: bool, _: Instant) {
            self.ends.push(whole);
        }

        fn send(&mut self, _: Instant) -> u32 {
            self.last
        }

        fn receive(&mut self, word: u32, _: Instant) {
            self.last = word;
            self.received.push(word);
        }
    }

    fn chip() -> SpiChip<Echo> {
        let mut chip = SpiChip::new(3, Echo::default());
        chip.set_selected(true, Instant::START);
        chip
    }

    #[test]
    fn longer_words_are_several() {
        let mut chip = chip();
        assert_eq!(chip.shift(0x1234_5678, 32, 0, Instant::START), 0x0012_3456);
        assert_eq!(chip.target.received, [0x12, 0x34, 0x56, 0x78]);
    }

    #[test]
    fn a_bit_too_many_shifts_all_that_follow() {
        let mut chip = chip();
        chip.shift(1, 1, 0, Instant::START);
        assert_eq!(chip.shift(0x00, 8, 0, Instant::START), 0x01, "the first bit of the echo");
        assert_eq!(chip.target.received, [0x80]);
        chip.set_selected(false, Instant::START);
        assert_eq!(chip.target.ends, [false]);
        chip.set_selected(true, Instant::START);
        chip.shift(0xA5, 8, 0, Instant::START);
        assert_eq!(chip.target.received, [0x80, 0xA5], "a word begins with the selection");
    }

    #[test]
    fn in_another_mode_a_bit_is_seen_a_clock_late() {
        for (mode, received) in [(0, 0x2A), (1, 0x95), (2, 0x95), (3, 0x2A)] {
            let mut chip = chip();
            chip.shift(0x2A, 8, mode, Instant::START);
            assert_eq!(chip.target.received, [received], "mode {mode}");
        }
    }
}
