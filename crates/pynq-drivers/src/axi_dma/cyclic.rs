//! Cyclic mode: a buffer that is played, or filled, again and again, in periods.

use core::{
    fmt,
    future::Future,
    marker::PhantomData,
    mem::{ManuallyDrop, size_of},
    ops::Range,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use pin_project_lite::pin_project;
use pynq_core::{
    BlockError, Error,
    dma::{DmaBuffer, DmaError, Packet as _, Pod, SharedWords},
    interrupt::{Condition, NodeHandle, NodeWait, Wait, Waiting},
};

use super::{AxiDmaError, DmaChannel, DmaDirection, Result, TransferError, hardware::PERIOD_BIT};

/// A period that the block is through with: played, or filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// How many there were before it. Of rounds in which no interrupt was served, as while no task waits, only the last counts.
    pub number: u64,
    /// Which part of the buffer it is.
    pub index: usize,
    /// How many bytes of it were transferred.
    pub length: usize,
    /// How many periods before this one were lost: the block has begun with them anew before they were asked for.
    pub lost: u64,
}

/// The buffer, and whether the block has it.
struct Memory<T> {
    /// `None` once it was given back, or left to the block for good.
    words: Option<SharedWords>,
    items: PhantomData<T>,
}

pin_project! {
    /// A buffer that a channel plays or fills again and again: for audio, capture, and what else must not pause; see
    /// [`DmaChannel::cyclic`]. A [`Stream`] of the periods that the block is through with.
    ///
    /// The block never waits for the program. It is in all of the buffer but the period that was told last, and comes round
    /// to that as well, so that there are no slices of it: a period is [copied out](Self::copy_out) or
    /// [in](Self::copy_in), which says whether the block has come round meanwhile.
    #[must_use = "the channel runs for as long as this lives"]
    pub struct Cyclic<T> {
        channel: DmaChannel,
        memory: Memory<T>,
        period: usize,
        // An error was told to whom takes it for a stream.
        has_failed: bool,
        #[pin]
        wait: NodeWait,
    }

    impl<T> PinnedDrop for Cyclic<T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let _ = this.memory.stop(this.channel).map(drop);
        }
    }
}

impl<T> Memory<T> {
    /// Stops the channel, and takes the memory back.
    fn stop(&mut self, channel: &DmaChannel) -> Result<Option<SharedWords>> {
        let Some(words) = self.words.take() else { return Ok(None) };
        let mut words = ManuallyDrop::new(words);
        let stopped = channel.node.access(|hardware| hardware.end_cyclic(channel.direction));
        channel.announce();
        stopped?;
        let size = words.size();
        // An error of this is one of memory that nobody needs any more.
        let _ = words.refresh(0..size);
        Ok(Some(ManuallyDrop::into_inner(words)))
    }

    /// The memory, for as long as the channel runs.
    fn words(&mut self, channel: &DmaChannel) -> Result<&mut SharedWords> {
        self.words.as_mut().ok_or_else(|| channel.node.error(AxiDmaError::Over))
    }
}

impl<T: Pod> Cyclic<T> {
    pub(super) fn start(
        channel: DmaChannel,
        buffer: DmaBuffer<T>,
        periods: usize,
    ) -> core::result::Result<Self, TransferError<DmaBuffer<T>>> {
        let node = channel.node.clone();
        let refused =
            |packet, error: AxiDmaError| Err(TransferError { packet: Some(packet), error: node.error(error) });
        let items = buffer.len();
        if periods < 2 || items % periods != 0 || items == 0 {
            return refused(buffer, AxiDmaError::Periods { periods, items });
        }
        let period = items / periods * size_of::<T>();
        let checked = (0..periods).filter_map(|index| buffer.piece(0).map(|whole| (index, whole))).try_for_each(
            |(index, mut piece)| {
                piece.address += (index * period) as u64;
                piece.length = period;
                channel.limits.check_piece(piece)
            },
        );
        if let Err(error) = checked {
            return refused(buffer, error);
        }
        let bytes = match buffer.cast::<u8>() {
            Ok(bytes) => bytes,
            Err(whole) => return refused(whole.packet, AxiDmaError::Memory { error: whole.error }),
        };
        let mut words = bytes.into_shared_words();
        let (address, size) = (words.physical_address(), words.size());
        let started = match words.publish(0..size) {
            Ok(()) => node
                .access(|hardware| hardware.begin_cyclic(channel.direction, address, period, periods, channel.polled)),
            Err(error) => Err(node.error(AxiDmaError::Memory { error })),
        };
        match started {
            Ok(()) => {
                let news = Condition::Level { mask: PERIOD_BIT, value: PERIOD_BIT };
                let wait = node.own_wait_for(channel.direction.line(), news);
                let memory = Memory { words: Some(words), items: PhantomData };
                Ok(Self { channel, memory, period, has_failed: false, wait })
            }
            Err(error) => Err(TransferError { packet: DmaBuffer::from(words).cast().ok(), error }),
        }
    }

