//! UIO devices for single tests: edge pins straight on their roots, with a thread in the kernel's place.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, mpsc},
    task::{Context, Poll, Wake, Waker},
    thread::{self, JoinHandle},
    time::Duration,
};

use pynq_core::{
    Error,
    interrupt::{Direct, DirectNode, Fired, NodeHandle, StdLock},
};
use pynq_sim::{Board, Stimulus, Trigger};
use pynq_uio::{LinuxClock, Masking, NoReactor, Reactor, UioInterrupts};

use crate::uio::Uio;

pub(crate) type Waiting = Pin<Box<dyn Future<Output = Result<Fired, Error>> + Send>>;

/// A pin of a board, through UIO.
pub(crate) struct Device {
    board: Board,
    path: String,
    pub(crate) uio: Uio,
    kernel: Option<JoinHandle<()>>,
}

impl Device {
    /// An edge pin, and the descriptor of its UIO device.
    pub(crate) fn open() -> (Self, rustix::fd::OwnedFd) {
        let board = Board::builder().cpu_pin(61).build().unwrap();
        let cpu = board.cpu_pin(61).unwrap();
        cpu.set_trigger(Trigger::Edge);
        let (uio, fd) = Uio::new(cpu);
        let kernel = Some(uio.serve());
        (Self { board, path: "cpu/61".to_owned(), uio, kernel }, fd)
    }

    /// The same with a node on it.
    pub(crate) fn on(interrupts: &UioInterrupts) -> (Self, NodeHandle) {
        let (device, fd) = Self::open();
        let root = interrupts.root(fd, Masking::AtTheRoot).unwrap();
        (device, NodeHandle::from(Arc::pin(DirectNode::new(StdLock::new(), Direct, root))).erase())
    }

    /// A write to a device is through when it returns; what was written to this one by now is done first.
    pub(crate) fn raise(&self) {
        self.uio.pump();
        self.board.stimulate(&Stimulus::pulse(&self.path)).unwrap();
    }

    /// Waits until the near end was closed, and returns what had happened by then.
    pub(crate) fn closed(mut self) -> crate::uio::State {
        self.kernel.take().unwrap().join().unwrap();
        self.uio.pump()
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.uio.remove();
        if let Some(kernel) = self.kernel.take() {
            kernel.join().unwrap();
        }
    }
}

pub(crate) fn interrupts(reactor: impl Reactor + 'static) -> UioInterrupts {
    let reactor: Arc<dyn Reactor> = Arc::new(reactor);
    UioInterrupts::new(LinuxClock::new(Arc::clone(&reactor)), reactor)
}

pub(crate) fn no_reactor() -> UioInterrupts {
    interrupts(NoReactor)
}

/// A wait on the pin of a node, or on a line of one.
pub(crate) fn wait(node: &NodeHandle) -> Waiting {
    let mut line = node.line(0).unwrap();
    Box::pin(async move { line.wait_async().await })
}

pub(crate) fn poll(wait: &mut Waiting) -> Poll<Result<Fired, Error>> {
    wait.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// The wait, with a word when it has been polled for the first time, and so is registered.
pub(crate) fn announced(mut wait: Waiting, registered: mpsc::Sender<()>) -> Waiting {
    let mut first = Some(registered);
    Box::pin(std::future::poll_fn(move |cx| {
        let polled = wait.as_mut().poll(cx);
        if let (Some(registered), true) = (first.take(), polled.is_pending()) {
            registered.send(()).unwrap();
        }
        polled
    }))
}

/// The blocking form of a wait, on a thread; returns when that waits.
pub(crate) fn twin(node: &NodeHandle) -> JoinHandle<Result<Fired, Error>> {
    let (sender, registered) = mpsc::channel();
    let (node, wait) = (node.clone(), announced(wait(node), sender));
    let thread = thread::spawn(move || node.block_on(wait, None));
    registered.recv().unwrap();
    thread
}

/// Waits, without end, for something that another thread does.
pub(crate) fn until(what: impl Fn() -> bool) {
    while !what() {
        thread::yield_now();
    }
}

/// A test that would hang fails instead. Two minutes are no measure of speed.
pub(crate) fn finishes(test: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    let thread = thread::spawn(move || {
        test();
        let _ = done.send(());
    });
    if is_done.recv_timeout(Duration::from_secs(120)) == Err(mpsc::RecvTimeoutError::Timeout) {
        panic!("it hangs");
    }
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

struct Calling<F>(F);

impl<F: Fn() + Send + Sync + 'static> Wake for Calling<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

/// A waker that calls `f`.
pub(crate) fn calling(f: impl Fn() + Send + Sync + 'static) -> Waker {
    Waker::from(Arc::new(Calling(f)))
}

/// A wait is over before the dispatch is that ended it.
pub(crate) fn comes_to_rest(node: &NodeHandle) {
    until(|| node.is_idle());
}
