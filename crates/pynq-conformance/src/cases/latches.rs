//! I3: no bogus wake-up from a stale latch, and none lost to an acknowledge.

use crate::{Fixture, Moment, Stimulus, Verdict, case::Case};

/// The level trap: the latch of a level line sets again while the device is active, so its state
/// is old once the device was serviced.
pub(super) fn quiet_level_blocks<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let mut line = t.line(port)?;
    for _ in 0..3 {
        let wait = t.start(line)?;
        t.fire(port)?;
        t.completed(&wait, "by its event")?;
        t.answer(port)?;
        let wait = t.start(wait.line()?)?;
        t.waits(&wait, "though a second wait on a quiet line must block")?;
        line = t.cancel(wait)?;
    }
    t.idle("afterwards")
}

pub(super) fn active_level_fires<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let wait = t.wait(port)?;
    t.fire(port)?;
    t.completed(&wait, "by its event")?;
    for _ in 0..3 {
        let wait = t.start(t.line(port)?)?;
        t.completed(&wait, "though the device still requests service")?;
    }
    t.answer(port)?;
    let wait = t.wait(port)?;
    t.cancel(wait)?;
    t.idle("afterwards")
}

/// A device that requested service and went quiet by itself before any task waited.
pub(super) fn stale_level_latch<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let line = t.line(port)?;
    t.fire(port)?;
    t.fixture.stimulate(Stimulus::Level { line: port, active: false })?;
    t.rest()?;
    let wait = t.start(line)?;
    t.waits(&wait, "by an earlier request of the device")?;
    t.fire(port)?;
    t.completed(&wait, "by its event")?;
    t.answer(port)?;
    t.idle("afterwards")
}

/// An edge line is acknowledged when it fires, never when it is armed.
pub(super) fn edge_stays<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let wait = t.wait(port)?;
    t.fire(port)?;
    t.completed(&wait, "by its event")?;
    let line = wait.line()?;
    t.fire(port)?;
    let wait = t.start(line)?;
    t.completed(&wait, "by an event that came while nobody waited")?;
    let wait = t.start(wait.line()?)?;
    t.waits(&wait, "twice by one event")?;
    t.cancel(wait)?;
    t.idle("afterwards")
}

/// An event that comes when the running service has acknowledged its own is for the next wait.
pub(super) fn after_the_acknowledge<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let wait = t.wait(port)?;
    // Of a GPIO this takes pin 0 back to what the handle saw before; the moment after the sample is what matters.
    let stimulus = {
        let first = t.event(port);
        t.fixture.arrange(Moment::BeforeMasking, t.event(port))?;
        first
    };
    t.fixture.stimulate(stimulus)?;
    t.rest()?;
    t.completed(&wait, "by its event")?;
    let wait = t.start(wait.line()?)?;
    t.completed(&wait, "by an event after the acknowledge of the one before")?;
    let wait = t.start(wait.line()?)?;
    t.waits(&wait, "a third time by two events")?;
    t.cancel(wait)?;
    t.idle("afterwards")
}

pub(super) fn new_handle<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    for _ in 0..3 {
        t.fire(port)?;
        let wait = t.wait(port)?;
        t.fire(port)?;
        t.completed(&wait, "by its event")?;
    }
    t.idle("afterwards")
}

pub(super) fn clear_forgets<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let mut line = t.line(port)?;
    for _ in 0..3 {
        t.fire(port)?;
        line.clear()?;
        let wait = t.start(line)?;
        t.waits(&wait, "by an event that was cleared")?;
        t.fire(port)?;
        t.completed(&wait, "by an event after the clear")?;
        line = wait.line()?;
    }
    t.idle("afterwards")
}

/// Clearing takes the latch away; it must not take the event away from handles that have not seen it.
pub(super) fn clear_counts_for_others<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let (mut first, second) = (t.line(port)?, t.line(port)?);
    t.fire(port)?;
    first.clear()?;
    let wait = t.start(second)?;
    t.completed(&wait, "by an event that another handle has cleared")?;
    let wait = t.start(first)?;
    t.waits(&wait, "by an event that this handle has cleared")?;
    t.cancel(wait)?;
    t.idle("afterwards")
}

pub(super) fn used<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let wait = t.wait(port)?;
    t.fire(port)?;
    t.completed(&wait, "by its event")?;
    t.answer(port)
}
