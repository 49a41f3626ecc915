//! Interrupts as fast as they are answered, from two devices at once, and waits that are dropped in the middle of it.
//!
//! Each device counts its own events: the 32 pins of its second channel show the number. The next one is raised when
//! the last one was seen, by the task that saw it, and now and then by another thread: that one comes while the task
//! sleeps. An event that got lost is a wait without end, one that was invented is a wait that ended with the old
//! number.

use std::{
    fmt,
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
    task::{Context, Poll},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use pynq_core::{Clock as _, Error, interrupt::Line};
use pynq_smol::SmolReactor;
use pynq_tokio::TokioReactor;
use pynq_uio::{NoReactor, Reactor};

use crate::{
    board::events,
    report::{Failed, check, ensure, figure},
    tree::{COUNTER, Counter, Tree},
};

/// Events of each device. Two may share an interrupt, so that under the first host these are a hundred thousand of them
/// at least.
const STORM: [u32; 4] = [100_000, 10_000, 10_000, 10_000];
const DROPS: u32 = 2_000;

/// Every so many events the other thread raises one.
const ELSEWHERE: u32 = 8;

/// When nothing arrives for so long, nothing will.
const PATIENCE: Duration = Duration::from_secs(20);

/// How the tasks are run.
#[derive(Clone, Copy)]
enum Host {
    TokioCurrent,
    TokioMulti,
    Smol,
    Blocking,
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TokioCurrent => "tokio-current",
            Self::TokioMulti => "tokio-multi",
            Self::Smol => "smol",
            Self::Blocking => "blocking",
        })
    }
}

pub(crate) fn all() {
    for (host, count) in [Host::TokioCurrent, Host::TokioMulti, Host::Smol, Host::Blocking].into_iter().zip(STORM) {
        check(&format!("storm/{host}"), || storm(host, count, false));
        check(&format!("cancellation-storm/{host}"), || storm(host, DROPS, true));
    }
}

/// What both ends know of a device.
#[derive(Default)]
struct Progress {
    raised: AtomicU32,
    seen: AtomicU32,
    /// Waits that were dropped before they ended.
    dropped: AtomicU32,
}

struct Device {
    /// Made before the first event: a handle does not report what was before it.
    line: Line,
    counter: Counter,
    progress: Progress,
    /// How many there are to be.
    last: u32,
    /// The waiting task raises them all.
    by_hand: bool,
    /// The thread that raises some of them.
    elsewhere: OnceLock<Thread>,
}

impl Device {
    /// The next event.
    fn raise(&self) {
        // The number is there before the device shows it.
        let next = self.progress.raised.fetch_add(1, SeqCst) + 1;
        self.counter.set(next);
    }

    /// After a wait for the `count`th event.
    fn saw(&self, count: u32) -> Result<(), Failed> {
        let found = self.counter.read();
        ensure!(found == count, "after event {count} the device says it had {found}");
        self.progress.seen.store(count, SeqCst);
        if self.by_hand {
            return Ok(());
        }
        if count % ELSEWHERE == 0 {
            if let Some(thread) = self.elsewhere.get() {
                thread.unpark();
            }
        } else if count < self.last {
            self.raise();
        }
        Ok(())
    }
}

/// Every event of a device, one after the other.
async fn consume(tree: Arc<Tree>, which: usize, device: Arc<Device>, count: u32, drops: bool) -> Result<(), Failed> {
    let mut line = device.line.clone();
    let mut random = Random(0x9E37_79B9 + which as u32);
    for event in 1..=count {
        if drops {
            // Another wait, armed or not yet when the device fires, and dropped in whatever state it has come to.
            let mut other = tree.line(which)?;
            let mut wait = pin!(other.wait_async());
            let ended = Polled(wait.as_mut(), random.below(4)).await;
            ensure!(!ended, "a wait ended before event {event}");
            device.raise();
            if !Polled(wait, random.below(4)).await {
                device.progress.dropped.fetch_add(1, SeqCst);
            }
        }
        line.wait_async().await?;
        device.saw(event)?;
    }
    Ok(())
}

