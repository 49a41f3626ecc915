//! What is sent and received, in every build and every wiring.

use std::time::Duration;

use embedded_hal::spi::{MODE_0, MODE_1, MODE_2, MODE_3, Operation, SpiBus, SpiDevice};
use pynq_drivers::axi_quad_spi::Word;
use pynq_sim::{device::Spi, models::SpiParams};

use crate::rig::{Rig, USUAL, Wiring, account, answers, noise, write_read};

const WIRINGS: [Wiring; 3] = [Wiring::Edge, Wiring::Level, Wiring::Direct];

fn lengths(write: &[u32], read: usize) -> [(Option<usize>, Option<&[u32]>); 2] {
    [(None, Some(write)), (Some(read), None)]
}

/// A write and a read of so many words, blocking and async.
fn round<W: Word + Default + PartialEq + std::fmt::Debug>(rig: &Rig, write: usize, read: usize, first: u32) -> u32 {
    let sent: Vec<u32> = (0..write).map(|n| noise(n as u32) & u32::MAX >> (32 - W::BITS)).collect();
    let words: Vec<W> = sent.iter().map(|word| W::from_register(*word)).collect();
    let mut first = first;
    for blocking in [false, true] {
        let mut back = vec![W::default(); read];
        let chip = rig.chip(2);
        let mut operations = [Operation::Write(&words), Operation::Read(&mut back)];
        if blocking {
            chip.transaction(&mut operations).unwrap();
        } else {
            rig.board.block_on(chip.transaction_async(&mut operations)).unwrap().unwrap();
        }
        let expected = account(&lengths(&sent, read), W::BITS, 2, 0, first);
        assert_eq!(rig.seen(), expected.seen, "{write} and {read} words of {} bits", W::BITS);
        let back: Vec<u32> = back.into_iter().map(Word::into_register).collect();
        assert_eq!(back, expected.received[1]);
        first += (write + read) as u32;
    }
    rig.assert_idle();
    first
}

#[test]
fn every_build_in_every_wiring() {
    for wiring in WIRINGS {
        for fifo_depth in [0, 16, 256] {
            for bits in [8, 16, 32] {
                let rig = Rig::on(SpiParams { fifo_depth, bits, ..USUAL }, wiring);
                let mut first = 0;
                for (write, read) in [(1, 0), (0, 1), (1, 2), (4, 12), (4, 13), (16, 16), (33, 0), (0, 270)] {
                    first = match bits {
                        8 => round::<u8>(&rig, write, read, first),
                        16 => round::<u16>(&rig, write, read, first),
                        _ => round::<u32>(&rig, write, read, first),
                    };
                }
            }
        }
    }
}

#[test]
fn a_chunk_is_one_interrupt_and_operations_share_it() {
    for (write, read, interrupts) in [(1, 3, 1), (4, 12, 1), (4, 13, 2), (0, 160, 10), (0, 161, 11)] {
        let rig = Rig::new();
        let (sent, mut back) = (vec![7_u8; write], vec![0; read]);
        rig.chip(0).transaction(&mut write_read(&sent, &mut back)).unwrap();
        assert_eq!(rig.interrupts(), interrupts, "{write} and {read}");
    }
}

#[test]
fn the_four_modes_and_both_orders() {
    let rig = Rig::new();
    for (number, mode) in [MODE_0, MODE_1, MODE_2, MODE_3].into_iter().enumerate() {
        let chip = rig.spi.chip(1, mode).unwrap();
        chip.transaction(&mut [Operation::Write(&[0x2C_u8])]).unwrap();
        chip.clone().lsb_first().transaction(&mut [Operation::Write(&[0x2C_u8])]).unwrap();
        let word = |data| Spi::Shift { data, bits: 8, lanes: 1, mode: number as u8 };
        assert_eq!(
            rig.seen(),
            [Spi::Select(2), word(0x2C), Spi::Select(0), Spi::Select(2), word(0x34), Spi::Select(0)]
        );
    }
    let mut back = [0_u8];
    rig.chip(0).lsb_first().transaction(&mut [Operation::Read(&mut back)]).unwrap();
    assert_eq!(back[0], (noise(8) as u8).reverse_bits());
}

