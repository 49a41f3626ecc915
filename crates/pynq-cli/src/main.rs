//! The `pynq` command: look into the handoff and bitstream files of an overlay, and at the board it runs on.
//!
//! Every subcommand but `watch`, `serve`, `board` and `microblaze` builds its whole output first and writes it in one go: a file that turns out to be damaged
//! prints an error and nothing else, and a reader that closes the pipe early is no reason to fail.
#![forbid(unsafe_code)]

mod bit;
mod board;
mod dot;
mod hwh;
mod json;
#[cfg(feature = "live")]
mod live;
mod manual;
mod microblaze;
mod new;
#[cfg(feature = "serve")]
mod serve;
mod style;
mod tree;

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

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
    Hwh(hwh::Hwh),
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
        /// Compare it with this handoff file: part, name of the design, version of Vivado.
        ///
        /// Exit status 1 if they are for different parts or designs, 3 if there was nothing to compare.
        #[arg(long, value_name = "HWH")]
        check: Option<PathBuf>,
    },
    /// Make a project of one's own: a hosted program that runs on a simulated board, or firmware.
    New(new::New),
    /// Look into programs for PYNQ's soft processors, and run them alone.
    #[command(subcommand)]
    Microblaze(microblaze::Command),
    /// Print a script that completes this command in a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual pages of this command and its subcommands to a folder, or print its own.
    Man {
        /// The folder. It is made if it is not there.
        folder: Option<PathBuf>,
    },
    /// Simulate a board, and serve it to PYNQ's own Python client. Ends with Ctrl-C.
    #[cfg(feature = "serve")]
    Serve(serve::Serve),
    /// Simulate a board, and show it: LEDs, buttons and interrupts in this terminal, or as a web page.
    #[cfg(feature = "live")]
    #[command(name = "board")]
    Live(live::Show),
    #[command(flatten)]
    Board(board::Command),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Hwh(arguments) => hwh::run(&arguments).map(succeeded),
        Command::Bit { file, json, to_bin, check } => bit::run(&file, json, to_bin.as_deref(), check.as_deref()),
        Command::New(options) => new::run(&options).map(succeeded),
        Command::Microblaze(command) => microblaze::run(&command).map(|()| succeeded(String::new())),
        Command::Completions { shell } => Ok(succeeded(manual::completions(Arguments::command(), shell))),
        Command::Man { folder } => manual::pages(Arguments::command(), folder.as_deref()).map(succeeded),
        #[cfg(feature = "serve")]
        Command::Serve(options) => serve::run(options).map(|()| succeeded(String::new())),
        #[cfg(feature = "live")]
        Command::Live(show) => live::run(show).map(|()| succeeded(String::new())),
        Command::Board(command) => board::run(command),
    };
    match outcome.and_then(|(text, code)| print(&text).map(|()| code)) {
        Ok(code) => code,
        Err(message) => {
            // If even this cannot be written, there is no way left to report it.
            let _ = writeln!(std::io::stderr(), "pynq: {}", printable(&message.replace('\n', " ")));
            ExitCode::FAILURE
        }
    }
}

/// What a subcommand prints, and its exit status.
type Outcome = Result<(String, ExitCode), String>;

fn succeeded(text: String) -> (String, ExitCode) {
    (text, ExitCode::SUCCESS)
}

/// The message of an error in `file`, which names the file once.
fn about(file: &Path, error: &pynq_hwh::Error) -> String {
    match error {
        pynq_hwh::Error::Io { .. } => error.to_string(),
        _ => format!("{}: {error}", file.display()),
    }
}

/// `text` with what a file can smuggle into its names to steer a terminal made visible. Line breaks are ours.
fn printable(text: &str) -> String {
    text.split('\n').map(pynq_hwh::escaped).collect::<Vec<_>>().join("\n")
}

fn print(text: &str) -> Result<(), String> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        // `pynq hwh FILE | head` has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| format!("cannot write to standard output: {error}")),
    }
}

/// Ctrl-C, or what a service manager sends.
#[cfg(any(feature = "serve", feature = "live"))]
async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => return,
                _ = tokio::signal::ctrl_c() => return,
            }
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

#[cfg(any(feature = "serve", feature = "live"))]
fn script(file: &Path) -> Result<pynq::sim::script::Script, String> {
    let (name, text) = if file.as_os_str() == "-" {
        ("standard input".to_owned(), std::io::read_to_string(std::io::stdin()))
    } else {
        (file.display().to_string(), std::fs::read_to_string(file))
    };
    let text = text.map_err(|error| format!("{name}: {error}"))?;
    text.parse().map_err(|error| format!("{name}: {error}"))
}
