//! What an interrupt costs: system calls, counted from outside by strace, and allocations.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    env,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    thread::{self, JoinHandle},
};

use async_io::Async;
use pynq_core::{
    Error,
    interrupt::{Direct, DirectNode, NodeHandle, StdLock},
};
use pynq_smol::SmolReactor;
use pynq_tokio::TokioReactor;
use pynq_uio::{Masking, NoReactor, Reactor};
use rustix::{
    fd::{AsFd, OwnedFd},
    net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair},
};
use tokio::runtime::Builder;

use crate::device::interrupts;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: passed on to the system's allocator, which keeps the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that is ending has no count any more.
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A device whose line is active whenever the calling thread has gone to sleep, so that every event finds it there.
/// Nothing in it but one thread that blocks on reads, so that no thread waits for a lock.
fn busy_device() -> (OwnedFd, JoinHandle<()>) {
    let (near, far) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
    rustix::io::ioctl_fionbio(&near, true).unwrap();
    let waiter = Path::new("/proc").join(std::fs::read_link("/proc/thread-self").unwrap()).join("stat");
    let sleeps = move || {
        let stat = std::fs::read_to_string(&waiter).unwrap_or_default();
        // Behind the name, which is in brackets.
        stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('S'))
    };
    let kernel = thread::spawn(move || {
        let (mut word, mut count) = ([0; 4], 0_u32);
        while let Ok((4, _)) = recv(&far, &mut word, RecvFlags::empty()) {
            if i32::from_ne_bytes(word) != 0 {
                while !sleeps() {
                    thread::yield_now();
                }
                count += 1;
                let _ = send(&far, &count.to_ne_bytes(), SendFlags::NOSIGNAL);
            }
        }
    });
    (near, kernel)
}

const WARM_UP: u32 = 200;
const EVENTS: u32 = 1_000;

fn node(reactor: impl Reactor + 'static) -> (NodeHandle, JoinHandle<()>) {
    let (fd, kernel) = busy_device();
    // A root below a controller is not masked when a wait goes, so the events below are all there is.
    let root = interrupts(reactor).root(fd, Masking::InTheController).unwrap();
    (NodeHandle::from(Arc::pin(DirectNode::new(StdLock::new(), Direct, root))).erase(), kernel)
}

/// What an observer of system calls finds the loop between.
fn mark(what: &str) {
    let _ = std::fs::metadata(format!("/pynq/{what}"));
}

/// Waits so many times, and returns what the calling thread allocated after the first few.
async fn events(node: &NodeHandle) -> Result<usize, Error> {
    let mut line = node.line(0)?;
    for _ in 0..WARM_UP {
        line.wait_async().await?;
    }
    mark("begin");
    let before = ALLOCATIONS.get();
    for _ in 0..EVENTS {
        line.wait_async().await?;
    }
    let allocations = ALLOCATIONS.get() - before;
    mark("end");
    Ok(allocations)
}

fn on_tokio() -> usize {
    let (node, kernel) = node(TokioReactor::in_context());
    let allocations =
        Builder::new_current_thread().enable_all().build().unwrap().block_on(async { events(&node).await.unwrap() });
    drop(node);
    kernel.join().unwrap();
    allocations
}

fn in_a_blocking_twin() -> usize {
    let (node, kernel) = node(NoReactor);
    let mut line = node.line(0).unwrap();
    // The blocking form itself, a call for each event; and one call with all of them in it.
    for _ in 0..WARM_UP {
        line.wait().unwrap();
    }
    let before = ALLOCATIONS.get();
    mark("begin");
    for _ in 0..EVENTS {
        line.wait().unwrap();
    }
    mark("end");
    // Each mark makes one string.
    let alone = ALLOCATIONS.get() - before - 2;
    let in_one = node.block_on(events(&node), None).unwrap();
    drop((line, node));
    kernel.join().unwrap();
    alone + in_one
}

fn on_smol() -> usize {
    let (node, kernel) = node(SmolReactor);
    let allocations = async_io::block_on(events(&node)).unwrap();
    drop(node);
    kernel.join().unwrap();
    allocations
}

/// The same device with the least that async-io can do.
fn on_bare_async_io() -> usize {
    let (fd, kernel) = busy_device();
    let watched = Async::new_nonblocking(fd).unwrap();
    let unmask = || rustix::io::write(watched.get_ref().as_fd(), &1_i32.to_ne_bytes()).unwrap();
    let mut total = [0; 4];
    let mut round = async || {
        unmask();
        loop {
            watched.readable().await.unwrap();
            match rustix::io::read(watched.get_ref().as_fd(), &mut total) {
                Ok(_) => return,
                Err(error) => assert_eq!(error, rustix::io::Errno::AGAIN),
            }
        }
    };
    let allocations = async_io::block_on(async {
        for _ in 0..WARM_UP {
            round().await;
        }
        mark("begin");
        let before = ALLOCATIONS.get();
        for _ in 0..EVENTS {
            round().await;
        }
        let allocations = ALLOCATIONS.get() - before;
        mark("end");
        allocations
    });
    drop(watched);
    kernel.join().unwrap();
    allocations
}

