//! Interrupts through logic, and when they are active: which of them arrive.

mod support;

use std::fmt::Write as _;

use pynq_hwh::{Design, Error, GateKind, Polarity, Source, WarningKind};
use support::hwh;

fn design(cells: &str) -> Design {
    Design::parse(&hwh(cells)).unwrap_or_else(|error| panic!("{error}"))
}

fn warned(design: &Design, kind: WarningKind) -> Vec<&str> {
    design.warnings.iter().filter(|warning| warning.kind == kind).map(|warning| warning.subject.as_str()).collect()
}

/// The gates on the way of a pin, from it on; an error if it can't be waited for.
fn way(design: &Design, pin: &str) -> Result<Vec<String>, Error> {
    design.interrupt(pin)?;
    Ok(design.interrupts.pins[pin].gates.to_vec())
}

fn blocked(design: &Design, pin: &str) -> (String, GateKind) {
    match design.interrupt(pin) {
        Err(Error::BehindGate { gate, kind, .. }) => (gate, kind),
        other => panic!("{pin}: {other:?}"),
    }
}

const INTC: &str =
    "C_NUM_SW_INTR=0 C_HAS_IPR=1 C_HAS_SIE=1 C_HAS_CIE=1 C_HAS_IVR=1 C_HAS_ILR=0 C_HAS_FAST=0 C_IRQ_IS_LEVEL=1";

#[test]
fn each_source_of_an_or_arrives_and_the_gate_is_described() {
    let design = design(
        "ps processing_system7 IRQ_F2P<r:1
         outer util_vector_logic C_OPERATION=or C_SIZE=1 Op1<a Op2<m Res>r
         inner ilvector_logic C_OPERATION=OR C_SIZE=1 Op1<b Op2<zero Res>m
         gnd xlconstant dout>zero
         a axi_gpio irq>a
         b axi_gpio irq>b",
    );
    assert_eq!(way(&design, "a/irq").unwrap(), ["outer/Res"]);
    assert_eq!(way(&design, "b/irq").unwrap(), ["inner/Res", "outer/Res"]);
    assert_eq!(design.interrupts.pins["b/irq"].ps_irq, Some(61));
    let outer = &design.interrupts.gates["outer/Res"];
    assert_eq!((outer.path.as_str(), outer.kind), ("outer", GateKind::Or));
    let inputs: Vec<_> = outer.inputs.iter().map(|input| (input.pin.as_str(), input.source.clone())).collect();
    assert_eq!(inputs, [("outer/Op1", Source::Pin("a/irq".into())), ("outer/Op2", Source::Pin("inner/Res".into()))]);
    assert_eq!(design.interrupts.gates["inner/Res"].inputs[1].source, Source::Constant);
    // What arrives at the line is the gate's output.
    assert_eq!(design.interrupts.processor[0].source, Source::Pin("outer/Res".into()));
    assert!(design.warnings.is_empty(), "{:?}", design.warnings);
}

#[test]
fn what_does_not_hand_its_level_on_is_refused_by_name() {
    for (operation, kind) in [("and", GateKind::And), ("xor", GateKind::Xor), ("not", GateKind::Not)] {
        let design = design(&format!(
            "ps processing_system7 IRQ_F2P<r:1
             g util_vector_logic C_OPERATION={operation} Op1<a Op2<b Res>r
             a axi_gpio irq>a
             b axi_gpio irq>b"
        ));
        assert_eq!(blocked(&design, "a/irq"), ("g/Res".to_owned(), kind));
        assert!(design.interrupt("a/irq").unwrap_err().to_string().contains("`g/Res`"));
        assert!(warned(&design, WarningKind::BehindGate).contains(&"a/irq"));
        // An inverter has one input, whatever is wired to the other.
        assert_eq!(design.interrupts.blocked.contains_key("b/irq"), kind != GateKind::Not);
        // The gate's own output can be waited for.
        design.interrupt("g/Res").expect("it is what arrives");
    }
}

#[test]
fn active_low_sources_arrive_through_an_and_and_an_inverter() {
    let design = design(
        "ps processing_system7 IRQ_F2P<r:1
         n util_vector_logic C_OPERATION=not Op1<both Res>r
         g util_vector_logic C_OPERATION=and Op1<a Op2<b Res>both
         a user irq>a~LEVEL_LOW
         b user irq>b~EDGE_FALLING",
    );
    assert_eq!(way(&design, "a/irq").unwrap(), ["g/Res", "n/Res"]);
    assert_eq!(way(&design, "b/irq").unwrap(), ["g/Res", "n/Res"]);
    assert_eq!(design.interrupts.pins["a/irq"].polarity, Some(Polarity::Low));
    assert!(warned(&design, WarningKind::PolarityMismatch).is_empty());
    // An OR of active-low sources is low only when both are active.
    let or = self::design(
        "ps processing_system7 IRQ_F2P<r:1
         n util_vector_logic C_OPERATION=not Op1<both Res>r
         g util_vector_logic C_OPERATION=or Op1<a Op2<b Res>both
         a user irq>a~LEVEL_LOW
         b user irq>b",
    );
    assert_eq!(blocked(&or, "a/irq"), ("g/Res".to_owned(), GateKind::Or));
    assert_eq!(blocked(&or, "b/irq"), ("n/Res".to_owned(), GateKind::Not));
}

