//! A program that only awaits, under any runtime and with no call around it: virtual time moves by itself, and a wait that
//! nothing can end ends with an error.
#![cfg(all(feature = "sim", feature = "tokio", feature = "smol"))]
#![allow(clippy::unwrap_used)] // helpers of tests, outside of a #[test]

use std::{
    cell::Cell,
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use pynq::prelude::*;

const BUTTONS: &str = include_str!("../../pynq-hwh/fixtures/pynq-z2-buttons.hwh");

fn overlay() -> Overlay {
    let overlay = Overlay::simulated_from_str(BUTTONS).unwrap();
    let board = overlay.simulation().unwrap();
    for n in 0..12_u64 {
        let bit = u8::try_from(n % 4).unwrap();
        board.at(Instant::from_millis(10 * n + 10), move |board| board.press("btns_gpio", bit).unwrap());
        board.at(Instant::from_millis(10 * n + 15), move |board| board.release("btns_gpio", bit).unwrap());
    }
    overlay
}

/// One button and its LED, which stays on for three milliseconds more.
async fn follow(overlay: Overlay, number: u8) -> pynq::Result<()> {
    let button = overlay.gpio("btns_gpio")?.channel1().pin(number)?;
    let led = pynq::Led::new(overlay.gpio("leds_gpio")?.channel1().pin(number)?)?;
    for _ in 0..3 {
        button.wait_for_level_async(Level::High).await?;
        led.on()?;
        button.wait_for_level_async(Level::Low).await?;
        overlay.clock().sleep(Duration::from_millis(3)).await;
        led.off()?;
    }
    Ok(())
}

/// What the LEDs are to do: the times of their changes, and what is on then.
fn expected() -> Vec<(u64, u32)> {
    (0..12).flat_map(|n| [(10 * n + 10, 1 << (n % 4)), (10 * n + 18, 0)]).collect()
}

fn log(overlay: &Overlay) -> Vec<(u64, u32)> {
    let log = overlay.simulation().unwrap().output_log();
    log.iter().map(|change| (change.time.as_millis(), change.value)).collect()
}

/// Spawned as any program spawns its tasks: the board does not know of them.
async fn on_tokio(overlay: Overlay) {
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..4 {
        tasks.spawn(follow(overlay.clone(), number));
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap().unwrap();
    }
}

/// The least of a runtime: polls, and parks its thread.
fn parked<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

#[test]
fn under_tokio_on_one_thread() {
    for _ in 0..5 {
        let overlay = overlay();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(on_tokio(overlay.clone()));
        assert_eq!(log(&overlay), expected());
    }
}

#[test]
fn under_tokio_on_several_threads() {
    for _ in 0..5 {
        let overlay = overlay();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).enable_all().build().unwrap();
        runtime.block_on(on_tokio(overlay.clone()));
        assert_eq!(log(&overlay), expected());
    }
}

#[test]
fn under_smol() {
    for _ in 0..5 {
        let overlay = overlay();
        let executor = smol::Executor::new();
        let tasks: Vec<_> = (0..4).map(|number| executor.spawn(follow(overlay.clone(), number))).collect();
        smol::block_on(executor.run(async {
            for task in tasks {
                task.await.unwrap();
            }
        }));
        assert_eq!(log(&overlay), expected());
    }
}

#[test]
fn under_no_runtime() {
    for _ in 0..5 {
        let overlay = overlay();
        let threads: Vec<_> = (0..4)
            .map(|number| {
                // These begin at their own time, which the board can't know of.
                let task = overlay.track(follow(overlay.clone(), number));
                thread::spawn(move || parked(task))
            })
            .collect();
        for thread in threads {
            thread.join().unwrap().unwrap();
        }
        assert_eq!(log(&overlay), expected());
    }
}

#[test]
fn a_forgotten_stimulus_is_an_error_and_no_hang() {
    let started = std::time::Instant::now();
    let overlay = Overlay::simulated_from_str(BUTTONS).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let wait = |overlay: Overlay| async move {
        Ok::<_, pynq::Error>(overlay.gpio("btns_gpio")?.channel1().pin(0)?.wait_for_level_async(Level::High).await?)
    };
    let error = runtime.block_on(wait(overlay.clone())).unwrap_err();
    assert!(error.is_never_woken(), "{error}");
    // So does one that is driven.
    let error = runtime.block_on(overlay.drive(wait(overlay.clone()))).unwrap_err();
    assert!(error.is_never_woken(), "{error}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

/// A wait that has its event and is kept without being polled, as the loser of a `select!` is, does not stop the clock for
/// what its task awaits next.
#[test]
fn a_woken_wait_that_is_kept_stops_no_clock() {
    kept(|_, task| parked(task));
    // Where nothing more can come, this gives up itself.
    kept(|overlay, task| assert!(overlay.block_on(task).unwrap_err().is_never_woken()));
}

fn kept(run: impl FnOnce(&Overlay, Pin<Box<dyn Future<Output = ()> + '_>>)) {
    let overlay = Overlay::simulated_from_str(BUTTONS).unwrap();
    let board = overlay.simulation().unwrap();
    let channel = overlay.gpio("btns_gpio").unwrap().channel1();
    let (first, second) = (channel.pin(0).unwrap(), channel.pin(1).unwrap());
    board.at(Instant::from_millis(20), |board| board.press("btns_gpio", 1).unwrap());
    let got_there = Cell::new(false);
    let task = Box::pin(async {
        let mut kept = pin!(first.wait_for_level_async(Level::High));
        assert!(kept.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        board.press("btns_gpio", 0).unwrap();
        second.wait_for_level_async(Level::High).await.unwrap();
        assert_eq!(overlay.clock().now(), Instant::from_millis(20));
        let late = second.wait_for_level_async(Level::Low).until(Duration::from_millis(5)).await.unwrap_err();
        assert!(late.is_timed_out(), "{late}");
        got_there.set(true);
        let never = second.wait_for_level_async(Level::Low).await.unwrap_err();
        assert!(never.is_never_woken(), "{never}");
        kept.await.unwrap();
    });
    run(&overlay, task);
    assert!(got_there.get());
}
