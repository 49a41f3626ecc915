//! Damaged, truncated and hostile files: a typed error that names the place, in bounded time and memory.

mod support;

use std::fmt::Write;
use std::time::{Duration, Instant};

use pynq_hwh::{Design, Error, Place};
use support::hwh;

const FIXTURE: &str = include_str!("../fixtures/pynq-z2-buttons.hwh");

fn error(text: &str) -> Error {
    let start = Instant::now();
    let outcome = Design::parse(text);
    assert!(start.elapsed() < Duration::from_secs(20), "took {:?}", start.elapsed());
    match outcome {
        Ok(_) => panic!("accepted"),
        Err(error) => {
            assert!(error.to_string().len() < 4000, "a message of {} bytes", error.to_string().len());
            error
        }
    }
}

fn wrap(modules: &str) -> String {
    format!("<EDKSYSTEM>\n<MODULES>\n{modules}</MODULES>\n</EDKSYSTEM>\n")
}

/// A file of a few kilobytes with something of everything.
fn small() -> String {
    hwh("- - led>n1 button<ext
         ps processing_system7 IRQ_F2P<irq:2 GPIO_O>gpio:2 PCW_FPGA_FCLK0_ENABLE=1
         cat xlconcat NUM_PORTS=2 IN0_WIDTH=1 In0<i:1 In1<ext:1 dout>irq:2
         intc axi_intc @41800000 C_NUM_INTR_INPUTS=1 C_KIND_OF_INTR=0x1 intr<a irq>i
         reset xlslice DIN_FROM=1 DIN_TO=1 Din<gpio:2 Dout>n1
         box box BDTYPE:BLOCK_CONTAINER irq_out>a(intc.intr,box_a.irq)
         box/a axi_gpio @41200000/S_AXI C_GPIO_WIDTH=4 irq>inner~LEVEL_HIGH")
}

#[test]
fn truncation_at_every_byte_is_an_error() {
    let text = small();
    let whole = text.trim_end();
    for end in 0..whole.len() {
        assert!(Design::from_bytes(&whole.as_bytes()[..end]).is_err(), "cut at {end}");
    }
    assert!(Design::parse(whole).is_ok());
    // The larger file takes longer, so every cut is left to the fuzzer here.
    let whole = FIXTURE.trim_end();
    for end in (0..whole.len()).step_by(61) {
        assert!(Design::from_bytes(&whole.as_bytes()[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn a_cut_file_says_where_it_ends_and_what_was_open() {
    let at = FIXTURE.find("<PARAMETERS>").unwrap() + "<PARAMETERS>".len();
    let error = error(&FIXTURE[..at]);
    let Error::Truncated { place, open } = &error else { panic!("{error}") };
    assert_eq!(open, "<EDKSYSTEM><MODULES><MODULE><PARAMETERS>");
    let line = FIXTURE[..at].lines().count();
    assert_eq!(place.line, line, "{error}");
    assert!(error.to_string().contains("cut short"), "{error}");
}

#[test]
fn damage_to_single_bytes_never_panics() {
    let mut bytes = small().into_bytes();
    for at in 0..bytes.len() {
        for damage in [0, b'<', b'>', b'"', b'&', b'/', 0xFF, b'9'] {
            let old = std::mem::replace(&mut bytes[at], damage);
            let _ = Design::from_bytes(&bytes);
            bytes[at] = old;
        }
    }
}

#[test]
fn other_kinds_of_files() {
    for text in
        ["", "   \n", "plain text", "<!-- only a comment -->", "{\"json\": 1}", "\u{feff}", "<html><body/></html>"]
    {
        assert!(matches!(error(text), Error::NotAHandoff { .. }), "{text}: {}", error(text));
    }
    let svg = error("<?xml version=\"1.0\"?>\n  <svg/>");
    let Error::NotAHandoff { place, found } = &svg else { panic!("{svg}") };
    assert_eq!((*place, found.as_str()), (Place { line: 2, column: 4, offset: 25 }, "root element <svg>"));
    assert!(matches!(error("<EDKSYSTEM/>"), Error::NotAHandoff { .. }));
    let bit = Design::from_bytes(&[0x00, 0x09, 0x0F, 0xF0, 0x0F, 0xF0]).unwrap_err().to_string();
    assert!(bit.contains(".bit"), "{bit}");
    let utf16 = Design::from_bytes(&[0xFF, 0xFE, b'<', 0]).unwrap_err().to_string();
    assert!(utf16.contains("UTF-16") && utf16.contains("byte 0"), "{utf16}");
}

#[test]
fn an_unreadable_file_is_named() {
    let error = Design::read("/nonexistent/base.hwh").unwrap_err();
    assert!(error.to_string().contains("/nonexistent/base.hwh"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn document_types_are_refused() {
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>\n<EDKSYSTEM><MODULES/></EDKSYSTEM>";
    assert!(matches!(error(bomb), Error::DocumentType { place } if place.line == 1));
    assert!(matches!(error("<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><EDKSYSTEM/>"), Error::DocumentType { .. }));
}

#[test]
fn unknown_entities_are_refused_where_they_matter() {
    let text = FIXTURE.replace("NAME=\"buttons\"", "NAME=\"&evil;\"");
    let error = error(&text);
    let Error::Syntax { place, message } = &error else { panic!("{error}") };
    assert!(place.line == 4 && message.contains("evil"), "{error}");
}

#[test]
fn malformed_markup() {
    for (text, line) in [
        ("<EDKSYSTEM>\n<MODULES></EDKSYSTEM>", 2),
        ("<EDKSYSTEM>\n<MODULES>\n<MODULE FULLNAME=/x></MODULE></MODULES></EDKSYSTEM>", 3),
        ("<EDKSYSTEM>\n<MODULES>\n<MODULE FULLNAME></MODULE></MODULES></EDKSYSTEM>", 3),
        ("<EDKSYSTEM><MODULES/></EDKSYSTEM>\n<EDKSYSTEM/>", 2),
        ("<EDKSYSTEM><MODULES/></EDKSYSTEM>\nmore", 2),
        ("<EDKSYSTEM><MODULES/>\n</EDKSYSTEM></EDKSYSTEM>", 2),
    ] {
        let error = error(text);
        let Error::Syntax { place, .. } = &error else { panic!("{text}: {error:?}") };
        assert_eq!(place.line, line, "{error}");
    }
    for text in ["<EDKSYSTEM", "<EDKSYSTEM><!-- ", "<EDKSYSTEM><MODULES a=\"", "<?xml ", "<EDKSYSTEM><![CDATA[ "] {
        assert!(matches!(error(text), Error::Truncated { .. }), "{text}: {:?}", error(text));
    }
}

#[test]
fn nesting_is_bounded() {
    let deep = "<A>".repeat(1_000_000);
    let text = format!("<EDKSYSTEM>{deep}");
    assert!(matches!(error(&text), Error::Limit { limit: 64, .. }));
    let modules = "<MODULE FULLNAME=\"/a\"><MODULES>".repeat(100_000);
    assert!(matches!(error(&wrap(&modules)), Error::Limit { limit: 64, .. }));
}

#[test]
fn huge_counts_are_refused_with_their_place() {
    let limit = |cells: &str, what: &str| {
        let text = hwh(cells);
        let error = error(&text);
        let Error::Limit { place, what: found, .. } = &error else { panic!("{error:?}") };
        assert!(found.contains(what) && place.line > 1, "{error}");
    };
    limit("ps processing_system7 IRQ_F2P<n:4294967296", "width of port IRQ_F2P");
    limit("ps processing_system7 IRQ_F2P<n:9223372036854775807", "width of port IRQ_F2P");
    limit("c xlconcat NUM_PORTS=1000000000 dout>n", "NUM_PORTS of `c`");
    limit("c xlconcat NUM_PORTS=18446744073709551615 dout>n", "NUM_PORTS of `c`");
    limit("c xlconcat NUM_PORTS=1 IN0_WIDTH=4294967295 In0<a dout>n", "width of an input of `c`");
    limit("s xlslice DIN_FROM=4294967295 DIN_TO=0 Din<a Dout>n", "DIN_FROM of `s`");
    limit(
        "ps processing_system7 IRQ_F2P<n
         i axi_intc C_NUM_INTR_INPUTS=1000000000 intr<x irq>n",
        "C_NUM_INTR_INPUTS of `i`",
    );
    let path = format!("/{}", "a/".repeat(20));
    let deep = wrap(&format!("<MODULE FULLNAME=\"{}x\"/>", path.repeat(2)));
    assert!(matches!(error(&deep), Error::Limit { place, limit: 32, .. } if place.line == 3));
}

#[test]
fn huge_attributes_are_refused_with_their_place() {
    let text = wrap(&format!("<MODULE FULLNAME=\"/{}\"/>", "x".repeat(2_000_000)));
    let error = error(&text);
    assert!(matches!(&error, Error::Limit { place, .. } if place.line == 3), "{error}");
    assert!(error.to_string().contains("FULLNAME of MODULE"), "{error}");
}

#[test]
fn values_that_decide_addresses_must_be_understood() {
    let bad = |from: &str, to: &str, what: &str| {
        let text = FIXTURE.replacen(from, to, 1);
        assert_ne!(text, FIXTURE);
        let error = error(&text);
        let Error::BadValue { place, what: found, .. } = &error else { panic!("{error:?}") };
        let line = text[..text.find(to).unwrap()].lines().count();
        assert!(found.contains(what) && place.line == line, "{error}, expected line {line}");
    };
    bad("BASEVALUE=\"0x41210000\"", "BASEVALUE=\"banana\"", "BASEVALUE of `btns_gpio`");
    bad("HIGHVALUE=\"0x4121FFFF\"", "HIGHVALUE=\"0x40000000\"", "HIGHVALUE of `btns_gpio`");
    bad("NAME=\"NUM_PORTS\" VALUE=\"2\"", "NAME=\"NUM_PORTS\" VALUE=\"two\"", "NUM_PORTS of `concat_interrupts`");
    bad("NAME=\"C_KIND_OF_INTR\" VALUE=\"0xF", "NAME=\"C_KIND_OF_INTR\" VALUE=\"0xFF", "C_KIND_OF_INTR of `system");
}

#[test]
fn the_whole_address_space_is_a_size_that_does_not_fit() {
    let text = FIXTURE.replacen("BASEVALUE=\"0x41210000\"", "BASEVALUE=\"0x0\"", 1);
    let text = text.replacen("HIGHVALUE=\"0x4121FFFF\"", "HIGHVALUE=\"0xFFFFFFFFFFFFFFFF\"", 1);
    assert!(matches!(error(&text), Error::BadValue { .. }));
}

#[test]
fn missing_attributes_are_tolerated() {
    let text = wrap(
        "<MODULE/><MODULE FULLNAME=\"/a\"/><MODULE INSTANCE=\"b\"><PORTS><PORT/><UNKNOWN x='1'><DEEP/></UNKNOWN></PORTS>\
         <PARAMETERS><PARAMETER/><PARAMETER NAME=\"N\"/></PARAMETERS></MODULE>\
         <MODULE MODTYPE=\"processing_system7\" FULLNAME=\"ps\"><MEMORYMAP><MEMRANGE/><MEMRANGE INSTANCE=\"a\"/>\
         <MEMRANGE INSTANCE=\"a\" BASEVALUE=\"40000000\" HIGHVALUE=\"4000ffff\"/></MEMORYMAP></MODULE>",
    );
    let design = Design::parse(&text).unwrap();
    assert_eq!(design.ip["a"].base, 0x4000_0000);
    assert_eq!(design.warnings.len(), 2, "{:?}", design.warnings);
}

#[test]
fn many_ranges_of_one_block_are_refused() {
    let mut ranges = String::new();
    for n in 0..10_000 {
        let _ = write!(ranges, "<MEMRANGE INSTANCE=\"a\" BASEVALUE=\"{n:x}0000\" HIGHVALUE=\"{n:x}FFFF\"/>");
    }
    let text = wrap(&format!(
        "<MODULE INSTANCE=\"a\"/><MODULE MODTYPE=\"processing_system7\" FULLNAME=\"ps\"><MEMORYMAP>{ranges}</MEMORYMAP></MODULE>"
    ));
    assert!(matches!(error(&text), Error::Limit { .. }));
}

#[test]
fn a_fan_in_of_doubling_concats_costs_no_more_than_its_bits() {
    let mut cells = String::from("ps processing_system7 IRQ_F2P<n0:16\n");
    for n in 0..60 {
        let m = n + 1;
        let _ = writeln!(cells, "c{n} xlconcat NUM_PORTS=2 In0<n{m}:524288 In1<n{m}:524288 dout>n{n}:1048576");
    }
    let _ = writeln!(cells, "a user irq>n60:1048576");
    let design = Design::parse(&hwh(&cells)).unwrap();
    assert_eq!(design.interrupts.pins.len(), 16);
}

#[test]
fn crossing_a_boundary_with_many_connections_stays_cheap() {
    let mut peers = String::new();
    for n in 0..100_000 {
        let _ = write!(peers, "<CONNECTION INSTANCE=\"x{n}\" PORT=\"p\"/>");
    }
    let mut modules = format!(
        "<MODULE FULLNAME=\"/ps\" MODTYPE=\"processing_system7\"><PORTS><PORT NAME=\"IRQ_F2P\" DIR=\"I\" LEFT=\"15\" \
         RIGHT=\"0\" SIGNAME=\"n\"/></PORTS></MODULE>\n<MODULE FULLNAME=\"/box\" BDTYPE=\"BLOCK_CONTAINER\"><PORTS>\
         <PORT NAME=\"o\" DIR=\"O\" LEFT=\"15\" RIGHT=\"0\" SIGNAME=\"n\"><CONNECTIONS>{peers}\
         <CONNECTION INSTANCE=\"inner\" PORT=\"irq\"/></CONNECTIONS></PORT></PORTS></MODULE>\n"
    );
    modules += "<MODULE FULLNAME=\"/box/inner\" INSTANCE=\"inner\"><PORTS><PORT NAME=\"irq\" DIR=\"O\" LEFT=\"15\" \
                RIGHT=\"0\"/></PORTS></MODULE>\n";
    let design = Design::parse(&wrap(&modules)).expect("a large boundary");
    // Sixteen bits in the two blocks of the processor's lines, one vector.
    let pins: Vec<_> = design.interrupts.pins.iter().map(|(name, pin)| (name.as_str(), pin.width)).collect();
    assert_eq!(pins, [("box/inner/irq", 16)]);
}

#[test]
fn long_chains_and_deep_cascades_are_refused() {
    let mut cells = String::from("ps processing_system7 IRQ_F2P<n0:1\n");
    for n in 0..5000 {
        let _ = writeln!(cells, "c{n} xlconcat NUM_PORTS=1 In0<n{}:1 dout>n{n}:1", n + 1);
    }
    assert!(matches!(error(&hwh(&cells)), Error::Limit { .. }));
    let mut cells = String::from("ps processing_system7 IRQ_F2P<n0:1\n");
    for n in 0..5000 {
        let _ = writeln!(cells, "c{n} axi_intc C_NUM_INTR_INPUTS=1 C_KIND_OF_INTR=0 intr<n{}:1 irq>n{n}", n + 1);
    }
    assert!(matches!(error(&hwh(&cells)), Error::Limit { .. }));
}

#[test]
fn names_that_are_not_there_suggest_near_ones() {
    let design = Design::parse(FIXTURE).unwrap();
    let message = design.interrupt("btn_gpio/ip2intc_irpt").unwrap_err().to_string();
    assert!(message.contains("`btn_gpio/ip2intc_irpt` in design `buttons`"), "{message}");
    assert!(message.contains("did you mean `btns_gpio/ip2intc_irpt`"), "{message}");
    let message = design.ip_block("btns").unwrap_err().to_string();
    assert!(message.contains("did you mean `btns_gpio`"), "{message}");
    let empty = Design::default().ip_block("x").unwrap_err().to_string();
    assert!(empty.contains("no addressable IP"), "{empty}");
}
