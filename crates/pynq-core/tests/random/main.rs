//! Random schedules of everything that can happen to the engine, against a model of what must.
//!
//! Each schedule is one thread that plays several: every boundary of a lock and every register access is a point where
//! another task, the hardware or an interrupt may come in between. `PYNQ_SCHEDULES` says how many to run, `PYNQ_SEED`
//! runs one alone; the test names the seed of a schedule that failed.
#![cfg(not(loom))]

mod backend;
mod build;
mod hardware;
mod schedule;
mod tasks;
mod verdict;
mod waiter;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

const STEPS: u32 = 60;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn random() {
    if let Some(seed) = number("PYNQ_SEED") {
        let outcome = schedule::run(seed, STEPS);
        assert_eq!(outcome.err(), None, "seed {seed}");
        return;
    }
    let schedules = number("PYNQ_SCHEDULES").unwrap_or(2_000);
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    // One that fails ends the others.
    let failed = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..threads)
        .map(|worker| {
            let failed = Arc::clone(&failed);
            std::thread::spawn(move || {
                let mut completed = 0;
                for seed in (1 + worker..=schedules).step_by(threads as usize) {
                    if failed.load(Relaxed) {
                        break;
                    }
                    completed += schedule::run(seed, STEPS).map_err(|why| {
                        failed.store(true, Relaxed);
                        format!("seed {seed}: {why}")
                    })?;
                }
                Ok::<_, String>(completed)
            })
        })
        .collect();
    let mut completed = 0;
    for worker in workers {
        match worker.join().expect("panics are caught") {
            Ok(waits) => completed += waits,
            Err(why) => panic!("{why}; PYNQ_SEED runs it alone"),
        }
    }
    println!("{schedules} schedules, {completed} waits completed");
    assert!(completed > schedules, "the schedules hardly do anything: {completed} waits in {schedules}");
}
