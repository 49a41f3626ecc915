//! What the examples share: their options, the script of a board's day, and the three ways to run tasks.
//!
//! Nothing in here is about interrupts; that is in the examples themselves.
#![forbid(unsafe_code)]

pub mod ball;
mod book;
pub mod handoff;
pub mod join;
pub mod options;
pub mod png;
pub mod runtime;
pub mod session;
pub mod watch;

pub use options::Options;
pub use pynq::sim::script::Script;
pub use runtime::Runtime;
pub use session::Session;

/// Any error, to be shown to the user.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The result of an example.
pub type Result<T = ()> = std::result::Result<T, Error>;

/// What `main` does with the outcome of an example: an error is one paragraph, without Rust's quoting, and a failure for
/// the shell.
#[must_use]
pub fn exit(outcome: Result) -> std::process::ExitCode {
    match outcome {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}
