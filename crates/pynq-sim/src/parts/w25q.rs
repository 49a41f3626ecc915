//! A serial NOR flash of Winbond's W25Q family.

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use core::time::Duration;
use pynq_core::Instant;

use super::SpiTarget;

const SECTOR: u32 = 4096;
const PAGE: u32 = 256;
const BUSY: u8 = 1 << 0;
const WRITE_ENABLED: u8 = 1 << 1;

/// A serial NOR flash: W25Q16, 32, 64 or 128, with the typical times of the data sheet's W25Q32JV.
///
/// A programmed bit goes from one to zero, and only an erase brings it back; a page wraps around at its end. Programming,
/// erasing and writing the status begin when the chip is deselected after a whole byte, need the write enable latch and
/// take their time, during which only the status is answered. Powered down, it answers only the release. One bit per
/// clock; protection of blocks, suspension and the commands of several lanes are not there.
///
/// ```
/// use pynq_sim::parts::{SpiChip, W25q};
///
/// let flash = SpiChip::new(0, W25q::w25q32().with_data(0x1000, b"hello"));
/// # let _ = flash;
/// ```
#[derive(Clone, Debug)]
pub struct W25q {
    capacity: u32,
    /// Those that are not blank.
    sectors: BTreeMap<u32, Box<[u8]>>,
    status: [u8; 2],
    busy_until: Instant,
    powered_down: bool,
    reset_enabled: bool,
    command: Option<u8>,
    /// The bytes after the command, and how many there were.
    bytes: Vec<u8>,
    count: usize,
}

/// Commands.
mod command {
    pub(super) const WRITE_STATUS: u8 = 0x01;
    pub(super) const PROGRAM: u8 = 0x02;
    pub(super) const READ: u8 = 0x03;
    pub(super) const WRITE_DISABLE: u8 = 0x04;
    pub(super) const READ_STATUS: u8 = 0x05;
    pub(super) const WRITE_ENABLE: u8 = 0x06;
    pub(super) const FAST_READ: u8 = 0x0B;
    pub(super) const ERASE_SECTOR: u8 = 0x20;
    pub(super) const READ_STATUS_2: u8 = 0x35;
    pub(super) const UNIQUE_ID: u8 = 0x4B;
    pub(super) const ERASE_32K: u8 = 0x52;
    pub(super) const ERASE_CHIP_2: u8 = 0x60;
    pub(super) const ENABLE_RESET: u8 = 0x66;
    pub(super) const MANUFACTURER: u8 = 0x90;
    pub(super) const RESET: u8 = 0x99;
    pub(super) const JEDEC_ID: u8 = 0x9F;
    pub(super) const RELEASE: u8 = 0xAB;
    pub(super) const POWER_DOWN: u8 = 0xB9;
    pub(super) const ERASE_CHIP: u8 = 0xC7;
    pub(super) const ERASE_64K: u8 = 0xD8;
}

const MANUFACTURER: u8 = 0xEF;
const UNIQUE: [u8; 8] = [0xD1, 0x63, 0x4C, 0x91, 0x17, 0x2B, 0x0E, 0x38];

impl W25q {
    /// A blank chip of `megabytes`, a power of two.
    const fn new(megabytes: u32) -> Self {
        Self {
            capacity: megabytes << 20,
            sectors: BTreeMap::new(),
            status: [0; 2],
            busy_until: Instant::START,
            powered_down: false,
            reset_enabled: false,
            command: None,
            bytes: Vec::new(),
            count: 0,
        }
    }

    /// A blank W25Q16: 2 MB.
    #[must_use]
    pub const fn w25q16() -> Self {
        Self::new(2)
    }

    /// A blank W25Q32: 4 MB.
    #[must_use]
    pub const fn w25q32() -> Self {
        Self::new(4)
    }

    /// A blank W25Q64: 8 MB.
    #[must_use]
    pub const fn w25q64() -> Self {
        Self::new(8)
    }

    /// A blank W25Q128: 16 MB.
    #[must_use]
    pub const fn w25q128() -> Self {
        Self::new(16)
    }

    /// The same with these bytes in it. An address beyond its end wraps around.
    #[must_use]
    pub fn with_data(mut self, address: u32, data: &[u8]) -> Self {
        for (offset, byte) in (0..).zip(data) {
            *self.byte_mut(address.wrapping_add(offset)) = *byte;
        }
        self
    }

    /// How many bytes it holds.
    #[must_use]
    pub const fn capacity(&self) -> u32 {
        self.capacity
    }

    /// The byte at an address.
    #[must_use]
    pub fn byte(&self, address: u32) -> u8 {
        let address = address % self.capacity;
        self.sectors.get(&(address / SECTOR)).map_or(0xFF, |sector| sector[(address % SECTOR) as usize])
    }

    fn byte_mut(&mut self, address: u32) -> &mut u8 {
        let address = address % self.capacity;
        let blank = || alloc::vec![0xFF; SECTOR as usize].into_boxed_slice();
        &mut self.sectors.entry(address / SECTOR).or_insert_with(blank)[(address % SECTOR) as usize]
    }

