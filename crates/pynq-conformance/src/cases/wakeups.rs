//! I2: an event after a waiter was registered completes it.

use crate::{
    Fixture, Moment, Source, Stimulus, Verdict,
    case::{ByHand, Case, Count},
    verdict::ensure,
};

pub(super) fn every_event<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let mut line = t.line(port)?;
    for round in 0..20 {
        let wait = t.start(line)?;
        t.waits(&wait, "before its event")?;
        t.fire(port)?;
        t.completed(&wait, "by its event")?;
        ensure!(wait.wakes() == 1, "round {round}: woken {} times by one event", wait.wakes());
        t.answer(port)?;
        line = wait.line()?;
    }
    t.idle("after the last wait")
}

pub(super) fn before_the_wait<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let mut line = t.line(port)?;
    for _ in 0..3 {
        t.fire(port)?;
        let wait = t.start(line)?;
        t.completed(&wait, "by an event between two waits")?;
        t.answer(port)?;
        let wait = t.start(wait.line()?)?;
        t.waits(&wait, "twice by one event")?;
        line = t.cancel(wait)?;
    }
    t.idle("at the end")
}

/// The device becomes active between the engine's decision to arm and the write that does it.
pub(super) fn while_unmasking<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let line = t.line(port)?;
    t.fixture.arrange(Moment::BeforeUnmasking, t.event(port))?;
    let wait = t.start(line)?;
    t.completed(&wait, "by an event in the very moment of unmasking")?;
    t.answer(port)?;
    t.idle("afterwards")
}

pub(super) fn before_the_status_is_read<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let (port, other) = (t.port(0)?, t.port(1)?);
    let (first, second) = (t.wait(port)?, t.wait(other)?);
    t.fixture.arrange(Moment::BeforeStatusRead, t.event(other))?;
    t.fire(port)?;
    t.completed(&first, "by its event")?;
    t.completed(&second, "by an event just before the status was read")?;
    t.answer(port)?;
    t.answer(other)?;
    t.idle("afterwards")
}

/// The edge trap: a second event of the same line after it was read that the first is pending. The waiting task is
/// woken after both, so its driver finds both; the next wait must not miss anything newer.
pub(super) fn before_the_acknowledge<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let wait = t.wait(port)?;
    t.fixture.arrange(Moment::BeforeAcknowledge, again(t, port))?;
    t.fire(port)?;
    t.completed(&wait, "by two events, one of them between read and acknowledge")?;
    if t.topology.source == Source::Edge && t.fixture.raised(port).is_ok() {
        ensure!(t.fixture.raised(port)? == 2, "the second event did not happen: the case tests nothing");
    }
    let wait = t.start(wait.line()?)?;
    if !wait.is_over() {
        t.fire(port)?;
        t.completed(&wait, "by the next event")?;
    }
    t.idle("afterwards")
}

/// A second event while the first is under way; of a GPIO one that the first doesn't undo.
fn again<B: Fixture>(t: &Case<'_, B>, port: u8) -> Stimulus {
    match t.topology.source {
        Source::Gpio => t.toggle_of(port, 1),
        Source::Edge | Source::Level => t.event(port),
    }
}

/// Only lines that were read as pending may be acknowledged.
pub(super) fn other_line_before_acknowledge<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let (port, other) = (t.port(0)?, t.port(1)?);
    let (first, second) = (t.wait(port)?, t.wait(other)?);
    // A level is acknowledged when it is unmasked, so the moment comes with the next wait.
    t.fixture.arrange(Moment::BeforeAcknowledge, t.event(other))?;
    t.fire(port)?;
    t.completed(&first, "by its event")?;
    t.answer(port)?;
    let third = t.start(first.line()?)?;
    t.completed(&second, "by an event while another line was acknowledged")?;
    t.waits(&third, "by an event of another line")?;
    t.answer(other)?;
    t.cancel(third)?;
    t.idle("afterwards")
}

/// The one hole in the hardware: the edge is lost, but a driver that reads the device after the wait finds the event.
pub(super) fn in_the_acknowledge<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    t.fixture.raised(port)?;
    let wait = t.wait(port)?;
    t.fixture.arrange(Moment::InAcknowledge, t.event(port))?;
    t.fire(port)?;
    t.completed(&wait, "by the edge before")?;
    ensure!(t.fixture.raised(port)? == 2, "the device has raised {} edges, not 2", t.fixture.raised(port)?);
    let wait = t.start(wait.line()?)?;
    t.waits(&wait, "by an edge that the hardware has lost")?;
    t.fire(port)?;
    t.completed(&wait, "by the edge after")?;
    ensure!(t.fixture.raised(port)? == 3, "the device has raised {} edges, not 3", t.fixture.raised(port)?);
    t.idle("afterwards")
}

/// The same hole under a node that reads its device after the acknowledge, as nodes do: nothing is lost.
pub(super) fn pin_in_the_acknowledge<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let (port, other) = (t.port(0)?, t.port(1)?);
    let (first, second) = (t.wait(port)?, t.wait(other)?);
    t.fixture.arrange(Moment::InAcknowledge, t.event(other))?;
    t.fire(port)?;
    t.completed(&first, "by its event")?;
    t.completed(&second, "by a change in the clock of the controller's acknowledge")?;
    let (line, count) = (t.line(port)?, Count::new());
    let mut wait = ByHand::on(line);
    ensure!(wait.poll(&count.waker()).is_pending(), "a wait ended without an event");
    t.fire(port)?;
    ensure!(count.get() == 1, "the line is dead afterwards");
    Ok(())
}
