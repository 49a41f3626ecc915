//! I12: blocking forms, and waits that give up.

use alloc::{boxed::Box, format};
use core::{
    future::Future as _,
    task::{Context, Poll},
    time::Duration,
};

use pynq_core::{
    Error,
    interrupt::{Fired, Line, with_deadline},
};

use crate::{
    Fixture, Outcome, Verdict,
    case::{Case, Count},
    verdict::ensure,
};

const WHILE: Duration = Duration::from_millis(10);

/// The blocking form of a wait, for an event that is there. Where there is a clock the wait has a deadline, so that a
/// backend which loses the event fails the case.
fn twin<B: Fixture>(t: &Case<'_, B>, line: &mut Line) -> Result<Fired, Outcome> {
    let ended = match t.fixture.now() {
        Ok(now) => line.wait_until(now + WHILE),
        Err(_) => line.wait(),
    };
    ended
        .map_err(|error| Outcome::failed(format!("a blocking wait for an event that was there ended with \"{error}\"")))
}

/// A blocking wait that does not have to sleep.
pub(super) fn twin_finds<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let mut line = t.line(port)?;
    for round in 0..3 {
        t.fire(port)?;
        let fired = twin(t, &mut line)?;
        ensure!(fired.missed == 0, "round {round}: one event was reported as {fired:?}");
        t.answer(port)?;
        t.idle("after a blocking wait")?;
    }
    Ok(())
}

pub(super) fn twin_gives_up<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let mut line = t.line(port)?;
    for _ in 0..2 {
        let deadline = t.fixture.now()? + WHILE;
        match line.wait_until(deadline) {
            Err(Error::TimedOut) => {}
            ended => return Err(Outcome::failed(format!("a wait for nothing ended with {ended:?}"))),
        }
        ensure!(t.fixture.now()? >= deadline, "gave up at {}, before {deadline}", t.fixture.now()?);
        t.idle("after a wait that gave up")?;
    }
    t.fire(port)?;
    twin(t, &mut line)?;
    t.answer(port)?;
    t.idle("afterwards")
}

/// If both are there.
pub(super) fn event_wins<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let mut line = t.line(port)?;
    t.fire(port)?;
    line.wait_until(t.fixture.now()?)?;
    t.answer(port)?;

    let deadline = t.fixture.now()? + WHILE;
    let (sleep, count) = (t.fixture.sleep_until(deadline)?, Count::new());
    let mut wait = Box::pin(async move { with_deadline(line.wait_async(), sleep).await });
    let waker = count.waker();
    let mut cx = Context::from_waker(&waker);
    ensure!(wait.as_mut().poll(&mut cx).is_pending(), "a wait ended before its deadline and without an event");
    t.fire(port)?;
    t.fixture.pass_until(deadline)?;
    let ended = wait.as_mut().poll(&mut cx);
    ensure!(
        matches!(ended, Poll::Ready(Ok(_))),
        "a wait whose event and deadline were both there ended with {ended:?}"
    );
    drop(wait);
    t.answer(port)?;
    t.idle("afterwards")
}

pub(super) fn async_gives_up<B: Fixture>(t: &Case<'_, B>) -> Verdict {
    let port = t.port(0)?;
    let deadline = t.fixture.now()? + WHILE;
    let (mut line, sleep) = (t.line(port)?, t.fixture.sleep_until(deadline)?);
    let patient = t.wait(port)?;
    let wait = t.start_future(async move { with_deadline(line.wait_async(), sleep).await })?;
    ensure!(wait.outcome().is_none(), "a wait ended before its deadline");
    t.fixture.pass_until(deadline)?;
    t.rest()?;
    t.failed(&wait, Error::TimedOut, "at its deadline")?;
    t.waits(&patient, "by the deadline of another wait")?;
    t.fire(port)?;
    t.completed(&patient, "after another wait had given up")?;
    t.answer(port)?;
    t.idle("afterwards")
}
