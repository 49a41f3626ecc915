//! The video timing controller (VTC, PG016): a detector of what comes in, a generator for what goes out, or both, and the
//! interrupts of both.
//!
//! ```
//! use std::sync::Arc;
//!
//! use pynq_core::{Driver, interrupt::{Node, StdLock}};
//! use pynq_drivers::video_timing::{VideoMode, VideoTiming, VideoTimingConfig};
//! # use pynq_sim::{Board, models::{VtcModel, VtcParams}};
//! # let board = Board::builder()
//! #     .device("vtc", 0x43C2_0000, 0x1_0000, VtcModel::new(VtcParams::default()))
//! #     .interrupt("vtc/irq", 61)
//! #     .build()?;
//! let hardware = VideoTiming::set_up(board.window("vtc")?.into(), VideoTimingConfig::new())?;
//! let node = Arc::pin(Node::<_, StdLock, _>::new(StdLock::new(), hardware, board.cpu_pin(61)?));
//! let timing = VideoTiming::over(node.into())?;
//! timing.generate(&VideoMode::SVGA)?;
//! timing.vertical_blank()?; // or `vertical_blank_async().await`
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod mode;

use core::fmt;

use pynq_core::{
    BlockError, Driver, Error, ParameterError, Parameters, Window, driver_error,
    interrupt::{NodeHandle, Wait, Waiting},
    latched_lines, register_bits, register_map,
    regs::{Ro, Rw, Rwh, W1c, WindowTooSmall},
};

pub use mode::VideoMode;

/// The result of an operation. The error has the block's name.
pub type Result<T> = core::result::Result<T, BlockError<VideoTimingError>>;

register_bits! {
    /// What the controller does.
    pub struct TimingControl {
        /// It works.
        const ENABLE = 1 << 0;
        /// Registers are taken over at the border of two frames.
        const UPDATE = 1 << 1;
        /// The generator works.
        const GENERATE = 1 << 2;
        /// The detector works.
        const DETECT = 1 << 3;
        /// Everything about the generator comes from its registers, and nothing from the detector.
        const FROM_REGISTERS = 0x03FD_EF00;
        /// Resets the block. Reads 1 until that is done.
        const RESET = 1 << 31;
    }
}

register_bits! {
    /// What the detector sees.
    pub struct DetectorStatus {
        /// It knows the timing.
        const LOCKED = 1 << 0;
        /// The vertical blank.
        const VERTICAL_BLANK = 1 << 1;
        /// Active video.
        const ACTIVE = 1 << 2;
    }
}

register_map! {
    /// Registers of a video timing controller, as far as they are for progressive video.
    pub struct VideoTimingRegisters, size 0x88 {
        /// What it does.
        0x00 => control: Rwh<TimingControl>,
        /// What has happened, from bit 8 on. A written one clears it.
        0x04 => interrupts: W1c<u32>,
        /// Errors. A written one clears them.
        0x08 => errors: W1c<u32>,
        /// Which of `interrupts` are let out.
        0x0C => enables: Rw<u32>,
        /// The version.
        0x10 => version: Ro<u32>,
        /// Detector: pixels of a line, and from bit 16 on lines.
        0x20 => detected_size: Ro<u32>,
        /// Detector: whether it knows the timing.
        0x24 => detector_status: Ro<DetectorStatus>,
        /// Detector: which signals are active high.
        0x2C => detected_polarity: Ro<u32>,
        /// Detector: pixels of a line in all.
        0x30 => detected_width: Ro<u32>,
        /// Detector: lines in all.
        0x34 => detected_height: Ro<u32>,
        /// Detector: where the horizontal sync begins, and from bit 16 on where it ends.
        0x38 => detected_hsync: Ro<u32>,
        /// Detector: where the vertical sync begins, and from bit 16 on where it ends.
        0x40 => detected_vsync: Ro<u32>,
        /// Generator: pixels of a line, and from bit 16 on lines.
        0x60 => size: Rw<u32>,
        /// Generator: how pixels are made up.
        0x68 => encoding: Rw<u32>,
        /// Generator: which signals are active high.
        0x6C => polarity: Rw<u32>,
        /// Generator: pixels of a line in all.
        0x70 => width: Rw<u32>,
        /// Generator: lines in all.
        0x74 => height: Rw<u32>,
        /// Generator: where the horizontal sync begins, and from bit 16 on where it ends.
        0x78 => hsync: Rw<u32>,
        /// Generator: the pixel at which the vertical blank begins, and from bit 16 on at which it ends.
        0x7C => blank_offset: Rw<u32>,
        /// Generator: where the vertical sync begins, and from bit 16 on where it ends.
        0x80 => vsync: Rw<u32>,
        /// Generator: the pixel at which the vertical sync begins, and from bit 16 on at which it ends.
        0x84 => sync_offset: Rw<u32>,
    }
}

