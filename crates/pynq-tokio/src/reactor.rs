//! Interrupts under Linux on tokio's reactor.

use std::{
    fmt,
    future::Future,
    io,
    os::fd::OwnedFd,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use pynq_core::Error;
use pynq_uio::{BoxedSleep, Reactor, Registration, WatchError};
use tokio::{
    io::{Interest, unix::AsyncFd},
    runtime::Handle,
};

/// Serves async waits on UIO interrupts by a tokio runtime: the one in whose context the first wait is polled, or one
/// that was named.
///
/// The runtime must be running while anything awaits, and a `current_thread` one runs only within its `block_on`. Its
/// multi-thread scheduler looks at I/O between tasks: a task that computes for long on the only idle worker delays the
/// interrupts of others. More workers, `spawn_blocking`, or pynq-uio's `Dispatcher` cure that.
///
/// tokio panics if a runtime has no I/O or no timers, which is caught here and made an error. Where panics abort, it
/// can't be: enable both.
#[derive(Clone, Default)]
pub struct TokioReactor {
    runtime: Option<Handle>,
}

impl TokioReactor {
    /// The runtime in context, whichever that is when it is needed.
    #[must_use]
    pub const fn in_context() -> Self {
        Self { runtime: None }
    }

    /// This runtime.
    #[must_use]
    pub const fn on(runtime: Handle) -> Self {
        Self { runtime: Some(runtime) }
    }

    fn runtime(&self) -> Option<Handle> {
        self.runtime.clone().or_else(|| Handle::try_current().ok())
    }
}

impl fmt::Debug for TokioReactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioReactor").field("in_context", &self.runtime.is_none()).finish()
    }
}

impl Reactor for TokioReactor {
    fn register(&self, fd: &Arc<OwnedFd>) -> Result<Arc<dyn Registration>, Error> {
        let runtime = self.runtime().ok_or(Error::NoReactor)?;
        let fd = Arc::clone(fd);
        let register = || {
            let _context = runtime.enter();
            // SAFETY: the descriptor belongs to an `OwnedFd` that the `Arc` keeps open and in place for as long as the
            // registration has it; nothing gives another one out.
            #[allow(unsafe_code)]
            unsafe {
                AsyncFd::register_with_interest(fd, Interest::READABLE)
            }
        };
        // The only sign of a runtime without I/O is a panic.
        let registered = catch_unwind(AssertUnwindSafe(register)).map_err(|_| Error::NoReactor)?;
        let watched = registered.map_err(|error| match error.into_parts().1.raw_os_error() {
            Some(errno) => Error::Os(errno),
            // It is being shut down.
            None => Error::NoReactor,
        })?;
        Ok(Arc::new(Watched(watched)))
    }

    fn sleep_until(&self, deadline: Instant) -> Option<BoxedSleep> {
        let runtime = self.runtime()?;
        let sleep = || {
            let _context = runtime.enter();
            tokio::time::sleep_until(deadline.into())
        };
        // The only sign of a runtime without timers is a panic.
        catch_unwind(AssertUnwindSafe(sleep)).ok().map(|sleep| Box::pin(Sleep(Box::pin(sleep))) as BoxedSleep)
    }
}

/// A sleep of tokio's, which would panic once its runtime is shut down; this one ends instead.
struct Sleep(Pin<Box<tokio::time::Sleep>>);

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(cx))).unwrap_or(Poll::Ready(()))
    }
}

struct Watched(AsyncFd<Arc<OwnedFd>>);

impl Registration for Watched {
    fn poll_read(
        &self,
        cx: &mut Context<'_>,
        read: &mut dyn FnMut() -> io::Result<()>,
    ) -> Poll<Result<(), WatchError>> {
        let looks = std::future::poll_fn(|cx| {
            loop {
                let Poll::Ready(ready) = self.0.poll_read_ready(cx) else { return Poll::Pending };
                let Ok(mut ready) = ready else { return Poll::Ready(Err(WatchError::ReactorGone)) };
                match read() {
                    Ok(()) => {
                        ready.clear_ready();
                        return Poll::Ready(Ok(()));
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
                    Err(error) => return Poll::Ready(Err(WatchError::Read(error))),
                }
            }
        });
        // The dispatch is no part of the task that happens to run it, so that task's budget must not end it.
        pin!(tokio::task::unconstrained(looks)).poll(cx)
    }
}
