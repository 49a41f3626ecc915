//! Whole I/O processors, from handoff files: the small one of this repository, and the base overlay where it is there.

use core::time::Duration;

use pynq_hwh::Design;
use pynq_iss::{Condition, Size};
use pynq_sim::{
    Board, Width,
    device::View,
    models::{SWITCH_GENERATE, SWITCH_PWM},
};

use crate::assembler::Assembler;

const IOP: &str = include_str!("../../../pynq-hwh/fixtures/iop.hwh");
const MEMORY: u64 = 0x4000_0000;
const PS_GPIO: u64 = 0xE000_A000;
const RESET: u32 = 1 << 0;
const ACKNOWLEDGE: u32 = 1 << 4;

/// The processing system's registers of bank 2.
fn lines(board: &Board, mask: u32, value: u32) {
    let write = |offset, value: u32| board.bus_write(PS_GPIO + offset, Width::Word, value.into());
    write(0x284, 0xFFFF);
    write(0x288, 0xFFFF);
    write(0x10, (!mask & 0xFFFF) << 16 | value);
}

fn load(board: &Board, memory: u64, program: &Assembler) {
    board.write_memory(memory, &program.bytes()).expect("memory");
}

fn iop() -> Board {
    let board = Board::from_design(&Design::parse(IOP).expect("a handoff file")).expect("a board");
    lines(&board, RESET, RESET);
    board
}

fn word(board: &Board, offset: u64) -> u64 {
    board.bus_read(MEMORY + offset, Width::Word)
}

fn pass(board: &Board, micros: u64) {
    board.advance(Duration::from_micros(micros));
}

/// Adds one to the argument of each command.
fn adder() -> Assembler {
    let mut program = Assembler::new();
    program.label("wait").load(Size::Word, 5, 0xFFFC).jump_if(Condition::Equal, 5, "wait");
    program.load(Size::Word, 6, 0xF000).addi(6, 6, 1).store(Size::Word, 6, 0xF000).store(Size::Word, 0, 0xFFFC);
    program.jump("wait");
    program
}

#[test]
fn the_processing_systems_line_holds_the_processor_and_its_peripherals() {
    let board = iop();
    let mut program = Assembler::new();
    program.poke(0x4000_0004, 0).poke(0x4000_0000, 0x5A).poke(0x1000, 1).label("end").jump("end");
    load(&board, MEMORY, &program);
    pass(&board, 100);
    assert_eq!(word(&board, 0x1000), 0, "it is held");
    lines(&board, RESET, 0);
    pass(&board, 100);
    assert_eq!((word(&board, 0x1000), board.port("iop_pmoda/gpio/gpio_io")), (1, Ok(0x5A)));
    assert_eq!(board.output("iop_pmoda/io_switch", 1), Ok(0x5A), "through the switch to the pins");
    lines(&board, RESET, RESET);
    assert_eq!(board.output("iop_pmoda/io_switch", 1), Ok(0), "the peripherals are reset, too");
    assert_eq!(word(&board, 0x1000), 1, "the memory is not");
}

/// PYNQ's designs join the GPIO and the switch as an interface, and then no nets are listed for it.
#[test]
fn a_gpio_is_wired_to_the_switch_by_their_interface() {
    let nets = ["iop_pmoda_gpio_gpio_io_o", "iop_pmoda_gpio_gpio_io_t", "iop_pmoda_io_switch_gpio_data_i"];
    let cut = nets.iter().fold(IOP.to_owned(), |text, net| text.replace(&format!("SIGNAME=\"{net}\""), "SIGNAME=\"\""));
    let joined = [("gpio", "GPIO", "INITIATOR"), ("io_switch", "gpio", "TARGET")];
    let text = joined.iter().fold(cut.clone(), |text, (block, name, role)| {
        let module = text.find(&format!("FULLNAME=\"/iop_pmoda/{block}\"")).expect("it is there");
        let end = module + text[module..].find("</MODULE>").expect("its end");
        let bus = format!(
            r#"<BUSINTERFACES><BUSINTERFACE BUSNAME="pins" NAME="{name}" TYPE="{role}" VLNV="xilinx.com:interface:gpio:1.0"/></BUSINTERFACES>"#
        );
        [&text[..end], &bus, &text[end..]].concat()
    });
    let mut program = Assembler::new();
    program.poke(0x4000_0000, 0x5A).poke(0x4000_0004, 0xF0).load(Size::Word, 5, 0x4000_0000);
    program.store(Size::Word, 5, 0x1000).label("end").jump("end");
    for (text, pins, read) in [(&cut, 0, 0x0A), (&text, 0x0A, 0xCA)] {
        let board = Board::from_design(&Design::parse(text).expect("a handoff file")).expect("a board");
        (6..8).for_each(|pin| board.press("iop_pmoda/io_switch", pin).expect("a pin"));
        load(&board, MEMORY, &program);
        lines(&board, RESET, 0);
        pass(&board, 100);
        assert_eq!((board.output("iop_pmoda/io_switch", 1), word(&board, 0x1000)), (Ok(pins), read));
    }
}

