//! The AXI timer's driver against its simulated model, behind a controller of edges and one of levels.

#![allow(clippy::unwrap_used)] // a test may

#[path = "../common/mod.rs"]
mod common;

mod channels;
mod delays;
mod duty;
mod events;
mod modes;
mod rig;
mod schedules;
