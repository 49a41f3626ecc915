//! Blocked threads: alone, beside each other, beside a reactor.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
    task::{Context, Poll},
    thread,
    time::{Duration, Instant as SystemInstant},
};

use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, Clock, Error, Instant, axi_intc_node,
    interrupt::{Direct, DirectNode, InterruptSource, Line, NodeHandle, StdLock},
};
use pynq_sim::{
    Board, Stimulus, Trigger,
    models::{AxiIntcModel, IntcParams},
};
use pynq_smol::SmolReactor;
use pynq_tokio::TokioReactor;
use pynq_uio::{Dispatcher, FirstOf, Masking, UioInterrupts, UioRoot};
use tokio::runtime::Builder;

use crate::{device::*, uio::Uio};

#[test]
fn a_blocked_thread_is_released_by_invalidation() {
    finishes(|| {
        let (_device, node) = Device::on(&no_reactor());
        let twins = [twin(&node), twin(&node), twin(&node)];
        node.invalidate(Error::Invalidated);
        for twin in twins {
            assert_eq!(twin.join().unwrap(), Err(Error::Invalidated));
        }
        comes_to_rest(&node);
    });
}

/// A dispatch elsewhere reaches a thread that sleeps, whose descriptor is never readable to it.
#[test]
fn a_blocked_thread_is_released_by_whoever_dispatches() {
    finishes(|| {
        let (device, node) = Device::on(&interrupts(SmolReactor));
        for _ in 0..50 {
            let mut served = wait(&node);
            assert!(poll(&mut served).is_pending());
            let twins = [twin(&node), twin(&node)];
            device.raise();
            assert!(smol::block_on(served).is_ok());
            for twin in twins {
                assert!(twin.join().unwrap().is_ok());
            }
        }
        comes_to_rest(&node);
    });
}

#[test]
fn an_event_that_is_there_beats_a_deadline_that_has_passed() {
    finishes(|| {
        let interrupts = no_reactor();
        let (device, node) = Device::on(&interrupts);
        let mut line = Line::new(node.clone(), 0).unwrap();
        for _ in 0..20 {
            let mut listener = Box::pin(Line::new(node.clone(), 0).unwrap().listen());
            listener.as_mut().arm().unwrap();
            device.raise();
            until(|| device.uio.is_unread());
            assert!(line.wait_until(Instant::START).is_ok());
            assert_eq!(line.wait_until(Instant::START), Err(Error::TimedOut));
        }
        let mut waiting = wait(&node);
        let mut on_all = |cx: &mut Context<'_>| waiting.as_mut().poll(cx).map(drop);
        assert_eq!(interrupts.block(&mut on_all, Some(Instant::START)), Err(Error::TimedOut));
        device.raise();
        until(|| device.uio.is_unread());
        assert_eq!(interrupts.block(&mut on_all, Some(Instant::START)), Ok(()));
    });
}

/// The inner calls dispatch what the outer one waits for, and must not eat what it is woken by.
#[test]
fn one_call_blocks_on_several_roots_and_calls_nest() {
    finishes(|| {
        let interrupts = no_reactor();
        let ((a, node_a), (b, node_b)) = (Device::on(&interrupts), Device::on(&interrupts));
        for _ in 0..50 {
            let mut waits = [wait(&node_a), wait(&node_b)];
            let (mut over, mut polls) = ([false; 2], 0);
            let mut poll = |cx: &mut Context<'_>| {
                for (waiting, over) in waits.iter_mut().zip(&mut over) {
                    *over = *over || waiting.as_mut().poll(cx).is_ready();
                }
                polls += 1;
                match polls {
                    1 => {
                        let mut event = wait(&node_a);
                        a.raise();
                        interrupts.block(&mut |cx| event.as_mut().poll(cx).map(drop), None).unwrap();
                        let mut sleep = Box::pin(interrupts.clock().sleep(Duration::from_micros(50)));
                        interrupts.block(&mut |cx| sleep.as_mut().poll(cx), None).unwrap();
                    }
                    2 => b.raise(),
                    _ => {}
                }
                if over == [true; 2] { Poll::Ready(()) } else { Poll::Pending }
            };
            interrupts.block(&mut poll, None).unwrap();
            assert_eq!(polls, 3, "polled once for each time it was woken");
        }
        let mut sleep = Box::pin(interrupts.clock().sleep(Duration::from_millis(1)));
        let slept = async {
            sleep.as_mut().await;
            Ok::<_, Error>(())
        };
        node_a.block_on(slept, None).unwrap();
    });
}

