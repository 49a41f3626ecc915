//! The FPGA manager against trees of files in which the kernel misbehaves.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test may

mod tree;

use std::{
    cell::Cell,
    fs, io,
    os::unix::fs::symlink,
    sync::mpsc,
    thread::{self, JoinHandle},
};

use pynq_hwh::{Bitstream, Design};
use pynq_uio::{Error, FpgaManager, FpgaState, ProgramOptions};
use tree::Tree;

/// Dummy words, the sync word, and the IDCODE of a 7z020.
const WORDS: [u32; 9] =
    [!0, !0, 0x0000_00BB, 0x1122_0044, 0xAA99_5566, 0x2000_0000, 0x3001_8001, 0x0372_7093, 0x2000_0000];

fn firmware() -> Vec<u8> {
    WORDS.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn bit(name: &str, part: &str, data: &[u8]) -> Bitstream {
    let mut bytes = vec![0x00, 0x09, 0x0F, 0xF0, 0x0F, 0xF0, 0x0F, 0xF0, 0x0F, 0xF0, 0x00, 0x00, 0x01];
    for (tag, text) in [(b'a', name), (b'b', part), (b'c', "2018/08/09"), (b'd', "10:01:02")] {
        bytes.push(tag);
        bytes.extend((text.len() as u16 + 1).to_be_bytes());
        bytes.extend(text.as_bytes());
        bytes.push(0);
    }
    bytes.push(b'e');
    bytes.extend((data.len() as u32).to_be_bytes());
    bytes.extend(data);
    Bitstream::parse(bytes).unwrap()
}

fn base() -> Bitstream {
    let data: Vec<u8> = WORDS.iter().flat_map(|word| word.to_be_bytes()).collect();
    bit("base_wrapper;UserID=0XFFFFFFFF;Version=2018.3", "7z020clg400", &data)
}

/// A kernel of Xilinx's with a Zynq-7000, where nothing was programmed yet.
fn board() -> Tree {
    let tree = Tree::new();
    tree.folder("run");
    tree.folder("lib/firmware");
    tree.file("sys/class/fpga_manager/fpga0/name", "Xilinx Zynq FPGA Manager\n");
    tree.file("sys/class/fpga_manager/fpga0/state", "unknown\n");
    tree.file("sys/class/fpga_manager/fpga0/flags", "0\n");
    tree.file("sys/class/fpga_manager/fpga0/firmware", "");
    tree
}

fn manager(tree: &Tree) -> FpgaManager {
    FpgaManager::find(&tree.paths()).unwrap()
}

const FPGA: &str = "sys/class/fpga_manager/fpga0";

/// What a kernel finds when it starts to program.
#[derive(Debug, PartialEq)]
struct Found {
    name: String,
    flags: String,
    image: Vec<u8>,
}

/// A kernel that waits for a file name, looks, and then puts `state` for a state. The caller looks at the state while
/// it is still at work, and waits for it in the pause between two looks.
struct Kernel {
    thread: JoinHandle<Found>,
    done: mpsc::Receiver<()>,
}

impl Kernel {
    fn new(tree: &Tree, then: impl FnOnce(&Tree) + Send + 'static) -> Self {
        let pipe = tree.path(&format!("{FPGA}/firmware"));
        fs::remove_file(&pipe).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
        tree.file(&format!("{FPGA}/state"), "write\n");
        let (tree, (finished, done)) = (tree.again(), mpsc::channel());
        let thread = thread::spawn(move || {
            let name = fs::read_to_string(pipe).unwrap();
            let image = fs::read(tree.path("lib/firmware").join(&name)).unwrap();
            let flags = tree.read(&format!("{FPGA}/flags"));
            then(&tree);
            finished.send(()).unwrap();
            Found { name, flags, image }
        });
        Self { thread, done }
    }

    fn wait(&self) -> bool {
        self.done.recv().is_ok()
    }
}

fn operating(tree: &Tree) {
    tree.file(&format!("{FPGA}/state"), "operating\n");
}

#[test]
fn programs_a_full_bitstream() {
    let tree = board();
    // A partial one was loaded before, and the flag is still there.
    tree.file(&format!("{FPGA}/flags"), "1\n");
    let kernel = Kernel::new(&tree, operating);
    manager(&tree).program(&base(), &ProgramOptions::new().pause(&|_| kernel.wait())).unwrap();
    let found = kernel.thread.join().unwrap();
    assert_eq!(found, Found { name: "pynq-fpga0.bin".into(), flags: "0".into(), image: firmware() });
    assert_eq!(tree.list("lib/firmware"), ["pynq-fpga0.bin"]);
    manager(&tree).attach().unwrap();
}

#[test]
fn programs_a_partial_bitstream() {
    for says_so in [true, false] {
        let tree = board();
        let kernel = Kernel::new(&tree, operating);
        operating(&tree);
        let options = ProgramOptions::new().file_name("filter.bin");
        let bitstream = if says_so {
            manager(&tree).program(&bit("x;PARTIAL=TRUE", "7z020clg400", &firmware()), &options)
        } else {
            manager(&tree).program(&base(), &options.partial(true))
        };
        bitstream.unwrap();
        let found = kernel.thread.join().unwrap();
        assert_eq!(found, Found { name: "filter.bin".into(), flags: "1".into(), image: firmware() });
    }
}

#[test]
fn programs_from_bytes() {
    let raw: Vec<u8> = WORDS.iter().flat_map(|word| word.to_be_bytes()).collect();
    for bytes in [raw, firmware()] {
        let tree = board();
        let kernel = Kernel::new(&tree, operating);
        manager(&tree).program_bytes(&bytes, &ProgramOptions::new().pause(&|_| kernel.wait())).unwrap();
        assert_eq!(kernel.thread.join().unwrap().image, firmware());
    }
    // A partial one need not have a sync word, and goes as it is.
    let tree = board();
    let kernel = Kernel::new(&tree, operating);
    operating(&tree);
    manager(&tree).program_bytes(&[1, 2, 3, 4], &ProgramOptions::new().partial(true)).unwrap();
    assert_eq!(kernel.thread.join().unwrap().image, [1, 2, 3, 4]);
    // Without that word, there is no way to know what else it is.
    let error = manager(&tree).program_bytes(&[1, 2, 3, 4], &ProgramOptions::new()).unwrap_err();
    assert!(matches!(error, Error::Bitstream(pynq_hwh::Error::NotABitstream { .. })), "{error}");
}

/// Programs, expects that it fails, and that flags and firmware folder are as they were.
fn fails(tree: &Tree, options: &ProgramOptions<'_>) -> Error {
    let look = || (tree.read(&format!("{FPGA}/flags")), tree.contents("lib/firmware"));
    let before = look();
    let error = manager(tree).program(&base(), options).unwrap_err();
    let after = look();
    assert_eq!((before.0.trim(), before.1), (after.0.trim(), after.1), "{error}");
    error
}

#[test]
fn a_state_that_never_becomes_operating() {
    let tree = board();
    tree.file(&format!("{FPGA}/flags"), "5\n");
    tree.file(&format!("{FPGA}/state"), "write complete\n");
    let looks = Cell::new(0);
    let error = fails(
        &tree,
        &ProgramOptions::new().pause(&|look| {
            looks.set(look);
            look < 7
        }),
    );
    assert!(matches!(&error, Error::NotOperating { state: FpgaState::WriteComplete, looks: 7, .. }), "{error:?}");
    assert_eq!(looks.get(), 7);
    assert!(
        error.to_string().contains("\"write complete\" instead of \"operating\", at the last of 7 looks"),
        "{error}"
    );
}

#[test]
fn a_state_that_becomes_operating_after_a_while() {
    let tree = board();
    tree.file(&format!("{FPGA}/state"), "write\n");
    let pause = |look| {
        tree.file(&format!("{FPGA}/state"), ["write complete\n", "operating\n"][usize::from(look > 2)]);
        look < 9
    };
    manager(&tree).program(&base(), &ProgramOptions::new().pause(&pause)).unwrap();
}

#[test]
fn an_error_state_ends_it_at_once() {
    let tree = board();
    tree.file(&format!("{FPGA}/state"), "write error\n");
    tree.file(&format!("{FPGA}/status"), "reconfig CRC error\nreconfig IP protocol error\n");
    let error = fails(&tree, &ProgramOptions::new().pause(&|_| panic!("there is nothing to wait for")));
    let Error::NotOperating { state: FpgaState::WriteError, status, looks: 1, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(status[..], ["reconfig CRC error", "reconfig IP protocol error"]);
    assert!(error.to_string().contains("(reconfig CRC error, reconfig IP protocol error)"), "{error}");
}

#[test]
fn a_kernel_that_refuses() {
    let tree = board();
    tree.file("lib/firmware/pynq-fpga0.bin", "of before");
    tree.file(&format!("{FPGA}/status"), "\n");
    fs::remove_file(tree.path(&format!("{FPGA}/firmware"))).unwrap();
    // Opening it succeeds, and writing to it does not.
    symlink("/dev/full", tree.path(&format!("{FPGA}/firmware"))).unwrap();
    let error = fails(&tree, &ProgramOptions::new());
    let Error::ProgrammingRefused { error: why, state: Some(FpgaState::Unknown), status, file, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!((why.kind(), status.len()), (io::ErrorKind::StorageFull, 0));
    assert_eq!(file, &tree.path("lib/firmware/pynq-fpga0.bin"));
    assert_eq!(tree.read("lib/firmware/pynq-fpga0.bin"), "of before");
}

#[test]
fn files_that_vanish_midway() {
    // The state, after the kernel got the name.
    let tree = board();
    let error = fails(
        &tree,
        &ProgramOptions::new().pause(&|_| {
            fs::remove_file(tree.path(&format!("{FPGA}/state"))).unwrap();
            true
        }),
    );
    assert!(matches!(&error, Error::File { action: "read", path, .. } if path.ends_with("fpga0/state")), "{error:?}");

    // The whole manager: then there are no flags to put back, but there is a firmware folder.
    let tree = board();
    let pause = |_| {
        fs::remove_dir_all(tree.path(FPGA)).unwrap();
        true
    };
    let manager = manager(&tree);
    let error = manager.program(&base(), &ProgramOptions::new().pause(&pause)).unwrap_err();
    assert!(matches!(&error, Error::File { action: "read", .. }), "{error:?}");
    assert!(tree.list("lib/firmware").is_empty());
    let error = manager.program(&base(), &ProgramOptions::new()).unwrap_err();
    assert!(matches!(&error, Error::NoFpgaManager { .. }), "{error:?}");
    assert!(manager.state().is_err() && manager.attach().is_err() && manager.flags().is_err());
}

#[test]
fn the_file_of_the_kernels_choice_stays_there_only_on_success() {
    let tree = board();
    tree.file("lib/firmware/base.bin", "stale");
    fails(&tree, &ProgramOptions::new().file_name("base.bin").pause(&|_| false));
    assert_eq!(tree.read("lib/firmware/base.bin"), "stale");

    tree.file(&format!("{FPGA}/state"), "operating\n");
    // What a program left that was killed in the middle.
    tree.file("lib/firmware/.base.bin.new", "half an ima");
    tree.file("lib/firmware/.base.bin.old", "older");
    manager(&tree).program(&base(), &ProgramOptions::new().file_name("base.bin")).unwrap();
    assert_eq!(fs::read(tree.path("lib/firmware/base.bin")).unwrap(), firmware());
    assert_eq!(tree.list("lib/firmware"), ["base.bin"]);
    assert_eq!(tree.read(&format!("{FPGA}/firmware")), "base.bin");
}

#[test]
fn a_firmware_folder_that_is_missing_or_full_of_obstacles() {
    let tree = board();
    tree.folder("lib/firmware/base.bin/inside");
    let error = fails(&tree, &ProgramOptions::new().file_name("base.bin"));
    assert!(matches!(&error, Error::File { action: "replace", .. }), "{error:?}");

    tree.folder("lib/firmware/.pynq-fpga0.bin.new");
    let error = fails(&tree, &ProgramOptions::new());
    assert!(matches!(&error, Error::File { action: "write", .. }), "{error:?}");

    fs::remove_dir_all(tree.path("lib/firmware")).unwrap();
    let error = manager(&tree).program(&base(), &ProgramOptions::new()).unwrap_err();
    assert!(matches!(&error, Error::NoFirmwareFolder { .. }) && error.to_string().contains("mkdir -p"), "{error}");
    assert_eq!(tree.read(&format!("{FPGA}/firmware")), "", "nothing was written to the kernel");
}

#[test]
fn a_mainline_kernel() {
    for missing in ["flags", "firmware"] {
        let tree = board();
        assert!(manager(&tree).can_program().unwrap());
        tree.file(&format!("{FPGA}/state"), "operating\n");
        fs::remove_file(tree.path(FPGA).join(missing)).unwrap();
        let error = manager(&tree).program(&base(), &ProgramOptions::new()).unwrap_err();
        assert!(matches!(&error, Error::NoProgrammingFile { path, .. } if path.ends_with(missing)), "{error:?}");
        assert!(error.to_string().contains("device-tree overlay"), "{error}");
        assert!(!manager(&tree).can_program().unwrap());
        assert!(tree.list("lib/firmware").is_empty());
        assert!(!tree.path(FPGA).join(missing).exists(), "nothing may make a file that the kernel doesn't have");
        // What was loaded by other means is fine.
        manager(&tree).attach().unwrap();
    }
}

#[test]
fn permission_denied() {
    let tree = board();
    let manager = manager(&tree);
    let error = tree.without_rights(move || manager.program(&base(), &ProgramOptions::new()).unwrap_err());
    let Error::File { error: why, .. } = &error else { panic!("{error:?}") };
    assert_eq!(why.kind(), io::ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("run as root"), "{error}");
    assert_eq!(tree.read(&format!("{FPGA}/firmware")), "");
    assert!(tree.list("lib/firmware").is_empty());
}

#[test]
fn permission_denied_on_the_very_file() {
    let tree = board();
    for path in ["run", "lib/firmware", &format!("{FPGA}/flags")] {
        tree.for_everybody(path);
    }
    let (manager, owned) = (manager(&tree), tree.again());
    let error = tree.without_rights(move || {
        let error = manager.program(&base(), &ProgramOptions::new()).unwrap_err();
        assert!(owned.list("lib/firmware").is_empty());
        error
    });
    assert!(
        matches!(&error, Error::ProgrammingRefused { error, .. } if error.kind() == io::ErrorKind::PermissionDenied),
        "{error:?}"
    );
    assert_eq!(tree.read(&format!("{FPGA}/flags")), "0");
}

#[test]
fn flags_that_are_no_number() {
    let tree = board();
    for (text, flags) in [("20\n", 0x20), ("0x1\n", 1), ("ffffffff\n", u32::MAX)] {
        tree.file(&format!("{FPGA}/flags"), text);
        assert_eq!(manager(&tree).flags().unwrap(), flags);
    }
    tree.file(&format!("{FPGA}/flags"), "none\n");
    let error = fails(&tree, &ProgramOptions::new());
    assert!(matches!(&error, Error::FileContent { .. }) && error.to_string().contains("\"none\""), "{error:?}");
    assert_eq!(tree.read(&format!("{FPGA}/firmware")), "");
}

#[test]
fn what_can_be_known_is_checked_before_anything_is_touched() {
    let design = include_str!("../../pynq-hwh/fixtures/pynq-z2-buttons.hwh");
    let design = Design::parse(design).unwrap();
    let tree = board();
    let full = firmware();
    let refused = |bitstream: &Bitstream, options: &ProgramOptions<'_>| {
        let error = manager(&tree).program(bitstream, options).unwrap_err();
        assert_eq!(tree.read(&format!("{FPGA}/firmware")), "");
        assert!(tree.list("lib/firmware").is_empty());
        error
    };
    let options = ProgramOptions::new();
    let error = refused(&bit("x", "7z010clg400", &full), &options.design(&design));
    assert!(matches!(&error, Error::Bitstream(pynq_hwh::Error::PartMismatch { .. })), "{error}");
    let error = refused(&bit("x;PARTIAL=TRUE", "7z020clg400", &full), &options.partial(false));
    assert!(matches!(&error, Error::PartialMismatch), "{error}");
    let error = refused(&bit("x;PARTIAL=TRUE", "7z020clg400", &full), &options);
    assert!(matches!(&error, Error::NotProgrammed { state: FpgaState::Unknown, .. }), "{error}");
    let error = refused(&bit("x", "7z020clg400", &full[..full.len() - 1]), &options);
    assert!(matches!(&error, Error::Bitstream(pynq_hwh::Error::BitLength { .. })), "{error}");
    for name in ["", "../base.bin", "a/b", ".bin", "a b", "a\n", "a\0", &"x".repeat(201)] {
        let error = refused(&base(), &options.file_name(name));
        assert!(matches!(&error, Error::FirmwareName { .. }), "{name:?}: {error}");
    }
}

#[test]
fn one_at_a_time() {
    let tree = board();
    tree.file(&format!("{FPGA}/state"), "operating\n");
    let lock = fs::File::create(tree.path("run/pynq-fpga0.lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let error = fails(&tree, &ProgramOptions::new());
    assert!(matches!(&error, Error::ProgrammingInProgress { holder: None, .. }), "{error:?}");
    // The tree's list of locks is not the kernel's; a line of it names the holder.
    let stat = rustix::fs::fstat(&lock).unwrap();
    let (major, minor) = (rustix::fs::major(stat.st_dev), rustix::fs::minor(stat.st_dev));
    tree.file("proc/locks", &format!("1: FLOCK  ADVISORY  WRITE 4242 {major:02x}:{minor:02x}:{} 0 EOF\n", stat.st_ino));
    let error = fails(&tree, &ProgramOptions::new());
    assert!(error.to_string().contains("process 4242"), "{error}");
    drop(lock);
    manager(&tree).program(&base(), &ProgramOptions::new()).unwrap();
}

#[test]
fn finding_the_manager() {
    let tree = Tree::new();
    let find = || FpgaManager::find(&tree.paths());
    assert!(matches!(find(), Err(Error::NoFpgaManager { .. })));
    tree.folder("sys/class/fpga_manager");
    assert!(matches!(find(), Err(Error::NoFpgaManager { .. })));
    tree.file("sys/class/fpga_manager/fpga0/name", "Xilinx Zynq FPGA Manager\n");
    assert_eq!(
        (find().unwrap().device(), find().unwrap().name().unwrap().as_str()),
        ("fpga0", "Xilinx Zynq FPGA Manager")
    );
    tree.folder("sys/class/fpga_manager/fpga1");
    let error = find().unwrap_err();
    assert!(matches!(&error, Error::SeveralFpgaManagers { found } if found[..] == ["fpga0", "fpga1"]), "{error}");
    assert_eq!(FpgaManager::named(&tree.paths(), "fpga1").unwrap().device(), "fpga1");
    let error = FpgaManager::named(&tree.paths(), "fpga2").unwrap_err();
    assert!(error.to_string().contains("fpga0, fpga1"), "{error}");
    let odd = Tree::new();
    odd.file("sys/class/fpga_manager", "");
    assert!(matches!(FpgaManager::find(&odd.paths()), Err(Error::File { action: "list", .. })));
}

#[test]
fn attaching() {
    let tree = board();
    let error = manager(&tree).attach().unwrap_err();
    assert!(matches!(&error, Error::NotProgrammed { state: FpgaState::Unknown, .. }), "{error:?}");
    assert!(error.to_string().contains("program a full bitstream"), "{error}");
    operating(&tree);
    manager(&tree).attach().unwrap();
    assert!(manager(&tree).status().unwrap().is_empty());
    assert_eq!(manager(&tree).state().unwrap(), FpgaState::Operating);
    fs::remove_file(tree.path(&format!("{FPGA}/state"))).unwrap();
    tree.folder(&format!("{FPGA}/state"));
    assert!(matches!(manager(&tree).attach(), Err(Error::File { action: "read", .. })));
}
