//! The conformance suite on real devices: each topology that the board has, under each way of running tasks.

mod backend;
mod fixture;
mod hosts;
mod root;
mod timed;
mod world;

use std::fmt;

use pynq_conformance::{Selection, names, run};

use crate::report;
use backend::{Backend, Roots};
use hosts::Kind;

/// Runs all of it.
pub(crate) fn all() {
    for kind in Kind::ALL {
        suite(&format!("conformance/{kind}"), &Backend { kind, roots: Roots::Logic });
        suite(&format!("conformance/{kind}/ps"), &Backend { kind, roots: Roots::Processor });
    }
}

fn suite(prefix: &str, backend: &Backend) {
    let selected: Vec<String> = names()
        .into_iter()
        .filter(|name| {
            let at = name.split_once('/').map_or("", |(_, topology)| topology);
            report::is_selected(&format!("{prefix}/{name}")) && backend.roots.topologies().contains(&at)
        })
        .collect();
    if selected.is_empty() {
        return;
    }
    let mut log = Log { prefix, line: String::new() };
    // A case that panics ends the suite, and is the one after the last that was reported.
    report::always(prefix, || {
        let report = run(&mut backend.clone(), &Selection::matching(selected.iter().map(String::as_str)), &mut log);
        report::figure(format_args!("{prefix}: {report}, in {} topologies", backend.roots.topologies().len()));
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
