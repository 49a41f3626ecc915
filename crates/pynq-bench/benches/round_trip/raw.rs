//! The baseline: an epoll loop by hand, with the register accesses that ours makes. And what a hand can do on tokio's
//! descriptor and on poll(2), to show what the way of sleeping costs by itself.

use std::{
    os::fd::{AsRawFd, OwnedFd},
    sync::{
        Arc,
        atomic::{
            AtomicU32,
            Ordering::{AcqRel, Release},
        },
    },
    thread::{self, JoinHandle},
};

use rustix::{
    buffer::spare_capacity,
    event::{
        PollFd, PollFlags,
        epoll::{self, CreateFlags, EventData, EventFlags},
        poll,
    },
};
use tokio::{
    io::{Interest, unix::AsyncFd},
    sync::{
        Notify,
        mpsc::{UnboundedReceiver, unbounded_channel},
    },
};

use crate::{blocks::Access, hardware::Board};

/// One interrupt's accesses, in the order in which they are made.
#[derive(Clone)]
pub(crate) struct Accesses {
    /// Before it is unmasked.
    register: Vec<(usize, Access)>,
    /// After it came.
    service: Vec<(usize, Access)>,
}

impl Accesses {
    /// Out of a recording of several interrupts: what is between the services of two.
    pub(crate) fn new(recorded: &[(usize, Access)]) -> Self {
        let serves = |pair: &[(usize, Access)]| matches!(pair, [(0, Access::Read(0)), (0, Access::Write(0x0C, _))]);
        let mut services = recorded.windows(2).enumerate().filter(|(_, pair)| serves(pair)).map(|(at, _)| at);
        let (first, second) = (services.next().expect("a service"), services.next().expect("another one"));
        let cycle = &recorded[first..second];
        let unmasks = |access: &(usize, Access)| match access {
            (0, Access::Write(0x10, _)) => true,
            (1, Access::Write(0x128, lines)) => *lines != 0,
            _ => false,
        };
        let (service, register) = cycle.split_at(cycle.iter().position(unmasks).expect("a registration"));
        Self { register: register.to_vec(), service: service.to_vec() }
    }

    pub(crate) fn count(&self) -> usize {
        self.register.len() + self.service.len()
    }
}

/// The baseline: by the C library's functions, as it is written in C and with `libc`.
pub(crate) struct Raw {
    device: OwnedFd,
    epoll: OwnedFd,
    board: Board,
    accesses: Accesses,
}

impl Raw {
    pub(crate) fn new(board: Board, device: OwnedFd, accesses: Accesses) -> Self {
        let epoll = watched(&device, EventFlags::empty());
        Self { device, epoll, board, accesses }
    }

    pub(crate) fn wait(&self, count: u32) {
        let (device, epoll) = (self.device.as_raw_fd(), self.epoll.as_raw_fd());
        let (one, mut total) = (1_i32, 0_u32);
        let mut event = libc::epoll_event { events: 0, u64: 0 };
        for _ in 0..count {
            self.board.play(&self.accesses.register);
            // SAFETY: four bytes are read from an integer that has four.
            let written = unsafe { libc::write(device, (&raw const one).cast(), 4) };
            assert_eq!(written, 4, "the device unmasked");
            loop {
                // SAFETY: there is room for the one event that is asked for.
                unsafe { libc::epoll_wait(epoll, &raw mut event, 1, -1) };
                // SAFETY: four bytes are written to an integer that has four.
                if unsafe { libc::read(device, (&raw mut total).cast(), 4) } == 4 {
                    break;
                }
            }
            self.board.play(&self.accesses.service);
            self.board.stamps.arrived();
        }
    }
}

/// An epoll descriptor with `device` in it, by level or by `EventFlags::ET`.
fn watched(device: &OwnedFd, trigger: EventFlags) -> OwnedFd {
    let epoll = epoll::create(CreateFlags::CLOEXEC).expect("an epoll descriptor");
    epoll::add(&epoll, device, EventData::new_u64(1), EventFlags::IN | trigger).expect("a place in it");
    epoll
}

/// The same with system calls made in place, and by edges: the least that can be had.
pub(crate) struct RawCalls {
    device: OwnedFd,
    epoll: OwnedFd,
    board: Board,
    accesses: Accesses,
}

impl RawCalls {
    pub(crate) fn new(board: Board, device: OwnedFd, accesses: Accesses) -> Self {
        let epoll = watched(&device, EventFlags::ET);
        Self { device, epoll, board, accesses }
    }

    pub(crate) fn wait(&self, count: u32) {
        let mut events = Vec::with_capacity(4);
        let mut total = [0_u8; 4];
        for _ in 0..count {
            self.board.play(&self.accesses.register);
            rustix::io::write(&self.device, &1_i32.to_ne_bytes()).expect("the device unmasked");
            loop {
                events.clear();
                // A call that a signal ended found nothing.
                let _ = epoll::wait(&self.epoll, spare_capacity(&mut events), None);
                if rustix::io::read(&self.device, &mut total) == Ok(4) {
                    break;
                }
            }
            self.board.play(&self.accesses.service);
            self.board.stamps.arrived();
        }
    }
}

/// The same loop on tokio's descriptor, as its documentation shows it.
pub(crate) struct RawTokio {
    device: AsyncFd<OwnedFd>,
    board: Board,
    accesses: Accesses,
}

impl RawTokio {
    /// In the context of a runtime.
    pub(crate) fn new(board: Board, device: OwnedFd, accesses: Accesses) -> Self {
        // SAFETY: the descriptor belongs to an `OwnedFd`, which is never taken out or replaced.
        let device = unsafe { AsyncFd::register_with_interest(device, Interest::READABLE) };
        Self { device: device.expect("a place in the reactor"), board, accesses }
    }

