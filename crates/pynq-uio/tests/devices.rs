//! UIO devices in trees of files: which there are, and which is the one that is looked for.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test may

mod system;
mod tree;

use std::{
    fs,
    io::Write as _,
    os::unix::fs::{FileTypeExt as _, symlink},
    thread,
};

use pynq_uio::{Error, Trigger, UioDevices, UioInterrupt, page_size};
use rustix::fs::{CWD, FileType, Mode};
use system::{gic_table, irq, map, node, uio};
use tree::Tree;

fn find(tree: &Tree) -> UioDevices {
    UioDevices::find(&tree.paths()).unwrap()
}

/// The stock image's device, one with several maps, and one without an interrupt.
fn board() -> Tree {
    let tree = Tree::new();
    let fabric = uio(&tree, 0, "fabric");
    map(&tree, &fabric, 0, [0x4000_0000, 0x1_0000, 0]);
    node(&tree, &fabric, &[0, 29, 4]);
    let lab = uio(&tree, 10, "lab");
    tree.file(&format!("{lab}/event"), "-1\n");
    map(&tree, &lab, 1, [0x4280_0000, 0x4_0000, 0]);
    map(&tree, &lab, 0, [0x4181_0000, 0x2_0000, 0]);
    tree.file(&format!("{lab}/maps/map0/name"), "intc\n");
    fs::remove_file(tree.path(&format!("{lab}/maps/map1/name"))).unwrap();
    node(&tree, &lab, &[0, 30, 1]);
    let buffer = uio(&tree, 2, "dmabuf");
    map(&tree, &buffer, 0, [0xF00_0000, 0x10_0000, 0]);
    node(&tree, &buffer, &[]);
    gic_table(&tree, &[(29, 82, "xuartps"), (34, 61, "fabric"), (46, 62, "lab")]);
    irq(&tree, 46, "GIC-0", "62", "edge", "lab");
    tree
}

#[test]
fn what_a_board_has() {
    let tree = board();
    let devices = find(&tree);
    let shown = devices.devices().iter().map(ToString::to_string).collect::<Vec<_>>();
    let expected = [
        "uio0 \"fabric\" at 0x40000000 (interrupt 61)",
        "uio2 \"dmabuf\" at 0xf000000 (no interrupt)",
        "uio10 \"lab\" at 0x41810000, 0x42800000 (interrupt 62)",
    ];
    assert_eq!(shown, expected, "by number");
    let lab = devices.by_name("lab").unwrap();
    assert_eq!((lab.number, &*lab.version, lab.events), (10, "devicetree", u32::MAX));
    assert_eq!((lab.node(), lab.folder()), (&*tree.path("dev/uio10"), &*tree.path("sys/class/uio/uio10")));
    let maps = lab.maps.iter().map(|map| (map.index, &*map.name, map.address(), map.size())).collect::<Vec<_>>();
    assert_eq!(maps, [(0, "intc", 0x4181_0000, 0x2_0000), (1, "", 0x4280_0000, 0x4_0000)]);
    let interrupt = lab.interrupt.known().unwrap();
    assert_eq!((interrupt.virq, interrupt.hwirq, interrupt.trigger), (Some(46), Some(62), Some(Trigger::Edge)));
    assert_eq!(devices.by_name("fabric").unwrap().interrupt.known().unwrap().trigger, Some(Trigger::Level));
    assert_eq!(devices.interrupts().rows().len(), 3);
}

#[test]
fn a_device_is_found_by_what_it_is() {
    let tree = board();
    let devices = find(&tree);
    let number = |found: pynq_uio::Result<&pynq_uio::UioDevice>| found.map(|device| device.number).ok();
    assert_eq!((number(devices.by_irq(61)), number(devices.by_irq(62))), (Some(0), Some(10)));
    let by_address = [0x4000_0000, 0x4000_FFFF, 0x4001_0000, 0x4181_0004, 0x4283_FFFC, 0x3FFF_FFFF, 0xF00_0000];
    let found = by_address.map(|address| number(devices.by_address(address)));
    assert_eq!(found, [Some(0), Some(0), None, Some(10), Some(10), None, Some(2)]);
}

