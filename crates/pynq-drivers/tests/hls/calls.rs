//! Calls, one after the other and overlapping.

use std::{future::Future, pin::pin};

use pynq_drivers::hls::{Accelerator, Scalar};

use super::rig::{CTRL, Noise, PLAIN, RUN, Rig, TAKES, all, every, poll_once};

#[test]
fn a_call_passes_arguments_waits_and_returns_results() {
    for built in every() {
        let rig = Rig::new(built);
        let outputs = ["y", "sum", "twice"];
        let inputs = [("x", 1000.into()), ("k", (-7).into()), ("twice", 21_u32.into())];
        for _ in 0..3 {
            let began = rig.now();
            let [y, sum, twice] = rig.core.call(&inputs, outputs).unwrap();
            assert_eq!(rig.now() - began, u128::from(RUN), "{built:?}");
            assert_eq!((y.to::<i32>(), sum.to::<u64>(), twice.to::<u16>().is_err()), (Ok(993), Ok(1000), true));
            assert_eq!(twice.to::<u32>(), Ok(42));
        }
        assert_eq!(rig.runs(), 3);
        rig.assert_idle();
        assert_eq!(rig.core.node().line_stats(0).spurious, 0);
    }
}

#[test]
fn random_arguments_come_back_as_the_function_has_them() {
    let mut noise = Noise(0x2545_F491_4F6C_DD1D);
    for built in every() {
        let rig = Rig::new(built);
        for _ in 0..40 {
            let (x, k, twice) = (noise.next() as i32, (noise.next() as i16) >> 4, noise.next() as u32 >> 1);
            let table: Vec<u32> = (0..16).map(|_| noise.next() as u32 >> 8).collect();
            let first = (noise.next() % 16) as usize;
            let zeros = [0; 16];
            rig.core.write_memory("table", 0, &zeros).unwrap();
            rig.core.write_memory("table", first, &table[first..]).unwrap();
            let inputs = [("k", k.into()), ("twice", twice.into()), ("x", x.into())];
            let [sum, y] = rig.core.call(&inputs, ["sum", "y"]).unwrap();
            let total: u64 = table[first..].iter().copied().map(u64::from).sum();
            assert_eq!(sum.to::<u64>().unwrap(), (i64::from(x) as u64).wrapping_add(total << 32));
            assert_eq!(y.to::<i32>().unwrap(), x.wrapping_add(k.into()));
            assert_eq!(rig.core.get::<i16>("k").unwrap(), k, "inputs read back");
            let written = rig.core.try_get::<u32>("twice").unwrap();
            assert_eq!(written, (x >= 0).then_some(twice << 1));
            assert_eq!(rig.core.try_get::<u32>("twice").unwrap(), None, "it was read");
            let mut back = vec![0; table.len() - first];
            rig.core.read_memory("table", first, &mut back).unwrap();
            assert_eq!(back, table[first..]);
        }
        assert_eq!(rig.runs(), 40);
        rig.assert_idle();
    }
}

async fn call(core: &Accelerator, x: i32) -> i32 {
    let [y] = core.call_async(&[("x", x.into()), ("k", 1.into())], ["y"]).await.unwrap();
    y.to().unwrap()
}

#[test]
fn calls_of_several_tasks_come_one_after_the_other() {
    for built in every() {
        let rig = Rig::new(built);
        let calls = (0..8).map(|x| Box::pin(call(&rig.core, x)) as _).collect();
        let results = rig.board.block_on(all(calls)).unwrap();
        assert_eq!(results, (1..9).collect::<Vec<_>>(), "{built:?}");
        assert_eq!((rig.runs(), rig.now()), (8, 8 * u128::from(RUN)));
        rig.assert_idle();
    }
}

