//! The processor alone: its time, its rests, its interrupt.

use pynq_core::Instant;
use pynq_iss::{Condition, Config, Size};
use pynq_sim::{
    Stimulus,
    device::View,
    fabric::{Change, Fabric, FabricBuilder},
    models::{AxiGpioModel, AxiTimerModel, GpioChannel, GpioParams, MicroBlazeModel, TimerParams},
};

use crate::assembler::Assembler;

const MEMORY: u64 = 0x4000_0000;
const GPIO: u32 = 0x4000_0000;
const TIMER: u32 = 0x41C0_0000;
const COMMAND: u32 = 0xFFFC;

fn at(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}

/// A processor with 64 KiB of memory that the other processor has at 0x40000000, a GPIO and a timer.
fn fabric(program: &Assembler) -> Fabric {
    let pins = GpioParams { channel1: GpioChannel { width: 8, ..GpioChannel::default() }, ..GpioParams::default() };
    let mut fabric = FabricBuilder::new()
        .memory("mb/bram", MEMORY, 0x1_0000)
        .part("mb/gpio", AxiGpioModel::new(pins))
        .part("mb/timer", AxiTimerModel::new(TimerParams::default()))
        .part("mb", MicroBlazeModel::new(Config::PYNQ_IOP, 100_000_000))
        .map("mb", "mb/bram", 0, 0x1_0000, 0)
        .map("mb", "mb/gpio", GPIO.into(), 0x1000, 0)
        .map("mb", "mb/timer", TIMER.into(), 0x1000, 0)
        .master("mb/M_AXI_DP", "mb")
        .wire("mb/timer/interrupt", "mb/Interrupt")
        .build()
        .expect("a fabric");
    for (offset, word) in (0..).step_by(4).zip(program.words()) {
        fabric.write(MEMORY + offset, word).expect("memory");
    }
    fabric
}

fn outputs(fabric: &mut Fabric) -> Vec<(u64, u32)> {
    let changes = fabric.take_changes();
    let output = |change| match change {
        Change::Output(output) => Some((output.time.as_nanos(), output.value)),
        other => panic!("{other:?}"),
    };
    changes.into_iter().filter_map(output).collect()
}

fn executed(fabric: &Fabric) -> u64 {
    let View::Text(text) = fabric.view("mb").expect("it is there") else { panic!("no text") };
    let count = text.split(' ').nth(2).expect("a count");
    count.parse().expect("a number")
}

/// What an access of a register takes beside the clock of its instruction, in nanoseconds.
const WAIT: u64 = 200;

#[test]
fn registers_are_accessed_in_the_clock_of_their_instruction() {
    let mut program = Assembler::new();
    // TRI = 0: instructions 0 to 3, the store is 3. Then DATA = 1 is 4 .. 7.
    program.poke(GPIO + 4, 0).poke(GPIO, 1);
    for _ in 0..100 {
        program.addi(5, 5, 1);
    }
    program.poke(GPIO, 2).label("end").jump("end");
    let mut fabric = fabric(&program);
    fabric.advance_to(at(5_000));
    assert_eq!(outputs(&mut fabric), [(70 + WAIT, 1), (70 + 10 * 104 + 2 * WAIT, 2)]);
}

#[test]
fn a_program_that_waits_for_memory_rests_and_its_instructions_are_counted() {
    let mut program = Assembler::new();
    program.poke(GPIO + 4, 0).label("wait").load(Size::Word, 5, COMMAND).jump_if(Condition::Equal, 5, "wait");
    program.store(Size::Word, 5, GPIO).store(Size::Word, 0, COMMAND).jump("wait");
    let mut fabric = fabric(&program);
    fabric.advance_to(at(20_000));
    assert_eq!(fabric.next_event(), None, "nothing happens until the memory is written");
    fabric.advance_to(at(1_000_000_000));
    fabric.write(MEMORY + u64::from(COMMAND), 0xAB).expect("memory");
    fabric.advance_to(at(1_000_001_000));
    let seen = outputs(&mut fabric);
    let [(time, 0xAB)] = seen[..] else { panic!("{seen:?}") };
    // The loop has three instructions, and four lead to the register.
    assert!((1_000_000_000..1_000_000_100).contains(&time), "{time}");
    assert_eq!(fabric.read(MEMORY + u64::from(COMMAND)), Ok(0));
    fabric.advance_to(at(1_000_020_000));
    let count = executed(&fabric);
    assert!((100_000_000..100_003_000).contains(&count), "ten nanoseconds each: {count}");
}

