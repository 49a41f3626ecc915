//! The bus: windows, refused accesses, and the record of misuse.
#![cfg(feature = "std")]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};

use common::{BTNS, INTC, IRQ, RAM, enable, small};
use pynq_core::Mmio;
use pynq_sim::{
    Access, Board, BusErrorKind, Error, Stimulus, Width,
    models::{AxiIntcModel, IntcParams, RegisterModel},
};

/// What a panic said.
fn message(outcome: std::thread::Result<()>) -> String {
    *outcome.expect_err("no panic").downcast::<String>().expect("a message")
}

#[test]
fn an_unexpected_bus_error_fails_the_test_when_the_board_is_dropped() {
    let said = message(catch_unwind(|| {
        let board = small(0);
        assert_eq!(board.bus_read(0x5000_0000, Width::Word), 0xFFFF_FFFF);
    }));
    assert!(said.contains("read at 0x50000000"), "{said}");
    assert!(said.contains(file!()), "the caller is named: {said}");
}

#[test]
fn only_the_last_handle_reports() {
    let board = small(0);
    let clone = board.clone();
    board.bus_write(0x5000_0000, Width::Word, 0);
    drop(clone);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(board))).is_err());
}

#[test]
fn an_expected_or_taken_bus_error_does_not() {
    let board = small(0);
    board.expect_bus_error(0x5000_0000, None);
    board.expect_bus_error(0x5000_0004, Some(Access::Write));
    board.bus_write(0x5000_0000, Width::Word, 1);
    board.bus_write(0x5000_0004, Width::Word, 1);
    drop(board);

    let board = small(0);
    board.expect_bus_error(0x5000_0000, Some(Access::Write));
    let _ = board.bus_read(0x5000_0000, Width::Word);
    let errors = board.take_bus_errors();
    assert_eq!((errors.len(), errors[0].expected, errors[0].kind), (1, false, BusErrorKind::Unmapped));
}

#[test]
fn a_drop_during_a_panic_does_not_abort() {
    let said = message(catch_unwind(|| {
        let board = small(0);
        let _ = board.bus_read(0x5000_0000, Width::Word);
        panic!("{}", String::from("the first one"));
    }));
    assert_eq!(said, "the first one");
}

#[test]
fn registers_take_whole_aligned_words_only() {
    let board = small(0);
    assert_eq!(board.bus_read(INTC + 0x1C, Width::Byte), 0xFF);
    assert_eq!(board.bus_read(INTC + 0x1C, Width::Half), 0xFFFF);
    assert_eq!(board.bus_read(INTC + 0x18, Width::Double), u64::MAX);
    assert_eq!(board.bus_read(INTC + 0x1E, Width::Word), 0xFFFF_FFFF);
    board.bus_write(INTC + 0x1C, Width::Half, 3);
    assert_eq!(board.bus_read(INTC + 0x1C, Width::Word), 0, "nothing was written");
    let kinds: Vec<_> = board.take_bus_errors().into_iter().map(|error| error.kind).collect();
    assert_eq!(
        kinds,
        [
            BusErrorKind::Width(Width::Byte),
            BusErrorKind::Width(Width::Half),
            BusErrorKind::Width(Width::Double),
            BusErrorKind::Unaligned,
            BusErrorKind::Width(Width::Half),
        ]
    );
}

#[test]
fn memory_takes_any_width() {
    let board = small(0);
    board.bus_write(RAM + 8, Width::Double, 0x0807_0605_0403_0201);
    assert_eq!(board.bus_read(RAM + 9, Width::Byte), 0x02);
    assert_eq!(board.bus_read(RAM + 10, Width::Half), 0x0403);
    assert_eq!(board.window("ram").unwrap().read(12), 0x0807_0605);
    let mut bytes = [0; 4];
    board.read_memory(RAM + 8, &mut bytes).unwrap();
    assert_eq!(bytes, [1, 2, 3, 4]);
    assert!(board.write_memory(RAM + 0x1FFF, &[0; 2]).is_err());
}

#[test]
fn an_access_beyond_a_window_is_recorded_even_if_something_is_mapped_there() {
    let board = Board::builder()
        .device("a", 0, 0x1000, RegisterModel::new())
        .device("b", 0x1000, 0x1000, RegisterModel::new().with_reset(0, 7))
        .build()
        .unwrap();
    assert_eq!(board.window("a").unwrap().read(0x1000), u32::MAX);
    assert_eq!(board.take_bus_errors()[0].kind, BusErrorKind::OutsideWindow);
    let both = board.window_at(0, 0x3000).unwrap();
    assert_eq!((both.size(), both.read(0x1000), both.read(0x2000)), (0x3000, 7, u32::MAX));
    assert_eq!(board.take_bus_errors()[0].kind, BusErrorKind::Unmapped);
}

#[test]
fn a_window_is_an_mmio() {
    let board = small(0);
    let window: &dyn Mmio = &board.window("mystery").unwrap();
    // SAFETY: the offset is a multiple of four within the window's 4 KiB.
    unsafe { window.write32(8, 5) };
    // SAFETY: as above.
    assert_eq!((window.size(), unsafe { window.read32(8) }), (0x1000, 5));
}

