//! Direct register mode.

use super::*;

fn direct() -> Loop {
    Loop::new(DmaParams::default())
}

/// Both channels run, with all interrupts.
fn running() -> Loop {
    let mut dma = direct();
    dma.write(DMACR, RS | IOC | ERR);
    dma.write(S2MM + DMACR, RS | IOC | ERR);
    dma.pass(CLOCK);
    dma
}

#[test]
fn registers_after_a_reset() {
    let mut dma = direct();
    let offsets = [DMACR, DMASR, CURDESC, CURDESC_MSB, TAILDESC, TAILDESC_MSB, ADDRESS, ADDRESS_MSB, LENGTH, SG_CTL];
    let expected = [0x0001_0002, 0x1, 0, 0, 0, 0, 0, 0, 0, 0];
    for channel in [0, S2MM] {
        let seen = offsets.map(|offset| dma.read(channel + offset));
        assert_eq!(seen, expected, "{channel:#x}");
    }
    assert_eq!(dma.read(0x60), 0);
}

#[test]
fn a_packet_goes_through_the_loop() {
    let mut dma = running();
    let sent = pattern(1000);
    dma.fill(DDR, &sent);
    dma.transfer(S2MM, DDR + 0x1000, 2000);
    dma.transfer(0, DDR, 1000);
    dma.settle();
    assert_eq!(dma.memory(DDR + 0x1000, 1000), sent);
    assert_eq!((dma.read(DMASR), dma.read(S2MM + DMASR)), (IOC | IDLE, IOC | IDLE));
    assert_eq!(dma.read(S2MM + LENGTH), 1000, "what was received");
    assert_eq!(dma.read(LENGTH), 1000, "what was written");
    assert!(dma.line("dma/mm2s_introut") && dma.line("dma/s2mm_introut"));
    dma.write(DMASR, IOC);
    dma.write(S2MM + DMASR, IOC);
    assert!(!dma.line("dma/mm2s_introut") && !dma.line("dma/s2mm_introut"));
}

#[test]
fn it_takes_the_time_of_its_bytes_at_clock_and_width() {
    let finished = |params: DmaParams, length: u32| {
        let mut dma = Loop::new(params);
        dma.write(DMACR, RS);
        dma.write(S2MM + DMACR, RS);
        dma.transfer(S2MM, DDR + 0x10_0000, length);
        dma.transfer(0, DDR, length);
        dma.settle();
        assert_eq!(dma.read(S2MM + DMASR) & IOC, IOC);
        dma.fabric.now().as_nanos()
    };
    let built = |clock_hz, memory_bytes, stream_bytes| DmaChannelParams {
        clock_hz,
        memory_bytes,
        stream_bytes,
        ..DmaChannelParams::default()
    };
    let both = |one, other| DmaParams { mm2s: Some(one), s2mm: Some(other), length_width: 23, ..DmaParams::default() };
    let bytes = 1 << 20;
    // 4 bytes in a clock of 10 ns, and the clocks before and after.
    let narrow = finished(both(built(100_000_000, 4, 4), built(100_000_000, 4, 4)), bytes);
    assert_eq!(narrow, 16 * 10 + u64::from(bytes) / 4 * 10 + 4 * 10);
    // The narrower side counts.
    assert_eq!(finished(both(built(100_000_000, 8, 4), built(100_000_000, 8, 8)), bytes), narrow);
    assert_eq!(finished(both(built(100_000_000, 8, 8), built(100_000_000, 8, 8)), bytes), 160 + (1 << 17) * 10 + 40);
    // The slower channel counts: one that receives slower lets the other go ahead by what it grants, and no further.
    let slow = finished(both(built(100_000_000, 8, 8), built(100_000_000, 4, 4)), bytes);
    assert!((narrow - 200..narrow + 2 * 90_000).contains(&slow), "{slow}");
}

#[test]
fn a_transfer_of_megabytes_is_a_few_events() {
    let params = DmaParams { length_width: 26, ..DmaParams::default() };
    let mut dma = Loop::new(params);
    let length = 1 << 20;
    dma.write(DMACR, RS);
    dma.write(S2MM + DMACR, RS);
    dma.transfer(S2MM, DDR + 0x20_0000, length);
    dma.transfer(0, DDR, length);
    let mut events = 0;
    while let Some(next) = dma.fabric.next_event() {
        dma.fabric.advance_to(next);
        events += 1;
    }
    assert!(events <= 20, "{events} events for 16 pieces");
}

