//! The cases, and the candidates that are measured in them.

use atomic_waker::AtomicWaker;
use event_listener::Event;
use pynq_bench::{Bar, Curve, Figure, Options, Report, Row, Rows, Spread};
use pynq_core::interrupt::StdLock;
use tokio::sync::Notify;

use crate::{
    blocks::{Access, Tape},
    demux,
    hardware::{Board, Recording, Silent},
    locks::{NoLock, SpinLock},
    ours::{self, Subject},
    tasks::Tasks,
};

/// The lines that fire.
#[derive(Clone, Copy)]
enum Load {
    /// Line 0, with this many tasks on it.
    One(usize),
    /// All 32 with a task each, one of them at a time.
    Random,
    /// The first so many with a task each, at once.
    All(u32),
    /// Pin 0 of the GPIO.
    Pin,
}

impl Load {
    const fn tasks(self) -> usize {
        match self {
            Self::One(tasks) => tasks,
            Self::Random => 32,
            Self::All(lines) => lines as usize,
            Self::Pin => 1,
        }
    }

    fn line(self, task: usize) -> u8 {
        if let Self::One(_) = self { 0 } else { u8::try_from(task).expect("32 tasks") }
    }
}

/// Makes the tasks; what is returned makes so many interrupts happen.
fn run<T: Tape, S: Subject>(depth: usize, load: Load, tape: T, subject: fn(&Board<T>) -> S) -> impl FnMut(u32) {
    let board = Board::new(tape, depth);
    let subject = subject(&board);
    let mut tasks = Tasks::new(load.tasks(), |task, seen| subject.clone().task(load.line(task), seen));
    let mut random = 0x2545_F491_u32;
    move |count| {
        let before = tasks.seen();
        for _ in 0..count {
            match load {
                Load::One(1) => {
                    board.fire(1);
                    tasks.run(0);
                }
                Load::One(_) => {
                    board.fire(1);
                    tasks.run_all();
                }
                Load::Random => {
                    random ^= random << 13;
                    random ^= random >> 17;
                    random ^= random << 5;
                    let line = random % 32;
                    board.fire(1 << line);
                    tasks.run(line as usize);
                }
                Load::All(lines) => {
                    board.fire(u32::MAX >> (32 - lines));
                    tasks.run_all();
                }
                Load::Pin => {
                    board.press();
                    tasks.run(0);
                }
            }
        }
        let each = if let Load::Random = load { 1 } else { tasks.len() as u64 };
        assert_eq!(tasks.seen() - before, u64::from(count) * each, "each interrupt is seen by all who wait, once");
        assert!(tasks.are_asleep(), "nobody is woken for nothing");
    }
}

/// What a load costs in register accesses, in the long run.
fn accesses<S: Subject>(depth: usize, load: Load, subject: fn(&Board<Recording>) -> S) -> Vec<(usize, Access)> {
    let tape = Recording::default();
    let mut run = run(depth, load, tape.clone(), subject);
    run(4);
    tape.take();
    run(4);
    tape.take()
}

/// A case: its rows, once they were found to make the same accesses.
macro_rules! case {
    ($rows:ident, $group:literal, $count:literal, $depth:literal, $load:expr, $per:literal, $kind:ident,
     [$($name:literal: $notifier:ty),*], [$($lock:literal: $locked:ty),*]) => {{
        let load = $load;
        let ours = accesses($depth, load, ours::$kind::<Recording, StdLock>);
        $({
            let theirs = accesses($depth, load, demux::$kind::<$notifier, Recording>);
            assert_eq!(ours, theirs, "{}: the register accesses of ours (left) and of {} (right)", $group, $name);
            let run = run($depth, load, Silent, demux::$kind::<$notifier, Silent>);
            $rows.push(Row::new($group, $name, $count, run).per($per));
        })*
        $({
            let run = run($depth, load, Silent, ours::$kind::<Silent, $locked>);
            $rows.push(Row::new($group, $lock, $count, run).per($per));
        })*
        println!("{}: {} register accesses in 4 rounds", $group, ours.len());
    }};
}

const OURS: &str = "ours, std lock";
const NOTIFY: &str = "Notify";

fn rows() -> Rows<'static> {
    let mut rows = Rows::default();
    case!(rows, "one line", 20_000, 1, Load::One(1), 1, one,
        ["AtomicWaker": AtomicWaker, "Notify": Notify, "event-listener": Event],
        ["ours, std lock": StdLock, "ours, spin lock": SpinLock, "ours, no lock": NoLock]);
    case!(rows, "GPIO behind the INTC", 10_000, 1, Load::Pin, 1, gpio,
        ["AtomicWaker": AtomicWaker, "Notify": Notify, "event-listener": Event],
        ["ours, std lock": StdLock, "ours, no lock": NoLock]);
    case!(rows, "32 lines at once, each", 500, 1, Load::All(32), 32, one,
        ["AtomicWaker": AtomicWaker, "Notify": Notify, "event-listener": Event],
        ["ours, std lock": StdLock, "ours, spin lock": SpinLock, "ours, no lock": NoLock]);
    case!(rows, "one of 32 lines", 10_000, 1, Load::Random, 1, one,
        ["AtomicWaker": AtomicWaker, "Notify": Notify, "event-listener": Event],
        ["ours, std lock": StdLock]);
    case!(rows, "2 INTCs deep", 10_000, 2, Load::One(1), 1, two,
        ["AtomicWaker": AtomicWaker, "Notify": Notify, "event-listener": Event],
        ["ours, std lock": StdLock, "ours, no lock": NoLock]);
    case!(rows, "3 INTCs deep", 10_000, 3, Load::One(1), 1, three,
        ["AtomicWaker": AtomicWaker, "Notify": Notify, "event-listener": Event],
        ["ours, std lock": StdLock, "ours, no lock": NoLock]);
    case!(rows, "32 lines at once, 2 INTCs deep, each", 500, 2, Load::All(32), 32, two,
        ["AtomicWaker": AtomicWaker, "Notify": Notify, "event-listener": Event],
        ["ours, std lock": StdLock]);
    case!(rows, "32 lines at once, 3 INTCs deep, each", 500, 3, Load::All(32), 32, three,
        ["AtomicWaker": AtomicWaker, "Notify": Notify, "event-listener": Event],
        ["ours, std lock": StdLock]);
    case!(rows, "one of 32 lines, 2 INTCs deep", 10_000, 2, Load::Random, 1, two,
        ["AtomicWaker": AtomicWaker, "Notify": Notify, "event-listener": Event],
        ["ours, std lock": StdLock]);
    case!(rows, "one of 32 lines, 3 INTCs deep", 10_000, 3, Load::Random, 1, three,
        ["AtomicWaker": AtomicWaker, "Notify": Notify, "event-listener": Event],
        ["ours, std lock": StdLock]);
    case!(rows, "100 tasks on one line, each", 200, 1, Load::One(100), 100, one,
        ["Notify": Notify, "event-listener": Event],
        ["ours, std lock": StdLock]);
    rows
}

