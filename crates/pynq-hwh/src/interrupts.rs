//! The interrupt tree of a design: which pin raises which line of which controller.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::gates::{GateKind, Polarity};

/// How the input of an interrupt controller listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineKind {
    /// Latches a transition.
    Edge,
    /// Follows the state of the line.
    Level,
}

impl LineKind {
    /// `edge` or `level`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::Level => "level",
        }
    }
}

/// An interrupt output, and where it ends up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InterruptPin {
    /// Path of the interrupt controller it is wired to; `None` where it reaches the processor directly.
    pub controller: Option<String>,
    /// Its line: the input of that controller, or the bit of the processor's vector. The first one of several.
    pub line: u32,
    /// How many consecutive lines it takes: more than one for the vector output of a cell.
    pub width: u32,
    /// Interrupt number of the processor, where it reaches that directly and the number is known: the GIC's ID, or that of
    /// [`Family`](crate::Family) for a soft processor. The first one of several.
    pub ps_irq: Option<u32>,
    /// How the line listens, from C_KIND_OF_INTR of the controller (which is what the hardware does, whatever the
    /// source is); `None` where it reaches the processor directly.
    pub kind: Option<LineKind>,
    /// What the source says it is, where it says so.
    pub sensitivity: Option<LineKind>,
    /// When the source says it is active, where it says so (`LEVEL_LOW`, `EDGE_RISING`).
    pub polarity: Option<Polarity>,
    /// When the line takes it to be active.
    pub listens: Polarity,
    /// The gates that it passes, from its output on; keys of [`Interrupts::gates`]. Each hands its level on: while this
    /// output is active, so is the line.
    pub gates: Arc<[String]>,
}

/// What is wired to one line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// An output, as `path/PORT`, with `[bit]` for one bit of a vector.
    Pin(String),
    /// The output of the interrupt controller with this path.
    Controller(String),
    /// A constant.
    Constant,
    /// Nothing.
    Unconnected,
}

/// An AXI interrupt controller that reaches the processor.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Controller {
    /// Its base address as the processor sees it; `None` where the processor does not.
    pub base: Option<u64>,
    /// Number of hardware inputs (C_NUM_INTR_INPUTS).
    pub inputs: u32,
    /// Number of software interrupts, which stand above the hardware inputs (C_NUM_SW_INTR).
    pub software_inputs: u32,
    /// C_KIND_OF_INTR: bit set, edge; bit clear, level. Bits above the inputs mean nothing.
    pub kind_of_intr: u32,
    /// C_KIND_OF_EDGE: bit set, rising.
    pub kind_of_edge: u32,
    /// C_KIND_OF_LVL: bit set, active high.
    pub kind_of_level: u32,
    /// The controller whose input it drives; `None` where it drives the processor.
    pub parent: Option<String>,
    /// That controller's input, or the bit of the processor's vector.
    pub line: u32,
    /// Interrupt number of the processor, where it drives that and the number is known.
    pub ps_irq: Option<u32>,
    /// The gates that its output passes, as in [`InterruptPin::gates`].
    pub gates: Arc<[String]>,
    /// Whether the pending register exists (C_HAS_IPR).
    pub has_ipr: bool,
    /// Whether the set-enable register exists (C_HAS_SIE).
    pub has_sie: bool,
    /// Whether the clear-enable register exists (C_HAS_CIE).
    pub has_cie: bool,
    /// Whether the vector register exists (C_HAS_IVR).
    pub has_ivr: bool,
    /// Whether the level (nesting) register exists (C_HAS_ILR).
    pub has_ilr: bool,
    /// Whether the fast mode's registers exist (C_HAS_FAST).
    pub has_fast: bool,
    /// Whether the output is a level (C_IRQ_IS_LEVEL); else a pulse.
    pub irq_is_level: bool,
    /// Whether the output is active high, or rising (C_IRQ_ACTIVE).
    pub irq_active_high: bool,
    /// What is wired to each hardware input, by number.
    pub lines: Vec<Source>,
}

impl Controller {
    /// How input `line` listens, from C_KIND_OF_INTR.
    #[must_use]
    pub fn kind(&self, line: u32) -> LineKind {
        match self.kind_of_intr.checked_shr(line).unwrap_or(0) & 1 {
            1 => LineKind::Edge,
            _ => LineKind::Level,
        }
    }

    /// When input `line` takes its source to be active, from C_KIND_OF_LVL, or C_KIND_OF_EDGE of an edge.
    #[must_use]
    pub fn polarity(&self, line: u32) -> Polarity {
        let mask = match self.kind(line) {
            LineKind::Edge => self.kind_of_edge,
            LineKind::Level => self.kind_of_level,
        };
        Polarity::of_bit(mask.checked_shr(line).unwrap_or(1) & 1 == 1)
    }
}

