//! An AXI GPIO behind an AXI INTC on a simulated board, and the means to drive it by hand.
#![allow(dead_code)] // each test binary uses its part

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, BlockError, BlockName, axi_intc_node,
    interrupt::{NodeHandle, ParentLine, StdLock},
    mmio::{Recorded, Recorder},
};
use pynq_drivers::{
    AxiGpio, AxiGpioConfig, AxiGpioHardware,
    axi_gpio::{ChannelConfig, ChannelDirection, axi_gpio_node},
};
use pynq_sim::{
    Board, CpuPin, Window,
    models::{AxiGpioModel, AxiIntcModel, GpioChannel, GpioParams, IntcParams},
};

pub(crate) const DATA: usize = 0x000;
pub(crate) const TRI: usize = 0x004;
pub(crate) const GIER: usize = 0x11C;
pub(crate) const IP_ISR: usize = 0x120;
pub(crate) const IP_IER: usize = 0x128;

/// All inputs of the controller are levels.
pub(crate) const LEVEL: u32 = 0;
/// All inputs of the controller are edges, as on the PYNQ-Z1 and -Z2.
pub(crate) const EDGE: u32 = u32::MAX;

pub(crate) type GpioPin = pynq_drivers::axi_gpio::Pin;

/// The board of a test. The block's path is `gpio`, and its interrupt is input 3 of the controller.
pub(crate) struct Rig {
    pub(crate) gpio: AxiGpio,
    pub(crate) intc: NodeHandle,
    /// Records what the driver does.
    pub(crate) recorder: Arc<Recorder<Window>>,
    /// Reaches the block without being recorded.
    pub(crate) window: Window,
    pub(crate) cpu: CpuPin,
    pub(crate) board: Board,
}

fn model(config: &AxiGpioConfig, tri_state: bool) -> AxiGpioModel {
    let channel = |channel: ChannelConfig| GpioChannel {
        width: channel.width,
        all_inputs: channel.direction == ChannelDirection::Inputs,
        all_outputs: channel.direction == ChannelDirection::Outputs,
        dout_default: channel.dout_default,
        tri_default: channel.tri_default,
        tri_state,
    };
    AxiGpioModel::new(GpioParams {
        channel1: channel(config.channel1),
        channel2: config.channel2.map(channel),
        interrupt_present: config.interrupt,
    })
}

/// A board on which nothing has been claimed.
pub(crate) fn board(config: &AxiGpioConfig, kind_of_intr: u32, tri_state: bool) -> Board {
    let intc = IntcParams { inputs: 4, kind_of_intr, ..IntcParams::default() };
    Board::builder()
        .device("intc", 0x4180_0000, 0x1_0000, AxiIntcModel::new(intc))
        .device("gpio", 0x4120_0000, 0x1_0000, model(config, tri_state))
        .wire("gpio/ip2intc_irpt", "intc/intr[3]")
        .interrupt("intc/irq", 61)
        .build()
        .unwrap()
}

impl Rig {
    pub(crate) fn new(config: AxiGpioConfig, kind_of_intr: u32) -> Self {
        Self::on(board(&config, kind_of_intr, true), config, kind_of_intr, true)
    }

    /// The same with separate wires for input and output, so that an output does not read back.
    pub(crate) fn without_loopback(config: AxiGpioConfig) -> Self {
        Self::on(board(&config, EDGE, false), config, EDGE, true)
    }

    /// The same with an interrupt that goes nowhere.
    pub(crate) fn unwired(config: AxiGpioConfig) -> Self {
        Self::on(board(&config, EDGE, true), config, EDGE, false)
    }

