//! DMA buffers by the driver zocl or the kernel module u-dma-buf: contiguous memory with a known physical address.
//!
//! A buffer of u-dma-buf is mapped cached: the device file is opened without `O_SYNC`, which would give the memory type that the
//! device's `sync_mode` names, at the speed of uncached memory. So hand-overs are explicit, by two attribute files that
//! each take the range and the direction in one number. Where the kernel says that device and processor are coherent,
//! nothing is written to them.
//!
//! From the module's documentation, `u-dma-buf` on GitHub (`ikwzm/udmabuf`).

mod device;
#[cfg(test)]
mod tests;
mod zocl;

use std::{
    fs::{self, File},
    io,
    ops::Range,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering, fence},
    },
};

use pynq_core::dma::{Direction, DmaAllocator, DmaError, DmaRegion, DmaRequest};
use rustix::io::Errno;

use crate::{
    Claim, Error, Memory, Result, SystemPaths,
    kernel_files::{KernelFiles, SystemFiles},
    page_size,
};
pub use device::DmaDevice;
use device::{Created, find, list};
use zocl::{BufferObjects, KernelCalls};

/// Where DMA buffers come from on Linux: XRT's driver zocl, which PYNQ images have, and if that is not there or has none
/// to give, the module u-dma-buf.
///
/// A buffer of zocl is not cached, so that reading much of it is slow and handing it over costs nothing. With
/// u-dma-buf's manager, `/dev/u-dma-buf-mgr`, each buffer is made on request and deleted when it is dropped. Without, a
/// buffer is one of the devices there are, the smallest that will do, which no other process can take until it is
/// dropped.
///
/// ```no_run
/// use pynq_core::dma::{AddressWidth, Direction, DmaRegion, DmaRequest};
/// use pynq_uio::{LinuxDmaMemory, SystemPaths};
///
/// let memory = LinuxDmaMemory::new(&SystemPaths::default());
/// let mut buffer = memory.allocate(&DmaRequest::new(4096).address_width(AddressWidth::BITS_32))?;
/// buffer.copy_in(0, b"a packet")?;
/// buffer.sync_for_device(0..8, Direction::ToDevice)?;
/// let address = buffer.physical_address(); // for the register that starts the transfer
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct LinuxDmaMemory {
    paths: SystemPaths,
    files: Arc<dyn KernelFiles>,
    objects: Arc<dyn BufferObjects>,
}

/// The part of a size that the number written to a sync file has room for.
const SIZE_MASK: u64 = 0xFFFF_FFF0;
/// Windows are multiples of this.
const WINDOW: usize = 16;

impl LinuxDmaMemory {
    /// The DMA memory of this system. Whether there is any turns out with the first request.
    #[must_use]
    pub fn new(paths: &SystemPaths) -> Self {
        Self::through(paths, Arc::new(SystemFiles))
    }

    fn through(paths: &SystemPaths, files: Arc<dyn KernelFiles>) -> Self {
        Self { paths: paths.clone(), files, objects: Arc::new(KernelCalls) }
    }

    /// Whether buffers are made on request.
    #[must_use]
    pub fn has_manager(&self) -> bool {
        self.files.exists(&self.manager()).unwrap_or(false)
    }

    /// The devices there are, in use or not.
    ///
    /// # Errors
    ///
    /// [`Error::File`], [`Error::FileContent`].
    pub fn devices(&self) -> Result<Vec<DmaDevice>> {
        list(&self.paths, &*self.files)
    }

    /// Whether buffers come from XRT's driver zocl first.
    #[must_use]
    pub fn has_zocl(&self) -> bool {
        zocl::find(&self.paths, &*self.files).is_some()
    }

    /// A buffer for this request. What is in it is not defined.
    ///
    /// # Errors
    ///
    /// [`Error::Dma`] with the reason, of which the devices that were looked at are a part; [`Error::NoDmaMemory`] if there
    /// is neither zocl, nor u-dma-buf's manager, nor a device of it; [`Error::File`], [`Error::FileContent`],
    /// [`Error::Map`].
    pub fn allocate(&self, request: &DmaRequest) -> Result<LinuxDmaBuffer> {
        request.validate().map_err(|error| Error::Dma { device: "no device".to_owned(), error })?;
        let Some(zocl) = zocl::find(&self.paths, &*self.files) else { return self.by_module(request) };
        let first = match zocl.allocate(&self.objects, request) {
            Err(error) if zocl::may_try_another(&error) => error,
            other => return other,
        };
        match self.by_module(request) {
            // If there is no other source, the error says why zocl had no buffer.
            Err(Error::NoDmaMemory { .. }) => Err(first),
            Err(Error::Dma { device, error }) => match first {
                Error::Dma { device: zocl, .. } => Err(Error::Dma { device: format!("{zocl}, {device}"), error }),
                _ => Err(Error::Dma { device, error }),
            },
            other => other,
        }
    }

