//! What a transaction costs, beside a loop by hand that polls the same model.
//!
//! An access from the processor over AXI to the logic takes some 100 ns, whatever the processor's speed. So accesses are what
//! both are measured in; between two polls of the status, the loop's time passes by that much.

use std::{sync::Arc, time::Duration};

use embedded_hal::spi::MODE_0;
use pynq_core::{
    interrupt::StdLock,
    mmio::{Checked, Recorder},
};
use pynq_drivers::{AxiQuadSpi, AxiQuadSpiHardware, axi_quad_spi::axi_quad_spi_node};

use crate::rig::{DRR, DTR, SPICR, SPISR, SPISSR, USUAL, Wiring, answers, board, config, write_read};

const ACCESS: Duration = Duration::from_nanos(100);

/// A command of four bytes and an answer of `read`: accesses and interrupts of the driver.
fn ours(read: usize) -> (usize, u32) {
    let (board, _) = board(USUAL, Wiring::Direct);
    let recorder = Arc::new(Recorder::new(board.window("spi").unwrap()));
    let hardware = AxiQuadSpiHardware::new(Arc::clone(&recorder), config(&USUAL)).unwrap();
    let node = axi_quad_spi_node(StdLock::new(), hardware, board.cpu_pin(61).unwrap());
    let spi = AxiQuadSpi::new(Arc::pin(node)).unwrap();
    recorder.take();
    let mut back = vec![0_u8; read];
    spi.chip(0, MODE_0).unwrap().transaction(&mut write_read(&[3, 0, 0, 0], &mut back)).unwrap();
    assert_eq!(back, answers(4, read as u32));
    (recorder.take().len(), spi.node().line_stats(0).fired)
}

/// The same by a loop that polls, as in a bare program.
fn by_hand(read: usize) -> usize {
    let (board, _) = board(USUAL, Wiring::Direct);
    let recorder = Recorder::new(board.window("spi").unwrap());
    let spi = Checked::new(&recorder);
    let (get, put) = (|at| spi.read(at, 4).unwrap(), |at, value| spi.write(at, value).unwrap());
    put(SPICR, 0x186);
    recorder.take();
    put(SPISSR, 0xE);
    let sent: Vec<u8> = [3, 0, 0, 0].into_iter().chain(std::iter::repeat_n(0xFF, read)).collect();
    let mut back = Vec::new();
    for chunk in sent.chunks(16) {
        chunk.iter().for_each(|byte| put(DTR, (*byte).into()));
        put(SPICR, 0x086);
        while get(SPISR) & 4 == 0 {
            board.advance(ACCESS);
        }
        for _ in 1..chunk.len() {
            back.push(get(DRR) as u8);
        }
        while get(SPISR) & 1 != 0 {
            board.advance(ACCESS);
        }
        back.push(get(DRR) as u8);
        put(SPICR, 0x186);
    }
    put(SPISSR, 0xF);
    assert_eq!(back[4..], answers(4, read as u32));
    recorder.take().len()
}

#[test]
fn the_processor_is_free_while_words_are_on_their_way() {
    println!("bytes  on the bus   accesses  by hand  interrupts  per byte");
    for (read, interrupts) in [(1, 1), (12, 1), (60, 4), (252, 16)] {
        let (accesses, fired) = ours(read);
        let hand = by_hand(read);
        let (bytes, bus) = (read + 4, Duration::from_nanos(1_280) * (read as u32 + 4));
        println!(
            "{bytes:>5} {bus:>11.2?} {accesses:>10} {hand:>8} {fired:>11} {:>9.3}",
            f64::from(fired) / bytes as f64
        );
        assert_eq!(fired, interrupts, "one for each chunk");
        // Two for each byte, and some for each chunk; the loop waits in accesses.
        let chunks = bytes.div_ceil(16);
        assert!(accesses <= 2 * bytes + 12 * chunks + 8, "{accesses} accesses for {bytes} bytes");
        assert!(hand >= accesses + chunks * 30 || bytes < 16, "{hand} by hand, {accesses} by ours");
    }
}
