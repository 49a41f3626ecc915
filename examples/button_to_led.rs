//! The program of PYNQ's asyncio chapter: four tasks, each awaiting a button's interrupt and driving its LED.
//!
//! `cargo run --example button_to_led -- --help` tells what else it can do.

use std::process::ExitCode;

use pynq::{Result, prelude::*};
use pynq_examples::{Options, Session, exit, join::Task};

/// The task knows no runtime and no board; the firmware in `bare-metal` contains the same file.
#[path = "tasks/button_to_led.rs"]
mod task;

/// What somebody does to the board unless a script is given. Buttons 1 and 2 overlap.
const SCRIPT: &str = "
    10 press 0
    60 release 0
   100 press 1
   120 press 2
   150 release 1
   180 release 2
   200 press 3
   200 press 0
   250 release 3
   251 release 0
";

fn run(options: &Options) -> pynq_examples::Result {
    let session = Session::from_options(options, SCRIPT)?;
    let base = &session.base;
    let mut tasks: Vec<Task<pynq::Result<()>>> = Vec::new();
    for (button, led) in base.buttons()?.into_iter().zip(base.leds()?) {
        tasks.push(Box::pin(task::button_to_led(button, led)));
    }
    session.run(options.runtime, tasks)?;
    session.finish(options)
}

fn main() -> ExitCode {
    exit(Options::from_env().and_then(|options| options.help_or(run)))
}
