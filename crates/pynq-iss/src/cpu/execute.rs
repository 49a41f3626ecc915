//! One instruction. An instruction that may have to wait, or that may raise an exception, finds out before it changes
//! anything.

use super::{Cpu, Delay, Step};
use crate::{
    bus::{Bus, BusError, Stored, StreamWord},
    float,
    instruction::{
        Access, Amount, Condition, Instruction, Link, Logic, Operand, Pattern, Product, Reg, ReturnFrom, Shift, Size,
        StreamMode, Unary,
    },
    status::{Exception, Fsr, Msr, Special},
};

impl Cpu {
    #[inline]
    fn read(&self, register: Reg) -> u32 {
        self.registers[register.index()]
    }

    /// The second operand, with the high half that an `imm` gave it.
    #[inline]
    fn operand(&self, b: Operand) -> u32 {
        match b {
            Operand::Register(register) => self.read(register),
            Operand::Immediate(low) => self.constant(low),
        }
    }

    #[inline]
    fn constant(&self, low: i16) -> u32 {
        match self.prefix {
            None => i32::from(low) as u32,
            Some(high) => u32::from(high) << 16 | u32::from(low as u16),
        }
    }

    #[inline]
    pub(super) fn perform<B: Bus>(&mut self, bus: &mut B, instruction: &Instruction) -> Step {
        match *instruction {
            Instruction::Add { rd, ra, b, subtract, carry, keep } => {
                let first = self.read(ra) ^ if subtract { u32::MAX } else { 0 };
                let carry_in = if carry { self.carry } else { subtract };
                let sum = u64::from(first) + u64::from(self.operand(b)) + u64::from(carry_in);
                if !keep {
                    self.carry = sum >> 32 != 0;
                }
                self.write(rd, sum as u32);
                self.next()
            }
            Instruction::Compare { rd, ra, rb, unsigned } => {
                let (a, b) = (self.read(ra), self.read(rb));
                let greater = if unsigned { a > b } else { a as i32 > b as i32 };
                self.write(rd, b.wrapping_sub(a) & !(1 << 31) | u32::from(greater) << 31);
                self.next()
            }
            Instruction::Logic { op, rd, ra, b } => {
                let (a, b) = (self.read(ra), self.operand(b));
                let value = match op {
                    Logic::Or => a | b,
                    Logic::And => a & b,
                    Logic::Xor => a ^ b,
                    Logic::AndNot => a & !b,
                };
                self.write(rd, value);
                self.next()
            }
            Instruction::Load { size, access, rd, ra, b } => self.load(bus, size, access, rd, self.sum(ra, b)),
            Instruction::Store { size, access, rd, ra, b } => self.store(bus, size, access, rd, self.sum(ra, b)),
            Instruction::Branch { rd, b, delay, absolute, link } => {
                let base = if absolute { 0 } else { self.pc };
                let target = base.wrapping_add(self.operand(b));
                if self.delay.is_some() {
                    return self.next();
                }
                if link {
                    self.write(rd, self.pc);
                }
                self.branch(target, delay)
            }
            Instruction::BranchIf { condition, ra, b, delay } => {
                let a = self.read(ra) as i32;
                let taken = match condition {
                    Condition::Equal => a == 0,
                    Condition::NotEqual => a != 0,
                    Condition::Less => a < 0,
                    Condition::LessEqual => a <= 0,
                    Condition::Greater => a > 0,
                    Condition::GreaterEqual => a >= 0,
                };
                if self.delay.is_some() {
                    return self.next();
                }
                if taken {
                    self.branch(self.pc.wrapping_add(self.operand(b)), delay)
                } else if delay {
                    // What follows is in the delay slot all the same: no interrupt, no branch.
                    self.branch(self.pc.wrapping_add(8), true)
                } else {
                    self.next()
                }
            }
            Instruction::Prefix { high } if self.delay.is_none() => {
                self.finish();
                self.prefix = Some(high);
                self.pc = self.pc.wrapping_add(4);
                Step::Executed
            }
            Instruction::Prefix { .. } => self.next(),
            Instruction::Return { from, ra, offset } => {
                let target = self.read(ra).wrapping_add(self.constant(offset));
                if self.delay.is_some() { self.next() } else { self.delayed(target, from) }
            }
            Instruction::Unary { op, rd, ra } => self.unary(op, rd, ra),
            _ => self.perform_rare(bus, instruction),
        }
    }

