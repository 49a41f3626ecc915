//! What QEMU does otherwise than the data sheet says.

use std::{collections::BTreeMap, fmt::Write as _};

/// A difference that is known. The book's page about QEMU's models has the same table.
#[derive(Debug)]
pub(crate) struct Departure {
    /// Its name in the table.
    pub(crate) name: &'static str,
    /// What the data sheet says, and our model does.
    pub(crate) sheet: &'static str,
    /// What QEMU does.
    pub(crate) qemu: &'static str,
}

/// What was compared, and which departures showed.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) sequences: u64,
    pub(crate) steps: u64,
    pub(crate) reads: u64,
    pub(crate) differing: u64,
    hits: BTreeMap<&'static str, u64>,
}

impl Tally {
    pub(crate) fn hit(&mut self, departure: &Departure) {
        *self.hits.entry(departure.name).or_default() += 1;
    }

    pub(crate) fn hits(&self, departure: &Departure) -> u64 {
        self.hits.get(departure.name).copied().unwrap_or(0)
    }

    /// The table, with how often each showed.
    pub(crate) fn table(&self, model: &str, departures: &[&Departure]) -> String {
        let mut text = format!(
            "{model}: {} sequences of {} steps, {} reads compared, {} of them differ as foreseen\n",
            self.sequences, self.steps, self.reads, self.differing
        );
        for departure in departures {
            let Departure { name, sheet, qemu } = departure;
            let _ = writeln!(text, "  {:>8} x {name}: {sheet}; QEMU: {qemu}", self.hits(departure));
        }
        text
    }
}
