//! The console, and the end of a program.

use core::{
    cell::RefCell,
    fmt::{self, Write},
};

use critical_section::Mutex;
use pynq_core::{Checked, Volatile};

use crate::{board::stack_top, stack};

/// Registers of a 16550 with a stride of four bytes, which on this board begin at 0x1000 in their block.
const TRANSMIT: usize = 0x1000;
const LINE_STATUS: usize = 0x1014;
const ROOM: u64 = 1 << 5;

/// The transmitter of a 16550. Speed and format are left as they are, which in the emulator is any.
struct Uart(Volatile);

impl Write for Uart {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let registers = Checked::new(&self.0);
        for byte in text.bytes() {
            while registers.read(LINE_STATUS, 4).map_err(|_| fmt::Error)? & ROOM == 0 {}
            registers.write(TRANSMIT, u32::from(byte)).map_err(|_| fmt::Error)?;
        }
        Ok(())
    }
}

static CONSOLE: Mutex<RefCell<Option<Uart>>> = Mutex::new(RefCell::new(None));

/// Makes the 16550 behind `window` the console.
pub(crate) fn install(window: Volatile) {
    critical_section::with(|section| *CONSOLE.borrow_ref_mut(section) = Some(Uart(window)));
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
/// without either, the processor stops at a breakpoint.
pub fn exit(status: i32) -> ! {
    crate::println!("stack: {} bytes", stack::used(stack_top()));
    semihosting::process::exit(status)
}
