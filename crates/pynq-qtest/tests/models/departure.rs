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

/// After so many sequences all departures have been seen.
const ENOUGH: u64 = 100;

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

    /// The table lists no departure that this QEMU does not have. A few sequences don't reach all of them.
    pub(crate) fn assert_all_seen(&self, departures: &[&Departure]) {
        for departure in departures.iter().filter(|_| self.sequences >= ENOUGH) {
            assert!(self.hits(departure) > 0, "this QEMU does not depart in what the table says: {departure:?}");
        }
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

/// The state that QEMU is expected to show: ours, with the known departures applied.
#[derive(Debug)]
pub(crate) struct Foreseen<V> {
    pub(crate) view: V,
    /// Where ours is not as the data sheet has it, though it may be as QEMU's.
    pub(crate) faults: Vec<String>,
}

impl<V: Copy + PartialEq> Foreseen<V> {
    pub(crate) fn new(ours: V) -> Self {
        Self { view: ours, faults: Vec::new() }
    }

    /// A departure that is to show now. `ours_is_right`: ours does what the data sheet says where QEMU doesn't.
    pub(crate) fn departs(
        &mut self,
        departure: &Departure,
        ours_is_right: bool,
        tally: &mut Tally,
        change: impl FnOnce(&mut V),
    ) {
        if !ours_is_right {
            self.faults.push(format!("ours departs as well: {}; the data sheet: {}", departure.name, departure.sheet));
        }
        let unchanged = self.view;
        change(&mut self.view);
        if self.view != unchanged {
            tally.hit(departure);
        }
    }
}

/// Checks that the book lists these departures and no others, in these words.
pub(crate) fn assert_documented(section: &str, departures: &[&Departure]) {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/src/reference/qemu-models.md");
    // The package of this crate comes without the book.
    let Ok(text) = std::fs::read_to_string(page) else { return };
    let heading = format!("\n## {section}\n");
    let section = text.split_once(&heading).map(|(_, rest)| rest.split("\n## ").next().unwrap_or(rest)).unwrap();
    let cells = |line: &str| line.split('|').skip(1).take(3).map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let documented: Vec<_> = section.lines().filter(|line| line.starts_with('|')).skip(2).map(cells).collect();
    let known: Vec<_> =
        departures.iter().map(|known| [known.name, known.sheet, known.qemu].map(str::to_owned)).collect();
    assert_eq!(documented, known);
}
