//! A task that waits, and the reference model of what its wait may and must return.
//!
//! The model knows pins, edges and moments, and nothing of the engine. A completed wait must have had its reason
//! (nothing **invented**), and when all has come to rest a task that still waits must have none (nothing **lost**).

use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Wake,
};

use pynq_core::{
    Error,
    interrupt::{Fired, Line, NodeHandle},
};

type Waiting = Pin<Box<dyn Future<Output = Result<Fired, Error>>>>;

/// A pin of a GPIO: block, channel, number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PinId {
    pub(crate) gpio: usize,
    pub(crate) channel: u8,
    pub(crate) pin: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An edge line of the last controller, through a handle.
    RawEdge(u8),
    /// The same, armed for good by a listener.
    Listener(u8),
    /// The level line of the last controller; the task clears the device.
    RawLevel,
    /// The pin straight on the CPU; the task clears the device.
    Direct,
    /// A pin's level.
    PinLevel(PinId, bool),
    /// A pin's edge; `true` is rising.
    PinEdge(PinId, bool),
    /// A net change of a pin since the handle last looked.
    PinChange(PinId),
}

impl Kind {
    pub(crate) fn pin(self) -> Option<PinId> {
        match self {
            Self::PinLevel(pin, _) | Self::PinEdge(pin, _) | Self::PinChange(pin) => Some(pin),
            _ => None,
        }
    }

    /// Whether the task clears the device itself.
    pub(crate) fn clears(self) -> bool {
        matches!(self, Self::RawLevel | Self::Direct)
    }
}

pub(crate) struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

pub(crate) struct Waiter {
    pub(crate) kind: Kind,
    pub(crate) node: NodeHandle,
    pub(crate) line: u8,
    /// For the kinds that have a handle.
    pub(crate) handle: Option<Rc<RefCell<Line>>>,
    pub(crate) waiting: RefCell<Option<Waiting>>,
    pub(crate) flag: Arc<Flag>,
    /// Inside a poll, which another "thread" may have preempted.
    pub(crate) busy: Cell<bool>,
    /// Polls until the task drops its wait.
    pub(crate) patience: Cell<u64>,
    /// Events of its line when the current wait began, and when the handle last looked.
    pub(crate) started: Cell<u64>,
    /// The same, once the wait had registered.
    pub(crate) registered: Cell<u64>,
    pub(crate) looked: Cell<u64>,
    /// Events that a `clear` disposed of: no later completion may be for them.
    pub(crate) cleared: Cell<u64>,
    /// Others waited for the same when this wait began.
    pub(crate) joined: Cell<bool>,
    /// The pin as it was when this wait registered or this handle last looked, if it held still meanwhile.
    pub(crate) known: Cell<Option<bool>>,
}

impl Waiter {
    pub(crate) fn new(kind: Kind, node: NodeHandle, line: u8, handle: Option<Line>) -> Self {
        Self {
            kind,
            node,
            line,
            handle: handle.map(|handle| Rc::new(RefCell::new(handle))),
            waiting: RefCell::new(None),
            flag: Arc::new(Flag(AtomicBool::new(false))),
            busy: Cell::new(false),
            patience: Cell::new(u64::MAX),
            started: Cell::new(0),
            registered: Cell::new(0),
            looked: Cell::new(0),
            cleared: Cell::new(0),
            joined: Cell::new(false),
            known: Cell::new(None),
        }
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.borrow().is_some()
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.flag.0.load(Ordering::Relaxed)
    }

    pub(crate) fn forget_wakes(&self) {
        self.flag.0.store(false, Ordering::Relaxed);
    }
}
