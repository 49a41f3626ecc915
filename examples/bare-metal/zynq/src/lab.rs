//! The laboratory half of the virtual board's logic: controllers of mixed kinds, a cascade, and five timers in five places.
//!
//! | timer | where its interrupt goes |
//! | --- | --- |
//! | 0 | `lab` input 0, a level |
//! | 1 | `lab` input 1, an edge input, though the timer's interrupt is a level |
//! | 2 | `child` input 0, a level, behind the cascade |
//! | 3 | `child` input 1, an edge, behind the cascade |
//! | 4 | straight to the processor, `IRQ_F2P[2]` |

use core::fmt::Display;

use pynq_baremetal::Lock;
use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, AxiIntcNode, Volatile, axi_intc_node,
    interrupt::{ConstInit, Direct, DirectNode, ParentLine},
};
use pynq_drivers::{
    AxiTimer, AxiTimerConfig, AxiTimerHardware, AxiTimerNode,
    axi_timer::{TimerChannel, axi_timer_node},
};
use static_cell::StaticCell;

use crate::{Board, Root, board::registers, pl::Intc};

type Child = AxiIntcNode<Volatile, Lock, ParentLine>;
type TimerNode = AxiTimerNode<Lock, ParentLine>;

/// How many timers there are.
pub const TIMERS: usize = 5;

const ADDRESSES: [usize; TIMERS] = [0x4280_0000, 0x4281_0000, 0x4282_0000, 0x4283_0000, 0x4284_0000];
const TIMER_HZ: u32 = 100_000_000;
const CHILD_ON_LAB: u8 = 2;

static LAB: StaticCell<Intc> = StaticCell::new();
static CHILD: StaticCell<Child> = StaticCell::new();
static DIRECT: StaticCell<DirectNode<Lock, Root>> = StaticCell::new();
static NODES: [StaticCell<TimerNode>; TIMERS] = [const { StaticCell::new() }; TIMERS];

/// The laboratory.
pub struct Lab {
    /// The first channel of each timer.
    pub timers: [TimerChannel; TIMERS],
}

impl Lab {
    /// Claims the blocks. Once.
    ///
    /// # Panics
    ///
    /// When called twice, or if the logic doesn't answer as this design does.
    pub fn claim(board: &Board) -> Self {
        let intc = |address, inputs, kinds| {
            sound(AxiIntcHardware::new(registers(address, 0x1000), AxiIntcConfig::new(inputs, kinds)))
        };
        let lab: &'static Intc = LAB.init(axi_intc_node(Lock::INIT, intc(0x4181_0000, 7, 0x0A), board.root(1)));
        let lab = lab.handle().erase();
        let below_child = ParentLine::new(lab.clone(), CHILD_ON_LAB);
        let child: &'static Child = CHILD.init(axi_intc_node(Lock::INIT, intc(0x4182_0000, 2, 0x02), below_child));
        let child = child.handle().erase();
        let direct: &'static DirectNode<Lock, Root> = DIRECT.init(DirectNode::new(Lock::INIT, Direct, board.root(2)));
        let direct = direct.handle().erase();
        let below = [(&lab, 0), (&lab, 1), (&child, 0), (&child, 1), (&direct, 0)];
        let timers = core::array::from_fn(|number| {
            let window = registers(ADDRESSES[number], 0x1000);
            let hardware = sound(AxiTimerHardware::new(window, AxiTimerConfig::new(TIMER_HZ)));
            let (node, line) = below[number];
            let source = ParentLine::new(node.clone(), line);
            let node: &'static TimerNode = NODES[number].init(axi_timer_node(Lock::INIT, hardware, source));
            sound(AxiTimer::new(node).and_then(|timer| timer.channel(0)))
        });
        Self { timers }
    }
}

fn sound<T, E: Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}
