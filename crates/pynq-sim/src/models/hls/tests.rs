//! The control block against its description, register by register.

use alloc::{sync::Arc, vec::Vec};
use core::time::Duration;
use std::sync::Mutex;

use super::*;
use crate::{Board, Stimulus, Window};

const START: u32 = 1;
const DONE: u32 = 2;
const IDLE: u32 = 4;
const READY: u32 = 8;
const CONTINUE: u32 = 16;
const RESTART: u32 = 128;

struct Bench {
    board: Board,
    core: Window,
    /// What the body was called with.
    calls: Arc<Mutex<Vec<u64>>>,
}

/// A function of one argument that takes 100 clocks of 10 ns and returns its argument plus one.
fn bench(params: HlsParams) -> Bench {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&calls);
    let model = HlsModel::new(params.input("x", 32, 0x10).output("y", 32, 0x18), move |args, _, _| {
        log.lock().unwrap().push(args.get("x"));
        args.set("y", args.get("x") + 1);
        100_u64
    });
    let board = Board::builder().device("core", 0x4000_0000, 0x1_0000, model).interrupt("core/interrupt", 61).build();
    let board = board.unwrap();
    let core = board.window("core").unwrap();
    Bench { board, core, calls }
}

impl Bench {
    fn clocks(&self, clocks: u64) {
        self.board.advance(Duration::from_nanos(10 * clocks));
    }

    fn ctrl(&self) -> u32 {
        self.core.read(CTRL as usize)
    }

    fn write(&self, offset: u32, value: u32) {
        self.core.write(offset as usize, value);
    }

    fn read(&self, offset: u32) -> u32 {
        self.core.read(offset as usize)
    }

    fn irq(&self) -> bool {
        self.board.cpu_pin(61).unwrap().level()
    }

    fn coincide(&self, on: bool) {
        let stimulus = Stimulus::Port { port: "core/coincide".into(), bits: on.into() };
        self.board.stimulate(&stimulus).unwrap();
    }
}

fn both() -> [HlsParams; 2] {
    let old = HlsParams::default().generator(HlsGenerator::Old);
    [old, HlsParams::default()]
}

#[test]
fn a_run_from_start_to_the_read_that_consumes_its_end() {
    for params in both() {
        let new = params.generator == HlsGenerator::New;
        let bench = bench(params);
        bench.ctrl();
        assert_eq!(bench.ctrl(), IDLE);
        bench.write(0x10, 41);
        bench.write(CTRL, START);
        assert_eq!(bench.ctrl(), START, "not idle, and not ready before it is done");
        bench.clocks(99);
        assert_eq!(bench.ctrl(), START);
        assert_eq!(bench.read(0x18), 0, "outputs come with the end");
        bench.clocks(1);
        assert_eq!(bench.ctrl(), DONE | IDLE | if new { READY } else { 0 });
        assert_eq!(bench.ctrl(), IDLE, "a read has consumed both");
        assert_eq!(bench.read(0x18), 42);
        assert_eq!((bench.read(0x1C), bench.read(0x1C)), (1, 0), "valid is cleared by its read");
        assert_eq!(bench.read(0x10), 41, "inputs read back");
    }
}

#[test]
fn after_a_reset_it_is_idle_a_clock_later() {
    let bench = bench(HlsParams::default());
    assert_eq!((bench.ctrl(), bench.ctrl()), (0, IDLE));
}

#[test]
fn starts_merge_and_a_zero_stops_nothing() {
    let bench = bench(HlsParams::default());
    bench.write(CTRL, START);
    bench.write(CTRL, START);
    bench.write(CTRL, 0);
    bench.clocks(1000);
    assert_eq!(bench.ctrl() & (DONE | IDLE | START), DONE | IDLE);
    assert_eq!(bench.calls.lock().unwrap().len(), 1);
}

#[test]
fn a_cause_is_latched_only_while_it_is_enabled_and_toggles() {
    let bench = bench(HlsParams::default());
    bench.write(CTRL, START);
    bench.clocks(100);
    assert_eq!((bench.read(IP_ISR), bench.ctrl() & DONE), (0, DONE), "done shows without any enable");
    bench.write(IP_IER, 3);
    assert_eq!(bench.read(IP_ISR), 0, "it is not latched afterwards");
    bench.write(CTRL, START);
    bench.clocks(100);
    assert_eq!((bench.read(IP_ISR), bench.irq()), (3, false));
    bench.write(GIER, 1);
    assert!(bench.irq());
    bench.write(IP_IER, 0);
    assert!(bench.irq(), "disabling does not clear what is latched");
    bench.write(IP_ISR, 1);
    assert_eq!((bench.read(IP_ISR), bench.irq()), (2, true));
    bench.write(IP_ISR, 2);
    assert_eq!((bench.read(IP_ISR), bench.irq()), (0, false));
    bench.write(IP_ISR, 1);
    assert_eq!((bench.read(IP_ISR), bench.irq()), (1, true), "a one toggles, whatever it was");
}

