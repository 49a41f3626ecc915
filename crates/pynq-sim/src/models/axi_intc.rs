//! The AXI interrupt controller, from its data sheet (PG099).
//!
//! What software takes for one status bit is three things in the hardware, and every trap of this block comes from
//! the difference: an input **latch** that only an acknowledge clears, the status register **ISR** that copies the
//! latch while hardware inputs are enabled, and the **output**, which has a memory of its own.
//!
//! The model works in whole AXI clocks: a register write and the clock after it happen in one call. A level line that
//! is still active when it is acknowledged is therefore pending again when the write returns, as on the hardware; that
//! the output was low for one clock in between is reported by [`AxiIntcModel::take_pulse`].

use crate::device::{Bus, Device, Port, PortKind};

#[cfg(test)]
mod tests;

/// Interrupt status.
pub const ISR: u32 = 0x00;
/// Interrupt pending: ISR and IER.
pub const IPR: u32 = 0x04;
/// Interrupt enable.
pub const IER: u32 = 0x08;
/// Interrupt acknowledge.
pub const IAR: u32 = 0x0C;
/// Set interrupt enable.
pub const SIE: u32 = 0x10;
/// Clear interrupt enable.
pub const CIE: u32 = 0x14;
/// Interrupt vector: the number of the lowest pending input.
pub const IVR: u32 = 0x18;
/// Master enable.
pub const MER: u32 = 0x1C;
/// Interrupt level: inputs numbered from here on can't drive the output.
pub const ILR: u32 = 0x24;

const ME: u32 = 1 << 0;
const HIE: u32 = 1 << 1;

/// How the controller was built: the parameters of the same names in the handoff file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntcParams {
    /// Hardware inputs (`C_NUM_INTR_INPUTS`).
    pub inputs: u8,
    /// Software interrupts, in the bits just above the inputs (`C_NUM_SW_INTR`).
    pub sw: u8,
    /// Bit set: the input is edge-sensitive (`C_KIND_OF_INTR`).
    pub kind_of_intr: u32,
    /// Bit set: an edge input takes rising edges (`C_KIND_OF_EDGE`).
    pub kind_of_edge: u32,
    /// Bit set: a level input is active high (`C_KIND_OF_LVL`).
    pub kind_of_lvl: u32,
    /// The output is a level; otherwise a pulse of one clock (`C_IRQ_IS_LEVEL`).
    pub irq_is_level: bool,
    /// The output is active high (`C_IRQ_ACTIVE`).
    pub irq_active: bool,
    /// The pending register exists (`C_HAS_IPR`).
    pub has_ipr: bool,
    /// The set-enable register exists (`C_HAS_SIE`).
    pub has_sie: bool,
    /// The clear-enable register exists (`C_HAS_CIE`).
    pub has_cie: bool,
    /// The vector register exists (`C_HAS_IVR`).
    pub has_ivr: bool,
    /// The level register exists (`C_HAS_ILR`).
    pub has_ilr: bool,
}

impl Default for IntcParams {
    /// One level input and a level output, both active high, with the optional registers that Vivado includes.
    fn default() -> Self {
        Self {
            inputs: 1,
            sw: 0,
            kind_of_intr: 0,
            kind_of_edge: u32::MAX,
            kind_of_lvl: u32::MAX,
            irq_is_level: true,
            irq_active: true,
            has_ipr: true,
            has_sie: true,
            has_cie: true,
            has_ivr: true,
            has_ilr: false,
        }
    }
}

/// The register-level model. It is a value without references or allocations, so a property test can run it alone.
#[derive(Clone, Debug)]
pub struct AxiIntcModel {
    params: IntcParams,
    hw: u32,
    sw: u32,
    lines: u32,
    latch: u32,
    isr: u32,
    ier: u32,
    mer: u32,
    ilr: u32,
    asserted: bool,
    /// A pulse output was used and waits for an acknowledge.
    pulsed: bool,
    /// The output at the last call of [`take_pulse`](Self::take_pulse).
    seen: bool,
    excursion: bool,
    /// Fault: edges on these inputs are not noticed, once each.
    deaf: u32,
}

const fn low_bits(count: u32) -> u32 {
    if count >= 32 { u32::MAX } else { (1 << count) - 1 }
}

impl AxiIntcModel {
    /// A controller that has just been reset, with all its lines low.
    #[must_use]
    pub fn new(params: IntcParams) -> Self {
        let hw = low_bits(u32::from(params.inputs));
        let sw = low_bits(u32::from(params.inputs) + u32::from(params.sw)) & !hw;
        let mut model = Self {
            params,
            hw,
            sw,
            lines: 0,
            latch: 0,
            isr: 0,
            ier: 0,
            mer: 0,
            ilr: u32::MAX,
            asserted: false,
            pulsed: false,
            seen: false,
            excursion: false,
            deaf: 0,
        };
        model.reset();
        model
    }

    /// How the controller was built.
    #[must_use]
    pub const fn params(&self) -> &IntcParams {
        &self.params
    }

