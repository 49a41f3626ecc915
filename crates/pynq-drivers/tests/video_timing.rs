//! The video timing controller and the pixel clock.
#![allow(clippy::unwrap_used)] // a test may

#[path = "common/mod.rs"]
mod common;

use std::{sync::Arc, task::Poll, time::Duration};

use common::Task;
use pynq_core::{
    Driver, Error, Instant, Window,
    interrupt::{Node, NodeHandle, ParentLine, StdLock},
};
use pynq_drivers::{
    axi_dynclk::{AxiDynclk, DynclkError, PixelClock},
    video_timing::{DetectedTiming, VideoMode, VideoTiming, VideoTimingConfig, VideoTimingError},
};
use pynq_sim::{
    Board, Stimulus,
    device::{Message, Timing, Video},
    models::{DynclkModel, VtcModel, VtcParams, dynclk::fault},
};

struct Rig {
    board: Board,
    timing: VideoTiming,
    dynclk: AxiDynclk,
}

fn rig(config: VideoTimingConfig) -> Rig {
    let params = VtcParams { detects: config.detects, generates: config.generates };
    let board = Board::builder()
        .device("vtc", 0x43C2_0000, 0x1_0000, VtcModel::new(params))
        .device("dynclk", 0x43C1_0000, 0x1_0000, DynclkModel::new())
        .join("dynclk/PXL_CLK_O", "vtc/clk")
        .interrupt("vtc/irq", 61)
        .build()
        .unwrap();
    let window = |path| Window::boxed(board.window(path).unwrap());
    let hardware = VideoTiming::set_up(window("vtc"), config).unwrap();
    let node = Arc::pin(Node::<_, StdLock, _>::new(StdLock::new(), hardware, board.cpu_pin(61).unwrap()));
    let timing = VideoTiming::over(NodeHandle::from(node)).unwrap();
    let hardware = AxiDynclk::set_up(window("dynclk"), ()).unwrap();
    let node = Arc::pin(Node::<_, StdLock, _>::new(StdLock::new(), hardware, ParentLine::UNWIRED));
    let dynclk = AxiDynclk::over(NodeHandle::from(node)).unwrap();
    Rig { board, timing, dynclk }
}

impl Rig {
    fn feed(&self, video: Video) {
        let stimulus = Stimulus::Message { port: "vtc/vtiming_in".into(), message: Message::Video(video) };
        self.board.stimulate(&stimulus).unwrap();
    }
}

#[test]
fn the_detector_locks_and_loses_its_lock() {
    let rig = rig(VideoTimingConfig::new());
    rig.timing.detect(true).unwrap();
    let late = rig.timing.lock_async().block_until(Instant::from_millis(100)).unwrap_err();
    assert_eq!(*late.cause(), VideoTimingError::Node(Error::TimedOut), "nothing comes in");
    rig.feed(Video::Timing(Timing::from(&VideoMode::HD)));
    assert_eq!(rig.timing.detected().unwrap(), None, "it takes some frames");
    let timing = rig.timing.lock().unwrap();
    assert_eq!(timing, DetectedTiming { width: 1280, height: 720, total: (1650, 750), positive: [true; 2] });
    let frame = Duration::from_nanos(16_666_666);
    assert_eq!(rig.board.now(), Instant::from_millis(100) + frame * 3, "three frames later");
    assert_eq!(rig.timing.lock().unwrap(), timing, "at once");

    let mut change = Task::waiting(rig.timing.change_async(timing));
    rig.board.advance(Duration::from_secs(1));
    assert!(change.poll().is_pending());
    rig.feed(Video::Timing(Timing::from(&VideoMode::VGA)));
    assert!(matches!(change.poll(), Poll::Ready(Ok(()))), "another mode");
    let other = rig.timing.lock().unwrap();
    assert_eq!((other.width, other.height), (640, 480));
    rig.timing.change(timing).unwrap();
    rig.feed(Video::NoSignal);
    rig.timing.change(other).unwrap();
    assert_eq!(rig.timing.detected().unwrap(), None);
    assert_eq!(rig.board.window("vtc").unwrap().read(0x0C), 0, "nobody waits");
}

#[test]
fn a_lock_that_came_before_is_not_waited_for() {
    let rig = rig(VideoTimingConfig::new());
    rig.feed(Video::Timing(Timing::from(&VideoMode::HD)));
    rig.timing.detect(true).unwrap();
    rig.board.advance(Duration::from_secs(1));
    // Lost and found again while nobody looked: what is, counts.
    rig.feed(Video::NoSignal);
    let mut lock = Task::waiting(rig.timing.lock_async());
    rig.feed(Video::Timing(Timing::from(&VideoMode::SVGA)));
    rig.board.advance(Duration::from_secs(1));
    let Poll::Ready(Ok(timing)) = lock.poll() else { panic!("no lock") };
    assert_eq!(timing.width, 800);
}

