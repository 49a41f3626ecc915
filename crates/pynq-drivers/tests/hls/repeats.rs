//! Functions that restart by themselves, and the two events as lines.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
};

use futures_core::Stream;
use pynq_drivers::hls::HlsError;

use super::rig::{PLAIN, RUN, Rig, every, poll_once};

async fn next<S: Stream>(stream: &mut Pin<&mut S>) -> Option<S::Item> {
    poll_fn(|cx| stream.as_mut().poll_next(cx)).await
}

#[test]
fn each_end_is_an_item_until_it_is_stopped() {
    for built in every().into_iter().filter(|built| !built.chain && !built.pipelined) {
        let rig = Rig::new(built);
        let inputs = [("x", 1.into())];
        let mut runs = pin!(rig.core.auto_restart(&inputs).unwrap());
        rig.board
            .block_on(async {
                for number in 1..=10_u32 {
                    let fired = next(&mut runs).await.unwrap().unwrap();
                    assert_eq!((rig.now(), fired.missed), (u128::from(number) * u128::from(RUN), 0), "{built:?}");
                    assert_eq!(rig.core.set("x", 2).unwrap_err().into_cause(), HlsError::Busy);
                }
                runs.as_mut().stop_async().await.unwrap();
                assert_eq!(rig.now(), 11 * u128::from(RUN), "the run under way has ended");
                assert!(next(&mut runs).await.is_none());
            })
            .unwrap();
        rig.clocks(10 * RUN);
        assert_eq!(rig.runs(), 11, "{built:?}");
        assert_eq!(rig.core.get::<i32>("y"), Ok(1));
        rig.core.call(&[("x", 5.into())], ["y"]).unwrap();
    }
}

#[test]
fn dropped_it_stops_and_the_next_call_waits_for_the_last_run() {
    for built in every().into_iter().filter(|built| !built.chain) {
        for polls in [0, 1, 2] {
            let rig = Rig::new(built);
            {
                let mut runs = pin!(rig.core.auto_restart(&[]).unwrap());
                for _ in 0..polls {
                    let _ = poll_once(pin!(next(&mut runs)));
                    rig.clocks(RUN / 2);
                }
            }
            let [y] = rig.core.call(&[("x", 7.into())], ["y"]).unwrap();
            assert_eq!(y.to::<i32>(), Ok(7), "{built:?}, {polls}");
            rig.clocks(10 * RUN);
            assert_eq!(rig.calls.lock().unwrap().iter().filter(|x| **x == 7).count(), 1);
            rig.assert_idle();
        }
    }
}

#[test]
fn a_repetition_takes_no_place_that_is_taken() {
    let rig = Rig::new(PLAIN);
    rig.core.start().unwrap();
    let mut runs = pin!(rig.core.auto_restart(&[]).unwrap());
    let first = rig.board.block_on(next(&mut runs)).unwrap();
    assert_eq!(first.unwrap().unwrap_err().into_cause(), HlsError::Busy);
    assert!(rig.board.block_on(next(&mut runs)).unwrap().is_none());
    rig.core.done().unwrap();

    let mut runs = pin!(rig.core.auto_restart(&[]).unwrap());
    assert!(poll_once(pin!(next(&mut runs))).is_pending());
    assert_eq!(rig.core.call(&[], []).unwrap_err().into_cause(), HlsError::Busy);
    rig.core.stop().unwrap();
    rig.core.call(&[], []).unwrap();
    assert!(rig.board.block_on(async { while next(&mut runs).await.is_some() {} }).is_ok(), "the stream has ended");
}

#[test]
fn done_and_ready_are_two_lines() {
    for built in every().into_iter().filter(|built| built.pipelined) {
        let rig = Rig::new(built);
        let (mut done, mut ready) = (rig.core.done_events().unwrap(), rig.core.ready_events().unwrap());
        for _ in 0..3 {
            let began = rig.now();
            rig.core.start().unwrap();
            ready.wait().unwrap();
            assert_eq!(rig.now() - began, u128::from(super::rig::TAKES), "{built:?}");
            done.wait().unwrap();
            assert_eq!(rig.now() - began, u128::from(RUN), "{built:?}");
            rig.assert_idle();
        }
    }
}
