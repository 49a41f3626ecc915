//! CPU pins as the roots of the interrupt engine.
#![cfg(feature = "std")]

mod common;

use std::sync::{Arc, Mutex};
use std::task::{Poll, Wake, Waker};

use common::{IRQ, count, enable, poll, small};
use pynq_core::{Error, interrupt::InterruptSource};
use pynq_sim::{Board, CpuPin, Trigger};

#[test]
fn a_press_fires_the_pin_within_the_stimulus() {
    let board = small(0);
    enable(&board);
    let pin = board.cpu_pin(IRQ).unwrap();
    let (woken, waker) = count();
    assert!(poll(&pin, &waker).is_pending());
    board.press("btns", 2).unwrap();
    assert_eq!((woken.get(), pin.interrupts(), pin.level()), (1, 1, true));
    assert_eq!(poll(&pin, &waker), Poll::Ready(Ok(())));
}

#[test]
fn a_pin_is_one_shot() {
    let board = small(0);
    enable(&board);
    let pin = board.cpu_pin(IRQ).unwrap();
    let (woken, waker) = count();
    assert!(poll(&pin, &waker).is_pending());
    board.press("btns", 0).unwrap();
    assert!(!pin.is_armed());
    board.press("btns", 1).unwrap();
    assert_eq!(woken.get(), 1, "disarmed by its first firing");
    assert_eq!(poll(&pin, &waker), Poll::Ready(Ok(())));
    assert_eq!(poll(&pin, &waker), Poll::Ready(Ok(())), "the line is still active");
    assert_eq!((woken.get(), pin.interrupts()), (1, 2), "what a poll returns needs no waker");
}

#[test]
fn disarming_forgets_a_firing_but_not_its_cause() {
    let board = small(0);
    enable(&board);
    let pin = board.cpu_pin(IRQ).unwrap();
    let (woken, waker) = count();
    assert!(poll(&pin, &waker).is_pending());
    board.press("btns", 0).unwrap();
    std::pin::Pin::new(&pin).disarm();
    let (btns, intc) = (board.window("btns").unwrap(), board.window("intc").unwrap());
    btns.write(0x120, 1);
    intc.write(0x0C, 1);
    assert!(poll(&pin, &waker).is_pending(), "forgotten, and the line has dropped");
    std::pin::Pin::new(&pin).disarm();
    board.release("btns", 0).unwrap();
    assert_eq!(woken.get(), 1, "masked");
    assert_eq!(poll(&pin, &waker), Poll::Ready(Ok(())), "still latched below");
}

#[test]
fn a_register_write_that_enables_a_line_calls_the_waker_on_the_same_stack() {
    /// Serves the interrupt from within the wake.
    struct Server(Board, CpuPin, Mutex<Vec<u32>>);
    impl Wake for Server {
        fn wake(self: Arc<Self>) {
            let intc = self.0.window("intc").unwrap();
            self.2.lock().unwrap().push(intc.read(0x18));
            intc.write(0x14, 1); // CIE: the output drops
            let waker = Waker::from(Arc::clone(&self));
            assert!(poll(&self.1, &waker).is_ready());
            assert!(poll(&self.1, &waker).is_pending());
        }
    }
    let board = small(0);
    enable(&board);
    let intc = board.window("intc").unwrap();
    intc.write(0x14, 1);
    board.press("btns", 0).unwrap();
    let pin = board.cpu_pin(IRQ).unwrap();
    let server = Arc::new(Server(board.clone(), pin.clone(), Mutex::default()));
    assert!(poll(&pin, &Waker::from(Arc::clone(&server))).is_pending());
    intc.write(0x10, 1);
    assert_eq!(*server.2.lock().unwrap(), [0]);
    intc.write(0x10, 1);
    assert_eq!(*server.2.lock().unwrap(), [0, 0]);
    std::pin::Pin::new(&pin).disarm();
}

