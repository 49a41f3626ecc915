//! HDMI in and out of the PYNQ-Z2's base design, by the drivers of its blocks: from a source of video to a monitor.
#![allow(clippy::unwrap_used)] // a test may

use std::{path::Path, time::Duration};

use pynq::{
    FrameFormat, Overlay,
    drivers::{
        axi_dma::DmaDirection,
        axi_dynclk::{AxiDynclk, PixelClock},
        color_convert::ColorConvert,
        pixel::{PixelMode, PixelPack, PixelUnpack},
        video_timing::{VideoMode, VideoTiming},
    },
    hwh::Design,
    sim::{
        BoardBuilder, Stimulus,
        device::{Message, Timing, Video, View},
        parts::{HdmiMonitor, HdmiSource},
    },
};

/// A mode that takes little to compute: 64 x 48 of 80 x 60, 60 frames a second.
const SMALL: VideoMode = VideoMode {
    width: 64,
    height: 48,
    horizontal: [4, 4, 8],
    vertical: [4, 4, 4],
    positive: [true, true],
    pixel_hz: 1_200_000,
};

fn timing(mode: &VideoMode) -> Timing {
    Timing {
        active: (mode.width, mode.height),
        total: mode.total(),
        hsync: mode.hsync(),
        vsync: mode.vsync(),
        polarity: 0x7F,
        pixel_hz: mode.pixel_hz.into(),
    }
}

fn picture(number: u64) -> Vec<u8> {
    (0..64 * 48 * 3).map(|at: u64| (at * 5 + number * 3) as u8).collect()
}

/// Where the blocks are.
const IN: &str = "video/hdmi_in";
const OUT: &str = "video/hdmi_out";

fn overlay() -> Option<Overlay> {
    let Some(folder) = std::env::var_os("PYNQ_HWH_DIR") else {
        println!("NOT RUN: PYNQ_HWH_DIR is not set");
        return None;
    };
    let design = Design::parse(&std::fs::read_to_string(Path::new(&folder).join("z2-base.hwh")).unwrap()).unwrap();
    let board = BoardBuilder::from_design(&design, |_| None)
        .part("source", HdmiSource::new(timing(&SMALL), picture))
        .part("monitor", HdmiMonitor::new())
        .join("source/out", &format!("{IN}/frontend/dvi2rgb_0/TMDS"))
        .join(&format!("{OUT}/frontend/rgb2dvi_0/TMDS"), "monitor/in")
        .wire(&format!("{IN}/frontend/axi_gpio_hdmiin/gpio_io_o[0]"), "source/hpd");
    Some(Overlay::on_board(design, board.build().unwrap()))
}

fn set(overlay: &Overlay, port: &str, bits: u32) {
    overlay.simulation().unwrap().stimulate(&Stimulus::Port { port: port.into(), bits }).unwrap();
}

fn text(overlay: &Overlay) -> String {
    match overlay.simulation().unwrap().view("monitor").unwrap() {
        View::Text(text) => text,
        other => format!("{other:?}"),
    }
}

