//! The report of a run: a table for people, JSON for the page that is made of it.

use serde_json::{Value, json};

use crate::{Options, Rows, Spread};

/// What a figure must not exceed.
#[derive(Clone, Copy, Debug)]
pub struct Bar {
    /// The most that the median may be.
    pub most: f64,
}

/// One figure.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What it is compared with: figures of one group are.
    pub group: String,
    /// What it is of.
    pub name: String,
    /// `ns`, `bytes`, ...
    pub unit: &'static str,
    /// In that unit.
    pub value: Spread,
    /// To what, and how it compares.
    pub ratio: Option<(String, Spread)>,
    /// On the ratio if there is one, else on the value.
    pub bar: Option<Bar>,
}

/// How a figure grows with something.
#[derive(Clone, Debug)]
pub struct Curve {
    /// Curves of one group are drawn into one plot.
    pub group: String,
    /// What it is of.
    pub name: String,
    /// What grows.
    pub x: &'static str,
    /// What it costs.
    pub y: &'static str,
    /// By growing x.
    pub points: Vec<(u32, Spread)>,
}

/// All that a benchmark found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// In the order in which they are reported.
    pub figures: Vec<Figure>,
    /// Likewise.
    pub curves: Vec<Curve>,
}

impl Report {
    /// Adds each row as nanoseconds, with its ratio to the row called `baseline` in its group.
    pub fn rows(&mut self, rows: &Rows<'_>, baseline: &str) {
        for row in &rows.0 {
            let base = rows.get(&row.group, baseline);
            let ratio = base.map(|base| (baseline.to_owned(), rows.ratio(row, base)));
            let (group, name, value) = (row.group.clone(), row.name.clone(), row.nanoseconds());
            self.figures.push(Figure { group, name, unit: "ns", value, ratio, bar: None });
        }
    }

    /// Sets what the figure of that group and name must not exceed.
    pub fn bar(&mut self, group: &str, name: &str, most: f64) {
        for figure in self.figures.iter_mut().filter(|figure| figure.group == group && figure.name == name) {
            figure.bar = Some(Bar { most });
        }
    }

    /// Prints the table, and writes the JSON if `--json FILE` is given.
    pub fn publish(&self, bench: &str, options: &Options) {
        self.print();
        if let Some(file) = options.value("--json") {
            if let Err(error) = std::fs::write(file, format!("{:#}\n", self.json(bench))) {
                println!("{file} could not be written: {error}");
                std::process::exit(1);
            }
        }
    }

    fn print(&self) {
        let mut group = "";
        for figure in &self.figures {
            if figure.group != group {
                group = &figure.group;
                println!("\n{group}");
            }
            let Spread { median, least, most } = figure.value;
            // A size has no spread.
            let spread = if least == most { String::new() } else { format!(" ({} - {})", short(least), short(most)) };
            let value = format!("{}{spread} {}", short(median), figure.unit);
            let ratio = figure.ratio.as_ref().map_or(String::new(), |(to, ratio)| {
                format!("{:.3} ({:.3} - {:.3}) of {to}", ratio.median, ratio.least, ratio.most)
            });
            println!("  {:<34} {value:<38} {ratio:<44} {}", figure.name, figure.verdict());
        }
        for curve in &self.curves {
            println!("\n{}: {} by {}: {}", curve.group, curve.y, curve.x, curve.name);
            for (x, Spread { median, least, most }) in &curve.points {
                println!("  {x:>8} {:>12} ({} - {})", short(*median), short(*least), short(*most));
            }
        }
    }

    /// What the page is made of.
    #[must_use]
    pub fn json(&self, bench: &str) -> Value {
        let figures: Vec<Value> = self.figures.iter().map(Figure::json).collect();
        let curves: Vec<Value> = self.curves.iter().map(Curve::json).collect();
        json!({ "bench": bench, "figures": figures, "curves": curves })
    }
}

impl Figure {
    /// What the bar is on.
    fn judged(&self) -> f64 {
        self.ratio.as_ref().map_or(self.value.median, |(_, ratio)| ratio.median)
    }

    fn verdict(&self) -> String {
        self.bar.map_or(String::new(), |bar| {
            format!("{} <= {}", if self.judged() <= bar.most { "holds:" } else { "MISSED:" }, bar.most)
        })
    }

    fn json(&self) -> Value {
        let ratio = self.ratio.as_ref().map(|(to, ratio)| json!({ "to": to, "spread": spread(*ratio) }));
        let bar = self.bar.map(|bar| json!({ "most": bar.most, "holds": self.judged() <= bar.most }));
        json!({
            "group": self.group, "name": self.name, "unit": self.unit,
            "value": spread(self.value), "ratio": ratio, "bar": bar,
        })
    }
}

impl Curve {
    fn json(&self) -> Value {
        let points: Vec<Value> = self.points.iter().map(|(x, y)| json!({ "x": x, "y": spread(*y) })).collect();
        json!({ "group": self.group, "name": self.name, "x": self.x, "y": self.y, "points": points })
    }
}

fn spread(spread: Spread) -> Value {
    json!({ "median": spread.median, "least": spread.least, "most": spread.most })
}

/// Three digits or all before the point.
fn short(value: f64) -> String {
    let digits = if value.abs() >= 100.0 || value.fract() == 0.0 { 0 } else { 2 };
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(value: f64, ratio: Option<f64>) -> Figure {
        Figure {
            group: "group".into(),
            name: "name".into(),
            unit: "ns",
            value: Spread::exactly(value),
            ratio: ratio.map(|ratio| ("base".into(), Spread::exactly(ratio))),
            bar: Some(Bar { most: 1.5 }),
        }
    }

    #[test]
    fn a_bar_is_on_the_ratio_where_there_is_one() {
        assert!(figure(100.0, Some(1.5)).verdict().starts_with("holds"));
        assert!(figure(1.0, Some(1.6)).verdict().starts_with("MISSED"));
        assert!(figure(1.6, None).verdict().starts_with("MISSED"));
        assert!(!figure(f64::NAN, None).verdict().starts_with("holds"));
    }

    #[test]
    fn json_has_what_the_page_needs() {
        let report = Report { figures: vec![figure(100.0, Some(1.25))], curves: Vec::new() };
        let json = report.json("bench");
        assert_eq!(json["figures"][0]["ratio"]["spread"]["median"], 1.25);
        assert_eq!(json["figures"][0]["bar"]["holds"], true);
    }
}
