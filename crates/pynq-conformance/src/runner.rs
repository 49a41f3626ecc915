//! Running the cases.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use crate::{
    Backend, Outcome, TOPOLOGIES, Verdict,
    case::Case,
    cases::{Setup, TABLE, all},
};

/// Which cases to run.
#[derive(Clone, Debug, Default)]
pub struct Selection(Vec<String>);

impl Selection {
    /// All of them.
    #[must_use]
    pub const fn all() -> Self {
        Self(Vec::new())
    }

    /// Those in whose name one of the patterns occurs: `i03`, `cascade_2`. In a pattern with a slash, the part after it
    /// is the whole name of a topology: `i05_cancelled/edge_line`, `/gpio_on_root`. No pattern at all selects all.
    pub fn matching<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Self {
        Self(patterns.into_iter().map(ToString::to_string).collect())
    }

    /// Whether a case of this name is selected.
    #[must_use]
    pub fn selects(&self, name: &str) -> bool {
        let matches = |pattern: &String| match pattern.contains('/') {
            true => is_at(name, pattern),
            false => name.contains(pattern.as_str()),
        };
        self.0.is_empty() || self.0.iter().any(matches)
    }
}

fn is_at(name: &str, pattern: &str) -> bool {
    match (name.split_once('/'), pattern.split_once('/')) {
        (Some((case, topology)), Some((part, whole))) => case.contains(part) && topology == whole,
        _ => false,
    }
}

/// The full names, `case/topology`, of all cases there are.
#[must_use]
pub fn names() -> Vec<String> {
    let at = |case: &'static str, applies: fn(&crate::Topology) -> bool| {
        TOPOLOGIES.iter().filter(move |topology| applies(topology)).map(move |topology| format!("{case}/{topology}"))
    };
    TABLE.iter().flat_map(|&(case, applies)| at(case, applies)).collect()
}

/// The results of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    outcomes: Vec<(String, Verdict)>,
}

impl Report {
    /// The result of each case that was run, by its full name and in order.
    pub fn outcomes(&self) -> &[(String, Verdict)] {
        &self.outcomes
    }

    /// No case failed, and at least one was not skipped.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failed() == 0 && self.ok() > 0
    }

    /// How many passed.
    #[must_use]
    pub fn ok(&self) -> usize {
        self.count(|verdict| verdict.is_ok())
    }

    /// How many failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.count(|verdict| matches!(verdict, Err(Outcome::Failed(_))))
    }

    /// How many were skipped.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.count(|verdict| matches!(verdict, Err(Outcome::Skipped(_))))
    }

    fn count(&self, which: impl Fn(&Verdict) -> bool) -> usize {
        self.outcomes.iter().filter(|(_, verdict)| which(verdict)).count()
    }
}

/// The totals.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cases, ok, failed, skipped) = (self.outcomes.len(), self.ok(), self.failed(), self.skipped());
        write!(f, "{cases} cases: {ok} ok, {failed} failed, {skipped} skipped")
    }
}

/// Runs the selected cases, writes a line for each to `log` as it ends, and the totals as the last one.
///
/// Lines that `log` can't take are lost; the report is complete all the same.
pub fn run<R: Backend>(backend: &mut R, selection: &Selection, log: &mut dyn fmt::Write) -> Report {
    let mut report = Report::default();
    for case in all::<R::Fixture>() {
        for topology in TOPOLOGIES.iter().filter(|topology| (case.applies)(topology)) {
            let name = format!("{}/{topology}", case.name);
            if !selection.selects(&name) {
                continue;
            }
            let fixture = match case.setup {
                Setup::Fresh => backend.fixture(topology),
                Setup::Used => backend.used_fixture(topology),
            };
            let verdict = fixture.and_then(|fixture| (case.run)(&Case::new(&fixture, topology)?));
            let _ = match &verdict {
                Ok(()) => writeln!(log, "{name}: ok"),
                Err(stop) => writeln!(log, "{name}: {stop}"),
            };
            report.outcomes.push((name, verdict));
        }
    }
    let _ = writeln!(log, "{report}");
    report
}
