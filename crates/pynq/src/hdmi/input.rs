//! HDMI in.

use std::{
    future::Future,
    pin::pin,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

use pynq_core::lock;
use pynq_drivers::{
    AxiGpio, AxiVdma, Level,
    axi_dma::DmaDirection,
    axi_gpio::Pin,
    axi_vdma::{Frame, VideoInput},
    color_convert::{ColorConvert, ColorMatrix},
    pixel::{PixelMode, PixelPack},
    video_timing::{DetectedTiming, VideoTiming},
};

use super::{HdmiError, wiring::InputWiring};
use crate::{Error, Overlay, Result};

/// How long the source has to see that the display is gone, to read anew what it can do.
const HOT_PLUG: Duration = Duration::from_millis(100);
/// How long each stage of a start is waited for.
const STAGE: Duration = Duration::from_secs(5);
/// How often a lock is looked at that raises no interrupt.
const LOOK: Duration = Duration::from_millis(10);
/// Frames that the program can hold at a time, besides those in the stores.
const HELD: usize = 4;

/// HDMI in: from the connector to frames in memory. Clones are handles on the same one.
///
/// See [`Overlay::hdmi_in`].
#[derive(Clone)]
pub struct HdmiInput {
    overlay: Overlay,
    gpio: AxiGpio,
    lock_channel: u8,
    timing: VideoTiming,
    colors: ColorConvert,
    pack: PixelPack,
    vdma: AxiVdma,
    video: VideoInput,
    started: Arc<Mutex<Option<Started>>>,
}

#[derive(Clone, Copy)]
struct Started {
    timing: DetectedTiming,
    pixels: PixelMode,
}

/// Whether a wait was refused because an interrupt goes nowhere.
fn is_unwired(error: &Error) -> bool {
    error.cause() == Some(pynq_core::Error::InterruptsUnavailable)
}

impl HdmiInput {
    pub(super) fn open(overlay: &Overlay) -> Result<Self> {
        let wiring = InputWiring::find(overlay.design()).map_err(|error| Error::driver("hdmi_in", error))?;
        let vdma = overlay.vdma(&wiring.vdma)?;
        Ok(Self {
            overlay: overlay.clone(),
            gpio: overlay.gpio(&wiring.gpio)?,
            lock_channel: wiring.lock_channel,
            timing: overlay.block(&wiring.timing)?,
            colors: overlay.block(&wiring.colors)?,
            pack: overlay.block(&wiring.pack)?,
            video: vdma.input()?,
            vdma,
            started: Arc::default(),
        })
    }

    fn error(error: HdmiError) -> Error {
        Error::driver("hdmi_in", error)
    }

    /// Starts the input, with pixels packed like this: hot plug, lock on the pixel clock, lock on the timing, the first frame.
    /// Returns what comes in. One that was started is stopped first.
    ///
    /// # Errors
    ///
    /// [`HdmiError::NoPixelClock`], [`HdmiError::NoTiming`], [`HdmiError::NoFrame`]: which stage is missing after five
    /// seconds, and what to check; a width that the mode can't pack; and those of the blocks.
    ///
    /// # Cancellation safety
    ///
    /// Dropped, it leaves the stages that were reached as they are. A start begins with the first.
    pub async fn start_async(&self, pixels: PixelMode) -> Result<DetectedTiming> {
        self.stop()?;
        let (hot_plug, clock_lock) = (3 - self.lock_channel, self.lock_channel);
        let channel = |number| if number == 1 { Ok(self.gpio.channel1()) } else { self.gpio.channel2() };
        let hot_plug = channel(hot_plug)?.pin(0)?;
        hot_plug.set_low()?;
        self.overlay.sleep_async(HOT_PLUG).await;
        hot_plug.set_high()?;

        self.clock_lock(&channel(clock_lock)?.pin(0)?).await?;
        self.timing.detect(true)?;
        let timing = self.timing_lock().await?;
        let line = pixels.line_bytes(timing.width).map_err(|error| Error::driver("hdmi_in", error))?;
        let format = self.vdma.config().format(timing.height, line);
        self.pack.set_mode(pixels)?;
        let count = usize::from(self.vdma.config().stores) + HELD;
        let mut buffers = self.overlay.frame_buffers(&self.vdma, DmaDirection::Receive, format, count)?;
        self.video.start(format, &mut buffers)?;
        match self.video.frame_async().until(STAGE).await.map_err(Error::from) {
            Ok(_) => {}
            Err(error) => {
                let _ = self.video.stop();
                let stage = HdmiError::NoFrame { waited: STAGE, timing };
                return Err(if error.is_timed_out() { Self::error(stage) } else { error });
            }
        }
        *lock(&self.started) = Some(Started { timing, pixels });
        Ok(timing)
    }

    /// Waits for the receiver's lock: by the interrupt of the GPIO, or, in a design that has none there, by a look now and then.
    async fn clock_lock(&self, locked: &Pin) -> Result<()> {
        let no_clock = || Self::error(HdmiError::NoPixelClock { waited: STAGE });
        match locked.wait_for_level_async(Level::High).until(STAGE).await.map_err(Error::from) {
            Ok(_) => return Ok(()),
            Err(error) if error.is_timed_out() => return Err(no_clock()),
            Err(error) if is_unwired(&error) => {}
            Err(error) => return Err(error),
        }
        let mut waited = Duration::ZERO;
        while !locked.is_high()? {
            if waited >= STAGE {
                return Err(no_clock());
            }
            self.overlay.sleep_async(LOOK).await;
            waited += LOOK;
        }
        Ok(())
    }

    /// Waits for the detector's lock, in the same two ways.
    async fn timing_lock(&self) -> Result<DetectedTiming> {
        let no_timing = || Self::error(HdmiError::NoTiming { waited: STAGE });
        match self.timing.lock_async().until(STAGE).await.map_err(Error::from) {
            Ok(timing) => return Ok(timing),
            Err(error) if error.is_timed_out() => return Err(no_timing()),
            Err(error) if is_unwired(&error) => {}
            Err(error) => return Err(error),
        }
        let mut waited = Duration::ZERO;
        loop {
            if let Some(timing) = self.timing.detected()? {
                return Ok(timing);
            }
            if waited >= STAGE {
                return Err(no_timing());
            }
            self.overlay.sleep_async(LOOK).await;
            waited += LOOK;
        }
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
    pub fn start(&self, pixels: PixelMode) -> Result<DetectedTiming> {
        self.overlay.block_on(self.start_async(pixels))?
    }

    /// What came in when the input was started; `None` if it was not.
    #[must_use]
    pub fn mode(&self) -> Option<DetectedTiming> {
        lock(&self.started).map(|started| started.timing)
    }

    /// How pixels are packed; `None` if the input was not started.
    #[must_use]
    pub fn pixels(&self) -> Option<PixelMode> {
        lock(&self.started).map(|started| started.pixels)
    }

    /// The newest frame that nobody has taken: at once if there is one, else the next.
    ///
    /// # Errors
    ///
    /// [`HdmiError::NotStarted`]; [`HdmiError::SignalChanged`] when the source stops or changes its mode, if the detector's
    /// interrupt is wired, after which the input is to be started anew; and those of [`VideoInput::frame_async`].
    ///
    /// # Cancellation safety
    ///
    /// Dropping it loses nothing: the frame is there for the next one who asks.
    pub async fn frame_async(&self) -> Result<Frame> {
        let timing = self.mode().ok_or_else(|| Self::error(HdmiError::NotStarted))?;
        let mut frame = pin!(self.video.frame_async());
        let mut change = pin!(self.timing.change_async(timing));
        let changed = std::future::poll_fn(|cx| {
            if let Poll::Ready(frame) = frame.as_mut().poll(cx) {
                return Poll::Ready(Ok(frame));
            }
            change.as_mut().poll(cx).map(Err)
        });
        match changed.await {
            Ok(frame) => Ok(frame?),
            Err(Ok(())) => Err(Self::error(HdmiError::SignalChanged { before: timing, now: self.timing.detected()? })),
            Err(Err(error)) => match Error::from(error) {
                // No interrupt tells of a change: the frame alone is waited for.
                error if is_unwired(&error) => Ok(frame.await?),
                error => Err(error),
            },
        }
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
        self.overlay.block_on(self.frame_async())?
    }

    /// What the colours of all that comes in become.
    ///
    /// # Errors
    ///
    /// Those of the block.
    pub fn set_colors(&self, matrix: &ColorMatrix) -> Result<()> {
        Ok(self.colors.set_matrix(matrix)?)
    }

    /// The channel of the VDMA, for the stream of its frames.
    #[must_use]
    pub const fn video(&self) -> &VideoInput {
        &self.video
    }

    /// Stops the input: memory, detector, hot plug. Frames that the program holds stay whole.
    ///
    /// # Errors
    ///
    /// Those of the blocks.
    pub fn stop(&self) -> Result<()> {
        *lock(&self.started) = None;
        if self.video.format().is_some() {
            drop(self.video.stop()?);
        }
        self.timing.detect(false)?;
        let channel = if self.lock_channel == 2 { self.gpio.channel1() } else { self.gpio.channel2()? };
        Ok(channel.pin(0)?.set_low()?)
    }
}

impl std::fmt::Debug for HdmiInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HdmiInput").field("mode", &self.mode()).finish_non_exhaustive()
    }
}
