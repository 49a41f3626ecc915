//! I5: dropping a wait at any point leaves hardware and queues as if it never was.

use crate::{
    Fixture, Verdict,
    case::{ByHand, Case, Count},
    verdict::ensure,
};

pub(super) fn leaves_nothing<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let mut line = t.line(port)?;
    for _ in 0..3 {
        let wait = t.start(line)?;
        t.waits(&wait, "before anything happened")?;
        line = t.cancel(wait)?;
        t.idle("after a wait was dropped")?;
    }
    let wait = t.start(line)?;
    t.waits(&wait, "by waits that were dropped")?;
    t.fire(port)?;
    t.completed(&wait, "after others were dropped")?;
    t.answer(port)?;
    t.idle("afterwards")
}

/// A wait that is dropped between its wake-up and the poll that would have returned the event.
pub(super) fn keeps_the_event<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let (mut line, count) = (t.line(port)?, Count::new());
    {
        let mut wait = alloc::boxed::Box::pin(line.wait_async());
        let waker = count.waker();
        let mut cx = core::task::Context::from_waker(&waker);
        ensure!(core::future::Future::poll(wait.as_mut(), &mut cx).is_pending(), "a wait ended without an event");
        t.fire(port)?;
        ensure!(count.get() == 1, "woken {} times by one event", count.get());
    }
    t.idle("after a woken wait was dropped")?;
    let wait = t.start(line)?;
    t.completed(&wait, "by an event whose wait was dropped")?;
    t.answer(port)?;
    let wait = t.start(wait.line()?)?;
    t.waits(&wait, "twice by one event")?;
    t.cancel(wait)?;
    t.idle("afterwards")
}

pub(super) fn takes_nothing<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let (mut first, count) = (ByHand::on(t.line(port)?), Count::new());
    ensure!(first.poll(&count.waker()).is_pending(), "a wait ended without an event");
    let (second, third) = (t.wait(port)?, t.wait(port)?);
    t.cancel(third)?;
    t.fire_unseen(port)?;
    ensure!(count.get() == 1, "woken {} times by one event", count.get());
    drop(first);
    t.rest()?;
    t.completed(&second, "by an event that a dropped wait was woken by as well")?;
    t.answer(port)?;
    t.idle("afterwards")
}

/// A select loop polls a wait often, with ever new wakers, before it gives up.
pub(super) fn after_k_polls<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    for polls in 0..5 {
        let other = t.wait(port)?;
        let mut wait = ByHand::on(t.line(port)?);
        let counts = [Count::new(), Count::new()];
        for poll in 0..polls {
            ensure!(wait.poll(&counts[poll % 2].waker()).is_pending(), "a wait ended without an event");
        }
        if polls % 2 == 0 {
            drop(wait);
            t.fire(port)?;
        } else {
            t.fire(port)?;
            let woken = [counts[0].get(), counts[1].get()];
            let last = (polls + 1) % 2;
            ensure!(woken[last] == 1 && woken[1 - last] == 0, "not the last waker alone was woken: {woken:?}");
            drop(wait);
        }
        t.completed(&other, "with another wait dropped")?;
        t.answer(port)?;
        t.idle("after a wait was dropped")?;
    }
    Ok(())
}
