//! Which reactor serves a wait, and what happens when it is not there or goes.

use std::{
    sync::{Arc, Mutex, mpsc},
    task::{Context, Poll},
    time::Duration,
};

use pynq_core::{
    Clock, Error,
    interrupt::{Fired, Line, NodeHandle, with_deadline},
};
use pynq_smol::SmolReactor;
use pynq_tokio::TokioReactor;
use pynq_uio::{Dispatcher, FirstOf, Reactor, UioInterrupts};
use tokio::runtime::{Builder, Runtime};

use crate::device::*;

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn threads(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).enable_all().build().unwrap()
}

fn tokio_or_smol() -> UioInterrupts {
    interrupts(FirstOf::new(vec![Arc::new(TokioReactor::in_context()), Arc::new(SmolReactor)]))
}

/// The node gets bound to the runtime.
fn bind(runtime: &Runtime, device: &Device, node: &NodeHandle) {
    let mut waiting = wait(node);
    runtime.block_on(async {
        assert!(futures_poll(&mut waiting).await.is_pending());
        device.raise();
        waiting.await.unwrap();
    });
    comes_to_rest(node);
}

async fn futures_poll(wait: &mut Waiting) -> Poll<()> {
    std::future::poll_fn(|cx| Poll::Ready(wait.as_mut().poll(cx).map(drop))).await
}

#[test]
fn a_wait_outside_of_any_runtime_is_refused_and_a_blocking_one_works() {
    finishes(|| {
        let interrupts = interrupts(TokioReactor::in_context());
        let (device, node) = Device::on(&interrupts);
        assert_eq!(poll(&mut wait(&node)), Poll::Ready(Err(Error::NoReactor)));
        comes_to_rest(&node);
        let mut line = Line::new(node.clone(), 0).unwrap();
        assert_eq!(line.wait_until(interrupts.clock().now()), Err(Error::TimedOut), "and not the want of a reactor");
        comes_to_rest(&node);
        device.raise();
        assert_eq!(line.wait().unwrap().count, 1);
        comes_to_rest(&node);
    });
}

#[test]
fn a_runtime_without_io_is_an_error_and_no_panic() {
    finishes(|| {
        let (_device, node) = Device::on(&interrupts(TokioReactor::in_context()));
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        assert_eq!(runtime.block_on(wait(&node)), Err(Error::NoReactor));
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        assert_eq!(runtime.block_on(wait(&node)), Err(Error::NoReactor));
        assert_eq!(runtime.block_on(runtime.spawn(wait(&node))).unwrap(), Err(Error::NoReactor));
        comes_to_rest(&node);
    });
}

#[test]
fn a_runtime_without_io_leaves_it_to_the_next_reactor() {
    finishes(|| {
        let (device, node) = Device::on(&tokio_or_smol());
        let runtime = Builder::new_current_thread().build().unwrap();
        device.raise();
        assert!(runtime.block_on(wait(&node)).is_ok());
    });
}

#[test]
fn a_runtime_without_timers_has_waits_with_deadlines() {
    finishes(|| {
        let interrupts = interrupts(TokioReactor::in_context());
        let (device, node) = Device::on(&interrupts);
        let runtime = Builder::new_current_thread().enable_io().build().unwrap();
        let soon = interrupts.clock().now() + Duration::from_millis(5);
        let given_up = runtime.block_on(with_deadline(wait(&node), interrupts.clock().sleep_until(soon)));
        assert_eq!(given_up, Err(Error::TimedOut));
        assert!(interrupts.clock().now() >= soon);
        device.raise();
        let far = interrupts.clock().now() + Duration::from_secs(3600);
        assert!(runtime.block_on(with_deadline(wait(&node), interrupts.clock().sleep_until(far))).is_ok());
    });
}

#[test]
fn with_both_reactors_each_place_has_its_own() {
    finishes(|| {
        let interrupts = tokio_or_smol();
        let (device, node) = Device::on(&interrupts);
        device.raise();
        assert!(async_io::block_on(wait(&node)).is_ok());
        // It is bound to async-io, which never goes, so tokio's end is none of its business.
        let runtime = threads(1);
        let (sender, registered) = mpsc::channel();
        let waits = runtime.spawn(announced(wait(&node), sender));
        registered.recv().unwrap();
        device.raise();
        assert!(runtime.block_on(waits).unwrap().is_ok());
        drop(runtime);
        device.raise();
        assert!(smol::block_on(wait(&node)).is_ok());
        // Another one, first awaited under tokio, is bound to that.
        let (device, node) = Device::on(&interrupts);
        let runtime = threads(1);
        bind(&runtime, &device, &node);
        let mut orphan = wait(&node);
        assert!(poll(&mut orphan).is_pending());
        drop(runtime);
        assert_eq!(poll(&mut orphan), Poll::Ready(Err(Error::ReactorGone)));
        device.raise();
        assert!(async_io::block_on(wait(&node)).is_ok());
    });
}

#[test]
fn opened_under_one_runtime_and_awaited_under_another() {
    finishes(|| {
        let (first, second) = (threads(1), current_thread());
        let (device, node) = first.block_on(async { Device::on(&interrupts(TokioReactor::in_context())) });
        drop(first);
        device.raise();
        assert!(second.block_on(wait(&node)).is_ok());
    });
}

