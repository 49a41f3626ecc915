//! Runs that follow each other by themselves.

use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;
use pin_project_lite::pin_project;
use pynq_core::{
    BlockError,
    interrupt::{Condition, Fired, Line, Listener, Wait, Waiting},
};

use super::{
    Accelerator, HlsError, Result, Value,
    hardware::{Claim, DONE},
    runs::Start,
};

/// How the repetition stands.
enum State {
    /// It begins with the first poll.
    New,
    Runs,
    /// It has ended, or could not begin.
    Over,
}

/// Stops the function when it is dropped.
struct Repeating {
    accelerator: Accelerator,
    repetition: Option<u32>,
}

impl Repeating {
    /// Whether it still restarts, and not because of another start.
    fn lasts(&self) -> bool {
        let now = self.accelerator.node().with_hardware(|hardware| hardware.repetition());
        // Where this fails the design was replaced, which the wait says.
        now.map_or(true, |now| now.is_some() && now == self.repetition)
    }
}

impl Drop for Repeating {
    fn drop(&mut self) {
        // As above.
        let _ = self.accelerator.node().with_hardware(|hardware| hardware.stop(self.repetition));
    }
}

pin_project! {
    /// A function that starts again by itself, as a [`Stream`] with an item for its ends; see
    /// [`Accelerator::auto_restart`].
    ///
    /// An item is a service of the interrupt: its `missed` counts services that the stream was not polled for. Ends that
    /// come in faster than the interrupt is served are one.
    #[must_use = "a stream does nothing unless polled"]
    pub struct AutoRestart<'a> {
        accelerator: &'a Accelerator,
        inputs: &'a [(&'a str, Value)],
        state: State,
        repeating: Option<Repeating>,
        #[pin]
        ends: Listener,
    }
}

impl Accelerator {
    /// Has the function start again by itself, with `inputs` to begin with. It starts with the stream's first poll, and stops
    /// when the stream is dropped, with the run that is under way then; [`AutoRestart::stop_async`] also waits for that.
    ///
    /// Arguments can't be set meanwhile, since there is no moment at which the function doesn't take them.
    ///
    /// # Errors
    ///
    /// [`HlsError::NoControl`], or the error the block has failed with. What is wrong with the arguments, and
    /// [`HlsError::Busy`] while the function runs, are the stream's first item and its last.
    pub fn auto_restart<'a>(&'a self, inputs: &'a [(&'a str, Value)]) -> Result<AutoRestart<'a>> {
        if self.core().control.is_none() {
            return Err(self.error(HlsError::NoControl));
        }
        let line = Line::new(self.node().clone(), DONE).map_err(|error| self.error(error))?;
        Ok(AutoRestart { accelerator: self, inputs, state: State::New, repeating: None, ends: line.listen() })
    }

    /// Stops a function that restarts by itself, and waits for the end of its last run. It need not be this program that
    /// has started it.
    ///
    /// # Errors
    ///
    /// As [`done_async`](Self::done_async).
    ///
    /// # Cancellation safety
    ///
    /// Once this was polled the function stops, whether the future is dropped or not.
    pub fn stop_async(&self) -> Waiting<impl Wait<Value = (), Error = BlockError<HlsError>>> {
        self.node().operation(async move {
            self.node().access(|hardware| {
                hardware.stop(hardware.repetition());
                Ok::<_, HlsError>(())
            })?;
            self.done_async().await
        })
    }

    /// The blocking form of [`stop_async`](Self::stop_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn stop(&self) -> Result<()> {
        self.stop_async().block()
    }
}

impl AutoRestart<'_> {
    /// Stops the function and waits for the end of its last run. Its outputs can be read then.
    ///
    /// # Errors
    ///
    /// As [`Accelerator::done_async`].
    ///
    /// # Cancellation safety
    ///
    /// Once this was polled the function stops, whether the future is dropped or not.
    pub fn stop_async(self: Pin<&mut Self>) -> Waiting<impl Wait<Value = (), Error = BlockError<HlsError>>> {
        let this = self.project();
        let accelerator = *this.accelerator;
        let (state, repeating) = (this.state, this.repeating);
        accelerator.node().operation(async move {
            *state = State::Over;
            drop(repeating.take());
            let both = Condition::Level { mask: 3, value: 3 };
            if !accelerator.is_idle()? {
                accelerator.node().wait_for::<BlockError<HlsError>>(DONE, both).await?;
            }
            Ok(())
        })
    }
}

impl Stream for AutoRestart<'_> {
    type Item = Result<Fired>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let accelerator = *this.accelerator;
        match this.state {
            State::New => {
                *this.state = State::Over;
                let begun = accelerator.check(this.inputs, &[]).and_then(|()| {
                    // The interrupt before the start, or the first end would not be latched.
                    this.ends.as_mut().arm().map_err(|error| accelerator.error(error))?;
                    accelerator.node().access(|hardware| {
                        let claim = hardware.start(Start::Repeating, this.inputs, &[], |_| Ok(()))?;
                        Ok((claim, hardware.repetition()))
                    })
                });
                match begun {
                    Ok((Claim::Started(_), repetition)) => {
                        *this.repeating = Some(Repeating { accelerator: accelerator.clone(), repetition });
                        *this.state = State::Runs;
                    }
                    Ok((Claim::Wait(..) | Claim::Busy, _)) => {
                        return Poll::Ready(Some(Err(accelerator.error(HlsError::Busy))));
                    }
                    Err(error) => return Poll::Ready(Some(Err(error))),
                }
            }
            State::Over => return Poll::Ready(None),
            State::Runs => {}
        }
        let next = this.ends.as_mut().poll_next(cx);
        match next {
            // Stopped by another handle: the last end has woken this task.
            Poll::Pending if !this.repeating.as_ref().is_some_and(Repeating::lasts) => {
                *this.state = State::Over;
                Poll::Ready(None)
            }
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(fired))) => Poll::Ready(Some(Ok(fired))),
            Poll::Ready(Some(Err(error))) => {
                if error.is_fatal() {
                    *this.state = State::Over;
                    drop(this.repeating.take());
                }
                Poll::Ready(Some(Err(accelerator.error(error))))
            }
            Poll::Ready(None) => Poll::Ready(None),
        }
    }
}

impl fmt::Debug for AutoRestart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AutoRestart").field("accelerator", self.accelerator).finish_non_exhaustive()
    }
}
