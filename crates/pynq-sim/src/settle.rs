//! Whether the program has caught up with the board.
//!
//! Virtual time may move only when everything the board set in motion has come to rest, else a task that is slow in the
//! machine's time would miss what happens next in the board's. There are two kinds of pending work. Work that is
//! certain to end by an action of the program (a woken waiter is polled or dropped, a guard is released) blocks time
//! strictly. A task that took an event and has not come back may never do so, because it ended or waits for something
//! that is not the board's; it blocks time only as long as something happens on the board.

use alloc::vec::Vec;
use core::time::Duration;
use pynq_core::interrupt::{Activity, TaskId};

/// The accounts.
#[derive(Debug)]
pub(crate) struct Settling {
    /// Waiters and sleepers that were woken and have not been polled or dropped since. With threads, a waiter can be
    /// polled before its `Woken` arrives here; the count is then negative until it does.
    woken: isize,
    /// Guards, and tracked tasks that have something to do.
    busy: usize,
    /// Wakers and observers the board is calling right now.
    delivering: usize,
    /// Tasks that took an event and have not come back to wait.
    at_work: Vec<TaskId>,
    /// CPU pins that fired and whose dispatch has not reached a waiter or re-armed yet.
    in_service: usize,
    /// Time was blocked strictly since sleepers were last notified that it isn't.
    was_strict: bool,
    /// Counts what happens on the board.
    stamp: u64,
    /// Without anything happening on the board for this long (of the machine's time), a task at work is taken to be
    /// gone, and a thread that might have raised a stimulus is taken not to exist.
    pub(crate) grace: Duration,
}

impl Default for Settling {
    fn default() -> Self {
        Self {
            woken: 0,
            busy: 0,
            delivering: 0,
            at_work: Vec::new(),
            in_service: 0,
            was_strict: false,
            stamp: 0,
            grace: Duration::from_millis(100),
        }
    }
}

/// The pending work that keeps the board from being settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pending {
    /// Work that will certainly end. `program`: the program must poll a woken waiter, and no guard is held.
    Strict {
        /// Only woken waiters, no guards.
        program: bool,
    },
    /// Tasks are at work on something, or gone.
    Lingering,
    /// The board is settled.
    Nothing,
}

impl Settling {
    pub(crate) fn pending(&self) -> Pending {
        if self.busy + self.delivering > 0 {
            Pending::Strict { program: false }
        } else if self.woken != 0 {
            Pending::Strict { program: true }
        } else if !self.at_work.is_empty() || self.in_service > 0 {
            Pending::Lingering
        } else {
            Pending::Nothing
        }
    }

    /// Changes whenever something happens on the board.
    pub(crate) fn stamp(&self) -> u64 {
        self.stamp
    }

    pub(crate) fn take_was_strict(&mut self) -> bool {
        core::mem::take(&mut self.was_strict)
    }

    pub(crate) fn touch(&mut self) {
        self.stamp = self.stamp.wrapping_add(1);
    }

    /// Nothing happened for so long that the tasks at work are taken to be gone.
    pub(crate) fn drop_lost_tasks(&mut self) {
        self.at_work.clear();
        self.in_service = 0;
    }

    pub(crate) fn observe(&mut self, activity: Activity) {
        match activity {
            Activity::Woken => self.woke(),
            Activity::Polled | Activity::Dropped => self.unwoken(),
            Activity::Completed { task, woken } => {
                if woken {
                    self.unwoken();
                }
                self.works(task);
            }
            Activity::Registered { task } => {
                self.waits(task);
            }
        }
    }

    pub(crate) fn woke(&mut self) {
        self.woken += 1;
        self.was_strict = true;
    }

    pub(crate) fn unwoken(&mut self) {
        self.woken -= 1;
        self.was_strict = true;
    }

    pub(crate) fn works(&mut self, task: TaskId) {
        if !self.at_work.contains(&task) {
            self.at_work.push(task);
        }
    }

    /// Returns whether the task was at work.
    pub(crate) fn waits(&mut self, task: TaskId) -> bool {
        let before = self.at_work.len();
        self.at_work.retain(|&other| other != task);
        self.at_work.len() < before
    }

    pub(crate) fn busy(&mut self) {
        self.busy += 1;
        self.was_strict = true;
    }

    pub(crate) fn unbusy(&mut self) {
        self.busy = self.busy.saturating_sub(1);
    }

    pub(crate) fn delivers(&mut self) {
        self.delivering += 1;
        self.was_strict = true;
    }

    pub(crate) fn delivered(&mut self) {
        self.delivering = self.delivering.saturating_sub(1);
    }

    pub(crate) fn service_begins(&mut self) {
        self.in_service += 1;
    }

    pub(crate) fn service_ends(&mut self) {
        self.in_service = self.in_service.saturating_sub(1);
    }
}