#[test]
fn a_reduced_gate_takes_every_bit_of_its_input() {
    let design = design(
        "ps processing_system7 IRQ_F2P<r:1
         g util_reduced_logic C_OPERATION=or C_SIZE=3 Op1<all:3 Res>r
         cat xlconcat NUM_PORTS=2 In0<a:1 In1<v:2 dout>all:3
         a axi_gpio irq>a
         dma user irq>v:2",
    );
    assert_eq!(way(&design, "a/irq").unwrap(), ["g/Res"]);
    // Both bits of the vector arrive at one line, so they are pins of their own.
    assert_eq!(way(&design, "dma/irq[1]").unwrap(), ["g/Res"]);
    let pins: Vec<_> = design.interrupts.gates["g/Res"].inputs.iter().map(|input| input.pin.as_str()).collect();
    assert_eq!(pins, ["g/Op1[0]", "g/Op1[1]", "g/Op1[2]"]);
    // With one input, an AND is a wire.
    let one = self::design(
        "ps processing_system7 IRQ_F2P<r:1
         g util_reduced_logic C_OPERATION=and C_SIZE=1 Op1<a Res>r
         a axi_gpio irq>a",
    );
    assert_eq!(way(&one, "a/irq").unwrap(), ["g/Res"]);
}

#[test]
fn a_vector_gate_works_bit_by_bit() {
    let design = design(
        "ps processing_system7 IRQ_F2P<r:2
         g util_vector_logic C_OPERATION=or C_SIZE=2 Op1<v:2 Op2<w:2 Res>r:2
         a user irq>v:2
         b user irq>w:2",
    );
    assert_eq!(design.interrupts.pin("a/irq[1]").map(|pin| pin.line), Some(1));
    assert_eq!(design.interrupt("b/irq[1]").unwrap().ps_irq, Some(62));
    assert_eq!(design.interrupts.gates.keys().map(String::as_str).collect::<Vec<_>>(), ["g/Res[0]", "g/Res[1]"]);
}

#[test]
fn a_decoupler_hands_on_what_is_on_its_other_side() {
    let design = design(
        "ps processing_system7 IRQ_F2P<r:1
         d dfx_decoupler rp_intf_0_INTERRUPT<a s_intf_0_INTERRUPT>r rp_other<b
         a axi_gpio irq>a
         b axi_gpio irq>b",
    );
    assert_eq!(way(&design, "a/irq").unwrap(), ["d/s_intf_0_INTERRUPT"]);
    assert_eq!(design.interrupts.gates["d/s_intf_0_INTERRUPT"].kind, GateKind::Decoupler);
    assert!(design.interrupt("b/irq").is_err());
}

#[test]
fn a_controller_behind_a_gate_is_one_where_it_arrives() {
    let cells = |operation: &str| {
        format!(
            "ps processing_system7 IRQ_F2P<r:1
             g util_vector_logic C_OPERATION={operation} Op1<irq Op2<b Res>r
             intc axi_intc @41800000 C_NUM_INTR_INPUTS=1 C_KIND_OF_INTR=0 C_KIND_OF_LVL=1 C_KIND_OF_EDGE=1 C_IRQ_ACTIVE=1 intr<a irq>irq {INTC}
             a axi_gpio irq>a
             b axi_gpio irq>b"
        )
    };
    let or = design(&cells("or"));
    assert_eq!(&*or.interrupts.controllers["intc"].gates, ["g/Res"]);
    assert_eq!(or.interrupts.controllers["intc"].ps_irq, Some(61));
    assert_eq!(or.interrupt("a/irq").unwrap().hops.len(), 1);
    assert_eq!(or.interrupts.gates["g/Res"].inputs[0].source, Source::Controller("intc".into()));
    let and = design(&cells("and"));
    assert!(and.interrupts.controllers.is_empty() && and.interrupts.blocked.contains_key("intc/irq"));
}

#[test]
fn the_way_without_a_gate_is_the_one_listed() {
    let design = design(
        "ps processing_system7 IRQ_F2P<all:2
         cat xlconcat NUM_PORTS=2 In0<g:1 In1<a:1 dout>all:2
         g util_vector_logic C_OPERATION=or Op1<a Op2<b Res>g
         a axi_gpio irq>a
         b axi_gpio irq>b",
    );
    assert_eq!(design.interrupts.pins["a/irq"].ps_irq, Some(62));
    assert!(design.interrupts.pins["a/irq"].gates.is_empty());
    assert_eq!(warned(&design, WarningKind::SeveralRoutes), ["a/irq"]);
}

