//! Cyclic mode, on the side of the hardware: which periods it is through with.
//!
//! The interrupt says that there was one at least. Which ones is in the descriptors: each is marked complete when the block
//! is through with its period, and the mark is taken away here, so that it can be seen again a round later.

use super::{AxiDmaError, AxiDmaHardware, DmaControl, DmaDirection, Period};

/// How often the block is looked at that may be about to fetch its next descriptor: some microseconds.
const FETCH_SPINS: u32 = 16;

/// What is known of a channel in cyclic mode.
#[derive(Clone, Copy, Debug)]
pub(super) struct Round {
    /// Periods of the buffer.
    periods: u16,
    /// How many the block is through with.
    completed: u64,
    /// How many were told to the program, or counted as lost.
    taken: u64,
}

impl Round {
    /// Whether there is a period that was not told.
    pub(super) const fn has_news(&self) -> bool {
        self.completed > self.taken
    }
}

impl AxiDmaHardware {
    /// Has a channel go round and round.
    pub(super) fn begin_cyclic(
        &mut self,
        direction: DmaDirection,
        address: u64,
        period: usize,
        periods: usize,
        polled: bool,
    ) -> Result<(), AxiDmaError> {
        if !self.config().scatter_gather {
            return Err(AxiDmaError::NotCyclic);
        }
        self.prepare(direction, polled)?;
        if self.channel(direction).used != 0 {
            return Err(AxiDmaError::Busy { channel: direction });
        }
        // The mode is to be changed, and the first descriptor chosen, while the channel stands still.
        if self.channel(direction).runs {
            self.stop(direction)?;
        }
        let ring = self.channel_mut(direction).ring.as_mut().ok_or(AxiDmaError::NoDescriptors)?;
        let (first, beyond) = ring.close(direction, address, period, periods)?;
        #[allow(clippy::cast_possible_truncation)] // there are as many descriptors
        let round = Round { periods: periods as u16, completed: 0, taken: 0 };
        if let Err(error) = self.run_ring(direction, first, DmaControl::CYCLIC) {
            self.open_ring(direction);
            return Err(error);
        }
        let channel = self.channel_mut(direction);
        channel.round = Some(round);
        channel.occupy(0, period * periods);
        // The channel begins at a tail that it never comes to.
        self.put_tail(direction, beyond);
        Ok(())
    }

    fn open_ring(&mut self, direction: DmaDirection) {
        if let Some(ring) = &mut self.channel_mut(direction).ring {
            ring.open();
        }
    }

    /// Ends cyclic mode. If this is an error, the hardware has not let go of the memory.
    pub(super) fn end_cyclic(&mut self, direction: DmaDirection) -> Result<(), AxiDmaError> {
        if self.channel_mut(direction).round.take().is_none() {
            return Ok(());
        }
        self.abandon(direction, 0)?;
        self.open_ring(direction);
        Ok(())
    }

    /// Counts the periods that the block is through with.
    pub(super) fn count_periods(&mut self, direction: DmaDirection) {
        let channel = self.channel_mut(direction);
        let (Some(round), Some(ring)) = (&mut channel.round, &mut channel.ring) else { return };
        let mut news = 0;
        while news < round.periods {
            #[allow(clippy::cast_possible_truncation)] // less than there are periods
            let index = (round.completed % u64::from(round.periods)) as u16;
            // Memory that can't be read has no news.
            if ring.take_complete(index) != Ok(true) {
                break;
            }
            round.completed += 1;
            news += 1;
        }
        if news == round.periods {
            self.catch_up(direction);
        }
    }

    /// The block is always in one of the periods. If all were complete, it has come round to some before they were counted: the
    /// one that it is in says to how many, but for whole rounds.
    fn catch_up(&mut self, direction: DmaDirection) {
        let Some(round) = &self.channel(direction).round else { return };
        // It may be seen at the one that it has just completed, for as long as it takes to fetch the next.
        let behind = (round.completed + u64::from(round.periods) - 1) % u64::from(round.periods);
        let mut at = self.current_descriptor(direction);
        for _ in 0..FETCH_SPINS {
            if at.map(u64::from) != Some(behind) {
                break;
            }
            at = self.current_descriptor(direction);
        }
        let channel = self.channel_mut(direction);
        let (Some(round), Some(ring), Some(at)) = (&mut channel.round, &mut channel.ring, at) else { return };
        let periods = u64::from(round.periods);
        while round.completed % periods != u64::from(at) && at < round.periods {
            #[allow(clippy::cast_possible_truncation)] // less than there are periods
            let index = (round.completed % periods) as u16;
            // What was marked since is counted by this, and must not be seen again.
            let _ = ring.take_complete(index);
            round.completed += 1;
        }
    }

    /// The next period for the program, if there is one. An error of the channel comes after those that were whole.
    pub(super) fn take_period(&mut self, direction: DmaDirection) -> Result<Option<Period>, AxiDmaError> {
        let mask = (1 << self.config().length_width) - 1;
        let channel = self.channel_mut(direction);
        let Some(round) = &mut channel.round else { return Err(AxiDmaError::Over) };
        if !round.has_news() {
            // The slot is freed when cyclic mode ends.
            return channel.error(0).map_or(Ok(None), Err);
        }
        let periods = u64::from(round.periods);
        // The block is in one of them.
        let oldest = round.completed.saturating_sub(periods - 1);
        let lost = oldest.saturating_sub(round.taken);
        let number = round.taken + lost;
        round.taken = number + 1;
        #[allow(clippy::cast_possible_truncation)] // less than there are periods
        let index = (number % periods) as u16;
        let length = channel.ring.as_ref().map_or(0, |ring| (ring.length_of(index) & mask) as usize);
        Ok(Some(Period { number, index: index.into(), length, lost }))
    }

    /// How many periods ago the block has begun anew with period `number`, if it has.
    pub(super) fn has_come_round(&mut self, direction: DmaDirection, number: u64) -> Option<u64> {
        self.look();
        self.count_periods(direction);
        let round = self.channel(direction).round?;
        let begun = number.saturating_add(round.periods.into());
        (round.completed >= begun).then(|| round.completed - begun + 1)
    }
}