#[test]
fn idle_is_clear_when_halted_and_before_the_first_transfer() {
    let mut dma = direct();
    assert_eq!(dma.status(DMASR), HALTED);
    dma.write(DMACR, RS);
    assert_eq!(dma.status(DMASR), 0, "running, and neither halted nor idle");
    dma.write(S2MM + DMACR, RS);
    dma.transfer(S2MM, DDR, 8);
    dma.transfer(0, DDR, 8);
    dma.settle();
    assert_eq!(dma.status(DMASR), IOC | IDLE);
    dma.write(DMACR, 0);
    assert_eq!(dma.status(DMASR), IOC | HALTED, "idle is cleared on halt");
}

#[test]
fn halted_and_idle_lag_behind_what_caused_them() {
    let mut dma = direct();
    dma.write(S2MM + DMACR, RS);
    assert_eq!(dma.read(S2MM + DMASR), HALTED, "cleared shortly after RS = 1");
    assert_eq!(dma.read(S2MM + DMASR), 0);
    dma.write(DMACR, RS);
    dma.pass(CLOCK);
    assert_eq!(dma.read(DMASR), 0, "time has passed instead");
    for _ in 0..2 {
        dma.write(S2MM + DMASR, IOC);
        dma.transfer(S2MM, DDR + 0x1000, 64);
        dma.transfer(0, DDR, 64);
        dma.settle();
    }
    dma.transfer(S2MM, DDR + 0x1000, 64);
    assert_eq!(dma.read(S2MM + DMASR) & IDLE, IDLE, "that of the transfer before");
    assert_eq!(dma.read(S2MM + DMASR) & IDLE, 0);
}

#[test]
fn lengths_that_start_nothing() {
    let mut dma = direct();
    // Before the channel runs.
    dma.transfer(0, DDR, 64);
    assert_eq!(dma.read(LENGTH), 64, "it is stored");
    dma.write(DMACR, RS);
    dma.settle();
    assert_eq!(dma.status(DMASR), 0, "and starts nothing, then or later");
    // Of no bytes.
    dma.write(LENGTH, 0);
    // Cut to the width: 2^w becomes 0, and 2^w + 5 becomes 5.
    dma.write(LENGTH, 1 << 14);
    assert_eq!(dma.read(LENGTH), 0);
    dma.settle();
    assert_eq!(dma.status(DMASR), 0);
    dma.write(LENGTH, 1 << 14 | 5);
    assert_eq!(dma.read(LENGTH), 5);
    dma.settle();
    assert_eq!(dma.status(DMASR), IOC | IDLE);
    // While a transfer runs.
    dma.write(S2MM + DMACR, RS);
    dma.transfer(S2MM, DDR + 0x1000, 64);
    dma.settle();
    dma.write(DMASR, IOC);
    dma.transfer(0, DDR, 32);
    dma.write(LENGTH, 16);
    assert_eq!(dma.read(LENGTH), 16);
    dma.settle();
    assert_eq!(dma.read(S2MM + LENGTH), 5);
    assert_eq!(dma.status(DMASR), IOC | IDLE);
    dma.write(S2MM + DMASR, IOC);
    dma.transfer(S2MM, DDR + 0x1000, 64);
    dma.settle();
    assert_eq!(dma.read(S2MM + LENGTH), 32, "there was no third packet, nor a second of 16 bytes");
    dma.transfer(S2MM, DDR + 0x1000, 64);
    dma.settle();
    assert_eq!(dma.status(S2MM + DMASR) & IDLE, 0);
}

#[test]
fn status_bits_are_set_without_their_enable_which_raises_the_line_at_once() {
    let mut dma = direct();
    dma.write(DMACR, RS);
    dma.transfer(0, DDR, 8);
    dma.settle();
    assert!(!dma.line("dma/mm2s_introut"));
    assert_eq!(dma.read(DMASR) & IOC, IOC);
    dma.write(DMACR, RS | IOC);
    assert!(dma.line("dma/mm2s_introut"));
    dma.write(DMACR, RS);
    assert!(!dma.line("dma/mm2s_introut"));
    dma.write(DMASR, 0xFFFF_8FFF);
    assert_eq!(dma.read(DMASR) & IOC, IOC, "only a one in its place clears it");
}

#[test]
fn a_packet_longer_than_the_buffer_is_an_internal_error() {
    let mut dma = running();
    dma.transfer(S2MM, DDR + 0x1000, 99);
    dma.fill(DDR, &pattern(100));
    dma.transfer(0, DDR, 100);
    dma.settle();
    assert_eq!(dma.read(S2MM + DMASR), INTERNAL | ERR | HALTED);
    assert_eq!(dma.memory(DDR + 0x1000, 100)[..99], pattern(100)[..99]);
    assert_eq!(dma.memory(DDR + 0x1063, 1), [0], "nothing is written behind the buffer");
    assert_eq!(dma.read(DMASR) & (HALTED | ERR), HALTED, "both channels stop, one has the error");
}

