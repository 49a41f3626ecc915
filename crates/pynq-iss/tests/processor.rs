//! What the shipped programs do not show: interrupts, breaks, exceptions, sleep, buses that wait, runs and polling loops.

use pynq_iss::{
    Bus, BusError, Condition, Config, Cpu, Exception, Instruction, Limits, Msr, Operand, Ram, Reg, ReturnFrom, Run,
    Size, Step, Stop, Stored, StreamWord, Vector,
};

fn r(number: u8) -> Reg {
    Reg::new(number).expect("a register")
}

fn addik(rd: u8, ra: u8, value: i16) -> Instruction {
    let b = Operand::Immediate(value);
    Instruction::Add { rd: r(rd), ra: r(ra), b, subtract: false, carry: false, keep: true }
}

fn branch(offset: i16, delay: bool) -> Instruction {
    Instruction::Branch { rd: r(0), b: Operand::Immediate(offset), delay, absolute: false, link: false }
}

fn branch_if(condition: Condition, ra: u8, offset: i16) -> Instruction {
    Instruction::BranchIf { condition, ra: r(ra), b: Operand::Immediate(offset), delay: false }
}

fn back(from: ReturnFrom, ra: u8, offset: i16) -> Instruction {
    Instruction::Return { from, ra: r(ra), offset }
}

fn to_msr(ra: u8) -> Instruction {
    Instruction::MoveTo { special: 1, ra: r(ra), extended: false }
}

fn from_special(rd: u8, special: u16) -> Instruction {
    Instruction::MoveFrom { rd: r(rd), special, extended: false }
}

fn lwi(rd: u8, ra: u8, offset: i16) -> Instruction {
    let (size, access) = (Size::Word, pynq_iss::Access::Plain);
    Instruction::Load { size, access, rd: r(rd), ra: r(ra), b: Operand::Immediate(offset) }
}

fn swi(rd: u8, ra: u8, offset: i16) -> Instruction {
    let (size, access) = (Size::Word, pynq_iss::Access::Plain);
    Instruction::Store { size, access, rd: r(rd), ra: r(ra), b: Operand::Immediate(offset) }
}

/// Memory with pieces of a program.
fn memory(pieces: &[(u32, &[Instruction])]) -> Ram<Vec<u8>> {
    let mut memory = Ram::new(vec![0; 4096]);
    for (address, piece) in pieces {
        for (place, instruction) in piece.iter().enumerate() {
            let word = instruction.encode().expect("it fits");
            memory.store(address + 4 * place as u32, Size::Word, word).expect("memory takes everything");
        }
    }
    memory
}

const EVERYTHING: Config = Config {
    unaligned_exception: true,
    illegal_opcode_exception: true,
    instruction_bus_exception: true,
    data_bus_exception: true,
    divide_exception: true,
    fpu_exception: true,
    ..Config::ALL_INSTRUCTIONS
};

#[test]
fn an_interrupt_waits_for_imm_and_delay_slots() {
    let program = [
        addik(3, 0, 2),
        to_msr(3),
        Instruction::Prefix { high: 1 },
        addik(4, 0, 0),
        branch(12, true),
        addik(5, 0, 5),
        addik(6, 0, 6),
        addik(7, 0, 7),
    ];
    let handler = [back(ReturnFrom::Interrupt, 14, 0), from_special(8, 1)];
    let mut memory = memory(&[(0, &program[..4]), (16, &handler), (0x40, &program[4..])]);
    let mut cpu = Cpu::new(Config::PYNQ_IOP);
    cpu.set_interrupt(true);
    // Not allowed yet, then not after `imm`.
    for pc in [4, 8] {
        assert_eq!(cpu.step(&mut memory), Step::Executed);
        assert_eq!(cpu.pc(), pc);
    }
    assert_eq!(cpu.step(&mut memory), Step::Entered(Vector::Interrupt));
    assert_eq!((cpu.pc(), cpu.register(r(14))), (16, 8));
    assert!(!cpu.msr().contains(Msr::IE));
    cpu.set_interrupt(false);
    // The delay slot still finds interrupts off.
    for _ in 0..2 {
        assert_eq!(cpu.step(&mut memory), Step::Executed);
    }
    assert_eq!((cpu.pc(), cpu.register(r(8))), (8, 0));
    assert!(cpu.msr().contains(Msr::IE));
    assert_eq!(cpu.step(&mut memory), Step::Executed);
    cpu.set_interrupt(true);
    assert_eq!((cpu.step(&mut memory), cpu.register(r(4))), (Step::Executed, 0x1_0000));
    assert_eq!(cpu.step(&mut memory), Step::Entered(Vector::Interrupt));

    // The same in front of a delay slot.
    let mut cpu = Cpu::new(Config::PYNQ_IOP);
    assert_eq!(cpu.run(&mut memory, &Limits::instructions(2)).stop, Stop::Count);
    cpu.set_pc(0x40);
    assert_eq!(cpu.step(&mut memory), Step::Executed);
    assert!(cpu.in_delay_slot());
    cpu.set_interrupt(true);
    assert_eq!((cpu.step(&mut memory), cpu.register(r(5))), (Step::Executed, 5));
    assert_eq!(cpu.step(&mut memory), Step::Entered(Vector::Interrupt));
    assert_eq!(cpu.register(r(14)), 0x4C);
}