    /// Bits of the capacity's code: 0x16 stands for 4 MB.
    const fn code(&self) -> u8 {
        self.capacity.trailing_zeros() as u8
    }

    fn is_busy(&self, now: Instant) -> bool {
        now < self.busy_until
    }

    fn status(&self, now: Instant) -> u8 {
        // The latch is cleared at the end of what it was set for.
        if self.is_busy(now) { self.status[0] | BUSY | WRITE_ENABLED } else { self.status[0] }
    }

    /// The address in the three bytes after the command.
    fn address(&self) -> u32 {
        self.bytes.iter().take(3).fold(0, |address, byte| address << 8 | u32::from(*byte))
    }

    /// Does something that takes this long.
    fn work(&mut self, time: Duration, now: Instant) {
        self.status[0] &= !WRITE_ENABLED;
        self.busy_until = now + time;
    }

    fn erase(&mut self, size: u32, time: Duration, now: Instant) {
        if self.bytes.len() == 3 && self.count == 3 {
            let first = ((self.address() % self.capacity) & !(size - 1)) / SECTOR;
            self.sectors.retain(|sector, _| !(first..first + size / SECTOR).contains(sector));
            self.work(time, now);
        }
    }

    fn program(&mut self, now: Instant) {
        if self.count < 4 {
            return;
        }
        let (page, start) = (self.address() & !(PAGE - 1), self.address() % PAGE);
        let bytes = core::mem::take(&mut self.bytes);
        // Of more than a page the last bytes count, at the places where they come to lie.
        for (offset, byte) in (0..).zip(&bytes[3..]) {
            *self.byte_mut(page + (start + offset) % PAGE) &= byte;
        }
        self.work(Duration::from_micros(400), now);
    }

    /// The command is complete: the chip has been deselected.
    fn execute(&mut self, command: u8, now: Instant) {
        let enabled = self.status[0] & WRITE_ENABLED != 0;
        let armed = core::mem::replace(&mut self.reset_enabled, command == command::ENABLE_RESET && self.count == 0);
        let ms = Duration::from_millis;
        match command {
            command::WRITE_ENABLE if self.count == 0 => self.status[0] |= WRITE_ENABLED,
            command::WRITE_DISABLE if self.count == 0 => self.status[0] &= !WRITE_ENABLED,
            command::POWER_DOWN if self.count == 0 => self.powered_down = true,
            command::RESET if armed && self.count == 0 => {
                self.status = [0; 2];
                self.busy_until = now + Duration::from_micros(30);
            }
            command::WRITE_STATUS if enabled && matches!(self.count, 1 | 2) => {
                self.status[0] = self.bytes[0] & 0xFC;
                self.status[1] = self.bytes.get(1).map_or(self.status[1], |second| second & 0x7B);
                self.work(ms(10), now);
            }
            command::PROGRAM if enabled => self.program(now),
            command::ERASE_SECTOR if enabled => self.erase(SECTOR, ms(45), now),
            command::ERASE_32K if enabled => self.erase(32 << 10, ms(120), now),
            command::ERASE_64K if enabled => self.erase(64 << 10, ms(150), now),
            command::ERASE_CHIP | command::ERASE_CHIP_2 if enabled && self.count == 0 => {
                self.sectors.clear();
                self.work(Duration::from_secs(10), now);
            }
            _ => {}
        }
    }
}

impl SpiTarget for W25q {
    fn select(&mut self, _: Instant) {
        self.command = None;
        self.bytes.clear();
        self.count = 0;
    }

    fn deselect(&mut self, whole: bool, now: Instant) {
        if let (Some(command), true) = (self.command.take(), whole) {
            self.execute(command, now);
        }
    }

    fn send(&mut self, now: Instant) -> u32 {
        // Its output floats until it has something to say.
        let Some(command) = self.command else { return 0xFF };
        let at = self.count;
        u32::from(match command {
            command::READ_STATUS => self.status(now),
            command::READ_STATUS_2 => self.status[1],
            command::READ if at >= 3 => self.byte(self.address().wrapping_add((at - 3) as u32)),
            command::FAST_READ if at >= 4 => self.byte(self.address().wrapping_add((at - 4) as u32)),
            command::JEDEC_ID => [MANUFACTURER, 0x40, self.code()][at % 3],
            command::MANUFACTURER if at >= 3 => [MANUFACTURER, self.code() - 1][(at + 1) % 2],
            command::RELEASE if at >= 3 => self.code() - 1,
            command::UNIQUE_ID if at >= 4 => UNIQUE[(at - 4) % 8],
            _ => 0xFF,
        })
    }

