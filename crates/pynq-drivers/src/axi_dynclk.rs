//! Digilent's `axi_dynclk`: a pixel clock of any frequency, made by an MMCM that is set anew while the design runs.
//!
//! Its output is five times the pixel clock, as HDMI wants it. The [`PixelClock`] that comes nearest is computed, and says
//! which frequency it has.
//!
//! The block has no interrupt. While it is set, the clock stands still, and with it all that it clocks: stop the VDMA
//! in front of it first.
//!
//! ```
//! use pynq_drivers::axi_dynclk::PixelClock;
//!
//! let clock = PixelClock::near(148_500_000)?; // 1920 x 1080, 60 frames a second
//! assert_eq!(clock.hertz(), 148_571_429);
//! assert!(PixelClock::near(300_000_000).is_err());
//! # Ok::<(), pynq_drivers::axi_dynclk::DynclkError>(())
//! ```

mod clock;

use core::fmt;

use pynq_core::{
    BlockError, Driver, Error, ParameterError, Parameters, Window, driver_error,
    interrupt::{NodeHandle, Silent},
    register_map,
    regs::{Ro, Rw, WindowTooSmall},
};

pub use clock::PixelClock;

/// The result of an operation. The error has the block's name.
pub type Result<T> = core::result::Result<T, BlockError<DynclkError>>;

register_map! {
    /// Registers of `axi_dynclk`.
    pub struct DynclkRegisters, size 0x20 {
        /// Bit 0 sets the MMCM when it goes to 1.
        0x00 => control: Rw<u32>,
        /// Bit 0: the MMCM runs as it was set.
        0x04 => status: Ro<u32>,
        /// Its output counter, feedback counter, fraction, input divider, lock and filter.
        0x08 [6; step 4] => setting: Rw<u32>,
    }
}

const START: u32 = 1;
const RUNNING: u32 = 1;
/// How often the status is looked at that follows within a few clocks.
const SPINS: u32 = 1_000;

driver_error! {
    /// Why an operation on an `axi_dynclk` failed.
    pub enum DynclkError {
        /// A frequency that it can't make.
        Frequency {
            /// What was asked for, in hertz.
            hertz: u32,
            /// The least there is.
            least: u32,
            /// The most there is.
            most: u32,
        } => "no pixel clock of {hertz} Hz can be made from 100 MHz; ask for {least} to {most}",
        /// It does not stop to be set.
        DoesNotStop => "the pixel clock's block does not get ready to be set (STATUS stays 1); is its bus clock running?",
        /// It was not looked at often enough, or never locks.
        DoesNotLock => "the pixel clock does not lock; is its reference of 100 MHz running?",
    }
}

/// An `axi_dynclk`. Clones are handles on the same one.
#[derive(Clone)]
pub struct AxiDynclk {
    node: NodeHandle<Silent<DynclkRegisters<Window>>>,
}

impl AxiDynclk {
    /// Begins to set the clock, which runs when [`is_running`](Self::is_running) says so: within a millisecond.
    ///
    /// # Errors
    ///
    /// [`DynclkError::DoesNotStop`], or the engine's.
    pub fn begin(&self, clock: &PixelClock) -> Result<()> {
        self.node.access(|hardware| {
            let registers = &hardware.registers;
            registers.control().write(0);
            if !(0..SPINS).any(|_| registers.status().read() & RUNNING == 0) {
                return Err(DynclkError::DoesNotStop);
            }
            for (register, value) in registers.setting().iter().zip(clock.settings()) {
                register.write(value);
            }
            registers.control().write(START);
            Ok(())
        })
    }

    /// Whether the clock runs as it was set.
    ///
    /// # Errors
    ///
    /// The engine's, if the design was replaced.
    pub fn is_running(&self) -> Result<bool> {
        self.node.access(|hardware| Ok(hardware.registers.status().read() & RUNNING != 0))
    }

    /// Sets the clock and waits until it runs: looks `looks` times, with `pause` in between.
    ///
    /// # Blocking
    ///
    /// As long as the pauses are.
    ///
    /// # Errors
    ///
    /// [`DynclkError::DoesNotLock`], or those of [`begin`](Self::begin).
    pub fn set(&self, clock: &PixelClock, looks: u32, mut pause: impl FnMut()) -> Result<()> {
        self.begin(clock)?;
        for _ in 0..looks {
            if self.is_running()? {
                return Ok(());
            }
            pause();
        }
        Err(self.node.error(DynclkError::DoesNotLock))
    }

    /// The node.
    #[must_use]
    pub const fn node(&self) -> &NodeHandle<Silent<DynclkRegisters<Window>>> {
        &self.node
    }
}

impl Driver for AxiDynclk {
    const NAME: &'static str = "axi_dynclk";
    const VLNV: &'static str = "digilentinc.com:ip:axi_dynclk";
    const INTERRUPT: &'static str = "interrupt";

    type Config = ();
    type Hardware = Silent<DynclkRegisters<Window>>;
    type SetUpError = WindowTooSmall;

    fn configure(_: &Parameters<'_>) -> core::result::Result<(), ParameterError> {
        Ok(())
    }

    /// Leaves the clock as it is: it runs from the beginning, and others may be clocked by it.
    fn set_up(window: Window, (): ()) -> core::result::Result<Self::Hardware, WindowTooSmall> {
        DynclkRegisters::new(window).map(Silent::new)
    }

    fn has_interrupt((): &()) -> bool {
        false
    }

    fn over(node: NodeHandle<Self::Hardware>) -> core::result::Result<Self, Error> {
        Ok(Self { node })
    }
}

impl fmt::Debug for AxiDynclk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AxiDynclk").field("node", &self.node).finish()
    }
}
