//! What the suite has no place for: faults of a simulated board, a design that is replaced, a block that is not wired.
#![allow(clippy::unwrap_used)] // a test may

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
};

use pynq_core::{
    AxiIntc, AxiIntcConfig, AxiIntcHardware, Error, Mmio, axi_intc_node,
    interrupt::{Condition, Fired, Line, NodeHandle, ParentLine, StdLock},
};
use pynq_drivers::{
    AxiGpioConfig, AxiGpioHardware,
    axi_gpio::{ChannelConfig, axi_gpio_node},
};
use pynq_sim::{
    Board, CpuPin, Window,
    models::{AxiGpioModel, AxiIntcModel, GpioChannel, GpioParams, IntcParams},
};

const DATA: usize = 0x000;
const IP_ISR: usize = 0x120;
const IP_IER: usize = 0x128;

type Waiting = Pin<Box<dyn Future<Output = Result<Fired, Error>>>>;

/// The GPIO's registers, behind which pin 1 may change whenever the status is read.
struct Bouncing {
    window: Window,
    board: Board,
    bounces: AtomicBool,
}

// SAFETY: passed on to the window.
unsafe impl Mmio for Bouncing {
    fn size(&self) -> usize {
        self.window.size()
    }

    unsafe fn read32(&self, offset: usize) -> u32 {
        if offset == IP_ISR && self.bounces.load(SeqCst) {
            let high = self.window.read(DATA) & 0b10 == 0;
            self.board.input("gpio", 1, 1, high).unwrap();
        }
        // SAFETY: passed on.
        unsafe { self.window.read32(offset) }
    }

    unsafe fn write32(&self, offset: usize, value: u32) {
        // SAFETY: passed on.
        unsafe { self.window.write32(offset, value) }
    }
}

/// A GPIO on input 0 of a controller with edge inputs, which has two software interrupts above them.
struct Rig {
    board: Board,
    cpu: CpuPin,
    intc: NodeHandle<AxiIntcHardware<Window>>,
    gpio: NodeHandle<AxiGpioHardware>,
    registers: Arc<Bouncing>,
}

impl Rig {
    fn new() -> Self {
        Self::wired(true)
    }

    fn wired(wired: bool) -> Self {
        let intc = IntcParams { inputs: 4, sw: 2, kind_of_intr: 0b1111, ..IntcParams::default() };
        let gpio = GpioParams { channel1: GpioChannel::inputs(4), interrupt_present: true, ..GpioParams::default() };
        let board = Board::builder()
            .device("intc", 0x4180_0000, 0x1_0000, AxiIntcModel::new(intc))
            .device("gpio", 0x4120_0000, 0x1_0000, AxiGpioModel::new(gpio))
            .wire("gpio/ip2intc_irpt", "intc/intr[0]")
            .interrupt("intc/irq", 61)
            .build()
            .unwrap();
        let cpu = board.cpu_pin(61).unwrap();
        let config = AxiIntcConfig { software_interrupts: 2, ..AxiIntcConfig::new(4, 0b1111) };
        let hardware = AxiIntcHardware::new(board.window("intc").unwrap(), config).unwrap();
        let intc = NodeHandle::from(Arc::pin(axi_intc_node(StdLock::new(), hardware, cpu.clone())));
        let config = AxiGpioConfig::new(ChannelConfig::inputs(4)).with_interrupt();
        let window = board.window("gpio").unwrap();
        let registers = Arc::new(Bouncing { window, board: board.clone(), bounces: AtomicBool::new(false) });
        let hardware = AxiGpioHardware::new(Arc::clone(&registers), config).unwrap();
        let parent = if wired { ParentLine::new(intc.clone(), 0) } else { ParentLine::UNWIRED };
        let gpio = NodeHandle::from(Arc::pin(axi_gpio_node(StdLock::new(), hardware, parent)));
        Self { board, cpu, intc, gpio, registers }
    }

    fn pin_is_high(&self, pin: u8) -> Waiting {
        let (node, mask) = (self.gpio.clone(), 1 << pin);
        Box::pin(async move { node.wait_for(0, Condition::Level { mask, value: mask }).await })
    }

    fn line(&self, line: u8) -> Waiting {
        wait(&self.intc, line)
    }
}

fn wait<Hw: 'static>(node: &NodeHandle<Hw>, line: u8) -> Waiting {
    let mut line = Line::new(node.clone(), line).unwrap();
    Box::pin(async move { line.wait_async().await })
}

