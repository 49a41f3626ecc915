//! I8: errors reach every waiting task, and an invalidated node is not accessed.

use alloc::vec::Vec;

use pynq_core::Error;

use crate::{
    Fixture, Verdict,
    case::{ByHand, Case, Count},
    verdict::ensure,
};

pub(super) fn failing_root<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let mut line = t.line(port)?;
    let waits = (0..12).map(|_| t.wait(port)).collect::<Result<Vec<_>, _>>()?;
    t.fixture.fail_root(Error::DeviceGone)?;
    t.rest()?;
    for wait in &waits {
        t.failed(wait, Error::DeviceGone, "when the root failed")?;
        ensure!(wait.wakes() == 1, "woken {} times by one error", wait.wakes());
    }
    let late = t.start(line.clone())?;
    t.failed(&late, Error::DeviceGone, "that began after the root had failed")?;
    if !t.topology.is_on_root() || t.fixture.lines().len() > 1 {
        // The root's node has failed for good; so has everything above it that has met the error.
        ensure!(line.clear() == Err(Error::DeviceGone), "clearing works after the root has failed");
    }
    t.idle("after the root has failed")
}

pub(super) fn invalidated<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let mut line = t.line(port)?;
    let waits = (0..12).map(|_| t.wait(port)).collect::<Result<Vec<_>, _>>()?;
    let (mut dropped, count) = (ByHand::on(t.line(port)?), Count::new());
    ensure!(dropped.poll(&count.waker()).is_pending(), "a wait ended without an event");
    // The nodes behind a node are invalidated before it.
    for node in t.fixture.chain() {
        node.invalidate(Error::Invalidated);
    }
    let before = t.fixture.accesses()?;
    t.rest()?;
    for wait in &waits {
        t.failed(wait, Error::Invalidated, "by the invalidation")?;
    }
    ensure!(count.get() == 1, "woken {} times by the invalidation", count.get());
    drop(dropped);
    ensure!(line.clear() == Err(Error::Invalidated), "clearing works after the invalidation");
    ensure!(t.line(port).is_err(), "handles are given out after the invalidation");
    t.fixture.stimulate(t.event(port))?;
    let late = t.start(line)?;
    t.failed(&late, Error::Invalidated, "that began after the invalidation")?;
    t.idle("after the invalidation")?;
    let accesses = t.fixture.accesses()? - before;
    ensure!(accesses == 0, "{accesses} register accesses after the invalidation had returned");
    t.answer(port)
}

pub(super) fn no_such_line<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let lines = t.node.line_count();
    let refused = t.node.line(lines).err();
    ensure!(
        refused == Some(Error::NoSuchLine { line: lines, lines }),
        "a handle on line {lines} of {lines} gave {refused:?}"
    );
    t.idle("afterwards")
}
