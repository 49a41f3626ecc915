//! Random schedules: two parties, each with its channel, and what the registers must be after each step.

use std::time::Duration;

use pynq_drivers::axi_timer::Capture;

use crate::{
    common::{EDGE, LEVEL, Task},
    rig::*,
};

/// A generator of numbers, the same on every run (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        u32::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32).unwrap() % limit
    }
}

const UDT: u32 = 1 << 1;
const ARHT: u32 = 1 << 4;
const CAPTURE: u32 = 0b1001;

fn run(seed: u64) {
    let mut random = Random(seed);
    let rig = Rig::new(if random.below(2) == 0 { EDGE } else { LEVEL });
    // What each channel's control register must hold, but for events and what follows from waits.
    let mut expected = [0; 2];
    // Clones whose waits outlive the steps.
    let mut waits: [Vec<Task<'_, _>>; 2] = [Vec::new(), Vec::new()];
    for step in 0..80 {
        let number = random.below(2);
        let index = number as usize;
        let mut channel = rig.channel(u8::try_from(number).unwrap());
        let time = Duration::from_nanos(u64::from(20 + random.below(5_000)));
        match random.below(8) {
            0 => {
                channel.start_periodic(time).unwrap();
                expected[index] = UDT | ARHT | ENT;
            }
            1 => {
                channel.start_one_shot(time).unwrap();
                expected[index] = UDT | ENT;
            }
            2 => {
                channel.start_capture(Capture::Latest).unwrap();
                expected[index] = CAPTURE | ARHT | ENT;
            }
            3 => {
                channel.stop().unwrap();
                expected[index] = 0;
            }
            4 if !waits[index].is_empty() => {
                let victim = random.below(u32::try_from(waits[index].len()).unwrap()) as usize;
                drop(waits[index].swap_remove(victim));
            }
            5 => waits[index].push(Task::waiting(async move { channel.wait_async().await })),
            6 => rig.trigger(channel.number(), random.below(2) == 0),
            _ => rig.board.advance(time),
        }
        for index in 0..2 {
            let fired = waits[index].iter().filter(|task| task.is_woken()).count();
            assert!(fired == 0 || fired == waits[index].len(), "seed {seed}, step {step}: all or none");
            if fired != 0 {
                waits[index].drain(..).for_each(|mut task| assert!(task.poll().is_ready()));
            }
            let control = rig.control(index);
            if expected[index] == UDT | ENT && (control & ENT == 0 || control & TINT != 0) {
                // A one-shot that has ended: it is stopped when a waiter has seen its event.
                expected[index] = control & (UDT | ENT);
            }
            let enable = if waits[index].is_empty() { 0 } else { ENIT };
            assert_eq!(control & !TINT, expected[index] | enable, "seed {seed}, step {step}, channel {index}");
            assert!(enable == 0 || control & TINT == 0, "seed {seed}, step {step}: an event that no waiter has seen");
        }
    }
    drop(waits);
    rig.assert_idle();
    for line in 0..2 {
        assert_eq!(rig.timer.node().line_stats(line).spurious, 0, "seed {seed}");
    }
}

#[test]
fn no_update_of_either_channel_is_lost() {
    for seed in 1..=1_000 {
        run(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
    }
}

#[test]
fn nor_by_two_threads() {
    for kind in [LEVEL, EDGE] {
        let rig = Rig::new(kind);
        std::thread::scope(|scope| {
            for number in 0..2 {
                let mut channel = rig.channel(number);
                let rig = &rig;
                scope.spawn(move || {
                    let index = usize::from(number);
                    for round in 1..=1_000_u64 {
                        channel.start_one_shot(Duration::from_nanos(50 * round)).unwrap();
                        assert_eq!(rig.control(index) & (UDT | ARHT), UDT);
                        channel.wait().unwrap();
                        assert_eq!(rig.control(index) & (ENT | TINT | ENIT), 0);
                        channel.start_periodic(Duration::from_micros(100)).unwrap();
                        assert_eq!(rig.control(index) & !TINT, UDT | ARHT | ENT);
                        channel.stop().unwrap();
                        assert_eq!(rig.control(index) & ENT, 0);
                    }
                });
            }
        });
        rig.assert_idle();
    }
}
