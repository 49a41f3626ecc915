//! Modules of designs whose names attack: what is generated is compiled, and its documentation tested, as a user's
//! `cargo test` would. Nothing of a name may become a program.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pynq_hwh::{Design, Error, codegen::Generator};

/// What the generated text needs of the two crates that it is written against, so that no other crate is built for this.
const CORE: &str = "
pub mod design {
    pub trait Block {
        const PATH: &'static str; const VLNV: &'static str; const BASE: u64; const SIZE: u64;
        const IS_MEMORY: bool = false; const CLOCK_HZ: Option<u64> = None;
        const PARAMETERS: &'static [(&'static str, u64)] = &[]; const TEXTS: &'static [&'static str] = &[];
        const INTERRUPTS: &'static [&'static str] = &[];
    }
    pub trait Parent {}
    pub struct Root<const N: u32>;
    pub enum LineKind { Edge, Level }
    pub struct NoBlock;
    pub trait Wired { const PATH: &'static str; type Block; const PORT: &'static str; type Parent; const LINE: u8; const KIND: LineKind; }
    pub trait AxiIntcBlock { const CONFIG: crate::AxiIntcConfig; type Irq; }
}
pub struct AxiIntcConfig {
    pub inputs: u8, pub software_interrupts: u8, pub kind_of_intr: u32, pub has_sie: bool, pub has_cie: bool,
    pub has_ilr: bool, pub has_fast: bool, pub output_is_level: bool,
}";

