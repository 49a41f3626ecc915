//! Turns handoff files into Rust modules before the examples are compiled.

use std::{env, error::Error, path::Path};

use pynq_hwh::{
    Design,
    codegen::{self, Generator},
};

fn main() -> Result<(), Box<dyn Error>> {
    codegen::build("../crates/pynq-hwh/fixtures/pynq-z2-buttons.hwh", "buttons.rs")?;

    // For a test: the modules of two published designs, where their files are.
    println!("cargo::rustc-check-cfg=cfg(real_files)");
    println!("cargo::rerun-if-env-changed=PYNQ_HWH_DIR");
    if let Some(folder) = env::var_os("PYNQ_HWH_DIR") {
        for (file, module) in [("z2-base.hwh", "z2_base"), ("zcu104-base.hwh", "zcu104_base")] {
            let design = Design::read(Path::new(&folder).join(file))?;
            codegen::write(&Generator::new(&design).module(module).generate()?, format!("{module}.rs"))?;
        }
        println!("cargo::rustc-cfg=real_files");
    }
    Ok(())
}
