//! Everything at once, for as long as one likes: simulated boards, and UIO devices that socket pairs stand in for, under
//! every runtime and under none, with waits that are dropped at random.
//!
//! `cargo xtask soak --minutes N` runs it. Devices raise their next event when the last one has been seen, so that each
//! event must reach each of its owners, once: one that is lost stops its line, which the watch reports with the state
//! of all there is, and one that is invented is reported at once. In the end the devices' counts, the engine's, the
//! completions and what the roots have read agree, all is masked, and nothing is latched.
//!
//! The time is spent in rounds. Each builds everything anew and takes it down again: the first ones are short, and what is
//! allocated after the last one is compared with what was after the second. Of the long last round the second half is
//! compared with the first.
#![cfg_attr(not(target_os = "linux"), allow(dead_code))]

#[cfg(target_os = "linux")]
mod hosts;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod owner;
#[cfg(target_os = "linux")]
mod rig;
#[cfg(target_os = "linux")]
mod round;
#[cfg(target_os = "linux")]
mod source;
#[cfg(target_os = "linux")]
#[path = "../../tests/roots/uio.rs"]
#[allow(dead_code)] // its other users need more of it
mod uio;
#[cfg(target_os = "linux")]
mod watch;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    round::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("soak: skipped, its UIO devices are Linux's");
}
