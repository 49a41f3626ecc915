//! One test for each line of the data sheet's "Behaviour a faithful simulation must reproduce", at the registers and on the
//! wire. A little target here answers in place of the fabric.

use super::*;

/// What a target at address 0x50 does: it acknowledges so many bytes, and sends 1, 2, 3 ..
struct Wired {
    model: AxiIicModel,
    log: Vec<I2c>,
    accepts: usize,
    selected: bool,
    next: u8,
}

fn wired() -> Wired {
    let mut model = AxiIicModel::new(IicParams::default());
    assert!(model.write(SOFTR, 0xA));
    model.write(RX_FIFO_PIRQ, 0xF);
    model.write(CR, EN);
    Wired { model, log: Vec::new(), accepts: usize::MAX, selected: false, next: 0 }
}

impl Wired {
    fn write(&mut self, offset: u32, value: u32) {
        assert!(self.model.write(offset, value));
        self.answer();
    }

    fn read(&mut self, offset: u32) -> u32 {
        let value = self.model.read(offset);
        self.answer();
        value
    }

    fn answer(&mut self) {
        for message in self.model.take_sent() {
            self.log.push(message);
            match message {
                I2c::Start { address, .. } => {
                    self.selected = address == 0x50;
                    if self.selected {
                        self.model.hear(I2c::Ack(true));
                    }
                }
                I2c::Write(_) if self.selected && self.accepts > 0 => {
                    self.accepts -= 1;
                    self.model.hear(I2c::Ack(true));
                }
                I2c::Read if self.selected => {
                    self.next += 1;
                    self.model.hear(I2c::Data(self.next));
                }
                I2c::Stop => self.selected = false,
                _ => {}
            }
        }
    }

    /// Lets the bus come to rest, or to where it waits.
    fn rest(&mut self) {
        while let Some(due) = self.model.next_event() {
            self.model.pass_to(due);
            self.answer();
        }
    }

    fn bits(&mut self, count: u32) {
        let end = self.model.now + self.model.bit_time() * count;
        while let Some(due) = self.model.next_event().filter(|&due| due <= end) {
            self.model.pass_to(due);
            self.answer();
        }
        self.model.pass_to(end);
    }

    /// Clears these bits as a driver does: those that are set, and no others.
    fn clear(&mut self, bits: u32) {
        let set = self.read(ISR) & bits;
        self.write(ISR, set);
    }

    fn send(&mut self, entries: &[u32]) {
        entries.iter().for_each(|&entry| self.write(TX_FIFO, entry));
    }

    fn bytes_read(&mut self) -> Vec<u32> {
        let mut bytes = Vec::new();
        while self.read(SR) & 1 << 6 == 0 {
            bytes.push(self.read(RX_FIFO));
        }
        bytes
    }
}

const fn start(read: bool) -> I2c {
    I2c::Start { address: 0x50, read }
}

#[test]
fn it_is_reset_as_the_sheet_says() {
    let mut model = AxiIicModel::new(IicParams::default());
    assert_eq!((model.read(ISR), model.read(SR)), (0xD0, 0xC0));
    assert_eq!((model.read(CR), model.read(IER), model.read(GIE), model.read(RX_FIFO_PIRQ)), (0, 0, 0, 0));
    assert!(!model.write(SOFTR, 1), "another value is a bus error");
    model.write(IER, 0xFF);
    model.write(GIE, u32::MAX);
    assert_eq!((model.read(GIE), model.irq()), (1 << 31, true));
    assert!(model.write(SOFTR, 0xA));
    assert_eq!((model.read(IER), model.irq()), (0, false));
}

#[test]
fn a_written_one_toggles_and_a_condition_that_lasts_wins() {
    let mut model = AxiIicModel::new(IicParams::default());
    model.write(ISR, ARB_LOST);
    assert_eq!(model.read(ISR), 0xD1, "a phantom");
    model.write(ISR, ARB_LOST);
    assert_eq!(model.read(ISR), 0xD0);
    model.write(ISR, NOT_BUSY | TX_HALF | NOT_ADDRESSED);
    assert_eq!(model.read(ISR), NOT_BUSY | TX_HALF, "the bus is free and the FIFO is empty");
}

#[test]
fn occupancies_are_one_less_and_those_of_nothing_too() {
    let mut model = AxiIicModel::new(IicParams::default());
    assert_eq!((model.read(TX_FIFO_OCY), model.read(SR) & 1 << 7), (0, 1 << 7));
    for count in 0..16 {
        model.write(TX_FIFO, 7);
        assert_eq!((model.read(TX_FIFO_OCY), model.read(SR) & 1 << 7), (count, 0));
    }
    assert_ne!(model.read(SR) & 1 << 4, 0);
    model.write(TX_FIFO, 7);
    assert_eq!(model.read(TX_FIFO_OCY), 15, "one too many is lost");
    model.write(CR, TX_RESET);
    assert_eq!(model.read(SR), 0xC0);
    model.write(TX_FIFO, 7);
    assert_eq!(model.read(SR), 0xC0, "it is held in reset");
}

