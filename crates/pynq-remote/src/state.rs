//! What all services share.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, Weak, atomic::AtomicUsize},
    time::Duration,
};

use tokio::sync::{Semaphore, watch};
use tonic::{Request, Status, Streaming};

use crate::{board::SimulatedBoard, files::Files, limits};

/// Something the server did that its owner may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A client connected.
    Connected {
        /// Where it is.
        from: SocketAddr,
    },
    /// A client is gone.
    Disconnected {
        /// Where it was.
        from: SocketAddr,
    },
    /// A connection was closed at once, for there are as many as there may be.
    TurnedAway {
        /// Where it came from.
        from: SocketAddr,
    },
    /// A request without the token, or with a wrong one.
    Unauthenticated,
    /// The logic was programmed. Handles on the old design have ended.
    Programmed {
        /// The design.
        design: String,
        /// Its bitstream is another one than the last of that name.
        other_content: bool,
    },
    /// Programming failed, and why.
    NotProgrammed {
        /// The reason given to the client.
        reason: String,
    },
    /// A client claimed an interrupt pin.
    Claimed {
        /// The pin.
        pin: String,
    },
    /// A client let go of an interrupt pin, or died.
    Released {
        /// The pin.
        pin: String,
    },
    /// A step of the board's script.
    Step {
        /// Its line in the script.
        line: usize,
        /// What is done, as the script says it.
        action: String,
        /// Why it could not be done: a client has programmed another design.
        refused: Option<String>,
    },
}

/// Called with every event.
pub(crate) type Observer = Box<dyn Fn(&Event) + Send + Sync>;

/// What all services share.
pub(crate) struct State {
    pub(crate) board: SimulatedBoard,
    pub(crate) files: Mutex<Files>,
    /// Files that are being sent at once; each may be as long as a bitstream.
    pub(crate) uploads: Semaphore,
    pub(crate) claims: Arc<Semaphore>,
    pub(crate) scheduled: Arc<AtomicUsize>,
    /// Turns true when the server stops.
    pub(crate) stopping: watch::Receiver<bool>,
    pub(crate) observer: Option<Observer>,
}

impl State {
    pub(crate) fn report(&self, event: &Event) {
        if let Some(observer) = &self.observer {
            observer(event);
        }
    }

    /// Programs the logic with what was sent.
    pub(crate) fn program(&self, file: &str, content: &[u8]) -> Result<(), Status> {
        let outcome = self.board.program(file, content);
        crate::board::lock(&self.files).programmed(outcome.is_ok());
        match outcome {
            Ok(done) => {
                self.report(&Event::Programmed { design: done.design, other_content: done.other_content });
                Ok(())
            }
            Err(error) => {
                self.report(&Event::NotProgrammed { reason: error.to_string() });
                Err(Status::failed_precondition(error.to_string()))
            }
        }
    }
}

/// The connection that a request came by, and whether it still exists.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) alive: Weak<()>,
}

impl Peer {
    /// That of a request. One that came by no connection of ours has none to end with.
    pub(crate) fn of<T>(request: &Request<T>) -> Weak<()> {
        request.extensions().get::<Self>().map(|peer| Weak::clone(&peer.alive)).unwrap_or_default()
    }
}

/// The next piece of what a client sends. One that stops halfway is not waited for without end.
pub(crate) async fn next_piece<T>(pieces: &mut Streaming<T>) -> Result<Option<T>, Status> {
    match tokio::time::timeout(limits::NEXT_PIECE, pieces.message()).await {
        Ok(piece) => piece,
        Err(_) => Err(Status::deadline_exceeded(too_slow(limits::NEXT_PIECE))),
    }
}

fn too_slow(limit: Duration) -> String {
    format!("the next piece did not come within {} s", limit.as_secs())
}

/// Completes when the server stops.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means that the server is gone, which counts as stopped.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
