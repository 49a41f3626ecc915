//! Other tasks, other controllers, and lines that are held.

use std::time::Duration;

use embedded_hal::i2c::Operation;
use pynq_core::{Error, Instant};
use pynq_drivers::axi_iic::AxiIicError;
use pynq_sim::{device::I2c, parts::i2c::RivalTransfer};

use crate::{
    common::{LEVEL, Task, of_block},
    rig::*,
};

#[test]
fn tasks_take_turns_and_each_has_the_bus_for_a_transaction() {
    for kind in WIRINGS {
        let rig = Rig::new(kind);
        let (mut one, mut two) = ([0; 20], [0; 3]);
        let mut operations = [Operation::Write(&[1, 2]), Operation::Read(&mut one)];
        let mut first = Task::waiting(rig.iic.transaction_async(0x20_u8, &mut operations));
        let mut others = [Operation::Read(&mut two)];
        let mut second = Task::waiting(rig.iic.transaction_async(0x155_u16, &mut others));
        let mut third = Task::waiting(rig.iic.probe_async(0x20_u8));
        rig.board.advance(Duration::from_millis(5));
        assert!(first.is_woken() && !second.is_woken() && !third.is_woken());
        let mut rounds = 0;
        while first.is_woken() || second.is_woken() || third.is_woken() {
            let _ = first.is_woken().then(|| first.poll());
            let _ = second.is_woken().then(|| second.poll());
            let _ = third.is_woken().then(|| third.poll());
            rig.board.advance(Duration::from_millis(3));
            rounds += 1;
            assert!(rounds < 100);
        }
        drop((first, second, third));
        assert_eq!((one[19], two), (20, [21, 22, 23]));
        assert!(rig.heard().ends_with("14 N P\nS79W A 55 A Sr79R A 15 A 16 A 17 N P\nS20W A P\n"), "{}", rig.heard());
        rig.assert_idle();
    }
}

#[test]
fn one_that_is_dropped_while_it_waits_for_its_turn_takes_none() {
    let rig = Rig::new(LEVEL);
    let mut operations = [Operation::Write(&[1; 40])];
    let mut first = Task::waiting(rig.iic.transaction_async(0x20_u8, &mut operations));
    drop(Task::waiting(rig.iic.probe_async(0x20_u8)));
    let mut third = Task::waiting(rig.iic.probe_async(0x20_u8));
    while first.poll().is_pending() {
        rig.board.advance(Duration::from_millis(1));
    }
    while third.poll().is_pending() {
        rig.board.advance(Duration::from_millis(1));
    }
    drop((first, third));
    rig.assert_idle();
}

#[test]
fn another_controllers_transfer_is_waited_for_and_lost_arbitration_is_told() {
    let write = |at, address| RivalTransfer { at: Instant::from_millis(at), address, bytes: vec![7; 3] };
    let rig = Rig::with(Setting { rivals: vec![write(1, 0x50), write(10, 0x20)], ..Setting::default() });
    rig.board.advance(Duration::from_micros(1_200));
    rig.iic.transaction(0x20_u8, &mut [Operation::Write(&[1])]).unwrap();
    assert_eq!(rig.heard(), "S50W A 07 A 07 A 07 A P\nS20W A 01 A P\n");
    rig.board.advance(Instant::from_millis(10).duration_since(rig.board.now()));
    let lost = rig.iic.transaction(0x50_u8, &mut [Operation::Write(&[1]), Operation::Read(&mut [0])]);
    assert_eq!(lost, Err(of_block(AxiIicError::ArbitrationLost)));
    assert!(rig.text("rival").lines().count() < 2, "the other one is not done yet");
    // The bus is the other's until its STOP, and the FIFO was not left as it was.
    rig.iic.transaction(0x20_u8, &mut [Operation::Write(&[2])]).unwrap();
    assert!(rig.heard().ends_with("Sr20W A 07 A 07 A 07 A P\nS20W A 02 A P\n"), "{}", rig.heard());
    rig.assert_idle();
}

#[test]
fn a_line_that_is_held_is_a_stuck_bus_until_it_is_let_go() {
    for held in [I2c::HoldData as fn(bool) -> I2c, I2c::Hold] {
        let rig = Rig::new(LEVEL);
        rig.hears(held(true));
        let iic = rig.iic.clone().with_timeout(Duration::from_millis(30));
        for _ in 0..2 {
            let begun = rig.board.now();
            let error = iic.transaction(0x20_u8, &mut [Operation::Write(&[1])]).unwrap_err();
            let AxiIicError::BusStuck { after } = *error.cause() else { panic!("{error}") };
            assert_eq!(rig.board.now().duration_since(begun), after, "it ends in time");
            assert!(error.to_string().contains("with_timeout"), "{error}");
        }
        rig.hears(held(false));
        iic.transaction(0x20_u8, &mut [Operation::Write(&[2])]).unwrap();
        assert!(rig.heard().ends_with("S20W A 02 A P\n"), "{}", rig.heard());
        rig.assert_idle();
    }
}

#[test]
fn a_clock_that_is_held_in_the_middle_ends_in_time_too() {
    let rig = Rig::new(LEVEL);
    let mut read = [0; 40];
    let mut operations = [Operation::Read(&mut read)];
    let mut task = Task::waiting(rig.iic.transaction_async(0x20_u8, &mut operations));
    rig.board.advance(Duration::from_micros(500));
    rig.hears(I2c::Hold(true));
    for _ in 0..50 {
        rig.board.advance(Duration::from_millis(10));
        if task.is_woken() {
            match task.poll() {
                std::task::Poll::Pending => {}
                std::task::Poll::Ready(ended) => {
                    assert!(matches!(*ended.unwrap_err().cause(), AxiIicError::BusStuck { .. }));
                    break;
                }
            }
        }
    }
    drop(task);
    rig.hears(I2c::Hold(false));
    assert!(rig.iic.probe(0x20_u8).unwrap());
    rig.assert_idle();
}

#[test]
fn a_deadline_of_the_programs_own_gives_the_bus_back() {
    let rig = Rig::new(LEVEL);
    let mut read = [0; 200];
    let mut operations = [Operation::Read(&mut read)];
    let ended = rig.iic.transaction_async(0x20_u8, &mut operations).block_until(Duration::from_millis(3));
    assert_eq!(ended, Err(of_block(AxiIicError::Node(Error::TimedOut))));
    assert!(rig.iic.probe(0x20_u8).unwrap());
    let heard = rig.heard();
    assert!(heard.ends_with("N P\nS20W A P\n"), "the last byte is not acknowledged: {heard}");
    rig.assert_idle();
}
