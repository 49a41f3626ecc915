//! What a root does to its device once it was closed: nothing, since the next one may be on it already.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test may

use std::{
    io::{self, Read as _},
    os::{fd::OwnedFd, unix::net::UnixStream},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Instant,
};

use pynq_core::{
    Error,
    interrupt::{Driven, InterruptSource},
};
use pynq_uio::{BoxedSleep, LinuxClock, Masking, NoReactor, Reactor, Registration, UioInterrupts, UioRoot, WatchError};

/// A reactor that watches nothing, and shows whether something is still registered.
#[derive(Default)]
struct Idle(Arc<()>);

struct Registered(#[allow(dead_code)] Arc<()>);

impl Reactor for Idle {
    fn register(&self, _: &Arc<OwnedFd>) -> Result<Arc<dyn Registration>, Error> {
        Ok(Arc::new(Registered(Arc::clone(&self.0))))
    }

    fn sleep_until(&self, _: Instant) -> Option<BoxedSleep> {
        None
    }
}

impl Registration for Registered {
    fn poll_read(&self, _: &mut Context<'_>, _: &mut dyn FnMut() -> io::Result<()>) -> Poll<Result<(), WatchError>> {
        Poll::Pending
    }
}

fn interrupts(reactor: impl Reactor + 'static) -> UioInterrupts {
    UioInterrupts::new(LinuxClock::new(Arc::new(NoReactor)), Arc::new(reactor))
}

/// A device, and what is written to it.
fn device() -> (UnixStream, UnixStream) {
    let (near, far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    far.set_nonblocking(true).unwrap();
    (near, far)
}

/// The words written since the last look.
fn written(far: &mut UnixStream) -> Vec<i32> {
    let mut words = Vec::new();
    let mut word = [0; 4];
    while let Ok(4) = far.read(&mut word) {
        words.push(i32::from_ne_bytes(word));
    }
    words
}

fn arm(root: &UioRoot) -> Poll<Result<(), Error>> {
    Pin::new(root).poll_fired(&mut Context::from_waker(Waker::noop()))
}

/// The owner of a node that is being invalidated may be at work elsewhere, and disarm its root when the next design is armed.
#[test]
fn a_root_that_is_disarmed_late_does_not_mask_the_next_one() {
    let (near, mut far) = device();
    let interrupts = interrupts(NoReactor);
    let old = interrupts.root(near.try_clone().unwrap().into(), Masking::AtTheRoot).unwrap();
    assert!(arm(&old).is_pending());
    interrupts.close();
    assert_eq!(written(&mut far), [0, 1, 0], "masked when it was made, unmasked, masked by the closing");
    let new = interrupts.root(near.into(), Masking::AtTheRoot).unwrap();
    assert!(arm(&new).is_pending());
    assert_eq!(written(&mut far), [0, 1]);
    Pin::new(&old).disarm();
    drop(old);
    assert_eq!(written(&mut far), [], "the next one's device was left alone");
    drop(new);
    assert_eq!(written(&mut far), [0]);
}

#[test]
fn closing_ends_the_watch_though_the_old_root_lives_on() {
    let (near, _far) = device();
    let reactor = Idle::default();
    let watches = Arc::downgrade(&reactor.0);
    let interrupts = interrupts(reactor);
    let root = interrupts.root(near.into(), Masking::InTheController).unwrap();
    assert_eq!(root.prepare_wait(), Ok(Driven::ByReactor));
    assert!(arm(&root).is_pending());
    assert_eq!(watches.strong_count(), 2, "the reactor's own, and the one of what it watches");
    interrupts.close();
    assert_eq!(watches.strong_count(), 1);
    assert_eq!(arm(&root), Poll::Ready(Err(Error::DeviceGone)));
}
