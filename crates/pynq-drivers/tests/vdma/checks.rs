//! What is refused before a register is touched.

use pynq_core::{Found, Parameters, dma::DmaBuffer};
use pynq_drivers::{
    AxiVdmaConfig,
    axi_dma::DmaDirection,
    axi_vdma::{AxiVdmaConfigError, AxiVdmaError, FrameBuffers, FrameFormat, VdmaChannelConfig},
};

use super::rig::{Build, FORMAT, Rig};

#[test]
fn parameters_have_the_data_sheets_defaults_and_limits() {
    let read = |numbers: &[(&str, u64)]| AxiVdmaConfig::from_parameters(&Parameters::new(numbers, None));
    assert_eq!(read(&[]).unwrap(), AxiVdmaConfig::new());
    let z2 = read(&[("C_NUM_FSTORES", 4), ("C_M_AXI_MM2S_DATA_WIDTH", 32), ("C_INCLUDE_S2MM_DRE", 1)]).unwrap();
    assert_eq!(z2.stores, 4);
    assert_eq!(z2.output, Some(VdmaChannelConfig { data_bytes: 4, realigns: false }));
    assert_eq!(z2.input, Some(VdmaChannelConfig { data_bytes: 8, realigns: true }));
    let wrong = read(&[("C_NUM_FSTORES", 33)]).unwrap_err();
    assert_eq!((wrong.parameter, wrong.found), ("C_NUM_FSTORES", Found::Number(33)));
}

#[test]
fn formats_are_checked() {
    let config = AxiVdmaConfig::new();
    let check = |format| config.check(DmaDirection::Receive, format).unwrap_err();
    for (lines, line_bytes) in [(0, 8), (8192, 8), (8, 0), (8, 65536)] {
        assert_eq!(check(FrameFormat::new(lines, line_bytes)), AxiVdmaError::Size { lines, line_bytes });
    }
    for stride in [8, 20, 65536] {
        let error = AxiVdmaError::Stride { stride, line_bytes: 16, alignment: 8 };
        assert_eq!(check(FrameFormat::new(2, 16).with_stride(stride)), error);
    }
    assert_eq!(config.check(DmaDirection::Send, FrameFormat::new(2, 15).with_stride(24)), Ok(()));
    assert_eq!(FrameFormat::new(3, 16).with_stride(24).byte_len(), 64);
    let alone = AxiVdmaConfig { input: None, ..config };
    assert!(matches!(alone.check(DmaDirection::Receive, FORMAT), Err(AxiVdmaError::NoChannel { .. })));
}

#[test]
fn buffers_are_checked_and_left_where_they_are() {
    let rig = Rig::new(Build::default());
    let mut few = rig.buffers(4);
    let error = rig.input.start(FORMAT, &mut few).unwrap_err();
    assert_eq!(*error.cause(), AxiVdmaError::TooFewBuffers { given: 4, needed: 5 });
    assert_eq!(few.len(), 4);
    let mut small = rig.buffers(5);
    let error = rig.input.start(FrameFormat::new(100, 16), &mut small).unwrap_err();
    assert_eq!(*error.cause(), AxiVdmaError::SmallBuffer { length: FORMAT.byte_len(), needed: 1600 });
    assert_eq!(small.len(), 5);
    rig.input.start(FORMAT, &mut small).unwrap();
    let error = rig.input.start(FORMAT, &mut few).unwrap_err();
    assert_eq!(*error.cause(), AxiVdmaError::Started { channel: DmaDirection::Receive });
    let full = (0..65).map(|_| rig.buffers(1).pop().unwrap());
    let mut all = FrameBuffers::new();
    assert_eq!(full.map(|buffer: DmaBuffer| all.push(buffer)).filter(Result::is_err).count(), 1);
}

#[test]
fn builds_that_cannot_hand_frames_over_are_refused() {
    let rig = Rig::new(Build::default());
    for (stores, address_width, most) in [(1, 32, 32), (9, 40, 8)] {
        let config = AxiVdmaConfig { stores, address_width, ..AxiVdmaConfig::new() };
        let error = pynq_drivers::AxiVdmaHardware::new(rig.board.window("vdma").unwrap(), config).unwrap_err();
        assert_eq!(error, AxiVdmaConfigError::Stores { found: stores, most });
    }
    let none = AxiVdmaConfig { input: None, output: None, ..AxiVdmaConfig::new() };
    let error = pynq_drivers::AxiVdmaHardware::new(rig.board.window("vdma").unwrap(), none).unwrap_err();
    assert_eq!(error, AxiVdmaConfigError::NoChannel);
}

#[test]
fn addresses_of_two_words_and_stores_behind_the_index_are_reached() {
    for (stores, address_width) in [(20, 32), (32, 32), (8, 40), (3, 64)] {
        let rig = Rig::new(Build { stores, address_width, ..Build::default() });
        rig.start_input(1);
        for expected in 0..3 * u64::from(stores) {
            assert_eq!(super::rig::number(&rig.input.frame().unwrap()), expected, "{stores} stores");
        }
    }
}