    /// A buffer of u-dma-buf.
    fn by_module(&self, request: &DmaRequest) -> Result<LinuxDmaBuffer> {
        if self.has_manager() { self.create(request) } else { self.take(request) }
    }

    /// The whole of the device with this name, as `/dev` and the device tree have it: `udmabuf0`.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] if it is in use, [`Error::NoDmaMemory`] if there is none of this name; [`Error::File`],
    /// [`Error::FileContent`], [`Error::Map`].
    pub fn open(&self, name: &str) -> Result<LinuxDmaBuffer> {
        let device = find(&self.paths, &*self.files, name)?;
        let size = device.size;
        self.map(device, size, None)
    }

    fn manager(&self) -> std::path::PathBuf {
        self.paths.dev.join("u-dma-buf-mgr")
    }

    /// Has the manager make a device.
    fn create(&self, request: &DmaRequest) -> Result<LinuxDmaBuffer> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let none = |device: &str, error| Error::Dma { device: device.to_owned(), error };
        let too_much = DmaError::NoMemory { size: request.size() };
        let pages = request.size().checked_next_multiple_of(page_size());
        // A longer buffer could not be synced in one write, and no board has that much contiguous memory.
        let pages = pages.filter(|&pages| pages as u64 <= SIZE_MASK).ok_or_else(|| none("u-dma-buf-mgr", too_much))?;
        let name = loop {
            let name = format!("pynq-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
            // A process of this number may have been killed, and left its buffers.
            match find(&self.paths, &*self.files, &name) {
                Err(Error::NoDmaMemory { .. }) => break name,
                Ok(_) => {}
                Err(error) => return Err(error),
            }
        };
        let manager = self.manager();
        self.files.write(&manager, format!("create {name} {pages}\n").as_bytes()).map_err(|error| {
            match error.raw_os_error().map(Errno::from_raw_os_error) {
                Some(Errno::NOMEM | Errno::NODEV) => none("u-dma-buf-mgr", too_much),
                _ => Error::File { action: "make a DMA buffer by", path: manager.clone(), error },
            }
        })?;
        // From here on, an error deletes it.
        let created = Created { manager, name, files: Arc::clone(&self.files) };
        let device = find(&self.paths, &*self.files, &created.name)?;
        request.check_address(device.physical_address).map_err(|error| none(&created.name, error))?;
        if device.size < request.size() {
            return Err(none(&created.name, too_much));
        }
        self.map(device, request.size(), Some(created))
    }

    /// Takes one of the devices there are.
    fn take(&self, request: &DmaRequest) -> Result<LinuxDmaBuffer> {
        let mut devices = self.devices()?;
        if devices.is_empty() {
            return Err(Error::NoDmaMemory { name: None });
        }
        devices.sort_by_key(|device| device.size);
        let mut reason = DmaError::NoMemory { size: request.size() };
        let mut seen = Vec::new();
        for device in devices {
            if device.size < request.size() {
                seen.push(format!("{} ({} bytes)", device.name, device.size));
                continue;
            }
            if let Err(error) = request.check_address(device.physical_address) {
                // More precise than that there is no memory.
                reason = error;
                seen.push(format!("{} (at {:#x})", device.name, device.physical_address));
                continue;
            }
            let name = device.name.clone();
            match self.map(device, request.size(), None) {
                Err(Error::Busy { .. }) => seen.push(format!("{name} (in use)")),
                other => return other,
            }
        }
        Err(Error::Dma { device: seen.join(", "), error: reason })
    }

    /// Claims a device and maps it.
    fn map(&self, device: DmaDevice, size: usize, created: Option<Created>) -> Result<LinuxDmaBuffer> {
        let path = self.paths.dev.join(&device.name);
        let claim = open(&path, fs::OpenOptions::new().read(true).write(true))?;
        Claim::lock(&claim, &path, &self.paths)?;
        let sync = if device.coherent {
            None
        } else {
            let file = |name| open(&device.folder.join(name), fs::OpenOptions::new().write(true));
            Some(Sync { for_cpu: file("sync_for_cpu")?, for_device: file("sync_for_device")? })
        };
        let memory = Memory::open(&path, 0, size, false)?;
        Ok(LinuxDmaBuffer { memory, device, size, sync, _claim: claim, _created: created })
    }
}

fn open(path: &Path, options: &fs::OpenOptions) -> Result<File> {
    options.open(path).map_err(|error| Error::file("open", path, error))
}

impl DmaAllocator for LinuxDmaMemory {
    type Region = LinuxDmaBuffer;
    type Error = Error;

    fn allocate(&self, request: &DmaRequest) -> Result<LinuxDmaBuffer> {
        self.allocate(request)
    }
}

/// A DMA buffer of the driver zocl or the module u-dma-buf.
///
/// Dropping it unmaps it, and gives it back.
#[derive(Debug)]
pub struct LinuxDmaBuffer {
    // In the order in which they must go: nothing may be mapped when the device is deleted.
    memory: Memory,
    device: DmaDevice,
    size: usize,
    /// None where there is nothing to sync.
    sync: Option<Sync>,
    _claim: File,
    _created: Option<Created>,
}

