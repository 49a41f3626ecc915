//! What a transaction costs, beside a loop by hand that polls the same model.
//!
//! An access from the processor over AXI to the logic takes some 100 ns, whatever the processor's speed. So accesses are what
//! both are measured in; between two polls of the status, the loop's time passes by that much.

use std::{sync::Arc, time::Duration};

use embedded_hal::i2c::Operation;
use pynq_core::{
    interrupt::StdLock,
    mmio::{Checked, Recorder},
};
use pynq_drivers::{AxiIic, AxiIicConfig, AxiIicHardware, axi_iic::axi_iic_node};
use pynq_sim::{
    Board,
    models::{AxiIicModel, IicParams},
    parts::i2c::{Eeprom, Target},
};

const ACCESS: Duration = Duration::from_nanos(100);

fn board() -> Board {
    Board::builder()
        .device("iic", 0x4160_0000, 0x1_0000, AxiIicModel::new(IicParams::default()))
        .part("eeprom", Target::new(Eeprom::of_24c256().holding(&[7; 300])))
        .join("iic/IIC", "eeprom/bus")
        .interrupt("iic/iic2intc_irpt", 61)
        .build()
        .unwrap()
}

/// What is written and how much is read: accesses, interrupts, and how long it took.
fn ours(write: &[u8], read: usize) -> (usize, u32, Duration) {
    let board = board();
    let recorder = Arc::new(Recorder::new(board.window("iic").unwrap()));
    let hardware = AxiIicHardware::new(Arc::clone(&recorder), AxiIicConfig::new(100_000)).unwrap();
    let node = axi_iic_node(StdLock::new(), hardware, board.cpu_pin(61).unwrap());
    let iic = AxiIic::new(Arc::pin(node)).unwrap();
    recorder.take();
    let mut back = vec![0; read];
    let (mut both, begun) = ([Operation::Write(write), Operation::Read(&mut back)], board.now());
    let operations = match (write.len(), read) {
        (_, 0) => &mut both[..1],
        (0, _) => &mut both[1..],
        _ => &mut both[..],
    };
    iic.transaction(0x50_u8, operations).unwrap();
    assert!(back.iter().all(|&byte| byte == 7));
    (recorder.take().len(), iic.node().line_stats(0).fired, board.now().duration_since(begun))
}

/// The same by a loop that polls, with the entries of the sheet's dynamic mode.
fn by_hand(write: &[u8], read: usize) -> usize {
    let board = board();
    let recorder = Recorder::new(board.window("iic").unwrap());
    let iic = Checked::new(&recorder);
    let (get, put) = (|at| iic.read(at, 4).unwrap(), |at, value| iic.write(at, value).unwrap());
    put(0x120, 0xF);
    put(0x100, 1);
    recorder.take();
    let poll = |mask, value| {
        while get(0x104) & mask != value {
            board.advance(ACCESS);
        }
    };
    poll(1 << 2, 0);
    if !write.is_empty() {
        put(0x108, 0x1A0);
        for (number, byte) in write.iter().enumerate() {
            poll(1 << 4, 0);
            let stop = if read == 0 && number + 1 == write.len() { 0x200 } else { 0 };
            put(0x108, u32::from(*byte) | stop);
        }
    }
    if read > 0 {
        put(0x108, 0x1A1);
        put(0x108, 0x200 | read as u32);
    }
    for _ in 0..read {
        poll(1 << 6, 0);
        assert_eq!(get(0x10C), 7);
    }
    poll(1 << 2, 0);
    recorder.take().len()
}

#[test]
fn the_processor_is_free_while_bytes_are_on_their_way() {
    println!("written  read       took  accesses  by hand  interrupts  per byte");
    let long = [7; 130];
    for (write, read, interrupts) in [
        (&[0, 0][..], 0, 1),
        (&long[..15], 0, 1),
        (&long, 0, 16),
        (&[], 1, 2),
        (&[], 16, 2),
        (&[], 255, 17),
        (&[0, 1], 1, 3),
        (&[0, 1], 16, 4),
        (&[0, 1], 255, 19),
    ] {
        let (accesses, fired, took) = ours(write, read);
        let hand = by_hand(write, read);
        let bytes = write.len() + read;
        println!(
            "{:>7} {read:>5} {took:>10.2?} {accesses:>9} {hand:>8} {fired:>11} {:>9.3}",
            write.len(),
            f64::from(fired) / bytes as f64
        );
        assert_eq!(fired, interrupts, "{} {read}", write.len());
        // Some for each interrupt, and at most four for each byte; the loop waits in accesses.
        assert!(accesses <= 4 * bytes + 16 * fired as usize + 24, "{accesses} accesses for {bytes} bytes");
        assert!(hand > 10 * accesses, "{hand} by hand, {accesses} by ours");
    }
}
