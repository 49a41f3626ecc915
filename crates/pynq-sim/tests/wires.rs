//! Lines, stimuli, faults and races.
#![cfg(feature = "std")]

mod common;

use std::sync::{Arc, Mutex};

use common::{IRQ, count, enable, node, poll, small};
use pynq_core::interrupt::{InterruptSource, Line};
use pynq_sim::{
    Access, Board, Stimulus,
    models::{AxiIntcModel, IntcParams},
};

#[test]
fn leds_are_seen_as_they_change() {
    let board = small(0);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    // An observer may use the board: it is called without its lock.
    board.on_output(move |board, change| log.lock().unwrap().push((board.now(), change.value)));
    let leds = board.window("leds").unwrap();
    leds.write(0, 0b0101);
    leds.write(0, 0b0101);
    board.advance(std::time::Duration::from_millis(3));
    leds.write(0, 0xFF);
    assert_eq!(board.output("leds", 1), Ok(0xF));
    let log = board.output_log();
    assert_eq!(log.len(), 2, "only changes count");
    assert_eq!((log[1].path.as_str(), log[1].channel, log[1].value), ("leds", 1, 0xF));
    assert_eq!(
        seen.lock().unwrap().iter().map(|&(time, value)| (time.as_millis(), value)).collect::<Vec<_>>(),
        [(0, 5), (3, 0xF)]
    );
}

#[test]
fn a_line_is_known_by_both_its_ends() {
    let board = small(0);
    for name in ["btns/ip2intc_irpt", "intc/intr[0]"] {
        assert_eq!(board.line(name), Ok(false));
        board.set_line(name, true).unwrap();
        assert_eq!((board.line("btns/ip2intc_irpt"), board.line("intc/intr[0]")), (Ok(true), Ok(true)));
        board.release_line(name).unwrap();
    }
    assert_eq!(board.port("intc/intr"), Ok(0));
}

#[test]
fn an_input_that_nothing_drives_can_be_driven() {
    let board = Board::builder().device("intc", 0, 0x1000, AxiIntcModel::new(IntcParams::default())).build().unwrap();
    board.set_line("intc/intr[0]", true).unwrap();
    assert_eq!(board.port("intc/intr"), Ok(1));
    board.stimulate(&Stimulus::Port { port: "intc/intr".into(), bits: 0 }).unwrap();
    assert_eq!(board.port("intc/intr"), Ok(0));
}

#[test]
fn a_stuck_line_stays_whatever_its_device_does() {
    let board = small(0);
    enable(&board);
    let intc = board.window("intc").unwrap();
    board.set_line("intc/intr[0]", true).unwrap();
    intc.write(0x0C, 1);
    assert_eq!(intc.read(0x00), 1);
    board.release_line("intc/intr[0]").unwrap();
    intc.write(0x0C, 1);
    assert_eq!(intc.read(0x00), 0);
}

#[test]
fn a_lost_edge_is_lost_and_the_next_is_not() {
    let board = small(u32::MAX);
    let intc = board.window("intc").unwrap();
    intc.write(0x1C, 3);
    board.lose_edge("iop/flop/q").unwrap();
    board.pulse_line("iop/flop/q").unwrap();
    assert_eq!(intc.read(0x00), 0);
    board.pulse_line("iop/flop/q").unwrap();
    assert_eq!(intc.read(0x00), 0b100);
}

#[test]
fn an_edge_in_the_clock_of_its_acknowledge_is_lost() {
    let board = small(u32::MAX);
    let intc = board.window("intc").unwrap();
    intc.write(0x1C, 3);
    board.pulse_line("iop/flop/q").unwrap();
    board.in_acknowledge("iop/flop/q", Stimulus::pulse("iop/flop/q")).unwrap();
    intc.write(0x0C, 0b011);
    assert_eq!(intc.read(0x00), 0b100, "another input's acknowledge");
    intc.write(0x0C, 0b100);
    assert_eq!(intc.read(0x00), 0);
    board.pulse_line("iop/flop/q").unwrap();
    assert_eq!(intc.read(0x00), 0b100);
}

#[test]
fn a_stimulus_can_wait_for_a_register_access() {
    let board = small(0);
    let btns = board.window("btns").unwrap();
    board.before_access("btns", 0x000, Access::Read, Stimulus::pin("btns", 1, 3, true)).unwrap();
    btns.write(0x000, 0);
    assert_eq!(btns.read(0x120), 0);
    assert_eq!(btns.read(0x000), 0b1000);
    board.release("btns", 3).unwrap();
    assert_eq!(btns.read(0x000), 0, "once");
    board.before_access("btns", 0x128, Access::Write, Stimulus::pin("btns", 1, 2, true)).unwrap();
    btns.write(0x128, 0);
    assert_eq!(btns.read(0x000), 0b100, "a write of no bits is an access as well");
}

