//! The console, and the end of a program.

use core::{
    cell::RefCell,
    fmt::{self, Write},
};

use critical_section::Mutex;
use pynq_baremetal::zynq::Uart;

use crate::{board::stack_top, stack};

static CONSOLE: Mutex<RefCell<Option<Uart>>> = Mutex::new(RefCell::new(None));

/// Makes `uart` the console.
pub(crate) fn install(uart: Uart) {
    critical_section::with(|section| *CONSOLE.borrow_ref_mut(section) = Some(uart));
}

/// Writes to the console. A line comes out whole, whoever else writes.
pub fn print(text: fmt::Arguments<'_>) {
    critical_section::with(|section| {
        // Taken already: this is a panic inside of a `Display`. What was being written is lost, this is not.
        let Ok(mut console) = CONSOLE.borrow(section).try_borrow_mut() else { return };
        if let Some(uart) = console.as_mut() {
            let _ = uart.write_fmt(text);
        }
    });
}

/// Writes a line to the console.
#[macro_export]
macro_rules! println {
    ($($text:tt)*) => {
        $crate::print(format_args!("{}\r\n", format_args!($($text)*)))
    };
}

/// Ends the program, and tells how much stack it has used. The emulator ends with this status; a debugger is told;
/// without either, it stops here.
pub fn exit(status: i32) -> ! {
    crate::println!("stack: {} bytes", stack::used(stack_top()));
    critical_section::with(|section| {
        if let Ok(mut console) = CONSOLE.borrow(section).try_borrow_mut() {
            if let Some(uart) = console.as_mut() {
                uart.drain();
            }
        }
    });
    semihosting::process::exit(status)
}
