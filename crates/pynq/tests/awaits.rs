//! A program that only awaits, under any runtime and with no call around it: virtual time moves by itself, and a wait that
//! nothing can end ends with an error.
#![cfg(all(feature = "sim", feature = "tokio", feature = "smol"))]
#![allow(clippy::unwrap_used)] // helpers of tests, outside of a #[test]

use std::{
    future::Future,
    pin::pin,
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
