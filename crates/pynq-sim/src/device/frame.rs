//! Frames of video on an AXI4-Stream: whole, and computed only if somebody looks.

use alloc::{boxed::Box, vec, vec::Vec};
use core::fmt;

use pynq_core::Instant;

use crate::sync::{Arc, Lock};

/// A frame as it goes over an AXI4-Stream: TUSER on its first beat, TLAST on the last one of each line.
///
/// A stream of frames is one message each, not one for each beat: its bytes are computed when something asks for them, once,
/// and never if nothing does. Clones share them. What a line's bytes mean is known by the blocks on both ends.
#[derive(Clone)]
pub struct Frame {
    lines: u32,
    line_bytes: u32,
    began: Instant,
    bytes: Arc<Lazy>,
}

type Compute = Box<dyn FnOnce() -> Arc<[u8]> + Send>;

struct Lazy(Lock<State>);

enum State {
    Known(Arc<[u8]>),
    Unknown(Compute),
    /// While it is computed, and if that has panicked.
    Lost,
}

impl Frame {
    /// A frame of lines that have `line_bytes` bytes each. `bytes` has them, line by line; what is missing is zero.
    #[must_use]
    pub fn new(lines: u32, line_bytes: u32, bytes: Arc<[u8]>) -> Self {
        Self::of(lines, line_bytes, State::Known(bytes))
    }

    /// A frame whose bytes are computed if something asks for them.
    #[must_use]
    pub fn lazy(lines: u32, line_bytes: u32, bytes: impl FnOnce() -> Arc<[u8]> + Send + 'static) -> Self {
        Self::of(lines, line_bytes, State::Unknown(Box::new(bytes)))
    }

    fn of(lines: u32, line_bytes: u32, state: State) -> Self {
        Self { lines, line_bytes, began: Instant::START, bytes: Arc::new(Lazy(Lock::new(state))) }
    }

    /// The same frame, whose first beat was at this time.
    #[must_use]
    pub fn begun_at(mut self, time: Instant) -> Self {
        self.began = time;
        self
    }

    /// When its first beat was.
    #[must_use]
    pub const fn began(&self) -> Instant {
        self.began
    }

    /// How many lines it has.
    #[must_use]
    pub const fn lines(&self) -> u32 {
        self.lines
    }

    /// How many bytes each of them has.
    #[must_use]
    pub const fn line_bytes(&self) -> u32 {
        self.line_bytes
    }

    /// How many bytes it has in all.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.lines as usize * self.line_bytes as usize
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its bytes, line by line, which are computed if they were not. There are [`len`](Self::len) of them.
    #[must_use]
    pub fn bytes(&self) -> Arc<[u8]> {
        let len = self.len();
        self.bytes.0.with(|state| {
            if let State::Unknown(_) = state {
                let State::Unknown(compute) = core::mem::replace(state, State::Lost) else { return Arc::default() };
                *state = State::Known(compute());
            }
            let State::Known(bytes) = state else { return vec![0; len].into() };
            if bytes.len() != len {
                let mut whole = bytes[..len.min(bytes.len())].to_vec();
                whole.resize(len, 0);
                *bytes = whole.into();
            }
            Arc::clone(bytes)
        })
    }

    /// Whether its bytes were computed.
    #[must_use]
    pub fn is_computed(&self) -> bool {
        self.bytes.0.with(|state| matches!(state, State::Known(_)))
    }

    /// What becomes of it in a block that takes `line_bytes` bytes of a line to so many others, at the same time. `line` is
    /// given a line and appends what it becomes.
    #[must_use]
    pub fn map_lines(&self, line_bytes: u32, mut line: impl FnMut(&[u8], &mut Vec<u8>) + Send + 'static) -> Self {
        let before = self.clone();
        let mapped = Self::lazy(self.lines, line_bytes, move || {
            let bytes = before.bytes();
            let mut after = Vec::with_capacity(before.lines as usize * line_bytes as usize);
            for (index, old) in bytes.chunks_exact((before.line_bytes as usize).max(1)).enumerate() {
                line(old, &mut after);
                after.resize((index + 1) * line_bytes as usize, 0);
            }
            after.into()
        });
        mapped.begun_at(self.began)
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({} lines of {} bytes, begun at {})", self.lines, self.line_bytes, self.began)
    }
}

/// By what is in them.
impl PartialEq for Frame {
    fn eq(&self, other: &Self) -> bool {
        (self.lines, self.line_bytes) == (other.lines, other.line_bytes)
            && (Arc::ptr_eq(&self.bytes, &other.bytes) || self.bytes() == other.bytes())
    }
}

impl Eq for Frame {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_computed_once_and_on_request() {
        let calls = Arc::new(Lock::new(0));
        let counted = Arc::clone(&calls);
        let frame = Frame::lazy(2, 3, move || {
            counted.with(|calls| *calls += 1);
            Arc::from([1, 2, 3, 4, 5, 6])
        });
        let doubled = frame.map_lines(6, |line, out| line.iter().for_each(|&byte| out.extend([byte, byte])));
        assert!(!frame.is_computed() && !doubled.is_computed());
        assert_eq!(*doubled.bytes(), [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
        assert_eq!(*doubled.clone().bytes(), *doubled.bytes());
        assert_eq!((calls.with(|calls| *calls), frame.is_computed()), (1, true));
    }

    #[test]
    fn what_is_missing_is_zero_and_what_is_too_much_is_cut() {
        assert_eq!(*Frame::new(2, 2, Arc::from([7])).bytes(), [7, 0, 0, 0]);
        assert_eq!(*Frame::new(1, 2, Arc::from([7, 8, 9])).bytes(), [7, 8]);
        let short = Frame::new(2, 1, Arc::from([1, 2])).map_lines(2, |line, out| out.extend(line));
        assert_eq!(*short.bytes(), [1, 0, 2, 0]);
    }
}