const WAITERS: [u32; 11] = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000];
const LINES: [u32; 6] = [1, 2, 4, 8, 16, 32];
const CURVES: [&str; 3] = [OURS, NOTIFY, "event-listener"];

/// Ours and what it is compared with, under a load that is as large as the name of the group says.
fn sized(rows: &mut Rows<'static>, size: u32, load: Load) {
    let (group, count) = (size.to_string(), (20_000 / size).max(2));
    let mut push = |name, run: Box<dyn FnMut(u32)>| rows.push(Row::new(&group, name, count, run).per(size));
    push(OURS, Box::new(run(1, load, Silent, ours::one::<Silent, StdLock>)));
    push(NOTIFY, Box::new(run(1, load, Silent, demux::one::<Notify, Silent>)));
    push("event-listener", Box::new(run(1, load, Silent, demux::one::<Event, Silent>)));
}

fn curves_of(rows: &Rows<'_>, sizes: &[u32], group: &str, x: &'static str, y: &'static str) -> Vec<Curve> {
    let curve = |name: &str| {
        let points = sizes.iter().filter_map(|size| Some((*size, rows.get(&size.to_string(), name)?.nanoseconds())));
        Curve { group: group.to_owned(), name: name.to_owned(), x, y, points: points.collect() }
    };
    CURVES.map(curve).to_vec()
}

/// What each task costs, by how many wait on one line, and each line, by how many fire at once.
fn curves(report: &mut Report, rounds: u32) {
    let mut rows = Rows::default();
    LINES.iter().for_each(|&lines| sized(&mut rows, lines, Load::All(lines)));
    rows.measure(rounds);
    report.curves.extend(curves_of(&rows, &LINES, "Lines that fire at once", "lines", "ns for each line"));
    let mut rows = Rows::default();
    WAITERS.iter().for_each(|&waiters| sized(&mut rows, waiters, Load::One(waiters as usize)));
    rows.measure(rounds);
    let group = "Tasks that wait on one line";
    report.curves.extend(curves_of(&rows, &WAITERS, group, "tasks on the line", "ns for each task"));
    // In proportion, but for the caches, which no implementation can help: so it is compared with what they do to the
    // baseline.
    let growth = |name| Some(rows.growth(rows.get("100000", name)?, rows.get("100", name)?));
    if let (Some(ours), Some(theirs)) = (growth(OURS), growth(NOTIFY)) {
        report.figures.push(Figure {
            group: "In process, in all".to_owned(),
            name: "each of 100,000 tasks, as against 100: growth".to_owned(),
            unit: "times",
            value: Spread::of(ours.iter().copied()),
            ratio: Some((
                "Notify's growth".to_owned(),
                Spread::of(ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs)),
            )),
            bar: Some(Bar { most: 1.1 }),
        });
    }
}

pub(crate) fn main() {
    let options = Options::from_args();
    let mut rows = rows();
    if let Some(name) = options.value("--only") {
        assert!(rows.only(name, options.number("--count").unwrap_or(1_000)), "no row \"{name}\"");
        return;
    }
    let rounds = options.rounds(31);
    println!("{rounds} rounds");
    rows.measure(rounds);
    let mut report = Report::default();
    report.rows(&rows, NOTIFY);
    report.bar("one line", OURS, 1.5);
    report.bar("32 lines at once, each", OURS, 1.3);
    report.figures.iter_mut().for_each(|figure| figure.group.insert_str(0, "In process: "));
    limits(&mut report, &rows);
    drop(rows);
    curves(&mut report, options.rounds(7).min(rounds));
    report.publish("in process", &options);
}

/// Bars that are not on a ratio to the same case of the baseline.
fn limits(report: &mut Report, rows: &Rows<'_>) {
    let row = |group| rows.get(group, OURS);
    if let (Some(one), Some(two), Some(three)) = (row("one line"), row("2 INTCs deep"), row("3 INTCs deep")) {
        for (name, upper, lower) in [("the second INTC adds", two, one), ("the third INTC adds", three, two)] {
            report.figures.push(Figure {
                group: "In process, in all".to_owned(),
                name: name.to_owned(),
                unit: "ns",
                value: rows.step(upper, lower),
                ratio: Some(("the first".to_owned(), rows.step_ratio(upper, lower, one))),
                bar: Some(Bar { most: 0.8 }),
            });
        }
    }
}
