//! The VDMA of a real design, through the facade.
#![allow(clippy::unwrap_used)] // a test may

use std::time::Duration;

use pynq::{
    FrameFormat, Overlay,
    drivers::{
        axi_dma::DmaDirection,
        color_convert::{ColorConvert, ColorMatrix},
        pixel::{PixelMode, PixelPack, PixelUnpack},
    },
    hwh::Design,
    sim,
};

/// The base design of the PYNQ-Z2, with its stream of pixels cut off: a camera in its place.
fn overlay() -> Option<Overlay> {
    let Some(folder) = std::env::var_os("PYNQ_HWH_DIR") else {
        println!("NOT RUN: PYNQ_HWH_DIR is not set");
        return None;
    };
    let design = Design::parse(&std::fs::read_to_string(std::path::Path::new(&folder).join("z2-base.hwh")).unwrap());
    let design = design.unwrap();
    let period = Duration::from_nanos(16_666_667);
    let camera = sim::parts::FrameSource::new(480, 640 * 3, period, |number| vec![number as u8; 480 * 640 * 3]);
    let board = sim::BoardBuilder::from_design(&design, |_| None)
        .part("camera", camera)
        .join("camera/out", "video/axi_vdma/S_AXIS_S2MM");
    Some(Overlay::on_board(design, board.build().unwrap()))
}

#[test]
fn the_pipeline_of_the_base_design_goes_there_and_back() {
    let Some(folder) = std::env::var_os("PYNQ_HWH_DIR") else { return };
    let text = std::fs::read_to_string(std::path::Path::new(&folder).join("z2-base.hwh")).unwrap();
    let design = Design::parse(&text).unwrap();
    let period = Duration::from_nanos(16_666_667);
    let picture = |number: u64| (0..48 * 64 * 3).map(|at| (at as u64 * 7 + number) as u8).collect::<Vec<u8>>();
    let shown = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let screen = std::sync::Arc::clone(&shown);
    let board = sim::BoardBuilder::from_design(&design, |_| None)
        .part("camera", sim::parts::FrameSource::new(48, 64 * 3, period, picture))
        .part(
            "screen",
            sim::parts::FrameSink::new(period, move |frame| *screen.lock().unwrap() = frame.bytes().to_vec()),
        )
        .join("camera/out", "video/hdmi_in/color_convert/stream_in_24")
        .join("video/hdmi_out/color_convert/stream_out_24", "screen/in");
    let overlay = Overlay::on_board(design, board.build().unwrap());
    let block = "video/hdmi_in/color_convert";
    let colors = overlay.block::<ColorConvert>(block).unwrap();
    colors.set_matrix(&ColorMatrix::SWAP).unwrap();
    let back = overlay.block::<ColorConvert>("video/hdmi_out/color_convert").unwrap();
    back.set_matrix(&ColorMatrix::SWAP).unwrap();
    let pack = overlay.block::<PixelPack>("video/hdmi_in/pixel_pack").unwrap();
    let unpack = overlay.block::<PixelUnpack>("video/hdmi_out/pixel_unpack").unwrap();
    for mode in [PixelMode::Bits24, PixelMode::Bits32] {
        pack.set_mode(mode).unwrap();
        unpack.set_mode(mode).unwrap();
        let vdma = overlay.vdma("video/axi_vdma").unwrap();
        let format = FrameFormat::new(48, mode.line_bytes(64).unwrap());
        let (input, output) = (vdma.input().unwrap(), vdma.output().unwrap());
        input.start(format, &mut overlay.frame_buffers(&vdma, DmaDirection::Receive, format, 6).unwrap()).unwrap();
        output.start(format, &mut overlay.frame_buffers(&vdma, DmaDirection::Send, format, 3).unwrap()).unwrap();
        // The frame under way may be one of both modes.
        drop(input.next_frame().unwrap());
        let frame = input.next_frame().unwrap();
        // Its first byte, which the matrix has put last.
        let number = frame[2];
        let mut copy = output.new_frame().unwrap();
        copy.copy_from_slice(&frame);
        drop(output.show(copy).unwrap());
        overlay.sleep(period * 2).unwrap();
        assert_eq!(*shown.lock().unwrap(), picture(number.into()), "{mode:?}");
        input.stop().unwrap();
        output.stop().unwrap();
    }
}

#[test]
fn frames_come_through_the_base_design() {
    let Some(overlay) = overlay() else { return };
    let vdma = overlay.vdma("video/axi_vdma").unwrap();
    assert_eq!(vdma.config().stores, 4);
    let format = FrameFormat::new(480, 640 * 3);
    let mut buffers = overlay.frame_buffers(&vdma, DmaDirection::Receive, format, 6).unwrap();
    let input = vdma.input().unwrap();
    input.start(format, &mut buffers).unwrap();
    for number in 0..20 {
        let frame = input.frame().unwrap();
        assert_eq!((frame.number(), frame.missed(), frame[0]), (number, 0, number as u8));
        assert!(frame.rows().all(|row| row.len() == 1920 && row[1919] == number as u8));
    }
    assert!(overlay.to_string().contains("vdma(..)"));
    let refused = overlay.frame_buffers(&vdma, DmaDirection::Receive, FrameFormat::new(480, 1918), 1).unwrap_err();
    assert!(refused.to_string().contains("video/axi_vdma"), "{refused}");
}
