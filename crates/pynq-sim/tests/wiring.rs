//! Boards of designs with gates, several ways to one memory, and soft processors.
#![cfg(feature = "hwh")]
#![allow(clippy::unwrap_used)] // helpers of tests, outside of a #[test]

use core::panic::Location;

use pynq_hwh::Design;
use pynq_sim::{
    Board, Trigger, Width,
    fabric::{FabricBuilder, PROCESSOR},
};

/// A design of these modules.
fn design(modules: &str) -> Design {
    Design::parse(&format!("<EDKSYSTEM><MODULES>{modules}</MODULES></EDKSYSTEM>")).unwrap()
}

fn range(base: u64, instance: &str, kind: &str, master: &str) -> String {
    let slave = if master.ends_with("LMB") { "SLMB" } else { "S_AXI" };
    format!(
        "<MEMRANGE BASEVALUE=\"{base:#X}\" HIGHVALUE=\"{:#X}\" INSTANCE=\"{instance}\" MASTERBUSINTERFACE=\"{master}\" \
         MEMTYPE=\"{kind}\" SLAVEBUSINTERFACE=\"{slave}\"/>",
        base + 0xFFFF
    )
}

/// A GPIO of four inputs with an interrupt, on this net.
fn buttons(name: &str, net: &str) -> String {
    let parameters = [("C_GPIO_WIDTH", 4), ("C_ALL_INPUTS", 1), ("C_INTERRUPT_PRESENT", 1)];
    let parameters: String =
        parameters.iter().map(|(name, value)| format!("<PARAMETER NAME=\"{name}\" VALUE=\"{value}\"/>")).collect();
    format!(
        "<MODULE INSTANCE=\"{name}\" VLNV=\"xilinx.com:ip:axi_gpio:2.0\"><PARAMETERS>{parameters}</PARAMETERS>\
         <PORTS><PORT DIR=\"O\" NAME=\"ip2intc_irpt\" SIGNAME=\"{net}\" SIGIS=\"INTERRUPT\"/></PORTS></MODULE>"
    )
}

fn enable(board: &Board, gpio: &str) {
    let window = board.window(gpio).unwrap();
    window.write(0x128, 1);
    window.write(0x11C, 1 << 31);
}

#[test]
fn two_local_buses_lead_to_one_memory() {
    let map = [range(0, "data", "MEMORY", "DLMB"), range(0, "code", "MEMORY", "ILMB")].concat();
    let lmb = |name| format!("<MODULE INSTANCE=\"{name}\" VLNV=\"xilinx.com:ip:lmb_bram_if_cntlr:4.0\"/>");
    let text = format!(
        "<MODULE INSTANCE=\"mb\" VLNV=\"xilinx.com:ip:microblaze_riscv:1.0\"><MEMORYMAP>{map}</MEMORYMAP></MODULE>{}{}",
        lmb("data"),
        lmb("code")
    );
    let board = Board::from_design(&design(&text)).unwrap();
    board.window("data").unwrap().write(8, 7);
    assert_eq!(board.window("code").unwrap().read(8), 7);
    assert_eq!(board.address_range("code"), board.address_range("data"));
    assert_eq!(board.blocks(), ["code", "data"]);
}

/// Two blocks of buttons through a gate into the processor.
fn gated(operation: &str) -> Board {
    let map = [range(0x4120_0000, "a", "REGISTER", "M_AXI_GP0"), range(0x4121_0000, "b", "REGISTER", "M_AXI_GP0")];
    let text = format!(
        "<MODULE INSTANCE=\"ps\" VLNV=\"xilinx.com:ip:processing_system7:5.5\"><PORTS>\
         <PORT DIR=\"I\" NAME=\"IRQ_F2P\" LEFT=\"0\" RIGHT=\"0\" SIGNAME=\"out\"/></PORTS><MEMORYMAP>{}</MEMORYMAP></MODULE>\
         <MODULE INSTANCE=\"gate\" VLNV=\"xilinx.com:ip:util_vector_logic:2.0\"><PARAMETERS>\
         <PARAMETER NAME=\"C_OPERATION\" VALUE=\"{operation}\"/><PARAMETER NAME=\"C_SIZE\" VALUE=\"1\"/></PARAMETERS><PORTS>\
         <PORT DIR=\"I\" NAME=\"Op1\" SIGNAME=\"a\"/><PORT DIR=\"I\" NAME=\"Op2\" SIGNAME=\"b\"/>\
         <PORT DIR=\"O\" NAME=\"Res\" SIGNAME=\"out\"/></PORTS></MODULE>{}{}",
        map.concat(),
        buttons("a", "a"),
        buttons("b", "b")
    );
    let board = Board::from_design(&design(&text)).unwrap();
    enable(&board, "a");
    enable(&board, "b");
    board
}

