//! The clock and blocking work, on both schedulers and on none.

#![allow(clippy::unwrap_used)] // helpers of tests

use std::time::Duration;

use pynq_core::{Clock, Error as Cause, Instant, interrupt::with_deadline};
use pynq_tokio::{Error, TokioClock, blocking};
use tokio::runtime::{Builder, Runtime};

fn both() -> [Runtime; 2] {
    [
        Builder::new_current_thread().enable_time().build().unwrap(),
        Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap(),
    ]
}

#[tokio::test(start_paused = true)]
async fn time_passes_and_sleeps_end_in_order() {
    let clock = TokioClock::new().unwrap();
    assert_eq!(clock.now(), Instant::START);
    clock.sleep(Duration::from_millis(20)).await;
    assert_eq!(clock.now().as_millis(), 20);
    clock.sleep_until(Instant::from_millis(5)).await;
    assert_eq!(clock.now().as_millis(), 20, "that had passed");
    let (early, late) = (clock.sleep(Duration::from_millis(1)), clock.sleep(Duration::from_millis(2)));
    tokio::select! {
        () = late => panic!("the later one came first"),
        () = early => {}
    }
}

#[tokio::test(start_paused = true)]
async fn deadlines_give_up_and_events_win() {
    let clock = TokioClock::new().unwrap();
    let never = std::future::pending::<Result<(), Cause>>();
    assert_eq!(with_deadline(never, clock.sleep(Duration::from_secs(1))).await, Err(Cause::TimedOut));
    let both = with_deadline(std::future::ready(Ok(7)), clock.sleep_until(Instant::START));
    assert_eq!(both.await, Ok(7));
    let ages = with_deadline(std::future::ready(Ok(8)), clock.sleep_until(Instant::MAX));
    assert_eq!(ages.await, Ok(8));
}

#[test]
fn sleeps_can_be_made_and_sent_anywhere() {
    for runtime in both() {
        let clock = TokioClock::on(runtime.handle().clone()).unwrap();
        let sleep = std::thread::spawn(move || (clock.sleep(Duration::from_millis(1)), clock));
        let (sleep, clock) = sleep.join().unwrap();
        runtime.block_on(async { tokio::spawn(sleep).await.unwrap() });
        assert!(clock.now() >= Instant::from_millis(1));
    }
}

#[test]
fn a_runtime_that_will_not_do_is_an_error() {
    assert_eq!(TokioClock::new().unwrap_err(), Error::NoRuntime);
    let mut polled = Box::pin(blocking(|| ()));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert_eq!(polled.as_mut().poll(&mut cx), std::task::Poll::Ready(Err(Error::NoRuntime)));
    let timeless = Builder::new_current_thread().build().unwrap();
    assert_eq!(TokioClock::on(timeless.handle().clone()).unwrap_err(), Error::TimersDisabled);
    assert_eq!(timeless.block_on(async { TokioClock::new().unwrap_err() }), Error::TimersDisabled);
}

#[test]
fn blocking_work_runs_aside() {
    for runtime in both() {
        runtime.block_on(async {
            // It waits for a task of the very runtime, and would wait for ever if it were in its way.
            let (sender, receiver) = std::sync::mpsc::channel();
            let work = tokio::spawn(blocking(move || receiver.recv()));
            tokio::task::yield_now().await;
            sender.send(5).unwrap();
            assert_eq!(work.await.unwrap(), Ok(Ok(5)));
            let panicked = blocking(|| panic!("over {}", 9)).await;
            assert_eq!(panicked, Err::<(), _>(Error::Panicked { message: "over 9".to_owned() }));
        });
    }
}

#[test]
fn a_simulated_board_keeps_pace_with_the_clock() {
    for runtime in both() {
        runtime.block_on(async {
            let (board, clock) = (pynq_sim::Board::builder().build().unwrap(), TokioClock::new().unwrap());
            board.set_real_time(true);
            let slept = board.clock().sleep(Duration::from_millis(20));
            tokio::select! {
                _ = board.run_with(|left| clock.sleep(left)) => unreachable!("it never completes"),
                () = slept => {}
            }
            assert!(
                clock.now() >= Instant::from_millis(15),
                "{:?}: a virtual clock would not take any time",
                clock.now()
            );
        });
    }
}
