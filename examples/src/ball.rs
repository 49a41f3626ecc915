//! Video for the examples: a design with HDMI in and out, and a source that plays a ball which moves over colour bars.

use pynq::{
    Overlay,
    drivers::video_timing::VideoMode,
    hwh::Design,
    sim::{
        BoardBuilder, Stimulus,
        device::{Picture, View},
        parts::{HdmiMonitor, HdmiSource},
    },
};

use crate::Result;

/// HDMI in and out of one VDMA.
pub const DESIGN: &str = include_str!("passing.hwh");

/// 320 x 240, 60 frames a second.
pub const MODE: VideoMode = VideoMode {
    width: 320,
    height: 240,
    horizontal: [8, 32, 40],
    vertical: [2, 4, 14],
    positive: [true, true],
    pixel_hz: 6_240_000,
};

/// The overlay, with a source and a monitor plugged in.
///
/// # Errors
///
/// None: the design is our own.
pub fn overlay() -> Result<Overlay> {
    let design = Design::parse(DESIGN)?;
    let board = BoardBuilder::from_design(&design, |_| None)
        .part("source", HdmiSource::new(&MODE, picture))
        .part("monitor", HdmiMonitor::new())
        .join("source/out", "receiver/TMDS")
        .wire("hot_plug/gpio_io_o[0]", "source/hpd")
        .join("transmitter/TMDS", "monitor/in")
        // What the VDMA reaches, and buffers come from.
        .memory("ddr", 0x1000_0000, 128 << 20)
        .build()?;
    board.stimulate(&Stimulus::Port { port: "source/on".to_owned(), bits: 1 })?;
    Ok(Overlay::on_board(design, board))
}

/// What the monitor shows.
///
/// # Errors
///
/// Why it shows nothing.
pub fn shown(overlay: &Overlay) -> pynq::Result<Picture> {
    let board = overlay.simulation().ok_or(pynq::Error::Aside { message: "no simulated board".to_owned() })?;
    match board.view("monitor")? {
        View::Picture(picture) => Ok(picture),
        other => Err(pynq::Error::Aside { message: format!("the monitor shows {other:?}") }),
    }
}

/// Blue, green and red of eight bars.
const BARS: [[u8; 3]; 8] =
    [[191, 191, 191], [0, 191, 191], [191, 191, 0], [0, 191, 0], [191, 0, 191], [0, 0, 191], [191, 0, 0], [16, 16, 16]];

const WIDTH: i64 = 320;
const HEIGHT: i64 = 240;
const RADIUS: i64 = 24;

/// Where something is that moves to and fro.
fn between(at: i64, least: i64, most: i64) -> i64 {
    let way = most - least;
    let phase = at.rem_euclid(2 * way);
    least + if phase < way { phase } else { 2 * way - phase }
}

/// The picture of a frame: blue, green and red of each pixel.
#[must_use]
pub fn picture(number: u64) -> Vec<u8> {
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
