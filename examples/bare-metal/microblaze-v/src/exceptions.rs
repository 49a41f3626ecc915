//! Where exceptions lead: to a report and the end. Interrupts are each program's own.

use crate::{exit, println};

/// The exit status of a program that panicked, and of one that met an exception.
const FAILED: i32 = 101;

/// What the start-up code calls for a trap that is no interrupt.
// SAFETY: the name and the signature are those that `riscv-rt` declares.
#[unsafe(export_name = "ExceptionHandler")]
fn exception(_: &riscv_rt::TrapFrame) -> ! {
    let (cause, address) = (riscv::register::mcause::read().code(), riscv::register::mepc::read());
    println!("EXCEPTION: cause {cause} at {address:#x}, value {:#x}", riscv::register::mtval::read());
    exit(FAILED)
}

/// What it calls for an interrupt that no program has a handler for.
// SAFETY: the name and the signature are those that `riscv-rt` declares.
#[unsafe(export_name = "DefaultHandler")]
fn interrupt() -> ! {
    println!("INTERRUPT: {} has no handler", riscv::register::mcause::read().code());
    exit(FAILED)
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    println!("PANIC: {info}");
    exit(FAILED)
}
