//! Somebody who looks at a real board: at its buttons, and at whether each LED does what its button says.

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

/// What was seen.
#[derive(Debug, Default)]
pub struct Seen {
    presses: AtomicUsize,
    releases: AtomicUsize,
    led_changes: AtomicUsize,
}

impl Seen {
    /// Presses of buttons.
    #[must_use]
    pub fn presses(&self) -> usize {
        self.presses.load(SeqCst)
    }

    /// Changes of LEDs.
    #[must_use]
    pub fn led_changes(&self) -> usize {
        self.led_changes.load(SeqCst)
    }
}

/// Watches a button and the LED that follows it, until `presses` presses of all the buttons that are watched are over.
///
/// # Errors
///
/// Those of the pins.
///
/// # Cancellation safety
///
/// What was seen so far stays counted.
pub async fn watch(
    (number, button, led): (usize, Button, Led),
    clock: BoardClock,
    seen: Arc<Seen>,
    presses: usize,
    log: impl Fn(&str),
) -> Result<()> {
    loop {
        button.wait_for_level_async(Level::High).await?;
        seen.presses.fetch_add(1, SeqCst);
        log(&format!("press {number}"));
        until(&led, true, &clock).await?;
        seen.led_changes.fetch_add(1, SeqCst);
        log(&format!("LED {number} on"));
        button.wait_for_level_async(Level::Low).await?;
        log(&format!("release {number}"));
        until(&led, false, &clock).await?;
        seen.led_changes.fetch_add(1, SeqCst);
        log(&format!("LED {number} off"));
        if seen.releases.fetch_add(1, SeqCst) + 1 == presses {
            return Ok(());
        }
    }
}

async fn until(led: &Led, on: bool, clock: &BoardClock) -> Result<()> {
    while led.is_on()? != on {
        clock.sleep(GLANCE).await;
    }
    Ok(())
}
