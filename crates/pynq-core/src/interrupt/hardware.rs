//! What the engine needs to know of a block.

use super::LineArray;

/// The register functions of an interrupt node, the only part of it that differs from block to block.
///
/// All are called under the node's lock: they access registers and return. `lines` is a bit mask of the node's lines.
pub trait InterruptHardware: Send {
    /// How many lines it can have: `Lines<2>`.
    type Lines: LineArray;

    /// Unmasks `lines`. A **level** line is acknowledged first: its latch means nothing until now. An **edge** line
    /// is not: an edge that came while no task waited stays for the wait that begins here.
    fn unmask(&mut self, lines: u32);

    /// Masks `lines`.
    fn mask(&mut self, lines: u32);

    /// Which of `lines` are pending. What the device remembers of them is cleared, where that is possible without
    /// the device's user (an edge latch, a GPIO's status), *before* what is behind it is looked at.
    fn ack_pending(&mut self, lines: u32) -> u32;

    /// Those of `lines` whose latch is an event by itself (edges), pending whether masked or not; acknowledged.
    fn take_latched(&mut self, lines: u32) -> u32 {
        let _ = lines;
        0
    }

    /// For a node that finds events by comparing samples: what line `line` looks like now (a GPIO channel's DATA).
    fn read_level(&mut self, line: u8) -> u32 {
        let _ = line;
        0
    }

    /// The lines that [`ack_pending`](Self::ack_pending) leaves inactive. Only such a line can stay unmasked when it has fired and
    /// a task still waits; any other is masked until its device has been cleared and a task waits again, so a line
    /// that is sampled has to be one of these.
    fn clears_on_ack(&self) -> u32;

    /// Reads some register without side effect, so that the writes before it have reached the block.
    fn read_back(&mut self);
}
