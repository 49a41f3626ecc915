//! What is refused, with nothing written, and what it says.

use std::{sync::Arc, task::Poll};

use pynq_core::{
    Error, Table,
    interrupt::{Node, ParentLine, StdLock},
};
use pynq_drivers::hls::{Accelerator, Argument, Core, HlsConfigError, HlsError, HlsHardware, Place};

use super::rig::{PLAIN, RUN, Rig, poll_once};

fn cause<T: std::fmt::Debug>(result: pynq_drivers::hls::Result<T>) -> HlsError {
    result.unwrap_err().into_cause()
}

#[test]
fn arguments_are_checked_before_anything_is_written() {
    let rig = Rig::new(PLAIN);
    let (core, x) = (&rig.core, ("x", 1.into()));
    let outside = |first, count| cause(core.write_memory("table", first, &vec![0; count]));
    let cases = [
        (
            cause(core.call(&[x, ("z", 1.into())], [])),
            "no argument `z`; the accelerator has `x`, `y`, `k`, `sum`, `twice`, `table`",
        ),
        (cause(core.call(&[x, ("y", 1.into())], [])), "`y` is an output and can't be written"),
        (cause(core.call(&[x, ("k", 4096.into())], [])), "the value does not fit `k`, which has 12 bits"),
        (cause(core.call(&[x, ("k", 1.5_f32.into())], [])), "the value does not fit `k`"),
        (cause(core.call(&[x], ["k"])), "`k` is an input and can't be read as a result"),
        (
            cause(core.call(&[x], ["table"])),
            "`table` is an array and can't be read as a result as a number; use `read_memory`",
        ),
        (cause(core.get::<u32>("sum")), "`sum` has 64 bits and can't be read as a type of 32"),
        (cause(core.get::<f64>("y")), "`y` has 32 bits and can't be read as a type of 64"),
        (cause(core.read_memory("x", 0, &mut [0])), "`x` is an input and can't be used as an array"),
        (outside(10, 7), "`table` has 16 words, and 7 from word 10 on were requested"),
        (outside(usize::MAX, 2), "`table` has 16 words"),
    ];
    for (error, says) in cases {
        assert!(error.to_string().starts_with(says), "{error}\nis not\n{says}");
    }
    assert_eq!((rig.window.read(0x10), rig.runs()), (0, 0), "nothing was written");
    let long = cause(core.set(&"ä".repeat(40), 1)).to_string();
    assert!(long.starts_with(&format!("no argument `{}..`", "ä".repeat(19))), "{long}");
}

#[test]
fn an_output_that_was_not_written_is_no_result() {
    let rig = Rig::new(PLAIN);
    rig.core.call(&[("x", 1.into()), ("twice", 4.into())], []).unwrap();
    // Of the run before, and not read: it is not this one's.
    let error = cause(rig.core.call(&[("x", (-1).into())], ["twice"]));
    assert!(matches!(&error, HlsError::NotWritten { .. }) && error.to_string().contains("has not written `twice`"));
    let [twice] = rig.core.call(&[("x", 1.into())], ["twice"]).unwrap();
    assert_eq!(twice.to::<u32>(), Ok(8));
}

#[test]
fn without_an_interrupt_nothing_is_started_that_would_be_awaited() {
    let rig = Rig::with(PLAIN, false, |_| ());
    for error in [cause(rig.core.call(&[], [])), cause(rig.core.begin(&[]))] {
        assert_eq!(error, HlsError::NoInterrupt);
        assert!(error.to_string().contains("connect its output `interrupt`"), "{error}");
    }
    assert_eq!(rig.runs(), 0);
    rig.core.start().unwrap();
    assert_eq!(cause(rig.core.done()), HlsError::NoInterrupt);
}

#[test]
fn arguments_are_not_changed_before_they_were_taken() {
    for pipelined in [false, true] {
        let rig = Rig::new(super::rig::Built { pipelined, ..PLAIN });
        rig.core.set("x", 1).unwrap();
        rig.core.start().unwrap();
        assert_eq!(cause(rig.core.set("x", 2)), HlsError::Busy);
        assert_eq!(cause(rig.core.start()), HlsError::Busy);
        assert_eq!(cause(rig.core.read_memory("table", 0, &mut [0])), HlsError::Busy);
        rig.clocks(if pipelined { super::rig::TAKES } else { RUN });
        rig.core.set("x", 2).unwrap();
        rig.core.start().unwrap();
        rig.clocks(10 * RUN);
        assert_eq!(*rig.calls.lock().unwrap(), [1, 2]);
    }
}

#[test]
fn a_result_that_was_overwritten_says_so() {
    let rig = Rig::new(super::rig::Built { pipelined: true, ..PLAIN });
    let mut first = rig.core.begin_async(&[("x", 1.into())]).block().unwrap();
    let mut second = rig.core.begin_async(&[("x", 2.into())]).block().unwrap();
    rig.clocks(10 * RUN);
    assert_eq!(cause(first.done(["y"])), HlsError::Overwritten);
    let [y] = second.done(["y"]).unwrap();
    assert_eq!(y.to::<i32>(), Ok(2));
    assert_eq!(cause(second.done(["y"])), HlsError::AlreadyTaken);
}

#[test]
fn arguments_only() {
    let rig = Rig::new(PLAIN);
    static ONE: [Argument; 1] = [Argument::new("x", 32, Place::Input { offset: 0x10 })];
    let arguments = Table::new(&ONE);
    let core = Core { control: None, arguments };
    let hardware = HlsHardware::new(rig.board.window("core").unwrap(), core).unwrap();
    let core = Accelerator::new(Arc::pin(Node::new(StdLock::new(), hardware, ParentLine::UNWIRED))).unwrap();
    core.set("x", 77).unwrap();
    assert_eq!((rig.window.read(0x10), core.get::<u8>("x").is_err(), core.get::<u32>("x")), (77, true, Ok(77)));
    assert_eq!(cause(core.start()), HlsError::NoControl);
    assert_eq!(cause(core.call(&[], [])), HlsError::NoControl);
    assert_eq!(cause(core.is_idle()), HlsError::NoControl);
    assert_eq!(cause(core.done_events()), HlsError::NoControl);
    assert_eq!(rig.runs(), 0);
}

#[test]
fn what_the_handoff_file_says_is_held_against_the_window() {
    let rig = Rig::new(PLAIN);
    static FAR: [Argument; 1] = [Argument::new("far", 64, Place::Input { offset: 0xFFFC })];
    let core = Core { control: None, arguments: Table::new(&FAR) };
    let error = HlsHardware::new(rig.board.window("core").unwrap(), core).unwrap_err();
    assert!(matches!(error, HlsConfigError::ArgumentOutside { end: 0x1_0004, size: 0x1_0000, .. }), "{error}");
}

#[test]
fn a_replaced_design_ends_what_waits() {
    let rig = Rig::new(PLAIN);
    let mut call = std::pin::pin!(rig.core.call_async(&[], ["y"]));
    assert!(poll_once(call.as_mut()).is_pending());
    rig.core.node().invalidate(Error::Invalidated);
    match poll_once(call.as_mut()) {
        Poll::Ready(Err(error)) => assert!(error.is_invalidated()),
        other => panic!("{other:?}"),
    }
    assert!(rig.core.start().unwrap_err().is_invalidated());
}
