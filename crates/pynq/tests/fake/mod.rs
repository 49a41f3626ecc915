//! A board as a tree of files; `/dev/mem` is a sparse file.
#![allow(dead_code)] // each test uses a part of it

#[path = "../../../pynq-uio/tests/system/mod.rs"]
pub(crate) mod system;
#[path = "../../../pynq-uio/tests/tree/mod.rs"]
mod tree;

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::FileExt as _,
};

use pynq::{LinuxOptions, prelude::*};
use tree::Tree;

pub(crate) const HWH: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../pynq-hwh/fixtures/pynq-z2-buttons.hwh"));

pub(crate) const LEDS: u64 = 0x4125_0000;
pub(crate) const INTC: u64 = 0x4180_0000;

pub(crate) struct Fake {
    pub(crate) tree: Tree,
    memory: File,
}

impl Fake {
    pub(crate) fn new() -> Self {
        let tree = Tree::new();
        tree.file("design.hwh", HWH);
        tree.folder("run");
        system::gic_table(&tree, &[]);
        tree.folder("dev");
        let open = OpenOptions::new().read(true).write(true).create_new(true).open(tree.path("dev/mem"));
        let memory = open.unwrap();
        memory.set_len(0x1_0000_0000).unwrap();
        Self { tree, memory }
    }

    pub(crate) fn options(&self) -> LinuxOptions {
        LinuxOptions::new().paths(self.tree.paths())
    }

    pub(crate) fn attach(&self) -> pynq::Result<Overlay> {
        self.options().attach(self.tree.path("design.hwh"))
    }

    pub(crate) fn word(&self, address: u64) -> u32 {
        let mut bytes = [0; 4];
        self.memory.read_exact_at(&mut bytes, address).unwrap();
        u32::from_ne_bytes(bytes)
    }

    pub(crate) fn set(&self, address: u64, word: u32) {
        self.memory.write_all_at(&word.to_ne_bytes(), address).unwrap();
    }

    /// An FPGA manager that takes anything, and a bitstream for it.
    pub(crate) fn programmable(&self) {
        self.manager("operating");
        self.tree.file("sys/class/fpga_manager/fpga0/flags", "0\n");
        self.tree.file("sys/class/fpga_manager/fpga0/firmware", "");
        self.tree.folder("lib/firmware");
        let mut bit = vec![0, 9, 15, 240, 15, 240, 15, 240, 15, 240, 0, 0, 1];
        for (key, text) in [(b'a', "design"), (b'b', "7z020clg400"), (b'c', "2026/01/01"), (b'd', "00:00:00")] {
            bit.push(key);
            bit.extend(u16::try_from(text.len() + 1).unwrap().to_be_bytes());
            bit.extend(text.as_bytes());
            bit.push(0);
        }
        let mut data = vec![0xFF; 32];
        data.extend([0xAA, 0x99, 0x55, 0x66, 0x20, 0, 0, 0]);
        bit.push(b'e');
        bit.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        bit.extend(data);
        std::fs::write(self.tree.path("design.bit"), bit).unwrap();
    }

    pub(crate) fn manager(&self, state: &str) {
        self.tree.file("sys/class/fpga_manager/fpga0/name", "Xilinx Zynq FPGA Manager\n");
        self.tree.file("sys/class/fpga_manager/fpga0/state", &format!("{state}\n"));
    }
}
