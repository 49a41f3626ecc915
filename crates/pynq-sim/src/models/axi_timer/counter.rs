//! A counter, any number of clocks at a time.

/// What happens one clock after a rollover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AtRollover {
    /// The load value is taken over.
    Reload,
    /// Nothing any more.
    Hold,
    /// It counts on.
    Wrap,
}

/// How it counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mode {
    pub(super) down: bool,
    pub(super) at_rollover: AtRollover,
    pub(super) load: u64,
}

/// The counter. It rolls over from 0 to all ones, or the other way round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counter {
    pub(super) value: u64,
    mask: u64,
    /// The next clock takes the load value.
    reloading: bool,
    /// It has rolled over and stopped there.
    holding: bool,
}

impl Counter {
    pub(super) const fn new(mask: u64) -> Self {
        Self { value: 0, mask, reloading: false, holding: false }
    }

    /// Another counter's place in the same state.
    pub(super) const fn with(self, value: u64, mask: u64) -> Self {
        Self { value, mask, ..self }
    }

    pub(super) const fn load(&mut self, value: u64) {
        *self = Self { value: value & self.mask, ..Self::new(self.mask) };
    }

    /// Takes the load value at the next clock, whatever it is at.
    pub(super) const fn restart(&mut self) {
        (self.reloading, self.holding) = (true, false);
    }

    /// Clocks from `value` to the rollover, at least one.
    fn distance(&self, value: u64, down: bool) -> u128 {
        u128::from(if down { value } else { self.mask - value }) + 1
    }

    /// Clocks until it rolls over; `None` if it never does.
    pub(super) fn until_rollover(&self, mode: &Mode) -> Option<u128> {
        match () {
            () if self.reloading => Some(1 + self.distance(mode.load, mode.down)),
            () if self.holding => None,
            () => Some(self.distance(self.value, mode.down)),
        }
    }

    /// Lets `clocks` pass. Returns whether it rolled over.
    #[allow(clippy::cast_possible_truncation)] // what is cast is less than a distance, or a period, of a counter
    pub(super) fn pass(&mut self, clocks: u64, mode: &Mode) -> bool {
        let mut left = u128::from(clocks);
        if left == 0 {
            return false;
        }
        if core::mem::take(&mut self.reloading) {
            self.value = mode.load;
            left -= 1;
        }
        if self.holding {
            return false;
        }
        let distance = self.distance(self.value, mode.down);
        if left < distance {
            self.count(left as u64, mode.down);
            return false;
        }
        left -= distance;
        self.value = if mode.down { self.mask } else { 0 };
        match mode.at_rollover {
            AtRollover::Hold => self.holding = true,
            AtRollover::Wrap => self.count((left % (u128::from(self.mask) + 1)) as u64, mode.down),
            AtRollover::Reload => {
                left %= 1 + self.distance(mode.load, mode.down);
                if left == 0 {
                    self.reloading = true;
                } else {
                    self.value = mode.load;
                    self.count(left as u64 - 1, mode.down);
                }
            }
        }
        true
    }

    const fn count(&mut self, clocks: u64, down: bool) {
        self.value = if down { self.value.wrapping_sub(clocks) } else { self.value.wrapping_add(clocks) } & self.mask;
    }
}