#[test]
fn a_request_sets_the_flip_flop_and_the_acknowledge_line_clears_it() {
    let board = iop();
    // A request for each command: a pulse; one that stays for command 2.
    let mut program = Assembler::new();
    program.poke(0x4001_0004, 0).label("wait").load(Size::Word, 5, 0xFFFC).jump_if(Condition::Equal, 5, "wait");
    program.poke(0x4001_0000, 1).andi(6, 5, 2).jump_if(Condition::NotEqual, 6, "stays").poke(0x4001_0000, 0);
    program.label("stays").store(Size::Word, 0, 0xFFFC).jump("wait");
    load(&board, MEMORY, &program);
    lines(&board, RESET, 0);
    let flop = || board.line("iop_pmoda/flop/q").expect("a wire");
    let command = |number: u64| {
        board.bus_write(MEMORY + 0xFFFC, Width::Word, number);
        pass(&board, 10);
        assert_eq!(word(&board, 0xFFFC), 0, "it was carried out");
    };
    assert!(!flop());
    command(1);
    assert!(flop());
    lines(&board, ACKNOWLEDGE, ACKNOWLEDGE);
    assert!(!flop());
    command(1);
    assert!(!flop(), "a request while the acknowledge is held is lost");
    lines(&board, ACKNOWLEDGE, 0);
    assert!(!flop());
    command(2);
    assert!(flop());
    lines(&board, ACKNOWLEDGE, ACKNOWLEDGE);
    assert!(!flop(), "the reset wins");
    lines(&board, ACKNOWLEDGE, 0);
    assert!(!flop(), "until the next clock");
    pass(&board, 1);
    assert!(flop(), "a request that stays comes again");
    // The request is not in the processor's reset: it is there until a program takes it back.
    lines(&board, RESET | ACKNOWLEDGE, RESET | ACKNOWLEDGE);
    lines(&board, RESET | ACKNOWLEDGE, 0);
    pass(&board, 1);
    assert!(flop());
    command(1);
    lines(&board, ACKNOWLEDGE, ACKNOWLEDGE);
    lines(&board, ACKNOWLEDGE, 0);
    assert!(!flop());
}

#[test]
fn the_switch_gives_pins_to_the_timer_and_takes_bytes() {
    let board = iop();
    let mut program = Assembler::new();
    let switch = 0x44A2_0000;
    // Pin 3 to the timer's generate output, by a byte; the timer pulses every 1,000 clocks.
    program.li(5, SWITCH_GENERATE).store(Size::Byte, 5, switch + 3).li(5, SWITCH_PWM).store(Size::Byte, 5, switch + 5);
    program.load(Size::Word, 6, switch).store(Size::Word, 6, 0x1000).load(Size::Word, 6, switch + 4);
    program.store(Size::Word, 6, 0x1004).load(Size::Word, 6, switch + 0x24).store(Size::Word, 6, 0x1008);
    program.poke(0x41C0_0004, 998).poke(0x41C0_0000, 0x20).poke(0x41C0_0000, 0x96).label("end").jump("end");
    load(&board, MEMORY, &program);
    lines(&board, RESET, 0);
    pass(&board, 105);
    assert_eq!((word(&board, 0x1000), word(&board, 0x1004), word(&board, 0x1008)), (0x1800_0000, 0x1000, 0));
    let pulses =
        board.output_log().iter().filter(|change| change.path.ends_with("io_switch") && change.value == 8).count();
    assert_eq!(pulses, 10);
}

#[test]
fn the_window_leads_to_the_processors_memory() {
    let design = Design::parse(IOP).expect("a handoff file");
    let board = pynq_sim::BoardBuilder::from_design(&design, |_| None)
        .memory("ddr", 0x10_0000, 0x10_0000)
        .build()
        .expect("a board");
    lines(&board, RESET, RESET);
    let mut program = Assembler::new();
    program.load(Size::Word, 5, 0x2010_0000).addi(5, 5, 1).store(Size::Word, 5, 0x2010_0004).label("end").jump("end");
    load(&board, MEMORY, &program);
    board.bus_write(0x10_0000, Width::Word, 41);
    lines(&board, RESET, 0);
    pass(&board, 10);
    assert_eq!(board.bus_read(0x10_0004, Width::Word), 42);
}

#[test]
fn commands_are_carried_out_on_four_processors_of_the_base_overlay_at_once() {
    let Some(folder) = std::env::var_os("PYNQ_HWH_DIR") else {
        println!("skipped: PYNQ_HWH_DIR does not say where the base overlay's handoff file is");
        return;
    };
    let design = Design::read(std::path::Path::new(&folder).join("z2-base.hwh")).expect("a handoff file");
    let board = Board::from_design(&design).expect("a board");
    lines(&board, 0xF, 0xF);
    let memories = [0x4000_0000, 0x4200_0000, 0x4400_0000, 0x4600_0000];
    memories.iter().for_each(|memory| load(&board, *memory, &adder()));
    lines(&board, 0xF, 0);
    for round in 0..50 {
        for (index, memory) in (0..).zip(memories) {
            board.bus_write(memory + 0xF000, Width::Word, 1_000 * index + round);
            board.bus_write(memory + 0xFFFC, Width::Word, 1);
        }
        pass(&board, 1);
        for (index, memory) in (0..).zip(memories) {
            assert_eq!(board.bus_read(memory + 0xFFFC, Width::Word), 0);
            assert_eq!(board.bus_read(memory + 0xF000, Width::Word), 1_000 * index + round + 1);
        }
    }
    pass(&board, 100);
    assert_eq!(board.next_event(), None, "all of them rest");
    for path in ["iop_pmoda/mb", "iop_pmodb/mb", "iop_arduino/mb", "iop_rpi/mb"] {
        assert!(matches!(board.view(path), Ok(View::Text(text)) if text.starts_with("pc 0x000000")), "{path}");
    }
}