#[test]
fn an_edge_pin_latches_while_masked_and_takes_a_pulse() {
    let board = small(0);
    let pin = board.cpu_pin(IRQ).unwrap();
    pin.set_trigger(Trigger::Edge);
    let (woken, waker) = count();
    board.pulse_line("intc/irq").unwrap();
    assert_eq!(poll(&pin, &waker), Poll::Ready(Ok(())), "latched while masked");
    assert!(poll(&pin, &waker).is_pending());
    board.set_line("cpu/61", true).unwrap();
    assert_eq!(woken.get(), 1);
    assert_eq!(poll(&pin, &waker), Poll::Ready(Ok(())));
    assert!(poll(&pin, &waker).is_pending(), "high is not an edge");
}

#[test]
fn a_level_pin_does_not_take_a_pulse_while_masked() {
    let board = small(0);
    let pin = board.cpu_pin(IRQ).unwrap();
    board.pulse_line("intc/irq").unwrap();
    assert!(poll(&pin, &count().1).is_pending());
}

#[test]
fn a_spurious_interrupt_comes_when_the_pin_is_armed() {
    let board = small(0);
    let pin = board.cpu_pin(IRQ).unwrap();
    let (woken, waker) = count();
    assert!(poll(&pin, &waker).is_pending());
    pin.fire_spuriously();
    assert_eq!(woken.get(), 1);
    assert_eq!(poll(&pin, &waker), Poll::Ready(Ok(())));
    std::pin::Pin::new(&pin).disarm();
    pin.fire_spuriously();
    assert_eq!(poll(&pin, &waker), Poll::Ready(Ok(())));
    assert!(poll(&pin, &waker).is_pending());
}

#[test]
fn a_failed_root_wakes_and_stays_failed_until_the_board_is_reloaded() {
    let board = small(0);
    let pin = board.cpu_pin(IRQ).unwrap();
    let (woken, waker) = count();
    assert!(poll(&pin, &waker).is_pending());
    pin.fail(Error::DeviceGone);
    assert_eq!(woken.get(), 1);
    assert_eq!(poll(&pin, &waker), Poll::Ready(Err(Error::DeviceGone)));
    assert_eq!(poll(&pin, &waker), Poll::Ready(Err(Error::DeviceGone)));
    board.reload();
    assert!(poll(&pin, &waker).is_pending());
}

#[test]
fn wakers_are_woken_cloned_and_dropped_without_the_boards_lock() {
    /// Uses the board whenever it is touched. Under the lock that would deadlock, so a hang here is a failure.
    struct Nosy(Board);
    impl Wake for Nosy {
        fn wake(self: Arc<Self>) {
            let _ = self.0.now();
        }
    }
    impl Drop for Nosy {
        fn drop(&mut self) {
            let _ = self.0.now();
        }
    }
    let board = small(0);
    enable(&board);
    let pin = board.cpu_pin(IRQ).unwrap();
    for _ in 0..2 {
        let waker = Waker::from(Arc::new(Nosy(board.clone())));
        assert!(poll(&pin, &waker).is_pending());
    }
    let waker = Waker::from(Arc::new(Nosy(board.clone())));
    assert!(poll(&pin, &waker).is_pending());
    drop(waker);
    board.press("btns", 0).unwrap();
    let waker = Waker::from(Arc::new(Nosy(board.clone())));
    assert!(poll(&pin, &waker).is_ready());
    board.window("btns").unwrap().write(0x120, 1);
    board.window("intc").unwrap().write(0x0C, 1);
    assert!(poll(&pin, &waker).is_pending());
    drop(waker);
    std::pin::Pin::new(&pin).disarm();
}

#[test]
fn a_panicking_waker_does_not_swallow_the_others() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker panics");
        }
    }
    let both = Board::builder().cpu_pin(1).cpu_pin(2).external("button", "cpu/1").external("button", "cpu/2");
    let board = both.build().unwrap();
    let (first, second) = (board.cpu_pin(1).unwrap(), board.cpu_pin(2).unwrap());
    let (woken, waker) = count();
    assert!(poll(&first, &Waker::from(Arc::new(Panics))).is_pending());
    assert!(poll(&second, &waker).is_pending());
    let press = std::panic::AssertUnwindSafe(|| board.set_line("button", true));
    assert!(std::panic::catch_unwind(press).is_err());
    assert_eq!(woken.get(), 1);
    assert_eq!(board.block_on(async { 7 }), Ok(7), "and the board is settled again");
}
