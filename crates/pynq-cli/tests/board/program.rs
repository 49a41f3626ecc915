//! `pynq program`.

use std::fs;

use pynq_uio::Claim;

use crate::fake::{Fake, HWH, LEDS};

/// A bitstream for the part, with a header as Vivado writes it.
fn bit(fake: &Fake, name: &str, part: &str, attribute: &str) -> String {
    let mut bytes = vec![0, 9, 0x0F, 0xF0, 0x0F, 0xF0, 0x0F, 0xF0, 0x0F, 0xF0, 0, 0, 1];
    let fields = [(b'a', format!("buttons;{attribute}UserID=0XFFFFFFFF")), (b'b', part.to_owned())];
    let fields = fields.into_iter().chain([(b'c', "2018/02/03".to_owned()), (b'd', "04:05:06".to_owned())]);
    for (key, text) in fields {
        let length = u16::try_from(text.len() + 1).expect("short");
        bytes.push(key);
        bytes.extend(length.to_be_bytes());
        bytes.extend(text.bytes().chain([0]));
    }
    let data = [0xFFFF_FFFFu32, 0xAA99_5566, 0x2000_0000, 0x2000_0000].map(u32::to_be_bytes).concat();
    bytes.push(b'e');
    bytes.extend(u32::try_from(data.len()).expect("short").to_be_bytes());
    bytes.extend(&data);
    let path = fake.tree.path(name);
    fs::write(&path, bytes).expect("a file");
    path.to_str().expect("UTF-8").to_owned()
}

/// What a command prints that loads, and had nothing to check.
fn unchecked(fake: &Fake, arguments: &[&str]) -> String {
    let output = fake.run(arguments);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn a_design_is_loaded_and_the_states_are_told() {
    let fake = Fake::healthy();
    let file = bit(&fake, "base.bit", "7z020clg400", "");
    fs::copy(HWH, fake.tree.path("base.hwh")).expect("a copy");
    let text = fake.stdout(&["program", &file]);
    for line in ["before   fpga0 was \"operating\"", "after    fpga0 is \"operating\""] {
        assert!(text.lines().any(|found| found == line), "no line `{line}` in\n{text}");
    }
    assert!(text.contains("full, 16 bytes") && text.contains("it is for 7z020clg400"), "{text}");
    // Little-endian words, which is what the kernel takes.
    let firmware = fs::read(fake.tree.path("lib/firmware/pynq-fpga0.bin")).expect("the firmware");
    assert_eq!(firmware[4..8], [0x66, 0x55, 0x99, 0xAA]);
    assert_eq!(fake.tree.read("sys/class/fpga_manager/fpga0/firmware"), "pynq-fpga0.bin");
    assert_eq!(fake.tree.read("sys/class/fpga_manager/fpga0/flags"), "0");
}

#[test]
fn the_handoff_file_is_found_by_vivado_s_names() {
    let fake = Fake::healthy();
    let file = bit(&fake, "design_1_wrapper.bit", "7z020clg400", "");
    let text = unchecked(&fake, &["program", &file]);
    assert!(text.contains("design_1_wrapper.hwh and no ") && text.contains("design_1.hwh: exit status 3"), "{text}");
    fs::copy(HWH, fake.tree.path("design_1.hwh")).expect("a copy");
    let text = fake.stdout(&["program", &file]);
    assert!(text.contains("design_1.hwh says (the same: part, design)"), "{text}");
    // What is not called like a bitstream may be one.
    fs::copy(&file, fake.tree.path("firmware")).expect("a copy");
    unchecked(&fake, &["program", fake.tree.path("firmware").to_str().expect("UTF-8")]);
}

#[test]
fn a_bitstream_for_another_part_is_refused() {
    let fake = Fake::healthy();
    let file = bit(&fake, "base.bit", "7z045ffg900", "");
    fs::copy(HWH, fake.tree.path("base.hwh")).expect("a copy");
    let error = fake.failure(&["program", &file]);
    assert!(error.contains("7z045ffg900") && error.contains("7z020clg400"), "{error}");
    assert!(!fake.tree.path("lib/firmware/pynq-fpga0.bin").exists());
    assert!(fake.stdout(&["program", &file, "--force"]).contains("checked  nothing, as it was forced"));
}

#[test]
fn a_partial_one_is_loaded_as_such() {
    let fake = Fake::healthy();
    let file = bit(&fake, "part.bit", "7z020clg400", "PARTIAL=TRUE;");
    let text = unchecked(&fake, &["program", &file]);
    assert!(text.contains("partial, 16 bytes") && text.contains("there is no "), "{text}");
    assert_eq!(fake.tree.read("sys/class/fpga_manager/fpga0/flags"), "1");
    let file = bit(&fake, "whole.bit", "7z020clg400", "");
    unchecked(&fake, &["program", &file, "--partial"]);
    assert_eq!(fake.tree.read("sys/class/fpga_manager/fpga0/flags"), "1");
}

#[test]
fn logic_in_use_is_not_taken_away() {
    let fake = Fake::healthy();
    let file = bit(&fake, "base.bit", "7z020clg400", "");
    fs::remove_file(fake.tree.path("proc/locks")).expect("the file");
    let claim = Claim::address(&fake.tree.paths(), LEDS).expect("a claim");
    let error = fake.failure(&["program", &file]);
    assert!(error.contains(&format!("process {} has the block at 0x41250000", std::process::id())), "{error}");
    fake.stdout(&["program", &file, "--force"]);
    drop(claim);
    unchecked(&fake, &["program", &file]);
}

/// A FIFO under the name of a lock file is no holder, and is not read for one.
#[test]
fn what_is_no_lock_file_holds_nothing_up() {
    let fake = Fake::healthy();
    let file = bit(&fake, "base.bit", "7z020clg400", "");
    fs::remove_file(fake.tree.path("proc/locks")).expect("the file");
    fake.tree.folder("run/lock");
    let mode = rustix::fs::Mode::from_raw_mode(0o666);
    let fifo = fake.tree.path("run/lock/pynq-41250000.lock");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, mode).expect("a FIFO");
    unchecked(&fake, &["program", &file]);
}

#[test]
fn what_fails_is_told_with_the_state() {
    let fake = Fake::healthy();
    let file = bit(&fake, "base.bit", "7z020clg400", "");
    fake.tree.file("sys/class/fpga_manager/fpga0/state", "write error\n");
    let error = fake.failure(&["program", &file]);
    assert!(error.contains("write error") && error.contains("before"), "{error}");
    fs::remove_file(fake.tree.path("sys/class/fpga_manager/fpga0/firmware")).expect("the file");
    assert!(fake.failure(&["program", &file]).contains("mainline"), "a kernel that does not program");
    assert!(fake.failure(&["program", "/no/such.bit"]).contains("/no/such.bit"));
    assert!(Fake::bare().failure(&["program", &file]).contains("no FPGA manager"));
}

#[test]
fn who_is_not_root_is_told_before_anything_is_done() {
    let fake = Fake::healthy();
    let file = bit(&fake, "base.bit", "7z020clg400", "");
    let Some(mut command) = fake.command_of_nobody(&["program", &file]) else { return };
    let output = command.output().expect("the command starts");
    let error = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains("programming needs root"), "{error}");
    assert_eq!(fake.tree.read("sys/class/fpga_manager/fpga0/flags"), "0\n");
}
