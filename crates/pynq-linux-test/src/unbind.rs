//! A device that is taken away while tasks of a runtime, blocked threads and a listener all wait on it.

use std::{
    fs,
    future::{Future as _, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    thread,
};

use pynq_core::{
    Error,
    interrupt::{Direct, DirectNode, Line, NodeHandle, StdLock},
};
use pynq_tokio::TokioReactor;
use pynq_uio::{LinuxClock, Masking, UioInterrupts};

use crate::{
    board::{Unbound, device, quiet},
    report::{Failed, check, ensure},
};

const TASKS: u32 = 8;
const TWINS: u32 = 4;

pub(crate) fn all() {
    check("unbind/tasks-twins-and-a-listener", mixed);
    check("unbind/bound-again", bound_again);
}

fn pin_of(runtime: &tokio::runtime::Runtime) -> Result<NodeHandle, Failed> {
    quiet()?;
    let reactor = Arc::new(TokioReactor::on(runtime.handle().clone()));
    let interrupts = UioInterrupts::new(LinuxClock::new(reactor.clone()), reactor);
    let root = interrupts.root(device("direct")?.open()?, Masking::AtTheRoot)?;
    Ok(NodeHandle::from(Arc::pin(DirectNode::new(StdLock::new(), Direct, root))).erase())
}

fn mixed() -> Result<String, Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let node = pin_of(&runtime)?;
    let waiting = Arc::new(AtomicU32::new(0));
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let mut line = Line::new(node.clone(), 0)?;
            let waiting = Arc::clone(&waiting);
            Ok(runtime.spawn(async move {
                let mut wait = pin!(line.wait_async());
                let mut counted = false;
                poll_fn(|cx| {
                    let polled = wait.as_mut().poll(cx);
                    if polled.is_pending() && !std::mem::replace(&mut counted, true) {
                        waiting.fetch_add(1, SeqCst);
                    }
                    polled
                })
                .await
            }))
        })
        .collect::<Result<_, Failed>>()?;
    let twins: Vec<_> = (0..TWINS)
        .map(|_| {
            let mut line = Line::new(node.clone(), 0)?;
            let waiting = Arc::clone(&waiting);
            Ok(thread::spawn(move || {
                // The thread is asleep a moment later, see `asleep`.
                waiting.fetch_add(1, SeqCst);
                line.wait()
            }))
        })
        .collect::<Result<_, Failed>>()?;
    let mut listener = Box::pin(Line::new(node.clone(), 0)?.listen());
    listener.as_mut().arm()?;
    while waiting.load(SeqCst) < TASKS + TWINS || !asleep()? {
        thread::yield_now();
    }

    let unbound = Unbound::new(&device("direct")?)?;
    for task in tasks {
        let ended = runtime.block_on(task)?;
        ensure!(ended == Err(Error::DeviceGone), "a task's wait ended with {ended:?}");
    }
    for twin in twins {
        let ended = twin.join().map_err(|_| "a twin panicked")?;
        ensure!(ended == Err(Error::DeviceGone), "a twin ended with {ended:?}");
    }
    let ended = listener.as_mut().next();
    ensure!(ended == Err(Error::DeviceGone), "the listener ended with {ended:?}");
    let late = Line::new(node.clone(), 0).err();
    ensure!(late == Some(Error::DeviceGone), "a handle was given out afterwards, or refused with {late:?}");
    drop(listener);
    ensure!(node.is_idle(), "something still waits");
    drop(unbound);
    Ok(format!("{TASKS} tasks, {TWINS} threads, 1 listener"))
}

/// Whether all other threads of this process sleep.
fn asleep() -> Result<bool, Failed> {
    let this = rustix::thread::gettid().as_raw_nonzero().to_string();
    for thread in fs::read_dir("/proc/self/task")? {
        let thread = thread?;
        if thread.file_name().to_str() == Some(&this) {
            continue;
        }
        // Its state follows the name, which is in parentheses.
        let stat = fs::read_to_string(thread.path().join("stat"))?;
        let state = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        if !state.starts_with('S') {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The same device, bound again, works as before.
fn bound_again() -> Result<String, Failed> {
    use crate::board::{DIRECT_TIMER, Registers, timer};

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let node = pin_of(&runtime)?;
    let mut line = Line::new(node, 0)?;
    let registers = Registers::at(DIRECT_TIMER)?;
    for _ in 0..3 {
        registers.write(timer::TCSR, timer::TINT);
        registers.write(timer::TLR, 100);
        registers.write(timer::TCSR, timer::UDT | timer::ENT | timer::ENIT);
        runtime.block_on(line.wait_async())?;
        registers.write(timer::TCSR, timer::TINT);
    }
    Ok(String::new())
}
