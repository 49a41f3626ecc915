//! One node on two interrupt outputs.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used)] // a test may

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll, Waker},
};

use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, Error, Instant, axi_intc_node,
    interrupt::{
        Both, Condition, Driven, InterruptHardware, InterruptSource, Lines, Node, NodeHandle, ParentLine, StdLock,
    },
};
use pynq_sim::{
    Board, CpuPin,
    models::{AxiIntcModel, IntcParams},
};

/// A block of two lines, each with an output of its own: what is pending is a word that the test sets.
struct Block(Arc<AtomicU32>);

impl InterruptHardware for Block {
    type Lines = Lines<2>;

    fn unmask(&mut self, _: u32) {}

    fn mask(&mut self, _: u32) {}

    fn ack_pending(&mut self, lines: u32) -> u32 {
        self.0.fetch_and(!lines, Ordering::SeqCst) & lines
    }

    fn clears_on_ack(&self) -> u32 {
        0b11
    }

    fn read_back(&mut self) {}
}

struct Rig {
    board: Board,
    pending: Arc<AtomicU32>,
    node: NodeHandle<Block>,
    intc: NodeHandle,
    cpu: CpuPin,
}

fn rig(kind_of_intr: u32, wired: [bool; 2]) -> Rig {
    let params = IntcParams { inputs: 2, kind_of_intr, ..IntcParams::default() };
    let board = Board::builder()
        .device("intc", 0x4180_0000, 0x1_0000, AxiIntcModel::new(params))
        .interrupt("intc/irq", 61)
        .build()
        .unwrap();
    let hardware = AxiIntcHardware::new(board.window("intc").unwrap(), AxiIntcConfig::new(2, kind_of_intr)).unwrap();
    let cpu = board.cpu_pin(61).unwrap();
    let intc = Arc::pin(axi_intc_node(StdLock::new(), hardware, cpu.clone()));
    let line = |number: u8| match wired[usize::from(number)] {
        true => ParentLine::new(intc.clone(), number),
        false => ParentLine::UNWIRED,
    };
    let source = Both::new(line(0), line(1));
    let source = if wired[0] { source } else { source.without_first() };
    let pending = Arc::new(AtomicU32::new(0));
    let node = NodeHandle::from(Arc::pin(Node::new(StdLock::new(), Block(Arc::clone(&pending)), source)));
    Rig { board, pending, node, intc: NodeHandle::from(intc).erase(), cpu }
}

impl Rig {
    /// Output `line` rises, and falls when it was seen to.
    fn raise(&self, line: u8) {
        self.pending.fetch_or(1 << line, Ordering::SeqCst);
        self.board.pulse_line(&format!("intc/intr[{line}]")).unwrap();
    }

    fn assert_idle(&self) {
        assert!(self.node.is_idle() && self.intc.is_idle() && !self.cpu.is_armed());
    }
}

const EDGE: u32 = u32::MAX;

#[test]
fn either_output_serves_the_node() {
    let rig = rig(EDGE, [true, true]);
    for (line, output) in [(0, 0), (1, 1), (0, 1), (1, 0)] {
        let mut handle = rig.node.line(line).unwrap();
        let mut wait = pin!(handle.wait_async());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(wait.as_mut().poll(&mut cx).is_pending());
        assert!(!rig.intc.is_idle(), "both outputs are armed while a task waits");
        // An error of one part of the block is an event of the other, by the output of the first.
        rig.pending.fetch_or(1 << line, Ordering::SeqCst);
        rig.board.pulse_line(&format!("intc/intr[{output}]")).unwrap();
        assert!(wait.as_mut().poll(&mut cx).is_ready(), "line {line} by output {output}");
        rig.assert_idle();
    }
    assert_eq!(rig.node.line_stats(0).fired + rig.node.line_stats(1).fired, 4);
}

#[test]
fn both_at_once_and_one_after_the_other() {
    let rig = rig(EDGE, [true, true]);
    let (mut one, mut two) = (rig.node.line(0).unwrap(), rig.node.line(1).unwrap());
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..10 {
        let (mut first, mut second) = (pin!(one.wait_async()), pin!(two.wait_async()));
        assert!(first.as_mut().poll(&mut cx).is_pending() && second.as_mut().poll(&mut cx).is_pending());
        rig.raise(1);
        assert!(first.as_mut().poll(&mut cx).is_pending());
        rig.raise(0);
        assert!(first.as_mut().poll(&mut cx).is_ready() && second.as_mut().poll(&mut cx).is_ready());
        rig.assert_idle();
    }
}

#[test]
fn an_edge_while_no_task_waits_is_found_by_the_next_wait() {
    let rig = rig(EDGE, [true, true]);
    for line in [0, 1, 1, 0] {
        let mut handle = rig.node.line(line).unwrap();
        rig.raise(line);
        let mut wait = pin!(handle.wait_async());
        assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending(), "the poll dispatches");
        assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
        rig.assert_idle();
    }
}

#[test]
fn an_output_that_is_not_wired_is_left_out() {
    for wired in [[true, false], [false, true]] {
        let rig = rig(EDGE, wired);
        let output = u8::from(wired[1]);
        let mut handle = rig.node.line(output).unwrap();
        let mut wait = pin!(handle.wait_async());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(wait.as_mut().poll(&mut cx).is_pending());
        rig.raise(output);
        assert!(wait.as_mut().poll(&mut cx).is_ready());
        rig.assert_idle();
    }
    let rig = rig(EDGE, [false, false]);
    assert_eq!(rig.node.line(0).unwrap().wait(), Err(Error::InterruptsUnavailable));
}

/// A wait that owns its handle on the node ends as any other.
#[test]
fn a_wait_with_a_handle_of_its_own() {
    let rig = rig(EDGE, [true, true]);
    let mut wait = Box::pin(rig.node.own_wait_for::<Error>(1, Condition::Event));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(wait.as_mut().poll(&mut cx).is_pending());
    rig.raise(1);
    assert!(matches!(wait.as_mut().poll(&mut cx), Poll::Ready(Ok(_))));
    assert!(wait.as_mut().poll(&mut cx).is_pending(), "and waits anew when it is polled again");
    drop(wait);
    rig.assert_idle();
}

#[test]
fn a_node_on_no_output_at_all_says_so_before_anything_is_started() {
    for wired in [[true, true], [true, false], [false, true]] {
        assert_eq!(rig(EDGE, wired).node.check_wait(), Ok(()), "{wired:?}");
    }
    assert_eq!(rig(EDGE, [false, false]).node.check_wait(), Err(Error::InterruptsUnavailable));
}

/// A source that never fires, and whose events this delivers.
struct DeliveredBy(Driven);

impl InterruptSource for DeliveredBy {
    fn poll_fired(self: Pin<&Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Pending
    }

    fn disarm(self: Pin<&Self>) {}

    fn block(&self, _: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>, _: Option<Instant>) -> Result<(), Error> {
        Err(Error::NeverWoken)
    }

    fn prepare_wait(&self) -> Result<Driven, Error> {
        Ok(self.0)
    }
}

/// Else the wait would not end when the reactor goes.
#[test]
fn a_wait_is_a_reactor_s_if_one_of_its_outputs_is() {
    let both = |first, second| Both::new(DeliveredBy(first), DeliveredBy(second)).prepare_wait();
    assert_eq!(both(Driven::ByReactor, Driven::ByCaller), Ok(Driven::ByReactor));
    assert_eq!(both(Driven::ByCaller, Driven::ByReactor), Ok(Driven::ByReactor));
    assert_eq!(both(Driven::ByCaller, Driven::ByCaller), Ok(Driven::ByCaller));
}
