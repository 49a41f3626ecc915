//! The trace, and its export.
#![cfg(feature = "std")]

mod common;

use std::time::Duration;

use common::{IRQ, count, enable, poll, small};
use pynq_sim::TraceEvent;
use vcd::{Command, Parser, ScopeItem, Value};

#[test]
fn what_happens_is_recorded_with_its_time() {
    let board = small(0);
    enable(&board);
    let leds = board.window("leds").unwrap();
    leds.write(0, 1);
    assert_eq!(board.trace(), [], "off by default");
    board.start_trace(100);
    assert!(poll(&board.cpu_pin(IRQ).unwrap(), &count().1).is_pending());
    board.advance(Duration::from_millis(2));
    board.press("btns", 1).unwrap();
    let _ = board.window("btns").unwrap().read(0);
    leds.write(0, 2);
    let trace = board.trace();
    assert!(trace.iter().all(|entry| entry.time.as_millis() == 2));
    let events: Vec<_> = trace.into_iter().map(|entry| entry.event).collect();
    assert_eq!(
        events,
        [
            TraceEvent::Input { path: "btns".into(), port: "gpio_io_i".into(), value: 2 },
            TraceEvent::Wire { name: "btns/ip2intc_irpt".into(), level: true },
            TraceEvent::Wire { name: "intc/irq".into(), level: true },
            TraceEvent::Interrupt { id: IRQ },
            TraceEvent::Read { path: "btns".into(), offset: 0, value: 2 },
            TraceEvent::Write { path: "leds".into(), offset: 0, value: 2 },
            TraceEvent::Output { path: "leds".into(), port: "gpio_io".into(), value: 2 },
        ]
    );
}

#[test]
fn a_bounded_trace_forgets_the_oldest() {
    let board = small(0);
    let leds = board.window("leds").unwrap();
    board.start_trace(3);
    for value in 0..10 {
        leds.write(4, value);
    }
    assert_eq!((board.trace().len(), board.trace_forgotten()), (3, 7));
    assert!(matches!(board.trace()[0].event, TraceEvent::Write { value: 7, .. }));
    board.start_trace(0);
    leds.write(4, 0);
    assert_eq!(board.trace(), []);
}

#[test]
fn the_export_is_a_vcd_file() {
    let board = small(0);
    enable(&board);
    board.start_trace(1000);
    let pin = board.cpu_pin(IRQ).unwrap();
    assert!(poll(&pin, &count().1).is_pending());
    for n in 1..=3 {
        board.advance(Duration::from_millis(1));
        board.set_line("iop/flop/q", n % 2 == 1).unwrap();
        board.window("leds").unwrap().write(0, n);
    }
    let _ = board.bus_read(0x5000_0000, pynq_sim::Width::Word);
    drop(board.take_bus_errors());

    let text = board.vcd();
    let mut parser = Parser::new(text.as_bytes());
    let header = parser.parse_header().unwrap();
    assert_eq!(header.timescale, Some((1, vcd::TimescaleUnit::PS)));
    let flop = header.find_var(&["iop", "flop", "q"]).expect("the wire").code;
    let leds = header.find_var(&["leds", "gpio_io"]).expect("the port").code;
    let interrupt = header.find_var(&["cpu", "interrupt_61"]).expect("the interrupt").code;
    assert!(header.find_var(&["bus", "error"]).is_some());
    assert!(header.items.iter().any(|item| matches!(item, ScopeItem::Scope(scope) if scope.identifier == "iop")));

    let (mut time, mut flops, mut values, mut interrupts) = (0, Vec::new(), Vec::new(), 0);
    for command in parser.map(Result::unwrap) {
        match command {
            Command::Timestamp(now) => {
                assert!(now > time || now == 0, "time goes on: {time} {now}");
                time = now;
            }
            Command::ChangeScalar(code, value) if code == flop => flops.push((time / 1_000_000_000, value)),
            Command::ChangeScalar(code, _) if code == interrupt => interrupts += 1,
            Command::ChangeVector(code, value) if code == leds => {
                values.push(value.iter().fold(0, |number, bit| number << 1 | u32::from(bit == Value::V1)));
            }
            _ => {}
        }
    }
    assert_eq!(flops, [(0, Value::V0), (1, Value::V1), (2, Value::V0), (3, Value::V1)]);
    assert_eq!(values, [0, 1, 2, 3], "zero when the trace began");
    assert!(text.contains("$var wire 4 "), "as wide as the block: {text}");
    assert!(text.contains("b0 "), "known from the beginning: {text}");
    assert_eq!(interrupts, 1);
}
