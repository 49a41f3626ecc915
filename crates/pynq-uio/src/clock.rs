//! The board's clock under Linux: the system's, on whatever keeps time for who sleeps.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant as SystemInstant},
};

use pynq_core::{Clock, ErasedClock, ErasedSleep, Instant};

use crate::{
    Dispatcher, blocking,
    kick::Kick,
    reactor::{BoxedSleep, Reactor},
    timers::{Key, key},
};

/// Where a deadline that can't be told is put: nothing runs that long.
const AGES: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// Real time since the clock was made. Clones are the same clock.
///
/// A sleep is kept by the thread that blocks on it, if one does; else by the reactor in whose context it is first polled;
/// else by a thread of its own that all such sleeps share.
#[derive(Clone)]
pub struct LinuxClock {
    start: SystemInstant,
    reactor: Arc<dyn Reactor>,
}

impl LinuxClock {
    /// A clock that starts now, whose sleeps `reactor` keeps.
    #[must_use]
    pub fn new(reactor: Arc<dyn Reactor>) -> Self {
        Self { start: SystemInstant::now(), reactor }
    }

    /// `at` in the system's time.
    pub(crate) fn to_system(&self, at: Instant) -> SystemInstant {
        let after = Duration::from_nanos(at.as_nanos());
        self.start.checked_add(after).unwrap_or_else(|| self.start + AGES)
    }
}

impl fmt::Debug for LinuxClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LinuxClock").field(&self.now()).finish()
    }
}

impl Clock for LinuxClock {
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        Instant::START + self.start.elapsed()
    }

    fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep { deadline: self.to_system(deadline), reactor: Arc::clone(&self.reactor), keeper: Keeper::None }
    }
}

impl ErasedClock for LinuxClock {
    fn time(&self) -> Instant {
        self.now()
    }

    fn poll_sleep(&self, deadline: Instant, sleep: Pin<&mut ErasedSleep>, cx: &mut Context<'_>) -> Poll<()> {
        sleep.poll_boxed(|| self.sleep_until(deadline), cx)
    }
}

/// The future of [`LinuxClock`]'s sleeps.
#[must_use = "futures do nothing unless polled"]
pub struct Sleep {
    deadline: SystemInstant,
    reactor: Arc<dyn Reactor>,
    keeper: Keeper,
}

enum Keeper {
    None,
    /// A thread that blocks.
    Thread(Arc<Kick>, Key),
    Reactor(BoxedSleep),
}

impl Sleep {
    /// Lets a thread go that no longer keeps this sleep.
    fn leave_thread(&mut self) {
        if let Keeper::Thread(kick, key) = &self.keeper {
            kick.timers.remove(*key);
            self.keeper = Keeper::None;
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if this.deadline <= SystemInstant::now() {
            this.leave_thread();
            return Poll::Ready(());
        }
        if blocking::is_blocking() {
            // Without an eventfd the thread could not have come here; if it has none now, the dispatcher will do.
            if let Ok(kick) = Kick::current() {
                this.leave_thread();
                let key = key(this.deadline);
                kick.timers.insert(key, cx.waker().clone());
                this.keeper = Keeper::Thread(kick, key);
                return Poll::Pending;
            }
        }
        this.leave_thread();
        let ask = |reactor: &dyn Reactor| reactor.sleep_until(this.deadline);
        let mut sleep = match std::mem::replace(&mut this.keeper, Keeper::None) {
            Keeper::Reactor(sleep) => sleep,
            _ => ask(&*this.reactor).unwrap_or_else(|| Dispatcher::sleep_shared(this.deadline)),
        };
        for attempt in 0..3 {
            if sleep.as_mut().poll(cx).is_pending() {
                this.keeper = Keeper::Reactor(sleep);
                return Poll::Pending;
            }
            if this.deadline <= SystemInstant::now() {
                break;
            }
            // What kept it has gone: the reactor of here and now takes over, and if that goes too, the dispatcher.
            let next = if attempt == 0 { ask(&*this.reactor) } else { None };
            sleep = next.unwrap_or_else(|| Dispatcher::sleep_shared(this.deadline));
        }
        Poll::Ready(())
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.leave_thread();
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
