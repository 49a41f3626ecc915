//! I1: no interrupt of a line can reach the CPU unless something waits on it.

use pynq_core::Error;

use crate::{Fixture, Outcome, Verdict, case::Case};

pub(super) fn nobody_waits<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    t.masked("before anyone waits")?;
    let mut line = t.line(port)?;
    t.masked("though a handle is no wait")?;
    for _ in 0..3 {
        let wait = t.start(line)?;
        t.unmasked(port, "while somebody waits")?;
        t.fire(port)?;
        t.completed(&wait, "by its event")?;
        t.masked("after the wait completed")?;
        t.answer(port)?;
        line = wait.line()?;
    }
    let wait = t.start(line)?;
    t.unmasked(port, "while somebody waits again")?;
    t.cancel(wait)?;
    t.masked("after the wait was dropped")
}

pub(super) fn last_of_two<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let (first, second) = (t.wait(port)?, t.wait(port)?);
    t.cancel(first)?;
    t.unmasked(port, "while one of two still waits")?;
    t.fire(port)?;
    t.completed(&second, "after another waiter had gone")?;
    t.masked("after both have gone")?;
    t.answer(port)?;
    let (first, second) = (t.wait(port)?, t.wait(port)?);
    t.cancel(second)?;
    t.cancel(first)?;
    t.masked("after both were dropped")
}

pub(super) fn other_lines<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let (port, other) = (t.port(0)?, t.port(1)?);
    let wait = t.wait(port)?;
    let before = t.stats(other).fired;
    t.fire(other)?;
    t.waits(&wait, "by another line")?;
    if t.stats(other).fired != before {
        return Err(Outcome::failed("a line on which nobody waits was served"));
    }
    t.fire(port)?;
    t.completed(&wait, "by its own line, with another one active")?;
    t.masked("with a line active that nobody waits on")
}

pub(super) fn after_an_error<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    t.fixture.enables()?;
    let wait = t.wait(port)?;
    for node in t.fixture.chain() {
        node.invalidate(Error::Invalidated);
    }
    t.rest()?;
    t.failed(&wait, Error::Invalidated, "by the invalidation")?;
    t.masked("after the invalidation")
}

pub(super) fn used<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    t.masked("after a used controller was claimed")?;
    let port = t.port(0)?;
    let wait = t.wait(port)?;
    t.unmasked(port, "while somebody waits")?;
    t.fire(port)?;
    t.completed(&wait, "by its event")?;
    t.masked("after the wait")
}
