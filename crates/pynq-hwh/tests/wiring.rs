//! Each rule of the interrupt wiring, on the smallest design that shows it.

mod support;

use pynq_hwh::{Design, Error, Family, LineKind, Source, WarningKind};
use support::hwh;

fn design(cells: &str) -> Design {
    Design::parse(&hwh(cells)).unwrap_or_else(|error| panic!("{error}"))
}

/// `pin controller line width ps_irq kind`, one per pin.
fn pins(design: &Design) -> Vec<String> {
    let pins = design.interrupts.pins.iter().map(|(name, pin)| {
        let controller = pin.controller.as_deref().unwrap_or("-");
        let ps_irq = pin.ps_irq.map_or("-".to_owned(), |irq| irq.to_string());
        let kind = pin.kind.map_or("-", LineKind::as_str);
        format!("{name} {controller} {} {} {ps_irq} {kind}", pin.line, pin.width)
    });
    pins.collect()
}

fn warned(design: &Design, kind: WarningKind) -> Vec<&str> {
    design.warnings.iter().filter(|warning| warning.kind == kind).map(|warning| warning.subject.as_str()).collect()
}

/// An INTC with all its parameters, so that nothing is defaulted.
const INTC: &str = "C_NUM_SW_INTR=0 C_KIND_OF_EDGE=0xFFFFFFFF C_KIND_OF_LVL=0xFFFFFFFF C_HAS_IPR=1 C_HAS_SIE=1 C_HAS_CIE=1 \
                    C_HAS_IVR=1 C_HAS_ILR=0 C_HAS_FAST=0 C_IRQ_IS_LEVEL=1 C_IRQ_ACTIVE=1";

#[test]
fn nested_concats_keep_the_width_of_every_input() {
    let design = design(&format!(
        "ps processing_system7 IRQ_F2P<irq:1
         intc axi_intc @41800000 C_NUM_INTR_INPUTS=8 C_KIND_OF_INTR=0x0 intr<all:8 irq>irq {INTC}
         outer xlconcat NUM_PORTS=4 In0<a:1 In1<-:3 In2<inner:3 In3<d:1 dout>all:8
         inner xlconcat NUM_PORTS=2 IN0_WIDTH=2 In0<- In1<c:1 dout>inner:3
         a axi_gpio irq>a
         c axi_gpio irq>c
         d axi_gpio irq>d"
    ));
    assert_eq!(pins(&design), ["a/irq intc 0 1 - level", "c/irq intc 6 1 - level", "d/irq intc 7 1 - level"]);
    // The three bits of In1, and the two of the inner In0 whose width stands in a parameter only.
    let open = ["intc/intr[1]", "intc/intr[2]", "intc/intr[3]", "intc/intr[4]", "intc/intr[5]"];
    assert_eq!(warned(&design, WarningKind::UnconnectedInput), open);
    assert_eq!(design.warnings.len(), open.len(), "{:#?}", design.warnings);
}

#[test]
fn concat_inputs_that_are_not_listed_have_one_bit() {
    let design = design(&format!(
        "ps processing_system7 IRQ_F2P<irq:1
         intc axi_intc @41800000 C_NUM_INTR_INPUTS=3 C_KIND_OF_INTR=0x0 intr<all:3 irq>irq {INTC}
         cat ilconcat NUM_PORTS=3 In2<c:1 dout>all:3
         c axi_gpio irq>c"
    ));
    assert_eq!(pins(&design), ["c/irq intc 2 1 - level"]);
}

#[test]
fn inputs_beyond_num_ports_do_not_exist() {
    let design = design(
        "ps processing_system7 IRQ_F2P<all:2
         cat xlconcat NUM_PORTS=1 IN0_WIDTH=1 IN1_WIDTH=1 In0<a:1 In1<b:1 dout>all:2
         a axi_gpio irq>a
         b axi_gpio irq>b",
    );
    assert_eq!(pins(&design), ["a/irq - 0 1 61 -"]);
}