    /// The instructions that few programs have, or few times.
    fn perform_rare<B: Bus>(&mut self, bus: &mut B, instruction: &Instruction) -> Step {
        if !self.config.has(instruction) {
            return self.illegal();
        }
        match *instruction {
            Instruction::Break { rd, b } if self.delay.is_none() => {
                let target = self.operand(b);
                self.write(rd, self.pc);
                self.msr |= Msr::BIP;
                self.reservation = false;
                return self.branch(target, false);
            }
            Instruction::Barrier { kind } if kind & 16 != 0 && self.delay.is_none() => self.asleep = true,
            Instruction::PatternCompare { op, rd, ra, rb } => {
                let (a, b) = (self.read(ra), self.read(rb));
                let value = match op {
                    Pattern::Equal => u32::from(a == b),
                    Pattern::NotEqual => u32::from(a != b),
                    Pattern::ByteFind => {
                        let equal = (0..4).find(|byte| ((a ^ b) << (8 * byte)) >> 24 == 0);
                        equal.map_or(0, |byte| byte + 1)
                    }
                };
                self.write(rd, value);
            }
            Instruction::Multiply { op, rd, ra, rb } => {
                let (a, b) = (self.read(ra), self.read(rb));
                let (signed_a, signed_b) = (i64::from(a as i32), i64::from(b as i32));
                let value = match op {
                    Product::Low => a.wrapping_mul(b),
                    Product::High => ((signed_a * signed_b) >> 32) as u32,
                    Product::HighSignedUnsigned => ((signed_a * i64::from(b)) >> 32) as u32,
                    Product::HighUnsigned => ((u64::from(a) * u64::from(b)) >> 32) as u32,
                };
                self.write(rd, value);
            }
            Instruction::MultiplyImmediate { rd, ra, immediate } => {
                self.write(rd, self.read(ra).wrapping_mul(self.constant(immediate)));
            }
            Instruction::Divide { rd, ra, rb, unsigned } => return self.divide(rd, ra, rb, unsigned),
            Instruction::Shift { op, rd, ra, by } => {
                let by = match by {
                    Amount::Register(rb) => self.read(rb),
                    Amount::Immediate(by) => by.into(),
                };
                let a = self.read(ra);
                let value = match op {
                    Shift::RightLogical => a.wrapping_shr(by),
                    Shift::RightArithmetic => (a as i32).wrapping_shr(by) as u32,
                    Shift::Left => a.wrapping_shl(by),
                };
                self.write(rd, value);
            }
            Instruction::ExtractField { rd, ra, width, shift } if width != 0 && width + shift <= 32 => {
                self.write(rd, self.read(ra) >> shift & ones(width));
            }
            Instruction::InsertField { rd, ra, last, shift } if shift <= last => {
                let mask = ones(last - shift + 1) << shift;
                self.write(rd, self.read(rd) & !mask | self.read(ra) << shift & mask);
            }
            Instruction::MoveFrom { rd, special, .. } => {
                if let Some(value) = self.special(Special(special)) {
                    self.write(rd, value);
                }
            }
            Instruction::MoveTo { special, ra, .. } => self.set_special(special, self.read(ra)),
            Instruction::ModifyStatus { rd, mask, set } => {
                let before = self.msr();
                let mask = Msr::from_bits_truncate(mask.into());
                self.set_msr(if set { before | mask } else { before - mask });
                self.write(rd, before.bits());
            }
            Instruction::Get { rd, link, mode } => return self.get(bus, rd, link, mode),
            Instruction::Put { ra, link, mode } => return self.put(bus, ra, link, mode),
            Instruction::Float { op, rd, ra, rb } => {
                let result = float::arithmetic(op, self.read(ra), self.read(rb));
                return self.float(rd, result);
            }
            Instruction::FloatCompare { condition, rd, ra, rb } => {
                let result = float::compare(condition, self.read(ra), self.read(rb));
                return self.float(rd, result);
            }
            Instruction::FloatUnary { op, rd, ra } => return self.float(rd, float::unary(op, self.read(ra))),
            // Cache operations do nothing, a barrier has nothing to order, and a break in a delay slot is not taken. Fields
            // that reach beyond the word are not defined; this processor leaves rd as it is.
            _ => {}
        }
        self.next()
    }