#[test]
fn a_packet_that_ends_with_the_buffer_is_fine() {
    let mut dma = running();
    dma.transfer(S2MM, DDR + 0x1000, 100);
    dma.transfer(0, DDR, 100);
    dma.settle();
    assert_eq!(dma.read(S2MM + DMASR), IOC | IDLE);
}

#[test]
fn an_error_stops_both_channels_until_a_reset() {
    let mut dma = running();
    dma.transfer(S2MM, DDR + 0x1000, 64);
    dma.transfer(0, 0x2000_0000, 64);
    dma.settle();
    assert_eq!(dma.read(DMASR), DECODE | ERR | HALTED);
    assert_eq!(dma.bus_errors(), [0x2000_0000]);
    assert_eq!(dma.read(S2MM + DMASR), HALTED, "that of the other channel is not told apart from a stop");
    assert_eq!((dma.read(DMACR) & RS, dma.read(S2MM + DMACR) & RS), (0, 0));
    assert!(dma.line("dma/mm2s_introut") && !dma.line("dma/s2mm_introut"));
    // The interrupt is one, the error stays.
    dma.write(DMASR, 0xFFFF_FFFF);
    assert_eq!(dma.read(DMASR), DECODE | HALTED);
    assert!(!dma.line("dma/mm2s_introut"));
    // What has failed does not run: RS is undone at once, on both.
    for channel in [0, S2MM] {
        dma.write(channel + DMACR, RS | IOC);
        assert_eq!(dma.read(channel + DMACR) & (RS | IOC), IOC);
        dma.transfer(channel, DDR, 64);
    }
    dma.settle();
    assert_eq!(dma.status(DMASR) & (IDLE | IOC), 0);
    dma.write(S2MM + DMACR, RESET);
    dma.settle();
    assert_eq!((dma.read(DMASR), dma.read(DMACR)), (HALTED, 0x0001_0002));
    dma.write(DMACR, RS);
    dma.transfer(0, DDR, 64);
    dma.settle();
    assert_eq!(dma.status(DMASR), IOC | IDLE);
}

#[test]
fn a_reset_is_of_both_channels_and_shows_on_both_while_it_lasts() {
    let mut dma = running();
    dma.transfer(S2MM, DDR, 64);
    dma.transfer(0, DDR, 32);
    dma.settle();
    assert!(dma.line("dma/s2mm_introut"));
    dma.transfer(S2MM, DDR, 64);
    dma.write(DMACR, RESET);
    assert!(!dma.line("dma/mm2s_introut") && !dma.line("dma/s2mm_introut"), "no interrupt meanwhile");
    dma.write(S2MM + DMACR, RS);
    assert_eq!(dma.read(S2MM + DMACR) & RESET, RESET);
    assert_eq!(dma.read(DMACR), 0x0001_0002, "over by the second read");
    assert_eq!(dma.read(S2MM + DMACR), 0x0001_0002, "a write meanwhile came to nothing");
    for channel in [0, S2MM] {
        let seen = [DMASR, ADDRESS, LENGTH].map(|offset| dma.status(channel + offset));
        assert_eq!(seen, [HALTED, 0, 0]);
    }
    // Without reads it is over after a while.
    dma.write(DMACR, RESET);
    dma.pass(RESET_CLOCKS * CLOCK);
    assert_eq!(dma.read(DMACR), 0x0001_0002);
    assert_eq!(dma.fabric.next_event(), None);
}

#[test]
fn a_stop_lets_the_transfer_end() {
    let mut dma = running();
    dma.transfer(S2MM, DDR + 0x1000, 64);
    dma.transfer(0, DDR, 64);
    dma.write(DMACR, IOC);
    dma.write(S2MM + DMACR, IOC);
    assert_eq!((dma.status(DMASR), dma.status(S2MM + DMASR)), (0, 0), "RS is clear, and they are not halted");
    dma.settle();
    assert_eq!((dma.read(DMASR), dma.read(S2MM + DMASR)), (IOC | HALTED, IOC | HALTED));
    // One that waits for its stream does not halt, and a reset takes it down.
    dma.write(S2MM + DMACR, RS);
    dma.transfer(S2MM, DDR, 64);
    dma.write(S2MM + DMACR, 0);
    dma.pass(1_000_000);
    assert_eq!(dma.read(S2MM + DMASR) & HALTED, 0);
    dma.write(DMACR, RESET);
    dma.settle();
    assert_eq!(dma.read(S2MM + DMASR), HALTED);
}