#[test]
fn slices_take_bits_out_of_vectors() {
    let design = design(
        "ps processing_system7 IRQ_F2P<all:3
         cat xlconcat NUM_PORTS=2 In0<low:2 In1<one:1 dout>all:3
         s0 xlslice DIN_FROM=3 DIN_TO=2 Din<v:4 Dout>low:2
         s1 ilslice DIN_FROM=0 DIN_TO=0 Din<v:4 Dout>one:1
         dma user irq>v:4",
    );
    assert_eq!(pins(&design), ["dma/irq[0] - 2 1 63 -", "dma/irq[2] - 0 1 61 -", "dma/irq[3] - 1 1 62 -"]);
}

#[test]
fn constants_raise_nothing_and_are_no_pins() {
    let design = design(&format!(
        "ps processing_system7 IRQ_F2P<irq
         intc axi_intc @41800000 C_NUM_INTR_INPUTS=3 C_KIND_OF_INTR=0x7 intr<all:3 irq>irq {INTC}
         cat xlconcat NUM_PORTS=2 In0<zero:2 In1<a:1 dout>all:3
         gnd xlconstant dout>zero:2
         a axi_gpio irq>a"
    ));
    assert_eq!(pins(&design), ["a/irq intc 2 1 - edge"]);
    let lines = &design.interrupts.controllers["intc"].lines;
    assert_eq!(lines[..2], [Source::Constant, Source::Constant]);
    assert_eq!(warned(&design, WarningKind::UnconnectedInput), [""; 0]);
}

#[test]
fn a_vector_on_consecutive_lines_is_one_pin_whose_bits_can_be_asked_for() {
    let design = design(&format!(
        "ps processing_system7 IRQ_F2P<irq
         intc axi_intc @41800000 C_NUM_INTR_INPUTS=5 C_KIND_OF_INTR=0x0 intr<all:5 irq>irq {INTC}
         cat xlconcat NUM_PORTS=2 In0<a:1 In1<v:4 dout>all:5
         a axi_gpio irq>a
         dma user irq>v:4"
    ));
    assert_eq!(pins(&design), ["a/irq intc 0 1 - level", "dma/irq intc 1 4 - level"]);
    let bit = design.interrupts.pin("dma/irq[2]").unwrap();
    assert_eq!((bit.line, bit.width), (3, 1));
    assert_eq!(design.interrupt("dma/irq[3]").unwrap().hops[0].line, 4);
    assert_eq!(design.interrupts.controllers["intc"].lines[3], Source::Pin("dma/irq[2]".into()));
    for none in ["dma/irq[4]", "dma/irq[-1]", "dma/irq[]", "dma/irq]", "[0]", "]", ""] {
        assert!(design.interrupt(none).is_err(), "{none}");
    }
}

#[test]
fn a_vector_whose_lines_differ_in_kind_is_listed_bit_by_bit() {
    let design = design(&format!(
        "ps processing_system7 IRQ_F2P<irq
         intc axi_intc @41800000 C_NUM_INTR_INPUTS=2 C_KIND_OF_INTR=0x2 intr<v:2 irq>irq {INTC}
         dma user irq>v:2"
    ));
    assert_eq!(pins(&design), ["dma/irq[0] intc 0 1 - level", "dma/irq[1] intc 1 1 - edge"]);
}

#[test]
fn pins_straight_on_the_processor_cross_the_two_blocks_of_zynq_7000() {
    let design = design(
        "ps processing_system7 IRQ_F2P<all:10
         cat xlconcat NUM_PORTS=2 In0<v:9 In1<b:1 dout>all:10
         v user irq>v:9
         b axi_gpio irq>b",
    );
    assert_eq!(pins(&design), ["b/irq - 9 1 85 -", "v/irq - 0 9 61 -"]);
    assert_eq!(design.interrupts.pin("v/irq[7]").unwrap().ps_irq, Some(68));
    assert_eq!(design.interrupts.pin("v/irq[8]").unwrap().ps_irq, Some(84));
    let chain = design.interrupt("b/irq").unwrap();
    assert_eq!((chain.ps_line, chain.ps_irq, chain.hops.len()), (9, Some(85), 0));
}

