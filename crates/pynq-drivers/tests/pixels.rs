//! PYNQ's pixel cores, between a camera and a screen, against formulas that are written here from the data sheet alone.
#![allow(clippy::unwrap_used)] // a test may

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use pynq_core::{
    Driver, Window,
    interrupt::{Node, NodeHandle, ParentLine, StdLock},
};
use pynq_drivers::{
    color_convert::{ColorConvert, ColorMatrix},
    pixel::{PixelError, PixelMode, PixelPack, PixelUnpack},
};
use pynq_sim::{
    Board,
    models::{AxisFifoModel, AxisFifoParams, ColorConvertModel, PixelPackModel, PixelUnpackModel},
    parts::{FrameSink, FrameSource},
};

const PERIOD: Duration = Duration::from_millis(10);
const MODES: [PixelMode; 5] =
    [PixelMode::Bits24, PixelMode::Bits32, PixelMode::Bits8, PixelMode::Bits16, PixelMode::Subsampled16];

fn open<D: Driver>(board: &Board, path: &str) -> D
where
    D::Config: Default,
{
    let window = Window::boxed(board.window(path).unwrap());
    let hardware = D::set_up(window, D::Config::default()).unwrap_or_else(|error| panic!("{error}"));
    let node = Arc::pin(Node::<_, StdLock, _>::new(StdLock::new(), hardware, ParentLine::UNWIRED));
    D::over(NodeHandle::from(node)).unwrap()
}

/// Bytes that are all over the place.
fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let byte = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // The ends of the range are more likely than they would be.
        match state >> 60 {
            0 => 0,
            1 => 255,
            _ => (state >> 32) as u8,
        }
    };
    (0..len).map(byte).collect()
}

struct Rig {
    board: Board,
    seen: Arc<Mutex<Vec<u8>>>,
    colors: ColorConvert,
    pack: PixelPack,
    unpack: PixelUnpack,
}

const LINES: u32 = 3;

/// Camera, colours, packing, and then, if it is not `open`, unpacking, in front of the screen.
fn rig(width: u32, unpacked: bool) -> Rig {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let shown = Arc::clone(&seen);
    let len = (LINES * width * 3) as usize;
    let mut builder = Board::builder()
        .device("colors", 0x43C5_0000, 0x1_0000, ColorConvertModel::new())
        .device("pack", 0x43C4_0000, 0x1_0000, PixelPackModel::new())
        .device("unpack", 0x43C7_0000, 0x1_0000, PixelUnpackModel::new())
        .part("camera", FrameSource::new(LINES, 3 * width, PERIOD, move |_| noise(len, u64::from(width))))
        .part("slice", AxisFifoModel::new(AxisFifoParams::default()))
        .part("screen", FrameSink::new(PERIOD, move |frame| *shown.lock().unwrap() = frame.bytes().to_vec()))
        .join("camera/out", "colors/stream_in_24")
        .join("colors/stream_out_24", "slice/S_AXIS")
        .join("slice/M_AXIS", "pack/stream_in_24");
    if unpacked {
        builder = builder.join("pack/stream_out_32", "unpack/stream_in_32").join("unpack/stream_out_24", "screen/in");
    } else {
        builder = builder.join("pack/stream_out_32", "screen/in");
    }
    let board = builder.build().unwrap();
    let (colors, pack, unpack) = (open(&board, "colors"), open(&board, "pack"), open(&board, "unpack"));
    Rig { board, seen, colors, pack, unpack }
}

impl Rig {
    fn frame(&self) -> Vec<u8> {
        self.board.advance(PERIOD * 2);
        self.seen.lock().unwrap().clone()
    }
}

/// The sheet's formula in real numbers: none of the values is near enough to an edge for a difference.
fn converted(matrix: &ColorMatrix, pixel: &[u8]) -> Vec<u8> {
    let values = matrix.values().map(|value| f64::from(value) / 256.0);
    let channel = |index: usize| {
        let sum: f64 = (0..3).map(|from| values[3 * index + from] * f64::from(pixel[from])).sum();
        (sum + 256.0 * values[9 + index] + 0.5).floor().clamp(0.0, 255.0) as u8
    };
    (0..3).map(channel).collect()
}

#[test]
fn colours_are_those_of_the_formula() {
    let wild = [-512, 511, -1, 300, -300, 7, 511, 511, 511, -512, 511, 0];
    let presets = [
        ColorMatrix::IDENTITY,
        ColorMatrix::SWAP,
        ColorMatrix::BGR_TO_YCBCR_601,
        ColorMatrix::YCBCR_601_TO_BGR,
        ColorMatrix::BGR_TO_YCBCR_709,
        ColorMatrix::YCBCR_709_TO_BGR,
        ColorMatrix::of(wild),
        ColorMatrix::of(wild.map(|value| -value)),
        ColorMatrix::of([0; 12]),
    ];
    let rig = rig(97, false);
    let before = noise((LINES * 97 * 3) as usize, 97);
    // 97 pixels are no whole number of groups: four bytes each then.
    rig.pack.set_mode(PixelMode::Bits32).unwrap();
    for matrix in presets {
        rig.colors.set_matrix(&matrix).unwrap();
        assert_eq!(rig.colors.matrix().unwrap(), matrix, "negative ones too");
        let words = rig.frame();
        for (pixel, word) in before.chunks(3).zip(words.chunks(4)) {
            assert_eq!(word[..3], converted(&matrix, pixel), "{matrix:?} of {pixel:?}");
            assert_eq!(word[..3], matrix.apply([pixel[0], pixel[1], pixel[2]]), "what the driver foresees");
        }
    }
}

