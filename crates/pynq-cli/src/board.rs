//! The subcommands that look at the board the command runs on. They need Linux.

#[cfg(target_os = "linux")]
mod access;
#[cfg(target_os = "linux")]
mod doctor;
#[cfg(target_os = "linux")]
mod peek;
#[cfg(target_os = "linux")]
mod serving;
#[cfg(target_os = "linux")]
mod system;
#[cfg(target_os = "linux")]
mod target;
#[cfg(target_os = "linux")]
mod uio;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::Outcome;

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the UIO devices of this system; with a design, which interrupt pins each one serves.
    Uio(Uio),
    /// Tell what is missing on this system, and how to mend it. Exit status 1 if something is wrong.
    Doctor(Doctor),
    /// Read registers, by address or by name.
    ///
    /// Does not read what a read would change, as a FIFO or a status that it clears, unless forced.
    Peek(Peek),
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
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn run(_: Command) -> Outcome {
    Err("this subcommand looks at the board it runs on, and needs Linux; `hwh` and `bit` work everywhere".to_owned())
}
