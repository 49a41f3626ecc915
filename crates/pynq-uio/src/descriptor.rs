//! The descriptor of a UIO device as a state machine: armed or not, unmasked or not, fired, watched by a reactor, dead.
//!
//! It is polled by the owner of its node, found readable by blocked threads and reactors, and closed when the design is
//! replaced; each of these holds the state's lock while it reads or writes the device, and never while it wakes.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
};

use pynq_core::{Error, lock};
use rustix::{fs::OFlags, io::Errno};

use crate::{
    LinuxClock,
    reactor::{Reactor, Registration, WatchError},
};

/// Where an interrupt is masked while nothing waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Masking {
    /// By a write to the UIO device: a pin that is wired straight to the processor.
    AtTheRoot,
    /// In the registers of the interrupt controller on this root, which spares the write: the root may stay unmasked.
    InTheController,
}

/// What the descriptors of one board have in common: its clock, the reactor that serves async waits, and each other.
pub(crate) struct Shared {
    pub(crate) clock: LinuxClock,
    reactor: Arc<dyn Reactor>,
    open: Mutex<Vec<WeakDescriptor>>,
}

impl Shared {
    pub(crate) fn new(clock: LinuxClock, reactor: Arc<dyn Reactor>) -> Self {
        Self { clock, reactor, open: Mutex::default() }
    }

    /// The devices that are open and still there.
    pub(crate) fn open(&self) -> Vec<Descriptor> {
        lock(&self.open).iter().filter_map(WeakDescriptor::upgrade).collect()
    }

    pub(crate) fn close(&self) {
        let open = std::mem::take(&mut *lock(&self.open));
        for descriptor in open.iter().filter_map(WeakDescriptor::upgrade) {
            descriptor.0.close();
        }
    }
}

/// A handle on the descriptor, for all its users: its node, blocked threads, reactors.
pub(crate) struct Descriptor(Arc<Inner>);

struct WeakDescriptor(Weak<Inner>);

impl WeakDescriptor {
    fn upgrade(&self) -> Option<Descriptor> {
        // poll(2) reports a device that is gone as ready at once, for ever.
        self.0.upgrade().map(Descriptor).filter(|descriptor| !descriptor.is_dead())
    }
}

struct Inner {
    fd: Arc<OwnedFd>,
    masking: Masking,
    shared: Arc<Shared>,
    bound: Mutex<Option<Arc<dyn Registration>>>,
    /// Whether `bound` is `Some`, to be read without the lock.
    is_bound: AtomicBool,
    /// Reading or unmasking failed: the device is gone. Or it was closed.
    is_dead: AtomicBool,
    /// A blocked thread found it readable.
    readable: AtomicBool,
    /// Held by the node's owner while it polls, and never while a waker is called.
    state: Mutex<State>,
    interrupts: AtomicU64,
    jumps: AtomicU64,
}

#[derive(Default)]
struct State {
    /// The node waits for it.
    armed: bool,
    /// As far as is known here, the kernel has it unmasked.
    unmasked: bool,
    /// It fired while it was not armed, and was read so that threads don't find it readable for ever.
    fired: bool,
    /// Wakes the node to dispatch.
    waker: Option<Waker>,
    /// The bound registration, kept for the next poll.
    reactor: Option<Arc<dyn Registration>>,
    /// The kernel's count, as last read.
    total: Option<u32>,
}

impl Descriptor {
    /// Takes a device that is open as `fd`, which is made non-blocking, and masks it if `masking` is at the root.
    pub(crate) fn new(fd: OwnedFd, masking: Masking, shared: &Arc<Shared>) -> Result<Self, Error> {
        let os = |errno: Errno| Error::Os(errno.raw_os_error());
        let flags = rustix::fs::fcntl_getfl(&fd).map_err(os)?;
        if !flags.contains(OFlags::NONBLOCK) {
            rustix::fs::fcntl_setfl(&fd, flags | OFlags::NONBLOCK).map_err(os)?;
        }
        let inner = Arc::new(Inner {
            fd: Arc::new(fd),
            masking,
            shared: Arc::clone(shared),
            bound: Mutex::new(None),
            is_bound: AtomicBool::new(false),
            is_dead: AtomicBool::new(false),
            readable: AtomicBool::new(false),
            state: Mutex::default(),
            interrupts: AtomicU64::new(0),
            jumps: AtomicU64::new(0),
        });
        if masking == Masking::AtTheRoot {
            // The driver unmasked it when it bound, and a process before this one may have.
            inner.control(0)?;
            inner.forget(&mut lock(&inner.state));
        }
        let mut open = lock(&shared.open);
        open.retain(|descriptor| descriptor.0.strong_count() > 0);
        open.push(WeakDescriptor(Arc::downgrade(&inner)));
        Ok(Self(inner))
    }