#[test]
fn a_program_that_waits_for_a_pin_rests_until_it_moves() {
    let mut program = Assembler::new();
    program.poke(GPIO + 4, 0x0F).label("wait").load(Size::Word, 5, GPIO).andi(5, 5, 1);
    program.jump_if(Condition::Equal, 5, "wait").poke(GPIO, 0x10).label("end").jump("end");
    let mut fabric = fabric(&program);
    fabric.advance_to(at(20_000));
    assert_eq!(fabric.next_event(), None);
    fabric.advance_to(at(500_000));
    fabric.apply(&Stimulus::pin("mb/gpio", 1, 0, true)).expect("a pin");
    fabric.advance_to(at(501_000));
    let seen = outputs(&mut fabric);
    let [(time, 0x10)] = seen[..] else { panic!("{seen:?}") };
    assert!((500_000..500_150 + 2 * WAIT).contains(&time), "{time}");
    // A round is four instructions and a wait.
    let count = executed(&fabric);
    let rounds = 500_000 / (40 + WAIT);
    assert!((4 * rounds..4 * rounds + 100).contains(&count), "{count} instructions");
}

#[test]
fn a_program_that_watches_a_timer_sees_it_in_time() {
    // The timer counts down from 1,000 without an interrupt: only its flag tells.
    let mut program = Assembler::new();
    program.poke(GPIO + 4, 0).poke(TIMER + 4, 1_000).poke(TIMER, 0x20).poke(TIMER, 0x82);
    program.label("wait").load(Size::Word, 5, TIMER).andi(5, 5, 0x100).jump_if(Condition::Equal, 5, "wait");
    program.poke(GPIO, 1).label("end").jump("end");
    let mut fabric = fabric(&program);
    fabric.advance_to(at(100_000));
    let seen = outputs(&mut fabric);
    let [(time, 1)] = seen[..] else { panic!("{seen:?}") };
    // It is started by instruction 15, after three accesses; the loop has four instructions and an access.
    let started = 150 + 3 * WAIT;
    assert!((started + 10_000..started + 10_000 + 120 + 2 * WAIT).contains(&time), "{time}");
}

#[test]
fn interrupts_of_a_timer_come_in_time_and_none_is_lost() {
    let mut program = Assembler::new();
    program.jump("main").origin(0x10).jump("handler").origin(0x50);
    // The timer interrupts every 1,000 clocks (its load value is two less); MSR.IE is bit 1.
    program.label("main").poke(GPIO + 4, 0).poke(TIMER + 4, 998).poke(TIMER, 0x20).poke(TIMER, 0xD2);
    program.instruction(pynq_iss::Instruction::MoveTo {
        special: 1,
        ra: pynq_iss::Reg::new(20).expect("a register"),
        extended: false,
    });
    program.label("end").addi(6, 6, 1).jump("end");
    program.label("handler").addi(7, 7, 1).store(Size::Word, 7, GPIO).poke(TIMER, 0x1D2);
    program.instruction(pynq_iss::Instruction::Return {
        from: pynq_iss::ReturnFrom::Interrupt,
        ra: pynq_iss::Reg::new(14).expect("a register"),
        offset: 0,
    });
    program.addi(0, 0, 0);
    // r20 = MSR.IE, in front of everything else: the vector at 0 goes here.
    let mut words = program.words();
    let mut first = Assembler::new();
    first.li(20, 2);
    let room = words.iter().position(|word| *word == 0).expect("room before the handler");
    // The branch at 0 is relative: what is put in front of it moves it, so it is made again.
    let main = 0x50;
    words[0] = first.words()[0];
    words[1] = first.words()[1];
    words[2] = 0xB800_0000 | (main - 8);
    assert!(room <= 3);
    let mut fabric = fabric(&Assembler::new());
    for (offset, word) in (0..).step_by(4).zip(words) {
        fabric.write(MEMORY + offset, word).expect("memory");
    }
    fabric.advance_to(at(1_000_000));
    let seen = outputs(&mut fabric);
    assert!((98..=100).contains(&seen.len()), "{} interrupts in a millisecond, each after 10 us", seen.len());
    for (index, pair) in seen.windows(2).enumerate() {
        let apart = pair[1].0 - pair[0].0;
        assert!((9_970..=10_030).contains(&apart), "{apart} ns between interrupts {index} and the next");
        assert_eq!(pair[1].1, (pair[0].1 + 1) & 0xFF);
    }
}

