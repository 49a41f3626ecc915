//! Overlays on a simulated board: what they give out, and what they refuse.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used)] // helpers of tests

mod common;

use std::{thread, time::Duration};

use common::{base, real_files};
use pynq::{DmaError, DmaRequest, Error, prelude::*};

fn press_at(base: &BaseOverlay, ms: u64, button: u8, level: bool) {
    let board = base.simulation().unwrap();
    board.at(Instant::from_millis(ms), move |board| board.input("btns_gpio", 1, button, level).unwrap());
}

#[test]
fn every_interrupt_pin_of_real_designs_can_be_opened() {
    for file in real_files() {
        let overlay = Overlay::simulated(&file).unwrap();
        assert!(overlay.interrupt_pins().len() >= 9, "{}", file.display());
        for pin in overlay.interrupt_pins().keys() {
            let mut interrupt = overlay.interrupt(pin).unwrap_or_else(|error| panic!("{pin}: {error}"));
            assert_eq!(interrupt.pin(), pin);
            // It can be waited for, and nothing is raised by itself.
            let deadline = overlay.clock().now() + Duration::from_micros(1);
            let quiet = interrupt.wait_until(deadline).unwrap_err();
            assert!(quiet.is_timed_out(), "{quiet}");
        }
        assert_eq!(overlay.statistics().interrupts, 0);
    }
}

#[test]
fn interrupts_of_real_designs_arrive_on_every_line() {
    for file in real_files() {
        let overlay = Overlay::simulated(&file).unwrap();
        let board = overlay.simulation().unwrap();
        for pin in overlay.interrupt_pins().keys() {
            let mut interrupt = overlay.interrupt(pin).unwrap();
            let (raised, at) = (pin.clone(), overlay.clock().now() + Duration::from_millis(1));
            board.at(at, move |board| board.set_line(&raised, true).unwrap());
            interrupt.wait().unwrap_or_else(|error| panic!("{pin}: {error}"));
            assert_eq!(overlay.clock().now(), at, "{pin}");
            board.set_line(pin, false).unwrap();
        }
    }
}

#[test]
fn base_overlays_of_real_designs_have_their_devices() {
    for (file, board, rgb) in real_files().iter().zip([("PYNQ-Z2", 2), ("ZCU104", 0)]).map(|(f, (b, r))| (f, b, r)) {
        let base = BaseOverlay::simulated(file).unwrap();
        assert_eq!(base.board().name, board);
        let counts = (base.buttons().unwrap().len(), base.leds().unwrap().len(), base.rgbleds().unwrap().len());
        assert_eq!(counts, (4, 4, rgb));
        assert_eq!(base.switches().unwrap().len(), if rgb == 0 { 4 } else { 2 });
    }
}

