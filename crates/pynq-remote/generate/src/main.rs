//! Makes `src/generated` out of the files in `proto`; with `--check`, only says whether it is what they say.
#![forbid(unsafe_code)]

use std::{env, error::Error, fs, path::Path, process::ExitCode};

const FILES: [&str; 6] =
    ["remote_device.proto", "mmio.proto", "buffer.proto", "gpio.proto", "interrupts.proto", "simulation.proto"];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let check = env::args().any(|argument| argument == "--check");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (proto, generated) = (root.join("proto"), root.join("src/generated"));
    let out = env::temp_dir().join(format!("pynq-remote-generate-{}", std::process::id()));
    fs::create_dir_all(&out)?;
    let made = make(&proto, &out);
    let differs = made.and_then(|()| install(&out, &generated, check));
    fs::remove_dir_all(&out)?;
    Ok(if differs? { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn make(proto: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    let descriptors = protox::compile(FILES, [proto])?;
    tonic_prost_build::configure()
        .out_dir(out)
        .build_transport(false)
        .emit_rerun_if_changed(false)
        .compile_fds(descriptors)?;
    Ok(())
}

/// Copies what was made, or compares it. Returns whether a comparison found a difference.
fn install(out: &Path, generated: &Path, check: bool) -> Result<bool, Box<dyn Error>> {
    let mut differs = false;
    let mut count = 0;
    for entry in fs::read_dir(out)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else { continue };
        let (text, target) = (fs::read_to_string(&path)?, generated.join(name));
        count += 1;
        if !check {
            fs::write(&target, &text)?;
        } else if fs::read_to_string(&target).unwrap_or_default() != text {
            eprintln!("{} is not what the files in proto say: run this without --check", target.display());
            differs = true;
        }
    }
    if fs::read_dir(generated)?.count() != count {
        eprintln!("{} has files that no .proto file makes", generated.display());
        differs = true;
    }
    Ok(differs)
}
