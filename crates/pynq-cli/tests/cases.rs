//! Designs of other people, reduced to what made them special: what `pynq hwh` says of each.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

/// Writes a handoff file with `modules` to a folder of this test's own.
fn file(test: &str, about: &str, modules: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cases").join(test);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("design.hwh");
    std::fs::write(&path, format!("<EDKSYSTEM>{about}<MODULES>{modules}</MODULES></EDKSYSTEM>")).expect("a file");
    path
}

fn pynq(arguments: &[&str], file: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pynq"));
    command.arg("hwh").arg(file).args(arguments).output().expect("the command starts")
}

fn stdout(arguments: &[&str], file: &Path) -> String {
    let output = pynq(arguments, file);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn has(text: &str, line: &str) {
    assert!(text.lines().any(|found| found == line), "no line `{line}` in\n{text}");
}

fn module(name: &str, kind: &str, inside: &str) -> String {
    format!(r#"<MODULE INSTANCE="{name}" VLNV="xilinx.com:ip:{kind}:1.0">{inside}</MODULE>"#)
}

fn parameters(all: &[(&str, &str)]) -> String {
    let all = all.iter().map(|(name, value)| format!(r#"<PARAMETER NAME="{name}" VALUE="{value}"/>"#));
    format!("<PARAMETERS>{}</PARAMETERS>", all.collect::<String>())
}

/// `I:Interrupt:irq` for each port.
fn ports(all: &[&str]) -> String {
    let all = all.iter().map(|port| {
        let parts: Vec<&str> = port.split(':').collect();
        let [direction, name, net] = parts[..3] else { panic!("{port}") };
        let net = if net.is_empty() { String::new() } else { format!(r#" SIGNAME="{net}""#) };
        let width = parts.get(3).map_or_else(String::new, |left| format!(r#" LEFT="{left}" RIGHT="0""#));
        let sensitivity = parts.get(4).map_or_else(String::new, |word| format!(r#" SENSITIVITY="{word}""#));
        format!(r#"<PORT DIR="{direction}" NAME="{name}"{net}{width}{sensitivity}/>"#)
    });
    format!("<PORTS>{}</PORTS>", all.collect::<String>())
}

fn map(ranges: &[(&str, &str, &str)]) -> String {
    let ranges = ranges.iter().map(|(base, high, instance)| {
        format!(r#"<MEMRANGE BASEVALUE="{base}" HIGHVALUE="{high}" INSTANCE="{instance}" SLAVEBUSINTERFACE="S_AXI"/>"#)
    });
    format!("<MEMORYMAP>{}</MEMORYMAP>", ranges.collect::<String>())
}

const GPIO: [(&str, &str); 3] = [("C_GPIO_WIDTH", "4"), ("C_ALL_INPUTS", "1"), ("C_INTERRUPT_PRESENT", "1")];

#[test]
fn the_controller_of_a_soft_processor_has_its_lines() {
    let ranges = map(&[("0x41200000", "0x4120FFFF", "intc"), ("0x40000000", "0x4000FFFF", "g")]);
    let modules = [
        module("mb", "microblaze_riscv", &(ports(&["I:Interrupt:irq"]) + &ranges)),
        module(
            "intc",
            "axi_intc",
            &(parameters(&[("C_NUM_INTR_INPUTS", "1"), ("C_KIND_OF_INTR", "0")]) + &ports(&["I:intr:gi", "O:irq:irq"])),
        ),
        module("g", "axi_gpio", &(parameters(&GPIO) + &ports(&["O:ip2intc_irpt:gi"]))),
    ];
    let file = file("soft", "", &modules.concat());
    let text = stdout(&[], &file);
    has(&text, "interrupts: 1 pin, 1 controller");
    has(&text, "Interrupt[0] = interrupt 11 of the processor");
    has(&text, "   └─  0 level  g/ip2intc_irpt");
    let missing = text.lines().filter(|line| line.contains("C_HAS_IPR")).count();
    assert_eq!(missing, 1, "the parameters of one block are in one row: {text}");
    let rust = stdout(&["--rust"], &file);
    for line in [
        "pub struct Intc;",
        "type Parent = ::pynq_core::design::Root<11>;",
        r#"const INTERRUPTS: &'static [&'static str] = &["ip2intc_irpt"];"#,
    ] {
        assert!(rust.contains(line), "no `{line}` in\n{rust}");
    }
}

#[test]
fn instructions_and_data_of_a_soft_processor_are_one_memory() {
    let range = |bus: &str, name: &str| {
        format!(
            r#"<MEMRANGE BASEVALUE="0x0" HIGHVALUE="0xFFFF" INSTANCE="{name}" MASTERBUSINTERFACE="{bus}" MEMTYPE="MEMORY" SLAVEBUSINTERFACE="SLMB"/>"#
        )
    };
    let ranges = format!("<MEMORYMAP>{}{}</MEMORYMAP>", range("DLMB", "d"), range("ILMB", "i"));
    let controllers = module("d", "lmb_bram_if_cntlr", "") + &module("i", "lmb_bram_if_cntlr", "");
    let file = file("lmb", "", &(module("mb", "microblaze_riscv", &ranges) + &controllers));
    let text = stdout(&["masters"], &file);
    has(&text, "memories: 1");
    has(&text, "├─ mb DLMB at 0x00000000, by d/SLMB");
    has(&text, "└─ mb ILMB at 0x00000000, by i/SLMB");
    let value: Value = serde_json::from_str(&stdout(&["--json"], &file)).expect("JSON");
    assert_eq!(value["storage"]["d"]["windows"].as_array().map(Vec::len), Some(2));
}

fn gate(operation: &str) -> String {
    let ranges = map(&[("0x41200000", "0x4120FFFF", "g")]);
    [
        module("ps", "processing_system7", &(ports(&["I:IRQ_F2P:r:0"]) + &ranges)),
        module(
            "o",
            "util_vector_logic",
            &(parameters(&[("C_OPERATION", operation)]) + &ports(&["I:Op1:gi", "I:Op2:x", "O:Res:r"])),
        ),
        module("g", "axi_gpio", &(parameters(&GPIO) + &ports(&["O:ip2intc_irpt:gi"]))),
    ]
    .concat()
}

#[test]
fn what_is_behind_a_gate_is_shown_and_whether_it_can_be_waited_for() {
    let or = file("or", "", &gate("or"));
    let text = stdout(&["irq"], &or);
    has(&text, "interrupts: 1 pin, 0 controllers, 1 gate");
    has(&text, "IRQ_F2P[0] = GIC 61, 29 in the device tree");
    has(&text, "└─ o/Res  (OR)");
    has(&text, "   ├─ Op1  g/ip2intc_irpt");
    has(&text, "   └─ Op2  (not connected)");
    assert!(stdout(&["--rust"], &or).contains(r#"const INTERRUPTS: &'static [&'static str] = &["ip2intc_irpt"];"#));
    let and = file("and", "", &gate("and"));
    let text = stdout(&[], &and);
    has(&text, "   ├─ Op1  g/ip2intc_irpt  (can't be waited for behind o/Res (AND))");
    assert!(text.contains("behind-gate (1)"), "{text}");
    let rust = stdout(&["--rust"], &and);
    assert!(rust.contains("`g/ip2intc_irpt`: it arrives through the gate `o/Res` (AND)"), "{rust}");
    assert!(!rust.contains("const INTERRUPTS"), "{rust}");
    let value: Value = serde_json::from_str(&stdout(&["--json"], &and)).expect("JSON");
    assert_eq!(value["blocked"], json!({ "g/ip2intc_irpt": { "gate": "o/Res", "kind": "AND" } }));
    for picture in ["--dot", "--dot=board"] {
        assert!(stdout(&[picture], &or).contains(r#"label="OR\no/Res", shape=diamond"#));
    }
}

#[test]
fn a_block_without_interrupt_is_not_one_that_is_not_wired() {
    let ranges = map(&[("0x41200000", "0x4120FFFF", "g"), ("0x41210080", "0x412100FF", "small")]);
    let modules = [
        module("ps", "processing_system7", &ranges),
        module("g", "axi_gpio", &parameters(&[("C_GPIO_WIDTH", "4"), ("C_INTERRUPT_PRESENT", "0")])),
        module(
            "small",
            "axi_gpio",
            &parameters(&[("C_GPIO_WIDTH", "4"), ("C_ALL_OUTPUTS", "1"), ("C_INTERRUPT_PRESENT", "0")]),
        ),
    ];
    let file = file("nointr", "", &modules.concat());
    let text = stdout(&["ip"], &file);
    assert!(text.contains("built without interrupt; enable it in the block"), "{text}");
    has(&text, "└─ small  0x41210080    128  axi_gpio 1.0, built without interrupt");
    let rust = stdout(&["--rust"], &file);
    assert!(rust.contains("built without interrupt; enable it") && !rust.contains("not wired"), "{rust}");
}

#[test]
fn clocks_are_the_ones_achieved() {
    let all = [
        ("PSU__FPGA_PL0_ENABLE", "1"),
        ("PSU__CRL_APB__PL0_REF_CTRL__SRCSEL", "IOPLL"),
        ("PSU__CRL_APB__PL0_REF_CTRL__DIVISOR0", "4"),
        ("PSU__CRL_APB__PL0_REF_CTRL__DIVISOR1", "1"),
        ("PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ", "100"),
        ("PSU__CRL_APB__PL0_REF_CTRL__ACT_FREQMHZ", "374.999634"),
    ];
    let file = file("clock", "", &module("ps", "zynq_ultra_ps_e", &parameters(&all)));
    has(&stdout(&["clocks"], &file), "  0  374.999634 MHz  = IOPLL / 4 / 1  (100 MHz asked for)");
    let rust = stdout(&["--rust"], &file);
    assert!(rust.contains("pub const CLOCK0_HZ: u64 = 374_999_634;") && rust.contains("100_000_000 Hz"), "{rust}");
}

#[test]
fn a_family_whose_interrupts_are_not_read_is_told_of() {
    let ranges = map(&[("0xA4000000", "0xA400FFFF", "t")]);
    let modules = module("cips", "versal_cips", &(ports(&["I:pl_ps_irq0:t"]) + &ranges))
        + &module("t", "axi_timer", &ports(&["O:interrupt:t"]));
    let file = file("versal", "", &modules);
    let text = stdout(&[], &file);
    assert!(text.contains("interrupts: not read for Versal; addresses are"), "{text}");
    assert!(text.contains("0xa4000000") && !text.contains("0 pins"), "{text}");
}

#[test]
fn the_inside_of_an_ip_block_is_no_design() {
    let file = file("inner", r#"<SYSTEMINFO NAME="bd_44e3"/>"#, &module("s", "sc_exit", ""));
    let output = pynq(&[], &file);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(
        message.contains("this is the inside of an IP block") && message.contains("take the design's own .hwh"),
        "{message}"
    );
}

#[test]
fn an_output_of_the_processor_without_a_slice_is_listed() {
    let pin = r#"<EXTERNALPORTS><PORT DIR="O" NAME="led" LEFT="7" RIGHT="0" SIGNAME="e"/></EXTERNALPORTS>"#;
    let file = file("emio", pin, &module("ps", "zynq_ultra_ps_e", &ports(&["O:emio_gpio_o:e:7"])));
    let text = stdout(&["gpio"], &file);
    has(&text, "processor GPIO (EMIO): the whole output without a slice");
    has(&text, "    7:0  ps/emio_gpio_o  -> led");
}

#[test]
fn many_lines_that_nothing_is_wired_to_are_one_row() {
    let all = [("C_NUM_INTR_INPUTS", "20"), ("C_KIND_OF_INTR", "0"), ("C_KIND_OF_LVL", "0xFFFFFFFD")];
    let concat = parameters(&[("NUM_PORTS", "2"), ("IN0_WIDTH", "1"), ("IN1_WIDTH", "1")]);
    let modules = [
        module(
            "ps",
            "processing_system7",
            &(ports(&["I:IRQ_F2P:r:0"]) + &map(&[("0x41800000", "0x4180FFFF", "intc")])),
        ),
        module("intc", "axi_intc", &(parameters(&all) + &ports(&["I:intr:c:19", "O:irq:r"]))),
        module("cat", "xlconcat", &(concat + &ports(&["I:In0:a:0", "I:In1:b:0", "O:dout:c:1"]))),
        module("a", "x", &ports(&["O:irq:a:0:LEVEL_LOW"])),
        module("b", "x", &ports(&["O:irq:b:3:LEVEL_LOW:LEVEL_LOW"])),
    ];
    let file = file("open", "", &modules.concat());
    let text = stdout(&["irq"], &file);
    has(&text, "   ├─  0 level  a/irq  (level source, active low)");
    has(&text, "   ├─  1 level  active low  b/irq[0]  (level source, active low)");
    has(&text, "   └─  2 to 19  (not connected, 18 inputs)");
    has(&text, "    intc/intr[2..19]: nothing drives this input (18 of them)");
    has(&text, "    cat/In1: it takes 1 of the 4 bits of b/irq; b/irq[1], b/irq[2], b/irq[3] reach nothing");
    has(&text, "    a/irq: active low on input 0 of intc, which is active high");
    assert!(!text.contains("b/irq[0]: active"), "{text}");
}

#[test]
fn names_that_attack_are_refused_or_stay_names() {
    for hidden in ["&#27;[31m", "&#155;31m", "&#x202e;", "&#10;x", "\u{9b}"] {
        let file = file("hidden", "", &module(&format!("a{hidden}b"), "x", ""));
        for option in [&[][..], &["--json"], &["--dot"], &["--dot=board"], &["--rust"], &["irq"]] {
            let output = pynq(option, &file);
            assert_eq!(output.status.code(), Some(1), "{hidden} {option:?}");
            let message = String::from_utf8(output.stderr).expect("UTF-8");
            assert!(!message.trim_end().contains(pynq_hwh::is_invisible), "{message:?}");
        }
    }
    // A value may be anything. It is shown in JSON, escaped.
    let ranges = map(&[("0x41200000", "0x4120FFFF", "g")]);
    let value = parameters(&[("C_X", "a&#155;b&#x202e;c&#x1F600;&#xE0041;")]);
    let shown = file("value", "", &(module("ps", "processing_system7", &ranges) + &module("g", "x", &value)));
    let text = stdout(&["--json"], &shown);
    assert!(text.contains("a\\u009bb\\u202ec😀\\udb40\\udc41"), "{text}");
    let value: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(value["ip"]["g"]["parameters"]["C_X"], "a\u{9b}b\u{202e}c😀\u{e0041}");
    // In a picture, quotes and backslashes.
    let ranges = map(&[("0x41200000", "0x4120FFFF", r#"a&quot;]; x -&gt; y [label=&quot;\N"#)]);
    let modules =
        module("ps", "processing_system7", &ranges) + &module(r#"a&quot;]; x -&gt; y [label=&quot;\N"#, "x", "");
    let dot = stdout(&["--dot=board"], &file("picture", "", &modules));
    assert!(dot.contains(r#""a\"]; x -> y [label=\"\\N""#), "{dot}");
}