/// Logic that interrupts pass on their way to a line.
///
/// ```
/// # let text = r#"<EDKSYSTEM><MODULES>
/// # <MODULE INSTANCE="ps" VLNV="x:ip:processing_system7:5.5"><PORTS><PORT DIR="I" NAME="IRQ_F2P" SIGNAME="r"/></PORTS></MODULE>
/// # <MODULE INSTANCE="o" VLNV="x:ip:util_vector_logic:2.0"><PARAMETERS><PARAMETER NAME="C_OPERATION" VALUE="or"/></PARAMETERS>
/// # <PORTS><PORT DIR="I" NAME="Op1" SIGNAME="a"/><PORT DIR="I" NAME="Op2" SIGNAME="b"/><PORT DIR="O" NAME="Res" SIGNAME="r"/></PORTS></MODULE>
/// # <MODULE INSTANCE="dma" VLNV="x:ip:axi_dma:7.1"><PORTS><PORT DIR="O" NAME="mm2s" SIGNAME="a"/><PORT DIR="O" NAME="s2mm" SIGNAME="b"/></PORTS></MODULE>
/// # </MODULES></EDKSYSTEM>"#;
/// let design = pynq_hwh::Design::parse(text)?;
/// let gate = &design.interrupts.gates["o/Res"];
/// assert_eq!((gate.kind, gate.inputs.len()), (pynq_hwh::GateKind::Or, 2));
/// assert_eq!(gate.inputs[1].source, pynq_hwh::Source::Pin("dma/s2mm".into()));
/// // What passes can be waited for.
/// assert_eq!(design.interrupt("dma/s2mm")?.ps_irq, Some(61));
/// # Ok::<(), pynq_hwh::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gate {
    /// Path of the cell.
    pub path: String,
    /// What it does.
    pub kind: GateKind,
    /// Its inputs.
    pub inputs: Vec<GateInput>,
}

/// An input of a [`Gate`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GateInput {
    /// `path/PORT`, or `path/PORT[bit]` for one bit of a vector.
    pub pin: String,
    /// What drives it. The output of a further gate is a [`Source::Pin`] which is a key of [`Interrupts::gates`].
    pub source: Source,
}

/// An interrupt output that can't be waited for, since a gate does not hand its level on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockedPin {
    /// The gate, a key of [`Interrupts::gates`].
    pub gate: String,
    /// What it does.
    pub kind: GateKind,
}

/// One interrupt line of the processor that something is wired to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessorLine {
    /// The processor's port: `IRQ_F2P`, `pl_ps_irq0`, ...
    pub port: String,
    /// The bit of it.
    pub line: u32,
    /// Interrupt number, where known: the GIC's ID, or that of [`Family`](crate::Family) for a soft processor.
    pub ps_irq: Option<u32>,
    /// What is wired to it.
    pub source: Source,
}

/// One controller on the way from the processor to a pin.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hop {
    /// Path of the controller.
    pub controller: String,
    /// Its input that leads on.
    pub line: u32,
    /// How that input listens.
    pub kind: LineKind,
}

/// The way from the processor to an interrupt pin.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InterruptChain {
    /// The bit of the processor's vector.
    pub ps_line: u32,
    /// Interrupt number, where known: the GIC's ID, or that of [`Family`](crate::Family) for a soft processor.
    pub ps_irq: Option<u32>,
    /// The controllers, from the processor's to the pin's. Empty where the pin reaches the processor directly.
    pub hops: Vec<Hop>,
}

/// The interrupt wiring of a design.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interrupts {
    /// The interrupt outputs that reach the processor, by pin (`path/PORT`). The bits of a vector that do not land on
    /// consecutive lines are pins of their own (`path/PORT[bit]`).
    pub pins: BTreeMap<String, InterruptPin>,
    /// The interrupt controllers that reach the processor, by path.
    pub controllers: BTreeMap<String, Controller>,
    /// The processor's lines in use, in the order of its ports.
    pub processor: Vec<ProcessorLine>,
    /// The gates that interrupts pass, by the pin of their output. These pins are in `pins` too, as what arrives.
    pub gates: BTreeMap<String, Gate>,
    /// The outputs that arrive at gates and get no further.
    pub blocked: BTreeMap<String, BlockedPin>,
}

impl Interrupts {
    /// The pin called `name`: `path/PORT`, or `path/PORT[bit]` for one bit of a vector.
    #[must_use]
    pub fn pin(&self, name: &str) -> Option<InterruptPin> {
        if let Some(pin) = self.pins.get(name) {
            return Some(pin.clone());
        }
        let (vector, bit) = name.strip_suffix(']')?.rsplit_once('[')?;
        let bit: u32 = bit.parse().ok()?;
        let pin = self.pins.get(vector).filter(|pin| bit < pin.width)?;
        let mut pin = pin.clone();
        pin.line = pin.line.checked_add(bit)?;
        pin.width = 1;
        if pin.controller.is_none() {
            // Lines of the processor are not always numbered in one piece.
            let number = |line: &ProcessorLine| line.source == Source::Pin(name.to_owned());
            pin.ps_irq = self.processor.iter().find(|line| number(line)).and_then(|line| line.ps_irq);
        }
        Some(pin)
    }

    /// The way from the processor to pin `name`; `None` if there is no such pin.
    #[must_use]
    pub fn chain(&self, name: &str) -> Option<InterruptChain> {
        let pin = self.pin(name)?;
        let (mut line, mut ps_irq) = (pin.line, pin.ps_irq);
        let mut at = pin.controller;
        let mut hops = Vec::new();
        while let Some(path) = at {
            let controller = self.controllers.get(&path)?;
            // Cascades have no loops, but this structure's fields are public.
            if hops.len() >= self.controllers.len() {
                return None;
            }
            hops.push(Hop { kind: controller.kind(line), controller: path, line });
            (line, ps_irq) = (controller.line, controller.ps_irq);
            at = controller.parent.clone();
        }
        hops.reverse();
        Some(InterruptChain { ps_line: line, ps_irq, hops })
    }
}
