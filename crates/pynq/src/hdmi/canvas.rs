//! Text and shapes on frames, by the crate `embedded-graphics`.

use embedded_graphics_core::{
    Pixel,
    draw_target::DrawTarget,
    geometry::{OriginDimensions, Size},
    pixelcolor::{Rgb888, RgbColor as _},
    primitives::Rectangle,
};
use pynq_drivers::{axi_vdma::Frame, pixel::PixelMode};

use super::{HdmiError, HdmiOutput};
use crate::{Error, Result};

/// A frame to draw on, for the crate `embedded-graphics`; see [`HdmiOutput::canvas`]. What is outside of it is not drawn.
#[derive(Debug)]
pub struct Canvas<'f> {
    frame: &'f mut Frame,
    width: u32,
    bytes: usize,
}

impl HdmiOutput {
    /// The frame as something that text and shapes are drawn on, in place.
    ///
    /// ```no_run
    /// use embedded_graphics::{pixelcolor::Rgb888, prelude::*, primitives::{Circle, PrimitiveStyle}};
    ///
    /// # fn draw(output: pynq::HdmiOutput) -> pynq::Result<()> {
    /// let mut frame = output.new_frame()?;
    /// let mut canvas = output.canvas(&mut frame)?;
    /// let style = PrimitiveStyle::with_fill(Rgb888::CSS_ORANGE_RED);
    /// let Ok(()) = Circle::new(Point::new(20, 20), 100).into_styled(style).draw(&mut canvas);
    /// output.show(frame)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`HdmiError::NotStarted`], and [`HdmiError::NoColors`] in a mode of fewer than three bytes.
    pub fn canvas<'f>(&self, frame: &'f mut Frame) -> Result<Canvas<'f>> {
        let (mode, pixels) =
            self.mode().zip(self.pixels()).ok_or_else(|| Error::driver("hdmi_out", HdmiError::NotStarted))?;
        match pixels {
            PixelMode::Bits24 | PixelMode::Bits32 => {
                // A frame of another start may have another size.
                let bytes = pixels.bytes();
                let width = mode.width.min(frame.format().line_bytes / bytes);
                Ok(Canvas { frame, width, bytes: bytes as usize })
            }
            _ => Err(Error::driver("hdmi_out", HdmiError::NoColors { pixels })),
        }
    }
}

impl Canvas<'_> {
    fn put(&mut self, x: i32, y: i32, color: Rgb888) {
        let (Ok(x), Ok(y)) = (u32::try_from(x), usize::try_from(y)) else { return };
        let stride = self.frame.format().stride as usize;
        let at = y.checked_mul(stride).map(|line| line + x as usize * self.bytes);
        let Some(place) = at.filter(|_| x < self.width).and_then(|at| self.frame.get_mut(at..at + self.bytes)) else {
            return;
        };
        place[..3].copy_from_slice(&[color.b(), color.g(), color.r()]);
    }
}

impl OriginDimensions for Canvas<'_> {
    fn size(&self) -> Size {
        Size::new(self.width, self.frame.format().lines)
    }
}

impl DrawTarget for Canvas<'_> {
    type Color = Rgb888;
    type Error = core::convert::Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> std::result::Result<(), Self::Error>
    where
        I: IntoIterator<Item = Pixel<Rgb888>>,
    {
        pixels.into_iter().for_each(|Pixel(point, color)| self.put(point.x, point.y, color));
        Ok(())
    }

    fn fill_solid(&mut self, area: &Rectangle, color: Rgb888) -> std::result::Result<(), Self::Error> {
        let seen = area.intersection(&Rectangle::new(Default::default(), self.size()));
        for y in seen.rows() {
            for x in seen.columns() {
                self.put(x, y, color);
            }
        }
        Ok(())
    }
}