#[test]
fn devices_have_pynq_s_numbers() {
    let base = base();
    assert_eq!(base.board(), &pynq::boards::pynq_z2());
    for led in [4, 5] {
        base.rgbled(led).unwrap().on(Color::Yellow).unwrap();
    }
    assert_eq!(base.simulation().unwrap().output("rgbleds_gpio", 1).unwrap(), 0b110_110);
    for (error, message) in [
        (base.rgbled(0).unwrap_err(), "no RGB LED 0 on PYNQ-Z2; it has 4 to 5"),
        (base.button(4).unwrap_err(), "no button 4 on PYNQ-Z2; it has 0 to 3"),
        (base.led(255).unwrap_err(), "no LED 255 on PYNQ-Z2; it has 0 to 3"),
        (base.switch(2).unwrap_err(), "no switch 2 on PYNQ-Z2; it has 0 to 1"),
    ] {
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn boards_of_one_s_own() {
    use pynq::boards::{BoardDefinition, PinGroup};
    let panel = BoardDefinition::new("panel").buttons(PinGroup::new("switches_gpio", 1).numbered_from(1));
    let base = BaseOverlay::with_board(base().overlay().clone(), panel);
    assert_eq!(base.buttons().unwrap().len(), 2);
    assert_eq!(base.button(2).unwrap().pin().number(), 1);
    assert_eq!(base.button(0).unwrap_err().to_string(), "no button 0 on panel; it has 1 to 2");
    assert_eq!(base.led(0).unwrap_err().to_string(), "no LED 0 on panel: it has none");
    assert!(base.leds().unwrap().is_empty());
    let absent = BoardDefinition::new("panel").buttons(PinGroup::new("switch_gpio", 1));
    let error = BaseOverlay::with_board(base.overlay().clone(), absent).button(0).unwrap_err().to_string();
    assert!(error.contains("no IP block `switch_gpio`") && error.contains("`switches_gpio`"), "{error}");
}

#[test]
fn wrong_names_are_answered_with_near_ones() {
    let base = base();
    for (error, parts) in [
        (base.gpio("btn_gpio").unwrap_err(), &["no IP block `btn_gpio`", "`buttons`", "`btns_gpio`"][..]),
        (base.gpio("system_interrupts").unwrap_err(), &["no AXI GPIO but `xilinx.com:ip:axi_intc:4.1`", "`leds_gpio`"]),
        (base.interrupt("btns_gpio/irq").unwrap_err(), &["no interrupt pin `btns_gpio/irq`", "btns_gpio/ip2intc_irpt"]),
        (base.interrupt("leds_gpio/ip2intc_irpt").unwrap_err(), &["no interrupt pin", "built without interrupt"]),
        (base.mmio("nowhere").unwrap_err(), &["no IP block `nowhere`"]),
        (base.gpio("btns_gpio").unwrap().channel2().unwrap_err().into(), &["`btns_gpio`: no channel 2"]),
        (base.gpio("btns_gpio").unwrap().channel1().pin(4).unwrap_err().into(), &["`btns_gpio`: no pin 4"]),
        (base.gpio("btns_gpio").unwrap().channel1().write(1).unwrap_err().into(), &["`btns_gpio`", "inputs only"]),
        (base.gpio("leds_gpio").unwrap().channel1().write(16).unwrap_err().into(), &["`leds_gpio`", "0x10", "4 pins"]),
        (Overlay::simulated("no/such.hwh").unwrap_err(), &["no/such.hwh"]),
        (Overlay::simulated_from_str("<x/>").unwrap_err(), &["hardware handoff"]),
    ] {
        let message = error.to_string();
        for part in parts {
            assert!(message.contains(part), "{message}");
        }
    }
}

#[test]
fn handles_of_one_block_are_one_node() {
    let base = base();
    let (first, second) = (base.led(0).unwrap(), base.led(1).unwrap());
    first.on().unwrap();
    second.on().unwrap();
    assert_eq!(base.simulation().unwrap().output("leds_gpio", 1).unwrap(), 0b11, "one did not undo the other");
    assert!(base.led(0).unwrap().is_on().unwrap(), "asking again resets nothing");
}

#[test]
fn two_tasks_hold_the_same_button() {
    let base = base();
    press_at(&base, 5, 0, true);
    let (one, other) = (base.button(0).unwrap(), base.button(0).unwrap());
    let waits: Vec<_> = [one, other.clone(), other]
        .into_iter()
        .map(|button| {
            let waits = base.track(async move { button.wait_for_level_async(Level::High).await });
            let overlay = base.overlay().clone();
            thread::spawn(move || overlay.block_on(waits))
        })
        .collect();
    for wait in waits {
        wait.join().unwrap().unwrap().unwrap();
    }
    assert_eq!(base.clock().now(), Instant::from_millis(5));
    let statistics = base.statistics();
    assert_eq!((statistics.interrupts, statistics.spurious), (1, 0), "{statistics:?}");
}

#[test]
fn deadlines_are_times_of_the_board() {
    let base = base();
    let button = base.button(1).unwrap();
    let deadline = Instant::from_millis(30);
    for late in [
        button.wait_for_level_until(Level::High, deadline),
        base.block_on(button.wait_for_level_async(Level::High).until(deadline + Duration::from_millis(10))).unwrap(),
        base.block_on(button.wait_for_edge_async(Edge::Any).until(deadline + Duration::from_millis(20))).unwrap(),
        base.gpio("btns_gpio").unwrap().channel1().wait_for_value_until(3, deadline + Duration::from_millis(30)),
    ] {
        let error = late.unwrap_err();
        assert!(error.is_timed_out() && error.to_string().starts_with("`btns_gpio`: the deadline passed"), "{error}");
    }
    assert_eq!(base.clock().now(), Instant::from_millis(60));
    press_at(&base, 70, 1, true);
    button.wait_for_level_until(Level::High, Instant::from_millis(70)).expect("the event wins");
}

#[test]
fn what_samples_nothing_can_not_be_waited_for() {
    let base = base();
    let leds = base.gpio("leds_gpio").unwrap().channel1();
    assert!(leds.wait_for_value(1).unwrap_err().to_string().contains("outputs only"));
}

#[test]
fn checked_access_by_offset() {
    let base = base();
    base.simulation().unwrap().press("btns_gpio", 3).unwrap();
    let window = base.mmio("btns_gpio").unwrap();
    assert_eq!((window.read(0, 4).unwrap(), window.size()), (8, 0x1_0000));
    for bad in [window.read(2, 4), window.read(0x1_0000, 4), window.read(0, 3)] {
        let error = bad.unwrap_err();
        assert!(matches!(error, Error::Access { .. }) && error.to_string().starts_with("`btns_gpio`: "), "{error}");
    }
}

#[test]
fn embedded_hal_sees_pins_and_waits() {
    use embedded_hal::digital::{InputPin, OutputPin, StatefulOutputPin};
    use embedded_hal_async::digital::Wait;
    async fn mirror<E>(
        mut from: impl Wait<Error = E> + InputPin<Error = E>,
        mut to: impl OutputPin<Error = E>,
    ) -> Result<(), E> {
        from.wait_for_rising_edge().await?;
        assert!(from.is_high()?);
        to.set_high()
    }
    let base = base();
    press_at(&base, 5, 2, true);
    base.block_on(mirror(base.button(2).unwrap(), base.led(2).unwrap())).unwrap().unwrap();
    assert!(StatefulOutputPin::is_set_high(&mut base.led(2).unwrap()).unwrap());
}

#[test]
fn everything_can_be_sent_and_shared() {
    fn check<T: Clone + Send + Sync + std::fmt::Debug + 'static>() {}
    check::<Overlay>();
    check::<BaseOverlay>();
    check::<AxiGpio>();
    check::<Channel>();
    check::<Pin>();
    check::<Button>();
    check::<Switch>();
    check::<Led>();
    check::<RgbLed>();
    check::<Interrupt>();
    check::<pynq::MmioWindow>();
    check::<BoardClock>();
    fn send(_: impl Future<Output = pynq::Result<()>> + Send) {}
    let base = base();
    let (button, deadline) = (base.button(0).unwrap(), Instant::START);
    send(async { Ok(button.wait_for_level_async(Level::High).await?) });
    send(async { Ok(button.wait_for_edge_async(Edge::Any).until(deadline).await?) });
    let mut interrupt = base.interrupt("btns_gpio/ip2intc_irpt").unwrap();
    send(async move { interrupt.wait_async().until(deadline).await.map(drop) });
}

#[test]
fn boards_come_with_a_design() {
    use pynq::boards::{self, BoardDefinition};
    for (board, (buttons, leds, switches, rgb)) in
        [(boards::pynq_z1(), (4, 4, 2, 2)), (boards::pynq_z2(), (4, 4, 2, 2)), (boards::zcu104(), (4, 4, 4, 0))]
    {
        let base = BaseOverlay::simulated_board(board.clone()).unwrap();
        let found = (base.buttons().unwrap().len(), base.leds().unwrap().len(), base.switches().unwrap().len());
        assert_eq!((found, base.rgbleds().unwrap().len()), ((buttons, leds, switches), rgb), "{}", board.name);
        assert_eq!(boards::detect(base.design()).unwrap(), board, "the design names its board");
        // Each interrupt arrives, and the timer knows its clock.
        for pin in base.interrupt_pins().keys() {
            let (mut interrupt, raised) = (base.interrupt(pin).unwrap(), pin.clone());
            let at = base.clock().now() + Duration::from_millis(1);
            base.simulation().unwrap().at(at, move |board| board.set_line(&raised, true).unwrap());
            interrupt.wait().unwrap_or_else(|error| panic!("{pin}: {error}"));
            base.simulation().unwrap().release_line(pin).unwrap();
        }
        assert_eq!(base.interrupt_pins().len(), 4);
        let mut timer = base.timer("timer").unwrap().channel(0).unwrap();
        let begin = base.clock().now();
        timer.start_one_shot(Duration::from_micros(50)).unwrap();
        timer.wait().unwrap();
        assert!(base.clock().now() >= begin + Duration::from_micros(50));
    }
    let mine = BoardDefinition::new("my board");
    let error = Overlay::simulated_board(&mine).unwrap_err();
    assert!(error.to_string().starts_with("the description of my board comes with no design"), "{error}");
    let error = Overlay::simulated_board(&mine.with_handoff("<x/>")).unwrap_err();
    assert!(matches!(error, Error::Handoff { path: None, .. }), "{error}");
}

#[test]
fn buffers_are_slices_below_4_gib_and_zeroed() {
    let overlay = Overlay::simulated_from_str(common::BUTTONS).unwrap();
    let mut samples = overlay.allocate::<f32>(300).unwrap();
    assert!(samples.iter().all(|sample| *sample == 0.0) && samples.physical_address() < 1 << 32);
    samples[299] = 1.5;
    let at = samples.physical_address();
    drop(samples);
    let again = overlay.allocate::<f32>(300).unwrap();
    assert_eq!((again.physical_address(), again[299]), (at, 0.0), "the same memory, cleared");
    let aligned = overlay.allocate_for(&DmaRequest::new(100).alignment(4096)).unwrap();
    assert_eq!((aligned.physical_address() % 4096, aligned.len()), (0, 100));

    assert_eq!(overlay.allocate::<u16>(0).unwrap_err().dma(), Some(DmaError::Empty));
    assert!(matches!(overlay.allocate::<u64>(usize::MAX).unwrap_err().dma(), Some(DmaError::NoMemory { .. })));
    let error = overlay.allocate::<u8>(1 << 30).unwrap_err();
    assert_eq!(error.dma(), Some(DmaError::NoMemory { size: 1 << 30 }));
}
