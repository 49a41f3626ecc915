//! The processor: which one, and how its interrupt inputs are numbered.

/// A family of processors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Family {
    /// Zynq-7000.
    Zynq7000,
    /// Zynq UltraScale+.
    ZynqMp,
    /// Versal. Addresses are read, interrupts are not.
    Versal,
    /// MicroBlaze, a soft processor with one interrupt, which has number 0 here.
    MicroBlaze,
    /// MicroBlaze V, a soft processor with RISC-V instructions. Its one interrupt is the machine external interrupt, 11.
    MicroBlazeV,
}

/// The processor of a design.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Processor {
    /// Its family.
    pub family: Family,
    /// Path of its instance.
    pub path: String,
    /// Its VLNV.
    pub vlnv: String,
}

/// An interrupt input of a processor: a vector of pins with consecutive positions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InterruptInput {
    pub(crate) port: &'static str,
    /// Most bits that reach the interrupt controller.
    pub(crate) lines: u64,
    number: fn(u64) -> Option<u32>,
}

impl InterruptInput {
    /// The interrupt number of line `line`: the GIC's ID where there is one.
    pub(crate) fn gic_id(&self, line: u64) -> Option<u32> {
        if line < self.lines { (self.number)(line) } else { None }
    }
}

fn from(first: u32, line: u64) -> Option<u32> {
    u32::try_from(line).ok()?.checked_add(first)
}

impl Family {
    /// The family of a module by its IP name, if it is a processing system.
    pub(crate) fn of_ip(name: &str) -> Option<Self> {
        match name {
            "processing_system7" => Some(Self::Zynq7000),
            "zynq_ultra_ps_e" => Some(Self::ZynqMp),
            "versal_cips" | "ps_wizard" => Some(Self::Versal),
            _ => None,
        }
    }

    /// The family of a module by its IP name, if it is a soft processor.
    pub(crate) fn of_soft(name: &str) -> Option<Self> {
        match name {
            "microblaze_riscv" | "microblaze_mcs_riscv" => Some(Self::MicroBlazeV),
            _ if name.starts_with("microblaze") => Some(Self::MicroBlaze),
            _ => None,
        }
    }

    /// Its name, as people know it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Zynq7000 => "Zynq-7000",
            Self::ZynqMp => "Zynq UltraScale+",
            Self::Versal => "Versal",
            Self::MicroBlaze => "MicroBlaze",
            Self::MicroBlazeV => "MicroBlaze V",
        }
    }

    /// Whether its interrupts go through a GIC, whose numbers Linux counts from 32 on.
    #[must_use]
    pub fn has_gic(self) -> bool {
        matches!(self, Self::Zynq7000 | Self::ZynqMp | Self::Versal)
    }

    /// The interrupt inputs from programmable logic.
    pub(crate) fn interrupt_inputs(self) -> &'static [InterruptInput] {
        match self {
            // The sixteen lines are two blocks of shared peripheral interrupts.
            Self::Zynq7000 => &[InterruptInput {
                port: "IRQ_F2P",
                lines: 16,
                number: |line| if line < 8 { from(61, line) } else { from(84 - 8, line) },
            }],
            Self::ZynqMp => &[
                InterruptInput { port: "pl_ps_irq0", lines: 8, number: |line| from(121, line) },
                InterruptInput { port: "pl_ps_irq1", lines: 8, number: |line| from(136, line) },
            ],
            Self::Versal => &[],
            Self::MicroBlaze => &[InterruptInput { port: "Interrupt", lines: 1, number: |_| Some(0) }],
            Self::MicroBlazeV => &[InterruptInput { port: "Interrupt", lines: 1, number: |_| Some(11) }],
        }
    }

    /// Inputs that reach a CPU past the distributor. No operating system hands these out.
    pub(crate) fn private_inputs(self) -> &'static [&'static str] {
        match self {
            Self::Zynq7000 => &["Core0_nFIQ", "Core0_nIRQ", "Core1_nFIQ", "Core1_nIRQ"],
            _ => &[],
        }
    }

    /// The output that carries the processor's extended GPIO.
    pub(crate) fn gpio_output(self) -> Option<&'static str> {
        match self {
            Self::Zynq7000 => Some("GPIO_O"),
            Self::ZynqMp => Some("emio_gpio_o"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zynq_7000_lines_are_two_blocks() {
        let input = Family::Zynq7000.interrupt_inputs().first().expect("one input");
        assert_eq!([0, 7, 8, 15].map(|line| input.gic_id(line)), [Some(61), Some(68), Some(84), Some(91)]);
        assert_eq!(input.gic_id(16), None);
    }

    #[test]
    fn zynqmp_has_two_vectors_of_eight() {
        let [low, high] = Family::ZynqMp.interrupt_inputs() else { panic!("two inputs") };
        assert_eq!([low.gic_id(0), low.gic_id(7), low.gic_id(8)], [Some(121), Some(128), None]);
        assert_eq!([high.gic_id(0), high.gic_id(7), high.gic_id(8)], [Some(136), Some(143), None]);
    }
}
