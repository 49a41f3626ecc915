//! The simulated board: how long one takes to build, and what accesses and events cost, with up to a thousand blocks.

use std::{
    future::Future,
    hint::black_box,
    pin::pin,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

use pynq_bench::{Curve, Row, Rows};
use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, Error, axi_intc_node,
    interrupt::{Condition, NodeHandle, ParentLine, StdLock},
};
use pynq_drivers::{
    AxiGpioConfig, AxiGpioHardware,
    axi_gpio::{ChannelConfig, axi_gpio_node},
};
use pynq_sim::{
    Board,
    models::{AxiGpioModel, AxiIntcModel, GpioChannel, GpioParams, IntcParams},
};

use crate::handoff::File;

const GROUP: &str = "Simulated board";
const BLOCKS: [u32; 7] = [1, 3, 10, 30, 100, 300, 1_000];
/// The processor's interrupt that the controller raises.
const PIN: u32 = 61;

/// A controller and this many GPIOs; the first 32 are on its lines.
pub(crate) fn board(blocks: u32) -> Board {
    let params = GpioParams { channel1: GpioChannel::inputs(4), interrupt_present: true, ..GpioParams::default() };
    let intc = IntcParams { inputs: 32, kind_of_intr: !0, ..IntcParams::default() };
    let mut builder = Board::builder().device("intc", 0x4180_0000, 0x1000, AxiIntcModel::new(intc));
    for number in 0..blocks {
        let (name, base) = (format!("gpio{number}"), 0x4200_0000 + u64::from(number) * 0x1000);
        builder = builder.device(&name, base, 0x1000, AxiGpioModel::new(params));
        if number < 32 {
            builder = builder.wire(&format!("{name}/ip2intc_irpt"), &format!("intc/intr[{number}]"));
        }
    }
    builder.interrupt("intc/irq", PIN).build().expect("a board")
}

/// The last block reads a register.
fn access(board: &Board, blocks: u32) -> impl FnMut(u32) + use<> {
    let window = board.window(&format!("gpio{}", blocks - 1)).expect("a GPIO");
    move |count| {
        (0..count).for_each(|_| {
            black_box(window.read(0x004));
        })
    }
}

/// A pin of the last block changes, at a later time each.
fn event(board: &Board, blocks: u32) -> impl FnMut(u32) + use<> {
    let (board, name) = (board.clone(), format!("gpio{}", blocks - 1));
    let mut level = false;
    move |count| {
        for _ in 0..count {
            level = !level;
            let (name, now) = (name.clone(), level);
            board.after(Duration::from_micros(1), move |board| board.input(&name, 1, 0, now).expect("a pin"));
            board.advance(Duration::from_micros(1));
        }
    }
}

/// Someone presses a button, and the task that awaits it sees it.
fn press() -> impl FnMut(u32) {
    let board = board(1);
    let config = AxiIntcConfig::new(32, !0);
    let hardware = AxiIntcHardware::new(board.window("intc").expect("a window"), config).expect("a controller");
    let intc = Arc::pin(axi_intc_node(StdLock::new(), hardware, board.cpu_pin(PIN).expect("a pin")));
    let config = AxiGpioConfig::new(ChannelConfig::inputs(4)).with_interrupt();
    let hardware = AxiGpioHardware::new(board.window("gpio0").expect("a window"), config).expect("a GPIO");
    let gpio = NodeHandle::from(Arc::pin(axi_gpio_node(StdLock::new(), hardware, ParentLine::new(intc, 0))));
    let mut level = false;
    move |count| {
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..count {
            let mut wait = pin!(gpio.wait_for::<Error>(0, Condition::Change { mask: 1, since: None }));
            assert!(wait.as_mut().poll(&mut cx).is_pending(), "nothing has changed");
            level = !level;
            board.input("gpio0", 1, 0, level).expect("a pin");
            assert!(wait.as_mut().poll(&mut cx).is_ready(), "it has changed");
        }
    }
}

pub(crate) fn rows<'a>(rows: &mut Rows<'a>, files: &'a [File]) {
    rows.push(Row::new(GROUP, "a button's press, to its task", 200, press()));
    for (number, file) in files.iter().enumerate() {
        let design = file.design();
        let name = format!("built from the design of {}", file.group().replace("Handoff file ", ""));
        let count = if number == 0 { 20 } else { 2 };
        let run = move |count| {
            (0..count).for_each(|_| drop(black_box(Board::from_design(black_box(&design)).expect("a board"))));
        };
        rows.push(Row::new(GROUP, &name, count, run));
    }
}

/// What each costs, by the number of blocks.
pub(crate) fn curves(rounds: u32) -> Vec<Curve> {
    const KINDS: [(&str, &str); 3] = [
        ("a register read", "ns each"),
        ("a pin that changes at its time", "ns each"),
        ("building the board, each block", "ns each"),
    ];
    let boards: Vec<(u32, Board)> = BLOCKS.iter().map(|&blocks| (blocks, board(blocks))).collect();
    let mut rows = Rows::default();
    for (blocks, made) in &boards {
        let group = blocks.to_string();
        rows.push(Row::new(&group, KINDS[0].0, 5_000, access(made, *blocks)));
        rows.push(Row::new(&group, KINDS[1].0, 1_000, event(made, *blocks)));
        let build = move |count| (0..count).for_each(|_| drop(black_box(board(*blocks))));
        rows.push(Row::new(&group, KINDS[2].0, (200 / blocks).max(1), build).per(*blocks));
    }
    rows.measure(rounds);
    let curve = |(name, y): (&str, &'static str)| {
        let points = BLOCKS.iter().filter_map(|x| Some((*x, rows.get(&x.to_string(), name)?.nanoseconds()))).collect();
        Curve { group: "Blocks on the simulated board".to_owned(), name: name.to_owned(), x: "blocks", y, points }
    };
    KINDS.map(curve).to_vec()
}
