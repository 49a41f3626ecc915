//! The races that the description of the control block warns of, each in the worst place.

use std::pin::pin;

use pynq_sim::{Access, models::hls::HlsClearing};

use super::rig::{CTRL, IP_IER, IP_ISR, RUN, Rig, every, poll_once};

/// The run ends in the clock of the read that looks for it, which then shows nothing.
#[test]
fn an_end_in_the_clock_of_the_read_is_not_lost() {
    for built in every() {
        for register in [CTRL, IP_ISR] {
            let rig = Rig::new(built);
            let inputs = [("x", 5.into())];
            let mut call = pin!(rig.core.call_async(&inputs, ["y"]));
            assert!(poll_once(call.as_mut()).is_pending());
            rig.coincide(true);
            rig.clocks(RUN);
            // Another task polls the state, and its read meets the end.
            let _ = rig.window.read(register as usize);
            rig.coincide(false);
            let [y] = rig.board.block_on(call).unwrap().unwrap();
            assert_eq!(y.to::<i32>(), Ok(5), "{built:?} {register:#x}");
            rig.assert_idle();
        }
    }
}

/// The run ends while the wait registers: before its cause is enabled, in between, and after.
#[test]
fn an_end_before_its_cause_is_enabled_is_found() {
    for built in every() {
        for access in [(IP_IER, Access::Write), (CTRL, Access::Read)] {
            let rig = Rig::new(built);
            rig.core.start().unwrap();
            rig.coincide(true);
            rig.clocks(2 * RUN);
            // The end is due, and held back until then.
            let release = pynq_sim::Stimulus::Port { port: "core/coincide".into(), bits: 0 };
            rig.board.before_access("core", access.0, access.1, release).unwrap();
            rig.core.done().unwrap();
            rig.assert_idle();
            assert_eq!(rig.runs(), 1, "{built:?}");
        }
    }
}

/// The second run ends in the clock in which the first one's cause is cleared.
#[test]
fn an_end_in_the_clock_of_the_clear_is_not_lost() {
    for built in every().into_iter().filter(|built| !built.chain) {
        let rig = Rig::new(built);
        let access = if built.clearing == HlsClearing::Read { Access::Read } else { Access::Write };
        for x in 0..4 {
            rig.coincide_before(IP_ISR, access);
            let inputs = [("x", x.into())];
            let mut call = pin!(rig.core.call_async(&inputs, ["y"]));
            assert!(poll_once(call.as_mut()).is_pending());
            rig.clocks(RUN);
            let [y] = rig.board.block_on(call).unwrap().unwrap();
            rig.coincide(false);
            assert_eq!(y.to::<i32>(), Ok(x), "{built:?}");
        }
        rig.assert_idle();
    }
}

/// Another program has read AP_DONE: what is left of the end is an idle function.
#[test]
fn a_stolen_end_is_found_by_an_idle_function() {
    for built in every() {
        let rig = Rig::new(built);
        rig.core.set("x", 9).unwrap();
        rig.core.start().unwrap();
        rig.clocks(RUN);
        assert_eq!(rig.window.read(CTRL as usize) & 2, 2);
        rig.core.done().unwrap();
        assert_eq!(rig.core.get::<i32>("y"), Ok(9), "{built:?}");
        let [y] = rig.core.call(&[("x", 10.into())], ["y"]).unwrap();
        assert_eq!(y.to::<i32>(), Ok(10), "{built:?}");
        rig.assert_idle();
    }
}

/// Whatever another program left behind: a run under way, one that restarts, latched causes, enables, a result.
#[test]
fn a_used_accelerator_is_brought_into_a_known_state() {
    for built in every() {
        for (ctrl, clocks) in [(0, 0), (1, 0), (1, RUN / 2), (1, RUN), (0x81, RUN / 2), (0x81, 3 * RUN), (1, 3 * RUN)] {
            let rig = Rig::with(built, true, |board| {
                let core = board.window("core").unwrap();
                core.write(IP_IER as usize, 3);
                core.write(0x04, 1);
                core.write(CTRL as usize, ctrl);
                board.advance(core::time::Duration::from_nanos(10 * clocks));
            });
            let before = rig.runs();
            let [y] = rig.core.call(&[("x", 3.into())], ["y"]).unwrap();
            assert_eq!(y.to::<i32>(), Ok(3), "{built:?}, {ctrl:#x}, {clocks}");
            rig.clocks(10 * RUN);
            // A pipelined function has taken the arguments of a run that it had yet to begin.
            let extra = rig.runs() - before;
            assert!((1..=2).contains(&extra), "{built:?}, {ctrl:#x}, {clocks}: {extra}");
            assert_eq!(rig.calls.lock().unwrap().last(), Some(&3));
            rig.assert_idle();
            assert_eq!(rig.window.read(IP_ISR as usize), 0);
        }
    }
}

/// Finding out what clears a cause raises no interrupt.
#[test]
fn setting_up_is_silent() {
    for built in every() {
        let rig = Rig::new(built);
        assert_eq!((rig.cpu.interrupts(), rig.window.read(IP_ISR as usize)), (0, 0), "{built:?}");
        rig.core.call(&[], []).unwrap();
        assert_eq!(rig.cpu.interrupts(), 1, "{built:?}");
        assert!(rig.core.node().line_stats(0).spurious == 0);
    }
}
