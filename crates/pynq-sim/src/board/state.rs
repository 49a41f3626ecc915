//! The state behind the board's lock: the fabric, the accounts of the program's tasks, and records of what happened.

use alloc::{boxed::Box, collections::VecDeque, vec::Vec};
use core::task::Waker;
use pynq_core::{Error, Instant};

use super::{Board, outbox::Outbox, pins::PinState};
use crate::{
    fabric::{Access, BusError, Change, Fabric, OutputChange, Stuck, StuckCause},
    parker::Parker,
    script::Recorder,
    settle::{Pending, Settling},
    sync::Arc,
    timeline::Timeline,
};

/// The most stimuli at one instant. The next one is taken to schedule another for ever, and is skipped.
const MAX_AT_ONCE: u32 = 100_000;

/// Output changes kept for `Board::output_log`.
const LOG: usize = 65_536;

/// What the script does at a time.
pub(crate) type Scheduled = Box<dyn FnOnce(&Board) + Send>;

/// The thread that moves the clock. It ends with the board.
#[cfg(feature = "std")]
pub(crate) struct Mover(pub(crate) Arc<Parker>);

#[cfg(feature = "std")]
impl Drop for Mover {
    fn drop(&mut self) {
        self.0.unpark();
    }
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) fabric: Fabric,
    /// Counts the designs this board has held; windows of older ones are dead.
    pub(crate) generation: u64,
    /// The tasks on the processor's interrupt inputs, by their index in the fabric.
    pub(crate) pins: Vec<PinState>,

    pub(crate) timeline: Timeline<Scheduled>,
    pub(crate) settling: Settling,
    pub(crate) idlers: Vec<Arc<Parker>>,
    pub(crate) runners: Vec<(u64, Waker)>,
    pub(crate) next_runner: u64,
    /// Futures that move the clock.
    pub(crate) drivers: usize,
    /// The board's own thread moves the clock while the program doesn't.
    pub(crate) automatic: bool,
    /// A task has begun to wait since `starve` last ended the waits.
    pub(crate) awaited: bool,
    #[cfg(feature = "std")]
    pub(crate) mover: Option<Mover>,
    #[cfg(feature = "std")]
    mover_started: bool,
    /// The thread that moves the clock sleeps until it is woken.
    #[cfg(feature = "std")]
    pub(crate) mover_parked: bool,
    pub(crate) real_time: Option<crate::parker::WallClock>,
    pub(crate) handles: usize,

    pub(crate) outbox: Outbox,
    /// Emptied between calls; kept for its room.
    changes: Vec<Change>,
    pub(crate) observed: bool,
    pub(crate) output_log: VecDeque<OutputChange>,
    pub(crate) bus_errors: Vec<BusError>,
    pub(crate) expected_errors: Vec<(u64, Option<Access>)>,
    pub(crate) stuck: Vec<Stuck>,
    /// Stimuli are recorded.
    pub(super) recorder: Option<Recorder>,
    /// The time of the last stimulus that was scheduled, and how many there were at it.
    at_once: (Instant, u32),
    pub(crate) stale_accesses: u64,
}

impl State {
    pub(super) fn new(fabric: Fabric) -> Self {
        let mut state = Self { fabric, ..Self::default() };
        state.add_pins();
        state.collect();
        state
    }

    fn add_pins(&mut self) {
        self.pins.resize_with(self.fabric.inputs().len(), PinState::default);
    }

    /// Handles the changes that the last call of the fabric made.
    #[inline]
    pub(crate) fn collect(&mut self) {
        if self.fabric.has_changes() {
            self.collect_changes();
        }
    }

    fn collect_changes(&mut self) {
        let mut changes = core::mem::take(&mut self.changes);
        self.fabric.swap_changes(&mut changes);
        for change in changes.drain(..) {
            match change {
                Change::Interrupt(_, pin) => self.interrupt(pin),
                Change::Output(change) => {
                    if self.observed {
                        self.outbox.outputs.push(change.clone());
                    }
                    if self.output_log.len() == LOG {
                        self.output_log.pop_front();
                    }
                    self.output_log.push_back(change);
                }
                Change::BusError(error) => self.keep_bus_error(error),
                Change::Stuck(stuck) => {
                    if let StuckCause::Interrupt { id, .. } = stuck.cause {
                        if let Ok(pin) = self.fabric.pin(id) {
                            self.fail_pin(pin, Error::NeverCleared);
                        }
                    }
                    self.stuck.push(stuck);
                }
            }
        }
        self.changes = changes;
    }

    /// The processor took an interrupt: wakes the node on its pin, which dispatches.
    fn interrupt(&mut self, pin: usize) {
        if self.pins[pin].fire() {
            self.settling.service_begins();
        }
        if let Some(waker) = self.pins[pin].waker.take() {
            self.outbox.wake(waker);
        }
    }

    /// Polls of a root return `error` from now on.
    pub(crate) fn fail_pin(&mut self, index: usize, error: Error) {
        self.end_service(index);
        self.fabric.disarm(index);
        let pin = &mut self.pins[index];
        pin.fail(error);
        if let Some(waker) = pin.waker.take() {
            self.outbox.wake(waker);
        }
    }

