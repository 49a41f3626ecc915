//! `pynq microblaze`: what a program for a MicroBlaze consists of, and what it does when it runs alone.
//!
//! Unlike the other subcommands these write as they go: a trace has no end of its own, and the reader may close the
//! pipe.

mod image;

use std::fmt::{self, Write as _};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::PathBuf;

use clap::Subcommand;
use pynq_iss::{Config, Cpu, Instruction, Operand, Ram, Step, decode};

use image::Image;

/// The memory that a traced program runs in, at address 0.
const MEMORY: usize = 128 * 1024;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a program alone and print a line before each instruction: its address, and the registers that changed.
    ///
    /// The program has 128 KiB of memory at address 0; everything else reads as zero and drops what is written. A line is
    /// the address of the instruction to come as 8 hexadecimal digits, then ` rN=HEX` for each of r1 to r31 that is not
    /// what it was on the line before; before the first they are zero. `imm` and the instructions in delay slots have
    /// lines of their own. The trace ends after --count lines, or when the program puts the processor to sleep.
    Trace {
        /// The program: a raw image of address 0, as PYNQ ships them, or an ELF file.
        file: PathBuf,
        /// How many instructions.
        #[arg(long, value_name = "N", default_value_t = 1_000_000)]
        count: u64,
        /// Write a word into memory before the program starts; numbers are decimal, or hexadecimal after 0x.
        #[arg(long, value_name = "ADDR=WORD", value_parser = poke)]
        poke: Vec<(u32, u32)>,
        /// A processor with every optional group of instructions, in place of that of PYNQ's overlays, which has none.
        #[arg(long)]
        all_instructions: bool,
    },
    /// Print the instructions of a program: address, word, and what it does.
    Disasm {
        /// The program: a raw image of address 0, or an ELF file, of which the executable sections are printed.
        file: PathBuf,
    },
}

/// Runs the subcommand, which writes to standard output itself.
pub(crate) fn run(command: &Command) -> Result<(), String> {
    let mut out = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    let written = match command {
        Command::Trace { file, count, poke, all_instructions } => {
            let mut memory = vec![0; MEMORY];
            Image::read(file)?.load(&mut memory).map_err(|what| format!("{}: {what}", file.display()))?;
            for &(address, word) in poke {
                let Some(place) = memory.get_mut(address as usize..).and_then(|rest| rest.first_chunk_mut()) else {
                    return Err(format!("--poke {address:#x}: memory ends at {MEMORY:#x}"));
                };
                *place = word.to_le_bytes();
            }
            let config = if *all_instructions { Config::ALL_INSTRUCTIONS } else { Config::PYNQ_IOP };
            trace(&mut out, Cpu::new(config), Ram::new(memory), *count)
        }
        Command::Disasm { file } => disassemble(&mut out, &Image::read(file)?),
    };
    match written.and_then(|()| out.flush()) {
        // `pynq microblaze trace FILE | head` has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| format!("cannot write to standard output: {error}")),
    }
}

/// `ADDR=WORD`.
fn poke(text: &str) -> Result<(u32, u32), String> {
    let (address, word) = text.split_once('=').ok_or("it is not of the form ADDR=WORD, as in 0xfffc=0x107")?;
    let address = number(address)?;
    if address % 4 != 0 {
        return Err(format!("the address {address:#x} is not that of a word: it has to be a multiple of 4"));
    }
    Ok((address, number(word)?))
}

fn number(text: &str) -> Result<u32, String> {
    let digits = text.trim();
    let parsed = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    parsed.map_err(|_| format!("`{text}` is not a number of 32 bits, decimal or hexadecimal after 0x"))
}

fn trace(out: &mut impl Write, mut cpu: Cpu, mut memory: Ram<Vec<u8>>, count: u64) -> std::io::Result<()> {
    let mut shown = [0; 32];
    let mut line = String::new();
    for _ in 0..count {
        line.clear();
        // Writing to a string cannot fail.
        let _ = write!(line, "{:08x}", cpu.pc());
        for (number, (before, now)) in shown.iter_mut().zip(cpu.registers()).enumerate() {
            if before != now {
                let _ = write!(line, " r{number}={now:x}");
                *before = *now;
            }
        }
        line.push('\n');
        out.write_all(line.as_bytes())?;
        let waits = match cpu.step(&mut memory) {
            Step::Waiting => "the program waits for a stream link, and none is connected",
            _ if cpu.is_asleep() => "the program put the processor to sleep, and nothing here wakes it",
            _ => continue,
        };
        out.flush()?;
        let _ = writeln!(std::io::stderr(), "pynq: ended after {} instructions: {waits}", cpu.instructions());
        break;
    }
    Ok(())
}

fn disassemble(out: &mut impl Write, image: &Image) -> std::io::Result<()> {
    for (address, bytes) in image.code() {
        let (words, rest) = bytes.split_at(bytes.len() & !3);
        let mut address = address;
        let mut prefix = None;
        for word in words.chunks_exact(4) {
            let word = u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
            let instruction = decode(word);
            match instruction {
                Some(instruction) => {
                    writeln!(out, "{address:08x}  {word:08x}  {}", Line { instruction, address, prefix })?;
                }
                None => writeln!(out, "{address:08x}  {word:08x}  .word {word:#010x}")?,
            }
            prefix = match instruction {
                Some(Instruction::Prefix { high }) => Some(high),
                _ => None,
            };
            address = address.wrapping_add(4);
        }
        for byte in rest {
            writeln!(out, "{address:08x}        {byte:02x}  .byte {byte:#04x}")?;
            address = address.wrapping_add(1);
        }
    }
    Ok(())
}

/// An instruction, with the constant that it has together with the `imm` before it, and with the target of a branch.
struct Line {
    instruction: Instruction,
    address: u32,
    prefix: Option<u16>,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (operand, base) = match self.instruction {
            Instruction::Branch { b, absolute: true, .. } | Instruction::Break { b, .. } => (b, Some(0)),
            Instruction::Branch { b, .. } | Instruction::BranchIf { b, .. } => (b, Some(self.address)),
            Instruction::Add { b, .. }
            | Instruction::Logic { b, .. }
            | Instruction::Load { b, .. }
            | Instruction::Store { b, .. } => (b, None),
            _ => return self.instruction.fmt(f),
        };
        let Operand::Immediate(low) = operand else { return self.instruction.fmt(f) };
        let constant = match self.prefix {
            Some(high) => u32::from(high) << 16 | u32::from(low as u16),
            None => i32::from(low) as u32,
        };
        match base {
            Some(base) => write!(f, "{:<24}# {:08x}", self.instruction.to_string(), base.wrapping_add(constant)),
            None if self.prefix.is_some() => write!(f, "{:<24}# {constant:#x}", self.instruction.to_string()),
            None => self.instruction.fmt(f),
        }
    }
}
