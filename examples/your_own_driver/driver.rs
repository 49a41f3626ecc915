//! The driver: which registers its interrupt has, what the handoff file says of the block, and an operation.

use pynq::{
    BlockError, Driver, Wait, Waiting,
    core::{
        Error, ParameterError, Parameters, Window,
        interrupt::{Fired, NodeHandle},
        regs::WindowTooSmall,
    },
    latched_lines,
};

use crate::registers::{Control, CounterRegisters};

/// The result of an operation. The error has the block's name.
type Result<T> = core::result::Result<T, BlockError<Error>>;

/// What the register functions work on. All of them run under the lock of the block's node.
pub struct Hardware {
    registers: CounterRegisters<Window>,
}

// STATUS keeps what happened until it is written, and CONTROL lets it raise the interrupt.
latched_lines! {
    impl InterruptHardware for Hardware {
        lines: 1,
        enable: registers.control() << 1,
        status: registers.status(),
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
        let registers = CounterRegisters::new(window)?;
        registers.control().write(Control::empty());
        Ok(Hardware { registers })
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
                hardware.registers.exclusive().control().modify(|control| control - Control::RUN);
                Ok(())
            },
            move |hardware| {
                hardware.registers.threshold().write(pulses);
                hardware.registers.exclusive().control().modify(|control| control | Control::RUN);
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
