//! A simulated board to look at and to touch: LEDs light up, buttons are pressed, interrupts tick.
//!
//! [`Live`] is the board as viewers have it: what is on it ([`Panel`]), what it shows ([`Snapshot`]), and what can be done to
//! it ([`Command`]). Two views are built on that: a page for browsers (`web`) and one for terminals
//! (`terminal`). `pynq board` shows both.
//!
//! A board is looked at without side effects: nothing is claimed, and registers are read only where a viewer asks for them and
//! their read changes nothing, so that a program behaves as it does unobserved. While there is no viewer, nothing is done but
//! to keep the clock.
//!
//! # Features
//!
//! * `web` (default): the page, served by the machine itself, without any file or connection elsewhere.
//! * `terminal` (default): the terminal.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod command;
mod error;
mod follow;
mod panel;
mod session;
mod snapshot;
#[cfg(feature = "terminal")]
pub mod terminal;
#[cfg(feature = "web")]
pub mod web;

pub use command::{Command, Mode};
pub use error::Error;
pub use follow::follow;
pub use panel::{Block, Control, ControlKind, InterruptPin, Panel};
pub use session::{Live, Seen};
pub use snapshot::{Interrupt, Snapshot, Totals};

/// The snippets of the book's page, which is tested here since the examples do with an older Rust.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/guides/live-board.md")]
struct Guide;
