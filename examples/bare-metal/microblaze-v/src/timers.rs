//! The two timers: two channels on one level line, and two on another.

use pynq_baremetal::Lock;
use pynq_core::{
    Window,
    design::{Block, Of, Wired},
    interrupt::{ConstInit, ParentLine},
};
use pynq_drivers::{AxiTimer, AxiTimerNode, axi_timer::TimerChannel};
use static_cell::StaticCell;

use crate::{Board, microblaze_v::AxiIntc0, sound};

/// The node of a timer.
pub type TimerNode = AxiTimerNode<Lock, ParentLine>;

impl Board {
    /// The driver of a timer that is reached by `window`. Once for each cell.
    ///
    /// # Panics
    ///
    /// When called twice for a cell, or if the design is wrong.
    pub fn timer<B: Block>(
        &self,
        window: Of<B, impl Into<Window>>,
        output: impl Wired<Block = B, Parent = AxiIntc0>,
        cell: &'static StaticCell<TimerNode>,
    ) -> AxiTimer {
        let node = sound(window.node::<AxiTimer, _, _, _>(Lock::INIT, self.line(output)));
        sound(node.map(|node| &*cell.init(node)).driver())
    }
}

/// Both channels of a timer.
///
/// # Panics
///
/// If it has only one.
pub fn channels(timer: &AxiTimer) -> [TimerChannel; 2] {
    [0, 1].map(|number| sound(timer.channel(number)))
}
