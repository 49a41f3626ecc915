//! Buffers on trees of files: a plain file for the memory, and a manager that makes and deletes such files.

use std::{
    os::unix::fs::FileExt as _,
    path::PathBuf,
    sync::{Mutex, atomic::AtomicBool},
};

use pynq_conformance::{DmaBackend, dma_buffers};
use pynq_core::dma::AddressWidth;

use super::*;

/// A tree of its own, which goes when it is dropped.
#[derive(Debug)]
pub(super) struct Tree(PathBuf);

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Tree {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("pynq-uio-dma-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(path.join("dev")).expect("a folder for the test");
        Self(path)
    }

    fn paths(&self) -> SystemPaths {
        SystemPaths::below(&self.0)
    }

    pub(super) fn file(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().expect("below the tree")).expect("a folder for the test");
        fs::write(path, text).expect("a file for the test");
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).expect("a file of the test")
    }

    pub(super) fn device(&self, class: &str, name: &str, address: u64, size: usize) {
        self.file(&format!("sys/class/{class}/{name}/phys_addr"), &format!("{address:#010x}\n"));
        self.file(&format!("sys/class/{class}/{name}/size"), &format!("{size}\n"));
        self.file(&format!("sys/class/{class}/{name}/sync_for_cpu"), "");
        self.file(&format!("sys/class/{class}/{name}/sync_for_device"), "");
        let memory = File::create(self.0.join("dev").join(name)).expect("a file for the test");
        memory.set_len(size as u64).expect("room for the test");
    }

    pub(super) fn memory(&self) -> LinuxDmaMemory {
        LinuxDmaMemory::new(&self.paths())
    }
}

/// A bus master, which finds the device that an address belongs to.
struct Backend {
    tree: Tree,
    memory: LinuxDmaMemory,
}

impl Backend {
    fn at(&self, address: u64) -> (File, u64) {
        let devices = self.memory.devices().expect("devices can be listed");
        let inside = |device: &&DmaDevice| {
            device.physical_address <= address && address < device.physical_address + device.size as u64
        };
        let device = devices.iter().find(inside).expect("an address of a device");
        let file = fs::OpenOptions::new().read(true).write(true).open(self.tree.0.join("dev").join(&device.name));
        (file.expect("its memory"), address - device.physical_address)
    }
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
        let (file, offset) = self.at(address);
        file.read_exact_at(bytes, offset).expect("inside the device");
    }

    fn device_writes(&self, address: u64, bytes: &[u8]) {
        let (file, offset) = self.at(address);
        file.write_all_at(bytes, offset).expect("inside the device");
    }
}

/// The manager: makes and deletes devices, as the module does on command.
#[derive(Debug)]
struct Manager {
    tree: PathBuf,
    log: Mutex<Vec<String>>,
    next: AtomicU32,
    out_of_memory: AtomicBool,
    /// Where it makes buffers.
    base: u64,
}

impl Manager {
    fn command(&self, command: &str) -> io::Result<()> {
        self.log.lock().expect("no panic under it").push(command.to_owned());
        let command = command.strip_suffix('\n').ok_or(Errno::INVAL)?;
        let words: Vec<&str> = command.split(' ').collect();
        let folder = |name: &str| self.tree.join("sys/class/u-dma-buf").join(name);
        match words[..] {
            ["create", name, size] => {
                if self.out_of_memory.load(Ordering::Relaxed) {
                    return Err(Errno::NOMEM.into());
                }
                let size: u64 = size.parse().map_err(|_| Errno::INVAL)?;
                let address = self.base + 0x10_0000 * u64::from(self.next.fetch_add(1, Ordering::Relaxed));
                fs::create_dir_all(folder(name))?;
                fs::write(folder(name).join("phys_addr"), format!("{address:#x}\n"))?;
                fs::write(folder(name).join("size"), format!("{size}\n"))?;
                fs::write(folder(name).join("dma_coherent"), "0\n")?;
                fs::write(folder(name).join("sync_for_cpu"), "")?;
                fs::write(folder(name).join("sync_for_device"), "")?;
                File::create(self.tree.join("dev").join(name))?.set_len(size)
            }
            ["delete", name] => {
                fs::remove_dir_all(folder(name)).map_err(|_| Errno::INVAL)?;
                fs::remove_file(self.tree.join("dev").join(name))
            }
            _ => Err(Errno::INVAL.into()),
        }
    }
}