#[test]
fn from_the_source_to_the_monitor() {
    let Some(overlay) = overlay() else { return };
    set(&overlay, "source/on", 1);
    // In: hot plug, lock on the pixel clock, lock on the timing.
    let gpio = overlay.gpio(&format!("{IN}/frontend/axi_gpio_hdmiin")).unwrap();
    let hot_plug = gpio.channel1().pin(0).unwrap();
    let locked = gpio.channel2().unwrap().pin(0).unwrap();
    assert!(!locked.is_high().unwrap());
    hot_plug.set_high().unwrap();
    overlay.sleep(Duration::from_millis(10)).unwrap();
    assert!(locked.is_high().unwrap());
    let detector = overlay.block::<VideoTiming>(&format!("{IN}/frontend/vtc_in")).unwrap();
    detector.detect(true).unwrap();
    let found = detector.lock().unwrap();
    assert_eq!((found.width, found.height, found.total), (64, 48, (80, 60)));
    overlay.block::<ColorConvert>(&format!("{IN}/color_convert")).unwrap();
    let pack = overlay.block::<PixelPack>(&format!("{IN}/pixel_pack")).unwrap();
    pack.set_mode(PixelMode::Bits24).unwrap();
    let vdma = overlay.vdma("video/axi_vdma").unwrap();
    let format = FrameFormat::new(48, 64 * 3);
    let input = vdma.input().unwrap();
    input.start(format, &mut overlay.frame_buffers(&vdma, DmaDirection::Receive, format, 6).unwrap()).unwrap();
    let first = input.frame().unwrap();
    let number = (0..1000).find(|&number| picture(number) == first[..]).expect("a picture of the source");
    assert_eq!(input.frame().unwrap()[..], picture(number + 1));

    // Out: each thing that is missing is said by the monitor.
    assert!(text(&overlay).contains("no signal"), "{}", text(&overlay));
    let dynclk = overlay.block::<AxiDynclk>(&format!("{OUT}/frontend/axi_dynclk")).unwrap();
    let clock = PixelClock::near(SMALL.pixel_hz).unwrap();
    dynclk.set(&clock, 100, || overlay.sleep(Duration::from_micros(50)).unwrap()).unwrap();
    let generator = overlay.block::<VideoTiming>(&format!("{OUT}/frontend/vtc_out")).unwrap();
    generator.generate(&SMALL).unwrap();
    overlay.sleep(Duration::from_millis(100)).unwrap();
    assert_eq!(text(&overlay), "64 x 48: no frames come from the VDMA (MM2S)");
    overlay.block::<PixelUnpack>(&format!("{OUT}/pixel_unpack")).unwrap();
    overlay.block::<ColorConvert>(&format!("{OUT}/color_convert")).unwrap();
    let output = vdma.output().unwrap();
    let small = FrameFormat::new(40, 64 * 3);
    output.start(small, &mut overlay.frame_buffers(&vdma, DmaDirection::Send, small, 3).unwrap()).unwrap();
    overlay.sleep(Duration::from_millis(100)).unwrap();
    assert_eq!(text(&overlay), "64 x 48: the frames of the VDMA are not of the size of the timing");
    output.stop().unwrap();
    output.start(format, &mut overlay.frame_buffers(&vdma, DmaDirection::Send, format, 3).unwrap()).unwrap();
    let mut shown = output.new_frame().unwrap();
    shown.copy_from_slice(&first);
    drop(output.show(shown).unwrap());
    overlay.sleep(Duration::from_millis(50)).unwrap();
    let View::Picture(seen) = overlay.simulation().unwrap().view("monitor").unwrap() else {
        panic!("{}", text(&overlay));
    };
    assert_eq!((seen.width, seen.height, seen.pixel), (64, 48, 3));
    let back: Vec<u8> = seen.data.chunks(3).flat_map(|rgb| [rgb[2], rgb[1], rgb[0]]).collect();
    assert_eq!(back, picture(number), "what went in came out");
}

#[test]
fn a_source_that_changes_or_stops_is_noticed() {
    let Some(overlay) = overlay() else { return };
    set(&overlay, "source/on", 1);
    let gpio = overlay.gpio(&format!("{IN}/frontend/axi_gpio_hdmiin")).unwrap();
    gpio.channel1().pin(0).unwrap().set_high().unwrap();
    let locked = gpio.channel2().unwrap().pin(0).unwrap();
    overlay.sleep(Duration::from_millis(10)).unwrap();
    let detector = overlay.block::<VideoTiming>(&format!("{IN}/frontend/vtc_in")).unwrap();
    detector.detect(true).unwrap();
    let found = detector.lock().unwrap();
    let other = VideoMode { width: 60, horizontal: [6, 6, 8], ..SMALL };
    let board = overlay.simulation().unwrap();
    let message = Message::Video(Video::Timing(timing(&other)));
    board.stimulate(&Stimulus::Message { port: "source/mode".into(), message }).unwrap();
    detector.change(found).unwrap();
    let found = detector.lock().unwrap();
    assert_eq!((found.width, found.height), (60, 48));
    set(&overlay, "source/on", 0);
    detector.change(found).unwrap();
    assert!(!locked.is_high().unwrap());
    assert!(detector.lock_async().block_until(Duration::from_secs(1)).is_err());
}