/// A task that calls in a loop does not keep the others from their turns.
#[test]
fn tasks_take_turns() {
    let rig = Rig::new(PLAIN);
    let three_calls = |x: i32| {
        let core = &rig.core;
        Box::pin(async move {
            for call in 0..3 {
                assert_eq!(self::call(core, 10 * x + call).await, 10 * x + call + 1);
            }
        }) as _
    };
    rig.board.block_on(all((1..4).map(three_calls).collect())).unwrap();
    assert_eq!(*rig.calls.lock().unwrap(), [10, 20, 30, 11, 21, 31, 12, 22, 32]);
}

/// A call that is dropped, wherever it is, leaves its run to end by itself and the next call whole.
#[test]
fn a_call_can_be_dropped_at_any_time() {
    for built in every() {
        for dropped_after in [0, 1, RUN / 2, RUN - 1, RUN, RUN + 1] {
            let rig = Rig::new(built);
            {
                let inputs = [("x", 5.into())];
                let mut dropped = pin!(rig.core.call_async(&inputs, ["y"]));
                assert!(poll_once(dropped.as_mut()).is_pending());
                rig.clocks(dropped_after);
            }
            assert_eq!(rig.window.read(0x08), 0, "nothing is enabled: {built:?}, {dropped_after}");
            let began = rig.now();
            assert_eq!(rig.board.block_on(call(&rig.core, 7)).unwrap(), 8);
            let left = u128::from(RUN.saturating_sub(dropped_after));
            assert_eq!(rig.now() - began, left + u128::from(RUN), "{built:?}, {dropped_after}");
            assert_eq!(*rig.calls.lock().unwrap(), [5, 7]);
            rig.assert_idle();
        }
    }
}

#[test]
fn a_call_that_was_not_polled_does_nothing() {
    let rig = Rig::new(PLAIN);
    drop(rig.core.call_async(&[("x", 1.into())], ["y"]));
    rig.clocks(10 * RUN);
    assert_eq!(rig.runs(), 0);
    assert!(rig.core.is_idle().unwrap());
}

/// A task that waits for its turn is dropped: the others still come on.
#[test]
fn a_call_that_waits_for_its_turn_can_be_dropped() {
    for built in every() {
        let rig = Rig::new(built);
        let mut first = Box::pin(call(&rig.core, 1));
        assert!(poll_once(first.as_mut()).is_pending());
        {
            let mut second = pin!(call(&rig.core, 2));
            assert!(poll_once(second.as_mut()).is_pending());
        }
        let mut calls: Vec<std::pin::Pin<Box<dyn Future<Output = i32> + '_>>> = vec![first];
        for x in 3..6 {
            calls.push(Box::pin(call(&rig.core, x)));
        }
        assert_eq!(rig.board.block_on(all(calls)).unwrap(), [2, 4, 5, 6]);
        assert_eq!(rig.runs(), 4, "{built:?}");
    }
}

#[test]
fn the_next_arguments_are_passed_while_the_function_works() {
    for built in every().into_iter().filter(|built| built.pipelined) {
        let rig = Rig::new(built);
        let stream = async {
            let mut before = rig.core.begin_async(&[("x", 0.into())]).await.unwrap();
            for x in 1..20 {
                let inputs = [("x", x.into())];
                let run = rig.core.begin_async(&inputs).await.unwrap();
                assert_eq!(before.done_async([]).await.unwrap().len(), 0);
                before = run;
            }
            before.done_async([]).await.unwrap();
        };
        rig.board.block_on(stream).unwrap();
        assert_eq!(*rig.calls.lock().unwrap(), (0..20).collect::<Vec<_>>(), "no argument was changed too early");
        // Two are under way at a time. One begins when the one before it was taken or the one before that has ended.
        let least = u128::from(20 * RUN / 2);
        assert!((least..least + u128::from(20 * TAKES)).contains(&rig.now()), "{built:?}: {}", rig.now());
        rig.assert_idle();
    }
}

