//! What callgrind writes, read: instructions of each function without those that it calls.

use std::collections::BTreeMap;

use serde_json::{Value, json};

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Profile {
    pub(crate) total: u64,
    functions: BTreeMap<String, u64>,
}

impl Profile {
    /// Of a file with uncompressed names and positions.
    pub(crate) fn parse(text: &str) -> Self {
        let mut this = Self::default();
        let mut function = String::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(name) = line.strip_prefix("fn=") {
                function = readable(name);
            } else if line.starts_with("calls=") {
                // What the call cost as a whole, which is counted where it arose.
                lines.next();
            } else if line.starts_with(|c: char| c.is_ascii_digit()) {
                let cost = line.split_whitespace().nth(1).and_then(|cost| cost.parse().ok()).unwrap_or(0);
                this.total += cost;
                *this.functions.entry(function.clone()).or_default() += cost;
            }
        }
        this.functions.retain(|_, cost| *cost != 0);
        this
    }

    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        let functions = value["functions"].as_object()?;
        Some(Self {
            total: value["instructions"].as_u64()?,
            functions: functions.iter().filter_map(|(name, cost)| Some((name.clone(), cost.as_u64()?))).collect(),
        })
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({ "instructions": self.total, "functions": self.functions })
    }

    /// The functions that cost more than they did, the worst first, each time.
    pub(crate) fn grown(&self, before: &Self, count: u32) -> String {
        let more = |(name, cost): (&String, &u64)| {
            let known = before.functions.get(name).copied().unwrap_or(0);
            (*cost > known).then(|| (cost - known, name.clone(), known))
        };
        let mut grown: Vec<_> = self.functions.iter().filter_map(more).collect();
        grown.sort_by_key(|(more, ..)| std::cmp::Reverse(*more));
        let told = grown.iter().take(8).map(|(more, name, known)| {
            let new = if *known == 0 { ", new or no longer inlined" } else { "" };
            format!("{name} {:+.1}{new}", *more as f64 / f64::from(count))
        });
        told.collect::<Vec<_>>().join("; ")
    }
}

/// A function's name without what differs from build to build. Those of stripped libraries have none.
fn readable(name: &str) -> String {
    if name.starts_with("0x") || name == "???" {
        return "(functions without a name)".to_owned();
    }
    format!("{:#}", rustc_demangle::demangle(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "events: Ir\nsummary: 60\n\nfl=a.rs\nfn=one\n1 10\n2 5\ncfn=two\ncalls=1 7\n3 45\nfi=b.rs\n4 20\n\
                        fn=two\n7 25\nfn=0x00000000000014d0\n0 0\n";

    #[test]
    fn functions_are_counted_without_their_calls() {
        let profile = Profile::parse(FILE);
        assert_eq!(profile.total, 60);
        assert_eq!(profile.functions, [("one".to_owned(), 35), ("two".to_owned(), 25)].into());
    }

    #[test]
    fn what_is_written_is_read_again() {
        let profile = Profile::parse(FILE);
        assert_eq!(Profile::from_json(&profile.to_json()), Some(profile));
        assert_eq!(Profile::from_json(&Value::Null), None);
    }

    #[test]
    fn the_worst_comes_first() {
        let before = Profile::parse(FILE);
        let mut after = Profile::parse(FILE);
        after.functions.insert("two".to_owned(), 27);
        after.functions.insert("three".to_owned(), 40);
        assert_eq!(after.grown(&before, 10), "three +4.0, new or no longer inlined; two +0.2");
        assert_eq!(before.grown(&before, 10), "");
    }
}
