//! Buffers of zocl on a tree of files: a plain file for its device, and a driver that gives ranges of it.

use std::{
    fs,
    os::unix::fs::FileExt as _,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use pynq_conformance::{DmaBackend, dma_buffers};
use pynq_core::dma::{AddressWidth, DmaRegion as _};

use super::*;
use crate::dma::{LinuxDmaMemory, tests::Tree};

const NODE: &str = "dev/dri/renderD129";
/// Bytes of all buffers together.
const ROOM: u64 = 0x10_0000;
/// The driver makes no smaller one than two pages.
const LEAST: u64 = 0x2000;
/// Where the file has the first one: an offset is a token, and no position.
const FIRST: u64 = 0x4000;

/// The driver: buffer objects one after the other, by handle.
#[derive(Debug)]
struct Driver {
    base: u64,
    left: AtomicU64,
    objects: Mutex<Vec<(u64, u64)>>,
}

impl Driver {
    fn object(&self, handle: u32) -> Result<(u64, u64), Errno> {
        let objects = self.objects.lock().unwrap();
        usize::try_from(handle).ok().and_then(|handle| objects.get(handle.checked_sub(1)?).copied()).ok_or(Errno::INVAL)
    }
}

impl BufferObjects for Driver {
    fn create(&self, _: BorrowedFd<'_>, size: u64) -> Result<u32, Errno> {
        let size = size.next_multiple_of(0x1000).max(LEAST);
        let start = ROOM - self.left.load(Ordering::Relaxed);
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(size)).is_err() {
            return Err(Errno::NOMEM);
        }
        let mut objects = self.objects.lock().unwrap();
        objects.push((start, size));
        Ok(u32::try_from(objects.len()).unwrap())
    }

    fn info(&self, _: BorrowedFd<'_>, handle: u32) -> Result<(u64, u64), Errno> {
        self.object(handle).map(|(start, size)| (size, self.base + start))
    }

    fn offset(&self, _: BorrowedFd<'_>, handle: u32) -> Result<u64, Errno> {
        self.object(handle).map(|(start, _)| FIRST + start)
    }
}

struct Backend {
    tree: Tree,
    memory: LinuxDmaMemory,
    base: u64,
}

fn backend(base: u64) -> Backend {
    let tree = Tree::new();
    // Another device of DRM, a display, comes first.
    for (name, driver) in [("renderD128", "lima"), ("renderD129", "zocl-drm"), ("card0", "zocl-drm")] {
        tree.file(&format!("sys/class/drm/{name}/device/uevent"), &format!("DRIVER={driver}\nOF_NAME=zyxclmm_drm\n"));
    }
    tree.file(NODE, "");
    File::options().write(true).open(tree.path(NODE)).unwrap().set_len(FIRST + ROOM).unwrap();
    let objects = Driver { base, left: AtomicU64::new(ROOM), objects: Mutex::default() };
    let memory = LinuxDmaMemory { objects: Arc::new(objects), ..tree.memory() };
    Backend { tree, memory, base }
}

impl DmaBackend for Backend {
    type Allocator = LinuxDmaMemory;

    fn allocator(&self) -> &LinuxDmaMemory {
        &self.memory
    }

    fn reason(&self, error: &Error) -> Option<DmaError> {
        std::error::Error::source(error)?.downcast_ref().copied()
    }

    fn device_reads(&self, address: u64, bytes: &mut [u8]) {
        let file = File::open(self.tree.path(NODE)).unwrap();
        file.read_exact_at(bytes, FIRST + address - self.base).unwrap();
    }

    fn device_writes(&self, address: u64, bytes: &[u8]) {
        let file = File::options().write(true).open(self.tree.path(NODE)).unwrap();
        file.write_all_at(bytes, FIRST + address - self.base).unwrap();
    }
}

#[test]
fn buffers_of_zocl_pass_the_suite_and_come_first() {
    let backend = backend(0x1800_0000);
    dma_buffers(&backend).unwrap();
    backend.tree.device("u-dma-buf", "udmabuf0", 0x1000_0000, 0x10_0000);
    let mut buffer = backend.memory.allocate(&DmaRequest::new(100)).unwrap();
    assert!(backend.memory.has_zocl() && buffer.is_coherent());
    assert_eq!((buffer.device().name.as_str(), buffer.size(), buffer.device().size), ("renderD129", 100, 0x2000));
    buffer.copy_in(4, b"whole").unwrap();
    let mut bytes = [0; 5];
    backend.device_reads(buffer.physical_address() + 4, &mut bytes);
    assert_eq!(&bytes, b"whole");
}

#[test]
fn what_zocl_has_none_for_comes_from_the_module() {
    // Beyond what a master with 32 address bits reaches.
    let backend = backend(0x8_0000_0000);
    let error = backend.memory.allocate(&DmaRequest::new(16)).unwrap_err();
    let far = matches!(backend.reason(&error), Some(DmaError::Unreachable { address: 0x8_0000_0000, .. }));
    assert!(far && error.to_string().contains("renderD129 (zocl)"), "{error}");
    let wide = backend.memory.allocate(&DmaRequest::new(16).address_width(AddressWidth::BITS_64)).unwrap();
    assert_eq!(wide.device().name, "renderD129");
    backend.tree.device("u-dma-buf", "udmabuf0", 0x1000_0000, 0x1000);
    assert_eq!(backend.memory.allocate(&DmaRequest::new(16)).unwrap().device().name, "udmabuf0");
    // The error names both.
    let error = backend.memory.allocate(&DmaRequest::new(0x20_0000)).unwrap_err();
    assert_eq!(backend.reason(&error), Some(DmaError::NoMemory { size: 0x20_0000 }));
    assert!(
        ["renderD129 (zocl)", "udmabuf0 (4096 bytes)"].iter().all(|part| error.to_string().contains(part)),
        "{error}"
    );
    // Nobody may use the node, as without rights.
    fs::remove_file(backend.tree.path(NODE)).unwrap();
    assert_eq!(backend.memory.allocate(&DmaRequest::new(16)).unwrap().device().name, "udmabuf0");
}

#[test]
fn no_way_at_all_names_both() {
    let tree = Tree::new();
    let error = tree.memory().allocate(&DmaRequest::new(16)).unwrap_err().to_string();
    assert!(error.contains("xlnx,zocl") && error.contains("modprobe u-dma-buf udmabuf0="), "{error}");
}

/// A file that knows none of the driver's calls: the kernel refuses them, and nothing else happens.
#[test]
fn the_kernel_s_calls_are_refused_by_a_plain_file() {
    let tree = Tree::new();
    tree.file("plain", "text");
    let file = File::open(tree.path("plain")).unwrap();
    let file = file.as_fd();
    let refused = [
        KernelCalls.create(file, 0x1000).map(drop),
        KernelCalls.info(file, 1).map(drop),
        KernelCalls.offset(file, 1).map(drop),
    ];
    assert_eq!(refused, [Err(Errno::NOTTY); 3]);
}