/// With `ap_ctrl_chain` no result is lost, however late it is read.
#[test]
fn a_chain_keeps_each_result_until_it_was_read() {
    for built in every().into_iter().filter(|built| built.chain) {
        let rig = Rig::new(built);
        rig.core.set("k", 1).unwrap();
        let mut first = rig.core.begin_async(&[("x", 10.into())]).block().unwrap();
        let inputs = [("x", 20.into())];
        let mut second = pin!(rig.core.begin_async(&inputs));
        // Its turn comes when the function has taken the arguments before, or is let go.
        let mut started = match poll_once(second.as_mut()) {
            std::task::Poll::Ready(run) => Some(run.unwrap()),
            std::task::Poll::Pending => None,
        };
        rig.clocks(10 * RUN);
        let [y] = first.done(["y"]).unwrap();
        assert_eq!(y.to::<i32>(), Ok(11), "{built:?}");
        let mut second = match started.take() {
            Some(run) => run,
            None => rig.board.block_on(second).unwrap().unwrap(),
        };
        rig.clocks(10 * RUN);
        let [y] = second.done(["y"]).unwrap();
        assert_eq!(y.to::<i32>(), Ok(21), "{built:?}");
        rig.assert_idle();
    }
}

#[test]
fn started_and_polled_without_an_interrupt() {
    let rig = Rig::with(PLAIN, false, |_| ());
    rig.core.set("x", 3).unwrap();
    rig.core.set("k", -4).unwrap();
    rig.core.start().unwrap();
    assert!(!rig.core.is_idle().unwrap());
    rig.clocks(RUN);
    assert!(rig.core.is_idle().unwrap() && rig.core.is_idle().unwrap(), "a read has consumed it, and it is kept");
    assert_eq!(rig.core.get::<i32>("y"), Ok(-1));
    rig.core.done().unwrap();
    assert_eq!(rig.window.read(CTRL as usize) & 1, 0);
    assert_eq!(<i32 as Scalar>::KIND.bits(), 32);
}

/// Tasks that call, overlap, give up and poll at random, on every form of the control block: whoever stays has its own result,
/// and nothing is left behind.
#[test]
fn random_schedules() {
    let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
    for built in every() {
        for _ in 0..6 {
            let rig = Rig::new(built);
            rig.core.set("k", 1).unwrap();
            let mut tasks: Vec<std::pin::Pin<Box<dyn Future<Output = ()> + '_>>> = Vec::new();
            for task in 0..6_i32 {
                let (core, board, seed) = (&rig.core, &rig.board, noise.next());
                tasks.push(Box::pin(async move {
                    let mut noise = Noise(seed);
                    for round in 0..4 {
                        let x = 1000 * task + round;
                        let patience = core::time::Duration::from_nanos(10 * (noise.next() % (6 * RUN)));
                        let inputs = [("x", x.into())];
                        match noise.next() % 4 {
                            0 => assert_eq!(call(core, x).await, x + 1),
                            1 => match core.call_async(&inputs, ["y"]).until(patience).await {
                                Ok([y]) => assert_eq!(y.to::<i32>(), Ok(x + 1)),
                                Err(error) => assert!(error.is_timed_out(), "{error}"),
                            },
                            2 => {
                                let mut run = core.begin_async(&inputs).await.unwrap();
                                if noise.next() % 2 == 0 {
                                    let ended = run.done_async([]).until(patience).await;
                                    assert!(ended.is_ok() || ended.is_err_and(|error| error.is_timed_out()));
                                }
                            }
                            _ => {
                                use pynq_core::Clock;
                                board.clock().sleep(patience).await;
                                core.done_async().await.unwrap();
                            }
                        }
                    }
                }));
            }
            rig.board.block_on(all(tasks)).unwrap();
            rig.core.done().unwrap();
            assert_eq!(rig.board.block_on(call(&rig.core, -5)).unwrap(), -4, "{built:?}");
            rig.assert_idle();
            let calls = rig.calls.lock().unwrap();
            let mut once = calls.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), calls.len(), "no run was started twice: {built:?}");
        }
    }
}