/// The same on a thread of its own. Beside it another one waits, and gives up again and again.
fn consume_blocking(tree: &Tree, which: usize, device: &Device, count: u32, drops: bool) -> Result<(), Failed> {
    let mut line = device.line.clone();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let fickle = drops.then(|| scope.spawn(|| give_up(tree, which, device, &over)));
        let mut consume = || {
            for event in 1..=count {
                if drops {
                    device.raise();
                }
                line.wait()?;
                device.saw(event)?;
            }
            Ok(())
        };
        let ended = consume();
        over.store(true, SeqCst);
        fickle.map_or(Ok(()), |fickle| fickle.join().map_err(|_| "a thread panicked")?).and(ended)
    })
}

/// Waits that end by their deadlines if not by an event.
fn give_up(tree: &Tree, which: usize, device: &Device, over: &AtomicBool) -> Result<(), Failed> {
    let mut random = Random(0x51ED_270B + which as u32);
    let mut line = tree.line(which)?;
    while !over.load(SeqCst) {
        match line.wait_until(tree.interrupts.clock().now() + Duration::from_micros(random.below(2000).into())) {
            Ok(_) => {}
            Err(Error::TimedOut) => drop(device.progress.dropped.fetch_add(1, SeqCst)),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Polls a future so many times, and returns whether it has ended.
struct Polled<'a, F>(Pin<&'a mut F>, u32);

impl<F: Future> Future for Polled<'_, F> {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        if self.1 == 0 {
            return Poll::Ready(false);
        }
        self.1 -= 1;
        if self.0.as_mut().poll(cx).is_ready() {
            return Poll::Ready(true);
        }
        // Others have a turn, and the reactor.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// xorshift: the same each time.
struct Random(u32);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % limit
    }
}

fn storm(host: Host, count: u32, drops: bool) -> Result<String, Failed> {
    match host {
        Host::TokioCurrent => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            on_tokio(&runtime, count, drops)
        }
        Host::TokioMulti => {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            on_tokio(&runtime, count, drops)
        }
        Host::Smol => with_devices(Arc::new(SmolReactor), count, drops, |tree, devices| {
            let executor = smol::Executor::new();
            let tasks = devices
                .clone()
                .into_iter()
                .enumerate()
                .map(|(which, device)| executor.spawn(consume(Arc::clone(tree), which, device, count, drops)));
            let tasks: Vec<_> = tasks.collect();
            smol::block_on(executor.run(async {
                for task in tasks {
                    task.await?;
                }
                Ok(())
            }))
        }),
        Host::Blocking => with_devices(Arc::new(NoReactor), count, drops, |tree, devices| {
            thread::scope(|scope| {
                let twins: Vec<_> = devices
                    .iter()
                    .enumerate()
                    .map(|(which, device)| scope.spawn(move || consume_blocking(tree, which, device, count, drops)))
                    .collect();
                twins.into_iter().try_for_each(|twin| twin.join().map_err(|_| "a twin panicked")?)
            })
        }),
    }
}

fn on_tokio(runtime: &tokio::runtime::Runtime, count: u32, drops: bool) -> Result<String, Failed> {
    with_devices(Arc::new(TokioReactor::in_context()), count, drops, |tree, devices| {
        let tasks = devices
            .clone()
            .into_iter()
            .enumerate()
            .map(|(which, device)| runtime.spawn(consume(Arc::clone(tree), which, device, count, drops)));
        let tasks: Vec<_> = tasks.collect();
        runtime.block_on(async {
            for task in tasks {
                task.await??;
            }
            Ok(())
        })
    })
}

