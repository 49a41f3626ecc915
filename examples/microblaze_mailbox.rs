//! A program on one of PYNQ's I/O processors: loaded, given commands, and its interrupt awaited.
//!
//! Without options, the design is a small one with one such processor, and the program one that adds: on the simulated board
//! it is executed instruction by instruction. With PYNQ's own files:
//!
//! ```text
//! cargo run --example microblaze_mailbox -- --hwh base.hwh --program pmod_mailbox.bin
//! ```
//!
//! PYNQ's `pmod_mailbox` reads and writes the peripherals of its processor on request.

use std::{path::Path, process::ExitCode, time::Duration};

use pynq::{
    MicroblazeProgram,
    drivers::microblaze::{BusWidth, MicroblazeInterrupt, Program, PynqMicroblaze},
    prelude::*,
};
use pynq_examples::{Options, Result, exit, join::Task};

/// The design: one I/O processor, as the PYNQ-Z2's base overlay has them.
const HANDOFF: &str = include_str!("../crates/pynq-hwh/fixtures/iop.hwh");

/// The processor: both designs have it.
const IOP: &str = "iop_pmoda";

/// Adds the two arguments of each command, and requests an interrupt after it.
const ADDER: [u32; 25] = [
    0xB000_0000,
    0x3240_0000, // addik r18, r0, 0
    0xB000_4001,
    0xFA40_0004, // swi   r18, r0, 0x40010004: the request is an output
    0xB000_0000,
    0xE8A0_FFFC, // lwi   r5, r0, 0xFFFC: the command
    0xBC05_FFF8, // beqi  r5, -8: there is none
    0xB000_0000,
    0xE8C0_F000, // lwi   r6, r0, 0xF000
    0xB000_0000,
    0xE8E0_F004, // lwi   r7, r0, 0xF004
    0x10C6_3800, // addk  r6, r6, r7
    0xB000_0000,
    0xF8C0_F000, // swi   r6, r0, 0xF000: the result
    0xB000_0000,
    0xF800_FFFC, // swi   r0, r0, 0xFFFC: it is done
    0xB000_0000,
    0x3240_0001, // addik r18, r0, 1
    0xB000_4001,
    0xFA40_0000, // swi   r18, r0, 0x40010000: the request
    0xB000_0000,
    0x3240_0000, // addik r18, r0, 0
    0xB000_4001,
    0xFA40_0000, // swi   r18, r0, 0x40010000
    0xB800_FFB0, // bri   -80
];

/// PYNQ's wrapper around a program, whose functions exist in both forms.
struct IopWrapper {
    iop: PynqMicroblaze,
    interrupt: Option<MicroblazeInterrupt>,
}

impl IopWrapper {
    fn new(iop: PynqMicroblaze) -> Self {
        let interrupt = iop.interrupt();
        if interrupt.is_none() {
            eprintln!("warning: this overlay has no interrupt for the I/O processor");
        }
        Self { iop, interrupt }
    }

    /// Waits for the program's next request, as a coroutine of asyncio does.
    async fn interrupt_handler_async(&mut self) -> pynq::Result<()> {
        if let Some(interrupt) = &mut self.interrupt {
            interrupt.wait_async().await?;
        }
        Ok(())
    }

    /// The same on this thread, without a runtime.
    fn interrupt_handler(&mut self) -> pynq::Result<()> {
        if let Some(interrupt) = &mut self.interrupt {
            interrupt.wait_until(Duration::from_secs(1))?;
        }
        Ok(())
    }
}

fn overlay(options: &Options) -> Result<Overlay> {
    if let Some(path) = &options.board {
        return Ok(on_board(path)?);
    }
    Ok(match &options.hwh {
        Some(path) => Overlay::simulated(path)?,
        None => Overlay::simulated_from_str(HANDOFF)?,
    })
}

#[cfg(target_os = "linux")]
fn on_board(path: &Path) -> pynq::Result<Overlay> {
    Overlay::open(path)
}

#[cfg(not(target_os = "linux"))]
fn on_board(_: &Path) -> pynq::Result<Overlay> {
    Overlay::simulated_from_str(HANDOFF)
}

