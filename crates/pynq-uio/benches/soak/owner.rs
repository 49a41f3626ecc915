//! The owners that wait for a device's events: tasks and threads that now and then give up, and begin again.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{Arc, atomic::Ordering::SeqCst},
    task::Poll,
    time::Duration,
};

use pynq_core::{
    Error, Instant,
    interrupt::{Fired, Line},
};

use crate::{hosts::Time, source::Source, watch};

/// xorshift.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        // Neighbouring seeds have nothing in common after this, and none is zero.
        Self(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % limit
    }
}

/// One of those a source is for.
pub(crate) struct Owner {
    source: Arc<Source>,
    number: usize,
    line: Line,
    random: Random,
    time: Time,
}

impl Owner {
    /// Made before anything is raised: what was latched before is not for a new handle.
    pub(crate) fn new(source: &Arc<Source>, number: usize, time: Time, random: Random) -> Self {
        match source.node.line(source.line) {
            Ok(line) => Self { source: Arc::clone(source), number, line, random, time },
            Err(error) => watch::fail(&format!("{}: {error}", source.name)),
        }
    }

    fn begin(&mut self) -> u64 {
        if let Some(uio) = &self.source.on_root {
            // A kernel takes each write at once; a socket has room for so many.
            uio.pump();
        }
        if self.source.gives_up { self.random.below(8) } else { 7 }
    }

    fn soon(&mut self) -> Instant {
        self.time.now() + Duration::from_micros(self.random.below(300))
    }

    fn ended(&mut self, ended: Option<Result<Fired, Error>>) {
        match ended {
            None => drop(self.source.cancelled.fetch_add(1, SeqCst)),
            Some(Ok(fired)) => self.source.serve(self.number, fired),
            Some(Err(Error::TimedOut)) => drop(self.source.timed_out.fetch_add(1, SeqCst)),
            Some(Err(error)) => watch::fail(&format!("{}: a wait ended with: {error}", self.source.name)),
        }
    }

    /// As a task.
    pub(crate) async fn task(mut self) {
        while !self.source.is_over(self.number) {
            let ended = match self.begin() {
                0 | 1 => {
                    let polls = 1 + self.random.below(3);
                    polled(self.line.wait_async(), polls).await
                }
                2 => {
                    let deadline = self.soon();
                    Some(self.line.wait_async().until(deadline).await)
                }
                _ => Some(self.line.wait_async().await),
            };
            self.ended(ended);
        }
    }

    /// As a thread.
    pub(crate) fn twin(mut self) {
        while !self.source.is_over(self.number) {
            let ended = match self.begin() {
                0 => self.line.wait_until(Instant::START),
                1 | 2 => {
                    let deadline = self.soon();
                    self.line.wait_until(deadline)
                }
                _ => self.line.wait(),
            };
            self.ended(Some(ended));
        }
    }
}

/// Polls so often, with turns of others in between, and gives up.
async fn polled<F: Future>(future: F, polls: u64) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        left -= 1;
        if left == 0 {
            return Poll::Ready(None);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}
