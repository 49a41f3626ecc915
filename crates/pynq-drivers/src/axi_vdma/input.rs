//! Frames that come in: the channel from the stream to memory.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use pin_project_lite::pin_project;
use pynq_core::{
    BlockError,
    interrupt::{Condition, NodeHandle, NodeWait, Wait, Waiting},
};

use super::{AxiVdmaError, AxiVdmaHardware, Frame, FrameBuffers, FrameFormat, Result, capture::Taken, start};
use crate::axi_dma::DmaDirection;

const INPUT: DmaDirection = DmaDirection::Receive;

/// The channel from the stream to memory (S2MM), PYNQ's `readchannel`. Clones are handles on the same one; a frame goes to
/// one of those who ask.
///
/// The channel fills its frame stores in turn, and never waits for the program. A frame that is taken is the program's until it
/// is dropped, and another buffer is in its place, so that nothing is copied and nothing torn.
#[derive(Clone)]
pub struct VideoInput {
    pub(super) node: NodeHandle<AxiVdmaHardware>,
}

impl VideoInput {
    /// Starts the channel on frames of this format. It begins with the first frame that begins from now on.
    ///
    /// It takes a buffer for each frame store, and one for each frame that the program may hold at a time; allocate them by
    /// [`AxiVdmaConfig::request`](super::AxiVdmaConfig::request).
    ///
    /// # Errors
    ///
    /// What keeps it from starting. The buffers are left where they are then.
    pub fn start(&self, format: FrameFormat, buffers: &mut FrameBuffers) -> Result<()> {
        start(&self.node, INPUT, format, buffers)
    }

    /// Stops the channel, and gives back all buffers but those of frames that the program holds. Waits for frames end with
    /// [`AxiVdmaError::NotStarted`].
    ///
    /// # Errors
    ///
    /// [`AxiVdmaError::NotStarted`], or [`AxiVdmaError::ResetStuck`] if the block does not let go of its memory, which is
    /// then leaked.
    pub fn stop(&self) -> Result<FrameBuffers> {
        let stopped = self.node.access(|hardware| hardware.stop(INPUT));
        super::wake(&self.node, INPUT);
        stopped
    }

    /// The frames' format; `None` if the channel was not started.
    #[must_use]
    pub fn format(&self) -> Option<FrameFormat> {
        self.node.with_hardware(|hardware| hardware.format(INPUT)).ok().flatten()
    }

    /// The newest frame that nobody has taken: at once if there is one, else the next.
    ///
    /// # Errors
    ///
    /// [`AxiVdmaError::NotStarted`] if the channel was not started, or is stopped meanwhile; [`AxiVdmaError::AllHeld`] if the program
    /// holds as many frames as there are buffers for; [`AxiVdmaError::Fault`] for an error that the channel has stopped
    /// on; or the engine's.
    ///
    /// # Cancellation safety
    ///
    /// Dropping it loses nothing: the frame is there for the next one who asks.
    pub fn frame_async(&self) -> Waiting<impl Wait<Value = Frame, Error = BlockError<AxiVdmaError>> + use<>> {
        self.take_async(|_| 0)
    }

    /// The blocking form of [`frame_async`](Self::frame_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn frame(&self) -> Result<Frame> {
        self.frame_async().block()
    }

    /// The first frame that ends from now on: what was in front of the camera before is not in it, but for the frame that
    /// is under way.
    ///
    /// # Errors
    ///
    /// As [`frame_async`](Self::frame_async).
    ///
    /// # Cancellation safety
    ///
    /// Dropping it loses nothing.
    pub fn next_frame_async(&self) -> Waiting<impl Wait<Value = Frame, Error = BlockError<AxiVdmaError>> + use<>> {
        self.take_async(AxiVdmaHardware::frames)
    }

    /// The blocking form of [`next_frame_async`](Self::next_frame_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn next_frame(&self) -> Result<Frame> {
        self.next_frame_async().block()
    }

    /// The frames, one after the other: each is the newest there is, and says how many were [missed](Frame::missed) before it.
    pub fn frames(&self) -> Frames {
        let news = Condition::Level { mask: 1, value: 1 };
        Frames { wait: self.node.own_wait_for(INPUT.line(), news), input: self.clone(), is_over: false }
    }

    fn take_async<F: FnOnce(&mut AxiVdmaHardware) -> u64>(
        &self,
        after: F,
    ) -> Waiting<impl Wait<Value = Frame, Error = BlockError<AxiVdmaError>> + use<F>> {
        let input = self.clone();
        self.node.operation(async move {
            let node = &input.node;
            let mut line = node.line(INPUT.line()).map_err(|error| node.error(error))?;
            let after = node.access(|hardware| Ok::<_, AxiVdmaError>(after(hardware)))?;
            loop {
                if let Some(frame) = input.take(after)? {
                    return Ok(frame);
                }
                line.wait_as().await?;
            }
        })
    }

    fn take(&self, after: u64) -> Result<Option<Frame>> {
        let taken = self.node.access(|hardware| hardware.take_frame(after))?;
        Ok(taken.map(|Taken { buffer, session, format, number, missed, faults }| Frame {
            buffer: Some(buffer),
            node: self.node.clone(),
            direction: INPUT,
            session,
            format,
            number,
            missed,
            faults,
        }))
    }
}

impl fmt::Debug for VideoInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VideoInput").field("node", &self.node).finish_non_exhaustive()
    }
}

pin_project! {
    /// The frames of a [`VideoInput`]; see [`VideoInput::frames`]. Ends with an error, after which there is nothing more.
    #[must_use = "streams do nothing unless polled"]
    pub struct Frames {
        input: VideoInput,
        is_over: bool,
        #[pin]
        wait: NodeWait,
    }
}

impl Stream for Frames {
    type Item = Result<Frame>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        if *this.is_over {
            return Poll::Ready(None);
        }
        loop {
            let taken = this.input.take(0);
            *this.is_over = taken.is_err();
            if let Some(item) = taken.transpose() {
                return Poll::Ready(Some(item));
            }
            if let Err(error) = ready!(this.wait.as_mut().poll(cx)) {
                *this.is_over = true;
                return Poll::Ready(Some(Err(this.input.node.error(error))));
            }
        }
    }
}

impl fmt::Debug for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frames").field("input", &self.input).finish_non_exhaustive()
    }
}
