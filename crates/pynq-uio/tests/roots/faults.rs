//! What the kernel may do to a root: take the device away, count on, wake for nothing, report late.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
        mpsc,
    },
    task::{Context, Poll},
    thread,
};

use pynq_core::{
    Error, Instant,
    interrupt::{Direct, DirectNode, InterruptSource as _, Line, NodeHandle, ParentLine, StdLock},
};
use pynq_smol::SmolReactor;
use pynq_tokio::TokioReactor;
use pynq_uio::{BoxedSleep, Dispatcher, FirstOf, Masking, Reactor, Registration};
use rustix::fd::OwnedFd;
use tokio::runtime::Builder;

use crate::device::*;

/// Reads or writes fail with `DeviceGone` on the node of the root and on the one behind it, for tasks and for threads.
#[test]
fn a_device_that_goes_ends_every_wait_on_every_node() {
    fn check(reactor: impl Reactor + 'static) {
        let (device, node) = Device::on(&interrupts(reactor));
        let child = Arc::pin(DirectNode::new(StdLock::new(), Direct, ParentLine::new(node.clone(), 0)));
        let child = NodeHandle::from(child).erase();
        let mut tasks: Vec<Waiting> = (0..5).map(|_| wait(&node)).chain((0..5).map(|_| wait(&child))).collect();
        for task in &mut tasks {
            assert!(poll(task).is_pending());
        }
        let (sender, registered) = mpsc::channel();
        let twins: Vec<_> = [node.clone(), child.clone()]
            .into_iter()
            .map(|node| {
                let wait = announced(wait(&node), sender.clone());
                thread::spawn(move || node.block_on(wait, None))
            })
            .collect();
        twins.iter().for_each(|_| registered.recv().unwrap());
        device.uio.remove();
        for task in tasks {
            assert_eq!(smol::future::block_on(task), Err(Error::DeviceGone));
        }
        for twin in twins {
            assert_eq!(twin.join().unwrap(), Err(Error::DeviceGone));
        }
        // From then on at once, and with no look at the device.
        let mut late = Box::pin(async { Line::new(node.clone(), 0).map(drop) });
        assert_eq!(smol::future::block_on(late.as_mut()), Err(Error::DeviceGone));
        let mut line = Line::new(child.clone(), 0);
        assert_eq!(line.as_mut().err().copied(), Some(Error::DeviceGone));
    }
    finishes(|| {
        check(SmolReactor);
        check(FirstOf::new(vec![Dispatcher::start().unwrap()]));
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_io().build().unwrap();
        let _context = runtime.enter();
        check(TokioReactor::in_context());
    });
}

#[test]
fn a_device_that_went_while_nobody_waited_fails_the_next_wait() {
    finishes(|| {
        for blocks in [false, true] {
            let (device, node) = Device::on(&interrupts(SmolReactor));
            let mut line = Line::new(node.clone(), 0).unwrap();
            device.raise();
            assert!(line.wait().is_ok());
            device.uio.remove();
            let failed = if blocks { line.wait() } else { smol::block_on(line.wait_async()) };
            assert_eq!(failed, Err(Error::DeviceGone));
            assert_eq!(line.wait(), Err(Error::DeviceGone));
            assert_eq!(line.clear(), Err(Error::DeviceGone));
        }
    });
}

/// Counts the descriptors that are registered.
struct Counting(Arc<AtomicU32>);

impl Reactor for Counting {
    fn register(&self, fd: &Arc<OwnedFd>) -> Result<Arc<dyn Registration>, Error> {
        self.0.fetch_add(1, SeqCst);
        SmolReactor.register(fd)
    }

    fn sleep_until(&self, deadline: std::time::Instant) -> Option<BoxedSleep> {
        SmolReactor.sleep_until(deadline)
    }
}

#[test]
fn a_device_that_is_gone_is_watched_by_nobody() {
    finishes(|| {
        let registered = Arc::new(AtomicU32::new(0));
        let interrupts = interrupts(Counting(Arc::clone(&registered)));
        let (device, node) = Device::on(&interrupts);
        let mut line = Line::new(node.clone(), 0).unwrap();
        device.uio.remove();
        assert_eq!(line.wait(), Err(Error::DeviceGone));
        assert_eq!(smol::block_on(line.wait_async()), Err(Error::DeviceGone));
        // Closed, as when the design is replaced.
        let (device, node) = Device::on(&interrupts);
        let mut line = Line::new(node.clone(), 0).unwrap();
        interrupts.close();
        assert_eq!(smol::block_on(line.wait_async()), Err(Error::DeviceGone));
        assert_eq!(registered.load(SeqCst), 0);
        drop(device);
    });
}

/// Events that the kernel has counted and that this descriptor did not read one by one.
#[test]
fn jumps_of_the_count_are_counted() {
    finishes(|| {
        let interrupts = no_reactor();
        let (device, fd) = Device::open();
        let root = Arc::new(interrupts.root(fd, Masking::AtTheRoot).unwrap());
        let node = Arc::pin(DirectNode::new(StdLock::new(), Direct, Arc::clone(&root)));
        let mut line = Line::new(node, 0).unwrap();
        let before = root.counts().interrupts;
        for skipped in [0, 3, 0, 2] {
            device.uio.skip(skipped);
            device.raise();
            line.wait().unwrap();
        }
        assert_eq!((root.counts().interrupts - before, root.counts().jumps), (4, 5));
        // The count wraps.
        device.uio.skip(u32::MAX - 4 - 5 - 1);
        for _ in 0..4 {
            device.raise();
            line.wait().unwrap();
        }
        assert_eq!(interrupts.interrupts() - before, 8);
    });
}

