//! Commands: their deadline, their owner, and what becomes of one that is given up.

use core::{
    future::Future,
    pin::pin,
    task::{Context, Waker},
    time::Duration,
};

use pynq::drivers::microblaze::{MicroblazeError, Program};
use pynq_iss::{Condition, Size};

use crate::{
    assembler::Assembler,
    support::{adder, load, overlay},
};

#[test]
fn commands_are_carried_out_one_after_the_other() {
    let iop = overlay().microblaze("iop_pmoda").expect("it is there");
    load(&iop, &adder());
    let mut mailbox = iop.mailbox().expect("it runs");
    for argument in 0..100 {
        let mut result = [0];
        mailbox.command(1, &[argument], &mut result).expect("an answer");
        assert_eq!(result, [argument + 1]);
    }
}

#[test]
fn a_mailbox_has_one_owner_and_one_program() {
    let iop = overlay().microblaze("iop_pmoda").expect("it is there");
    assert!(matches!(iop.mailbox().expect_err("nothing runs").cause(), MicroblazeError::NotRunning { .. }));
    load(&iop, &adder());
    let mut mailbox = iop.mailbox().expect("it runs");
    assert_eq!(*iop.mailbox().expect_err("it is taken").cause(), MicroblazeError::MailboxInUse);
    iop.load_by_force(&Program::raw(&adder().bytes())).expect("by force");
    let error = mailbox.command(1, &[1], &mut []).expect_err("another program");
    assert!(matches!(error.cause(), MicroblazeError::NotRunning { .. }));
    drop(mailbox);
    let mut mailbox = iop.mailbox().expect("it is free");
    assert_eq!(*mailbox.command(0, &[], &mut []).expect_err("no command").cause(), MicroblazeError::NoCommand);
    let many = [0; 1024];
    let error = mailbox.command(1, &many, &mut []).expect_err("too many");
    assert_eq!(*error.cause(), MicroblazeError::TooMany { words: 1024, room: 1023 });
    mailbox.command(1, &many[..1023], &mut []).expect("as many as there is room for");
}

#[test]
fn a_program_that_hangs_is_an_error_in_time() {
    let overlay = overlay();
    let iop = overlay.microblaze("iop_pmoda").expect("it is there");
    let mut hangs = Assembler::new();
    hangs.label("end").jump("end");
    load(&iop, &hangs);
    let mut mailbox = iop.mailbox().expect("it runs");
    let begin = overlay.clock();
    let before = pynq::Clock::now(&begin);
    let error = mailbox.command(0x31, &[], &mut []).expect_err("no answer");
    assert_eq!(*error.cause(), MicroblazeError::Unanswered { command: 0x31, found: 0x31 });
    assert!(error.is_timed_out());
    let waited = pynq::Clock::now(&begin).duration_since(before);
    assert!((Duration::from_secs(1)..Duration::from_millis(1010)).contains(&waited), "{waited:?}");
    mailbox.set_time(Duration::from_millis(3));
    let error = mailbox.command(0x33, &[], &mut []).expect_err("no answer");
    assert_eq!(
        *error.cause(),
        MicroblazeError::Unanswered { command: 0x33, found: 0x31 },
        "the one before is still there"
    );
}

/// Command n is carried out after n rounds of a loop, and its result is n.
fn slow() -> Assembler {
    let mut program = Assembler::new();
    program.label("wait").load(Size::Word, 5, 0xFFFC).jump_if(Condition::Equal, 5, "wait").add(6, 5, 0);
    program.label("work").addi(6, 6, -1).jump_if(Condition::NotEqual, 6, "work");
    program.store(Size::Word, 5, 0xF000).store(Size::Word, 0, 0xFFFC).jump("wait");
    program
}

#[test]
fn the_result_of_a_command_that_was_dropped_is_not_the_next_ones() {
    let overlay = overlay();
    let iop = overlay.microblaze("iop_pmoda").expect("it is there");
    load(&iop, &slow());
    let mut mailbox = iop.mailbox().expect("it runs");
    let mut cx = Context::from_waker(Waker::noop());
    for polls in 0..6 {
        let mut lost = [0];
        {
            let mut command = pin!(mailbox.command_async(50_000 + polls, &[], &mut lost));
            for _ in 0..polls {
                assert!(command.as_mut().poll(&mut cx).is_pending());
            }
        }
        let mut result = [0];
        mailbox.command(7, &[], &mut result).expect("an answer");
        assert_eq!((result, lost), ([7], [0]), "after {polls} polls of the one before");
    }
    // By a deadline.
    for micros in [0, 1, 7, 30, 200, 1_000] {
        let limit = Duration::from_micros(micros);
        let error = mailbox.command_async(60_000, &[], &mut []).block_until(limit).expect_err("too soon");
        assert!(error.is_timed_out(), "{error}");
        let mut result = [0];
        mailbox.command(9, &[], &mut result).expect("an answer");
        assert_eq!(result, [9], "after {micros} us of the one before");
    }
}
