//! Functions that are bus masters: their buffers are out of the program's hands while they run.

use std::{pin::pin, sync::Arc};

use pynq_core::{
    Table,
    dma::{DmaAllocator, DmaBuffer, DmaRequest},
    interrupt::{Node, StdLock},
};
use pynq_drivers::hls::{Accelerator, Argument, ControlProtocol, Core, HlsError, HlsHardware, Place, Pointers};
use pynq_sim::{
    Board, SimDmaMemory,
    models::hls::{HlsModel, HlsParams},
};

use super::rig::{RUN, poll_once};

static ARGUMENTS: [Argument; 4] = [
    Argument::new("count", 32, Place::Input { offset: 0x10 }),
    Argument::new("x", 64, Place::Input { offset: 0x18 }),
    Argument::new("y", 64, Place::Input { offset: 0x24 }),
    Argument::new("sum", 32, Place::Output { offset: 0x30, valid: Some(0x34) }),
];

/// Where the memory is: no pointer of 28 bits reaches it.
const BASE: u64 = 0x1000_0000;

struct Rig {
    board: Board,
    memory: SimDmaMemory,
    square: Accelerator,
}

/// `y[i] = x[i] * x[i]`, and the sum of them.
fn rig() -> Rig {
    let params = HlsParams::default().input("count", 32, 0x10).input("x", 64, 0x18).input("y", 64, 0x24);
    let params = params.output("sum", 32, 0x30).master("m_axi_gmem");
    let model = HlsModel::new(params, |args, memory, _| {
        let mut sum = 0_u32;
        for at in (0..args.get("count")).map(|index| 4 * index) {
            let mut word = [0; 4];
            memory.read(args.get("x") + at, &mut word).unwrap();
            let square = u32::from_le_bytes(word).wrapping_pow(2);
            memory.write(args.get("y") + at, &square.to_le_bytes()).unwrap();
            sum = sum.wrapping_add(square);
        }
        args.set("sum", sum.into());
        RUN
    });
    let board = Board::builder()
        .device("square", 0x4000_0000, 0x1_0000, model)
        .memory("ddr", BASE, 0x10_0000)
        .interrupt("square/interrupt", 61)
        .build()
        .unwrap();
    let memory = SimDmaMemory::new(&board, BASE, 0x10_0000).unwrap();
    let square = accelerator(&board, &ARGUMENTS);
    Rig { board, memory, square }
}

fn accelerator(board: &Board, arguments: &'static [Argument]) -> Accelerator {
    let core = Core { control: Some(ControlProtocol::Handshake), arguments: Table::new(arguments) };
    let hardware = HlsHardware::new(board.window("square").unwrap(), core).unwrap();
    Accelerator::new(Arc::pin(Node::new(StdLock::new(), hardware, board.cpu_pin(61).unwrap()))).unwrap()
}

impl Rig {
    fn buffer(&self, items: usize) -> DmaBuffer<u32> {
        let request = DmaRequest::new(4 * items);
        DmaBuffer::boxed(self.memory.allocate(&request).unwrap()).cast().unwrap()
    }
}

#[test]
fn the_function_sees_what_the_program_wrote_and_the_program_what_the_function_wrote() {
    let rig = rig();
    let (mut x, mut y) = (rig.buffer(64), rig.buffer(64));
    for round in 0..3_u32 {
        for (index, item) in (0..).zip(x.iter_mut()) {
            *item = index + round;
        }
        y.fill(7); // which the cache holds, and which must not be written over what the function writes
        let (from, to) = (Pointers::read(&["x"], x), Pointers::written(&["y"], y));
        let (back_x, back_y, [sum]) = rig.square.call_with(&[("count", 60.into())], from, to, ["sum"]).unwrap();
        let squares: Vec<u32> = (round..round + 60).map(|item| item * item).collect();
        assert_eq!((&back_y[..60], back_x[1]), (&squares[..], round + 1));
        assert_eq!(sum.to::<u32>().unwrap(), squares.iter().sum());
        (x, y) = (back_x, back_y);
    }
}

