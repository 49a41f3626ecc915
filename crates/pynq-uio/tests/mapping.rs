//! Mappings, with ordinary files in the place of devices.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test may

mod system;
mod tree;

use std::{
    fs::{self, File},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use pynq_core::{Checked, Mmio};
use pynq_uio::{Error, Mapping, Memory, Window, open_window, page_size};
use tree::Tree;

/// A device file of some pages. Each word holds its own offset, inverted, so that none is zero.
fn device(tree: &Tree, name: &str, pages: usize) -> PathBuf {
    let words = (0..pages * page_size()).step_by(4).flat_map(|offset| (!(offset as u32)).to_ne_bytes());
    let path = tree.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, words.collect::<Vec<_>>()).unwrap();
    path
}

fn on_disk(path: &Path, offset: usize) -> u32 {
    let mut word = [0; 4];
    File::open(path).unwrap().read_exact_at(&mut word, offset as u64).unwrap();
    u32::from_ne_bytes(word)
}

fn read(window: &Window, offset: usize) -> u32 {
    u32::try_from(Checked::new(window).read(offset, 4).unwrap()).unwrap()
}

fn write(window: &Window, offset: usize, value: u32) {
    Checked::new(window).write(offset, value).unwrap();
}

fn mapped(path: &Path) -> bool {
    fs::read_to_string("/proc/self/maps").unwrap().contains(path.to_str().unwrap())
}

#[test]
fn a_window_reaches_its_part_of_the_device() {
    let tree = Tree::new();
    let path = device(&tree, "dev/uio0", 3);
    let mapping = Arc::new(Mapping::open(&path, page_size() as u64, 2 * page_size()).unwrap());
    let window = Window::new(mapping, 0x100, 0x22, 0x4120_0100).unwrap();
    assert_eq!((window.size(), window.address()), (0x20, 0x4120_0100), "whole words");
    assert_eq!(read(&window, 0x1C), !(page_size() as u32 + 0x11C));
    write(&window, 4, 0xCAFE_F00D);
    assert_eq!(on_disk(&path, page_size() + 0x104), 0xCAFE_F00D);
    assert_eq!(on_disk(&path, page_size() + 0x108), !(page_size() as u32 + 0x108), "and no other word");
}

#[test]
fn a_window_ends_where_its_mapping_does() {
    let tree = Tree::new();
    let path = device(&tree, "dev/uio0", 2);
    let mapping = Arc::new(Mapping::open(&path, 0, 100).unwrap());
    assert_eq!(mapping.len(), page_size(), "mappings are whole pages");
    let page = page_size();
    assert!(Window::new(mapping.clone(), page - 4, 4, 0).is_ok());
    for (offset, length) in [(0, page + 1), (page, 1), (page - 4, 8), (usize::MAX - 3, 8), (4, usize::MAX)] {
        let error = Window::new(mapping.clone(), offset, length, 0).unwrap_err();
        assert!(matches!(error, Error::OutOfRange { size, .. } if size == page), "{offset:#x}, {length:#x}: {error}");
    }
    let error = Window::new(mapping, 2, 4, 0).unwrap_err();
    assert_eq!(error.to_string(), "0x2 is no multiple of 4; registers are words, use 0x0");
}

#[test]
fn a_revoked_window_reaches_nothing() {
    let tree = Tree::new();
    let path = device(&tree, "dev/uio0", 2);
    let mapping = Arc::new(Mapping::open(&path, 0, 2 * page_size()).unwrap());
    let first = Window::new(mapping.clone(), 0, 0x100, 0).unwrap();
    let second = Window::new(mapping.clone(), page_size(), 0x100, 0).unwrap();
    write(&first, 0, 1);
    assert!(!mapping.is_revoked());
    first.revoke().unwrap();
    assert!(mapping.is_revoked());
    let shown =
        format!("Window(0x0, 0x100 bytes of Mapping({}, {:#x} bytes at 0x0, revoked))", path.display(), mapping.len());
    assert_eq!(format!("{first:?}"), shown);
    assert_eq!((read(&first, 0), read(&second, 4)), (0, 0), "every window of the mapping, and no fault");
    write(&first, 0, 0xDEAD);
    write(&second, 4, 0xBEEF);
    assert_eq!(on_disk(&path, 0), 1, "what was written before stays, what is written after does not come");
    assert_eq!(on_disk(&path, page_size() + 4), !(page_size() as u32 + 4));
    assert!(!mapped(&path), "the kernel has forgotten the device");
    mapping.revoke().unwrap();
    assert_eq!(read(&first, 0), 0xDEAD, "a second time changes nothing");
    let again = Window::new(Arc::new(Mapping::open(&path, 0, 4).unwrap()), 0, 4, 0).unwrap();
    assert_eq!(read(&again, 0), 1, "the device can be opened anew");
}

