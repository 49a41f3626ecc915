//! A task that was woken and is not polled, behind a UIO device.

use std::{
    cell::Cell,
    future::poll_fn,
    os::fd::OwnedFd,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc,
    },
    task::{Context, Poll, Waker},
    thread,
};

use pynq::core::{
    AxiIntcConfig, AxiIntcHardware, axi_intc_node,
    interrupt::{Line, NodeHandle, StdLock},
};
use pynq_sim::{
    Board,
    models::{AxiIntcModel, IntcParams},
};
use pynq_tokio::TokioReactor;
use pynq_uio::{Dispatcher, FirstOf, Masking, Reactor};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair};
use tokio::{
    io::unix::AsyncFd,
    task::{LocalSet, yield_now},
};

use crate::{
    device::{finishes, interrupts, until},
    uio::Uio,
};

/// A controller with two edges behind one UIO device.
struct Two {
    board: Board,
    node: NodeHandle,
    uio: Uio,
}

impl Two {
    fn new(reactor: impl Reactor + 'static) -> Self {
        let params = IntcParams { inputs: 2, kind_of_intr: 0b11, ..IntcParams::default() };
        let board = Board::builder()
            .device("intc", 0x4180_0000, 0x1_0000, AxiIntcModel::new(params))
            .interrupt("intc/irq", 61)
            .build()
            .unwrap();
        let (uio, fd) = Uio::new(board.cpu_pin(61).unwrap());
        uio.serve();
        let root = interrupts(reactor).root(fd, Masking::InTheController).unwrap();
        let hardware = AxiIntcHardware::new(board.window("intc").unwrap(), AxiIntcConfig::new(2, 0b11)).unwrap();
        Self { board, node: NodeHandle::from(Arc::pin(axi_intc_node(StdLock::new(), hardware, root))).erase(), uio }
    }

    fn line(&self, line: u8) -> Line {
        Line::new(self.node.clone(), line).unwrap()
    }

    fn raise(&self, line: u8) {
        self.board.pulse_line(&format!("intc/intr[{line}]")).unwrap();
    }
}

impl Drop for Two {
    fn drop(&mut self) {
        self.uio.remove();
    }
}

const ROUNDS: u32 = 100;

/// A descriptor in the hands of its user, as tokio's documentation shows it.
struct Bare {
    near: AsyncFd<OwnedFd>,
    far: OwnedFd,
}

impl Bare {
    fn new() -> Self {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let (near, far) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).unwrap();
        // SAFETY: an `OwnedFd` is the same open descriptor for as long as it lives.
        let near = unsafe { AsyncFd::register(near) };
        Self { near: near.unwrap(), far }
    }

    fn raise(&self) {
        assert_eq!(send(&self.far, &[1; 4], SendFlags::empty()).unwrap(), 4);
    }

    async fn next(&self) {
        loop {
            let mut guard = self.near.readable().await.unwrap();
            let read = guard.try_io(|fd| Ok(recv(fd.get_ref(), &mut [0_u8; 4], RecvFlags::empty()).map(|(n, _)| n)?));
            if let Ok(read) = read {
                assert_eq!(read.unwrap(), 4);
                return;
            }
        }
    }
}

/// Both descriptors become readable while a task of the same runtime has the thread. From the moment at which it gives
/// the thread back, turns are counted until each of the two that waited has been polled: the one behind the controller
/// is there no later than the one with the bare descriptor, though a third one, on the next line of that controller, was
/// woken with it and is never polled.
#[test]
fn a_task_that_is_slow_to_be_polled_delays_nobody_beyond_what_the_runtime_does() {
    finishes(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        LocalSet::new().block_on(&runtime, async {
            let (two, bare) = (Rc::new(Two::new(TokioReactor::in_context())), Rc::new(Bare::new()));
            let mut slow = Box::pin(two.line(0).listen());
            slow.as_mut().arm().unwrap();
            let mut never = Box::pin(slow.as_mut().next_async());
            assert!(never.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            let (ours, theirs) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
            tokio::task::spawn_local({
                let (bare, theirs) = (Rc::clone(&bare), Rc::clone(&theirs));
                async move {
                    loop {
                        bare.next().await;
                        theirs.set(theirs.get() + 1);
                    }
                }
            });
            tokio::task::spawn_local({
                let (mut line, ours) = (two.line(1), Rc::clone(&ours));
                async move {
                    loop {
                        assert_eq!(line.wait_async().await.unwrap().missed, 0);
                        ours.set(ours.get() + 1);
                    }
                }
            });
            for round in 1..=ROUNDS {
                // Each waits again: our line is unmasked, and the write that unmasks the device was made.
                while two.board.window("intc").unwrap().read(0x08) != 0b11 {
                    yield_now().await;
                }
                until(|| two.uio.pump().enabled);
                two.raise(0);
                two.raise(1);
                bare.raise();
                // A thread that is sending an event right now has done so when the pump returns.
                until(|| two.uio.pump().count > 0 && two.uio.is_unread());
                let (mut turns, mut seen) = (0_u32, [None; 2]);
                while seen.contains(&None) {
                    yield_now().await;
                    turns += 1;
                    for (seen, done) in seen.iter_mut().zip([&ours, &theirs]) {
                        if done.get() == round {
                            seen.get_or_insert(turns);
                        }
                    }
                }
                let [ours, theirs] = seen;
                assert!(ours <= theirs, "round {round}: {ours:?} turns behind the controller, {theirs:?} without one");
            }
            drop(never);
            // And it has lost nothing by it: it gets all events, in as many results as it takes.
            let mut told = 0;
            while told < ROUNDS {
                told += 1 + slow.as_mut().next().unwrap().missed;
            }
            assert_eq!(told, ROUNDS);
        });
    });
}

/// The runtime's only thread is held by a task, so nothing that needs its reactor would move.
#[test]
fn with_a_dispatcher_a_slow_task_delays_nobody_at_all() {
    finishes(|| {
        let two = Two::new(FirstOf::new(vec![Dispatcher::start().unwrap()]));
        let (go_on, gate) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let held = Arc::new(AtomicBool::new(false));
        let (mut slow, holds) = (two.line(0), Arc::clone(&held));
        let runtime = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
            runtime.block_on(async move {
                let mut wait = Box::pin(slow.wait_async());
                poll_fn(|cx| {
                    assert!(Pin::new(&mut wait).poll(cx).is_pending());
                    Poll::Ready(())
                })
                .await;
                holds.store(true, SeqCst);
                tell.send(()).unwrap();
                gate.recv().unwrap();
                holds.store(false, SeqCst);
                wait.await.unwrap()
            })
        });
        told.recv().unwrap();
        two.raise(0);
        let mut line = two.line(1);
        for _ in 0..ROUNDS {
            let mut wait = Box::pin(line.wait_async());
            assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            two.raise(1);
            assert_eq!(smol::future::block_on(wait).unwrap().missed, 0);
        }
        assert!(held.load(SeqCst), "it had the thread all along");
        go_on.send(()).unwrap();
        assert_eq!(runtime.join().unwrap().missed, 0);
        until(|| two.node.is_idle());
    });
}