    /// The AXI reset. The lines stay as they are; a rising-edge input that is already high counts as an edge.
    pub fn reset(&mut self) {
        (self.isr, self.ier, self.mer, self.ilr) = (0, 0, 0, u32::MAX);
        (self.asserted, self.pulsed, self.deaf) = (false, false, 0);
        self.latch = self.lines & self.params.kind_of_intr & self.params.kind_of_edge & self.hw;
        self.clock();
        (self.seen, self.excursion) = (self.asserted, false);
    }

    /// Reads a register.
    #[must_use]
    pub fn read(&self, offset: u32) -> u32 {
        match offset {
            ISR => self.isr,
            IPR if self.params.has_ipr => self.isr & self.ier,
            IER => self.ier,
            IVR if self.params.has_ivr && self.isr & self.ier != 0 => (self.isr & self.ier).trailing_zeros(),
            IVR => u32::MAX,
            MER => self.mer,
            ILR if self.params.has_ilr => self.ilr,
            _ => 0, // IAR, SIE and CIE are strobes; what is absent reads 0
        }
    }

    /// Writes a register, and runs the clock after it.
    pub fn write(&mut self, offset: u32, value: u32) {
        match offset {
            ISR if self.mer & HIE == 0 => self.isr = value & (self.hw | self.sw),
            ISR => self.isr = (self.isr & !self.sw) | (value & self.sw),
            IER => self.ier = value & (self.hw | self.sw),
            IAR => {
                self.isr &= !value;
                self.latch &= !value;
                if value & (self.hw | self.sw) != 0 {
                    self.pulsed = false;
                }
                // The strobe's own clock: the output sees the bits gone before an active level sets them again.
                self.drive();
            }
            SIE if self.params.has_sie => self.ier |= value & (self.hw | self.sw),
            CIE if self.params.has_cie => self.ier &= !value,
            MER => self.mer = (value & (ME | HIE)) | (self.mer & HIE), // HIE is sticky
            ILR if self.params.has_ilr => self.ilr = value,
            _ => {}
        }
        self.clock();
    }

    /// Sets the level of every hardware input at once; bit n is `intr[n]`.
    pub fn set_inputs(&mut self, bits: u32) {
        let (old, new) = (self.lines, bits & self.hw);
        self.lines = new;
        let rising = new & !old & self.params.kind_of_edge;
        let falling = old & !new & !self.params.kind_of_edge;
        let edges = (rising | falling) & self.params.kind_of_intr;
        self.latch |= edges & !self.deaf;
        self.deaf &= !edges;
        self.clock();
    }

    /// The inputs as they were last set.
    #[must_use]
    pub const fn inputs(&self) -> u32 {
        self.lines
    }

    /// The level of the output. A pulse output is at its inactive level between its pulses, see
    /// [`take_pulse`](Self::take_pulse).
    #[must_use]
    pub const fn irq(&self) -> bool {
        self.asserted == self.params.irq_active
    }

    /// Whether the output left its present level and came back since the last call of this: the pulse of a pulse
    /// output, or the clock for which a level output drops when an input that is still active is acknowledged.
    pub fn take_pulse(&mut self) -> bool {
        self.seen = self.asserted;
        core::mem::take(&mut self.excursion)
    }

    /// Fault: the next edge on each of these inputs goes unnoticed.
    pub fn lose_edges(&mut self, bits: u32) {
        self.deaf |= bits & self.hw;
    }

    fn clock(&mut self) {
        let active = (self.lines ^ !self.params.kind_of_lvl) & !self.params.kind_of_intr & self.hw;
        self.latch |= active;
        if self.mer & HIE != 0 {
            self.isr = (self.isr & self.sw) | self.latch;
        }
        self.drive();
    }

    fn drive(&mut self) {
        let pending = self.isr & self.ier & low_bits(self.ilr);
        let enabled = self.mer & ME != 0;
        if !self.params.irq_is_level {
            if pending != 0 && enabled && !self.pulsed {
                (self.pulsed, self.excursion) = (true, true);
            }
            return;
        }
        let before = self.asserted;
        // ME lets the output rise; it falls only when the last pending bit is cleared.
        self.asserted = pending != 0 && (before || enabled);
        if self.asserted != before && self.asserted == self.seen {
            self.excursion = true;
        }
    }
}

const IRQ: usize = 1;

static PORTS: [Port; 2] =
    [Port::new("intr", PortKind::Input, 32).acknowledged_by(IAR), Port::new("irq", PortKind::Signal, 1)];

impl Device for AxiIntcModel {
    fn ports(&self) -> &[Port] {
        &PORTS
    }

    fn width(&self, port: usize) -> u8 {
        if port == IRQ { 1 } else { self.params.inputs }
    }

    fn reset(&mut self, _: &mut Bus<'_>) {
        self.reset();
    }

    fn read(&mut self, offset: u32, bus: &mut Bus<'_>) -> u32 {
        bus.settled();
        AxiIntcModel::read(self, offset)
    }

    fn write(&mut self, offset: u32, value: u32, _: &mut Bus<'_>) {
        AxiIntcModel::write(self, offset, value);
    }

    fn set_input(&mut self, _: usize, bits: u32, _: &mut Bus<'_>) {
        self.set_inputs(bits);
    }

    fn is_still(&self) -> bool {
        true
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        bus.set(IRQ, self.irq().into());
        bus.pulse(IRQ, self.take_pulse().into());
    }
}
