//! The suite itself: its reports of a backend that can do little, and of a broken one.
#![allow(clippy::unwrap_used)] // a test may

#[path = "../../pynq-core/tests/minimal/mod.rs"]
mod minimal;

use std::{cell::Cell, collections::BTreeSet};

use minimal::{Habit, Tree};
use pynq_conformance::{
    Backend, Controllers, Fixture, Manual, Outcome, Report, Selection, Source, Stimulus, TOPOLOGIES, Task, Topology,
    names, run,
};
use pynq_core::interrupt::NodeHandle;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// Every third event does not arrive.
    LosesEvents,
    /// Tasks are never polled a second time.
    ForgetsTasks,
}

/// The hand-made registers: edge lines, up to one controller behind another, and no ability at all.
struct Little(Fault);

struct LittleFixture {
    tree: Tree,
    cascade: bool,
    fault: Fault,
    events: Cell<u32>,
    tasks: Manual,
    turns: Cell<u32>,
}

impl Backend for Little {
    type Fixture = LittleFixture;

    fn fixture(&mut self, topology: &Topology) -> Result<LittleFixture, Outcome> {
        if topology.source != Source::Edge || topology.controllers != Controllers::Edge || topology.cascade > 1 {
            return Err(Outcome::skipped("not made by hand"));
        }
        let (tree, tasks) = (Tree::new(Habit::None), Manual::new());
        let (events, turns) = (Cell::new(0), Cell::new(0));
        Ok(LittleFixture { tree, cascade: topology.cascade == 1, fault: self.0, events, tasks, turns })
    }
}

impl Fixture for LittleFixture {
    fn chain(&self) -> Vec<NodeHandle> {
        let (child, node) = (self.tree.child(), self.tree.node());
        if self.cascade { vec![child, node] } else { vec![node] }
    }

    fn lines(&self) -> Vec<u8> {
        vec![0, 1]
    }

    fn stimulate(&self, stimulus: Stimulus) -> Result<(), Outcome> {
        let Stimulus::Edge { line } = stimulus else { return Err(Outcome::skipped("not made by hand")) };
        self.events.set(self.events.get() + 1);
        if self.fault == Fault::LosesEvents && self.events.get() % 3 == 0 {
            return Ok(());
        }
        let registers = if self.cascade { &self.tree.child_registers } else { &self.tree.registers };
        registers.raise(1 << line);
        Ok(())
    }

    fn spawn(&self, task: Task) {
        self.tasks.spawn(task);
    }

    fn settle(&self) {}

    fn turn(&self) {
        self.turns.set(self.turns.get() + 1);
        if self.fault != Fault::ForgetsTasks || self.turns.get() == 1 {
            self.tasks.turn();
        }
    }
}

fn run_with(fault: Fault, selection: &Selection) -> (Report, String) {
    let mut log = String::new();
    let report = run(&mut Little(fault), selection, &mut log);
    (report, log)
}

#[test]
fn what_a_rig_can_t_do_is_skipped_with_the_reason() {
    let (report, log) = run_with(Fault::None, &Selection::all());
    assert_eq!(report.failed(), 0, "{log}");
    assert!(report.passed() && report.ok() > 30, "{report}");
    let reasons: BTreeSet<&str> = report
        .outcomes()
        .iter()
        .filter_map(|(_, verdict)| match verdict {
            Err(Outcome::Skipped(why)) => Some(why.as_str()),
            _ => None,
        })
        .collect();
    for reason in ["not made by hand", "this backend can't read enables back", "this backend can't fail its root"] {
        assert!(reasons.contains(reason), "{reasons:?}");
    }
    assert!(log.contains("i02_every_event_wakes/edge_line: ok\n"));
    assert!(log.contains("i03_quiet_level_line_blocks/mixed_level_line: skipped: not made by hand\n"));
    assert_eq!(log.lines().count(), names().len() + 1, "a line for each case, and the totals");
    assert_eq!(log.lines().last(), Some(report.to_string().as_str()));
}

#[test]
fn a_backend_that_loses_events_fails() {
    let (report, log) = run_with(Fault::LosesEvents, &Selection::all());
    assert!(!report.passed() && report.failed() > 10, "{report}");
    assert!(log.contains("i02_every_event_wakes/edge_line: FAILED: a waiter was not woken by its event\n"), "{log}");
}

#[test]
fn an_executor_that_forgets_tasks_fails() {
    let (report, log) = run_with(Fault::ForgetsTasks, &Selection::matching(["i02_every_event/edge_line"]));
    assert_eq!((report.failed(), report.ok()), (1, 0), "{log}");
    assert!(log.contains("one that was woken is never polled"), "{log}");
}

#[test]
fn a_run_of_nothing_has_not_passed() {
    let (report, log) = run_with(Fault::None, &Selection::matching(["no such case"]));
    assert!(!report.passed());
    assert_eq!(log, "0 cases: 0 ok, 0 failed, 0 skipped\n");
}

#[test]
fn names_are_unique_and_select_one_case_each() {
    let names = names();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    assert_eq!(TOPOLOGIES.iter().map(ToString::to_string).collect::<BTreeSet<_>>().len(), TOPOLOGIES.len());
    for (number, invariant) in (1..=13).map(|number| (number, format!("i{number:02}_"))) {
        assert!(names.iter().any(|name| name.starts_with(&invariant)), "nothing about I{number}");
    }
    let selected = |pattern: &str| names.iter().filter(|name| Selection::matching([pattern]).selects(name)).count();
    assert_eq!(selected("i02_every_event_wakes/edge_line"), 1);
    assert_eq!(selected("every_event/edge_line"), 1);
    assert_eq!(selected("i99/edge_line"), 0);
    assert_eq!(selected("i02_every_event_wakes"), TOPOLOGIES.len());
    assert_eq!(selected(""), names.len());
}
