//! AXI interrupt controllers that the kernel's own driver has, and whose lines are interrupts of the kernel: the usual
//! layout of PetaLinux.
//!
//! The device tree shows them. Such a controller is a node that is called an interrupt controller and is `compatible`
//! with the driver's word; a device on it has it for its `interrupt-parent`, and the number of its line for the first
//! cell of its `interrupts`. The controller's registers are the kernel's then: another writer would change the enables
//! under it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::SystemPaths;

/// Words of the drivers for an AXI INTC, in the kernel.
const DRIVERS: [&str; 2] = ["xlnx,xps-intc-1.00.a", "xlnx,axi-intc-4.1"];
/// How deep nodes of the device tree are searched; more than any tree needs.
const DEPTH: usize = 12;

/// An AXI interrupt controller that the kernel's own driver has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KernelController {
    /// Where its registers are.
    pub address: u64,
    /// Its node in the device tree, as a path from the root of that: `/amba_pl/interrupt-controller@41800000`.
    pub node: PathBuf,
    phandle: Option<u32>,
}

/// All of them.
pub(super) fn find(paths: &SystemPaths) -> Vec<KernelController> {
    let base = base(paths);
    let mut found = Vec::new();
    search(&base, &base, DEPTH, &mut found);
    found.sort_by_key(|controller| controller.address);
    found
}

fn base(paths: &SystemPaths) -> PathBuf {
    paths.sys.join("firmware/devicetree/base")
}

fn search(base: &Path, node: &Path, depth: usize, found: &mut Vec<KernelController>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let entries = fs::read_dir(node).into_iter().flatten().flatten();
    // Links, which the kernel has none of here, would lead out of the tree or around in it.
    for entry in entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        let node = entry.path();
        found.extend(controller(base, &node));
        search(base, &node, depth, found);
    }
}

/// The controller that a node is, if it is one.
fn controller(base: &Path, node: &Path) -> Option<KernelController> {
    let compatible = fs::read(node.join("compatible")).ok()?;
    let mut words = compatible.split(|&byte| byte == 0);
    if !words.any(|word| DRIVERS.iter().any(|driver| word.trim_ascii() == driver.as_bytes())) {
        return None;
    }
    // One that is switched off has no driver.
    let status = fs::read(node.join("status")).unwrap_or_default();
    let on = matches!(status.trim_ascii_end().strip_suffix(b"\0").unwrap_or(&status), b"" | b"okay" | b"ok");
    if !on || !node.join("interrupt-controller").exists() {
        return None;
    }
    // The number of cells that an address has is the parent's to say.
    let wide = cells(&node.parent()?.join("#address-cells")).and_then(|cells| cells.first().copied()).unwrap_or(2);
    let reg = cells(&node.join("reg"))?;
    let address = reg.get(..usize::try_from(wide).ok()?)?;
    let address = address.iter().fold(0, |address: u64, &cell| address << 32 | u64::from(cell));
    let phandle = cells(&node.join("phandle")).and_then(|cells| cells.first().copied());
    let node = Path::new("/").join(node.strip_prefix(base).ok()?);
    Some(KernelController { address, node, phandle })
}

/// The controller and its line that a device's node names.
pub(super) fn line(paths: &SystemPaths, controllers: &[KernelController], node: &Path) -> Option<(u64, u32)> {
    if controllers.is_empty() {
        return None;
    }
    let with = |phandle: u32| controllers.iter().find(|controller| controller.phandle == Some(phandle));
    if let Some(extended) = cells(&node.join("interrupts-extended")) {
        let [parent, line, ..] = extended[..] else { return None };
        return with(parent).map(|controller| (controller.address, line));
    }
    let line = *cells(&node.join("interrupts"))?.first()?;
    // The parent is that of the nearest node above which names one. Nodes are links into the tree.
    let node = fs::canonicalize(node).ok()?;
    let base = fs::canonicalize(base(paths)).ok()?;
    let within = |at: &&Path| **at == *node || at.starts_with(&base);
    let parent = node.ancestors().take_while(within).find_map(|at| cells(&at.join("interrupt-parent")))?;
    with(*parent.first()?).map(|controller| (controller.address, line))
}

/// The cells of a property, which are big endian.
fn cells(path: &Path) -> Option<Vec<u32>> {
    let bytes = fs::read(path).ok()?;
    let cells = bytes.chunks_exact(4).map(|cell| cell.iter().fold(0, |value, &byte| value << 8 | u32::from(byte)));
    Some(cells.collect())
}
