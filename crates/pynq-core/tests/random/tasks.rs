//! What the tasks of a schedule do, and the verdict on each wait that completes.

use std::task::{Context, Poll, Waker};

use pynq_core::{Error, interrupt::Condition};

use crate::{
    schedule::Schedule,
    waiter::{Kind, Waiter},
};

impl Schedule {
    // A handle is borrowed by the one wait that uses it, for as long as it waits.
    #[allow(clippy::await_holding_refcell_ref)]
    fn start(&self, waiter: &Waiter) {
        let (node, line) = (waiter.node.clone(), waiter.line);
        let handle = waiter.handle.clone();
        let listens = matches!(waiter.kind, Kind::Listener(_));
        let condition = match waiter.kind {
            Kind::PinLevel(pin, high) => {
                Some(Condition::Level { mask: 1 << pin.pin, value: u32::from(high) << pin.pin })
            }
            Kind::PinEdge(pin, true) => Some(Condition::Rising { mask: 1 << pin.pin }),
            Kind::PinEdge(pin, false) => Some(Condition::Falling { mask: 1 << pin.pin }),
            _ => None,
        };
        waiter.patience.set(if self.random(3) == 0 { 1 + self.random(4) } else { u64::MAX });
        *waiter.waiting.borrow_mut() = Some(Box::pin(async move {
            match (condition, handle) {
                (Some(condition), _) => node.wait_for(line, condition).await,
                (None, Some(handle)) if listens => {
                    // The handle's own cursor stays, as that of a task that listens for a while and gives up.
                    let listener = handle.borrow().clone().listen();
                    let mut listener = std::pin::pin!(listener);
                    listener.as_mut().next_async().await
                }
                (None, Some(handle)) => {
                    let mut handle = handle.borrow_mut();
                    handle.wait_async().await
                }
                (None, None) => Err(Error::InterruptsUnavailable),
            }
        }));
    }

    pub(crate) fn poll(&self, waiter: &Waiter) {
        if waiter.busy.replace(true) {
            return;
        }
        let fresh = !waiter.is_waiting();
        if fresh {
            waiter.joined.set(self.waiters.borrow().iter().any(|other| {
                !std::ptr::eq(&**other, waiter) && other.kind == waiter.kind && (other.is_waiting() || other.busy.get())
            }));
        }
        if fresh && waiter.kind.clears() {
            // The driver's idiom: clear, check, wait.
            let disposed = self.disposable(waiter);
            self.clear_handle(waiter);
            waiter.cleared.set(disposed);
            if self.asks(waiter) {
                self.answer(waiter);
                waiter.busy.set(false);
                return;
            }
        }
        let before = self.truth(waiter).events;
        if fresh {
            waiter.started.set(before);
            if !matches!(waiter.kind, Kind::PinChange(_)) {
                waiter.known.set(self.is_high(waiter));
            }
            self.start(waiter);
        }
        waiter.forget_wakes();
        let waker = Waker::from(waiter.flag.clone());
        let mut waiting = waiter.waiting.borrow_mut().take();
        let polled = waiting.as_mut().map(|waiting| waiting.as_mut().poll(&mut Context::from_waker(&waker)));
        match polled {
            Some(Poll::Pending) => {
                if fresh {
                    waiter.registered.set(self.truth(waiter).events);
                }
                waiter.patience.set(waiter.patience.get().saturating_sub(1));
                if waiter.patience.get() > 0 {
                    *waiter.waiting.borrow_mut() = waiting;
                } else {
                    drop(waiting);
                    waiter.forget_wakes();
                }
                if fresh && self.truth(waiter).events != before && !matches!(waiter.kind, Kind::PinChange(_)) {
                    waiter.known.set(None);
                }
            }
            Some(Poll::Ready(Ok(fired))) => {
                drop(waiting);
                self.finish(waiter, fired.changed);
                waiter.forget_wakes();
            }
            Some(Poll::Ready(Err(error))) => {
                drop(waiting);
                waiter.forget_wakes();
                if !self.dead.get() {
                    self.bad(format!("{:?} failed with {error}", waiter.kind));
                }
            }
            None => {}
        }
        waiter.busy.set(false);
    }

    /// The verdict on a completed wait.
    fn finish(&self, waiter: &Waiter, changed: u32) {
        self.completed.set(self.completed.get() + 1);
        let truth = self.truth(waiter);
        let what = match waiter.kind {
            Kind::RawEdge(_) | Kind::Listener(_) if truth.events <= waiter.cleared.get() => Some("no edge"),
            // A latch that is still owed to an earlier waiter cannot be distinguished from an event for one that
            // joined.
            Kind::RawLevel | Kind::Direct
                if truth.events <= waiter.cleared.get() && !self.asks(waiter) && !waiter.joined.get() =>
            {
                Some("a line that was quiet")
            }
            Kind::PinLevel(_, high) if truth.was[usize::from(high)] < waiter.started.get() => Some("another level"),
            Kind::PinEdge(_, rising) if truth.edge[usize::from(rising)] <= waiter.started.get() => Some("no such edge"),
            Kind::PinChange(_) if truth.events <= waiter.cleared.get() => Some("no change"),
            Kind::PinChange(pin) | Kind::PinEdge(pin, _) if changed != 1 << pin.pin => Some("another pin"),
            _ => None,
        };
        if let Some(what) = what {
            self.bad(format!("invented: {:?} completed for {what}", waiter.kind));
        }
        waiter.looked.set(truth.events);
        if matches!(waiter.kind, Kind::PinChange(_)) {
            // The handle has seen its pin change, however often it changed again until the task was polled.
            waiter.known.set(waiter.known.get().map(|high| !high));
        }
        if waiter.kind.clears() {
            self.answer(waiter);
        }
    }

    /// The driver clears its device.
    fn answer(&self, waiter: &Waiter) {
        match waiter.kind {
            Kind::RawLevel => self.hardware.borrow_mut().set_raw_level(false),
            Kind::Direct => self.hardware.borrow_mut().direct = false,
            _ => {}
        }
        waiter.cleared.set(self.truth(waiter).events);
        waiter.looked.set(self.truth(waiter).events);
    }

    /// The events that a clear beginning now disposes of. A device that asks at that moment is none: only its driver
    /// can clear it.
    fn disposable(&self, waiter: &Waiter) -> u64 {
        self.truth(waiter).events - u64::from(self.asks(waiter))
    }

    fn clear_handle(&self, waiter: &Waiter) {
        let Some(handle) = &waiter.handle else { return };
        let cleared = handle.borrow_mut().clear();
        if cleared.is_err() != self.dead.get() && !self.dead.get() {
            self.bad("clear failed");
        }
    }

    pub(crate) fn clear(&self, waiter: &Waiter) {
        if waiter.is_waiting() || waiter.busy.replace(true) {
            return;
        }
        let before = self.truth(waiter);
        let disposed = self.disposable(waiter);
        self.clear_handle(waiter);
        waiter.cleared.set(disposed);
        let after = self.truth(waiter);
        waiter.looked.set(after.events);
        waiter.known.set(if after.events == before.events { self.is_high(waiter) } else { None });
        waiter.busy.set(false);
    }

    pub(crate) fn cancel(&self, waiter: &Waiter) {
        if waiter.busy.replace(true) {
            return;
        }
        let waiting = waiter.waiting.borrow_mut().take();
        drop(waiting);
        waiter.forget_wakes();
        waiter.busy.set(false);
    }
}