/// The attributes that hand a window over.
#[derive(Debug)]
struct Sync {
    for_cpu: File,
    for_device: File,
}

impl LinuxDmaBuffer {
    /// The device that the buffer is, or a part of.
    #[must_use]
    pub fn device(&self) -> &DmaDevice {
        &self.device
    }

    fn hand_over(
        &self,
        range: &Range<usize>,
        direction: Direction,
        file: impl FnOnce(&Sync) -> &File,
    ) -> Result<(), DmaError> {
        DmaError::check_span(range, self.size)?;
        if range.is_empty() {
            return Ok(());
        }
        // The kernel's part of it is a barrier as well, but there may be none.
        fence(Ordering::SeqCst);
        let Some(sync) = &self.sync else { return Ok(()) };
        let command = hexadecimal(command(range, self.device.size, direction));
        let written = rustix::io::pwrite(file(sync), &command, 0);
        fence(Ordering::SeqCst);
        match written {
            Ok(written) if written == command.len() => Ok(()),
            Ok(_) => Err(DmaError::Os(Errno::IO.raw_os_error())),
            Err(Errno::NODEV) => Err(DmaError::Gone),
            Err(errno) => Err(DmaError::Os(errno.raw_os_error())),
        }
    }

    fn word_at(&self, offset: usize) -> Result<(), DmaError> {
        DmaError::check_range(offset, 4, self.size)?;
        if offset % 4 == 0 { Ok(()) } else { Err(DmaError::Unaligned { offset }) }
    }
}

/// What is written to a sync file to hand over `range` of a device of `size` bytes, for this call alone.
///
/// Bits 63 to 32 are the offset, 31 to 4 the size, 3 and 2 the direction, bit 0 is one. The window grows to whole units
/// of 16 bytes; a line of the cache has more, so that it touches no other lines than the range itself.
fn command(range: &Range<usize>, size: usize, direction: Direction) -> u64 {
    let start = range.start / WINDOW * WINDOW;
    let length = (range.end - start).next_multiple_of(WINDOW);
    // A device whose size is no multiple of 16 ends inside the last unit, and the kernel refuses what is beyond.
    let start = start.min(size.saturating_sub(length));
    let direction = match direction {
        Direction::Bidirectional => 0,
        Direction::ToDevice => 1,
        Direction::FromDevice => 2,
    };
    (start as u64) << 32 | (length as u64 & SIZE_MASK) | direction << 2 | 1
}

/// `value` as `0x0123456789abcdef`, without the allocation of a `String`: it is written twice in each transfer.
fn hexadecimal(value: u64) -> [u8; 18] {
    let mut text = *b"0x0000000000000000";
    let digits = value.to_be_bytes().into_iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
    for (place, digit) in text[2..].iter_mut().zip(digits) {
        *place = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
    }
    text
}

impl DmaRegion for LinuxDmaBuffer {
    fn physical_address(&self) -> u64 {
        self.device.physical_address
    }

    fn size(&self) -> usize {
        self.size
    }

    fn is_coherent(&self) -> bool {
        self.device.coherent
    }

    fn as_slice(&self) -> &[u8] {
        self.memory.as_slice()
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        self.memory.as_mut_slice()
    }

    fn copy_in(&mut self, offset: usize, bytes: &[u8]) -> Result<(), DmaError> {
        DmaError::check_range(offset, bytes.len(), self.size)?;
        self.memory.copy_in(offset, bytes).map_err(|_| DmaError::Gone)
    }

    fn copy_out(&self, offset: usize, bytes: &mut [u8]) -> Result<(), DmaError> {
        DmaError::check_range(offset, bytes.len(), self.size)?;
        self.memory.copy_out(offset, bytes).map_err(|_| DmaError::Gone)
    }

    fn read_word(&self, offset: usize) -> Result<u32, DmaError> {
        self.word_at(offset)?;
        self.memory.read32(offset).map(u32::from_le).map_err(|_| DmaError::Gone)
    }

    fn write_word(&mut self, offset: usize, value: u32) -> Result<(), DmaError> {
        self.word_at(offset)?;
        self.memory.write32(offset, value.to_le()).map_err(|_| DmaError::Gone)
    }

    fn sync_for_device(&mut self, range: Range<usize>, direction: Direction) -> Result<(), DmaError> {
        self.hand_over(&range, direction, |sync| &sync.for_device)
    }

    fn sync_for_cpu(&mut self, range: Range<usize>, direction: Direction) -> Result<(), DmaError> {
        if !direction.device_writes() {
            // No cache remembers anything of it that is not in memory.
            return DmaError::check_span(&range, self.size);
        }
        self.hand_over(&range, direction, |sync| &sync.for_cpu)
    }
}

/// Whether there is no such file.
fn missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}
