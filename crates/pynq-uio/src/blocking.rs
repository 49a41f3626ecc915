//! The blocking twins' sleep: poll(2) on the interrupts and on the thread's own kick.
//!
//! Whoever finds an interrupt, a reactor or any blocked thread, dispatches for all of them. Each thread is woken by its
//! kick, so one that finds its descriptor emptied by somebody else misses nothing.

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
    kick::Kick,
};

/// Whose interrupts the calling thread sleeps on while it polls.
#[derive(Clone, Copy)]
pub(crate) enum Watched<'a> {
    One(&'a Descriptor),
    /// All of a board's, whichever those are when it goes to sleep.
    All(&'a Arc<Shared>),
}

thread_local! {
    /// The address of the descriptor, or of what all of a board share, that the thread watches while it polls; 0 for none.
    static WATCHED: Cell<usize> = const { Cell::new(0) };
}

/// Polls on behalf of a blocked thread are marked as such, also when they nest.
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

/// After so many polls in a row that woke the thread themselves it looks at its descriptors and its deadline.
const RESTLESS: u32 = 16;

/// Polls until it is `Ready` or `deadline` has passed, sleeping in between.
pub(crate) fn block(
    watched: Watched<'_>,
    poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
    deadline: Option<Instant>,
) -> Result<(), Error> {
    let kick = Kick::current()?;
    let waker = kick.waker();
    let mut cx = Context::from_waker(&waker);
    let mut poll = move || {
        let _scope = Scope::enter(watched);
        poll(&mut cx).is_ready()
    };
    let mut restless = 0;
    loop {
        let seen = kick.count();
        if poll() {
            return Ok(());
        }
        // What wakes itself, for others to have their turn, keeps the thread from its sleep, and must not keep it from
        // what it sleeps for.
        restless = if kick.count() == seen { 0 } else { restless + 1 };
        let mut looks = restless == RESTLESS;
        if looks {
            restless = 0;
        }
        // Whoever is readable may be of no concern to this thread: it polls again when it was woken.
        while std::mem::take(&mut looks) || kick.count() == seen {
            // Also when it is late it looks, without sleeping: the event came first, if both are there.
            let late = deadline.is_some_and(|deadline| deadline <= Instant::now());
            let until = [deadline, kick.timers.next()].into_iter().flatten().min();
            sleep(watched, &kick, seen, until)?;
            if kick.timers.next().is_some() {
                kick.timers.fire(Instant::now());
            }
            if late {
                return if poll() { Ok(()) } else { Err(Error::TimedOut) };
            }
        }
    }
}

/// Sleeps until a descriptor was readable, which it dispatches, until `until`, or until the thread was woken.
fn sleep(watched: Watched<'_>, kick: &Kick, seen: u32, until: Option<Instant>) -> Result<(), Error> {
    match watched {
        Watched::One(descriptor) => {
            let mut fds = [kick.poll_fd(), interest(descriptor)];
            // What else the thread polls may go on after the device is gone.
            let fds = if descriptor.is_dead() { &mut fds[..1] } else { &mut fds[..] };
            kick.sleep(seen, fds, until)?;
            if fds.get(1).is_some_and(is_ready) {
                descriptor.readable();
            }
        }
        Watched::All(shared) => {
            let open = shared.open();
            let mut fds: Vec<PollFd<'_>> = Vec::with_capacity(open.len() + 1);
            fds.push(kick.poll_fd());
            fds.extend(open.iter().map(interest));
            kick.sleep(seen, &mut fds, until)?;
            let ready = fds.iter().skip(1).zip(&open).filter(|(fd, _)| is_ready(fd));
            ready.for_each(|(_, descriptor)| descriptor.readable());
        }
    }
    Ok(())
}

fn interest(descriptor: &Descriptor) -> PollFd<'_> {
    PollFd::from_borrowed_fd(descriptor.fd(), PollFlags::IN)
}

/// Readable, or in error, which a read will tell.
fn is_ready(fd: &PollFd<'_>) -> bool {
    !fd.revents().is_empty()
}
