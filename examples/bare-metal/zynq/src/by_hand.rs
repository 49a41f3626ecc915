//! An interrupt handler without an engine: what one writes for one device and one task.
//!
//! The accesses are those that the engine and its driver make for the same interrupt, in the same order.

use core::{
    sync::atomic::{AtomicBool, Ordering},
    task::Waker,
    time::Duration,
};

use embassy_sync::waitqueue::AtomicWaker;
use pynq_baremetal::zynq::{GicCpuRegisters, GicDistributorRegisters};
use pynq_core::Volatile;
use pynq_drivers::axi_timer::{AxiTimerRegisters, TimerControl};

use crate::board::registers;

static WAKER: AtomicWaker = AtomicWaker::new();
static FIRED: AtomicBool = AtomicBool::new(false);

/// The timer's interrupt, 63, in the second register of one bit each.
const BIT: u32 = 1 << 31;
const REGISTER: usize = 1;

/// Nanoseconds of the timer's clock.
const CLOCK: u128 = 10;

struct Windows {
    distributor: GicDistributorRegisters<Volatile>,
    cpu: GicCpuRegisters<Volatile>,
    timer: AxiTimerRegisters<Volatile>,
}

#[inline(always)]
fn windows() -> Windows {
    let distributor = GicDistributorRegisters::new(registers(0xF8F0_1000, 0x1000));
    let cpu = GicCpuRegisters::new(registers(0xF8F0_0100, 0x100));
    let timer = AxiTimerRegisters::new(registers(0x4284_0000, 0x1000));
    match (distributor, cpu, timer) {
        (Ok(distributor), Ok(cpu), Ok(timer)) => Windows { distributor, cpu, timer },
        _ => panic!("a window is too small"),
    }
}

const RUNS: TimerControl = TimerControl::UDT.union(TimerControl::ENIT).union(TimerControl::ENT);

/// Starts the timer once, and unmasks its interrupt.
pub fn start(delay: Duration) {
    let Windows { distributor, timer, .. } = windows();
    timer.tlr0().write((delay.as_nanos() / CLOCK) as u32 - 2);
    timer.tcsr0().write(TimerControl::UDT | TimerControl::LOAD);
    timer.tcsr0().write(RUNS);
    if let Some(enables) = distributor.set_enable().get(REGISTER) {
        enables.set(BIT);
    }
}

/// Whether it has run out since this last said so; `waker` is woken when it does.
#[inline(always)]
pub fn has_fired(waker: &Waker) -> bool {
    WAKER.register(waker);
    FIRED.swap(false, Ordering::Acquire)
}

/// What the processor's vector leads to.
#[inline(always)]
pub fn handle() {
    let Windows { distributor, cpu, timer } = windows();
    let acknowledged = cpu.acknowledge().take();
    let mask = || {
        if let Some(enables) = distributor.clear_enable().get(REGISTER) {
            enables.clear(BIT);
        }
    };
    mask();
    if timer.tcsr0().read().contains(TimerControl::TINT) {
        timer.tcsr0().write(TimerControl::UDT | TimerControl::ENIT | TimerControl::TINT);
        FIRED.store(true, Ordering::Release);
    }
    timer.tcsr0().write(TimerControl::UDT);
    let _ = timer.tcsr0().read();
    WAKER.wake();
    mask();
    cpu.end().write(acknowledged);
}
