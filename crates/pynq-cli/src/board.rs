//! The subcommands that look at the board the command runs on. They need Linux.
#![cfg_attr(not(target_os = "linux"), allow(dead_code))] // the arguments are the same everywhere

#[cfg(target_os = "linux")]
#[cfg(target_os = "linux")]
mod doctor;
#[cfg(target_os = "linux")]
mod i2c;
#[cfg(target_os = "linux")]
mod peek;
#[cfg(target_os = "linux")]
mod poke;
#[cfg(target_os = "linux")]
mod program;
#[cfg(target_os = "linux")]
mod serving;
#[cfg(target_os = "linux")]
mod system;
#[cfg(target_os = "linux")]
mod target;
#[cfg(target_os = "linux")]
mod uio;
#[cfg(target_os = "linux")]
mod watch;

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand};

use crate::Outcome;

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the UIO devices of this system; with a design, which interrupt pins each one serves.
    Uio(Uio),
    /// Report what is missing on this system, and how to mend it. Exit status 1 if something is wrong.
    Doctor(Doctor),
    /// Read registers, by address or by name.
    ///
    /// Does not read what a read would change, as a FIFO or a status that it clears, unless forced.
    Peek(Peek),
    /// Write a register, by address or by name.
    ///
    /// Does not write what is read-only, or what another program has in use, unless forced.
    Poke(Poke),
    /// Look at an I2C bus.
    #[command(subcommand)]
    I2c(I2c),
    /// Wait for an interrupt pin, and print each event with its time. Does not program the logic.
    Watch(Watch),
    /// Program the logic. Needs root.
    ///
    /// Checks that the bitstream is for the part of the .hwh file beside it, if there is one, and that no other program
    /// uses the logic, unless forced. Exit status 3 if it was loaded and there was no .hwh file to check it against.
    Program(Program),
}

/// `pynq uio`.
#[derive(Debug, Args)]
pub(crate) struct Uio {
    /// The handoff file of the design that is loaded.
    #[arg(long, value_name = "FILE")]
    pub(crate) hwh: Option<PathBuf>,
    /// Print everything as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) system: System,
}

/// `pynq doctor`.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The handoff file of the design that is, or is to be, loaded.
    #[arg(long, value_name = "FILE")]
    pub(crate) hwh: Option<PathBuf>,
    /// Print everything as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) system: System,
}

/// `pynq peek`.
#[derive(Debug, Args)]
pub(crate) struct Peek {
    /// A physical address, or with a design BLOCK, BLOCK.REGISTER or BLOCK+OFFSET.
    #[arg(value_name = "ADDR|BLOCK")]
    pub(crate) target: String,
    /// The handoff file of the design that is loaded.
    #[arg(long, value_name = "FILE")]
    pub(crate) hwh: Option<PathBuf>,
    /// How many words to read from there on.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(crate) count: u32,
    /// Read even if that changes something, or nothing may answer.
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) system: System,
}

/// `pynq poke`.
#[derive(Debug, Args)]
pub(crate) struct Poke {
    /// A physical address, or with a design BLOCK, BLOCK.REGISTER or BLOCK+OFFSET.
    #[arg(value_name = "ADDR|BLOCK")]
    pub(crate) target: String,
    /// The word to write: 31, 0x1f or 0b11111.
    pub(crate) value: String,
    /// The handoff file of the design that is loaded.
    #[arg(long, value_name = "FILE")]
    pub(crate) hwh: Option<PathBuf>,
    /// Write even if it is read-only or in use, or nothing may answer.
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) system: System,
}

/// `pynq i2c`.
#[derive(Debug, Subcommand)]
pub(crate) enum I2c {
    /// Print the addresses that a target acknowledges, by writes of no bytes.
    ///
    /// Needs the block's registers and not its interrupt, and resets the block. Refused where the kernel or another program has
    /// it.
    Scan(Scan),
}

/// `pynq i2c scan`.
#[derive(Debug, Args)]
pub(crate) struct Scan {
    /// The AXI IIC, as in iic_0.
    pub(crate) block: String,
    /// The handoff file of the design that is loaded.
    #[arg(long, value_name = "FILE")]
    pub(crate) hwh: PathBuf,
    /// Scan a simulated board instead, with these parts on the bus: bme280, ds3231, eeprom, lis3dh, ssd1306, tmp117.
    #[arg(long, value_name = "PARTS", value_delimiter = ',', num_args = 0..)]
    pub(crate) simulate: Option<Vec<String>>,
    #[command(flatten)]
    pub(crate) system: System,
}

/// `pynq watch`.
#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// The pin, as in btns_gpio/ip2intc_irpt.
    pub(crate) pin: String,
    /// The handoff file of the design that is loaded.
    #[arg(long, value_name = "FILE")]
    pub(crate) hwh: PathBuf,
    /// End after this many events.
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
    /// Give up if no event comes for this long; exit status 1.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
    /// Do not use the driver that an AXI GPIO has, but wait for the bare line.
    #[arg(long)]
    pub(crate) raw: bool,
    #[command(flatten)]
    pub(crate) system: System,
}

/// `pynq program`.
#[derive(Debug, Args)]
pub(crate) struct Program {
    /// The .bit or .bin file.
    pub(crate) file: PathBuf,
    /// It is a partial bitstream, whether or not its header says so.
    #[arg(long)]
    pub(crate) partial: bool,
    /// Do not check the part, nor whether the logic is in use.
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) system: System,
}

/// Reads a time in seconds.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().map_err(|error| error.to_string())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// Where the kernel is looked for.
#[derive(Debug, Args)]
pub(crate) struct System {
    /// The folder that has sys, dev, proc, run and lib/firmware.
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub(crate) root: PathBuf,
}

#[cfg(target_os = "linux")]
pub(crate) fn run(command: Command) -> Outcome {
    match command {
        Command::Uio(arguments) => uio::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Peek(arguments) => peek::run(&arguments),
        Command::Poke(arguments) => poke::run(&arguments),
        Command::I2c(arguments) => i2c::run(&arguments),
        Command::Watch(arguments) => watch::run(&arguments),
        Command::Program(arguments) => program::run(&arguments),
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn run(_: Command) -> Outcome {
    Err("this subcommand looks at the board it runs on, and needs Linux; `hwh` and `bit` work everywhere".to_owned())
}
