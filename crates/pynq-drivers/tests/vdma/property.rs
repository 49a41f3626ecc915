//! Random schedules: frames taken, held, dropped and shown, in any order by several tasks.
//!
//! No store is written while a program holds it, no frame is lost but those that are told, and each show is on the screen
//! once. How many steps there are is `PYNQ_VDMA_STEPS`; a failure names its seed.

use std::{collections::VecDeque, task::Poll};

use pynq_drivers::axi_vdma::{AxiVdmaError, Frame};

use super::{
    common::Task,
    rig::{Build, EDGE, LEVEL, PERIOD, Random, Rig, number},
};

fn world(seed: u64, steps: u64) {
    let mut random = Random(seed * 2 + 1);
    let stores = [2, 3, 4, 16][random.below(4) as usize];
    let kind_of_intr = if random.below(2) == 0 { EDGE } else { LEVEL };
    let rig = Rig::new(Build { stores, kind_of_intr, ..Build::default() });
    let most = 1 + random.below(4) as usize;
    rig.start_input(most);
    rig.start_output(3);
    let mut held: Vec<(u64, Frame)> = Vec::new();
    let mut takes = VecDeque::new();
    let mut shows = VecDeque::new();
    let (mut next, mut value, mut begun) = (0, 0_u8, Vec::new());
    for _ in 0..steps {
        match random.below(10) {
            0 | 1 => rig.board.advance(PERIOD * random.below(9) as u32 / 4),
            2 | 3 if takes.len() < 3 => takes.push_back(Task::new(rig.input.frame_async())),
            4 => drop(takes.pop_front()),
            5 if !held.is_empty() => drop(held.swap_remove(random.below(held.len() as u64) as usize)),
            6 | 7 if shows.len() < 3 => match rig.output.new_frame() {
                Ok(mut frame) => {
                    value = value.wrapping_add(1);
                    frame.fill(value);
                    shows.push_back((value, Task::new(rig.output.show_async(frame))));
                }
                Err(error) => assert!(matches!(error.cause(), AxiVdmaError::AllHeld { .. }), "{error}"),
            },
            _ => {}
        }
        takes.retain_mut(|take: &mut Task<'_, Result<Frame, _>>| match take.poll() {
            Poll::Pending => true,
            Poll::Ready(Ok(frame)) => {
                let number = number(&frame);
                assert_eq!((frame.number(), frame.missed()), (number, number - next), "seed {seed}");
                next = number + 1;
                held.push((number, frame));
                false
            }
            Poll::Ready(Err(error)) => {
                assert!(matches!(error.cause(), AxiVdmaError::AllHeld { .. }), "seed {seed}: {error}");
                assert_eq!(held.len(), most, "seed {seed}");
                false
            }
        });
        shows.retain_mut(|(value, show): &mut (u8, Task<'_, Result<Frame, _>>)| match show.poll() {
            Poll::Pending => true,
            Poll::Ready(frame) => {
                drop(frame.unwrap());
                begun.push(*value);
                false
            }
        });
        for (expected, frame) in &held {
            let mut memory = vec![0; frame.len()];
            rig.board.read_memory(frame.physical_address().unwrap(), &mut memory).unwrap();
            assert_eq!((number(frame), number(&memory)), (*expected, *expected), "seed {seed}");
        }
    }
    while let Some((value, mut show)) = shows.pop_front() {
        rig.board.advance(PERIOD);
        match show.poll() {
            Poll::Ready(frame) => {
                drop(frame.unwrap());
                begun.push(value);
            }
            Poll::Pending => shows.push_back((value, show)),
        }
    }
    rig.board.advance(PERIOD * 2);
    let mut shown = rig.shown.lock().unwrap().clone();
    shown.dedup();
    if shown.first() == Some(&0) {
        shown.remove(0);
    }
    assert_eq!(shown, begun, "seed {seed}: each show was on the screen, once and in order");
    drop((takes, shows, held));
    assert_eq!(rig.input.stop().unwrap().len(), usize::from(stores) + most, "seed {seed}: all buffers are there");
    assert_eq!(rig.output.stop().unwrap().len(), 4, "seed {seed}");
}

#[test]
fn frames_in_any_order() {
    let steps = std::env::var("PYNQ_VDMA_STEPS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    for seed in 0..20 {
        world(seed, steps / 20);
    }
}
