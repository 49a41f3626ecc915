//! The interrupt engine: nodes, their lines, and the waits on them.
//!
//! Everything that raises an interrupt is a [`Node`]: a few register functions ([`InterruptHardware`]) under one engine
//! that owns all the concurrency. A node sits on an [`InterruptSource`]: a root (a UIO file descriptor, a GIC line,
//! the simulator's CPU pin) or, as [`ParentLine`], a line of another node. Whatever it is made of, it is used through a
//! [`NodeHandle`]. Tasks wait on lines, through [`Line`] or through the drivers built on it, and each wait is a
//! [`Waiting`]. Nothing polls, nothing spawns, nothing allocates.

mod both;
mod deadline;
mod direct;
#[allow(unsafe_code)] // the pointer to a node whose type is erased
mod handle;
mod hardware;
#[allow(unsafe_code)] // the table behind that pointer
mod header;
mod latched_lines;
mod line;
mod line_array;
mod lines;
mod listener;
mod node;
mod ownership;
mod panics;
mod parent;
mod pause;
mod silent;
mod source;
mod state;
mod sync;
mod wait;
#[allow(unsafe_code)] // the wait queue
mod waiter;
#[allow(unsafe_code)] // the waker's vtable
mod waker;

pub use both::Both;
pub use deadline::{WithDeadline, with_deadline};
pub use direct::{Direct, DirectNode};
pub use handle::NodeHandle;
pub use hardware::InterruptHardware;
pub use line::{ConditionWait, EventWait, HeldWait, Line, NodeWait};
pub use line_array::{LineArray, Lines};
pub use lines::{Fired, LineStats};
pub use listener::{Listener, NextEvent};
pub use node::Node;
pub use parent::ParentLine;
pub use pause::Pause;
pub use silent::Silent;
pub use source::{Activity, Driven, InterruptSource, TaskId};
pub use sync::NodeLock;
#[cfg(feature = "std")]
pub use sync::StdLock;
pub use wait::{Deadline, FromNode, Operation, Until, Wait, Waiting};
pub use waiter::Condition;

/// What a [`NodeLock`] is made of.
pub use mutex_traits::{ConstInit, ScopedRawMutex};
pub(crate) use waiter::Waiter;
pub(crate) use waker::epoch_waker;