#[test]
fn more_than_sixteen_bits_reach_nothing() {
    let design = design(
        "ps processing_system7 IRQ_F2P<v:18
         v user irq>v:18",
    );
    assert_eq!(design.interrupts.pins.len(), 16);
    assert_eq!(warned(&design, WarningKind::UnusableLine), ["ps/IRQ_F2P[16]", "ps/IRQ_F2P[17]"]);
}

#[test]
fn zynqmp_numbers_its_two_vectors() {
    let design = design(&format!(
        "ps zynq_ultra_ps_e pl_ps_irq0<low:2 pl_ps_irq1<high:1
         cat xlconcat NUM_PORTS=2 In0<a:1 In1<irq:1 dout>low:2
         intc axi_intc @80000000 C_NUM_INTR_INPUTS=1 C_KIND_OF_INTR=0xFFFFFFFE intr<c:1 irq>irq {INTC}
         a axi_gpio irq>a
         b axi_gpio irq>high
         c axi_gpio irq>c"
    ));
    assert_eq!(pins(&design), ["a/irq - 0 1 121 -", "b/irq - 0 1 136 -", "c/irq intc 0 1 - level"]);
    assert_eq!(design.interrupts.controllers["intc"].ps_irq, Some(122));
    assert_eq!(design.processor.unwrap().family, Family::ZynqMp);
}

#[test]
fn reverse_mode_aligns_to_the_top_and_warns() {
    let design = design(
        "ps processing_system7 PCW_IRQ_F2P_MODE=REVERSE IRQ_F2P<v:3
         v user irq>v:3",
    );
    assert_eq!(pins(&design), ["v/irq - 13 3 89 -"]);
    assert_eq!(warned(&design, WarningKind::ReverseMode), ["ps/IRQ_F2P"]);
}

#[test]
fn cascaded_controllers_form_a_chain() {
    let design = design(&format!(
        "ps processing_system7 IRQ_F2P<irq:1
         root axi_intc @41800000 C_NUM_INTR_INPUTS=2 C_KIND_OF_INTR=0x0 intr<top:2 irq>irq {INTC}
         cat xlconcat NUM_PORTS=2 In0<a:1 In1<mid:1 dout>top:2
         sub/mid axi_intc @41810000 C_NUM_INTR_INPUTS=2 C_KIND_OF_INTR=0x3 intr<low:2 irq>mid {INTC}
         cat2 xlconcat NUM_PORTS=2 In0<leaf:1 In1<b:1 dout>low:2
         leaf axi_intc @41820000 C_NUM_INTR_INPUTS=1 C_KIND_OF_INTR=0x0 intr<c irq>leaf {INTC}
         a axi_gpio irq>a
         b axi_gpio irq>b
         c axi_gpio irq>c"
    ));
    assert_eq!(pins(&design), ["a/irq root 0 1 - level", "b/irq sub/mid 1 1 - edge", "c/irq leaf 0 1 - level"]);
    let chain = design.interrupt("c/irq").unwrap();
    let hops: Vec<_> = chain.hops.iter().map(|hop| (hop.controller.as_str(), hop.line, hop.kind)).collect();
    assert_eq!(hops, [("root", 1, LineKind::Level), ("sub/mid", 0, LineKind::Edge), ("leaf", 0, LineKind::Level)]);
    assert_eq!((chain.ps_line, chain.ps_irq), (0, Some(61)));
    let of = |path: &str| {
        let controller = &design.interrupts.controllers[path];
        (controller.base, controller.parent.as_deref(), controller.line, controller.ps_irq)
    };
    assert_eq!(of("root"), (Some(0x4180_0000), None, 0, Some(61)));
    assert_eq!(of("sub/mid"), (Some(0x4181_0000), Some("root"), 1, None));
    assert_eq!(of("leaf"), (Some(0x4182_0000), Some("sub/mid"), 0, None));
    // The output of `leaf` is a level and its line an edge.
    assert_eq!(warned(&design, WarningKind::LevelSourceOnEdgeLine), ["leaf/irq"]);
}

