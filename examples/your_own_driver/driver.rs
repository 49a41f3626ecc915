//! The driver: an interrupt node of five register functions, and an operation with its blocking twin.

use std::sync::Arc;

use pynq::{
    Error, Instant, IpNode, Overlay, Result, Window,
    core::interrupt::{InterruptEventExt, InterruptHardware, Line, Node, with_deadline},
    prelude::*,
};

use crate::registers::{Control, CounterRegisters, Status};

/// The register functions. All of them run under the lock of the block's node.
struct Hardware {
    registers: CounterRegisters<Window>,
    /// What CONTROL holds, so that it need not be read to be changed.
    control: Control,
}

impl Hardware {
    fn set_control(&mut self, control: Control) {
        self.control = control;
        self.registers.control().write(control);
    }

    /// Stops what runs, forgets that it had been over, and begins anew.
    fn start(&mut self, pulses: u32) {
        let control = self.control - Control::RUN;
        self.set_control(control);
        self.registers.status().clear(Status::REACHED);
        self.registers.threshold().write(pulses);
        self.set_control(control | Control::RUN);
    }
}

impl InterruptHardware for Hardware {
    fn unmask(&mut self, _: u32) {
        self.set_control(self.control | Control::INTERRUPT_ENABLE);
    }

    fn mask(&mut self, _: u32) {
        self.set_control(self.control - Control::INTERRUPT_ENABLE);
    }

    fn ack_pending(&mut self, _: u32) -> u32 {
        let status = self.registers.status().read() & Status::REACHED;
        self.registers.status().clear(status);
        status.bits()
    }

    /// `ack_pending` clears the cause, so the line is quiet after it.
    fn clears_on_ack(&self) -> u32 {
        Status::REACHED.bits()
    }

    fn read_back(&mut self) {
        self.registers.control().read();
    }
}

/// A counter of pulses. Clones are handles on the same one; who starts it anew takes it from whoever had started it.
#[derive(Clone)]
pub struct PulseCounter {
    path: Arc<str>,
    node: IpNode<Hardware, 1>,
    clock: BoardClock,
}

impl PulseCounter {
    /// The counter called `path`. Every call gives a handle on the same one.
    pub fn open(overlay: &Overlay, path: &str) -> Result<Self> {
        overlay.driver(path, |block| {
            block.expect("example.org:ip:pulse_counter", "pulse counter")?;
            let registers = CounterRegisters::new(block.window()?).map_err(|error| Error::driver(path, error))?;
            let mut hardware = Hardware { registers, control: Control::empty() };
            hardware.set_control(Control::empty());
            let node = block.node(hardware, block.parent("irq")?)?;
            Ok(Self { path: path.into(), node, clock: block.clock() })
        })
    }

    /// Pulses counted so far.
    pub fn count(&self) -> Result<u32> {
        self.with(|hardware| hardware.registers.count().read())
    }

    /// Starts counting and waits until there were `pulses`.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future leaves the counter counting, and its interrupt off.
    pub async fn count_to_async(&self, pulses: u32) -> Result<()> {
        let mut reached = self.start(pulses)?;
        let result = reached.wait_async().await;
        self.named(result.map(drop))
    }

    /// As [`count_to_async`](Self::count_to_async), but gives up at `deadline`, a time of the board's clock.
    ///
    /// # Cancellation safety
    ///
    /// As without a deadline.
    pub async fn count_to_until_async(&self, pulses: u32, deadline: Instant) -> Result<()> {
        let mut reached = self.start(pulses)?;
        let result = with_deadline(reached.wait_async(), self.clock.sleep_until(deadline)).await;
        self.named(result.map(drop))
    }

    /// The blocking twin of [`count_to_async`](Self::count_to_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime.
    pub fn count_to(&self, pulses: u32) -> Result<()> {
        let mut reached = self.start(pulses)?;
        self.named(reached.wait().map(drop))
    }

    /// The line comes first, so that what the counter raises from its start on is for it.
    fn start(&self, pulses: u32) -> Result<Line<IpNode<Hardware, 1>>> {
        let reached = self.named(Line::new(self.node.clone(), 0))?;
        self.with(|hardware| hardware.start(pulses))?;
        Ok(reached)
    }

    fn with<T>(&self, f: impl FnOnce(&mut Hardware) -> T) -> Result<T> {
        self.named(Node::with_hardware(&self.node, f))
    }

    fn named<T>(&self, result: Result<T, pynq::core::Error>) -> Result<T> {
        result.map_err(|error| Error::driver(&self.path, error))
    }
}
