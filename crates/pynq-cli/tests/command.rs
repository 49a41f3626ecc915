//! The command as its users run it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../pynq-hwh/fixtures/pynq-z2-buttons.hwh");

fn pynq(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pynq")).args(arguments).output().expect("the command starts")
}

fn stdout(arguments: &[&str]) -> String {
    let output = pynq(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty());
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&stdout(arguments)).expect("JSON")
}

/// What a failing command says: one line, and nothing on standard output.
fn failure(arguments: &[&str]) -> String {
    let output = pynq(arguments);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let message = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(message.starts_with("pynq: ") && message.lines().count() == 1, "{message}");
    message
}

/// A folder of one test's own.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

#[test]
fn the_tree_shows_addresses_wiring_and_warnings() {
    let tree = stdout(&["hwh", FIXTURE]);
    for line in [
        "buttons: zynq 7z020clg400, Vivado 2018.2",
        "processor ps7_0 (processing_system7 5.5)",
        "├─ btns_gpio          0x41210000    64K  axi_gpio 2.0",
        "└─ system_interrupts  0x41800000    64K  axi_intc 4.1",
        "IRQ_F2P[0] = GIC 61, 29 in the device tree",
        "processor GPIO (EMIO): 1 slice",
        "└─ system_interrupts  (at 0x41800000, 2 inputs, all edge)",
        "   ├─  0 edge   btns_gpio/ip2intc_irpt  (level source)",
        "   └─  1 edge   switches_gpio/ip2intc_irpt  (level source)",
        "      1  pl_soft_reset  -> rst_ps7_0_fclk0/aux_reset_in",
        "  1    142 MHz  = IO PLL / 7 / 1",
        "  2    200 MHz  = IO PLL / 5 / 1  (off)",
        "    btns_gpio/ip2intc_irpt: a level on input 0 of system_interrupts, an edge line",
    ] {
        assert!(tree.lines().any(|found| found == line), "no line `{line}` in\n{tree}");
    }
}

#[test]
fn json_has_the_documented_shape() {
    let design = json(&["hwh", FIXTURE, "--json"]);
    let keys = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    let mut top = keys(&design);
    top.sort();
    let documented = [
        "address_spaces",
        "blocked",
        "buses",
        "clocks",
        "controllers",
        "gates",
        "hierarchies",
        "interrupts",
        "ip",
        "ps_gpio",
        "source",
        "storage",
        "warnings",
    ];
    assert_eq!(top, documented);
    assert_eq!(
        design["source"],
        json!({ "arch": "zynq", "device": "7z020", "package": "clg400", "vivado": "2018.2", "name": "buttons" })
    );
    let buttons = &design["ip"]["btns_gpio"];
    let mut of_ip = keys(buttons);
    of_ip.sort();
    assert_eq!(of_ip, ["base", "interrupts", "memory", "parameters", "registers", "size", "vlnv"]);
    assert_eq!(buttons["vlnv"], "xilinx.com:ip:axi_gpio:2.0");
    assert_eq!((&buttons["base"], &buttons["size"]), (&json!(0x4121_0000), &json!(0x1_0000)));
    assert_eq!((&buttons["memory"], &buttons["interrupts"]), (&json!(false), &json!(["ip2intc_irpt"])));
    assert_eq!(buttons["parameters"]["C_GPIO_WIDTH"], "4");
    assert_eq!(buttons["registers"]["IP_ISR"], json!({ "offset": 0x120, "bits": 32, "access": "read-write" }));
    assert_eq!(buttons["registers"]["GPIO_DATA"]["bits"], 4);
    assert_eq!(design["ip"].as_object().map(serde_json::Map::len), Some(5));
    let pin = |line: u32| {
        json!({
            "controller": "system_interrupts", "line": line, "width": 1, "ps_irq": null, "kind": "edge",
            "source": "level", "polarity": "high", "listens": "high", "gates": [],
        })
    };
    assert_eq!(design["interrupts"], json!({ "btns_gpio/ip2intc_irpt": pin(0), "switches_gpio/ip2intc_irpt": pin(1) }));
    assert_eq!(
        design["controllers"],
        json!({ "system_interrupts": {
            "base": 0x4180_0000, "inputs": 2, "kind_of_intr": 0xFFFF_FFFF_u32, "kind_of_edge": 0xFFFF_FFFF_u32,
            "kind_of_level": 0xFFFF_FFFF_u32, "irq_is_level": true, "irq_active_high": true, "parent": null, "line": 0,
            "ps_irq": 61,
        } })
    );
    assert_eq!(
        design["ps_gpio"],
        json!({ "pl_soft_reset": { "emio": 1, "width": 1, "pins": ["rst_ps7_0_fclk0/aux_reset_in"] } })
    );
    let clock = |enabled: bool, divisor: u32, mhz: f64| {
        json!({
            "enabled": enabled, "divisors": [divisor, 1], "source": "IO PLL", "mhz": mhz, "requested_mhz": mhz,
        })
    };
    assert_eq!(design["clocks"]["1"], clock(true, 7, 142.0));
    assert_eq!(design["clocks"]["2"], clock(false, 5, 200.0));
    assert_eq!(design["hierarchies"], json!({}));
    let warnings = design["warnings"].as_array().expect("a list");
    assert!(
        warnings.iter().all(|warning| warning.as_str().is_some_and(|text| text.starts_with("level-source-on-edge")))
    );
    assert_eq!(warnings.len(), 2);
}

