//! HDMI in and out of the PYNQ-Z2's base design, by the drivers of its blocks: from a source of video to a monitor.
#![allow(clippy::unwrap_used)] // a test may

use std::{path::Path, time::Duration};

use pynq::{
    Clock as _, FrameFormat, HdmiError, Overlay,
    drivers::{
        axi_dma::DmaDirection,
        axi_dynclk::{AxiDynclk, PixelClock},
        color_convert::ColorConvert,
        pixel::{PixelMode, PixelPack, PixelUnpack},
        video_timing::{VideoMode, VideoTiming},
    },
    hwh::Design,
    sim::{
        BoardBuilder, Stimulus, StreamFault,
        device::{Message, Timing, Video, View},
        parts::{HdmiMonitor, HdmiSource},
    },
};

/// A mode that takes little to compute: 64 x 48 of 80 x 60, 250 frames a second.
const SMALL: VideoMode = VideoMode {
    width: 64,
    height: 48,
    horizontal: [4, 4, 8],
    vertical: [4, 4, 4],
    positive: [true, true],
    pixel_hz: 1_200_000,
};

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
        .part("source", HdmiSource::new(&SMALL, picture))
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

    set(&overlay, "video/hdmi_out/frontend/axi_dynclk/fault", 1);
    dynclk.begin(&clock).unwrap();
    overlay.sleep(Duration::from_millis(50)).unwrap();
    assert!(text(&overlay).contains("no signal"), "the pixel clock paces what goes out");
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
    let message = Message::Video(Video::Timing(Timing::from(&other)));
    board.stimulate(&Stimulus::Message { port: "source/mode".into(), message }).unwrap();
    detector.change(found).unwrap();
    let found = detector.lock().unwrap();
    assert_eq!((found.width, found.height), (60, 48));
    set(&overlay, "source/on", 0);
    detector.change(found).unwrap();
    assert!(!locked.is_high().unwrap());
    assert!(detector.lock_async().block_until(Duration::from_secs(1)).is_err());
}

/// The design of the examples of video, whose names are not PYNQ's.
const OWN: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/src/passing.hwh"));

/// That design with a cable from its output to its input.
fn looped() -> Overlay {
    let design = Design::parse(OWN).unwrap();
    let board = BoardBuilder::from_design(&design, |_| None).join("transmitter/TMDS", "receiver/TMDS").memory(
        "ddr",
        0x1000_0000,
        128 << 20,
    );
    Overlay::on_board(design, board.build().unwrap())
}

#[test]
fn what_goes_out_comes_back_over_a_cable_in_all_modes() {
    let overlay = looped();
    let (input, output) = (overlay.hdmi_in().unwrap(), overlay.hdmi_out().unwrap());
    for pixels in [PixelMode::Bits24, PixelMode::Bits32, PixelMode::Bits16, PixelMode::Subsampled16, PixelMode::Bits8] {
        output.start(&SMALL, pixels).unwrap();
        let found = input.start(pixels).unwrap();
        assert_eq!((found.width, found.height), (64, 48), "{pixels:?}");
        let mut frame = output.new_frame().unwrap();
        let bytes = pixels.bytes() as usize;
        for (at, byte) in frame.iter_mut().enumerate() {
            // Alpha is not sent.
            *byte = if at % bytes == 3 { 0 } else { (at * 11 % 251) as u8 };
        }
        let sent = frame.to_vec();
        drop(output.show(frame).unwrap());
        // PYNQ's own test of a board allows five frames on the way.
        let back = (0..5).map(|_| input.frame().unwrap()).find(|frame| frame[..] == sent[..]);
        assert!(back.is_some(), "{pixels:?}: it is back within five frames");
        assert_eq!((input.pixels(), output.pixels()), (Some(pixels), Some(pixels)));
        input.stop().unwrap();
        output.stop().unwrap();
    }
}

#[test]
fn frames_pass_through_and_none_is_lost() {
    let Some(overlay) = overlay() else { return };
    set(&overlay, "source/on", 1);
    let (input, output) = (overlay.hdmi_in().unwrap(), overlay.hdmi_out().unwrap());
    let timing = input.start(PixelMode::Bits24).unwrap();
    assert_eq!(input.mode(), Some(timing));
    output.start(&SMALL, PixelMode::Bits24).unwrap();
    assert!(output.pixel_clock().unwrap().hertz().abs_diff(SMALL.pixel_hz) < 1000);
    let mut numbers = Vec::new();
    for _ in 0..120 {
        let frame = input.frame().unwrap();
        numbers.push((frame.number(), frame.missed()));
        drop(output.show(frame).unwrap());
    }
    // The first may come after the start of the output.
    let first = numbers[1].0;
    assert!(numbers.iter().skip(1).zip(first..).all(|((number, missed), next)| (*number, *missed) == (next, 0)));
}

