//! A program for a MicroBlaze, put together in a test: instructions of the base set, labels, constants of 32 bits.

use pynq_iss::{Access, Condition, Instruction, Logic, Operand, Reg, Size};

/// A program that grows. Registers are given by their numbers; `r18` is used for addresses that the methods make.
#[derive(Default)]
pub(crate) struct Assembler {
    words: Vec<u32>,
    labels: Vec<(&'static str, usize)>,
    /// Branches to be resolved: the word of the instruction, and where it goes.
    branches: Vec<(usize, &'static str)>,
}

fn r(number: u8) -> Reg {
    Reg::new(number).expect("a register")
}

#[allow(dead_code)]
impl Assembler {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn instruction(&mut self, instruction: Instruction) -> &mut Self {
        self.words.push(instruction.encode().expect("an instruction that has a word"));
        self
    }

    /// A place to branch to.
    pub(crate) fn label(&mut self, name: &'static str) -> &mut Self {
        self.labels.push((name, self.words.len()));
        self
    }

    /// Goes on at this address, a multiple of four behind what there is.
    pub(crate) fn origin(&mut self, address: usize) -> &mut Self {
        assert!(address / 4 >= self.words.len(), "the program is there already");
        self.words.resize(address / 4, 0);
        self
    }

    fn prefix(&mut self, value: u32) -> Operand {
        self.instruction(Instruction::Prefix { high: (value >> 16) as u16 });
        Operand::Immediate(value as u16 as i16)
    }

    /// rd = value
    pub(crate) fn li(&mut self, rd: u8, value: u32) -> &mut Self {
        let b = self.prefix(value);
        self.add_operand(rd, 0, b)
    }

    fn add_operand(&mut self, rd: u8, ra: u8, b: Operand) -> &mut Self {
        self.instruction(Instruction::Add { rd: r(rd), ra: r(ra), b, subtract: false, carry: false, keep: true })
    }

    /// rd = ra + value
    pub(crate) fn addi(&mut self, rd: u8, ra: u8, value: i16) -> &mut Self {
        self.add_operand(rd, ra, Operand::Immediate(value))
    }

    /// rd = ra + rb
    pub(crate) fn add(&mut self, rd: u8, ra: u8, rb: u8) -> &mut Self {
        self.add_operand(rd, ra, Operand::Register(r(rb)))
    }

    /// rd = ra & value
    pub(crate) fn andi(&mut self, rd: u8, ra: u8, value: i16) -> &mut Self {
        let b = Operand::Immediate(value);
        self.instruction(Instruction::Logic { op: Logic::And, rd: r(rd), ra: r(ra), b })
    }

    /// rd = ra ^ rb
    pub(crate) fn xor(&mut self, rd: u8, ra: u8, rb: u8) -> &mut Self {
        let b = Operand::Register(r(rb));
        self.instruction(Instruction::Logic { op: Logic::Xor, rd: r(rd), ra: r(ra), b })
    }

    /// rd = the word at ra + offset
    pub(crate) fn lw(&mut self, rd: u8, ra: u8, offset: i16) -> &mut Self {
        let (size, access, b) = (Size::Word, Access::Plain, Operand::Immediate(offset));
        self.instruction(Instruction::Load { size, access, rd: r(rd), ra: r(ra), b })
    }

    /// The word at ra + offset = rd
    pub(crate) fn sw(&mut self, rd: u8, ra: u8, offset: i16) -> &mut Self {
        let (size, access, b) = (Size::Word, Access::Plain, Operand::Immediate(offset));
        self.instruction(Instruction::Store { size, access, rd: r(rd), ra: r(ra), b })
    }

    /// rd = what is at an address
    pub(crate) fn load(&mut self, size: Size, rd: u8, address: u32) -> &mut Self {
        let b = self.prefix(address);
        self.instruction(Instruction::Load { size, access: Access::Plain, rd: r(rd), ra: r(0), b })
    }

    /// What is at an address = rd
    pub(crate) fn store(&mut self, size: Size, rd: u8, address: u32) -> &mut Self {
        let b = self.prefix(address);
        self.instruction(Instruction::Store { size, access: Access::Plain, rd: r(rd), ra: r(0), b })
    }

    /// rd = what is at ra + address
    pub(crate) fn load_at(&mut self, size: Size, rd: u8, ra: u8, address: u32) -> &mut Self {
        let b = self.prefix(address);
        self.instruction(Instruction::Load { size, access: Access::Plain, rd: r(rd), ra: r(ra), b })
    }

    /// What is at ra + address = rd
    pub(crate) fn store_at(&mut self, size: Size, rd: u8, ra: u8, address: u32) -> &mut Self {
        let b = self.prefix(address);
        self.instruction(Instruction::Store { size, access: Access::Plain, rd: r(rd), ra: r(ra), b })
    }

    /// The word at an address = value, by way of r18
    pub(crate) fn poke(&mut self, address: u32, value: u32) -> &mut Self {
        self.li(18, value).store(Size::Word, 18, address)
    }

    /// Goes to a label.
    pub(crate) fn jump(&mut self, label: &'static str) -> &mut Self {
        self.branches.push((self.words.len(), label));
        let b = Operand::Immediate(0);
        self.instruction(Instruction::Branch { rd: r(0), b, delay: false, absolute: false, link: false })
    }

    /// Goes to a label if ra is as the condition says.
    pub(crate) fn jump_if(&mut self, condition: Condition, ra: u8, label: &'static str) -> &mut Self {
        self.branches.push((self.words.len(), label));
        let b = Operand::Immediate(0);
        self.instruction(Instruction::BranchIf { condition, ra: r(ra), b, delay: false })
    }

    /// The program's words.
    pub(crate) fn words(&self) -> Vec<u32> {
        let mut words = self.words.clone();
        for (at, label) in &self.branches {
            let (_, target) = self.labels.iter().find(|known| known.0 == *label).expect("a label that was set");
            let offset = i16::try_from(4 * (*target as i64 - *at as i64)).expect("a short way");
            words[*at] = words[*at] & 0xFFFF_0000 | u32::from(offset as u16);
        }
        words
    }

    /// The program's bytes, as in a file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.words().into_iter().flat_map(u32::to_le_bytes).collect()
    }
}