#[test]
fn a_device_is_taken_away_under_the_hands_of_its_users() {
    let tree = Tree::new();
    let path = device(&tree, "dev/uio0", 1);
    let window = Window::new(Arc::new(Mapping::open(&path, 0, page_size()).unwrap()), 0, 0x100, 0).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let users = (0..2).map(|user| {
            let (window, done) = (&window, &done);
            scope.spawn(move || {
                let mut seen = Vec::new();
                while !done.load(Ordering::Acquire) {
                    seen.push(read(window, 0x40 + 4 * user));
                    seen.dedup();
                }
                seen.push(read(window, 0x40 + 4 * user));
                seen.dedup();
                seen
            })
        });
        let users = users.collect::<Vec<_>>();
        let takers = [0, 1].map(|_| scope.spawn(|| window.revoke().map(|()| window.mapping().is_revoked())));
        let taken = takers.map(|taker| taker.join().unwrap());
        // Before anything can fail, since the users go on until then.
        done.store(true, Ordering::Release);
        assert!(taken.into_iter().all(|taken| taken.unwrap()), "it is done when any of them returns");
        for (index, user) in users.into_iter().enumerate() {
            let before = !(0x40 + 4 * index as u32);
            let seen = user.join().unwrap();
            assert!([&[before, 0][..], &[0]].contains(&&*seen), "the device's value, then none: {seen:x?}");
        }
    });
}

#[test]
fn a_mapping_goes_with_its_last_window() {
    let tree = Tree::new();
    let path = device(&tree, "dev/uio0", 1);
    let mapping = Arc::new(Mapping::open(&path, 0, page_size()).unwrap());
    let windows = [0, 4].map(|offset| Window::new(mapping.clone(), offset, 4, 0).unwrap());
    drop(mapping);
    let [first, second] = windows;
    drop(first);
    assert!(mapped(&path));
    assert_eq!(read(&second, 0), !4);
    drop(second);
    assert!(!mapped(&path));
}

#[test]
fn the_kernel_refuses() {
    let tree = Tree::new();
    let path = device(&tree, "dev/uio0", 1);
    for (offset, length) in [(4, 4), (0, 0), (0, usize::MAX)] {
        let error = Mapping::open(&path, offset, length).unwrap_err();
        assert!(matches!(&error, Error::Map { path: named, .. } if *named == path), "{error}");
    }
    let missing = tree.path("dev/uio1");
    let error = Mapping::open(&missing, 0, 4).unwrap_err();
    assert!(matches!(&error, Error::File { action: "open", path, .. } if *path == missing), "{error}");
}

#[test]
fn copies_at_any_offset_and_of_any_length() {
    let tree = Tree::new();
    let path = device(&tree, "dev/udmabuf0", 1);
    let mut memory = Memory::open(&path, 0, 64, true).unwrap();
    let mut expected = fs::read(&path).unwrap();
    let mut next = 0_u8;
    for offset in 0..24 {
        for length in 0..40 {
            let bytes = (0..length).map(|_| {
                next = next.wrapping_add(37);
                next
            });
            let bytes = bytes.collect::<Vec<_>>();
            memory.copy_in(offset, &bytes).unwrap();
            expected[offset..offset + length].copy_from_slice(&bytes);
            assert_eq!(fs::read(&path).unwrap()[..80], expected[..80], "{length} bytes to {offset}");
            let mut back = vec![0xEE; length];
            memory.copy_out(offset, &mut back).unwrap();
            assert_eq!(back, bytes, "{length} bytes from {offset}");
        }
    }
}

#[test]
fn a_slice_is_the_memory_itself() {
    let tree = Tree::new();
    let path = device(&tree, "udmabuf0", 2);
    let mut memory = Memory::open(&path, 0, page_size() + 8, false).unwrap();
    let slice = memory.as_mut_slice();
    assert_eq!((slice.len(), slice.as_ptr().addr() % page_size()), (page_size() + 8, 0));
    slice[page_size()..].copy_from_slice(b"the last");
    let file = fs::read(&path).unwrap();
    assert_eq!(&file[page_size()..page_size() + 8], b"the last");
    fs::File::options().write(true).open(&path).unwrap().write_at(b"far", 2).unwrap();
    assert_eq!(&memory.as_slice()[2..5], b"far");
}

#[test]
fn copies_end_where_the_memory_does() {
    let tree = Tree::new();
    let path = device(&tree, "dev/udmabuf0", 1);
    let before = fs::read(&path).unwrap();
    let mut memory = Memory::open(&path, 0, 62, false).unwrap();
    assert_eq!(memory.len(), 62, "not the whole page");
    for (offset, length) in [(0, 63), (62, 1), (60, 3), (usize::MAX, 2)] {
        let error = memory.copy_in(offset, &vec![1; length]).unwrap_err();
        assert!(matches!(error, Error::OutOfRange { size: 62, .. }), "{error}");
        assert!(memory.copy_out(offset, &mut vec![1; length]).is_err());
    }
    for offset in [60, 64, usize::MAX - 3] {
        assert!(matches!(memory.read32(offset), Err(Error::OutOfRange { .. })), "{offset:#x}");
        assert!(matches!(memory.write32(offset, 0), Err(Error::OutOfRange { .. })), "{offset:#x}");
    }
    assert!(matches!(memory.read32(2), Err(Error::Unaligned { address: 2 })));
    assert!(matches!(memory.write32(3, 0), Err(Error::Unaligned { address: 3 })));
    assert_eq!(fs::read(&path).unwrap(), before, "nothing was written");
    assert_eq!(memory.read32(56).unwrap(), !56);
    memory.write32(56, 0x0102_0304).unwrap();
    assert_eq!(on_disk(&path, 56), 0x0102_0304);
    memory.copy_in(62, &[]).unwrap();
}

