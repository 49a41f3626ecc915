//! How blocking waits sleep: poll(2) on the interrupts and on the thread's own parker.
//!
//! The reactor or blocked thread that finds an interrupt dispatches it for all of them. Each thread is woken through
//! its parker, so a thread whose descriptor another one has read misses nothing.

use std::{
    cell::Cell,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use pynq_core::Error;
use rustix::event::{PollFd, PollFlags};

use crate::{
    descriptor::{Descriptor, Shared},
    parker::Parker,
};

/// The roots whose interrupts the calling thread sleeps on between its polls.
#[derive(Clone, Copy)]
pub(crate) enum Watched<'a> {
    One(&'a Descriptor),
    /// All roots of a board that are open when the thread goes to sleep.
    All(&'a Arc<Shared>),
}

thread_local! {
    /// While the thread polls, the address of the descriptor, or of the board's `Shared`, that it watches; 0 for none.
    static WATCHED: Cell<usize> = const { Cell::new(0) };
}

/// Marks the calling thread while it polls for itself, and restores the outer mark, as polls may nest.
struct Scope(usize);

impl Scope {
    fn enter(watched: Watched<'_>) -> Self {
        let address = match watched {
            Watched::One(descriptor) => descriptor.address(),
            Watched::All(shared) => Arc::as_ptr(shared).addr(),
        };
        Self(WATCHED.replace(address))
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        WATCHED.set(self.0);
    }
}

/// Whether the calling thread polls for itself and will sleep on this descriptor.
pub(crate) fn watches(descriptor: &Descriptor) -> bool {
    let watched = WATCHED.get();
    watched != 0 && (watched == descriptor.address() || watched == Arc::as_ptr(descriptor.shared()).addr())
}

/// Whether the calling thread polls for itself.
pub(crate) fn is_blocking() -> bool {
    WATCHED.get() != 0
}

/// After so many consecutive polls that woke their own thread, it checks its descriptors and its deadline.
const RESTLESS: u32 = 16;

/// Calls `poll` until it is `Ready` or `deadline` has passed, sleeping in between.
pub(crate) fn block(
    watched: Watched<'_>,
    poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
    deadline: Option<Instant>,
) -> Result<(), Error> {
    let parker = Parker::current()?;
    let waker = parker.waker();
    let mut cx = Context::from_waker(&waker);
    let mut poll = move || {
        let _scope = Scope::enter(watched);
        poll(&mut cx).is_ready()
    };
    let mut restless = 0;
    loop {
        let seen = parker.count();
        if poll() {
            return Ok(());
        }
        // A future that wakes itself must not starve the poll(2): after `RESTLESS` such polls, check the descriptors
        // and the deadline anyway.
        restless = if parker.count() == seen { 0 } else { restless + 1 };
        let mut looks = restless == RESTLESS;
        if looks {
            restless = 0;
        }
        // A readable descriptor may be of no concern to this thread: it polls again only once it was woken.
        while std::mem::take(&mut looks) || parker.count() == seen {
            // After the deadline, check the descriptors once more without sleeping: an event that is there counts as
            // the first.
            let late = deadline.is_some_and(|deadline| deadline <= Instant::now());
            let until = [deadline, parker.timers.next()].into_iter().flatten().min();
            sleep(watched, &parker, seen, until)?;
            if parker.timers.next().is_some() {
                parker.timers.fire(Instant::now());
            }
            if late {
                return if poll() { Ok(()) } else { Err(Error::TimedOut) };
            }
        }
    }
}

/// Sleeps until a descriptor is readable, and dispatches it; or until `until`, or until the thread is woken.
fn sleep(watched: Watched<'_>, parker: &Parker, seen: u32, until: Option<Instant>) -> Result<(), Error> {
    match watched {
        Watched::One(descriptor) => {
            let mut fds = [parker.poll_fd(), interest(descriptor)];
            // Other things that the thread polls may go on after the device is gone.
            let fds = if descriptor.is_dead() { &mut fds[..1] } else { &mut fds[..] };
            parker.sleep(seen, fds, until)?;
            if fds.get(1).is_some_and(is_ready) {
                descriptor.readable();
            }
        }
        Watched::All(shared) => {
            let open = shared.open();
            let mut fds: Vec<PollFd<'_>> = Vec::with_capacity(open.len() + 1);
            fds.push(parker.poll_fd());
            fds.extend(open.iter().map(interest));
            parker.sleep(seen, &mut fds, until)?;
            let ready = fds.iter().skip(1).zip(&open).filter(|(fd, _)| is_ready(fd));
            ready.for_each(|(_, descriptor)| descriptor.readable());
        }
    }
    Ok(())
}

fn interest(descriptor: &Descriptor) -> PollFd<'_> {
    PollFd::from_borrowed_fd(descriptor.fd(), PollFlags::IN)
}

/// Readable, or in error, which a read will return.
fn is_ready(fd: &PollFd<'_>) -> bool {
    !fd.revents().is_empty()
}
