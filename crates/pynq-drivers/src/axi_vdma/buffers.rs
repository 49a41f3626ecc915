//! Buffers for frames, without an allocator.

use core::{array, fmt, iter::Flatten};

use pynq_core::dma::DmaBuffer;

/// Frame stores and frames in the program's hands, at the most.
const MOST: usize = 64;

/// Buffers for the frames of a channel: up to 64.
///
/// A channel takes them when it is started and gives them back when it is stopped. Those in frames that the program holds
/// then stay with the frames.
pub struct FrameBuffers {
    buffers: [Option<DmaBuffer>; MOST],
    len: usize,
}

impl FrameBuffers {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { buffers: [const { None }; MOST], len: 0 }
    }

    /// Adds one.
    ///
    /// # Errors
    ///
    /// The buffer, if there are 64 already.
    pub fn push(&mut self, buffer: DmaBuffer) -> Result<(), DmaBuffer> {
        match self.buffers.get_mut(self.len) {
            Some(place) => {
                *place = Some(buffer);
                self.len += 1;
                Ok(())
            }
            None => Err(buffer),
        }
    }

    /// Takes the last one.
    pub fn pop(&mut self) -> Option<DmaBuffer> {
        let last = self.len.checked_sub(1)?;
        self.len = last;
        self.buffers[last].take()
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &DmaBuffer> {
        self.buffers.iter().flatten()
    }
}

impl Default for FrameBuffers {
    fn default() -> Self {
        Self::new()
    }
}

impl IntoIterator for FrameBuffers {
    type Item = DmaBuffer;
    type IntoIter = Flatten<array::IntoIter<Option<DmaBuffer>, MOST>>;

    fn into_iter(self) -> Self::IntoIter {
        self.buffers.into_iter().flatten()
    }
}

impl fmt::Debug for FrameBuffers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
