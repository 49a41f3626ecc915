//! `pynq doctor`: no findings on a healthy system, and each fault distinguished from the others.

use serde_json::Value;

use crate::{
    fake::{Fake, HWH},
    system,
};

/// What is wrong, as `subject: message`.
fn wrong(value: &Value) -> Vec<String> {
    of_level(value, "wrong")
}

fn of_level(value: &Value, level: &str) -> Vec<String> {
    let findings = value["findings"].as_array().expect("findings").iter();
    let text = |finding: &Value, key| finding[key].as_str().expect("text").to_owned();
    let found = findings.filter(|finding| finding["level"] == level);
    found.map(|finding| format!("{}: {}", text(finding, "subject"), text(finding, "message"))).collect()
}

/// The cure of the only thing that is wrong, which has to be this one.
#[track_caller]
fn only(fake: &Fake, subject: &str, words: &[&str]) -> String {
    let (value, code) = fake.doctor();
    let found = wrong(&value);
    assert!(found.len() == 1 && code == 1, "{found:#?}");
    let found = &found[0];
    assert!(found.starts_with(&format!("{subject}: ")), "{found}");
    for word in words {
        assert!(found.contains(word), "no {word} in {found}");
    }
    let findings = value["findings"].as_array().expect("findings");
    let finding = findings.iter().find(|finding| finding["level"] == "wrong").expect("the one");
    finding["fix"].as_str().expect("a cure").to_owned()
}

#[test]
fn a_healthy_system_has_nothing_wrong() {
    let fake = Fake::healthy();
    let (value, code) = fake.doctor();
    assert_eq!((wrong(&value), code), (Vec::new(), 0));
    let good = of_level(&value, "ok");
    for expected in ["logic: system_interrupts answers", "FPGA manager: fpga0 is operating"] {
        assert!(good.iter().any(|found| found == expected), "{good:#?}");
    }
    // The design itself has something to be known.
    let notes = of_level(&value, "note");
    assert!(notes.iter().any(|note| note.contains("level-source-on-edge-line (2)")), "{notes:#?}");
    let text = fake.stdout(&["doctor", "--hwh", HWH]);
    assert!(text.contains("\nnothing is wrong; "), "{text}");
}

#[test]
fn a_kernel_without_uio() {
    let fake = Fake::bare();
    let (value, code) = fake.doctor();
    let found = wrong(&value);
    assert_eq!(code, 1);
    assert!(found[0].starts_with("kernel: it has no UIO"), "{found:#?}");
    assert!(found.iter().any(|found| found.starts_with("interrupts: IRQ_F2P[0] = interrupt 61")), "{found:#?}");
    let text = String::from_utf8(fake.run(&["doctor"]).stdout).expect("UTF-8");
    assert!(text.contains("fix:  modprobe uio_pdrv_genirq of_id=generic-uio\n"), "{text}");
    assert!(text.contains("\n1 thing wrong; "), "{text}");
}

#[test]
fn a_node_that_the_driver_was_not_told_of() {
    let fake = Fake::healthy();
    fake.tree.file("proc/cmdline", "console=ttyPS0,115200\n");
    fake.platform("amba:fabric2", "generic-uio", false);
    let fix = only(&fake, "driver", &["amba:fabric2", "of_id is not set"]);
    assert!(fix.contains("modprobe uio_pdrv_genirq of_id=generic-uio"), "{fix}");
}

#[test]
fn a_driver_that_was_told_another_word() {
    let fake = Fake::healthy();
    fake.tree.file("proc/cmdline", "console=ttyPS0,115200\n");
    fake.tree.file("etc/modprobe.d/uio.conf", "# ours\noptions uio-pdrv-genirq of_id=\"vendor,uio\"\n");
    fake.platform("amba:other", "vendor,uio", false);
    only(&fake, "driver", &["amba:other", "of_id=vendor,uio", "etc/modprobe.d/uio.conf"]);
}

