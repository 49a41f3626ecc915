//! The interrupt controller's driver.

use std::{
    future::Future as _,
    pin::pin,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use pynq_core::{AxiIntcConfig, AxiIntcError, AxiIntcHardware, Error, interrupt::Line};
use pynq_qtest::{MicroBlazeV, Time};

use crate::{common::emulator, rig::Rig};

/// A wait is begun and given up. Its line is unmasked in between, and nothing reaches the processor by that: an interrupt
/// would be served by another thread, but QEMU's output has changed by the time the wait has begun.
fn would_wait(rig: &Rig, line: &mut Line) -> bool {
    let before = rig.board.intc_output();
    let mut wait = pin!(line.wait_async());
    let pending = wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending();
    pending && rig.board.intc_output() == before
}

#[test]
fn every_input_wakes_who_waits_for_it_and_nobody_else() {
    let rig = Rig::new(&emulator!(), Time::Stands, &[]);
    for input in 0..32 {
        let mut lines: Vec<_> = (0..32).map(|line| rig.line(line)).collect();
        let mut other = lines.remove(usize::from(input ^ 1));
        let mut line = rig.line(input);
        rig.board.set_intc_input(input, true).unwrap();
        let fired = line.wait_until(rig.deadline()).unwrap();
        assert_eq!((fired.count, fired.missed), (1, 0), "input {input}");
        assert!(would_wait(&rig, &mut other), "input {}", input ^ 1);
        rig.board.set_intc_input(input, false).unwrap();
        assert!(would_wait(&rig, &mut line), "input {input} is quiet: what was latched of a level is no event");
        rig.assert_idle();
    }
}

#[test]
fn a_level_is_an_event_for_as_long_as_it_lasts_and_an_edge_once() {
    let rig = Rig::new(&emulator!(), Time::Stands, &[]);
    let (mut level, mut edge) = (rig.line(3), rig.line(MicroBlazeV::UARTLITE_INPUT));
    rig.board.set_intc_input(3, true).unwrap();
    rig.board.set_intc_input(MicroBlazeV::UARTLITE_INPUT, true).unwrap();
    for count in 1..=3 {
        assert_eq!(level.wait_until(rig.deadline()).unwrap().count, count);
    }
    assert_eq!(edge.wait_until(rig.deadline()).unwrap().count, 1);
    assert!(would_wait(&rig, &mut edge), "it is high still, and no other edge came");
    rig.board.set_intc_input(MicroBlazeV::UARTLITE_INPUT, false).unwrap();
    rig.board.set_intc_input(MicroBlazeV::UARTLITE_INPUT, true).unwrap();
    assert_eq!(edge.wait_until(rig.deadline()).unwrap().count, 2, "latched while nobody waited");
    rig.board.set_intc_input(3, false).unwrap();
    assert!(would_wait(&rig, &mut level));
    rig.assert_idle();
}

#[test]
fn a_wait_that_times_out_leaves_the_line_masked_and_the_event_for_the_next() {
    let rig = Rig::new(&emulator!(), Time::Stands, &[]);
    let mut line = rig.line(MicroBlazeV::UARTLITE_INPUT);
    let soon = rig.board.qtest().after(Duration::from_millis(1));
    assert_eq!(line.wait_until(soon), Err(Error::TimedOut));
    rig.assert_idle();
    rig.board.set_intc_input(MicroBlazeV::UARTLITE_INPUT, true).unwrap();
    assert!(!rig.board.cpu_pin().level(), "masked");
    assert_eq!(line.wait_until(rig.deadline()).unwrap().count, 1);
    rig.assert_idle();
}

/// Devices on all level inputs that request service at random and go quiet when they are served; several lines to a
/// thread, more than one thread to some lines.
#[test]
fn no_request_of_a_storm_is_lost() {
    const REQUESTS: u32 = 2_000;
    const DEVICES: [u8; 6] = [0, 2, 5, 17, 30, 31];
    let rig = Rig::new(&emulator!(), Time::Stands, &[]);
    // Whether a device requests service, which is the level of its line; and how often it was served.
    let devices = DEVICES.map(|device| (device, Mutex::new((false, 0_u32))));
    let over = AtomicBool::new(false);
    let deadline = rig.deadline();
    thread::scope(|scope| {
        for (index, (device, state)) in devices.iter().enumerate() {
            for _ in 0..1 + index % 2 {
                let (mut line, rig, over) = (rig.line(*device), &rig, &over);
                scope.spawn(move || {
                    loop {
                        line.wait_until(deadline).unwrap();
                        if over.load(Ordering::Acquire) {
                            return;
                        }
                        // Of two that wait for one line both are woken, and one finds something to do.
                        let mut state = state.lock().unwrap();
                        if state.0 {
                            rig.board.set_intc_input(*device, false).unwrap();
                            *state = (false, state.1 + 1);
                        }
                    }
                });
            }
        }
        let mut random = 1_u32;
        let mut asked = 0;
        while asked < REQUESTS && rig.board.qtest().now() < deadline {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (device, state) = &devices[(random >> 16) as usize % devices.len()];
            let mut state = state.lock().unwrap();
            // A device has one request at a time.
            if state.0 {
                drop(state);
                thread::yield_now();
                continue;
            }
            rig.board.set_intc_input(*device, true).unwrap();
            state.0 = true;
            asked += 1;
        }
        let asks = || devices.iter().any(|(_, state)| state.lock().unwrap().0);
        while asks() && rig.board.qtest().now() < deadline {
            thread::yield_now();
        }
        over.store(true, Ordering::Release);
        DEVICES.into_iter().for_each(|device| rig.board.set_intc_input(device, true).unwrap());
    });
    let served: u32 = devices.iter().map(|(_, state)| state.lock().unwrap().1).sum();
    assert_eq!(served, REQUESTS);
    let fired: u32 = DEVICES.iter().map(|device| rig.intc.node().line_stats(*device).fired).sum();
    println!("AXI INTC: {served} requests of {} devices in {fired} services", DEVICES.len());
    DEVICES.into_iter().for_each(|device| rig.board.set_intc_input(device, false).unwrap());
    rig.assert_idle();
}

#[test]
fn a_dead_emulator_ends_the_waits() {
    let rig = Rig::new(&emulator!(), Time::Stands, &[]);
    let qtest = rig.board.qtest();
    qtest.set_limit(Duration::ZERO);
    let mut line = rig.line(4);
    thread::scope(|scope| {
        // The thread waits first or finds QEMU dead; its wait ends with the error in either case.
        let waits = scope.spawn(|| line.wait_until(rig.deadline()));
        while qtest.read32(MicroBlazeV::INTC).is_ok() {}
        assert_eq!(waits.join().unwrap(), Err(Error::DeviceGone));
    });
    let failure = qtest.failure().unwrap();
    assert!(failure.to_string().contains("no answer"), "{failure}");
    assert_eq!(qtest.write32(MicroBlazeV::INTC, 0), Err(failure));
    assert_eq!(rig.read(rig.board.intc(), 0), u32::MAX);
    let config = AxiIntcConfig::new(32, 0);
    let error = AxiIntcHardware::new(rig.board.intc(), config).unwrap_err();
    assert_eq!(error, AxiIntcError::NotResponding { mer: u32::MAX });
    let mut wait = pin!(line.wait_async());
    assert_eq!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Err(Error::DeviceGone)));
}
