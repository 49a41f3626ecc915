//! Faults and races.

use super::*;

fn running() -> Loop {
    let mut dma = Loop::new(DmaParams::default());
    dma.write(DMACR, RS | IOC | ERR);
    dma.write(S2MM + DMACR, RS | IOC | ERR);
    dma.fill(DDR, &pattern(0x1000));
    dma
}

#[test]
fn a_stalled_stream_keeps_the_channel_from_halting() {
    for port in ["dma/M_AXIS_MM2S", "fifo/M_AXIS"] {
        let mut dma = running();
        dma.fabric.stream_fault(port, StreamFault::Stalled).unwrap();
        dma.transfer(S2MM, DDR + 0x1000, 4000);
        dma.transfer(0, DDR, 4000);
        dma.pass(1_000_000_000);
        assert_eq!((dma.read(DMASR), dma.read(S2MM + DMASR)), (0, 0), "{port}");
        dma.write(S2MM + DMACR, 0);
        dma.pass(1_000_000_000);
        assert_eq!(dma.read(S2MM + DMASR), 0);
        dma.fabric.stream_fault(port, StreamFault::None).unwrap();
        dma.settle();
        assert_eq!(dma.read(S2MM + DMASR), IOC | HALTED, "it ends when the stream goes on");
        assert_eq!(dma.memory(DDR + 0x1000, 4000), pattern(4000));
    }
}

#[test]
fn a_reset_takes_a_stalled_transfer_down_and_the_stream_goes_on() {
    let mut dma = running();
    dma.fabric.stream_fault("fifo/M_AXIS", StreamFault::Stalled).unwrap();
    dma.transfer(S2MM, DDR + 0x1000, 64);
    dma.transfer(0, DDR, 64);
    dma.settle();
    dma.write(DMACR, RESET);
    dma.settle();
    dma.fabric.stream_fault("fifo/M_AXIS", StreamFault::None).unwrap();
    dma.settle();
    assert_eq!(dma.memory(DDR + 0x1000, 64), [0; 64], "nothing is written after the reset");
    // What is in the FIFO was not lost: it is the next packet.
    dma.write(S2MM + DMACR, RS);
    dma.transfer(S2MM, DDR + 0x1000, 100);
    dma.settle();
    assert_eq!(dma.memory(DDR + 0x1000, 64), pattern(64));
    assert_eq!(dma.read(S2MM + LENGTH), 64);
}

#[test]
fn a_missing_tlast_joins_two_packets_or_overruns_the_buffer() {
    let mut dma = running();
    dma.fabric.stream_fault("fifo/M_AXIS", StreamFault::MissingLast).unwrap();
    dma.transfer(S2MM, DDR + 0x1000, 100);
    dma.transfer(0, DDR, 40);
    dma.settle();
    assert_eq!(dma.read(S2MM + DMASR), 0, "it waits for the rest");
    dma.transfer(0, DDR + 40, 40);
    dma.settle();
    assert_eq!(dma.read(S2MM + DMASR), IOC | IDLE);
    assert_eq!((dma.read(S2MM + LENGTH), dma.memory(DDR + 0x1000, 80)), (80, pattern(80)));

    dma.fabric.stream_fault("dma/M_AXIS_MM2S", StreamFault::MissingLast).unwrap();
    dma.transfer(S2MM, DDR + 0x1000, 40);
    dma.transfer(0, DDR, 40);
    dma.settle();
    assert_eq!(dma.read(S2MM + DMASR) & (INTERNAL | ERR | HALTED), INTERNAL | ERR | HALTED);
}

#[test]
fn an_early_tlast_makes_two_packets_of_one() {
    for port in ["dma/M_AXIS_MM2S", "fifo/M_AXIS"] {
        let mut dma = running();
        dma.fabric.stream_fault(port, StreamFault::EarlyLast(12)).unwrap();
        dma.transfer(S2MM, DDR + 0x1000, 100);
        dma.transfer(0, DDR, 40);
        dma.settle();
        assert_eq!((dma.read(S2MM + DMASR), dma.read(S2MM + LENGTH)), (IOC | IDLE, 12), "{port}");
        dma.transfer(S2MM, DDR + 0x1000 + 12, 100);
        dma.settle();
        assert_eq!((dma.read(S2MM + LENGTH), dma.memory(DDR + 0x1000, 40)), (28, pattern(40)), "{port}");
    }
}

#[test]
fn a_slave_error_on_the_data_of_either_channel() {
    let mut dma = running();
    dma.fabric.inject_bus_errors(DDR + 0x20, 1);
    dma.transfer(0, DDR, 64);
    dma.settle();
    assert_eq!(dma.read(DMASR), SLAVE | ERR | HALTED);

    let mut dma = running();
    dma.fabric.inject_bus_errors(DDR + 0x1020, 1);
    dma.transfer(S2MM, DDR + 0x1000, 64);
    dma.transfer(0, DDR, 64);
    dma.settle();
    assert_eq!(dma.read(S2MM + DMASR), SLAVE | ERR | HALTED);
    assert!(dma.line("dma/s2mm_introut"));
}

#[test]
fn a_reset_that_hangs() {
    let mut dma = running();
    dma.fault(fault::STUCK_RESET);
    dma.write(DMACR, RESET);
    dma.pass(1_000_000_000);
    for _ in 0..100 {
        assert_eq!(dma.read(DMACR) & RESET, RESET);
        assert_eq!(dma.read(S2MM + DMACR) & RESET, RESET);
    }
    dma.fault(0);
    dma.settle();
    assert_eq!(dma.read(DMACR), 0x0001_0002);
}

#[test]
fn a_completion_in_the_clock_of_a_clear_leaves_the_bit_set() {
    let mut dma = running();
    for packet in 0..2 {
        dma.transfer(S2MM, DDR + 0x1000, 64);
        dma.transfer(0, DDR, 32);
        dma.settle();
        // The first interrupt is there, and has not been cleared; the next completion will come with the clear of it.
        if packet == 0 {
            assert_eq!(dma.read(S2MM + DMASR) & IOC, IOC);
            dma.fault(fault::COMPLETE_AT_CLEAR_S2MM);
        }
    }
    dma.write(S2MM + DMASR, IOC);
    assert_eq!(dma.read(S2MM + DMASR) & IOC, IOC);
    assert!(dma.line("dma/s2mm_introut"));
    dma.write(S2MM + DMASR, IOC);
    assert_eq!(dma.read(S2MM + DMASR) & IOC, 0);
    assert!(!dma.line("dma/s2mm_introut"));
}
