//! A machine whose parts are known: QEMU's `amd-microblaze-v-generic`.

use std::{ffi::OsStr, process};

use crate::{Error, Qtest, QtestPin, QtestWindow};

/// Whether time passes in the emulated machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// It passes as fast as the host's.
    Passes,
    /// It stands still: counters don't count. Registers can be accessed all the same.
    Stands,
}

/// A RISC-V MicroBlaze-V, which does nothing, and the blocks around it.
///
/// | block | at | input of the INTC |
/// | --- | --- | --- |
/// | AXI INTC of 32 inputs | [`INTC`](Self::INTC) | |
/// | AXI timer, 100 MHz | [`TIMERS`](Self::TIMERS) | 0, level |
/// | another | | 6, level |
/// | UART Lite, the first `-serial` of QEMU's | [`UARTLITE`](Self::UARTLITE) | 1, edge |
///
/// An AXI Ethernet and its DMA are there as well, at inputs 7 to 9.
///
/// QEMU is [stopped](Qtest::stop) when this value is dropped, even if there are still windows and pins.
#[derive(Debug)]
pub struct MicroBlazeV {
    qtest: Qtest,
}

impl Drop for MicroBlazeV {
    fn drop(&mut self) {
        self.qtest.stop();
    }
}

impl MicroBlazeV {
    /// The name of the machine.
    pub const NAME: &'static str = "amd-microblaze-v-generic";
    /// Address of the interrupt controller.
    pub const INTC: u64 = 0x4120_0000;
    /// Addresses of the timers.
    pub const TIMERS: [u64; 2] = [0x41C0_0000, 0x41C1_0000];
    /// Inputs of the INTC that they are wired to.
    pub const TIMER_INPUTS: [u8; 2] = [0, 6];
    /// Frequency of their clock.
    pub const CLOCK_HZ: u64 = 100_000_000;
    /// Address of the serial port.
    pub const UARTLITE: u64 = 0x4060_0000;
    /// Input of the INTC that it is wired to.
    pub const UARTLITE_INPUT: u8 = 1;
    /// Kinds of the INTC's inputs: only the serial port's is an edge.
    pub const KIND_OF_INTR: u32 = 1 << Self::UARTLITE_INPUT;

    /// Bytes of the INTC's registers, as they are in the hardware. QEMU has the first 32.
    const INTC_SIZE: usize = 0x200;
    const TIMER_SIZE: usize = 0x20;
    const UARTLITE_SIZE: usize = 0x10;
    /// QEMU's names for the first and second device that the machine makes.
    const CPU: &'static str = "/machine/unattached/device[0]";
    const CONTROLLER: &'static str = "/machine/unattached/device[1]";
    /// The processor's external interrupt.
    const CPU_INPUT: u32 = 11;

    /// The program at the processor's first address: `wfi` in a loop. Without it the memory there holds no program, and
    /// the processor would keep the host busy.
    const IDLE: [&'static str; 2] =
        ["loader,addr=0x1000,data=0x10500073,data-len=4", "loader,addr=0x1004,data=0xffdff06f,data-len=4"];

    /// Starts `emulator`, a `qemu-system-riscv32` of version 10 or later, with more arguments (`-serial ..`).
    ///
    /// # Errors
    ///
    /// What [`Qtest::start`] can meet. An emulator that doesn't know the machine ends at once ([`Error::Ended`]).
    pub fn start(emulator: impl AsRef<OsStr>, time: Time, arguments: &[&str]) -> Result<Self, Error> {
        let mut command = process::Command::new(emulator);
        command.args(["-M", Self::NAME, "-display", "none", "-monitor", "none"]);
        for program in Self::IDLE {
            command.args(["-device", program]);
        }
        if time == Time::Stands {
            command.arg("-S");
        }
        if !arguments.contains(&"-serial") {
            command.args(["-serial", "null"]);
        }
        command.args(arguments);
        let qtest = Qtest::start(command)?;
        let this = Self { qtest };
        this.qtest.watch_inputs(Self::CPU)?;
        Ok(this)
    }

    /// The connection.
    #[must_use]
    pub const fn qtest(&self) -> &Qtest {
        &self.qtest
    }

    /// The interrupt controller's registers.
    #[must_use]
    pub fn intc(&self) -> QtestWindow {
        self.qtest.window(Self::INTC, Self::INTC_SIZE)
    }

    /// The registers of a timer.
    #[must_use]
    pub fn timer(&self, second: bool) -> QtestWindow {
        self.qtest.window(Self::TIMERS[usize::from(second)], Self::TIMER_SIZE)
    }

    /// The serial port's registers.
    #[must_use]
    pub fn uartlite(&self) -> QtestWindow {
        self.qtest.window(Self::UARTLITE, Self::UARTLITE_SIZE)
    }

    /// The processor's interrupt, which is the output of the INTC.
    #[must_use]
    pub fn cpu_pin(&self) -> QtestPin {
        self.qtest.pin(Self::CPU_INPUT)
    }

    /// Whether the output of the INTC is active, and how often it has changed.
    #[must_use]
    pub fn intc_output(&self) -> (bool, u64) {
        (self.qtest.level(Self::CPU_INPUT), self.qtest.changes(Self::CPU_INPUT))
    }

    /// Sets an input of the INTC, as if its device had. Setting the same level again has an effect: QEMU's INTC takes
    /// it for another edge.
    ///
    /// # Errors
    ///
    /// That of the connection.
    pub fn set_intc_input(&self, input: u8, level: bool) -> Result<(), Error> {
        self.qtest.run(&[Self::intc_input(input, level)]).map(drop)
    }

    /// The command that [`set_intc_input`](Self::set_intc_input) sends.
    #[must_use]
    pub const fn intc_input(input: u8, level: bool) -> crate::Command<'static> {
        crate::Command::SetInput { device: Self::CONTROLLER, input: input as u32, level }
    }
}
