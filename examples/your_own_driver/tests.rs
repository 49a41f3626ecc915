//! The driver against the model.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use pynq::sim::Access;

use super::*;
use crate::registers::{Control, Status};

fn control(overlay: &Overlay) -> Control {
    Control::from_bits_retain(overlay.mmio("counter").unwrap().read(0x00, 4).unwrap() as u32)
}

#[test]
fn counts_in_both_forms() {
    let overlay = overlay().unwrap();
    pulses(&overlay, 30).unwrap();
    let counter = overlay.block::<PulseCounter>("counter").unwrap();
    overlay.block_on(counter.count_to_async(7)).unwrap().unwrap();
    assert_eq!(overlay.clock().now(), Instant::from_millis(7));
    counter.count_to(3).unwrap();
    assert_eq!((overlay.clock().now(), counter.count().unwrap()), (Instant::from_millis(10), 3));
    assert_eq!(overlay.statistics().spurious, 0);
}

#[test]
fn a_quiet_line_blocks_and_is_masked_afterwards() {
    let overlay = overlay().unwrap();
    pulses(&overlay, 2).unwrap();
    let counter = overlay.block::<PulseCounter>("counter").unwrap();
    counter.count_to(2).unwrap();
    assert_eq!(control(&overlay), Control::RUN, "nobody waits, so nothing can be raised");
    let deadline = Instant::from_millis(100);
    let late = overlay.block_on(counter.count_to_async(1).until(deadline)).unwrap().unwrap_err();
    assert!(late.is_timed_out(), "{late}");
    assert_eq!(control(&overlay), Control::RUN);
}

#[test]
fn a_dropped_wait_leaves_no_trace() {
    let overlay = overlay().unwrap();
    let counter = overlay.block::<PulseCounter>("counter").unwrap();
    {
        let mut wait = pin!(counter.count_to_async(1));
        assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert!(control(&overlay).contains(Control::INTERRUPT_ENABLE));
    }
    assert!(!control(&overlay).contains(Control::INTERRUPT_ENABLE));
}

#[test]
fn a_status_from_before_is_no_event() {
    let overlay = overlay().unwrap();
    let counter = overlay.block::<PulseCounter>("counter").unwrap();
    drop(pin!(counter.count_to_async(1)).as_mut().poll(&mut Context::from_waker(Waker::noop())));
    pulses(&overlay, 1).unwrap();
    overlay.sleep(std::time::Duration::from_millis(5)).unwrap();
    let status = overlay.mmio("counter").unwrap().read(0x0C, 4).unwrap();
    assert_eq!(status as u32, Status::REACHED.bits(), "it was reached while nobody waited");
    let never = counter.count_to(1).unwrap_err();
    assert!(never.is_never_woken(), "{never}");
}

#[test]
fn a_start_takes_no_event_from_a_task_that_waits() {
    let overlay = overlay().unwrap();
    let board = overlay.simulation().unwrap();
    let counter = overlay.block::<PulseCounter>("counter").unwrap();
    let mut cx = Context::from_waker(Waker::noop());
    let mut first = pin!(counter.count_to_async(1));
    assert!(first.as_mut().poll(&mut cx).is_pending());
    // The first one's event comes right before the second one stops the counter.
    let pulse = Stimulus::Port { port: "counter/pulse".to_owned(), bits: 1 };
    board.before_access("counter", 0x00, Access::Write, pulse).unwrap();
    let mut second = pin!(counter.count_to_async(5));
    assert!(second.as_mut().poll(&mut cx).is_pending(), "that event is not the second one's");
    assert!(first.as_mut().poll(&mut cx).is_ready(), "it is the first one's");
}

#[test]
fn a_replaced_design_ends_the_wait() {
    let overlay = overlay().unwrap();
    let counter = overlay.block::<PulseCounter>("counter").unwrap();
    let mut wait = pin!(counter.count_to_async(1));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(wait.as_mut().poll(&mut cx).is_pending());
    overlay.reload().unwrap();
    let Poll::Ready(Err(error)) = wait.as_mut().poll(&mut cx) else { panic!("still waiting") };
    assert!(error.is_invalidated() && counter.count().unwrap_err().is_invalidated(), "{error}");
    pulses(&overlay, 1).unwrap();
    overlay.block::<PulseCounter>("counter").unwrap().count_to(1).unwrap();
}

#[test]
fn the_block_is_claimed_once_and_of_its_kind() {
    let overlay = overlay().unwrap();
    overlay.block::<PulseCounter>("counter").unwrap();
    let wrong = overlay.block::<PulseCounter>("interrupts").err().unwrap().to_string();
    assert!(wrong.contains("`interrupts` is no pulse counter") && wrong.contains("`counter`"), "{wrong}");
    fn can_be_spawned(_: impl Future + Send + 'static) {}
    let counter = overlay.block::<PulseCounter>("counter").unwrap();
    can_be_spawned(async move { counter.count_to_async(1).await });
}

#[test]
fn the_program_runs() {
    run(&Options::default()).unwrap();
}
