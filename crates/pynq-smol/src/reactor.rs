//! Interrupts under Linux on async-io's reactor.

use std::{
    io,
    os::fd::OwnedFd,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use async_io::{Async, Timer};
use pynq_core::Error;
use pynq_uio::{BoxedSleep, Reactor, Registration, WatchError};

/// Serves async waits on UIO interrupts by async-io's reactor, which the process has one of, whatever polls the futures.
#[derive(Clone, Copy, Debug, Default)]
pub struct SmolReactor;

impl Reactor for SmolReactor {
    fn register(&self, fd: &Arc<OwnedFd>) -> Result<Arc<dyn Registration>, Error> {
        match Async::new_nonblocking(Arc::clone(fd)) {
            Ok(watched) => Ok(Arc::new(Watched(watched))),
            Err(error) => Err(error.raw_os_error().map_or(Error::NoReactor, Error::Os)),
        }
    }

    fn sleep_until(&self, deadline: Instant) -> Option<BoxedSleep> {
        let timer = Timer::at(deadline);
        Some(Box::pin(async move {
            timer.await;
        }))
    }
}

struct Watched(Async<Arc<OwnedFd>>);

impl Registration for Watched {
    fn poll_read(
        &self,
        cx: &mut Context<'_>,
        read: &mut dyn FnMut() -> io::Result<()>,
    ) -> Poll<Result<(), WatchError>> {
        loop {
            match self.0.poll_readable(cx) {
                Poll::Pending => return Poll::Pending,
                // Its reactor lives as long as the process; an error is of the descriptor.
                Poll::Ready(Err(error)) => return Poll::Ready(Err(WatchError::Read(error))),
                Poll::Ready(Ok(())) => {}
            }
            match read() {
                Ok(()) => return Poll::Ready(Ok(())),
                // Another thread may have read the event; the reactor checks again.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(WatchError::Read(error))),
            }
        }
    }
}
