//! Another machine whose parts are known: QEMU's `petalogix-ml605`, for its SPI controller with flash chips behind it.

use std::{ffi::OsStr, process};

use crate::{Error, Qtest, QtestPin, QtestWindow};

/// Which interrupt inputs QEMU reports. It reports those of one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// The processor's: [`cpu_pin`](Ml605::cpu_pin) works.
    Processor,
    /// The interrupt controller's: [`spi_output`](Ml605::spi_output) works.
    Controller,
}

/// A MicroBlaze, which does nothing, and the blocks around it. Its time stands still, which none of these blocks minds.
///
/// | block | at | input of the INTC |
/// | --- | --- | --- |
/// | AXI INTC of 32 inputs, all of them levels but the timer's | [`INTC`](Self::INTC) | |
/// | Quad SPI with FIFOs of 256 bytes, four chips of type N25Q128 | [`SPI`](Self::SPI) | [`SPI_INPUT`](Self::SPI_INPUT) |
///
/// There are a timer, a serial port and Ethernet as well. QEMU is [stopped](Qtest::stop) when this value is dropped, even
/// if there are still windows and pins.
#[derive(Debug)]
pub struct Ml605 {
    qtest: Qtest,
}

impl Drop for Ml605 {
    fn drop(&mut self) {
        self.qtest.stop();
    }
}

impl Ml605 {
    /// The name of the machine.
    pub const NAME: &'static str = "petalogix-ml605";
    /// Address of the interrupt controller.
    pub const INTC: u64 = 0x8180_0000;
    /// Kinds of its inputs: only the timer's is an edge.
    pub const KIND_OF_INTR: u32 = 1 << 2;
    /// Address of the SPI controller.
    pub const SPI: u64 = 0x40A0_0000;
    /// Input of the INTC that it is wired to.
    pub const SPI_INPUT: u8 = 4;
    /// Words of its FIFOs.
    pub const SPI_FIFO: u16 = 256;
    /// Its slave selects.
    pub const SPI_SELECTS: u8 = 4;
    /// Bytes of each flash chip.
    pub const FLASH_SIZE: u32 = 16 << 20;

    const INTC_SIZE: usize = 0x200;
    const SPI_SIZE: usize = 0x7C;
    /// QEMU's names for the first and third device that the machine makes.
    const CPU: &'static str = "/machine/unattached/device[0]";
    const CONTROLLER: &'static str = "/machine/unattached/device[2]";
    /// The processor's interrupt.
    const CPU_INPUT: u32 = 0;

    /// Starts `emulator`, a `qemu-system-microblazeel` of version 10 or later.
    ///
    /// # Errors
    ///
    /// What [`Qtest::start`] can meet. An emulator that doesn't know the machine ends at once ([`Error::Ended`]).
    pub fn start(emulator: impl AsRef<OsStr>, watch: Watch) -> Result<Self, Error> {
        let mut command = process::Command::new(emulator);
        command.args(["-M", Self::NAME, "-display", "none", "-monitor", "none", "-serial", "null", "-S"]);
        let this = Self { qtest: Qtest::start(command)? };
        this.qtest.watch_inputs(if watch == Watch::Processor { Self::CPU } else { Self::CONTROLLER })?;
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

    /// The SPI controller's registers.
    #[must_use]
    pub fn spi(&self) -> QtestWindow {
        self.qtest.window(Self::SPI, Self::SPI_SIZE)
    }

    /// The processor's interrupt, which is the output of the INTC.
    #[must_use]
    pub fn cpu_pin(&self) -> QtestPin {
        self.qtest.pin(Self::CPU_INPUT)
    }

    /// Whether the output of the SPI controller is active.
    #[must_use]
    pub fn spi_output(&self) -> bool {
        self.qtest.level(Self::SPI_INPUT.into())
    }
}