    pub(crate) fn end_service(&mut self, pin: usize) {
        if core::mem::take(&mut self.pins[pin].in_service) {
            self.settling.service_ends();
        }
    }

    /// Takes a parked `run` off the list.
    pub(crate) fn take_runner(&mut self, id: u64) -> Option<Waker> {
        let index = self.runners.iter().position(|runner| runner.0 == id)?;
        Some(self.runners.swap_remove(index).1)
    }

    pub(crate) fn drop_lost_tasks(&mut self) {
        self.settling.drop_lost_tasks();
        self.pins.iter_mut().for_each(|pin| pin.in_service = false);
        self.settling.touch();
    }

    // ---- time

    pub(crate) const fn now(&self) -> Instant {
        self.fabric.now()
    }

    /// When the next thing happens: on the timeline, or by a device itself.
    pub(crate) fn next_event(&self) -> Option<Instant> {
        match (self.fabric.next_event(), self.timeline.first()) {
            (Some(device), Some(scheduled)) => Some(device.min(scheduled)),
            (one, other) => one.or(other),
        }
    }

    /// Whether stimuli have been coming at this one instant without end. The present one is then skipped, and recorded.
    pub(super) fn is_endless(&mut self, now: Instant) -> bool {
        let (time, count) = &mut self.at_once;
        (*time, *count) = (now, if *time == now { *count + 1 } else { 1 });
        let endless = *count > MAX_AT_ONCE;
        if endless {
            *count = 0;
            self.stuck.push(Stuck::new(now, "a stimulus that schedules the next"));
        }
        endless
    }

    /// In real-time mode, moves the clock to the wall's, but not beyond the next event.
    #[inline]
    pub(crate) fn catch_up(&mut self) {
        if self.real_time.is_some() {
            self.catch_up_with_wall();
        }
    }

    fn catch_up_with_wall(&mut self) {
        if let Some(wall) = &self.real_time {
            let target = self.next_event().map_or(wall.now(), |next| wall.now().min(next));
            self.fabric.set_now(target);
        }
    }

    /// In real-time mode, how long the machine's clock takes to the next event; for ever if there is none.
    pub(crate) fn wall_time_left(&self) -> Option<core::time::Duration> {
        let wall = self.real_time.as_ref()?;
        match self.next_event() {
            Some(next) if next <= wall.now() => None,
            Some(next) => Some(next - wall.now()),
            None => Some(core::time::Duration::MAX),
        }
    }

    /// Lets all that wait for the board to settle check again. If the outbox is not empty, its delivery calls this
    /// later.
    #[inline]
    pub(crate) fn notify(&mut self) {
        if !self.idlers.is_empty() || !self.runners.is_empty() {
            self.notify_waiting();
        }
    }

    fn notify_waiting(&mut self) {
        if !self.outbox.is_empty() {
            return;
        }
        let pending = self.settling.pending();
        if matches!(pending, Pending::Strict { .. }) {
            return;
        }
        let was_strict = self.settling.take_was_strict();
        // Each access of a task at work comes through here, so sleepers are unparked only when the board settles or is
        // no longer blocked strictly.
        if was_strict || pending == Pending::Nothing {
            self.idlers.iter().for_each(|parker| parker.unpark());
        }
        for (_, waker) in self.runners.drain(..) {
            self.outbox.wake(waker);
        }
    }

    /// Whether the board's own thread moves the clock: no blocked call does.
    #[cfg(feature = "std")]
    pub(crate) fn moves_by_itself(&self) -> bool {
        self.automatic && self.idlers.is_empty()
    }

    /// Unparks the thread that moves the clock, after a change that it may be waiting for.
    #[inline]
    pub(crate) fn wake_mover(&mut self) {
        #[cfg(feature = "std")]
        if core::mem::take(&mut self.mover_parked) {
            if let Some(mover) = &self.mover {
                mover.0.unpark();
            }
        }
    }

    /// A task waits. Returns whether the thread that moves the clock is to be started.
    pub(crate) fn task_waits(&mut self) -> bool {
        self.awaited = true;
        self.wake_mover();
        #[cfg(feature = "std")]
        if self.moves_by_itself() && !self.mover_started && !Parker::is_blocking() {
            self.mover_started = true;
            return true;
        }
        false
    }

    /// Nothing more can happen: the waits of all tasks end with [`NeverWoken`](pynq_core::Error::NeverWoken).
    #[cfg(feature = "std")]
    pub(crate) fn starve(&mut self) {
        self.awaited = false;
        for pin in &mut self.pins {
            if let Some(waker) = pin.waker.take() {
                pin.starved = true;
                self.outbox.wake(waker);
            }
        }
    }

    // ---- another design

    fn new_generation(&mut self) {
        self.generation += 1;
        self.pins.iter_mut().for_each(|pin| pin.failed = None);
    }

    /// Replaces the design. CPU pins are not part of a design: those of the same number stay what they are.
    pub(crate) fn replace(&mut self, new: Fabric) {
        self.new_generation();
        self.fabric.replace(new);
        self.add_pins();
    }

    /// The design is loaded anew: everything in the fabric is at its reset state, and old windows are dead.
    pub(crate) fn reload(&mut self) {
        self.new_generation();
        self.fabric.reload();
    }
}
