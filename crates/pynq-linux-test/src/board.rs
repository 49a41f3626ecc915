//! The board as its test knows it: addresses, and the outside world. See `xtask/board`.

use std::{
    fs, io,
    path::PathBuf,
    sync::{Mutex, OnceLock, PoisonError},
};

use pynq_core::mmio::Checked;
use pynq_uio::{SystemPaths, UioDevices, Window};

use crate::report::Failed;

/// The controller behind interrupt 61, all of whose inputs are edges.
pub(crate) const SYSTEM_INTC: u64 = 0x4180_0000;
/// The one behind interrupt 62, and the one behind its input 2.
pub(crate) const LAB_INTC: u64 = 0x4181_0000;
pub(crate) const CHILD_INTC: u64 = 0x4182_0000;

/// GPIOs.
pub(crate) const SWITCHES: u64 = 0x4120_0000;
pub(crate) const BUTTONS: u64 = 0x4121_0000;
pub(crate) const LEDS: u64 = 0x4125_0000;
pub(crate) const LAB_GPIO: u64 = 0x4126_0000;

/// Timers: on inputs 0 and 1 of the laboratory's controller, on 0 and 1 of its child, and on interrupt 63.
pub(crate) const TIMERS: [u64; 5] = [0x4280_0000, 0x4281_0000, 0x4282_0000, 0x4283_0000, 0x4284_0000];
pub(crate) const DIRECT_TIMER: u64 = TIMERS[4];

pub(crate) const UARTLITE: u64 = 0x42C0_0000;
pub(crate) const TTC0: u64 = 0xF800_1000;
const GIC: u64 = 0xF8F0_1000;

/// The registers of a block, past all drivers.
pub(crate) struct Registers {
    window: Checked<Window>,
    address: u64,
}

impl Registers {
    pub(crate) fn at(address: u64) -> Result<Self, Failed> {
        let window = window(address, 0x1000)?;
        Ok(Self { window: Checked::new(window), address })
    }

    /// Those of a GPIO, with the back door behind them.
    pub(crate) fn of_gpio(address: u64) -> Result<Self, Failed> {
        let window = window(address, 0x1_0000)?;
        Ok(Self { window: Checked::new(window), address })
    }

    #[track_caller]
    pub(crate) fn read(&self, offset: usize) -> u32 {
        match self.window.read(offset, 4) {
            Ok(value) => u32::try_from(value).unwrap_or(u32::MAX),
            Err(error) => panic!("{:#x}: {error}", self.address),
        }
    }

    #[track_caller]
    pub(crate) fn write(&self, offset: usize, value: u32) {
        if let Err(error) = self.window.write(offset, value) {
            panic!("{:#x}: {error}", self.address);
        }
    }

    /// Looks at a register until it is as wanted. What happens in hardware, happens soon or never.
    #[track_caller]
    pub(crate) fn until(&self, offset: usize, wanted: impl Fn(u32) -> bool) -> u32 {
        for _ in 0..20_000_000_u64 {
            let value = self.read(offset);
            if wanted(value) {
                return value;
            }
        }
        panic!("{:#x}+{offset:#x} stays {:#x}", self.address, self.read(offset));
    }
}

/// Offsets in an AXI INTC.
pub(crate) mod intc {
    pub(crate) const IER: usize = 0x08;
    pub(crate) const IAR: usize = 0x0C;
    pub(crate) const MER: usize = 0x1C;
}

/// Offsets in an AXI GPIO, and in its back door.
pub(crate) mod gpio {
    pub(crate) const GIER: usize = 0x11C;
    pub(crate) const ISR: usize = 0x120;
    pub(crate) const IER: usize = 0x128;
    /// Writes drive the input pins; the second channel's follows after 8 bytes.
    pub(crate) const DRIVE: usize = 0x8000;
}

/// Of an AXI timer's first counter.
pub(crate) mod timer {
    pub(crate) const TCSR: usize = 0x00;
    pub(crate) const TLR: usize = 0x04;
    pub(crate) const TINT: u32 = 1 << 8;
    pub(crate) const ENT: u32 = 1 << 7;
    pub(crate) const ENIT: u32 = 1 << 6;
    pub(crate) const UDT: u32 = 1 << 1;
}

/// The GIC's distributor, by which a line is looked at from the processor's end.
pub(crate) struct Gic(Registers);

impl Gic {
    pub(crate) fn open() -> Result<Self, Failed> {
        Registers::at(GIC).map(Self)
    }

    const fn place(irq: u32) -> (usize, u32) {
        ((irq / 32 * 4) as usize, 1 << (irq % 32))
    }

    /// Whether this interrupt is enabled in the GIC.
    pub(crate) fn is_enabled(&self, irq: u32) -> bool {
        let (offset, bit) = Self::place(irq);
        self.0.read(0x100 + offset) & bit != 0
    }

    /// Makes an interrupt pending that nothing has raised.
    pub(crate) fn pend(&self, irq: u32) {
        let (offset, bit) = Self::place(irq);
        self.0.write(0x200 + offset, bit);
    }

    /// Waits until the interrupt's line is active, or has gone quiet.
    pub(crate) fn until_active(&self, irq: u32, active: bool) {
        let (offset, bit) = Self::place(irq);
        self.0.until(0x200 + offset, |pending| (pending & bit != 0) == active);
    }
}

/// The devices as they were found last. To look through sysfs takes longer than most tests.
static DEVICES: Mutex<Option<UioDevices>> = Mutex::new(None);

fn devices<R>(f: impl FnOnce(&UioDevices) -> Result<R, pynq_uio::Error>) -> Result<R, Failed> {
    let mut devices = DEVICES.lock().unwrap_or_else(PoisonError::into_inner);
    let found = match devices.take() {
        Some(devices) => devices,
        None => UioDevices::find(&SystemPaths::default())?,
    };
    Ok(f(devices.insert(found))?)
}

