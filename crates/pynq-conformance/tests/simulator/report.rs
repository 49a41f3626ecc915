//! Running the suite, and counting the skipped cases.

use std::{collections::BTreeMap, fmt};

use pynq_conformance::{Backend, Outcome, Report, Selection, run};
use pynq_hwh::Design;

use crate::{backends::Handoff, hosts::Kind};

/// `PYNQ_CASES` selects cases by parts of their names, separated by commas.
pub(crate) fn selection() -> Selection {
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

/// Runs the suite, and returns the reasons for which cases were skipped, with their number.
pub(crate) fn suite(backend: &mut impl Backend) -> (Report, BTreeMap<String, usize>) {
    let report = run(backend, &selection(), &mut Printed);
    assert!(report.failed() == 0 && report.ok() > 0, "{report}; the lines above say which");
    let mut skipped = BTreeMap::new();
    for (_, verdict) in report.outcomes() {
        if let Err(Outcome::Skipped(why)) = verdict {
            *skipped.entry(why.clone()).or_default() += 1;
        }
    }
    (report, skipped)
}

/// All that may be missing on a board that was described to have everything.
const EXCUSES: &[&str] = &[
    "a pin on the root has no registers to time an event by",
    "on the root itself there is no telling a spurious interrupt from an event",
    "this topology has too few lines",
    "this backend doesn't claim hardware",
];

#[track_caller]
pub(crate) fn nothing_else_was_skipped(skipped: &BTreeMap<String, usize>, more: &[&str]) {
    let excused = |why: &str| EXCUSES.contains(&why) || more.contains(&why);
    assert!(skipped.keys().all(|why| excused(why)), "{skipped:#?}");
}

pub(crate) const NOT_BUILT: &str = "a pin on the root has no controller to be built in another way";

/// The suite on the board of a design.
pub(crate) fn buttons(host: Kind) {
    let design = Design::parse(include_str!("../../../pynq-hwh/fixtures/pynq-z2-buttons.hwh")).expect("a sound file");
    let (_, skipped) = suite(&mut Handoff { design, host });
    nothing_else_was_skipped(
        &skipped,
        &["the design has none", "the boards that were described begin in disorder as well"],
    );
}
