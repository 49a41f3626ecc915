//! `pynq uio`.

use serde_json::{Value, json};

use crate::{
    fake::{Fake, HWH},
    system,
};

#[test]
fn devices_are_listed_with_what_each_serves() {
    let fake = Fake::healthy();
    let text = fake.stdout(&["uio", "--hwh", HWH]);
    for line in [
        "UIO devices: 1",
        "uio0  \"fabric\"",
        "  interrupt  61 (GIC-0), level, the kernel's 45",
        "  count      7 events; 7 interrupts since the kernel started",
        "  map 0      0x41800000     4K",
        "  serves     IRQ_F2P[0] = interrupt 61: system_interrupts",
        "    btns_gpio/ip2intc_irpt      system_interrupts 0 edge",
        "    switches_gpio/ip2intc_irpt  system_interrupts 1 edge",
    ] {
        assert!(text.lines().any(|found| found == line), "no line `{line}` in\n{text}");
    }
    assert!(!text.contains("without a UIO device"), "{text}");
    // Without a design there is nothing to serve.
    assert!(!fake.stdout(&["uio"]).contains("serves"));
}

#[test]
fn a_line_without_a_device_is_shown_with_the_reason() {
    let fake = Fake::healthy();
    system::gic_table(&fake.tree, &[(45, 62, "fabric")]);
    system::node(&fake.tree, "sys/class/uio/uio0", &[0, 30, 4]);
    let text = fake.stdout(&["uio", "--hwh", HWH]);
    assert!(text.contains("  serves     nothing of this design\n"), "{text}");
    let missing = text.split("without a UIO device\n").nth(1).expect("a line without a device");
    assert!(missing.starts_with("  IRQ_F2P[0] = interrupt 61: system_interrupts\n"), "{missing}");
    assert!(missing.contains("no UIO device has interrupt 61") && missing.contains("uio0 \"fabric\""), "{missing}");
    assert!(missing.contains("btns_gpio/ip2intc_irpt"), "{missing}");
}

#[test]
fn json_has_all_of_it() {
    let fake = Fake::healthy();
    let value: Value = serde_json::from_str(&fake.stdout(&["uio", "--hwh", HWH, "--json"])).expect("JSON");
    let device = &value["devices"][0];
    assert_eq!((&device["number"], &device["name"], &device["events"]), (&json!(0), &json!("fabric"), &json!(7)));
    assert_eq!(device["interrupt"], json!({ "hwirq": 61, "virq": 45, "chip": "GIC-0", "trigger": "level" }));
    assert_eq!(device["maps"], json!([{ "index": 0, "name": "", "address": 0x4180_0000u32, "size": 0x1000 }]));
    let line = &value["lines"][0];
    assert_eq!((&line["ps_irq"], &line["device"], &line["missing"]), (&json!(61), &json!(0), &Value::Null));
    let hops = json!([{ "controller": "system_interrupts", "line": 0, "kind": "edge" }]);
    assert_eq!(line["pins"][0], json!({ "pin": "btns_gpio/ip2intc_irpt", "hops": hops }));
}

#[test]
fn a_device_in_use_names_its_holder() {
    let fake = Fake::healthy();
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(fake.tree.path("dev/uio0")).expect("the file");
    let (major, minor) = (rustix::fs::major(metadata.dev()), rustix::fs::minor(metadata.dev()));
    let lock = format!("1: FLOCK  ADVISORY  WRITE 4711 {major:02x}:{minor:02x}:{} 0 EOF\n", metadata.ino());
    fake.tree.file("proc/locks", &lock);
    assert!(fake.stdout(&["uio"]).contains("  in use by  process 4711\n"));
}

#[test]
fn a_system_without_uio_has_none() {
    let fake = Fake::bare();
    assert!(fake.stdout(&["uio"]).starts_with("UIO devices: 0\n"));
    let text = fake.stdout(&["uio", "--hwh", HWH]);
    assert!(text.contains("this kernel has no UIO"), "{text}");
}

#[test]
fn what_is_no_table_is_an_error_and_a_missing_file_too() {
    let fake = Fake::healthy();
    fake.tree.file("sys/class/uio/uio0/maps/map0/addr", "somewhere\n");
    assert!(fake.failure(&["uio"]).contains("maps/map0/addr"));
    assert!(fake.failure(&["uio", "--hwh", "/no/such.hwh"]).contains("/no/such.hwh"));
}

/// The layout of PetaLinux: the kernel has the controller, and the devices hang on its lines.
pub(crate) fn petalinux() -> Fake {
    let fake = Fake::healthy();
    system::kernel_intc(&fake.tree, 0x4180_0000, 7);
    std::fs::remove_dir_all(fake.tree.path("sys/class/uio/uio0")).expect("a folder");
    for (number, name, line) in [(0, "gpio@41210000", 0), (1, "gpio@41220000", 1)] {
        let device = system::uio(&fake.tree, number, name);
        system::on_kernel_line(&fake.tree, &device, [7, line, 2]);
        fake.tree.file(&format!("dev/uio{number}"), "");
    }
    system::kernel_intc_table(&fake.tree, &[(47, 0, "gpio@41210000"), (48, 1, "gpio@41220000")]);
    fake
}

#[test]
fn each_line_of_a_controller_that_the_kernel_has_is_served_by_its_own_device() {
    let fake = petalinux();
    let text = fake.stdout(&["uio", "--hwh", HWH]);
    for line in [
        "  serves     system_interrupts[0], which the kernel has: btns_gpio/ip2intc_irpt",
        "  serves     system_interrupts[1], which the kernel has: switches_gpio/ip2intc_irpt",
        "  interrupt  0 (interrupt-controller@41800000), edge, the kernel's 47",
    ] {
        assert!(text.lines().any(|found| found == line), "no line `{line}` in\n{text}");
    }
    assert!(!text.contains("without a UIO device") && !text.contains("nothing of this design"), "{text}");
    let value: Value = serde_json::from_str(&fake.stdout(&["uio", "--hwh", HWH, "--json"])).expect("JSON");
    assert_eq!(value["lines"][1]["kernel"], json!({ "controller": "system_interrupts", "line": 1 }));
    std::fs::remove_dir_all(fake.tree.path("sys/class/uio/uio1")).expect("a folder");
    let text = fake.stdout(&["uio", "--hwh", HWH]);
    let missing = text.split("without a UIO device\n").nth(1).expect("a line without a device");
    assert!(
        missing.starts_with("  system_interrupts[1], which the kernel has: switches_gpio/ip2intc_irpt\n"),
        "{missing}"
    );
}
