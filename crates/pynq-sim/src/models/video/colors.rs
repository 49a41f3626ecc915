//! The colour matrix, bit by bit as the core computes it.

use super::{ColorConvertModel, FrameCore, ports};
use crate::device::{Frame, Port};

static PORTS: [Port; 2] = ports("stream_in_24", "stream_out_24");

const ONE: u16 = 1 << 8;
/// Every channel as it is.
const UNCHANGED: [u16; 12] = [ONE, 0, 0, 0, ONE, 0, 0, 0, ONE, 0, 0, 0];

impl ColorConvertModel {
    /// A core that has just been reset: all values are 0, and all pixels black.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn register(offset: u32) -> Option<usize> {
        let index = offset.checked_sub(0x10)?;
        (index % 8 == 0 && index / 8 < 12).then_some(index as usize / 8)
    }
}

/// Ten bits with a sign.
const fn signed(value: u16) -> i32 {
    let value = value as i32;
    if value & 0x200 != 0 { value - 0x400 } else { value }
}

impl FrameCore for ColorConvertModel {
    fn ports(&self) -> &'static [Port; 2] {
        &PORTS
    }

    fn reset(&mut self) {
        *self = Self::new();
    }

    fn read(&self, offset: u32) -> u32 {
        Self::register(offset).map_or(0, |index| self.values[index].into())
    }

    fn write(&mut self, offset: u32, value: u32) {
        if let Some(index) = Self::register(offset) {
            self.values[index] = (value & 0x3FF) as u16;
        }
    }

    fn pass(&mut self, frame: Frame) -> Frame {
        if self.values == UNCHANGED {
            return frame;
        }
        let values = self.values.map(signed);
        frame.map_lines(frame.line_bytes(), move |line, out| {
            for pixel in line.chunks_exact(3) {
                for channel in 0..3 {
                    let row = &values[3 * channel..3 * channel + 3];
                    let product =
                        row[0] * i32::from(pixel[0]) + row[1] * i32::from(pixel[1]) + row[2] * i32::from(pixel[2]);
                    let sum = product + (values[9 + channel] << 8) + 0x80;
                    out.push(sum.div_euclid(256).clamp(0, 255) as u8);
                }
            }
        })
    }
}