#[test]
fn a_stream_is_held_until_the_transfer_that_takes_it() {
    let mut dma = running();
    dma.fill(DDR, &pattern(4096));
    // The FIFO takes its 2 KiB, and the rest waits.
    dma.transfer(0, DDR, 4000);
    dma.settle();
    assert_eq!(dma.status(DMASR), 0);
    dma.transfer(S2MM, DDR + 0x1000, 4000);
    dma.settle();
    assert_eq!((dma.read(DMASR), dma.read(S2MM + DMASR)), (IOC | IDLE, IOC | IDLE));
    assert_eq!(dma.memory(DDR + 0x1000, 4000), pattern(4000));
}

#[test]
fn the_next_packet_waits_for_the_next_transfer() {
    let mut dma = running();
    dma.fill(DDR, &pattern(4096));
    for (start, length) in [(0, 100), (100, 200), (300, 300)] {
        dma.transfer(0, DDR + start, length);
        dma.settle();
        dma.write(DMASR, IOC);
    }
    for (start, length) in [(0, 100), (100, 200), (300, 300)] {
        dma.write(S2MM + DMASR, IOC);
        dma.transfer(S2MM, DDR + 0x2000, 1000);
        dma.settle();
        assert_eq!(dma.read(S2MM + LENGTH), length);
        let length = length as usize;
        assert_eq!(dma.memory(DDR + 0x2000, length), pattern(4096)[start..start + length]);
    }
}

#[test]
fn an_absent_channel_reads_zero() {
    let params = DmaParams { mm2s: None, ..DmaParams::default() };
    let mut dma = Loop::new(params);
    dma.write(DMACR, RS | RESET);
    dma.write(ADDRESS, 0x1000);
    for offset in (0..S2MM).step_by(4) {
        assert_eq!(dma.read(offset), 0, "{offset:#x}");
    }
    assert_eq!(dma.read(S2MM + DMACR), 0x0001_0002, "and its reset resets nothing");
}

#[test]
fn upper_halves_of_addresses_are_there_where_there_are_more_than_32_bits() {
    let mut dma = direct();
    dma.write(ADDRESS_MSB, 0x12);
    assert_eq!(dma.read(ADDRESS_MSB), 0);
    let high = 0x9_0000_0000;
    let fabric = FabricBuilder::new()
        .device("dma", DMA, 0x1_0000, AxiDmaModel::new(DmaParams { address_width: 40, ..DmaParams::default() }))
        .memory("ddr", high, DDR_SIZE)
        .join("dma/M_AXIS_MM2S", "dma/S_AXIS_S2MM");
    let mut dma = Loop { fabric: fabric.build().unwrap() };
    dma.fill(high, &pattern(64));
    for (channel, address) in [(S2MM, 0x1000), (0, 0)] {
        dma.write(channel + DMACR, RS);
        dma.write(channel + ADDRESS_MSB, 0xABC_DE09);
        assert_eq!(dma.read(channel + ADDRESS_MSB), 0x09, "bits of the build");
        dma.transfer(channel, address, 64);
    }
    dma.settle();
    assert_eq!(dma.memory(high + 0x1000, 64), pattern(64));
}

#[test]
fn a_misaligned_address_needs_the_realignment_engine() {
    let engine = DmaChannelParams { realigns: true, ..DmaChannelParams::default() };
    let mut dma = Loop::new(DmaParams { mm2s: Some(engine), ..DmaParams::default() });
    dma.fill(DDR, &pattern(100));
    dma.write(DMACR, RS);
    dma.write(S2MM + DMACR, RS);
    dma.transfer(S2MM, DDR + 0x1000, 64);
    dma.transfer(0, DDR + 3, 33);
    dma.settle();
    assert_eq!(dma.memory(DDR + 0x1000, 33), pattern(100)[3..36]);
    assert_eq!(dma.bus_errors(), []);
    // Without it the lower bits have no effect, and the accident is on record.
    dma.transfer(S2MM, DDR + 0x1007, 64);
    dma.transfer(0, DDR + 3, 33);
    dma.settle();
    assert_eq!(dma.bus_errors(), [DDR + 0x1007]);
    assert_eq!(dma.memory(DDR + 0x1004, 33), pattern(100)[3..36]);
}

#[test]
fn the_reduced_core_moves_one_burst_within_a_page() {
    for (address, length, fails) in [(DDR, 64, false), (DDR, 65, true), (DDR + 4064, 32, false), (DDR + 4064, 33, true)]
    {
        let mut dma = Loop::new(DmaParams { micro: true, ..DmaParams::default() });
        dma.write(DMACR, RS);
        dma.transfer(0, address, length);
        dma.settle();
        let expected = if fails { INTERNAL | ERR | HALTED } else { IOC | IDLE };
        assert_eq!(dma.status(DMASR), expected, "{length} bytes at {address:#x}");
    }
}
