//! Frames that go out.

use std::task::Poll;

use pynq_drivers::axi_vdma::AxiVdmaError;
use pynq_sim::Access;

use super::{
    common::Task,
    rig::{Build, PERIOD, Rig},
};

/// Each value that was on the screen, as often as it was in a row.
fn runs(rig: &Rig) -> Vec<(u8, usize)> {
    let shown = rig.shown.lock().unwrap();
    let mut runs: Vec<(u8, usize)> = Vec::new();
    for value in shown.iter() {
        match runs.last_mut() {
            Some((last, count)) if last == value => *count += 1,
            _ => runs.push((*value, 1)),
        }
    }
    runs
}

#[test]
fn a_show_ends_when_the_frame_is_on_the_screen_and_gives_the_old_one_back() {
    let rig = Rig::new(Build::default());
    rig.start_output(2);
    let mut frame = rig.output.new_frame().unwrap();
    for value in 1..=100 {
        frame.fill(value);
        frame = rig.output.show(frame).unwrap();
        let before = if value == 1 { 0 } else { value - 1 };
        assert_eq!(frame[0], before, "what was on the screen before");
    }
    rig.board.advance(PERIOD * 3);
    let runs = runs(&rig);
    assert_eq!(runs.iter().map(|(value, _)| *value).collect::<Vec<_>>(), (0..=100).collect::<Vec<_>>());
    assert!(runs[1..100].iter().all(|(_, count)| *count == 1), "60 frames a second are shown: {runs:?}");
}

#[test]
fn what_is_on_the_screen_is_not_to_be_had() {
    let rig = Rig::new(Build::default());
    rig.start_output(1);
    let frame = rig.output.new_frame().unwrap();
    assert_eq!(*rig.output.new_frame().unwrap_err().cause(), AxiVdmaError::AllHeld { held: 1 });
    drop(frame);
    rig.output.new_frame().unwrap();
}

#[test]
fn shows_of_several_tasks_take_place_one_after_the_other() {
    let rig = Rig::new(Build::default());
    rig.start_output(4);
    let frames: Vec<_> = (1..=3)
        .map(|value| {
            let mut frame = rig.output.new_frame().unwrap();
            frame.fill(value);
            frame
        })
        .collect();
    let mut tasks: Vec<_> = frames.into_iter().map(|frame| Task::waiting(rig.output.show_async(frame))).collect();
    let mut given = Vec::new();
    for _ in 0..12 {
        rig.board.advance(PERIOD);
        tasks.retain_mut(|task| match task.poll() {
            Poll::Ready(frame) => {
                given.push(frame.unwrap()[0]);
                false
            }
            Poll::Pending => true,
        });
    }
    assert!(tasks.is_empty());
    assert_eq!(given, [0, 1, 2]);
    assert_eq!(runs(&rig).iter().map(|(value, _)| *value).collect::<Vec<_>>(), [0, 1, 2, 3]);
}

#[test]
fn a_show_that_is_dropped_under_way_is_shown_and_leaks_nothing() {
    let rig = Rig::new(Build::default());
    rig.start_output(1);
    for value in 1..=20 {
        let mut frame = rig.output.new_frame().unwrap();
        frame.fill(value);
        drop(Task::waiting(rig.output.show_async(frame)));
        rig.board.advance(PERIOD * 2);
    }
    assert_eq!(runs(&rig).iter().map(|(value, _)| *value).collect::<Vec<_>>(), (0..=20).collect::<Vec<_>>());
    // Dropped while another one is under way, it is not shown.
    let mut frame = rig.output.new_frame().unwrap();
    frame.fill(99);
    let waits = Task::waiting(rig.output.show_async(frame));
    drop(waits);
    assert!(rig.output.stop().unwrap().len() == 2);
}

#[test]
fn stopping_ends_the_shows() {
    let rig = Rig::new(Build::default());
    rig.start_output(1);
    let frame = rig.output.new_frame().unwrap();
    let mut task = Task::waiting(rig.output.show_async(frame));
    assert_eq!(rig.output.stop().unwrap().len(), 2);
    let Poll::Ready(Err(error)) = task.poll() else { panic!("it waits") };
    assert!(matches!(error.cause(), AxiVdmaError::NotStarted { .. }), "{error}");
    // A show of before is none of the next start.
    rig.start_output(2);
    drop(task);
    let frame = rig.output.new_frame().unwrap();
    rig.output.show(frame).unwrap();
    assert_eq!(rig.output.stop().unwrap().len(), 3, "and the frame that the program let go of is there");
}

#[test]
fn frames_of_elsewhere_are_refused() {
    let (rig, other) = (Rig::new(Build::default()), Rig::new(Build::default()));
    other.start_input(1);
    rig.start_input(1);
    rig.start_output(1);
    let error = rig.output.show(other.input.frame().unwrap()).unwrap_err();
    assert_eq!(*error.cause(), AxiVdmaError::ForeignFrame);
    let old = rig.output.new_frame().unwrap();
    drop(rig.output.stop().unwrap());
    rig.start_output(1);
    assert_eq!(*rig.output.show(old).unwrap_err().cause(), AxiVdmaError::ForeignFrame);
    let before = rig.input.frame().unwrap();
    drop(rig.input.stop().unwrap());
    assert_eq!(*rig.output.show(before).unwrap_err().cause(), AxiVdmaError::ForeignFrame);
}

#[test]
fn frames_that_came_in_go_out_without_a_copy() {
    let rig = Rig::new(Build::default());
    rig.start_input(3);
    rig.start_output(1);
    let mut addresses = std::collections::BTreeSet::new();
    for expected in 0..300 {
        let frame = rig.input.frame().unwrap();
        assert_eq!((frame.number(), frame.missed()), (expected, 0), "none is lost on the way");
        addresses.insert(frame.physical_address().unwrap());
        drop(rig.output.show(frame).unwrap());
    }
    assert!(addresses.len() > 4, "buffers of the input take turns");
    rig.board.advance(PERIOD * 2);
    let numbers: Vec<u8> = runs(&rig).iter().map(|(value, _)| *value).collect();
    // Its own first frame is black, as number 0 is.
    assert_eq!(numbers, (0..300).map(|number| number as u8).collect::<Vec<_>>());
    // The frame on the screen is the input's, and goes home when the output stops.
    assert_eq!(rig.output.stop().unwrap().len(), 2);
    assert_eq!(rig.input.stop().unwrap().len(), 7);
}

#[test]
fn a_border_of_frames_in_the_middle_of_a_show_shows_no_other_frame() {
    for (offset, access) in [(0x60, Access::Write), (0x50, Access::Write), (0x28, Access::Write), (0x28, Access::Read)]
    {
        let rig = Rig::new(Build::default());
        rig.start_output(2);
        let mut frame = rig.output.new_frame().unwrap();
        for value in 1..=9 {
            frame.fill(value);
            let message = pynq_sim::device::Message::Stream(pynq_sim::device::Stream::NextFrame);
            let border = pynq_sim::Stimulus::Message { port: "vdma/M_AXIS_MM2S".into(), message };
            rig.board.before_access("vdma", offset, access, border).unwrap();
            frame = rig.output.show(frame).unwrap();
        }
        rig.board.advance(PERIOD * 2);
        assert_eq!(runs(&rig).iter().map(|(value, _)| *value).collect::<Vec<_>>(), (0..=9).collect::<Vec<_>>());
    }
}
