//! The interrupt engine: nodes, their lines, and the waits on them.
//!
//! Everything that raises an interrupt is a [`Node`]: a few register functions ([`InterruptHardware`]) under one engine
//! that owns all the concurrency. A node sits on an [`InterruptSource`]: a root (a UIO file descriptor, a GIC line,
//! the simulator's CPU pin) or, as [`ParentLine`], a line of another node. Tasks wait on lines, through [`Line`] and
//! [`InterruptEvent`] or through the drivers built on them. Nothing polls, nothing spawns, nothing allocates.

mod deadline;
mod direct;
mod hardware;
mod line;
mod lines;
mod node;
mod ownership;
mod panics;
mod parent;
mod source;
mod state;
mod sync;
#[allow(unsafe_code)] // the wait queue
mod waiter;
#[allow(unsafe_code)] // the waker's vtable
mod waker;

pub use deadline::{WithDeadline, with_deadline};
pub use direct::{Direct, DirectNode};
pub use hardware::InterruptHardware;
pub use line::{InterruptEvent, InterruptEventExt, Line, Listener, Wait, WaitFor, block_on_node};
pub use lines::{Cursor, Fired, InterruptLines, LineStats, NodeHandle, Request};
pub use node::Node;
pub use parent::ParentLine;
pub use source::{Activity, Driven, InterruptSource, TaskId};
pub use sync::NodeLock;
#[cfg(feature = "std")]
pub use sync::StdLock;
pub use waiter::{Condition, Waiter};

/// What a [`NodeLock`] is made of.
pub use mutex_traits::{ConstInit, ScopedRawMutex};
pub use waker::NodeRef;
pub(crate) use waker::epoch_waker;
