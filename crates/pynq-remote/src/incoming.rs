//! Connections: as many as there may be, none that says nothing, and each known to be alive or not.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Sleep, sleep},
};
use tokio_stream::Stream;
use tonic::transport::server::Connected;

use crate::state::{Event, Peer, State};

/// How long a connection may be silent at its beginning.
const GREETING: Duration = Duration::from_secs(10);
/// How long no connection is accepted after one could not be: for want of file descriptors, say.
const PAUSE: Duration = Duration::from_millis(100);

/// The connections to the server.
pub(crate) struct Incoming {
    listener: TcpListener,
    free: Arc<Semaphore>,
    state: Arc<State>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Incoming {
    pub(crate) fn new(listener: TcpListener, most: usize, state: Arc<State>) -> Self {
        let free = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        Self { listener, free, state, pause: None }
    }
}

impl Stream for Incoming {
    type Item = io::Result<Connection>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            let Ok((stream, from)) = ready!(self.listener.poll_accept(cx)) else {
                self.pause = Some(Box::pin(sleep(PAUSE)));
                continue;
            };
            // A register access is a small message, and the client waits for the answer.
            let _ = stream.set_nodelay(true);
            match Arc::clone(&self.free).try_acquire_owned() {
                Ok(permit) => {
                    self.state.report(&Event::Connected { from });
                    return Poll::Ready(Some(Ok(Connection {
                        stream,
                        from,
                        alive: Arc::new(()),
                        greeting: Some(Box::pin(sleep(GREETING))),
                        state: Arc::clone(&self.state),
                        _permit: permit,
                    })));
                }
                Err(_) => self.state.report(&Event::TurnedAway { from }),
            }
        }
    }
}

/// A connection, which is counted for as long as it is open.
pub(crate) struct Connection {
    stream: TcpStream,
    from: SocketAddr,
    alive: Arc<()>,
    /// Ends the connection, unless the client says something before.
    greeting: Option<Pin<Box<Sleep>>>,
    state: Arc<State>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.state.report(&Event::Disconnected { from: self.from });
    }
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        Peer { alive: Arc::downgrade(&self.alive) }
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if let Some(greeting) = &mut self.greeting {
            if outcome.is_ready() {
                self.greeting = None;
            } else if greeting.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
        outcome
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