#[test]
fn several_controllers_on_the_processor_and_private_ones_left_out() {
    let design = design(&format!(
        "ps processing_system7 IRQ_F2P<all:2
         cat xlconcat NUM_PORTS=2 In0<x:1 In1<y:1 dout>all:2
         x axi_intc @41800000 C_NUM_INTR_INPUTS=1 C_KIND_OF_INTR=0x1 intr<a irq>x {INTC}
         y axi_intc @41810000 C_NUM_INTR_INPUTS=1 C_KIND_OF_INTR=0x1 intr<b irq>y {INTC}
         mb/intc axi_intc C_NUM_INTR_INPUTS=1 C_KIND_OF_INTR=0x1 intr<c irq>mb {INTC}
         mb/cpu microblaze Interrupt<mb
         a axi_gpio irq>a
         b axi_gpio irq>b
         c axi_gpio irq>c"
    ));
    let irqs: Vec<_> = design.interrupts.controllers.iter().map(|(path, c)| (path.as_str(), c.ps_irq)).collect();
    assert_eq!(irqs, [("x", Some(61)), ("y", Some(62))]);
    assert_eq!(pins(&design), ["a/irq x 0 1 - edge", "b/irq y 0 1 - edge"]);
}

#[test]
fn probes_are_no_sources_and_logic_ends_a_trace() {
    let design = design(
        "ps processing_system7 IRQ_F2P<all:2
         cat xlconcat NUM_PORTS=2 In0<a:1 In1<or:1 dout>all:2
         ila system_ila probe0<a:1 probe1<all:2
         or util_vector_logic Op1<b Op2<b Res>or
         a axi_gpio irq>a
         b axi_gpio irq>b",
    );
    assert_eq!(pins(&design), ["a/irq - 0 1 61 -", "or/Res - 1 1 62 -"]);
}

#[test]
fn top_level_inputs_are_sources() {
    let design = design(
        "- - button<ext
         ps processing_system7 IRQ_F2P<ext:1",
    );
    assert_eq!(pins(&design), ["button - 0 1 61 -"]);
}

#[test]
fn the_processor_may_stand_in_a_hierarchy() {
    let design = design(
        "sys/cpu/ps processing_system7 IRQ_F2P<a:1
         io/a axi_gpio @41200000 irq>a~LEVEL_HIGH",
    );
    assert_eq!(design.processor.as_ref().unwrap().path, "sys/cpu/ps");
    assert_eq!(pins(&design), ["io/a/irq - 0 1 61 -"]);
    assert_eq!(design.ip["io/a"].base, 0x4120_0000);
}

#[test]
fn container_boundaries_with_one_name_on_both_sides() {
    let design = design(
        "ps processing_system7 IRQ_F2P<n:1
         box box BDTYPE:BLOCK_CONTAINER irq_out>n
         box/a axi_gpio irq>n",
    );
    assert_eq!(pins(&design), ["box/a/irq - 0 1 61 -"]);
}

#[test]
fn container_boundaries_with_a_name_on_each_side() {
    let design = design(
        "sys sys BDTYPE:BLOCK_CONTAINER irq_in<outer(sys_ps.IRQ_F2P,box.irq_out)
         sys/ps processing_system7 IRQ_F2P<inner_sys:1
         box box BDTYPE:BLOCK_CONTAINER irq_out>outer(sys.irq_in,box_a.irq)
         box/a axi_gpio irq>inner_box",
    );
    assert_eq!(pins(&design), ["box/a/irq - 0 1 61 -"]);
}

#[test]
fn a_container_whose_inside_is_not_shown_is_the_source() {
    let design = design(
        "ps processing_system7 IRQ_F2P<n:1
         box box BDTYPE:BLOCK_CONTAINER irq_out>n(ps.IRQ_F2P)",
    );
    assert_eq!(pins(&design), ["box/irq_out - 0 1 61 -"]);
}

