//! The AXI interrupt controller (AXI INTC 4.1, PG099) as an interrupt node of up to 32 lines.
//!
//! Every input has a latch in front of its status bit. An **edge** input's latch is an event: it is acknowledged when
//! it is taken, before anyone is woken, so that an edge that arrives from then on is latched anew. A **level** input's
//! latch only says that the line was active since the last acknowledge, and sets again at once while it is; it is
//! acknowledged when the input is unmasked, after its device has been cleared. Which of the two an input is, the
//! controller's `C_KIND_OF_INTR` says and the source's own `SENSITIVITY` does not.
//!
//! The optional registers may be absent: pending lines are read from ISR, never IPR or IVR, and without SIE and CIE the
//! enables are kept in a shadow of IER, which the node's lock guards. IMR and ILR, where they exist, keep what a
//! previous user left: an input in fast mode ignores IAR, and ILR blocks the inputs from its number on. Both are put back
//! to their reset values. A block without them has less of a window, where a write can fault.

use core::fmt;

use crate::{
    Error, Mmio,
    interrupt::{InterruptHardware, InterruptSource, Line, Lines, Node, NodeHandle, NodeLock},
    maps::{AxiIntcRegisters, MasterEnable},
    regs::WindowTooSmall,
};

/// How an AXI INTC was built; the handoff file's `C_*` parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxiIntcConfig {
    /// `C_NUM_INTR_INPUTS`: hardware inputs, 1 to 32, from bit 0.
    pub inputs: u8,
    /// `C_NUM_SW_INTR`: software interrupts, above the inputs.
    pub software_interrupts: u8,
    /// `C_KIND_OF_INTR`: a one is an edge input, a zero a level input. Bits above the inputs mean nothing.
    pub kind_of_intr: u32,
    /// `C_HAS_SIE`.
    pub has_sie: bool,
    /// `C_HAS_CIE`.
    pub has_cie: bool,
    /// `C_HAS_ILR`.
    pub has_ilr: bool,
    /// `C_HAS_FAST`.
    pub has_fast: bool,
    /// `C_IRQ_IS_LEVEL`: whether the output stays active while something is pending, or is a pulse.
    pub output_is_level: bool,
}

impl AxiIntcConfig {
    /// A controller of `inputs` inputs with a level output, with SIE and CIE and without ILR and the fast mode, as Vivado
    /// builds it by default.
    #[must_use]
    pub const fn new(inputs: u8, kind_of_intr: u32) -> Self {
        Self {
            inputs,
            software_interrupts: 0,
            kind_of_intr,
            has_sie: true,
            has_cie: true,
            has_ilr: false,
            has_fast: false,
            output_is_level: true,
        }
    }
}

/// Why an AXI INTC could not be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AxiIntcError {
    /// The window doesn't hold the controller's registers.
    WindowTooSmall(WindowTooSmall),
    /// More lines than a controller can have, or none.
    LineCount {
        /// Hardware inputs and software interrupts together.
        found: u16,
    },
    /// The master enable register didn't take what was written: no controller, no clock, or the wrong byte order.
    NotResponding {
        /// What MER read instead of 3.
        mer: u32,
    },
}

impl fmt::Display for AxiIntcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WindowTooSmall(error) => error.fmt(f),
            Self::LineCount { found } => write!(
                f,
                "an AXI INTC has 1 to 32 lines, this one is said to have {found}; check its C_NUM_INTR_INPUTS and C_NUM_SW_INTR"
            ),
            Self::NotResponding { mer } => write!(
                f,
                "the AXI INTC's MER reads {mer:#x} after 3 was written; check its address, that the PL is programmed and that its clock runs",
            ),
        }
    }
}

impl core::error::Error for AxiIntcError {}

impl From<WindowTooSmall> for AxiIntcError {
    fn from(error: WindowTooSmall) -> Self {
        Self::WindowTooSmall(error)
    }
}

/// The register functions of an AXI INTC.
pub struct AxiIntcHardware<M: Mmio> {
    registers: AxiIntcRegisters<M>,
    config: AxiIntcConfig,
    /// Lines whose latch is an event: edge inputs and software interrupts.
    edges: u32,
    lines: u32,
    /// What IER holds.
    enabled: u32,
}

impl<M: Mmio> AxiIntcHardware<M> {
    /// Brings the controller into a known state: all lines masked, in normal mode and with no level that blocks them, all
    /// latches cleared, output on. Whatever a previous user of it left enabled is off.
    ///
    /// # Errors
    ///
    /// See [`AxiIntcError`].
    pub fn new(window: M, config: AxiIntcConfig) -> Result<Self, AxiIntcError> {
        let found = u16::from(config.inputs) + u16::from(config.software_interrupts);
        if !(1..=32).contains(&found) || config.inputs == 0 {
            return Err(AxiIntcError::LineCount { found });
        }
        let registers = AxiIntcRegisters::new(window)?;
        let (inputs, lines) = (ones(u16::from(config.inputs)), ones(found));
        registers.ier().write(0);
        // Before the acknowledge, which does nothing to an input in fast mode.
        if config.has_fast {
            registers.imr().write(0);
        }
        if config.has_ilr {
            registers.ilr().write(u32::MAX);
        }
        registers.iar().clear(lines);
        registers.mer().write(MasterEnable::ME | MasterEnable::HIE);
        let mer = registers.mer().read();
        if mer != MasterEnable::ME | MasterEnable::HIE {
            return Err(AxiIntcError::NotResponding { mer: mer.bits() });
        }
        let edges = config.kind_of_intr & inputs | lines & !inputs;
        Ok(Self { registers, config, edges, lines, enabled: 0 })
    }

