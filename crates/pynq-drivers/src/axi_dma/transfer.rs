//! A transfer: what it takes from its start to where the hardware has let go of the memory.

use core::{
    cell::Cell,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use pynq_core::{
    Error,
    dma::{Lent, Packet},
    interrupt::{Condition, NodeHandle, NodeWait, Wait},
};

use super::{AxiDmaError, DmaChannel, TransferError};

/// What was transferred.
#[derive(Debug)]
pub struct Transferred<P> {
    /// It, in the processor's hands again.
    pub packet: P,
    /// How many bytes were transferred: of what is received, up to the end that the stream marked.
    pub length: usize,
}

/// What a transfer is up to.
#[derive(Default)]
enum State<P> {
    /// Nothing was started.
    New(P),
    /// It is under way, or has ended and not been asked.
    Running { lent: Lent<P>, slot: u8 },
    /// The packet was given back.
    #[default]
    Over,
}

/// A transfer and its channel, without the wait.
struct Work<P> {
    channel: DmaChannel,
    state: Cell<State<P>>,
}

pin_project! {
    /// The wait for a transfer's end; see [`DmaChannel::transfer_async`].
    ///
    /// It owns the packet. Whatever ends it stops the hardware first, within a bounded time.
    #[must_use = "futures do nothing unless polled"]
    pub struct Transfer<P>
    where
        P: Packet,
    {
        work: Work<P>,
        #[pin]
        wait: Option<NodeWait>,
    }

    impl<P> PinnedDrop for Transfer<P>
    where
        P: Packet,
    {
        fn drop(this: Pin<&mut Self>) {
            // Frees the packet, or leaks it. A drop can't report why.
            drop(this.work.end(AxiDmaError::Over));
        }
    }
}

impl<P: Packet> Work<P> {
    /// Runs `f` on the state, which it may replace.
    fn with<R>(&self, f: impl FnOnce(&mut State<P>) -> R) -> R {
        let mut state = self.state.take();
        let result = f(&mut state);
        self.state.set(state);
        result
    }

    /// The slot of a transfer that was started.
    fn slot(&self) -> Option<u8> {
        self.with(|state| match state {
            State::Running { slot, .. } => Some(*slot),
            _ => None,
        })
    }

    /// Starts the transfer, if it was not started. Nothing is started on an error.
    fn start(&self) -> Result<(), TransferError<P>> {
        let packet = match self.state.take() {
            State::New(packet) => packet,
            other => {
                self.state.set(other);
                return Ok(());
            }
        };
        let Self { channel, .. } = self;
        let refused =
            |packet, error: AxiDmaError| TransferError { packet: Some(packet), error: channel.node.error(error) };
        if let Err(error) = channel.limits.check(&packet) {
            return Err(refused(packet, error));
        }
        let lent = Lent::new(packet, channel.memory_direction())
            .map_err(|failed| refused(failed.packet, AxiDmaError::Memory { error: failed.error }))?;
        match channel.node.access(|hardware| hardware.begin(channel.direction, &lent, channel.polled)) {
            Ok(slot) => {
                self.state.set(State::Running { lent, slot });
                Ok(())
            }
            // Nothing was started: the memory has not been in the hardware's hands.
            Err(error) => Err(TransferError { packet: Some(lent.take_back(0).0), error }),
        }
    }

    /// The end by `error`, wherever the transfer is.
    fn end(&self, error: impl Into<AxiDmaError>) -> TransferError<P> {
        let Self { channel, state } = self;
        let (packet, found) = match state.take() {
            State::Over => (None, None),
            State::New(packet) => (Some(packet), None),
            State::Running { lent, slot } => {
                let stopped = channel.node.access(|hardware| hardware.abandon(channel.direction, slot));
                channel.announce();
                match stopped {
                    Ok(found) => (Some(lent.take_back(usize::MAX).0), found),
                    // The packet stays lent for good.
                    Err(_) => (None, None),
                }
            }
        };
        // What has gone wrong says more than that someone did not wait for it any longer.
        TransferError { packet, error: channel.node.error(found.unwrap_or_else(|| error.into())) }
    }

    /// The end that the hardware has come to.
    fn finish(&self) -> Result<Transferred<P>, TransferError<P>> {
        let Self { channel, state } = self;
        let State::Running { lent, slot } = state.take() else { return Err(self.end(AxiDmaError::Over)) };
        let outcome = channel.node.access(|hardware| Ok::<_, AxiDmaError>(hardware.take(channel.direction, slot)));
        // Without the hardware there is no knowing what it does, and the packet stays lent for good.
        let outcome = outcome.map_err(|error| TransferError { packet: None, error })?;
        match outcome.result {
            Ok(length) => match lent.take_back(length) {
                (packet, Ok(())) => Ok(Transferred { packet, length }),
                (packet, Err(error)) => {
                    let error = channel.node.error(AxiDmaError::Memory { error });
                    Err(TransferError { packet: Some(packet), error })
                }
            },
            Err(error) => {
                channel.announce();
                let packet = outcome.let_go.then(|| lent.take_back(usize::MAX).0);
                Err(TransferError { packet, error: channel.node.error(error) })
            }
        }
    }

    /// Whether it has ended, by a look at the hardware.
    fn look(&self) -> Result<bool, Error> {
        let Some(slot) = self.slot() else { return Ok(true) };
        let (node, direction) = (&self.channel.node, self.channel.direction);
        let ended = node.with_hardware(|hardware| {
            hardware.look();
            hardware.has_ended(direction, slot)
        });
        self.channel.announce();
        ended
    }
}

impl<P: Packet> Transfer<P> {
    pub(super) const fn new(channel: DmaChannel, packet: P) -> Self {
        Self { work: Work { channel, state: Cell::new(State::New(packet)) }, wait: None }
    }

    /// Starts it now.
    pub(super) fn start(&self) -> Result<(), TransferError<P>> {
        self.work.start()
    }

    /// Starts it, and looks at the hardware until it has ended, `looks` times at most, with `pause` in between.
    pub(super) fn poll_hardware(self, looks: u32, mut pause: impl FnMut()) -> Result<Transferred<P>, TransferError<P>> {
        self.work.start()?;
        for _ in 0..looks {
            match self.work.look() {
                Ok(true) => return self.work.finish(),
                Ok(false) => pause(),
                Err(error) => return Err(self.work.end(error)),
            }
        }
        Err(self.work.end(Error::TimedOut))
    }

    /// Stops the transfer and gives the packet back: `None` if it was given back before, or is leaked because the hardware
    /// does not let go of it.
    ///
    /// It returns when the hardware has stopped, which takes no longer than a reset of the block. A transfer that has ended by
    /// itself meanwhile is given up all the same.
    pub fn cancel(self: Pin<&mut Self>) -> Option<P> {
        self.work.end(AxiDmaError::Over).packet
    }

    /// Whether it was started, and its packet not given back.
    pub fn is_running(&self) -> bool {
        self.work.slot().is_some()
    }
}

impl<P: Packet> Future for Transfer<P> {
    type Output = Result<Transferred<P>, TransferError<P>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        this.work.start()?;
        let Some(slot) = this.work.slot() else { return Poll::Ready(Err(this.work.end(AxiDmaError::Over))) };
        if this.wait.is_none() {
            let (channel, bit) = (&this.work.channel, 1 << slot);
            let ended = Condition::Level { mask: bit, value: bit };
            this.wait.set(Some(channel.node.own_wait_for(channel.direction.line(), ended)));
        }
        let Some(wait) = this.wait.as_mut().as_pin_mut() else { return Poll::Pending };
        match ready!(wait.poll(cx)) {
            Ok(_) => Poll::Ready(this.work.finish()),
            Err(error) => Poll::Ready(Err(this.work.end(error))),
        }
    }
}

impl<P: Packet> Wait for Transfer<P> {
    type Value = Transferred<P>;
    type Error = TransferError<P>;

    fn node(&self) -> Option<&NodeHandle> {
        Some(self.work.channel.node.erased())
    }

    /// Ends the transfer, and gives the packet back in the error.
    fn error(&self, error: Error) -> TransferError<P> {
        self.work.end(error)
    }
}

impl<P: Packet> fmt::Debug for Transfer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transfer")
            .field("channel", &self.work.channel.direction)
            .field("running", &self.is_running())
            .finish_non_exhaustive()
    }
}
