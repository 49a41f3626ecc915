//! The two timers: two channels on one level line, and two on another.

use pynq_baremetal::Lock;
use pynq_core::{
    Mmio, Volatile,
    design::{Of, Wired},
    interrupt::ConstInit,
};
use pynq_drivers::{
    AxiTimer, AxiTimerNode,
    axi_timer::TimerChannel,
    design::{AxiTimerBlock, AxiTimerInterrupt},
};
use static_cell::StaticCell;

use crate::{Below, Board, microblaze_v::AxiIntc0, sound};

/// The node of a timer.
pub type TimerNode<M = Volatile> = AxiTimerNode<M, Lock, Below>;
/// How timers are owned here.
pub type Timer<M = Volatile> = &'static TimerNode<M>;

impl Board {
    /// The driver of a timer that is reached by `window`. Once for each cell.
    ///
    /// # Panics
    ///
    /// When called twice for a cell, or if the design is wrong.
    pub fn timer<B, M>(
        &self,
        block: B,
        window: Of<B, M>,
        output: B::Irq,
        cell: &'static StaticCell<TimerNode<M>>,
    ) -> AxiTimer<Timer<M>>
    where
        B: AxiTimerBlock + AxiTimerInterrupt<Irq: Wired<Parent = AxiIntc0>>,
        M: Mmio + Send + 'static,
    {
        let node = sound(block.node(window, Lock::INIT, self.line(output)));
        sound(block.driver(&node.map(|node| &*cell.init(node))))
    }
}

/// Both channels of a timer.
///
/// # Panics
///
/// If it has only one.
pub fn channels<M: Mmio + Send + Sync>(timer: &AxiTimer<Timer<M>>) -> [TimerChannel<Timer<M>>; 2] {
    [0, 1].map(|number| sound(timer.channel(number)))
}