#[test]
fn a_driver_without_a_device() {
    let fake = Fake::healthy();
    std::fs::remove_file(fake.tree.path("sys/bus/platform/drivers/uio_pdrv_genirq/amba:fabric")).expect("a link");
    only(&fake, "driver", &["has no device", "on the kernel's command line"]);
}

#[test]
fn an_interrupt_that_no_uio_device_has() {
    let fake = Fake::healthy();
    system::gic_table(&fake.tree, &[(45, 62, "fabric")]);
    system::node(&fake.tree, "sys/class/uio/uio0", &[0, 30, 4]);
    let fix = only(&fake, "interrupts", &["IRQ_F2P[0] = interrupt 61", "system_interrupts, 2 pins", "uio0 \"fabric\""]);
    assert!(fix.contains("interrupts = <0 29 4>"), "{fix}");
}

#[test]
fn a_level_that_the_kernel_takes_for_an_edge() {
    let fake = Fake::healthy();
    system::irq(&fake.tree, 45, "GIC-0", "61", "edge", "fabric");
    let (value, code) = fake.doctor();
    assert_eq!((wrong(&value), code), (Vec::new(), 0));
    let notes = of_level(&value, "note");
    assert!(notes.iter().any(|note| note.starts_with("trigger: IRQ_F2P[0], uio0")), "{notes:#?}");
}

#[test]
fn logic_that_is_not_programmed_is_not_read() {
    let fake = Fake::healthy();
    fake.tree.file("sys/class/fpga_manager/fpga0/state", "write error\n");
    let fix = only(&fake, "FPGA manager", &["write error"]);
    assert!(fix.contains("pynq program"), "{fix}");
    assert!(!of_level(&fake.doctor().0, "ok").iter().any(|good| good.contains("answers")));
}

#[test]
fn logic_behind_dead_level_shifters_is_not_read() {
    let fake = Fake::healthy();
    fake.slcr(0x900, 0xA);
    only(&fake, "clocks", &["level shifters", "0xa"]);
}

#[test]
fn logic_in_reset_and_without_a_clock() {
    let fake = Fake::healthy();
    fake.slcr(0x240, 0b0001);
    only(&fake, "clocks", &["FCLK_RESET0_N"]);
    fake.slcr(0x240, 0);
    fake.slcr(0x178, 1);
    let fix = only(&fake, "clocks", &["FCLK_CLK0 is stopped"]);
    assert!(fix.contains("clk_ignore_unused"), "{fix}");
    assert!(!of_level(&fake.doctor().0, "ok").iter().any(|good| good.contains("answers")));
}

/// A mapping beyond the end of a file is what a bus error is had by without hardware.
#[test]
fn an_interrupt_controller_that_answers_with_a_bus_error_or_with_nonsense() {
    let fake = Fake::healthy();
    fake.tree.file("dev/uio0", "");
    only(&fake, "logic", &["system_interrupts at 0x41800000", "bus error"]);
    fake.tree.file("dev/uio0", &"\x7f".repeat(0x1_0000));
    only(&fake, "logic", &["system_interrupts at 0x41800000", "0x7f7f7f7f"]);
}

#[test]
fn a_clock_of_another_frequency() {
    let fake = Fake::healthy();
    fake.slcr(0x170, 14 << 8 | 1 << 20);
    let (value, code) = fake.doctor();
    assert_eq!((wrong(&value), code), (Vec::new(), 0));
    let notes = of_level(&value, "note");
    let expected =
        "clocks: clock 0 has 71.428571 MHz (IO PLL of 1000 MHz / 14 x 1), and the design was made for 100 MHz";
    assert!(notes.iter().any(|note| note == expected), "{notes:#?}");
    // Other dividers that give the same are none to speak of.
    fake.slcr(0x170, 10 << 8 | 1 << 20);
    let good = of_level(&fake.doctor().0, "ok");
    assert!(good.iter().any(|found| found.contains("clock 0 has 100 MHz (IO PLL of 1000 MHz / 10 x 1)")), "{good:#?}");
}

