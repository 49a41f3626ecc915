//! A design that is compiled in: no handoff file is read at run time, and what the design lacks doesn't compile.
//!
//! The build script has made the module `buttons` of a handoff file. `set_up` knows that design and any platform; here it
//! gets the simulated board, in firmware the processor's windows and interrupt controller.
//!
//! Try `button::<4>()`, or a button on the LEDs.

use std::{error::Error, process::ExitCode, sync::Arc, time::Duration};

use pynq::{Level, hwh, sim::Board};
use pynq_core::{
    BlockError, Window,
    design::{AxiIntcBlock, Platform},
    interrupt::StdLock,
};
use pynq_drivers::{AxiGpio, Button, Led, axi_gpio::AxiGpioError, design::channel1};
use pynq_examples::{Result, exit, handoff};

include!(concat!(env!("OUT_DIR"), "/buttons.rs"));
use buttons::{BtnsGpio, LedsGpio, SystemInterrupts, btns_gpio, system_interrupts};

/// The last button and the last LED of the design.
fn set_up<P>(platform: &P) -> Result<(Button, Led)>
where
    P: Platform<Window: Into<Window> + Send, Root: Send + Sync, Error: Error + Send + Sync> + 'static,
{
    let root = platform.source(system_interrupts::Irq)?;
    let intc = SystemInterrupts.node(platform.map(SystemInterrupts)?, StdLock::new(), root)?.map(Arc::pin);

    let line = intc.line(btns_gpio::Ip2intcIrpt);
    let inputs = platform.map(BtnsGpio)?.node::<AxiGpio, _, _, _>(StdLock::new(), line)?.map(Arc::pin);
    let outputs = platform.map(LedsGpio)?.node_without_interrupt::<AxiGpio, _>(StdLock::new())?.map(Arc::pin);
    Ok((channel1(&inputs)?.button::<3>()?, channel1(&outputs)?.led::<3>()?))
}

fn run() -> Result {
    let board = Board::from_design(&hwh::Design::parse(handoff::BUTTONS)?)?;
    for (ms, pressed) in [(10, true), (30, false), (40, true), (45, false)] {
        // The board is of that design, so it has that pin.
        board.after(Duration::from_millis(ms), move |board| drop(board.input("btns_gpio", 1, 3, pressed)));
    }

    let (button, led) = set_up(&board)?;
    board.block_on(async {
        for _ in 0..2 {
            button.wait_for_level_async(Level::High).await?;
            println!("{:>10}  on", board.now().to_string());
            led.on()?;
            button.wait_for_level_async(Level::Low).await?;
            println!("{:>10}  off", board.now().to_string());
            led.off()?;
        }
        Ok::<(), BlockError<AxiGpioError>>(())
    })??;
    println!("led_changes={}", board.output_log().len());
    Ok(())
}

fn main() -> ExitCode {
    exit(run())
}
