//! The crates' own nodes, over any lock.

use std::{cell::Cell, future::Future, pin::Pin, rc::Rc, sync::Arc};

use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, AxiIntcNode, axi_intc_node,
    interrupt::{Condition, InterruptEventExt, InterruptSource, Line, NodeHandle, NodeLock, ParentLine, WaitFor},
};
use pynq_drivers::{
    AxiGpioConfig, AxiGpioHardware,
    axi_gpio::{AxiGpioNode, ChannelConfig, axi_gpio_node},
};

use crate::{
    blocks::{Gpio, Intc, Tape, Window},
    hardware::{Board, CASCADE, CpuPin},
};

/// What tasks can be made of that wait on a line.
pub(crate) trait Subject: Clone {
    /// A task that waits on line `line` for ever, and counts.
    fn task(self, line: u8, seen: Rc<Cell<u64>>) -> impl Future<Output = ()>;
}

/// Any node.
#[derive(Clone)]
pub(crate) struct Ours<P>(pub(crate) P);

impl<P: NodeHandle + 'static> Subject for Ours<P> {
    fn task(self, line: u8, seen: Rc<Cell<u64>>) -> impl Future<Output = ()> {
        let mut line = Line::new(self.0, line).expect("a line");
        async move {
            loop {
                line.wait_async().await.expect("an interrupt");
                seen.set(seen.get() + 1);
            }
        }
    }
}

/// Any node of a GPIO, each of whose tasks waits for pin 0 to change.
#[derive(Clone)]
pub(crate) struct OurPin<P>(P);

impl<P: NodeHandle + 'static> Subject for OurPin<P> {
    fn task(self, line: u8, seen: Rc<Cell<u64>>) -> impl Future<Output = ()> {
        let node = self.0;
        async move {
            loop {
                let change = Condition::Change { mask: 1, since: None };
                WaitFor::new(&node, line, change).await.expect("an interrupt");
                seen.set(seen.get() + 1);
            }
        }
    }
}

/// A lock that needs nothing but to be made.
pub(crate) trait Lock: NodeLock + Default + Send + Sync + 'static {}

impl<L: NodeLock + Default + Send + Sync + 'static> Lock for L {}

type IntcNode<T, L, S> = Pin<Arc<AxiIntcNode<Window<Intc, T>, L, S>>>;
type OnPin<T, L> = IntcNode<T, L, Arc<CpuPin>>;
type Second<T, L> = IntcNode<T, L, ParentLine<OnPin<T, L>>>;
type Third<T, L> = IntcNode<T, L, ParentLine<Second<T, L>>>;
type GpioNode<T, L> = Pin<Arc<AxiGpioNode<Window<Gpio, T>, L, ParentLine<OnPin<T, L>>>>>;

fn intc<T: Tape, L: Lock, S>(board: &Board<T>, number: usize, source: S) -> IntcNode<T, L, S>
where
    S: InterruptSource + Send + Sync + 'static,
{
    let hardware = AxiIntcHardware::new(board.intc(number), AxiIntcConfig::new(32, !0)).expect("a controller");
    Arc::pin(axi_intc_node(L::default(), hardware, source))
}

/// A controller on the pin.
pub(crate) fn one<T: Tape, L: Lock>(board: &Board<T>) -> Ours<OnPin<T, L>> {
    Ours(intc(board, 0, Arc::clone(&board.pin)))
}

/// A controller behind it.
pub(crate) fn two<T: Tape, L: Lock>(board: &Board<T>) -> Ours<Second<T, L>> {
    Ours(intc(board, 1, ParentLine::new(one(board).0, CASCADE)))
}

/// And one more.
pub(crate) fn three<T: Tape, L: Lock>(board: &Board<T>) -> Ours<Third<T, L>> {
    Ours(intc(board, 2, ParentLine::new(two(board).0, CASCADE)))
}

/// A GPIO behind a controller.
pub(crate) fn gpio<T: Tape, L: Lock>(board: &Board<T>) -> OurPin<GpioNode<T, L>> {
    let config = AxiGpioConfig::new(ChannelConfig::inputs(4)).with_interrupt();
    let hardware = AxiGpioHardware::new(board.gpio(), config).expect("a GPIO");
    OurPin(Arc::pin(axi_gpio_node(L::default(), hardware, ParentLine::new(one::<T, L>(board).0, CASCADE))))
}
