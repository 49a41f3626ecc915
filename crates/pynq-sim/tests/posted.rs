//! Posted writes under the interrupt engine: what a driver without a read-back loses.
#![allow(clippy::unwrap_used)] // helpers of tests, outside of a #[test]

use core::time::Duration;
use std::sync::Arc;

use pynq_core::{
    Instant,
    interrupt::{InterruptHardware, Line, Lines, Node, NodeHandle, StdLock},
};
use pynq_sim::{
    Board, BusTiming, Window,
    models::{AxiGpioModel, GpioChannel, GpioParams},
};

/// The status of a GPIO as a level that its user clears, right at the processor: the line is masked from an interrupt to the
/// next wait.
struct Status {
    window: Window,
    reads_back: bool,
}

impl InterruptHardware for Status {
    type Lines = Lines<1>;

    fn unmask(&mut self, _: u32) {
        self.window.write(0x128, 1);
        self.window.write(0x11C, 1 << 31);
    }

    fn mask(&mut self, _: u32) {
        self.window.write(0x11C, 0);
    }

    fn ack_pending(&mut self, _: u32) -> u32 {
        self.window.read(0x120) & 1
    }

    fn clears_on_ack(&self) -> u32 {
        0
    }

    fn read_back(&mut self) {
        if self.reads_back {
            let _ = self.window.read(0x128);
        }
    }
}

/// Interrupts that 20 changes of a pin cause, a millisecond apart.
fn interrupts(timing: BusTiming, reads_back: bool) -> u64 {
    let inputs = GpioParams { channel1: GpioChannel::inputs(1), interrupt_present: true, ..GpioParams::default() };
    let board = Board::builder()
        .device("gpio", 0x1000, 0x1000, AxiGpioModel::new(inputs))
        .interrupt("gpio/ip2intc_irpt", 61)
        .build()
        .unwrap();
    board.set_bus_timing(timing);
    let hardware = Status { window: board.window("gpio").unwrap(), reads_back };
    let node = Arc::pin(Node::new(StdLock::new(), hardware, board.cpu_pin(61).unwrap()));
    let mut line = Line::new(NodeHandle::from(node).erase(), 0).unwrap();
    for change in 1..=20_u64 {
        board.at(Instant::from_millis(change), move |board| board.input("gpio", 1, 0, change % 2 == 1).unwrap());
    }
    let gpio = board.window("gpio").unwrap();
    let events = board.block_on(async {
        let mut events = 0;
        while events < 20 {
            line.wait_async().await.unwrap();
            gpio.write(0x120, 1);
            events += 1;
        }
        events
    });
    assert_eq!(events, Ok(20));
    board.cpu_pin(61).unwrap().interrupts()
}

#[test]
fn a_driver_without_a_read_back_is_interrupted_for_nothing() {
    let nanos = Duration::from_nanos;
    let posted = BusTiming::posted(nanos(150), nanos(100), 8);
    assert_eq!(
        interrupts(BusTiming::default(), false),
        20,
        "where writes have arrived when they return, it does no harm"
    );
    assert_eq!(interrupts(posted, true), 20);
    assert!(interrupts(posted, false) > 20, "the mask has not arrived when the task waits again");
}
