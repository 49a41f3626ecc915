//! The simulator's speed and the emulator's, on one program: sums over an array, with loads, stores, shifts, branches of both
//! kinds and delay slots, from the base set.

use std::{
    fs,
    io::Read as _,
    path::PathBuf,
    process::{Command, Stdio},
    time::Instant,
};

use pynq_iss::{Access, Condition, Config, Cpu, Instruction, Limits, Logic, Operand, Ram, Reg, Size, Stop, Unary};

use crate::MEMORY;

/// Rounds over the array.
const ROUNDS: u16 = 25_000;

/// Where the serial port of QEMU's machine takes a character.
const SERIAL: u32 = 0x8400_0004;

const fn r(number: u8) -> Reg {
    Reg::new(number).expect("a register")
}

fn add(rd: u8, ra: u8, b: Operand) -> Instruction {
    Instruction::Add { rd: r(rd), ra: r(ra), b, subtract: false, carry: false, keep: true }
}

fn logic(op: Logic, rd: u8, ra: u8, b: Operand) -> Instruction {
    Instruction::Logic { op, rd: r(rd), ra: r(ra), b }
}

fn branch_if(condition: Condition, ra: u8, offset: i16, delay: bool) -> Instruction {
    Instruction::BranchIf { condition, ra: r(ra), b: Operand::Immediate(offset), delay }
}

/// The program, and the address at which it ends.
fn program() -> (Vec<u8>, u32) {
    use Operand::{Immediate, Register};
    let (size, access) = (Size::Word, Access::Plain);
    let print = |character: i16| {
        [
            add(3, 0, Immediate(character)),
            Instruction::Prefix { high: (SERIAL >> 16) as u16 },
            Instruction::Store { size, access, rd: r(3), ra: r(0), b: Immediate(SERIAL as u16 as i16) },
        ]
    };
    let mut program = Vec::from(print(b'<'.into()));
    program.push(add(5, 0, Immediate(ROUNDS as i16)));
    let round = [
        add(6, 0, Immediate(0x1000)),
        add(7, 0, Immediate(256)),
        Instruction::Load { size, access, rd: r(8), ra: r(6), b: Immediate(0) },
        logic(Logic::Xor, 9, 9, Register(r(8))),
        logic(Logic::And, 11, 9, Immediate(1)),
        Instruction::Unary { op: Unary::ShiftLogical, rd: r(10), ra: r(9) },
        branch_if(Condition::Equal, 11, 12, true),
        add(12, 12, Register(r(8))),
        logic(Logic::Xor, 10, 10, Immediate(0x1234)),
        add(9, 10, Register(r(12))),
        add(7, 7, Immediate(-1)),
        Instruction::Store { size, access, rd: r(9), ra: r(6), b: Immediate(0) },
        branch_if(Condition::NotEqual, 7, -40, true),
        add(6, 6, Immediate(4)),
        add(5, 5, Immediate(-1)),
        branch_if(Condition::NotEqual, 5, -60, false),
    ];
    program.extend(round);
    program.extend(print(b'>'.into()));
    let end = 4 * program.len() as u32;
    let b = Immediate(0);
    program.push(Instruction::Branch { rd: r(0), b, delay: false, absolute: false, link: false });
    let bytes = program.iter().flat_map(|it| it.encode().expect("it fits").to_le_bytes()).collect();
    (bytes, end)
}

/// Seconds that the threads in a folder of `/proc` have had a processor: other work on the machine does not count. `None`
/// where there is no such folder.
fn processor_seconds(threads: &str) -> Option<f64> {
    let mut nanoseconds = 0_u64;
    for thread in fs::read_dir(threads).ok()? {
        let text = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        nanoseconds += text.split_whitespace().next()?.parse::<u64>().ok()?;
    }
    Some(nanoseconds as f64 / 1e9)
}

/// A clock of the time that a process had, or where that is not known, of the time that passed.
struct Stopwatch {
    threads: String,
    begin: (Option<f64>, Instant),
}

impl Stopwatch {
    fn start(process: u32) -> Self {
        let threads = format!("/proc/{process}/task");
        let begin = (processor_seconds(&threads), Instant::now());
        Self { threads, begin }
    }

    fn seconds(&self) -> f64 {
        match (self.begin.0, processor_seconds(&self.threads)) {
            (Some(begin), Some(end)) => end - begin,
            _ => self.begin.1.elapsed().as_secs_f64(),
        }
    }
}

/// Seconds between the two characters that QEMU prints.
fn emulated(emulator: &str, image: &std::path::Path) -> f64 {
    let mut child = Command::new(emulator)
        .args("-M petalogix-s3adsp1800 -display none -serial stdio -monitor none -device".split(' '))
        .arg(format!("loader,file={},addr=0,force-raw=on", image.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {emulator}: {error}"));
    let mut out = child.stdout.take().expect("it is piped");
    let mut wait = |wanted: u8| {
        let mut character = [0];
        out.read_exact(&mut character).expect("a character");
        assert_eq!(character[0], wanted);
    };
    wait(b'<');
    let stopwatch = Stopwatch::start(child.id());
    wait(b'>');
    let seconds = stopwatch.seconds();
    child.kill().expect("it runs");
    child.wait().expect("it has ended");
    seconds
}

/// The lowest that the simulator may come to, as a part of the emulator's speed. Both feel how busy the machine is.
const LOWEST: f64 = 0.01;

#[test]
fn speed() {
    if cfg!(debug_assertions) {
        println!("NOT RUN: it takes a release build");
        return;
    }
    let Some(emulator) = crate::setting("PYNQ_QEMU_MICROBLAZE") else { return };
    let (bytes, end) = program();
    let image = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("speed.bin");
    fs::write(&image, &bytes).expect("a file");
    let mut memory = vec![0; MEMORY];
    memory[..bytes.len()].copy_from_slice(&bytes);
    let (mut ours, mut polling, mut theirs, mut instructions) = (f64::MAX, f64::MAX, f64::MAX, 0);
    // The best of three each, taken in turns.
    for _ in 0..3 {
        theirs = theirs.min(emulated(&emulator, &image));
        let (mut cpu, mut ram) = (Cpu::new(Config::PYNQ_IOP), Ram::new(memory.clone()));
        let stopwatch = Stopwatch::start(std::process::id());
        let run = cpu.run(&mut ram, &Limits::instructions(u64::MAX).stop_at(&[end]).stop_when_polling());
        polling = polling.min(stopwatch.seconds());
        assert_eq!(run.stop, Stop::Breakpoint);
        instructions = run.instructions;
        let (mut cpu, mut ram) = (Cpu::new(Config::PYNQ_IOP), Ram::new(memory.clone()));
        let stopwatch = Stopwatch::start(std::process::id());
        cpu.run(&mut ram, &Limits::instructions(instructions));
        ours = ours.min(stopwatch.seconds());
        assert_eq!(cpu.pc(), end);
    }
    let speed = |seconds: f64| instructions as f64 / seconds / 1e6;
    let ratio = theirs / ours;
    println!(
        "{instructions} instructions: {:.0} million a second, {:.0} when it looks for polling loops and breakpoints; QEMU's \
         translator {:.0} million; ratio {ratio:.3}",
        speed(ours),
        speed(polling),
        speed(theirs),
    );
    assert!(ratio > LOWEST, "the simulator has become slow: {ratio:.3} of the emulator's speed, {LOWEST} at least");
}