/// A pin straight on the root is masked there when nothing waits, and an event that was on the way is discarded.
#[test]
fn a_root_that_masks_is_masked_and_emptied_when_the_last_wait_goes() {
    finishes(|| {
        let (device, node) = Device::on(&interrupts(SmolReactor));
        let before = device.uio.pump();
        assert!(before.masked == 1 && !before.enabled, "masked when it is opened: {before:?}");
        for round in 1..=3 {
            let waiting = {
                let mut waiting = wait(&node);
                assert!(smol::block_on(std::future::poll_fn(|cx| Poll::Ready(waiting.as_mut().poll(cx)))).is_pending());
                waiting
            };
            until(|| device.uio.pump().enabled);
            drop(waiting);
            let after = device.uio.pump();
            assert_eq!((after.masked, after.unmasked), (1 + round, round));
            assert!(!after.enabled && !device.uio.is_unread());
            comes_to_rest(&node);
        }
    });
}

/// It fires between the last poll and the mask.
#[test]
fn an_event_on_its_way_when_the_wait_goes_is_read_and_forgotten() {
    finishes(|| {
        // No reactor turns and no thread is blocked: only the call that masks reads it.
        let runtime = Builder::new_current_thread().enable_io().build().unwrap();
        let (device, node) = Device::on(&interrupts(TokioReactor::in_context()));
        let _context = runtime.enter();
        let mut waiting = wait(&node);
        assert!(poll(&mut waiting).is_pending());
        device.raise();
        until(|| device.uio.is_unread());
        drop(waiting);
        assert!(!device.uio.is_unread());
        assert!(!device.uio.pump().enabled);
        let mut next = wait(&node);
        runtime.block_on(async {
            assert!(std::future::poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await.is_pending());
            tokio::task::yield_now().await;
            assert!(std::future::poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await.is_pending());
            device.raise();
            assert!(next.await.is_ok());
        });
    });
}

/// Of a device that was left enabled, with an event that was not read.
#[test]
fn an_event_from_before_a_masking_root_was_made_is_not_its_own() {
    finishes(|| {
        let (device, fd) = Device::open();
        device.raise();
        until(|| device.uio.is_unread());
        let root = no_reactor().root(fd, Masking::AtTheRoot).unwrap();
        assert!(!device.uio.is_unread());
        let node = Arc::pin(DirectNode::new(StdLock::new(), Direct, root));
        let mut line = Line::new(node, 0).unwrap();
        assert_eq!(line.wait_until(Instant::START), Err(Error::TimedOut));
    });
}

#[test]
fn a_root_below_a_controller_is_not_written_to_when_waits_go() {
    finishes(|| {
        let (device, fd) = Device::open();
        let root = no_reactor().root(fd, Masking::InTheController).unwrap();
        let node = Arc::pin(DirectNode::new(StdLock::new(), Direct, root));
        let mut line = Line::new(node, 0).unwrap();
        for _ in 0..5 {
            assert_eq!(line.wait_until(Instant::START), Err(Error::TimedOut));
        }
        until(|| device.uio.pump().unmasked == 1);
        assert_eq!(device.uio.pump().masked, 0);
        // What comes while nothing waits is there for the next wait.
        device.raise();
        until(|| device.uio.is_unread());
        assert!(line.wait().is_ok());
        assert_eq!(device.uio.pump().unmasked, 1, "one event for each unmasking");
        device.raise();
        assert!(line.wait().is_ok());
        let state = device.uio.pump();
        assert_eq!((state.unmasked, state.masked), (2, 0));
    });
}

/// A reactor that takes the descriptor for readable when another thread has read it.
#[test]
fn a_reactor_whose_word_is_stale_looks_again() {
    fn check(reactor: impl Reactor + 'static) {
        let (device, node) = Device::on(&interrupts(reactor));
        for _ in 0..200 {
            let mut task = wait(&node);
            assert!(poll(&mut task).is_pending());
            // Both find the device readable.
            let twin = twin(&node);
            device.raise();
            assert!(twin.join().unwrap().is_ok());
            assert!(smol::future::block_on(task).is_ok());
        }
        assert_eq!(node.line_stats(0).fired, 200);
        comes_to_rest(&node);
    }
    finishes(|| {
        check(SmolReactor);
        check(FirstOf::new(vec![Dispatcher::start().unwrap()]));
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_io().build().unwrap();
        let _context = runtime.enter();
        check(TokioReactor::in_context());
    });
}

/// The source's own contract, without a node: one-shot, disarmed by firing, nothing without a reactor.
#[test]
fn a_root_needs_a_reactor_only_to_be_admitted() {
    let (_device, fd) = Device::open();
    let root = no_reactor().root(fd, Masking::AtTheRoot).unwrap();
    assert_eq!(root.prepare_wait(), Err(Error::NoReactor));
    let mut admitted = None;
    let mut try_poll = |_: &mut Context<'_>| {
        admitted = Some(root.prepare_wait());
        Poll::Ready(())
    };
    root.block(&mut try_poll, None).unwrap();
    assert_eq!(admitted, Some(Ok(pynq_core::interrupt::Driven::ByCaller)));
}
