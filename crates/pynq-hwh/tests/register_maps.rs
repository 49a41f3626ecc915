//! Our register maps against the register tables of handoff files: same names at the same offsets, and every side
//! effect that the file knows of is one that our access kinds know of.

use pynq_core::{
    maps::AxiIntcRegisters,
    regs::{ReadAccess, RegisterInfo, WriteAccess},
};
use pynq_drivers::{
    axi_gpio::AxiGpioRegisters, axi_iic::AxiIicRegisters, axi_timer::AxiTimerRegisters,
    axi_uartlite::AxiUartLiteRegisters,
};
use pynq_hwh::{Access, Design, ModifiedWrite, Register};

const FIXTURE: &str = include_str!("../fixtures/pynq-z2-buttons.hwh");

/// What the file says of SIE and CIE, against the data sheet: the block reads them as 0.
const STROBES_CALLED_READABLE: [&str; 2] = ["sie", "cie"];

fn check(path: &str, ours: &RegisterInfo, theirs: &Register) {
    let name = format!("{path}/{}", theirs.name);
    assert_eq!(ours.name, theirs.name.to_lowercase(), "{name} at {:#x}", ours.offset);
    let says = |kind| theirs.fields.iter().any(|field| field.modified_write == Some(kind));
    let write = ours.access.write;
    assert_eq!(write == WriteAccess::OneToToggle, says(ModifiedWrite::OneToToggle), "{name}: toggle on write");
    if says(ModifiedWrite::OneToClear) {
        assert_eq!(write, WriteAccess::OneToClear, "{name}: a one clears");
    }
    if says(ModifiedWrite::OneToSet) {
        assert_eq!(write, WriteAccess::OneToSet, "{name}: a one sets");
    }
    let destructive = theirs.fields.iter().any(|field| field.read_action.is_some());
    assert!(!destructive || !ours.access.is_pure_read(), "{name}: its read has a side effect");
    match theirs.access {
        Access::ReadOnly => assert_eq!(write, WriteAccess::None, "{name} is read-only"),
        Access::WriteOnly => assert_eq!(ours.access.read, ReadAccess::None, "{name} is write-only"),
        Access::ReadWrite if STROBES_CALLED_READABLE.contains(&ours.name) => {
            assert_eq!(ours.access.read, ReadAccess::None, "{name} reads 0");
        }
        Access::ReadWrite => assert_ne!(ours.access.read, ReadAccess::None, "{name} is readable"),
        _ => {}
    }
}

/// Checks every block of `kind`; returns how many registers were compared with their tables.
fn compare(design: &Design, kind: &str, map: &[RegisterInfo]) -> usize {
    let mut compared = 0;
    for block in design.ip.values().filter(|block| block.kind() == kind) {
        for theirs in block.registers.iter() {
            if let Some(ours) = map.iter().find(|ours| ours.offset as u64 == theirs.offset) {
                check(&block.path, ours, theirs);
                compared += 1;
            }
        }
    }
    compared
}

fn compare_all(design: &Design) -> (usize, usize) {
    (compare(design, "axi_gpio", AxiGpioRegisters::REGISTERS), compare(design, "axi_intc", AxiIntcRegisters::REGISTERS))
}

#[test]
fn maps_agree_with_our_handoff_file() {
    let (gpio, intc) = compare_all(&Design::parse(FIXTURE).expect("our own file"));
    assert!(gpio >= 5 && intc >= 8, "{gpio} and {intc} registers compared");
}

#[test]
fn maps_agree_with_real_handoff_files() {
    let Some(folder) = std::env::var_os("PYNQ_HWH_DIR") else {
        println!("skipped: PYNQ_HWH_DIR is not set");
        return;
    };
    for file in ["z2-base.hwh", "zcu104-base.hwh"] {
        let design = Design::read(std::path::Path::new(&folder).join(file)).expect("a real file");
        let (gpio, intc) = compare_all(&design);
        assert!(gpio >= 20 && intc >= 8, "{file}: {gpio} and {intc} registers compared");
    }
}

