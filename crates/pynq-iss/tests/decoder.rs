//! Every word decodes or is illegal; what decodes is encoded to the same word, and reads like no other instruction.
//!
//! The fields that choose an instruction are gone through completely, constants are sampled.
//! `PYNQ_DECODER_ALL=1` goes through all 2^32 words instead, which takes a release build.

use std::{
    collections::HashMap,
    env,
    fmt::Write as _,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use pynq_iss::{Config, Instruction, decode};

/// A generator of test data (Marsaglia's xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as u32
    }
}

/// Whether it decodes.
fn check(word: u32) -> bool {
    let Some(instruction) = decode(word) else { return false };
    assert_eq!(instruction.encode(), Some(word), "{word:#010x} is {instruction:?}");
    true
}

/// Each opcode, with how many of its low 26 bits make an instruction. The numbers are made of the formats in the reference
/// guide: 2^10 for two registers, 2^15 for three, 2^16 for a constant.
fn expected(opcode: u32) -> u64 {
    const TWO: u64 = 1 << 10;
    const THREE: u64 = 1 << 15;
    const CONSTANT: u64 = 1 << 26;
    match opcode {
        // cmp and cmpu are in the opcode of rsubk.
        0x05 => 3 * THREE,
        0x00..=0x07 => THREE,
        0x08..=0x0F => CONSTANT,
        0x10 => 4 * THREE,
        0x11 => 3 * THREE,
        0x12 => 2 * THREE,
        // getd: two registers, five options. putd: two registers, four options.
        0x13 => TWO * 32 + TWO * 16,
        // fadd, frsub, fmul, fdiv, seven comparisons; three with two registers.
        0x16 => 11 * THREE + 3 * TWO,
        0x18 => CONSTANT,
        // Three shifts by 32 amounts, two field operations with two numbers.
        0x19 => TWO * (3 * 32 + 2 * 1024),
        // get: one register, five options, a link. put: one register, four options, a link.
        0x1B => 32 * 32 * 16 + 32 * 16 * 16,
        // or, xor and andn share their opcodes with the pattern compares.
        0x20 | 0x22 | 0x23 => 2 * THREE,
        0x21 => THREE,
        0x28..=0x2B => CONSTANT,
        // Eight with two registers; six cache operations with two.
        0x24 => 8 * TWO + 6 * TWO,
        // mfs and mfse, mts and mtse: a register and 14 bits. msrset and msrclr: a register and 15.
        0x25 => 2 * 32 * (1 << 14) + 2 * 32 * (1 << 14) + 2 * 32 * (1 << 15),
        // Six branches and brk.
        0x26 => 7 * TWO,
        // Six conditions, with and without a delay slot.
        0x27 => 12 * TWO,
        0x2C => 1 << 16,
        0x2D => 4 * 32 * (1 << 16),
        // The same with a constant, and mbar.
        0x2E => 7 * 32 * (1 << 16) + 32,
        0x2F => 12 * 32 * (1 << 16),
        // Plain, reversed, extended; words also exclusive.
        0x30 | 0x31 | 0x34 | 0x35 => 3 * THREE,
        0x32 | 0x36 => 4 * THREE,
        0x38..=0x3A | 0x3C..=0x3E => CONSTANT,
        _ => 0,
    }
}

#[test]
fn each_opcode_has_the_instructions_of_its_formats() {
    if env::var_os("PYNQ_DECODER_ALL").is_some() {
        return all_words();
    }
    let mut random = Random(0x0F1E_2D3C_4B5A_6978);
    for opcode in 0..64 {
        let mut legal = 0_u64;
        let mut tried = 0_u64;
        let mut try_one = |high: u32, low: u32| {
            tried += 1;
            legal += u64::from(check(opcode << 26 | high << 16 | low));
        };
        // Every low half with four pairs of registers, every pair of registers with 64 low halves.
        for low in 0..1 << 16 {
            [0, 21, 21 << 5, 21 << 5 | 10].into_iter().for_each(|pair| try_one(pair, low));
        }
        for pair in 0..1 << 10 {
            // All combinations of the bits that choose within an opcode, and some others.
            (0..32).for_each(|bits: u32| try_one(pair, (bits & 7) | (bits >> 3 & 3) << 9));
            (0..32).for_each(|_| try_one(pair, random.next() & 0xFFFF));
        }
        match expected(opcode) {
            0 => assert_eq!(legal, 0, "opcode {opcode:#04x}"),
            every if every == 1 << 26 => assert_eq!(legal, tried, "opcode {opcode:#04x}"),
            _ => assert!(legal > 0 && legal < tried, "opcode {opcode:#04x}"),
        }
    }
}

