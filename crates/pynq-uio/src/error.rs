//! What can go wrong between a program and the kernel.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use pynq_core::{dma::DmaError, pl_clocks::PlClockError};

use crate::{FpgaState, OverlayStatus};

/// Why a request to the kernel could not be made, or how it failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A file of the kernel's could not be used.
    File {
        /// What was to be done, as in "open" or "read".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the kernel said.
        error: io::Error,
    },
    /// A file of the kernel's does not hold what it should.
    FileContent {
        /// The file.
        path: PathBuf,
        /// What it holds.
        found: String,
        /// What it should hold.
        wanted: &'static str,
    },
    /// There is no FPGA manager, or it is gone.
    NoFpgaManager {
        /// Where one was looked for.
        path: PathBuf,
    },
    /// There are several FPGA managers, and none was named.
    SeveralFpgaManagers {
        /// Their names.
        found: Vec<String>,
    },
    /// There is no FPGA manager of this name.
    UnknownFpgaManager {
        /// The name.
        requested: String,
        /// The names there are.
        found: Vec<String>,
    },
    /// The kernel does not let a program start programming.
    NoProgrammingFile {
        /// The manager.
        manager: String,
        /// The file that is missing.
        path: PathBuf,
    },
    /// Another process is programming.
    ProgrammingInProgress {
        /// The manager.
        manager: String,
        /// The file they hold a lock on.
        lock: PathBuf,
        /// The process, where the system shows it.
        holder: Option<u32>,
    },
    /// A name that no firmware file can have.
    FirmwareName {
        /// The name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The folder that the kernel reads firmware from is missing.
    NoFirmwareFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The bitstream can't be used.
    Bitstream(pynq_hwh::Error),
    /// A partial bitstream was to be loaded as a full one.
    PartialMismatch,
    /// The kernel failed to program.
    ProgrammingRefused {
        /// The manager.
        manager: String,
        /// The firmware file.
        file: PathBuf,
        /// What the kernel said.
        error: io::Error,
        /// The state after that, if it can be read.
        state: Option<FpgaState>,
        /// The driver's words, if it has any.
        status: Vec<String>,
    },
    /// The kernel said it had programmed, and the logic does not run.
    NotOperating {
        /// The manager.
        manager: String,
        /// The state at the last look.
        state: FpgaState,
        /// The driver's words, if it has any.
        status: Vec<String>,
        /// How often the state was looked at.
        looks: u32,
    },
    /// There is no design in the logic.
    NotProgrammed {
        /// The manager.
        manager: String,
        /// Its state.
        state: FpgaState,
    },
    /// The kernel takes no device-tree overlays.
    NoDeviceTreeOverlays {
        /// The folder that is missing.
        path: PathBuf,
    },
    /// A name that no overlay can have.
    OverlayName {
        /// The name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Not a compiled device tree.
    OverlayBlob {
        /// Name of the overlay.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// There is an overlay of this name already.
    OverlayExists {
        /// The name.
        name: String,
    },
    /// There is no overlay of this name.
    NoSuchOverlay {
        /// The name.
        name: String,
    },
    /// The kernel refused an overlay.
    OverlayRefused {
        /// Its name.
        name: String,
        /// The file that it was written to.
        path: PathBuf,
        /// What the kernel said.
        error: io::Error,
    },
    /// The kernel took an overlay without complaint, and did not apply it.
    OverlayNotApplied {
        /// Its name.
        name: String,
        /// Its status.
        status: OverlayStatus,
    },
    /// An overlay was to be removed before those that were applied after it.
    OverlayOrder {
        /// Its name.
        name: String,
        /// The later ones, the latest last.
        later: Vec<String>,
    },
    /// There is no memory for DMA buffers, or none of this name.
    NoDmaMemory {
        /// The name of the device, if one was named.
        name: Option<String>,
    },
    /// A DMA buffer can't be had.
    Dma {
        /// The devices that were looked at.
        device: String,
        /// Why none will do.
        error: DmaError,
    },
    /// The kernel refused to map a range of a device file.
    Map {
        /// The file.
        path: PathBuf,
        /// Where the range starts, in bytes; the physical address in `/dev/mem`.
        offset: u64,
        /// Its bytes.
        length: usize,
        /// What the kernel said.
        error: io::Error,
    },
    /// The pages that take a device away from its old handles could not be had, so that it is still reachable.
    Revoke {
        /// The file that is mapped.
        path: PathBuf,
        /// What the kernel said.
        error: io::Error,
    },
    /// A range reaches beyond what is mapped. In bytes.
    OutOfRange {
        /// Where the range starts.
        offset: usize,
        /// How long it is.
        length: usize,
        /// How much is mapped.
        size: usize,
    },
    /// No UIO device matches the request.
    NoDevice {
        /// What was requested, as in `for interrupt 61`.
        requested: String,
        /// The devices there are.
        found: Vec<String>,
        /// Where sysfs has no devices because the kernel has no UIO at all: the folder that is missing.
        missing_class: Option<PathBuf>,
        /// The names of the requested interrupt's handlers, if it has any.
        held_by: Vec<String>,
    },
    /// Several UIO devices match the request.
    AmbiguousDevice {
        /// What was requested.
        requested: String,
        /// The devices.
        found: Vec<String>,
    },
    /// The system does not show which of several an interrupt is, or which device has it.
    AmbiguousInterrupt {
        /// What was requested.
        requested: String,
        /// What it may be.
        candidates: Vec<String>,
    },
    /// The UIO device behind a file is not the one that was looked for any more.
    Replaced {
        /// The file.
        path: PathBuf,
        /// The name of the device that was looked for.
        requested: String,
        /// The name of the one that is there, if one is.
        found: Option<String>,
    },
    /// A UIO device has no map with these registers.
    NotCovered {
        /// The physical address.
        address: u64,
        /// How many bytes from there.
        size: usize,
        /// The device, with its maps.
        device: String,
    },
    /// Another holder has claimed it.
    Busy {
        /// The file whose lock is the claim: a UIO device, or a lock file named after a physical address.
        path: PathBuf,
        /// The process that holds it, where the system shows it.
        holder: Option<u32>,
    },
    /// A driver of the kernel has the block.
    KernelHas {
        /// The device, as the platform bus calls it: `41e00000.spi`.
        device: String,
        /// The driver: `xilinx_spi`.
        driver: String,
    },
    /// The device tree names no processor whose clocks to the logic are known.
    UnknownProcessor {
        /// The file that should name it.
        path: PathBuf,
    },
    /// A clock to the logic can't be read or set.
    PlClock(PlClockError),
    /// Something else has the name of a lock file, or of the folder of the lock files.
    LockFile {
        /// The name.
        path: PathBuf,
        /// What it is, as in "a FIFO".
        found: &'static str,
        /// The user it belongs to, by number.
        owner: u32,
    },
    /// An address or an offset of a register is no multiple of four.
    Unaligned {
        /// The address or offset.
        address: u64,
    },
}

impl Error {
    /// What the kernel said to an action on a file.
    pub(crate) fn file(action: &'static str, path: impl Into<PathBuf>, error: impl Into<io::Error>) -> Self {
        Self::File { action, path: path.into(), error: error.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { action, path, error } => {
                write!(f, "can't {action} {}: {error}", path.display())?;
                f.write_str(file_cure(path, error))
            }
            Self::FileContent { path, found, wanted } => {
                write!(f, "{} holds {found:?} where {wanted} was expected", path.display())
            }
            Self::NoFpgaManager { path } => write!(
                f,
                "there is no FPGA manager at {}; load the kernel's driver for it (zynq-fpga, zynqmp-fpga), and check its node in the device tree",
                path.display(),
            ),
            Self::SeveralFpgaManagers { found } => {
                write!(f, "there are several FPGA managers ({}); say which", found.join(", "))
            }
            Self::UnknownFpgaManager { requested, found } if found.is_empty() => {
                write!(f, "no FPGA manager \"{requested}\", nor any other")
            }
            Self::UnknownFpgaManager { requested, found } => {
                write!(f, "no FPGA manager \"{requested}\"; there is {}", found.join(", "))
            }
            Self::NoProgrammingFile { manager, path } => write!(
                f,
                "this kernel does not let a program start {manager}: it has no {}. Kernels from Xilinx have it; on a \
                 mainline kernel, apply a device-tree overlay that targets the fpga-region and names the bitstream in \
                 `firmware-name`, or attach to a design that was loaded before Linux",
                path.display(),
            ),
            Self::ProgrammingInProgress { manager, lock, holder } => {
                write!(f, "{manager} is being programmed by ")?;
                match holder {
                    Some(pid) if *pid == std::process::id() => f.write_str("this very process")?,
                    Some(pid) => write!(f, "process {pid}")?,
                    None => f.write_str("another process")?,
                }
                write!(f, ", which holds {}; try again", lock.display())
            }
            Self::FirmwareName { name, problem } => {
                write!(f, "\"{name}\" can't be the name of a firmware file: it {problem}; use a name like base.bin")
            }
            Self::NoFirmwareFolder { path } => {
                write!(f, "the kernel reads bitstreams from {path}, which is no folder; mkdir -p {path}", path = path.display())
            }
            Self::Bitstream(error) => error.fmt(f),
            Self::PartialMismatch => f.write_str(
                "the bitstream's header says that it is a partial one, and it was to be loaded as a full one; load it with `partial`",
            ),
            Self::ProgrammingRefused { manager, file, error, state, status } => {
                write!(f, "{manager} failed to load {}: {error}", file.display())?;
                if let Some(state) = state {
                    write!(f, "; its state is now \"{state}\"")?;
                }
                said(f, status)?;
                f.write_str("; the kernel's log (dmesg) may say more. Nothing in the logic may be accessed until a design was loaded")
            }
            Self::NotOperating { manager, state, status, looks } => {
                write!(f, "{manager} was programmed and is \"{state}\" instead of \"operating\"")?;
                if *looks > 1 {
                    write!(f, ", at the last of {looks} looks")?;
                }
                said(f, status)?;
                f.write_str("; check that the bitstream is for this part. Nothing in the logic may be accessed until a design was loaded")
            }
            Self::NotProgrammed { manager, state } => write!(
                f,
                "no design is loaded: {manager} is \"{state}\" instead of \"operating\"; program a full bitstream first",
            ),
            Self::NoDeviceTreeOverlays { path } => write!(
                f,
                "this kernel takes no device-tree overlays: there is no {}; mount -t configfs configfs /sys/kernel/config, \
                 or use a kernel with CONFIG_OF_CONFIGFS (Xilinx's have it, mainline does not)",
                path.display(),
            ),
            Self::OverlayName { name, problem } => {
                write!(f, "\"{name}\" can't be the name of an overlay: it {problem}; use a name like fabric")
            }
            Self::OverlayBlob { name, problem } => write!(f, "overlay \"{name}\" is no compiled device tree: {problem}"),
            Self::OverlayExists { name } => {
                write!(f, "there is a device-tree overlay \"{name}\" already; remove it first, or take another name")
            }
            Self::NoSuchOverlay { name } => {
                write!(f, "there is no device-tree overlay \"{name}\"; the list shows which there are")
            }
            Self::OverlayRefused { name, path, error } => {
                write!(f, "the kernel refused overlay \"{name}\", written to {}: {error}", path.display())?;
                f.write_str(match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
                    Some(rustix::io::Errno::PERM) => "; an overlay is applied already in this very folder; take another name",
                    Some(rustix::io::Errno::NOENT) => "; the file is missing from the firmware folder",
                    _ => "; the kernel's log (dmesg) says more",
                })
            }
            Self::OverlayNotApplied { name, status } => write!(
                f,
                "the kernel took overlay \"{name}\" without complaint, but it is {status}; the kernel's log (dmesg) says why. \
                 An overlay that refers to labels needs a base tree with __symbols__ (dtc -@)",
            ),
            Self::NoDmaMemory { name } => {
                match name {
                    Some(name) => write!(f, "there is no DMA memory \"{name}\"")?,
                    None => f.write_str("there is no memory for DMA buffers")?,
                }
                f.write_str(
                    "; load a module that provides it: XRT's zocl, by a node of the device tree with compatible = \"xlnx,zocl\", \
                     or u-dma-buf, as in `modprobe u-dma-buf udmabuf0=1048576` or `modprobe u-dma-buf-mgr`",
                )
            }
            Self::Dma { device, error } => write!(f, "{error}; looked at {device}"),
            Self::OverlayOrder { name, later } => write!(
                f,
                "overlay \"{name}\" can't be removed before those applied after it; remove {} first",
                later.iter().rev().map(String::as_str).collect::<Vec<_>>().join(", then "),
            ),
            Self::Map { path, offset, length, error } => {
                write!(f, "can't map {length:#x} bytes at {offset:#x} of {}: {error}", path.display())?;
                f.write_str(map_cure(error))
            }
            Self::Revoke { path, error } => write!(
                f,
                "can't take {} away from its old handles: {error}; close them before the device changes",
                path.display()
            ),
            Self::OutOfRange { offset, length, size } => {
                write!(f, "{length:#x} bytes at offset {offset:#x} reach beyond the {size:#x} bytes mapped; stay below")
            }
            Self::NoDevice { requested, missing_class: Some(folder), .. } => write!(
                f,
                "no UIO device {requested}: this kernel has none at all, there is no {}; {BIND}",
                folder.display()
            ),
            Self::NoDevice { requested, found, held_by, .. } => {
                write!(f, "no UIO device {requested}")?;
                if !held_by.is_empty() {
                    write!(f, ", which {} handles", held_by.join(" and "))?;
                }
                let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
                write!(f, "; this system has: {found}; {BIND}")
            }
            Self::AmbiguousDevice { requested, found } => {
                write!(f, "several UIO devices {requested}: {}; ask by address or by interrupt", found.join(", "))
            }
            Self::AmbiguousInterrupt { requested, candidates } => write!(
                f,
                "the system does not show which {requested} is: it may be {}; give the devices different names \
                 (`linux,uio-name` in the device tree)",
                candidates.join(" or ")
            ),
            Self::Replaced { path, requested, found } => {
                write!(f, "{} is no longer the device \"{requested}\"", path.display())?;
                match found {
                    Some(found) => write!(f, " but \"{found}\"")?,
                    None => f.write_str(", it was removed")?,
                }
                f.write_str("; look for the devices again")
            }
            Self::NotCovered { address, size, device } => write!(
                f,
                "{size:#x} bytes at {address:#x} are not all in a map of {device}; ask for less, or correct its `reg` in \
                 the device tree"
            ),
            Self::Busy { path, holder } => {
                write!(f, "{} is in use by ", path.display())?;
                match holder {
                    Some(pid) if *pid == std::process::id() => f.write_str("this very process")?,
                    Some(pid) => write!(f, "process {pid}")?,
                    None => f.write_str("another process")?,
                }
                f.write_str("; end that use first, since two would reset each other's interrupts")
            }
            Self::KernelHas { device, driver } => write!(
                f,
                "the kernel's driver {driver} has this block as {device}; use it through the kernel, or end that: echo \
                 {device} > /sys/bus/platform/drivers/{driver}/unbind"
            ),
            Self::UnknownProcessor { path } => write!(
                f,
                "the clocks to the logic are not known on this system: {} names neither xlnx,zynq-7000 nor xlnx,zynqmp",
                path.display()
            ),
            Self::PlClock(error) => error.fmt(f),
            Self::LockFile { path, found, owner } => write!(
                f,
                "{} is {found} of user {owner} where a lock file of this library is expected; ask that user what it is for, \
                 or remove it as root",
                path.display()
            ),
            Self::Unaligned { address } => {
                write!(f, "{address:#x} is no multiple of 4; registers are words, use {:#x}", address & !3)
            }
        }
    }
}

/// How a device comes to UIO.
const BIND: &str = "its node needs a `compatible` that the driver accepts (compatible = \"generic-uio\", and `modprobe \
    uio_pdrv_genirq of_id=generic-uio` or uio_pdrv_genirq.of_id=generic-uio on the kernel's command line)";

/// What to do about a file that could not be used.
fn file_cure(path: &Path, error: &io::Error) -> &'static str {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    match error.kind() {
        io::ErrorKind::PermissionDenied if name == "mem" => {
            "; run as root, with CAP_SYS_RAWIO and without kernel lockdown, or give the block to UIO in the device tree"
        }
        io::ErrorKind::PermissionDenied if name.starts_with("pynq-") => {
            "; run as root, or let a group make lock files: `install -d -g uio -m 2775 /run/pynq`, at each start by tmpfiles.d \
             (see `pynq doctor`)"
        }
        io::ErrorKind::PermissionDenied => "; run as root, or install a udev rule (see `pynq doctor`)",
        io::ErrorKind::NotFound if name == "mem" => {
            "; this kernel has no physical memory file (CONFIG_DEVMEM): give the block to UIO in the device tree"
        }
        io::ErrorKind::NotFound if name.starts_with("uio") => {
            "; the device was unbound, or udev has not made its file yet: look again"
        }
        _ => "",
    }
}