/// The processor time of the calling thread.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap()
}

/// poll(2) calls a device that is gone ready at once, for ever.
#[test]
fn nobody_spins_on_a_device_that_is_gone() {
    finishes(|| {
        let interrupts = no_reactor();
        let ((gone, gone_node), (other, other_node)) = (Device::on(&interrupts), Device::on(&interrupts));
        gone.uio.remove();
        let sleeps = |what: &str, block: &mut dyn FnMut(Instant)| {
            let (wall, processor) = (SystemInstant::now(), processor_time());
            block(interrupts.clock().now() + Duration::from_millis(500));
            let (wall, processor) = (wall.elapsed(), processor_time() - processor);
            // Asleep it is at work for a fraction of a millisecond; else for its share of the machine.
            assert!(processor < Duration::from_millis(10), "{what} was at work for {processor:?} of {wall:?}");
        };
        sleeps("a call on all roots", &mut |until| {
            assert_eq!(interrupts.block(&mut |_| Poll::Pending, Some(until)), Err(Error::TimedOut));
        });
        sleeps("a wait on another root", &mut |until| {
            let mut line = Line::new(other_node.clone(), 0).unwrap();
            assert_eq!(line.wait_until(until), Err(Error::TimedOut));
        });
        assert_eq!(Line::new(gone_node.clone(), 0).unwrap().wait(), Err(Error::DeviceGone));
        sleeps("something else on that very root", &mut |until| {
            let sleep = async {
                interrupts.clock().sleep_until(until).await;
                Ok::<_, Error>(())
            };
            assert_eq!(gone_node.block_on(sleep, None), Ok(()));
        });
        other.raise();
        assert!(Line::new(other_node, 0).unwrap().wait().is_ok());
    });
}

/// Looks after all roots just before its own is polled, as another thread might.
struct Meddled {
    root: UioRoot,
    interrupts: UioInterrupts,
    uio: Uio,
    meddles: AtomicBool,
}

impl InterruptSource for Meddled {
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.meddles.load(SeqCst) {
            self.uio.pump();
            let looked = self.interrupts.block(&mut |_| Poll::Pending, Some(Instant::START));
            assert_eq!(looked, Err(Error::TimedOut));
        }
        let polled = Pin::new(&self.root).poll_fired(cx);
        self.uio.pump();
        polled
    }

    fn disarm(self: Pin<&Self>) {
        Pin::new(&self.root).disarm();
        self.uio.pump();
    }

    fn block(
        &self,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        self.root.block(poll, deadline)
    }
}