#[test]
fn a_level_source_on_an_edge_line_needs_to_drop() {
    let board = small(u32::MAX);
    enable(&board);
    let (intc, btns) = (board.window("intc").unwrap(), board.window("btns").unwrap());
    board.press("btns", 0).unwrap();
    intc.write(0x0C, 1);
    board.press("btns", 1).unwrap();
    assert_eq!(intc.read(0x00), 0, "the line never dropped, so no edge came");
    btns.write(0x120, 1);
    board.press("btns", 2).unwrap();
    assert_eq!(intc.read(0x00), 1);
}

#[test]
fn a_cascade_with_an_edge_parent_sees_the_clock_in_which_its_child_drops() {
    let child = IntcParams { inputs: 1, ..Default::default() };
    let parent = IntcParams { inputs: 1, kind_of_intr: 1, ..Default::default() };
    let board = Board::builder()
        .device("child", 0x0000, 0x1000, AxiIntcModel::new(child))
        .device("parent", 0x1000, 0x1000, AxiIntcModel::new(parent))
        .wire("child/irq", "parent/intr[0]")
        .interrupt("parent/irq", IRQ)
        .build()
        .unwrap();
    let (child, parent) = (board.window("child").unwrap(), board.window("parent").unwrap());
    for intc in [&child, &parent] {
        intc.write(0x08, 1);
        intc.write(0x1C, 3);
    }
    board.set_line("child/intr[0]", true).unwrap();
    parent.write(0x0C, 1);
    assert_eq!(parent.read(0x00), 0);
    child.write(0x0C, 1);
    assert_eq!((child.read(0x00), parent.read(0x00)), (1, 1), "re-latched, with a new edge for the parent");
}

#[test]
fn a_pulse_output_is_taken_by_an_edge_pin_only() {
    let params = IntcParams { irq_is_level: false, ..Default::default() };
    for (trigger, fires) in [(pynq_sim::Trigger::Edge, true), (pynq_sim::Trigger::Level, false)] {
        let board = Board::builder().device("intc", 0, 0x1000, AxiIntcModel::new(params)).interrupt("intc/irq", IRQ);
        let board = board.build().unwrap();
        let (intc, pin) = (board.window("intc").unwrap(), board.cpu_pin(IRQ).unwrap());
        pin.set_trigger(trigger);
        intc.write(0x08, 1);
        intc.write(0x1C, 3);
        board.set_line("intc/intr[0]", true).unwrap();
        assert_eq!(poll(&pin, &count().1).is_ready(), fires);
        InterruptSource::disarm(std::pin::Pin::new(&pin));
    }
}

#[test]
fn wires_that_oscillate_are_stopped() {
    use pynq_sim::device::{Bus, Device, Port, PortKind};

    /// An inverter, fed back to itself.
    struct Inverter(u32);
    static PORTS: [Port; 2] = [Port::new("in", PortKind::Input, 1), Port::new("out", PortKind::Signal, 1)];
    impl Device for Inverter {
        fn ports(&self) -> &[Port] {
            &PORTS
        }
        fn set_input(&mut self, _: usize, bits: u32, _: &mut Bus<'_>) {
            self.0 = bits;
        }
        fn drive(&mut self, bus: &mut Bus<'_>) {
            bus.set(1, self.0 ^ 1);
        }
    }
    let board = Board::builder().device("inverter", 0, 4, Inverter(0)).wire("inverter/out", "inverter/in").build();
    let board = board.unwrap();
    assert_eq!(board.oscillations(), 1);
}

#[test]
fn the_engine_runs_on_the_board() {
    for kind in [0, u32::MAX] {
        let board = small(kind);
        let node = node(&board, kind);
        let mut line = Line::new(node, 0).unwrap();
        let btns = board.window("btns").unwrap();
        btns.write(0x128, 1);
        btns.write(0x11C, 1 << 31);
        let pin = board.cpu_pin(IRQ).unwrap();
        for n in 0..4 {
            board.after(std::time::Duration::from_millis(5), move |board| board.press("btns", n).unwrap());
            line.wait().unwrap();
            btns.write(0x120, 1);
            assert!(!pin.is_armed(), "nobody waits, so no interrupt can reach the CPU");
        }
        assert_eq!(pin.interrupts(), 4);
    }
}
