//! An analog-to-digital converter of Microchip's MCP3208 kind.

use core::sync::atomic::{AtomicU16, Ordering};

use pynq_core::Instant;

use super::SpiTarget;
use crate::sync::Arc;

/// A converter of eight channels and 12 bits: MCP3208. Its inputs are [`inputs`](Self::inputs).
///
/// A conversion begins with the first one after the selection. Four bits follow: single or differential, and the channel.
/// Then it samples for a clock and a half, sends a zero, and the value from its highest bit on. What comes after that is zero
/// here, where the chip sends the value backwards.
///
/// ```
/// use pynq_sim::parts::{Mcp3208, SpiChip};
///
/// let converter = Mcp3208::new();
/// let inputs = converter.inputs();
/// let chip = SpiChip::new(0, converter);
/// inputs.set(5, 0x123);
/// # let _ = chip;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Mcp3208 {
    inputs: AnalogInputs,
    /// Clocks since the start bit, which is the first.
    clocks: u32,
    configuration: u16,
    value: u16,
}

/// The voltages at a converter's inputs, as the numbers that they are converted to. Clones are the same inputs.
#[derive(Clone, Debug, Default)]
pub struct AnalogInputs(Arc<[AtomicU16; 8]>);

impl AnalogInputs {
    /// Sets what is at a channel, 0 to 7: at most 4,095. A channel that is not there is left alone.
    pub fn set(&self, channel: usize, value: u16) {
        if let Some(input) = self.0.get(channel) {
            input.store(value.min(0xFFF), Ordering::Relaxed);
        }
    }

    fn get(&self, channel: u16) -> u16 {
        self.0[usize::from(channel & 7)].load(Ordering::Relaxed)
    }
}

impl Mcp3208 {
    /// A converter with nothing at its inputs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What sets its inputs, from wherever.
    #[must_use]
    pub fn inputs(&self) -> AnalogInputs {
        self.inputs.clone()
    }

    fn sample(&self) -> u16 {
        let channel = self.configuration & 7;
        if self.configuration & 8 != 0 {
            return self.inputs.get(channel);
        }
        // The even one of a pair against the odd one, or the other way round.
        self.inputs.get(channel).saturating_sub(self.inputs.get(channel ^ 1))
    }
}

impl SpiTarget for Mcp3208 {
    fn word_bits(&self) -> u8 {
        1
    }

    fn select(&mut self, _: Instant) {
        (self.clocks, self.configuration) = (0, 0);
    }

    fn send(&mut self, _: Instant) -> u32 {
        match self.clocks {
            // The value, from bit 11 on.
            7..=18 => u32::from(self.value >> (18 - self.clocks) & 1),
            // Its output floats until it sends a zero before the value.
            0..=5 => 1,
            _ => 0,
        }
    }

    fn receive(&mut self, bit: u32, _: Instant) {
        if self.clocks == 0 && bit == 0 {
            return;
        }
        if (1..=4).contains(&self.clocks) {
            self.configuration = self.configuration << 1 | u16::from(bit != 0);
        }
        self.clocks += 1;
        if self.clocks == 6 {
            self.value = self.sample();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A conversion in three bytes, as the data sheet shows it for controllers of bytes.
    fn convert(chip: &mut Mcp3208, configuration: u32) -> u32 {
        chip.select(Instant::START);
        // Five zeros, the start bit, the configuration, and clocks for the answer.
        let sent = 1 << 18 | configuration << 14;
        (0..24).rev().fold(0, |answer, at| {
            let out = chip.send(Instant::START);
            chip.receive(sent >> at & 1, Instant::START);
            answer << 1 | out
        })
    }

    #[test]
    fn a_channel_is_converted_and_answered_from_the_highest_bit_on() {
        let mut chip = Mcp3208::new();
        let inputs = chip.inputs();
        for channel in 0..8 {
            inputs.set(channel as usize, 0x100 * channel + 7);
        }
        for channel in 0..8_u16 {
            let answer = convert(&mut chip, u32::from(8 | channel));
            assert_eq!(answer & 0x1FFF, u32::from(0x100 * channel + 7), "a zero and twelve bits");
        }
        inputs.set(3, u16::MAX);
        assert_eq!(convert(&mut chip, 8 | 3) & 0xFFF, 0xFFF);
    }

    #[test]
    fn a_pair_is_the_difference_and_never_below_nothing() {
        let mut chip = Mcp3208::new();
        chip.inputs().set(2, 1_000);
        chip.inputs().set(3, 400);
        assert_eq!(convert(&mut chip, 2) & 0xFFF, 600);
        assert_eq!(convert(&mut chip, 3) & 0xFFF, 0);
    }
}