#[test]
fn a_runtime_that_was_named_serves_waits_from_anywhere() {
    finishes(|| {
        let runtime = threads(1);
        let (device, node) = Device::on(&interrupts(TokioReactor::on(runtime.handle().clone())));
        device.raise();
        assert!(smol::block_on(wait(&node)).is_ok());
        drop(runtime);
        assert_eq!(smol::block_on(wait(&node)), Err(Error::NoReactor));
        device.raise();
        assert!(Line::new(node, 0).unwrap().wait().is_ok());
    });
}

#[test]
fn a_runtime_that_ends_takes_its_waits_along_and_no_blocked_thread() {
    finishes(|| {
        for ends in [|runtime| drop(runtime), Runtime::shutdown_background] {
            let (a, b) = (threads(1), threads(1));
            let (device, node) = Device::on(&interrupts(TokioReactor::in_context()));
            bind(&a, &device, &node);
            let (sender, registered) = mpsc::channel();
            let again = sender.clone();
            let (first, node_of_b) = (announced(wait(&node), sender), node.clone());
            let task = b.spawn(async move { (first.await, announced(wait(&node_of_b), again).await) });
            registered.recv().unwrap();
            let twin = twin(&node);
            ends(a);
            registered.recv().unwrap();
            device.raise();
            let (served_by_a, served_by_b) = b.block_on(task).unwrap();
            assert_eq!(served_by_a, Err(Error::ReactorGone));
            assert!(served_by_b.is_ok(), "{served_by_b:?}");
            assert!(twin.join().unwrap().is_ok());
            comes_to_rest(&node);
        }
    });
}

#[test]
fn a_runtime_that_ended_while_nobody_waited_is_not_missed() {
    finishes(|| {
        for blocked in [false, true] {
            let (a, b) = (current_thread(), threads(1));
            let (device, node) = Device::on(&interrupts(TokioReactor::in_context()));
            bind(&a, &device, &node);
            let twin = blocked.then(|| twin(&node));
            drop(a);
            let (sender, registered) = mpsc::channel();
            let task = b.spawn(announced(wait(&node), sender));
            registered.recv().unwrap();
            device.raise();
            let outcome = b.block_on(task).unwrap();
            assert!(outcome.is_ok(), "{outcome:?}");
            assert!(twin.is_none_or(|twin| twin.join().unwrap().is_ok()));
        }
    });
}

#[test]
fn a_runtime_that_ends_with_its_tasks_waiting_leaves_the_line_masked() {
    finishes(|| {
        for runtime in [current_thread(), threads(2)] {
            let (device, node) = Device::on(&interrupts(TokioReactor::in_context()));
            let (sender, registered) = mpsc::channel();
            let tasks: Vec<_> = (0..5).map(|_| runtime.spawn(announced(wait(&node), sender.clone()))).collect();
            runtime.block_on(async {
                for _ in 0..5 {
                    while registered.try_recv().is_err() {
                        tokio::task::yield_now().await;
                    }
                }
            });
            drop(runtime);
            assert!(tasks.iter().all(tokio::task::JoinHandle::is_finished));
            comes_to_rest(&node);
            until(|| !device.uio.pump().enabled);
        }
    });
}

#[test]
fn the_last_handle_closes_the_device() {
    fn check(reactor: impl Reactor + 'static, waits: impl Fn(Waiting) -> Result<Fired, Error>) {
        let interrupts = interrupts(reactor);
        let (device, node) = Device::on(&interrupts);
        device.raise();
        waits(wait(&node)).unwrap();
        // The reactor still has the waker.
        drop((node, interrupts));
        let state = device.closed();
        assert!(state.closed && !state.enabled, "masked before it was closed: {state:?}");
    }
    finishes(|| {
        let (one, two) = (current_thread(), threads(2));
        check(TokioReactor::in_context(), |wait| one.block_on(wait));
        check(TokioReactor::in_context(), |wait| two.block_on(two.spawn(wait)).unwrap());
        check(SmolReactor, smol::block_on);
        check(SmolReactor, |wait| one.block_on(wait));
        let dispatcher = Dispatcher::start().unwrap();
        check(FirstOf::new(vec![dispatcher]), smol::block_on);
    });
}

#[test]
fn a_wait_that_is_given_up_while_it_waits_closes_the_device_too() {
    finishes(|| {
        let (device, node) = Device::on(&interrupts(SmolReactor));
        let mut waiting = wait(&node);
        assert!(poll(&mut waiting).is_pending());
        drop(node);
        drop(waiting);
        assert!(device.closed().closed);
    });
}

