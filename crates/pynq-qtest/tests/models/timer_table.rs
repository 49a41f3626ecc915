//! The departures of QEMU's timer from the data sheet.

use crate::departure::Departure;

pub(crate) const ENT_LOADS: Departure = Departure {
    name: "ENT loads the counter",
    sheet: "LOAD holds the counter at TLR, ENT lets it go on from where it is",
    qemu: "LOAD does nothing, and a write with ENT starts from TLR; TCR is the complement of a counter that counts down \
           whenever UDT is clear",
};
pub(crate) const WRITE_CLEARS: Departure = Departure {
    name: "any write of TCSR clears TINT",
    sheet: "TINT is cleared by writing a one to it",
    qemu: "a zero clears it as well",
};
pub(crate) const NO_CASCADE: Departure =
    Departure { name: "no CASC", sheet: "TCSR0 has the bit, for a counter of 64 bits", qemu: "it reads 0" };
pub(crate) const ENALL_ALONE: Departure = Departure {
    name: "ENALL is a bit like any other",
    sheet: "both registers show it, and a one starts both timers",
    qemu: "each register has its own, and it starts nothing",
};
pub(crate) const NOTHING_TO_COUNT: Departure = Departure {
    name: "a count of nothing is over at once",
    sheet: "the event comes a clock after the counter has reached its end",
    qemu: "started at its end, the timer has its event in the very write",
};
pub(crate) const RESERVED: Departure = Departure {
    name: "reserved registers remember",
    sheet: "offsets 0x0C and 0x1C have no register",
    qemu: "they read what was written to them",
};
pub(crate) const LAST_COUNT: Departure = Departure {
    name: "a one-shot stops a clock early",
    sheet: "the event is the rollover: counted down, the counter stops at all ones",
    qemu: "the event is the last count: it stops at 0; counted up, the other way round",
};
pub(crate) const PERIODS: Departure = Departure {
    name: "a period is TLR clocks and what it takes QEMU to notice",
    sheet: "it is TLR + 2 clocks (counting down)",
    qemu: "the counter is reloaded when the host gets to it, and TLR clocks later it is over",
};
pub(crate) const NO_CAPTURE: Departure = Departure {
    name: "no capture mode",
    sheet: "with MDT the counter wraps around, and only a capture is an event",
    qemu: "MDT is stored and does nothing",
};
pub(crate) const NO_STOP: Departure = Departure {
    name: "clearing ENT stops nothing",
    sheet: "the counter stands, and goes on when ENT is set",
    qemu: "it counts on, and its event comes",
};

pub(crate) const DEPARTURES: [&Departure; 10] = [
    &ENT_LOADS,
    &WRITE_CLEARS,
    &NO_CASCADE,
    &ENALL_ALONE,
    &NOTHING_TO_COUNT,
    &RESERVED,
    &LAST_COUNT,
    &PERIODS,
    &NO_CAPTURE,
    &NO_STOP,
];