/// A UIO device by its name.
pub(crate) fn device(name: &str) -> Result<pynq_uio::UioDevice, Failed> {
    devices(|devices| devices.by_name(name).cloned())
}

/// A window through UIO, or through `/dev/mem` where that has none.
pub(crate) fn window(address: u64, size: usize) -> Result<Window, Failed> {
    devices(|devices| pynq_uio::open_window_of(devices, &SystemPaths::default(), address, size))
}

/// How many interrupts the kernel has counted for it.
pub(crate) fn events(device: &pynq_uio::UioDevice) -> Result<u32, Failed> {
    Ok(fs::read_to_string(device.folder().join("event"))?.trim().parse()?)
}

const DRIVER: &str = "/sys/bus/platform/drivers/uio_pdrv_genirq";

/// Takes the driver away from a device, and gives it back when dropped.
pub(crate) struct Unbound(String);

impl Unbound {
    pub(crate) fn new(device: &pynq_uio::UioDevice) -> Result<Self, Failed> {
        let path = fs::canonicalize(device.folder().join("device"))?;
        let name = path.file_name().and_then(|name| name.to_str()).ok_or("the device has no name")?.to_owned();
        fs::write(PathBuf::from(DRIVER).join("unbind"), &name)?;
        Ok(Self(name))
    }
}

impl Drop for Unbound {
    fn drop(&mut self) {
        *DEVICES.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let bound: io::Result<()> = fs::write(PathBuf::from(DRIVER).join("bind"), &self.0);
        if let Err(error) = bound {
            println!("# cannot bind {} again: {error}", self.0);
        }
    }
}

/// Every device of the board silent, every latch in them empty.
pub(crate) fn quiet() -> Result<(), Failed> {
    static BLOCKS: OnceLock<Blocks> = OnceLock::new();
    let blocks = match BLOCKS.get() {
        Some(blocks) => blocks,
        None => {
            let opened = Blocks::open()?;
            BLOCKS.get_or_init(|| opened)
        }
    };
    for intc in &blocks.intcs {
        intc.write(intc::IER, 0);
    }
    for gpio in &blocks.gpios {
        gpio.write(gpio::GIER, 0);
        gpio.write(gpio::IER, 0);
        gpio.write(gpio::DRIVE, 0);
        gpio.write(gpio::DRIVE + 8, 0);
        gpio.write(gpio::ISR, gpio.read(gpio::ISR));
    }
    for timer in &blocks.timers {
        timer.write(timer::TCSR, timer::TINT);
    }
    blocks.uart.write(0x0C, 0);
    for counter in 0..3 {
        ttc::stop(&blocks.ttc, counter);
    }
    // What feeds another one goes first.
    for intc in blocks.intcs.iter().rev() {
        intc.write(intc::IAR, u32::MAX);
    }
    Ok(())
}

struct Blocks {
    intcs: Vec<Registers>,
    gpios: Vec<Registers>,
    timers: Vec<Registers>,
    uart: Registers,
    ttc: Registers,
}

impl Blocks {
    fn open() -> Result<Self, Failed> {
        let all = |addresses: &[u64]| addresses.iter().map(|&address| Registers::at(address)).collect::<Result<_, _>>();
        let gpios = [SWITCHES, BUTTONS, LEDS, LAB_GPIO].iter().map(|&address| Registers::of_gpio(address));
        Ok(Self {
            intcs: all(&[SYSTEM_INTC, LAB_INTC, CHILD_INTC])?,
            gpios: gpios.collect::<Result<_, _>>()?,
            timers: all(&TIMERS)?,
            uart: Registers::at(UARTLITE)?,
            ttc: Registers::at(TTC0)?,
        })
    }
}

/// The counters of a Cadence TTC, which the processor has of its own. Their status clears when it is read.
pub(crate) mod ttc {
    use super::Registers;

    /// Bits of the counter control register.
    const STOPPED: u32 = 0x21;
    const INTERVAL_FROM_ZERO: u32 = 0x32;

    /// Stopped, and its line low.
    pub(crate) fn stop(registers: &Registers, counter: usize) {
        let at = |offset: usize| offset + 4 * counter;
        registers.write(at(0x0C), STOPPED);
        registers.write(at(0x60), 0);
        registers.read(at(0x54));
    }

    /// Starts it: an interrupt each time `ticks` have gone by, of half the bus's frequency.
    pub(crate) fn start(registers: &Registers, counter: usize, ticks: u32) {
        start_divided(registers, counter, ticks, 0);
    }

    /// The same with an eighth of those ticks in the same time.
    pub(crate) fn start_slow(registers: &Registers, counter: usize, ticks: u32) {
        start_divided(registers, counter, ticks, 3);
    }

    fn start_divided(registers: &Registers, counter: usize, ticks: u32, prescaler: u32) {
        let at = |offset: usize| offset + 4 * counter;
        stop(registers, counter);
        registers.write(at(0x00), prescaler << 1 | 1);
        registers.write(at(0x24), ticks);
        registers.write(at(0x60), 1);
        registers.write(at(0x0C), INTERVAL_FROM_ZERO);
    }

    /// Where it stands.
    pub(crate) fn value(registers: &Registers, counter: usize) -> u32 {
        registers.read(0x18 + 4 * counter)
    }

    /// Clears its status.
    pub(crate) fn clear(registers: &Registers, counter: usize) {
        registers.read(0x54 + 4 * counter);
    }

    /// Stops counting, and leaves the line as it is.
    pub(crate) fn hold(registers: &Registers, counter: usize) {
        registers.write(0x0C + 4 * counter, STOPPED);
    }
}
