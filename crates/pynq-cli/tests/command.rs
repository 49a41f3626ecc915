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
fn sections_stand_alone() {
    let all = stdout(&["hwh", FIXTURE]);
    for (section, has, has_not) in [
        ("ip", "addressable IP: 5", "interrupts:"),
        ("irq", "interrupts: 2 pins, 1 controller", "addressable IP"),
        ("gpio", "processor GPIO (EMIO)", "clocks"),
        ("clocks", "clocks to programmable logic", "warnings"),
        ("warnings", "warnings: 2", "clocks"),
        ("masters", "bus masters: 1", "addressable IP"),
        ("buses", "buses between blocks: 0", "addressable IP"),
    ] {
        let text = stdout(&["hwh", FIXTURE, section]);
        assert!(text.contains(has) && !text.contains(has_not), "{section}: {text}");
        assert!(text.starts_with("buttons: zynq"), "{section}: {text}");
        assert!(text.lines().count() < all.lines().count());
    }
    assert_eq!(pynq(&["hwh", FIXTURE, "nothing"]).status.code(), Some(2));
    assert_eq!(pynq(&["hwh", FIXTURE, "irq", "--json"]).status.code(), Some(2));
}

/// What the command prints where the environment has `variables`, not to a terminal.
fn with(variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pynq"));
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM"] {
        command.env_remove(name);
    }
    let output = command.args(["hwh", FIXTURE]).envs(variables.iter().copied()).output().expect("the command starts");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn colours_are_for_terminals_and_add_nothing_else() {
    let plain = with(&[]);
    assert!(!plain.contains('\u{1b}'), "not to a pipe");
    let forced = with(&[("CLICOLOR_FORCE", "1")]);
    assert!(forced.contains("\u{1b}["), "{forced}");
    let mut stripped = String::new();
    for (number, part) in forced.split('\u{1b}').enumerate() {
        stripped += if number == 0 { part } else { part.split_once('m').expect("a colour").1 };
    }
    assert_eq!(stripped, plain);
    assert_eq!(with(&[("NO_COLOR", "1")]), plain);
}

#[test]
fn completions_and_manual_pages_know_every_subcommand() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = stdout(&["completions", shell]);
        for word in ["hwh", "bit", "doctor", "completions"] {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
    }
    let folder = folder("man pages");
    stdout(&["man", text(&folder)]);
    for page in ["pynq.1", "pynq-hwh.1", "pynq-bit.1", "pynq-doctor.1"] {
        let page = std::fs::read_to_string(folder.join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
        assert!(page.contains(".TH"), "{page}");
    }
    assert!(stdout(&["man"]).contains(".TH"));
    let file = folder.join("file");
    std::fs::write(&file, "").expect("a file");
    assert!(failure(&["man", text(&file)]).contains("cannot write to"));
}

#[test]
fn a_bitstream_is_no_handoff_file_and_the_one_beside_it_is_named() {
    let folder = folder("bit_for_hwh");
    let file = folder.join("design_1_wrapper.bit");
    std::fs::write(&file, bit("7z020clg400").0).expect("a file");
    let alone = failure(&["hwh", text(&file)]);
    assert!(alone.contains("pass the .hwh beside it") && alone.contains("design_1.hwh"), "{alone}");
    std::fs::copy(FIXTURE, folder.join("design_1.hwh")).expect("a copy");
    let beside = failure(&["hwh", text(&file)]);
    assert!(beside.contains("pass the .hwh beside it: ") && beside.contains("design_1.hwh"), "{beside}");
    // Whatever it is called.
    let renamed = folder.join("design_1.hwh");
    std::fs::write(&renamed, bit("7z020clg400").0).expect("a file");
    let wrong = failure(&["hwh", text(&renamed)]);
    assert!(wrong.contains("this is a bitstream") && !wrong.contains("beside it: "), "{wrong}");
    assert!(failure(&["hwh", text(&folder.join("none.bit"))]).contains("cannot read"));
}

#[test]
fn a_check_says_what_it_compared() {
    let folder = folder("check");
    let file = folder.join("base.bit");
    std::fs::write(&file, bit("7z020clg400").0).expect("a file");
    let report = stdout(&["bit", text(&file), "--check", FIXTURE]);
    for line in ["part     the same, 7z020clg400", "design   the same, buttons", "Vivado   the same, 2018.2"] {
        assert!(report.lines().any(|found| found == line), "no line `{line}` in\n{report}");
    }
    // Another version is a warning.
    let other = folder.join("other.hwh");
    let handoff = std::fs::read_to_string(FIXTURE).expect("our fixture");
    std::fs::write(&other, handoff.replace("VIVADOVERSION=\"2018.2\"", "VIVADOVERSION=\"2023.1\"")).expect("a file");
    let report = stdout(&["bit", text(&file), "--check", text(&other)]);
    assert!(report.contains("Vivado   warning: 2018.2 here and 2023.1 there"), "{report}");
    // Raw words say nothing.
    let raw = folder.join("raw.bin");
    std::fs::write(&raw, [0x66, 0x55, 0x99, 0xAA]).expect("a file");
    let output = pynq(&["bit", text(&raw), "--check", FIXTURE]);
    assert_eq!(output.status.code(), Some(3));
    let report = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(report.contains("nothing could be compared"), "{report}");
    let value = json(&["bit", text(&file), "--json", "--check", FIXTURE]);
    assert_eq!(value["compared"][0]["verdict"], "same");
}

#[test]
fn a_header_of_a_bitstream_steers_no_terminal() {
    let folder = folder("hostile_header");
    let file = folder.join("base.bit");
    std::fs::write(&file, bit("7z0\u{1b}[31m\u{9b}\n\u{202e}").0).expect("a file");
    for option in [&["bit"][..], &["bit", "--json"]] {
        let text = stdout(&[option, &[text(&file)]].concat());
        assert!(!text.contains(|c| c != '\n' && pynq_hwh::is_invisible(c)), "{text:?}");
    }
    let report = stdout(&["bit", text(&file)]);
    assert!(report.lines().any(|line| line.contains("7z0\\u{1b}[31m\\u{9b}\\u{a}\\u{202e}")), "{report}");
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
