//! What a node's lock guards: the hardware, the two queues and the counters. Every change to the registers is here.

use core::pin::Pin;

use super::{
    InterruptHardware,
    line_array::{LineArray, LineState},
    lines::{Cursor, Fired, Request},
    node::Batch,
    waiter::{Condition, Queue, State, Waiter},
};
use crate::Error;

/// How often one service finds a line pending before it takes it for stuck.
const MAX_PASSES: u8 = 64;

/// How many interrupts in a row may find nothing pending before the node gives up, while no new wait comes. Counted over
/// all dispatches, since behind a cascade, or where a reactor delivers, each of them is a dispatch of its own.
const MAX_EMPTY: u32 = 1_000;

pub(super) struct NodeState<H: InterruptHardware> {
    /// Gone once the node has failed: no register is touched any more.
    pub(super) hardware: Option<H>,
    pub(super) failed: Option<Error>,
    /// Lines unmasked in the hardware.
    pub(super) unmasked: u32,
    /// Interrupts in a row in which nothing was pending.
    pub(super) empty: u32,
    pub(super) waiting: Queue,
    pub(super) ready: Queue,
    pub(super) lines: H::Lines,
}

impl<H: InterruptHardware> NodeState<H> {
    pub(super) const fn new(hardware: H) -> Self {
        Self {
            hardware: Some(hardware),
            failed: None,
            unmasked: 0,
            empty: 0,
            waiting: Queue::new(),
            ready: Queue::new(),
            lines: H::Lines::NEW,
        }
    }

    /// Whether any task waits, so that the source is to be armed.
    pub(super) const fn is_wanted(&self) -> bool {
        self.unmasked != 0
    }

    /// Whether no task waits and nothing is unmasked.
    pub(super) fn is_idle(&self) -> bool {
        self.unmasked == 0 && self.waiting.is_empty() && self.ready.is_empty()
    }

    /// Serves an interrupt, unless there have been too many for nothing. A waiter that waits alone goes straight into
    /// `batch`; others go to the ready list.
    pub(super) fn serve(&mut self, batch: &mut Batch<'_>) {
        self.empty = if self.service(batch) { 0 } else { self.empty.saturating_add(1) };
        if self.empty > MAX_EMPTY {
            self.give_up();
        }
    }

    /// Takes what is pending until nothing is, which also means that the output was inactive in between: a parent
    /// with an edge line sees the next event. Returns whether anything was pending.
    fn service(&mut self, batch: &mut Batch<'_>) -> bool {
        let Some(hardware) = &mut self.hardware else { return false };
        let mut left = self.unmasked;
        let mut written = false;
        let mut any = false;
        // Written to once a line fires again, as most don't.
        let (mut fired_before, mut passes) = (0, None::<[u8; 32]>);
        while left != 0 {
            let fired = hardware.ack_pending(left) & left;
            if fired == 0 {
                written = false;
                break;
            }
            any = true;
            let mut stuck_lines = 0;
            for line in bits(fired & fired_before) {
                let passes = &mut passes.get_or_insert([0; 32])[usize::from(line)];
                *passes += 1;
                if *passes > MAX_PASSES {
                    stuck_lines |= 1 << line;
                    stuck(self.lines.states(), &mut self.waiting, &mut self.ready, line);
                }
            }
            fired_before |= fired;
            let calm = fired & !stuck_lines;
            let queues = (&mut self.waiting, &mut self.ready);
            let waited = fire(&mut self.lines, queues, Some(batch), calm, |line| hardware.read_level(line));
            let done = fired & !(waited & hardware.clears_on_ack());
            if done != 0 && !(cfg!(pynq_mutant = "fired-line-stays-unmasked")) {
                hardware.mask(done);
                self.unmasked &= !done;
                written = true;
            }
            left &= !done;
            if cfg!(pynq_mutant = "single-pass") {
                break;
            }
        }
        if written {
            hardware.read_back();
        }
        any
    }

    /// The source keeps firing though no unmasked line is pending: gives up on all lines.
    #[cold]
    fn give_up(&mut self) {
        for line in bits(self.unmasked) {
            stuck(self.lines.states(), &mut self.waiting, &mut self.ready, line);
        }
        self.quiesce();
        self.empty = 0;
    }

