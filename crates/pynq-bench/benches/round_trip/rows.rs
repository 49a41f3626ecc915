//! What is measured, in which order, and how it is told.

use std::{os::fd::OwnedFd, rc::Rc, sync::Arc, sync::atomic::Ordering::Relaxed};

use pynq_core::interrupt::{InterruptEventExt, Line};
use pynq_smol::SmolReactor;
use pynq_tokio::TokioReactor;
use pynq_uio::{NoReactor, Reactor};
use rustix::{
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
    time::ClockId,
};

use crate::{
    hardware::Board,
    ours::Nodes,
    producer::{Producer, nanoseconds},
    raw::{Accesses, Raw, RawPoll, RawTokio},
};

/// Interrupts of one round.
const COUNT: u32 = 2_000;
const WARM_UP: u32 = 50;
const LINES: u32 = 32;

struct Row {
    name: &'static str,
    /// What the ratio of this row is to.
    baseline: usize,
    run: Box<dyn FnMut(u32)>,
    producer: Producer,
    samples: Vec<Sample>,
}

#[derive(Clone, Copy)]
struct Sample {
    /// Nanoseconds for each interrupt.
    wall: f64,
    cpu: f64,
}

/// A row, given its board and the near end of its device.
fn row(
    name: &'static str,
    baseline: usize,
    board: Board,
    run: impl FnOnce(Board, OwnedFd) -> Box<dyn FnMut(u32)>,
) -> Row {
    let (producer, device) = Producer::start(board.clone());
    Row { name, baseline, run: run(board, device), producer, samples: Vec::new() }
}

/// What one interrupt costs in accesses, as ours makes them.
fn recorded(with_gpio: bool) -> Accesses {
    let board = Board::new(1, with_gpio);
    let (producer, device) = Producer::start(board.clone());
    let nodes = Nodes::new(&board, device, Arc::new(NoReactor));
    nodes.wait_blocking(WARM_UP);
    board.recording.start();
    nodes.wait_blocking(4);
    let accesses = Accesses::new(&board.recording.stop());
    drop((nodes, producer));
    accesses
}