    pub(crate) fn on(board: Board, config: AxiGpioConfig, kind_of_intr: u32, wired: bool) -> Self {
        let cpu = board.cpu_pin(61).unwrap();
        let hardware =
            AxiIntcHardware::new(board.window("intc").unwrap(), AxiIntcConfig::new(4, kind_of_intr)).unwrap();
        let intc = NodeHandle::from(Arc::pin(axi_intc_node(StdLock::new(), hardware, cpu.clone()))).erase();
        let window = board.window("gpio").unwrap();
        let recorder = Arc::new(Recorder::new(window.clone()));
        let hardware = AxiGpioHardware::new(Arc::clone(&recorder), config).unwrap();
        let parent = if wired { ParentLine::new(intc.clone(), 3) } else { ParentLine::UNWIRED };
        let gpio = AxiGpio::new(Arc::pin(axi_gpio_node(StdLock::new(), hardware, parent))).unwrap();
        recorder.take();
        Self { gpio, intc, recorder, window, cpu, board }
    }

    /// Four buttons.
    pub(crate) fn buttons(kind_of_intr: u32) -> Self {
        Self::new(AxiGpioConfig::new(ChannelConfig::inputs(4)).with_interrupt(), kind_of_intr)
    }

    /// Two channels of four inputs.
    pub(crate) fn dual(kind_of_intr: u32) -> Self {
        let config = AxiGpioConfig::new(ChannelConfig::inputs(4)).dual(ChannelConfig::inputs(4)).with_interrupt();
        Self::new(config, kind_of_intr)
    }

    pub(crate) fn pin(&self, pin: u8) -> GpioPin {
        self.gpio.channel1().pin(pin).unwrap()
    }

    pub(crate) fn pin2(&self, pin: u8) -> GpioPin {
        self.gpio.channel2().unwrap().pin(pin).unwrap()
    }

    pub(crate) fn press(&self, pin: u8) {
        self.board.press("gpio", pin).unwrap();
    }

    pub(crate) fn release(&self, pin: u8) {
        self.board.release("gpio", pin).unwrap();
    }

    /// What the driver wrote to a register, in order.
    pub(crate) fn writes(&self, register: usize) -> Vec<u32> {
        let value = |access| match access {
            Recorded::Write { offset, value } if offset == register => Some(value),
            _ => None,
        };
        self.recorder.take().into_iter().filter_map(value).collect()
    }

    /// Nothing waits, and no interrupt can reach the CPU.
    #[track_caller]
    pub(crate) fn assert_idle(&self) {
        assert!(self.gpio.node().is_idle(), "the GPIO's node is at rest");
        assert!(self.intc.is_idle(), "the controller's node is at rest");
        assert!(!self.cpu.is_armed(), "the CPU pin is masked");
        assert_eq!(self.window.read(IP_IER), 0, "the channels are masked");
    }
}

/// Counts how often a task was woken.
#[derive(Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A task that is polled by hand.
pub(crate) struct Task<'a, T> {
    future: Option<Pin<Box<dyn Future<Output = T> + 'a>>>,
    wakes: Arc<Wakes>,
    seen: usize,
}

impl<'a, T> Task<'a, T> {
    pub(crate) fn new(future: impl Future<Output = T> + 'a) -> Self {
        Self { future: Some(Box::pin(future)), wakes: Arc::default(), seen: 0 }
    }

    /// A task that has been polled once and waits.
    #[track_caller]
    pub(crate) fn waiting(future: impl Future<Output = T> + 'a) -> Self {
        let mut task = Self::new(future);
        assert!(task.poll().is_pending(), "there is nothing to wait for");
        task
    }

    pub(crate) fn poll(&mut self) -> Poll<T> {
        self.seen = self.wakes();
        let waker = Waker::from(Arc::clone(&self.wakes));
        let future = self.future.as_mut().expect("it has not completed");
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        if polled.is_ready() {
            self.future = None;
        }
        polled
    }

    /// Whether it was woken since it was last polled.
    pub(crate) fn is_woken(&self) -> bool {
        self.future.is_some() && self.wakes() != self.seen
    }

    /// How often it has been woken.
    pub(crate) fn wakes(&self) -> usize {
        self.wakes.0.load(Ordering::SeqCst)
    }
}

/// `error`, of a block without a name.
pub(crate) fn of_block<E>(error: E) -> BlockError<E> {
    BlockError::new(BlockName::NONE, error)
}

/// Polls once.
pub(crate) fn poll_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}
