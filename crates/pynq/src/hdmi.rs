//! HDMI in and out of PYNQ's base designs, made of the drivers of their blocks, which are found by what they are joined to.

#[cfg(feature = "embedded-graphics")]
mod canvas;
mod error;
mod input;
mod output;
mod wiring;

#[cfg(feature = "embedded-graphics")]
pub use canvas::Canvas;
pub use error::HdmiError;
pub use input::HdmiInput;
pub use output::HdmiOutput;

use crate::{Overlay, Result};

/// Video.
impl Overlay {
    /// HDMI in: PYNQ's `base.video.hdmi_in`. Receiver, lock, timing controller, colours, packing and VDMA are found by the
    /// wires of the handoff file, whatever they are called.
    ///
    /// Frames are owned buffers: one that is taken is the program's until it is dropped, and one that is shown by the output of
    /// the same VDMA is not copied.
    ///
    /// ```no_run
    /// use pynq::{Overlay, drivers::{pixel::PixelMode, video_timing::VideoMode}};
    ///
    /// # async fn pass_through(overlay: Overlay) -> pynq::Result<()> {
    /// let (input, output) = (overlay.hdmi_in()?, overlay.hdmi_out()?);
    /// let timing = input.start_async(PixelMode::Bits24).await?;
    /// println!("{} x {} comes in", timing.width, timing.height);
    /// output.start_async(&VideoMode::FULL_HD, PixelMode::Bits24).await?;
    /// loop {
    ///     let frame = input.frame_async().await?;
    ///     output.show_async(frame).await?;
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`HdmiError::NotInDesign`], which says what is missing; and as [`block`](Self::block).
    pub fn hdmi_in(&self) -> Result<HdmiInput> {
        HdmiInput::open(self)
    }

    /// HDMI out: PYNQ's `base.video.hdmi_out`; see [`hdmi_in`](Self::hdmi_in).
    ///
    /// # Errors
    ///
    /// As [`hdmi_in`](Self::hdmi_in).
    pub fn hdmi_out(&self) -> Result<HdmiOutput> {
        HdmiOutput::open(self)
    }
}
