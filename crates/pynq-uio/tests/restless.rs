//! A blocked thread whose future wakes itself over and over.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test may

use std::{
    cell::Cell,
    future::Future as _,
    io::Write as _,
    os::unix::net::UnixStream,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use pynq_core::{Clock as _, Error, interrupt::InterruptSource as _};
use pynq_uio::{LinuxClock, Masking, NoReactor, UioInterrupts};

fn interrupts() -> UioInterrupts {
    UioInterrupts::new(LinuxClock::new(Arc::new(NoReactor)), Arc::new(NoReactor))
}

/// More polls than any thread gets to in a test that passes.
const FOR_EVER: u64 = 10_000_000;

/// A program that gives way to its other tasks, again and again, until one of them has had its interrupt.
#[test]
fn interrupts_come_through() {
    let (near, mut far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    let interrupts = interrupts();
    let root = interrupts.root(near.into(), Masking::InTheController).unwrap();
    let polls = Cell::new(0_u64);
    let mut poll = |cx: &mut std::task::Context<'_>| {
        if polls.replace(polls.get() + 1) == 0 {
            assert!(Pin::new(&root).poll_fired(cx).is_pending());
            far.write_all(&1_u32.to_ne_bytes()).unwrap();
        }
        assert!(polls.get() < FOR_EVER, "nobody looked at the device");
        cx.waker().wake_by_ref();
        // Its waker is the thread's; the next poll reports that it fired.
        if root.counts().interrupts > 0 || Pin::new(&root).poll_fired(cx).is_ready() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    };
    assert_eq!(interrupts.block(&mut poll, None), Ok(()));
}

#[test]
fn deadlines_and_sleeps_come_through() {
    let interrupts = interrupts();
    let polls = Cell::new(0_u64);
    let mut busy = |cx: &mut std::task::Context<'_>| {
        polls.set(polls.get() + 1);
        assert!(polls.get() < FOR_EVER, "nobody looked at the time");
        cx.waker().wake_by_ref();
        Poll::Pending
    };
    let deadline = interrupts.clock().now() + Duration::from_millis(2);
    assert_eq!(interrupts.block(&mut busy, Some(deadline)), Err(Error::TimedOut));
    let mut sleep = pin!(interrupts.clock().sleep(Duration::from_millis(2)));
    let mut both = |cx: &mut std::task::Context<'_>| {
        cx.waker().wake_by_ref();
        sleep.as_mut().poll(cx)
    };
    assert_eq!(interrupts.block(&mut both, None), Ok(()));
}

/// A read that waited would do so in the reactor's thread, under a lock, until the next interrupt.
#[test]
fn a_descriptor_that_blocks_is_made_not_to() {
    for masking in [Masking::InTheController, Masking::AtTheRoot] {
        let (near, _far) = UnixStream::pair().unwrap();
        let copy = near.try_clone().unwrap();
        let (done, polled) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            // At the root, it reads at once what came before; in the controller, when it is polled.
            let root = interrupts().root(near.into(), masking).unwrap();
            done.send(()).unwrap();
            drop(root);
        });
        assert_eq!(polled.recv_timeout(Duration::from_secs(10)), Ok(()), "it waits for an interrupt");
        thread.join().unwrap();
        assert!(rustix::fs::fcntl_getfl(&copy).unwrap().contains(rustix::fs::OFlags::NONBLOCK));
    }
}
