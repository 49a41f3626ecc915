//! The simulator and QEMU's MicroBlaze, in lock step: the program counter and all registers before each instruction.
//!
//! `PYNQ_QEMU_MICROBLAZE` names the emulator, `PYNQ_FIRMWARE_DIR` a folder with the programs that PYNQ ships, in any folders
//! below it. `cargo xtask firmware` gets both. Without them these tests say that they did not run.

#[path = "lockstep/qemu.rs"]
mod qemu;

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use pynq_iss::{Bus, Config, Cpu, Ram, Step};
use qemu::{Dump, Qemu};

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
    while executed < instructions {
        let ours = Dump { pc: cpu.pc(), registers: *cpu.registers() };
        let mut theirs = qemu.next()?;
        if theirs != ours && last == Some(theirs) {
            // Something interrupted the emulator in front of this instruction, and it wrote the same twice.
            theirs = qemu.next()?;
        }
        if theirs != ours {
            return Err(format!("after {executed} instructions{}", difference(&ours, &theirs)));
        }
        last = Some(theirs);
        match cpu.step(bus) {
            Step::Executed => {}
            Step::Entered(_) => continue,
            other => return Err(format!("after {executed} instructions the simulator is {other:?}")),
        }
        executed += 1;
    }
    Ok(executed)
}

fn difference(ours: &Dump, theirs: &Dump) -> String {
    let mut text = String::new();
    if ours.pc != theirs.pc {
        text += &format!(", pc is {:08x}, QEMU's {:08x}", ours.pc, theirs.pc);
    } else {
        text += &format!(" at {:08x}", ours.pc);
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
        let mut qemu = Qemu::start(&emulator, program, 0, &[]);
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
