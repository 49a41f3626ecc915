//! Parker: how a blocked thread sleeps and is unparked.

use std::{
    cell::OnceCell,
    os::fd::{AsFd, OwnedFd},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
    task::{Wake, Waker},
    time::{Duration, Instant},
};

use pynq_core::Error;
use rustix::{
    event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll},
    io::Errno,
};

use crate::timers::Timers;

thread_local! {
    static PARKER: OnceCell<Arc<Parker>> = const { OnceCell::new() };
}

/// What a blocked thread sleeps on beside its file descriptors, and the waker of its polls. Each thread has one for
/// life.
///
/// It counts wake-ups instead of setting a flag: a call reads the count before it polls, and sleeps only while that is
/// unchanged, so a call nested in a poll can't consume the wake-up of the outer one. The eventfd is written only while
/// the thread sleeps: a thread that dispatches for itself costs no system call.
pub(crate) struct Parker {
    count: AtomicU32,
    asleep: AtomicBool,
    eventfd: OwnedFd,
    pub(crate) timers: Timers,
}

impl Parker {
    /// The calling thread's parker.
    pub(crate) fn current() -> Result<Arc<Self>, Error> {
        // While thread-local storage is being destroyed, this call gets one of its own.
        PARKER
            .try_with(|parker| match parker.get() {
                Some(parker) => Ok(Arc::clone(parker)),
                None => {
                    let new = Self::new()?;
                    Ok(Arc::clone(parker.get_or_init(|| new)))
                }
            })
            .unwrap_or_else(|_| Self::new())
    }

    fn new() -> Result<Arc<Self>, Error> {
        let eventfd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(os)?;
        let (count, asleep) = (AtomicU32::new(0), AtomicBool::new(false));
        Ok(Arc::new(Self { count, asleep, eventfd, timers: Timers::default() }))
    }

    pub(crate) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    pub(crate) fn count(&self) -> u32 {
        self.count.load(SeqCst)
    }

    pub(crate) fn unpark(&self) {
        self.count.fetch_add(1, SeqCst);
        if self.asleep.load(SeqCst) {
            // The write can fail only if the counter is full, and then the thread is notified already.
            let _ = rustix::io::write(&self.eventfd, &1_u64.to_ne_bytes());
        }
    }

    /// The entry of the parker's own descriptor, which must come first in the list for [`sleep`](Self::sleep).
    pub(crate) fn poll_fd(&self) -> PollFd<'_> {
        PollFd::from_borrowed_fd(self.eventfd.as_fd(), PollFlags::IN)
    }

    /// Sleeps on `fds`, the first of which is [`poll_fd`](Self::poll_fd), until one is ready, `until` has come, or the
    /// count is no longer `seen`. If it has changed already, this checks the descriptors without sleeping.
    pub(crate) fn sleep(&self, seen: u32, fds: &mut [PollFd<'_>], until: Option<Instant>) -> Result<(), Error> {
        self.asleep.store(true, SeqCst);
        // An `unpark` that counts after this check finds `asleep` set and writes the eventfd.
        let left = if self.count() == seen {
            until.map(|until| timespec(until.saturating_duration_since(Instant::now())))
        } else {
            Some(timespec(Duration::ZERO))
        };
        let outcome = poll(fds, left.as_ref()).map(|_| ());
        self.asleep.store(false, SeqCst);
        match outcome {
            Ok(()) => {}
            Err(Errno::INTR) => fds.iter_mut().for_each(PollFd::clear_revents),
            Err(errno) => return Err(os(errno)),
        }
        if fds.first().is_some_and(|parker| !parker.revents().is_empty()) {
            let _ = rustix::io::read(&self.eventfd, &mut [0_u8; 8]);
        }
        Ok(())
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.unpark();
    }
}

/// The error of a system call in an error of the engine.
pub(crate) fn os(errno: Errno) -> Error {
    Error::Os(errno.raw_os_error())
}

/// The longest timeout of one system call. Kernels before 5.11 refuse epoll(7) a timeout whose milliseconds don't fit
/// an `i32`, and on 32 bits those before 5.1 refuse poll(2) one whose seconds don't; the error would end the
/// dispatcher.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// What is left until a deadline, or as much of it as the kernel takes.
pub(crate) fn timespec(left: Duration) -> Timespec {
    Timespec::try_from(left.min(LONGEST)).unwrap_or(Timespec { tv_sec: i32::MAX.into(), tv_nsec: 0 })
}