impl KernelFiles for Manager {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        SystemFiles.read(path)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        assert_eq!(path, self.tree.join("dev/u-dma-buf-mgr"), "nothing else is written this way");
        self.command(std::str::from_utf8(bytes).expect("text"))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        SystemFiles.list(path)
    }

    fn make_folder(&self, _: &Path) -> io::Result<()> {
        Err(Errno::PERM.into())
    }

    fn remove_folder(&self, _: &Path) -> io::Result<()> {
        Err(Errno::PERM.into())
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        Ok(path == self.tree.join("dev/u-dma-buf-mgr"))
    }
}

fn managed(base: u64) -> (Backend, Arc<Manager>) {
    let tree = Tree::new();
    let manager = Arc::new(Manager {
        tree: tree.0.clone(),
        log: Mutex::default(),
        next: AtomicU32::new(0),
        out_of_memory: AtomicBool::new(false),
        base,
    });
    let files: Arc<dyn KernelFiles> = Arc::<Manager>::clone(&manager);
    (Backend { memory: LinuxDmaMemory::through(&tree.paths(), files), tree }, manager)
}

#[test]
fn the_suite_with_devices_that_are_there() {
    let tree = Tree::new();
    tree.device("u-dma-buf", "udmabuf0", 0x1F00_0000, 0x2000);
    tree.device("udmabuf", "old", 0x1F10_0000, 0x2000);
    dma_buffers(&Backend { memory: tree.memory(), tree }).unwrap();
}

#[test]
fn the_suite_with_the_manager() {
    let (backend, manager) = managed(0x1000_0000);
    assert!(backend.memory.has_manager());
    dma_buffers(&backend).unwrap();
    assert!(backend.memory.devices().unwrap().is_empty(), "every buffer was deleted");
    let log = manager.log.lock().unwrap();
    let (page, pid) = (page_size(), std::process::id());
    assert!(
        log[0].starts_with(&format!("create pynq-{pid}-")) && log[0].ends_with(&format!(" {page}\n")),
        "{}",
        log[0]
    );
}

#[test]
fn what_the_sync_files_are_told() {
    let tree = Tree::new();
    tree.device("u-dma-buf", "udmabuf0", 0x1F00_0000, 0x2000);
    let mut buffer = tree.memory().open("udmabuf0").unwrap();
    assert_eq!((buffer.physical_address(), buffer.size(), buffer.is_coherent()), (0x1F00_0000, 0x2000, false));
    let written = |name: &str| tree.read(&format!("sys/class/u-dma-buf/udmabuf0/{name}"));
    buffer.sync_for_device(0x20..0x60, Direction::ToDevice).unwrap();
    assert_eq!(written("sync_for_device"), "0x0000002000000045");
    assert_eq!(written("sync_for_cpu"), "");
    buffer.sync_for_cpu(0x1001..0x1002, Direction::FromDevice).unwrap();
    assert_eq!(written("sync_for_cpu"), "0x0000100000000019");
    buffer.sync_for_device(0..0x2000, Direction::Bidirectional).unwrap();
    assert_eq!(written("sync_for_device"), "0x0000000000002001");
    buffer.sync_for_device(5..5, Direction::ToDevice).unwrap();
    assert_eq!(written("sync_for_device"), "0x0000000000002001", "an empty range is not handed over");
    buffer.sync_for_cpu(0..0x2000, Direction::ToDevice).unwrap();
    assert_eq!(written("sync_for_cpu"), "0x0000100000000019", "nothing has to be forgotten that the device only read");
}