    /// Counts what is latched on `line`, also for the waiters there are, and returns where the line stands.
    pub(super) fn look(&mut self, line: u8) -> Result<Cursor, Error> {
        let Some(hardware) = &mut self.hardware else { return Err(self.failed.unwrap_or(Error::Invalidated)) };
        let bit = 1 << line;
        if !cfg!(pynq_mutant = "clear-moves-cursor-only") && hardware.take_latched(bit) & bit != 0 {
            let queues = (&mut self.waiting, &mut self.ready);
            let waited = fire(&mut self.lines, queues, None, bit, |line| hardware.read_level(line));
            if waited == 0 && self.unmasked & bit != 0 {
                hardware.mask(bit);
                self.unmasked &= !bit;
            }
        }
        Ok(Cursor { count: self.lines.states()[usize::from(line)].count, sample: hardware.read_level(line) })
    }

    /// Lets `step` stop the device, looks at the line, and lets `step` start the device.
    pub(super) fn restart(
        &mut self,
        line: u8,
        step: &mut dyn FnMut(*mut (), bool) -> bool,
    ) -> Result<Option<Cursor>, Error> {
        let mut step_of = |state: &mut Self, is_start| match &mut state.hardware {
            Some(hardware) => Ok(step((&raw mut *hardware).cast(), is_start)),
            None => Err(state.failed.unwrap_or(Error::Invalidated)),
        };
        if !step_of(self, false)? {
            return Ok(None);
        }
        let cursor = self.look(line)?;
        step_of(self, true)?;
        Ok(Some(cursor))
    }

    /// A source's error. One that isn't fatal ends the waits there are and leaves the node as it was.
    pub(super) fn fail(&mut self, error: Error) -> Option<H> {
        match error {
            fatal if fatal.is_fatal() => return self.fail_for_good(fatal),
            // The node gives up after `MAX_EMPTY` of them in a row.
            Error::ReactorGone if self.empty <= MAX_EMPTY => {
                self.empty += 1;
                self.reactor_gone();
            }
            other => {
                self.quiesce();
                self.all_ready(Some(other));
                self.empty = 0;
            }
        }
        None
    }

    /// Ends the waits that a reactor served. A node behind this one has such waits itself, or goes on.
    fn reactor_gone(&mut self) {
        let lines = self.lines.states();
        let mut deserted = 0_u32;
        self.waiting.move_if(&mut self.ready, |waiter| {
            if waiter.keeps_unmasked() || !(waiter.by_reactor.get() || waiter.is_node.get()) {
                return false;
            }
            waiter.fail(Error::ReactorGone);
            let line = &mut lines[usize::from(waiter.line.get())];
            line.waiters -= 1;
            if line.waiters == 0 {
                deserted |= 1 << waiter.line.get();
            }
            true
        });
        let masked = deserted & self.unmasked;
        if let (Some(hardware), true) = (&mut self.hardware, masked != 0) {
            hardware.mask(masked);
            hardware.read_back();
            self.unmasked &= !masked;
        }
    }

    pub(super) fn quiesce(&mut self) {
        if let Some(hardware) = &mut self.hardware {
            hardware.mask(core::mem::take(&mut self.unmasked));
            hardware.read_back();
        }
    }

    /// Gives the hardware back to be dropped with the lock released.
    pub(super) fn fail_for_good(&mut self, error: Error) -> Option<H> {
        self.failed.get_or_insert(error);
        self.unmasked = 0;
        self.all_ready(None);
        self.hardware.take()
    }

    fn all_ready(&mut self, error: Option<Error>) {
        let lines = self.lines.states();
        self.waiting.move_if(&mut self.ready, |waiter| {
            // Listeners go on after an error that isn't fatal.
            if waiter.keeps_unmasked() && error.is_some() {
                return false;
            }
            match error {
                Some(error) => waiter.fail(error),
                None => waiter.set_state(State::Ready),
            }
            lines[usize::from(waiter.line.get())].waiters -= 1;
            true
        });
    }

    #[cfg(pynq_mutant = "wake-before-publish")]
    pub(super) fn publish(&mut self) {
        for line in self.lines.states() {
            line.count = line.count.wrapping_add(core::mem::take(&mut line.unpublished));
        }
    }

