//! What is joined beside the interrupts: address spaces, memories, buses, clocks and resets.

mod support;

use pynq_hwh::{BusRole, Design, Error, WarningKind, WireKind};
use support::hwh;

/// A soft processor beside the processing system, with one memory that both reach, and a stream to a converter.
const SUBSYSTEM: &str = r#"<EDKSYSTEM>
<EXTERNALPORTS>
  <PORT DIR="O" NAME="ready" SIGNAME="done"/>
</EXTERNALPORTS>
<EXTERNALINTERFACES>
  <BUSINTERFACE BUSNAME="iic" NAME="iic_pins" TYPE="INITIATOR"/>
</EXTERNALINTERFACES>
<MODULES>
<MODULE FULLNAME="/ps" INSTANCE="ps" VLNV="xilinx.com:ip:processing_system7:5.5">
  <PORTS>
    <PORT DIR="O" NAME="FCLK_CLK0" SIGIS="clk" CLKFREQUENCY="100000000" SIGNAME="clk"/>
    <PORT DIR="O" NAME="FCLK_RESET0_N" SIGIS="rst" POLARITY="ACTIVE_LOW" SIGNAME="rst"/>
    <PORT DIR="O" NAME="M_AXI_GP0_ARVALID" SIGNAME="arvalid"/>
  </PORTS>
  <BUSINTERFACES>
    <BUSINTERFACE BUSNAME="gp0" NAME="M_AXI_GP0" TYPE="MASTER" DATAWIDTH="32" VLNV="xilinx.com:interface:aximm:1.0">
      <PORTMAPS><PORTMAP LOGICAL="ARVALID" PHYSICAL="M_AXI_GP0_ARVALID"/></PORTMAPS>
    </BUSINTERFACE>
    <BUSINTERFACE BUSNAME="__NOC__" NAME="GPIO_0" TYPE="INITIATOR" VLNV="xilinx.com:interface:gpio:1.0"/>
  </BUSINTERFACES>
  <MEMORYMAP>
    <MEMRANGE ADDRESSBLOCK="Mem0" BASEVALUE="0x40000000" HIGHVALUE="0x4000FFFF" INSTANCE="sub_ctrl" MASTERBUSINTERFACE="M_AXI_GP0" MEMTYPE="MEMORY" SLAVEBUSINTERFACE="S_AXI"/>
  </MEMORYMAP>
</MODULE>
<MODULE FULLNAME="/sub/mb" INSTANCE="sub_mb" VLNV="xilinx.com:ip:microblaze:10.0">
  <PORTS>
    <PORT DIR="I" NAME="Interrupt" SIGIS="INTERRUPT" SIGNAME="irq"/>
    <PORT DIR="I" NAME="Clk" SIGIS="clk" SIGNAME="clk"/>
    <PORT DIR="I" NAME="Reset" SIGIS="rst" SIGNAME="rst"/>
  </PORTS>
  <MEMORYMAP>
    <MEMRANGE BASEVALUE="0x0" HIGHVALUE="0x7FFF" INSTANCE="sub_lmb" IS_DATA="TRUE" IS_INSTRUCTION="FALSE" MASTERBUSINTERFACE="DLMB" MEMTYPE="MEMORY" SLAVEBUSINTERFACE="SLMB1"/>
    <MEMRANGE BASEVALUE="0x0" HIGHVALUE="0x7FFF" INSTANCE="sub_lmb" IS_DATA="FALSE" IS_INSTRUCTION="TRUE" MASTERBUSINTERFACE="ILMB" MEMTYPE="MEMORY" SLAVEBUSINTERFACE="SLMB"/>
    <MEMRANGE BASEVALUE="0x41200000" HIGHVALUE="0x4120FFFF" INSTANCE="sub_intc" MASTERBUSINTERFACE="M_AXI_DP" MEMTYPE="REGISTER" SLAVEBUSINTERFACE="s_axi"/>
    <MEMRANGE BASEVALUE="0x20000000" HIGHVALUE="0x2FFFFFFF" INSTANCE="ps" MASTERBUSINTERFACE="M_AXI_DP" MEMTYPE="MEMORY" SLAVEBUSINTERFACE="S_AXI_GP0"/>
    <MEMRANGE BASEVALUE="banana" HIGHVALUE="0x1" INSTANCE="sub_iic" SLAVEBUSINTERFACE="S_AXI"/>
  </MEMORYMAP>
