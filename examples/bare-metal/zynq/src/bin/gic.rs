//! What the processor's interrupt controller does with levels, edges, priorities and nothing at all, and what its driver
//! makes of it.
#![no_std]
#![no_main]

use core::{
    future::Future,
    pin::pin,
    task::{Context, Waker},
};

use aarch32_rt::{entry, irq};
use pynq_baremetal::{
    Lock,
    zynq::{Error, Gic, GicLine, Irq, Priority, Trigger, barrier, dispatch},
};
use pynq_core::interrupt::{ConstInit, Direct, DirectNode, Line};
use pynq_firmware_zynq::{Board, Root, exit, outside::HeldLine, println};
use static_cell::StaticCell;

type Node = &'static DirectNode<Lock, Root>;

static NODES: [StaticCell<DirectNode<Lock, Root>>; 4] = [const { StaticCell::new() }; 4];

macro_rules! check {
    ($condition:expr, $($what:tt)+) => {{
        assert!($condition, $($what)+);
        println!("ok {}", format_args!($($what)+));
    }};
}

fn irq(input: u8) -> Irq {
    match Irq::from_logic(input) {
        Ok(irq) => irq,
        Err(error) => panic!("{error}"),
    }
}

fn node(board: &Board, input: u8) -> Node {
    NODES[usize::from(input - 2)].init(DirectNode::new(Lock::INIT, Direct, board.root(input)))
}

fn line(node: Node) -> Line {
    match Line::new(node, 0) {
        Ok(line) => line,
        Err(error) => panic!("{error}"),
    }
}

fn settled() {
    for _ in 0..4 {
        barrier();
    }
}

/// A level that a device holds: taken once per wait, however long it lasts, and again by the next wait.
fn level(board: &Board, node: Node) {
    let (gic, held) = (board.gic, HeldLine::of_direct_timer());
    let mut line = line(node);
    let mut cx = Context::from_waker(Waker::noop());
    held.hold(true);
    settled();
    check!(gic.stats().taken == 0, "a level that nobody waits for is not taken");
    for taken in 1..=3 {
        let mut wait = pin!(line.wait_async());
        while wait.as_mut().poll(&mut cx).is_pending() {}
        (0..10).for_each(|_| settled());
        check!(gic.stats().taken == taken, "a level that holds is taken once by wait {taken}");
        check!(!gic.is_unmasked(irq(2)), "it is masked after that");
    }
    held.hold(false);
    {
        let mut wait = pin!(line.wait_async());
        check!(wait.as_mut().poll(&mut cx).is_pending(), "a level that was dropped is not taken");
        check!(gic.is_unmasked(irq(2)), "it is waited for");
    }
    check!(!gic.is_unmasked(irq(2)), "and masked when the wait is dropped");
}

/// An edge while nobody waits stays for the next wait, and is one.
fn edge(board: &Board, node: Node) {
    let (gic, held) = (board.gic, HeldLine::of_direct_timer());
    gic.set_trigger(irq(2), Trigger::Edge);
    let mut line = line(node);
    let mut cx = Context::from_waker(Waker::noop());
    let before = gic.stats().taken;
    held.hold(true);
    held.hold(false);
    settled();
    check!(gic.stats().taken == before && gic.is_pending(irq(2)), "an edge that nobody waits for stays pending");
    let mut wait = pin!(line.wait_async());
    while wait.as_mut().poll(&mut cx).is_pending() {}
    check!(gic.stats().taken == before + 1 && !gic.is_pending(irq(2)), "the next wait takes it, once");
}

/// ID 1023: the interrupt was withdrawn before the processor asked for it.
fn spurious(board: &Board, node: Node) {
    let gic = board.gic;
    let mut line = line(node);
    let mut cx = Context::from_waker(Waker::noop());
    let mut wait = pin!(line.wait_async());
    check!(wait.as_mut().poll(&mut cx).is_pending(), "nothing is pending on input 3");
    let taken = gic.stats().taken;
    critical_section::with(|_| {
        gic.pend(irq(3));
        settled();
        gic.unpend(irq(3));
        // As the handler would, had the processor been a little faster.
        dispatch();
    });
    check!(gic.stats().spurious == 1 && gic.stats().taken == taken, "an interrupt that was withdrawn is spurious");
    check!(wait.as_mut().poll(&mut cx).is_pending(), "it wakes nobody");
    gic.pend(irq(3));
    settled();
    check!(wait.as_mut().poll(&mut cx).is_ready(), "the next interrupt arrives as ever");
}

