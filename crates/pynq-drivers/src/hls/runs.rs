//! Which runs of the function there are, as far as the control register shows.
//!
//! One read of that register consumes AP_DONE, so each of them comes here, whichever task made it, and what it says is kept.
//! Two runs can be under way: the function may take the next arguments while it works on the ones before. Each has a
//! *slot*, and the slots are used in turn.
//!
//! AP_DONE is one bit and does not count. What makes that exact is AP_IDLE: with no start pending and the function idle,
//! every run has ended. That also finds an end whose AP_DONE some other program has read.

use super::registers::HlsControl;

/// The place of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Free,
    /// Under way. `owned` is false once nothing is interested in its end.
    Running {
        owned: bool,
    },
    /// Ended, with its result not read. `lost` if a later run has ended since.
    Ended {
        lost: bool,
    },
}

/// How the function is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// By a write for each run.
    Single,
    /// By itself. The runs are one slot, which no task has.
    Repeats,
    /// By itself until a moment ago, or by another program: how many runs are under way is not known.
    Stops,
}

/// How a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// With no other run under way.
    Alone,
    /// As soon as the function has taken the arguments of the one before.
    Pipelined,
    /// As the first of runs that follow by themselves.
    Repeating,
}

/// What has to happen before a run can begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blocked {
    /// The run in this slot ends.
    Ends(u8),
    /// The task that has this slot lets go of it.
    LetGo(u8),
    /// The function takes the arguments of the last start.
    Taken,
    /// Nothing the caller should wait for: the function restarts by itself.
    Repeats,
}

/// The runs under way.
#[derive(Debug)]
pub(super) struct Runs {
    slots: [Slot; 2],
    /// The slot of the next start, which is also that of the older run of two.
    next: u8,
    /// The last start was not taken yet.
    pending: bool,
    /// The slot of a run that allows no other.
    alone: Option<u8>,
    mode: Mode,
    /// The function waits with its result (`ap_ctrl_chain`): AP_DONE stays until it is let go.
    chain: bool,
    holds: bool,
    /// Runs that have ended, and arguments that were taken, wrapping.
    ended: u32,
    taken: u32,
    /// A slot was let go since that was last asked.
    released: bool,
    /// Counts the starts of functions that restart by themselves.
    repetition: u32,
}

impl Runs {
    /// What the registers say of a function that may be running.
    pub(super) fn new(chain: bool, control: HlsControl) -> Self {
        let quiet = control.contains(HlsControl::IDLE) && !control.contains(HlsControl::START);
        let repeats = control.contains(HlsControl::AUTO_RESTART);
        let first = if quiet && !repeats { Slot::Free } else { Slot::Running { owned: false } };
        Self {
            slots: [first, Slot::Free],
            next: u8::from(first != Slot::Free),
            pending: control.contains(HlsControl::START) && !repeats,
            alone: None,
            mode: match (repeats, quiet) {
                (true, _) => Mode::Repeats,
                (false, false) => Mode::Stops,
                (false, true) => Mode::Single,
            },
            repetition: 0,
            chain,
            holds: chain && first == Slot::Free && control.contains(HlsControl::DONE),
            ended: 0,
            taken: 0,
            released: false,
        }
    }

    fn slot(&self, slot: u8) -> Slot {
        self.slots[usize::from(slot & 1)]
    }

    fn slot_mut(&mut self, slot: u8) -> &mut Slot {
        &mut self.slots[usize::from(slot & 1)]
    }

    pub(super) fn is_running(&self, slot: u8) -> bool {
        matches!(self.slot(slot), Slot::Running { .. })
    }

    pub(super) fn any_running(&self) -> bool {
        self.is_running(0) || self.is_running(1)
    }

    /// Whether the arguments of the last start are still to be taken, and must not be changed.
    pub(super) fn is_pending(&self) -> bool {
        self.pending || self.mode != Mode::Single
    }

    pub(super) const fn repeats(&self) -> bool {
        matches!(self.mode, Mode::Repeats)
    }

    /// Which start of a function that restarts by itself it was, while that lasts.
    pub(super) fn repetition(&self) -> Option<u32> {
        self.repeats().then_some(self.repetition)
    }

    /// The last runs of a function that was restarting by itself are under way.
    pub(super) const fn stops(&self) -> bool {
        matches!(self.mode, Mode::Stops)
    }

    /// The function waits with a result.
    pub(super) const fn holds(&self) -> bool {
        self.holds
    }

    /// The function waits with a result that nothing is going to read.
    pub(super) fn should_let_go(&self) -> bool {
        self.holds && !self.slots.iter().any(|slot| matches!(slot, Slot::Ended { .. }))
    }

    /// CONTINUE was written.
    pub(super) fn let_go(&mut self) {
        self.holds = false;
    }