#[test]
fn transfers_of_two_lengths_and_in_place() {
    let rig = Rig::new();
    let (mut short, mut long, mut same) = ([0_u8; 2], [0; 20], [1, 2, 3]);
    let mut operations = [
        Operation::Transfer(&mut short, &[9, 8, 7, 6]),
        Operation::Transfer(&mut long, &[5]),
        Operation::TransferInPlace(&mut same),
        Operation::Write(&[]),
    ];
    rig.board.block_on(rig.chip(0).transaction_async(&mut operations)).unwrap().unwrap();
    assert_eq!(short[..], answers(0, 2));
    assert_eq!(long[..], answers(4, 20));
    assert_eq!(same[..], answers(24, 3));
    let data = |message: &Spi| if let Spi::Shift { data, .. } = message { Some(*data) } else { None };
    let sent: Vec<u32> = rig.seen().iter().filter_map(data).collect();
    let ones = [0xFF; 19];
    assert_eq!(sent, [[9, 8, 7, 6].as_slice(), &[5], &ones, &[1, 2, 3]].concat());
}

#[test]
fn a_delay_is_between_its_neighbours_and_the_chip_stays_selected() {
    let rig = Rig::new();
    let mut back = [0_u8; 3];
    let mut operations = [
        Operation::DelayNs(5_000),
        Operation::Write(&[1, 2]),
        Operation::DelayNs(70_000),
        Operation::DelayNs(30_000),
        Operation::Read(&mut back),
        Operation::DelayNs(1_000),
    ];
    rig.chip(3).transaction(&mut operations).unwrap();
    let words = Duration::from_nanos(5 * 8 * 160);
    assert_eq!(rig.board.now() - pynq_core::Instant::START, words + Duration::from_micros(106));
    assert_eq!(back[..], answers(2, 3));
    assert_eq!(rig.seen().iter().filter(|message| matches!(message, Spi::Select(_))).count(), 2);
}

#[test]
fn nothing_to_do_selects_and_deselects() {
    let rig = Rig::new();
    rig.chip(1).transaction::<u8>(&mut []).unwrap();
    rig.chip(1).transaction::<u8>(&mut [Operation::Write(&[]), Operation::Read(&mut [])]).unwrap();
    assert_eq!(rig.seen(), [Spi::Select(2), Spi::Select(0)].repeat(2));
    assert_eq!(rig.interrupts(), 0);
    rig.assert_idle();
}

#[test]
fn the_lines_alone_select_nothing_and_the_loop_reaches_no_chip() {
    let rig = Rig::new();
    let mut lines = rig.spi.lines(MODE_3);
    SpiBus::write(&mut lines, &[1_u8, 2]).unwrap();
    let mut back = [0_u8; 2];
    SpiBus::read(&mut lines, &mut back).unwrap();
    SpiBus::<u8>::flush(&mut lines).unwrap();
    assert_eq!(back, [0xFF; 2], "no chip answers");
    assert_eq!(rig.seen().len(), 4);
    let sent: Vec<u8> = (0..40).collect();
    let mut back = [0_u8; 40];
    rig.board
        .block_on(async { embedded_hal_async::spi::SpiBus::transfer(&mut rig.spi.loop_back(), &mut back, &sent).await })
        .unwrap()
        .unwrap();
    assert_eq!(back[..], sent);
    assert_eq!(rig.seen(), []);
    rig.assert_idle();
}

#[test]
fn chips_are_devices_of_embedded_hal() {
    let rig = Rig::new();
    let mut chip = rig.chip(0);
    let mut back = [0_u8; 4];
    SpiDevice::read(&mut chip, &mut back).unwrap();
    assert_eq!(back[..], answers(0, 4));
    rig.board
        .block_on(async { embedded_hal_async::spi::SpiDevice::transfer(&mut chip, &mut back, &[1]).await })
        .unwrap()
        .unwrap();
    assert_eq!(back[..], answers(4, 4));
}