#[test]
fn an_unapplied_overlay() {
    let fake = Fake::healthy();
    fake.tree.file("sys/kernel/config/device-tree/overlays/fabric/status", "unapplied\n");
    only(&fake, "device tree", &["fabric"]);
}

#[test]
fn what_is_no_lock_file_is_named() {
    let fake = Fake::healthy();
    fake.tree.folder("run/lock");
    let mode = rustix::fs::Mode::from_raw_mode(0o666);
    let fifo = fake.tree.path("run/lock/pynq-41250000.lock");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, mode).expect("a FIFO");
    let owner = rustix::process::geteuid().as_raw();
    only(&fake, "lock files", &["run/lock/pynq-41250000.lock", &format!("of user {owner}")]);
    // Its own folder has nothing in it that another user could have put there.
    fake.tree.folder("run/pynq");
    assert_eq!(wrong(&fake.doctor().0), Vec::<String>::new());
}

#[test]
fn a_user_without_rights_is_told_the_udev_rule() {
    let fake = Fake::healthy();
    let Some((value, code)) = fake.doctor_of_nobody() else { return };
    assert_eq!(code, 1);
    let found = wrong(&value);
    for subject in ["permission: ", "/dev/mem: ", "lock files: "] {
        assert!(found.iter().any(|found| found.starts_with(subject)), "no {subject} in {found:#?}");
    }
    let fixes = value["findings"].as_array().expect("findings").iter().filter_map(|finding| finding["fix"].as_str());
    let fixes = fixes.collect::<Vec<_>>().join("\n");
    assert!(fixes.contains("SUBSYSTEM==\"uio\", GROUP=\"uio\", MODE=\"0660\""), "{fixes}");
    assert!(fixes.contains("/run/pynq 2775 root uio -' > /etc/tmpfiles.d/pynq.conf"), "{fixes}");
    // What it could not look at is not taken for good, nor is the logic touched.
    assert!(of_level(&value, "note").iter().any(|note| note.starts_with("clocks: can't be looked at")), "{value:#}");
}

#[test]
fn a_controller_that_the_kernel_has_is_named_and_its_lines_are_proposed() {
    let fake = crate::uio::petalinux();
    let (value, code) = fake.doctor();
    assert_eq!((wrong(&value), code), (Vec::new(), 0));
    let good = of_level(&value, "ok");
    let expected = "interrupts: system_interrupts is the kernel's own (/amba_pl/interrupt-controller@41800000): \
        each of its lines needs a UIO device";
    assert!(good.iter().any(|found| found == expected), "{good:#?}");
    std::fs::remove_dir_all(fake.tree.path("sys/class/uio/uio1")).expect("a folder");
    let fix = only(&fake, "interrupts", &["system_interrupts[1], which the kernel has", "switches_gpio/ip2intc_irpt"]);
    let node = "interrupt-parent = <&{/amba_pl/interrupt-controller@41800000}>; interrupts = <1 1>;";
    assert!(fix.contains(node), "{fix}");
}

