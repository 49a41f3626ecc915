//! The emulator, where there is one.
#![allow(dead_code, clippy::unwrap_used)] // not every test needs all of it; a test may

use std::{env, process::Command};

use pynq_qtest::{MicroBlazeV, Ml605};

/// The emulator, or nothing where there is none; the test is then skipped and says so. `cargo xtask qemu-models` sets
/// `PYNQ_QTEST_REQUIRED`, with which it fails.
pub(crate) fn find_emulator() -> Option<String> {
    find("PYNQ_QEMU_RISCV32", "qemu-system-riscv32", MicroBlazeV::NAME)
}

/// The same for the machine with an SPI controller.
pub(crate) fn find_microblaze() -> Option<String> {
    find("PYNQ_QEMU_MICROBLAZE", "qemu-system-microblazeel", Ml605::NAME)
}

fn find(variable: &str, usual: &str, machine: &str) -> Option<String> {
    let named = env::var(variable).ok().filter(|path| !path.is_empty());
    let program = named.unwrap_or_else(|| usual.to_owned());
    let machines = Command::new(&program).args(["-M", "help"]).output();
    if machines.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(machine)) {
        return Some(program);
    }
    let what = format!("{program} is missing, or does not know the machine {machine}");
    assert!(!is_required(), "{what}");
    println!("SKIPPED: {what}");
    None
}

/// Whether this is the run that counts.
pub(crate) fn is_required() -> bool {
    env::var("PYNQ_QTEST_REQUIRED").is_ok_and(|value| !value.is_empty())
}

/// Returns from the test where there is no emulator.
macro_rules! emulator {
    () => {
        match crate::common::find_emulator() {
            Some(emulator) => emulator,
            None => return,
        }
    };
}
pub(crate) use emulator;
