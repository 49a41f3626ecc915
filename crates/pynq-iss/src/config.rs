//! What a processor has: the parameters of the hardware that a program can notice.

use crate::instruction::{Instruction, Product, Unary};

/// C_USE_HW_MUL.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Multiplier {
    /// 0: products are made in software.
    #[default]
    None,
    /// 1: `mul` and `muli`.
    Low,
    /// 2: also the high words.
    High,
}

/// C_USE_FPU.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Fpu {
    /// 0: floating point is made in software.
    #[default]
    None,
    /// 1: arithmetic and comparisons.
    Basic,
    /// 2: also conversions and the square root.
    Extended,
}

/// The parameters of a processor, by the names that they have in a handoff file.
///
/// The default is the smallest processor: no optional instruction, no interrupt, no exception.
///
/// ```
/// use pynq_iss::{Config, Multiplier};
///
/// let file = [("C_USE_HW_MUL", "1"), ("C_USE_BARREL", "0"), ("C_FAMILY", "zynq")];
/// let config = Config::from_parameters(file).unwrap();
/// assert_eq!(config, Config { multiplier: Multiplier::Low, ..Config::default() });
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Config {
    /// C_USE_BARREL: shifts by more than one, and bit fields.
    pub barrel: bool,
    /// C_USE_HW_MUL.
    pub multiplier: Multiplier,
    /// C_USE_DIV: `idiv`, `idivu`.
    pub divider: bool,
    /// C_USE_FPU.
    pub fpu: Fpu,
    /// C_USE_PCMP_INSTR: pattern compares and `clz`.
    pub pattern_compare: bool,
    /// C_USE_MSR_INSTR: `msrset`, `msrclr`.
    pub modify_status: bool,
    /// C_USE_REORDER_INSTR: accesses in the other byte order, `swapb`, `swaph`.
    pub reorder: bool,
    /// C_FSL_LINKS: stream links, 0 to 16.
    pub stream_links: u8,
    /// C_USE_INTERRUPT: there is an interrupt input.
    pub interrupt: bool,
    /// C_INTERRUPT_IS_EDGE: the input remembers a rising edge. C_EDGE_IS_POSITIVE is taken to be 1.
    pub interrupt_is_edge: bool,
    /// C_UNALIGNED_EXCEPTIONS. Without it the low bits of an address are dropped.
    pub unaligned_exception: bool,
    /// C_ILL_OPCODE_EXCEPTION. Without it an illegal instruction does nothing.
    pub illegal_opcode_exception: bool,
    /// C_OPCODE_0x0_ILLEGAL: the word 0, which is `add r0, r0, r0`, is illegal, so that a run into empty memory is found.
    pub opcode_0_illegal: bool,
    /// C_M_AXI_I_BUS_EXCEPTION. Without it a fetch that fails is a word 0.
    pub instruction_bus_exception: bool,
    /// C_M_AXI_D_BUS_EXCEPTION. Without it a load that fails returns 0.
    pub data_bus_exception: bool,
    /// C_DIV_ZERO_EXCEPTION. Without it only MSR.DZO tells.
    pub divide_exception: bool,
    /// C_FPU_EXCEPTION. Without it only the FSR tells.
    pub fpu_exception: bool,
    /// C_BASE_VECTORS: where the vectors are.
    pub base_vectors: u32,
}

/// A parameter whose value is not a number, or not one that it can have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConfigError {
    /// The parameter.
    pub parameter: &'static str,
    /// What it may be.
    pub expected: &'static str,
}

impl core::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} has a value that is not {}: correct it in the handoff file", self.parameter, self.expected)
    }
}

impl core::error::Error for ConfigError {}

impl Config {
    /// The I/O processors of PYNQ's base overlays: nothing but an interrupt input and the reorder instructions.
    pub const PYNQ_IOP: Self = Self { interrupt: true, reorder: true, ..Self::SMALLEST };

    /// Every optional group of instructions; no exception.
    pub const ALL_INSTRUCTIONS: Self = Self {
        barrel: true,
        multiplier: Multiplier::High,
        divider: true,
        fpu: Fpu::Extended,
        pattern_compare: true,
        modify_status: true,
        reorder: true,
        stream_links: 16,
        interrupt: true,
        ..Self::SMALLEST
    };

    const SMALLEST: Self = Self {
        barrel: false,
        multiplier: Multiplier::None,
        divider: false,
        fpu: Fpu::None,
        pattern_compare: false,
        modify_status: false,
        reorder: false,
        stream_links: 0,
        interrupt: false,
        interrupt_is_edge: false,
        unaligned_exception: false,
        illegal_opcode_exception: false,
        opcode_0_illegal: false,
        instruction_bus_exception: false,
        data_bus_exception: false,
        divide_exception: false,
        fpu_exception: false,
        base_vectors: 0,
    };