#[test]
fn an_edge_is_remembered_and_a_level_is_not() {
    let mut memory = memory(&[(0, &[addik(3, 0, 2), addik(0, 0, 0), to_msr(3)])]);
    for edge in [false, true] {
        let mut cpu = Cpu::new(Config { interrupt_is_edge: edge, ..Config::PYNQ_IOP });
        cpu.set_interrupt(true);
        cpu.step(&mut memory);
        cpu.set_interrupt(false);
        cpu.run(&mut memory, &Limits::instructions(2));
        let wanted = if edge { Step::Entered(Vector::Interrupt) } else { Step::Executed };
        assert_eq!(cpu.step(&mut memory), wanted);
        // Once only.
        assert_eq!(cpu.step(&mut memory), Step::Executed);
    }
    // And without an input there is neither.
    let mut cpu = Cpu::new(Config { interrupt: false, ..Config::PYNQ_IOP });
    cpu.set_interrupt(true);
    assert_eq!(cpu.run(&mut memory, &Limits::instructions(10)).instructions, 10);
    assert!(!cpu.msr().contains(Msr::IE));
}

#[test]
fn a_break_keeps_interrupts_and_breaks_out() {
    let program = [addik(3, 0, 2), to_msr(3)];
    let handler = [addik(9, 9, 1), back(ReturnFrom::Break, 16, 0), addik(0, 0, 0)];
    let mut memory = memory(&[(0, &program), (24, &handler)]);
    let mut cpu = Cpu::new(Config::PYNQ_IOP);
    cpu.run(&mut memory, &Limits::instructions(2));
    cpu.raise_break();
    assert_eq!(cpu.step(&mut memory), Step::Entered(Vector::Break));
    assert_eq!((cpu.pc(), cpu.register(r(16))), (24, 8));
    cpu.set_interrupt(true);
    cpu.raise_break();
    assert_eq!(cpu.run(&mut memory, &Limits::instructions(3)).instructions, 3);
    assert_eq!((cpu.pc(), cpu.register(r(9))), (8, 1));
    // The second break comes before the interrupt, which is still there.
    assert_eq!(cpu.step(&mut memory), Step::Entered(Vector::Break));
    cpu.run(&mut memory, &Limits::instructions(3));
    assert_eq!(cpu.step(&mut memory), Step::Entered(Vector::Interrupt));
}

