//! A thread that waits for interrupts on behalf of all tasks, whatever executor runs those.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    io,
    os::fd::{AsFd, OwnedFd},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    thread::{self, JoinHandle},
    time::Instant,
};

use pynq_core::{Error, lock};
use rustix::{
    buffer::spare_capacity,
    event::{EventfdFlags, epoll, eventfd},
    io::Errno,
};

use crate::{
    parker::{os, timespec},
    reactor::{BoxedSleep, Reactor, Registration, WatchError},
    timers::{Key, Timers, key},
};

/// A reactor with a thread of its own: it dispatches interrupts even while every task of a runtime is slow to return,
/// and serves programs that have no runtime. It costs one more switch of threads for each interrupt.
///
/// ```
/// # fn main() -> Result<(), std::io::Error> {
/// use pynq_uio::{Dispatcher, LinuxClock, UioInterrupts};
///
/// let dispatcher = Dispatcher::start()?;
/// let clock = LinuxClock::new(dispatcher.clone());
/// let interrupts = UioInterrupts::new(clock, dispatcher);
/// # Ok(())
/// # }
/// ```
pub struct Dispatcher {
    shared: Arc<Watch>,
    thread: Option<JoinHandle<()>>,
}

struct Watch {
    epoll: OwnedFd,
    /// The eventfd that wakes the thread.
    bell: OwnedFd,
    stop: AtomicBool,
    entries: Mutex<BTreeMap<u64, Weak<Entry>>>,
    next: AtomicU64,
    timers: Timers,
}

/// The bell's number in epoll's reports; those of entries count from 1.
const BELL: u64 = 0;

struct Entry {
    id: u64,
    fd: Arc<OwnedFd>,
    watch: Weak<Watch>,
    /// It was reported readable, and has not been read since.
    ready: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Dispatcher {
    /// Starts the thread. It ends with the last handle.
    ///
    /// # Errors
    ///
    /// The system's error if it has no thread or no descriptor left.
    pub fn start() -> io::Result<Arc<Self>> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        epoll::add(&epoll, &bell, epoll::EventData::new_u64(BELL), epoll::EventFlags::IN)?;
        let shared = Arc::new(Watch {
            epoll,
            bell,
            stop: AtomicBool::new(false),
            entries: Mutex::default(),
            next: AtomicU64::new(BELL + 1),
            timers: Timers::default(),
        });
        let watch = Arc::clone(&shared);
        let thread = thread::Builder::new().name("pynq-dispatcher".to_owned()).spawn(move || watch.run())?;
        Ok(Arc::new(Self { shared, thread: Some(thread) }))
    }

    /// A sleep on one dispatcher that all sleeps without a reactor share. If the system has no thread left, it ends at
    /// once.
    pub(crate) fn sleep_shared(deadline: Instant) -> BoxedSleep {
        static SHARED: OnceLock<Option<Arc<Dispatcher>>> = OnceLock::new();
        match SHARED.get_or_init(|| Dispatcher::start().ok()) {
            Some(dispatcher) => dispatcher.sleep(deadline),
            None => Box::pin(std::future::ready(())),
        }
    }

    fn sleep(&self, deadline: Instant) -> BoxedSleep {
        Box::pin(Sleep { key: key(deadline), watch: Arc::clone(&self.shared) })
    }
}

impl Reactor for Dispatcher {
    fn register(&self, fd: &Arc<OwnedFd>) -> Result<Arc<dyn Registration>, Error> {
        let id = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let (fd, watch) = (Arc::clone(fd), Arc::downgrade(&self.shared));
        let entry = Arc::new(Entry { id, fd, watch, ready: AtomicBool::new(false), waker: Mutex::new(None) });
        lock(&self.shared.entries).insert(id, Arc::downgrade(&entry));
        // Edge-triggered: one read takes the kernel's whole count, and comes before the write that unmasks the next
        // interrupt.
        let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(&self.shared.epoll, &entry.fd, epoll::EventData::new_u64(id), flags).map_err(os)?;
        Ok(entry)
    }

    fn sleep_until(&self, deadline: Instant) -> Option<BoxedSleep> {
        Some(self.sleep(deadline))
    }
}

impl Drop for Dispatcher {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.shared.ring();
        if let Some(thread) = self.thread.take() {
            // The last handle may be dropped by a waker that the thread itself runs.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatcher").field("watched", &lock(&self.shared.entries).len()).finish_non_exhaustive()
    }
}

impl Watch {
    fn ring(&self) {
        // It can fail only if the counter is full, and then the thread is notified already.
        let _ = rustix::io::write(&self.bell, &1_u64.to_ne_bytes());
    }

    fn run(&self) {
        let mut events = Vec::with_capacity(32);
        while !self.stop.load(Ordering::SeqCst) {
            let left = self.timers.next().map(|next| timespec(next.saturating_duration_since(Instant::now())));
            events.clear();
            match epoll::wait(&self.epoll, spare_capacity(&mut events), left.as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                // The descriptor is our own and open; nothing else is left to go wrong.
                Err(_) => break,
            }
            for event in &events {
                match event.data.u64() {
                    BELL => {
                        let _ = rustix::io::read(&self.bell, &mut [0_u8; 8]);
                    }
                    id => {
                        let entry = lock(&self.entries).get(&id).and_then(Weak::upgrade);
                        if let Some(entry) = entry {
                            guarded(|| entry.found_ready());
                        }
                    }
                }
            }
            guarded(|| self.timers.fire(Instant::now()));
        }
        self.stop.store(true, Ordering::SeqCst);
        let left: Vec<_> = lock(&self.entries).values().filter_map(Weak::upgrade).collect();
        for entry in left {
            guarded(|| entry.found_ready()); // the next poll finds the reactor gone
        }
    }
}

/// A waker that panics must not end the thread that others depend on; the panic hook has reported it.
fn guarded(f: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(f));
}

impl Entry {
    fn found_ready(&self) {
        self.ready.store(true, Ordering::SeqCst);
        let waker = lock(&self.waker).clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Registration for Entry {
    fn poll_read(
        &self,
        cx: &mut Context<'_>,
        read: &mut dyn FnMut() -> io::Result<()>,
    ) -> Poll<Result<(), WatchError>> {
        {
            let mut waker = lock(&self.waker);
            if !waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                *waker = Some(cx.waker().clone());
            }
        }
        if self.watch.upgrade().is_none_or(|watch| watch.stop.load(Ordering::SeqCst)) {
            return Poll::Ready(Err(WatchError::ReactorGone));
        }
        // If the thread finds it ready after this check, it wakes the waker stored above.
        if !self.ready.swap(false, Ordering::SeqCst) {
            return Poll::Pending;
        }
        match read() {
            Ok(()) => Poll::Ready(Ok(())),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            Err(error) => Poll::Ready(Err(WatchError::Read(error))),
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(watch) = self.watch.upgrade() {
            lock(&watch.entries).remove(&self.id);
            // It is refused only if the registration was.
            let _ = epoll::delete(&watch.epoll, self.fd.as_fd());
        }
    }
}

/// A sleep on the dispatcher's thread.
struct Sleep {
    key: Key,
    watch: Arc<Watch>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.key.0 <= Instant::now() {
            return Poll::Ready(());
        }
        if self.watch.timers.insert(self.key, cx.waker().clone()) {
            self.watch.ring();
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.watch.timers.remove(self.key);
    }
}