#[test]
fn no_allocation_on_tokio_s_current_thread_nor_in_a_blocking_twin() {
    assert_eq!(on_tokio(), 0);
    assert_eq!(in_a_blocking_twin(), 0);
}

#[test]
fn no_allocation_on_smol_beyond_async_io_s_own() {
    let (ours, bare) = (on_smol(), on_bare_async_io());
    assert!(ours <= bare, "{ours} allocations for {EVENTS} events, and {bare} in a bare loop");
}

const UNDER_STRACE: &str = "PYNQ_UNDER_STRACE";

/// What `an_interrupt_costs_three_system_calls` runs under strace.
#[test]
fn observed() {
    match env::var(UNDER_STRACE).as_deref() {
        Ok("tokio") => drop((on_tokio(),)),
        Ok("twin") => drop((in_a_blocking_twin(),)),
        Ok("smol") => drop((on_smol(),)),
        Ok("bare") => drop((on_bare_async_io(),)),
        _ => {}
    }
}

/// The system calls of the thread between the marks.
struct Calls {
    /// For an event on average.
    mean: f64,
    /// From one unmasking to the next, as it is most often. A sleep that the event comes before has fewer.
    median: usize,
}

fn calls(which: &str) -> Calls {
    let log: PathBuf = env::temp_dir().join(format!("pynq-calls-{}-{which}", std::process::id()));
    let run = Command::new("strace")
        .args(["-f", "-qq", "-o"])
        .arg(&log)
        .arg(env::current_exe().unwrap())
        .args(["costs::observed", "--exact", "--test-threads=1"])
        .env(UNDER_STRACE, which)
        .output()
        .unwrap();
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::remove_file(&log).unwrap();
    assert!(run.status.success(), "{run:?}");
    let thread_of = |line: &str| line.split_whitespace().next().map(str::to_owned);
    let begin = text.lines().find(|line| line.contains("/pynq/begin")).expect("a mark in the trace");
    let thread = thread_of(begin);
    let calls: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.contains("/pynq/begin"))
        .skip(1)
        .take_while(|line| !line.contains("/pynq/end"))
        // A call that another thread's output interrupts has two lines.
        .filter(|line| thread_of(line) == thread && !line.contains(" resumed>"))
        .collect();
    let unmasks = |line: &&str| line.contains("write(") && line.contains(r#", "\1\0\0\0", 4"#);
    let mut rounds: Vec<usize> = calls.split(unmasks).skip(1).map(|between| between.len() + 1).collect();
    rounds.sort_unstable();
    assert!(rounds.len() > 900, "{} unmaskings in the trace, of {EVENTS}", rounds.len());
    Calls { mean: f64::from(u32::try_from(calls.len()).unwrap()) / f64::from(EVENTS), median: rounds[rounds.len() / 2] }
}

fn has_strace() -> bool {
    match Command::new("strace").arg("--version").output() {
        Ok(_) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut stderr = io::stderr();
            let _ = writeln!(stderr, "SKIPPED: system calls are counted with strace, which is not installed");
            assert!(env::var_os("PYNQ_NEEDS_STRACE").is_none(), "there is no strace");
            false
        }
        Err(error) => panic!("strace: {error}"),
    }
}

/// A sleep, a read and an unmasking. A fraction for what a scheduler does once in a while.
#[test]
fn an_interrupt_costs_three_system_calls() {
    if !has_strace() {
        return;
    }
    for which in ["tokio", "twin"] {
        let Calls { mean, median } = calls(which);
        println!("{which}: {median} system calls an interrupt, {mean} on average");
        assert!(median == 3 && (2.9..=3.02).contains(&mean), "{which}: {median} system calls, {mean} on average");
    }
}

#[test]
fn an_interrupt_costs_no_system_call_beyond_async_io_s_own() {
    if !has_strace() {
        return;
    }
    let (ours, bare) = (calls("smol"), calls("bare"));
    println!(
        "smol: {} system calls an interrupt, {} on average; a bare loop: {}, {}",
        ours.median, ours.mean, bare.median, bare.mean
    );
    assert!(
        ours.median <= bare.median,
        "{} system calls an interrupt, and {} in a bare loop",
        ours.median,
        bare.median
    );
}
