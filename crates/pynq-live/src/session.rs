//! A board that is looked at: one party that keeps its clock going and notices its changes, for any number of viewers.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError},
    time::Duration,
};

use pynq::{
    Overlay, boards,
    registers::RegisterValue,
    sim::{
        Board, Stimulus,
        script::{Roles, Script},
    },
};
use tokio::sync::{Notify, watch};

use crate::{Command, Error, Mode, Panel, Snapshot};

/// How often a board is looked at while there are viewers.
const INTERVAL: Duration = Duration::from_micros(16_667);

/// How much of what a serial line has sent is kept.
const KEPT: usize = 16 << 10;

/// How much of what has happened is kept for a waveform.
const TRACED: usize = 65_536;

/// How many stimuli are kept for a script.
const RECORDED: usize = 100_000;

/// A simulated board that is looked at and touched. Clones are the same. As with all that has to do with interrupts, it is not to
/// be used from within a waker or an observer of the board, which may run under the lock of a block.
///
/// ```
/// use pynq::Overlay;
/// use pynq_live::{Command, Live};
///
/// # let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../pynq-hwh/fixtures/pynq-z2-buttons.hwh"));
/// let overlay = Overlay::simulated_from_str(text)?;
/// let live = Live::new(&overlay)?;
/// live.act(&Command::Set { control: "btn1".into(), on: true })?;
/// let button = live.panel().controls.iter().position(|control| control.id == "btn1").unwrap();
/// assert_eq!(live.snapshot().values[button], 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Live(Arc<Shared>);

struct Shared {
    overlay: Box<dyn Fn() -> Overlay + Send + Sync>,
    owns_clock: bool,
    mode: watch::Sender<Mode>,
    seen: watch::Sender<Arc<Seen>>,
    viewed: Notify,
    state: Mutex<State>,
    /// Held by the party that takes what serial lines have sent, so that it is kept in order.
    reading: Mutex<()>,
}

/// What viewers see: the snapshots of one panel.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// What the board has.
    pub panel: Arc<Panel>,
    /// What it shows.
    pub snapshot: Snapshot,
}

struct State {
    /// Whose panel it is.
    overlay: Overlay,
    panel: Arc<Panel>,
    consoles: BTreeMap<String, String>,
}

impl Live {
    /// The board of `overlay`, whose clock keeps pace with the machine's from here on, as long as [`run`](Self::run) is
    /// polled.
    ///
    /// # Errors
    ///
    /// [`Error::NotSimulated`].
    pub fn new(overlay: &Overlay) -> Result<Self, Error> {
        let board = overlay.simulation().ok_or(Error::NotSimulated)?;
        board.set_automatic(false);
        board.set_real_time(true);
        // A program that took an event may do something else next, and the clock need not stand still for that.
        board.set_grace(Duration::ZERO);
        board.start_trace(TRACED);
        board.start_recording(RECORDED);
        let overlay = overlay.clone();
        Self::make(Box::new(move || overlay.clone()), true)
    }

    /// The board whose overlay is what `overlay` returns, anew each time: one that is served to clients elsewhere, who
    /// replace its design. Its clock is the server's.
    ///
    /// # Errors
    ///
    /// [`Error::NotSimulated`].
    pub fn watching(overlay: impl Fn() -> Overlay + Send + Sync + 'static) -> Result<Self, Error> {
        Self::make(Box::new(overlay), false)
    }

    fn make(overlay: Box<dyn Fn() -> Overlay + Send + Sync>, owns_clock: bool) -> Result<Self, Error> {
        let now = overlay();
        now.simulation().ok_or(Error::NotSimulated)?;
        let state = State { panel: Arc::new(Panel::new(&now)), overlay: now, consoles: BTreeMap::new() };
        let shared = Shared {
            overlay,
            owns_clock,
            mode: watch::Sender::new(Mode::RealTime),
            seen: watch::Sender::default(),
            viewed: Notify::new(),
            state: Mutex::new(state),
            reading: Mutex::default(),
        };
        let live = Self(Arc::new(shared));
        live.look();
        Ok(live)
    }

    /// What the board has.
    #[must_use]
    pub fn panel(&self) -> Arc<Panel> {
        self.look().panel.clone()
    }