/// The root stays unmasked between two waits, and the controller reports each event by one edge. The event of the
/// second wait comes in the access that unmasks its line; a thread that is blocked on all roots reads it before the
/// root is armed.
#[test]
fn an_edge_of_a_controller_that_is_read_before_the_root_is_armed_is_kept() {
    finishes(|| {
        let params = IntcParams { inputs: 2, kind_of_intr: 0b11, irq_is_level: false, ..IntcParams::default() };
        let board = Board::builder()
            .device("intc", 0x4180_0000, 0x1_0000, AxiIntcModel::new(params))
            .interrupt("intc/irq", 61)
            .build()
            .unwrap();
        let cpu = board.cpu_pin(61).unwrap();
        cpu.set_trigger(Trigger::Edge);
        let (uio, fd) = Uio::new(cpu);
        let interrupts = no_reactor();
        let root = interrupts.root(fd, Masking::InTheController).unwrap();
        let root = Arc::new(Meddled { root, interrupts, uio, meddles: AtomicBool::new(false) });
        let config = AxiIntcConfig { output_is_level: false, ..AxiIntcConfig::new(2, 0b11) };
        let hardware = AxiIntcHardware::new(board.window("intc").unwrap(), config).unwrap();
        let node = Arc::pin(axi_intc_node(StdLock::new(), hardware, Arc::clone(&root)));
        let node = NodeHandle::from(node).erase();
        let mut line = Line::new(node.clone(), 0).unwrap();
        // Armed once, and given up: unmasked from now on.
        assert_eq!(line.wait_until(Instant::START), Err(Error::TimedOut));
        board.stimulate(&Stimulus::pulse("intc/intr[0]")).unwrap();
        root.meddles.store(true, SeqCst);
        let mut waiting: Waiting = Box::pin(async move { line.wait_async().await });
        assert!(poll(&mut waiting).is_pending(), "no poll has seen it before");
        assert_eq!(node.line_stats(0).fired, 1, "served by the poll of the root");
        assert!(matches!(poll(&mut waiting), Poll::Ready(Ok(_))));
    });
}

/// A controller with three edges, one for each of three waiters, on one UIO device.
struct Three {
    board: Board,
    node: NodeHandle,
    uio: Uio,
    done: [AtomicU32; 3],
}

impl Three {
    fn new(interrupts: &UioInterrupts) -> Arc<Self> {
        let params = IntcParams { inputs: 3, kind_of_intr: 0b111, ..IntcParams::default() };
        let board = Board::builder()
            .device("intc", 0x4180_0000, 0x1_0000, AxiIntcModel::new(params))
            .interrupt("intc/irq", 61)
            .build()
            .unwrap();
        let (uio, fd) = Uio::new(board.cpu_pin(61).unwrap());
        uio.serve();
        let root = interrupts.root(fd, Masking::InTheController).unwrap();
        let hardware = AxiIntcHardware::new(board.window("intc").unwrap(), AxiIntcConfig::new(3, 0b111)).unwrap();
        let node = NodeHandle::from(Arc::pin(axi_intc_node(StdLock::new(), hardware, root))).erase();
        Arc::new(Self { board, node, uio, done: Default::default() })
    }

    fn twin(self: &Arc<Self>, nth: u8, events: u32) -> thread::JoinHandle<()> {
        let this = Arc::clone(self);
        let mut line = Line::new(this.node.clone(), nth).unwrap();
        thread::spawn(move || {
            for _ in 0..events {
                let fired = line.wait().unwrap();
                assert_eq!(fired.missed, 0);
                this.done[usize::from(nth)].fetch_add(1, SeqCst);
            }
        })
    }

    /// Raises so many events on each line, the next one when the last one has been seen.
    fn raise(&self, events: u32) {
        let lines = [0, 1, 2].map(|line| Stimulus::pulse(&format!("intc/intr[{line}]")));
        let mut raised = [0; 3];
        while raised.iter().any(|&raised| raised < events) {
            let mut idle = true;
            for ((raised, done), line) in raised.iter_mut().zip(&self.done).zip(&lines) {
                if *raised < events && done.load(SeqCst) == *raised {
                    *raised += 1;
                    idle = false;
                    self.board.stimulate(line).unwrap();
                }
            }
            if idle {
                thread::yield_now();
            }
        }
    }

    fn finish(&self, events: u32) {
        until(|| self.done.iter().all(|done| done.load(SeqCst) == events));
        let fired: u32 = (0..3).map(|line| self.node.line_stats(line).fired).sum();
        assert_eq!(fired, 3 * events, "none was lost and none invented");
        until(|| self.node.is_idle());
        self.uio.remove();
    }
}

const EVENTS: u32 = 33_334;