#[test]
fn half_empty_is_eight_entries() {
    let mut model = AxiIicModel::new(IicParams::default());
    (0..9).for_each(|_| assert!(model.write(TX_FIFO, 7)));
    model.write(ISR, TX_HALF);
    assert_eq!(model.read(ISR) & TX_HALF, 0);
    model.write(CR, TX_RESET);
    assert_ne!(model.read(ISR) & TX_HALF, 0);
}

#[test]
fn a_dynamic_write_is_start_bytes_stop() {
    let mut m = wired();
    m.send(&[0x1A0, 0x12, 0x234]);
    assert_ne!(m.read(SR) & 1 << 2, 0, "busy from the START on");
    m.rest();
    assert_eq!(m.log, [start(false), I2c::Write(0x12), I2c::Write(0x34), I2c::Stop]);
    assert_eq!(m.read(SR), 0xC0);
    // START, 3 bytes of 9 bits, STOP.
    assert_eq!(m.model.now.as_nanos(), 29 * 10_000);
}

#[test]
fn a_start_that_is_a_stop_as_well_probes() {
    for (address, error) in [(0xA0, 0), (0xA2, TX_ERROR)] {
        let mut m = wired();
        m.send(&[0x300 | address]);
        m.rest();
        assert_eq!(m.log.last(), Some(&I2c::Stop));
        assert_eq!((m.log.len(), m.read(ISR) & TX_ERROR), (2, error));
    }
}

#[test]
fn a_dynamic_read_places_its_nack_and_is_held_at_the_threshold() {
    let mut m = wired();
    m.write(RX_FIFO_PIRQ, 1);
    m.send(&[0x1A1, 0x203]);
    m.rest();
    assert_eq!(m.read(ISR) & (RX_FULL | TX_ERROR), RX_FULL);
    assert_eq!((m.read(RX_FIFO_OCY), m.log.len()), (1, 5), "SCL is held");
    assert_eq!(m.read(RX_FIFO), 1);
    m.rest();
    assert_eq!(m.bytes_read(), [2, 3]);
    let (ack, nack) = (I2c::Ack(true), I2c::Ack(false));
    assert_eq!(m.log, [start(true), I2c::Read, ack, I2c::Read, ack, I2c::Read, nack, I2c::Stop]);
    assert_eq!(m.read(ISR) & TX_ERROR, TX_ERROR, "by the controller's own NACK");
}

#[test]
fn the_threshold_is_an_equality() {
    let mut m = wired();
    m.write(RX_FIFO_PIRQ, 3);
    m.send(&[0x1A1, 0x208]);
    m.rest();
    assert_eq!(m.read(RX_FIFO_OCY), 3);
    // Lowered below what is there, it holds nothing any more.
    m.write(RX_FIFO_PIRQ, 1);
    m.rest();
    assert_eq!((m.read(RX_FIFO_OCY), m.log.last()), (7, Some(&I2c::Stop)));
}

#[test]
fn a_repeated_start_joins_a_write_and_a_read() {
    let mut m = wired();
    m.send(&[0x1A0, 0x07, 0x1A1, 0x201]);
    m.rest();
    assert_eq!(m.log[..3], [start(false), I2c::Write(7), start(true)]);
    assert_eq!(m.bytes_read(), [1]);
}

#[test]
fn a_dynamic_read_stops_whatever_its_entry_says() {
    let mut m = wired();
    m.send(&[0x1A1, 0x002, 0x1A0, 0x207]);
    m.rest();
    let (ack, nack) = (I2c::Ack(true), I2c::Ack(false));
    let read = [start(true), I2c::Read, ack, I2c::Read, nack, I2c::Stop];
    assert_eq!(m.log[..6], read);
    assert_eq!(m.log[6..], [start(false), I2c::Write(7), I2c::Stop], "no repeated START");
}

#[test]
fn a_count_that_comes_late_is_no_count() {
    for (late, bytes) in [(8, &[1, 2, 3][..]), (10, &[1])] {
        let mut m = wired();
        m.send(&[0x1A1]);
        m.bits(late);
        m.send(&[0x203]);
        m.rest();
        assert_eq!((m.bytes_read(), m.log.last()), (bytes.to_vec(), Some(&I2c::Stop)), "{late}");
    }
}

