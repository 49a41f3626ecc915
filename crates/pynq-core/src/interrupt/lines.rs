//! What the engine counts of a line, and what a wait on one requests and returns.

use super::Condition;

/// The result of a completed wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fired {
    /// How many times the line had been served in all, wrapping, when this wait was over. Two handles on one line see the
    /// same numbers.
    pub count: u32,
    /// How many earlier services this handle never looked at.
    pub missed: u32,
    /// For a wait on changes or edges, the bits that changed; 0 otherwise.
    pub changed: u32,
}

/// What a handle has seen of its line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) count: u32,
    pub(super) sample: u32,
}

/// What the engine counted on a line, all wrapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LineStats {
    /// Services.
    pub fired: u32,
    /// Waiters woken.
    pub woken: u32,
    /// Waiters woken for nothing, which had to wait on.
    pub spurious: u32,
    /// Times the line was masked because it would not go quiet.
    pub stuck: u32,
}

impl LineStats {
    /// Nothing counted yet.
    pub const NONE: Self = Self { fired: 0, woken: 0, spurious: 0, stuck: 0 };
}

/// What a wait is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) line: u8,
    /// The condition; `None` where the waiter itself carries it.
    pub(super) condition: Option<Condition>,
    pub(super) is_node: bool,
}
