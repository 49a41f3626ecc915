//! What is measured, in which order, and how it is reported.

use std::{os::fd::OwnedFd, rc::Rc, sync::Arc, sync::atomic::Ordering::Relaxed};

use pynq_bench::Options;
use pynq_smol::SmolReactor;
use pynq_tokio::TokioReactor;
use pynq_uio::{NoReactor, Reactor};
use rustix::{
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
    time::ClockId,
};

use crate::{
    dma::Transfers,
    figures,
    hardware::Board,
    ours::Nodes,
    producer::{Producer, nanoseconds},
    raw::{Accesses, Raw, RawCalls, RawChannel, RawLines, RawPoll, RawRead, RawTokio},
    stamps::Stamps,
};

/// Interrupts of one round.
const COUNT: u32 = 2_000;
const WARM_UP: u32 = 50;
pub(crate) const LINES: u32 = 32;

/// All of them at once, on tokio: by hand, and ours.
pub(crate) const BY_HAND: &str = "Notify by hand, 32 lines";
pub(crate) const OURS: &str = "tokio ct, 32 lines";

pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// What the ratio of this row is to.
    pub(crate) baseline: usize,
    run: Box<dyn FnMut(u32)>,
    producer: Producer,
    pub(crate) samples: Vec<Sample>,
    stamps: Arc<Stamps>,
    /// Nanoseconds from the interrupt to the task or thread that awaits it, sorted. Nothing where 32 do.
    pub(crate) latencies: Vec<u64>,
}

#[derive(Clone, Copy)]
pub(crate) struct Sample {
    /// Nanoseconds for each interrupt.
    pub(crate) wall: f64,
    pub(crate) cpu: f64,
}

/// The group of the rows that a row belongs to, by its baseline.
#[derive(Clone, Copy)]
struct Maker {
    baseline: usize,
    is_idle: bool,
}

impl Maker {
    /// A row, given its board and the near end of its device.
    fn row(self, name: &'static str, board: Board, run: impl FnOnce(Board, OwnedFd) -> Box<dyn FnMut(u32)>) -> Row {
        let (producer, device) = Producer::start(board.clone(), self.is_idle);
        let stamps = Arc::clone(&board.stamps);
        let run = run(board, device);
        Row { name, baseline: self.baseline, run, producer, samples: Vec::new(), stamps, latencies: Vec::new() }
    }
}

/// What one interrupt costs in accesses, as ours makes them.
fn recorded(with_gpio: bool) -> Accesses {
    let board = Board::new(1, with_gpio);
    let (producer, device) = Producer::start(board.clone(), false);
    let nodes = Nodes::new(&board, device, Arc::new(NoReactor));
    nodes.wait_blocking(WARM_UP);
    board.recording.start();
    nodes.wait_blocking(4);
    let accesses = Accesses::new(&board.recording.stop());
    drop((nodes, producer));
    accesses
}

/// What one transfer costs in accesses, as ours makes them.
fn recorded_transfers() -> Accesses {
    let board = Board::with_dma();
    let (producer, device) = Producer::start(board.clone(), false);
    let transfers = Transfers::new(&board, device, Arc::new(NoReactor));
    transfers.run_blocking(WARM_UP);
    board.recording.start();
    transfers.run_blocking(4);
    let accesses = Accesses::new(&board.recording.stop());
    drop((transfers, producer));
    accesses
}

