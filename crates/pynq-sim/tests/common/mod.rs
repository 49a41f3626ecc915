//! A small board, and a waker that counts.
#![allow(dead_code)] // each test binary uses its part

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use std::task::{Context, Poll, Wake, Waker};

use pynq_core::interrupt::InterruptSource;
use pynq_sim::{
    Board, CpuPin,
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
    pin.poll_fired(&mut Context::from_waker(waker))
}
