//! The table of interrupts, as kernels of several makes print it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test may

mod system;
mod tree;

use std::path::Path;

use pynq_uio::{Error, InterruptRow, Interrupts, Trigger};
use tree::Tree;

fn parse(text: &str) -> Interrupts {
    Interrupts::parse(Path::new("interrupts"), text).unwrap()
}

/// Everything of a row but its counts.
fn row(row: &InterruptRow) -> (u32, &str, Option<u32>, Option<Trigger>, Vec<&str>) {
    (row.virq, &row.chip, row.hwirq, row.trigger, row.actions.iter().map(String::as_str).collect())
}

fn only(text: &str) -> Interrupts {
    parse(&format!("           CPU0       \n{text}\n"))
}

const ZYNQ: &str = "\
           CPU0       CPU1       
 24:          0          0     GIC-0  27 Edge      gt
 25:       1731       1802     GIC-0  29 Edge      twd
 29:         97          0     GIC-0  82 Level     e0001000.serial, xuartps debug
 34:          4          1     GIC-0  61 Level     fabric
 45:          2          0  zynq-gpio  61 Edge      user button
 46:          0          0     GIC-0  62 Level
IPI0:          0          0  CPU wakeup interrupts
IPI1:          0          0  Timer broadcast interrupts
IPI2:       1206       1365  Rescheduling interrupts
NMI:          0          0  Non-maskable interrupts
Err:          0
";

#[test]
fn a_zynq_with_two_cpus() {
    let table = parse(ZYNQ);
    assert_eq!(table.rows().iter().map(|row| row.virq).collect::<Vec<_>>(), [24, 25, 29, 34, 45, 46], "no named rows");
    let fabric = table.by_hwirq(61).unwrap().unwrap();
    assert_eq!(row(fabric), (34, "GIC-0", Some(61), Some(Trigger::Level), vec!["fabric"]), "the GIC's 61");
    assert_eq!((&*fabric.counts, fabric.count()), (&[4, 1][..], 5));
    assert_eq!(fabric.to_string(), "GIC-0 61 level (fabric)");
    let shared = table.by_action("xuartps debug").map(row).collect::<Vec<_>>();
    let serial = vec!["e0001000.serial", "xuartps debug"];
    assert_eq!(shared, [(29, "GIC-0", Some(82), Some(Trigger::Level), serial)]);
    assert_eq!(table.by_action("user button").map(row).next().unwrap().3, Some(Trigger::Edge));
    assert_eq!(row(table.by_hwirq(62).unwrap().unwrap()).4, Vec::<&str>::new(), "nobody handles it");
    assert_eq!(table.by_hwirq(63).unwrap(), None);
    assert_eq!(table.by_action("button").count(), 0, "not by a part of the name");
}

#[test]
fn one_cpu() {
    // With one CPU, the number in the third column of two could be taken for a count.
    let table = only(
        " 34:          4     GIC-0  61 Level     fabric\nIPI0:          0  CPU wakeup interrupts\nErr:          0",
    );
    assert_eq!(
        table.rows().iter().map(row).collect::<Vec<_>>(),
        [(34, "GIC-0", Some(61), Some(Trigger::Level), vec!["fabric"])]
    );
    assert_eq!(table.rows()[0].counts, [4]);
}

#[test]
fn cpus_that_are_offline_have_no_column() {
    let table = parse("           CPU0       CPU2       CPU3\n 9:  1  2  3  GICv2  84 Edge      lab\n");
    assert_eq!(table.rows()[0].counts, [1, 2, 3]);
    assert_eq!(row(&table.rows()[0]), (9, "GICv2", Some(84), Some(Trigger::Edge), vec!["lab"]));
}

#[test]
fn columns_that_are_missing() {
    let cases = [
        ("no trigger", " 34:  4     GICv2  61  fabric", ("GICv2", Some(61), None, vec!["fabric"])),
        (
            "no trigger, and a name of two words",
            " 34:  4     GICv2  61  my fabric",
            ("GICv2", Some(61), None, vec!["my fabric"]),
        ),
        (
            "a name that begins like a trigger",
            " 34:  4     GICv2  61  Level shifter",
            ("GICv2", Some(61), None, vec!["Level shifter"]),
        ),
        (
            "a name that is a number",
            " 34:  4     GICv2  61 Edge      7",
            ("GICv2", Some(61), Some(Trigger::Edge), vec!["7"]),
        ),
        ("no number", " 34:  4     dummy      Level     fabric", ("dummy", None, Some(Trigger::Level), vec!["fabric"])),
        ("neither", " 34:  4     dummy       my fabric", ("dummy", None, None, vec!["my fabric"])),
        ("no handler", " 34:  4     GICv2  61 Edge", ("GICv2", Some(61), Some(Trigger::Edge), vec![])),
        (
            "a controller of two words",
            " 34:  4  Xilinx INTC   3 Edge      a, b",
            ("Xilinx INTC", Some(3), Some(Trigger::Edge), vec!["a", "b"]),
        ),
        (
            "the flow attached",
            " 34:  4  IO-APIC   5-edge      ACPI:Ged",
            ("IO-APIC", Some(5), Some(Trigger::Edge), vec!["ACPI:Ged"]),
        ),
        ("a flow that says nothing", " 34:  4  IO-APIC   9-fasteoi   acpi", ("IO-APIC", Some(9), None, vec!["acpi"])),
        (
            "a number of messages",
            " 34:  4  PCI-MSIX-0000:00:01.0   0-edge      virtio0-config",
            ("PCI-MSIX-0000:00:01.0", Some(0), Some(Trigger::Edge), vec!["virtio0-config"]),
        ),
        (
            "a number that no device has",
            " 34:  4  ITS-MSI 8589934592 Edge      nvme0q0, nvme0q1",
            ("ITS-MSI", None, Some(Trigger::Edge), vec!["nvme0q0", "nvme0q1"]),
        ),
        ("nothing at all", " 34:  4", ("", None, None, vec![])),
    ];
    for (what, text, (chip, hwirq, trigger, actions)) in cases {
        let table = only(text);
        assert_eq!(row(&table.rows()[0]), (34, chip, hwirq, trigger, actions), "{what}");
    }
}

