//! Somebody who counts how often the buttons of a real board are pressed.

use std::{
    future::{Future as _, poll_fn},
    pin::pin,
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
    /// Buttons that nobody waits for yet.
    unwatched: AtomicUsize,
    begun: AtomicUsize,
    over: AtomicUsize,
}

impl Presses {
    /// So many buttons are about to be watched.
    pub fn expect(&self, buttons: usize) {
        self.unwatched.fetch_add(buttons, SeqCst);
    }

    /// Presses so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.begun.load(SeqCst)
    }
}

/// Watches a button until so many presses of all the buttons that are watched are over, and the LED that follows this one
/// is off.
///
/// A press before its first poll is not seen; the last one to wait says that all do.
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
    let mut waits = false;
    loop {
        let mut pressed = pin!(button.wait_for_level_async(Level::High));
        let wait = poll_fn(|cx| {
            let polled = pressed.as_mut().poll(cx);
            if !std::mem::replace(&mut waits, true) && presses.unwatched.fetch_sub(1, SeqCst) == 1 {
                log("all buttons are watched");
            }
            polled
        });
        wait.await?;
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
