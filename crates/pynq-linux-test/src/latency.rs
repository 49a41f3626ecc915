//! How long it takes from an interrupt to the task: of the emulator on this machine, so that only the ratio means much.
//!
//! A counter of the processor's runs from zero at each interrupt, so that its value on waking is the time that went by.
//! It goes round after 2 ms: a later look reads as an early one, and the figures are lower bounds.

use std::{fs::File, sync::Arc};

use pynq_core::interrupt::{Direct, DirectNode, Line, StdLock};
use pynq_smol::SmolReactor;
use pynq_tokio::TokioReactor;
use pynq_uio::{LinuxClock, Masking, NoReactor, Reactor, UioInterrupts};
use rustix::event::{PollFd, PollFlags};

use crate::{
    board::{Registers, TTC0, device, quiet, ttc},
    report::{Failed, check, figure},
};

const ROUNDS: usize = 500;

/// One tick of the counter in nanoseconds: 133 MHz, divided by 16.
const TICK: u64 = 120;
const PERIOD: u32 = 16_667;

pub(crate) fn all() {
    check("latency/read-loop", || measured("a read loop", raw()?));
    check("latency/blocking", || {
        let mut pin = Pin::new(Arc::new(NoReactor))?;
        measured("the blocking form", (0..ROUNDS).map(|_| pin.blocking()).collect::<Result<_, _>>()?)
    });
    check("latency/tokio", || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut pin = Pin::new(Arc::new(TokioReactor::in_context()))?;
        measured("tokio, current thread", runtime.block_on(pin.all())?)
    });
    check("latency/tokio-multi", || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let mut pin = Pin::new(Arc::new(TokioReactor::in_context()))?;
        let found = runtime.block_on(async { tokio::spawn(async move { pin.all().await }).await? })?;
        measured("tokio, two threads", found)
    });
    check("latency/smol", || {
        let mut pin = Pin::new(Arc::new(SmolReactor))?;
        measured("smol", smol::block_on(pin.all())?)
    });
}

fn measured(what: &str, mut ticks: Vec<u32>) -> Result<String, Failed> {
    ticks.sort_unstable();
    let at = |percent: usize| ticks.get(ticks.len() * percent / 100).map_or(0, |&ticks| u64::from(ticks) * TICK / 1000);
    figure(format_args!("from interrupt to task, {what}: median {} us, 99th percentile {} us", at(50), at(99)));
    Ok(format!("{} interrupts", ticks.len()))
}

/// Without anything of ours: poll, read, look, clear, unmask.
fn raw() -> Result<Vec<u32>, Failed> {
    quiet()?;
    let (counter, file) = (Registers::at(TTC0)?, File::from(device("ttc0-0")?.open()?));
    ttc::start_slow(&counter, 0, PERIOD);
    let mut found = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        rustix::io::write(&file, &1_u32.to_ne_bytes())?;
        rustix::event::poll(&mut [PollFd::new(&file, PollFlags::IN)], None)?;
        rustix::io::read(&file, &mut [0; 4])?;
        found.push(ttc::value(&counter, 0));
        ttc::clear(&counter, 0);
    }
    quiet()?;
    Ok(found)
}

/// The counter's pin, straight on the processor.
struct Pin {
    line: Line,
    counter: Registers,
}

impl Pin {
    fn new(reactor: Arc<dyn Reactor>) -> Result<Self, Failed> {
        quiet()?;
        let interrupts = UioInterrupts::new(LinuxClock::new(Arc::clone(&reactor)), reactor);
        let root = interrupts.root(device("ttc0-0")?.open()?, Masking::AtTheRoot)?;
        let node = Arc::pin(DirectNode::new(StdLock::new(), Direct, root));
        let counter = Registers::at(TTC0)?;
        ttc::start_slow(&counter, 0, PERIOD);
        Ok(Self { line: Line::new(node, 0)?, counter })
    }

    fn look(&self) -> u32 {
        let value = ttc::value(&self.counter, 0);
        ttc::clear(&self.counter, 0);
        value
    }

    fn blocking(&mut self) -> Result<u32, Failed> {
        self.line.wait()?;
        Ok(self.look())
    }

    async fn all(&mut self) -> Result<Vec<u32>, Failed> {
        let mut found = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            self.line.wait_async().await?;
            found.push(self.look());
        }
        Ok(found)
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        ttc::stop(&self.counter, 0);
    }
}