/// In place, by one pointer to each half.
#[test]
fn one_buffer_for_both() {
    let rig = rig();
    let mut data = rig.buffer(16);
    data.copy_from_slice(&[3; 16]);
    let halves = Pointers::both(&["x"], data);
    let y = rig.buffer(16);
    let (data, y, []) =
        rig.square.call_with(&[("count", 16.into())], halves, Pointers::written(&["y"], y), []).unwrap();
    assert_eq!((&data[..], &y[..]), (&[3; 16][..], &[9; 16][..]));
    let both = Pointers::both(&["x", "y"], [data, y]);
    let ([_, y], _, []) = rig.square.call_with(&[("count", 16.into())], both, Pointers::NONE, []).unwrap();
    assert_eq!(y[..], [9; 16]);
}

#[test]
fn what_is_wrong_is_refused_with_the_memory() {
    let rig = rig();
    let pointers = Pointers::read(&["x", "y"], rig.buffer(4));
    let failed = rig.square.call_with(&[], pointers, Pointers::NONE, []).unwrap_err();
    assert_eq!((failed.cause(), failed.is_leaked()), (&HlsError::Pieces { names: 2, pieces: 1 }, false));
    assert!(failed.to_string().contains("2 pointers were named for 1 buffers"), "{failed}");
    let failed = rig.square.call_with(&[], Pointers::read(&["sum"], rig.buffer(4)), Pointers::NONE, []).unwrap_err();
    assert!(matches!(failed.cause(), HlsError::WrongWay { .. }), "{failed}");

    static NARROW: [Argument; 1] = [Argument::new("x", 28, Place::Input { offset: 0x18 })];
    let narrow = accelerator(&rig.board, &NARROW);
    let failed = narrow.call_with(&[], Pointers::read(&["x"], rig.buffer(4)), Pointers::NONE, []).unwrap_err();
    assert!(failed.to_string().contains("beyond the pointer `x`, which has 28 bits"), "{failed}");
    assert!(failed.memory.is_some());
    assert_eq!(rig.board.window("square").unwrap().read(0x18), 0, "nothing was written");
}

/// A run that goes on keeps its memory: it is given to nobody else.
#[test]
fn dropped_before_the_start_it_is_free_and_afterwards_it_is_leaked() {
    let rig = rig();
    let free = |what: &str, expected: bool| {
        let all = rig.memory.allocate(&DmaRequest::new(0x10_0000));
        assert_eq!(all.is_ok(), expected, "{what}");
    };
    let pointers = || (Pointers::read(&["x"], rig.buffer(4)), Pointers::written(&["y"], rig.buffer(4)));
    let (from, to) = pointers();
    drop(rig.square.call_with_async(&[], from, to, []));
    free("not polled", true);
    rig.square.start().unwrap();
    {
        let (from, to) = pointers();
        let mut waits = pin!(rig.square.call_with_async(&[], from, to, []));
        assert!(poll_once(waits.as_mut()).is_pending());
        free("waits for its turn", false);
    }
    free("dropped while it waited for its turn", true);
    rig.square.done().unwrap();
    {
        let (from, to) = pointers();
        let mut runs = pin!(rig.square.call_with_async(&[], from, to, []));
        assert!(poll_once(runs.as_mut()).is_pending());
    }
    rig.board.advance(core::time::Duration::from_nanos(20 * RUN));
    free("dropped while it ran", false);
}

#[test]
fn a_deadline_that_passes_says_that_the_memory_is_leaked() {
    let rig = rig();
    let (from, to) = (Pointers::read(&["x"], rig.buffer(4)), Pointers::written(&["y"], rig.buffer(4)));
    let call = rig.square.call_with_async(&[], from, to, []);
    let failed = call.block_until(core::time::Duration::from_nanos(5 * RUN)).unwrap_err();
    assert!(failed.error.is_timed_out() && failed.is_leaked());
    assert!(failed.to_string().ends_with("the function may still access it)"), "{failed}");
    let (x, _, []) = rig
        .square
        .call_with(&[], Pointers::read(&["x"], rig.buffer(4)), Pointers::written(&["y"], rig.buffer(4)), [])
        .unwrap();
    assert_eq!(x.len(), 4);
}