#[test]
fn logic_that_feeds_itself_or_never_ends_is_looked_at_once() {
    // A latch.
    let latch = design(
        "ps processing_system7 IRQ_F2P<q:1
         g util_vector_logic C_OPERATION=or Op1<q Op2<a Res>q
         a axi_gpio irq>a",
    );
    assert_eq!(way(&latch, "a/irq").unwrap(), ["g/Res"]);
    // Each gate has both inputs on the one before: the ways double, the gates do not.
    let mut cells = String::from("ps processing_system7 IRQ_F2P<n0:1\n");
    for n in 0..100 {
        let _ = writeln!(cells, "g{n} util_vector_logic C_OPERATION=or Op1<n{} Op2<n{} Res>n{n}", n + 1, n + 1);
    }
    cells += "a axi_gpio irq>n100";
    let deep = design(&cells);
    assert!(deep.interrupt("a/irq").is_err());
    assert!(warned(&deep, WarningKind::BehindGate).iter().any(|subject| subject.ends_with("/Res")));
    // More inputs than any real design wires.
    let wide = design(
        "ps processing_system7 IRQ_F2P<r:1
         g util_reduced_logic C_OPERATION=or Op1<all:1000000 Res>r
         a user irq>all:1000000",
    );
    assert!(wide.interrupts.pins.len() <= 4097, "{}", wide.interrupts.pins.len());
}

#[test]
fn a_source_whose_polarity_is_not_the_line_s_is_warned_of() {
    let design = design(&format!(
        "ps processing_system7 IRQ_F2P<all:3
         top xlconcat NUM_PORTS=3 In0<irq:1 In1<low:1 In2<high:1 dout>all:3
         intc axi_intc @41800000 C_NUM_INTR_INPUTS=5 C_KIND_OF_INTR=0x18 C_KIND_OF_LVL=0xFFFFFFFC C_KIND_OF_EDGE=0xFFFFFFEF C_IRQ_ACTIVE=0 intr<in:5 irq>irq {INTC}
         cat xlconcat NUM_PORTS=5 In0<a:1 In1<b:1 In2<c:1 In3<d:1 In4<e:1 dout>in:5
         a user irq>a:1~LEVEL_LOW
         b user irq>b:1~LEVEL_HIGH
         c user irq>c:1~LEVEL_LOW
         d user irq>d:1~EDGE_FALLING
         e user irq>e:1~EDGE_FALLING
         l user irq>low:1~LEVEL_LOW
         h user irq>high:1~LEVEL_HIGH"
    ));
    let mut subjects = warned(&design, WarningKind::PolarityMismatch);
    subjects.sort_unstable();
    // a and e fit lines that are active low and falling.
    assert_eq!(subjects, ["b/irq", "c/irq", "d/irq", "intc/irq", "l/irq"]);
    let intc = &design.interrupts.controllers["intc"];
    let listens: Vec<_> = (0..5).map(|line| intc.polarity(line)).collect();
    assert_eq!(listens, [Polarity::Low, Polarity::Low, Polarity::High, Polarity::High, Polarity::Low]);
    assert!(!intc.irq_active_high);
    let pin = &design.interrupts.pins["a/irq"];
    assert_eq!((pin.polarity, pin.listens), (Some(Polarity::Low), Polarity::Low));
    // A source that does not say is taken to be high, and a line that is active low would always be active.
    let silent = self::design(&format!(
        "ps processing_system7 IRQ_F2P<irq:1
         intc axi_intc @41800000 C_NUM_INTR_INPUTS=1 C_KIND_OF_INTR=0 C_KIND_OF_LVL=0 C_KIND_OF_EDGE=1 C_IRQ_ACTIVE=1 intr<a:1 irq>irq {INTC}
         a axi_gpio irq>a:1"
    ));
    assert_eq!(warned(&silent, WarningKind::PolarityMismatch), ["a/irq"]);
}

#[test]
fn bits_that_fall_off_are_named() {
    let design = design(&format!(
        "ps processing_system7 IRQ_F2P<irq:1
         intc axi_intc @41800000 C_NUM_INTR_INPUTS=2 C_KIND_OF_INTR=0 C_KIND_OF_LVL=3 C_KIND_OF_EDGE=3 C_IRQ_ACTIVE=1 intr<all:4 irq>irq {INTC}
         cat xlconcat NUM_PORTS=3 In0<v:1 In1<a:1 In2<b:2 dout>all:4
         dma user irq>v:3
         a axi_gpio irq>a:1
         two user irq>b:2"
    ));
    let lost: Vec<_> = design.warnings.iter().filter(|warning| warning.kind == WarningKind::LostBits).collect();
    let shown: Vec<_> = lost.iter().map(|warning| format!("{}: {}", warning.subject, warning.message)).collect();
    assert_eq!(shown.len(), 2, "{shown:#?}");
    assert!(
        shown.iter().any(|row| row.starts_with("cat/In0: ") && row.contains("dma/irq[1], dma/irq[2] reach nothing")),
        "{shown:#?}"
    );
    assert!(
        shown.iter().any(|row| row.starts_with("intc/intr: ") && row.contains("two/irq[0], two/irq[1]")),
        "{shown:#?}"
    );
    // A slice takes what it is for.
    let slice = self::design(
        "ps processing_system7 IRQ_F2P<s:1
         s xlslice DIN_FROM=1 DIN_TO=1 Din<v:4 Dout>s:1
         dma user irq>v:4",
    );
    assert!(warned(&slice, WarningKind::LostBits).is_empty());
}
