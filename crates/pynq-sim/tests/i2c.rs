//! Parts on an I2C bus: several targets, addresses of both lengths, memories, and a second controller.
#![allow(clippy::unwrap_used)] // a test may

use core::time::Duration;

use pynq_core::Instant;
use pynq_sim::{
    Board, Window,
    device::View,
    models::{AxiIicModel, IicParams},
    parts::i2c::{Eeprom, I2cAddress, I2cProbe, I2cRival, I2cTarget, RivalTransfer, Target},
};

const TX: usize = 0x108;
const RX: usize = 0x10C;

/// Answers at a 10-bit address, remembers what was written, and takes its time.
struct Slow {
    address: u16,
    written: u8,
}

impl I2cTarget for Slow {
    fn answers(&self, address: I2cAddress) -> bool {
        address == I2cAddress::Ten(self.address)
    }

    fn write(&mut self, byte: u8, _: Instant) -> bool {
        self.written = byte;
        true
    }

    fn read(&mut self, _: Instant) -> u8 {
        self.written
    }

    fn stretch(&mut self) -> Duration {
        Duration::from_millis(1)
    }
}

struct Rig {
    board: Board,
    iic: Window,
}

impl Rig {
    fn new(plan: Vec<RivalTransfer>) -> Self {
        let board = Board::builder()
            .device("iic", 0x4160_0000, 0x1_0000, AxiIicModel::new(IicParams::default()))
            .part("eeprom", Target::new(Eeprom::of_24c02()))
            .part("large", Target::new(Eeprom::of_24c256().at(0x57).holding(b"abc")))
            .part("slow", Target::new(Slow { address: 0x155, written: 0 }))
            .part("other", Target::new(Slow { address: 0x1AA, written: 0 }))
            .part("rival", I2cRival::new(plan))
            .part("probe", I2cProbe::new())
            .join("iic/IIC", "eeprom/bus")
            .join("iic/IIC", "large/bus")
            .join("iic/IIC", "slow/bus")
            .join("iic/IIC", "other/bus")
            .join("iic/IIC", "rival/bus")
            .join("iic/IIC", "probe/bus")
            .build()
            .unwrap();
        let iic = board.window("iic").unwrap();
        iic.write(0x120, 0xF);
        iic.write(0x100, 1);
        Self { board, iic }
    }

    /// Does a dynamic transfer, and returns what it took and what was read.
    fn transfer(&self, entries: &[u32]) -> Vec<u32> {
        entries.iter().for_each(|&entry| self.iic.write(TX, entry));
        self.board.advance(Duration::from_millis(10));
        let mut read = Vec::new();
        while self.iic.read(0x104) & 1 << 6 == 0 {
            read.push(self.iic.read(RX));
        }
        read
    }

    /// A reset of the controller, which forgets what a NACK left in its FIFO.
    fn reset(&self) {
        self.iic.write(0x040, 0xA);
        self.iic.write(0x120, 0xF);
        self.iic.write(0x100, 1);
    }

    fn text(&self, part: &str) -> String {
        match self.board.view(part).unwrap() {
            View::Text(text) => text,
            other => panic!("{other:?} is no text"),
        }
    }
}

#[test]
fn an_eeprom_wraps_within_its_page_and_is_busy_after_the_stop() {
    let rig = Rig::new(Vec::new());
    rig.transfer(&[0x1A0, 0x1E, 1, 2, 3, 0x204]);
    assert_eq!(rig.text("eeprom"), "0010: 03 04 ff ff ff ff ff ff ff ff ff ff ff ff 01 02\n");
    assert_eq!(rig.transfer(&[0x1A0, 0x1E, 0x1A1, 0x204]), [1, 2, 0xFF, 0xFF], "reads go on into the next page");
    for entry in [0x1A0, 0, 0x205, 0x3A0] {
        rig.iic.write(TX, entry);
    }
    rig.board.advance(Duration::from_millis(2));
    assert!(rig.text("probe").ends_with("S50W A 00 A 05 A P\nS50W N P\n"), "{}", rig.text("probe"));
    rig.reset();
    rig.board.advance(Duration::from_millis(5));
    rig.transfer(&[0x3A0]);
    assert!(rig.text("probe").ends_with("S50W A P\n"), "the bytes are stored");
}

#[test]
fn a_write_without_a_stop_stores_nothing() {
    let rig = Rig::new(Vec::new());
    assert_eq!(rig.transfer(&[0x1A0, 0x10, 0x77, 0x1A1, 0x201]), [0xFF]);
    assert_eq!(rig.text("eeprom"), "");
}

#[test]
fn two_bytes_of_address_reach_a_larger_one() {
    let rig = Rig::new(Vec::new());
    assert_eq!(rig.transfer(&[0x1AE, 0, 1, 0x1AF, 0x203]), [u32::from(b'b'), u32::from(b'c'), 0xFF]);
    rig.transfer(&[0x1AE, 0x7F, 0xFF, 0x2AB]);
    assert_eq!(rig.transfer(&[0x1AE, 0x7F, 0xFF, 0x1AF, 0x202]), [0xAB, u32::from(b'a')], "round the whole memory");
}

#[test]
fn a_24c16_has_its_upper_address_bits_in_the_device_address() {
    let mut memory = Eeprom::of_24c16();
    let now = Instant::from_millis(100);
    let seven = |address| I2cAddress::Seven(address);
    assert!(memory.answers(seven(0x57)) && !memory.answers(seven(0x58)));
    assert!(memory.start(seven(0x53), false, Instant::START));
    assert!(memory.write(0x20, Instant::START) && memory.write(0x99, Instant::START));
    memory.stop(Instant::START);
    assert!(!memory.start(seven(0x50), false, Instant::from_millis(4)) && memory.start(seven(0x53), false, now));
    memory.write(0x20, now);
    memory.start(seven(0x53), true, now);
    assert_eq!(memory.read(now), 0x99);
    assert_eq!(memory.view(), View::Text("0320: 99 ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff\n".into()));
}