#[test]
fn exceptions_tell_their_cause() {
    let ee = Msr::EE.bits() as i16;
    let cases: [(Instruction, Exception, u32, u32); 6] = [
        (lwi(5, 0, 2), Exception::Unaligned, 1 | 1 << 11 | 5 << 5, 2),
        (swi(6, 0, 1), Exception::Unaligned, 1 | 1 << 11 | 1 << 10 | 6 << 5, 1),
        (Instruction::Divide { rd: r(5), ra: r(0), rb: r(3), unsigned: true }, Exception::Divide, 5, 0),
        (
            Instruction::Load {
                size: Size::Word,
                access: pynq_iss::Access::Extended,
                rd: r(5),
                ra: r(0),
                b: Operand::Register(r(0)),
            },
            Exception::IllegalOpcode,
            2,
            0,
        ),
        (lwi(5, 0, 0x2000), Exception::DataBus, 4, 0x2000),
        (
            Instruction::Float { op: pynq_iss::Float::Divide, rd: r(5), ra: r(0), rb: r(0) },
            Exception::FloatingPoint,
            6,
            0,
        ),
    ];
    let handler = [from_special(20, 5), from_special(21, 3), back(ReturnFrom::Exception, 17, 0), addik(0, 0, 0)];
    for (instruction, exception, esr, ear) in cases {
        let program = [addik(3, 0, ee), to_msr(3), addik(5, 0, 55), instruction, addik(22, 0, 22)];
        let mut bus = Limited(memory(&[(0, &program), (0x20, &handler)]));
        let mut cpu = Cpu::new(EVERYTHING);
        cpu.run(&mut bus, &Limits::instructions(3));
        assert_eq!(cpu.step(&mut bus), Step::Entered(Vector::Exception(exception)));
        assert_eq!((cpu.pc(), cpu.register(r(17)), cpu.register(r(5))), (0x20, 16, 55), "{instruction}");
        assert!(cpu.msr().contains(Msr::EIP));
        cpu.run(&mut bus, &Limits::instructions(5));
        assert_eq!((cpu.register(r(20)), cpu.register(r(21))), (esr, ear), "{instruction}");
        assert_eq!(cpu.register(r(22)), 22);
        assert!(!cpu.msr().contains(Msr::EIP));

        // Without the hardware it is none.
        let mut cpu = Cpu::new(Config::ALL_INSTRUCTIONS);
        assert_eq!(cpu.run(&mut bus, &Limits::instructions(5)).instructions, 5);
        assert_eq!((cpu.pc(), cpu.register(r(22))), (20, 22), "{instruction}");
    }
}

/// Memory with nothing above it.
struct Limited(Ram<Vec<u8>>);

impl Bus for Limited {
    fn fetch(&mut self, address: u32) -> Result<u32, BusError> {
        if address < 4096 { self.0.fetch(address) } else { Err(BusError::NoResponse) }
    }

    fn load(&mut self, address: u32, size: Size) -> Result<u32, BusError> {
        if address < 4096 { self.0.load(address, size) } else { Err(BusError::NoResponse) }
    }

    fn store(&mut self, address: u32, size: Size, value: u32) -> Result<Stored, BusError> {
        if address < 4096 { self.0.store(address, size, value) } else { Err(BusError::NoResponse) }
    }
}

#[test]
fn an_exception_in_a_delay_slot_keeps_the_target() {
    let program = [addik(3, 0, Msr::EE.bits() as i16), to_msr(3), branch(0x100, true), lwi(5, 0, 1)];
    let mut memory = memory(&[(0, &program), (0x20, &[from_special(20, 0xB), from_special(21, 5)])]);
    let mut cpu = Cpu::new(EVERYTHING);
    cpu.run(&mut memory, &Limits::instructions(5));
    assert_eq!(cpu.register(r(20)), 0x108);
    assert_eq!(cpu.register(r(21)), 1 | 1 << 11 | 5 << 5 | 1 << 12);
}

#[test]
fn a_run_into_nothing_is_an_exception() {
    let program = [addik(3, 0, Msr::EE.bits() as i16), to_msr(3), branch(0x1000, false)];
    let mut bus = Limited(memory(&[(0, &program)]));
    let mut cpu = Cpu::new(EVERYTHING);
    cpu.run(&mut bus, &Limits::instructions(3));
    assert_eq!(cpu.step(&mut bus), Step::Entered(Vector::Exception(Exception::InstructionBus)));
    // A vector that raises the next exception does not hold up a run: EIP forbids it, and the words are nothing.
    assert_eq!(cpu.run(&mut bus, &Limits::instructions(2000)), Run { instructions: 2000, stop: Stop::Count });

    let mut cpu = Cpu::new(Config { opcode_0_illegal: true, ..EVERYTHING });
    cpu.run(&mut bus, &Limits::instructions(2));
    cpu.set_pc(0x800);
    assert_eq!(cpu.step(&mut bus), Step::Entered(Vector::Exception(Exception::IllegalOpcode)));
}

#[test]
fn branches_in_a_delay_slot_do_nothing() {
    let program = [branch(16, true), branch(64, false), addik(0, 0, 0), addik(0, 0, 0), addik(3, 0, 3)];
    let mut memory = memory(&[(0, &program)]);
    let mut cpu = Cpu::new(Config::PYNQ_IOP);
    cpu.run(&mut memory, &Limits::instructions(3));
    assert_eq!((cpu.pc(), cpu.register(r(3))), (20, 3));
}