#[test]
fn what_is_not_there_is_said_with_what_is() {
    let tree = board();
    let devices = find(&tree);
    let error = devices.by_irq(63).unwrap_err().to_string();
    let start = "no UIO device for interrupt 63; this system has: uio0 \"fabric\" at 0x40000000 (interrupt 61), uio2";
    assert!(error.starts_with(start), "{error}");
    assert!(error.contains("modprobe uio_pdrv_genirq of_id=generic-uio"), "{error}");
    let error = devices.by_irq(82).unwrap_err().to_string();
    assert!(error.starts_with("no UIO device for interrupt 82, which xuartps handles; this system has"), "{error}");
    let error = devices.by_name("fabrik").unwrap_err().to_string();
    assert!(error.starts_with("no UIO device named \"fabrik\"; this system has: uio0"), "{error}");
    let error = devices.by_address(0x4120_0000).unwrap_err().to_string();
    assert!(error.starts_with("no UIO device for address 0x41200000; this system has: uio0"), "{error}");
}

#[test]
fn a_kernel_without_uio_has_no_devices() {
    let tree = Tree::new();
    let devices = find(&tree);
    assert_eq!(devices.devices(), []);
    let error = devices.by_irq(61).unwrap_err();
    let folder = tree.path("sys/class/uio");
    assert!(matches!(&error, Error::NoDevice { missing_class: Some(path), .. } if *path == folder));
    let start =
        format!("no UIO device for interrupt 61: this kernel has none at all, there is no {};", folder.display());
    assert!(error.to_string().starts_with(&start), "{error}");
    tree.folder("sys/class/uio");
    let error = find(&tree).by_irq(61).unwrap_err().to_string();
    assert!(error.starts_with("no UIO device for interrupt 61; this system has: none;"), "{error}");
}

#[test]
fn devices_of_one_name_are_told_apart_by_their_nodes() {
    let tree = Tree::new();
    for (number, spi) in [(0, 30), (1, 29)] {
        let device = uio(&tree, number, "pins");
        map(&tree, &device, 0, [0x4120_0000 + u64::from(number) * 0x1_0000, 0x1_0000, 0]);
        node(&tree, &device, &[0, spi, 4]);
    }
    gic_table(&tree, &[(34, 61, "pins"), (35, 62, "pins")]);
    let devices = find(&tree);
    assert_eq!((devices.by_irq(61).unwrap().number, devices.by_irq(62).unwrap().number), (1, 0));
    let error = devices.by_name("pins").unwrap_err().to_string();
    let expected = "several UIO devices named \"pins\": uio0 \"pins\" at 0x41200000 (interrupt 62), uio1 \"pins\" at \
                    0x41210000 (interrupt 61); ask by address or by interrupt";
    assert_eq!(error, expected);
    assert_eq!(devices.by_address(0x4121_0000).unwrap().number, 1);
}

#[test]
fn devices_of_one_name_without_nodes_are_not_guessed() {
    let tree = Tree::new();
    for number in 0..2 {
        uio(&tree, number, "pins");
    }
    gic_table(&tree, &[(34, 61, "pins"), (35, 62, "pins")]);
    let devices = find(&tree);
    assert_eq!(devices.devices()[0].to_string(), "uio0 \"pins\" (interrupt one of 61 or 62)");
    let Err(Error::AmbiguousInterrupt { requested, candidates }) = devices.by_irq(61) else { panic!("one was chosen") };
    assert_eq!((&*requested, candidates.len()), ("interrupt 61", 2));
    assert!(matches!(devices.by_irq(63), Err(Error::NoDevice { .. })), "it is neither's");
    // The node of one of them is enough for both.
    node(&tree, "sys/class/uio/uio1", &[0, 29, 4]);
    let devices = find(&tree);
    assert_eq!((devices.by_irq(61).unwrap().number, devices.by_irq(62).unwrap().number), (1, 0));
}

