//! DMA buffers by zocl, the driver that XRT brings and PYNQ images have: buffer objects of a DRM device.
//!
//! A buffer object belongs to the open file that it was made through, which each buffer has to itself: closing it gives
//! the memory back, however the process ends.
//!
//! Uncached memory is requested. The driver can give cached memory too, but in some of its versions the call that hands
//! a range over does nothing, since XRT came to flush caches by itself.
#![forbid(unsafe_code)]

#[cfg(test)]
mod tests;

use std::{
    fmt,
    fs::File,
    os::fd::{AsFd as _, BorrowedFd},
    path::PathBuf,
    sync::Arc,
};

use pynq_core::dma::{DmaError, DmaRequest};
use rustix::io::Errno;

use super::{DmaDevice, LinuxDmaBuffer, missing, open};
use crate::{
    Error, Memory, Result, SystemPaths,
    kernel_files::{KernelFiles, text},
    mapping::drm::{self, CreateBo, InfoBo, MapBo},
};

/// What the driver's devices are called in the device tree, and the driver itself.
const DRIVER: &str = "zocl";

/// The driver's calls on an open device. Behind a trait, because no plain file takes them.
pub(super) trait BufferObjects: fmt::Debug + Send + Sync {
    /// Makes a buffer object of so many bytes, and gives its handle.
    fn create(&self, file: BorrowedFd<'_>, size: u64) -> Result<u32, Errno>;

    /// Its bytes, which may be more, and its physical address.
    fn info(&self, file: BorrowedFd<'_>, handle: u32) -> Result<(u64, u64), Errno>;

    /// Where in the file it is mapped.
    fn offset(&self, file: BorrowedFd<'_>, handle: u32) -> Result<u64, Errno>;
}

/// The kernel's.
#[derive(Debug)]
pub(super) struct KernelCalls;

impl BufferObjects for KernelCalls {
    fn create(&self, file: BorrowedFd<'_>, size: u64) -> Result<u32, Errno> {
        // Without flags: of the first bank of memory, not cached.
        let mut argument = CreateBo { size, ..CreateBo::default() };
        drm::create(file, &mut argument).map(|()| argument.handle)
    }

    fn info(&self, file: BorrowedFd<'_>, handle: u32) -> Result<(u64, u64), Errno> {
        let mut argument = InfoBo { handle, ..InfoBo::default() };
        drm::info(file, &mut argument).map(|()| (argument.size, argument.physical_address))
    }

    fn offset(&self, file: BorrowedFd<'_>, handle: u32) -> Result<u64, Errno> {
        let mut argument = MapBo { handle, ..MapBo::default() };
        drm::map(file, &mut argument).map(|()| argument.offset)
    }
}

/// The driver's device, if this system has one.
pub(super) fn find(paths: &SystemPaths, files: &dyn KernelFiles) -> Option<Zocl> {
    let class = paths.sys.join("class/drm");
    let names = files.list(&class).ok()?;
    let name = names.into_iter().find(|name| {
        let says = |file: &str| text(files, &class.join(name).join("device").join(file)).unwrap_or_default();
        // `DRIVER=zocl-drm`; where a device has no driver, or another one, it is nothing to us.
        name.starts_with("renderD")
            && says("uevent")
                .lines()
                .any(|line| line.strip_prefix("DRIVER=").is_some_and(|driver| driver.starts_with(DRIVER)))
    })?;
    let folder = class.join(&name);
    Some(Zocl { node: paths.dev.join("dri").join(&name), name, folder })
}

/// The device of the driver zocl.
pub(super) struct Zocl {
    name: String,
    node: PathBuf,
    folder: PathBuf,
}

impl Zocl {
    /// A buffer of its own.
    pub(super) fn allocate(&self, calls: &Arc<dyn BufferObjects>, request: &DmaRequest) -> Result<LinuxDmaBuffer> {
        let none = |error| Error::Dma { device: format!("{} (zocl)", self.node.display()), error };
        let failed = |action| {
            let node = self.node.clone();
            move |errno: Errno| match errno {
                Errno::NOMEM => none(DmaError::NoMemory { size: request.size() }),
                _ => Error::file(action, node, errno),
            }
        };
        let file = open(&self.node, File::options().read(true).write(true))?;
        let handle = calls.create(file.as_fd(), request.size() as u64).map_err(failed("make a buffer object by"))?;
        let (size, physical_address) =
            calls.info(file.as_fd(), handle).map_err(failed("look at a buffer object of"))?;
        request.check_address(physical_address).map_err(none)?;
        if size < request.size() as u64 {
            return Err(none(DmaError::NoMemory { size: request.size() }));
        }
        let offset = calls.offset(file.as_fd(), handle).map_err(failed("find a buffer object of"))?;
        let memory = Memory::of_file(&file, &self.node, offset, request.size())?;
        let device = DmaDevice {
            name: self.name.clone(),
            physical_address,
            size: usize::try_from(size).unwrap_or(usize::MAX),
            // Nothing of it is in a cache, so that there is nothing to hand over but the order of accesses.
            coherent: true,
            folder: self.folder.clone(),
        };
        Ok(LinuxDmaBuffer { memory, device, size: request.size(), sync: None, _claim: file, _created: None })
    }
}

/// Whether an error says that this way gives no buffer, so that the next one may be tried: no memory, no address of the
/// width, no right to use the device.
pub(super) fn may_try_another(error: &Error) -> bool {
    match error {
        Error::Dma { .. } => true,
        Error::File { error, .. } => missing(error) || error.kind() == std::io::ErrorKind::PermissionDenied,
        _ => false,
    }
}
