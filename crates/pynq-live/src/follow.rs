//! A program for a board that has none: each button lights the LED of its number.

use pynq::{BaseOverlay, Level, Overlay, Result};

/// Lets each LED of the board shine for as long as the button of the same number is pressed, by interrupts. Ends with the
/// first error; a design that is replaced is one.
///
/// # Errors
///
/// Those of [`BaseOverlay::new`] and of buttons and LEDs.
///
/// # Cancellation safety
///
/// Dropping it leaves the LEDs as they are, and the interrupts masked.
pub async fn follow(overlay: Overlay) -> Result<()> {
    let base = BaseOverlay::new(overlay)?;
    let mut tasks = tokio::task::JoinSet::new();
    for (button, led) in base.buttons()?.into_iter().zip(base.leds()?) {
        tasks.spawn(async move {
            loop {
                button.wait_for_level_async(Level::High).await?;
                led.on()?;
                button.wait_for_level_async(Level::Low).await?;
                led.off()?;
            }
        });
    }
    match tasks.join_next().await {
        Some(Ok(ended)) => ended,
        // A board without buttons, or a runtime that ends.
        Some(Err(_)) | None => Ok(()),
    }
}
