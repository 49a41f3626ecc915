//! The figures that are made of the rounds.

use pynq_bench::{Bar, Figure, Report, Spread};

use crate::rows::{BY_HAND, LINES, OURS, Row, Sample};

/// What the ratios of time must not exceed, to the epoll loop that makes the same accesses.
const BARS: [(&str, f64); 6] = [
    ("tokio current-thread", 1.10),
    ("tokio multi-thread", 1.20),
    ("blocking twin", 1.10),
    ("smol", 1.30),
    ("tokio ct, DMA", 1.15),
    ("twin, DMA", 1.15),
];

/// Rows with a GPIO, and those without.
const PAIRS: [(&str, &str); 4] = [
    ("tokio ct, GPIO", "tokio current-thread"),
    ("tokio mt, GPIO", "tokio multi-thread"),
    ("twin, GPIO", "blocking twin"),
    ("smol, GPIO", "smol"),
];

struct Table<'a> {
    rows: &'a [Row],
    report: Report,
}

impl Table<'_> {
    /// One figure for each row that has samples.
    fn each(&mut self, title: &str, of: fn(&Sample) -> f64, is_barred: bool) {
        for row in self.rows {
            let Some(base) = self.rows.get(row.baseline) else { continue };
            let group = format!("Round trip, {title}: {}", group(base.name));
            let bar = BARS.iter().find(|(name, _)| is_barred && *name == row.name).map(|(_, most)| Bar { most: *most });
            let value = Spread::of(row.samples.iter().map(of));
            let ratio = Some((base.name.to_owned(), Spread::of(ratios(row, base, of))));
            self.report.figures.push(Figure { group, name: row.name.to_owned(), unit: "ns", value, ratio, bar });
        }
    }

    fn latencies(&mut self) {
        let rows = self.rows.iter().filter(|row| !row.latencies.is_empty() && !row.name.ends_with("32 lines"));
        for row in rows {
            let percentile = |percent: usize| {
                let at = (row.latencies.len() * percent / 100).min(row.latencies.len() - 1);
                row.latencies[at] as f64
            };
            self.report.figures.push(Figure {
                group: "Round trip: latency to who awaits it, p50 (the least to p99)".to_owned(),
                name: row.name.to_owned(),
                unit: "ns",
                value: Spread { median: percentile(50), least: percentile(0), most: percentile(99) },
                ratio: None,
                bar: None,
            });
        }
    }

    /// What follows from the samples: how many there are in a second, and what each costs the processor above the raw loop.
    fn rates(&mut self) {
        let mut push = |group: &str, name: &str, unit, value| {
            let (group, name) = (format!("Round trip: {group}"), name.to_owned());
            self.report.figures.push(Figure { group, name, unit, value, ratio: None, bar: None });
        };
        for row in self.rows {
            push("rate", row.name, "/s", Spread::of(row.samples.iter().map(|sample| 1e9 / sample.wall)));
        }
        for (_, row) in self.rows.iter().enumerate().filter(|(index, row)| *index != row.baseline) {
            let Some(base) = self.rows.get(row.baseline) else { continue };
            let above = row.samples.iter().zip(&base.samples).map(|(mine, base)| mine.cpu - base.cpu);
            push("CPU above the raw loop", row.name, "ns", Spread::of(above));
        }
    }

    fn named(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// What a GPIO behind the controller adds to the ratio.
    fn gpio(&mut self) {
        for (with, without) in PAIRS {
            let (Some(with), Some(without)) = (self.named(with), self.named(without)) else { continue };
            let of = |sample: &Sample| sample.wall;
            let (base, plain) = (&self.rows[with.baseline], &self.rows[without.baseline]);
            let more = ratios(with, base, of).zip(ratios(without, plain, of)).map(|(with, without)| with - without);
            self.report.figures.push(Figure {
                group: "Round trip: what a GPIO behind the INTC adds to the ratio".to_owned(),
                name: without.name.to_owned(),
                unit: "",
                value: Spread::of(more),
                ratio: None,
                bar: Some(Bar { most: 0.02 }),
            });
        }
    }

    fn lines(&mut self) {
        let (Some(ours), Some(by_hand)) = (self.named(OURS), self.named(BY_HAND)) else { return };
        self.report.figures.push(Figure {
            group: "Round trip: 32 lines at once, CPU for each line".to_owned(),
            name: ours.name.to_owned(),
            unit: "ns",
            value: Spread::of(ours.samples.iter().map(|sample| sample.cpu / f64::from(LINES))),
            ratio: Some((by_hand.name.to_owned(), Spread::of(ratios(ours, by_hand, |sample| sample.cpu)))),
            bar: Some(Bar { most: 1.10 }),
        });
    }
}

/// What rows with that baseline have in common.
fn group(baseline: &str) -> &'static str {
    match baseline.split_once(", ").map(|(_, what)| what) {
        Some("GPIO") => "a GPIO behind the INTC",
        Some("DMA") => "a transfer by a DMA behind the INTC",
        Some(_) => "32 lines at once",
        None => "one line",
    }
}

fn ratios<'a>(row: &'a Row, base: &'a Row, of: fn(&Sample) -> f64) -> impl Iterator<Item = f64> + 'a {
    row.samples.iter().zip(&base.samples).map(move |(mine, base)| of(mine) / of(base))
}

pub(crate) fn report(rows: &[Row]) -> Report {
    let mut table = Table { rows, report: Report::default() };
    table.each("time", |sample| sample.wall, true);
    table.gpio();
    table.lines();
    table.each("CPU", |sample| sample.cpu, false);
    table.rates();
    table.latencies();
    table.report
}
