//! Requests of a program, and what becomes of each.

use core::{
    future::Future,
    pin::pin,
    task::{Context, Waker},
    time::Duration,
};

use pynq::{
    Overlay,
    drivers::microblaze::{MicroblazeInterrupt, PynqMicroblaze},
};
use pynq_iss::{Condition, Size};

use crate::{
    assembler::Assembler,
    support::{Random, load, overlay},
};

const MADE: u32 = 0x1000;
const REQUEST: u32 = 0x4001_0000;

/// Makes items, counted at 0x1000, and requests an interrupt after each; between them it counts down from a number that it
/// makes of the one before, up to 0x3FF. It ends after as many items as the word at 0x1004 says.
fn producer() -> Assembler {
    let mut program = Assembler::new();
    program.poke(REQUEST + 4, 0).li(20, 1).li(7, 0);
    program.label("begin").load(Size::Word, 9, MADE + 4).jump_if(Condition::Equal, 9, "begin");
    program.label("next").load(Size::Word, 9, MADE + 4).xor(10, 7, 9).jump_if(Condition::Equal, 10, "end");
    // A linear shift register, by additions and exclusive ors.
    program
        .add(11, 20, 20)
        .add(11, 11, 11)
        .add(11, 11, 11)
        .xor(20, 20, 11)
        .addi(20, 20, 37)
        .andi(6, 20, 0x3FF)
        .addi(6, 6, 1);
    program.label("pause").addi(6, 6, -1).jump_if(Condition::NotEqual, 6, "pause");
    program.addi(7, 7, 1).store(Size::Word, 7, MADE).poke(REQUEST, 1).poke(REQUEST, 0).jump("next");
    program.label("end").jump("end");
    program
}

fn made(iop: &PynqMicroblaze) -> u32 {
    let mut word = [0];
    iop.read(MADE, &mut word).expect("its memory");
    word[0]
}

fn start(overlay: &Overlay, count: u32) -> (PynqMicroblaze, MicroblazeInterrupt) {
    let iop = overlay.microblaze("iop_pmoda").expect("it is there");
    load(&iop, &producer());
    let interrupt = iop.interrupt().expect("it is wired");
    iop.write(MADE + 4, &[count]).expect("its memory");
    (iop, interrupt)
}

/// A host that waits, drops waits, gives up, makes new handles and sleeps, at random: it sees the last of all items in the end,
/// and every wait ends with something new or with the request that an earlier one was dropped on.
#[test]
fn no_request_is_lost_whatever_the_host_does_meanwhile() {
    const ITEMS: u32 = 300;
    for seed in 1..=3 {
        let overlay = overlay();
        let (iop, mut interrupt) = start(&overlay, ITEMS);
        let mut random = Random(seed * 0x9E37_79B9);
        let mut cx = Context::from_waker(Waker::noop());
        let (mut seen, mut waits) = (0, 0);
        while seen < ITEMS {
            match random.below(6) {
                // Dropped, after a few polls.
                0 => {
                    let mut wait = pin!(interrupt.wait_async());
                    let mut polls = 0..random.below(3);
                    while polls.next().is_some() && wait.as_mut().poll(&mut cx).is_pending() {}
                }
                1 => {
                    let limit = Duration::from_nanos(u64::from(random.below(10_000)));
                    match interrupt.wait_until(limit) {
                        Ok(()) => waits += 1,
                        Err(error) => assert!(error.is_timed_out(), "{error}"),
                    }
                }
                2 => overlay.sleep(Duration::from_nanos(u64::from(random.below(30_000)))).expect("no error"),
                3 if random.below(4) == 0 => interrupt = iop.interrupt().expect("it is wired"),
                _ => {
                    seen = made(&iop);
                    // Looked at after the last wait: if there is more to come, it comes with an interrupt.
                    if seen < ITEMS {
                        interrupt.wait().expect("the next one comes");
                        waits += 1;
                    }
                }
            }
            seen = made(&iop);
        }
        assert!(waits > 20, "{waits} waits");
        assert_eq!(made(&iop), ITEMS);
        // The last request may not have been waited for, or be still to come; after that there is none.
        overlay.sleep(Duration::from_micros(100)).expect("no error");
        interrupt.clear().expect("no error");
        let error = interrupt.wait_until(Duration::from_millis(1)).expect_err("nothing comes");
        assert!(error.is_timed_out(), "nothing is invented: {error}");
    }
}

#[test]
fn a_wait_acknowledges_and_clear_forgets() {
    let overlay = overlay();
    let (iop, mut interrupt) = start(&overlay, 1);
    let board = overlay.simulation().expect("it is simulated");
    // The pulse of the request is over by then: one that is not would set the flip-flop again.
    overlay.sleep(Duration::from_micros(100)).expect("no error");
    interrupt.wait().expect("the first one");
    assert_eq!((made(&iop), board.line("iop_pmoda/flop/q")), (1, Ok(false)), "it was acknowledged");
    iop.write(MADE + 4, &[2]).expect("its memory");
    // The program has ended; it is run anew, and makes two.
    iop.stop().expect("no error");
    iop.run().expect("no error");
    overlay.sleep(Duration::from_micros(100)).expect("no error");
    assert_eq!(board.line("iop_pmoda/flop/q"), Ok(true));
    interrupt.clear().expect("no error");
    assert_eq!(board.line("iop_pmoda/flop/q"), Ok(false));
    assert!(interrupt.wait_until(Duration::from_millis(1)).expect_err("forgotten").is_timed_out());
}

/// A program that leaves its request at 1 is reset, and the request stays: each acknowledge is followed by a new edge, until a
/// program takes it back.
#[test]
fn a_request_that_stays_comes_again_after_each_acknowledge() {
    let overlay = overlay();
    let iop = overlay.microblaze("iop_pmoda").expect("it is there");
    let mut stays = Assembler::new();
    stays.poke(REQUEST + 4, 0).poke(REQUEST, 1).label("end").jump("end");
    load(&iop, &stays);
    let mut interrupt = iop.interrupt().expect("it is wired");
    for _ in 0..5 {
        interrupt.wait_until(Duration::from_millis(1)).expect("again");
    }
    iop.stop().expect("no error");
    interrupt.wait_until(Duration::from_millis(1)).expect("the request is not in the processor's reset");
    let mut takes_back = Assembler::new();
    takes_back.poke(REQUEST, 0).poke(MADE, 1).label("end").jump("end");
    load(&iop, &takes_back);
    iop.word_async(MADE, |word| word == 1).block().expect("it runs");
    interrupt.clear().expect("no error");
    assert!(interrupt.wait_until(Duration::from_millis(1)).expect_err("taken back").is_timed_out());
}

#[test]
fn all_handles_are_woken() {
    let overlay = overlay();
    let (iop, interrupt) = start(&overlay, 3);
    let (mut one, mut other) = (interrupt.clone(), interrupt);
    overlay
        .block_on(async {
            for at_least in 1..=3 {
                while made(&iop) < at_least {
                    one.wait_async().await.expect("it comes");
                }
                other.wait_async().await.expect("for it, too");
            }
        })
        .expect("no error");
}