/// Nobody has claimed the interrupt: it is taken once, masked, and counted.
fn unclaimed(gic: &Gic) {
    let stray = irq(15);
    check!(!gic.is_unmasked(stray), "an interrupt without an owner is masked from the start");
    gic.pend(stray);
    settled();
    check!(gic.is_pending(stray) && gic.stats().unclaimed == 0, "and is not taken");
    gic.unpend(stray);
}

/// The priority mask holds back what is not above it; what waits behind it comes in the order of priorities.
fn priorities(board: &Board, nodes: [Node; 3]) {
    let gic = board.gic;
    let level = |level| match Priority::new(level) {
        Ok(priority) => priority,
        Err(error) => panic!("{error}"),
    };
    // Input 3 is the least urgent, input 5 the most.
    for (input, priority) in [(3, 20), (4, 12), (5, 4)] {
        gic.set_priority(irq(input), level(priority));
    }
    let mut cx = Context::from_waker(Waker::noop());
    let [mut third, mut fourth, mut fifth] = nodes.map(line);
    let mut third = pin!(third.wait_async());
    let mut fourth = pin!(fourth.wait_async());
    let mut fifth = pin!(fifth.wait_async());
    for wait in [&mut third, &mut fourth, &mut fifth] {
        check!(wait.as_mut().poll(&mut cx).is_pending(), "nothing is pending yet");
    }
    let taken = gic.stats().taken;
    gic.set_priority_mask(level(12));
    [3, 4, 5].into_iter().for_each(|input| gic.pend(irq(input)));
    settled();
    check!(gic.stats().taken == taken + 1, "a mask of 12 lets priority 4 through");
    check!(gic.is_pending(irq(3)) && gic.is_pending(irq(4)), "and holds back 20, and 12 itself");
    gic.set_priority_mask(level(13));
    settled();
    check!(gic.stats().taken == taken + 2 && gic.is_pending(irq(3)), "a mask of 13 lets 12 through");
    gic.set_priority_mask(Priority::LOWEST);
    settled();
    check!(gic.stats().taken == taken + 3 && !gic.is_pending(irq(3)), "without a mask the last one is taken");
    check!(fifth.as_mut().poll(&mut cx).is_ready(), "the most urgent was woken");
    check!(fourth.as_mut().poll(&mut cx).is_ready() && third.as_mut().poll(&mut cx).is_ready(), "and the others");
}

/// Two that are pending at once: the more urgent one is dispatched first.
fn order(board: &Board, nodes: [Node; 3]) {
    let gic = board.gic;
    let mut cx = Context::from_waker(Waker::noop());
    let [mut third, _, mut fifth] = nodes.map(line);
    let (mut first, mut second) = (pin!(third.wait_async()), pin!(fifth.wait_async()));
    assert!(first.as_mut().poll(&mut cx).is_pending() && second.as_mut().poll(&mut cx).is_pending());
    let fired = |node: Node| node.handle().line_stats(0).fired;
    let before = (fired(nodes[0]), fired(nodes[2]));
    critical_section::with(|_| {
        gic.pend(irq(3));
        gic.pend(irq(5));
        settled();
        dispatch();
        let after = (fired(nodes[0]) - before.0, fired(nodes[2]) - before.1);
        check!(after == (0, 1), "of two at once the more urgent one is dispatched first");
        dispatch();
    });
    settled();
    check!(first.as_mut().poll(&mut cx).is_ready() && second.as_mut().poll(&mut cx).is_ready(), "and then the other");
}

fn claims(board: &Board) {
    let again = GicLine::new(board.gic, irq(2));
    check!(matches!(again, Err(Error::Claimed { irq: owned }) if owned == irq(2)), "an interrupt has one owner");
    let free = GicLine::new(board.gic, irq(14));
    check!(free.is_ok() && GicLine::new(board.gic, irq(14)).is_err(), "until it is given back");
    drop(free);
    check!(GicLine::new(board.gic, irq(14)).is_ok(), "and then another one");
}

#[irq]
fn interrupt() {
    pynq_baremetal::zynq::dispatch();
}

#[entry]
fn main() -> ! {
    let board = Board::take();
    println!("gic: levels, edges, priorities");
    let direct = node(&board, 2);
    level(&board, direct);
    edge(&board, direct);
    let nodes = [node(&board, 3), node(&board, 4), node(&board, 5)];
    spurious(&board, nodes[0]);
    unclaimed(board.gic);
    priorities(&board, nodes);
    order(&board, nodes);
    claims(&board);
    println!("all of it");
    exit(0)
}
