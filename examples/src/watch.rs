//! Somebody who counts how often the buttons of a real board are pressed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use pynq::{Button, Clock, Led, Level, Result, prelude::BoardClock};

/// How long a look away from an LED is.
const GLANCE: Duration = Duration::from_millis(1);

/// What was counted.
#[derive(Debug, Default)]
pub struct Presses {
    begun: AtomicUsize,
    over: AtomicUsize,
}

impl Presses {
    /// Presses so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.begun.load(SeqCst)
    }
}

/// Watches a button until so many presses of all the buttons that are watched are over, and the LED that follows this one
/// is off.
///
/// # Errors
///
/// Those of the pins.
///
/// # Cancellation safety
///
/// What was counted so far stays so.
pub async fn watch(
    (number, button, led): (usize, Button, Led),
    clock: BoardClock,
    presses: Arc<Presses>,
    enough: usize,
    log: impl Fn(&str),
) -> Result<()> {
    loop {
        button.wait_for_level_async(Level::High).await?;
        presses.begun.fetch_add(1, SeqCst);
        log(&format!("button {number} pressed"));
        button.wait_for_level_async(Level::Low).await?;
        log(&format!("button {number} released"));
        if presses.over.fetch_add(1, SeqCst) + 1 == enough {
            while led.is_on()? {
                clock.sleep(GLANCE).await;
            }
            return Ok(());
        }
    }
}
