//! `pynq new`: a project of one's own, which runs as it is.

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};

/// Arguments of `pynq new`.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// The folder, whose name is that of the package.
    folder: PathBuf,
    /// What the program runs on.
    #[arg(long, value_enum, default_value_t = Kind::Hosted)]
    kind: Kind,
    /// The handoff file that firmware is built from; else that of a PYNQ-Z2 with its buttons and LEDs.
    #[arg(long, value_name = "HWH")]
    hwh: Option<PathBuf>,
    /// The folder of the crates' sources, if they are to be taken from there and not from the registry.
    #[arg(long, value_name = "FOLDER")]
    crates: Option<PathBuf>,
}

/// What a program runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// An operating system: a PC with a simulated board, or Linux on a real one.
    Hosted,
    /// A Zynq-7000 without an operating system.
    Zynq,
}

/// A file of a template: its name in the project, and its text with `{name}` and `{CRATE}` to be filled in.
type File = (&'static str, &'static str);

macro_rules! template {
    ($($file:literal from $path:literal),* $(,)?) => {
        &[$(($file, include_str!(concat!("../templates/", $path)))),*]
    };
}

const HOSTED: &[File] = template! {
    "Cargo.toml" from "hosted/Cargo.toml.in",
    "src/main.rs" from "hosted/src/main.rs.in",
    ".gitignore" from "gitignore.in",
};

const ZYNQ: &[File] = template! {
    "Cargo.toml" from "zynq/Cargo.toml.in",
    ".cargo/config.toml" from "zynq/config.toml.in",
    "build.rs" from "zynq/build.rs.in",
    "memory.x" from "zynq/memory.x.in",
    "src/main.rs" from "zynq/src/main.rs.in",
    "src/board.rs" from "zynq/src/board.rs.in",
    "src/start.rs" from "zynq/src/start.rs.in",
    ".gitignore" from "gitignore.in",
};

/// The crates that a template names.
const CRATES: [&str; 5] = ["pynq", "pynq-baremetal", "pynq-core", "pynq-drivers", "pynq-hwh"];

/// Makes the project, and says what to do next.
pub(crate) fn run(options: &New) -> Result<String, String> {
    let name = package_name(&options.folder)?;
    let source = options.crates.clone().or_else(own_sources);
    if let (Kind::Hosted, Some(_)) = (options.kind, &options.hwh) {
        return Err("--hwh is for firmware, whose design is compiled in; a hosted program opens the file".to_owned());
    }
    let files = match options.kind {
        Kind::Hosted => HOSTED,
        Kind::Zynq => ZYNQ,
    };
    let mut lacking = Vec::new();
    let handoff = match (options.kind, &options.hwh) {
        (Kind::Hosted, _) => None,
        (Kind::Zynq, None) => Some(pynq::boards::pynq_z2().handoff().unwrap_or_default().to_owned()),
        (Kind::Zynq, Some(path)) => {
            let design = pynq_hwh::Design::read(path).map_err(|error| crate::about(path, &error))?;
            lacking = fits(path, &design)?;
            Some(fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?)
        }
    };
    if let Some(folder) = &source
        && !folder.join("pynq/Cargo.toml").is_file()
    {
        return Err(format!("{} does not have the crates: there is no pynq/Cargo.toml in it", folder.display()));
    }
    make(&options.folder, &options.folder)?;
    for (file, text) in files {
        write(&options.folder.join(file), &fill(text, &name, source.as_deref()))?;
    }
    if let Some(text) = handoff {
        write(&options.folder.join("base.hwh"), &text)?;
    }
    let mut said = format!("made {}\n", options.folder.display());
    let next = match options.kind {
        Kind::Hosted => "cargo run",
        Kind::Zynq => "cargo build --release",
    };
    if !lacking.is_empty() {
        let has: Vec<&str> = lacking.iter().map(String::as_str).collect();
        let _ = writeln!(
            said,
            "the design has no {}: put the names of your blocks into src/main.rs (`pynq hwh --rust` shows the module)",
            has.join(", ")
        );
    }
    let _ = writeln!(said, "next: cd {} && {next}", options.folder.display());
    Ok(said)
}

/// The blocks of the template's program that the design lacks.
fn fits(path: &Path, design: &pynq_hwh::Design) -> Result<Vec<String>, String> {
    let family = design.processor.as_ref().map(|processor| processor.family);
    if family != Some(pynq_hwh::Family::Zynq7000) {
        return Err(format!("{} is not for a Zynq-7000; there is a template for no other processor", path.display()));
    }
    let used = ["btns_gpio", "leds_gpio", "system_interrupts"];
    Ok(used.into_iter().filter(|name| !design.ip.contains_key(*name)).map(str::to_owned).collect())
}

/// The folder's name, if a package can have it.
fn package_name(folder: &Path) -> Result<String, String> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    if begins && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c)) {
        return Ok(name.to_owned());
    }
    Err(format!(
        "`{name}` can't be the name of a package: take a small letter, then small letters, digits, `-` and `_`"
    ))
}

/// Where this command was built from the sources of the project, those: until the crates are in a registry.
fn own_sources() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    folder.join("pynq/Cargo.toml").is_file().then(|| folder.to_owned())
}

/// Fills in the name of the package, and where each crate comes from.
fn fill(text: &str, name: &str, source: Option<&Path>) -> String {
    let mut text = text.replace("{name}", name);
    for package in CRATES {
        let from = match source {
            Some(folder) => format!("path = {:?}", folder.join(package).display().to_string()),
            None => format!("version = {:?}", env!("CARGO_PKG_VERSION")),
        };
        text = text.replace(&format!("{{{package}}}"), &from);
    }
    text
}

/// Makes a folder that is not there yet.
fn make(folder: &Path, shown: &Path) -> Result<(), String> {
    fs::create_dir(folder).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => format!("{} is there already; take another name", shown.display()),
        _ => format!("cannot make {}: {error}", shown.display()),
    })
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let written = match path.parent() {
        Some(folder) => fs::create_dir_all(folder).and_then(|()| fs::write(path, text)),
        None => fs::write(path, text),
    };
    written.map_err(|error| format!("cannot write {}: {error}", path.display()))
}
