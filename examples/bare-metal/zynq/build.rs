//! Tells the linker where memory is, and to use the start-up code's script; makes a module of the board's design.

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::copy("memory.x", out.join("memory.x"))?;
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    println!("cargo::rerun-if-changed=memory.x");
    pynq_hwh::codegen::build("../virtual-pynq-z2.hwh", "virtual_pynq_z2.rs")?;
    Ok(())
}