fn run(options: &Options) -> Result {
    let overlay = overlay(options)?;
    let wiring = overlay.microblaze_wiring(IOP)?;
    println!("{IOP} of design `{}`", overlay.name());
    println!("  memory       {}", wiring.memory.as_deref().unwrap_or("none"));
    println!("  interrupt    {}", wiring.interrupt.as_deref().unwrap_or("none"));
    let line = |line: Option<u8>| line.map_or("none".to_owned(), |line| format!("EMIO {line}"));
    println!("  reset        {}", line(wiring.reset));
    println!("  acknowledge  {}", line(wiring.acknowledge));
    let iop = overlay.microblaze(IOP)?;
    match &options.program {
        Some(file) => peripherals(&overlay, &iop, file),
        None => adder(options, &overlay, iop),
    }
}

/// Commands and interrupts, with the program above.
fn adder(options: &Options, overlay: &Overlay, iop: PynqMicroblaze) -> Result {
    let bytes: Vec<u8> = ADDER.into_iter().flat_map(u32::to_le_bytes).collect();
    let loaded = iop.load(&Program::raw(&bytes))?;
    println!("{} bytes loaded, it is {}", loaded.end, iop.state()?);

    let (mut wrapper, clock) = (IopWrapper::new(iop.clone()), overlay.clock());
    let program: Task<pynq::Result<()>> = Box::pin(async move {
        let mut mailbox = wrapper.iop.mailbox()?;
        for number in 1..=3 {
            let mut sum = [0];
            mailbox.command_async(1, &[number, 100], &mut sum).await?;
            wrapper.interrupt_handler_async().await?;
            println!("{:>10}  {number} + 100 = {}, and its interrupt", clock.now().to_string(), sum[0]);
        }
        Ok(())
    });
    options.runtime.run_all(overlay, vec![program])?;

    // The blocking form, without a runtime.
    let mut wrapper = IopWrapper::new(iop);
    let mut sum = [0];
    wrapper.iop.mailbox()?.command(1, &[40, 2], &mut sum)?;
    wrapper.interrupt_handler()?;
    println!("blocking: 40 + 2 = {}", sum[0]);
    wrapper.iop.stop()?;
    println!("it is {}", wrapper.iop.state()?);
    Ok(())
}

/// The processor's own peripherals, through PYNQ's program.
fn peripherals(overlay: &Overlay, iop: &PynqMicroblaze, file: &Path) -> Result {
    const GPIO: u32 = 0x4000_0000;
    const TIMER: u32 = 0x41C0_0000;
    const SWITCH: u32 = 0x44A2_0000;

    let program = MicroblazeProgram::read(file)?;
    let loaded = iop.load(&Program::new(&program.segments()))?;
    println!("{} bytes loaded, it is {}", loaded.end, iop.state()?);
    let mut bus = iop.bus()?;
    println!("all pins are the GPIO's: the switch is {:#010x}", bus.read(SWITCH, BusWidth::Word)?);
    bus.write(GPIO + 4, BusWidth::Word, 0)?;
    for pins in [0x55, 0xAA] {
        bus.write(GPIO, BusWidth::Word, pins)?;
        println!("pins {pins:#04x}, read back as {:#04x}", bus.read(GPIO, BusWidth::Word)?);
    }
    bus.write(TIMER + 4, BusWidth::Word, 0xFFFF_0000)?;
    bus.write(TIMER, BusWidth::Word, 0x20)?;
    println!("timer loaded: {:#010x}", bus.read(TIMER + 8, BusWidth::Word)?);
    bus.write(TIMER, BusWidth::Word, 0x80)?;
    let begin = (bus.read(TIMER + 8, BusWidth::Word)?, overlay.clock().now());
    overlay.sleep(Duration::from_micros(100))?;
    let end = (bus.read(TIMER + 8, BusWidth::Word)?, overlay.clock().now());
    println!("it counts at 100 MHz: {} in {:?}", end.0 - begin.0, end.1.duration_since(begin.1));
    Ok(())
}

fn main() -> ExitCode {
    exit(Options::from_env().and_then(|options| options.help_or(run)))
}
