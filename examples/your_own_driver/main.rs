//! A driver for an IP block that `pynq` doesn't know, with its own model on the simulated board: what a driver author
//! copies.
//!
//! The block is a counter of pulses. `registers.rs` is its data sheet, `driver.rs` has the driver, `model.rs` the model,
//! and `tests.rs` tests the one against the other.

#![allow(unreachable_pub)] // in a crate of its own they would be its API

mod driver;
mod model;
mod registers;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use driver::PulseCounter;
use model::PulseCounterModel;
use pynq::{
    hwh::Design,
    prelude::*,
    sim::{BoardBuilder, Stimulus},
};
use pynq_examples::{Options, Result, exit};

/// The design: the counter behind an interrupt controller.
const HANDOFF: &str = include_str!("pulse_counter.hwh");

/// An overlay of the design, on a board that has the model.
fn overlay() -> Result<Overlay> {
    let design = Design::parse(HANDOFF)?;
    let board = BoardBuilder::from_design(&design, |block| match block.kind() {
        "pulse_counter" => Some(Box::new(PulseCounterModel::default())),
        _ => None,
    });
    Ok(Overlay::on_board(design, board.build()?))
}

/// One pulse on the counter's input, every millisecond from 1 ms on.
fn pulses(overlay: &Overlay, count: u64) -> Result {
    let board = overlay.simulation().ok_or("no simulated board")?;
    for ms in 1..=count {
        board.at(Instant::from_millis(ms), |board| {
            for bits in [1, 0] {
                // The only block with such a port is this one.
                let _ = board.stimulate(&Stimulus::Port { port: "counter/pulse".to_owned(), bits });
            }
        });
    }
    Ok(())
}

fn run(_: &Options) -> Result {
    let overlay = overlay()?;
    pulses(&overlay, 20)?;
    let (counter, clock) = (overlay.block::<PulseCounter>("counter")?, overlay.clock());

    overlay.block_on(counter.count_to_async(5))??;
    println!("{:>10}  5 pulses, awaited", clock.now().to_string());

    counter.count_to(10)?;
    println!("{:>10}  10 more, with the blocking form", clock.now().to_string());

    let deadline = Instant::from_millis(50);
    match overlay.block_on(counter.count_to_async(10).until(deadline))? {
        Err(error) if error.is_timed_out() => {
            println!("{:>10}  gave up: {} of another 10", clock.now().to_string(), counter.count()?);
        }
        ended => drop(ended?),
    }
    Ok(())
}

fn main() -> ExitCode {
    exit(Options::from_env().and_then(|options| options.help_or(run)))
}