    /// How many interrupts were taken.
    pub(crate) fn interrupts(&self) -> u64 {
        self.0.interrupts.load(Ordering::Relaxed)
    }

    /// By how much the kernel's count moved on beyond one for each of them.
    pub(crate) fn jumps(&self) -> u64 {
        self.0.jumps.load(Ordering::Relaxed)
    }

    pub(crate) fn masking(&self) -> Masking {
        self.0.masking
    }

    /// The node waits for it.
    pub(crate) fn is_armed(&self) -> bool {
        lock(&self.0.state).armed
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.0.is_dead.load(Ordering::Relaxed)
    }

    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.0.fd.as_fd()
    }

    /// A blocked thread found the descriptor readable: dispatches the node, or leaves that to the thread that runs it.
    pub(crate) fn readable(&self) {
        self.0.readable.store(true, Ordering::SeqCst);
        self.0.wake();
        // If it is not armed any more, no poll reads it, and it would be readable for ever.
        let mut state = lock(&self.0.state);
        // A root that was closed meanwhile does not read: the event belongs to the next root on this device.
        if !state.armed && !self.is_dead() && self.0.readable.swap(false, Ordering::SeqCst) {
            // Keep the event for a poll that is about to arm it: an edge comes only once.
            state.fired |= self.0.read(&mut state).is_ok();
        }
    }

    /// Arms it, unless it has fired.
    pub(crate) fn poll_fired(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.poll_fired(cx)
    }

    pub(crate) fn disarm(&self) {
        let inner = &self.0;
        let mut state = lock(&inner.state);
        state.armed = false;
        if inner.masking == Masking::InTheController {
            return;
        }
        state.fired = false;
        // The root may have been closed during this call; then the device may belong to a new root, so do not mask it.
        if state.unmasked && !self.is_dead() {
            // A failure here comes again at the next wait, which reports it.
            let _ = inner.control(0);
            state.unmasked = false;
            inner.forget(&mut state);
        }
    }

    /// Has a reactor watch it for the waits of tasks.
    pub(crate) fn watch(&self) -> Result<(), Error> {
        if !self.0.is_bound.load(Ordering::SeqCst) {
            self.0.bind()?;
            // It may be armed, by a blocked thread, and has to be polled with the reactor from now on.
            self.0.wake();
        }
        Ok(())
    }
}

