//! The task of PYNQ's asyncio chapter. It knows no runtime and no board.
//!
//! Programs for the simulator, for Linux and for bare metal all contain this file; [`Button`], [`Led`] and [`Result`] are
//! those of the program around it.

use super::{Button, Led, Level, Result};

/// Lights the LED for as long as the button is pressed.
pub(crate) async fn button_to_led(button: Button, led: Led) -> Result<()> {
    loop {
        button.wait_for_level_async(Level::High).await?;
        led.on()?;
        button.wait_for_level_async(Level::Low).await?;
        led.off()?;
    }
}
