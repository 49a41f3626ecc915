//! Memories of the 24Cxx family.

use alloc::{format, string::String, vec, vec::Vec};
use core::{fmt::Write as _, time::Duration};

use pynq_core::Instant;

use super::{I2cAddress, I2cTarget};
use crate::device::View;

/// An EEPROM of the 24Cxx family, which begins erased: all ones.
///
/// Bytes that are written go into a page buffer, whose address wraps within the page, and are stored after the stop. That
/// takes its time, during which the memory answers to no address: a program polls it, or waits. A write that ends by a
/// repeated start stores nothing. Reads go on from the last address, round the whole memory.
///
/// Its view is its contents as text, sixteen bytes a line, without the lines that are erased.
#[derive(Clone, Debug)]
pub struct Eeprom {
    data: Vec<u8>,
    page: usize,
    address: u8,
    /// Bytes of the address within the memory that a write begins with: 1 or 2.
    address_bytes: u8,
    write_time: Duration,
    /// Where the next byte is read or written.
    at: usize,
    /// How many bytes of the address have come.
    got: u8,
    /// What is to be stored, by its place.
    buffer: Vec<(usize, u8)>,
    /// It stores until then.
    busy_until: Instant,
}

impl Eeprom {
    /// 256 bytes in pages of 16, at 0x50: a 24C02.
    #[must_use]
    pub fn of_24c02() -> Self {
        Self::new(256, 16, 1)
    }

    /// 2048 bytes in pages of 16, at 0x50 to 0x57: a 24C16. The upper bits of the address are in that of the device.
    #[must_use]
    pub fn of_24c16() -> Self {
        Self::new(2048, 16, 1)
    }

    /// 32,768 bytes in pages of 64, at 0x50: a 24C256.
    #[must_use]
    pub fn of_24c256() -> Self {
        Self::new(32_768, 64, 2)
    }

    fn new(size: usize, page: usize, address_bytes: u8) -> Self {
        Self {
            data: vec![u8::MAX; size],
            page,
            address: 0x50,
            address_bytes,
            write_time: Duration::from_millis(5),
            at: 0,
            got: 0,
            buffer: Vec::new(),
            busy_until: Instant::START,
        }
    }

    /// The same at another address, by its pins A0 to A2.
    #[must_use]
    pub const fn at(mut self, address: u8) -> Self {
        self.address = address;
        self
    }

    /// The same with these bytes at its beginning.
    #[must_use]
    pub fn holding(mut self, bytes: &[u8]) -> Self {
        for (place, byte) in self.data.iter_mut().zip(bytes) {
            *place = *byte;
        }
        self
    }

    /// The addresses it answers to: one for each 256 bytes if it takes one byte of address.
    fn blocks(&self) -> u8 {
        if self.address_bytes == 1 { u8::try_from(self.data.len() / 256).unwrap_or(1).max(1) } else { 1 }
    }
}

impl I2cTarget for Eeprom {
    fn answers(&self, address: I2cAddress) -> bool {
        matches!(address, I2cAddress::Seven(address)
            if (self.address..self.address.saturating_add(self.blocks())).contains(&address))
    }

    fn start(&mut self, address: I2cAddress, read: bool, now: Instant) -> bool {
        self.buffer.clear();
        self.got = 0;
        if now < self.busy_until {
            return false;
        }
        if let (I2cAddress::Seven(address), true) = (address, self.blocks() > 1) {
            self.at = self.at % 256 + usize::from(address - self.address) * 256;
        }
        let _ = read;
        true
    }

    fn write(&mut self, byte: u8, _: Instant) -> bool {
        if self.got < self.address_bytes {
            let shifted =
                if self.got == 0 && self.address_bytes == 1 { self.at & !0xFF } else { (self.at << 8) & 0xFF00 };
            let kept = if self.got == 0 && self.address_bytes == 2 { 0 } else { shifted };
            self.at = (kept | usize::from(byte)) % self.data.len();
            self.got += 1;
            return true;
        }
        if self.buffer.len() == self.page {
            self.buffer.remove(0);
        }
        self.buffer.push((self.at, byte));
        let page = self.at / self.page * self.page;
        self.at = page + (self.at + 1 - page) % self.page;
        true
    }

    fn read(&mut self, _: Instant) -> u8 {
        let byte = self.data[self.at];
        self.at = (self.at + 1) % self.data.len();
        byte
    }

    fn stop(&mut self, now: Instant) {
        if self.buffer.is_empty() {
            return;
        }
        for (place, byte) in self.buffer.drain(..) {
            self.data[place] = byte;
        }
        self.busy_until = now + self.write_time;
    }

    fn view(&self) -> View {
        let mut text = String::new();
        for (line, bytes) in
            self.data.chunks(16).enumerate().filter(|(_, bytes)| bytes.iter().any(|&byte| byte != 0xFF))
        {
            // Writing to a string cannot fail.
            let _ = write!(text, "{:04x}:", line * 16);
            text.extend(bytes.iter().map(|byte| format!(" {byte:02x}")));
            text.push('\n');
        }
        View::Text(text)
    }
}