#[test]
fn disabled_cells_do_not_exist() {
    let design = design(
        "ps processing_system7 IRQ_F2P<n:1
         a axi_gpio IS_ENABLE:0 @41200000 irq>n",
    );
    assert!(design.ip.is_empty() && design.interrupts.pins.is_empty());
    assert_eq!(warned(&design, WarningKind::SkippedRange), ["a"]);
}

#[test]
fn sources_and_lines_that_disagree_are_reported() {
    let design = design(&format!(
        "ps processing_system7 IRQ_F2P<irq
         intc axi_intc @41800000 C_NUM_INTR_INPUTS=4 C_KIND_OF_INTR=0b0101 intr<all:4 irq>irq {INTC}
         cat xlconcat NUM_PORTS=4 In0<a:1 In1<b:1 In2<c:1 In3<d:1 dout>all:4
         a axi_gpio irq>a~LEVEL_HIGH
         b axi_gpio irq>b~EDGE_RISING
         c axi_gpio irq>c~EDGE_RISING
         d axi_gpio irq>d~LEVEL_HIGH"
    ));
    assert_eq!(warned(&design, WarningKind::LevelSourceOnEdgeLine), ["a/irq"]);
    assert_eq!(warned(&design, WarningKind::EdgeSourceOnLevelLine), ["b/irq"]);
    assert_eq!(design.interrupts.pins["d/irq"].sensitivity, Some(LineKind::Level));
}

#[test]
fn missing_parameters_take_the_documented_default_and_warn() {
    let design = design(
        "ps processing_system7 IRQ_F2P<irq
         intc axi_intc @41800000 intr<v:2 irq>irq
         v user irq>v:2",
    );
    let intc = &design.interrupts.controllers["intc"];
    assert_eq!((intc.inputs, intc.kind_of_intr, intc.has_ipr, intc.irq_is_level), (2, 0xFFFF_FFFF, true, true));
    assert_eq!(warned(&design, WarningKind::DefaultedParameter).len(), 13);
}

#[test]
fn a_pin_with_two_routes_is_listed_with_the_first() {
    let design = design(&format!(
        "ps processing_system7 IRQ_F2P<all:3
         cat xlconcat NUM_PORTS=3 In0<a:1 In1<irq:1 In2<irq:1 dout>all:3
         intc axi_intc @41800000 C_NUM_INTR_INPUTS=1 C_KIND_OF_INTR=0x1 intr<a irq>irq {INTC}
         a axi_gpio irq>a"
    ));
    assert_eq!(pins(&design), ["a/irq - 0 1 61 -"]);
    assert_eq!(design.interrupts.controllers["intc"].ps_irq, Some(62));
    assert_eq!(warned(&design, WarningKind::SeveralRoutes), ["a/irq", "intc"]);
}

#[test]
fn a_net_with_two_drivers_is_reported_once() {
    let design = design(
        "ps processing_system7 IRQ_F2P<v:4
         a user irq>v:4
         b user irq>v:4",
    );
    assert_eq!(pins(&design), ["a/irq - 0 4 61 -"]);
    assert_eq!(warned(&design, WarningKind::SeveralDrivers), ["ps/IRQ_F2P"]);
}

#[test]
fn a_controller_the_processor_cannot_address_is_reported() {
    let design = design(&format!(
        "ps processing_system7 IRQ_F2P<irq
         intc axi_intc C_NUM_INTR_INPUTS=1 C_KIND_OF_INTR=0x1 intr<a irq>irq {INTC}
         a axi_gpio irq>a"
    ));
    assert_eq!(design.interrupts.controllers["intc"].base, None);
    assert_eq!(warned(&design, WarningKind::UnmappedController), ["intc"]);
}

#[test]
fn a_soft_processor_roots_the_tree_by_the_number_of_its_one_interrupt() {
    let design = design(&format!(
        "mb microblaze Interrupt<irq
         intc axi_intc @41800000 C_NUM_INTR_INPUTS=1 C_KIND_OF_INTR=0x1 intr<a irq>irq {INTC}
         a axi_gpio @40000000 irq>a"
    ));
    assert_eq!(design.processor.as_ref().unwrap().family, Family::MicroBlaze);
    assert_eq!(pins(&design), ["a/irq intc 0 1 - edge"]);
    assert_eq!((design.interrupts.controllers["intc"].ps_irq, design.ip.len()), (Some(0), 2));
}

