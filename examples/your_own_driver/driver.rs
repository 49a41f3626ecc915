//! The driver: an interrupt node of six register functions, what the handoff file says of the block, and an operation.

use pynq::{
    BlockError, Driver, Wait, Waiting,
    core::{
        Error, ParameterError, Parameters, Window,
        interrupt::{Fired, InterruptHardware, Lines, NodeHandle},
        regs::WindowTooSmall,
    },
};

use crate::registers::{Control, CounterRegisters, Status};

/// The result of an operation. The error has the block's name.
type Result<T> = core::result::Result<T, BlockError<Error>>;

/// The register functions. All of them run under the lock of the block's node.
pub struct Hardware {
    registers: CounterRegisters<Window>,
    /// What CONTROL holds, so that it need not be read to be changed.
    control: Control,
}

impl Hardware {
    fn set_control(&mut self, control: Control) {
        self.control = control;
        self.registers.control().write(control);
    }
}

impl InterruptHardware for Hardware {
    type Lines = Lines<1>;

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

    /// STATUS keeps what happened while the interrupt was masked: taken for the tasks that wait already, when a new handle
    /// on the line is made, which begins after it.
    fn take_latched(&mut self, lines: u32) -> u32 {
        self.ack_pending(lines)
    }

    /// `ack_pending` clears the cause, so the line is quiet after it.
    fn clears_on_ack(&self) -> u32 {
        Status::REACHED.bits()
    }

    fn read_back(&mut self) {
        self.registers.control().read();
    }
}

/// A counter of pulses. Clones are handles on the same one; starting it by one of them starts it anew for all.
#[derive(Clone)]
pub struct PulseCounter {
    node: NodeHandle<Hardware>,
}

/// All that a program needs to make one: `overlay.block::<PulseCounter>("counter")`.
impl Driver for PulseCounter {
    const NAME: &'static str = "pulse counter";
    const VLNV: &'static str = "example.org:ip:pulse_counter";
    const INTERRUPT: &'static str = "irq";

    /// It was built without a choice.
    type Config = ();
    type Hardware = Hardware;
    type SetUpError = WindowTooSmall;

    fn configure(_: &Parameters<'_>) -> core::result::Result<(), ParameterError> {
        Ok(())
    }

    fn set_up(window: Window, (): ()) -> core::result::Result<Hardware, WindowTooSmall> {
        let mut hardware = Hardware { registers: CounterRegisters::new(window)?, control: Control::empty() };
        hardware.set_control(Control::empty());
        Ok(hardware)
    }

    fn over(node: NodeHandle<Hardware>) -> core::result::Result<Self, Error> {
        Ok(Self { node })
    }
}

impl PulseCounter {
    /// Pulses counted so far.
    pub fn count(&self) -> Result<u32> {
        self.node.access(|hardware| Ok(hardware.registers.count().read()))
    }

    /// Starts counting and waits until there were `pulses`: to be awaited or blocked on, with a deadline or without.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future leaves the counter counting, and its interrupt masked.
    pub fn count_to_async(&self, pulses: u32) -> Waiting<impl Wait<Value = Fired, Error = BlockError<Error>>> {
        self.node.start_and_wait(
            0,
            |hardware| {
                hardware.set_control(hardware.control - Control::RUN);
                Ok(())
            },
            move |hardware| {
                hardware.registers.threshold().write(pulses);
                hardware.set_control(hardware.control | Control::RUN);
            },
        )
    }

    /// The blocking form of [`count_to_async`](Self::count_to_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime.
    pub fn count_to(&self, pulses: u32) -> Result<Fired> {
        self.count_to_async(pulses).block()
    }
}