/// A waker that lets go of all there is: the wait, the line, the node, the root.
#[test]
fn a_node_may_be_dropped_inside_its_own_dispatch() {
    fn check(reactor: impl Reactor + 'static, turn: impl Fn()) {
        let (device, node) = Device::on(&interrupts(reactor));
        let mut waiting = wait(&node);
        let held = Arc::new(Mutex::new(None));
        let all = Arc::clone(&held);
        let waker = calling(move || drop(all.lock().unwrap().take()));
        assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        *held.lock().unwrap() = Some((waiting, node));
        device.raise();
        until(|| {
            turn();
            held.lock().unwrap().is_none()
        });
        assert!(device.closed().closed);
    }
    finishes(|| {
        check(SmolReactor, || ());
        check(FirstOf::new(vec![Dispatcher::start().unwrap()]), || ());
        let runtime = threads(1);
        let _context = runtime.enter();
        check(TokioReactor::in_context(), || ());
        let runtime = current_thread();
        let _context = runtime.enter();
        check(TokioReactor::in_context(), || runtime.block_on(tokio::task::yield_now()));
    });
}

#[test]
fn a_wait_may_move_from_a_blocked_thread_to_a_task() {
    finishes(|| {
        let interrupts = interrupts(TokioReactor::in_context());
        let (device, node) = Device::on(&interrupts);
        let mut waiting = wait(&node);
        let mut poll_once = |cx: &mut Context<'_>| {
            assert!(waiting.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        };
        interrupts.block(&mut poll_once, None).unwrap();
        let runtime = current_thread();
        runtime.block_on(async {
            assert!(futures_poll(&mut waiting).await.is_pending());
            device.raise();
            assert!(waiting.await.is_ok());
        });
        // And where there is no reactor the wait ends with an error, as nothing would wake it.
        let mut waiting = wait(&node);
        let mut poll_once = |cx: &mut Context<'_>| {
            assert!(waiting.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        };
        interrupts.block(&mut poll_once, None).unwrap();
        drop(runtime);
        let ended = poll(&mut waiting);
        assert!(matches!(ended, Poll::Ready(Err(Error::ReactorGone | Error::NoReactor))), "{ended:?}");
    });
}

/// No task polls it, and its event is counted all the same.
#[test]
fn a_listener_that_was_armed_within_a_runtime_is_served_by_it() {
    finishes(|| {
        let runtime = threads(1);
        let (device, node) = Device::on(&interrupts(TokioReactor::in_context()));
        let mut listener = Box::pin(Line::new(node.clone(), 0).unwrap().listen());
        {
            let _context = runtime.enter();
            listener.as_mut().arm().unwrap();
        }
        device.raise();
        until(|| node.line_stats(0).fired == 1);
        assert_eq!(runtime.block_on(listener.as_mut().next_async()).unwrap().missed, 0);
    });
}

#[test]
fn a_listener_may_be_armed_where_there_is_no_reactor() {
    finishes(|| {
        let (device, node) = Device::on(&interrupts(TokioReactor::in_context()));
        let mut listener = Box::pin(Line::new(node, 0).unwrap().listen());
        listener.as_mut().arm().unwrap();
        device.raise();
        assert_eq!(listener.as_mut().next().unwrap().missed, 0);
    });
}

/// tokio's own sleep panics when its runtime has been shut down.
#[test]
fn a_sleep_outlives_the_runtime_that_kept_it() {
    finishes(|| {
        let interrupts = interrupts(TokioReactor::in_context());
        let clock = interrupts.clock();
        let (a, b) = (threads(1), threads(1));
        let at = clock.now() + Duration::from_millis(50);
        let mut sleep = Box::pin(clock.sleep_until(at));
        a.block_on(async {
            assert!(std::future::poll_fn(|cx| Poll::Ready(sleep.as_mut().poll(cx))).await.is_pending());
        });
        let task = b.spawn(sleep);
        drop(a);
        b.block_on(task).unwrap();
        assert!(clock.now() >= at);
        // One that was named and is gone already.
        let gone = self::interrupts(TokioReactor::on(current_thread().handle().clone()));
        let at = gone.clock().now() + Duration::from_millis(5);
        smol::block_on(gone.clock().sleep_until(at));
        assert!(gone.clock().now() >= at);
    });
}

/// A task that has used up its turn still arms its waits, and a dispatch is no part of any task's turn. In `block_on` of a
/// runtime with threads tokio wakes there and then what has no budget left, for ever if that polls again.
#[test]
fn three_hundred_events_in_one_turn_of_a_task() {
    finishes(|| {
        for runtime in [current_thread(), threads(1)] {
            let (device, node) = Device::on(&interrupts(TokioReactor::in_context()));
            bind(&runtime, &device, &node);
            let mut spent = Box::pin(async {
                loop {
                    tokio::task::consume_budget().await;
                }
            });
            runtime.block_on(std::future::poll_fn(|cx| {
                assert!(spent.as_mut().poll(cx).is_pending());
                for _ in 0..300 {
                    let mut waiting = wait(&node);
                    assert!(waiting.as_mut().poll(cx).is_pending());
                    // A blocked thread fetches each event, since a runtime on this thread has no turn in between.
                    let twin = twin(&node);
                    device.raise();
                    twin.join().unwrap().unwrap();
                    let ended = waiting.as_mut().poll(cx);
                    assert!(matches!(ended, Poll::Ready(Ok(_))), "{ended:?}");
                }
                Poll::Ready(())
            }));
        }
    });
}
