//! A UIO root as the suite's fixture has it: with an eye on what is under way, so that it is known when all has arrived.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
    thread,
    time::Duration,
};

use pynq_conformance::{Outcome, Sleep};
use pynq_core::{
    Clock, Error, Instant,
    interrupt::{Driven, InterruptSource},
};
use pynq_sim::{Board, CpuPin};
use pynq_uio::{LinuxClock, Masking, UioInterrupts, UioRoot};

use crate::{
    fixture::AnySource,
    hosts::{Host, Kind},
    uio::Uio,
};

pub(crate) struct Root {
    cpu: CpuPin,
    kind: Kind,
    interrupts: UioInterrupts,
    under_way: Arc<UnderWay>,
    uio: RefCell<Option<Uio>>,
    failed: Cell<bool>,
    sleeps: RefCell<Vec<Arc<Gate>>>,
}

/// What is between the device and the wakers of the waiting tasks.
#[derive(Default)]
struct UnderWay {
    /// The node's dispatch.
    node: Mutex<Option<Waker>>,
    /// Dispatches, and polls of the root.
    depth: AtomicUsize,
    armed: AtomicBool,
    /// Moves on with all of it.
    stamp: AtomicUsize,
}

impl UnderWay {
    fn enter(&self) -> Entered<'_> {
        self.depth.fetch_add(1, SeqCst);
        self.stamp.fetch_add(1, SeqCst);
        Entered(self)
    }
}

struct Entered<'a>(&'a UnderWay);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.stamp.fetch_add(1, SeqCst);
        self.0.depth.fetch_sub(1, SeqCst);
    }
}

/// The root's waker: the node's, under watch.
impl Wake for UnderWay {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let _entered = self.enter();
        let node = self.node.lock().expect("a sound fixture").clone();
        if let Some(node) = node {
            node.wake();
        }
    }
}

/// The root under watch. After each write the device has its turn, as an interrupt comes before the next instruction.
struct Watched {
    root: UioRoot,
    uio: Uio,
    under_way: Arc<UnderWay>,
    waker: Waker,
    has_reactor: bool,
}

impl InterruptSource for Watched {
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let _entered = self.under_way.enter();
        *self.under_way.node.lock().expect("a sound fixture") = Some(cx.waker().clone());
        let polled = Pin::new(&self.root).poll_fired(&mut Context::from_waker(&self.waker));
        self.under_way.armed.store(polled.is_pending(), SeqCst);
        self.uio.pump();
        polled
    }

    fn disarm(self: Pin<&Self>) {
        let _entered = self.under_way.enter();
        Pin::new(&self.root).disarm();
        self.under_way.armed.store(false, SeqCst);
        self.uio.pump();
    }

    fn block(
        &self,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        let ended = self.root.block(poll, deadline);
        // An event that another thread is dispatching right now came before the deadline.
        while ended == Err(Error::TimedOut) && self.under_way.depth.load(SeqCst) > 0 {
            thread::yield_now();
        }
        ended
    }

    fn prepare_wait(&self) -> Result<Driven, Error> {
        match self.root.prepare_wait() {
            // What is polled by hand there is served by blocked threads, the last of which is `settle`.
            Err(Error::NoReactor) if !self.has_reactor => Ok(Driven::ByCaller),
            admitted => admitted,
        }
    }
}

/// A sleep of the clock's that ends no sooner than the suite lets time pass.
struct Gate {
    at: Instant,
    open: AtomicBool,
    /// The clock's waker was woken, or no task sleeps any more.
    rung: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Wake for Gate {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let waker = self.waker.lock().expect("a sound fixture").clone();
        self.rung.store(true, SeqCst);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

struct Gated {
    sleep: Pin<Box<pynq_uio::Sleep>>,
    gate: Arc<Gate>,
}

impl Future for Gated {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let gate = Arc::clone(&self.gate);
        *gate.waker.lock().expect("a sound fixture") = Some(cx.waker().clone());
        gate.rung.store(false, SeqCst);
        let over = self.sleep.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(&gate)))).is_ready();
        if over {
            gate.rung.store(true, SeqCst);
        }
        if over && gate.open.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Gated {
    fn drop(&mut self) {
        self.gate.rung.store(true, SeqCst);
    }
}