/// 32 tasks, each of which awaits its line this often.
async fn all_lines(nodes: Nodes, count: u32) {
    let tasks: Vec<_> = (0..LINES)
        .map(|line| {
            let mut line = Line::new(nodes.intc.clone(), u8::try_from(line).expect("a line")).expect("a line");
            tokio::task::spawn(async move {
                for _ in 0..count {
                    line.wait_async().await.expect("an interrupt");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a task");
    }
}

fn recorded_lines() -> Accesses {
    let board = Board::new(!0, false);
    let (producer, device) = Producer::start(board.clone());
    let nodes = Nodes::new(&board, device, Arc::new(TokioReactor::in_context()));
    let runtime = current_thread();
    runtime.block_on(all_lines(nodes.clone(), WARM_UP));
    board.recording.start();
    runtime.block_on(all_lines(nodes.clone(), 4));
    let accesses = Accesses::new(&board.recording.stop());
    drop((nodes, runtime, producer));
    accesses
}

fn current_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime")
}

fn nodes(board: &Board, device: OwnedFd, reactor: impl Reactor + 'static) -> Nodes {
    Nodes::new(board, device, Arc::new(reactor))
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for with_gpio in [false, true] {
        let name = |plain: &'static str, gpio: &'static str| if with_gpio { gpio } else { plain };
        let accesses = recorded(with_gpio);
        println!("register accesses per interrupt{}: {}", name("", " with a GPIO"), accesses.count());
        let baseline = rows.len();
        let board = || Board::new(1, with_gpio);
        rows.push(row(name("raw epoll", "raw epoll, GPIO"), baseline, board(), |board, device| {
            let mut raw = Raw::new(board, device, accesses);
            Box::new(move |count| raw.wait(count))
        }));
        if !with_gpio {
            rows.push(row("raw tokio AsyncFd", baseline, board(), |board, device| {
                let runtime = current_thread();
                let raw = runtime.block_on(async { RawTokio::new(board, device, recorded(false)) });
                Box::new(move |count| runtime.block_on(raw.wait(count)))
            }));
            rows.push(row("raw poll(2)", baseline, board(), |board, device| {
                let raw = RawPoll::new(board, device, recorded(false));
                Box::new(move |count| raw.wait(count))
            }));
        }
        rows.push(row(name("tokio current-thread", "tokio ct, GPIO"), baseline, board(), |board, device| {
            let nodes = nodes(&board, device, TokioReactor::in_context());
            let runtime = current_thread();
            Box::new(move |count| runtime.block_on(nodes.clone().wait(count)))
        }));
        rows.push(row(name("tokio multi-thread", "tokio mt, GPIO"), baseline, board(), |board, device| {
            let nodes = nodes(&board, device, TokioReactor::in_context());
            let builder = || tokio::runtime::Builder::new_multi_thread();
            let runtime = builder().worker_threads(2).enable_io().build().expect("a runtime");
            Box::new(move |count| {
                let task = runtime.spawn(nodes.clone().wait(count));
                runtime.block_on(task).expect("a task");
            })
        }));
        rows.push(row(name("blocking twin", "twin, GPIO"), baseline, board(), |board, device| {
            let nodes = nodes(&board, device, NoReactor);
            Box::new(move |count| nodes.wait_blocking(count))
        }));
        rows.push(row(name("smol", "smol, GPIO"), baseline, board(), |board, device| {
            let nodes = nodes(&board, device, SmolReactor);
            Box::new(move |count| smol::block_on(nodes.clone().wait(count)))
        }));
    }
    let baseline = rows.len();
    let board = || Board::new(!0, false);
    let accesses = recorded_lines();
    println!("register accesses for 32 lines at once: {}", accesses.count());
    rows.push(row("raw epoll, 32 lines", baseline, board(), |board, device| {
        let mut raw = Raw::new(board, device, accesses);
        Box::new(move |count| raw.wait(count))
    }));
    rows.push(row("tokio ct, 32 lines", baseline, board(), |board, device| {
        let nodes = nodes(&board, device, TokioReactor::in_context());
        let runtime = Rc::new(current_thread());
        Box::new(move |count| runtime.block_on(all_lines(nodes.clone(), count)))
    }));
    rows
}

fn time(row: &mut Row, count: u32) -> Sample {
    let others = || row.producer.cpu.load(Relaxed);
    let (cpu, producer, wall) = (nanoseconds(ClockId::ProcessCPUTime), others(), nanoseconds(ClockId::Monotonic));
    (row.run)(count);
    let wall = nanoseconds(ClockId::Monotonic) - wall;
    let cpu = (nanoseconds(ClockId::ProcessCPUTime) - cpu) as f64 - (others() - producer) as f64;
    Sample { wall: wall as f64 / f64::from(count), cpu: cpu / f64::from(count) }
}

/// Median, minimum and maximum.
fn spread(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    (at(values.len() / 2), at(0), at(values.len().saturating_sub(1)))
}

/// The value of an option, if it is given.
fn option(name: &str) -> Option<String> {
    let mut args = std::env::args().skip_while(|arg| arg != name);
    args.next().map(|_| args.next().unwrap_or_default())
}

pub(crate) fn measure() {
    let number = |name, otherwise| option(name).and_then(|value| value.parse().ok()).unwrap_or(otherwise);
    let (rounds, count) = (number("--rounds", 31) as usize, number("--count", COUNT));
    let pinned = option("--spread").is_none();
    if pinned {
        let mine = sched_getaffinity(None).expect("the CPUs of this process");
        let mut one = CpuSet::new();
        let last = (0..CpuSet::MAX_CPU).rev().find(|cpu| mine.is_set(*cpu)).unwrap_or(0);
        one.set(last);
        sched_setaffinity(None, &one).expect("one CPU of them");
    }
    println!("{rounds} rounds of {count} interrupts, {}", if pinned { "all on one CPU" } else { "on any CPU" });
    let mut rows = rows();
    if let Some(name) = option("--only") {
        // For a profiler: no ratios, and no clocks, which do not work under every one.
        rows.iter_mut().filter(|row| row.name == name).for_each(|row| (row.run)(count));
        return;
    }
    for row in &mut rows {
        row.producer.timed.store(true, Relaxed);
        time(row, WARM_UP);
    }
    let all = rows.len();
    for round in 0..rounds {
        for turn in 0..all {
            let row = &mut rows[(round + turn) % all];
            let sample = time(row, count);
            row.samples.push(sample);
        }
    }
    print(&rows);
}

fn print(rows: &[Row]) {
    println!("\n{:<22} {:>9}  {:<26} {:<26}", "", "ns", "time: median (min - max)", "CPU: median (min - max)");
    for row in rows {
        let base = &rows[row.baseline].samples;
        let ratios = |of: fn(&Sample) -> f64| {
            let (median, least, most) =
                spread(row.samples.iter().zip(base).map(|(mine, base)| of(mine) / of(base)).collect());
            format!("{median:.3} ({least:.3} - {most:.3})")
        };
        let (wall, ..) = spread(row.samples.iter().map(|sample| sample.wall).collect());
        println!("{:<22} {wall:>9.0}  {:<26} {:<26}", row.name, ratios(|s| s.wall), ratios(|s| s.cpu));
    }
    if let [.., raw, ours] = rows {
        let per_line = |(ours, raw): (&Sample, &Sample)| (ours.cpu - raw.cpu) / f64::from(LINES);
        let (median, least, most) = spread(ours.samples.iter().zip(&raw.samples).map(per_line).collect());
        println!("32 lines at once: {median:.0} ns of CPU for each line above the raw loop ({least:.0} - {most:.0})");
    }
}
