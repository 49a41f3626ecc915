//! Where QEMU's MicroBlaze does not follow the reference guide, the simulator does, and the two are not compared. QEMU's
//! version is 10.0. Besides what is here, random programs avoid what ends the emulator: `swx r0`, an exception in the delay
//! slot of `rtid`, `rtbd` and `rted`; a `brald` that links to the register it branches to; and an exception of an access in
//! the other byte order that is not aligned, for which the emulator notes an address that the program never had. While an
//! exception is in progress MSR.EE is not compared: the guide has it cleared, the emulator leaves it.

use pynq_iss::{Config, Cpu, FloatCondition, FloatUnary, Fsr, Instruction, Msr, Ram, Reg, Special, Unary};

use super::random::{reg, word};

/// Why an instruction would not be compared, with the registers as they are.
pub(crate) fn excluded(cpu: &Cpu, instruction: &Instruction) -> Option<&'static str> {
    let value = |register| cpu.register(register);
    match *instruction {
        Instruction::Divide { ra, rb, unsigned: false, .. } if value(ra) == u32::MAX && value(rb) == 1 << 31 => {
            Some("idiv of the least number by -1")
        }
        Instruction::Float { .. } | Instruction::FloatCompare { .. } | Instruction::FloatUnary { .. } => {
            let mut trial = Cpu::new(Config::ALL_INSTRUCTIONS);
            (0..32).for_each(|number| trial.set_register(reg(number), value(reg(number))));
            trial.step(&mut Ram::new(word(*instruction).to_le_bytes()));
            let flags = Fsr::from_bits_truncate(trial.special(Special::FSR).unwrap_or_default());
            if flags.contains(Fsr::DO) {
                Some("floating point: a denormal operand")
            } else if !matches!(instruction, Instruction::FloatCompare { .. }) && operands_are_nan(cpu, instruction) {
                Some("floating point: an operand that is not a number")
            } else if matches!(instruction, Instruction::FloatUnary { op: FloatUnary::ToInteger, .. })
                && flags.contains(Fsr::IO)
            {
                Some("fint of a number that is too large")
            } else if has_fraction(cpu, instruction) {
                Some("fint of a number with a fraction")
            } else if is_reversed(cpu, instruction) {
                Some("fcmp.le and fcmp.ge of numbers that differ")
            } else if flags.contains(Fsr::UF) {
                Some("floating point: a result that is too small")
            } else {
                None
            }
        }
        Instruction::Unary { op: Unary::ShiftArithmetic | Unary::ShiftCarry | Unary::ShiftLogical, rd, .. }
            if rd == Reg::ZERO =>
        {
            Some("the carry of sra, src and srl into r0")
        }
        Instruction::MoveFrom { special, .. } if Special(special) == Special::ESR => Some("resr outside of a handler"),
        Instruction::MoveFrom { special, .. } if Special(special) == Special::MSR && cpu.msr().contains(Msr::EIP) => {
            Some("rmsr during an exception")
        }
        _ => None,
    }
}

fn operands_are_nan(cpu: &Cpu, instruction: &Instruction) -> bool {
    let nan = |register| f32::from_bits(cpu.register(register)).is_nan();
    match *instruction {
        Instruction::Float { ra, rb, .. } => nan(ra) || nan(rb),
        Instruction::FloatUnary { op: FloatUnary::ToInteger | FloatUnary::SquareRoot, ra, .. } => nan(ra),
        _ => false,
    }
}

/// The emulator has `fcmp.le` and `fcmp.ge` compare A with B, and the others B with A.
fn is_reversed(cpu: &Cpu, instruction: &Instruction) -> bool {
    let number = |register| f32::from_bits(cpu.register(register));
    match *instruction {
        Instruction::FloatCompare {
            condition: FloatCondition::LessEqual | FloatCondition::GreaterEqual,
            ra,
            rb,
            ..
        } => number(ra) != number(rb),
        _ => false,
    }
}

/// The guide truncates it, the emulator rounds.
fn has_fraction(cpu: &Cpu, instruction: &Instruction) -> bool {
    match *instruction {
        Instruction::FloatUnary { op: FloatUnary::ToInteger, ra, .. } => {
            f32::from_bits(cpu.register(ra)).fract() != 0.0
        }
        _ => false,
    }
}
