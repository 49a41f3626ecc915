//! I6, I7, I9 to I11 and I13: the cost of an interrupt, and the tasks that it wakes.

use crate::{
    Fixture, Outcome, Source, Verdict,
    case::{ByHand, Case, Count},
    verdict::ensure,
};

pub(super) fn once<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let before = t.fixture.interrupts()?;
    let waits = [t.wait(port)?, t.wait(port)?, t.wait(port)?];
    t.fire(port)?;
    for wait in &waits {
        t.completed(wait, "by an event that three wait for")?;
    }
    let (fired, taken) = (t.stats(port).fired, t.fixture.interrupts()? - before);
    ensure!(fired == 1 && taken == 1, "one event was served {fired} times, by {taken} interrupts");
    t.answer(port)?;
    t.idle("afterwards")
}

pub(super) fn two_lines<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let (port, other) = (t.port(0)?, t.port(1)?);
    let (mut first, mut second) = (t.line(port)?, t.line(other)?);
    for _ in 0..3 {
        // Both are there before any task waits, so that one service finds both.
        t.fire(port)?;
        t.fire(other)?;
        let waits = (t.start(first)?, t.start(second)?);
        t.completed(&waits.0, "with two lines active")?;
        t.completed(&waits.1, "with two lines active")?;
        t.answer(port)?;
        t.answer(other)?;
        (first, second) = (waits.0.line()?, waits.1.line()?);
    }
    t.idle("afterwards")
}

pub(super) fn independent<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let (port, other) = (t.port(0)?, t.port(1)?);
    let patient = t.wait(other)?;
    let mut line = t.line(port)?;
    for _ in 0..5 {
        let wait = t.start(line)?;
        t.fire(port)?;
        t.completed(&wait, "with another line waited on")?;
        t.answer(port)?;
        line = wait.line()?;
    }
    t.waits(&patient, "by another line")?;
    t.fire(other)?;
    t.completed(&patient, "after many services of another line")?;
    t.answer(other)?;
    t.idle("afterwards")
}

/// A task and the GPIO's node on one level line: the node clears the device first, or the line would fire for ever.
pub(super) fn two_owners<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let (port, line) = (t.port(0)?, t.fixture.parent_line()?);
    let parent =
        t.fixture.chain().into_iter().nth(1).ok_or_else(|| Outcome::skipped("this topology has no controller"))?;
    let mut raw = parent.line(line)?;
    for _ in 0..3 {
        // The raw handle registers first, so that the node is not served first merely for being the first waiter.
        let mut listens = ByHand::on(raw.clone());
        let count = Count::new();
        ensure!(listens.poll(&count.waker()).is_pending(), "a wait on the node's line ended without an event");
        let before = parent.line_stats(line).fired;
        let pressed = t.wait(port)?;
        t.fire(port)?;
        t.completed(&pressed, "with a task listening on the node's line")?;
        ensure!(count.get() == 1, "the listener on the node's line was woken {} times", count.get());
        ensure!(listens.poll(&count.waker()).is_ready(), "the listener on the node's line was woken for nothing");
        let fired = parent.line_stats(line).fired - before;
        ensure!(fired == 1, "one event on a line with two owners was served {fired} times");
        raw = parent.line(line)?;
    }
    t.idle("afterwards")
}

/// A root masks itself when it fires, or it would enter its handler again and again.
pub(super) fn one_shot<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let before = t.fixture.interrupts()?;
    let wait = t.wait(port)?;
    t.fire(port)?;
    t.completed(&wait, "by its event")?;
    // A level device still requests service; no task waits, so none of its interrupts may arrive.
    for _ in 0..5 {
        t.rest()?;
    }
    let taken = t.fixture.interrupts()? - before;
    ensure!(taken == 1, "{taken} interrupts were taken for one event");
    t.answer(port)
}

/// Nothing polls: a wait costs nothing while it waits.
pub(super) fn costs_nothing<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let wait = t.wait(port)?;
    let (accesses, polls) = (t.fixture.accesses()?, wait.polls());
    for _ in 0..100 {
        t.fixture.turn();
        t.rest()?;
    }
    let (accesses, polls) = (t.fixture.accesses()? - accesses, wait.polls() - polls);
    ensure!(accesses == 0 && polls == 0, "{accesses} register accesses and {polls} polls while nothing happened");
    t.fire(port)?;
    t.completed(&wait, "by its event")?;
    ensure!(wait.polls() == 2, "a wait of one event was polled {} times", wait.polls());
    t.answer(port)
}

/// No task runs the dispatch, so a task that never gets its turn does not delay the others.
pub(super) fn slow_task<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let (mut slow, count) = (ByHand::on(t.line(port)?), Count::new());
    ensure!(slow.poll(&count.waker()).is_pending(), "a wait ended without an event");
    let mut line = t.line(port)?;
    for _ in 0..5 {
        let wait = t.start(line)?;
        t.fire(port)?;
        t.completed(&wait, "with a task that has not come back since it was woken")?;
        t.answer(port)?;
        line = wait.line()?;
    }
    ensure!(count.get() == 1, "a task that was woken and not polled was woken {} times", count.get());
    ensure!(slow.poll(&count.waker()).is_ready(), "the slow task was woken for nothing");
    t.idle("afterwards")
}

/// A dispatch that finds nothing pending re-arms, and wakes no task.
pub(super) fn spurious<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    if t.topology.is_on_root() && t.topology.source != Source::Gpio {
        return Err(Outcome::skipped("on the root itself there is no telling a spurious interrupt from an event"));
    }
    let wait = t.wait(port)?;
    for _ in 0..3 {
        t.fixture.spurious_interrupt()?;
        t.rest()?;
        t.waits(&wait, "by an interrupt that no line raised")?;
    }
    ensure!(t.stats(port).fired == 0, "an interrupt that no line raised was counted as an event");
    t.fire(port)?;
    t.completed(&wait, "after spurious interrupts")?;
    t.answer(port)?;
    t.idle("afterwards")
}

pub(super) fn claimed_once<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let wait = t.wait(port)?;
    ensure!(t.fixture.claim_again()?, "hardware that is in use was claimed a second time");
    t.fire(port)?;
    t.completed(&wait, "after somebody else tried to claim its hardware")?;
    t.answer(port)
}

pub(super) fn software<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let lines = t.fixture.software_lines()?;
    let hardware = t.wait(t.port(0)?)?;
    for &line in &lines {
        let wait = t.start(t.node.line(line)?)?;
        t.waits(&wait, "before its interrupt was raised")?;
        t.fixture.raise_software(line)?;
        t.rest()?;
        t.completed(&wait, "by a software interrupt")?;
        // Raised while no task waits, it stays latched, as an edge does.
        t.fixture.raise_software(line)?;
        let wait = t.start(wait.line()?)?;
        t.completed(&wait, "by a software interrupt from before")?;
        let wait = t.start(wait.line()?)?;
        t.waits(&wait, "by a software interrupt that was acknowledged")?;
        t.cancel(wait)?;
    }
    t.waits(&hardware, "by software interrupts")?;
    t.cancel(hardware)?;
    t.idle("afterwards")
}