#[test]
fn what_is_no_table_is_named() {
    let path = Path::new("interrupts");
    assert_eq!(parse(""), Interrupts::default());
    let cases = [
        ("hello\n", "a header with the CPUs"),
        ("  CPU0 CPU1\n 34:  4  GICv2  61 Level     fabric\n", "a count for each CPU of the header"),
        ("  CPU0 CPU1\n 34:  4\n", "a count for each CPU of the header"),
        ("  CPU0\n 34  4 GICv2\n", "a row with a label"),
    ];
    for (text, expected) in cases {
        let Err(Error::FileContent { path: named, found, wanted }) = Interrupts::parse(path, text) else {
            panic!("accepted: {text}")
        };
        assert_eq!((&*named, wanted), (path, expected));
        assert!(text.contains(&found), "{found:?} is not of {text:?}");
    }
}

#[test]
fn values_of_sysfs_are_taken_where_there_are_any() {
    let tree = Tree::new();
    tree.file("proc/interrupts", " CPU0\n 34:  4  dummy   my, fabric\n 35:  1   odd 3  b,c\n");
    system::irq(&tree, 34, "GICv2", "61", "level", "my,fabric");
    system::irq(&tree, 35, "odd", "3", "edge", "b,c");
    system::irq(&tree, 40, "GICv2", "62", "edge", "x,y");
    tree.folder("sys/kernel/irq/41"); // freed while it was looked at
    tree.file("sys/kernel/irq/readme", "no interrupt");
    let table = Interrupts::read(&tree.paths()).unwrap();
    let rows = table.rows().iter().map(row).collect::<Vec<_>>();
    let expected = [
        (34, "GICv2", Some(61), Some(Trigger::Level), vec!["my", "fabric"]),
        (35, "odd", Some(3), Some(Trigger::Edge), vec!["b,c"]),
        (40, "GICv2", Some(62), Some(Trigger::Edge), vec!["x", "y"]),
        (41, "", None, None, vec![]),
    ];
    assert_eq!(rows, expected);
    assert_eq!(table.rows()[0].counts, [4], "sysfs leaves the counts alone");
}

#[test]
fn a_number_that_is_none_is_named() {
    let tree = Tree::new();
    system::irq(&tree, 34, "GICv2", "sixty", "level", "fabric");
    let error = Interrupts::read(&tree.paths()).unwrap_err();
    let path = tree.path("sys/kernel/irq/34/hwirq");
    let message = format!("{} holds \"sixty\" where the number of an interrupt was expected", path.display());
    assert_eq!(error.to_string(), message);
}

#[test]
fn two_controllers_with_the_same_number() {
    let table = only(" 1:  0  axi_intc   3 Level     a\n 2:  0  gpio   3 Edge      b");
    let Err(Error::AmbiguousInterrupt { requested, candidates }) = table.by_hwirq(3) else { panic!("one was chosen") };
    assert_eq!(
        (&*requested, &*candidates),
        ("interrupt 3", &["axi_intc 3 level (a)".to_owned(), "gpio 3 edge (b)".to_owned()][..])
    );
}

#[test]
fn a_system_that_shows_nothing_has_none() {
    assert_eq!(Interrupts::read(&Tree::new().paths()).unwrap().rows(), []);
}

#[test]
fn this_systems_own_table_is_understood() {
    // Whatever it has, the kernel that runs this test printed it.
    let Ok(text) = std::fs::read_to_string("/proc/interrupts") else { return };
    let table = parse(&text);
    let numbered =
        text.lines().filter(|line| line.split(':').next().is_some_and(|label| label.trim().parse::<u32>().is_ok()));
    assert_eq!(table.rows().len(), numbered.count());
}