#[test]
fn what_is_queued_while_it_is_disabled_begins_at_once() {
    let mut m = wired();
    m.write(CR, 0);
    m.model.hear(I2c::Start { address: 1, read: false });
    assert_eq!(m.read(SR) & 1 << 2, 0, "it does not see the others");
    m.send(&[0x1A1]);
    m.bits(100);
    m.send(&[0x203]);
    assert!(m.log.is_empty());
    m.write(CR, EN);
    m.rest();
    assert_eq!(m.bytes_read(), [1, 2, 3]);
}

#[test]
fn it_holds_the_clock_while_it_has_nothing_to_send() {
    let mut m = wired();
    m.send(&[0x1A0]);
    assert_eq!(m.read(ISR) & TX_EMPTY, 0);
    m.rest();
    assert_eq!((m.read(ISR) & TX_EMPTY, m.read(SR) & 1 << 2), (TX_EMPTY, 1 << 2));
    m.clear(TX_EMPTY);
    assert_ne!(m.read(ISR) & TX_EMPTY, 0, "it lasts");
    m.send(&[0x201]);
    m.clear(TX_EMPTY);
    assert_eq!(m.read(ISR) & TX_EMPTY, 0);
    m.rest();
    assert_eq!(m.log, [start(false), I2c::Write(1), I2c::Stop]);
}

#[test]
fn a_nack_ends_in_a_stop_and_leaves_the_fifo_as_it_is() {
    let mut m = wired();
    m.accepts = 1;
    m.send(&[0x1A0, 1, 2, 3, 0x204]);
    m.rest();
    assert_eq!(m.log, [start(false), I2c::Write(1), I2c::Write(2), I2c::Stop]);
    assert_eq!((m.read(ISR) & TX_ERROR, m.read(CR) & MSMS, m.read(TX_FIFO_OCY)), (TX_ERROR, 0, 1));
    // What is left there stands in the way of the next transfer.
    m.send(&[0x1A0, 0x201]);
    m.rest();
    assert_eq!(m.log.len(), 4);
    // An address is a transfer of its own.
    let mut m = wired();
    m.accepts = 0;
    m.send(&[0x1A0, 1, 0x1A1, 0x201]);
    m.rest();
    assert_eq!(m.log[..4], [start(false), I2c::Write(1), I2c::Stop, start(true)]);
}

/// A standard read of two bytes by the book; `late` is how many bits pass before TXAK is set.
fn standard_read(late: u32) -> (Vec<I2c>, Vec<u32>) {
    let mut m = wired();
    m.write(RX_FIFO_PIRQ, 0);
    m.send(&[0xA1]);
    m.write(CR, EN | MSMS);
    m.rest();
    let mut bytes = Vec::new();
    if late == 0 {
        m.write(CR, EN | MSMS | TXAK);
    }
    bytes.push(m.read(RX_FIFO));
    if late != 0 {
        m.bits(late);
        m.write(CR, EN | MSMS | TXAK);
    }
    m.rest();
    m.write(CR, EN);
    bytes.push(m.read(RX_FIFO));
    m.rest();
    bytes.extend(m.bytes_read());
    (m.log, bytes)
}

#[test]
fn a_nack_in_time_is_a_nack() {
    let (log, bytes) = standard_read(0);
    assert_eq!(bytes, [1, 2]);
    assert_eq!(log, [start(true), I2c::Read, I2c::Ack(true), I2c::Read, I2c::Ack(false), I2c::Stop]);
}

#[test]
fn a_late_nack_acknowledges_the_last_byte() {
    let (log, _) = standard_read(5);
    assert!(log.contains(&I2c::Ack(false)), "five bits later it is still in time");
    let (log, _) = standard_read(9);
    assert!(!log.contains(&I2c::Ack(false)), "{log:?}");
}

#[test]
fn msms_that_is_cleared_late_reads_one_byte_too_many_and_holds_the_clock() {
    let mut m = wired();
    m.write(RX_FIFO_PIRQ, 0);
    m.send(&[0xA1]);
    m.write(CR, EN | MSMS | TXAK);
    m.rest();
    assert_eq!(m.read(RX_FIFO), 1);
    m.rest();
    m.write(CR, EN);
    m.rest();
    assert_eq!(m.bytes_read(), [2], "one too many");
    let mut m = wired();
    m.write(RX_FIFO_PIRQ, 0);
    m.send(&[0xA1]);
    m.write(CR, EN | MSMS | TXAK);
    m.rest();
    m.read(RX_FIFO);
    m.rest();
    assert_eq!((m.read(SR) & 1 << 2, m.model.next_event()), (1 << 2, None), "and holds the clock");
}