/// The bytes of a line in memory, put together bit by bit.
fn packed(mode: PixelMode, alpha: u8, line: &[u8]) -> Vec<u8> {
    let pixel = |index: usize| &line[3 * index..3 * index + 3];
    let width = line.len() / 3;
    match mode {
        PixelMode::Bits24 => line.to_vec(),
        PixelMode::Bits32 => (0..width)
            .flat_map(|at| {
                let word = pixel(at).iter().rev().fold(u32::from(alpha), |word, byte| word << 8 | u32::from(*byte));
                word.to_le_bytes()
            })
            .collect(),
        PixelMode::Bits8 => (0..width).map(|at| pixel(at)[0]).collect(),
        PixelMode::Bits16 => (0..width).flat_map(|at| [pixel(at)[0], pixel(at)[1]]).collect(),
        PixelMode::Subsampled16 => (0..width)
            .flat_map(|at| {
                let even = at & !1;
                let mean =
                    |channel: usize| (u32::from(pixel(even)[channel]) + u32::from(pixel(even + 1)[channel])) >> 1;
                [pixel(at)[0], mean(1 + at % 2) as u8]
            })
            .collect(),
    }
}

#[test]
fn pixels_are_packed_and_unpacked_as_the_sheet_says() {
    for width in [4, 8, 20, 52] {
        let line = 3 * width as usize;
        let before = noise(LINES as usize * line, u64::from(width));
        for mode in MODES {
            let rig = rig(width, false);
            rig.pack.set_mode(mode).unwrap();
            rig.pack.set_alpha(0xA5).unwrap();
            assert_eq!(rig.pack.mode().unwrap(), mode);
            let expected: Vec<u8> = before.chunks(line).flat_map(|line| packed(mode, 0xA5, line)).collect();
            assert_eq!(rig.frame(), expected, "{mode:?}, {width} pixels");
            assert_eq!(mode.line_bytes(width).unwrap() as usize * LINES as usize, expected.len());

            let both = self::rig(width, true);
            both.pack.set_mode(mode).unwrap();
            both.unpack.set_mode(mode).unwrap();
            let again = both.frame();
            for (pair, found) in before.chunks(6).zip(again.chunks(6)) {
                let mean = |channel: usize| ((u16::from(pair[channel]) + u16::from(pair[3 + channel])) / 2) as u8;
                let kept: Vec<u8> = match mode {
                    PixelMode::Bits24 | PixelMode::Bits32 => pair.to_vec(),
                    PixelMode::Bits8 => vec![pair[0], 0, 0, pair[3], 0, 0],
                    PixelMode::Bits16 => vec![pair[0], pair[1], 0, pair[3], pair[4], 0],
                    PixelMode::Subsampled16 => vec![pair[0], mean(1), mean(2), pair[3], mean(1), mean(2)],
                };
                assert_eq!(found, kept, "{mode:?}, {width} pixels");
            }
        }
    }
}

#[test]
fn a_group_that_is_not_filled_keeps_old_pixels() {
    let rig = rig(5, false);
    rig.pack.set_mode(PixelMode::Bits8).unwrap();
    let before = noise(LINES as usize * 15, 5);
    let pixel = |line: usize, at: usize| before[15 * line + 3 * at];
    let words = rig.frame();
    assert_eq!(words.len(), LINES as usize * 8);
    assert_eq!(words[4..8], [pixel(0, 4), pixel(0, 1), pixel(0, 2), pixel(0, 3)]);
    assert_eq!(PixelMode::Bits8.line_bytes(5), Err(PixelError::Width { width: 5, group: 4 }));
    assert!(PixelMode::Bits24.line_bytes(u32::MAX - 3).is_err());
    assert_eq!(PixelMode::Bits32.line_bytes(5), Ok(20));
}

#[test]
fn a_mode_that_is_none_is_an_error() {
    let rig = rig(4, false);
    rig.board.window("pack").unwrap().write(0x10, 9);
    assert_eq!(*rig.pack.mode().unwrap_err().cause(), PixelError::UnknownMode { mode: 9 });
}

#[test]
fn frames_that_nobody_looks_at_are_not_computed() {
    let computed = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&computed);
    let looks = Arc::new(Mutex::new(false));
    let looking = Arc::clone(&looks);
    let picture = move |_| {
        *counted.lock().unwrap() += 1;
        vec![1; 24]
    };
    let sink = FrameSink::new(PERIOD, move |frame| {
        if *looking.lock().unwrap() {
            assert_eq!(frame.bytes()[0], 2);
        }
    });
    let board = Board::builder()
        .device("colors", 0x43C5_0000, 0x1_0000, ColorConvertModel::new())
        .part("camera", FrameSource::new(2, 12, PERIOD, picture))
        .part("screen", sink)
        .join("camera/out", "colors/stream_in_24")
        .join("colors/stream_out_24", "screen/in")
        .build()
        .unwrap();
    let colors: ColorConvert = open(&board, "colors");
    let doubled = ColorMatrix::of([511, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    colors.set_matrix(&doubled).unwrap();
    board.advance(PERIOD * 10);
    assert_eq!(*computed.lock().unwrap(), 0);
    *looks.lock().unwrap() = true;
    board.advance(PERIOD * 3);
    assert_eq!(*computed.lock().unwrap(), 3);
}
