//! The `pynq` command: look into the handoff and bitstream files of an overlay, and at the board it runs on.
//!
//! Every subcommand but `watch` and `microblaze` builds its whole output first and writes it in one go: a file that turns out to be damaged
//! prints an error and nothing else, and a reader that closes the pipe early is no reason to fail.
#![forbid(unsafe_code)]

mod bit;
mod board;
mod dot;
mod json;
mod microblaze;
mod tree;

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use pynq_hwh::{Design, codegen::Generator};

/// Look into the files of an FPGA overlay, and at the board that it runs on.
#[derive(Debug, Parser)]
#[command(name = "pynq", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show a hardware handoff file: IP blocks, addresses, interrupt wiring, warnings.
    Hwh {
        /// The .hwh file.
        file: PathBuf,
        /// Print everything as JSON.
        #[arg(long, conflicts_with = "dot")]
        json: bool,
        /// Print the interrupt tree as a Graphviz picture.
        #[arg(long)]
        dot: bool,
        /// Print the Rust module that a build script would make of it.
        #[arg(long, conflicts_with_all = ["json", "dot"])]
        rust: bool,
    },
    /// Show a bitstream file, or convert it.
    Bit {
        /// The .bit or .bin file.
        file: PathBuf,
        /// Print everything as JSON.
        #[arg(long)]
        json: bool,
        /// Write the form that the Linux FPGA manager takes to this file.
        #[arg(long, value_name = "OUT")]
        to_bin: Option<PathBuf>,
        /// Check that the bitstream is for the part of this handoff file.
        #[arg(long, value_name = "HWH")]
        check: Option<PathBuf>,
    },
    /// Look into programs for PYNQ's soft processors, and run them alone.
    #[command(subcommand)]
    Microblaze(microblaze::Command),
    #[command(flatten)]
    Board(board::Command),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Hwh { file, rust: true, .. } => rust(&file).map(succeeded),
        Command::Hwh { file, json, dot, .. } => hwh(&file, json, dot).map(succeeded),
        Command::Bit { file, json, to_bin, check } => {
            bit::run(&file, json, to_bin.as_deref(), check.as_deref()).map(succeeded)
        }
        Command::Microblaze(command) => microblaze::run(&command).map(|()| succeeded(String::new())),
        Command::Board(command) => board::run(command),
    };
    match outcome.and_then(|(text, code)| print(&text).map(|()| code)) {
        Ok(code) => code,
        Err(message) => {
            // Where even this cannot be written there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "pynq: {}", printable(&message).replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}

/// What a subcommand prints, and its exit status.
type Outcome = Result<(String, ExitCode), String>;

fn succeeded(text: String) -> (String, ExitCode) {
    (text, ExitCode::SUCCESS)
}

fn hwh(file: &Path, json: bool, dot: bool) -> Result<String, String> {
    let design = Design::read(file).map_err(|error| about(file, &error))?;
    Ok(match (json, dot) {
        (true, _) => json::pretty(&json::design(&design)),
        (_, true) => printable(&dot::interrupts(&design)),
        _ => printable(&tree::design(&design)),
    })
}

fn rust(file: &Path) -> Result<String, String> {
    let design = Design::read(file).map_err(|error| about(file, &error))?;
    Generator::new(&design).generate().map_err(|error| about(file, &error))
}

/// The message of an error in `file`, which names the file once.
fn about(file: &Path, error: &pynq_hwh::Error) -> String {
    match error {
        pynq_hwh::Error::Io { .. } => error.to_string(),
        _ => format!("{}: {error}", file.display()),
    }
}

/// `text` without control characters, which a file can smuggle into its names to steer a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

fn print(text: &str) -> Result<(), String> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        // `pynq hwh FILE | head` has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| format!("cannot write to standard output: {error}")),
    }
}
