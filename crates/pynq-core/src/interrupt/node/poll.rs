//! How a wait is polled: by registering it, and from then on by checking whether it was served.

use core::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use super::{
    super::{
        Condition, Driven, TaskId,
        line_array::LineArray,
        lines::{Cursor, Fired, Request},
        waker::clone_for_parent,
    },
    Activity, Error, InterruptHardware, InterruptSource, Live, NodeLock, State, Waiter,
};

fn clone_of(request: &Request, cx: &Context<'_>) -> Waker {
    if request.is_node { clone_for_parent(cx.waker()) } else { cx.waker().clone() }
}

enum Polled {
    Done(Result<Fired, Error>),
    Waits { moves: bool },
    NeedsWaker,
}

impl<H, L, S> Live<'_, H, L, S>
where
    H: InterruptHardware + 'static,
    L: NodeLock + Send + Sync + 'static,
    S: InterruptSource + Send + Sync + 'static,
{
    /// Whether a wait may wait here, and what delivers its events.
    fn admitted(&self, request: &Request) -> Result<Driven, Error> {
        match request.condition {
            // A listener binds what delivers events if there is something here and now, and holds its line in any case.
            Some(Condition::KeepUnmasked) => {
                self.source.prepare_wait().map(|_| Driven::ByCaller).or(Ok(Driven::ByCaller))
            }
            _ if request.is_node => Ok(Driven::ByCaller),
            _ => self.source.prepare_wait(),
        }
    }

    /// Registers a waiter that is in no queue, unless there is nothing to wait for.
    pub(super) fn poll_first(
        &self,
        waiter: Pin<&Waiter>,
        request: &Request,
        cursor: &mut Cursor,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Fired, Error>> {
        if request.line >= self.header.line_count {
            return Poll::Ready(Err(Error::NoSuchLine { line: request.line, lines: self.header.line_count }));
        }
        let is_late = cfg!(pynq_mutant = "check-before-register");
        if is_late {
            let over = self.state.with_lock(|state| state.outcome_before(&waiter, request, cursor));
            if let Some(result) = over {
                return Poll::Ready(result);
            }
        }
        let admitted = self.admitted(request);
        let by_reactor = admitted == Ok(Driven::ByReactor);
        // Before the lock is taken, since cloning is user code; and the waiter is its owner's until then.
        waiter.prepare(request, by_reactor, clone_of(request, cx));
        // From here on it may be linked, whatever panics before this returns: `cancel` has to look.
        waiter.registered.set(true);
        let over = self.locked(|state| {
            let over = if is_late { None } else { state.outcome_before(&waiter, request, cursor) };
            match (over, admitted) {
                (None, Ok(_)) => state.register(waiter, request, cursor),
                (None, Err(error)) => Some(Err(error)),
                (over, _) => over,
            }
        });
        if let Some(result) = over {
            drop(waiter.waker.take());
            return self.complete(waiter, request, result, false, cx);
        }
        if !request.is_node {
            self.source.trace(Activity::Registered { task: TaskId::of(cx) });
        }
        if by_reactor { self.prepare_again(waiter) } else { Poll::Pending }
    }

    /// Completes a registered waiter that was served, and lets it wait on if it was not.
    pub(super) fn poll_again(
        &self,
        waiter: Pin<&Waiter>,
        request: &Request,
        cursor: &mut Cursor,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Fired, Error>> {
        if waiter.state() == State::Woken {
            if let Some(result) = waiter.result(request, cursor) {
                // Interrupt handlers leave it behind.
                drop(waiter.waker.take());
                return self.complete(waiter, request, result, true, cx);
            }
        }
        let admitted = self.admitted(request);
        // What is left over is dropped after the lock is released: wakers are user code.
        let (mut waker, mut old): (Option<Waker>, Option<Waker>) = (None, None);
        let mut was_woken = false;
        loop {
            let polled = self.locked(|state| {
                let before = waiter.state();
                was_woken |= before == State::Woken;
                let is_late = cfg!(pynq_mutant = "check-before-register") && before == State::Idle;
                let over = if is_late { None } else { state.outcome(waiter, request, cursor) };
                let by_reactor = match (over, admitted) {
                    (None, Ok(delivery)) => delivery == Driven::ByReactor,
                    (Some(result), _) => {
                        state.take_out(waiter);
                        return Polled::Done(result);
                    }
                    (None, Err(error)) => {
                        state.take_out(waiter);
                        return Polled::Done(Err(error));
                    }
                };
                if before == State::Waiting && waiter.keeps_unmasked() {
                    state.rearm(request.line);
                }
                let moves = by_reactor && !waiter.by_reactor.get();
                if before == State::Waiting && waiter.will_wake(cx.waker()) {
                    waiter.by_reactor.set(by_reactor);
                    return Polled::Waits { moves };
                }
                let Some(new) = waker.take() else { return Polled::NeedsWaker };
                if before == State::Waiting {
                    old = waiter.waker.replace(Some(new));
                    waiter.by_reactor.set(by_reactor);
                    return Polled::Waits { moves };
                }
                // A waiter that was served but has no result would be a bug in the engine; it is registered anew.
                if was_woken {
                    let stats = &mut state.lines.states()[usize::from(request.line)].stats;
                    stats.spurious = stats.spurious.wrapping_add(1);
                }
                state.take_out(waiter);
                old = waiter.waker.take();
                waiter.prepare(request, by_reactor, new);
                state.register(waiter, request, cursor).map_or(Polled::Waits { moves }, Polled::Done)
            });
            drop(old.take());
            return match polled {
                Polled::NeedsWaker => {
                    waker = Some(clone_of(request, cx));
                    continue;
                }
                Polled::Done(result) => {
                    drop(waiter.waker.take());
                    self.complete(waiter, request, result, was_woken, cx)
                }
                Polled::Waits { moves } => {
                    if was_woken {
                        self.source.trace(Activity::Polled);
                    }
                    if moves { self.prepare_again(waiter) } else { Poll::Pending }
                }
            };
        }
    }

    /// The end of a wait whose waiter is in no queue any more.
    fn complete(
        &self,
        waiter: Pin<&Waiter>,
        request: &Request,
        result: Result<Fired, Error>,
        woken: bool,
        cx: &Context<'_>,
    ) -> Poll<Result<Fired, Error>> {
        waiter.registered.set(false);
        match (request.is_node, woken) {
            (false, _) => self.source.trace(Activity::Completed { task: TaskId::of(cx), woken }),
            (true, true) => self.source.trace(Activity::Polled),
            (true, false) => {}
        }
        Poll::Ready(result)
    }

    /// Prepares a wait once more that is registered by now: if its reactor went in between, no error has reached the waiter,
    /// and it needs another reactor.
    fn prepare_again(&self, waiter: Pin<&Waiter>) -> Poll<Result<Fired, Error>> {
        let Err(error) = self.source.prepare_wait() else { return Poll::Pending };
        self.cancel(waiter);
        Poll::Ready(Err(error))
    }
}