#[test]
fn interrupts_pass_a_gate_as_it_is() {
    for (operation, one, both) in [("or", true, true), ("and", false, true), ("xor", true, false)] {
        let board = gated(operation);
        let pin = board.cpu_pin(61).unwrap();
        assert!(!pin.level());
        board.press("a", 0).unwrap();
        assert_eq!(pin.level(), one, "{operation} of one");
        board.press("b", 0).unwrap();
        assert_eq!((pin.level(), board.line("gate/Res")), (both, Ok(both)), "{operation} of both");
    }
}

#[test]
fn a_controller_of_a_soft_processor_delivers() {
    let map = [range(0x4120_0000, "intc", "REGISTER", "M_AXI_DP"), range(0x4000_0000, "g", "REGISTER", "M_AXI_DP")];
    let text = format!(
        "<MODULE INSTANCE=\"mb\" VLNV=\"xilinx.com:ip:microblaze_riscv:1.0\"><PORTS>\
         <PORT DIR=\"I\" NAME=\"Interrupt\" SIGNAME=\"irq\"/></PORTS><MEMORYMAP>{}</MEMORYMAP></MODULE>\
         <MODULE INSTANCE=\"intc\" VLNV=\"xilinx.com:ip:axi_intc:4.1\"><PARAMETERS>\
         <PARAMETER NAME=\"C_NUM_INTR_INPUTS\" VALUE=\"1\"/><PARAMETER NAME=\"C_KIND_OF_INTR\" VALUE=\"0xFFFFFFFE\"/>\
         </PARAMETERS><PORTS><PORT DIR=\"I\" NAME=\"intr\" SIGNAME=\"g\"/><PORT DIR=\"O\" NAME=\"irq\" SIGNAME=\"irq\"/></PORTS>\
         </MODULE>{}",
        map.concat(),
        buttons("g", "g")
    );
    let design = design(&text);
    let board = Board::from_design(&design).unwrap();
    let id = design.interrupts.processor[0].ps_irq.expect("its number");
    enable(&board, "g");
    let intc = board.window("intc").unwrap();
    intc.write(0x08, 1);
    intc.write(0x1C, 3);
    board.press("g", 1).unwrap();
    assert!(board.cpu_pin(id).unwrap().level());
}

#[test]
fn a_pin_is_taken_for_an_edge_where_its_source_pulses() {
    let source = |sensitivity| {
        let text = format!(
            "<MODULE INSTANCE=\"ps\" VLNV=\"xilinx.com:ip:processing_system7:5.5\"><PORTS>\
             <PORT DIR=\"I\" NAME=\"IRQ_F2P\" LEFT=\"0\" RIGHT=\"0\" SIGNAME=\"s\"/></PORTS></MODULE>\
             <MODULE INSTANCE=\"uart\" VLNV=\"xilinx.com:ip:axi_uartlite:2.0\"><PORTS>\
             <PORT DIR=\"O\" NAME=\"interrupt\" SIGNAME=\"s\" SIGIS=\"INTERRUPT\" SENSITIVITY=\"{sensitivity}\"/></PORTS></MODULE>"
        );
        Board::from_design(&design(&text)).unwrap().cpu_pin(61).unwrap().trigger()
    };
    assert_eq!(source("EDGE_RISING"), Trigger::Edge);
    assert_eq!(source("LEVEL_HIGH"), Trigger::Level);
}