    /// Reads the parameters of a `microblaze` block. Those that are not here keep their default, names that mean nothing
    /// to this simulator are skipped.
    ///
    /// # Errors
    ///
    /// A value that is not a number, or out of range.
    pub fn from_parameters<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        for (name, value) in parameters {
            config.set(name, value)?;
        }
        Ok(config)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        let switches: [(&'static str, &mut bool); 14] = [
            ("C_USE_BARREL", &mut self.barrel),
            ("C_USE_DIV", &mut self.divider),
            ("C_USE_PCMP_INSTR", &mut self.pattern_compare),
            ("C_USE_MSR_INSTR", &mut self.modify_status),
            ("C_USE_REORDER_INSTR", &mut self.reorder),
            ("C_INTERRUPT_IS_EDGE", &mut self.interrupt_is_edge),
            ("C_UNALIGNED_EXCEPTIONS", &mut self.unaligned_exception),
            ("C_ILL_OPCODE_EXCEPTION", &mut self.illegal_opcode_exception),
            ("C_OPCODE_0x0_ILLEGAL", &mut self.opcode_0_illegal),
            ("C_M_AXI_I_BUS_EXCEPTION", &mut self.instruction_bus_exception),
            ("C_M_AXI_D_BUS_EXCEPTION", &mut self.data_bus_exception),
            ("C_DIV_ZERO_EXCEPTION", &mut self.divide_exception),
            ("C_FPU_EXCEPTION", &mut self.fpu_exception),
            // 2 is the low-latency mode, which differs in where the handler's address comes from.
            ("C_USE_INTERRUPT", &mut self.interrupt),
        ];
        for (parameter, switch) in switches {
            if name == parameter {
                let bad = ConfigError { parameter, expected: "0 or 1" };
                *switch = match number(value).ok_or(bad)? {
                    0 => false,
                    1 => true,
                    _ => return Err(bad),
                };
                return Ok(());
            }
        }
        match name {
            "C_USE_HW_MUL" => {
                let bad = ConfigError { parameter: "C_USE_HW_MUL", expected: "0, 1 or 2" };
                self.multiplier = match number(value).ok_or(bad)? {
                    0 => Multiplier::None,
                    1 => Multiplier::Low,
                    2 => Multiplier::High,
                    _ => return Err(bad),
                };
            }
            "C_USE_FPU" => {
                let bad = ConfigError { parameter: "C_USE_FPU", expected: "0, 1 or 2" };
                self.fpu = match number(value).ok_or(bad)? {
                    0 => Fpu::None,
                    1 => Fpu::Basic,
                    2 => Fpu::Extended,
                    _ => return Err(bad),
                };
            }
            "C_FSL_LINKS" => {
                let bad = ConfigError { parameter: "C_FSL_LINKS", expected: "a number from 0 to 16" };
                let links = number(value).filter(|links| *links <= 16).ok_or(bad)?;
                self.stream_links = links as u8;
            }
            "C_BASE_VECTORS" => {
                let bad =
                    ConfigError { parameter: "C_BASE_VECTORS", expected: "an address of 32 bits, a multiple of 128" };
                self.base_vectors = number(value).filter(|address| address % 128 == 0).ok_or(bad)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether the processor has this instruction. One that it has not is illegal.
    pub fn has(&self, instruction: &Instruction) -> bool {
        use crate::instruction::Access;
        match instruction {
            Instruction::Shift { .. } | Instruction::ExtractField { .. } | Instruction::InsertField { .. } => {
                self.barrel
            }
            Instruction::Multiply { op: Product::Low, .. } | Instruction::MultiplyImmediate { .. } => {
                self.multiplier >= Multiplier::Low
            }
            Instruction::Multiply { .. } => self.multiplier == Multiplier::High,
            Instruction::Divide { .. } => self.divider,
            Instruction::PatternCompare { .. } | Instruction::Unary { op: Unary::CountLeadingZeros, .. } => {
                self.pattern_compare
            }
            Instruction::Unary { op: Unary::SwapBytes | Unary::SwapHalves, .. } => self.reorder,
            Instruction::ModifyStatus { .. } => self.modify_status,
            Instruction::Load { access, .. } | Instruction::Store { access, .. } => match access {
                Access::Plain | Access::Exclusive => true,
                Access::Reversed => self.reorder,
                Access::Extended => false,
            },
            Instruction::Get { .. } | Instruction::Put { .. } => self.stream_links > 0,
            Instruction::Float { .. } | Instruction::FloatCompare { .. } => self.fpu >= Fpu::Basic,
            Instruction::FloatUnary { .. } => self.fpu == Fpu::Extended,
            Instruction::MoveFrom { extended, .. } | Instruction::MoveTo { extended, .. } => !extended,
            Instruction::Add { .. }
            | Instruction::Compare { .. }
            | Instruction::Logic { .. }
            | Instruction::Unary { .. }
            | Instruction::Cache { .. }
            | Instruction::Branch { .. }
            | Instruction::Break { .. }
            | Instruction::BranchIf { .. }
            | Instruction::Barrier { .. }
            | Instruction::Prefix { .. }
            | Instruction::Return { .. } => true,
        }
    }
}

/// Numbers are decimal or, with `0x`, hexadecimal.
fn number(text: &str) -> Option<u32> {
    let text = text.trim();
    let wide = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok()?,
        None => text.parse().ok()?,
    };
    u32::try_from(wide).ok()
}