    /// Takes in what one read of the control register said.
    pub(super) fn note(&mut self, control: HlsControl) {
        let pending = control.contains(HlsControl::START);
        if self.pending && !pending {
            self.pending = false;
            self.taken = self.taken.wrapping_add(1);
        }
        let quiet = control.contains(HlsControl::IDLE) && !pending;
        match self.mode {
            Mode::Repeats => {}
            // AP_DONE may be that of the run before. A chain is let go for each of them.
            Mode::Stops if !quiet => self.holds = self.chain && control.contains(HlsControl::DONE),
            Mode::Single if !quiet => {
                if control.contains(HlsControl::DONE) && !self.holds {
                    self.end_oldest();
                }
            }
            Mode::Single | Mode::Stops => {
                self.mode = Mode::Single;
                while self.any_running() {
                    self.end_oldest();
                }
            }
        }
    }

    /// An interrupt for an end, or for arguments taken, of a function that restarts by itself.
    pub(super) fn count(&mut self, ended: bool, taken: bool) {
        if self.mode != Mode::Single {
            self.ended = self.ended.wrapping_add(ended.into());
            self.taken = self.taken.wrapping_add(taken.into());
        }
    }

    fn end_oldest(&mut self) {
        let Some(slot) = [self.next, self.next ^ 1].into_iter().find(|slot| self.is_running(*slot)) else { return };
        if self.mode == Mode::Single {
            self.ended = self.ended.wrapping_add(1);
        }
        self.holds = self.chain;
        let owned = self.slot(slot) == Slot::Running { owned: true };
        *self.slot_mut(slot) = if owned { Slot::Ended { lost: false } } else { Slot::Free };
        if !owned {
            self.freed(slot);
        }
        if let Slot::Ended { lost } = self.slot_mut(slot ^ 1) {
            *lost = true;
        }
    }

    fn freed(&mut self, slot: u8) {
        if self.alone == Some(slot) {
            self.alone = None;
        }
        self.released = true;
    }

    /// What is in the way of a run.
    pub(super) fn blocked(&self, start: Start) -> Option<Blocked> {
        if self.mode == Mode::Repeats {
            return Some(Blocked::Repeats);
        }
        let slots: &[u8] = match (start, self.alone) {
            (Start::Pipelined, None) => &[self.next],
            _ => &[0, 1],
        };
        let in_the_way = slots.iter().find_map(|&slot| match self.slot(slot) {
            Slot::Free => None,
            Slot::Running { owned: false } => Some(Blocked::Ends(slot)),
            Slot::Running { owned: true } | Slot::Ended { .. } => Some(Blocked::LetGo(slot)),
        });
        in_the_way.or_else(|| self.pending.then_some(Blocked::Taken))
    }

    /// A start is about to be written, which nothing is in the way of. Returns its slot.
    pub(super) fn begin(&mut self, start: Start) -> u8 {
        let slot = self.next;
        *self.slot_mut(slot) = Slot::Running { owned: start != Start::Repeating };
        self.next ^= 1;
        match start {
            Start::Pipelined => self.pending = true,
            Start::Alone => (self.pending, self.alone) = (true, Some(slot)),
            Start::Repeating => {
                (self.mode, self.alone) = (Mode::Repeats, Some(slot));
                self.repetition = self.repetition.wrapping_add(1);
            }
        }
        slot
    }

    /// The function does not restart any more.
    pub(super) fn stop(&mut self) {
        if self.mode == Mode::Repeats {
            self.mode = Mode::Stops;
        }
    }

    /// The task that has a slot is no longer interested in it, or has read its result.
    pub(super) fn disown(&mut self, slot: u8) {
        match self.slot(slot) {
            Slot::Free => {}
            Slot::Running { .. } => {
                *self.slot_mut(slot) = Slot::Running { owned: false };
                self.released = true;
            }
            Slot::Ended { .. } => {
                *self.slot_mut(slot) = Slot::Free;
                self.freed(slot);
            }
        }
    }

    /// Whether the result of an ended run was overwritten.
    pub(super) fn is_lost(&self, slot: u8) -> bool {
        self.slot(slot) == Slot::Ended { lost: true }
    }

    /// Whether a slot was let go since the last call of this.
    pub(super) fn take_released(&mut self) -> bool {
        core::mem::take(&mut self.released)
    }

    /// Line 0 as a sample: bit n is set if no run is under way in slot n, and the bits from 8 on count ends.
    pub(super) fn ends(&self) -> u32 {
        u32::from(!self.is_running(0)) | u32::from(!self.is_running(1)) << 1 | self.ended << 8
    }

    /// Line 1 as a sample: bit 0 is set if no start is pending, and the bits from 8 on count arguments taken.
    pub(super) const fn acceptances(&self) -> u32 {
        !self.pending as u32 | self.taken << 8
    }

    /// Line 2 as a sample: bit n is set if no task has slot n.
    pub(super) fn owners(&self) -> u32 {
        let free = |slot| u32::from(matches!(self.slot(slot), Slot::Free | Slot::Running { owned: false }));
        free(0) | free(1) << 1
    }
}