#[test]
fn a_soft_processor_has_a_map_of_its_own() {
    let ps = [range(0x4000_0000, "iop_axi", "MEMORY", "M_AXI_GP0")].concat();
    let mb = [
        range(0, "iop_lmb", "MEMORY", "DLMB"),
        range(0, "iop_lmb", "MEMORY", "ILMB"),
        range(0x4000_0000, "iop_gpio", "REGISTER", "M_AXI_DP"),
    ]
    .concat();
    let port = |name: &str, role: &str, bus: &str| {
        format!(
            "<BUSINTERFACES><BUSINTERFACE BUSNAME=\"{bus}\" NAME=\"{name}\" TYPE=\"{role}\" \
             VLNV=\"xilinx.com:interface:bram:1.0\"/></BUSINTERFACES>"
        )
    };
    let memory = "<MODULE INSTANCE=\"iop_bram\" VLNV=\"xilinx.com:ip:blk_mem_gen:8.4\"><BUSINTERFACES>\
        <BUSINTERFACE BUSNAME=\"A\" NAME=\"BRAM_PORTA\" TYPE=\"TARGET\" VLNV=\"xilinx.com:interface:bram:1.0\"/>\
        <BUSINTERFACE BUSNAME=\"B\" NAME=\"BRAM_PORTB\" TYPE=\"TARGET\" VLNV=\"xilinx.com:interface:bram:1.0\"/>\
        </BUSINTERFACES></MODULE>";
    let text = format!(
        "<MODULE INSTANCE=\"ps\" VLNV=\"xilinx.com:ip:processing_system7:5.5\"><MEMORYMAP>{ps}</MEMORYMAP></MODULE>\
         <MODULE INSTANCE=\"mb\" VLNV=\"xilinx.com:ip:microblaze:11.0\"><MEMORYMAP>{mb}</MEMORYMAP></MODULE>\
         <MODULE INSTANCE=\"iop_axi\" VLNV=\"xilinx.com:ip:axi_bram_ctrl:4.1\">{}</MODULE>\
         <MODULE INSTANCE=\"iop_lmb\" VLNV=\"xilinx.com:ip:lmb_bram_if_cntlr:4.0\">{}</MODULE>{memory}{}",
        port("BRAM_PORTA", "INITIATOR", "A"),
        port("BRAM_PORT", "INITIATOR", "B"),
        buttons("iop_gpio", "unused")
    );
    let mut fabric = FabricBuilder::from_design(&design(&text), |_| None).build().unwrap();
    let mb = fabric.space("mb").unwrap();
    let here = Location::caller();
    fabric.access(PROCESSOR, 0x4000_0010, Width::Word, Some(0xC0DE), here).unwrap();
    assert_eq!(fabric.access(mb, 0x10, Width::Word, None, here), Ok(0xC0DE), "one memory");
    fabric.apply(&pynq_sim::Stimulus::pin("iop_gpio", 1, 2, true)).unwrap();
    assert_eq!(fabric.access(mb, 0x4000_0000, Width::Word, None, here), Ok(0b100));
    assert_eq!(fabric.access(PROCESSOR, 0x4000_0000, Width::Word, None, here), Ok(0), "here it is the memory");
    let board = Board::from_design(&design(&text)).unwrap();
    assert_eq!(board.blocks(), ["iop_axi"]);
    assert!(board.window("iop_gpio").unwrap_err().to_string().contains("the processor does not reach it"));
}

#[test]
fn a_slice_of_the_extended_gpio_is_a_line() {
    let text = "<MODULE INSTANCE=\"ps\" VLNV=\"xilinx.com:ip:processing_system7:5.5\"><PORTS>\
        <PORT DIR=\"O\" NAME=\"GPIO_O\" LEFT=\"9\" RIGHT=\"0\" SIGNAME=\"emio\"/></PORTS></MODULE>\
        <MODULE INSTANCE=\"mb_reset\" VLNV=\"xilinx.com:ip:xlslice:1.0\"><PARAMETERS>\
        <PARAMETER NAME=\"DIN_FROM\" VALUE=\"4\"/><PARAMETER NAME=\"DIN_TO\" VALUE=\"4\"/>\
        <PARAMETER NAME=\"DIN_WIDTH\" VALUE=\"10\"/></PARAMETERS><PORTS>\
        <PORT DIR=\"I\" NAME=\"Din\" LEFT=\"9\" RIGHT=\"0\" SIGNAME=\"emio\"/>\
        <PORT DIR=\"O\" NAME=\"Dout\" LEFT=\"0\" RIGHT=\"0\" SIGNAME=\"reset\"/></PORTS></MODULE>";
    let design = design(text);
    assert_eq!(design.processor_gpio["mb_reset"].emio, 4);
    let board = Board::from_design(&design).unwrap();
    let gpio = board.window("ps/gpio").unwrap();
    assert_eq!(gpio.base(), 0xE000_A000);
    gpio.write(0x284, 1 << 4);
    gpio.write(0x288, 1 << 4);
    assert_eq!(board.line("mb_reset/Dout"), Ok(false));
    // The masked register of bank 2: this one pin.
    gpio.write(0x010, !(1 << 20) & 0xFFFF_0000 | 1 << 4);
    assert_eq!(board.line("mb_reset/Dout"), Ok(true));
}

#[test]
fn real_designs_build() {
    let Some(folder) = std::env::var_os("PYNQ_HWH_DIR") else {
        println!("skipped the real handoff files: PYNQ_HWH_DIR is not set");
        return;
    };
    for name in ["z2-base.hwh", "zcu104-base.hwh"] {
        let design = Design::read(std::path::Path::new(&folder).join(name)).unwrap();
        let mut fabric = FabricBuilder::from_design(&design, |_| None).build().unwrap();
        assert!(!design.soft_processors.is_empty(), "{name}");
        for path in design.soft_processors.keys() {
            let space = fabric.space(path).unwrap();
            let read = fabric.access(space, 0, Width::Word, None, Location::caller());
            assert_eq!(read, Ok(0), "{name}: the local memory of {path}");
        }
    }
}