#[test]
fn sleep_ends_with_an_interrupt_or_a_wake_up() {
    let program = [addik(3, 0, 2), to_msr(3), Instruction::Barrier { kind: 24 }, addik(4, 0, 4)];
    let mut memory = memory(&[(0, &program)]);
    let mut cpu = Cpu::new(Config::PYNQ_IOP);
    assert_eq!(cpu.run(&mut memory, &Limits::instructions(10)), Run { instructions: 3, stop: Stop::Asleep });
    assert_eq!(cpu.step(&mut memory), Step::Asleep);
    let mut other = cpu.clone();
    cpu.set_interrupt(true);
    assert_eq!(cpu.step(&mut memory), Step::Entered(Vector::Interrupt));
    assert_eq!(cpu.register(r(14)), 12);
    other.wake();
    assert_eq!((other.step(&mut memory), other.register(r(4))), (Step::Executed, 4));
    other.reset();
    assert_eq!((other.pc(), other.registers(), other.instructions()), (0, &[0; 32], 4));
}

#[test]
fn breakpoints_stop_in_front_of_an_instruction() {
    let mut memory = memory(&[(0, &[addik(3, 3, 1), addik(4, 4, 1), branch(-8, false)])]);
    let mut cpu = Cpu::new(Config::PYNQ_IOP);
    let limits = Limits::instructions(100).stop_at(&[4]);
    assert_eq!(cpu.run(&mut memory, &limits), Run { instructions: 1, stop: Stop::Breakpoint });
    assert_eq!(cpu.run(&mut memory, &limits), Run { instructions: 3, stop: Stop::Breakpoint });
    assert_eq!((cpu.register(r(3)), cpu.register(r(4))), (2, 1));
    assert_eq!(cpu.run(&mut memory, &Limits::instructions(2).stop_at(&[4])).stop, Stop::Count);
}

/// Memory, and a register at 0x1000 that is not ready at first.
struct Slow {
    memory: Ram<Vec<u8>>,
    wait: u32,
    written: Vec<u32>,
}

impl Bus for Slow {
    fn fetch(&mut self, address: u32) -> Result<u32, BusError> {
        self.memory.fetch(address)
    }

    fn load(&mut self, address: u32, size: Size) -> Result<u32, BusError> {
        match (address, self.wait) {
            (0x1000, 0) => Ok(0x77),
            (0x1000, _) => {
                self.wait -= 1;
                Err(BusError::Wait)
            }
            _ => self.memory.load(address, size),
        }
    }

    fn store(&mut self, address: u32, size: Size, value: u32) -> Result<Stored, BusError> {
        if address == 0x1000 {
            self.written.push(value);
            return Ok(Stored::Changed);
        }
        self.memory.store(address, size, value)
    }

    fn get(&mut self, link: u8, take: bool) -> Option<StreamWord> {
        let word = (link == 2).then(|| self.written.first().copied()).flatten();
        if take && word.is_some() {
            self.written.remove(0);
        }
        word.map(|data| StreamWord { data, control: false })
    }
}

#[test]
fn an_instruction_that_has_to_wait_begins_again() {
    let program = [Instruction::Prefix { high: 0 }, lwi(3, 0, 0x1000), swi(3, 0, 0x1000)];
    let mut bus = Slow { memory: memory(&[(0, &program)]), wait: 2, written: Vec::new() };
    let mut cpu = Cpu::new(Config::PYNQ_IOP);
    let run = cpu.run(&mut bus, &Limits::instructions(10));
    assert_eq!(run, Run { instructions: 1, stop: Stop::Waiting });
    assert_eq!((cpu.pc(), cpu.prefix()), (4, Some(0)));
    assert_eq!(cpu.step(&mut bus), Step::Waiting);
    assert_eq!((cpu.step(&mut bus), cpu.register(r(3))), (Step::Executed, 0x77));
    assert_eq!((cpu.step(&mut bus), &*bus.written), (Step::Executed, &[0x77][..]));
}

#[test]
fn stream_links_wait_or_set_the_carry() {
    // get r3, rfsl2; nget r4, rfsl2; nput r3, rfsl1
    let program = [0x6C60_0002, 0x6C80_4002, 0x6C03_C001].map(|word| pynq_iss::decode(word).expect("legal"));
    assert_eq!(program.map(|it| it.to_string()), ["get r3, rfsl2", "nget r4, rfsl2", "nput r3, rfsl1"]);
    let mut bus = Slow { memory: memory(&[(0, &program)]), wait: 0, written: Vec::new() };
    let mut cpu = Cpu::new(Config::ALL_INSTRUCTIONS);
    assert_eq!(cpu.step(&mut bus), Step::Waiting);
    bus.written.push(9);
    assert_eq!((cpu.step(&mut bus), cpu.register(r(3))), (Step::Executed, 9));
    assert_eq!(cpu.step(&mut bus), Step::Executed);
    assert!(cpu.msr().contains(Msr::C | Msr::CC));
    assert_eq!((cpu.step(&mut bus), cpu.msr().contains(Msr::C)), (Step::Executed, true));
    // Without links they are illegal, and do nothing.
    let mut cpu = Cpu::new(Config::PYNQ_IOP);
    assert_eq!(cpu.run(&mut bus, &Limits::instructions(3)).instructions, 3);
}

