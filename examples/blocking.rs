//! No async anywhere: the blocking twins, with a deadline at the end.

use std::{process::ExitCode, time::Duration};

use pynq::prelude::*;
use pynq_examples::{Options, Result, Session, exit};

/// What somebody does to the board unless a script is given.
const SCRIPT: &str = "
    10 press 0
    60 release 0
   100 press 0
   250 release 0
   300 press 0
   301 release 0
";

fn run(options: &Options) -> Result {
    let session = Session::from_options(options, SCRIPT)?;
    let base = &session.base;
    let (button, led, clock) = (base.button(0)?, base.led(0)?, base.clock());
    loop {
        let patience = clock.now() + Duration::from_secs(1);
        match button.wait_for_level_until(Level::High, patience) {
            Err(error) if error.is_timed_out() => break,
            pressed => pressed?,
        }
        led.on()?;
        button.wait_for_level(Level::Low)?;
        led.off()?;
    }
    session.log()("nobody has pressed button 0 for a second");
    session.finish(options)
}

fn main() -> ExitCode {
    exit(Options::from_env().and_then(|options| options.help_or(run)))
}