/// Names that mean something to Markdown, HTML, Rust, a shell, or a formatter. The last ones are cut out of a text with
/// blanks at every length, so that some line of a comment is broken before the fence.
fn attacks() -> Vec<String> {
    let mut attacks: Vec<String> = [
        "~~~",
        "~~~rust fn main() { std::fs::write(MARKER, b) }",
        "``` std::fs::write(MARKER, b) ```",
        "a`b``c",
        "# heading",
        "> quotation",
        "* item",
        "- [ ] item",
        "1. item",
        "+ item",
        "===",
        "---",
        "| a | b |",
        "<script>alert(1)</script>",
        "<!-- -->",
        "[a](https://example.org)",
        "![a](javascript:alert)",
        "[`Design`]: https://example.org",
        "\\",
        "\"",
        "*/ pub fn f() {} /*",
        "//! inner",
        "#![doc = include_str!(x)]",
        "{} {0} {x:?}",
        "\"# ) ; compile_error!(r#\"",
        "$crate::x $(touch MARKER)",
        "%MARKER%",
        "type",
        "Self",
        "Clone",
        "Option",
        "u64",
        "é ü 按钮",
        "a\u{301}\u{20dd}",
    ]
    .map(str::to_owned)
    .to_vec();
    attacks.push("long".repeat(100));
    for length in (40..110).step_by(3) {
        attacks.push(format!("{} ~~~ std::fs::write(MARKER, b).unwrap(); ~~~", "w ".repeat(length / 2)));
        attacks.push(format!("{} ~~~\u{a0}", "w".repeat(length)));
    }
    attacks
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A design with the attack in every place that a generated module shows.
fn design(attack: &str) -> Result<Design, Error> {
    let name = xml(&attack.replace('/', "|"));
    let block = |instance: &str, kind: &str, base: u64, inside: &str| {
        let range = format!(
            r#"<MEMRANGE INSTANCE="{instance}" BASEVALUE="0x{base:x}" HIGHVALUE="0x{:x}" SLAVEBUSINTERFACE="{name}"/>"#,
            base + 0xFFFF
        );
        let module = format!(r#"<MODULE FULLNAME="/{instance}" INSTANCE="{instance}" VLNV="{kind}">{inside}</MODULE>"#);
        (range, module)
    };
    let output =
        |net: &str| format!(r#"<PORTS><PORT DIR="O" NAME="o {name}" SIGIS="INTERRUPT" SIGNAME="{net}"/></PORTS>"#);
    let parameter = format!(r#"<PARAMETERS><PARAMETER NAME="C_{name}" VALUE="1"/></PARAMETERS>"#);
    let (first, a) =
        block(&format!("a {name}"), &format!("x:y:k {name}:{name}"), 0x4000_0000, &(parameter + &output("n0")));
    let (second, b) = block(&format!("b {name}"), "x:y:z:1.", 0x4001_0000, &output("n1"));
    let hidden = format!(
        r#"<MODULE FULLNAME="/hidden {name}" INSTANCE="h" VLNV="x:ip:axi_intc:4.1"><PARAMETERS><PARAMETER NAME="C_NUM_INTR_INPUTS" VALUE="1"/></PARAMETERS><PORTS><PORT DIR="I" NAME="intr" SIGNAME="n1"/><PORT DIR="O" NAME="irq" SIGNAME="h"/></PORTS></MODULE>"#
    );
    let gate = format!(
        r#"<MODULE FULLNAME="/gate {name}" INSTANCE="g" VLNV="x:ip:util_vector_logic:2.0"><PARAMETERS><PARAMETER NAME="C_OPERATION" VALUE="not"/></PARAMETERS><PORTS><PORT DIR="I" NAME="Op1" SIGNAME="n2"/><PORT DIR="O" NAME="Res" SIGNAME="g"/></PORTS></MODULE><MODULE FULLNAME="/behind {name}" INSTANCE="bb"><PORTS><PORT DIR="O" NAME="o" SIGNAME="n2"/></PORTS></MODULE>"#
    );
    let slice = format!(
        r#"<MODULE FULLNAME="/slice {name}" INSTANCE="s" VLNV="x:ip:xlslice:1.0"><PARAMETERS><PARAMETER NAME="DIN_FROM" VALUE="0"/><PARAMETER NAME="DIN_TO" VALUE="0"/></PARAMETERS><PORTS><PORT DIR="I" NAME="Din" SIGNAME="gpio"/><PORT DIR="O" NAME="Dout" SIGNAME="d"/></PORTS></MODULE>"#
    );
    let concat = r#"<MODULE FULLNAME="/cat" INSTANCE="cat" VLNV="x:ip:xlconcat:2.1"><PARAMETERS><PARAMETER NAME="NUM_PORTS" VALUE="3"/></PARAMETERS><PORTS><PORT DIR="I" NAME="In0" SIGNAME="n0"/><PORT DIR="I" NAME="In1" SIGNAME="h"/><PORT DIR="I" NAME="In2" SIGNAME="g"/><PORT DIR="O" NAME="dout" LEFT="2" RIGHT="0" SIGNAME="r"/></PORTS></MODULE>"#;
    Design::parse(&format!(
        r#"<EDKSYSTEM VIVADOVERSION="{name}" TIMESTAMP="{name}"><SYSTEMINFO NAME="{name}" BOARD="{name}" DEVICE="{name}" PACKAGE="{name}"/><MODULES>
        <MODULE FULLNAME="/ps" INSTANCE="ps" VLNV="x:ip:processing_system7:5.5"><PORTS><PORT DIR="I" NAME="IRQ_F2P" LEFT="2" RIGHT="0" SIGNAME="r"/><PORT DIR="O" NAME="GPIO_O" SIGNAME="gpio"/></PORTS><MEMORYMAP>{first}{second}</MEMORYMAP></MODULE>
        {a}{b}{hidden}{gate}{slice}{concat}</MODULES></EDKSYSTEM>"#
    ))
}

/// The compiler, or its `rustdoc`, that Cargo uses here.
fn tool(name: &str) -> Command {
    let beside = std::env::var_os("CARGO").map(|cargo| Path::new(&cargo).with_file_name(name));
    Command::new(beside.filter(|path| path.exists()).unwrap_or_else(|| PathBuf::from(name)))
}

fn run(mut command: Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Compiles `text` as a library, and runs what its documentation has for tests. Returns how many these were.
fn doc_tests(folder: &Path, name: &str, text: &str) -> usize {
    let core = folder.join("core.rs");
    std::fs::write(&core, CORE).expect("a file");
    let mut command = tool("rustc");
    command
        .args(["--edition=2024", "--crate-type=rlib", "--crate-name=pynq_core"])
        .arg(&core)
        .arg("--out-dir")
        .arg(folder);
    run(command);
    let file = folder.join(format!("{name}.rs"));
    std::fs::write(&file, text).expect("a file");
    let with = |command: &mut Command| {
        command.args(["--edition=2024", "--crate-type=rlib", "--extern"]);
        command.arg(format!("pynq_core={}", folder.join("libpynq_core.rlib").display()));
        command.current_dir(folder).arg(&file);
    };
    let mut command = tool("rustc");
    command.args(["--emit=metadata", "--out-dir"]).arg(folder);
    with(&mut command);
    run(command);
    let mut command = tool("rustdoc");
    command.arg("--test");
    with(&mut command);
    let output = String::from_utf8(run(command).stdout).expect("UTF-8");
    let count = output.lines().find_map(|line| line.strip_prefix("running ")?.split(' ').next()?.parse().ok());
    count.unwrap_or_else(|| panic!("no number of tests in {output}"))
}

/// A folder of one test's own.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[test]
fn no_name_becomes_a_program_in_the_documentation_of_a_module() {
    let folder = folder("hostile_modules");
    let marker = folder.join("marker");
    let mut text = String::from("#![allow(warnings)]\n");
    for (number, attack) in attacks().iter().enumerate() {
        let attack = attack.replace("MARKER", &format!("\"{}\"", marker.display()));
        let design = design(&attack).unwrap_or_else(|error| panic!("{attack}: {error}"));
        assert_eq!(design.interrupts.blocked.len(), 1, "the places are all there");
        let module = Generator::new(&design).module(format!("attack{number}")).generate();
        let module = module.unwrap_or_else(|error| panic!("{attack}: {error}"));
        assert!(module.is_ascii(), "{attack}");
        for line in module.lines() {
            let Some(comment) = line.trim_start().strip_prefix("///") else { continue };
            let comment = comment.strip_prefix(" * ").unwrap_or(comment).trim_start();
            let plain = comment.is_empty() || comment.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '`');
            assert!(plain && !comment.starts_with("```") && !line.contains('<'), "{attack}: {line}");
        }
        let _ = writeln!(text, "{module}");
    }
    assert_eq!(doc_tests(&folder, "attacks", &text), 0);
    assert!(!marker.exists());
    // That this would have shown: a fence is a test, and is run.
    let open =
        format!("/// ~~~\n/// std::fs::write(r\"{}\", b\"\").unwrap();\n/// ~~~\npub fn f() {{}}\n", marker.display());
    assert_eq!(doc_tests(&folder, "control", &open), 1);
    assert!(marker.exists());
}

#[test]
fn names_with_characters_that_do_not_show_are_refused_and_escaped_in_the_message() {
    for hidden in
        ["\n", "\r", "\t", "\u{1b}[31m", "\u{7f}", "\u{85}", "\u{9b}", "\u{202e}", "\u{2066}", "\u{200b}", "\u{2028}"]
    {
        let Err(error) = design(&format!("a{hidden}b")) else { panic!("{hidden:?} was taken") };
        assert!(matches!(error, Error::BadValue { .. }), "{error}");
        let message = error.to_string();
        assert!(!message.contains(pynq_hwh::is_invisible), "{message:?}");
        // As a reference it is the same character.
        let reference = hidden.chars().map(|c| format!("&#{};", u32::from(c))).collect::<String>();
        let text = format!(r#"<EDKSYSTEM><MODULES><MODULE INSTANCE="a{reference}b"/></MODULES></EDKSYSTEM>"#);
        assert!(matches!(Design::parse(&text), Err(Error::BadValue { .. })), "{reference}");
    }
}

#[test]
fn values_that_hold_anything_are_escaped_where_they_are_shown() {
    let text = r#"<EDKSYSTEM><MODULES><MODULE INSTANCE="ps" VLNV="x:ip:processing_system7:5.5"><PORTS><PORT DIR="I" NAME="IRQ_F2P" SIGNAME="n"/></PORTS></MODULE>
        <MODULE INSTANCE="i" VLNV="x:ip:axi_intc:4.1"><PARAMETERS><PARAMETER NAME="C_HAS_IPR" VALUE="&#27;[2J&#10;x"/><PARAMETER NAME="C_NUM_INTR_INPUTS" VALUE="1"/></PARAMETERS><PORTS><PORT DIR="O" NAME="irq" SIGNAME="n"/></PORTS></MODULE></MODULES></EDKSYSTEM>"#;
    let design = Design::parse(text).expect("a design");
    let shown: Vec<_> = design.warnings.iter().map(ToString::to_string).collect();
    assert!(shown.iter().any(|warning| warning.contains("C_HAS_IPR is `")), "{shown:?}");
    assert!(shown.iter().all(|warning| !warning.contains(pynq_hwh::is_invisible)), "{shown:?}");
    let error = design.interrupt("\u{1b}[31m\u{202e}").unwrap_err().to_string();
    assert!(error.contains("\\u{1b}[31m\\u{202e}"), "{error}");
    let error = design.ip_block("a\nb").unwrap_err().to_string();
    assert!(error.contains("a\\u{a}b"), "{error}");
}
