//! The board in a terminal.
//!
//! LEDs, buttons and switches stand in a row each, below them the interrupts with their counts, and the serial line if there
//! is one. Keys press and move; the last line says which. A terminal does not report when a key is let go, so a key presses a
//! button for a fifth of a second, and the selected input is held by Enter until Enter is pressed again.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use ratatui::{
    DefaultTerminal,
    crossterm::event::{self, Event},
};
use tokio::sync::mpsc;

use crate::{Error, Live};

mod draw;
mod keys;

pub use draw::draw;
pub use keys::{Screen, Then};

/// How often the clock on the screen goes on while nothing else changes.
const TICK: Duration = Duration::from_millis(100);

/// How long a read of a key sleeps before it looks whether the screen is closed.
const PATIENCE: Duration = Duration::from_millis(100);

/// Shows the board in this terminal, and keeps it going, until the viewer ends it or `stopped` is ready.
///
/// # Errors
///
/// [`Error::Io`] if there is no terminal.
///
/// # Cancellation safety
///
/// Dropping it restores the terminal.
pub async fn run(live: &Live, stopped: impl Future<Output = ()>) -> Result<(), Error> {
    let mut terminal = Restored(ratatui::try_init()?);
    let mut keys = Keys::start();
    let shown = show(live, &mut terminal.0, &mut keys.events);
    tokio::select! {
        shown = shown => shown,
        never = live.run() => match never {},
        () = stopped => Ok(()),
    }
}

async fn show(
    live: &Live,
    terminal: &mut DefaultTerminal,
    events: &mut mpsc::UnboundedReceiver<io::Result<Event>>,
) -> Result<(), Error> {
    let mut seen = live.subscribe();
    let mut screen = Screen::default();
    loop {
        let now = seen.borrow_and_update().clone();
        let time = live.overlay().simulation().map_or(now.snapshot.time, |board| board.now().as_nanos());
        terminal.draw(|frame| draw(frame, &now, time, &screen))?;
        tokio::select! {
            // Its sender is in `live`.
            _ = seen.changed() => {}
            () = tokio::time::sleep(TICK), if now.snapshot.mode == crate::Mode::RealTime => {}
            event = events.recv() => match event {
                Some(Ok(Event::Key(key))) => match screen.key(key, &now) {
                    Then::Nothing => {}
                    Then::End => return Ok(()),
                    Then::Act(command) => screen.told(live.act(&command).err().map(|error| error.to_string())),
                    Then::Save(file) => {
                        let saved = std::fs::write(&file, live.vcd());
                        screen.told(Some(saved.map_or_else(|error| format!("{file}: {error}"), |()| format!("{file} written"))));
                    }
                },
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => return Ok(()),
            },
        }
    }
}

/// The keys that are pressed, read by a thread: a terminal is a file that blocks.
struct Keys {
    events: mpsc::UnboundedReceiver<io::Result<Event>>,
    closed: Arc<AtomicBool>,
}

impl Keys {
    fn start() -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let closed = Arc::new(AtomicBool::new(false));
        let is_closed = Arc::clone(&closed);
        thread::spawn(move || {
            while !is_closed.load(Ordering::Relaxed) {
                let read = match event::poll(PATIENCE) {
                    Ok(false) => continue,
                    Ok(true) => event::read(),
                    Err(error) => Err(error),
                };
                let failed = read.is_err();
                if sender.send(read).is_err() || failed {
                    return;
                }
            }
        });
        Self { events, closed }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}

/// A terminal that is as it was before when this is gone.
struct Restored(DefaultTerminal);

impl Drop for Restored {
    fn drop(&mut self) {
        ratatui::restore();
    }
}