/// Blanks, active video and chroma are active high in any mode.
const POLARITY: u32 = 0b111_0011;
const VSYNC: u32 = 1 << 2;
const HSYNC: u32 = 1 << 3;
/// RGB.
const ENCODING: u32 = 2;

/// Lines of the node, which begin at bit 8 of the registers.
const LOCK: u8 = 0;
const LOCK_LOST: u8 = 1;
const GENERATOR_BLANK: u8 = 4;

/// How often a reset is looked at.
const SPINS: u32 = 1_000;

/// How a video timing controller was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VideoTimingConfig {
    /// `C_DETECT_EN`: there is a detector.
    pub detects: bool,
    /// `C_GENERATE_EN`: there is a generator.
    pub generates: bool,
}

impl VideoTimingConfig {
    /// Both.
    #[must_use]
    pub const fn new() -> Self {
        Self { detects: true, generates: true }
    }

    /// What the parameters of the handoff file say. One that it doesn't have has the data sheet's default.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] for a value that no block can have been built with.
    pub fn from_parameters(built: &Parameters<'_>) -> core::result::Result<Self, ParameterError> {
        Ok(Self { detects: built.flag("C_DETECT_EN", true)?, generates: built.flag("C_GENERATE_EN", true)? })
    }
}

impl Default for VideoTimingConfig {
    fn default() -> Self {
        Self::new()
    }
}

driver_error! {
    /// Why an operation on a video timing controller failed.
    pub enum VideoTimingError {
        /// There is no detector.
        NoDetector => "this video timing controller was built without a detector (C_DETECT_EN); use the one on the way in",
        /// There is no generator.
        NoGenerator => "this video timing controller was built without a generator (C_GENERATE_EN); use the one on the way out",
        /// A mode that the registers have no room for.
        Mode {
            /// The mode.
            mode: VideoMode,
        } => "{mode} is more than 8191 pixels or lines in all, or nothing to be seen",
    }
}

/// Why a video timing controller could not be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VideoTimingConfigError {
    /// The window doesn't hold the block's registers.
    WindowTooSmall(WindowTooSmall),
    /// The reset did not end.
    ResetStuck,
}

impl fmt::Display for VideoTimingConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WindowTooSmall(error) => error.fmt(f),
            Self::ResetStuck => {
                f.write_str("the reset of this video timing controller does not end; is its clock running?")
            }
        }
    }
}

impl core::error::Error for VideoTimingConfigError {}

impl From<WindowTooSmall> for VideoTimingConfigError {
    fn from(error: WindowTooSmall) -> Self {
        Self::WindowTooSmall(error)
    }
}

/// The register functions of a video timing controller.
pub struct VideoTimingHardware {
    registers: VideoTimingRegisters<Window>,
    config: VideoTimingConfig,
    /// What CTL holds.
    control: TimingControl,
}

// Locked, lock lost, and vertical blank and active video of detector and generator.
latched_lines! {
    impl InterruptHardware for VideoTimingHardware {
        lines: 6,
        enable: registers.enables() << 8,
        status: registers.interrupts() << 8,
    }
}

impl VideoTimingHardware {
    fn put(&mut self, control: TimingControl) {
        self.control = control;
        self.registers.control().write(control);
    }

    fn detected(&self) -> Option<DetectedTiming> {
        if !self.registers.detector_status().read().contains(DetectorStatus::LOCKED) {
            return None;
        }
        let size = self.registers.detected_size().read();
        let polarity = self.registers.detected_polarity().read();
        let total = (self.registers.detected_width().read(), self.registers.detected_height().read());
        // Lost meanwhile, the registers say nothing.
        self.registers.detector_status().read().contains(DetectorStatus::LOCKED).then_some(DetectedTiming {
            width: size & 0x3FFF,
            height: size >> 16 & 0x3FFF,
            total: (total.0 & 0x1FFF, total.1 & 0x1FFF),
            positive: [polarity & HSYNC != 0, polarity & VSYNC != 0],
        })
    }
}

