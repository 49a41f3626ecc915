//! A wait fits a cache line, whatever it waits for.
#![cfg(all(target_pointer_width = "64", feature = "std"))]

use std::pin::Pin;
use std::sync::Arc;

use pynq_core::interrupt::{InterruptLines, Line, Wait, WaitFor};

#[test]
fn a_wait_has_at_most_64_bytes() {
    assert!(size_of::<Wait<'_, Line<Pin<Arc<dyn InterruptLines>>>>>() <= 64);
    assert!(size_of::<Wait<'_, Line<&'static dyn InterruptLines>>>() <= 64);
    assert!(size_of::<WaitFor<'_, Pin<Arc<dyn InterruptLines>>>>() <= 64);
}