fn poll(wait: &mut Waiting) -> Poll<Result<Fired, Error>> {
    wait.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[track_caller]
fn ends(wait: &mut Waiting) {
    let ended = poll(wait);
    assert!(matches!(ended, Poll::Ready(Ok(_))), "{ended:?}");
}

/// A pin that changes as fast as it is served.
#[test]
fn i03_a_line_that_does_not_go_quiet_is_masked_and_its_waiters_are_told() {
    let rig = Rig::new();
    let (mut first, mut second) = (rig.pin_is_high(0), rig.pin_is_high(2));
    assert!(poll(&mut first).is_pending() && poll(&mut second).is_pending());
    rig.registers.bounces.store(true, SeqCst);
    rig.board.input("gpio", 1, 3, true).unwrap();
    for wait in [&mut first, &mut second] {
        assert_eq!(poll(wait), Poll::Ready(Err(Error::LineStuck { line: 0 })));
    }
    assert_eq!(rig.gpio.line_stats(0).stuck, 1);
    assert!(rig.gpio.is_idle() && rig.intc.is_idle() && !rig.cpu.is_armed());
    assert_eq!(rig.registers.window.read(IP_IER), 0, "the channel is masked");
    // Nothing is lost for good: when the pin has calmed down, waits work as before.
    rig.registers.bounces.store(false, SeqCst);
    let mut again = rig.pin_is_high(0);
    assert!(poll(&mut again).is_pending());
    rig.board.press("gpio", 0).unwrap();
    ends(&mut again);
    assert!(rig.gpio.is_idle() && rig.intc.is_idle());
}

/// A bound on the drain must not be one on the number of events.
#[test]
fn i03_a_line_may_fire_any_number_of_times() {
    let rig = Rig::new();
    let mut listener = std::pin::pin!(Line::new(rig.intc.clone(), 1).unwrap().listen());
    listener.as_mut().arm().unwrap();
    for _ in 0..1_000 {
        rig.board.pulse_line("intc/intr[1]").unwrap();
    }
    let stats = rig.intc.line_stats(1);
    assert_eq!((stats.fired, stats.stuck), (1_000, 0));
    let fired = listener.as_mut().next().unwrap();
    assert_eq!(fired.missed, 999);
}

#[test]
fn i08_a_design_that_is_replaced_is_not_touched_by_the_handles_of_the_old_one() {
    let rig = Rig::new();
    let (mut pressed, mut edge) = (rig.pin_is_high(0), rig.line(1));
    let mut handle = Line::new(rig.intc.clone(), 2).unwrap();
    assert!(poll(&mut pressed).is_pending() && poll(&mut edge).is_pending());
    rig.gpio.invalidate(Error::Invalidated);
    rig.intc.invalidate(Error::Invalidated);
    rig.board.reload();
    for wait in [&mut pressed, &mut edge] {
        assert_eq!(poll(wait), Poll::Ready(Err(Error::Invalidated)));
    }
    rig.board.press("gpio", 0).unwrap();
    rig.board.pulse_line("intc/intr[1]").unwrap();
    rig.cpu.fire_spuriously();
    assert_eq!(handle.clear(), Err(Error::Invalidated));
    assert_eq!(handle.wait(), Err(Error::Invalidated));
    assert_eq!(AxiIntc::new(rig.intc.clone()).raise(4), Err(Error::Invalidated));
    assert_eq!(poll(&mut rig.pin_is_high(1)), Poll::Ready(Err(Error::Invalidated)));
    drop((pressed, edge, handle));
    assert_eq!(rig.board.stale_accesses(), 0);
    assert!(rig.gpio.is_idle() && rig.intc.is_idle());
}

#[test]
fn i08_the_first_error_stays() {
    let rig = Rig::new();
    rig.intc.invalidate(Error::Invalidated);
    rig.cpu.fail(Error::DeviceGone);
    rig.intc.invalidate(Error::DeviceGone);
    assert_eq!(Line::new(rig.intc.clone(), 0).err(), Some(Error::Invalidated));
}

#[test]
fn a_block_that_is_not_wired_refuses_to_wait_and_leaves_nothing_behind() {
    let rig = Rig::wired(false);
    for _ in 0..2 {
        let mut refused = rig.pin_is_high(0);
        let ended = match poll(&mut refused) {
            Poll::Pending => poll(&mut refused),
            ended => ended,
        };
        assert_eq!(ended, Poll::Ready(Err(Error::InterruptsUnavailable)));
        assert!(rig.gpio.is_idle());
    }
    let mut changes = Line::of_bits(rig.gpio.clone(), 0, 1).unwrap();
    assert_eq!(changes.wait(), Err(Error::InterruptsUnavailable));
    assert_eq!(rig.registers.window.read(IP_IER), 0);
}

/// The source's fault, and what comes after it is none the worse.
#[test]
fn an_edge_that_the_wire_loses_is_one_edge() {
    let rig = Rig::new();
    rig.board.lose_edge("intc/intr[1]").unwrap();
    let mut edge = rig.line(1);
    assert!(poll(&mut edge).is_pending());
    rig.board.pulse_line("intc/intr[1]").unwrap();
    assert!(poll(&mut edge).is_pending());
    rig.board.pulse_line("intc/intr[1]").unwrap();
    ends(&mut edge);
    assert_eq!(rig.intc.line_stats(1).fired, 1);
}

#[test]
fn only_software_interrupts_are_raised_by_a_write() {
    let rig = Rig::new();
    let intc = AxiIntc::new(rig.intc.clone());
    assert_eq!(intc.raise(3), Err(Error::NotASoftwareInterrupt { line: 3 }));
    assert_eq!(intc.raise(6), Err(Error::NoSuchLine { line: 6, lines: 6 }));
    let (mut one, mut other) = (rig.line(4), rig.line(5));
    assert!(poll(&mut one).is_pending() && poll(&mut other).is_pending());
    intc.raise(5).unwrap();
    assert!(poll(&mut one).is_pending());
    ends(&mut other);
    intc.raise(4).unwrap();
    ends(&mut one);
    assert!(rig.intc.is_idle() && !rig.cpu.is_armed());
}
