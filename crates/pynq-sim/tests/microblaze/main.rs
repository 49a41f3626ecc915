//! A soft processor that executes its program on the simulated board.

#[path = "../../../pynq-iss/tests/support/assembler.rs"]
mod assembler;
#[cfg(feature = "hwh")]
mod design;
mod processor;