/// Takes half a minute of a processor in a release build.
fn all_words() {
    let next = AtomicU32::new(0);
    let work = || {
        let mut legal = 0;
        loop {
            let opcode = next.fetch_add(1, Ordering::Relaxed);
            if opcode >= 64 {
                return legal;
            }
            let count = (0..1 << 26).filter(|rest| check(opcode << 26 | rest)).count() as u64;
            assert_eq!(count, expected(opcode), "opcode {opcode:#04x}");
            legal += count;
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let legal: u64 = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no word is wrong")).sum()
    });
    println!("all 2^32 words: {legal} decode and are encoded to the same word, {} are illegal", (1 << 32) - legal);
}

#[test]
fn instructions_that_differ_read_differently() {
    let mut random = Random(0x1357_9BDF_0246_8ACE);
    let mut seen: HashMap<String, Instruction> = HashMap::new();
    let mut text = String::new();
    let mut legal = 0;
    while legal < 200_000 {
        let word = random.next() & random.next() | (random.next() & 0xFC00_0000);
        let Some(instruction) = decode(word) else { continue };
        legal += 1;
        text.clear();
        write!(text, "{instruction}").expect("a string takes everything");
        let same = |other: &Instruction| match (other, &instruction) {
            // The register that such a branch does not use is not written.
            (
                Instruction::Branch { b, delay, absolute, link: false, .. },
                Instruction::Branch { b: b2, delay: delay2, absolute: absolute2, link: false, .. },
            ) => (b, delay, absolute) == (b2, delay2, absolute2),
            // A test sends no word, so its register is not written either.
            (Instruction::Put { link, mode, .. }, Instruction::Put { link: link2, mode: mode2, .. }) if mode.test => {
                (link, mode) == (link2, mode2)
            }
            (other, _) => *other == instruction,
        };
        if let Some(other) = seen.get(&text) {
            assert!(same(other), "\"{text}\" is {other:?} and {instruction:?}");
        } else {
            seen.insert(text.clone(), instruction);
        }
    }
}

#[test]
fn what_does_not_fit_has_no_word() {
    use pynq_iss::{Amount, Link, Operand, Reg, Shift, StreamMode};
    let r1 = Reg::new(1).expect("a register");
    assert_eq!(Reg::new(32), None);
    let mode = StreamMode { non_blocking: false, control: false, test: false, atomic: false, exception: false };
    let b = Operand::Immediate(0);
    for wrong in [
        Instruction::Shift { op: Shift::Left, rd: r1, ra: r1, by: Amount::Immediate(32) },
        Instruction::ExtractField { rd: r1, ra: r1, width: 32, shift: 0 },
        Instruction::ModifyStatus { rd: r1, mask: 0x8000, set: true },
        Instruction::MoveFrom { rd: r1, special: 0x4000, extended: false },
        Instruction::Branch { rd: r1, b, delay: false, absolute: false, link: true },
        Instruction::Barrier { kind: 32 },
        Instruction::Get { rd: r1, link: Link::Fixed(16), mode },
        Instruction::Put { ra: r1, link: Link::Fixed(0), mode: StreamMode { exception: true, ..mode } },
    ] {
        assert_eq!(wrong.encode(), None, "{wrong:?}");
    }
}

#[test]
fn groups_are_those_of_their_parameters() {
    let words = [
        ("C_USE_BARREL", "1", 0x4400_0000_u32),
        ("C_USE_BARREL", "1", 0x6400_4041),
        ("C_USE_HW_MUL", "1", 0x4000_0000),
        ("C_USE_HW_MUL", "1", 0x6000_0000),
        ("C_USE_HW_MUL", "2", 0x4000_0001),
        ("C_USE_DIV", "1", 0x4800_0000),
        ("C_USE_FPU", "1", 0x5800_0000),
        ("C_USE_FPU", "2", 0x5800_0380),
        ("C_USE_PCMP_INSTR", "1", 0x8000_0400),
        ("C_USE_PCMP_INSTR", "1", 0x9000_00E0),
        ("C_USE_MSR_INSTR", "1", 0x9410_0000),
        ("C_USE_REORDER_INSTR", "1", 0x9000_01E0),
        ("C_USE_REORDER_INSTR", "1", 0xC800_0200),
        ("C_FSL_LINKS", "1", 0x6C00_0000),
    ];
    for (name, value, word) in words {
        let instruction = decode(word).unwrap_or_else(|| panic!("{word:#010x}"));
        let with = Config::from_parameters([(name, value)]).expect("a parameter");
        assert!(with.has(&instruction), "{name}={value} brings {instruction}");
        assert!(!Config::default().has(&instruction), "{instruction} is optional");
        assert!(Config::ALL_INSTRUCTIONS.has(&instruction), "{instruction}");
    }
    let error = Config::from_parameters([("C_USE_HW_MUL", "3")]).expect_err("out of range");
    assert_eq!(error.to_string(), "C_USE_HW_MUL has a value that is not 0, 1 or 2: correct it in the handoff file");
}
