//! The end of a run that goes wrong: a line that stands still for a minute, or anything else, reported with the state
//! of all that runs.

use std::{
    collections::HashMap,
    process,
    sync::{Arc, Mutex, Weak, atomic::AtomicU64, atomic::Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

use pynq_core::lock;

use crate::rig::Rig;

/// No event takes this long to be seen, on a machine however busy. It is no measure of speed.
const PATIENCE: Duration = Duration::from_secs(60);

static RIGS: Mutex<Vec<Weak<Rig>>> = Mutex::new(Vec::new());
static SEED: AtomicU64 = AtomicU64::new(0);

/// From now on this is what runs.
pub(crate) fn over(rigs: &[Arc<Rig>], seed: u64) {
    SEED.store(seed, SeqCst);
    *lock(&RIGS) = rigs.iter().map(Arc::downgrade).collect();
}

/// Ends the run. With `PYNQ_SOAK_HOLD` set it stays, for a debugger.
pub(crate) fn fail(why: &str) -> ! {
    eprintln!("soak: FAILED in the round of seed {}: {why}", SEED.load(SeqCst));
    hold_or_exit()
}

fn hold_or_exit() -> ! {
    if std::env::var_os("PYNQ_SOAK_HOLD").is_some() {
        eprintln!("soak: process {} waits for a debugger", process::id());
        loop {
            thread::park();
        }
    }
    process::exit(1)
}

fn rigs() -> Vec<Arc<Rig>> {
    lock(&RIGS).iter().filter_map(Weak::upgrade).collect()
}

/// What a round may take beyond its time, until all owners have ended and all is idle.
const END: Duration = Duration::from_secs(120);

/// Watches, on a thread of its own, for lines whose last event is not seen by all, and for an end that does not come.
pub(crate) fn start(time: Duration) {
    thread::spawn(move || {
        let end = Instant::now() + time + END;
        let mut since: HashMap<String, (u64, Instant)> = HashMap::new();
        loop {
            thread::sleep(Duration::from_secs(1));
            let mut stands = Vec::new();
            let mut unserved = HashMap::new();
            for rig in rigs() {
                for source in rig.sources.iter().filter(|source| !source.is_served()) {
                    let at = u64::from(source.raised()) << 32 | source.completions() & 0xFFFF_FFFF;
                    let begin = match since.get(&source.name) {
                        Some(&(before, begin)) if before == at => begin,
                        _ => Instant::now(),
                    };
                    if begin.elapsed() > PATIENCE {
                        stands.push(source.to_string());
                    }
                    unserved.insert(source.name.clone(), (at, begin));
                }
            }
            since = unserved;
            if Instant::now() > end {
                stands.push("the run does not end".to_owned());
            }
            if !stands.is_empty() {
                eprintln!("soak: HANGS in the round of seed {}:\n  {}", SEED.load(SeqCst), stands.join("\n  "));
                rigs().iter().for_each(|rig| eprintln!("{rig}"));
                hold_or_exit();
            }
        }
    });
}
