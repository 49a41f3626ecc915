//! All seeded bugs in one build: the one that `PYNQ_MUTANT` names is alive.
//!
//! In the sources each stands behind `cfg!(pynq_mutant = "name")`, which is `false` wherever it ships. A build for each of
//! them would take most of the time that it takes to catch them. Under `cfg(pynq_mutants)` this macro of the same name
//! answers in the compiler's place, when the program runs. Those that need an attribute, for a field or a function that
//! is there for them alone, are still built one by one.

use std::{env, string::String, sync::OnceLock};

/// In the compiler's place for mutants; any other question goes to the compiler.
macro_rules! cfg {
    (pynq_mutant = $name:literal) => { $crate::mutant::is_alive($name) };
    (any($(pynq_mutant = $name:literal),+)) => { ($($crate::mutant::is_alive($name))||+) };
    ($($other:tt)+) => { ::core::cfg!($($other)+) };
}

/// Whether the bug of that name is the one to be caught.
pub(crate) fn is_alive(name: &str) -> bool {
    static ALIVE: OnceLock<Option<String>> = OnceLock::new();
    ALIVE.get_or_init(|| env::var("PYNQ_MUTANT").ok()).as_deref() == Some(name)
}