/// A stand-in for `/dev/mem`, as long as the addresses go.
fn physical(tree: &Tree, words: &[(u64, u32)]) {
    tree.folder("dev");
    let file = File::create_new(tree.path("dev/mem")).unwrap();
    file.set_len(0x4200_0000).unwrap();
    for (address, word) in words {
        file.write_all_at(&word.to_ne_bytes(), *address).unwrap();
    }
}

#[test]
fn a_block_that_uio_has_is_mapped_through_uio_and_any_other_as_physical_memory() {
    let tree = Tree::new();
    physical(&tree, &[(0x4000_0004, 1), (0x4120_0004, 2)]);
    device(&tree, "dev/uio0", 16);
    let fabric = system::uio(&tree, 0, "fabric");
    system::map(&tree, &fabric, 0, [0x4000_0000, 0x1_0000, 0]);
    let through_uio = open_window(&tree.paths(), 0x4000_0000, 0x1_0000).unwrap();
    assert_eq!((read(&through_uio, 4), through_uio.mapping().path()), (!4, &*tree.path("dev/uio0")));
    assert_eq!((through_uio.size(), through_uio.address()), (0x1_0000, 0x4000_0000));
    let physical = open_window(&tree.paths(), 0x4120_0000, 0x1_0000).unwrap();
    assert_eq!((read(&physical, 4), physical.mapping().path()), (2, &*tree.path("dev/mem")));
    let larger = open_window(&tree.paths(), 0x4000_0000, 0x1_0004).unwrap();
    assert_eq!(read(&larger, 4), 1, "UIO has only a part of it");
    let inside = open_window(&tree.paths(), 0x4120_0004, 4).unwrap();
    assert_eq!((read(&inside, 0), inside.size()), (2, 4));
}

#[test]
fn the_registers_of_both_kernel_styles_are_the_same() {
    let page = page_size() as u64;
    let start = 0x4000_0000 + page; // of the page
    let styles = [
        ("raw address, no offset", [start + 0x100, 0x20, 0]),
        ("raw address, and the offset as well", [start + 0x100, 0x20, 0x100]),
        ("start of the page", [start, page, 0x100]),
    ];
    for (style, shown) in styles {
        let tree = Tree::new();
        let path = device(&tree, "dev/uio3", 4);
        let xadc = system::uio(&tree, 3, "xadc");
        // Map 2 is at the third page of the file, whatever its size and that of the maps before it.
        system::map(&tree, &xadc, 0, [0x5000_0000, page, 0]);
        system::map(&tree, &xadc, 2, shown);
        let window = open_window(&tree.paths(), start + 0x104, 0x1C).unwrap();
        assert_eq!(read(&window, 0), !(2 * page as u32 + 0x104), "{style}");
        write(&window, 4, 5);
        assert_eq!(on_disk(&path, 2 * page_size() + 0x108), 5, "{style}");
        let error = open_window(&tree.paths(), start, 4).unwrap_err();
        assert!(
            matches!(&error, Error::File { path, .. } if path.ends_with("dev/mem")),
            "{style}: not the page's start"
        );
    }
}

#[test]
fn what_can_not_be_opened_is_named_with_its_cure() {
    let tree = Tree::new();
    tree.folder("dev");
    let memory = tree.path("dev/mem");
    let error = open_window(&tree.paths(), 0x4120_0000, 4).unwrap_err().to_string();
    assert!(error.starts_with(&format!("can't open {}: No such file", memory.display())), "{error}");
    assert!(error.contains("CONFIG_DEVMEM"), "{error}");
    physical(&tree, &[]);
    let error = open_window(&tree.paths(), 0x4120_0002, 4).unwrap_err();
    assert!(matches!(error, Error::Unaligned { address: 0x4120_0002 }), "{error}");
    assert!(matches!(open_window(&tree.paths(), 0x4120_0004, usize::MAX), Err(Error::OutOfRange { .. })));
    let paths = tree.paths();
    let error = tree.without_rights(move || open_window(&paths, 0x4120_0000, 4).unwrap_err().to_string());
    assert!(error.contains("Permission denied") && error.contains("as root"), "{error}");
    let error = std::io::Error::from_raw_os_error(rustix::io::Errno::PERM.raw_os_error());
    let error = Error::Map { path: "/dev/mem".into(), offset: 0x4120_0000, length: 0x1000, error }.to_string();
    assert!(error.starts_with("can't map 0x1000 bytes at 0x41200000 of /dev/mem: Operation not permitted"), "{error}");
    assert!(error.contains("CONFIG_STRICT_DEVMEM") && error.contains("UIO"), "{error}");
}
