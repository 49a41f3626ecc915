//! What transactions are on the wire.

use std::time::Duration;

use embedded_hal::i2c::{Error as _, I2c, Operation};
use pynq_core::Error;
use pynq_drivers::axi_iic::{AxiIicError, IicAddress, Nack};
use pynq_sim::device::I2c as Wire;

use crate::{
    common::{LEVEL, of_block},
    reference::Reference,
    rig::*,
};

#[test]
fn an_eeprom_gives_back_what_it_was_given() {
    for kind in WIRINGS {
        let rig = Rig::new(kind);
        let bytes = noise(64);
        let mut write = vec![0x01, 0x40];
        write.extend(&bytes);
        rig.iic.transaction(0x50_u8, &mut [Operation::Write(&write)]).unwrap();
        assert!(!rig.iic.probe(0x50_u8).unwrap(), "it stores");
        while !rig.iic.probe(0x50_u8).unwrap() {}
        let mut read = [0; 64];
        rig.iic.transaction(0x50_u8, &mut [Operation::Write(&[1, 0x40]), Operation::Read(&mut read)]).unwrap();
        assert_eq!(read[..], bytes);
        rig.assert_idle();
    }
}

/// Runs one transaction and compares all of it with the reference.
#[track_caller]
pub(crate) fn compare(rig: &Rig, reference: &mut Reference, address: IicAddress, shape: &[(bool, usize)]) {
    let mut bytes = shape.iter().map(|&(_, count)| noise(count)).collect::<Vec<_>>();
    let mut operations = Vec::new();
    for (&(reads, _), bytes) in shape.iter().zip(&mut bytes) {
        operations.push(if reads { Operation::Read(bytes) } else { Operation::Write(bytes) });
    }
    let expected = reference.run(address, &operations);
    let before = rig.heard().len();
    let outcome = rig.iic.transaction(address, &mut operations).map_err(|error| error.kind());
    drop(operations);
    assert_eq!(rig.heard()[before..], expected.heard, "{address:?} {shape:?}");
    assert_eq!(outcome, expected.outcome, "{address:?} {shape:?}");
    if outcome.is_ok() {
        let read = shape.iter().zip(&bytes).filter(|((reads, _), _)| *reads).flat_map(|(_, bytes)| bytes.clone());
        assert_eq!(read.collect::<Vec<_>>(), expected.read, "{address:?} {shape:?}");
    }
    rig.assert_idle();
}

const W: bool = false;
const R: bool = true;

#[test]
fn every_length_around_a_fifo_and_around_a_count_is_right() {
    let lengths =
        [1, 2, 3, 7, 8, 9, 14, 15, 16, 17, 18, 31, 32, 33, 34, 254, 255, 256, 257, 258, 271, 272, 273, 274, 600];
    for address in [IicAddress::Seven(0x20), IicAddress::Ten(0x155)] {
        for count in lengths {
            let rig = Rig::new(LEVEL);
            let mut reference = Reference { accepts: usize::MAX, given: 0 };
            compare(&rig, &mut reference, address, &[(R, count)]);
            compare(&rig, &mut reference, address, &[(W, count)]);
            compare(&rig, &mut reference, address, &[(W, 2), (R, count)]);
            compare(&rig, &mut reference, address, &[(W, count), (R, 3)]);
            compare(&rig, &mut reference, address, &[(R, count), (W, 3)]);
            compare(&rig, &mut reference, address, &[(W, count), (R, 256), (W, count), (R, 1)]);
        }
    }
}

#[test]
fn operations_of_one_direction_are_one_on_the_bus() {
    let rig = Rig::new(LEVEL);
    let mut reference = Reference { accepts: usize::MAX, given: 0 };
    for address in [IicAddress::Seven(0x20), IicAddress::Ten(0x155), IicAddress::Seven(0x33), IicAddress::Ten(0x156)] {
        for shape in [
            &[][..],
            &[(W, 0)],
            &[(W, 0), (W, 0)],
            &[(W, 0), (R, 1)],
            &[(W, 0), (W, 3), (W, 0), (R, 0), (R, 5), (R, 0), (R, 40)],
            &[(R, 200), (R, 200)],
            &[(W, 0), (R, 300)],
            &[(R, 1), (W, 1), (R, 1), (W, 1), (R, 20), (W, 20), (R, 2)],
            &[(R, 300), (W, 1), (R, 300), (W, 17)],
        ] {
            compare(&rig, &mut reference, address, shape);
        }
    }
}

#[test]
fn a_byte_that_is_not_acknowledged_ends_it() {
    for accepts in [0, 1, 2, 15, 16, 17, 30] {
        let rig = Rig::with(Setting { accepts, ..Setting::default() });
        let mut reference = Reference { accepts, given: 0 };
        for address in [IicAddress::Seven(0x20), IicAddress::Ten(0x155)] {
            for count in [1, 2, 3, 16, 17, 18, 31, 40] {
                for tail in [&[][..], &[(R, 1)], &[(R, 300)], &[(R, 20), (W, 40)]] {
                    let shape = [&[(W, count)], tail].concat();
                    compare(&rig, &mut reference, address, &shape);
                }
            }
        }
    }
}

