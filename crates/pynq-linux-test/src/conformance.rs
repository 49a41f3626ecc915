//! The conformance suite on real devices: each place that the board has, under each way of running tasks.

mod bench;
mod hosts;
mod rig;
mod root;
mod timed;
mod world;

use std::fmt;

use pynq_conformance::{Selection, names, run};

use crate::report;
use hosts::Kind;
use rig::{Rig, Roots};

/// Runs all of it.
pub(crate) fn all() {
    for kind in Kind::ALL {
        suite(&format!("conformance/{kind}"), &Rig { kind, roots: Roots::Logic });
        suite(&format!("conformance/{kind}/ps"), &Rig { kind, roots: Roots::Processor });
    }
}

fn suite(prefix: &str, rig: &Rig) {
    let selected: Vec<String> = names()
        .into_iter()
        .filter(|name| {
            let at = name.split_once('/').map_or("", |(_, place)| place);
            report::is_selected(&format!("{prefix}/{name}")) && rig.roots.places().contains(&at)
        })
        .collect();
    if selected.is_empty() {
        return;
    }
    let mut log = Log { prefix, line: String::new() };
    // A case that panics ends the suite, and is the one after the last that was reported.
    report::always(prefix, || {
        let report = run(&mut rig.clone(), &Selection::matching(selected.iter().map(String::as_str)), &mut log);
        report::figure(format_args!("{prefix}: {report}, in {} places", rig.roots.places().len()));
        Ok("")
    });
}

/// Turns the suite's lines into the host's, one by one, so that a case which hangs is the one after the last.
struct Log<'a> {
    prefix: &'a str,
    line: String,
}

impl fmt::Write for Log<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.line.push_str(text);
        while let Some((line, rest)) = self.line.split_once('\n') {
            self.forward(line);
            self.line = rest.to_owned();
        }
        Ok(())
    }
}

impl Log<'_> {
    fn forward(&self, line: &str) {
        // The totals have no slash before their colon.
        let Some((name, verdict)) = line.split_once(": ").filter(|(name, _)| name.contains('/')) else { return };
        let name = format!("{}/{name}", self.prefix);
        if verdict == "ok" {
            report::ok(&name, &"");
        } else if let Some(why) = verdict.strip_prefix("skipped: ") {
            report::skipped(&name, &why);
        } else {
            report::failed(&name, &verdict);
        }
    }
}
