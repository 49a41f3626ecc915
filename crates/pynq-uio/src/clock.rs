//! The board's clock under Linux: the system's time, with sleeps kept by a blocked thread, a reactor or a dispatcher.

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
    parker::Parker,
    reactor::{BoxedSleep, Reactor},
    timers::{Key, key},
};

/// Stands for a deadline that the system's time can't represent: nothing runs that long.
const AGES: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// Real time since the clock was made. Clones are the same clock.
///
/// A sleep is kept by the thread that blocks on it, if one does; else by the reactor in whose context it is first
/// polled; else by a dispatcher's thread that all such sleeps share.
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
    /// A blocked thread.
    Thread(Arc<Parker>, Key),
    Reactor(BoxedSleep),
}

impl Sleep {
    /// Removes this sleep from the timers of the thread that kept it.
    fn leave_thread(&mut self) {
        if let Keeper::Thread(parker, key) = &self.keeper {
            parker.timers.remove(*key);
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
            // A blocked thread has made its parker. Should that fail here all the same, a reactor or the dispatcher
            // will do.
            if let Ok(parker) = Parker::current() {
                this.leave_thread();
                let key = key(this.deadline);
                parker.timers.insert(key, cx.waker().clone());
                this.keeper = Keeper::Thread(parker, key);
                return Poll::Pending;
            }
        }
        this.leave_thread();
        let request = |reactor: &dyn Reactor| reactor.sleep_until(this.deadline);
        let mut sleep = match std::mem::replace(&mut this.keeper, Keeper::None) {
            Keeper::Reactor(sleep) => sleep,
            _ => request(&*this.reactor).unwrap_or_else(|| Dispatcher::sleep_shared(this.deadline)),
        };
        for attempt in 0..3 {
            if sleep.as_mut().poll(cx).is_pending() {
                this.keeper = Keeper::Reactor(sleep);
                return Poll::Pending;
            }
            if this.deadline <= SystemInstant::now() {
                break;
            }
            // Its keeper is gone: the reactor of the present context takes over, and if that goes too, the dispatcher.
            let next = if attempt == 0 { request(&*this.reactor) } else { None };
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
