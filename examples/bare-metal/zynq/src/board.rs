//! The processing system, set up: what every example begins with.

use pynq_baremetal::{
    Lock, window,
    zynq::{Gic, GicLine, GlobalTimer, GlobalTimerHardware, GlobalTimerNode, Irq, Slcr, Uart, enable_interrupts},
};
use pynq_core::{
    Volatile,
    interrupt::{ConstInit, Node},
};
use static_cell::StaticCell;

/// What the interrupts of the logic are roots by.
pub type Root = GicLine;

/// The processing system.
pub struct Board {
    /// The interrupt controller.
    pub gic: &'static Gic,
    /// The clock.
    pub clock: GlobalTimer,
}

/// The crystal at PS_CLK, as the handoff file has it.
const CRYSTAL_HZ: &str = env!("CRYSTAL_HZ");

static GIC: StaticCell<Gic> = StaticCell::new();
static TIMER: StaticCell<GlobalTimerNode> = StaticCell::new();

/// A window on a block, for all of the program's life.
pub(crate) fn registers(address: usize, size: usize) -> Volatile {
    // SAFETY: the callers, all in this crate, name blocks of the Zynq and of the board's logic by their addresses; the
    // memory of this program is elsewhere, and no block that masters the bus is among them.
    match unsafe { window(address, size) } {
        Ok(window) => window,
        Err(error) => panic!("{error}"),
    }
}

impl Board {
    /// Sets up console, interrupt controller and clock, and lets interrupts in. Once.
    ///
    /// # Panics
    ///
    /// When called twice, or if a peripheral isn't there.
    pub fn take() -> Self {
        match Self::set_up() {
            Ok(board) => board,
            Err(error) => panic!("{error}"),
        }
    }

    fn set_up() -> Result<Self, pynq_baremetal::zynq::Error> {
        crate::stack::paint();
        crate::console::install(Uart::adopt(registers(0xE000_0000, 0x1000))?);
        let gic: &'static Gic = GIC.init(Gic::new(registers(0xF8F0_1000, 0x1000), registers(0xF8F0_0100, 0x100))?);
        gic.install();
        let hardware = GlobalTimerHardware::new(registers(0xF8F0_0200, 0x100), timer_hz()?)?;
        let line = GicLine::new(gic, Irq::GLOBAL_TIMER)?;
        let clock = GlobalTimer::new(TIMER.init(Node::new(Lock::INIT, hardware, line)));
        point_vectors();
        // SAFETY: no critical section is open here, and each program's handler of interrupts asks the controller.
        unsafe { enable_interrupts() };
        Ok(Self { gic, clock })
    }

    /// The root on interrupt input `input` of the logic.
    ///
    /// # Panics
    ///
    /// If there is none, or it is taken.
    pub fn root(&self, input: u8) -> Root {
        match Irq::from_logic(input).and_then(|irq| GicLine::new(self.gic, irq)) {
            Ok(line) => line.with_clock(self.clock),
            Err(error) => panic!("{error}"),
        }
    }
}

/// Half of the processor's clock: 325 MHz on a PYNQ-Z2, whose boot loader has set it to 650 MHz.
fn timer_hz() -> Result<u32, pynq_baremetal::zynq::Error> {
    let slcr = Slcr::new(registers(0xF800_0000, 0x1000))?;
    match slcr.id_code() {
        // QEMU's Zynq has no number of the device, and its timer counts at 100 MHz whatever its PLLs are set to.
        0 => Ok(100_000_000),
        _ => slcr.timer_hz(CRYSTAL_HZ.parse().unwrap_or_default()),
    }
}

/// Where the stack of system mode begins: below those of the other modes, whose sizes are symbols, too.
pub(crate) fn stack_top() -> usize {
    unsafe extern "C" {
        safe static _stack_top: u8;
        safe static _und_stack_size: u8;
        safe static _svc_stack_size: u8;
        safe static _abt_stack_size: u8;
        safe static _irq_stack_size: u8;
        safe static _fiq_stack_size: u8;
    }
    let others = [
        &raw const _und_stack_size,
        &raw const _svc_stack_size,
        &raw const _abt_stack_size,
        &raw const _irq_stack_size,
        &raw const _fiq_stack_size,
    ];
    (&raw const _stack_top).expose_provenance() - others.map(<*const u8>::addr).iter().sum::<usize>()
}

/// Points VBAR to this program's vectors.
fn point_vectors() {
    unsafe extern "C" {
        static _vector_table: u8;
    }
    let table = &raw const _vector_table as u32;
    // SAFETY: the table is the start-up code's, complete, aligned, and there for ever.
    unsafe { core::arch::asm!("mcr p15, 0, {0}, c12, c0, 0", "isb", in(reg) table, options(nostack, preserves_flags)) };
}
