//! Random sequences: making them, replaying them, and finding the shortest that still fails.

use std::{env, fmt::Debug};

use crate::{common, departure::Tally};

/// A generator of numbers, the same on every run (xorshift64*).
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// Seeds that differ by one give sequences that have nothing in common.
    pub(crate) fn new(seed: u64) -> Self {
        let mut this = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        for _ in 0..4 {
            this.word();
        }
        this
    }

    pub(crate) fn word(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        u32::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32).unwrap()
    }

    /// Less than `end`.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        self.word() % end
    }

    /// True once in `n` times.
    pub(crate) fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(u32::try_from(of.len()).unwrap()) as usize]
    }

    /// Bits as programs write them: one, several, all, none, or any.
    pub(crate) fn bits(&mut self) -> u32 {
        match self.below(8) {
            0 => 0,
            1 => u32::MAX,
            2 => self.word(),
            3 => self.word() & self.word() & self.word(),
            4 => 0xFF & self.word(),
            _ => 1 << self.below(32),
        }
    }
}

/// Two models, side by side.
pub(crate) trait Pair {
    /// What can be done to both.
    type Step: Copy + Debug;

    /// A sequence.
    fn sequence(random: &mut Random) -> Vec<Self::Step>;

    /// Puts both into the same state.
    fn reset(&mut self);

    /// Does it to both, and compares them.
    ///
    /// # Errors
    ///
    /// The difference that nothing foresees.
    fn step(&mut self, step: Self::Step, tally: &mut Tally) -> Result<(), String>;
}

/// Replays the requested number of sequences; by default `full` where QEMU is required, a fraction otherwise.
pub(crate) fn replay<P: Pair>(pair: &mut P, full: u64) -> Tally {
    let number = |name: &str| env::var(name).ok().and_then(|value| value.replace('_', "").parse().ok());
    let sequences = number("PYNQ_QTEST_SEQUENCES").unwrap_or(if common::is_required() { full } else { full / 20 });
    let first = number("PYNQ_QTEST_SEED").unwrap_or(1);
    let mut tally = Tally::default();
    for seed in first..first + sequences {
        let steps = P::sequence(&mut Random::new(seed));
        if let Err((at, difference)) = play(pair, &steps, &mut tally) {
            let shortest = shorten(pair, &steps[..=at]);
            let difference =
                play(pair, &shortest, &mut Tally::default()).map_or_else(|(_, what)| what, |()| difference);
            let lines: Vec<String> = shortest.iter().map(|step| format!("  {step:x?}")).collect();
            panic!("PYNQ_QTEST_SEED={seed}: after\n{}\n{difference}", lines.join("\n"));
        }
        tally.sequences += 1;
    }
    tally
}

/// Plays a sequence. An error is the index of the step that failed, and the difference.
fn play<P: Pair>(pair: &mut P, steps: &[P::Step], tally: &mut Tally) -> Result<(), (usize, String)> {
    pair.reset();
    for (index, step) in steps.iter().enumerate() {
        tally.steps += 1;
        pair.step(*step, tally).map_err(|what| (index, what))?;
    }
    Ok(())
}

/// Leaves out what is not needed, halves first, then ever smaller parts.
fn shorten<P: Pair>(pair: &mut P, steps: &[P::Step]) -> Vec<P::Step> {
    let mut steps = steps.to_vec();
    let mut part = steps.len() / 2;
    while part > 0 {
        let mut at = 0;
        while at < steps.len() {
            let mut fewer = steps.clone();
            fewer.drain(at..(at + part).min(steps.len()));
            match play(pair, &fewer, &mut Tally::default()) {
                Err((last, _)) => {
                    fewer.truncate(last + 1);
                    steps = fewer;
                }
                Ok(()) => at += part,
            }
        }
        part /= 2;
    }
    steps
}
