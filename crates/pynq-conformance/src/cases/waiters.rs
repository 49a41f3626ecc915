//! I4: any number of waiters, all woken by one service, each with a cursor of its own.

use alloc::{boxed::Box, vec::Vec};
use core::pin::Pin;

use pynq_core::interrupt::Listener;

use crate::{
    Fixture, Outcome, Source, Verdict,
    case::{ByHand, Case, Count, handle, waker},
    sync::{Arc, Lock},
    verdict::ensure,
};

/// More than leave the lock in one batch, and more than a bounded queue would hold.
const MANY: usize = 40;

pub(super) fn forty<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let waits = (0..MANY).map(|_| t.wait(port)).collect::<Result<Vec<_>, _>>()?;
    let before = t.stats(port);
    t.fire(port)?;
    for wait in &waits {
        t.completed(wait, "by an event that forty wait for")?;
        ensure!(wait.wakes() == 1, "one of forty was woken {} times", wait.wakes());
    }
    let after = t.stats(port);
    ensure!(after.fired - before.fired == 1, "{} services for one event", after.fired - before.fired);
    ensure!(after.spurious == before.spurious, "{} were woken for nothing", after.spurious - before.spurious);
    t.answer(port)?;
    t.idle("afterwards")
}

/// A waker that registers a wait of its own, in the middle of the service that wakes forty.
pub(super) fn newcomer<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    if t.fixture.wakes_in_handler() {
        return Err(Outcome::skipped("wakers here are woken where they can't register a wait"));
    }
    let port = t.port(0)?;
    let (count, late) = (Count::new(), Count::new());
    let newcomer = Arc::new(Lock::new(None));
    let joins = {
        let (node, topology, count, late) = (t.node.clone(), *t.topology, count.waker(), late.waker());
        let newcomer = Arc::clone(&newcomer);
        waker(move || {
            count.wake_by_ref();
            let joined = handle(&node, &topology, port).map(|line| {
                let mut wait = ByHand::on(line);
                let pending = wait.poll(&late).is_pending();
                (wait, pending)
            });
            newcomer.with(|newcomer| *newcomer = joined.ok());
        })
    };
    let mut waits = Vec::new();
    for index in 0..MANY {
        let mut wait = ByHand::on(t.line(port)?);
        let waker = if index == 3 { joins.clone() } else { count.waker() };
        ensure!(wait.poll(&waker).is_pending(), "a wait ended without an event");
        waits.push(wait);
    }
    t.fire(port)?;
    ensure!(count.get() == 40, "{} of forty were woken", count.get());
    let joined = newcomer.with(Option::take);
    let Some((mut wait, true)) = joined else { return Err(Outcome::failed("a newcomer could not register")) };
    ensure!(late.get() == 0, "a task that registered during the service was woken by it");
    t.fire(port)?;
    ensure!(late.get() == 1 && count.get() == 40, "the next event woke others than the newcomer alone");
    ensure!(wait.poll(&late.waker()).is_ready(), "the newcomer was woken for nothing");
    drop(waits);
    t.idle("afterwards")
}

pub(super) fn cursors<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let (early, late) = (t.line(port)?, t.line(port)?);
    let wait = t.start(early)?;
    t.fire(port)?;
    let first = t.completed(&wait, "by its event")?;
    let wait = t.start(late)?;
    let second = t.completed(&wait, "by an event that another handle has seen")?;
    ensure!(first.count == second.count, "two handles count differently: {first:?}, {second:?}");
    let wait = t.start(wait.line()?)?;
    t.waits(&wait, "twice by one event")?;
    t.cancel(wait)?;
    t.idle("afterwards")
}

pub(super) fn listener<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let mut listener: Pin<Box<Listener>> = Box::pin(t.line(port)?.listen());
    listener.as_mut().arm()?;
    for _ in 0..3 {
        t.fire(port)?;
    }
    let slot = Arc::new(Lock::new(None));
    let returned = Arc::clone(&slot);
    let wait = t.start_future(async move {
        let fired = listener.as_mut().next_async().await;
        returned.with(|slot| *slot = Some(listener));
        fired
    })?;
    let fired = t.completed(&wait, "though a listener was armed for three events")?;
    if t.topology.is_on_root() {
        // The root's pin is the source itself: the next wait arms it again, and it remembers one edge until then.
        ensure!(fired.missed <= 2, "a listener missed {} of two events", fired.missed);
    } else {
        ensure!(fired.missed == 2, "a listener reported {} missed events, not 2", fired.missed);
    }
    drop(slot.with(Option::take));
    t.idle("after the listener was dropped")
}

/// A device that raises its event at once must not be faster than the task that starts it.
pub(super) fn armed_before<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let wait = t.wait(port)?;
    t.fire_unseen(port)?;
    t.rest()?;
    t.completed(&wait, "by the device it was armed for")?;
    t.answer(port)?;
    let line = wait.line()?;
    // No task waits in between: events after the listener was armed are counted all the same.
    let mut listener = Box::pin(line.listen());
    listener.as_mut().arm()?;
    t.fire(port)?;
    let wait = t.start_future(async move { listener.as_mut().next_async().await })?;
    let fired = t.completed(&wait, "by an event after the listener was armed")?;
    ensure!(t.topology.source == Source::Gpio || fired.missed == 0, "one event was reported as {fired:?}");
    t.answer(port)?;
    t.idle("afterwards")
}
