//! HDMI out.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use pynq_core::lock;
use pynq_drivers::{
    AxiVdma,
    axi_dma::DmaDirection,
    axi_dynclk::{AxiDynclk, PixelClock},
    axi_vdma::{Frame, VideoOutput},
    color_convert::{ColorConvert, ColorMatrix},
    pixel::{PixelMode, PixelUnpack},
    video_timing::{VideoMode, VideoTiming},
};

use super::{HdmiError, wiring::OutputWiring};
use crate::{Error, Overlay, Result};

/// How long a pixel clock may take to lock, and how often it is looked at.
const LOCK: Duration = Duration::from_millis(500);
const LOOK: Duration = Duration::from_millis(1);
/// How long the first frame is waited for.
const STAGE: Duration = Duration::from_secs(2);
/// Frames that the program can hold at a time, besides the one on the screen.
const HELD: usize = 3;

/// HDMI out: from frames in memory to the connector. Clones are handles on the same one.
///
/// See [`Overlay::hdmi_out`].
#[derive(Clone)]
pub struct HdmiOutput {
    overlay: Overlay,
    timing: VideoTiming,
    colors: ColorConvert,
    unpack: PixelUnpack,
    clock: AxiDynclk,
    vdma: AxiVdma,
    video: VideoOutput,
    started: Arc<Mutex<Option<Started>>>,
}

#[derive(Clone, Copy)]
struct Started {
    mode: VideoMode,
    pixels: PixelMode,
    clock: PixelClock,
}

impl HdmiOutput {
    pub(super) fn open(overlay: &Overlay) -> Result<Self> {
        let wiring = OutputWiring::find(overlay.design()).map_err(|error| Error::driver("hdmi_out", error))?;
        let vdma = overlay.vdma(&wiring.vdma)?;
        Ok(Self {
            overlay: overlay.clone(),
            timing: overlay.block(&wiring.timing)?,
            colors: overlay.block(&wiring.colors)?,
            unpack: overlay.block(&wiring.unpack)?,
            clock: overlay.block(&wiring.clock)?,
            video: vdma.output()?,
            vdma,
            started: Arc::default(),
        })
    }

    fn error(error: HdmiError) -> Error {
        Error::driver("hdmi_out", error)
    }

    /// Starts the output in a mode, with pixels packed like this: pixel clock, timing, the first frame, which is black. One that
    /// was started is stopped first.
    ///
    /// # Errors
    ///
    /// [`HdmiError::ClockDoesNotLock`], [`HdmiError::NoOutput`]: which stage is missing, and what to check; a width that
    /// pixels can't be packed for, a clock that can't be made, a mode that the generator can't do; and those of the blocks.
    ///
    /// # Cancellation safety
    ///
    /// Dropped, it leaves the stages that were reached as they are. A start begins with the first.
    pub async fn start_async(&self, mode: &VideoMode, pixels: PixelMode) -> Result<()> {
        self.stop()?;
        let line = pixels.line_bytes(mode.width).map_err(|error| Error::driver("hdmi_out", error))?;
        let clock = PixelClock::near(mode.pixel_hz).map_err(|error| Error::driver("hdmi_out", error))?;
        let format = self.vdma.config().format(mode.height, line);
        self.unpack.set_mode(pixels)?;
        self.clock.begin(&clock)?;
        let mut waited = Duration::ZERO;
        while !self.clock.is_running()? {
            if waited >= LOCK {
                return Err(Self::error(HdmiError::ClockDoesNotLock { waited }));
            }
            self.overlay.sleep_async(LOOK).await;
            waited += LOOK;
        }
        self.timing.generate(mode)?;
        let mut buffers = self.overlay.frame_buffers(&self.vdma, DmaDirection::Send, format, 1 + HELD)?;
        self.video.start(format, &mut buffers)?;
        // Black as well: that it takes the place of the first one says that frames go out.
        let frame = self.video.new_frame()?;
        if let Err(error) = self.video.show_async(frame).until(STAGE).await.map_err(Error::from) {
            let _ = self.video.stop();
            let stage = HdmiError::NoOutput { waited: STAGE };
            return Err(if error.is_timed_out() { Self::error(stage) } else { error });
        }
        *lock(&self.started) = Some(Started { mode: *mode, pixels, clock });
        Ok(())
    }

    /// The blocking form of [`start_async`](Self::start_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn start(&self, mode: &VideoMode, pixels: PixelMode) -> Result<()> {
        self.overlay.block_on(self.start_async(mode, pixels))?
    }

    /// The mode that it was started in; `None` if it was not.
    #[must_use]
    pub fn mode(&self) -> Option<VideoMode> {
        lock(&self.started).map(|started| started.mode)
    }

    /// How pixels are packed; `None` if the output was not started.
    #[must_use]
    pub fn pixels(&self) -> Option<PixelMode> {
        lock(&self.started).map(|started| started.pixels)
    }

    /// The pixel clock that is made, which may be a little off the mode's; `None` if the output was not started.
    #[must_use]
    pub fn pixel_clock(&self) -> Option<PixelClock> {
        lock(&self.started).map(|started| started.clock)
    }

    /// A frame to be drawn on and shown.
    ///
    /// # Errors
    ///
    /// [`HdmiError::NotStarted`], and those of [`VideoOutput::new_frame`].
    pub fn new_frame(&self) -> Result<Frame> {
        self.check()?;
        Ok(self.video.new_frame()?)
    }

    /// Shows a frame: of this output, or one that came in by the input of the same VDMA in the same size. It is ready when the
    /// frame is on the screen, and gives back the one that was there before.
    ///
    /// # Errors
    ///
    /// [`HdmiError::NotStarted`], and those of [`VideoOutput::show_async`].
    ///
    /// # Cancellation safety
    ///
    /// As [`VideoOutput::show_async`].
    pub async fn show_async(&self, frame: Frame) -> Result<Frame> {
        self.check()?;
        Ok(self.video.show_async(frame).await?)
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
        self.overlay.block_on(self.show_async(frame))?
    }

    /// What the colours of all that goes out become.
    ///
    /// # Errors
    ///
    /// Those of the block.
    pub fn set_colors(&self, matrix: &ColorMatrix) -> Result<()> {
        Ok(self.colors.set_matrix(matrix)?)
    }

    /// The channel of the VDMA.
    #[must_use]
    pub const fn video(&self) -> &VideoOutput {
        &self.video
    }

    /// Stops the output: memory, then timing.
    ///
    /// # Errors
    ///
    /// Those of the blocks.
    pub fn stop(&self) -> Result<()> {
        *lock(&self.started) = None;
        if self.video.format().is_some() {
            drop(self.video.stop()?);
        }
        Ok(self.timing.stop()?)
    }

    fn check(&self) -> Result<()> {
        if self.mode().is_none() {
            return Err(Self::error(HdmiError::NotStarted));
        }
        Ok(())
    }
}

impl std::fmt::Debug for HdmiOutput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HdmiOutput").field("mode", &self.mode()).finish_non_exhaustive()
    }
}