/// The text of a property of an element, as the file has it.
fn property<'a>(element: roxmltree::Node<'a, '_>, name: &str) -> &'a str {
    let properties = element.children().filter(|child| child.has_tag_name("PROPERTY"));
    let found =
        properties.filter(|child| child.attribute("NAME") == Some(name)).find_map(|child| child.attribute("VALUE"));
    found.unwrap_or_default()
}

fn number(text: &str) -> usize {
    match text.strip_prefix("0x") {
        Some(hex) => usize::from_str_radix(hex, 16).expect("a hexadecimal number"),
        None => text.parse().expect("a number"),
    }
}

/// Checks the tables of blocks that only another processor can address, which a design leaves out: name, offset and
/// access of each register, and where its fields are.
/// Where the files are wrong: THIGH on top of TBUF, and a reset register that can be read.
const WRONG: [(&str, &str); 2] = [("axi_iic", "THIGH"), ("axi_iic", "SOFTR")];

fn compare_tables(document: &roxmltree::Document<'_>, kind: &str, map: &[RegisterInfo]) -> usize {
    let modules = document.descendants().filter(|node| node.attribute("MODTYPE") == Some(kind));
    let mut compared = 0;
    for theirs in modules.flat_map(|module| module.descendants()).filter(|node| node.has_tag_name("REGISTER")) {
        let name = theirs.attribute("NAME").expect("a register has a name");
        if WRONG.contains(&(kind, name)) {
            continue;
        }
        let offset = number(property(theirs, "ADDRESS_OFFSET"));
        let ours = map.iter().find(|ours| ours.offset == offset).unwrap_or_else(|| panic!("{kind}: no {name}"));
        assert_eq!(ours.name, name.to_lowercase(), "{kind} at {offset:#x}");
        let (reads, writes) = (ours.access.read != ReadAccess::None, ours.access.write != WriteAccess::None);
        let expected = match property(theirs, "ACCESS") {
            "read-only" => (true, false),
            "write-only" => (false, true),
            _ => (true, true),
        };
        assert_eq!((reads, writes), expected, "{kind}/{name}");
        let fields = theirs.descendants().filter(|node| node.has_tag_name("FIELD"));
        for field in fields {
            let (low, width) = (number(property(field, "BIT_OFFSET")), number(property(field, "BIT_WIDTH")));
            let mask = u32::try_from(((1_u64 << width) - 1) << low).expect("a register has 32 bits");
            let destructive = !property(field, "READ_ACTION").is_empty();
            assert!(!destructive || !ours.access.is_pure_read(), "{kind}/{name}: its read has a side effect");
            // A register that is one number has one field.
            let known = ours.fields.is_empty() || ours.fields.iter().any(|ours| ours.mask == mask);
            assert!(known, "{kind}/{name}: {:?} is bits {mask:#x}", field.attribute("NAME"));
        }
        compared += 1;
    }
    compared
}

#[test]
fn maps_agree_with_the_tables_of_blocks_behind_other_processors() {
    let Some(folder) = std::env::var_os("PYNQ_HWH_DIR") else {
        println!("skipped: PYNQ_HWH_DIR is not set");
        return;
    };
    for (file, timers, uarts, iics) in [("z2-base.hwh", 10, 2, 5), ("zcu104-base.hwh", 2, 0, 3)] {
        let text = std::fs::read_to_string(std::path::Path::new(&folder).join(file)).expect("a real file");
        let document = roxmltree::Document::parse(&text).expect("a real file");
        assert_eq!(compare_tables(&document, "axi_timer", AxiTimerRegisters::REGISTERS), timers * 6, "{file}");
        assert_eq!(compare_tables(&document, "axi_uartlite", AxiUartLiteRegisters::REGISTERS), uarts * 4, "{file}");
        assert_eq!(compare_tables(&document, "axi_iic", AxiIicRegisters::REGISTERS), iics * 20, "{file}");
    }
}
