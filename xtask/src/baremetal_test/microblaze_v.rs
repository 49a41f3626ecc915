//! The programs for QEMU's MicroBlaze-V: a RISC-V behind an AXI INTC, whose devices are all the emulator's own.

use std::{env, path::PathBuf};

use super::{
    far_end,
    machine::{Machine, Program},
};
use crate::{project::Project, shell::Failure, tools::EMULATOR_RISCV};

pub(super) const MICROBLAZE_V: Machine = Machine {
    name: "microblaze-v",
    package: "pynq-firmware-microblaze-v",
    target: "riscv32imac-unknown-none-elf",
    emulator,
    args: "-M amd-microblaze-v-generic -display none -monitor none -semihosting -device loader,file={},cpu-num=0",
    line_before_console: true,
    template: None,
    programs: &[
        // As fast as it goes, and with an instruction taking 1 ns and 8 ns of the machine's time.
        Program::new("timer_interrupts").sizes().runs(&["", "-icount shift=0,sleep=off", "-icount shift=3,sleep=off"]),
        Program::new("uart_echo").far_end(far_end::echo::<102_400>).says(&["echoed=102400"]),
        Program::new("embassy_tasks").far_end(far_end::echo::<10_240>).says(&["echoed=10240", "delays=100"]),
        Program::new("conformance").with_alloc().says(&[" 0 failed, "]),
        Program::new("storm").runs(&["", "-icount shift=2,sleep=off"]).says(&["kept="]),
        Program::new("panics").fails().says(&["PANIC: ", "an owner already"]),
    ],
};

/// `PYNQ_QEMU_RISCV32` names one that is not the system's.
pub(crate) fn emulator(project: &Project) -> Result<Result<PathBuf, String>, Failure> {
    if let Some(path) = env::var_os("PYNQ_QEMU_RISCV32").filter(|path| !path.is_empty()) {
        return Ok(Ok(PathBuf::from(path)));
    }
    Ok(match EMULATOR_RISCV.missing(project)? {
        None => Ok(PathBuf::from("qemu-system-riscv32")),
        Some(reason) => Err(reason),
    })
}
