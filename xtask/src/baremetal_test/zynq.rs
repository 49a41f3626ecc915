//! The programs for the virtual PYNQ-Z2: a Zynq-7000 with programmable logic.

use std::{env, path::PathBuf};

use super::{
    machine::{Machine, Program},
    script::Emulator,
};
use crate::{project::Project, shell::Failure};

pub(super) const ZYNQ: Machine = Machine {
    name: "zynq",
    package: "pynq-firmware-zynq",
    target: "armv7a-none-eabi",
    emulator,
    args: "-M xilinx-zynq-a9 -m 512 -display none -monitor none -semihosting -kernel {}",
    line_before_console: false,
    template: Some("zynq"),
    programs: &[
        Program::new("button_to_led").sizes().script(press_buttons).says(&["interrupts="]),
        Program::new("embassy_tasks").script(press_buttons).says(&["ticks=", "interrupts="]),
        Program::new("simulated_pl").with_alloc().says(&["LEDs 1000"]),
        Program::new("spi_flash").with_alloc().says(&["44 bytes: right", "spurious=0 unclaimed=0"]),
        Program::new("compiled_in").says(&["changes=1000 interrupts=2000"]),
        Program::new("panics").fails().says(&["PANIC: ", "no interrupt input 16"]),
        // As fast as it goes, and with an instruction taking 1 ns and 8 ns of the machine's time.
        Program::new("timer_interrupts").sizes().runs(&["", "-icount shift=0,sleep=off", "-icount shift=3,sleep=off"]),
        Program::new("storm"),
        // 8 to 32 ns for an instruction: each delay of the sweep is one instruction longer, or less.
        Program::new("idle_window").runs(&[
            "-icount shift=3,sleep=off",
            "-icount shift=4,sleep=off",
            "-icount shift=5,sleep=off",
        ]),
        // 128 ns for an instruction: the counter of the machine's time then tells single ones.
        Program::new("latency").runs(&["-icount shift=7,sleep=off"]),
        Program::new("gic").says(&["all of it"]),
        // Its deadlines are the machine's time, which passes by instructions and not by the host's clock.
        Program::new("conformance").with_alloc().runs(&["-icount shift=1,sleep=off"]).says(&[" 0 failed, "]),
    ],
};

/// `PYNQ_QEMU_ZYNQ` names one that was built before.
fn emulator(project: &Project) -> Result<Result<PathBuf, String>, Failure> {
    match env::var_os("PYNQ_QEMU_ZYNQ").filter(|path| !path.is_empty()) {
        Some(path) => Ok(Ok(PathBuf::from(path))),
        None => crate::linux_test::emulator(project),
    }
}

/// Buttons are pressed and released, overlapping, and each time their LEDs follow; then the switch ends the program.
fn press_buttons(board: &mut Emulator) -> Result<(), Failure> {
    board.until_said("press buttons")?;
    for pins in [0b0001, 0b0000, 0b0010, 0b0110, 0b0100, 0b0000, 0b1001, 0b1000, 0b1111, 0b0000] {
        board.set_pins("btns", pins)?;
        board.until_outputs("leds", pins)?;
    }
    board.set_pins("switches", 0b01)
}
