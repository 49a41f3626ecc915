//! A frame in the program's hands.

use core::{
    fmt,
    ops::{Deref, DerefMut},
};

use pynq_core::{dma::DmaBuffer, interrupt::NodeHandle};

use super::{AxiVdmaHardware, FrameFormat, SizeFaults};
use crate::axi_dma::DmaDirection;

/// A frame in the program's hands: its bytes are a slice, and nothing is copied.
///
/// The block has no access to it until it is dropped, which gives its memory back to the channel, or shown. It can outlive
/// the channel that it came from, and go to another task.
pub struct Frame {
    pub(super) buffer: Option<DmaBuffer>,
    pub(super) node: NodeHandle<AxiVdmaHardware>,
    pub(super) direction: DmaDirection,
    pub(super) session: u32,
    pub(super) format: FrameFormat,
    pub(super) number: u64,
    pub(super) missed: u64,
    pub(super) faults: SizeFaults,
}

impl Frame {
    /// The size of the frame, and how it lies in memory.
    #[must_use]
    pub const fn format(&self) -> FrameFormat {
        self.format
    }

    /// How many frames had ended before this one, since the channel was started. 0 for one to be shown.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// How many frames came between the one that was taken last and this one. 0 for one to be shown.
    ///
    /// However late the program asks, up to 255 frames and more (the least common multiple of 255 and the number of stores). While
    /// a task waits, the hardware tells of each frame and counts none: if the processor serves that interrupt later than the stores
    /// are gone round once, as many as there are stores are left out.
    #[must_use]
    pub const fn missed(&self) -> u64 {
        self.missed
    }

    /// What was wrong with the size of this frame, or of those that were missed before it.
    #[must_use]
    pub const fn size_faults(&self) -> SizeFaults {
        self.faults
    }

    /// Where it begins, as the block sees it. `None` for one that is being shown.
    #[must_use]
    pub fn physical_address(&self) -> Option<u64> {
        self.buffer.as_ref().map(DmaBuffer::physical_address)
    }

    /// Its lines from the top, each as long as the format says.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        let FrameFormat { line_bytes, stride, .. } = self.format;
        self.deref().chunks(stride as usize).map(move |row| &row[..line_bytes as usize])
    }

    /// The same, to be changed.
    pub fn rows_mut(&mut self) -> impl ExactSizeIterator<Item = &mut [u8]> {
        let FrameFormat { line_bytes, stride, .. } = self.format;
        self.deref_mut().chunks_mut(stride as usize).map(move |row| &mut row[..line_bytes as usize])
    }

    /// The buffer, which the channel then has no more.
    ///
    /// A channel that has too few left says so by [`AllHeld`](super::AxiVdmaError::AllHeld).
    #[must_use]
    pub fn into_buffer(mut self) -> Option<DmaBuffer> {
        self.buffer.take()
    }
}

/// The bytes of the frame, and those between its lines.
impl Deref for Frame {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.buffer.as_ref().and_then(|buffer| buffer.get(..self.format.byte_len())).unwrap_or_default()
    }
}

impl DerefMut for Frame {
    fn deref_mut(&mut self) -> &mut [u8] {
        let len = self.format.byte_len();
        self.buffer.as_mut().and_then(|buffer| buffer.get_mut(..len)).unwrap_or_default()
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        let Some(buffer) = self.buffer.take() else { return };
        // The memory of a channel that is gone, or was started anew, goes with the frame.
        let _ = self.node.with_hardware(|hardware| hardware.give_back(self.direction, self.session, buffer));
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("format", &self.format)
            .field("number", &self.number)
            .field("missed", &self.missed)
            .finish_non_exhaustive()
    }
}
