//! The far end of a socketpair as the kernel's half of a UIO device.

use std::{
    os::fd::OwnedFd,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
};

use rustix::{
    net::{AddressFamily, SocketFlags, SocketType, socketpair},
    time::{ClockId, clock_gettime},
};

use crate::hardware::Board;

/// Fires once for each time it is unmasked, from a thread of its own.
pub(crate) struct Producer {
    thread: Option<JoinHandle<()>>,
    is_closed: Arc<AtomicBool>,
    /// Processor time of the thread, in nanoseconds.
    pub(crate) cpu: Arc<AtomicU64>,
    /// Whether it is kept.
    pub(crate) timed: Arc<AtomicBool>,
}

impl Producer {
    /// The near end is what a program has open as `/dev/uioN`.
    pub(crate) fn start(board: Board, is_idle: bool) -> (Self, OwnedFd) {
        let flags = SocketFlags::CLOEXEC;
        let (near, far) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).expect("a socketpair");
        rustix::io::ioctl_fionbio(&near, true).expect("a non-blocking end");
        let is_closed = Arc::clone(&board.is_closed);
        let (cpu, timed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (total, is_timed) = (Arc::clone(&cpu), Arc::clone(&timed));
        let thread = thread::spawn(move || {
            if is_idle {
                run_when_idle();
            }
            let (mut word, mut count) = ([0_u8; 4], 0_u32);
            while let Ok(4) = rustix::io::read(&far, &mut word) {
                if word != [0; 4] {
                    board.fire();
                    count = count.wrapping_add(1);
                    if is_timed.load(Relaxed) {
                        total.store(nanoseconds(ClockId::ThreadCPUTime), Relaxed);
                    }
                    if rustix::io::write(&far, &count.to_ne_bytes()).is_err() {
                        return;
                    }
                }
            }
        });
        (Self { thread: Some(thread), is_closed, cpu, timed }, near)
    }
}

/// Gives the calling thread the processor only when no other thread wants it: the thread that waits for an interrupt
/// has gone to sleep before that comes, and runs as soon as it has.
fn run_when_idle() {
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: the parameters live for the call, which keeps no pointer to them.
    let result = unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const parameters) };
    assert!(result == 0, "no idle priority: {}", std::io::Error::last_os_error());
}

impl Drop for Producer {
    /// The near end is closed by now.
    fn drop(&mut self) {
        self.is_closed.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("a producer that ends with its device");
        }
    }
}

pub(crate) fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}