    /// What the board shows now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.look().snapshot.clone()
    }

    /// What viewers see, which changes at most 60 times a second, and not at all where nothing changes. It is kept up to
    /// date while [`run`](Self::run) is polled.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Arc<Seen>> {
        // What was stored may be of long ago: a clock that goes on is no change.
        let now = self.look();
        self.0.seen.send_replace(now);
        let seen = self.0.seen.subscribe();
        self.0.viewed.notify_one();
        seen
    }

    /// How many viewers there are.
    #[must_use]
    pub fn viewers(&self) -> usize {
        self.0.seen.receiver_count()
    }

    /// The overlay that is on the board now.
    #[must_use]
    pub fn overlay(&self) -> Overlay {
        (self.0.overlay)()
    }

    /// What has happened of late, as a VCD file for GTKWave and its like; empty on a board that is only
    /// [watched](Self::watching).
    #[must_use]
    pub fn vcd(&self) -> String {
        self.overlay().simulation().map(Board::vcd).unwrap_or_default()
    }

    /// What viewers, and scripts, have done to the board, as a script that does it again; empty on a board that is only
    /// [watched](Self::watching).
    #[must_use]
    pub fn recording(&self) -> Script {
        let overlay = self.overlay();
        let Some(board) = overlay.simulation() else { return Script::default() };
        board.recording().script.by_role(&roles(&overlay, board))
    }

    /// Plays a script, from now on.
    ///
    /// # Errors
    ///
    /// [`Error::Script`] for names that the board does not have; then nothing happens.
    pub fn play(&self, script: &Script) -> Result<(), Error> {
        let overlay = self.overlay();
        let board = overlay.simulation().ok_or(Error::NotSimulated)?;
        script.play(board, &roles(&overlay, board)).map_err(Error::Script)
    }

    /// The registers of a block, those whose read changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Overlay`] if there is no such block.
    pub fn registers(&self, block: &str) -> Result<Vec<RegisterValue>, Error> {
        let read = self.overlay().registers(block).and_then(|registers| registers.read_all());
        read.map_err(|error| Error::Overlay(Box::new(error)))
    }

    /// Does something to the board, at once.
    ///
    /// # Errors
    ///
    /// [`Error`], which says what the board has.
    pub fn act(&self, command: &Command) -> Result<(), Error> {
        let seen = self.look();
        let overlay = self.overlay();
        let board = overlay.simulation().ok_or(Error::NotSimulated)?;
        match command {
            Command::Set { control, on } => board.stimulate(&pin(&seen.panel, control, *on)?)?,
            Command::Press { control, millis } => {
                let time = Duration::from_millis((*millis).into());
                if time > Command::LONGEST_STEP {
                    return Err(Error::PressTooLong { millis: *millis });
                }
                board.stimulate(&pin(&seen.panel, control, true)?)?;
                let release = pin(&seen.panel, control, false)?;
                // By then the design may have been replaced by one without that pin.
                board.after(time, move |board| drop(board.stimulate(&release)));
            }
            Command::Type { console, text } => {
                if !seen.panel.consoles.contains(console) {
                    return Err(Error::NoSuchConsole { path: console.clone(), has: seen.panel.consoles.clone() });
                }
                if text.len() > Command::LONGEST_TEXT {
                    return Err(Error::TooLong { length: text.len() });
                }
                board.serial_input(console, text.as_bytes())?;
            }
            Command::Clock { mode } => self.set_mode(board, *mode)?,
            Command::Step { micros } => self.step(board, *micros)?,
            Command::Hold { line, level } => board.set_line(line, *level)?,
            Command::Release { line } => board.release_line(line)?,
            Command::Pulse { line } => board.pulse_line(line)?,
        }
        self.look();
        Ok(())
    }

    fn set_mode(&self, board: &Board, mode: Mode) -> Result<(), Error> {
        if !self.0.owns_clock {
            return Err(Error::NotOurClock);
        }
        board.set_real_time(mode == Mode::RealTime);
        self.0.mode.send_replace(mode);
        Ok(())
    }

    fn step(&self, board: &Board, micros: u64) -> Result<(), Error> {
        if *self.0.mode.borrow() != Mode::Paused {
            return Err(Error::NotPaused);
        }
        let step = Duration::from_micros(micros);
        if step > Command::LONGEST_STEP {
            return Err(Error::StepTooLong { micros });
        }
        board.advance(step);
        Ok(())
    }

    /// Keeps the clock going, and viewers up to date. While nobody looks, the board is not looked at.
    ///
    /// # Cancellation safety
    ///
    /// Dropping it stops the clock and nothing else.
    pub async fn run(&self) -> Infallible {
        tokio::select! {
            never = self.keep_time() => never,
            never = self.keep_looking() => never,
        }
    }

    async fn keep_time(&self) -> Infallible {
        if !self.0.owns_clock {
            return pending().await;
        }
        let mut mode = self.0.mode.subscribe();
        loop {
            let now = *mode.borrow_and_update();
            let overlay = self.overlay();
            let clock = async {
                match (overlay.simulation(), now) {
                    (Some(board), Mode::RealTime) => match board.run_with(tokio::time::sleep).await {},
                    (Some(board), Mode::Virtual) => match board.run().await {},
                    _ => pending::<Infallible>().await,
                }
            };
            tokio::select! {
                never = clock => match never {},
                // Its sender is in `self`.
                _ = mode.changed() => {}
            }
        }
    }

    async fn keep_looking(&self) -> Infallible {
        loop {
            while self.viewers() == 0 {
                self.0.viewed.notified().await;
            }
            self.look();
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// Looks at the board, and lets viewers know if something is different.
    fn look(&self) -> Arc<Seen> {
        // The board is looked at with no lock of ours held, since that may wake tasks and call observers.
        let (overlay, panel) = {
            let now = self.overlay();
            let mut state = self.state();
            if !std::ptr::eq(now.design(), state.overlay.design()) {
                *state = State { panel: Arc::new(Panel::new(&now)), overlay: now, consoles: BTreeMap::new() };
            }
            (state.overlay.clone(), state.panel.clone())
        };
        // A board was simulated when this was made, and stays so.
        let Some(board) = overlay.simulation() else { return self.0.seen.borrow().clone() };
        let consoles = self.read_consoles(&panel, board);
        let snapshot = Snapshot::take(&overlay, board, &panel, *self.0.mode.borrow(), consoles);
        let seen = Arc::new(Seen { panel, snapshot });
        self.0.seen.send_if_modified(|before| {
            let differs = !Arc::ptr_eq(&before.panel, &seen.panel) || seen.snapshot.differs(&before.snapshot);
            if differs {
                *before = seen.clone();
            }
            differs
        });
        seen
    }

    /// What the serial lines of `panel` have sent, as far as it is kept. What is new is left to the party that reads already.
    fn read_consoles(&self, panel: &Arc<Panel>, board: &Board) -> Vec<String> {
        let reading = match self.0.reading.try_lock() {
            Err(TryLockError::WouldBlock) => None,
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        };
        let paths = || panel.consoles.iter();
        let new: Vec<Vec<u8>> = match &reading {
            Some(_) => paths().map(|path| board.serial_output(path).unwrap_or_default()).collect(),
            None => vec![Vec::new(); panel.consoles.len()],
        };
        let mut state = self.state();
        if !Arc::ptr_eq(&state.panel, panel) {
            return new.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect();
        }
        paths().zip(new).map(|(path, bytes)| keep(state.consoles.entry(path.clone()).or_default(), &bytes)).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What is in it is replaced as a whole.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live").field("design", &self.state().panel.design).finish_non_exhaustive()
    }
}

/// Which pins are the buttons and the switches of the board, if it is a known one.
fn roles(overlay: &Overlay, board: &Board) -> Roles {
    boards::detect(overlay.design()).map(|definition| definition.roles(board)).unwrap_or_default()
}

/// What moves the control called `id`.
fn pin(panel: &Panel, id: &str, on: bool) -> Result<Stimulus, Error> {
    let inputs = || panel.controls.iter().filter(|control| control.kind.is_input());
    let unknown =
        || Error::NoSuchControl { id: id.to_owned(), has: inputs().map(|control| control.id.clone()).collect() };
    let control = panel.control(id).ok_or_else(unknown)?;
    if !control.kind.is_input() {
        return Err(Error::NotAnInput { id: id.to_owned() });
    }
    Ok(Stimulus::pin(&control.block, control.channel, control.bit, on))
}

/// What a serial line has sent, with what is new; of much, the end.
fn keep(text: &mut String, new: &[u8]) -> String {
    text.push_str(&String::from_utf8_lossy(new));
    if text.len() > KEPT {
        let cut = text.len() - KEPT;
        let cut = (cut..text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
        text.drain(..cut);
    }
    text.clone()
}