</MODULE>
<MODULE FULLNAME="/sub/lmb" INSTANCE="sub_lmb" VLNV="xilinx.com:ip:lmb_bram_if_cntlr:4.0">
  <BUSINTERFACES><BUSINTERFACE BUSNAME="pa" NAME="BRAM_PORT" TYPE="INITIATOR" VLNV="xilinx.com:interface:bram:1.0"/></BUSINTERFACES>
</MODULE>
<MODULE FULLNAME="/sub/ctrl" INSTANCE="sub_ctrl" VLNV="xilinx.com:ip:axi_bram_ctrl:4.0">
  <BUSINTERFACES>
    <BUSINTERFACE BUSNAME="gp0" NAME="S_AXI" TYPE="SLAVE" VLNV="xilinx.com:interface:aximm:1.0"><PORTMAPS><PORTMAP LOGICAL="ARVALID" PHYSICAL="arvalid"/></PORTMAPS></BUSINTERFACE>
    <BUSINTERFACE BUSNAME="pb" NAME="BRAM_PORTA" TYPE="INITIATOR" VLNV="xilinx.com:interface:bram:1.0"/>
  </BUSINTERFACES>
  <PORTS><PORT DIR="I" NAME="arvalid" SIGNAME="arvalid"/></PORTS>
</MODULE>
<MODULE FULLNAME="/sub/bram" INSTANCE="sub_bram" VLNV="xilinx.com:ip:blk_mem_gen:8.4">
  <BUSINTERFACES>
    <BUSINTERFACE BUSNAME="pa" NAME="BRAM_PORTA" TYPE="TARGET" VLNV="xilinx.com:interface:bram:1.0"/>
    <BUSINTERFACE BUSNAME="pb" NAME="BRAM_PORTB" TYPE="TARGET" VLNV="xilinx.com:interface:bram:1.0"/>
  </BUSINTERFACES>
</MODULE>
<MODULE FULLNAME="/sub/intc" INSTANCE="sub_intc" VLNV="xilinx.com:ip:axi_intc:4.1">
  <PARAMETERS><PARAMETER NAME="C_NUM_INTR_INPUTS" VALUE="1"/><PARAMETER NAME="C_KIND_OF_INTR" VALUE="0"/></PARAMETERS>
  <PORTS><PORT DIR="I" NAME="intr" SIGNAME="i"/><PORT DIR="O" NAME="irq" SIGIS="INTERRUPT" SIGNAME="irq"/></PORTS>
</MODULE>
<MODULE FULLNAME="/sub/iic" INSTANCE="sub_iic" VLNV="xilinx.com:ip:axi_iic:2.0">
  <PORTS><PORT DIR="O" NAME="iic2intc_irpt" SIGIS="INTERRUPT" SIGNAME="i"/><PORT DIR="O" NAME="gpo" SIGNAME="done"/></PORTS>
  <BUSINTERFACES><BUSINTERFACE BUSNAME="iic" NAME="IIC" TYPE="INITIATOR" VLNV="xilinx.com:interface:iic:1.0"/></BUSINTERFACES>
</MODULE>
</MODULES></EDKSYSTEM>"#;

fn subsystem() -> Design {
    Design::parse(SUBSYSTEM).expect("a design")
}

#[test]
fn each_master_has_its_own_addresses() {
    let design = subsystem();
    let masters: Vec<_> = design.address_spaces.keys().map(String::as_str).collect();
    assert_eq!(masters, ["ps", "sub/mb"]);
    let soft = &design.address_spaces["sub/mb"];
    assert_eq!(soft.vlnv, "xilinx.com:ip:microblaze:10.0");
    let blocks: Vec<_> = soft.blocks.iter().map(|(name, block)| (name.as_str(), block.base)).collect();
    assert_eq!(blocks, [("sub/intc", 0x4120_0000), ("sub/lmb/SLMB", 0), ("sub/lmb/SLMB1", 0)]);
    // The memory behind the processing system is a range, and no block.
    let behind = soft.at(0x2000_1000).expect("a range");
    assert_eq!((behind.path.as_str(), behind.interface.as_str(), behind.size), ("ps", "S_AXI_GP0", 0x1000_0000));
    let fetched = soft.at(0x10).expect("a range");
    assert_eq!(
        (fetched.master_interface.as_str(), fetched.data, fetched.instruction),
        ("DLMB", Some(true), Some(false))
    );
    assert_eq!(soft.at(0x8000), None);
    // What can't be read in the map of another master is left out; in the processor's it would be an error.
    let skipped: Vec<_> = design.warnings.iter().filter(|warning| warning.kind == WarningKind::SkippedRange).collect();
    assert!(skipped.len() == 1 && skipped[0].message.contains("banana"), "{skipped:?}");
    assert_eq!(design.address_spaces["ps"].blocks, design.ip);
}

