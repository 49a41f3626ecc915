//! The simulator and QEMU's MicroBlaze, in lock step: the program counter and all registers before each instruction.
//!
//! `PYNQ_QEMU_MICROBLAZE` names the emulator, `PYNQ_FIRMWARE_DIR` a folder with the programs that PYNQ ships, in any folders
//! below it. `cargo xtask firmware` gets both. Without them these tests say that they did not run.

#[path = "lockstep/qemu.rs"]
mod qemu;
#[path = "lockstep/random.rs"]
mod random;
#[path = "lockstep/rules.rs"]
mod rules;
#[path = "lockstep/speed.rs"]
mod speed;

use std::{
    collections::VecDeque,
    env, fs,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use pynq_iss::{Bus, Config, Cpu, Msr, Ram, Step, decode};
use qemu::{Dump, Qemu};
use random::Program;

/// The memory at 0 of QEMU's machine.
const MEMORY: usize = 0x2_0000;

/// Instructions of each program.
const INSTRUCTIONS: u64 = 20_000;

fn setting(name: &str) -> Option<String> {
    let value = env::var(name).ok().filter(|value| !value.is_empty());
    if value.is_none() {
        assert!(env::var_os("PYNQ_FIRMWARE_REQUIRED").is_none(), "{name} is not set");
        println!("NOT RUN: {name} is not set; `cargo xtask firmware` sets it");
    }
    value
}

fn images(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("an entry of the folder").path();
        if path.is_dir() {
            images(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "bin") {
            found.push(path);
        }
    }
}

/// Runs both and says how many instructions were equal, or what was not.
fn compare<B: Bus>(qemu: &mut Qemu, cpu: &mut Cpu, bus: &mut B, instructions: u64) -> Result<u64, String> {
    let mut last = None;
    let mut executed = 0;
    let mut word = 0;
    // What came before may have changed something that only shows now.
    let mut recent = VecDeque::from([0; 12]);
    while executed < instructions {
        let msr = (cpu.msr() - (Msr::C | Msr::CC)).bits();
        let ours = Dump { pc: cpu.pc(), msr, registers: *cpu.registers() };
        // An exception forbids further ones until the return from it. QEMU leaves them allowed.
        let hidden = if cpu.msr().contains(Msr::EIP) { Msr::EE.bits() } else { 0 };
        let ours = Dump { msr: ours.msr & !hidden, ..ours };
        let mut theirs = qemu.next().map_err(|what| format!("{what}; it had come to {word:08x} {}", text(word)))?;
        theirs.msr &= !hidden;
        if theirs != ours && last == Some(theirs) {
            // Something interrupted the emulator in front of this instruction, and it wrote the same twice.
            theirs = qemu.next()?;
            theirs.msr &= !hidden;
        }
        if theirs != ours {
            let text = text(word);
            let difference = difference(&ours, &theirs);
            let before: Vec<String> = recent.iter().map(|word| self::text(*word)).collect();
            return Err(format!(
                "after {executed} instructions, the last of which was {word:08x} {text}{difference}\n  {}",
                before.join("\n  ")
            ));
        }
        last = Some(theirs);
        recent.pop_front();
        recent.push_back(word);
        word = bus.fetch(ours.pc).map_err(|error| error.to_string())?;
        match cpu.step(bus) {
            Step::Executed => {}
            Step::Entered(_) => continue,
            other => return Err(format!("after {executed} instructions the simulator is {other:?}")),
        }
        executed += 1;
    }
    Ok(executed)
}

fn text(word: u32) -> String {
    decode(word).map_or("none".to_owned(), |it| it.to_string())
}

fn difference(ours: &Dump, theirs: &Dump) -> String {
    let mut text = String::new();
    if ours.pc != theirs.pc {
        text += &format!(", pc is {:08x}, QEMU's {:08x}", ours.pc, theirs.pc);
    } else {
        text += &format!(", at {:08x}", ours.pc);
    }
    if ours.msr != theirs.msr {
        text += &format!(", msr is {:x}, QEMU's {:x}", ours.msr, theirs.msr);
    }
    for (number, (ours, theirs)) in ours.registers.iter().zip(&theirs.registers).enumerate() {
        if ours != theirs {
            text += &format!(", r{number} is {ours:08x}, QEMU's {theirs:08x}");
        }
    }
    text
}

#[test]
fn shipped_programs() {
    let (Some(emulator), Some(folder)) = (setting("PYNQ_QEMU_MICROBLAZE"), setting("PYNQ_FIRMWARE_DIR")) else {
        return;
    };
    let mut programs = Vec::new();
    images(Path::new(&folder), &mut programs);
    programs.sort();
    assert!(!programs.is_empty(), "no program in {folder}");
    let begin = Instant::now();
    let (next, faults) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let one = |program: &PathBuf| {
        let content = fs::read(program).map_err(|error| error.to_string())?;
        let mut memory = vec![0; MEMORY];
        memory.get_mut(..content.len()).ok_or("it is larger than the memory")?.copy_from_slice(&content);
        let mut qemu = Qemu::start(&emulator, &[(program, 0)], &[]);
        compare(&mut qemu, &mut Cpu::new(Config::PYNQ_IOP), &mut Ram::new(memory), INSTRUCTIONS)
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(program) = programs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(what) = one(program) {
                        faults.lock().unwrap().push(format!("{}: {what}", program.display()));
                    }
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    println!(
        "{} programs x {INSTRUCTIONS} instructions, {} different, in {:.1} s",
        programs.len(),
        faults.len(),
        begin.elapsed().as_secs_f64()
    );
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The groups that none of the shipped programs has, on a processor without and on one with exceptions.
#[test]
fn random_instructions() {
    let Some(emulator) = setting("PYNQ_QEMU_MICROBLAZE") else { return };
    let count = env::var("PYNQ_RANDOM_INSTRUCTIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000_000_u64);
    let seed = env::var("PYNQ_RANDOM_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    // The floating-point unit of QEMU always has its exception.
    let plain = Config { fpu_exception: true, ..Config::ALL_INSTRUCTIONS };
    let exceptions =
        Config { unaligned_exception: true, illegal_opcode_exception: true, divide_exception: true, ..plain };
    let switches = ["unaligned-exceptions", "ill-opcode-exception", "div-zero-exception"];
    let switches: Vec<String> =
        switches.iter().flat_map(|name| ["-global".to_owned(), format!("microblaze-cpu.{name}=on")]).collect();
    let one = |name: &str, config: Config, more: &[String], seed: u64| {
        let begin = Instant::now();
        let program = Program::new(config, seed, count / 2);
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let (low, code) = (folder.join(format!("{name}-low.bin")), folder.join(format!("{name}-code.bin")));
        fs::write(&low, &program.low).expect("a file");
        fs::write(&code, &program.code).expect("a file");
        let mut qemu = Qemu::start(&emulator, &[(&low, 0), (&code, random::CODE)], more);
        let (mut cpu, mut memory) = (Cpu::new(config), program.memory());
        let outcome = compare(&mut qemu, &mut cpu, &mut memory, count / 2);
        let seconds = begin.elapsed().as_secs_f64();
        println!(
            "{name}, seed {seed}: {} random instructions of {} mnemonics, {} exceptions, in {seconds:.1} s{}",
            count / 2,
            program.executed.len(),
            program.exceptions,
            if outcome.is_ok() { "" } else { ": DIFFERENT" },
        );
        for (why, count) in &program.excluded {
            println!("  not compared, {count} times: {why}");
        }
        outcome.map_err(|what| format!("{name}: {what}"))
    };
    let outcomes = thread::scope(|scope| {
        let plain = scope.spawn(|| one("without exceptions", plain, &[], seed));
        let other = one("with exceptions", exceptions, &switches, seed + 1);
        [plain.join().expect("it reports"), other]
    });
    let faults: Vec<String> = outcomes.into_iter().filter_map(Result::err).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
