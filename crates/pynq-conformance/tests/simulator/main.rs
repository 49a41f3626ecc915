//! The conformance suite on the simulated board, under each kind of host.
#![allow(clippy::unwrap_used)] // a test may

mod backends;
mod fixture;
mod hosts;
mod report;
mod root;

use pynq_conformance::names;

use backends::{Build, Described};
use hosts::Kind;
use report::{NOT_BUILT, buttons, nothing_else_was_skipped, selection, suite};

#[test]
fn polled_by_hand() {
    let (report, skipped) = suite(&mut Described { build: Build::Full, host: Kind::Manual });
    nothing_else_was_skipped(&skipped, &[]);
    assert!(selection().selects("") == (report.outcomes().len() == names().len()));
}

#[test]
fn under_blocking_twins() {
    let (_, skipped) = suite(&mut Described { build: Build::Full, host: Kind::Threads });
    nothing_else_was_skipped(&skipped, &[]);
}

#[test]
fn under_tokio_on_two_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let host = Kind::Tokio(runtime.handle().clone());
    let (_, skipped) = suite(&mut Described { build: Build::Full, host });
    nothing_else_was_skipped(&skipped, &[]);
}

#[test]
fn controllers_without_optional_registers() {
    let (_, skipped) = suite(&mut Described { build: Build::Bare, host: Kind::Manual });
    nothing_else_was_skipped(&skipped, &[NOT_BUILT]);
}

#[test]
fn controllers_with_a_pulse_output() {
    let (_, skipped) = suite(&mut Described { build: Build::Pulse, host: Kind::Manual });
    nothing_else_was_skipped(&skipped, &[NOT_BUILT]);
}

#[test]
fn the_board_of_a_design() {
    buttons(Kind::Manual);
}
