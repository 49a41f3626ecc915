//! Puts UIO devices and interrupts into a tree, the way kernels show them.
#![allow(dead_code)] // each test uses a part of it

use super::tree::Tree;

/// A UIO device's folder; its version says that it comes from the device tree.
pub(crate) fn uio(tree: &Tree, number: u32, name: &str) -> String {
    let folder = format!("sys/class/uio/uio{number}");
    tree.file(&format!("{folder}/name"), &format!("{name}\n"));
    tree.file(&format!("{folder}/version"), "devicetree\n");
    tree.file(&format!("{folder}/event"), "0\n");
    folder
}

/// A map of a device, as the kernel shows it.
pub(crate) fn map(tree: &Tree, device: &str, index: usize, [address, size, offset]: [u64; 3]) {
    let folder = format!("{device}/maps/map{index}");
    tree.file(&format!("{folder}/addr"), &format!("{address:#010x}\n"));
    tree.file(&format!("{folder}/size"), &format!("{size:#x}\n"));
    tree.file(&format!("{folder}/offset"), &format!("{offset:#x}\n"));
    tree.file(&format!("{folder}/name"), "\n");
}

/// The cells of a device-tree node's `interrupts`, which are big endian. Without cells, the node has no such property.
pub(crate) fn node(tree: &Tree, device: &str, cells: &[u32]) {
    tree.folder(&format!("{device}/device/of_node"));
    if !cells.is_empty() {
        let bytes = cells.iter().flat_map(|cell| cell.to_be_bytes()).collect::<Vec<_>>();
        std::fs::write(tree.path(&format!("{device}/device/of_node/interrupts")), bytes).unwrap();
    }
}

/// The folder of an interrupt, as kernels since 4.9 have it.
pub(crate) fn irq(tree: &Tree, virq: u32, chip: &str, hwirq: &str, kind: &str, actions: &str) {
    let folder = format!("sys/kernel/irq/{virq}");
    for (file, text) in [("chip_name", chip), ("hwirq", hwirq), ("type", kind), ("actions", actions)] {
        tree.file(&format!("{folder}/{file}"), &format!("{text}\n"));
    }
}

/// `/proc/interrupts` of a Zynq-7000, with one handler's names for each of the GIC's numbers.
pub(crate) fn gic_table(tree: &Tree, lines: &[(u32, u32, &str)]) {
    let mut table = "           CPU0       CPU1       \n".to_owned();
    for (virq, hwirq, actions) in lines {
        table += &format!("{virq:3}:          7          0     GIC-0 {hwirq:3} Level     {actions}\n");
    }
    table += "IPI1:          0          0  Timer broadcast interrupts\nErr:          0\n";
    tree.file("proc/interrupts", &table);
}

/// Cells of a property, which are big endian.
fn property(tree: &Tree, path: &str, cells: &[u32]) {
    let bytes = cells.iter().flat_map(|cell| cell.to_be_bytes()).collect::<Vec<_>>();
    let path = tree.path(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// The device tree's folder of the logic, in the layout of PetaLinux.
const LOGIC: &str = "sys/firmware/devicetree/base/amba_pl";

/// An AXI INTC that the device tree gives to the kernel's own driver.
pub(crate) fn kernel_intc(tree: &Tree, address: u32, phandle: u32) {
    let node = format!("{LOGIC}/interrupt-controller@{address:x}");
    tree.file(&format!("{node}/compatible"), "xlnx,axi-intc-4.1\0xlnx,xps-intc-1.00.a\0");
    tree.file(&format!("{node}/interrupt-controller"), "");
    property(tree, &format!("{LOGIC}/#address-cells"), &[1]);
    property(tree, &format!("{node}/reg"), &[address, 0x1_0000]);
    property(tree, &format!("{node}/phandle"), &[phandle]);
}

/// Puts a UIO device on a line of such a controller, by a node that has its name.
pub(crate) fn on_kernel_line(tree: &Tree, device: &str, [phandle, line, kind]: [u32; 3]) {
    let name = tree.read(&format!("{device}/name"));
    let node = format!("{LOGIC}/{}", name.trim());
    property(tree, &format!("{node}/interrupt-parent"), &[phandle]);
    property(tree, &format!("{node}/interrupts"), &[line, kind]);
    tree.folder(&format!("{device}/device"));
    std::os::unix::fs::symlink(tree.path(&node), tree.path(&format!("{device}/device/of_node"))).unwrap();
}

/// `/proc/interrupts` with lines of such a controller, whose own input has no handler that is shown.
pub(crate) fn kernel_intc_table(tree: &Tree, lines: &[(u32, u32, &str)]) {
    let mut table = "           CPU0       CPU1       \n".to_owned();
    table += " 27:        100        100     GIC-0  27 Edge      gt\n";
    for (virq, line, action) in lines {
        table +=
            &format!("{virq:3}:          3          0  interrupt-controller@41800000 {line:3} Edge      {action}\n");
    }
    tree.file("proc/interrupts", &table);
}
