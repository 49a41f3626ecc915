//! A block with one interrupt, one status bit per channel and many pins: which tasks are woken, and which are not.

use pynq_core::interrupt::{Condition, Line};

use crate::{Fixture, Verdict, case::Case, verdict::ensure};

const BUTTON: u32 = 0b01;
const OTHER: u32 = 0b10;

const fn level(mask: u32, high: bool) -> Condition {
    Condition::Level { mask, value: if high { mask } else { 0 } }
}

pub(super) fn own_button<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let zero = t.start_for(0, level(BUTTON, true))?;
    let one = t.start_for(0, level(OTHER, true))?;
    t.set_pin(0, 1, true)?;
    t.completed(&one, "by its button")?;
    t.waits(&zero, "by another button of its channel")?;
    t.set_pin(0, 1, false)?;
    t.waits(&zero, "by another button's release")?;
    t.set_pin(0, 0, true)?;
    t.completed(&zero, "by its button")?;
    let stats = t.stats(0);
    ensure!(stats.spurious == 0 && stats.woken == 2, "two presses woke {} waiters", stats.woken);
    t.idle("afterwards")
}

pub(super) fn one_pin<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    for high in [true, false, true] {
        let waits = [t.start_for(0, level(BUTTON, high))?, t.start_for(0, level(BUTTON, high))?];
        let handles = [t.wait(0)?, t.wait(0)?];
        t.set_pin(0, 0, high)?;
        for wait in waits.iter().chain(&handles) {
            t.completed(wait, "by a pin that four wait for")?;
        }
    }
    t.idle("afterwards")
}

pub(super) fn other_channel<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let (first, second) = (t.port(0)?, t.port(1)?);
    let one = t.wait(first)?;
    for high in [true, false, true] {
        t.set_pin(second, 0, high)?;
        t.waits(&one, "by the other channel, on which nobody waits")?;
    }
    let two = t.wait(second)?;
    t.set_pin(second, 0, false)?;
    t.completed(&two, "by its channel")?;
    t.waits(&one, "by the other channel, on which somebody waits")?;
    t.set_pin(first, 0, true)?;
    t.completed(&one, "by its channel")?;
    t.idle("afterwards")
}

/// Both channels raise the same line. If it did not drop in between, an edge input would never see the second.
pub(super) fn two_channels<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let mut lines = [t.line(t.port(0)?)?, t.line(t.port(1)?)?];
    for round in 0..6 {
        let [one, two] = lines;
        let (one, two) = (t.start(one)?, t.start(two)?);
        let order = if round % 2 == 0 { [0, 1] } else { [1, 0] };
        t.fixture.stimulate(t.event(order[0]))?;
        t.fixture.stimulate(t.event(order[1]))?;
        t.rest()?;
        t.completed(&one, "with both channels changing")?;
        t.completed(&two, "with both channels changing")?;
        lines = [one.line()?, two.line()?];
    }
    drop(lines);
    t.idle("afterwards")
}

pub(super) fn level_holds<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let wait = t.start_for(0, level(BUTTON, false))?;
    t.completed(&wait, "though the pin is low already")?;
    t.set_pin(0, 0, true)?;
    let wait = t.start_for(0, level(BUTTON, true))?;
    t.completed(&wait, "though the pin is high already")?;
    t.idle("after waits that needed no event")?;
    let wait = t.start_for(0, level(BUTTON, false))?;
    t.waits(&wait, "though the pin is high")?;
    t.set_pin(0, 0, false)?;
    t.completed(&wait, "when the pin went low")?;
    t.idle("afterwards")
}

pub(super) fn directions<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let rising = t.start_for(0, Condition::Rising { mask: BUTTON })?;
    let falling = t.start_for(0, Condition::Falling { mask: BUTTON })?;
    let any = t.start_for(0, Condition::Change { mask: BUTTON, since: None })?;
    t.set_pin(0, 0, true)?;
    let fired = t.completed(&rising, "by a rising edge")?;
    ensure!(fired.changed == BUTTON, "a wait for pin 0 returned {:#b}", fired.changed);
    t.completed(&any, "by an edge")?;
    t.waits(&falling, "by a rising edge")?;
    t.set_pin(0, 0, false)?;
    t.completed(&falling, "by a falling edge")?;
    t.idle("afterwards")
}

/// The status remembers that there was a change, the pins have changed by nothing, and a change is what a handle is for.
pub(super) fn there_and_back<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let line = Line::of_bits(t.node.clone(), 0, BUTTON | OTHER)?;
    t.set_pin(0, 0, true)?;
    t.set_pin(0, 0, false)?;
    let wait = t.start(line)?;
    t.waits(&wait, "by a change that was taken back")?;
    t.set_pin(0, 1, true)?;
    let fired = t.completed(&wait, "by a change that stays")?;
    ensure!(fired.changed == OTHER, "a change of pin 1 was reported as {:#b}", fired.changed);
    t.idle("afterwards")
}