    #[cfg(pynq_mutant = "newcomers-served")]
    pub(super) fn ready_newcomers(&mut self) {
        let lines = self.lines.states();
        self.waiting.move_if(&mut self.ready, |waiter| {
            let line = &mut lines[usize::from(waiter.line.get())];
            let hit = line.count > 0 && !waiter.keeps_unmasked();
            if hit {
                waiter.set_state(State::Ready);
                line.waiters -= 1;
            }
            hit
        });
    }

    /// Links an idle waiter that is prepared and arms its line. A condition that holds already completes it at once.
    pub(super) fn register(
        &mut self,
        waiter: Pin<&Waiter>,
        request: &Request,
        cursor: &mut Cursor,
    ) -> Option<Result<Fired, Error>> {
        let (line, bit) = (usize::from(request.line), 1 << request.line);
        let hardware = self.hardware.as_mut()?;
        // The waiter is in the list before the line is unmasked, and the sample is taken after: an event from here
        // on finds the one or the other.
        let first = self.unmasked & bit == 0;
        let enables = first || cfg!(pynq_mutant = "acknowledge-when-joining");
        // SAFETY: it is `Idle`, hence in no list; its owner cancels it before it goes; this is the lock's closure.
        #[allow(unsafe_code)]
        unsafe {
            self.waiting.push(waiter);
        }
        waiter.set_state(State::Waiting);
        self.lines.states()[line].waiters += 1;
        self.empty = 0;
        self.unmasked |= bit;
        if enables {
            hardware.unmask(bit);
        }
        if waiter.wants_sample() {
            let sample = hardware.read_level(request.line);
            if waiter.matches_first(sample) {
                self.take_out(waiter);
                return Some(Ok(waiter.finish(self.lines.states()[line].count, request, cursor)));
            }
        }
        None
    }

    /// Unmasks a line that is waited on and that was masked for an error, or for its event.
    pub(super) fn rearm(&mut self, line: u8) {
        let bit = 1 << line;
        if self.unmasked & bit == 0 {
            if let Some(hardware) = &mut self.hardware {
                self.unmasked |= bit;
                hardware.unmask(bit);
            }
        }
    }

    /// Takes a waiter out of whatever list it is in; the last one on its line masks it.
    pub(super) fn take_out(&mut self, waiter: Pin<&Waiter>) {
        if self.unlink(waiter) {
            self.mask_unwaited(waiter.line.get());
        }
    }

    /// Takes a waiter out of whatever list it is in, which can't panic. Returns whether its line may have to be masked.
    pub(super) fn unlink(&mut self, waiter: Pin<&Waiter>) -> bool {
        let state = waiter.state();
        match state {
            State::Idle | State::Woken => {}
            State::Ready => {
                // SAFETY: the state says it is in this list; this is the lock's closure.
                #[allow(unsafe_code)]
                unsafe {
                    self.ready.remove(waiter);
                }
            }
            State::Waiting => {
                // SAFETY: the state says it is in this list; this is the lock's closure.
                #[allow(unsafe_code)]
                unsafe {
                    self.waiting.remove(waiter);
                }
                self.lines.states()[usize::from(waiter.line.get())].waiters -= 1;
            }
        }
        waiter.set_state(State::Idle);
        state == State::Waiting
    }

    /// Masks a line that a waiter has left, if it was the last one.
    pub(super) fn mask_unwaited(&mut self, line: u8) {
        let bit = 1 << line;
        let last = self.lines.states()[usize::from(line)].waiters == 0 || cfg!(pynq_mutant = "drop-masks-others");
        if last && self.unmasked & bit != 0 && !cfg!(pynq_mutant = "drop-never-masks") {
            self.unmasked &= !bit;
            if let Some(hardware) = &mut self.hardware {
                hardware.mask(bit);
            }
        }
    }

    /// The result that makes registering unnecessary: the node has failed, or the line fired since the handle last read it.
    pub(super) fn outcome_before(
        &mut self,
        waiter: &Waiter,
        request: &Request,
        cursor: &mut Cursor,
    ) -> Option<Result<Fired, Error>> {
        if let (Some(error), false) = (self.failed, cfg!(pynq_mutant = "failure-is-forgotten")) {
            return Some(Err(error));
        }
        let count = self.lines.states()[usize::from(request.line)].count;
        let over = request.condition == Some(Condition::Event) && count != cursor.count;
        over.then(|| Ok(waiter.finish(count, request, cursor)))
    }

