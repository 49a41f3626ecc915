//! What users of PYNQ complain of, each as a promise of this library, on a simulated board with the public API.
//!
//! The waits are polled by hand wherever an order matters, so that no test depends on how fast anything is.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used)] // helpers of tests

#[path = "../common/mod.rs"]
mod common;
#[cfg(target_os = "linux")]
#[path = "../../../pynq-uio/tests/roots/device.rs"]
#[allow(dead_code, unreachable_pub)] // its other users need more of it
mod device;
mod dma;
mod owners;
#[cfg(target_os = "linux")]
mod slow;
#[path = "../../../pynq-hwh/tests/support/mod.rs"]
mod support;
#[cfg(target_os = "linux")]
#[path = "../../../pynq-uio/tests/roots/uio.rs"]
#[allow(dead_code)] // likewise
mod uio;
mod waits;
mod wiring;

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use pynq::prelude::*;

/// A wait, whatever it is for.
type Waiting<'a> = Pin<Box<dyn Future<Output = pynq::Result<()>> + Send + 'a>>;

fn poll(wait: &mut Waiting<'_>) -> Poll<pynq::Result<()>> {
    wait.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[track_caller]
fn waits(wait: &mut Waiting<'_>) {
    let polled = poll(wait);
    assert!(polled.is_pending(), "{polled:?}");
}

#[track_caller]
fn ends(wait: &mut Waiting<'_>) {
    let polled = poll(wait);
    assert!(matches!(polled, Poll::Ready(Ok(()))), "{polled:?}");
}

fn pressed(button: &Button) -> Waiting<'_> {
    Box::pin(async move { Ok(button.wait_for_level_async(Level::High).await?) })
}

fn fired(interrupt: &mut Interrupt) -> Waiting<'_> {
    Box::pin(async { interrupt.wait_async().await.map(drop) })
}

/// An overlay of the design that these cells describe.
fn overlay(cells: &str) -> Overlay {
    Overlay::simulated_from_str(&support::hwh(cells)).unwrap()
}

/// The register at an offset of a block.
fn register(overlay: &Overlay, path: &str, offset: usize) -> u64 {
    overlay.mmio(path).unwrap().read(offset, 4).unwrap()
}

/// Nothing is unmasked anywhere on the way from the buttons to the processor.
#[track_caller]
fn all_is_masked(base: &BaseOverlay) {
    let enables = [register(base, "btns_gpio", gpio::IER), register(base, "system_interrupts", intc::IER)];
    assert_eq!(enables, [0, 0], "the enables of the GPIO and of the controller");
    let board = base.simulation().unwrap();
    assert!(board.cpu_pins().iter().all(|id| !board.cpu_pin(*id).unwrap().is_armed()), "the processor is told");
}

/// Offsets in an AXI GPIO (PG144).
mod gpio {
    pub(crate) const GIER: usize = 0x11C;
    pub(crate) const ISR: usize = 0x120;
    pub(crate) const IER: usize = 0x128;
}

/// Offsets in an AXI INTC (PG099).
mod intc {
    pub(crate) const ISR: usize = 0x00;
    pub(crate) const IER: usize = 0x08;
    pub(crate) const IAR: usize = 0x0C;
    pub(crate) const MER: usize = 0x1C;
}
