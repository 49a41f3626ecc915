//! Streams, and the address spaces of bus masters, as a handoff file has them.
#![cfg(feature = "hwh")]
#![allow(clippy::unwrap_used)] // a test may

use core::time::Duration;

use pynq_hwh::Design;
use pynq_sim::{Board, BusErrorKind, SimDmaMemory};

use pynq_core::dma::{Direction, DmaAllocator, DmaRegion, DmaRequest};

/// Two loop-backs: `axi_dma_0` in direct mode with 64 bits, `axi_dma_1` with scatter-gather and 32 bits.
const LOOPBACK: &str = include_str!("../../pynq-hwh/fixtures/pynq-z2-dma.hwh");

fn board() -> Board {
    Board::from_design(&Design::parse(LOOPBACK).unwrap()).unwrap()
}

#[test]
fn a_design_with_bus_masters_has_the_processor_s_memory() {
    let board = board();
    assert_eq!(board.blocks(), ["ddr", "axi_dma_0", "axi_dma_1", "system_interrupts", "ps7_0/slcr"]);
    assert_eq!(board.address_range("ddr").unwrap(), (0, 0x2000_0000));
}

#[test]
fn a_packet_goes_from_buffer_to_buffer_and_interrupts() {
    let board = board();
    let memory = SimDmaMemory::new(&board, 0x1000_0000, 0x10_0000).unwrap();
    let request = DmaRequest::new(10_000);
    let (mut from, mut to) = (memory.allocate(&request).unwrap(), memory.allocate(&request).unwrap());
    let sent: Vec<u8> = (0..10_000_u32).map(|i| (i % 251) as u8).collect();
    from.copy_in(0, &sent).unwrap();
    from.sync_for_device(0..10_000, Direction::ToDevice).unwrap();
    to.sync_for_device(0..10_000, Direction::FromDevice).unwrap();
    let intc = board.window("system_interrupts").unwrap();
    intc.write(0x08, 0b10);
    intc.write(0x1C, 3);
    let dma = board.window("axi_dma_0").unwrap();
    dma.write(0x30, 0x1001);
    dma.write(0x48, u32::try_from(to.physical_address()).unwrap());
    dma.write(0x58, 10_000);
    dma.write(0x00, 1);
    dma.write(0x18, u32::try_from(from.physical_address()).unwrap());
    dma.write(0x28, 10_000);
    // 8 bytes in a clock of 10 ns, and some clocks around them.
    board.advance(Duration::from_nanos(12_500));
    assert!(!board.line("cpu/61").unwrap(), "{}", board.now());
    board.advance(Duration::from_nanos(400));
    assert!(board.line("cpu/61").unwrap());
    assert_eq!(intc.read(0x04), 0b10, "S2MM of the first");
    to.sync_for_cpu(0..10_000, Direction::FromDevice).unwrap();
    let mut received = vec![0; 10_000];
    to.copy_out(0, &mut received).unwrap();
    assert_eq!(received, sent);
    assert_eq!(dma.read(0x58), 10_000);
}

#[test]
fn a_master_sees_memory_behind_its_port_and_nothing_else() {
    let board = board();
    let dma = board.window("axi_dma_0").unwrap();
    // The processor has registers there, the port HP0 has not.
    let intc = 0x4180_0000;
    board.expect_bus_error(intc, None);
    dma.write(0x00, 1);
    dma.write(0x18, u32::try_from(intc).unwrap());
    dma.write(0x28, 4);
    board.advance(Duration::from_micros(1));
    assert_eq!(dma.read(0x04), 0x4041, "a decode error");
    let errors = board.take_bus_errors();
    let [error] = &errors[..] else { panic!("{errors:?}") };
    assert_eq!((error.master.as_str(), error.kind), ("axi_dma_0/M_AXI_MM2S", BusErrorKind::Unmapped));
}

/// A memory port of 48 bits, which there is none of, would otherwise be one that moves six bytes at a time.
#[test]
fn a_dma_that_its_driver_refuses_has_no_model_either() {
    for name in ["C_M_AXI_MM2S_DATA_WIDTH", "c_m_axi_mm2s_data_width"] {
        assert!(LOOPBACK.contains(name), "{name}");
    }
    let odd = LOOPBACK
        .replace(r#"NAME="C_M_AXI_MM2S_DATA_WIDTH" VALUE="64""#, r#"NAME="C_M_AXI_MM2S_DATA_WIDTH" VALUE="48""#)
        .replace(r#"NAME="c_m_axi_mm2s_data_width" VALUE="64""#, r#"NAME="c_m_axi_mm2s_data_width" VALUE="48""#);
    let error = Board::from_design(&Design::parse(&odd).unwrap()).unwrap_err().to_string();
    assert!(error.contains("C_M_AXI_MM2S_DATA_WIDTH") && error.contains("48"), "{error}");
}
