//! The standard input and output of a program.

use embedded_io_async::{Read as _, Write as _};
use pynq::drivers::microblaze::MicroblazeError;
use pynq_iss::{Condition, Size};

use crate::{
    assembler::Assembler,
    support::{Random, load, overlay},
};

const REQUEST: u32 = 0x4001_0000;
const LAST: i16 = 0x3F8;

/// Writes what it reads. It requests an interrupt when it has written something and there is nothing more to be read.
fn echo() -> Assembler {
    let mut program = Assembler::new();
    program.poke(REQUEST + 4, 0).li(21, 0);
    program.label("next").load(Size::Word, 5, 0xF000).load(Size::Word, 6, 0xF004).xor(7, 5, 6);
    program.jump_if(Condition::NotEqual, 7, "byte").jump_if(Condition::Equal, 21, "next");
    program.li(21, 0).poke(REQUEST, 1).poke(REQUEST, 0).jump("next");
    program.label("byte").load_at(Size::Byte, 12, 6, 0xF008).addi(6, 6, 1).addi(8, 6, -LAST);
    program.jump_if(Condition::NotEqual, 8, "read").li(6, 0).label("read").store(Size::Word, 6, 0xF004);
    program.load(Size::Word, 9, 0xF400).addi(10, 9, 1).addi(8, 10, -LAST);
    program.jump_if(Condition::NotEqual, 8, "room").li(10, 0);
    // While there is no room, the reader has to be told, or it would sleep.
    program.label("room").load(Size::Word, 11, 0xF404).xor(8, 10, 11).jump_if(Condition::NotEqual, 8, "write");
    program.poke(REQUEST, 1).poke(REQUEST, 0).jump("room");
    program.label("write").store_at(Size::Byte, 12, 9, 0xF408).store(Size::Word, 10, 0xF400).li(21, 1).jump("next");
    program
}

#[test]
fn bytes_go_through_a_program_and_come_back_in_order() {
    let overlay = overlay();
    let iop = overlay.microblaze("iop_pmoda").expect("it is there");
    load(&iop, &echo());
    let (mut input, mut output) =
        (iop.standard_input().expect("it is free"), iop.standard_output().expect("it is free"));
    let mut random = Random(77);
    let sent: Vec<u8> = (0..5_000).map(|_| random.next() as u8).collect();
    let mut received = Vec::new();
    overlay
        .block_on(async {
            let write = async {
                let mut rest = &sent[..];
                while !rest.is_empty() {
                    let (part, more) = rest.split_at((1 + random.below(1_500) as usize).min(rest.len()));
                    input.write_all(part).await.expect("there is room in the end");
                    rest = more;
                }
            };
            let read = async {
                let mut buffer = [0; 700];
                while received.len() < sent.len() {
                    let count = output.read(&mut buffer).await.expect("there is something in the end");
                    received.extend_from_slice(&buffer[..count]);
                }
            };
            smol::future::zip(write, read).await;
        })
        .expect("no error");
    assert!(received == sent);
    assert_eq!(output.try_read(&mut [0; 8]).expect("no error"), 0);
}

#[test]
fn a_ring_has_one_owner_and_shares_its_memory_with_the_mailbox() {
    let iop = overlay().microblaze("iop_pmoda").expect("it is there");
    load(&iop, &echo());
    let input = iop.standard_input().expect("it is free");
    assert_eq!(*iop.standard_input().expect_err("it has an owner").cause(), MicroblazeError::MailboxInUse);
    assert_eq!(*iop.mailbox().expect_err("its memory has").cause(), MicroblazeError::MailboxInUse);
    let output = iop.standard_output().expect("it is free");
    drop((input, output));
    let mailbox = iop.mailbox().expect("all of it is free");
    assert_eq!(*iop.standard_output().expect_err("the mailbox has it").cause(), MicroblazeError::MailboxInUse);
    drop(mailbox);
}

#[test]
fn a_full_ring_takes_no_more_and_a_spoiled_one_is_told() {
    let overlay = overlay();
    let iop = overlay.microblaze("iop_pmoda").expect("it is there");
    let mut waits = Assembler::new();
    waits.label("end").jump("end");
    load(&iop, &waits);
    let mut input = iop.standard_input().expect("it is free");
    // One byte stays empty.
    assert_eq!(input.try_write(&[7; 2_000]).expect("no error"), 0x3F7);
    assert_eq!(input.try_write(&[7; 1]).expect("no error"), 0);
    let late = input.write_bytes_async(&[7]).block_until(core::time::Duration::from_millis(5)).expect_err("no room");
    assert!(late.is_timed_out());
    iop.write(0xF004, &[0x3F8]).expect("its memory");
    let error = input.try_write(&[7]).expect_err("no such index");
    assert_eq!(*error.cause(), MicroblazeError::Ring { address: 0xF004, found: 0x3F8 });
}
