//! Scatter-gather.

use super::*;

const RING: u64 = DDR + 0x10_0000;
const RX_RING: u64 = DDR + 0x11_0000;
const FROM: u64 = DDR;
const TO: u64 = DDR + 0x20_0000;

const EOF: u32 = 1 << 26;
const SOF: u32 = 1 << 27;
const COMPLETE: u32 = 1 << 31;

fn params() -> DmaParams {
    DmaParams { scatter_gather: true, ..DmaParams::default() }
}

fn low(address: u64) -> u32 {
    u32::try_from(address & 0xFFFF_FFFF).unwrap()
}

impl Loop {
    fn word(&self, address: u64) -> u32 {
        u32::from_le_bytes(self.memory(address, 4).try_into().unwrap())
    }

    fn set_word(&mut self, address: u64, value: u32) {
        self.fill(address, &value.to_le_bytes());
    }

    /// A descriptor, and the one that follows it.
    fn describe(&mut self, at: u64, next: u64, buffer: u64, control: u32) {
        let words = [low(next), low(next >> 32), low(buffer), low(buffer >> 32), 0, 0, control, 0];
        for (address, word) in (at..).step_by(4).zip(words) {
            self.set_word(address, word);
        }
    }

    /// A closed ring of as many descriptors as there are controls, with buffers of 0x1000 bytes.
    fn ring(&mut self, ring: u64, buffers: u64, controls: &[u32]) {
        for (index, &control) in (0..).zip(controls) {
            let next = ring + (index + 1) % controls.len() as u64 * 0x40;
            self.describe(ring + index * 0x40, next, buffers + index * 0x1000, control);
        }
    }

    fn start(&mut self, channel: u32, ring: u64, control: u32) {
        self.write(channel + CURDESC, low(ring));
        self.write(channel + DMACR, RS | control);
        self.pass(CLOCK);
    }

    fn tail(&mut self, channel: u32, descriptor: u64) {
        self.write(channel + TAILDESC, low(descriptor));
    }

    fn descriptor_status(&self, ring: u64, index: u64) -> u32 {
        self.word(ring + index * 0x40 + 0x1C)
    }
}

#[test]
fn registers_after_a_reset() {
    let mut dma = Loop::new(params());
    let offsets = [DMACR, DMASR, CURDESC, CURDESC_MSB, TAILDESC, TAILDESC_MSB, ADDRESS, ADDRESS_MSB, LENGTH];
    for channel in [0, S2MM] {
        let seen = offsets.map(|offset| dma.read(channel + offset));
        assert_eq!(seen, [0x0001_0002, 0x0001_0009, 0, 0, 0, 0, 0, 0, 0], "{channel:#x}");
    }
    assert_eq!(dma.read(SG_CTL), 3);
    dma.write(SG_CTL, 0xFFFF_FFFF);
    assert_eq!(dma.read(SG_CTL), 0xF0F);
    dma.write(ADDRESS, 0x1000);
    dma.write(LENGTH, 0x1000);
    assert_eq!((dma.read(ADDRESS), dma.read(LENGTH)), (0, 0), "those of direct mode are not there");
}

