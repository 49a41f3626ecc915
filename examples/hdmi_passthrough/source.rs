//! What the source plays: a ball that moves over colour bars.

use pynq::{drivers::video_timing::VideoMode, sim::device::Timing};

/// Blue, green and red of eight bars.
const BARS: [[u8; 3]; 8] =
    [[191, 191, 191], [0, 191, 191], [191, 191, 0], [0, 191, 0], [191, 0, 191], [0, 0, 191], [191, 0, 0], [16, 16, 16]];

const WIDTH: i64 = 320;
const HEIGHT: i64 = 240;
const RADIUS: i64 = 24;

/// The timing of a mode, as a source sends it.
pub(crate) fn timing(mode: &VideoMode) -> Timing {
    Timing {
        active: (mode.width, mode.height),
        total: mode.total(),
        hsync: mode.hsync(),
        vsync: mode.vsync(),
        polarity: 0x7F,
        pixel_hz: mode.pixel_hz.into(),
    }
}

/// Where something is that moves to and fro.
fn between(at: i64, least: i64, most: i64) -> i64 {
    let way = most - least;
    let phase = at.rem_euclid(2 * way);
    least + if phase < way { phase } else { 2 * way - phase }
}

/// The picture of a frame: blue, green and red of each pixel.
pub(crate) fn picture(number: u64) -> Vec<u8> {
    let time = i64::try_from(number).unwrap_or(0);
    let x = between(3 * time, RADIUS, WIDTH - RADIUS);
    let y = between(2 * time, RADIUS, HEIGHT - RADIUS);
    let pixel = |at: i64| {
        let (column, line) = (at % WIDTH, at / WIDTH);
        let inside = (column - x).pow(2) + (line - y).pow(2) <= RADIUS.pow(2);
        if inside { [60, 120, 255] } else { BARS[usize::try_from(column * 8 / WIDTH).unwrap_or(0)] }
    };
    (0..WIDTH * HEIGHT).flat_map(pixel).collect()
}
