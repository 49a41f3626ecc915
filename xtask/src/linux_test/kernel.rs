//! The kernel of the board, and the description of the board for it.
//!
//! No distribution's kernel runs on a Zynq-7000, so a small one is compiled from the distribution's sources.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
};

use super::{cache::Artifact, limit::Limit};
use crate::{
    project::Project,
    shell::{Cmd, Failure},
    tools::{CROSS_ARMV7, KERNEL_BUILD},
};

const CONFIG: &str = include_str!("../../board/kernel.config");
const BOARD: &str = include_str!("../../board/board.dts");

const CROSS: &str = "ARCH=arm CROSS_COMPILE=arm-linux-gnueabihf-";

/// Parts of the source that nothing here is built from; their build files are needed all the same.
const UNUSED: [&str; 8] = [
    "drivers/gpu/drm",
    "drivers/net/*",
    "drivers/media",
    "drivers/staging",
    "drivers/infiniband",
    "sound",
    "tools/testing",
    "tools/perf",
];

/// A kernel and its device tree.
pub(super) struct Kernel {
    pub(super) image: PathBuf,
    pub(super) device_tree: PathBuf,
}

/// The archive of the kernel's source, where the distribution's package puts it.
pub(crate) fn source() -> Option<PathBuf> {
    let files = fs::read_dir("/usr/src").ok()?.flatten().map(|entry| entry.path());
    let is_source = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("linux-source-") && name.ends_with(".tar.xz")
    };
    files.filter(is_source).max()
}

/// The kernel, built if it has to be, or what is missing.
pub(super) fn kernel(project: &Project, limit: &Limit) -> Result<Result<Kernel, String>, Failure> {
    // The packaged version does not count: a security update changes nothing that is tested here.
    let artifact = Artifact::new("kernel", &[CONFIG, BOARD, CROSS, &UNUSED.concat(), include_str!("kernel.rs")]);
    let of = |folder: PathBuf| Kernel { image: folder.join("zImage"), device_tree: folder.join("board.dtb") };
    if let Some(folder) = artifact.found()? {
        return Ok(Ok(of(folder)));
    }
    for tool in [&KERNEL_BUILD, &CROSS_ARMV7] {
        if let Some(reason) = tool.missing(project)? {
            return Ok(Err(reason));
        }
    }
    let Some(archive) = source() else { return Ok(Err("the kernel's source is missing".to_owned())) };
    Ok(Ok(of(artifact.build(|work, keep| build(limit, &archive, work, keep))?)))
}

fn build(limit: &Limit, archive: &Path, work: &Path, keep: &Path) -> Result<(), Failure> {
    let name = archive.file_name().and_then(|name| name.to_str()?.strip_suffix(".tar.xz")).unwrap_or_default();
    let mut unpack = Cmd::new("tar").arg("-x").path("-f", archive).path("-C", work);
    for folder in UNUSED {
        unpack = unpack.arg(format!("--exclude={name}/{folder}/*.[chSs]"));
    }
    limit.step("unpacking Linux", &unpack, &work.join("unpack.log"))?;
    let source = work.join(name);

    fs::write(work.join("config"), CONFIG)?;
    let make = || Cmd::new("make").path("-C", &source).words(CROSS);
    let configure = make().arg(format!("KCONFIG_ALLCONFIG={}", work.join("config").display())).arg("allnoconfig");
    limit.step("configuring Linux", &configure, &work.join("configure.log"))?;
    let taken = fs::read_to_string(source.join(".config"))?;
    let lost: Vec<&str> =
        CONFIG.lines().filter(|line| line.ends_with("=y") && !taken.lines().any(|taken| taken == *line)).collect();
    if !lost.is_empty() {
        return Err(Failure::new(format!("this kernel has no {}: see board/kernel.config", lost.join(", "))));
    }
    let jobs = thread::available_parallelism().map_or(2, |count| count.get() + 1);
    limit.step("compiling Linux", &make().arg(format!("-j{jobs}")).arg("zImage"), &work.join("make.log"))?;
    fs::copy(source.join("arch/arm/boot/zImage"), keep.join("zImage"))?;
    device_tree(limit, &source, work, keep)
}

/// The kernel's own description of a Zynq board, and what is special about ours.
fn device_tree(limit: &Limit, source: &Path, work: &Path, keep: &Path) -> Result<(), Failure> {
    let folder = source.join("arch/arm/boot/dts");
    // The files have moved in the course of time.
    let vendor = folder.join("xilinx");
    let base = if vendor.is_dir() { vendor } else { folder };
    let expanded = work.join("zed.dts");
    let preprocess = Cmd::new("cpp")
        .words("-nostdinc -undef -x assembler-with-cpp -P")
        .path("-I", &base)
        .path("-I", &source.join("include"))
        .path("-o", &expanded)
        .arg(base.join("zynq-zed.dts").display().to_string());
    limit.step("the kernel's device tree", &preprocess, &work.join("cpp.log"))?;
    let whole = work.join("board.dts");
    fs::write(&whole, fs::read_to_string(&expanded)? + "\n" + BOARD)?;
    let compile = Cmd::new("dtc").words("-q -I dts -O dtb").path("-o", &keep.join("board.dtb"));
    let compile = compile.arg(whole.display().to_string());
    limit.step("the board's device tree", &compile, &work.join("dtc.log"))
}