    #[inline]
    fn unary(&mut self, op: Unary, rd: Reg, ra: Reg) -> Step {
        let a = self.read(ra);
        let value = match op {
            Unary::ShiftArithmetic => (a as i32 >> 1) as u32,
            Unary::ShiftCarry => a >> 1 | u32::from(self.carry) << 31,
            Unary::ShiftLogical => a >> 1,
            Unary::ExtendByte => a as i8 as u32,
            Unary::ExtendHalf => a as i16 as u32,
            Unary::CountLeadingZeros if self.config.pattern_compare => a.leading_zeros(),
            Unary::SwapBytes if self.config.reorder => a.swap_bytes(),
            Unary::SwapHalves if self.config.reorder => a.rotate_left(16),
            Unary::CountLeadingZeros | Unary::SwapBytes | Unary::SwapHalves => return self.illegal(),
        };
        if matches!(op, Unary::ShiftArithmetic | Unary::ShiftCarry | Unary::ShiftLogical) {
            self.carry = a & 1 != 0;
        }
        self.write(rd, value);
        self.next()
    }

    fn divide(&mut self, rd: Reg, ra: Reg, rb: Reg, unsigned: bool) -> Step {
        const OVERFLOW: u32 = 1 << 11;
        let (divisor, dividend) = (self.read(ra), self.read(rb));
        let quotient = match (divisor, unsigned) {
            (0, _) => None,
            (_, true) => Some(dividend / divisor),
            (_, false) => (dividend as i32).checked_div(divisor as i32).map(|quotient| quotient as u32),
        };
        if quotient.is_none() {
            self.msr |= Msr::DZO;
            if self.traps(self.config.divide_exception) {
                return self.trap(Exception::Divide, if divisor == 0 { 0 } else { OVERFLOW });
            }
        }
        self.write(rd, quotient.unwrap_or(if divisor == 0 { 0 } else { dividend }));
        self.next()
    }

    fn float(&mut self, rd: Reg, (value, flags): (u32, Fsr)) -> Step {
        if !self.fsr.contains(flags) {
            self.fsr |= flags;
            self.changed();
        }
        if !flags.is_empty() && self.traps(self.config.fpu_exception) {
            return self.trap(Exception::FloatingPoint, 0);
        }
        self.write(rd, value);
        self.next()
    }

    #[inline]
    fn sum(&self, ra: Reg, b: Operand) -> u32 {
        self.read(ra).wrapping_add(self.operand(b))
    }

    /// The address on the bus, or the exception that it is.
    #[inline]
    fn aligned(&mut self, address: u32, size: Size, access: Access, rd: Reg, store: bool) -> Result<u32, Step> {
        let low = size.bytes() - 1;
        // An exclusive access never raises it.
        if address & low != 0 && access != Access::Exclusive && self.traps(self.config.unaligned_exception) {
            let word = if size == Size::Word { 1 << 11 } else { 0 };
            let detail = word | u32::from(store) << 10 | u32::from(rd.number()) << 5;
            self.ear = address;
            return Err(self.trap(Exception::Unaligned, detail));
        }
        // In the other byte order the lanes of a word are counted from its other end.
        let lanes = if access == Access::Reversed { 4 - size.bytes() } else { 0 };
        Ok((address & !low) ^ lanes)
    }

    #[inline]
    fn load<B: Bus>(&mut self, bus: &mut B, size: Size, access: Access, rd: Reg, address: u32) -> Step {
        if access == Access::Extended || access == Access::Reversed && !self.config.reorder {
            return self.illegal();
        }
        let address = match self.aligned(address, size, access, rd, false) {
            Ok(address) => address,
            Err(step) => return step,
        };
        let value = match bus.load(address, size) {
            Ok(value) => value,
            Err(error) => match self.bus_error(error, address) {
                Some(step) => return step,
                None => 0,
            },
        };
        if access == Access::Exclusive {
            self.reservation = true;
            self.carry = false;
        }
        self.write(rd, if access == Access::Reversed { reversed(value, size) } else { value });
        self.next()
    }

    #[inline]
    fn store<B: Bus>(&mut self, bus: &mut B, size: Size, access: Access, rd: Reg, address: u32) -> Step {
        if access == Access::Extended || access == Access::Reversed && !self.config.reorder {
            return self.illegal();
        }
        let address = match self.aligned(address, size, access, rd, true) {
            Ok(address) => address,
            Err(step) => return step,
        };
        if access == Access::Exclusive && !self.reservation {
            self.carry = true;
            return self.next();
        }
        let value = self.read(rd);
        let value = if access == Access::Reversed { reversed(value, size) } else { value };
        match bus.store(address, size, value) {
            Ok(Stored::Same) => {}
            Ok(Stored::Changed) => self.changed(),
            Err(error) => {
                if let Some(step) = self.bus_error(error, address) {
                    return step;
                }
            }
        }
        if access == Access::Exclusive {
            self.reservation = false;
            self.carry = false;
        }
        self.next()
    }

