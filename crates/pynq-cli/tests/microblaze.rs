//! `pynq microblaze` as its users run it, on programs assembled here.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use pynq_iss::{Instruction, Operand, Reg, ReturnFrom};

fn pynq(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_pynq")).arg("microblaze").args(arguments).output();
    output.expect("the command starts")
}

fn stdout(arguments: &[&str]) -> String {
    let output = pynq(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty());
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn failure(arguments: &[&str]) -> String {
    let output = pynq(arguments);
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    let message = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(!message.contains("panicked"), "{message}");
    message
}

/// A file of one test's own.
fn file(name: &str, content: &[u8]) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("microblaze");
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(name);
    std::fs::write(&path, content).expect("a file");
    path.to_str().expect("UTF-8").to_owned()
}

fn r(number: u8) -> Reg {
    Reg::new(number).expect("a register")
}

fn addik(rd: u8, ra: u8, value: i16) -> Instruction {
    let b = Operand::Immediate(value);
    Instruction::Add { rd: r(rd), ra: r(ra), b, subtract: false, carry: false, keep: true }
}

fn branch(rd: u8, offset: i16, delay: bool, link: bool) -> Instruction {
    Instruction::Branch { rd: r(rd), b: Operand::Immediate(offset), delay, absolute: false, link }
}

/// A call, with an `imm` and two delay slots.
fn program() -> Vec<u8> {
    let program = [
        Instruction::Prefix { high: 0x1234 },
        addik(3, 0, 0x5678),
        branch(15, 16, true, true),
        addik(31, 0, -1),
        branch(0, 0, false, false),
        Instruction::Prefix { high: 0xFFFF },
        Instruction::Return { from: ReturnFrom::Subroutine, ra: r(15), offset: 8 },
        addik(3, 3, 1),
    ];
    program.iter().flat_map(|it| it.encode().expect("it fits").to_le_bytes()).collect()
}

#[test]
fn a_trace_has_a_line_before_each_instruction() {
    let image = file("call.bin", &program());
    let trace = stdout(&["trace", &image, "--count", "8"]);
    assert_eq!(
        trace,
        "00000000\n00000004\n00000008 r3=12345678\n0000000c r15=8\n00000018 r31=ffffffff\n0000001c\n\
         00000010 r3=12345679\n00000010\n"
    );
    assert_eq!(stdout(&["trace", &image, "--count", "0"]), "");
}

#[test]
fn pokes_are_in_memory_before_the_start() {
    // lwi r4, r0, 0x100; lwi r5, r0, -4, which is beyond the memory.
    let image = file("load.bin", &[0xE880_0100_u32, 0xE8A0_FFFC].map(u32::to_le_bytes).concat());
    let poked = ["trace", &image, "--count", "3", "--poke", "0x100=0xabcd", "--poke", "256=43981"];
    assert_eq!(stdout(&poked), "00000000\n00000004 r4=abcd\n00000008\n");
    for wrong in ["0x101=1", "1", "x=1", "0=0x100000000", "=", "-4=1"] {
        assert!(failure(&["trace", &image, &format!("--poke={wrong}")]).contains("--poke"), "{wrong}");
    }
    assert_eq!(failure(&["trace", &image, "--poke", "0x20000=1"]), "pynq: --poke 0x20000: memory ends at 0x20000\n");
}

#[test]
fn a_trace_ends_by_itself() {
    let image = file("end.bin", &program());
    assert_eq!(stdout(&["trace", &image]).lines().count(), 1_000_000);
    // mbar 24, which is `sleep`.
    let image = file("sleep.bin", &0xBB02_0004_u32.to_le_bytes());
    let output = pynq(&["trace", &image]);
    assert!(output.status.success());
    assert_eq!(output.stdout, b"00000000\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing here wakes it"));
}

#[test]
fn a_reader_may_leave_early() {
    let image = file("pipe.bin", &program());
    let mut child = Command::new(env!("CARGO_BIN_EXE_pynq"))
        .args(["microblaze", "trace", &image])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut first = [0; 9];
    child.stdout.take().expect("it is piped").read_exact(&mut first).expect("a line");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(&first, b"00000000\n");
    assert!(output.status.success() && output.stderr.is_empty());
}