#[test]
fn a_source_that_stops_or_changes_ends_the_wait() {
    let Some(overlay) = overlay() else { return };
    set(&overlay, "source/on", 1);
    let input = overlay.hdmi_in().unwrap();
    let before = input.start(PixelMode::Bits24).unwrap();
    let board = overlay.simulation().unwrap();
    board.at(overlay.clock().now() + Duration::from_millis(40), |board| {
        let _ = board.stimulate(&Stimulus::Port { port: "source/on".into(), bits: 0 });
    });
    let ended = (0..30).find_map(|_| input.frame().err()).unwrap();
    assert_eq!(ended.driver_error(), Some(&HdmiError::SignalChanged { before, now: None }), "{ended}");
    set(&overlay, "source/on", 1);
    input.start(PixelMode::Bits24).unwrap();
    input.frame().unwrap();
    let other = VideoMode { width: 60, horizontal: [6, 6, 8], ..SMALL };
    let message = Message::Video(Video::Timing(Timing::from(&other)));
    board.stimulate(&Stimulus::Message { port: "source/mode".into(), message }).unwrap();
    let ended = (0..30).find_map(|_| input.frame().err()).unwrap();
    assert!(matches!(ended.driver_error(), Some(HdmiError::SignalChanged { .. })), "{ended}");
    let found = input.start(PixelMode::Bits24).unwrap();
    assert_eq!((found.width, input.frame().unwrap().format().line_bytes), (60, 180));
    input.stop().unwrap();
    assert_eq!(input.frame().unwrap_err().driver_error(), Some(&HdmiError::NotStarted));
}

