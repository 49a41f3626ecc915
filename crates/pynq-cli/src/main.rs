//! The `pynq` command.
fn main() {}