impl fmt::Debug for VideoTimingHardware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VideoTimingHardware").field("config", &self.config).finish_non_exhaustive()
    }
}

/// What comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DetectedTiming {
    /// Pixels of a line that are seen.
    pub width: u32,
    /// Lines that are seen.
    pub height: u32,
    /// Pixels of a line in all, and lines.
    pub total: (u32, u32),
    /// The horizontal and the vertical sync are active high.
    pub positive: [bool; 2],
}

/// A video timing controller. Clones are handles on the same one.
#[derive(Clone)]
pub struct VideoTiming {
    node: NodeHandle<VideoTimingHardware>,
}

impl VideoTiming {
    /// Has the detector look, or stop looking.
    ///
    /// # Errors
    ///
    /// [`VideoTimingError::NoDetector`], or the engine's.
    pub fn detect(&self, on: bool) -> Result<()> {
        self.node.access(|hardware| {
            if !hardware.config.detects {
                return Err(VideoTimingError::NoDetector);
            }
            let work = TimingControl::ENABLE | TimingControl::UPDATE | TimingControl::DETECT;
            let control = hardware.control;
            hardware.put(if on { control | work } else { control - TimingControl::DETECT });
            Ok(())
        })
    }

    /// What the detector sees; `None` while it has no lock.
    ///
    /// # Errors
    ///
    /// [`VideoTimingError::NoDetector`], or the engine's.
    pub fn detected(&self) -> Result<Option<DetectedTiming>> {
        self.node.access(|hardware| match hardware.config.detects {
            true => Ok(hardware.detected()),
            false => Err(VideoTimingError::NoDetector),
        })
    }

    /// Waits until the detector knows the timing: at once if it does.
    ///
    /// # Errors
    ///
    /// [`VideoTimingError::NoDetector`], or the engine's.
    ///
    /// # Cancellation safety
    ///
    /// Dropping it changes nothing.
    pub fn lock_async(
        &self,
    ) -> Waiting<impl Wait<Value = DetectedTiming, Error = BlockError<VideoTimingError>> + use<>> {
        let this = self.clone();
        self.node.operation(async move {
            let mut line = this.node.line(LOCK).map_err(|error| this.node.error(error))?;
            loop {
                if let Some(timing) = this.detected()? {
                    return Ok(timing);
                }
                line.wait_as::<BlockError<VideoTimingError>>().await?;
            }
        })
    }

