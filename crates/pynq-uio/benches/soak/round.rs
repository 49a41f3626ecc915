//! Rounds: everything built, kept busy, taken down, and the memory it took.

use std::{
    env,
    hash::{BuildHasher as _, RandomState},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    hosts::{Hosts, Served},
    memory,
    owner::Random,
    rig::{Rig, Total},
    source::Kind,
    watch,
};

const ROUND: Duration = Duration::from_secs(4);

/// What may be allocated more at the end than after the warm-up, in bytes: tables of runtimes that grow by doubling, and
/// what threads leave that have not quite ended, which comes to a few thousand. A waiter of 100 bytes lost with each
/// hundredth wait that is given up would be more than this after a few seconds.
const BOUND: isize = 64 << 10;

fn option(name: &str) -> Option<u64> {
    let mut args = env::args().skip_while(|arg| arg != name);
    args.nth(1)?.parse().ok()
}

/// What a round allocated: the most in each half, and after it.
struct Used {
    halves: [isize; 2],
    after: isize,
}

fn round(seed: u64, time: Duration, total: &mut Total) -> Used {
    let mut random = Random::new(seed);
    let mut hosts = Hosts::new();
    let mut rigs = vec![(Arc::new(Rig::simulated(random.below(2) == 0)), Served::Anybody)];
    for served in Served::ALL {
        rigs.push((Arc::new(Rig::controllers(&hosts, served, random.below(2) == 0)), served));
        rigs.push((Arc::new(Rig::pins(&hosts, served, Kind::Edge)), served));
        rigs.push((Arc::new(Rig::pins(&hosts, served, Kind::Level)), served));
    }
    let all: Vec<Arc<Rig>> = rigs.iter().map(|(rig, _)| Arc::clone(rig)).collect();
    watch::over(&all, seed);
    for (rig, served) in &rigs {
        rig.populate(&mut hosts, *served, &mut random);
    }
    hosts.start();
    let stop = Arc::new(AtomicBool::new(false));
    let raises: Vec<_> = all
        .iter()
        .map(|rig| {
            let (rig, stop, random) = (Arc::clone(rig), Arc::clone(&stop), Random::new(random.below(u64::MAX)));
            thread::spawn(move || rig.raise(random, || stop.load(SeqCst)))
        })
        .collect();
    let begin = Instant::now();
    let mut halves = [0; 2];
    while begin.elapsed() < time {
        let half = usize::from(begin.elapsed() >= time / 2);
        halves[half] = halves[half].max(memory::live());
        thread::sleep(Duration::from_millis(50));
    }
    stop.store(true, SeqCst);
    for raise in raises {
        if raise.join().is_err() {
            watch::fail("a device panicked");
        }
    }
    hosts.finish();
    for rig in &all {
        rig.reconcile(total);
        rig.end();
    }
    drop((all, rigs));
    Used { halves, after: memory::live() }
}

pub(crate) fn main() -> ExitCode {
    let time = Duration::from_secs(option("--seconds").unwrap_or(20));
    let seed = option("--seed").unwrap_or_else(|| RandomState::new().hash_one(0) >> 16);
    println!("soak: seed {seed}, {} s", time.as_secs());
    watch::start(time);
    let begin = Instant::now();
    let (mut total, mut number) = (Total::default(), 0);
    let mut warm = None;
    // Half of the time, and two rounds of warm-up at least.
    while number < 3 || begin.elapsed() + ROUND < time / 2 {
        let used = round(seed + number, ROUND.min(time / 8), &mut total);
        if number == 1 {
            warm = Some(used.after);
        }
        number += 1;
    }
    let long = time.saturating_sub(begin.elapsed()).max(ROUND.min(time / 8));
    let used = round(seed + number, long, &mut total);
    let after = used.after - warm.unwrap_or_default();
    let [first, second] = used.halves;
    let growth = second - first;
    println!(
        "soak: {} edges, each for two owners, and {} levels for one = {} completions, and {} latched; {} waits dropped, {} timed out",
        total.edges, total.levels, total.completions, total.latched, total.cancelled, total.timed_out
    );
    println!(
        "soak: {} interrupts of UIO devices, {} not read; {} of a pin that had gone quiet",
        total.interrupts, total.unread, total.for_nothing
    );
    println!(
        "soak: {} rounds; allocated: {after} bytes more after the last round than after the second; in the last one, of {} s, {first} at most in its first half, {growth} more in its second; {} KiB resident",
        number + 1,
        long.as_secs(),
        memory::resident().map_or_else(|| "?".to_owned(), |kilobytes| kilobytes.to_string()),
    );
    if after > BOUND || growth > BOUND {
        println!("soak: FAILED: memory grows, by more than {BOUND} bytes");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
