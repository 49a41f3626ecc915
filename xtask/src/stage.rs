//! What a stage is given, and what it returns.

use crate::shell::Failure;

/// How a stage ended that found no fault.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It ran. The notes say what of it did not.
    Passed(Vec<String>),
    /// It did not run, and why.
    Skipped(String),
}

impl Outcome {
    pub(crate) const PASSED: Self = Self::Passed(Vec::new());
}

/// What a stage returns.
pub(crate) type Verdict = Result<Outcome, Failure>;

/// What a person wrote after the name of the stage.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// The word that is no option: a name or a part of one.
    pub(crate) filter: Option<String>,
    /// `--count N`: schedules.
    pub(crate) count: Option<u64>,
    /// `--seconds N` or `--minutes N`: of each fuzz target, and of the soak.
    pub(crate) seconds: Option<u64>,
    /// How often a thread of a model may be preempted.
    pub(crate) preemptions: Option<u32>,
    /// Whether all there is is tried: in `nightly`.
    pub(crate) exhaustive: bool,
    /// `--seed N`: of the soak's first round.
    pub(crate) seed: Option<u64>,
    /// `--update`: writes down what is found instead of comparing it.
    pub(crate) update: bool,
    /// `--strict`: a bar that is missed fails the benchmarks.
    pub(crate) strict: bool,
    /// `--quick`: just to see that it works.
    pub(crate) quick: bool,
    /// `--skip A,B` and `--only A,B`: stages of `ci`.
    pub(crate) skip: Vec<String>,
    pub(crate) only: Vec<String>,
}
