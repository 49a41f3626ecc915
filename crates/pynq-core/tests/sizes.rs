//! A wait fits a cache line, whatever it waits for.
#![cfg(target_pointer_width = "64")]

use pynq_core::interrupt::{ConditionWait, EventWait, Waiting};

#[test]
fn a_wait_has_at_most_64_bytes() {
    assert!(size_of::<Waiting<EventWait<'_>>>() <= 64);
    assert!(size_of::<Waiting<ConditionWait<'_>>>() <= 64);
}
