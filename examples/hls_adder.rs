//! PYNQ's first accelerator: an adder written in C++, called by name and awaited.
//!
//! ```cpp
//! void add(int a, int b, int& c) {
//! #pragma HLS INTERFACE s_axilite port=return
//! #pragma HLS INTERFACE s_axilite port=a
//! #pragma HLS INTERFACE s_axilite port=b
//! #pragma HLS INTERFACE s_axilite port=c
//!     c = a + b;
//! }
//! ```
//!
//! Three tasks share the one adder. On the simulated board a closure stands in for the C++ function.

use std::{process::ExitCode, time::Duration};

use pynq::{Accelerator, BoardClock, prelude::*, sim::Models};
use pynq_examples::{Options, Result, exit, join::Task, options::on_board};

/// The design: the adder, wired to the processor's interrupt.
const HANDOFF: &str = include_str!("../crates/pynq-hwh/fixtures/hls-adder.hwh");

/// What the function does, and in how many clocks of its 100 MHz.
fn models() -> Models {
    Models::new().accelerator("adder", |args, _memory, _streams| {
        args.set("c", args.get("a").wrapping_add(args.get("b")));
        250_u64
    })
}

async fn sums(name: &'static str, adder: Accelerator, clock: BoardClock, first: i32) -> pynq::Result<()> {
    for b in first..first + 3 {
        let [sum] = adder.call_async(&[("a", first.into()), ("b", b.into())], ["c"]).await?;
        println!("{:>10}  {name}: {first} + {b} = {}", clock.now().to_string(), sum.to::<i32>()?);
    }
    Ok(())
}

fn run(options: &Options) -> Result {
    let overlay = match &options.board {
        Some(path) => on_board(path)?,
        None => Overlay::simulated_from_str_with(HANDOFF, models())?,
    };
    let (adder, clock) = (overlay.accelerator("adder")?, overlay.clock());
    for argument in adder.arguments() {
        println!("{:>10}  `{}` is {} of {} bits", "", argument.name(), argument.place(), argument.bits());
    }

    // A call that awaits, for three tasks at once: each has its own arguments and its own result.
    let tasks = [("one", -20), ("two", 0), ("three", 1_000_000)];
    let mut pending: Vec<Task<pynq::Result<()>>> = Vec::new();
    for (name, first) in tasks {
        pending.push(Box::pin(sums(name, adder.clone(), clock.clone(), first)));
    }
    options.runtime.run_all(&overlay, pending)?;

    // The blocking form, with a deadline.
    let [sum] =
        adder.call_async(&[("a", i32::MAX.into()), ("b", 1.into())], ["c"]).block_until(Duration::from_secs(1))?;
    println!("{:>10}  blocking: {} + 1 wraps to {}", clock.now().to_string(), i32::MAX, sum.to::<i32>()?);

    // PYNQ's way: write, start, look.
    adder.set("a", 4)?;
    adder.set("b", 5)?;
    adder.start()?;
    adder.done()?;
    println!("{:>10}  set, start, done: 4 + 5 = {}", clock.now().to_string(), adder.get::<i32>("c")?);

    let statistics = overlay.statistics();
    println!("interrupts={} spurious={}", statistics.interrupts, statistics.spurious);
    Ok(())
}

fn main() -> ExitCode {
    exit(Options::from_env().and_then(|options| options.help_or(run)))
}