impl Inner {
    /// Dispatches the node.
    fn wake(&self) {
        let waker = lock(&self.state).waker.clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn control(&self, value: i32) -> Result<(), Error> {
        write_control(&self.fd, value)
    }

    /// Reads once. The kernel has masked an interrupt that this reports.
    fn read(&self, state: &mut State) -> io::Result<()> {
        let mut total = [0; 4];
        let read = loop {
            match rustix::io::read(&self.fd, &mut total) {
                Err(Errno::INTR) => {}
                other => break other,
            }
        };
        match read {
            Ok(4) => {}
            // The kernel promises four bytes or none at all.
            Ok(_) => return Err(self.dead(Errno::NODEV).into()),
            Err(Errno::AGAIN) => return Err(Errno::AGAIN.into()),
            Err(errno) => return Err(self.dead(errno).into()),
        }
        let total = u32::from_ne_bytes(total);
        let by = state.total.map_or(1, |last| total.wrapping_sub(last));
        state.total = Some(total);
        state.unmasked = false;
        self.interrupts.fetch_add(1, Ordering::Relaxed);
        self.jumps.fetch_add(by.saturating_sub(1).into(), Ordering::Relaxed);
        Ok(())
    }

    /// Reads and discards an event that came before it was masked, and that no poll waited for.
    fn forget(&self, state: &mut State) {
        // A failure here comes again at the next wait, which reports it.
        let _ = self.read(state);
    }

    fn dead(&self, errno: Errno) -> Errno {
        self.is_dead.store(true, Ordering::Relaxed);
        errno
    }

    /// Binds a reactor if none is bound.
    fn bind(&self) -> Result<(), Error> {
        let mut bound = lock(&self.bound);
        if bound.is_none() {
            *bound = Some(self.shared.reactor.register(&self.fd)?);
            self.is_bound.store(true, Ordering::SeqCst);
        }
        Ok(())
    }

    fn bound(&self) -> Option<Arc<dyn Registration>> {
        // A thread that binds one after this check then wakes the node, which polls again.
        if self.is_bound.load(Ordering::SeqCst) { lock(&self.bound).clone() } else { None }
    }

    /// Forgets a reactor that is gone, unless another one has taken its place.
    fn unbind(&self, gone: &Arc<dyn Registration>) {
        let mut bound = lock(&self.bound);
        let old = bound.take_if(|bound| Arc::ptr_eq(bound, gone));
        self.is_bound.store(bound.is_some(), Ordering::SeqCst);
        drop(bound);
        drop(old);
    }

    fn close(&self) {
        let at_hand = {
            let mut state = lock(&self.state);
            // Masked before the flag is set: from then on the device may belong to the next root, and is not touched
            // here.
            let _ = self.control(0);
            self.is_dead.store(true, Ordering::Relaxed);
            state.reactor.take()
        };
        drop(at_hand);
        let mut bound = lock(&self.bound);
        let old = bound.take();
        self.is_bound.store(false, Ordering::SeqCst);
        drop(bound);
        drop(old);
    }

    fn poll_fired(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut state = lock(&self.state);
        if self.is_dead.load(Ordering::Relaxed) {
            return Poll::Ready(Err(Error::DeviceGone));
        }
        let state = &mut *state;
        let arms = !state.armed;
        if std::mem::take(&mut state.fired) {
            state.armed = false;
            return Poll::Ready(Ok(()));
        }
        if !state.unmasked {
            if let Err(error) = self.control(1) {
                self.is_dead.store(true, Ordering::Relaxed);
                return Poll::Ready(Err(error));
            }
            state.unmasked = true;
        }
        state.armed = true;
        // A wake between this and the return finds the node busy, and makes it poll again.
        if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            state.waker = Some(cx.waker().clone());
        }
        let fired = self.poll_reactor(state, arms, cx);
        if fired.is_ready() {
            state.armed = false;
        }
        fired
    }

    fn poll_reactor(&self, state: &mut State, arms: bool, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.readable.swap(false, Ordering::SeqCst) {
            match self.read(state) {
                Ok(()) => return Poll::Ready(Ok(())),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(read_error(&error))),
            }
        }
        loop {
            // Only this method unbinds one while the root is open, so the one kept in the state is the one that is
            // bound.
            let Some(reactor) = state.reactor.take().or_else(|| self.bound()) else { return Poll::Pending };
            let polled = reactor.poll_read(cx, &mut || self.read(state));
            match polled {
                Poll::Pending | Poll::Ready(Ok(())) => {
                    state.reactor = Some(reactor);
                    return polled.map(|_| Ok(()));
                }
                Poll::Ready(Err(WatchError::Read(error))) => return Poll::Ready(Err(read_error(&error))),
                Poll::Ready(Err(WatchError::ReactorGone)) => {
                    self.unbind(&reactor);
                    // It went while nothing was armed: the caller that arms now may run under another one.
                    if !(arms && self.bind().is_ok()) {
                        return Poll::Ready(Err(Error::ReactorGone));
                    }
                }
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // A device that is gone needs no masking, and one that was closed may belong to another root.
        if !self.is_dead.load(Ordering::Relaxed) {
            let _ = self.control(0);
        }
    }
}

/// Writes 1 to unmask or 0 to mask.
pub(crate) fn write_control(device: impl AsFd, value: i32) -> Result<(), Error> {
    loop {
        return match rustix::io::write(&device, &value.to_ne_bytes()) {
            Ok(4) => Ok(()),
            Ok(_) => Err(Error::DeviceGone),
            Err(Errno::INTR) => continue,
            Err(errno) => Err(device_error(errno)),
        };
    }
}

fn read_error(error: &io::Error) -> Error {
    error.raw_os_error().map_or(Error::DeviceGone, |errno| device_error(Errno::from_raw_os_error(errno)))
}

/// What the kernel returns for a device that was unbound: EIO from read, EINVAL or EIO from write, and ENODEV.
fn device_error(errno: Errno) -> Error {
    match errno {
        Errno::IO | Errno::INVAL | Errno::NODEV | Errno::NXIO | Errno::PIPE | Errno::CONNRESET => Error::DeviceGone,
        other => Error::Os(other.raw_os_error()),
    }
}