#[test]
fn the_picture_is_a_digraph_of_the_wiring() {
    let dot = stdout(&["hwh", FIXTURE, "--dot"]);
    assert!(dot.starts_with("digraph interrupts {\n") && dot.ends_with("}\n"), "{dot}");
    for line in [
        r#"  "btns_gpio/ip2intc_irpt" -> "system_interrupts" [label="0 edge\n! level-source-on-edge-line", style=dashed, color=red, fontcolor=red];"#,
        r#"  "system_interrupts" -> "ps7_0" [label="IRQ_F2P[0]\nGIC 61"];"#,
    ] {
        assert!(dot.lines().any(|found| found == line), "no line `{line}` in\n{dot}");
    }
}

#[test]
fn the_rust_module_is_the_one_a_build_script_makes() {
    let module = stdout(&["hwh", FIXTURE, "--rust"]);
    assert_eq!(module, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../pynq-hwh/fixtures/pynq-z2-buttons.rs")));
}

#[test]
fn bad_input_is_one_paragraph_and_a_status() {
    let folder = folder("bad_input");
    let missing = failure(&["hwh", "nowhere.hwh"]);
    assert!(missing.contains("cannot read `nowhere.hwh`"), "{missing}");
    let cut = folder.join("cut.hwh");
    let whole = std::fs::read(FIXTURE).expect("our fixture");
    std::fs::write(&cut, &whole[..whole.len() / 2]).expect("a file");
    for option in ["--json", "--dot", "--rust"] {
        let message = failure(&["hwh", text(&cut), option]);
        assert!(message.contains("cut.hwh: the file ends at line "), "{message}");
    }
    let wrong = failure(&["bit", FIXTURE]);
    assert!(wrong.contains("expected a .bit file"), "{wrong}");
    let smuggled = folder.join("smuggled.hwh");
    std::fs::write(&smuggled, "<\u{1b}[31mred/>").expect("a file");
    assert!(!failure(&["hwh", text(&smuggled)]).contains('\u{1b}'));
    assert_eq!(pynq(&["hwh"]).status.code(), Some(2));
    assert_eq!(pynq(&["hwh", FIXTURE, "--json", "--dot"]).status.code(), Some(2));
    assert_eq!(pynq(&["hwh", FIXTURE, "--rust", "--dot"]).status.code(), Some(2));
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pynq"))
        .args(["hwh", FIXTURE, "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty());
}

/// A small .bit file for `part`, and its data in the form Linux takes.
fn bit(part: &str) -> (Vec<u8>, Vec<u8>) {
    let words = [0xFFFF_FFFF_u32, 0x0000_00BB, 0x1122_0044, 0xFFFF_FFFF, 0xAA99_5566, 0x3001_8001, 0x0372_7093];
    let mut bytes = vec![0x00, 0x09, 0x0F, 0xF0, 0x0F, 0xF0, 0x0F, 0xF0, 0x0F, 0xF0, 0x00, 0x00, 0x01];
    for (tag, text) in [(b'a', "buttons;Version=2018.2"), (b'b', part), (b'c', "2025/01/06"), (b'd', "10:00:00")] {
        bytes.push(tag);
        bytes.extend(u16::try_from(text.len() + 1).expect("short").to_be_bytes());
        bytes.extend(text.as_bytes());
        bytes.push(0);
    }
    bytes.push(b'e');
    bytes.extend(u32::try_from(words.len() * 4).expect("short").to_be_bytes());
    bytes.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    (bytes, words.iter().flat_map(|word| word.to_le_bytes()).collect())
}

#[test]
fn bitstreams_are_shown_and_converted() {
    let folder = folder("bitstreams");
    let (file, out) = (folder.join("base.bit"), folder.join("base.bin"));
    let (bytes, expected) = bit("7z020clg400");
    std::fs::write(&file, bytes).expect("a file");
    let value = json(&["bit", text(&file), "--json"]);
    assert_eq!(
        value,
        json!({
            "form": "bit", "design": "buttons", "part": "7z020clg400", "date": "2025/01/06", "time": "10:00:00",
            "attributes": { "Version": "2018.2" }, "partial": false, "data_length": 28, "idcode": 0x0372_7093,
            "device": "7z020",
        })
    );
    let report = stdout(&["bit", text(&file), "--to-bin", text(&out), "--check", FIXTURE]);
    assert!(report.contains("idcode   0x03727093 (7z020)") && report.contains("base.bin (28 bytes)"), "{report}");
    assert_eq!(std::fs::read(&out).expect("the result"), expected);
    // Once more, over itself: nothing changes, and nothing is left behind.
    stdout(&["bit", text(&out), "--to-bin", text(&out)]);
    assert_eq!(std::fs::read(&out).expect("the result"), expected);
    assert_eq!(std::fs::read_dir(&folder).expect("the folder").count(), 2);
}

#[test]
fn a_bitstream_for_another_part_is_refused_and_nothing_written() {
    let folder = folder("other_part");
    let (file, out) = (folder.join("base.bit"), folder.join("base.bin"));
    std::fs::write(&file, bit("7z010clg400").0).expect("a file");
    let message = failure(&["bit", text(&file), "--to-bin", text(&out), "--check", FIXTURE]);
    assert!(message.contains("`7z010clg400`") && message.contains("`7z020clg400`"), "{message}");
    assert!(!out.exists());
    let unwritable = folder.join("nowhere").join("base.bin");
    assert!(failure(&["bit", text(&file), "--to-bin", text(&unwritable)]).contains("cannot write"));
}

#[test]
fn real_files() {
    let Some(folder) = std::env::var_os("PYNQ_HWH_DIR").map(PathBuf::from) else {
        eprintln!("skipped: PYNQ_HWH_DIR does not name a folder of real handoff files");
        return;
    };
    let z2 = folder.join("z2-base.hwh");
    let design = json(&["hwh", text(&z2), "--json"]);
    assert_eq!(design["interrupts"].as_object().map(serde_json::Map::len), Some(15));
    let buttons = &design["interrupts"]["btns_gpio/ip2intc_irpt"];
    assert_eq!((&buttons["controller"], &buttons["line"]), (&json!("system_interrupts"), &json!(13)));
    assert_eq!((&buttons["ps_irq"], &buttons["kind"]), (&Value::Null, &json!("edge")));
    assert_eq!(design["ip"]["iop_pmoda/mb_bram_ctrl"]["memory"], true);
    assert_eq!(design["ps_gpio"]["mb_iop_rpi_intr_ack"]["emio"], 7);
    let tree = stdout(&["hwh", text(&z2)]);
    assert!(tree.contains("   ├─ 13 edge   btns_gpio/ip2intc_irpt  (level source)\n"), "{tree}");
    let zcu = json(&["hwh", text(&folder.join("zcu104-base.hwh")), "--json"]);
    let intc = &zcu["controllers"]["axi_intc_0"];
    assert_eq!((&intc["base"], &intc["kind_of_intr"]), (&json!(0x8004_3000_u32), &json!(0xFFFF_FE60_u32)));
    assert_eq!((&intc["inputs"], &intc["ps_irq"]), (&json!(9), &json!(121)));
    assert_eq!(zcu["interrupts"]["iop_pmod0/dff_en_reset_vector_0/q"]["kind"], "edge");
    assert_eq!(zcu["interrupts"]["gpio_btns/ip2intc_irpt"]["kind"], "level");
}
