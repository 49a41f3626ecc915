//! The first program of PYNQ's asyncio chapter: a task suspends at an `await`, and resumes with all it knew.
//!
//! The clock is the board's. On the simulated one, three seconds are over at once.

use std::{process::ExitCode, time::Duration};

use pynq::prelude::*;
use pynq_examples::{Options, Result, exit};

async fn wake_up(clock: BoardClock, delay: Duration) {
    let start = clock.now();
    println!("{:>10}  wake_up suspends", start.to_string());
    clock.sleep(delay).await;
    println!("{:>10}  wake_up resumes, and knows that it began at {start}", clock.now().to_string());
}

fn run(options: &Options) -> Result {
    let overlay = options.overlay()?;
    let clock = overlay.clock();
    let task = wake_up(clock.clone(), Duration::from_secs(3));
    println!("{:>10}  the task is made, and has not begun", clock.now().to_string());

    overlay.sleep(Duration::from_secs(1))?;
    // Blocks this thread until the task is over. Under tokio or smol: `overlay.drive(task).await`.
    overlay.block_on(task)?;
    println!("{:>10}  the task is over", clock.now().to_string());
    Ok(())
}

fn main() -> ExitCode {
    exit(Options::from_env().and_then(|options| options.help_or(run)))
}