    fn receive(&mut self, word: u32, now: Instant) {
        let byte = word.to_le_bytes()[0];
        if self.command.is_some() {
            self.count += 1;
            // What only reads has no use for more.
            if self.bytes.len() < 3 || matches!(self.command, Some(command::PROGRAM)) {
                self.bytes.push(byte);
            }
            return;
        }
        let answers = matches!(byte, command::READ_STATUS | command::READ_STATUS_2);
        if (self.is_busy(now) && !answers) || (self.powered_down && byte != command::RELEASE) {
            // Not a command: what follows is ignored as well.
            self.command = Some(0);
            return;
        }
        if byte == command::RELEASE {
            self.powered_down = false;
        }
        self.command = Some(byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One selection: sends `bytes`, and returns what came back.
    fn talk(chip: &mut W25q, now: u64, bytes: &[u8]) -> Vec<u8> {
        let now = Instant::from_nanos(now * 1_000);
        chip.select(now);
        let answer = bytes.iter().map(|&byte| {
            let out = chip.send(now).to_le_bytes()[0];
            chip.receive(byte.into(), now);
            out
        });
        let answer = answer.collect();
        chip.deselect(true, now);
        answer
    }

    #[test]
    fn it_says_what_it_is() {
        let mut chip = W25q::w25q32();
        assert_eq!(talk(&mut chip, 0, &[0x9F, 0, 0, 0]), [0xFF, 0xEF, 0x40, 0x16]);
        assert_eq!(talk(&mut chip, 0, &[0x90, 0, 0, 0, 0, 0])[4..], [0xEF, 0x15]);
        assert_eq!(talk(&mut chip, 0, &[0xAB, 0, 0, 0, 0])[4..], [0x15]);
        assert_eq!(talk(&mut chip, 0, &[[0x4B, 0, 0, 0, 0].as_slice(), &[0; 8]].concat())[5..], UNIQUE);
    }

    #[test]
    fn programming_clears_bits_and_wraps_at_the_page() {
        let mut chip = W25q::w25q16();
        talk(&mut chip, 0, &[0x06]);
        assert_eq!(talk(&mut chip, 0, &[0x05, 0])[1], 0x02);
        talk(&mut chip, 0, &[0x02, 0x00, 0x01, 0xFE, 0xF0, 0x0F, 0x55]);
        assert_eq!(talk(&mut chip, 100, &[0x05, 0])[1], 0x03, "busy");
        assert_eq!(talk(&mut chip, 100, &[0x03, 0, 1, 0xFE, 0])[4], 0xFF, "and deaf");
        assert_eq!(talk(&mut chip, 400, &[0x05, 0])[1], 0x00);
        assert_eq!(talk(&mut chip, 400, &[0x03, 0, 1, 0xFE, 0, 0, 0])[4..], [0xF0, 0x0F, 0xFF], "reads on");
        assert_eq!(chip.byte(0x100), 0x55, "the third byte is at the page's begin");
        talk(&mut chip, 400, &[0x06]);
        talk(&mut chip, 400, &[0x02, 0x00, 0x01, 0xFE, 0x3C]);
        assert_eq!(chip.byte(0x1FE), 0x30, "a one stays what it was");
    }

    #[test]
    fn an_erase_is_of_a_whole_sector_and_needs_the_latch() {
        let mut chip = W25q::w25q16().with_data(0xFFE, &[1, 2, 3, 4]);
        talk(&mut chip, 0, &[0x20, 0, 0x0F, 0x12]);
        assert_eq!(chip.byte(0xFFF), 2, "not without write enable");
        talk(&mut chip, 0, &[0x06]);
        talk(&mut chip, 0, &[0x20, 0, 0x0F]);
        assert_eq!(chip.byte(0xFFF), 2, "nor without an address");
        talk(&mut chip, 0, &[0x20, 0, 0x0F, 0x12]);
        assert_eq!([0xFFE, 0xFFF, 0x1000, 0x1001].map(|at| chip.byte(at)), [0xFF, 0xFF, 3, 4]);
        assert_eq!(talk(&mut chip, 44_999, &[0x05, 0])[1] & 1, 1);
        assert_eq!(talk(&mut chip, 45_000, &[0x05, 0])[1], 0, "the latch is cleared");
    }

    #[test]
    fn a_byte_cut_short_is_no_command() {
        let mut chip = W25q::w25q16();
        chip.select(Instant::START);
        chip.receive(0x06, Instant::START);
        chip.deselect(false, Instant::START);
        assert_eq!(talk(&mut chip, 0, &[0x05, 0])[1], 0);
    }

    #[test]
    fn powered_down_it_sleeps_until_it_is_released() {
        let mut chip = W25q::w25q16();
        talk(&mut chip, 0, &[0xB9]);
        assert_eq!(talk(&mut chip, 1, &[0x9F, 0]), [0xFF, 0xFF]);
        talk(&mut chip, 2, &[0xAB]);
        assert_eq!(talk(&mut chip, 9, &[0x9F, 0])[1], 0xEF);
        talk(&mut chip, 10, &[0x06]);
        talk(&mut chip, 10, &[0x99]);
        assert_eq!(talk(&mut chip, 10, &[0x05, 0])[1], 2, "a reset has to be enabled first");
        talk(&mut chip, 10, &[0x66]);
        talk(&mut chip, 10, &[0x99]);
        assert_eq!(talk(&mut chip, 60, &[0x05, 0])[1], 0);
    }
}
