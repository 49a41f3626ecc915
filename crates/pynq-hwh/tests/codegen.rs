//! The Rust module of a design, as text. That it compiles and does what it says, `pynq-drivers` tests.

mod support;

use pynq_hwh::{Design, Error, codegen::Generator};
use support::hwh;

fn design(cells: &str) -> Design {
    Design::parse(&hwh(cells)).expect("a small design")
}

fn module(cells: &str) -> String {
    Generator::new(&design(cells)).generate().expect("a module")
}

fn message(design: &Design) -> String {
    Generator::new(design).generate().expect_err("a design without a module").to_string()
}

fn has(module: &str, line: &str) -> bool {
    module.lines().any(|found| found.trim_start() == line)
}

/// Holds the module of a handoff file against the one that is kept beside it.
fn compare(handoff: &str, kept: &str) {
    let generated = Generator::new(&Design::parse(handoff).expect("a handoff file")).generate().expect("a module");
    for (number, (found, expected)) in generated.lines().zip(kept.lines()).enumerate() {
        assert_eq!(found, expected, "line {}; `pynq hwh --rust` writes the file anew", number + 1);
    }
    assert_eq!(generated, kept);
}

#[test]
fn the_modules_of_the_fixtures_are_those_beside_them() {
    compare(include_str!("../fixtures/pynq-z2-buttons.hwh"), include_str!("../fixtures/pynq-z2-buttons.rs"));
    compare(include_str!("../fixtures/corners.hwh"), include_str!("../fixtures/corners.rs"));
    compare(include_str!("../fixtures/hls-zoo.hwh"), include_str!("../fixtures/hls-zoo.rs"));
}

#[test]
fn names_that_become_the_same_are_refused_until_one_is_renamed() {
    let cells = "ps processing_system7
         a_gpio my_ip @41200000
         aGpio my_ip @41210000";
    let design = design(cells);
    let message = message(&design);
    for part in ["`aGpio`", "`a_gpio`", "`AGpio`", "rename"] {
        assert!(message.contains(part), "no {part} in: {message}");
    }
    let module = Generator::new(&design).rename("aGpio", "Other").generate().unwrap();
    assert!(has(&module, "pub struct Other;") && has(&module, "pub struct AGpio;"), "{module}");
    let other = Generator::new(&design).rename("aGpio", "type").generate().unwrap_err();
    assert!(matches!(other, Error::NotAnIdentifier { .. }), "{other}");
    let unknown =
        Generator::new(&design).rename("aGpio", "Other").rename("aGpoi", "Third").generate().unwrap_err().to_string();
    assert!(unknown.contains("`aGpoi`") && unknown.contains("`aGpio`"), "{unknown}");
}

#[test]
fn the_module_can_be_named() {
    let design = design("ps processing_system7");
    let module = |name: &str| Generator::new(&design).module(name).generate();
    assert!(has(&module("pl").unwrap(), "pub mod pl {"));
    assert!(matches!(module("p l"), Err(Error::NotAnIdentifier { .. })));
}

/// Whether a value makes sense, the block's driver decides; the module has all of them.
#[test]
fn parameters_are_numbers_or_named_as_none() {
    let module = module("ps processing_system7\n a axi_gpio @41200000 C_GPIO_WIDTH=four C_DOUT_DEFAULT=0x100000000");
    assert!(has(
        &module,
        r#"const PARAMETERS: &'static [(&'static str, u64)] = &[("C_DOUT_DEFAULT", 0x1_0000_0000)];"#
    ));
    assert!(has(&module, r#"const TEXTS: &'static [&'static str] = &["C_GPIO_WIDTH"];"#), "{module}");
}

#[test]
fn what_nothing_can_wait_on_is_left_out_and_listed() {
    // A controller without an address, and what is behind it; the other one is there.
    let module = module(
        "ps processing_system7 IRQ_F2P<all:2
         cat xlconcat NUM_PORTS=2 In0<far In1<near dout>all:2
         hidden axi_intc intr<a:1 irq>far C_NUM_INTR_INPUTS=1
         intc axi_intc @41800000 intr<b:1 irq>near C_NUM_INTR_INPUTS=1
         a my_ip irq>a
         b my_ip irq>b",
    );
    let why = "the processor can't address the controller `hidden`";
    for path in ["a/irq", "hidden/irq"] {
        assert!(has(&module, &format!("/// * `{path}`: {why}")), "{path} in\n{module}");
    }
    let wired: Vec<_> = module.lines().filter(|line| line.contains("design::Wired for")).collect();
    assert_eq!(wired.len(), 2, "b/irq and intc/irq: {wired:?}");
}

#[test]
fn interrupts_without_a_number_are_left_out() {
    let module = module("ps versal_cips Interrupt<a:1\n a my_ip irq>a");
    assert!(!module.contains("design::Wired for"), "{module}");
}

#[test]
fn a_hostile_name_stays_inside_of_its_comment_and_its_literal() {
    let mut design = design("ps processing_system7\n a my_ip @41200000");
    let name = "x\n} compile_error!(\"\u{202e}\"); `\u{1b}[31m\\";
    design.source.name = name.into();
    let block = design.ip.remove("a").expect("the block");
    design.ip.insert(name.into(), block);
    let module = Generator::new(&design).generate().unwrap();
    assert!(module.is_ascii());
    let injected = |line: &str| line.contains("compile_error!") && !line.contains("///") && !line.contains('"');
    assert!(!module.lines().any(injected), "{module}");
    assert!(has(&module, "pub struct XCompileError31m;"), "{module}");
}

/// What an accelerator's driver is called can be the name of a port, which is renamed then.
#[test]
fn a_port_can_take_the_name_of_a_driver() {
    let text = include_str!("../fixtures/hls-adder.hwh").replace("\"interrupt\"", "\"accelerator\"");
    let design = Design::parse(&text).expect("a small design");
    let message = message(&design);
    assert!(message.contains("`adder/Accelerator`") && message.contains("`adder/accelerator`"), "{message}");
    let module = Generator::new(&design).rename("adder/Accelerator", "Add").generate().unwrap();
    assert!(has(&module, "pub struct Add(::pynq_drivers::hls::Accelerator);"), "{module}");
}

/// Every block and every interrupt of a real design has its type.
#[test]
fn modules_of_real_handoff_files() {
    let Some(folder) = std::env::var_os("PYNQ_HWH_DIR") else {
        println!("skipped: PYNQ_HWH_DIR is not set");
        return;
    };
    for (file, outputs) in [("z2-base.hwh", 16), ("zcu104-base.hwh", 10)] {
        let design = Design::read(std::path::Path::new(&folder).join(file)).expect("a real file");
        let module = Generator::new(&design).generate().expect(file);
        let count = |what: &str| module.lines().filter(|line| line.contains(what)).count();
        assert_eq!(count("design::Block for"), design.ip.len(), "{file}");
        assert_eq!(count("design::Wired for"), outputs, "{file}");
        assert_eq!(module, Generator::new(&design).generate().expect(file), "{file}: the same text each time");
    }
}
