//! A board, and the command run on it.

use std::{
    fs::{self, File, OpenOptions},
    os::{
        fd::AsRawFd as _,
        unix::{
            fs::{FileExt as _, PermissionsExt as _, symlink},
            process::CommandExt as _,
        },
    },
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

use crate::{system, tree::Tree};

/// A design with buttons, switches and LEDs behind one controller on interrupt 61.
pub(crate) const HWH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../pynq-hwh/fixtures/pynq-z2-buttons.hwh");
/// Its interrupt controller.
pub(crate) const INTC: u64 = 0x4180_0000;
/// Its buttons.
pub(crate) const BUTTONS: u64 = 0x4121_0000;
/// Its LEDs.
pub(crate) const LEDS: u64 = 0x4125_0000;
/// The system-level control registers of a Zynq-7000.
const SLCR: u64 = 0xF800_0000;

pub(crate) struct Fake {
    pub(crate) tree: Tree,
    memory: File,
}

impl Fake {
    /// A system without anything but memory.
    pub(crate) fn bare() -> Self {
        let tree = Tree::new();
        tree.folder("run");
        tree.folder("dev");
        let open = OpenOptions::new().read(true).write(true).create_new(true).open(tree.path("dev/mem"));
        let memory = open.expect("a sparse file");
        memory.set_len(SLCR + 0x1_0000).expect("a sparse file");
        Self { tree, memory }
    }

    /// A Zynq-7000 on which the design runs, as the boot loader and a kernel of Xilinx's leave it.
    pub(crate) fn healthy() -> Self {
        let fake = Self::bare();
        let tree = &fake.tree;
        tree.file("sys/firmware/devicetree/base/compatible", "tul,pynq-z2\0xlnx,zynq-7000\0");
        system::gic_table(tree, &[(45, 61, "fabric")]);
        let device = system::uio(tree, 0, "fabric");
        system::map(tree, &device, 0, [INTC, 0x1000, 0]);
        system::node(tree, &device, &[0, 29, 4]);
        tree.file(&format!("{device}/event"), "7\n");
        tree.file("dev/uio0", &"\0".repeat(0x1_0000));
        tree.file("sys/bus/platform/drivers/uio_pdrv_genirq/bind", "");
        fake.platform("amba:fabric", "generic-uio", true);
        tree.file("proc/cmdline", "console=ttyPS0,115200 uio_pdrv_genirq.of_id=generic-uio rw\n");
        tree.file("proc/locks", "");
        for (file, text) in
            [("name", "Xilinx Zynq FPGA Manager\n"), ("state", "operating\n"), ("flags", "0\n"), ("firmware", "")]
        {
            tree.file(&format!("sys/class/fpga_manager/fpga0/{file}"), text);
        }
        tree.folder("sys/kernel/config/device-tree/overlays");
        tree.folder("lib/firmware");
        fake.put(SLCR + 0x900, 0xF);
        fake.put(SLCR + 0x240, 0);
        // The IO PLL multiplies a crystal of 50 MHz by 20.
        fake.put(SLCR + 0x108, 20 << 12);
        // Divided by 5 and 2, as the design has it, the second one by 7 and 1.
        fake.put(SLCR + 0x170, 5 << 8 | 2 << 20);
        fake.put(SLCR + 0x180, 7 << 8 | 1 << 20);
        fake
    }

    /// A device of the platform bus, taken by the UIO driver or not.
    pub(crate) fn platform(&self, name: &str, compatible: &str, bound: bool) {
        let device = format!("sys/bus/platform/devices/{name}");
        self.tree.file(&format!("{device}/of_node/compatible"), &format!("{compatible}\0"));
        if bound {
            let driver = self.tree.path("sys/bus/platform/drivers/uio_pdrv_genirq");
            symlink(&driver, self.tree.path(&format!("{device}/driver"))).expect("a link");
            symlink(self.tree.path(&device), driver.join(name)).expect("a link");
        }
    }

    pub(crate) fn put(&self, address: u64, value: u32) {
        self.memory.write_all_at(&value.to_ne_bytes(), address).expect("inside the file");
    }

    pub(crate) fn word(&self, address: u64) -> u32 {
        let mut bytes = [0; 4];
        self.memory.read_exact_at(&mut bytes, address).expect("inside the file");
        u32::from_ne_bytes(bytes)
    }

    pub(crate) fn slcr(&self, offset: u64, value: u32) {
        self.put(SLCR + offset, value);
    }

    /// The command, with this board for its system.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pynq"));
        command.args(arguments).arg("--root").arg(self.tree.path(""));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the command starts")
    }

    /// What a command prints that succeeds.
    pub(crate) fn stdout(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// What a command says that fails: one line, and nothing on standard output.
    pub(crate) fn failure(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
        assert!(output.stdout.is_empty());
        let message = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(message.starts_with("pynq: ") && message.lines().count() == 1, "{message}");
        message
    }

    /// What `pynq doctor` says, with its exit status.
    pub(crate) fn doctor(&self) -> (Value, i32) {
        diagnosis(&self.run(&["doctor", "--hwh", HWH, "--json"]))
    }

    /// The same, said to a user without any rights. Nothing if the tests are not run by root, which alone can switch
    /// users.
    pub(crate) fn doctor_of_nobody(&self) -> Option<(Value, i32)> {
        // Its own copy, as the sources may be where others can't enter.
        fs::copy(HWH, self.tree.path("design.hwh")).expect("a copy");
        let hwh = self.tree.path("design.hwh");
        let command = self.command_of_nobody(&["doctor", "--json", "--hwh", hwh.to_str().expect("UTF-8")]);
        command.map(|mut command| diagnosis(&command.output().expect("the command starts")))
    }

    /// The command as a user without any rights runs it. Nothing if the tests are not run by root, or other users may
    /// not enter the folder of temporary files.
    ///
    /// The program is named by a descriptor, since a clone and its target folder may be where others can't enter.
    pub(crate) fn command_of_nobody(&self, arguments: &[&str]) -> Option<Command> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        for entry in walk(&self.tree.path("")) {
            // Whatever the umask was.
            let mode = fs::metadata(&entry).map_or(0, |metadata| metadata.permissions().mode());
            let readable = mode | (mode & 0o500) >> 3 | (mode & 0o500) >> 6;
            fs::set_permissions(&entry, fs::Permissions::from_mode(readable)).expect("our own file");
        }
        let folders = std::env::temp_dir();
        let closed = folders
            .ancestors()
            .find(|folder| fs::metadata(folder).is_ok_and(|metadata| metadata.permissions().mode() & 0o001 == 0));
        if let Some(closed) = closed {
            eprintln!("skipped: others can't enter {}, which temporary files are in", closed.display());
            return None;
        }
        let program = File::open(env!("CARGO_BIN_EXE_pynq")).expect("the command is built");
        let mut command = Command::new(format!("/proc/self/fd/{}", program.as_raw_fd()));
        command.args(arguments).arg("--root").arg(self.tree.path("")).uid(65_534).gid(65_534).current_dir("/");
        // It is needed until the command has started, and one more open file harms no test.
        std::mem::forget(program);
        Some(command)
    }
}

/// Everything below a folder that is no link, itself included.
fn walk(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![path.to_owned()];
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(walk(&entry.path())),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found
}

fn diagnosis(output: &Output) -> (Value, i32) {
    let said = String::from_utf8_lossy(&output.stdout);
    let value = serde_json::from_str(&said);
    let value = value.unwrap_or_else(|_| panic!("{said}{}", String::from_utf8_lossy(&output.stderr)));
    (value, output.status.code().expect("no signal"))
}
