//! Video modes: sizes, sync pulses and pixel clocks.

use core::fmt;

/// A mode of progressive video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VideoMode {
    /// Pixels of a line that are seen.
    pub width: u32,
    /// Lines that are seen.
    pub height: u32,
    /// Pixels between the last seen one and the horizontal sync, of that, and behind it.
    pub horizontal: [u32; 3],
    /// The same in lines, for the vertical sync.
    pub vertical: [u32; 3],
    /// The horizontal and the vertical sync are active high.
    pub positive: [bool; 2],
    /// The pixel clock, in hertz.
    pub pixel_hz: u32,
}

impl VideoMode {
    /// 640 x 480, 60 frames a second (VESA).
    pub const VGA: Self = Self::new(640, 480, [16, 96, 48], [10, 2, 33], [false, false], 25_175_000);
    /// 800 x 600, 60 frames a second (VESA).
    pub const SVGA: Self = Self::new(800, 600, [40, 128, 88], [1, 4, 23], [true, true], 40_000_000);
    /// 1280 x 720, 60 frames a second (CEA-861).
    pub const HD: Self = Self::new(1280, 720, [110, 40, 220], [5, 5, 20], [true, true], 74_250_000);
    /// 1280 x 1024, 60 frames a second (VESA).
    pub const SXGA: Self = Self::new(1280, 1024, [48, 112, 248], [1, 3, 38], [true, true], 108_000_000);
    /// 1920 x 1080, 60 frames a second (CEA-861).
    pub const FULL_HD: Self = Self::new(1920, 1080, [88, 44, 148], [4, 5, 36], [true, true], 148_500_000);

    const fn new(
        width: u32,
        height: u32,
        horizontal: [u32; 3],
        vertical: [u32; 3],
        positive: [bool; 2],
        pixel_hz: u32,
    ) -> Self {
        Self { width, height, horizontal, vertical, positive, pixel_hz }
    }

    /// Pixels of a line in all, and lines.
    #[must_use]
    pub const fn total(&self) -> (u32, u32) {
        let [a, b, c] = self.horizontal;
        let [x, y, z] = self.vertical;
        (self.width + a + b + c, self.height + x + y + z)
    }

    /// Where the horizontal sync begins and ends, in pixels.
    #[must_use]
    pub const fn hsync(&self) -> (u32, u32) {
        let start = self.width + self.horizontal[0];
        (start, start + self.horizontal[1])
    }

    /// Where the vertical sync begins and ends, in lines.
    #[must_use]
    pub const fn vsync(&self) -> (u32, u32) {
        let start = self.height + self.vertical[0];
        (start, start + self.vertical[1])
    }

    /// Frames a second, in thousandths.
    #[must_use]
    pub const fn millihertz(&self) -> u32 {
        let (width, height) = self.total();
        let pixels = width as u64 * height as u64;
        match (self.pixel_hz as u64 * 1000).checked_div(pixels) {
            Some(rate) => rate as u32,
            None => 0,
        }
    }

    /// Whether the registers have room for it: 13 bits for each count, and something to be seen.
    #[must_use]
    pub const fn fits(&self) -> bool {
        let (width, height) = self.total();
        self.width != 0 && self.height != 0 && width <= 0x1FFF && height <= 0x1FFF
    }
}

impl fmt::Display for VideoMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // In hundredths, to the nearest.
        let rate = (self.millihertz() + 5) / 10;
        write!(f, "{} x {} at {}.{:02} Hz", self.width, self.height, rate / 100, rate % 100)
    }
}