#[test]
fn a_standard_write_stops_after_the_byte_that_follows() {
    let mut m = wired();
    m.send(&[0xA0, 1, 2]);
    m.write(CR, EN | MSMS | TX);
    m.rest();
    assert_ne!(m.read(ISR) & TX_EMPTY, 0);
    m.write(CR, EN | TX);
    m.rest();
    assert_eq!(m.log.len(), 3, "nothing happens before the last byte is there");
    m.send(&[3]);
    m.rest();
    assert_eq!(m.log, [start(false), I2c::Write(1), I2c::Write(2), I2c::Write(3), I2c::Stop]);
    // In the middle of a byte, it stops after that, whatever is in the FIFO.
    let mut m = wired();
    m.send(&[0xA0, 1, 2, 3]);
    m.write(CR, EN | MSMS | TX);
    m.bits(14);
    m.write(CR, EN | TX);
    m.rest();
    assert_eq!(m.log, [start(false), I2c::Write(1), I2c::Stop]);
}

#[test]
fn a_repeated_start_in_the_middle_of_a_byte_cuts_it() {
    for (rest, log) in [(true, 4), (false, 3)] {
        let mut m = wired();
        m.send(&[0xA0, 1]);
        m.write(CR, EN | MSMS | TX);
        if rest {
            m.rest();
        } else {
            m.bits(14);
        }
        m.write(CR, EN | MSMS | TX | RSTA);
        m.send(&[0xA0, 9]);
        m.rest();
        assert_eq!(m.read(CR) & RSTA, 0, "it clears itself");
        assert_eq!(m.log.len(), log, "{:?}", m.log);
    }
}

#[test]
fn of_two_controllers_the_lower_byte_wins() {
    for (theirs, lost) in [(0x4F, true), (0x51, false), (0x50, false)] {
        let mut m = wired();
        m.send(&[0x1A0, 0x233]);
        m.bits(5);
        m.model.hear(I2c::Start { address: theirs, read: false });
        assert_eq!(m.read(ISR) & ARB_LOST != 0, lost, "{theirs:#x}");
        assert_eq!((m.read(CR) & MSMS == 0, m.read(SR) & 1 << 2), (lost, 1 << 2));
        m.rest();
        assert_eq!(m.log.is_empty(), lost, "no STOP of its own");
        m.model.hear(I2c::Stop);
        assert_eq!(m.read(SR) & 1 << 2, 0);
    }
}

#[test]
fn it_waits_for_the_end_of_the_others_transfer() {
    let mut m = wired();
    m.model.hear(I2c::Start { address: 0x20, read: false });
    m.clear(NOT_BUSY);
    assert_eq!((m.read(SR) & 1 << 2, m.read(ISR) & NOT_BUSY), (1 << 2, 0));
    m.send(&[0x3A0]);
    m.rest();
    assert!(m.log.is_empty());
    m.model.hear(I2c::Stop);
    m.rest();
    assert_eq!(m.log, [start(false), I2c::Stop]);
}

#[test]
fn a_target_that_holds_the_clock_delays_the_acknowledge() {
    let mut m = wired();
    m.send(&[0x3A0]);
    m.bits(9);
    m.model.hear(I2c::Hold(true));
    assert_eq!(m.model.next_event(), None);
    m.bits(500);
    m.model.hear(I2c::Hold(false));
    m.rest();
    assert_eq!(m.log, [start(false), I2c::Stop]);
    // START and address, the hold, the acknowledge, STOP.
    assert_eq!(m.model.now.as_nanos(), (9 + 500 + 1 + 1) * 10_000);
}

#[test]
fn a_data_line_that_is_held_is_a_busy_bus_and_no_start_gets_through() {
    let mut m = wired();
    m.model.hear(I2c::HoldData(true));
    assert_ne!(m.read(SR) & 1 << 2, 0);
    m.write(SOFTR, 0xA);
    m.write(CR, EN);
    assert_eq!(m.read(SR) & 1 << 2, 0, "a reset forgets it");
    m.send(&[0x3A0]);
    m.rest();
    assert!(m.log.is_empty());
    m.model.hear(I2c::HoldData(false));
    m.rest();
    assert_eq!(m.log, [start(false), I2c::Stop]);
}

#[test]
fn the_timing_registers_are_the_speed() {
    let params = IicParams { bus_hz: 400_000, clock_hz: 50_000_000, ..IicParams::default() };
    let mut model = AxiIicModel::new(params);
    assert_eq!(model.bit_time(), Duration::from_micros(5), "built for twice the clock");
    assert_eq!((model.read(0x13C), model.read(0x140)), (125, 125));
    model.write(0x13C, 250);
    assert_eq!(model.bit_time(), Duration::from_nanos(7_500));
}