fn one_task_and_two_twins(interrupts: &UioInterrupts, run: impl FnOnce(Pin<Box<dyn Future<Output = ()> + Send>>)) {
    let three = Three::new(interrupts);
    let twins = [three.twin(1, EVENTS), three.twin(2, EVENTS)];
    // Before anything is raised: what was latched before is not for a new handle.
    let mut line = Line::new(three.node.clone(), 0).unwrap();
    let raises = thread::spawn({
        let three = Arc::clone(&three);
        move || three.raise(EVENTS)
    });
    let task = Arc::clone(&three);
    run(Box::pin(async move {
        for _ in 0..EVENTS {
            assert_eq!(line.wait_async().await.unwrap().missed, 0);
            task.done[0].fetch_add(1, SeqCst);
        }
    }));
    twins.into_iter().for_each(|twin| twin.join().unwrap());
    raises.join().unwrap();
    three.finish(EVENTS);
}

#[test]
fn a_hundred_thousand_events_for_tokio_and_two_twins() {
    finishes(|| {
        let runtime = Builder::new_current_thread().enable_io().build().unwrap();
        one_task_and_two_twins(&interrupts(TokioReactor::in_context()), |task| runtime.block_on(task));
    });
}

#[test]
fn a_hundred_thousand_events_for_tokio_s_threads_and_two_twins() {
    finishes(|| {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_io().build().unwrap();
        one_task_and_two_twins(&interrupts(TokioReactor::in_context()), |task| {
            runtime.block_on(runtime.spawn(task)).unwrap();
        });
    });
}

#[test]
fn a_hundred_thousand_events_for_smol_and_two_twins() {
    finishes(|| one_task_and_two_twins(&interrupts(SmolReactor), |task| smol::block_on(smol::spawn(task))));
}

#[test]
fn a_hundred_thousand_events_for_a_dispatcher_and_two_twins() {
    finishes(|| {
        let dispatcher = FirstOf::new(vec![Dispatcher::start().unwrap()]);
        one_task_and_two_twins(&interrupts(dispatcher), smol::future::block_on);
    });
}

#[test]
fn a_hundred_thousand_events_for_three_twins() {
    finishes(|| {
        let three = Three::new(&no_reactor());
        let twins = [three.twin(0, EVENTS), three.twin(1, EVENTS), three.twin(2, EVENTS)];
        three.raise(EVENTS);
        twins.into_iter().for_each(|twin| twin.join().unwrap());
        three.finish(EVENTS);
    });
}

/// The dispatcher's thread goes on, and so do all others that were woken with it.
#[test]
fn a_waker_that_panics_does_not_end_the_dispatcher() {
    finishes(|| {
        let (device, node) = Device::on(&interrupts(FirstOf::new(vec![Dispatcher::start().unwrap()])));
        for _ in 0..3 {
            let mut panics = wait(&node);
            let waker = calling(|| panic!("a waker that the test makes panic"));
            assert!(panics.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            let mut waits = wait(&node);
            assert!(poll(&mut waits).is_pending());
            device.raise();
            assert!(smol::future::block_on(waits).is_ok());
            assert!(matches!(poll(&mut panics), Poll::Ready(Ok(_))));
        }
    });
}

/// The last handle of a dispatcher may go on its own thread.
#[test]
fn a_dispatcher_may_be_dropped_on_its_own_thread() {
    finishes(|| {
        let interrupts = interrupts(FirstOf::new(vec![Dispatcher::start().unwrap()]));
        let (device, fd) = Device::open();
        let root = interrupts.root(fd, Masking::AtTheRoot).unwrap();
        let node = NodeHandle::from(Arc::pin(DirectNode::new(StdLock::new(), Direct, root))).erase();
        let mut waiting = wait(&node);
        let held = Arc::new(std::sync::Mutex::new(None));
        let all = Arc::clone(&held);
        let waker = calling(move || drop(all.lock().unwrap().take()));
        assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        *held.lock().unwrap() = Some((waiting, node, interrupts));
        device.raise();
        assert!(device.closed().closed);
    });
}