    /// The next period that the block is through with.
    ///
    /// # Errors
    ///
    /// As [`DmaChannel::transfer_async`]. An error ends the channel.
    ///
    /// # Cancellation safety
    ///
    /// Dropping it loses nothing: the channel goes on, and what comes is counted.
    pub fn next_async(self: Pin<&mut Self>) -> Waiting<NextPeriod<'_, T>> {
        Waiting::new(NextPeriod { cyclic: self })
    }

    /// The blocking form of [`next_async`](Self::next_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn next(self: Pin<&mut Self>) -> Result<Period> {
        self.next_async().block()
    }

    /// Copies what was received in a period. `items` may be shorter than the period.
    ///
    /// # Errors
    ///
    /// [`AxiDmaError::Overrun`] if the block has come round to it meanwhile: what was copied is not all of one piece.
    pub fn copy_out(self: Pin<&mut Self>, period: &Period, items: &mut [T]) -> Result<()> {
        let this = self.project();
        let range = range(period, *this.period);
        let bytes = bytemuck::cast_slice_mut(items);
        let words = this.memory.words(this.channel)?;
        let copied = words.refresh(range.clone()).and_then(|()| {
            DmaError::check_range(0, bytes.len(), range.len())?;
            words.copy_out(range.start, bytes)
        });
        copied.map_err(|error| this.channel.node.error(AxiDmaError::Memory { error }))?;
        still_there(this.channel, period)
    }

    /// Fills a period that was sent, for the next time round. `items` may be shorter than the period.
    ///
    /// # Errors
    ///
    /// [`AxiDmaError::Overrun`] if the block has come round to it meanwhile, and may have sent some of both.
    pub fn copy_in(self: Pin<&mut Self>, period: &Period, items: &[T]) -> Result<()> {
        let this = self.project();
        let range = range(period, *this.period);
        let bytes = bytemuck::cast_slice(items);
        let words = this.memory.words(this.channel)?;
        let copied = DmaError::check_range(0, bytes.len(), range.len())
            .and_then(|()| words.copy_in(range.start, bytes))
            .and_then(|()| words.publish(range));
        copied.map_err(|error| this.channel.node.error(AxiDmaError::Memory { error }))?;
        still_there(this.channel, period)
    }

    /// Stops the channel, and gives the buffer back.
    ///
    /// # Errors
    ///
    /// [`AxiDmaError::ResetStuck`] if it could not be stopped, and [`AxiDmaError::Over`] if it was before; the memory is leaked
    /// with the former.
    pub fn stop(self: Pin<&mut Self>) -> Result<DmaBuffer<T>> {
        let this = self.project();
        let over = || this.channel.node.error(AxiDmaError::Over);
        let words = this.memory.stop(this.channel)?.ok_or_else(over)?;
        DmaBuffer::from(words).cast().map_err(|_| over())
    }

    /// Items of a period.
    #[must_use]
    pub const fn period_len(&self) -> usize {
        self.period / if size_of::<T>() == 0 { 1 } else { size_of::<T>() }
    }

    fn poll_period(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Period>> {
        let mut this = self.project();
        let (node, direction) = (&this.channel.node, this.channel.direction);
        loop {
            if this.memory.words.is_none() {
                return Poll::Ready(Err(node.error(AxiDmaError::Over)));
            }
            if let Some(period) = node.access(|hardware| hardware.take_period(direction))? {
                return Poll::Ready(Ok(period));
            }
            ready!(this.wait.as_mut().poll(cx)).map_err(|error| node.error(error))?;
        }
    }
}

/// The bytes of a period.
fn range(period: &Period, bytes: usize) -> Range<usize> {
    // Anyone can make one; what is beyond the memory is refused by that.
    period.index.saturating_mul(bytes)..period.index.saturating_add(1).saturating_mul(bytes)
}

/// Whether the block has not come round to a period yet.
fn still_there(channel: &DmaChannel, period: &Period) -> Result<()> {
    let looked = channel.node.access(|hardware| match hardware.has_come_round(channel.direction, period.number) {
        Some(lost) => Err(AxiDmaError::Overrun { number: period.number, lost }),
        None => Ok(()),
    });
    // The look may have found the end of a transfer on the other channel.
    channel.announce();
    looked
}

impl<T: Pod> Stream for Cyclic<T> {
    type Item = Result<Period>;

    /// Ends with an error, after which there is nothing more.
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.has_failed {
            return Poll::Ready(None);
        }
        let next = ready!(self.as_mut().poll_period(cx));
        *self.project().has_failed = next.is_err();
        match next {
            Err(error) if *error.cause() == AxiDmaError::Over => Poll::Ready(None),
            next => Poll::Ready(Some(next)),
        }
    }
}

/// The wait of [`Cyclic::next_async`].
#[must_use = "futures do nothing unless polled"]
pub struct NextPeriod<'a, T> {
    cyclic: Pin<&'a mut Cyclic<T>>,
}

impl<T: Pod> Future for NextPeriod<'_, T> {
    type Output = Result<Period>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.cyclic.as_mut().poll_period(cx)
    }
}

impl<T: Pod> Wait for NextPeriod<'_, T> {
    type Value = Period;
    type Error = BlockError<AxiDmaError>;

    fn node(&self) -> Option<&NodeHandle> {
        Some(self.cyclic.channel.node.erased())
    }

    fn error(&self, error: Error) -> BlockError<AxiDmaError> {
        self.cyclic.channel.node.error(error)
    }
}

impl<T> fmt::Debug for Cyclic<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction: DmaDirection = self.channel.direction;
        f.debug_struct("Cyclic").field("channel", &direction).field("period", &self.period).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for NextPeriod<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cyclic.fmt(f)
    }
}