#[test]
fn packets_over_several_descriptors() {
    let mut dma = Loop::new(params());
    dma.fill(FROM, &pattern(0x3000));
    dma.ring(RING, FROM, &[SOF | 100, 60, EOF | 40, SOF | EOF | 30]);
    dma.ring(RX_RING, TO, &[150, 150, 150, 150]);
    dma.start(S2MM, RX_RING, IOC);
    dma.tail(S2MM, RX_RING + 0xC0);
    dma.start(0, RING, IOC);
    dma.tail(0, RING + 0xC0);
    dma.settle();
    let sent: Vec<u8> = [(0, 100), (0x1000, 60), (0x2000, 40)]
        .into_iter()
        .flat_map(|(start, length)| pattern(0x3000)[start..start + length].to_vec())
        .collect();
    assert_eq!([dma.memory(TO, 150), dma.memory(TO + 0x1000, 50)].concat(), sent);
    assert_eq!(dma.memory(TO + 0x2000, 30), dma.memory(FROM + 0x3000, 30));
    let transmitted = [0, 1, 2, 3].map(|index| dma.descriptor_status(RING, index));
    assert_eq!(transmitted, [100, 60, 40, 30].map(|length| COMPLETE | length));
    let received = [0, 1, 2, 3].map(|index| dma.descriptor_status(RX_RING, index));
    assert_eq!(received, [COMPLETE | SOF | 150, COMPLETE | EOF | 50, COMPLETE | SOF | EOF | 30, 0]);
    assert_eq!(dma.status(DMASR), 0x0001_0008 | IOC | IDLE, "the tail was reached");
    assert_eq!(dma.status(S2MM + DMASR), 0x0001_0008 | IOC, "one descriptor is still waiting");
    assert_eq!((dma.read(CURDESC), dma.read(S2MM + CURDESC)), (low(RING + 0xC0), low(RX_RING + 0xC0)));
    assert!(dma.line("dma/mm2s_introut") && dma.line("dma/s2mm_introut"));
}

#[test]
fn pointers_are_of_64_bytes_and_locked_while_the_channel_runs() {
    let mut dma = Loop::new(params());
    dma.write(CURDESC, 0x1000_10FF);
    dma.write(TAILDESC, 0x1000_20FF);
    dma.write(CURDESC_MSB, 5);
    assert_eq!([CURDESC, TAILDESC, CURDESC_MSB].map(|offset| dma.read(offset)), [0x1000_10C0, 0x1000_20C0, 0]);
    dma.write(DMACR, RS);
    dma.write(CURDESC, 0x1234_5640);
    assert_eq!(dma.read(CURDESC), 0x1000_10C0);
    dma.write(DMACR, 0);
    dma.write(CURDESC, 0x1234_5640);
    assert_eq!(dma.read(CURDESC), 0x1234_5640);
}

#[test]
fn a_tail_that_is_written_while_halted_starts_nothing() {
    let mut dma = Loop::new(params());
    dma.ring(RING, FROM, &[SOF | EOF | 8]);
    dma.write(CURDESC, low(RING));
    dma.tail(0, RING);
    dma.write(DMACR, RS);
    dma.settle();
    assert_eq!(dma.status(DMASR) & (IDLE | IOC), 0);
    dma.tail(0, RING);
    dma.settle();
    assert_eq!(dma.status(DMASR) & (IDLE | IOC), IDLE | IOC);
}

#[test]
fn descriptors_are_appended_without_stopping() {
    let mut dma = Loop::new(params());
    dma.ring(RING, FROM, &[SOF | EOF | 8; 4]);
    dma.start(0, RING, 0);
    dma.tail(0, RING);
    dma.settle();
    assert_eq!(dma.status(DMASR) & IDLE, IDLE);
    // At rest: it goes on with the one behind the tail. At work: it goes on to the new tail.
    dma.tail(0, RING + 0x40);
    assert_eq!(dma.status(DMASR) & IDLE, 0);
    dma.tail(0, RING + 0xC0);
    dma.settle();
    let complete = [0, 1, 2, 3].map(|index| dma.descriptor_status(RING, index));
    assert_eq!(complete, [COMPLETE | 8; 4]);
    // Used again, with the status cleared.
    dma.ring(RING, FROM, &[SOF | EOF | 9; 4]);
    dma.tail(0, RING);
    dma.settle();
    assert_eq!(dma.descriptor_status(RING, 0), COMPLETE | 9);
    assert_eq!(dma.descriptor_status(RING, 1), 0);
}