#[test]
fn windows_stay_inside_the_device() {
    assert_eq!(command(&(15..17), 0x1000, Direction::ToDevice), 0x25);
    assert_eq!(command(&(16..17), 0x1000, Direction::FromDevice), 0x10_0000_0019);
    // 100 bytes: the last unit would end at 112.
    assert_eq!(command(&(97..100), 100, Direction::ToDevice), 84 << 32 | 0x15);
    assert_eq!(command(&(0xFFFF_FFE0..0xFFFF_FFF0), 0xFFFF_FFF0, Direction::ToDevice), 0xFFFF_FFE0_0000_0015);
}

#[test]
fn coherent_devices_are_told_nothing() {
    let tree = Tree::new();
    tree.device("u-dma-buf", "udmabuf0", 0x1F00_0000, 0x1000);
    tree.file("sys/class/u-dma-buf/udmabuf0/dma_coherent", "1\n");
    fs::remove_file(tree.0.join("sys/class/u-dma-buf/udmabuf0/sync_for_cpu")).unwrap();
    let mut buffer = tree.memory().allocate(&DmaRequest::new(64)).unwrap();
    assert!(buffer.is_coherent());
    buffer.sync_for_device(0..64, Direction::ToDevice).unwrap();
    buffer.sync_for_cpu(0..64, Direction::FromDevice).unwrap();
    assert_eq!(tree.read("sys/class/u-dma-buf/udmabuf0/sync_for_device"), "");
    assert!(buffer.sync_for_cpu(0..65, Direction::FromDevice).is_err());
}

