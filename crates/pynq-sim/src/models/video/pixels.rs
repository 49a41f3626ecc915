//! Packing and unpacking. A group of pixels that is not filled by the end of a line keeps what was in it before.

use super::{FrameCore, PixelPackModel, PixelUnpackModel, ports};
use crate::device::{Frame, Port};

const MODE: u32 = 0x10;
const ALPHA: u32 = 0x18;

static PACK: [Port; 2] = ports("stream_in_24", "stream_out_32");
static UNPACK: [Port; 2] = ports("stream_in_32", "stream_out_24");

impl PixelPackModel {
    /// A core that has just been reset.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl PixelUnpackModel {
    /// A core that has just been reset.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// The words of a group, from its pixels.
fn pack(mode: u32, alpha: u8, group: &[[u8; 3]; 4]) -> ([u8; 12], usize) {
    let mut words = [0; 12];
    let [p, q, r, s] = group;
    match mode {
        1 => words[..4].copy_from_slice(&[p[0], p[1], p[2], alpha]),
        2 => words[..4].copy_from_slice(&[p[0], q[0], r[0], s[0]]),
        3 => words[..4].copy_from_slice(&[p[0], p[1], q[0], q[1]]),
        4 => {
            let average = |channel: usize| ((u16::from(p[channel]) + u16::from(q[channel])) / 2) as u8;
            words[..4].copy_from_slice(&[p[0], average(1), q[0], average(2)]);
        }
        _ => {
            for (bytes, pixel) in words.chunks_exact_mut(3).zip(group) {
                bytes.copy_from_slice(pixel);
            }
            return (words, 12);
        }
    }
    (words, 4)
}

/// Pixels of a group.
const fn group(mode: u32) -> usize {
    match mode {
        1 => 1,
        3 | 4 => 2,
        _ => 4,
    }
}

impl FrameCore for PixelPackModel {
    fn ports(&self) -> &'static [Port; 2] {
        &PACK
    }

    fn reset(&mut self) {
        *self = Self::new();
    }

    fn read(&self, offset: u32) -> u32 {
        match offset {
            MODE => self.mode,
            ALPHA => self.alpha.into(),
            _ => 0,
        }
    }

    fn write(&mut self, offset: u32, value: u32) {
        match offset {
            MODE => self.mode = value,
            ALPHA => self.alpha = value as u8,
            _ => {}
        }
    }

    fn pass(&mut self, frame: Frame) -> Frame {
        let (mode, alpha) = (self.mode, self.alpha);
        let pixels = frame.line_bytes() as usize / 3;
        let bytes = pixels.div_ceil(group(mode)) * if matches!(mode, 1..=4) { 4 } else { 12 };
        if !matches!(mode, 1..=4) && bytes == frame.line_bytes() as usize {
            return frame;
        }
        let mut held = [[0; 3]; 4];
        frame.map_lines(bytes as u32, move |line, out| {
            for pixels in line.chunks(3 * group(mode)) {
                for (place, pixel) in held.iter_mut().zip(pixels.chunks_exact(3)) {
                    place.copy_from_slice(pixel);
                }
                let (words, len) = pack(mode, alpha, &held);
                out.extend(&words[..len]);
            }
        })
    }
}

impl FrameCore for PixelUnpackModel {
    fn ports(&self) -> &'static [Port; 2] {
        &UNPACK
    }

    fn reset(&mut self) {
        *self = Self::new();
    }

    fn read(&self, offset: u32) -> u32 {
        if offset == MODE { self.mode } else { 0 }
    }

    fn write(&mut self, offset: u32, value: u32) {
        if offset == MODE {
            self.mode = value;
        }
    }

    fn pass(&mut self, frame: Frame) -> Frame {
        let mode = self.mode;
        // Only whole words are on the stream.
        let words = frame.line_bytes() as usize / 4;
        let pixels = match mode {
            1 => words,
            2 => 4 * words,
            3 | 4 => 2 * words,
            _ => words / 3 * 4,
        };
        if !matches!(mode, 1..=4) && 3 * pixels == frame.line_bytes() as usize {
            return frame;
        }
        frame.map_lines(3 * pixels as u32, move |line, out| match mode {
            1 => line.chunks_exact(4).for_each(|word| out.extend(&word[..3])),
            2 => line.iter().take(pixels).for_each(|&byte| out.extend([byte, 0, 0])),
            3 => line.chunks_exact(2).take(pixels).for_each(|pair| out.extend([pair[0], pair[1], 0])),
            4 => line.chunks_exact(4).for_each(|word| {
                out.extend([word[0], word[1], word[3], word[2], word[1], word[3]]);
            }),
            _ => out.extend(&line[..3 * pixels]),
        })
    }
}
