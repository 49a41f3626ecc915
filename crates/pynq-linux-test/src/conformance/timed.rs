//! Register functions that let something happen at a moment of their own.

use std::sync::{Arc, Mutex, PoisonError};

use pynq_conformance::Moment;
use pynq_core::interrupt::InterruptHardware;

type Event = Box<dyn FnOnce() + Send>;

/// What is to happen, and when.
#[derive(Clone, Default)]
pub(crate) struct Trap(Arc<Mutex<Option<(Moment, Event)>>>);

impl Trap {
    pub(crate) fn set(&self, moment: Moment, event: impl FnOnce() + Send + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((moment, Box::new(event)));
    }

    fn spring(&self, moment: Moment) {
        let event = self.0.lock().unwrap_or_else(PoisonError::into_inner).take_if(|(when, _)| *when == moment);
        if let Some((_, event)) = event {
            event();
        }
    }
}

/// The register functions of a block, with a trap before each of them.
pub(crate) struct Timed<H> {
    pub(crate) hardware: H,
    pub(crate) trap: Trap,
}

impl<H: InterruptHardware> InterruptHardware for Timed<H> {
    type Lines = H::Lines;

    fn unmask(&mut self, lines: u32) {
        self.trap.spring(Moment::BeforeUnmasking);
        self.hardware.unmask(lines);
    }

    fn mask(&mut self, lines: u32) {
        self.trap.spring(Moment::BeforeMasking);
        self.hardware.mask(lines);
    }

    fn ack_pending(&mut self, lines: u32) -> u32 {
        self.trap.spring(Moment::BeforeStatusRead);
        self.hardware.ack_pending(lines)
    }

    fn take_latched(&mut self, lines: u32) -> u32 {
        self.hardware.take_latched(lines)
    }

    fn read_level(&mut self, line: u8) -> u32 {
        self.hardware.read_level(line)
    }

    fn clears_on_ack(&self) -> u32 {
        self.hardware.clears_on_ack()
    }

    fn read_back(&mut self) {
        self.hardware.read_back();
    }
}