#[test]
fn a_descriptor_that_is_complete_already_is_an_error() {
    let mut dma = Loop::new(params());
    dma.ring(RING, FROM, &[SOF | EOF | 8; 4]);
    dma.start(S2MM, RX_RING, ERR);
    dma.start(0, RING, ERR);
    dma.tail(0, RING + 0x40);
    dma.settle();
    // Past the end of what is prepared.
    dma.tail(0, RING + 0x100);
    dma.settle();
    assert_eq!(dma.read(DMASR), 0x0001_0008 | HALTED | INTERNAL << OF_DESCRIPTOR | ERR | IOC);
    assert_eq!(dma.read(CURDESC), low(RING), "the one that failed");
    assert!(dma.line("dma/mm2s_introut"));
    assert_eq!(dma.read(S2MM + DMASR) & HALTED, HALTED);
    assert_eq!(dma.read(S2MM + DMACR) & RS, 0);
    assert_eq!(dma.descriptor_status(RING, 3), COMPLETE | 8);
}

#[test]
fn a_descriptor_of_no_bytes_is_an_error() {
    for (channel, control) in [(0, SOF | EOF), (S2MM, 0), (S2MM, SOF | 1 << 14)] {
        let mut dma = Loop::new(params());
        dma.ring(RING, FROM, &[control; 2]);
        dma.start(channel, RING, 0);
        dma.tail(channel, RING + 0x40);
        dma.settle();
        assert_eq!(dma.read(channel + DMASR), 0x0001_0008 | HALTED | INTERNAL | ERR);
        assert_eq!(dma.read(channel + CURDESC), low(RING));
        assert_eq!(dma.descriptor_status(RING, 0), 0);
    }
}

#[test]
fn errors_of_the_bus_on_descriptors_and_on_data() {
    let mut dma = Loop::new(params());
    dma.start(0, 0x3000_0000, 0);
    dma.tail(0, 0x3000_0000);
    dma.settle();
    assert_eq!(dma.read(DMASR), 0x0001_0008 | HALTED | DECODE << OF_DESCRIPTOR | ERR);
    assert_eq!(dma.bus_errors(), [0x3000_0000]);

    // A descriptor that can be read and not be written back.
    let mut dma = Loop::new(params());
    dma.ring(RING, FROM, &[SOF | EOF | 8]);
    dma.start(0, RING, 0);
    dma.tail(0, RING);
    dma.pass(10 * CLOCK);
    dma.fabric.inject_bus_errors(RING + 0x1C, 1);
    dma.settle();
    assert_eq!(dma.read(DMASR), 0x0001_0008 | HALTED | SLAVE << OF_DESCRIPTOR | ERR);

    // The second descriptor has its data nowhere.
    let mut dma = Loop::new(params());
    dma.ring(RING, FROM, &[SOF | 8, EOF | 8]);
    dma.set_word(RING + 0x48, 0x3000_0000);
    dma.start(0, RING, 0);
    dma.tail(0, RING + 0x40);
    dma.settle();
    assert_eq!(dma.read(DMASR), 0x0001_0008 | HALTED | DECODE | ERR);
    assert_eq!(dma.read(CURDESC), low(RING + 0x40));
    assert_eq!(dma.descriptor_status(RING, 0), COMPLETE | 8);
    assert_eq!(dma.descriptor_status(RING, 1), 1 << 30, "the error, and not complete");

    // So has one of S2MM.
    let mut dma = Loop::new(params());
    dma.ring(RX_RING, 0x3000_0000, &[100]);
    dma.start(S2MM, RX_RING, 0);
    dma.tail(S2MM, RX_RING);
    dma.ring(RING, FROM, &[SOF | EOF | 8]);
    dma.start(0, RING, 0);
    dma.tail(0, RING);
    dma.settle();
    assert_eq!(dma.read(S2MM + DMASR), 0x0001_0008 | HALTED | DECODE | ERR);
    assert_eq!(dma.descriptor_status(RX_RING, 0), 1 << 30);
}

