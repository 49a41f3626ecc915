//! Tells the linker where memory is, and to use the start-up code's script.

use std::{env, fs, io, path::PathBuf};

fn main() -> io::Result<()> {
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system != "none") {
        return Err(io::Error::other(
            "this is firmware for a MicroBlaze-V: build it in examples/bare-metal/microblaze-v, where .cargo/config.toml names \
             its target, or with --target riscv32imac-unknown-none-elf (rustup target add riscv32imac-unknown-none-elf)",
        ));
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::copy("memory.x", out.join("memory.x"))?;
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=-Tmemory.x");
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    println!("cargo::rerun-if-changed=memory.x");
    Ok(())
}
