//! The program's own code panics, holds on to the board, or never lets time go on: nothing aborts, nothing is skipped, and
//! nothing hangs.
#![cfg(feature = "std")]

mod common;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Wake, Waker},
    time::Duration,
};

use common::{count, poll, small};
use pynq_core::Instant;
use pynq_sim::{Board, Device, device::Bus};

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker panics");
    }
}

#[test]
fn two_wakers_that_panic_in_one_delivery_do_not_abort() {
    let pins = [1, 2, 3];
    let builder = pins.iter().fold(Board::builder(), |builder, &id| builder.cpu_pin(id));
    let board =
        pins.iter().fold(builder, |builder, id| builder.external("button", &format!("cpu/{id}"))).build().unwrap();
    let (woken, waker) = count();
    for (id, waker) in pins.into_iter().zip([Waker::from(Arc::new(Panics)), Waker::from(Arc::new(Panics)), waker]) {
        assert!(poll(&board.cpu_pin(id).unwrap(), &waker).is_pending());
    }
    let panic = catch_unwind(AssertUnwindSafe(|| board.set_line("button", true))).expect_err("a panic");
    assert_eq!(*panic.downcast::<&str>().unwrap(), "a waker panics");
    assert_eq!(woken.get(), 1);
    assert_eq!(board.block_on(async { 7 }), Ok(7), "and the board is settled again");
}

#[test]
fn an_observer_that_panics_does_not_keep_the_next_from_seeing() {
    let board = small(0);
    let seen = Arc::new(AtomicUsize::new(0));
    board.on_output(|_, _| panic!("an observer panics"));
    let sees = Arc::clone(&seen);
    board.on_output(move |_, _| {
        sees.fetch_add(1, Ordering::SeqCst);
    });
    let leds = board.window("leds").unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| leds.write(0, 1))).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| leds.write(0, 2))).is_err());
    assert_eq!((seen.load(Ordering::SeqCst), board.output_log().len()), (2, 2));
}

#[test]
fn an_observer_has_a_handle_that_does_not_keep_the_board() {
    let board = small(0);
    board.on_output(|board, _| board.press("btns", 0).unwrap());
    board.window("leds").unwrap().write(0, 1);
    assert_eq!(board.window("btns").unwrap().read(0), 1);
    board.bus_write(0x5000_0000, pynq_sim::Width::Word, 0);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(board))).is_err(), "the last handle reports the misuse");
}

/// Wants to be called now, always.
struct Stays;

impl Device for Stays {
    fn drive(&mut self, bus: &mut Bus<'_>) {
        bus.wake_at(Some(bus.now()));
    }
}

#[test]
fn a_device_that_stays_at_one_instant_is_told_by_the_drop_of_the_board() {
    let board = Board::builder().part("hier/stays", Stays).build().unwrap();
    board.advance(Duration::from_millis(1));
    assert_eq!(board.now(), Instant::from_millis(1));
    let said = *catch_unwind(AssertUnwindSafe(|| drop(board))).expect_err("a panic").downcast::<String>().unwrap();
    assert!(said.contains("block \"hier/stays\"") && said.contains("must be later"), "{said}");
}

#[test]
fn a_stimulus_that_schedules_itself_at_once_ends() {
    fn again(board: &Board) {
        board.at(board.now(), again);
    }
    let board = Board::builder().build().unwrap();
    again(&board);
    board.advance(Duration::from_millis(1));
    assert_eq!(board.now(), Instant::from_millis(1));
    assert!(board.take_stuck()[0].to_string().contains("a stimulus that schedules the next"));
}