    /// How many lines there are, software interrupts included.
    pub const fn line_count(&self) -> u8 {
        self.config.inputs + self.config.software_interrupts
    }

    /// A pulse output gives no further pulse until some line is acknowledged. If the service acknowledged none, this
    /// acknowledges a level line, whose latch is set again while it is active; or, if there is none, a line that is not
    /// pending, since acknowledging a pending edge would lose it.
    fn release_output(&self, pending: u32) {
        let level = self.lines & !self.edges;
        let candidates = if level == 0 { self.lines & !pending } else { level };
        self.registers.iar().clear(candidates & candidates.wrapping_neg());
    }
}

/// The lowest `count` bits set.
const fn ones(count: u16) -> u32 {
    if count >= 32 { u32::MAX } else { (1 << count) - 1 }
}

impl<M: Mmio + Send> InterruptHardware for AxiIntcHardware<M> {
    type Lines = Lines<32>;

    fn unmask(&mut self, lines: u32) {
        let level = lines & !self.edges;
        let acknowledged = if cfg!(pynq_mutant = "edge-acknowledged-when-armed") { lines } else { level };
        if acknowledged != 0 && !cfg!(pynq_mutant = "level-not-acknowledged-when-armed") {
            self.registers.iar().clear(acknowledged);
        } else if !self.config.output_is_level {
            self.release_output(self.registers.isr().read());
        }
        self.enabled |= lines;
        if self.config.has_sie {
            self.registers.sie().set(lines);
        } else {
            self.registers.ier().write(self.enabled);
        }
    }

    fn mask(&mut self, lines: u32) {
        self.enabled &= !lines;
        if self.config.has_cie {
            self.registers.cie().clear(lines);
        } else {
            self.registers.ier().write(self.enabled);
        }
    }

    fn ack_pending(&mut self, lines: u32) -> u32 {
        let status = self.registers.isr().read();
        let pending = status & lines;
        let acknowledged = if self.config.output_is_level { pending & self.edges } else { pending };
        let later = cfg!(any(pynq_mutant = "edge-acknowledged-when-armed", pynq_mutant = "acknowledge-after-wake"));
        if acknowledged != 0 && !later {
            self.registers.iar().clear(acknowledged);
        } else if !self.config.output_is_level {
            self.release_output(status);
        }
        pending
    }

    fn take_latched(&mut self, lines: u32) -> u32 {
        let latched = self.registers.isr().read() & lines & self.edges;
        if latched != 0 {
            self.registers.iar().clear(latched);
        }
        latched
    }

    fn clears_on_ack(&self) -> u32 {
        self.edges
    }

    fn read_back(&mut self) {
        self.registers.ier().read();
    }
}

impl<M: Mmio> fmt::Debug for AxiIntcHardware<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AxiIntcHardware").field("config", &self.config).finish_non_exhaustive()
    }
}

/// The node of an AXI INTC: over the window `M`, guarded by `L`, fed by `S`.
pub type AxiIntcNode<M, L, S> = Node<AxiIntcHardware<M>, L, S>;

/// An AXI interrupt controller. Clones are handles on the same one.
pub struct AxiIntc<M: Mmio> {
    node: NodeHandle<AxiIntcHardware<M>>,
}

impl<M: Mmio + Send + 'static> AxiIntc<M> {
    /// A handle on the controller whose node this is.
    pub fn new(node: impl Into<NodeHandle<AxiIntcHardware<M>>>) -> Self {
        Self { node: node.into() }
    }

    /// A handle on input or software interrupt `line`.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLine`] above the controller's lines, or the error the controller has failed with.
    pub fn line(&self, line: u8) -> Result<Line, Error> {
        self.node.line(line)
    }

    /// Raises software interrupt `line`.
    ///
    /// # Errors
    ///
    /// [`Error::NotASoftwareInterrupt`] or [`Error::NoSuchLine`], or the error the controller has failed with.
    pub fn raise(&self, line: u8) -> Result<(), Error> {
        self.node.with_hardware(|hardware| {
            if line >= hardware.line_count() {
                return Err(Error::NoSuchLine { line, lines: hardware.line_count() });
            }
            if line < hardware.config.inputs {
                return Err(Error::NotASoftwareInterrupt { line });
            }
            let software = hardware.lines & !ones(u16::from(hardware.config.inputs));
            let raised = hardware.registers.isr().read() & software;
            hardware.registers.isr().write(raised | 1 << line);
            Ok(())
        })?
    }

    /// The node, to put other nodes on its lines.
    pub const fn node(&self) -> &NodeHandle<AxiIntcHardware<M>> {
        &self.node
    }
}

impl<M: Mmio> Clone for AxiIntc<M> {
    fn clone(&self) -> Self {
        Self { node: self.node.clone() }
    }
}

impl<M: Mmio> fmt::Debug for AxiIntc<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AxiIntc").field("node", &self.node).finish()
    }
}

/// A node over `hardware`, for an `Arc` or a `static`.
pub const fn axi_intc_node<M: Mmio + Send + 'static, L, S>(
    lock: L,
    hardware: AxiIntcHardware<M>,
    source: S,
) -> AxiIntcNode<M, L, S>
where
    L: NodeLock + Send + Sync + 'static,
    S: InterruptSource + Send + Sync + 'static,
{
    let lines = hardware.line_count();
    Node::with_lines(lock, hardware, source, lines)
}