    /// Whether a registered waiter is done, and with what.
    pub(super) fn outcome(
        &mut self,
        waiter: Pin<&Waiter>,
        request: &Request,
        cursor: &mut Cursor,
    ) -> Option<Result<Fired, Error>> {
        if let (Some(error), false) = (self.failed, cfg!(pynq_mutant = "failure-is-forgotten")) {
            return Some(Err(error));
        }
        let served = matches!(waiter.state(), State::Ready | State::Woken);
        if let (true, Some(error)) = (served, waiter.failure()) {
            return Some(Err(error));
        }
        let count = self.lines.states()[usize::from(request.line)].count;
        let over = match request.condition {
            Some(Condition::Event) => count != cursor.count,
            _ => served && waiter.is_completed(),
        };
        over.then(|| Ok(waiter.finish(count, request, cursor)))
    }
}

/// Counts an event of each of the lines `fired` and completes the waiters that it satisfies, with one sample of each line
/// that a waiter wants one of. They go to the ready list; one that waits alone goes straight into `batch`. Returns which of
/// the lines are still waited on.
fn fire<Array: LineArray>(
    lines: &mut Array,
    (waiting, ready): (&mut Queue, &mut Queue),
    batch: Option<&mut Batch<'_>>,
    fired: u32,
    mut sample: impl FnMut(u8) -> u32,
) -> u32 {
    for line in bits(fired) {
        let state = &mut lines.states()[usize::from(line)];
        #[cfg(not(pynq_mutant = "wake-before-publish"))]
        let count = &mut state.count;
        #[cfg(pynq_mutant = "wake-before-publish")]
        let count = &mut state.unpublished;
        *count = count.wrapping_add(1);
        state.stats.fired = state.stats.fired.wrapping_add(1);
    }
    let lines = lines.states();
    let (mut sampled, mut samples) = (0, None::<Array::Words>);
    let mut completes = |lines: &mut [LineState], waiter: &Waiter| {
        let line = waiter.line.get();
        let (index, bit) = (usize::from(line), 1 << line);
        if fired & bit == 0 {
            return false;
        }
        let mut found = 0;
        if waiter.wants_sample() {
            let samples = samples.get_or_insert(Array::ZEROS).as_mut();
            if sampled & bit == 0 {
                sampled |= bit;
                samples[index] = sample(line);
            }
            found = samples[index];
        }
        let satisfied = waiter.matches(found);
        let moves = satisfied || (cfg!(pynq_mutant = "wake-whole-line") && !waiter.keeps_unmasked());
        if moves {
            if satisfied {
                waiter.complete(lines[index].count);
            } else {
                waiter.set_state(State::Ready);
            }
            lines[index].waiters -= 1;
        }
        moves
    };
    match (waiting.only(), batch) {
        (Some(alone), Some(batch)) if batch.has_room() => {
            if !completes(lines, alone) {
                return fired & 1 << alone.line.get();
            }
            if let Some(waiter) = waiting.pop() {
                batch.put(waiter, &mut lines[usize::from(waiter.line.get())].stats);
            }
            return 0;
        }
        _ => waiting.move_if(ready, |waiter| completes(lines, waiter)),
    }
    if waiting.is_empty() {
        return 0;
    }
    bits(fired).filter(|line| lines[usize::from(*line)].waiters != 0).fold(0, |waited, line| waited | 1 << line)
}

/// Fails the waits on a line that does not go quiet.
#[inline]
fn stuck(lines: &mut [LineState], waiting: &mut Queue, ready: &mut Queue, line: u8) {
    let state = &mut lines[usize::from(line)];
    state.stats.stuck = state.stats.stuck.wrapping_add(1);
    waiting.move_if(ready, |waiter| {
        if waiter.line.get() != line || waiter.keeps_unmasked() {
            return false;
        }
        waiter.fail(Error::LineStuck { line });
        state.waiters -= 1;
        true
    });
}

/// The numbers of the bits set in `mask`, lowest first.
#[inline]
fn bits(mut mask: u32) -> impl Iterator<Item = u8> {
    core::iter::from_fn(move || {
        if mask == 0 {
            return None;
        }
        #[allow(clippy::cast_possible_truncation)] // less than 32
        let bit = mask.trailing_zeros() as u8;
        mask &= mask - 1;
        Some(bit)
    })
}