#[test]
fn the_generator_blanks_at_the_rate_of_its_mode() {
    let rig = rig(VideoTimingConfig::new());
    for mode in [VideoMode::VGA, VideoMode::FULL_HD, VideoMode::SXGA] {
        let clock = PixelClock::near(mode.pixel_hz).unwrap();
        rig.timing.stop().unwrap();
        rig.dynclk.set(&clock, 100, || rig.board.advance(Duration::from_micros(10))).unwrap();
        rig.timing.generate(&mode).unwrap();
        rig.timing.vertical_blank().unwrap();
        let begin = rig.board.now();
        for _ in 0..100 {
            rig.timing.vertical_blank().unwrap();
        }
        let nanos = rig.board.now().duration_since(begin).as_nanos() as f64 / 100.0;
        let (width, height) = mode.total();
        let expected = f64::from(width) * f64::from(height) / f64::from(clock.hertz()) * 1e9;
        assert!((nanos / expected - 1.0).abs() < 1e-4, "{mode}: {nanos} ns, not {expected}");
    }
}

#[test]
fn a_mode_is_taken_over_whole_and_between_frames() {
    let rig = rig(VideoTimingConfig::new());
    rig.timing.generate(&VideoMode::VGA).unwrap();
    let window = rig.board.window("vtc").unwrap();
    let registers: Vec<u32> = [0x60, 0x6C, 0x70, 0x74, 0x78, 0x80].map(|offset| window.read(offset)).to_vec();
    // 640 x 480 of 800 x 525; syncs from 656 to 752 and from 490 to 492, active low.
    assert_eq!(registers, [480 << 16 | 640, 0b111_0011, 800, 525, 752 << 16 | 656, 492 << 16 | 490]);
    assert_eq!(window.read(0x00), 0x03FD_EF07);
    let wide = VideoMode { width: 9000, ..VideoMode::VGA };
    assert_eq!(*rig.timing.generate(&wide).unwrap_err().cause(), VideoTimingError::Mode { mode: wide });
}

#[test]
fn what_was_not_built_is_refused() {
    let rig = self::rig(VideoTimingConfig { detects: false, generates: true });
    assert_eq!(*rig.timing.detect(true).unwrap_err().cause(), VideoTimingError::NoDetector);
    assert_eq!(*rig.timing.lock().unwrap_err().cause(), VideoTimingError::NoDetector);
    let rig = self::rig(VideoTimingConfig { detects: true, generates: false });
    assert_eq!(*rig.timing.generate(&VideoMode::HD).unwrap_err().cause(), VideoTimingError::NoGenerator);
    assert_eq!(*rig.timing.vertical_blank().unwrap_err().cause(), VideoTimingError::NoGenerator);
}

#[test]
fn a_clock_that_never_locks_is_told() {
    let rig = rig(VideoTimingConfig::new());
    let clock = PixelClock::near(40_000_000).unwrap();
    rig.board.stimulate(&Stimulus::Port { port: "dynclk/fault".into(), bits: fault::NEVER_LOCKS }).unwrap();
    let error = rig.dynclk.set(&clock, 50, || rig.board.advance(Duration::from_millis(1))).unwrap_err();
    assert_eq!(*error.cause(), DynclkError::DoesNotLock);
    rig.board.stimulate(&Stimulus::Port { port: "dynclk/fault".into(), bits: 0 }).unwrap();
    rig.dynclk.set(&clock, 50, || rig.board.advance(Duration::from_millis(1))).unwrap();
    assert!(rig.dynclk.is_running().unwrap());
}

/// The model takes the registers apart by a reading of its own.
#[test]
fn every_clock_that_is_offered_locks_at_its_frequency() {
    let rig = rig(VideoTimingConfig::new());
    rig.timing.generate(&VideoMode::VGA).unwrap();
    let mut hertz = 1_000_000;
    while hertz < 240_000_000 {
        let clock = PixelClock::near(hertz).unwrap();
        rig.dynclk.set(&clock, 50, || rig.board.advance(Duration::from_micros(50))).unwrap();
        rig.timing.vertical_blank().unwrap();
        let begin = rig.board.now();
        rig.timing.vertical_blank().unwrap();
        let seconds = rig.board.now().duration_since(begin).as_secs_f64();
        let found = 800.0 * 525.0 / seconds;
        assert!((found / f64::from(clock.hertz()) - 1.0).abs() < 1e-4, "{hertz}: {found} and {}", clock.hertz());
        hertz += 3_210_987;
    }
}

#[test]
fn modes_have_their_standards_totals_and_rates() {
    for (mode, total, text) in [
        (VideoMode::VGA, (800, 525), "640 x 480 at 59.94 Hz"),
        (VideoMode::SVGA, (1056, 628), "800 x 600 at 60.32 Hz"),
        (VideoMode::HD, (1650, 750), "1280 x 720 at 60.00 Hz"),
        (VideoMode::SXGA, (1688, 1066), "1280 x 1024 at 60.02 Hz"),
        (VideoMode::FULL_HD, (2200, 1125), "1920 x 1080 at 60.00 Hz"),
    ] {
        assert_eq!((mode.total(), mode.to_string().as_str(), mode.fits()), (total, text, true));
    }
    assert!(!VideoMode { width: 8192, ..VideoMode::HD }.fits());
}