#[test]
fn all_ways_to_a_memory_lead_to_one() {
    let design = subsystem();
    assert_eq!(design.storage.len(), 1, "{:#?}", design.storage);
    let memory = &design.storage["sub/bram"];
    assert_eq!(memory.size, 0x1_0000);
    let ways: Vec<_> = memory
        .windows
        .iter()
        .map(|way| {
            format!("{} {} {} {:#x} {:#x}", way.master, way.master_interface, way.controller, way.base, way.size)
        })
        .collect();
    assert_eq!(
        ways,
        [
            "ps M_AXI_GP0 sub/ctrl 0x40000000 0x10000",
            "sub/mb DLMB sub/lmb 0x0 0x8000",
            "sub/mb ILMB sub/lmb 0x0 0x8000"
        ]
    );
}

#[test]
fn two_local_controllers_at_the_same_addresses_are_one_memory() {
    let range = |instance: &str, base: &str, high: &str, bus: &str| {
        format!(
            r#"<MEMRANGE BASEVALUE="{base}" HIGHVALUE="{high}" INSTANCE="{instance}" MASTERBUSINTERFACE="{bus}" MEMTYPE="MEMORY" SLAVEBUSINTERFACE="SLMB"/>"#
        )
    };
    let ranges = [
        range("data", "0x0", "0xFFFF", "DLMB"),
        range("code", "0x0", "0xFFFF", "ILMB"),
        range("other", "0x10000", "0x1FFFF", "DLMB"),
    ]
    .concat();
    let controller = |name: &str| format!(r#"<MODULE INSTANCE="{name}" VLNV="x:ip:lmb_bram_if_cntlr:4.0"/>"#);
    let text = format!(
        r#"<EDKSYSTEM><MODULES><MODULE INSTANCE="mb" VLNV="x:ip:microblaze_riscv:1.0"><MEMORYMAP>{ranges}</MEMORYMAP></MODULE>
        {}{}{}</MODULES></EDKSYSTEM>"#,
        controller("data"),
        controller("code"),
        controller("other")
    );
    let design = Design::parse(&text).expect("a design");
    let memories: Vec<_> = design.storage.iter().map(|(path, memory)| (path.as_str(), memory.windows.len())).collect();
    assert_eq!(memories, [("data", 2), ("other", 1)]);
}

#[test]
fn bus_interfaces_are_joined_by_the_name_of_their_bus() {
    let design = subsystem();
    let iic = design.bus_at("sub/iic", "iic").expect("a bus");
    assert_eq!(iic.protocol, "iic");
    let outside = iic.external().expect("it leads outside");
    assert_eq!((outside.name.as_str(), outside.role), ("iic_pins", BusRole::Initiator));
    assert_eq!(iic.peers("sub/iic", "IIC").collect::<Vec<_>>(), [outside]);
    let gp0 = design.bus_at("ps", "M_AXI_GP0").expect("a bus");
    assert_eq!((gp0.protocol.as_str(), gp0.ends[0].data_width), ("aximm", Some(32)));
    assert_eq!(gp0.peers("ps", "M_AXI_GP0").next().and_then(|end| end.path.as_deref()), Some("sub/ctrl"));
    assert_eq!(design.bus_at("ps", "GPIO_0"), None);
}

#[test]
fn clocks_resets_and_single_wires_have_their_drivers() {
    let design = subsystem();
    let (driver, clock) = design.wire_to("sub/mb/Clk").expect("a clock");
    assert_eq!((driver, clock.kind, clock.frequency_hz), ("ps/FCLK_CLK0", WireKind::Clock, Some(100_000_000)));
    let (driver, reset) = design.wire_to("sub/mb/Reset").expect("a reset");
    assert_eq!((driver, reset.kind, reset.active_low), ("ps/FCLK_RESET0_N", WireKind::Reset, Some(true)));
    let (driver, data) = design.wire_to("ready").expect("a pin of the design");
    assert_eq!((driver, data.kind), ("sub/iic/gpo", WireKind::Data));
    // A signal of a bus is none.
    assert_eq!(design.wire_to("sub/ctrl/arvalid"), None);
}

#[test]
fn a_soft_processor_has_interrupts_of_its_own() {
    let design = subsystem();
    assert!(design.interrupts.pins.is_empty());
    let soft = &design.soft_processors["sub/mb"];
    assert_eq!(soft.interrupts.controllers["sub/intc"].base, Some(0x4120_0000));
    let chain = soft.interrupts.chain("sub/iic/iic2intc_irpt").expect("it reaches the soft processor");
    assert_eq!((chain.hops.len(), chain.ps_irq), (1, Some(0)));
    // Its parameters were defaulted, which concerns it alone.
    assert!(soft.warnings.iter().any(|warning| warning.kind == WarningKind::DefaultedParameter));
    assert!(design.warnings.iter().all(|warning| warning.kind != WarningKind::DefaultedParameter));
}

#[test]
fn what_a_soft_processor_is_wired_to_does_not_refuse_the_design() {
    let cells = "ps processing_system7
         mb microblaze Interrupt<x
         one xlconcat NUM_PORTS=1 In0<y:1 dout>x:1
         two xlconcat NUM_PORTS=1 In0<x:1 dout>y:1";
    let design = Design::parse(&hwh(cells)).expect("the processor is not concerned");
    let warnings = &design.soft_processors["mb"].warnings;
    assert!(warnings.iter().any(|warning| warning.message.contains("feeds itself")), "{warnings:?}");
}

#[test]
fn counts_that_no_design_has_are_refused() {
    let bus = r#"<BUSINTERFACE BUSNAME="b" NAME="n" TYPE="MASTER"/>"#.repeat(70_000);
    let text = format!(
        r#"<EDKSYSTEM><MODULES><MODULE INSTANCE="a"><BUSINTERFACES>{bus}</BUSINTERFACES></MODULE></MODULES></EDKSYSTEM>"#
    );
    assert!(matches!(Design::parse(&text), Err(Error::Limit { what, .. }) if what.contains("bus interfaces")));
    let range = r#"<MEMRANGE INSTANCE="a"/>"#.repeat(70_000);
    let text = format!(
        r#"<EDKSYSTEM><MODULES><MODULE INSTANCE="a"><MEMORYMAP>{range}</MEMORYMAP></MODULE></MODULES></EDKSYSTEM>"#
    );
    assert!(matches!(Design::parse(&text), Err(Error::Limit { what, .. }) if what.contains("address ranges")));
    let vlnv = "x".repeat(5000);
    let text = format!(r#"<EDKSYSTEM><MODULES><MODULE INSTANCE="a" VLNV="{vlnv}"/></MODULES></EDKSYSTEM>"#);
    assert!(matches!(Design::parse(&text), Err(Error::Limit { what, .. }) if what.contains("VLNV")));
    let port = r#"<PORT DIR="I" NAME="p" SIGNAME="n"/>"#.repeat(140_000);
    let text = format!(
        r#"<EDKSYSTEM><MODULES><MODULE INSTANCE="a"><PORTS><PORT DIR="O" NAME="o" SIGNAME="n"/>{port}</PORTS></MODULE></MODULES></EDKSYSTEM>"#
    );
    assert!(matches!(Design::parse(&text), Err(Error::Limit { what, .. }) if what.contains("wired inputs")));
}

#[test]
fn cells_that_no_master_addresses_are_listed_with_their_parameters() {
    let design = Design::parse(include_str!("../fixtures/iop.hwh")).unwrap();
    let reset = &design.cells["iop_pmoda/rst"];
    assert_eq!(reset.vlnv_without_version(), "xilinx.com:ip:proc_sys_reset");
    assert!(reset.parameters.boolean("C_AUX_RESET_HIGH").unwrap());
    let paths: Vec<&str> = design.cells.keys().map(String::as_str).collect();
    let expected = [
        "iop_pmoda/bram",
        "iop_pmoda/concat",
        "iop_pmoda/flop",
        "iop_pmoda/rst",
        "mb_iop_pmoda_intr_ack",
        "mb_iop_pmoda_reset",
    ];
    assert_eq!(paths, expected, "neither masters nor what they address");
}
