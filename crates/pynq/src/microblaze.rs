//! PYNQ's I/O processors: found in a design by what they are wired to.

mod program_file;
mod wiring;

use std::{
    pin::Pin,
    sync::Mutex,
    task::{Context, Poll},
};

use pynq_core::{ErasedClock, Instant, OutputLine, interrupt::InterruptSource, lock};
use pynq_drivers::{
    PsGpioPin,
    microblaze::{MicroblazeHardware, PynqMicroblaze},
};

use crate::{BoardClock, Error, Overlay, Result, backend::Backend};

pub use program_file::{MicroblazeProgram, ProgramError};
pub use wiring::{MicroblazePart, MicroblazeWiring};

/// Directions of a bank are one register: pins are set up one after the other.
static DIRECTIONS: Mutex<()> = Mutex::new(());

/// I/O processors, and the lines that hold them.
impl Overlay {
    /// The I/O processor in the level `path` of the hierarchy: PYNQ's `PynqMicroblaze`. Its memory, its reset line and its
    /// interrupt are found by the design's nets, where these lead nowhere by PYNQ's names. Every call gives a handle on
    /// the same one.
    ///
    /// A design without the interrupt, or without the line that acknowledges it, gives a processor whose
    /// [`interrupt`](PynqMicroblaze::interrupt) is `None`; [`microblaze_wiring`](Self::microblaze_wiring) says what is there. So does a
    /// system on which the interrupt can't be reached; [`interrupt`](Self::interrupt) with that pin says why.
    ///
    /// ```
    /// # #[cfg(feature = "sim")] {
    /// use pynq::{drivers::microblaze::Program, prelude::*};
    ///
    /// # let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../pynq-hwh/fixtures/iop.hwh"));
    /// let overlay = Overlay::simulated_from_str(text)?;
    /// let iop = overlay.microblaze("iop_pmoda")?;
    /// assert!(iop.interrupt().is_some());
    /// // Stores 7 at 0x1000, and stays where it is.
    /// let program = [0x3060_0007_u32, 0xF860_1000, 0xB800_0000];
    /// let bytes: Vec<u8> = program.into_iter().flat_map(u32::to_le_bytes).collect();
    /// iop.load(&Program::raw(&bytes))?;
    /// assert_eq!(iop.word_async(0x1000, |word| word != 0).block()?, 7);
    /// # }
    /// # Ok::<(), pynq::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NoMicroblaze`] if there is none, or if its memory or its reset line can't be found; [`Error::Claimed`] if another driver
    /// holds the memory; and those of the processing system's GPIO.
    pub fn microblaze(&self, path: &str) -> Result<PynqMicroblaze> {
        let wiring = self.microblaze_wiring(path)?;
        let (memory, reset) = wiring.required(path, self.design())?;
        self.driver(memory, |context| {
            let design = self.design();
            let reset = context.backend().output_line(design, reset)?;
            // Without the line that clears it, there would be one interrupt and no other.
            let interrupt = wiring.acknowledge.zip(wiring.interrupt.as_deref());
            let (acknowledge, line) = match interrupt {
                Some((line, pin)) => (Some(context.backend().output_line(design, line)?), context.line(pin).ok()),
                None => (None, None),
            };
            let hardware = MicroblazeHardware::new(context.window()?, reset, acknowledge)
                .map_err(|error| Error::driver(memory, error))?;
            let source = OnBackend { backend: context.shared_backend(), clock: context.clock() };
            Ok(PynqMicroblaze::new(context.node_on(hardware, source)?, line))
        })
    }

    /// What an I/O processor is wired to, as far as the design shows it.
    ///
    /// # Errors
    ///
    /// [`Error::NoMicroblaze`] if there is no processor in this level of the hierarchy.
    pub fn microblaze_wiring(&self, path: &str) -> Result<MicroblazeWiring> {
        MicroblazeWiring::find(self.design(), path)
    }

    /// The levels of the hierarchy that have an I/O processor which can be opened.
    #[must_use]
    pub fn microblazes(&self) -> Vec<String> {
        wiring::all(self.design())
    }

    /// A wire of the processing system's GPIO into the logic, by its number there: PYNQ's `GPIO`. It is what it was
    /// before, output or input, at the level that it had.
    ///
    /// ```
    /// # #[cfg(feature = "sim")] {
    /// use embedded_hal::digital::OutputPin;
    /// use pynq::prelude::*;
    ///
    /// # let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../pynq-hwh/fixtures/iop.hwh"));
    /// let overlay = Overlay::simulated_from_str(text)?;
    /// let mut reset = overlay.ps_gpio(0)?;
    /// reset.make_output(false);
    /// reset.set_high().unwrap();
    /// assert!(overlay.simulation().unwrap().line("mb_iop_pmoda_reset/Dout")?);
    /// # }
    /// # Ok::<(), pynq::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Driver`] if there is no such line; those of the backend.
    pub fn ps_gpio(&self, line: u8) -> Result<PsGpioPin> {
        self.backend().ps_gpio(self.design(), line)
    }
}

/// Makes an output of a wire, at the level that the logic has of it.
pub(crate) fn output(pin: PsGpioPin) -> OutputLine {
    let _one_at_a_time = lock(&DIRECTIONS);
    if !pin.is_output() {
        pin.make_output(false);
    }
    OutputLine::boxed(pin)
}

/// What the calls of an I/O processor sleep on: the board, without any interrupt of it.
struct OnBackend {
    backend: std::sync::Arc<dyn Backend>,
    clock: BoardClock,
}

impl InterruptSource for OnBackend {
    fn poll_fired(self: Pin<&Self>, _: &mut Context<'_>) -> Poll<Result<(), pynq_core::Error>> {
        Poll::Ready(Err(pynq_core::Error::InterruptsUnavailable))
    }

    fn disarm(self: Pin<&Self>) {}

    fn block(
        &self,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
    ) -> Result<(), pynq_core::Error> {
        self.backend.block(poll, deadline)
    }

    fn clock(&self) -> Option<&dyn ErasedClock> {
        Some(self.clock.erased())
    }
}
