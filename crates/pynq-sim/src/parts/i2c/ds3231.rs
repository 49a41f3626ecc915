//! A clock with a calendar.

use pynq_core::Instant;

use super::{I2cAddress, I2cTarget};

const DAY: u64 = 24 * 60 * 60;

/// A DS3231, at 0x68: a clock that goes with the board's time, from midnight of 1 January 2000 on, and a thermometer.
///
/// The number that it can be [set](I2cTarget::set) to is the temperature in quarters of a degree, with a sign; 25 degrees
/// before that. Its alarms and its control register are kept, and no alarm rings.
#[derive(Clone, Debug)]
pub struct Ds3231 {
    at: u8,
    is_addressed: bool,
    /// Seconds since 2000, at `since`.
    seconds: u64,
    since: Instant,
    weekday: u8,
    /// Hours are shown as 1 to 12.
    of_twelve: bool,
    /// The time registers, as they were at the last start.
    shown: [u8; 7],
    /// Registers 0x07 to 0x10.
    kept: [u8; 10],
    quarters: i16,
}

/// Place of the status in `kept`; its upper bit says that the clock has stood still.
const STATUS: usize = 0x0F - 0x07;

impl Default for Ds3231 {
    fn default() -> Self {
        Self::new()
    }
}

const fn of_bcd(byte: u8) -> u64 {
    (byte >> 4) as u64 * 10 + (byte & 0xF) as u64
}

fn to_bcd(number: u64) -> u8 {
    u8::try_from(number / 10 % 10 * 16 + number % 10).unwrap_or(0)
}

const fn days_of(year: u64) -> u64 {
    // 2000 and 2100 are no exceptions for the chip.
    if year % 4 == 0 { 366 } else { 365 }
}

const fn days_of_month(month: u64, year: u64) -> u64 {
    match month {
        2 => days_of(year) - 337,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Year, month and day, from the days since 2000.
fn date(mut days: u64) -> (u64, u64, u64) {
    let (mut year, mut month) = (0, 1);
    while days >= days_of(year) {
        days -= days_of(year);
        year += 1;
    }
    while days >= days_of_month(month, year) {
        days -= days_of_month(month, year);
        month += 1;
    }
    (year, month, days + 1)
}

fn days(year: u64, month: u64, day: u64) -> u64 {
    let years: u64 = (0..year).map(days_of).sum();
    let months: u64 = (1..month).map(|month| days_of_month(month, year)).sum();
    years + months + day.saturating_sub(1)
}

impl Ds3231 {
    /// A clock whose battery is new.
    #[must_use]
    pub const fn new() -> Self {
        let mut kept = [0; 10];
        kept[0x0E - 0x07] = 0x1C;
        kept[STATUS] = 0x88;
        Self {
            at: 0,
            is_addressed: false,
            seconds: 0,
            since: Instant::START,
            // 1 January 2000 was a Saturday.
            weekday: 7,
            of_twelve: false,
            shown: [0; 7],
            kept,
            quarters: 100,
        }
    }

    fn catch_up(&mut self, now: Instant) {
        let passed = now.duration_since(self.since).as_secs();
        let before = self.seconds / DAY;
        self.seconds += passed;
        self.since = self.since + core::time::Duration::from_secs(passed);
        let days = self.seconds / DAY - before;
        self.weekday = u8::try_from((u64::from(self.weekday) + 6 + days) % 7).unwrap_or(0) + 1;
    }

    fn show(&self) -> [u8; 7] {
        let (year, month, day) = date(self.seconds / DAY);
        let of_day = self.seconds % DAY;
        let hour = of_day / 3600;
        let hours =
            if self.of_twelve { 0x40 | u8::from(hour >= 12) << 5 | to_bcd((hour + 11) % 12 + 1) } else { to_bcd(hour) };
        let century = u8::from(year >= 100) << 7;
        [
            to_bcd(of_day % 60),
            to_bcd(of_day / 60 % 60),
            hours,
            self.weekday,
            to_bcd(day),
            century | to_bcd(month),
            to_bcd(year % 100),
        ]
    }

    /// Sets the clock to what the time registers say.
    fn take(&mut self, now: Instant) {
        let [second, minute, hours, weekday, day, month, year] = self.shown;
        self.of_twelve = hours & 0x40 != 0;
        let hour = if self.of_twelve {
            of_bcd(hours & 0x1F) % 12 + if hours & 0x20 == 0 { 0 } else { 12 }
        } else {
            of_bcd(hours & 0x3F)
        };
        let year = of_bcd(year) + if month & 0x80 == 0 { 0 } else { 100 };
        let days = days(year, of_bcd(month & 0x1F).max(1), of_bcd(day));
        self.seconds = days * DAY + hour * 3600 + of_bcd(minute) * 60 + of_bcd(second & 0x7F);
        self.weekday = weekday & 7;
        self.since = now;
    }
}

impl I2cTarget for Ds3231 {
    fn answers(&self, address: I2cAddress) -> bool {
        address == I2cAddress::Seven(0x68)
    }

    fn start(&mut self, _: I2cAddress, _: bool, now: Instant) -> bool {
        self.catch_up(now);
        self.shown = self.show();
        self.is_addressed = false;
        true
    }

    fn write(&mut self, byte: u8, now: Instant) -> bool {
        if !core::mem::replace(&mut self.is_addressed, true) {
            self.at = byte;
            return true;
        }
        match self.at {
            at @ 0..=6 => {
                self.shown[usize::from(at)] = byte;
                self.take(now);
            }
            // Its flags can be cleared and not set.
            0x0F => self.kept[STATUS] = byte & 8 | self.kept[STATUS] & byte & 0x83,
            at @ 0x07..=0x10 => self.kept[usize::from(at - 0x07)] = byte,
            _ => {}
        }
        self.at = (self.at + 1) % 0x13;
        true
    }

    fn read(&mut self, _: Instant) -> u8 {
        let at = self.at % 0x13;
        self.at = (at + 1) % 0x13;
        let [whole, quarters] = (self.quarters << 6).to_be_bytes();
        match at {
            0..=6 => self.shown[usize::from(at)],
            0x11 => whole,
            0x12 => quarters,
            _ => self.kept[usize::from(at - 0x07)],
        }
    }

    fn set(&mut self, value: u32) {
        let [.., high, low] = value.to_be_bytes();
        self.quarters = i16::from_be_bytes([high, low]);
    }
}
