//! What wakes an async wait: a reactor that watches file descriptors.

use std::{
    fmt,
    future::Future,
    io,
    os::fd::OwnedFd,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use pynq_core::Error;

/// A future that ends when its time has come.
pub type BoxedSleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Watches file descriptors and clocks for async waits: tokio, async-io, or a [`Dispatcher`](crate::Dispatcher) thread.
///
/// A root registers when the first async wait needs it, from within the poll of that wait, and keeps the registration
/// until the reactor is gone. Blocking waits need none.
pub trait Reactor: Send + Sync {
    /// Watches `fd`, which is non-blocking, for being readable.
    ///
    /// # Errors
    ///
    /// [`Error::NoReactor`] if there is no reactor in the present context; [`Error::Os`] if the system refused it.
    fn register(&self, fd: &Arc<OwnedFd>) -> Result<Arc<dyn Registration>, Error>;

    /// A sleep until `deadline`; `None` if there is no timer in the present context. If the reactor goes, the sleep
    /// ends early, and the caller requests another one.
    fn sleep_until(&self, deadline: Instant) -> Option<BoxedSleep>;
}

/// A file descriptor under watch. Dropping it ends the watch, whether or not the reactor is still there.
pub trait Registration: Send + Sync {
    /// Calls `read` when the reactor takes the descriptor for readable, until it succeeds or would block no more.
    ///
    /// `read` reads once. If it would block, the reactor was wrong, and checks again. After a successful read the
    /// reactor forgets that the descriptor was readable, so an edge-triggered reactor must report later edges.
    ///
    /// `Pending`: the waker of `cx` is woken when another poll is worthwhile. There is one such waker; it may be woken
    /// from within this call, and with the reactor's locks held.
    fn poll_read(&self, cx: &mut Context<'_>, read: &mut dyn FnMut() -> io::Result<()>)
    -> Poll<Result<(), WatchError>>;
}

/// Why a watch ended.
#[derive(Debug)]
pub enum WatchError {
    /// The reactor was shut down.
    ReactorGone,
    /// Reading failed.
    Read(io::Error),
}

/// No reactor: async waits end with [`Error::NoReactor`], blocking ones work.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoReactor;

impl Reactor for NoReactor {
    fn register(&self, _: &Arc<OwnedFd>) -> Result<Arc<dyn Registration>, Error> {
        Err(Error::NoReactor)
    }

    fn sleep_until(&self, _: Instant) -> Option<BoxedSleep> {
        None
    }
}

/// The first of several reactors that is there when it is needed: the tokio runtime in context, else async-io, say.
#[derive(Clone, Default)]
pub struct FirstOf(Vec<Arc<dyn Reactor>>);

impl FirstOf {
    /// Tries them in this order.
    #[must_use]
    pub fn new(reactors: Vec<Arc<dyn Reactor>>) -> Self {
        Self(reactors)
    }
}

impl Reactor for FirstOf {
    fn register(&self, fd: &Arc<OwnedFd>) -> Result<Arc<dyn Registration>, Error> {
        for reactor in &self.0 {
            match reactor.register(fd) {
                Err(Error::NoReactor) => {}
                other => return other,
            }
        }
        Err(Error::NoReactor)
    }

    fn sleep_until(&self, deadline: Instant) -> Option<BoxedSleep> {
        self.0.iter().find_map(|reactor| reactor.sleep_until(deadline))
    }
}

impl fmt::Debug for FirstOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FirstOf({} reactors)", self.0.len())
    }
}