#[test]
fn a_reloaded_board_is_reset_and_old_windows_are_dead() {
    let board = small(0);
    enable(&board);
    let (intc, btns) = (board.window("intc").unwrap(), board.window("btns").unwrap());
    board.press("btns", 0).unwrap();
    assert!(board.cpu_pin(IRQ).unwrap().level());
    board.reload();
    assert!(!board.cpu_pin(IRQ).unwrap().level());
    assert!(!intc.is_live());
    assert_eq!((intc.read(0x08), intc.read(0x5_0000)), (u32::MAX, u32::MAX));
    btns.write(0x128, 1);
    assert_eq!(board.stale_accesses(), 3);
    let (intc, btns) = (board.window("intc").unwrap(), board.window("btns").unwrap());
    assert_eq!((intc.read(0x08), intc.read(0x1C), btns.read(0x128)), (0, 0, 0));
    assert_eq!(btns.read(0), 1, "the button is still pressed");
}

#[test]
fn another_design_can_be_loaded_under_the_same_cpu_pins() {
    let board = small(0);
    let (old, pin) = (board.window("intc").unwrap(), board.cpu_pin(IRQ).unwrap());
    let other = Board::builder()
        .device("only", 0x1000, 0x1000, AxiIntcModel::new(IntcParams { irq_active: false, ..Default::default() }))
        .cpu_pin(5)
        .interrupt("only/irq", IRQ);
    board.load(other).unwrap();
    assert_eq!(board.blocks(), ["only"]);
    assert!(pin.level(), "the new design's line idles high");
    assert_eq!(old.read(0), u32::MAX);
    assert_eq!(board.cpu_pins(), [5, IRQ]);
    let mistake = Board::builder().interrupt("nothing/irq", 1);
    assert!(matches!(board.load(mistake), Err(Error::NoSuchBlock { .. })));
    assert_eq!(board.blocks(), ["only"]);
}

#[test]
fn injected_bus_errors_read_all_ones_and_fail_no_test() {
    let board = small(0);
    let intc = board.window("intc").unwrap();
    board.inject_bus_errors(INTC + 0x08, 2);
    intc.write(0x08, 1);
    assert_eq!((intc.read(0x08), intc.read(0x08)), (u32::MAX, 0));
    assert_eq!(board.take_bus_errors().len(), 2);
    board.inject_bus_errors(INTC, 1);
    let _ = intc.read(0);
}

#[test]
fn mistakes_in_a_description_are_named() {
    let intc = || AxiIntcModel::new(IntcParams { inputs: 2, ..Default::default() });
    let with = || Board::builder().device("intc", 0x1000, 0x1000, intc());
    let mistakes = [
        with().device("intc", 0x8000, 0x1000, intc()).build(),
        with().device("other", 0x1FFC, 0x1000, intc()).build(),
        with().device("other", u64::MAX - 3, 8, intc()).build(),
        with().memory("other", 0x8000, 0).build(),
        with().wire("intc/irq", "intc/intr[32]").build(),
        with().wire("intc/irq", "intc/intr").build(),
        with().wire("intc/irq", "intc/irq").build(),
        with().wire("intc/intr[0]", "intc/intr[1]").build(),
        with().wire("intc/irq", "intc/intr[0]").external("x", "intc/intr[0]").build(),
        with().interrupt("intc/oops", 1).build(),
        with().interrupt("oops", 1).build(),
    ];
    let said: Vec<String> = mistakes.into_iter().map(|mistake| mistake.expect_err("accepted").to_string()).collect();
    for (said, part) in said.iter().zip([
        "two blocks are called \"intc\"",
        "block \"other\" overlaps the addresses of \"intc\"",
        "can't be at 0xfffffffffffffffc",
        "0x0 bytes",
        "no port \"intr[32]\"; it has: intr[0] to [31]",
        "no port \"intr\"",
        "\"intc/irq\" does not name a port",
        "\"intc/intr[0]\" does not name a port",
        "\"intc/intr[0]\" is driven already",
        "it has: intr, irq",
        "write \"path/port\"",
    ]) {
        assert!(said.contains(part), "{said:?} lacks {part:?}");
    }
}

#[test]
fn unknown_names_are_answered_with_the_known_ones() {
    let board = small(0);
    let said = |error: Error| error.to_string();
    assert!(said(board.window("intk").unwrap_err()).contains("it has: ram, btns, leds, intc, mystery"));
    assert!(said(board.cpu_pin(1).unwrap_err()).contains("it has: 61"));
    assert!(said(board.press("intc", 0).unwrap_err()).contains("has no channels of pins"));
    assert!(said(board.input("btns", 2, 0, true).unwrap_err()).contains("no channel 2; it has 1"));
    assert!(said(board.input("btns", 1, 32, true).unwrap_err()).contains("pins 0 to 31"));
    assert!(said(board.set_line("nope", true).unwrap_err()).contains("iop/flop/q"));
    assert!(said(board.window_at(0x6000_0000, 4).unwrap_err()).contains("nothing is mapped"));
    assert!(
        said(board.in_acknowledge("cpu/61", Stimulus::pulse("cpu/61")).unwrap_err()).contains("never acknowledged")
    );
    assert!(board.before_access("btns", 0, Access::Read, Stimulus::pulse("nope")).is_err());
}

#[test]
fn addresses_are_told() {
    let board = small(0);
    assert_eq!(board.address_range("btns"), Ok((BTNS, 0x1_0000)));
}
