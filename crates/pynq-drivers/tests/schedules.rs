//! Random schedules: whatever happens in whatever order, no task sleeps whose level is there.

#![allow(clippy::unwrap_used)] // a test may

mod common;

use std::task::Poll;

use common::*;
use pynq_drivers::Level;
use pynq_sim::{Access, Stimulus};

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

const REGISTERS: [(usize, Access); 5] = [
    (DATA, Access::Read),
    (0x008, Access::Read),
    (IP_ISR, Access::Read),
    (IP_ISR, Access::Write),
    (IP_IER, Access::Write),
];

fn run(seed: u64) {
    let mut random = Random(seed);
    let rig = Rig::dual(if random.below(2) == 0 { EDGE } else { LEVEL });
    let pins: Vec<_> = (0..8).map(|n| if n < 4 { rig.pin(n) } else { rig.pin2(n - 4) }).collect();
    let mut waits: Vec<(usize, Level, usize, Task<'_, _>)> = Vec::new();
    for step in 0..60 {
        let (channel, bits) = (1 + u8::from(random.below(2) == 1), random.below(16));
        match random.below(6) {
            0 => rig.board.stimulate(&Stimulus::pins("gpio", channel, bits)).unwrap(),
            1 => {
                let (register, access) = REGISTERS[random.below(5) as usize];
                let stimulus = Stimulus::pins("gpio", channel, bits);
                rig.board.before_access("gpio", u32::try_from(register).unwrap(), access, stimulus).unwrap();
            }
            2 => rig.cpu.fire_spuriously(),
            3 if !waits.is_empty() => {
                drop(waits.swap_remove(random.below(u32::try_from(waits.len()).unwrap()) as usize))
            }
            4 => drop(pins[random.below(8) as usize].changes().unwrap()),
            _ => {
                let (number, level) = (random.below(8) as usize, Level::from(random.below(2) == 1));
                let mut task = Task::new(pins[number].wait_for_level_async(level));
                if task.poll().is_pending() {
                    waits.push((number, level, 0, task));
                }
            }
        }
        // Tasks that were woken had a reason; tasks that were not woken had none.
        waits.retain_mut(|(number, level, wakes, task)| {
            // Read from the board, since a register access would run the triggers that wait for one.
            let port = if *number < 4 { "gpio/gpio_io_i" } else { "gpio/gpio2_io_i" };
            let is_there = Level::from(rig.board.port(port).unwrap() >> (*number % 4) & 1 == 1) == *level;
            if task.wakes() == *wakes {
                assert!(!is_there, "seed {seed}, step {step}: nobody told who awaits {level} of pin {number}");
                return true;
            }
            assert_eq!(task.poll(), Poll::Ready(Ok(())), "seed {seed}, step {step}: woken for nothing");
            false
        });
    }
    drop(waits);
    rig.assert_idle();
    let spurious: u32 = (0..2).map(|line| rig.gpio.node().line_stats(line).spurious).sum();
    assert_eq!(spurious, 0, "seed {seed}");
}

#[test]
fn nobody_sleeps_whose_level_is_there() {
    for seed in 1..=2_000 {
        run(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
    }
}