#[test]
fn exclusive_stores_need_their_reservation() {
    // lwx r3, r0, r5; swx r4, r0, r5; swx r4, r0, r5
    let program = [0xC860_2C00, 0xD880_2C00, 0xD880_2C00].map(|word| pynq_iss::decode(word).expect("legal"));
    let mut memory = memory(&[(0, &program)]);
    let mut cpu = Cpu::new(Config::PYNQ_IOP);
    cpu.set_register(r(5), 0x100);
    cpu.set_register(r(4), 0xABC);
    let carries: Vec<bool> = (0..3)
        .map(|_| {
            cpu.step(&mut memory);
            cpu.msr().contains(Msr::C)
        })
        .collect();
    assert_eq!(carries, [false, false, true]);
    assert_eq!(memory.load(0x100, Size::Word), Ok(0xABC));
}

#[test]
fn a_polling_loop_is_found_with_its_length() {
    let call = |rd, offset| Instruction::Branch {
        rd: r(rd),
        b: Operand::Immediate(offset),
        delay: true,
        absolute: false,
        link: true,
    };
    // A loop that calls a function, which saves its return address and spends ten rounds before it reads the word.
    let program = [
        addik(1, 0, 0x400),
        call(15, 0x3C),
        addik(0, 0, 0),
        branch_if(Condition::Equal, 3, -8),
        swi(3, 0, 0x200),
        branch(0, false),
    ];
    let function = [
        swi(15, 1, 0),
        addik(6, 0, 10),
        addik(6, 6, -1),
        branch_if(Condition::NotEqual, 6, -4),
        lwi(3, 0, 0x100),
        back(ReturnFrom::Subroutine, 15, 8),
        addik(0, 0, 0),
    ];
    let mut memory = memory(&[(0, &program), (0x40, &function)]);
    let limits = Limits::instructions(1_000_000).stop_when_polling();
    let mut cpu = Cpu::new(Config::PYNQ_IOP);
    let run = cpu.run(&mut memory, &limits);
    // The call and its slot, 2 + 10 x 2 + 3 in the function, the branch.
    assert_eq!(run.stop, Stop::Polling { period: 28 });
    assert!(run.instructions < 400, "{run:?}");

    // What is skipped is the same as what is executed.
    let mut skipped = cpu.clone();
    skipped.skip(28 * 1000);
    cpu.run(&mut memory, &Limits::instructions(28 * 1000));
    assert_eq!((skipped.pc(), skipped.registers()), (cpu.pc(), cpu.registers()));
    assert_eq!(skipped.instructions(), cpu.instructions());

    // It goes on when the word changes, and ends in the next loop.
    memory.store(0x100, Size::Word, 5).expect("memory");
    let run = skipped.run(&mut memory, &limits);
    assert_eq!((run.stop, skipped.pc()), (Stop::Polling { period: 1 }, 20));
    assert_eq!(memory.load(0x200, Size::Word), Ok(5));
}

#[test]
fn a_loop_that_changes_something_is_no_polling_loop() {
    // One counts in a register, one in memory, one writes a device.
    let counts = [addik(3, 3, 1), branch(-4, false)];
    let stores = [lwi(3, 0, 0x100), addik(3, 3, 1), swi(3, 0, 0x100), branch(-12, false)];
    let device = [swi(0, 0, 0x1000), branch(-4, false)];
    for program in [&counts[..], &stores, &device] {
        let mut bus = Slow { memory: memory(&[(0, program)]), wait: 0, written: Vec::new() };
        let mut cpu = Cpu::new(Config::PYNQ_IOP);
        let run = cpu.run(&mut bus, &Limits::instructions(20_000).stop_when_polling());
        assert_eq!(run, Run { instructions: 20_000, stop: Stop::Count }, "{program:?}");
    }
}
