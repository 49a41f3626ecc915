//! A transaction is dropped at each of its awaits; the chip is then deselected, and the next one is right.

use embedded_hal::spi::Operation;
use pynq_core::Error;
use pynq_drivers::axi_quad_spi::AxiQuadSpiError;
use pynq_sim::{device::Spi, models::SpiParams};

use crate::{
    common::{Task, of_block},
    rig::{DRR, Rig, SPISR, USUAL, Wiring, answers},
};

/// Polls a transaction of 2 and 40 words with a delay between them `polls` times, and drops it. True if it was over.
fn broken_off(rig: &Rig, polls: usize) -> bool {
    let chip = rig.chip(3);
    let mut back = [0_u8; 40];
    let mut operations = [Operation::Write(&[1_u8, 2]), Operation::DelayNs(3_000), Operation::Read(&mut back)];
    let mut task = Task::new(chip.transaction_async(&mut operations));
    for _ in 0..polls {
        if task.poll().is_ready() {
            return true;
        }
        // To where it goes on, and a bit of a word further.
        while !task.is_woken() {
            rig.board.advance(std::time::Duration::from_nanos(700));
        }
    }
    false
}

#[test]
fn at_each_await_in_every_build_and_wiring() {
    for wiring in [Wiring::Edge, Wiring::Level, Wiring::Direct] {
        for fifo_depth in [0, 16, 256] {
            let mut polls = 0;
            loop {
                let rig = Rig::on(SpiParams { fifo_depth, ..USUAL }, wiring);
                let over = broken_off(&rig, polls);
                rig.assert_idle();
                let seen = rig.seen();
                assert!(polls == 0 || seen.last() == Some(&Spi::Select(0)), "{seen:?}");
                let words = seen.iter().filter(|message| matches!(message, Spi::Shift { .. })).count() as u32;
                let mut back = [0_u8; 21];
                rig.chip(1).transaction(&mut [Operation::Read(&mut back)]).unwrap();
                assert_eq!(back[..], answers(words, 21), "after {polls} polls");
                assert_eq!(rig.seen().len(), 23);
                rig.assert_idle();
                if over {
                    break;
                }
                polls += 1;
            }
            // A wait for each chunk, for the last word of a short one and for the delay.
            assert!(polls >= 4, "{polls}");
        }
    }
}

#[test]
fn a_deadline_breaks_it_off_as_well() {
    let rig = Rig::new();
    let chip = rig.chip(0);
    let mut operations = [Operation::Write(&[1_u8; 160])];
    let error = chip.transaction_async(&mut operations).block_until(std::time::Duration::from_micros(50));
    assert_eq!(error, Err(of_block(AxiQuadSpiError::Node(Error::TimedOut))));
    rig.assert_idle();
    // 50 us are 39 words of 1.28 us.
    assert_eq!(rig.seen().len(), 39 + 2);
    let mut back = [0_u8; 1];
    rig.chip(0).transaction(&mut [Operation::Read(&mut back)]).unwrap();
    assert_eq!(back[..], answers(39, 1));
}

#[test]
fn a_block_that_was_replaced_ends_its_transactions() {
    let rig = Rig::new();
    let (one, two) = (rig.chip(0), rig.chip(1));
    let (mut first, mut second) = ([Operation::Write(&[1_u8; 5])], [Operation::Write(&[2_u8; 5])]);
    let mut first = Task::waiting(one.transaction_async(&mut first));
    let mut second = Task::waiting(two.transaction_async(&mut second));
    rig.spi.node().invalidate(Error::Invalidated);
    let ended = std::task::Poll::Ready(Err(of_block(AxiQuadSpiError::Node(Error::Invalidated))));
    assert_eq!(first.poll(), ended);
    assert_eq!(second.poll(), ended);
    // It is not touched any more: what was on its way goes out.
    rig.board.advance(std::time::Duration::from_micros(50));
    assert_eq!(rig.window.read(SPISR) & 1, 0);
    assert_ne!([0; 5].map(|_| rig.window.read(DRR)), [0xFF; 5]);
}
