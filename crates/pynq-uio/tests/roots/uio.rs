//! A UIO device without a kernel: a socket pair, with a simulated CPU pin as the interrupt line.
//!
//! What is behind the far end does as `uio` and `uio_pdrv_genirq` do. Writing 1 unmasks and 0 masks, any number of
//! times. The handler masks the line and reports the total count, so there is one event for each unmasking. An edge
//! that comes while it is masked is remembered; a level that is still active fires again at once. Packets, not a
//! stream: a stream would merge two counts.

use std::{
    fmt,
    os::fd::{AsRawFd, OwnedFd},
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, JoinHandle},
};

use pynq_core::interrupt::InterruptSource;
use pynq_sim::{CpuPin, Trigger};
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    net::{AddressFamily, RecvFlags, SendFlags, Shutdown, SocketFlags, SocketType, recv, send, shutdown, socketpair},
};

/// The far end. Clones are the same device.
#[derive(Clone)]
pub(crate) struct Uio(Arc<Inner>);

struct Inner {
    cpu: CpuPin,
    far: OwnedFd,
    state: Mutex<State>,
    /// The line has changed since it was last checked.
    again: AtomicBool,
    waker: Waker,
}

/// What has happened on the device.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// Unmasked.
    pub(crate) enabled: bool,
    /// Events in all.
    pub(crate) count: u32,
    /// How many of them there were when the count was last sent.
    pub(crate) sent: u32,
    /// How often 1 was written.
    pub(crate) unmasked: u32,
    /// How often 0 was written.
    pub(crate) masked: u32,
    /// The near end was closed.
    pub(crate) closed: bool,
    /// The device is gone.
    pub(crate) gone: bool,
}

/// Woken when the line fires. Weak, since the board keeps it.
struct Irq(Weak<Inner>);

impl Wake for Irq {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// May be called inside a register access, with whatever locks are held there, so it only tries.
    fn wake_by_ref(self: &Arc<Self>) {
        let Some(inner) = self.0.upgrade() else { return };
        inner.again.store(true, SeqCst);
        inner.look();
    }
}

impl Inner {
    fn look(&self) {
        while self.again.load(SeqCst) {
            // The thread that holds it checks again after releasing it.
            let Ok(mut state) = self.state.try_lock() else { return };
            self.again.store(false, SeqCst);
            self.handle(&mut state);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The interrupt handler, if the line is active.
    fn handle(&self, state: &mut State) {
        if !state.enabled || state.gone {
            return;
        }
        let cpu = pin!(self.cpu.clone());
        let cpu = cpu.into_ref();
        if cpu.poll_fired(&mut Context::from_waker(&self.waker)) == Poll::Ready(Ok(())) {
            state.enabled = false;
            state.count = state.count.wrapping_add(1);
            self.send_count(state);
        }
    }

    /// One read reports all events so far, so at most one packet is waiting to be read. If there is one already, the
    /// count in it is an old one; the difference comes with the next.
    fn send_count(&self, state: &mut State) {
        if !self.is_unread() {
            state.sent = state.count;
            // The near end may be gone.
            let _ = send(&self.far, &state.count.to_ne_bytes(), SendFlags::NOSIGNAL);
        }
    }

    fn is_unread(&self) -> bool {
        let mut bytes: libc::c_int = 0;
        // SAFETY: the request writes one int, to one.
        let done = unsafe { libc::ioctl(self.far.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
        assert_eq!(done, 0, "a socket reports what is on its way");
        bytes != 0
    }

    fn control(&self, state: &mut State, on: bool) {
        // What came before this write has been handled.
        self.handle(state);
        if on {
            state.unmasked += 1;
            state.enabled = true;
            self.handle(state);
        } else {
            state.masked += 1;
            // An edge that comes from now on, also in this very moment, is there when it is unmasked.
            if std::mem::take(&mut state.enabled) && self.cpu.trigger() == Trigger::Level {
                pin!(self.cpu.clone()).into_ref().disarm();
            }
        }
    }
}

/// The state, if it is not locked.
impl fmt::Debug for Uio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Uio").field(&self.0.state.try_lock().ok().as_deref()).finish()
    }
}

impl Uio {
    /// A device on this line, and the descriptor that its file would be open as. As when its driver was bound, it is
    /// unmasked.
    pub(crate) fn new(cpu: CpuPin) -> (Self, OwnedFd) {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let (near, far) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).expect("a socket pair");
        let this = Self(Arc::new_cyclic(|weak: &Weak<Inner>| Inner {
            cpu,
            far,
            state: Mutex::new(State { enabled: true, ..State::default() }),
            again: AtomicBool::new(false),
            waker: Waker::from(Arc::new(Irq(weak.clone()))),
        }));
        this.pump();
        (this, near)
    }

    /// Handles what was written and the line's events, and returns the state.
    pub(crate) fn pump(&self) -> State {
        let inner = &self.0;
        let mut state = inner.lock();
        let mut word = [0_u8; 4];
        while !state.gone && !state.closed {
            match recv(&inner.far, &mut word, RecvFlags::empty()) {
                Ok((4, _)) => inner.control(&mut state, i32::from_ne_bytes(word) != 0),
                Ok((0, _)) | Err(Errno::CONNRESET) => state.closed = true,
                Ok((length, _)) => panic!("{length} bytes were written; the kernel takes 4 and no others"),
                Err(Errno::INTR) => {}
                Err(_) => break,
            }
        }
        inner.handle(&mut state);
        let copy = state.clone();
        drop(state);
        inner.look();
        copy
    }

    /// So many events that another process has seen.
    pub(crate) fn skip(&self, events: u32) {
        let mut state = self.0.lock();
        state.count = state.count.wrapping_add(events);
    }

    /// Whether a count was sent that has not been read.
    pub(crate) fn is_unread(&self) -> bool {
        self.0.is_unread()
    }

    /// Takes the device away.
    pub(crate) fn remove(&self) {
        self.0.lock().gone = true;
        let _ = shutdown(&self.0.far, Shutdown::Both);
    }

    /// A thread that does the pumping, until the near end is closed or the device is gone.
    pub(crate) fn serve(&self) -> JoinHandle<()> {
        let this = self.clone();
        thread::spawn(move || {
            loop {
                let state = this.pump();
                if state.closed || state.gone {
                    return;
                }
                let mut fds = [PollFd::new(&this.0.far, PollFlags::IN)];
                match poll(&mut fds, None) {
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(error) => panic!("poll: {error}"),
                }
            }
        })
    }
}