#[test]
fn ten_bit_addresses_and_a_clock_that_is_held() {
    let rig = Rig::new(Vec::new());
    // 0x155: the first byte is 11110 01 and the direction. Both parts of that range acknowledge it.
    rig.transfer(&[0x1F2, 0x55, 0x242]);
    let text = rig.text("probe");
    assert_eq!(text, "S79W A 55 A 42 A P\n");
    assert_eq!(rig.transfer(&[0x1F2, 0x55, 0x1F3, 0x201]), [0x42]);
    assert_eq!(rig.transfer(&[0x1F2, 0xAA, 0x1F3, 0x201]), [0], "the other one");
    rig.transfer(&[0x1F2, 0x99, 0x200]);
    assert!(rig.text("probe").ends_with("S79W A 99 N P\n"), "{}", rig.text("probe"));
}

#[test]
fn a_second_controller_waits_and_loses_and_wins() {
    let write = |at, address, byte| RivalTransfer { at: Instant::from_millis(at), address, bytes: vec![byte] };
    // Ours are at 20 ms and 40 ms, to 0x50.
    let rig = Rig::new(vec![write(1, 0x57, 0), write(20, 0x57, 1), write(40, 0x11, 2)]);
    rig.board.advance(Duration::from_millis(20));
    assert_eq!((rig.text("rival").as_str(), rig.text("probe").as_str()), ("57: 00\n", "S57W A 00 A P\n"));
    rig.transfer(&[0x3A0]);
    assert_eq!(rig.iic.read(0x20) & 1, 0, "0x50 is lower than 0x57");
    assert_eq!(rig.text("rival"), "57: 00\n57: 01\n", "later");
    rig.board.advance(Duration::from_millis(10));
    rig.transfer(&[0x3A0]);
    assert_eq!(rig.iic.read(0x20) & 1, 1, "0x11 is lower than 0x50");
    assert_eq!(rig.text("rival"), "57: 00\n57: 01\n11: N\n");
}

/// Two of them begin at the same time and say the same up to the second byte.
#[test]
fn what_two_controllers_say_alike_decides_nothing() {
    for (theirs, lost) in [(vec![5, 6], true), (vec![5, 8], false)] {
        let rig = Rig::new(vec![RivalTransfer { at: Instant::from_millis(1), address: 0x57, bytes: theirs }]);
        rig.board.advance(Duration::from_millis(1));
        // 0x57 for writing, 5, 7.
        rig.transfer(&[0x1AE, 5, 0x207]);
        assert_eq!(rig.iic.read(0x20) & 1 != 0, lost);
        // Afterwards, the memory stores what it was given first.
        assert_eq!(rig.text("rival"), if lost { "57: 05 06\n" } else { "57: N\n" });
    }
}

mod display {
    use super::*;
    use pynq_sim::parts::i2c::Ssd1306;

    fn write(display: &mut Ssd1306, bytes: &[u8]) {
        display.start(I2cAddress::Seven(0x3C), false, Instant::START);
        assert!(bytes.iter().all(|&byte| display.write(byte, Instant::START)));
    }

    /// What is lit, as column and line.
    fn lit(display: &Ssd1306) -> Vec<(usize, usize)> {
        let View::Picture(picture) = display.view() else { panic!("no picture") };
        let pixels = picture.data.iter().enumerate().filter(|(_, pixel)| **pixel != 0);
        pixels.map(|(at, _)| (at % 128, at / 128)).collect()
    }

    #[test]
    fn it_is_dark_until_it_is_on_and_upright_once_it_is_reversed() {
        let mut display = Ssd1306::of_64_lines();
        // Reversed both ways; page 2, column 0x35; one bit of the sixth line of the page.
        write(&mut display, &[0x00, 0xA1, 0xC8, 0xB2, 0x05, 0x13]);
        write(&mut display, &[0x40, 0b10_0000]);
        assert_eq!(lit(&display), []);
        write(&mut display, &[0x80, 0xAF, 0x80, 0xA6]);
        assert_eq!(lit(&display), [(0x35, 21)]);
        write(&mut display, &[0x00, 0xC0]);
        assert_eq!(lit(&display), [(0x35, 42)], "upside down");
        write(&mut display, &[0x00, 0xC8, 0x41]);
        assert_eq!(lit(&display), [(0x35, 20)], "scrolled by its start line");
        write(&mut display, &[0x00, 0xA5]);
        assert_eq!(lit(&display).len(), 128 * 64);
    }

    #[test]
    fn the_address_goes_on_by_page_by_column_and_by_line() {
        for (mode, expected) in [
            (0, [(10, 8), (11, 8), (10, 16), (11, 16)]),
            (1, [(10, 8), (11, 8), (10, 16), (11, 16)]),
            (2, [(10, 8), (11, 8), (12, 8), (13, 8)]),
        ] {
            let mut display = Ssd1306::of_32_lines();
            // The lines of its glass are next to each other on one side of the chip.
            write(&mut display, &[0x00, 0xAF, 0xA1, 0xC8, 0xA8, 31, 0xDA, 0x02, 0x20, mode]);
            // A window of columns 10 and 11, pages 1 and 2.
            write(&mut display, &[0x00, 0x21, 10, 11, 0x22, 1, 2]);
            write(&mut display, &[0x40, 1, 1, 1, 1]);
            assert_eq!(lit(&display), expected, "mode {mode}");
        }
    }
}
