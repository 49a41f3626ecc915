//! Where exceptions lead: interrupts to the controller, everything else to a report and the end.

use aarch32_rt::{exception, irq};

use crate::{exit, println};

/// The exit status of a program that panicked, and of one that met an exception.
const FAILED: i32 = 101;

#[irq]
fn interrupt() {
    pynq_baremetal::zynq::dispatch();
}

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