#[test]
fn an_empty_memory_is_run_through_at_no_cost() {
    let mut fabric = fabric(&Assembler::new());
    fabric.advance_to(at(1_000));
    assert_eq!(fabric.next_event(), None, "there is nothing but nops, up to the end of all addresses");
    // A program behind the emptiness, written while the processor runs through it.
    fabric.advance_to(at(10_000));
    let mut program = Assembler::new();
    program.poke(GPIO + 4, 0).poke(GPIO, 1).label("end").jump("end");
    for (offset, word) in (0x8000..).step_by(4).zip(program.words()) {
        fabric.write(MEMORY + offset, word).expect("memory");
    }
    fabric.advance_to(at(100_000));
    // It is at 0x8000 after so many nops.
    assert_eq!(outputs(&mut fabric), [(0x8000 / 4 * 10 + 70 + WAIT, 1)]);
}

#[test]
fn a_reset_starts_the_program_anew_and_a_held_processor_does_nothing() {
    let mut program = Assembler::new();
    program.poke(GPIO + 4, 0).poke(GPIO, 1).poke(GPIO, 0).label("end").addi(5, 5, 1).jump("end");
    let mut fabric = fabric(&program);
    fabric.advance_to(at(1_000));
    assert_eq!(outputs(&mut fabric), [(70 + WAIT, 1), (110 + 2 * WAIT, 0)]);
    fabric.hold_in_reset("mb", true).expect("it is there");
    fabric.advance_to(at(50_000));
    assert_eq!((fabric.next_event(), outputs(&mut fabric)), (None, Vec::new()));
    fabric.hold_in_reset("mb", false).expect("it is there");
    fabric.advance_to(at(60_000));
    assert_eq!(outputs(&mut fabric), [(50_070 + WAIT, 1), (50_110 + 2 * WAIT, 0)]);
}

#[test]
fn bytes_and_halves_go_to_memory_and_to_registers() {
    let mut program = Assembler::new();
    program.li(5, 0x1234_5678).store(Size::Word, 5, 0x1000);
    program.load(Size::Byte, 6, 0x1001).store(Size::Byte, 6, 0x1007).load(Size::Half, 7, 0x1002).store(
        Size::Half,
        7,
        0x1004,
    );
    // The block knows no strobes: the byte comes on all lanes.
    program.poke(GPIO + 4, 0).li(8, 0xA5).store(Size::Byte, 8, GPIO).load(Size::Byte, 9, GPIO).store(
        Size::Byte,
        9,
        0x1008,
    );
    program.label("end").jump("end");
    let mut fabric = fabric(&program);
    fabric.advance_to(at(10_000));
    assert_eq!(fabric.read(MEMORY + 0x1004), Ok(0x5600_1234));
    assert_eq!(fabric.read(MEMORY + 0x1008), Ok(0xA5));
    assert_eq!(outputs(&mut fabric).last().map(|output| output.1), Some(0xA5));
}

#[test]
fn nothing_at_an_address_is_recorded_with_the_processors_name() {
    let mut program = Assembler::new();
    program.load(Size::Word, 5, 0x5000_0000).label("end").jump("end");
    let mut fabric = fabric(&program);
    fabric.advance_to(at(10_000));
    let changes = fabric.take_changes();
    let [Change::BusError(error)] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!((error.master.as_str(), error.address, error.time), ("mb", 0x5000_0000, at(10)));
    assert!(error.expected, "the program's business: it fails no test");
}
