//! Numbers in no order, the same ones for the same seed (xorshift).

/// A source of numbers.
pub struct Random(u32);

impl Random {
    /// The source of a seed, which must not be 0.
    #[must_use]
    pub const fn new(seed: u32) -> Self {
        Self(seed)
    }

    /// A number below `bound`, which is small.
    pub fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (self.0 >> 8) % bound
    }
}
