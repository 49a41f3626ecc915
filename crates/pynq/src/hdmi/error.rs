//! What can go wrong with HDMI.

use std::{fmt, time::Duration};

use pynq_drivers::{pixel::PixelMode, video_timing::DetectedTiming};

/// Why an operation on HDMI failed: the payload of an [`Error::Driver`](crate::Error::Driver), had by
/// [`driver_error`](crate::Error::driver_error).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HdmiError {
    /// The design has no such way.
    NotInDesign {
        /// What is missing.
        what: &'static str,
    },
    /// The receiver does not lock on a pixel clock.
    NoPixelClock {
        /// How long it was waited for.
        waited: Duration,
    },
    /// The detector does not lock on a timing.
    NoTiming {
        /// How long it was waited for.
        waited: Duration,
    },
    /// No frame comes.
    NoFrame {
        /// How long it was waited for.
        waited: Duration,
        /// What comes in.
        timing: DetectedTiming,
    },
    /// The pixel clock does not lock.
    ClockDoesNotLock {
        /// How long it was waited for.
        waited: Duration,
    },
    /// What is shown does not change.
    NoOutput {
        /// How long it was waited for.
        waited: Duration,
    },
    /// It was not started.
    NotStarted,
    /// There are no colours to draw with.
    NoColors {
        /// How pixels are packed.
        pixels: PixelMode,
    },
    /// The source has stopped, or changed its mode.
    SignalChanged {
        /// What came in before.
        before: DetectedTiming,
        /// What comes in now, as far as that is known.
        now: Option<DetectedTiming>,
    },
}

fn seconds(time: &Duration) -> f64 {
    time.as_secs_f64()
}

fn size(timing: &DetectedTiming) -> String {
    format!("{} x {}", timing.width, timing.height)
}

impl fmt::Display for HdmiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInDesign { what } => write!(
                f,
                "this design has no HDMI of that kind: there is no {}",
                what.trim_start_matches("an ").trim_start_matches("a ")
            ),
            Self::NoPixelClock { waited } => write!(
                f,
                "the receiver has no lock on a pixel clock after {:.1} s (stage: clock lock); is the cable plugged in at both ends, and the source on and awake?",
                seconds(waited)
            ),
            Self::NoTiming { waited } => write!(
                f,
                "a pixel clock is there, and no stable timing after {:.1} s (stage: timing lock); does the source keep changing its mode, or is it one that the board can't follow?",
                seconds(waited)
            ),
            Self::NoFrame { waited, timing } => write!(
                f,
                "{} comes in, and no frame reaches memory after {:.1} s (stage: first frame); does the VDMA run, and its stream's clock?",
                size(timing),
                seconds(waited)
            ),
            Self::ClockDoesNotLock { waited } => write!(
                f,
                "the pixel clock does not lock after {:.1} s (stage: clock lock); does the reference of 100 MHz run?",
                seconds(waited)
            ),
            Self::NoOutput { waited } => write!(
                f,
                "no frame was shown after {:.1} s (stage: first frame); do pixel clock and timing generator run, and is the timing of the frames' size?",
                seconds(waited)
            ),
            Self::NoColors { pixels } => write!(
                f,
                "pixels of {} bytes have no red, green and blue to draw with; start the output with Bits24 or Bits32",
                pixels.bytes()
            ),
            Self::NotStarted => f.write_str("HDMI was not started; start it first"),
            Self::SignalChanged { before, now: Some(now) } => {
                write!(f, "the source has changed from {} to {}; start the input anew", size(before), size(now))
            }
            Self::SignalChanged { before, now: None } => {
                write!(f, "the source has stopped, which sent {}; start the input when it is back", size(before))
            }
        }
    }
}

impl std::error::Error for HdmiError {}
