//! Where exceptions lead that are no interrupts: to a report and the end. Interrupts are each program's own.

use aarch32_rt::exception;

use crate::{exit, println};

/// The exit status of a program that panicked, and of one that met an exception.
const FAILED: i32 = 101;

#[exception(Undefined)]
fn undefined(address: usize) -> ! {
    fatal("an undefined instruction", address)
}

#[exception(PrefetchAbort)]
fn prefetch_abort(address: usize) -> ! {
    fatal("an instruction that can't be fetched", address)
}

#[exception(DataAbort)]
fn data_abort(address: usize) -> ! {
    fatal("an access that was refused (is the logic programmed, and its clock running?) by the instruction", address)
}

fn fatal(what: &str, address: usize) -> ! {
    println!("EXCEPTION: {what} at {address:#x}");
    exit(FAILED)
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    println!("PANIC: {info}");
    exit(FAILED)
}
