//! A small board, and a waker that counts.
#![allow(dead_code)] // each test binary uses its part
#![allow(clippy::unwrap_used)] // helpers of tests, outside of a #[test]

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use pynq_core::interrupt::{self, InterruptHardware, InterruptSource, StdLock};
use pynq_sim::{
    Board, CpuPin, Window,
    models::{AxiGpioModel, AxiIntcModel, GpioChannel, GpioParams, IntcParams, RegisterModel},
};

pub(crate) const INTC: u64 = 0x4180_0000;
pub(crate) const BTNS: u64 = 0x4120_0000;
pub(crate) const LEDS: u64 = 0x4121_0000;
pub(crate) const RAM: u64 = 0x4000_0000;
pub(crate) const IRQ: u32 = 61;

/// Buttons on input 0 of a controller, something unknown on input 1; four LEDs; a block RAM.
pub(crate) fn small(kind_of_intr: u32) -> Board {
    let buttons = GpioParams { channel1: GpioChannel::inputs(4), interrupt_present: true, ..GpioParams::default() };
    let leds = GpioParams { channel1: GpioChannel::outputs(4), ..GpioParams::default() };
    Board::builder()
        .device("intc", INTC, 0x1_0000, AxiIntcModel::new(IntcParams { inputs: 3, kind_of_intr, ..Default::default() }))
        .device("btns", BTNS, 0x1_0000, AxiGpioModel::new(buttons))
        .device("leds", LEDS, 0x1_0000, AxiGpioModel::new(leds))
        .device("mystery", 0x43C0_0000, 0x1000, RegisterModel::new().with_output("irq".into(), 1))
        .memory("ram", RAM, 0x2000)
        .wire("btns/ip2intc_irpt", "intc/intr[0]")
        .wire("mystery/irq", "intc/intr[1]")
        .external("iop/flop/q", "intc/intr[2]")
        .interrupt("intc/irq", IRQ)
        .build()
        .unwrap()
}

/// Enables everything between the buttons and the CPU pin.
pub(crate) fn enable(board: &Board) {
    let (intc, btns) = (board.window("intc").unwrap(), board.window("btns").unwrap());
    btns.write(0x128, 1);
    btns.write(0x11C, 1 << 31);
    intc.write(0x0C, u32::MAX);
    intc.write(0x1C, 3);
    intc.write(0x10, 0b111);
}

#[derive(Default)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

pub(crate) fn count() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count::default());
    (Arc::clone(&count), Waker::from(count))
}

pub(crate) fn poll(pin: &CpuPin, waker: &Waker) -> Poll<Result<(), pynq_core::Error>> {
    std::pin::Pin::new(&pin).poll_fired(&mut Context::from_waker(waker))
}

/// The least of a driver for the interrupt controller, so that the engine can be run on the board.
#[derive(Debug)]
pub(crate) struct Controller {
    window: Window,
    edges: u32,
}

impl InterruptHardware for Controller {
    type Lines = pynq_core::interrupt::Lines<32>;

    fn unmask(&mut self, lines: u32) {
        self.window.write(0x0C, lines & !self.edges);
        self.window.write(0x10, lines);
    }

    fn mask(&mut self, lines: u32) {
        self.window.write(0x14, lines);
    }

    fn ack_pending(&mut self, lines: u32) -> u32 {
        let pending = self.window.read(0x00) & lines;
        self.window.write(0x0C, pending & self.edges);
        pending
    }

    fn take_latched(&mut self, lines: u32) -> u32 {
        self.ack_pending(lines & self.edges)
    }

    fn clears_on_ack(&self) -> u32 {
        self.edges
    }

    fn read_back(&mut self) {
        let _ = self.window.read(0x08);
    }
}

pub(crate) type Node = Pin<Arc<interrupt::Node<Controller, StdLock, CpuPin>>>;

/// The controller of a [`small`] board, under the engine.
pub(crate) fn node(board: &Board, edges: u32) -> Node {
    let window = board.window("intc").unwrap();
    window.write(0x1C, 3);
    let pin = board.cpu_pin(IRQ).unwrap();
    Arc::pin(interrupt::Node::new(StdLock::new(), Controller { window, edges }, pin))
}

/// A round-robin executor without threads: polls the tasks that were woken, in order.
#[derive(Default)]
pub(crate) struct Executor(Vec<(Arc<Flag>, Option<Task>)>);

type Task = Pin<Box<dyn Future<Output = ()>>>;

pub(crate) struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Executor {
    pub(crate) fn spawn(&mut self, future: impl Future<Output = ()> + 'static) {
        self.0.push((Arc::new(Flag(AtomicBool::new(true))), Some(Box::pin(future))));
    }

    /// Runs until no task is woken. Returns how many tasks are left.
    pub(crate) fn run(&mut self) -> usize {
        let mut woken = true;
        while std::mem::take(&mut woken) {
            for (flag, task) in &mut self.0 {
                if flag.0.swap(false, Ordering::SeqCst) {
                    woken = true;
                    let waker = Waker::from(Arc::clone(flag));
                    let done = |task: &mut Task| task.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
                    if task.as_mut().is_some_and(done) {
                        *task = None;
                    }
                }
            }
        }
        self.0.iter().filter(|(_, task)| task.is_some()).count()
    }
}
