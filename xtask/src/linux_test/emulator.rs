//! The emulator of the board: QEMU's Zynq, with programmable logic put into it.
//!
//! No distribution's QEMU has any, so it is compiled from the distribution's source package, with `board/pl.c` in it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{cache::Artifact, limit::Limit, sources};
use crate::{
    project::Project,
    shell::{Cmd, Failure},
    tools::EMULATOR_BUILD,
};

const LOGIC: &str = include_str!("../../board/pl.c");

const CONFIGURE: &str = "--target-list=arm-softmmu --without-default-features --without-default-devices \
    --with-devices-arm=pl --enable-fdt=system --enable-tcg --disable-docs --disable-install-blobs \
    --disable-debug-info";

/// What QEMU's build is made of, beside its source. Versions are fixed, so that a release does not break the run of an
/// unchanged project.
const PYTHON: &str = "meson==1.12.1 pycotap==1.3.1";

/// The devices of a board that has no others.
const DEVICES: [&str; 5] = ["ZYNQ", "UNIMP", "OR_IRQ", "SPLIT_IRQ", "PTIMER"];

/// The emulator, built if it has to be, or what is missing.
pub(super) fn emulator(project: &Project, limit: &Limit) -> Result<Result<PathBuf, String>, Failure> {
    let system = sources::os_release("VERSION_CODENAME").unwrap_or_default();
    let inputs =
        [LOGIC, CONFIGURE, PYTHON, &DEVICES.concat(), &system, std::env::consts::ARCH, include_str!("emulator.rs")];
    let artifact = Artifact::new("emulator", &inputs);
    if let Some(folder) = artifact.found()? {
        return Ok(Ok(folder.join("qemu-system-arm")));
    }
    if let Some(reason) = EMULATOR_BUILD.missing(project)? {
        return Ok(Err(reason));
    }
    let Some(suite) = suite(&system) else {
        return Ok(Err("the virtual board needs the sources of QEMU, from Debian's or Ubuntu's packages".to_owned()));
    };
    let Some(origin) = sources::origin(&system) else {
        return Ok(Err(format!("no source of packages for {system} in /etc/apt")));
    };
    let folder = artifact.build(|work, keep| build(limit, &suite, &origin, work, keep))?;
    Ok(Ok(folder.join("qemu-system-arm")))
}

/// The suite with a QEMU that is new enough, which is version 10.
fn suite(system: &str) -> Option<String> {
    match system {
        "" => None,
        "bookworm" => Some("bookworm-backports".to_owned()),
        other => Some(other.to_owned()),
    }
}

fn build(limit: &Limit, suite: &str, origin: &sources::Origin, work: &Path, keep: &Path) -> Result<(), Failure> {
    let archive = download(limit, suite, origin, work)?;
    let source = work.join("source");
    fs::create_dir(&source)?;
    let unpack = Cmd::new("tar").arg("-x").words("--strip-components=1").path("-f", &archive).path("-C", &source);
    limit.step("unpacking QEMU", &unpack, &work.join("unpack.log"))?;
    insert(&source)?;

    let python = work.join("python");
    let make = Cmd::new("python3").words("-m venv").arg(python.display().to_string());
    limit.step("a place for meson", &make, &work.join("venv.log"))?;
    let install = Cmd::new(python.join("bin/pip")).words("install --quiet --disable-pip-version-check").words(PYTHON);
    limit.step("installing meson", &install, &work.join("pip.log"))?;

    let configure = Cmd::new(source.join("configure")).dir(&source).words(CONFIGURE);
    let configure = configure.arg(format!("--python={}", python.join("bin/python3").display()));
    limit.step("configuring QEMU", &configure, &work.join("configure.log"))?;
    let ninja = Cmd::new("ninja").path("-C", &source.join("build")).arg("qemu-system-arm");
    limit.step("compiling QEMU", &ninja, &work.join("ninja.log"))?;
    let strip = Cmd::new("strip").path("-o", &keep.join("qemu-system-arm"));
    let strip = strip.arg(source.join("build/qemu-system-arm").display().to_string());
    limit.step("stripping it", &strip, &work.join("strip.log"))
}

/// The upstream archive out of the source package, by apt, but with a state of its own.
fn download(limit: &Limit, suite: &str, origin: &sources::Origin, work: &Path) -> Result<PathBuf, Failure> {
    let apt = work.join("apt");
    for folder in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(apt.join(folder))?;
    }
    let signed_by = origin.signed_by.as_ref().map(|path| format!("[signed-by={path}] ")).unwrap_or_default();
    fs::write(apt.join("sources.list"), format!("deb-src {signed_by}{} {suite} main\n", origin.uri))?;
    let get = |words: &str| {
        let option = |name: &str, path: &Path| format!("-oDir::{name}={}", path.display());
        Cmd::new("apt-get")
            .dir(work)
            .arg(option("Etc::SourceList", &apt.join("sources.list")))
            .arg(option("Etc::SourceParts", Path::new("/dev/null")))
            .arg(option("State::Lists", &apt.join("lists")))
            .arg(option("Cache", &apt.join("cache")))
            // Whose folder this is, apt's own user may not enter.
            .arg("-oAPT::Sandbox::User=")
            .words(words)
    };
    limit.step("list of source packages", &get("-q update"), &work.join("update.log"))?;
    let source = get("-q source --download-only --only-source qemu");
    let fetched = limit.step("source of QEMU", &source, &work.join("source.log"));
    // A mirror may have dropped the packaging of an older version; only the upstream archive is used.
    let archive = fs::read_dir(work)?.flatten().map(|entry| entry.path()).find(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("qemu_") && name.contains(".orig.tar.")
    });
    match archive {
        Some(archive) => Ok(archive),
        None => Err(fetched.err().unwrap_or_else(|| Failure::of(source, "apt-get brought no archive of QEMU"))),
    }
}

/// Puts the programmable logic into the machine, and leaves out what a source package does not carry.
fn insert(source: &Path) -> Result<(), Failure> {
    edit(&source.join("hw/arm/xilinx_zynq.c"), |text| {
        let (before, after) = text.split_once("static void zynq_init(MachineState *machine)")?;
        let (init, rest) = after.split_once("    /* DDR memory controller */")?;
        Some(format!(
            "{before}{LOGIC}\nstatic void zynq_init(MachineState *machine){init}    zynq_pl_init(pic);\n\n    \
             /* DDR memory controller */{rest}"
        ))
    })?;
    edit(&source.join("meson.build"), |text| {
        let kept: Vec<&str> =
            text.lines().filter(|line| !["subdir('pc-bios')", "subdir('tests')"].contains(line)).collect();
        Some(kept.join("\n") + "\n")
    })?;
    let devices: String = DEVICES.iter().map(|device| format!("CONFIG_{device}=y\n")).collect();
    fs::write(source.join("configs/devices/arm-softmmu/pl.mak"), devices)?;
    Ok(())
}

fn edit(path: &Path, change: impl FnOnce(&str) -> Option<String>) -> Result<(), Failure> {
    let changed = change(&fs::read_to_string(path)?);
    let changed =
        changed.ok_or_else(|| Failure::new(format!("{} is not as in QEMU 10: see emulator.rs", path.display())))?;
    Ok(fs::write(path, changed)?)
}
