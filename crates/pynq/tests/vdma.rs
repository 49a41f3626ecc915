//! The VDMA of a real design, through the facade.
#![allow(clippy::unwrap_used)] // a test may

use std::time::Duration;

use pynq::{FrameFormat, Overlay, drivers::axi_dma::DmaDirection, hwh::Design, sim};

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
