//! Nodes without registers of their own.

use super::{InterruptHardware, Lines, Node};

/// The hardware of a pin that is wired straight to a root: there is none.
///
/// The root arms and disarms as the line is waited on or not, which is all the masking there is, and its firing is
/// the event. An edge that the root has latched cannot be looked at without arming it, so neither
/// [`clear`](super::Line::clear) nor a new handle forgets one from before.
#[derive(Clone, Copy, Debug, Default)]
pub struct Direct;

/// The node of a pin that is wired straight to the root `S`. Its one line is line 0.
pub type DirectNode<L, S> = Node<Direct, L, S>;

impl InterruptHardware for Direct {
    type Lines = Lines<1>;

    fn unmask(&mut self, _: u32) {}

    fn mask(&mut self, _: u32) {}

    fn ack_pending(&mut self, lines: u32) -> u32 {
        lines
    }

    fn clears_on_ack(&self) -> u32 {
        0
    }

    fn read_back(&mut self) {}
}