/// What to do about a mapping that was refused.
fn map_cure(error: &io::Error) -> &'static str {
    match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
        Some(rustix::io::Errno::PERM) => {
            "; this kernel keeps the range to itself (CONFIG_STRICT_DEVMEM: memory, or registers that a kernel driver \
             holds); give the block to UIO in the device tree, or free it of its driver"
        }
        Some(rustix::io::Errno::INVAL) => {
            "; the device has no such map, or it is smaller, or this is no multiple of a page"
        }
        Some(rustix::io::Errno::NODEV) => "; the device's map starts inside a page, or is none that can be mapped",
        _ => "",
    }
}

/// The driver's words on what went wrong.
fn said(f: &mut fmt::Formatter<'_>, status: &[String]) -> fmt::Result {
    if status.is_empty() { Ok(()) } else { write!(f, " ({})", status.join(", ")) }
}

impl From<pynq_hwh::Error> for Error {
    fn from(error: pynq_hwh::Error) -> Self {
        Self::Bitstream(error)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { error, .. }
            | Self::Map { error, .. }
            | Self::Revoke { error, .. }
            | Self::ProgrammingRefused { error, .. }
            | Self::OverlayRefused { error, .. } => Some(error),
            Self::Bitstream(error) => std::error::Error::source(error),
            Self::Dma { error, .. } => Some(error),
            Self::PlClock(error) => Some(error),
            _ => None,
        }
    }
}