/// 32 tasks, each of which awaits its line this often.
async fn all_lines(nodes: Nodes, count: u32) {
    let tasks: Vec<_> = (0..LINES)
        .map(|line| {
            let mut line = nodes.intc.line(u8::try_from(line).expect("a line")).expect("a line");
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

/// The same by hand.
async fn all_by_hand(raw: &Arc<RawLines>, count: u32) {
    let task = |line: usize| {
        let raw = Arc::clone(raw);
        tokio::task::spawn(async move { raw.wait(line, count).await })
    };
    let tasks: Vec<_> = (0..LINES as usize).map(task).collect();
    raw.serve(count).await;
    for task in tasks {
        task.await.expect("a task");
    }
}

fn recorded_lines() -> Accesses {
    let board = Board::new(!0, false);
    let (producer, device) = Producer::start(board.clone(), false);
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

/// In a task, as programs do. The future of `block_on` itself is woken by a system call more.
fn run_task(runtime: &tokio::runtime::Runtime, task: impl Future<Output = ()> + Send + 'static) {
    let task = runtime.spawn(task);
    runtime.block_on(task).expect("a task");
}

fn nodes(board: &Board, device: OwnedFd, reactor: impl Reactor + 'static) -> Nodes {
    Nodes::new(board, device, Arc::new(reactor))
}

fn rows(is_idle: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for with_gpio in [false, true] {
        let name = |plain: &'static str, gpio: &'static str| if with_gpio { gpio } else { plain };
        let accesses = recorded(with_gpio);
        println!("register accesses per interrupt{}: {}", name("", " with a GPIO"), accesses.count());
        let make = Maker { baseline: rows.len(), is_idle };
        let board = || Board::new(1, with_gpio);
        rows.push(make.row(name("raw epoll", "raw epoll, GPIO"), board(), |board, device| {
            let raw = Raw::new(board, device, accesses);
            Box::new(move |count| raw.wait(count))
        }));
        if !with_gpio {
            rows.push(make.row("raw tokio AsyncFd", board(), |board, device| {
                let runtime = current_thread();
                let raw = runtime.block_on(async { RawTokio::new(board, device, recorded(false)) });
                let raw = Arc::new(raw);
                Box::new(move |count| {
                    let raw = Arc::clone(&raw);
                    run_task(&runtime, async move { raw.wait(count).await });
                })
            }));
            rows.push(make.row("raw epoll, no libc", board(), |board, device| {
                let raw = RawCalls::new(board, device, recorded(false));
                Box::new(move |count| raw.wait(count))
            }));
            rows.push(make.row("raw blocking read", board(), |board, device| {
                let raw = RawRead::new(board, device, recorded(false));
                Box::new(move |count| raw.wait(count))
            }));
            rows.push(make.row("thread + channel", board(), |board, device| {
                let runtime = current_thread();
                let mut raw = RawChannel::new(board, device, recorded(false));
                Box::new(move |count| runtime.block_on(raw.wait(count)))
            }));
            rows.push(make.row("raw poll(2)", board(), |board, device| {
                let raw = RawPoll::new(board, device, recorded(false));
                Box::new(move |count| raw.wait(count))
            }));
        }
        rows.push(make.row(name("tokio current-thread", "tokio ct, GPIO"), board(), |board, device| {
            let nodes = nodes(&board, device, TokioReactor::in_context());
            let runtime = current_thread();
            Box::new(move |count| run_task(&runtime, nodes.clone().wait(count)))
        }));
        rows.push(make.row(name("tokio multi-thread", "tokio mt, GPIO"), board(), |board, device| {
            let nodes = nodes(&board, device, TokioReactor::in_context());
            let builder = || tokio::runtime::Builder::new_multi_thread();
            let runtime = builder().worker_threads(2).enable_io().build().expect("a runtime");
            Box::new(move |count| run_task(&runtime, nodes.clone().wait(count)))
        }));
        rows.push(make.row(name("blocking twin", "twin, GPIO"), board(), |board, device| {
            let nodes = nodes(&board, device, NoReactor);
            Box::new(move |count| nodes.wait_blocking(count))
        }));
        rows.push(make.row(name("smol", "smol, GPIO"), board(), |board, device| {
            let nodes = nodes(&board, device, SmolReactor);
            Box::new(move |count| smol::block_on(nodes.clone().wait(count)))
        }));
    }
    let make = Maker { baseline: rows.len(), is_idle };
    let accesses = recorded_transfers();
    println!("register accesses per transfer by a DMA: {}", accesses.count());
    rows.push(make.row("raw epoll, DMA", Board::with_dma(), |board, device| {
        let raw = Raw::new(board, device, accesses);
        Box::new(move |count| raw.wait(count))
    }));
    rows.push(make.row("tokio ct, DMA", Board::with_dma(), |board, device| {
        let transfers = Arc::new(Transfers::new(&board, device, Arc::new(TokioReactor::in_context())));
        let runtime = current_thread();
        Box::new(move |count| {
            let transfers = Arc::clone(&transfers);
            run_task(&runtime, async move { transfers.run(count).await });
        })
    }));
    rows.push(make.row("twin, DMA", Board::with_dma(), |board, device| {
        let transfers = Transfers::new(&board, device, Arc::new(NoReactor));
        Box::new(move |count| transfers.run_blocking(count))
    }));
    let make = Maker { baseline: rows.len(), is_idle };
    let board = || Board::new(!0, false);
    let accesses = recorded_lines();
    println!("register accesses for 32 lines at once: {}", accesses.count());
    rows.push(make.row("raw epoll, 32 lines", board(), |board, device| {
        let raw = Raw::new(board, device, accesses);
        Box::new(move |count| raw.wait(count))
    }));
    rows.push(make.row(BY_HAND, board(), |board, device| {
        let (runtime, accesses) = (current_thread(), recorded_lines());
        let raw = runtime.block_on(async { Arc::new(RawLines::new(board, device, accesses)) });
        Box::new(move |count| runtime.block_on(all_by_hand(&raw, count)))
    }));
    rows.push(make.row(OURS, board(), |board, device| {
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

/// How long it takes from the interrupt to the task or thread that awaits it.
fn latencies(row: &mut Row, count: u32) {
    row.stamps.start();
    (row.run)(count);
    row.latencies = row.stamps.stop();
}

pub(crate) fn measure() {
    let options = Options::from_args();
    let rounds = options.rounds(61) as usize;
    let count = options.number("--count").unwrap_or(if options.has("--quick") { 200 } else { COUNT });
    let pinned = !options.has("--spread");
    if pinned {
        let mine = sched_getaffinity(None).expect("the CPUs of this process");
        let mut one = CpuSet::new();
        let last = (0..CpuSet::MAX_CPU).rev().find(|cpu| mine.is_set(*cpu)).unwrap_or(0);
        one.set(last);
        sched_setaffinity(None, &one).expect("one CPU of them");
    }
    println!("{rounds} rounds of {count} interrupts, {}", if pinned { "all on one CPU" } else { "on any CPU" });
    let mut rows = rows(pinned && !options.has("--no-idle"));
    if let Some(name) = options.value("--only") {
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
    rows.iter_mut().for_each(|row| latencies(row, count));
    figures::report(&rows).publish("round trip", &options);
}