#[test]
fn the_smallest_free_device_that_will_do() {
    let tree = Tree::new();
    tree.device("u-dma-buf", "big", 0x1F00_0000, 0x4000);
    tree.device("u-dma-buf", "high", 0x8_0000_0000, 0x1000);
    tree.device("u-dma-buf", "odd", 0x1000_1000, 0x2000);
    tree.device("u-dma-buf", "small", 0x1E00_0000, 0x1000);
    let memory = tree.memory();
    let request = DmaRequest::new(0x1000);
    let name = |buffer: &LinuxDmaBuffer| buffer.device().name.clone();
    let first = memory.allocate(&request).unwrap();
    assert_eq!((name(&first).as_str(), first.size()), ("small", 0x1000));
    let second = memory.allocate(&request.alignment(0x2000)).unwrap();
    assert_eq!(name(&second), "big");
    let third = memory.allocate(&request.address_width(AddressWidth::BITS_64)).unwrap();
    assert_eq!(name(&third), "high");

    let error = memory.allocate(&DmaRequest::new(0x3000)).unwrap_err();
    assert!(matches!(&error, Error::Dma { error: DmaError::NoMemory { size: 0x3000 }, .. }), "{error:?}");
    assert!(error.to_string().contains("big (in use)") && error.to_string().contains("small (4096 bytes)"), "{error}");
    let error = memory.allocate(&DmaRequest::new(0x1000).alignment(0x2000)).unwrap_err();
    assert!(matches!(&error, Error::Dma { error: DmaError::Misplaced { address: 0x1000_1000, .. }, .. }), "{error:?}");
    drop(third);
    let _odd = memory.allocate(&request).unwrap();
    let error = memory.allocate(&request).unwrap_err();
    let Error::Dma { error: DmaError::Unreachable { address: 0x8_0000_0000, bits: 32, .. }, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(error.to_string().contains("high (at 0x800000000)"), "{error}");

    assert!(matches!(memory.open("small"), Err(Error::Busy { .. })));
    drop(first);
    assert_eq!(memory.open("small").unwrap().size(), 0x1000);
    assert!(matches!(memory.open("none"), Err(Error::NoDmaMemory { name: Some(_) })));
}

#[test]
fn a_manager_that_can_not() {
    let (backend, manager) = managed(0x1_0000_0000);
    // It made one, which is of no use and must not stay.
    let error = backend.memory.allocate(&DmaRequest::new(16)).unwrap_err();
    assert!(matches!(backend.reason(&error), Some(DmaError::Unreachable { address: 0x1_0000_0000, .. })), "{error:?}");
    assert!(backend.memory.devices().unwrap().is_empty());
    assert!(manager.log.lock().unwrap()[1].starts_with("delete pynq-"));

    manager.out_of_memory.store(true, Ordering::Relaxed);
    let error = backend.memory.allocate(&DmaRequest::new(16)).unwrap_err();
    assert_eq!(backend.reason(&error), Some(DmaError::NoMemory { size: 16 }));
    // The manager gets no request for more than a number has room for.
    let requests = manager.log.lock().unwrap().len();
    assert!(backend.memory.allocate(&DmaRequest::new(usize::MAX)).is_err());
    assert_eq!(manager.log.lock().unwrap().len(), requests);
}

#[test]
fn leftovers_of_a_killed_process_of_the_same_number() {
    let (backend, manager) = managed(0x1000_0000);
    let first = backend.memory.allocate(&DmaRequest::new(16)).unwrap();
    // The names that come next are taken.
    let name = first.device().name.clone();
    let (stem, number) = name.rsplit_once('-').unwrap();
    let number: u32 = number.parse().unwrap();
    // Other tests take names as well, so that not all of these may come up.
    for taken in number + 1..number + 400 {
        manager.command(&format!("create {stem}-{taken} 4096\n")).unwrap();
    }
    let second = backend.memory.allocate(&DmaRequest::new(16)).unwrap();
    let new: u32 = second.device().name.rsplit_once('-').unwrap().1.parse().unwrap();
    assert!(new >= number + 400, "{}", second.device().name);
}

#[test]
fn systems_without_memory_or_with_odd_files() {
    let tree = Tree::new();
    let error = tree.memory().allocate(&DmaRequest::new(16)).unwrap_err();
    assert!(matches!(&error, Error::NoDmaMemory { name: None }), "{error:?}");
    assert!(error.to_string().contains("modprobe u-dma-buf udmabuf0="), "{error}");

    tree.device("u-dma-buf", "udmabuf0", 0x1F00_0000, 0x1000);
    for (file, text) in [("size", "0\n"), ("size", "many\n"), ("phys_addr", "0xyz\n"), ("dma_coherent", "\n")] {
        let path = format!("sys/class/u-dma-buf/udmabuf0/{file}");
        let before = fs::read_to_string(tree.0.join(&path));
        tree.file(&path, text);
        let error = tree.memory().allocate(&DmaRequest::new(16)).unwrap_err();
        assert!(matches!(&error, Error::FileContent { .. }), "{error:?}");
        tree.file(&path, before.as_deref().unwrap_or("0\n"));
    }
    // Gone while the folder was read.
    fs::remove_file(tree.0.join("sys/class/u-dma-buf/udmabuf0/size")).unwrap();
    assert!(tree.memory().devices().unwrap().is_empty());

    // In sysfs, and not in /dev.
    tree.device("u-dma-buf", "udmabuf0", 0x1F00_0000, 0x1000);
    fs::remove_file(tree.0.join("dev/udmabuf0")).unwrap();
    let error = tree.memory().allocate(&DmaRequest::new(16)).unwrap_err();
    assert!(matches!(&error, Error::File { action: "open", .. }), "{error:?}");

    // The kernel refuses a sync.
    tree.device("u-dma-buf", "udmabuf0", 0x1F00_0000, 0x1000);
    let sync = tree.0.join("sys/class/u-dma-buf/udmabuf0/sync_for_device");
    fs::remove_file(&sync).unwrap();
    std::os::unix::fs::symlink("/dev/full", &sync).unwrap();
    let mut buffer = tree.memory().allocate(&DmaRequest::new(16)).unwrap();
    let refused = buffer.sync_for_device(0..16, Direction::ToDevice);
    assert_eq!(refused, Err(DmaError::Os(Errno::NOSPC.raw_os_error())));
    buffer.sync_for_cpu(0..16, Direction::ToDevice).unwrap();
}

#[test]
fn what_is_written_to_a_sync_file_is_hexadecimal() {
    for value in [0, 1, 0x0123_4567_89AB_CDEF, 0x0000_1000_0000_0FF5, u64::MAX] {
        assert_eq!(super::hexadecimal(value)[..], *format!("{value:#018x}").as_bytes());
    }
}
