//! Tells the linker where memory is, and to use the start-up code's script; makes a module of the board's design, and looks
//! up the crystal from which all clocks come.

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system != "none") {
        return Err(
            "this is firmware for a Zynq-7000: build it in examples/bare-metal, where .cargo/config.toml names its \
                    target, or with --target armv7a-none-eabi (rustup target add armv7a-none-eabi)"
                .into(),
        );
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::copy("memory.x", out.join("memory.x"))?;
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    println!("cargo::rerun-if-changed=memory.x");
    pynq_hwh::codegen::build("../virtual-pynq-z2.hwh", "virtual_pynq_z2.rs")?;
    let design = pynq_hwh::Design::read("../virtual-pynq-z2.hwh")?;
    // A PYNQ-Z1 or Z2 has 50 MHz, and so has this design if it does not say.
    let crystal_mhz = design.processor_parameters.float("PCW_CRYSTAL_PERIPHERAL_FREQMHZ").unwrap_or(50.0);
    println!("cargo::rustc-env=CRYSTAL_HZ={:.0}", crystal_mhz * 1e6);
    Ok(())
}
