//! PYNQ's asyncio-buttons notebook: hold a button and its LED flashes, until switch 0 is turned on.
//!
//! The wait for the switch is a blocking call. Under a runtime it runs aside, on a thread for such calls; without one it is
//! what the main thread does.

use std::{process::ExitCode, time::Duration};

use pynq::prelude::*;
use pynq_examples::{Options, Result, Session, exit, join::Task};

async fn flash_led(button: Button, led: Led, clock: BoardClock) -> pynq::Result<()> {
    loop {
        button.wait_for_level_async(Level::High).await?;
        while button.is_pressed()? {
            led.toggle()?;
            clock.sleep(Duration::from_millis(100)).await;
        }
        led.off()?;
    }
}

/// What somebody does to the board unless a script is given.
const SCRIPT: &str = "
    10 press 0
   350 release 0
   500 press 1
   550 press 2
   720 release 2
   930 release 1
  1100 switch 0 1
";

fn run(options: &Options) -> Result {
    let session = Session::from_options(options, SCRIPT)?;
    let base = &session.base;
    let mut tasks: Vec<Task<pynq::Result<()>>> = Vec::new();
    for (button, led) in base.buttons()?.into_iter().zip(base.leds()?) {
        tasks.push(Box::pin(flash_led(button, led, base.clock())));
    }

    let switch = base.switch(0)?;
    if switch.is_on()? {
        return Err("turn switch 0 off first: it ends this program".into());
    }
    options.runtime.run_until(base, tasks, move || Ok(switch.wait_for_level(Level::High)?))?;
    session.finish(options)
}

fn main() -> ExitCode {
    exit(Options::from_env().and_then(|options| options.help_or(run)))
}
