//! The crates' own nodes, over any lock.

use std::{cell::Cell, future::Future, rc::Rc, sync::Arc};

use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, Error, Window, axi_intc_node,
    interrupt::{Condition, InterruptSource, NodeHandle, NodeLock, ParentLine},
};
use pynq_drivers::{
    AxiGpioConfig, AxiGpioHardware,
    axi_gpio::{ChannelConfig, axi_gpio_node},
};

use crate::{
    blocks::Tape,
    hardware::{Board, CASCADE},
};

/// What tasks can be made of that wait on a line.
pub(crate) trait Subject: Clone {
    /// A task that waits on line `line` for ever, and counts.
    fn task(self, line: u8, seen: Rc<Cell<u64>>) -> impl Future<Output = ()>;
}

/// Any node.
#[derive(Clone)]
pub(crate) struct Ours(pub(crate) NodeHandle);

impl Subject for Ours {
    fn task(self, line: u8, seen: Rc<Cell<u64>>) -> impl Future<Output = ()> {
        let mut line = self.0.line(line).expect("a line");
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
pub(crate) struct OurPin(NodeHandle);

impl Subject for OurPin {
    fn task(self, line: u8, seen: Rc<Cell<u64>>) -> impl Future<Output = ()> {
        let node = self.0;
        async move {
            loop {
                let change = Condition::Change { mask: 1, since: None };
                node.wait_for::<Error>(line, change).await.expect("an interrupt");
                seen.set(seen.get() + 1);
            }
        }
    }
}

/// A lock that needs nothing but to be made.
pub(crate) trait Lock: NodeLock + Default + Send + Sync + 'static {}

impl<L: NodeLock + Default + Send + Sync + 'static> Lock for L {}

fn intc<T: Tape, L: Lock, S>(board: &Board<T>, number: usize, source: S) -> Ours
where
    S: InterruptSource + Send + Sync + 'static,
{
    let hardware = AxiIntcHardware::new(board.intc(number), AxiIntcConfig::new(32, !0)).expect("a controller");
    Ours(NodeHandle::from(Arc::pin(axi_intc_node(L::default(), hardware, source))).erase())
}

/// A controller on the pin.
pub(crate) fn one<T: Tape, L: Lock>(board: &Board<T>) -> Ours {
    intc::<T, L, _>(board, 0, Arc::clone(&board.pin))
}

/// A controller behind it.
pub(crate) fn two<T: Tape, L: Lock>(board: &Board<T>) -> Ours {
    intc::<T, L, _>(board, 1, ParentLine::new(one::<T, L>(board).0, CASCADE))
}

/// And one more.
pub(crate) fn three<T: Tape, L: Lock>(board: &Board<T>) -> Ours {
    intc::<T, L, _>(board, 2, ParentLine::new(two::<T, L>(board).0, CASCADE))
}

/// A GPIO behind a controller.
pub(crate) fn gpio<T: Tape, L: Lock>(board: &Board<T>) -> OurPin {
    let config = AxiGpioConfig::new(ChannelConfig::inputs(4)).with_interrupt();
    let hardware = AxiGpioHardware::new(Window::boxed(board.gpio()), config).expect("a GPIO");
    let parent = ParentLine::new(one::<T, L>(board).0, CASCADE);
    OurPin(NodeHandle::from(Arc::pin(axi_gpio_node(L::default(), hardware, parent))).erase())
}