#[test]
fn odd_images_are_told() {
    let empty = file("empty.bin", b"");
    for command in ["trace", "disasm"] {
        assert!(failure(&[command, &empty]).contains("the file is empty"));
        assert!(failure(&[command, "no-such-file.bin"]).contains("cannot open `no-such-file.bin`"));
    }
    let large = file("large.bin", &[0; 0x2_0001]);
    assert!(failure(&["trace", &large]).contains("131073 bytes at 0x0 do not fit into the 131072 bytes of memory"));
    // The end of memory is no end: what is above it reads as zero, which does nothing.
    let full = file("full.bin", &[0; 0x2_0000]);
    assert!(stdout(&["trace", &full, "--count", "32770"]).ends_with("0001fffc\n00020000\n00020004\n"));
    // Half of a word is completed with zeros.
    let odd = file("odd.bin", &[0x05, 0x00, 0x60, 0x30, 0x07, 0x00]);
    assert_eq!(stdout(&["trace", &odd, "--count", "2"]), "00000000\n00000004 r3=5\n");
    assert_eq!(
        stdout(&["disasm", &odd]),
        "00000000  30600005  addik r3, r0, 5\n00000004        07  .byte 0x07\n00000005        00  .byte 0x00\n"
    );
}

#[test]
fn optional_instructions_are_chosen() {
    // addik r3, r0, 6; muli r3, r3, 7
    let image = file("muli.bin", &[0x3060_0006_u32, 0x6063_0007].map(u32::to_le_bytes).concat());
    let last = |more: &[&str]| {
        let trace = stdout(&[&["trace", &image, "--count", "3"], more].concat());
        trace.lines().last().map(str::to_owned)
    };
    assert_eq!(last(&[]).as_deref(), Some("00000008"));
    assert_eq!(last(&["--all-instructions"]).as_deref(), Some("00000008 r3=2a"));
}

#[test]
fn a_disassembly_has_targets_and_whole_constants() {
    let mut bytes = program();
    bytes.extend(u32::MAX.to_le_bytes());
    let image = file("disasm.bin", &bytes);
    let expected = "\
00000000  b0001234  imm 4660
00000004  30605678  addik r3, r0, 22136     # 0x12345678
00000008  b9f40010  brlid r15, 16           # 00000018
0000000c  33e0ffff  addik r31, r0, -1
00000010  b8000000  bri 0                   # 00000010
00000014  b000ffff  imm -1
00000018  b60f0008  rtsd r15, 8
0000001c  30630001  addik r3, r3, 1
00000020  ffffffff  .word 0xffffffff
";
    assert_eq!(stdout(&["disasm", &image]), expected);
}

/// A file with one segment and one section, as a linker would write it.
fn elf(machine: u16, address: u32, code: &[u8]) -> Vec<u8> {
    let mut file = vec![0x7F, b'E', b'L', b'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let length = code.len() as u32;
    for half in [2, machine] {
        file.extend(half.to_le_bytes());
    }
    for word in [1, address, 52, 84 + length, 0] {
        file.extend(word.to_le_bytes());
    }
    for half in [52_u16, 32, 1, 40, 2, 0] {
        file.extend(half.to_le_bytes());
    }
    for word in [1, 84, address, address, length, length, 5, 4] {
        file.extend(word.to_le_bytes());
    }
    file.extend(code);
    file.extend([0; 40]);
    for word in [0, 1, 6, address, 84, length, 0, 0, 4, 0] {
        file.extend(word.to_le_bytes());
    }
    file
}

#[test]
fn elf_files_are_programs_too() {
    let image = file("call.elf", &elf(189, 0x50, &program()));
    assert!(stdout(&["disasm", &image]).starts_with("00000050  b0001234  imm 4660\n00000054"));
    // Without its sections, it is what the loader makes executable.
    let mut stripped = elf(189, 0x50, &program());
    stripped[48] = 0;
    let stripped = file("stripped.elf", &stripped);
    assert_eq!(stdout(&["disasm", &stripped]), stdout(&["disasm", &image]));
    // From 0 to 0x50 there is nothing.
    assert!(stdout(&["trace", &image, "--count", "23"]).ends_with("00000050\n00000054\n00000058 r3=12345678\n"));
    assert!(failure(&["trace", &file("arm.elf", &elf(40, 0, &program()))]).contains("for machine 40"));
    assert!(failure(&["trace", &file("high.elf", &elf(189, 0x1_FFF0, &program()))]).contains("do not fit"));
    let whole = elf(189, 0, &program());
    for length in 4..whole.len() {
        let message = failure(&["trace", &file("cut.elf", &whole[..length])]);
        assert!(message.contains("ELF"), "{message}");
        if length > 60 {
            break;
        }
    }
}