#[test]
fn the_threshold_counts_packets_and_the_delay_reports_the_rest() {
    let mut dma = Loop::new(params());
    let packets: Vec<u32> = (0..7).flat_map(|_| [SOF | 8, EOF | 8]).collect();
    dma.ring(RING, FROM, &packets);
    // Three packets for an interrupt; a delay of two units, which are 125 clocks each.
    dma.start(0, RING, IOC | DLY | 3 << 16 | 2 << 24);
    assert_eq!(dma.read(DMASR) >> 16 & 0xFF, 3);
    let packets = |dma: &mut Loop, count: u64, from: u64| {
        dma.tail(0, RING + (from + count) * 0x80 - 0x40);
        while dma.status(DMASR) & IDLE == 0 {
            let next = dma.fabric.next_event().unwrap();
            dma.fabric.advance_to(next);
        }
    };
    packets(&mut dma, 2, 0);
    assert_eq!(dma.read(DMASR), 0x0001_0008 | IDLE, "two packets, of two descriptors each");
    packets(&mut dma, 1, 2);
    assert_eq!(dma.read(DMASR), 0x0003_0008 | IDLE | IOC);
    dma.write(DMASR, IOC);
    packets(&mut dma, 1, 3);
    assert_eq!(dma.read(DMASR), 0x0002_0008 | IDLE);
    dma.pass(2 * 125 * CLOCK - 1);
    assert_eq!(dma.read(DMASR), 0x0102_0008 | IDLE, "one unit has passed");
    assert!(!dma.line("dma/mm2s_introut"));
    dma.pass(1);
    assert_eq!(dma.read(DMASR), 0x0003_0008 | IDLE | DLY, "and the count begins anew");
    assert!(dma.line("dma/mm2s_introut"));
    dma.write(DMASR, DLY);
    dma.settle();
    assert_eq!(dma.read(DMASR), 0x0003_0008 | IDLE, "once");
    packets(&mut dma, 3, 4);
    assert_eq!(dma.read(DMASR) & 0xFFFF, 0x8 | IDLE | IOC);
}

#[test]
fn a_threshold_of_zero_is_stored_as_one() {
    let mut dma = Loop::new(params());
    dma.write(DMACR, 5 << 16);
    assert_eq!(dma.read(DMASR) >> 16, 5);
    dma.write(DMACR, 0);
    assert_eq!(dma.read(DMACR), 0x0001_0002);
    assert_eq!(dma.read(DMASR) >> 16, 1);
}

#[test]
fn a_cyclic_ring_goes_round_without_looking_at_what_is_complete() {
    let mut dma = Loop::new(params());
    dma.ring(RING, FROM, &[SOF | EOF | 40, SOF | EOF | 40]);
    dma.ring(RX_RING, TO, &[64, 64, 64]);
    dma.write(S2MM + CURDESC, low(RX_RING));
    dma.write(S2MM + DMACR, RS | 1 << 4);
    dma.tail(S2MM, RX_RING + 0x1000);
    dma.write(CURDESC, low(RING));
    dma.write(DMACR, RS | 1 << 4);
    dma.tail(0, RING + 0x1000);
    let mut rounds = 0;
    while rounds < 10 {
        dma.pass(40 / 4 * CLOCK);
        if dma.read(DMASR) & IOC != 0 {
            dma.write(DMASR, IOC);
            rounds += 1;
        }
    }
    assert_eq!(dma.read(DMASR) & (IDLE | HALTED | ERR), 0);
    assert_eq!(dma.read(S2MM + DMASR) & (IDLE | HALTED | ERR | IOC), IOC);
    // RS = 0 ends with the descriptor at work.
    dma.write(DMACR, 1 << 4);
    dma.settle();
    assert_eq!(dma.read(DMASR) & HALTED, HALTED);
    assert_eq!(dma.fabric.next_event(), None);
}