#[test]
fn private_interrupts_of_a_core_are_reported() {
    let design = design(
        "ps processing_system7 Core0_nIRQ<n Core1_nIRQ<-
         a axi_gpio irq>n",
    );
    assert_eq!(warned(&design, WarningKind::UnusableLine), ["ps/Core0_nIRQ"]);
}

#[test]
fn a_self_feeding_concat_is_an_error_that_shows_the_way_round() {
    let text = hwh("ps processing_system7 IRQ_F2P<x:2
         one xlconcat NUM_PORTS=2 In0<y:1 In1<y:1 dout>x:2
         two xlconcat NUM_PORTS=1 In0<x:2 dout>y:2");
    let error = Design::parse(&text).unwrap_err();
    let Error::Loop { place, pins } = &error else { panic!("{error}") };
    assert!(place.line > 1 && pins.iter().any(|pin| pin == "one/In0"), "{error}");
    assert_eq!(pins.first(), pins.last());
}

#[test]
fn a_controller_that_interrupts_itself_is_an_error() {
    let text = hwh(&format!(
        "ps processing_system7 IRQ_F2P<irq
         one axi_intc C_NUM_INTR_INPUTS=1 C_KIND_OF_INTR=0x0 intr<two irq>irq {INTC}
         two axi_intc C_NUM_INTR_INPUTS=1 C_KIND_OF_INTR=0x0 intr<irq irq>two {INTC}"
    ));
    assert!(matches!(Design::parse(&text), Err(Error::Loop { .. })));
}

#[test]
fn emio_slices_directly_and_behind_other_slices() {
    let design = design(
        "- - led>n1
         ps processing_system7 GPIO_O>gpio:8
         reset xlslice DIN_FROM=3 DIN_TO=3 Din<gpio:8 Dout>n1
         upper xlslice DIN_FROM=7 DIN_TO=4 Din<gpio:8 Dout>n2:4
         inner xlslice DIN_FROM=1 DIN_TO=1 Din<n2:4 Dout>n3
         other xlslice DIN_FROM=0 DIN_TO=0 Din<elsewhere:8 Dout>n4
         cell user rst<n1 en<n3 elsewhere>elsewhere:8",
    );
    let lines: Vec<_> =
        design.processor_gpio.iter().map(|(n, l)| (n.as_str(), l.emio, l.width, l.pins.join(" "))).collect();
    assert_eq!(
        lines,
        [
            ("inner", 5, 1, "cell/en".to_owned()),
            ("reset", 3, 1, "cell/rst led".to_owned()),
            ("upper", 7, 4, "inner/Din".to_owned()),
        ]
    );
}

#[test]
fn blocks_with_several_interfaces_are_listed_once_per_interface() {
    let design = design(
        "ps processing_system7
         a/dma user @40000000/S_AXI_CTRL @50000000/S_AXI_DATA! @40000000/S_AXI_CTRL
         a/b/ram axi_bram_ctrl @60000000!
         twice user @70000000 @71000000",
    );
    let names: Vec<_> = design.ip.keys().map(String::as_str).collect();
    assert_eq!(names, ["a/b/ram", "a/dma/S_AXI_CTRL", "a/dma/S_AXI_DATA", "twice", "twice/Reg"]);
    assert_eq!(design.ip["a/dma/S_AXI_DATA"].path, "a/dma");
    assert!(design.ip["a/dma/S_AXI_DATA"].memory && !design.ip["a/dma/S_AXI_CTRL"].memory);
    // The interface is no level of the hierarchy.
    let hierarchies: Vec<_> = design.hierarchies.keys().map(String::as_str).collect();
    assert_eq!(hierarchies, ["a", "a/b"]);
    assert_eq!(design.hierarchies["a"].ip, ["a/dma/S_AXI_CTRL", "a/dma/S_AXI_DATA"]);
    assert_eq!(design.hierarchies["a"].hierarchies, ["a/b"]);
}