#[test]
fn what_the_bus_cant_do_is_refused_before_anything_is_on_it() {
    let rig = Rig::new(LEVEL);
    let mut long = [0; 256];
    let refused = |address: IicAddress, operations: &mut [Operation<'_>]| {
        *rig.iic.transaction(address, operations).unwrap_err().cause()
    };
    let seven = IicAddress::Seven(0x20);
    assert_eq!(refused(seven, &mut [Operation::Write(&[1]), Operation::Read(&mut [])]), AxiIicError::EmptyRead);
    let mut operations = [Operation::Read(&mut long), Operation::Write(&[])];
    assert_eq!(refused(seven, &mut operations), AxiIicError::EmptyWriteAtEnd);
    let error = refused(IicAddress::Seven(0x80), &mut []);
    assert_eq!(error, AxiIicError::NoSuchAddress { address: 0x80, highest: 0x7F });
    let error = refused(IicAddress::Ten(0x400), &mut []);
    assert_eq!(error, AxiIicError::NoSuchAddress { address: 0x400, highest: 0x3FF });
    assert_eq!(rig.heard(), "");
    rig.assert_idle();
}

#[test]
fn a_target_may_hold_the_clock() {
    let rig = Rig::with(Setting { stretch: Duration::from_micros(300), ..Setting::default() });
    let mut reference = Reference { accepts: usize::MAX, given: 0 };
    for shape in [&[(W, 20)][..], &[(R, 20)], &[(W, 1), (R, 300)], &[(R, 300), (W, 2)]] {
        compare(&rig, &mut reference, IicAddress::Seven(0x20), shape);
    }
}

#[test]
fn without_its_interrupt_it_says_so() {
    let rig = Rig::with(Setting { wired: false, ..Setting::default() });
    let unavailable = of_block(AxiIicError::Node(Error::InterruptsUnavailable));
    assert_eq!(rig.iic.transaction(0x20_u8, &mut [Operation::Write(&[1])]), Err(unavailable.clone()));
    assert_eq!(rig.board.block_on(rig.iic.probe_async(0x20_u8)).unwrap(), Err(unavailable));
}

#[test]
fn without_a_node_it_is_polled() {
    let rig = Rig::with(Setting { wired: false, ..Setting::default() });
    let board = &rig.board;
    let tick = || {
        board.advance(Duration::from_micros(20));
        true
    };
    let mut read = vec![0; 300];
    rig.iic
        .node()
        .with_hardware(|hardware| {
            let mut operations = [Operation::Write(&[7]), Operation::Read(&mut read)];
            hardware.transaction_by_polling(0x20_u8, &mut operations, tick).unwrap();
            let probe = &mut [Operation::Write(&[])];
            let absent = hardware.transaction_by_polling(0x21_u8, probe, tick);
            assert_eq!(absent, Err(AxiIicError::Nack(Nack::Address)));
            rig.hears(Wire::HoldData(true));
            let mut left = 100;
            let stuck = hardware.transaction_by_polling(0x20_u8, probe, || {
                left -= 1;
                tick() && left > 0
            });
            assert_eq!(stuck, Err(AxiIicError::Node(Error::TimedOut)));
            rig.hears(Wire::HoldData(false));
            hardware.transaction_by_polling(0x20_u8, probe, tick).unwrap();
        })
        .unwrap();
    assert_eq!((read[0], read[299]), (1, 44));
}

#[test]
fn the_traits_are_the_same_transactions() {
    let rig = Rig::new(LEVEL);
    let mut iic = rig.iic.clone();
    let mut read = [0; 3];
    I2c::write(&mut iic, 0x20_u8, &[1, 2]).unwrap();
    I2c::write_read(&mut iic, 0x155_u16, &[3], &mut read).unwrap();
    rig.board
        .block_on(async {
            use embedded_hal_async::i2c::I2c;
            I2c::read(&mut iic, 0x20_u8, &mut read).await?;
            I2c::write(&mut iic, 0x155_u16, &[4]).await
        })
        .unwrap()
        .unwrap();
    let heard = "S20W A 01 A 02 A P\n\
                 S79W A 55 A 03 A Sr79R A 01 A 02 A 03 N P\n\
                 S20R A 04 A 05 A 06 N P\n\
                 S79W A 55 A 04 A P\n";
    assert_eq!(rig.heard(), heard);
    rig.assert_idle();
}

#[test]
fn sixteen_bytes_read_and_eight_written_are_an_interrupt() {
    let rig = Rig::new(LEVEL);
    let mut buffer = [0; 255];
    for (reads, count, interrupts) in
        [(R, 1, 2), (R, 16, 2), (R, 17, 3), (R, 255, 17), (W, 1, 1), (W, 15, 1), (W, 16, 2), (W, 255, 31)]
    {
        let before = rig.interrupts();
        let bytes = &mut buffer[..count];
        let mut operations = [if reads { Operation::Read(bytes) } else { Operation::Write(bytes) }];
        rig.iic.transaction(0x20_u8, &mut operations).unwrap();
        assert_eq!(rig.interrupts() - before, interrupts, "{reads} {count}");
    }
}