/// Two vectors of interrupts of a Zynq UltraScale+, the first line of each in use.
#[test]
fn two_lines_without_a_device_get_two_names() {
    let hwh = r#"<EDKSYSTEM><SYSTEMINFO ARCH="zynquplusRFSOC" DEVICE="xczu28dr" NAME="vectors"/><MODULES>
        <MODULE INSTANCE="processor" VLNV="xilinx.com:ip:zynq_ultra_ps_e:3.4"><PORTS>
          <PORT DIR="I" NAME="pl_ps_irq0" LEFT="0" RIGHT="0" SIGNAME="first"/>
          <PORT DIR="I" NAME="pl_ps_irq1" LEFT="0" RIGHT="0" SIGNAME="second"/>
        </PORTS></MODULE>
        <MODULE INSTANCE="source" VLNV="user.org:user:source:1.0"><PORTS>
          <PORT DIR="O" NAME="one" SIGNAME="first"/>
          <PORT DIR="O" NAME="two" SIGNAME="second"/>
        </PORTS></MODULE>
        </MODULES></EDKSYSTEM>"#;
    let fake = Fake::bare();
    fake.tree.file("two.hwh", hwh);
    let output = fake.run(&["doctor", "--hwh", fake.tree.path("two.hwh").to_str().expect("UTF-8")]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    for node in [
        "fabric { compatible = \"generic-uio\"; interrupt-parent = <&gic>; interrupts = <0 89 4>; };",
        "fabric136 { compatible = \"generic-uio\"; interrupt-parent = <&gic>; interrupts = <0 104 4>; };",
    ] {
        assert!(text.contains(node), "no {node} in\n{text}");
    }
}

/// What has the registers of a block is as good as what has the whole of it, as when it is opened.
#[test]
fn blocks_in_smaller_maps_need_no_memory_file() {
    let fake = Fake::healthy();
    for (number, base) in [(1, 0x4121_0000), (2, 0x4120_0000), (3, 0x4125_0000), (4, 0x4124_0000)] {
        let device = system::uio(&fake.tree, number, &format!("gpio@{base:x}"));
        system::map(&fake.tree, &device, 0, [base, 0x1000, 0]);
        fake.tree.file(&format!("dev/uio{number}"), "");
    }
    let good = of_level(&fake.doctor().0, "ok");
    assert!(good.iter().any(|found| found.starts_with("/dev/mem: is not needed")), "{good:#?}");
    system::map(&fake.tree, "sys/class/uio/uio3", 0, [0x4125_0000, 0x100, 0]);
    std::fs::remove_file(fake.tree.path("dev/mem")).expect("the file");
    let found = wrong(&fake.doctor().0);
    assert!(found.iter().any(|found| found.contains("1 blocks are in no UIO device: leds_gpio")), "{found:#?}");
}

#[test]
fn memory_for_dma_comes_from_either_driver() {
    let fake = Fake::healthy();
    fake.tree.file("sys/class/drm/renderD128/device/uevent", "DRIVER=zocl-drm\n");
    let good = of_level(&fake.doctor().0, "ok");
    assert!(good.iter().any(|found| found == "DMA memory: zocl makes buffers as they are asked for"), "{good:#?}");
}

#[test]
fn a_computer_that_is_no_board_is_told_that_a_simulated_one_needs_nothing() {
    let fake = Fake::bare();
    let (value, _) = fake.doctor();
    let note = of_level(&value, "note").into_iter().find(|note| note.starts_with("board: "));
    assert!(note.is_some_and(|note| note.contains("this system is no Zynq")), "{value:#}");
    let fixes = value["findings"].as_array().expect("findings").iter().filter_map(|finding| finding["fix"].as_str());
    assert!(fixes.into_iter().any(|fix| fix.contains("a simulated board needs none")), "{value:#}");
    let (value, _) = Fake::healthy().doctor();
    assert!(!value.to_string().contains("a simulated board"), "{value:#}");
}

#[test]
fn a_bus_that_the_kernel_has() {
    let design = concat!(env!("CARGO_MANIFEST_DIR"), "/../pynq/tests/memory.hwh");
    let fake = Fake::healthy();
    let run = || {
        let output = fake.command(&["doctor", "--hwh", design]).output().expect("it runs");
        String::from_utf8(output.stdout).expect("text")
    };
    assert!(!run().contains("buses"));
    let device = "sys/bus/platform/devices/41e00000.spi";
    fake.tree.folder(device);
    std::os::unix::fs::symlink("../../drivers/xilinx_spi", fake.tree.path(&format!("{device}/driver")))
        .expect("a link");
    let text = run();
    assert!(text.contains("quad_mode is the kernel's own (41e00000.spi, by its driver xilinx_spi)"), "{text}");
    assert!(text.contains("drivers/xilinx_spi/unbind"), "{text}");
}
