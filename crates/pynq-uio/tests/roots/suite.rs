//! The conformance suite on a simulated board whose CPU pin is reached through UIO, under each kind of host.

use std::{rc::Rc, sync::Arc, thread};

use pynq_uio::Dispatcher;
use tokio::{
    runtime::{Builder, Runtime},
    task::LocalSet,
};

use crate::{
    backends::{Build, Described},
    hosts::Kind,
    report::{NOT_BUILT, buttons, nothing_else_was_skipped, suite},
};

#[track_caller]
fn conforms(build: Build, host: Kind) {
    let (_, skipped) = suite(&mut Described { build, host });
    nothing_else_was_skipped(&skipped, if build == Build::Full { &[] } else { &[NOT_BUILT] });
}

fn current_thread() -> Arc<Runtime> {
    Arc::new(Builder::new_current_thread().enable_all().build().unwrap())
}

#[test]
fn under_tokio_on_the_current_thread() {
    let runtime = current_thread();
    let _context = runtime.enter();
    conforms(Build::Full, Kind::CurrentThread(Arc::clone(&runtime)));
    conforms(Build::Pulse, Kind::CurrentThread(Arc::clone(&runtime)));
}

#[test]
fn under_tokio_on_two_threads() {
    let runtime = Arc::new(Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());
    let _context = runtime.enter();
    conforms(Build::Full, Kind::Tokio(Arc::clone(&runtime)));
    conforms(Build::Bare, Kind::Tokio(Arc::clone(&runtime)));
    buttons(Kind::Tokio(Arc::clone(&runtime)));
}

#[test]
fn under_tokio_s_local_set() {
    let runtime = current_thread();
    let _context = runtime.enter();
    conforms(Build::Full, Kind::Local(Arc::clone(&runtime), Rc::new(LocalSet::new())));
}

#[test]
fn under_smol_s_executor() {
    let executor = Arc::new(smol::Executor::new());
    let (stop, stopped) = smol::channel::unbounded::<()>();
    let runs = Arc::clone(&executor);
    let thread = thread::spawn(move || smol::block_on(runs.run(stopped.recv())));
    conforms(Build::Full, Kind::Smol(Arc::clone(&executor)));
    conforms(Build::Pulse, Kind::Smol(executor));
    drop(stop);
    thread.join().unwrap().unwrap_err();
}

#[test]
fn under_async_io_s_block_on() {
    conforms(Build::Full, Kind::AsyncIo);
}

#[test]
fn under_blocking_twins() {
    conforms(Build::Full, Kind::Threads);
    conforms(Build::Pulse, Kind::Threads);
    buttons(Kind::Threads);
}

#[test]
fn polled_by_hand_with_a_dispatcher() {
    let dispatcher = Dispatcher::start().unwrap();
    conforms(Build::Full, Kind::Dispatcher(Arc::clone(&dispatcher)));
    conforms(Build::Pulse, Kind::Dispatcher(dispatcher));
}
