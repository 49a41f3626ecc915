//! What goes wrong while frames move.

use std::task::Poll;

use pynq_drivers::{
    axi_dma::DmaDirection,
    axi_vdma::{AxiVdmaError, SizeFaults, VdmaFault},
};
use pynq_sim::{
    Stimulus,
    device::{Frame, Message, Stream},
    models::axi_vdma::fault,
};

use super::{
    common::Task,
    rig::{Build, FORMAT, Rig},
};

fn feed(rig: &Rig, lines: u32, line_bytes: u32) {
    let bytes = vec![5; (lines * line_bytes) as usize];
    let frame = Frame::new(lines, line_bytes, bytes.into()).begun_at(rig.board.now());
    let message = Message::Stream(Stream::Frame(frame));
    rig.board.stimulate(&Stimulus::Message { port: "vdma/S_AXIS_S2MM".into(), message }).unwrap();
}

#[test]
fn a_change_of_size_is_told_with_the_frame_and_the_next_one_is_whole() {
    let rig = Rig::new(Build { camera: false, ..Build::default() });
    rig.start_input(1);
    let none = SizeFaults::default();
    for (lines, line_bytes, faults) in [
        (2, 16, SizeFaults { fewer_lines: true, ..none }),
        (4, 16, SizeFaults { more_lines: true, ..none }),
        (3, 12, SizeFaults { shorter_line: true, ..none }),
        (5, 20, SizeFaults { more_lines: true, longer_line: true, ..none }),
    ] {
        let mut wait = Task::waiting(rig.input.frame_async());
        feed(&rig, lines, line_bytes);
        let Poll::Ready(frame) = wait.poll() else { panic!("no frame") };
        assert_eq!(frame.unwrap().size_faults(), faults);
        feed(&rig, FORMAT.lines, FORMAT.line_bytes);
        let frame = rig.input.frame().unwrap();
        assert_eq!((frame.size_faults(), frame.missed()), (none, 0));
    }
}

#[test]
fn a_channel_that_reaches_no_memory_says_so_and_can_be_started_again() {
    let rig = Rig::new(Build { camera: false, ..Build::default() });
    rig.start_input(1);
    let held = {
        rig.feed(0);
        rig.input.frame().unwrap()
    };
    let mut wait = Task::waiting(rig.input.frame_async());
    // The second store's address.
    rig.board.inject_bus_errors(rig.window.read(0xB0).into(), 1);
    feed(&rig, FORMAT.lines, FORMAT.line_bytes);
    let Poll::Ready(Err(error)) = wait.poll() else { panic!("it waits") };
    let expected = AxiVdmaError::Fault { channel: DmaDirection::Receive, fault: VdmaFault::Slave };
    assert_eq!(*error.cause(), expected, "{error}");
    assert_eq!(*rig.input.frame().unwrap_err().cause(), expected);
    drop(held);
    assert_eq!(rig.input.stop().unwrap().len(), 5);
    rig.start_input(1);
    rig.feed(3);
    assert_eq!(super::rig::number(&rig.input.frame().unwrap()), 3);
}

#[test]
fn an_error_of_one_channel_is_none_of_the_other() {
    let rig = Rig::new(Build::default());
    rig.start_input(1);
    rig.start_output(1);
    let frame = rig.output.new_frame().unwrap();
    drop(rig.output.stop().unwrap());
    drop(frame);
    for _ in 0..10 {
        rig.input.frame().unwrap();
    }
}

#[test]
fn a_reset_that_does_not_end_leaks_what_the_block_may_write_to() {
    let rig = Rig::new(Build::default());
    rig.start_input(1);
    let port = || "vdma/fault".into();
    rig.board.stimulate(&Stimulus::Port { port: port(), bits: fault::STUCK_RESET_S2MM }).unwrap();
    let stuck = AxiVdmaError::ResetStuck { channel: DmaDirection::Receive };
    assert_eq!(*rig.input.stop().unwrap_err().cause(), stuck);
    assert_eq!(*rig.input.start(FORMAT, &mut rig.buffers(6)).unwrap_err().cause(), stuck);
    assert!(matches!(rig.input.frame().unwrap_err().cause(), AxiVdmaError::NotStarted { .. }));
    rig.start_output(1);
    rig.output.new_frame().unwrap();
}