/// Six set-ups that are broken, and six errors that say how.
#[test]
fn a_start_that_cannot_succeed_says_which_stage_is_missing() {
    let Some(overlay) = overlay() else { return };
    let mut said = Vec::new();
    let mut say = |error: pynq::Error| said.push(error.to_string());
    let input = overlay.hdmi_in().unwrap();
    let output = overlay.hdmi_out().unwrap();
    let board = overlay.simulation().unwrap();

    // No cable, or the source is off.
    say(input.start(PixelMode::Bits24).unwrap_err());
    // A source that changes its mode after each frame.
    set(&overlay, "source/on", 1);
    let modes = [SMALL, VideoMode { width: 60, horizontal: [6, 6, 8], ..SMALL }].map(|mode| Timing::from(&mode));
    for change in 0..1000_u64 {
        let message = Message::Video(Video::Timing(modes[change as usize % 2]));
        board.at(overlay.clock().now() + Duration::from_millis(8 * change), move |board| {
            let _ = board.stimulate(&Stimulus::Message { port: "source/mode".into(), message });
        });
    }
    say(input.start(PixelMode::Bits24).unwrap_err());
    overlay.sleep(Duration::from_secs(5)).unwrap();
    // The stream stands still.
    let stream = format!("{IN}/pixel_pack/stream_out_32");
    board.stream_fault(&stream, StreamFault::Stalled).unwrap();
    say(input.start(PixelMode::Bits24).unwrap_err());
    board.stream_fault(&stream, StreamFault::None).unwrap();
    // A mode whose lines can't be packed.
    let odd = VideoMode { width: 62, horizontal: [5, 5, 8], ..SMALL };
    say(output.start(&odd, PixelMode::Bits8).unwrap_err());
    // A pixel clock that never locks.
    set(&overlay, "video/hdmi_out/frontend/axi_dynclk/fault", 1);
    say(output.start(&SMALL, PixelMode::Bits24).unwrap_err());
    set(&overlay, "video/hdmi_out/frontend/axi_dynclk/fault", 0);
    // No memory is left.
    let mut all = Vec::new();
    let mut size = 1 << 28;
    while size > 1 << 12 {
        match overlay.allocate::<u8>(size) {
            Ok(buffer) => all.push(buffer),
            Err(_) => size /= 2,
        }
    }
    say(input.start(PixelMode::Bits24).unwrap_err());
    drop(all);
    for (error, part) in said.iter().zip([
        "no lock on a pixel clock",
        "no stable timing",
        "no frame reaches memory",
        "62 pixels",
        "does not lock",
        "no memory",
    ]) {
        println!("{error}");
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(said.len(), 6);
    input.start(PixelMode::Bits24).unwrap();
    output.start(&SMALL, PixelMode::Bits24).unwrap();
}

/// Also without an interrupt of the GPIO, or of the detector.
#[test]
fn ways_are_found_by_their_wires_and_a_lock_without_an_interrupt_is_looked_at() {
    const INTERRUPT: &str = r#"<PARAMETER NAME="C_INTERRUPT_PRESENT" VALUE="1"/>"#;
    let without = OWN.replace(INTERRUPT, &INTERRUPT.replace('1', "0"));
    assert_ne!(OWN, without);
    // The detector's interrupt goes nowhere.
    let unwired = OWN.replace(
        r#"NAME="irq" SIGIS="INTERRUPT" SENSITIVITY="LEVEL_HIGH" SIGNAME="detector_irq""#,
        r#"NAME="irq" SIGIS="INTERRUPT" SENSITIVITY="LEVEL_HIGH" SIGNAME="nowhere""#,
    );
    assert_ne!(OWN, unwired);
    for text in [OWN, &without, &unwired] {
        let design = Design::parse(text).unwrap();
        let board = BoardBuilder::from_design(&design, |_| None)
            .part("source", HdmiSource::new(&SMALL, picture))
            .join("source/out", "receiver/TMDS")
            .wire("hot_plug/gpio_io_o[0]", "source/hpd")
            .memory("ddr", 0x1000_0000, 128 << 20)
            .build()
            .unwrap();
        let overlay = Overlay::on_board(design, board);
        let input = overlay.hdmi_in().unwrap();
        let error = input.start(PixelMode::Bits24).unwrap_err();
        assert!(matches!(error.driver_error(), Some(HdmiError::NoPixelClock { .. })), "{error}");
        set(&overlay, "source/on", 1);
        assert_eq!(input.start(PixelMode::Bits24).unwrap().width, 64);
        input.frame().unwrap();
    }
    let broken = OWN.replace("digilentinc.com:ip:dvi2rgb", "digilentinc.com:ip:other");
    let error = Overlay::simulated_from_str(&broken).unwrap().hdmi_in().unwrap_err();
    assert!(error.to_string().contains("no receiver (dvi2rgb) in front of the VDMA"), "{error}");
}

#[cfg(feature = "embedded-graphics")]
#[test]
fn what_is_drawn_is_on_the_screen_and_what_is_outside_of_it_nowhere() {
    use embedded_graphics::{
        pixelcolor::Rgb888,
        prelude::*,
        primitives::{PrimitiveStyle, Rectangle},
    };
    let Some(overlay) = overlay() else { return };
    let output = overlay.hdmi_out().unwrap();
    for pixels in [PixelMode::Bits24, PixelMode::Bits32] {
        output.start(&SMALL, pixels).unwrap();
        let mut frame = output.new_frame().unwrap();
        let mut canvas = output.canvas(&mut frame).unwrap();
        assert_eq!(canvas.size(), Size::new(64, 48));
        let orange = PrimitiveStyle::with_fill(Rgb888::new(3, 2, 1));
        let Ok(()) = Rectangle::new(Point::new(60, -5), Size::new(100, 10)).into_styled(orange).draw(&mut canvas);
        let Ok(()) = Pixel(Point::new(64, 10), Rgb888::WHITE).draw(&mut canvas);
        let Ok(()) = Pixel(Point::new(-1, i32::MAX), Rgb888::WHITE).draw(&mut canvas);
        let bytes = pixels.bytes() as usize;
        let drawn: Vec<_> =
            frame.chunks(bytes).enumerate().filter(|(_, pixel)| pixel.iter().any(|&byte| byte != 0)).collect();
        assert_eq!(drawn.len(), 4 * 5, "{pixels:?}");
        assert!(drawn.iter().all(|(at, pixel)| at % 64 >= 60 && at / 64 < 5 && pixel[..3] == [1, 2, 3]));
        output.stop().unwrap();
    }
    output.start(&SMALL, PixelMode::Bits8).unwrap();
    let mut frame = output.new_frame().unwrap();
    let error = output.canvas(&mut frame).unwrap_err();
    assert_eq!(error.driver_error(), Some(&HdmiError::NoColors { pixels: PixelMode::Bits8 }));
}

#[test]
fn a_design_without_video_says_what_it_lacks() {
    let overlay = Overlay::simulated_board(&pynq::boards::pynq_z2()).unwrap();
    let error = overlay.hdmi_in().unwrap_err();
    assert!(error.to_string().contains("there is no AXI VDMA"), "{error}");
    assert!(overlay.hdmi_out().is_err());
}