    /// What an access that failed does; `None`: it is as if nothing had been there.
    #[cold]
    fn bus_error(&mut self, error: BusError, address: u32) -> Option<Step> {
        match error {
            BusError::Wait => Some(Step::Waiting),
            BusError::NoResponse if self.traps(self.config.data_bus_exception) => {
                self.ear = address;
                Some(self.trap(Exception::DataBus, 0))
            }
            BusError::NoResponse => None,
        }
    }

    fn link(&self, link: Link) -> u8 {
        match link {
            Link::Fixed(link) => link,
            Link::Register(register) => (self.read(register) & 15) as u8,
        }
    }

    fn get<B: Bus>(&mut self, bus: &mut B, rd: Reg, link: Link, mode: StreamMode) -> Step {
        let link = self.link(link);
        // A link that is not built has no word.
        let word = if link < self.config.stream_links { bus.get(link, false) } else { None };
        let Some(StreamWord { data, control }) = word else {
            if !mode.non_blocking {
                return Step::Waiting;
            }
            self.carry = true;
            return self.next();
        };
        if mode.non_blocking {
            self.carry = false;
        }
        if !mode.test {
            let _ = bus.get(link, true);
            self.changed();
        }
        if control != mode.control {
            self.msr |= Msr::FSL;
            if mode.exception && self.traps(true) {
                self.edr = data;
                return self.trap(Exception::Stream, u32::from(link) << 5);
            }
        }
        self.write(rd, data);
        self.next()
    }

    fn put<B: Bus>(&mut self, bus: &mut B, ra: Reg, link: Link, mode: StreamMode) -> Step {
        let link = self.link(link);
        let word = StreamWord { data: self.read(ra), control: mode.control };
        let taken = link < self.config.stream_links && bus.put(link, (!mode.test).then_some(word));
        if !taken && !mode.non_blocking {
            return Step::Waiting;
        }
        if mode.non_blocking {
            self.carry = !taken;
        }
        if !mode.test {
            self.changed();
        }
        self.next()
    }

    #[inline]
    fn branch(&mut self, target: u32, delay: bool) -> Step {
        if delay {
            return self.delayed(target, ReturnFrom::Subroutine);
        }
        self.finish();
        self.pc = target & !3;
        Step::Executed
    }

    /// The delay slot comes first.
    #[inline]
    fn delayed(&mut self, target: u32, from: ReturnFrom) -> Step {
        self.finish();
        self.delay = Some(Delay { target: target & !3, from });
        self.pc = self.pc.wrapping_add(4);
        Step::Executed
    }

    /// On to the next instruction, or to where the branch before this one goes.
    #[inline]
    pub(super) fn next(&mut self) -> Step {
        self.finish();
        self.pc = match self.delay.take() {
            None => self.pc.wrapping_add(4),
            Some(delay) => {
                if delay.from != ReturnFrom::Subroutine {
                    self.end(delay.from);
                }
                delay.target
            }
        };
        Step::Executed
    }

    /// The end of every instruction that was executed.
    #[inline]
    fn finish(&mut self) {
        self.prefix = None;
        self.instructions = self.instructions.wrapping_add(1);
    }

    /// What a return allows again, once its delay slot is over.
    fn end(&mut self, from: ReturnFrom) {
        match from {
            ReturnFrom::Subroutine => {}
            ReturnFrom::Interrupt => self.msr |= Msr::IE,
            ReturnFrom::Break => self.msr -= Msr::BIP,
            ReturnFrom::Exception => {
                self.msr |= Msr::EE;
                self.msr -= Msr::EIP;
                self.esr = 0;
            }
        }
        self.attention = true;
    }
}

/// A word whose lowest bits, as many as that, are ones.
const fn ones(count: u8) -> u32 {
    if count >= 32 { u32::MAX } else { (1 << count) - 1 }
}

#[inline]
fn reversed(value: u32, size: Size) -> u32 {
    match size {
        Size::Byte => value,
        Size::Half => u32::from((value as u16).swap_bytes()),
        Size::Word => value.swap_bytes(),
    }
}