#[test]
fn a_read_clears_the_causes_of_other_cores() {
    let bench = bench(HlsParams::default().clearing(HlsClearing::Read));
    bench.write(GIER, 1);
    bench.write(IP_IER, 3);
    bench.write(CTRL, START);
    bench.clocks(100);
    assert!(bench.irq());
    bench.write(IP_ISR, 3);
    assert_eq!((bench.read(IP_ISR), bench.read(IP_ISR), bench.irq()), (3, 0, false));
    bench.write(IP_ISR, 3);
    assert_eq!(bench.read(IP_ISR), 0, "a write sets nothing");
}

#[test]
fn an_end_in_the_clock_of_its_clear_wins() {
    let bench = bench(HlsParams::default());
    bench.ctrl();
    bench.write(IP_IER, 1);
    bench.coincide(true);
    bench.write(CTRL, START);
    bench.clocks(100);
    assert_eq!(bench.ctrl() & DONE, 0, "the read is of the clock before");
    assert_eq!(bench.ctrl() & DONE, DONE, "and has not cleared it");
    bench.write(CTRL, START);
    bench.clocks(100);
    assert_eq!(bench.read(IP_ISR), 1, "of the first run");
    assert_eq!(bench.read(IP_ISR), 1);
    bench.write(IP_ISR, 1);
    bench.write(CTRL, START);
    bench.clocks(100);
    bench.write(IP_ISR, 1);
    assert_eq!(bench.read(IP_ISR), 1, "an event and a toggle");
}

#[test]
fn it_restarts_until_it_is_told_not_to() {
    for params in both() {
        let old = params.generator == HlsGenerator::Old;
        let bench = bench(params);
        bench.write(CTRL, START | RESTART);
        bench.clocks(250);
        let ctrl = bench.ctrl();
        assert_eq!((ctrl & (START | IDLE | RESTART), ctrl & DONE != 0), (START | RESTART, old));
        bench.write(CTRL, 0);
        bench.clocks(49);
        assert_eq!(bench.ctrl() & (DONE | IDLE), 0);
        bench.clocks(1);
        assert_eq!(bench.ctrl() & (DONE | IDLE | START), DONE | IDLE);
        bench.clocks(1000);
        assert_eq!(bench.calls.lock().unwrap().len(), 3);
    }
}

#[test]
fn a_pipelined_function_takes_the_next_arguments_while_it_works() {
    let bench = bench(HlsParams::default().ready_after(10));
    bench.write(IP_IER, 2);
    bench.write(0x10, 1);
    bench.write(CTRL, START);
    bench.clocks(9);
    assert_eq!(bench.ctrl() & START, START);
    bench.write(0x10, 7);
    bench.clocks(1);
    assert_eq!((bench.ctrl() & (START | READY | IDLE), bench.read(IP_ISR)), (READY, 2));
    assert_eq!(*bench.calls.lock().unwrap(), [7], "what was there when it was taken");
    bench.write(0x10, 2);
    bench.write(CTRL, START);
    bench.clocks(90);
    assert_eq!((bench.ctrl() & (DONE | IDLE), bench.read(0x18)), (DONE, 8));
    bench.clocks(10);
    assert_eq!((bench.ctrl() & (DONE | IDLE), bench.read(0x18)), (DONE | IDLE, 3));
}

#[test]
fn a_chain_waits_with_its_result() {
    let bench = bench(HlsParams::default().chain());
    bench.write(IP_IER, 1);
    bench.write(CTRL, START);
    bench.clocks(100);
    assert_eq!((bench.ctrl() & DONE, bench.ctrl() & DONE), (DONE, DONE));
    bench.write(IP_ISR, 1);
    assert_eq!(bench.read(IP_ISR), 1, "the event lasts, and wins over the toggle");
    bench.write(CTRL, START);
    bench.clocks(1000);
    assert_eq!(bench.calls.lock().unwrap().len(), 1);
    bench.write(CTRL, CONTINUE);
    assert_eq!(bench.ctrl() & (DONE | START), START);
    bench.write(IP_ISR, 1);
    assert_eq!(bench.read(IP_ISR), 0);
    bench.clocks(100);
    assert_eq!((bench.ctrl() & DONE, bench.read(IP_ISR)), (DONE, 1));
}

#[test]
fn arguments_have_their_bits_and_bytes() {
    let params = HlsParams::default().input("wide", 40, 0x20).in_out("s", 12, 0x30).array("a", 0x80, 0x10);
    let bench = bench(params);
    for (offset, written, read) in
        [(0x20, u32::MAX, u32::MAX), (0x24, u32::MAX, 0xFF), (0x30, u32::MAX, 0xFFF), (0x8C, 5, 5), (0x90, 5, 0)]
    {
        bench.write(offset, written);
        assert_eq!(bench.read(offset), read, "{offset:#x}");
    }
    assert_eq!(bench.read(0x120), u32::MAX, "addresses repeat");
    bench.write(0x18, 9);
    assert_eq!(bench.read(0x18), 0, "an output is not written");
}