#[test]
fn with_more_than_32_bits_the_upper_half_of_the_tail_starts() {
    let high = 0x8_0000_0000;
    let fabric = FabricBuilder::new()
        .device("dma", DMA, 0x1_0000, AxiDmaModel::new(DmaParams { address_width: 36, ..params() }))
        .memory("ddr", high, DDR_SIZE);
    let mut dma = Loop { fabric: fabric.build().unwrap() };
    dma.describe(high + 0x1000, high + 0x1000, high, SOF | EOF | 8);
    dma.write(CURDESC, 0x1000);
    dma.write(CURDESC_MSB, 0xF8);
    assert_eq!(dma.read(CURDESC_MSB), 0x8, "bits of the build");
    dma.write(DMACR, RS);
    dma.tail(0, 0x1000);
    dma.settle();
    assert_eq!(dma.status(DMASR), 0x0001_0008, "the lower half starts nothing");
    dma.write(TAILDESC_MSB, 8);
    dma.settle();
    assert_eq!(dma.status(DMASR), 0x0001_0008, "nothing takes the stream");
    dma.fabric.join("dma/M_AXIS_MM2S", "dma/S_AXIS_S2MM").unwrap();
    dma.describe(high + 0x2000, high + 0x2000, high + 0x3000, 8);
    dma.write(S2MM + CURDESC, 0x2000);
    dma.write(S2MM + CURDESC_MSB, 8);
    dma.write(S2MM + DMACR, RS);
    dma.tail(S2MM, 0x2000);
    dma.write(S2MM + TAILDESC_MSB, 8);
    dma.settle();
    assert_eq!(dma.word(high + 0x201C), COMPLETE | SOF | EOF | 8);
}

#[test]
fn a_packet_waits_for_descriptors() {
    let mut dma = Loop::new(params());
    dma.fill(FROM, &pattern(0x1000));
    dma.ring(RX_RING, TO, &[1000; 4]);
    dma.start(S2MM, RX_RING, 0);
    dma.tail(S2MM, RX_RING + 0x40);
    dma.ring(RING, FROM, &[SOF | EOF | 4000]);
    dma.start(0, RING, 0);
    dma.tail(0, RING);
    dma.settle();
    // 2000 bytes are taken, and as many are in the FIFO but for those that do not fit.
    assert_eq!(dma.status(S2MM + DMASR) & (IDLE | IOC), IDLE);
    dma.tail(S2MM, RX_RING + 0xC0);
    dma.settle();
    assert_eq!(dma.status(S2MM + DMASR) & (IDLE | IOC), IDLE | IOC);
    let received: Vec<u8> = (0..4).flat_map(|index| dma.memory(TO + index * 0x1000, 1000)).collect();
    assert_eq!(received, pattern(4000));
    let flags = [0, 1, 2, 3].map(|index| dma.descriptor_status(RX_RING, index) & (SOF | EOF));
    assert_eq!(flags, [SOF, 0, 0, EOF]);
}

#[test]
fn stopping_ends_with_the_descriptor() {
    let mut dma = Loop::new(params());
    dma.ring(RING, FROM, &[SOF | EOF | 400; 4]);
    dma.start(0, RING, 0);
    dma.tail(0, RING + 0xC0);
    dma.pass(40 * CLOCK);
    dma.write(DMACR, 0);
    assert_eq!(dma.status(DMASR) & HALTED, 0);
    dma.settle();
    assert_eq!(dma.status(DMASR) & HALTED, HALTED);
    let complete = [0, 1].map(|index| dma.descriptor_status(RING, index));
    assert_eq!(complete, [COMPLETE | 400, 0]);
    // Started again without CURDESC, it begins where it was, with a descriptor that is complete.
    dma.write(DMACR, RS);
    dma.tail(0, RING + 0xC0);
    dma.settle();
    assert_eq!(dma.read(DMASR) & (INTERNAL << OF_DESCRIPTOR), INTERNAL << OF_DESCRIPTOR);
}

#[test]
fn keyhole_reads_one_address_again_and_again() {
    let mut dma = Loop::new(params());
    dma.fill(FROM, &[1, 2, 3, 4, 5, 6, 7, 8]);
    dma.ring(RING, FROM, &[SOF | EOF | 10]);
    dma.ring(RX_RING, TO, &[64]);
    dma.start(S2MM, RX_RING, 0);
    dma.tail(S2MM, RX_RING);
    dma.start(0, RING, 1 << 3);
    dma.tail(0, RING);
    dma.settle();
    assert_eq!(dma.memory(TO, 11), [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 0]);
}
