//! The clock and blocking work, on one thread and on several.

use std::{sync::Arc, time::Duration};

use pynq_core::{Clock, Error as Cause, Instant, interrupt::with_deadline};
use pynq_smol::{Error, SmolClock, blocking};

#[test]
fn time_passes_and_sleeps_end_in_order() {
    smol::block_on(async {
        let clock = SmolClock::new();
        clock.sleep(Duration::from_millis(20)).await;
        assert!(clock.now() >= Instant::from_millis(20));
        clock.sleep_until(Instant::from_millis(5)).await; // that has passed
        let late = async {
            clock.sleep(Duration::from_secs(3600)).await;
            "late"
        };
        let early = async {
            clock.sleep(Duration::from_millis(1)).await;
            "early"
        };
        assert_eq!(smol::future::race(late, early).await, "early");
    });
}

#[test]
fn deadlines_give_up_and_events_win() {
    smol::block_on(async {
        let clock = SmolClock::new();
        let never = std::future::pending::<Result<(), Cause>>();
        assert_eq!(with_deadline(never, clock.sleep(Duration::from_millis(1))).await, Err(Cause::TimedOut));
        let both = with_deadline(std::future::ready(Ok(7)), clock.sleep_until(Instant::START));
        assert_eq!(both.await, Ok(7));
        let ages = with_deadline(std::future::ready(Ok(8)), clock.sleep_until(Instant::MAX));
        assert_eq!(ages.await, Ok(8));
    });
}

#[test]
fn sleeps_can_be_sent_to_another_thread_s_executor() {
    let executor = Arc::new(smol::Executor::new());
    let (stop, stopped) = smol::channel::bounded::<()>(1);
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let (executor, stopped) = (Arc::clone(&executor), stopped.clone());
            std::thread::spawn(move || smol::block_on(executor.run(stopped.recv())))
        })
        .collect();
    let clock = SmolClock::new();
    let tasks: Vec<_> = (1..=8).map(|ms| executor.spawn(clock.sleep(Duration::from_millis(ms)))).collect();
    for task in tasks {
        smol::block_on(task);
    }
    assert!(clock.now() >= Instant::from_millis(8));
    drop(stop);
    for thread in threads {
        assert!(thread.join().unwrap().is_err(), "ended by the closed channel");
    }
}

#[test]
fn blocking_work_runs_aside() {
    smol::block_on(async {
        // It waits for this very thread, and would wait for ever if it were in its way.
        let (sender, receiver) = std::sync::mpsc::channel();
        let work = blocking(move || receiver.recv());
        let send = async {
            sender.send(5).unwrap();
            std::future::pending().await
        };
        assert_eq!(smol::future::or(work, send).await, Ok(Ok(5)));
        let panicked = blocking(|| panic!("over {}", 9)).await;
        assert_eq!(panicked, Err::<(), _>(Error::Panicked { message: "over 9".to_owned() }));
    });
}

#[test]
fn a_simulated_board_keeps_pace_with_the_clock() {
    smol::block_on(async {
        let (board, clock) = (pynq_sim::Board::builder().build().unwrap(), SmolClock::new());
        board.set_real_time(true);
        let slept = board.clock().sleep(Duration::from_millis(20));
        let run = async {
            board.run_with(|left| clock.sleep(left)).await;
        };
        smol::future::or(slept, run).await;
        assert!(clock.now() >= Instant::from_millis(15), "{:?}: a virtual clock would not take any time", clock.now());
    });
}
