//! How long a whole handoff file takes, against roxmltree merely parsing the same text, in the same run.
//!
//! `PYNQ_HWH_DIR=... cargo bench -p pynq-hwh --bench parse` prints a ratio of medians per file; below 1 is faster.

use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use pynq_hwh::Design;

const ROUNDS: usize = 41;

fn main() {
    let Some(folder) = std::env::var_os("PYNQ_HWH_DIR").map(PathBuf::from) else {
        println!("PYNQ_HWH_DIR is not set: nothing to measure");
        return;
    };
    for name in ["z2-base.hwh", "zcu104-base.hwh"] {
        let path = folder.join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => measure(name, text.trim_start_matches('\u{feff}')),
            Err(error) => println!("{}: {error}", path.display()),
        }
    }
}

fn measure(name: &str, text: &str) {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // Who goes first changes, so that neither always finds the caches warm.
        for turn in 0..2 {
            if (round + turn) % 2 == 0 {
                ours.push(time(|| drop(black_box(Design::parse(black_box(text))))));
            } else {
                theirs.push(time(|| drop(black_box(roxmltree::Document::parse(black_box(text))))));
            }
        }
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!(
        "{name}: pynq-hwh {:.2} ms, roxmltree {:.2} ms, ratio {:.2}",
        ours.as_secs_f64() * 1e3,
        theirs.as_secs_f64() * 1e3,
        ours.as_secs_f64() / theirs.as_secs_f64()
    );
}

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
