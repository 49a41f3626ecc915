//! The conformance suite on the simulated board, under each kind of host.
#![allow(clippy::unwrap_used)] // a test may

mod bench;
mod hosts;
mod rigs;

use std::{collections::BTreeMap, fmt};

use pynq_conformance::{Report, Rig, Selection, Stop, names, run};
use pynq_hwh::Design;

use hosts::Kind;
use rigs::{Build, Described, Handoff};

/// `PYNQ_CASES` selects cases by parts of their names, separated by commas.
fn selection() -> Selection {
    let patterns = std::env::var("PYNQ_CASES").unwrap_or_default();
    Selection::matching(patterns.split(',').filter(|pattern| !pattern.is_empty()))
}

/// Line by line, so that a case which hangs is the one after the last line.
struct Printed;

impl fmt::Write for Printed {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        print!("{text}");
        Ok(())
    }
}

/// Runs the suite, and tells why cases were skipped and how many.
fn suite(rig: &mut impl Rig) -> (Report, BTreeMap<String, usize>) {
    let report = run(rig, &selection(), &mut Printed);
    assert!(report.failed() == 0 && report.ok() > 0, "{report}; the lines above say which");
    let mut skipped = BTreeMap::new();
    for (_, verdict) in report.outcomes() {
        if let Err(Stop::Skipped(why)) = verdict {
            *skipped.entry(why.clone()).or_default() += 1;
        }
    }
    (report, skipped)
}

/// All that may be missing on a board that was described to have everything.
const EXCUSES: &[&str] = &[
    "a pin on the root has no registers to time an event by",
    "on the root itself there is no telling a spurious interrupt from an event",
    "this place has too few lines",
    "this rig doesn't claim hardware",
];

#[track_caller]
fn nothing_else_was_skipped(skipped: &BTreeMap<String, usize>, more: &[&str]) {
    let excused = |why: &str| EXCUSES.contains(&why) || more.contains(&why);
    assert!(skipped.keys().all(|why| excused(why)), "{skipped:#?}");
}

#[test]
fn polled_by_hand() {
    let (report, skipped) = suite(&mut Described { build: Build::Full, host: Kind::Manual });
    nothing_else_was_skipped(&skipped, &[]);
    assert!(selection().selects("") == (report.outcomes().len() == names().len()));
}

#[test]
fn under_blocking_twins() {
    let (_, skipped) = suite(&mut Described { build: Build::Full, host: Kind::Threads });
    nothing_else_was_skipped(&skipped, &[]);
}

#[test]
fn under_tokio_on_two_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let host = Kind::Tokio(runtime.handle().clone());
    let (_, skipped) = suite(&mut Described { build: Build::Full, host });
    nothing_else_was_skipped(&skipped, &[]);
}

const NOT_BUILT: &str = "a pin on the root has no controller to be built in another way";

#[test]
fn controllers_without_optional_registers() {
    let (_, skipped) = suite(&mut Described { build: Build::Bare, host: Kind::Manual });
    nothing_else_was_skipped(&skipped, &[NOT_BUILT]);
}

#[test]
fn controllers_with_a_pulse_output() {
    let (_, skipped) = suite(&mut Described { build: Build::Pulse, host: Kind::Manual });
    nothing_else_was_skipped(&skipped, &[NOT_BUILT]);
}

#[test]
fn the_board_of_a_design() {
    let design = Design::parse(include_str!("../../../pynq-hwh/fixtures/pynq-z2-buttons.hwh")).unwrap();
    let (_, skipped) = suite(&mut Handoff { design, host: Kind::Manual });
    nothing_else_was_skipped(
        &skipped,
        &["the design has none", "the boards that were described begin in disorder as well"],
    );
}