impl Root {
    pub(crate) fn new(_: &Board, cpu: &CpuPin, kind: &Kind) -> Self {
        let clock = LinuxClock::new(kind.reactor());
        Self {
            cpu: cpu.clone(),
            kind: kind.clone(),
            interrupts: UioInterrupts::new(clock, kind.reactor()),
            under_way: Arc::default(),
            uio: RefCell::default(),
            failed: Cell::new(false),
            sleeps: RefCell::default(),
        }
    }

    /// For a node whose registers mask an interrupt, or for one without any.
    pub(crate) fn source(&self, has_registers: bool) -> AnySource {
        let (uio, fd) = Uio::new(self.cpu.clone());
        let masking = if has_registers { Masking::InTheController } else { Masking::AtTheRoot };
        let root = self.interrupts.root(fd, masking).expect("an open device");
        uio.pump();
        *self.uio.borrow_mut() = Some(uio.clone());
        let (under_way, waker) = (Arc::clone(&self.under_way), Waker::from(Arc::clone(&self.under_way)));
        Box::pin(Watched { root, uio, under_way, waker, has_reactor: self.kind.has_reactor() })
    }

    fn uio(&self) -> Uio {
        self.uio.borrow().clone().expect("the root's node was built first")
    }

    /// No count is waiting to be read, and no thread is dispatching.
    fn is_quiet(&self, uio: &Uio) -> bool {
        let stamp = self.under_way.stamp.load(SeqCst);
        // Masked though the root is armed: it has fired, and the thread that may have read it has not come to the node
        // yet.
        let has_fired = !uio.pump().enabled || uio.is_unread();
        let waits = self.under_way.armed.load(SeqCst) && (self.failed.get() || has_fired);
        !waits && self.under_way.depth.load(SeqCst) == 0 && self.under_way.stamp.load(SeqCst) == stamp
    }

    pub(crate) fn settle(&self, host: &Host) {
        let uio = self.uio();
        let mut turns = 0_u32;
        while !self.is_quiet(&uio) {
            turns += 1;
            if !self.kind.has_reactor() && turns % 64 == 0 {
                // For what is polled by hand, or if no thread is blocked any more.
                let looked = self.interrupts.block(&mut |_| Poll::Pending, Some(self.now()));
                assert_eq!(looked, Err(Error::TimedOut));
            }
            host.turn();
        }
    }

    pub(crate) fn is_armed(&self) -> bool {
        self.uio().pump().enabled
    }

    pub(crate) fn fail(&self, error: Error) -> Result<(), Outcome> {
        if error != Error::DeviceGone {
            return Err(Outcome::skipped("a device here fails by going away"));
        }
        self.uio().remove();
        self.failed.set(true);
        Ok(())
    }

    pub(crate) fn now(&self) -> Instant {
        self.interrupts.clock().now()
    }

    pub(crate) fn sleep_until(&self, deadline: Instant) -> Sleep {
        let gate = Arc::new(Gate {
            at: deadline,
            open: AtomicBool::new(false),
            rung: AtomicBool::new(false),
            waker: Mutex::default(),
        });
        self.sleeps.borrow_mut().push(Arc::clone(&gate));
        Box::pin(Gated { sleep: Box::pin(self.interrupts.clock().sleep_until(deadline)), gate })
    }

    pub(crate) fn pass_until(&self, time: Instant, host: &Host) {
        while self.now() < time {
            thread::sleep(Duration::from_millis(1));
        }
        let gates: Vec<_> = self.sleeps.borrow().iter().filter(|gate| gate.at <= time).cloned().collect();
        for gate in gates {
            while !gate.rung.load(SeqCst) {
                host.turn();
            }
            gate.open.store(true, SeqCst);
            let waker = gate.waker.lock().expect("a sound fixture").clone();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}