#[test]
fn a_line_that_devices_of_one_name_share_is_both_s() {
    let tree = Tree::new();
    for number in 0..2 {
        uio(&tree, number, "pins");
    }
    gic_table(&tree, &[(34, 61, "pins, pins")]);
    let devices = find(&tree);
    assert_eq!(
        devices.devices().iter().filter_map(|device| device.interrupt.known()?.hwirq).collect::<Vec<_>>(),
        [61, 61]
    );
    assert!(matches!(devices.by_irq(61), Err(Error::AmbiguousDevice { found, .. }) if found.len() == 2));
    gic_table(&tree, &[(34, 61, "pins, ehci")]);
    let devices = find(&tree);
    assert!(matches!(devices.devices()[0].interrupt, UioInterrupt::Ambiguous(_)), "one of the two has none");
}

#[test]
fn what_a_node_asks_for_counts_only_if_the_device_got_it() {
    type Case<'a> = (&'a str, &'a [u32], &'a [(u32, u32, &'a str)], Option<u32>);
    let cases: [Case<'_>; 8] = [
        ("a shared peripheral interrupt", &[0, 29, 4], &[(34, 61, "x")], Some(61)),
        ("a private one", &[1, 13, 0x301], &[(34, 29, "x")], Some(29)),
        ("the first of several", &[0, 29, 4, 0, 30, 4], &[(34, 61, "x"), (35, 62, "y")], Some(61)),
        ("the numbers of another controller", &[0, 5, 4], &[(34, 61, "x")], Some(61)),
        ("two cells", &[3, 1], &[(34, 61, "x")], Some(61)),
        ("somebody else has it", &[0, 29, 4], &[(34, 61, "ehci")], None),
        ("no property, and a namesake's interrupt", &[], &[(34, 61, "x")], None),
        ("no table at all", &[0, 29, 4], &[], Some(61)),
    ];
    for (what, cells, table, expected) in cases {
        let tree = Tree::new();
        let device = uio(&tree, 0, "x");
        node(&tree, &device, cells);
        if !table.is_empty() {
            gic_table(&tree, table);
        }
        let found = find(&tree).devices()[0].interrupt.known().and_then(|irq| irq.hwirq);
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn devices_that_are_in_no_tree_go_by_their_name() {
    let tree = Tree::new();
    let card = uio(&tree, 0, "uio_pci_generic");
    tree.file(&format!("{card}/version"), "0.01.0\n");
    node(&tree, &card, &[]);
    gic_table(&tree, &[(34, 68, "uio_pci_generic")]);
    assert_eq!(find(&tree).by_irq(68).unwrap().number, 0, "a PCI device's node has no interrupt of its own");
}

#[test]
fn an_interrupt_of_another_controller_is_not_the_gic_s() {
    let tree = Tree::new();
    uio(&tree, 0, "pin");
    let table = "  CPU0\n 34:  1  zynq-gpio  61 Edge      pin\n 35:  0  GIC-0  52 Level     zynq-gpio\n";
    tree.file("proc/interrupts", table);
    assert!(matches!(find(&tree).by_irq(61), Err(Error::NoDevice { .. })));
    // Nor are the three cells of a node that belong to another controller, if its numbers happen to fit.
    node(&tree, "sys/class/uio/uio0", &[0, 29, 4]);
    tree.file("proc/interrupts", &format!("{table} 36:  0  GIC-0  62 Level     pin\n"));
    assert_eq!(find(&tree).devices()[0].to_string(), "uio0 \"pin\" (interrupt one of 61 or 62)");
    tree.file("proc/interrupts", &table.replace("GIC-0", "intc"));
    assert_eq!(find(&tree).by_irq(61).unwrap().number, 0, "where there is no GIC, there is no other number to mean");
}

#[test]
fn registers_of_both_kernel_styles() {
    let page = page_size() as u64;
    let cases = [
        ([page, 0x20, 0], (page, 0x20)),
        ([page + 0x100, 0x20, 0], (page + 0x100, 0x20)),
        ([page + 0x100, 0x20, 0x100], (page + 0x100, 0x20)),
        ([page, page, 0x100], (page + 0x100, page - 0x100)),
        ([page, 0x80, 0x100], (page + 0x100, 0)),
        ([u64::MAX, u64::MAX, u64::MAX], (u64::MAX, u64::MAX)),
    ];
    for (shown, (address, size)) in cases {
        let tree = Tree::new();
        map(&tree, &uio(&tree, 0, "x"), 0, shown);
        let devices = find(&tree);
        let map = &devices.devices()[0].maps[0];
        assert_eq!((map.address(), map.size()), (address, size), "{shown:x?}");
        assert_eq!((map.raw_address, map.raw_size, map.raw_offset), (shown[0], shown[1], shown[2]));
        assert!(map.covers(address, size), "{shown:x?}");
        assert!(!map.covers(address, size.wrapping_add(1)) || size == u64::MAX);
        assert!(!map.covers(address - 1, 1));
    }
}

#[test]
fn counters_that_share_registers() {
    let tree = Tree::new();
    for number in 0..2 {
        let device = uio(&tree, number, &format!("ttc0-{number}"));
        map(&tree, &device, 0, [0xF800_1000, 0x1000, 0]);
    }
    assert!(
        matches!(find(&tree).by_address(0xF800_1000), Err(Error::AmbiguousDevice { found, .. }) if found.len() == 2)
    );
    let larger = uio(&tree, 2, "all");
    map(&tree, &larger, 0, [0xF800_0000, 0x1_0000, 0]);
    assert_eq!(find(&tree).by_address(0xF800_0000).unwrap().number, 2, "the one that starts there");
    assert_eq!(find(&tree).by_address(0xF800_3000).unwrap().number, 2);
}

#[test]
fn odd_files_are_named() {
    let cases = [
        ("maps/map0/addr", "40000000"),
        ("maps/map0/addr", "0x"),
        ("maps/map0/addr", ""),
        ("maps/map0/size", "0xfffffffffffffffff"),
        ("maps/map0/size", "65536"),
        ("maps/map0/offset", "0x+4"),
        ("event", "many"),
        ("event", "4294967296"),
    ];
    for (file, text) in cases {
        let tree = board();
        let path = format!("sys/class/uio/uio0/{file}");
        tree.file(&path, &format!("{text}\n"));
        let Err(Error::FileContent { path: named, found, .. }) = UioDevices::find(&tree.paths()) else {
            panic!("{file} may hold {text:?}")
        };
        assert_eq!((named, &*found), (tree.path(&path), text));
    }
    let tree = board();
    fs::remove_file(tree.path("sys/class/uio/uio0/maps/map0/size")).unwrap();
    let error = UioDevices::find(&tree.paths()).unwrap_err();
    assert!(matches!(&error, Error::File { path, .. } if path.ends_with("uio0/maps/map0/size")), "{error}");
}

#[test]
fn entries_that_are_no_devices_and_devices_that_are_gone_are_left_out() {
    let tree = board();
    symlink(tree.path("sys/devices/gone"), tree.path("sys/class/uio/uio1")).unwrap();
    tree.file("sys/class/uio/version", "none\n");
    tree.folder("sys/class/uio/uiomem");
    tree.folder("sys/class/uio/uio0/maps/mapped");
    tree.folder("sys/class/uio/uio7"); // its files are gone already
    let devices = find(&tree);
    assert_eq!(devices.devices().iter().map(|device| device.number).collect::<Vec<_>>(), [0, 2, 10]);
    assert_eq!(devices.devices()[0].maps.len(), 1);
}

#[test]
fn a_device_that_leaves_while_it_is_looked_at_is_left_out() {
    for last in ["event", "maps/map0/addr", "maps/map0/offset"] {
        let tree = board();
        let path = tree.path(&format!("sys/class/uio/uio0/{last}"));
        fs::remove_file(&path).unwrap();
        // Reading a pipe waits for a writer, which then knows how far the reader has come.
        rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        assert!(fs::metadata(&path).unwrap().file_type().is_fifo());
        let leaving = tree.again();
        let kernel = thread::spawn(move || {
            let mut pipe = fs::File::options().write(true).open(path).unwrap();
            fs::remove_dir_all(leaving.path("sys/class/uio/uio0")).unwrap();
            pipe.write_all(b"0x0\n").unwrap();
        });
        let found = UioDevices::find(&tree.paths());
        kernel.join().unwrap();
        let numbers = found.unwrap().devices().iter().map(|device| device.number).collect::<Vec<_>>();
        assert_eq!(numbers, [2, 10], "{last}");
    }
}

#[test]
fn a_number_that_another_device_has_by_now_is_refused() {
    let tree = board();
    tree.file("dev/uio0", "");
    let devices = find(&tree);
    let fabric = devices.by_name("fabric").unwrap();
    drop(fabric.open().unwrap());
    tree.file("sys/class/uio/uio0/name", "lab\n");
    let error = fabric.open().unwrap_err().to_string();
    let node = tree.path("dev/uio0");
    let expected =
        format!("{} is no longer the device \"fabric\" but \"lab\"; look for the devices again", node.display());
    assert_eq!(error, expected);
    fs::remove_dir_all(tree.path("sys/class/uio/uio0")).unwrap();
    assert!(matches!(fabric.open(), Err(Error::Replaced { found: None, .. })));
    fs::remove_file(node).unwrap();
    let error = fabric.open().unwrap_err();
    assert!(matches!(&error, Error::File { action: "open", .. }), "{error}");
    assert!(error.to_string().contains("udev"), "{error}");
}

#[test]
fn a_device_that_may_not_be_opened_is_named_with_its_cure() {
    let tree = board();
    tree.file("dev/uio0", "");
    let devices = find(&tree);
    let fabric = devices.by_name("fabric").unwrap().clone();
    let error = tree.without_rights(move || fabric.open().unwrap_err().to_string());
    assert!(error.contains("dev/uio0: Permission denied") && error.contains("udev rule"), "{error}");
}

#[test]
fn a_window_beyond_a_device_s_maps_is_refused() {
    let tree = board();
    let devices = find(&tree);
    let error = devices.by_name("fabric").unwrap().window(0x4000_FFFC, 8).unwrap_err().to_string();
    let start = "0x8 bytes at 0x4000fffc are not all in a map of uio0 \"fabric\" at 0x40000000 (interrupt 61)";
    assert!(error.starts_with(start), "{error}");
}

/// The usual layout of PetaLinux: the kernel's driver has the controller, and the devices hang on its lines.
#[test]
fn devices_on_a_controller_that_the_kernel_has() {
    let tree = Tree::new();
    system::kernel_intc(&tree, 0x4180_0000, 7);
    // A second one is switched off, and a third is no AXI INTC.
    system::kernel_intc(&tree, 0x4181_0000, 8);
    tree.file("sys/firmware/devicetree/base/amba_pl/interrupt-controller@41810000/status", "disabled\0");
    system::kernel_intc(&tree, 0x4182_0000, 9);
    tree.file("sys/firmware/devicetree/base/amba_pl/interrupt-controller@41820000/compatible", "arm,gic\0");
    for (number, name, line) in [(0, "gpio@41210000", 0), (1, "gpio@41220000", 1), (2, "other", 61)] {
        let device = system::uio(&tree, number, name);
        system::on_kernel_line(&tree, &device, [if name == "other" { 9 } else { 7 }, line, 2]);
    }
    system::kernel_intc_table(&tree, &[(47, 0, "gpio@41210000"), (48, 1, "gpio@41220000"), (49, 61, "other")]);
    let devices = UioDevices::find(&tree.paths()).unwrap();
    let [controller] = devices.kernel_controllers() else { panic!("{:?}", devices.kernel_controllers()) };
    let node = std::path::Path::new("/amba_pl/interrupt-controller@41800000");
    assert_eq!((controller.address, &*controller.node), (0x4180_0000, node));
    assert!(devices.kernel_controller(0x4180_0000).is_some() && devices.kernel_controller(0x4181_0000).is_none());
    let found = devices.by_kernel_line(0x4180_0000, 1).unwrap();
    let irq = found.interrupt.known().unwrap();
    assert_eq!((found.number, irq.virq, irq.hwirq), (1, Some(48), Some(1)));
    // Line 61 of another controller is not interrupt 61 of the GIC.
    assert!(devices.by_irq(61).is_err() && devices.by_irq(1).is_err());
    let error = devices.by_kernel_line(0x4180_0000, 13).unwrap_err().to_string();
    assert!(
        error.contains("on line 13 of the interrupt controller at 0x41800000") && error.contains("gpio@41210000"),
        "{error}"
    );
}

#[test]
fn a_parent_may_be_named_above_or_beside_the_line() {
    let tree = Tree::new();
    system::kernel_intc(&tree, 0x4180_0000, 7);
    let logic = "sys/firmware/devicetree/base/amba_pl";
    // Of the bus, for all devices on it; and in the property itself, past another parent.
    std::fs::write(tree.path(&format!("{logic}/interrupt-parent")), 7_u32.to_be_bytes()).unwrap();
    for (number, name) in [(0, "plain"), (1, "extended")] {
        let device = system::uio(&tree, number, name);
        tree.folder(&format!("{logic}/{name}"));
        tree.folder(&format!("{device}/device"));
        let node = tree.path(&format!("{logic}/{name}"));
        symlink(&node, tree.path(&format!("{device}/device/of_node"))).unwrap();
        let (file, cells): (_, &[u32]) =
            if name == "plain" { ("interrupts", &[4, 2]) } else { ("interrupts-extended", &[7, 5, 2]) };
        let bytes = cells.iter().flat_map(|cell| cell.to_be_bytes()).collect::<Vec<_>>();
        std::fs::write(node.join(file), bytes).unwrap();
    }
    let devices = UioDevices::find(&tree.paths()).unwrap();
    let lines = devices.devices().iter().map(|device| device.kernel_line).collect::<Vec<_>>();
    assert_eq!(lines, [Some((0x4180_0000, 4)), Some((0x4180_0000, 5))]);
}

/// A device tree often gives a page to a block that Vivado gave 64 KiB.
#[test]
fn a_map_that_has_the_registers_of_a_larger_block_is_used() {
    let design = pynq_hwh::Design::parse(include_str!("../../pynq-hwh/fixtures/pynq-z2-buttons.hwh")).unwrap();
    let block = design.ip_block("btns_gpio").unwrap();
    assert_eq!((block.base, block.size), (0x4121_0000, 0x1_0000));
    for (size, has) in [(0x1_0000, Some(0x1_0000)), (0x1000, Some(0x1000)), (0x100, None)] {
        let tree = Tree::new();
        let device = system::uio(&tree, 0, "buttons");
        system::map(&tree, &device, 0, [block.base, size, 0]);
        let devices = UioDevices::find(&tree.paths()).unwrap();
        assert_eq!(
            devices.covering(block).map(|(device, size)| (device.number, size)),
            has.map(|size| (0, size)),
            "{size:#x}"
        );
        tree.file("dev/uio0", &"\0".repeat(0x1_0000));
        let window = pynq_uio::open_block(&devices, &tree.paths(), block);
        match has {
            Some(size) => assert_eq!(pynq_core::Mmio::size(&window.unwrap()) as u64, size),
            // What has not all of the registers is no use, and there is no `/dev/mem` here.
            None => assert!(window.unwrap_err().to_string().contains("/mem"), "{size:#x}"),
        }
    }
}