    pub(crate) async fn wait(&self, count: u32) {
        for _ in 0..count {
            self.unmask();
            self.fired().await;
            self.board.play(&self.accesses.service);
            self.board.stamps.arrived();
        }
    }

    fn unmask(&self) {
        self.board.play(&self.accesses.register);
        rustix::io::write(&self.device, &1_i32.to_ne_bytes()).expect("the device unmasked");
    }

    async fn fired(&self) {
        let mut total = [0_u8; 4];
        loop {
            let mut ready = self.device.readable().await.expect("a reactor");
            let read = rustix::io::read(&self.device, &mut total);
            ready.clear_ready();
            if read == Ok(4) {
                return;
            }
        }
    }
}

/// A demultiplexer by hand: a task that reads the device, and a `Notify` for each line, on which a task waits.
pub(crate) struct RawLines {
    raw: RawTokio,
    lines: Vec<Notify>,
    /// Tasks that have begun to wait for the next interrupt.
    waiting: AtomicU32,
}

impl RawLines {
    /// In the context of a runtime.
    pub(crate) fn new(board: Board, device: OwnedFd, accesses: Accesses) -> Self {
        let lines = (0..board.lines.count_ones()).map(|_| Notify::new()).collect();
        Self { raw: RawTokio::new(board, device, accesses), lines, waiting: AtomicU32::new(0) }
    }

    /// Passes `count` interrupts on to all lines.
    pub(crate) async fn serve(&self, count: u32) {
        for _ in 0..count {
            self.raw.fired().await;
            self.raw.board.play(&self.raw.accesses.service);
            self.lines.iter().for_each(Notify::notify_one);
        }
    }

    /// Awaits `count` interrupts of a line. The last task that begins to wait has them unmasked.
    pub(crate) async fn wait(&self, line: usize, count: u32) {
        for _ in 0..count {
            if self.waiting.fetch_add(1, AcqRel) + 1 == self.board().lines.count_ones() {
                self.waiting.store(0, Release);
                self.raw.unmask();
            }
            self.lines[line].notified().await;
        }
    }

    fn board(&self) -> &Board {
        &self.raw.board
    }
}

/// The same loop on poll(2), as a thread without a runtime would write it.
pub(crate) struct RawPoll {
    device: OwnedFd,
    board: Board,
    accesses: Accesses,
}

impl RawPoll {
    pub(crate) const fn new(board: Board, device: OwnedFd, accesses: Accesses) -> Self {
        Self { device, board, accesses }
    }

    pub(crate) fn wait(&self, count: u32) {
        let mut total = [0_u8; 4];
        for _ in 0..count {
            self.board.play(&self.accesses.register);
            rustix::io::write(&self.device, &1_i32.to_ne_bytes()).expect("the device unmasked");
            loop {
                let mut fds = [PollFd::new(&self.device, PollFlags::IN)];
                // A call that a signal ended found nothing.
                let _ = poll(&mut fds, None);
                if rustix::io::read(&self.device, &mut total) == Ok(4) {
                    break;
                }
            }
            self.board.play(&self.accesses.service);
            self.board.stamps.arrived();
        }
    }
}

/// The same loop on a read that blocks: what costs least, where a thread has nothing else to wait for.
pub(crate) struct RawRead {
    device: OwnedFd,
    board: Board,
    accesses: Accesses,
}

impl RawRead {
    pub(crate) fn new(board: Board, device: OwnedFd, accesses: Accesses) -> Self {
        rustix::io::ioctl_fionbio(&device, false).expect("a blocking descriptor");
        Self { device, board, accesses }
    }

    pub(crate) fn wait(&self, count: u32) {
        let mut total = [0_u8; 4];
        for _ in 0..count {
            self.board.play(&self.accesses.register);
            rustix::io::write(&self.device, &1_i32.to_ne_bytes()).expect("the device unmasked");
            while rustix::io::read(&self.device, &mut total) != Ok(4) {}
            self.board.play(&self.accesses.service);
            self.board.stamps.arrived();
        }
    }
}

/// A thread that blocks on reads, and a channel from there to a task: what a program without a reactor for it does.
pub(crate) struct RawChannel {
    device: Option<Arc<OwnedFd>>,
    board: Board,
    accesses: Accesses,
    served: UnboundedReceiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl RawChannel {
    pub(crate) fn new(board: Board, device: OwnedFd, accesses: Accesses) -> Self {
        rustix::io::ioctl_fionbio(&device, false).expect("a blocking descriptor");
        let device = Arc::new(device);
        let (notify, served) = unbounded_channel();
        let (its_device, its_board, service) = (Arc::clone(&device), board.clone(), accesses.service.clone());
        let thread = thread::spawn(move || {
            let mut total = [0_u8; 4];
            // A read returns nothing once the socket that stands in for the device is shut down.
            while let Ok(4) = rustix::io::read(&its_device, &mut total) {
                its_board.play(&service);
                if notify.send(()).is_err() {
                    return;
                }
            }
        });
        Self { device: Some(device), board, accesses, served, thread: Some(thread) }
    }

    pub(crate) async fn wait(&mut self, count: u32) {
        for _ in 0..count {
            self.board.play(&self.accesses.register);
            if let Some(device) = &self.device {
                rustix::io::write(device, &1_i32.to_ne_bytes()).expect("the device unmasked");
            }
            self.served.recv().await.expect("a thread that reads");
            self.board.stamps.arrived();
        }
    }
}

impl Drop for RawChannel {
    fn drop(&mut self) {
        if let Some(device) = self.device.take() {
            // Ends the read that the thread is in.
            let _ = rustix::net::shutdown(&device, rustix::net::Shutdown::Both);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