/// Runs the consumers beside the thread that raises every other event, and compares all the counts there are.
fn with_devices(
    reactor: Arc<dyn Reactor>,
    count: u32,
    drops: bool,
    run: impl FnOnce(&Arc<Tree>, &[Arc<Device>; 2]) -> Result<(), Failed>,
) -> Result<String, Failed> {
    let tree = Arc::new(Tree::new(reactor)?);
    let device = |which| -> Result<Arc<Device>, Failed> {
        let (line, counter) = (tree.line(which)?, Counter::of(which)?);
        Ok(Arc::new(Device {
            line,
            counter,
            progress: Progress::default(),
            last: count,
            by_hand: drops,
            elsewhere: OnceLock::new(),
        }))
    };
    let devices = [device(0)?, device(1)?];
    let stop = AtomicBool::new(false);
    let kernel_before = events(&tree.device)?;
    let begin = Instant::now();
    thread::scope(|scope| {
        let elsewhere = scope.spawn(|| {
            let (mut last, mut since) = (0, Instant::now());
            while !stop.load(SeqCst) {
                let seen: u32 = devices.iter().map(|device| device.progress.seen.load(SeqCst)).sum();
                if seen != last {
                    (last, since) = (seen, Instant::now());
                } else if since.elapsed() > PATIENCE {
                    // An event was lost. The waits are ended, so that it can be reported.
                    tree.gpios.iter().for_each(|gpio| gpio.invalidate(Error::TimedOut));
                    return;
                }
                for device in devices.iter().filter(|device| !device.by_hand) {
                    let (raised, seen) = (device.progress.raised.load(SeqCst), device.progress.seen.load(SeqCst));
                    if raised == seen && seen % ELSEWHERE == 0 && raised < count {
                        device.raise();
                    }
                }
                // Woken by the task that has seen the last one, and in between to see whether anything moves.
                thread::park_timeout(Duration::from_secs(1));
            }
        });
        for device in &devices {
            let _ = device.elsewhere.set(elsewhere.thread().clone());
            // If one was raised and seen before that, nothing else raises the next.
            elsewhere.thread().unpark();
        }
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&tree, &devices)));
        stop.store(true, SeqCst);
        elsewhere.thread().unpark();
        ended.unwrap_or_else(|_| Err("a task panicked".into()))
    })
    .map_err(|error| {
        let counts = |device: &Arc<Device>| {
            let (raised, seen) = (device.progress.raised.load(SeqCst), device.progress.seen.load(SeqCst));
            format!("{seen} of {raised} seen, the device says {}", device.counter.read())
        };
        format!("{error}: {}; {}", counts(&devices[0]), counts(&devices[1]))
    })?;
    let time = begin.elapsed();
    let (kernel, root) = (events(&tree.device)?.wrapping_sub(kernel_before), tree.interrupts.interrupts());
    let mut dropped = 0;
    for (device, gpio) in devices.iter().zip(&tree.gpios) {
        let (raised, seen) = (device.progress.raised.load(SeqCst), device.progress.seen.load(SeqCst));
        let shown = device.counter.read();
        ensure!(
            (raised, seen, shown) == (count, count, count),
            "raised {raised}, seen {seen}, the device says {shown}"
        );
        let stats = gpio.line_stats(COUNTER);
        ensure!(stats.stuck == 0 && stats.fired >= count, "the engine counts {stats:?} for {count} events");
        dropped += device.progress.dropped.load(SeqCst);
    }
    // Two devices may share an interrupt, and one that was there when the line was unmasked may be one more.
    ensure!(
        kernel > 0 && u64::from(kernel) <= 2 * u64::from(count) + root / 50 + 10,
        "{kernel} interrupts in the kernel"
    );
    ensure!(root <= u64::from(kernel), "{root} interrupts were read, {kernel} were counted by the kernel");
    figure(format_args!(
        "2 x {count} events in {:.1} s, {kernel} interrupts in the kernel, {root} read, {dropped} waits dropped",
        time.as_secs_f64()
    ));
    Ok(format!("{} events", 2 * count))
}
