//! Waits that are dropped at random while events come, from several threads.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll},
    thread,
};

use pynq_core::{Instant, interrupt::Line};
use pynq_smol::SmolReactor;
use pynq_tokio::TokioReactor;
use pynq_uio::{Dispatcher, FirstOf, Reactor};
use tokio::runtime::Builder;

use crate::device::*;

/// xorshift, from a fixed seed for each thread.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

const ROUNDS: u32 = 2_000;

fn storm(reactor: impl Reactor + 'static) {
    let (device, node) = Device::on(&interrupts(reactor));
    let device = Arc::new(device);
    let stop = Arc::new(AtomicBool::new(false));
    let stormers: Vec<_> = (1..=3_u64)
        .map(|seed| {
            let (node, device) = (node.clone(), Arc::clone(&device));
            thread::spawn(move || {
                let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
                let mut line = Line::new(node.clone(), 0).unwrap();
                let mut completed = 0_u32;
                for _ in 0..ROUNDS {
                    // A kernel takes each write at once; a socket has room for so many.
                    device.uio.pump();
                    match random.below(4) {
                        // A blocked thread that gives up at once.
                        0 => completed += u32::from(line.wait_until(Instant::START).is_ok()),
                        // A task that is polled so often and then dropped.
                        polls => {
                            let mut waiting = Box::pin(line.wait_async());
                            let waker = calling(|| ());
                            for _ in 0..polls {
                                if let Poll::Ready(fired) = waiting.as_mut().poll(&mut Context::from_waker(&waker)) {
                                    completed += u32::from(fired.is_ok());
                                    break;
                                }
                                thread::yield_now();
                            }
                        }
                    }
                }
                completed
            })
        })
        .collect();
    let raises = thread::spawn({
        let (device, stop) = (Arc::clone(&device), Arc::clone(&stop));
        move || {
            while !stop.load(SeqCst) {
                device.raise();
                thread::yield_now();
            }
        }
    });
    let completed: u32 = stormers.into_iter().map(|stormer| stormer.join().unwrap()).sum();
    stop.store(true, SeqCst);
    raises.join().unwrap();
    comes_to_rest(&node);
    assert!(completed > 0, "some of them met an event");
    until(|| !device.uio.pump().enabled);
    // Nothing is broken: the next event reaches the thread that waits for it.
    let mut line = Line::new(node.clone(), 0).unwrap();
    let _ = line.wait_until(Instant::START);
    device.raise();
    assert!(line.wait().is_ok());
    comes_to_rest(&node);
}

#[test]
fn under_tokio() {
    finishes(|| {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        storm(TokioReactor::on(runtime.handle().clone()));
    });
}

#[test]
fn under_smol() {
    finishes(|| storm(SmolReactor));
}

#[test]
fn with_a_dispatcher() {
    finishes(|| storm(FirstOf::new(vec![Dispatcher::start().unwrap()])));
}
