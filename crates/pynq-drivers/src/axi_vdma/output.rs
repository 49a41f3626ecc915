//! Frames that go out: the channel from memory to the stream.

use core::fmt;

use pynq_core::{
    BlockError,
    dma::DmaBuffer,
    interrupt::{NodeHandle, Wait, Waiting},
};

use super::{
    AxiVdmaError, AxiVdmaHardware, Frame, FrameBuffers, FrameFormat, Result, SizeFaults,
    screen::{Home, Shown},
    start,
};
use crate::axi_dma::DmaDirection;

const OUTPUT: DmaDirection = DmaDirection::Send;

/// The channel from memory to the stream (MM2S), PYNQ's `writechannel`. Clones are handles on the same one.
///
/// It shows one frame, over and over, until another one is shown in its place. What is on the screen is in the block's hands,
/// so that nobody can write to it, and nothing is torn.
#[derive(Clone)]
pub struct VideoOutput {
    pub(super) node: NodeHandle<AxiVdmaHardware>,
}

impl VideoOutput {
    /// Starts the channel on frames of this format, with the last of the buffers on the screen as it is: two at least, and three
    /// for a program that draws one while another one is on its way.
    ///
    /// # Errors
    ///
    /// What keeps it from starting. The buffers are left where they are then.
    pub fn start(&self, format: FrameFormat, buffers: &mut FrameBuffers) -> Result<()> {
        start(&self.node, OUTPUT, format, buffers)
    }

    /// Stops the channel, and gives back all buffers but those of frames that the program holds. Shows that are under way end
    /// with [`AxiVdmaError::NotStarted`].
    ///
    /// # Errors
    ///
    /// [`AxiVdmaError::NotStarted`], or [`AxiVdmaError::ResetStuck`] if the block does not let go of its memory, which is
    /// then leaked.
    pub fn stop(&self) -> Result<FrameBuffers> {
        let stopped = self.node.access(|hardware| hardware.stop(OUTPUT));
        super::wake(&self.node, OUTPUT);
        stopped
    }

    /// The frames' format; `None` if the channel was not started.
    #[must_use]
    pub fn format(&self) -> Option<FrameFormat> {
        self.node.with_hardware(|hardware| hardware.format(OUTPUT)).ok().flatten()
    }

    /// A frame to be drawn on and shown. It holds what its memory held before.
    ///
    /// # Errors
    ///
    /// [`AxiVdmaError::NotStarted`], [`AxiVdmaError::AllHeld`] if the program holds as many as there are buffers for,
    /// [`AxiVdmaError::Fault`], or the engine's.
    pub fn new_frame(&self) -> Result<Frame> {
        let (buffer, session, format) = self.node.access(|hardware| {
            let buffer = hardware.blank()?;
            let stopped = AxiVdmaError::NotStarted { channel: OUTPUT };
            let session = hardware.session(OUTPUT).ok_or(stopped)?;
            Ok::<_, AxiVdmaError>((buffer, session, hardware.format(OUTPUT).ok_or(stopped)?))
        })?;
        Ok(self.frame(buffer, (OUTPUT, session), format))
    }

    /// Shows a frame. It is ready when the frame is on the screen, and gives back the one that was there before.
    ///
    /// A frame that came in by the [input](super::VideoInput) of the same block can be shown, too, if it is of the size that is
    /// shown: nothing is copied, and when it is given back and dropped, the input has its memory again. Shows of several tasks
    /// take place one after the other, a frame of the screen each at least.
    ///
    /// # Errors
    ///
    /// [`AxiVdmaError::ForeignFrame`] if it is not a frame of this block as it was last started, or of another size;
    /// [`AxiVdmaError::NotStarted`] if the channel is stopped meanwhile; [`AxiVdmaError::Fault`], or the engine's.
    ///
    /// # Cancellation safety
    ///
    /// A show that is dropped before it was polled, or while another one is under way, gives its frame back to the channel. Later,
    /// the frame is shown all the same, and the one before it goes back to the channel.
    pub fn show_async(
        &self,
        frame: Frame,
    ) -> Waiting<impl Wait<Value = Frame, Error = BlockError<AxiVdmaError>> + use<>> {
        let output = self.clone();
        self.node.operation(async move {
            let node = output.node.clone();
            let mut frame = frame;
            let mut line = node.line(OUTPUT.line()).map_err(|error| node.error(error))?;
            let format = frame.format;
            let (session, show) = loop {
                if let Some(show) = output.begin(&mut frame)? {
                    break show;
                }
                line.wait_as::<BlockError<AxiVdmaError>>().await?;
            };
            let guard = Guard { node: &node, session, show, is_over: false };
            let (home, buffer) = loop {
                if let Some(before) = node.access(|hardware| hardware.end_show(session, show))? {
                    break before;
                }
                line.wait_as::<BlockError<AxiVdmaError>>().await?;
            };
            guard.disarm();
            Ok(output.frame(buffer, home, format))
        })
    }

    /// The blocking form of [`show_async`](Self::show_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn show(&self, frame: Frame) -> Result<Frame> {
        self.show_async(frame).block()
    }

    /// Hands a frame over, if no other show is under way. Returns the start of the channel and the show.
    fn begin(&self, frame: &mut Frame) -> Result<Option<(u32, u64)>> {
        let home = (frame.direction, frame.session);
        let is_near = frame.node.is_same_node(&self.node);
        let foreign = || self.node.error(AxiVdmaError::ForeignFrame);
        let format = frame.format;
        let Some(buffer) = frame.buffer.take_if(|_| is_near) else { return Err(foreign()) };
        let mut buffer = Some(buffer);
        let begun = self.node.access(|hardware| {
            let Some(given) = buffer.take() else { return Err(AxiVdmaError::ForeignFrame) };
            let Some(session) = hardware.session(OUTPUT) else {
                buffer = Some(given);
                return Err(AxiVdmaError::NotStarted { channel: OUTPUT });
            };
            // A frame that came in can be shown as it is, if it is of the size that is shown.
            let current = hardware.session(home.0) == Some(home.1);
            let checked = hardware.config().check_buffer(OUTPUT, format, &given);
            if !current || hardware.format(OUTPUT) != Some(format) || checked.is_err() {
                buffer = Some(given);
                return Err(checked.err().unwrap_or(AxiVdmaError::ForeignFrame));
            }
            match hardware.begin_show(given, home) {
                Ok(Shown::Begun(show)) => Ok(Some((session, show))),
                Ok(Shown::NotYet(given)) => {
                    buffer = Some(given);
                    Ok(None)
                }
                Err((given, error)) => {
                    buffer = Some(given);
                    Err(error)
                }
            }
        });
        // What was not handed over is the frame's again.
        frame.buffer = buffer;
        begun
    }

    fn frame(&self, buffer: DmaBuffer, (direction, session): Home, format: FrameFormat) -> Frame {
        Frame {
            buffer: Some(buffer),
            node: self.node.clone(),
            direction,
            session,
            format,
            number: 0,
            missed: 0,
            faults: SizeFaults::default(),
        }
    }
}

/// Of a show whose frame is in the block's hands: if it is dropped, the frame before it goes back to the channel.
struct Guard<'a> {
    node: &'a NodeHandle<AxiVdmaHardware>,
    session: u32,
    show: u64,
    is_over: bool,
}

impl Guard<'_> {
    fn disarm(mut self) {
        self.is_over = true;
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            let _ = self.node.with_hardware(|hardware| hardware.abandon_show(self.session, self.show));
        }
    }
}

impl fmt::Debug for VideoOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VideoOutput").field("node", &self.node).finish_non_exhaustive()
    }
}