    /// The blocking form of [`lock_async`](Self::lock_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn lock(&self) -> Result<DetectedTiming> {
        self.lock_async().block()
    }

    /// Waits until the detector has lost the timing, or has another one than `timing`.
    ///
    /// # Errors
    ///
    /// As [`lock_async`](Self::lock_async).
    ///
    /// # Cancellation safety
    ///
    /// Dropping it changes nothing.
    pub fn change_async(
        &self,
        timing: DetectedTiming,
    ) -> Waiting<impl Wait<Value = (), Error = BlockError<VideoTimingError>> + use<>> {
        let this = self.clone();
        self.node.operation(async move {
            let mut line = this.node.line(LOCK_LOST).map_err(|error| this.node.error(error))?;
            if this.detected()? == Some(timing) {
                line.wait_as::<BlockError<VideoTimingError>>().await?;
            }
            Ok(())
        })
    }

    /// The blocking form of [`change_async`](Self::change_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn change(&self, timing: DetectedTiming) -> Result<()> {
        self.change_async(timing).block()
    }

    /// Generates a mode, from the next frame on. The pixel clock is another block's.
    ///
    /// # Errors
    ///
    /// [`VideoTimingError::NoGenerator`], [`VideoTimingError::Mode`], or the engine's.
    pub fn generate(&self, mode: &VideoMode) -> Result<()> {
        self.node.access(|hardware| {
            if !hardware.config.generates {
                return Err(VideoTimingError::NoGenerator);
            }
            if !mode.fits() {
                return Err(VideoTimingError::Mode { mode: *mode });
            }
            let pair = |(low, high): (u32, u32)| low | high << 16;
            // Held back meanwhile, so that no frame has some of both.
            let control = hardware.control - TimingControl::UPDATE;
            hardware.put(control);
            let registers = &hardware.registers;
            let [hsync, vsync] = mode.positive;
            let polarity = POLARITY | if hsync { HSYNC } else { 0 } | if vsync { VSYNC } else { 0 };
            registers.size().write(pair((mode.width, mode.height)));
            registers.encoding().write(ENCODING);
            registers.polarity().write(polarity);
            registers.width().write(mode.total().0);
            registers.height().write(mode.total().1);
            registers.hsync().write(pair(mode.hsync()));
            registers.blank_offset().write(pair((mode.width, mode.width)));
            registers.vsync().write(pair(mode.vsync()));
            registers.sync_offset().write(pair((mode.hsync().0, mode.hsync().0)));
            let work = TimingControl::ENABLE | TimingControl::UPDATE | TimingControl::GENERATE;
            hardware.put(control | work | TimingControl::FROM_REGISTERS);
            Ok(())
        })
    }

    /// Stops the generator.
    ///
    /// # Errors
    ///
    /// The engine's, if the design was replaced.
    pub fn stop(&self) -> Result<()> {
        self.node.access(|hardware| {
            hardware.put(hardware.control - TimingControl::GENERATE);
            Ok(())
        })
    }

    /// Waits for the next vertical blank of the generator.
    ///
    /// # Errors
    ///
    /// [`VideoTimingError::NoGenerator`], or the engine's.
    ///
    /// # Cancellation safety
    ///
    /// Dropping it changes nothing.
    pub fn vertical_blank_async(&self) -> Waiting<impl Wait<Value = (), Error = BlockError<VideoTimingError>> + use<>> {
        let node = self.node.clone();
        self.node.operation(async move {
            node.access(
                |hardware| if hardware.config.generates { Ok(()) } else { Err(VideoTimingError::NoGenerator) },
            )?;
            let mut line = node.line(GENERATOR_BLANK).map_err(|error| node.error(error))?;
            line.wait_as::<BlockError<VideoTimingError>>().await.map(drop)
        })
    }

    /// The blocking form of [`vertical_blank_async`](Self::vertical_blank_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn vertical_blank(&self) -> Result<()> {
        self.vertical_blank_async().block()
    }

    /// The node.
    #[must_use]
    pub const fn node(&self) -> &NodeHandle<VideoTimingHardware> {
        &self.node
    }
}

impl Driver for VideoTiming {
    const NAME: &'static str = "video timing controller";
    const VLNV: &'static str = "xilinx.com:ip:v_tc";
    const INTERRUPT: &'static str = "irq";

    type Config = VideoTimingConfig;
    type Hardware = VideoTimingHardware;
    type SetUpError = VideoTimingConfigError;

    fn configure(parameters: &Parameters<'_>) -> core::result::Result<VideoTimingConfig, ParameterError> {
        VideoTimingConfig::from_parameters(parameters)
    }

    fn set_up(
        window: Window,
        config: VideoTimingConfig,
    ) -> core::result::Result<VideoTimingHardware, VideoTimingConfigError> {
        let registers = VideoTimingRegisters::new(window)?;
        registers.control().write(TimingControl::RESET);
        if !(0..SPINS).any(|_| !registers.control().read().contains(TimingControl::RESET)) {
            return Err(VideoTimingConfigError::ResetStuck);
        }
        registers.enables().write(0);
        Ok(VideoTimingHardware { registers, config, control: TimingControl::empty() })
    }

    /// Leaves what it generates.
    fn attach(
        window: Window,
        config: VideoTimingConfig,
    ) -> core::result::Result<VideoTimingHardware, VideoTimingConfigError> {
        let registers = VideoTimingRegisters::new(window)?;
        registers.enables().write(0);
        let control = registers.control().read();
        Ok(VideoTimingHardware { registers, config, control })
    }

    fn over(node: NodeHandle<VideoTimingHardware>) -> core::result::Result<Self, Error> {
        Ok(Self { node })
    }
}

impl fmt::Debug for VideoTiming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VideoTiming").field("node", &self.node).finish()
    }
}
