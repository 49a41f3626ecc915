//! Rows that are measured in turns, so that no row always goes first and a slow moment of the machine meets them all.

use std::time::Instant;

/// Median, least and most of the rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The middle one.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
}

impl Spread {
    /// Of values in any order. Not a number where there are none.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        Self { median: at(values.len() / 2), least: at(0), most: at(values.len().saturating_sub(1)) }
    }

    /// A value that does not vary: a size, a count.
    #[must_use]
    pub const fn exactly(value: f64) -> Self {
        Self { median: value, least: value, most: value }
    }
}

/// One thing that is measured, again and again.
pub struct Row<'a> {
    /// What it is compared with: rows of one group are.
    pub group: String,
    /// What it is.
    pub name: String,
    /// How many times it is done in a round.
    pub count: u32,
    /// What the time of one is divided by: the lines that fire at once, say.
    pub per: f64,
    run: Box<dyn FnMut(u32) + 'a>,
    /// Nanoseconds of each round.
    samples: Vec<f64>,
}

impl<'a> Row<'a> {
    /// `run(n)` does it `n` times.
    pub fn new(group: &str, name: &str, count: u32, run: impl FnMut(u32) + 'a) -> Self {
        let (group, name) = (group.to_owned(), name.to_owned());
        Self { group, name, count, per: 1.0, run: Box::new(run), samples: Vec::new() }
    }

    /// As often as `per` at once.
    #[must_use]
    pub fn per(mut self, per: u32) -> Self {
        self.per = f64::from(per);
        self
    }

    fn time(&mut self, count: u32) -> f64 {
        let start = Instant::now();
        (self.run)(count);
        start.elapsed().as_secs_f64() * 1e9 / f64::from(count) / self.per
    }

    /// Nanoseconds of one.
    #[must_use]
    pub fn nanoseconds(&self) -> Spread {
        Spread::of(self.samples.iter().copied())
    }
}

impl std::fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Row").field("group", &self.group).field("name", &self.name).finish_non_exhaustive()
    }
}

/// All rows of one run.
#[derive(Debug, Default)]
pub struct Rows<'a>(pub Vec<Row<'a>>);

impl<'a> Rows<'a> {
    /// One more.
    pub fn push(&mut self, row: Row<'a>) {
        self.0.push(row);
    }

    /// Measures all, `rounds` times, after one round that is thrown away.
    pub fn measure(&mut self, rounds: u32) {
        let all = self.0.len();
        for row in &mut self.0 {
            let count = row.count.div_ceil(10);
            row.time(count);
        }
        for round in 0..rounds as usize {
            for turn in 0..all {
                let row = &mut self.0[(round + turn) % all];
                let sample = row.time(row.count);
                row.samples.push(sample);
            }
        }
    }

    /// For a profiler: does the row that is called `name` (or `group/name`) `count` times, after a few that don't count, and with
    /// no clock. Returns whether there is one.
    pub fn only(&mut self, name: &str, count: u32) -> bool {
        let mut found = false;
        for row in self.0.iter_mut().filter(|row| row.is(name)) {
            (row.run)(16);
            profiled(&mut *row.run, count);
            found = true;
        }
        found
    }

    /// The row of that group and name.
    #[must_use]
    pub fn get(&self, group: &str, name: &str) -> Option<&Row<'a>> {
        self.0.iter().find(|row| row.group == group && row.name == name)
    }

    /// How one row's rounds compare with those of another.
    #[must_use]
    pub fn ratio(&self, row: &Row<'_>, baseline: &Row<'_>) -> Spread {
        Spread::of(self.growth(row, baseline))
    }

    /// How many times as much `more` takes as `less`, in each round.
    #[must_use]
    pub fn growth(&self, more: &Row<'_>, less: &Row<'_>) -> Vec<f64> {
        more.samples.iter().zip(&less.samples).map(|(more, less)| more / less).collect()
    }

    /// What `upper` takes more than `lower`, in nanoseconds.
    #[must_use]
    pub fn step(&self, upper: &Row<'_>, lower: &Row<'_>) -> Spread {
        Spread::of(upper.samples.iter().zip(&lower.samples).map(|(upper, lower)| upper - lower))
    }

    /// The same, as a part of `whole`.
    #[must_use]
    pub fn step_ratio(&self, upper: &Row<'_>, lower: &Row<'_>, whole: &Row<'_>) -> Spread {
        let steps = upper.samples.iter().zip(&lower.samples).map(|(upper, lower)| upper - lower);
        Spread::of(steps.zip(&whole.samples).map(|(step, whole)| step / whole))
    }
}

impl Row<'_> {
    /// Whether this is the row that was requested.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name == name || name.split_once('/').is_some_and(|(group, name)| self.group == group && self.name == name)
    }
}

/// A profiler finds what counts by the name of this function: `--toggle-collect='*rounds::profiled*'`.
#[inline(never)]
fn profiled(run: &mut dyn FnMut(u32), count: u32) {
    run(count);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_has_the_middle_and_the_ends() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), Spread { median: 2.0, least: 1.0, most: 3.0 });
        assert!(Spread::of([]).median.is_nan());
    }

    #[test]
    fn rows_take_turns() {
        let order = std::cell::RefCell::new(String::new());
        let mut rows = Rows::default();
        for name in ["a", "b", "c"] {
            rows.push(Row::new("group", name, 1, |_| order.borrow_mut().push_str(name)));
        }
        rows.measure(3);
        drop(rows);
        assert_eq!(order.into_inner(), "abc".to_owned() + "abc" + "bca" + "cab");
    }

    #[test]
    fn a_row_is_asked_for_by_name_or_with_its_group() {
        let row = Row::new("one line", "ours", 1, |_| ());
        assert!(row.is("ours") && row.is("one line/ours") && !row.is("two/ours"));
    }
}
