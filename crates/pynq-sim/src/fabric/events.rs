//! Events: which block does something by itself, and when.

use alloc::collections::BTreeSet;
use pynq_core::Instant;

use super::{
    Change, Fabric, Stuck,
    block::{Block, NEVER},
    timing::POSTED,
};

/// The most events of blocks at one instant. The block of the next one is taken to repeat it for ever, and is stopped.
const MAX_AT_ONCE: u32 = 10_000;

/// Times at which blocks want to be called, in order; of one time, in the order of the blocks.
#[derive(Debug, Default)]
pub(super) struct Events {
    queue: BTreeSet<(Instant, usize)>,
    /// How many came at the present instant.
    at_once: u32,
}

impl Events {
    pub(super) fn first(&self) -> Option<Instant> {
        self.queue.first().map(|event| event.0)
    }

    /// The first one that is of no processor.
    pub(super) fn first_of_devices(&self, blocks: &[Block]) -> Option<Instant> {
        let of_processor = |index: usize| blocks.get(index).is_some_and(|block| block.executes);
        self.queue.iter().find(|event| !of_processor(event.1)).map(|event| event.0)
    }

    pub(super) fn schedule(&mut self, time: Instant, index: usize) {
        self.queue.insert((time, index));
    }

    pub(super) fn cancel(&mut self, time: Instant, index: usize) {
        self.queue.remove(&(time, index));
    }
}

impl Fabric {
    /// When a block next does something by itself.
    #[must_use]
    pub fn next_event(&self) -> Option<Instant> {
        self.events.first()
    }

    #[inline]
    pub(crate) fn set_due(&mut self, index: usize, time: Option<Instant>) {
        if self.blocks[index].due != time {
            self.change_due(index, time);
        }
    }

    fn change_due(&mut self, index: usize, time: Option<Instant>) {
        let block = &mut self.blocks[index];
        if let Some(before) = block.due.take() {
            self.events.queue.remove(&(before, index));
        }
        if let Some(time) = time.filter(|_| !block.stopped) {
            block.due = Some(time);
            self.events.queue.insert((time, index));
        }
    }

    /// Moves the clock forward, and lets every block that is due until then do what it does, in order. It never moves
    /// back.
    pub fn advance_to(&mut self, time: Instant) {
        self.set_limit(time);
        while let Some(next) = self.events.first().filter(|&next| next <= time) {
            self.set_now(next);
            self.run_due();
        }
        self.set_now(time);
    }

    /// Sets the clock, and leaves the events that are due to [`run_due`](Self::run_due).
    pub(crate) fn set_now(&mut self, time: Instant) {
        if time > self.now {
            self.now = time;
            self.events.at_once = 0;
            self.unserved = 0;
        }
    }

    /// Lets every block that is due now do what it does. A block that is due again at the same instant, over and
    /// over, is stopped, and that is [reported](Change::Stuck).
    pub(crate) fn run_due(&mut self) {
        while let Some(&(due, index)) = self.events.queue.first() {
            if due > self.now {
                return;
            }
            self.events.queue.pop_first();
            if index == POSTED {
                self.land_due();
                continue;
            }
            self.blocks[index].due = None;
            self.events.at_once += 1;
            if self.events.at_once > MAX_AT_ONCE {
                self.events.at_once = 0;
                self.blocks[index].stopped = true;
                let block = alloc::format!("block \"{}\"", self.blocks[index].path);
                self.changes.push(Change::Stuck(Stuck::new(self.now, block)));
                continue;
            }
            self.blocks[index].at = NEVER;
            self.call(index, 0xF, 0, |device, bus| device.run(bus));
            self.travel();
        }
    }
}
