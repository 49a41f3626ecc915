//! Several chips, several tasks and threads.

use std::thread;

use embedded_hal::spi::{MODE_0, MODE_3, Operation};
use pynq_sim::device::Spi;

use crate::{
    common::Task,
    rig::{Rig, USUAL, Wiring, write_read},
};

/// The transactions on the bus, as the select and the words of each.
fn transactions(seen: &[Spi]) -> Vec<(u32, Vec<u32>)> {
    let mut all = Vec::new();
    for message in seen {
        match (message, all.last_mut()) {
            (Spi::Select(0), _) => {}
            (Spi::Select(lines), _) => all.push((*lines, Vec::new())),
            (Spi::Shift { data, .. }, Some((_, words))) => words.push(*data),
            _ => panic!("{message:?} while nothing was selected"),
        }
    }
    all
}

#[test]
fn threads_have_the_bus_one_at_a_time() {
    let rig = Rig::on(USUAL, Wiring::Level);
    thread::scope(|scope| {
        for number in 0..4_u8 {
            let chip = rig.spi.chip(number, if number % 2 == 0 { MODE_0 } else { MODE_3 }).unwrap();
            scope.spawn(move || {
                for round in 0..25 {
                    let words = vec![number << 6 | round; 20];
                    chip.transaction(&mut [Operation::Write(&words)]).unwrap();
                }
            });
        }
    });
    let all = transactions(&rig.seen());
    assert_eq!(all.len(), 100);
    for number in 0..4_u32 {
        let of_this: Vec<_> = all.iter().filter(|(lines, _)| *lines == 1 << number).collect();
        let expected: Vec<_> = (0..25).map(|round| vec![number << 6 | round; 20]).collect();
        assert_eq!(of_this.iter().map(|(_, words)| words.clone()).collect::<Vec<_>>(), expected);
    }
    rig.assert_idle();
}

#[test]
fn a_task_that_waits_for_the_bus_is_woken_by_its_end_and_by_its_loss() {
    for cancelled in [false, true] {
        let rig = Rig::new();
        let (one, two) = (rig.chip(0), rig.chip(1));
        let (mut first, mut second) = ([Operation::Write(&[1_u8; 5])], [Operation::Write(&[2_u8; 5])]);
        let mut first = Task::waiting(one.transaction_async(&mut first));
        let mut second = Task::waiting(two.transaction_async(&mut second));
        if cancelled {
            drop(first);
        } else {
            while first.poll().is_pending() {
                rig.board.advance(std::time::Duration::from_micros(2));
                assert!(!second.is_woken(), "the bus is not free yet");
            }
        }
        assert!(second.is_woken());
        assert_eq!(second.wakes(), 1);
        while second.poll().is_pending() {
            rig.board.advance(std::time::Duration::from_micros(2));
        }
        let all = transactions(&rig.seen());
        assert_eq!(all.last(), Some(&(2, vec![2; 5])));
        rig.assert_idle();
    }
}

#[test]
fn a_waiter_that_gives_up_leaves_the_bus_alone() {
    let rig = Rig::new();
    let (one, two) = (rig.chip(0), rig.chip(1));
    let mut back = [0; 30];
    let mut operations = write_read(&[1], &mut back);
    let mut first = Task::waiting(one.transaction_async(&mut operations));
    for _ in 0..3 {
        let mut operations = [Operation::Write(&[2_u8])];
        drop(Task::waiting(two.transaction_async(&mut operations)));
    }
    while first.poll().is_pending() {
        rig.board.advance(std::time::Duration::from_micros(5));
    }
    assert_eq!(transactions(&rig.seen()).len(), 1);
    rig.assert_idle();
}
