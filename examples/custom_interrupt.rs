//! An interrupt of a block without a driver: PYNQ's pattern `while condition: await interrupt.wait(); # clear interrupt`.
//!
//! The block is the AXI GPIO of the buttons, taken for something unknown: its registers are read and written by offset, and
//! its interrupt is a bare pin. The program ends when every button has been pressed once.

use std::process::ExitCode;

use pynq::{MmioWindow, prelude::*};
use pynq_examples::{Options, Result, Session, exit};

// From the sheet of the AXI GPIO (PG144).
const DATA: usize = 0x000;
const GLOBAL_INTERRUPT_ENABLE: usize = 0x11C;
const INTERRUPT_STATUS: usize = 0x120;
const INTERRUPT_ENABLE: usize = 0x128;

async fn all_pressed_once(buttons: MmioWindow, mut interrupt: Interrupt, log: impl Fn(&str)) -> pynq::Result<()> {
    buttons.write(GLOBAL_INTERRUPT_ENABLE, 1 << 31)?;
    buttons.write(INTERRUPT_ENABLE, 1)?;
    let mut seen = 0;
    while seen != 0b1111 {
        let fired = interrupt.wait_async().await?;
        // The device is served before its registers are looked at: what changes from here on raises the next interrupt.
        let status = buttons.read(INTERRUPT_STATUS, 4)?;
        buttons.write(INTERRUPT_STATUS, status as u32)?; // a written one inverts its bit
        seen |= buttons.read(DATA, 4)?;
        log(&format!("interrupt {}: buttons seen so far {seen:04b}", fired.count));
    }
    buttons.write(GLOBAL_INTERRUPT_ENABLE, 0)
}

/// What somebody does to the board unless a script is given.
const SCRIPT: &str = "
    10 press 2
    60 release 2
   100 press 0
   120 press 3
   150 release 0
   180 press 1
   200 release 1
   210 release 3
";

fn run(options: &Options) -> Result {
    let session = Session::from_options(options, SCRIPT)?;
    let base = &session.base;
    let path = base.board().buttons.as_ref().ok_or("no buttons on this board")?.path.clone();
    let interrupt = base.interrupt(&format!("{path}/ip2intc_irpt"))?;
    base.block_on(all_pressed_once(base.mmio(&path)?, interrupt, session.log()))??;
    session.log()("all buttons have been pressed");
    session.finish(options)
}

fn main() -> ExitCode {
    exit(Options::from_env().and_then(|options| options.help_or(run)))
}
