//! The controller of the base overlay and two GPIOs behind it, as a program has them: nothing watched, nothing recorded.

use std::sync::Arc;

use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, axi_intc_node,
    interrupt::{Line, NodeHandle, ParentLine, StdLock},
};
use pynq_drivers::{
    AxiGpioConfig, AxiGpioHardware,
    axi_gpio::{ChannelConfig, axi_gpio_node},
};
use pynq_uio::{LinuxClock, Masking, Reactor, UioDevice, UioInterrupts};

use crate::{
    board::{BUTTONS, Registers, SWITCHES, SYSTEM_INTC, device, gpio, quiet, window},
    report::Failed,
};

/// The tree.
pub(crate) struct Tree {
    pub(crate) gpios: [NodeHandle; 2],
    pub(crate) interrupts: UioInterrupts,
    pub(crate) device: UioDevice,
}

/// The second channel of each GPIO has 32 pins. They show a number, which counts the device's changes.
pub(crate) const COUNTER: u8 = 1;

impl Tree {
    pub(crate) fn new(reactor: Arc<dyn Reactor>) -> Result<Self, Failed> {
        quiet()?;
        let device = device("fabric")?;
        let interrupts = UioInterrupts::new(LinuxClock::new(Arc::clone(&reactor)), reactor);
        let root = interrupts.root(device.open()?, Masking::InTheController)?;
        let hardware = AxiIntcHardware::new(window(SYSTEM_INTC, 0x1000)?, AxiIntcConfig::new(15, u32::MAX))?;
        let intc = Arc::pin(axi_intc_node(StdLock::new(), hardware, root));
        let gpio = |address, line| -> Result<NodeHandle, Failed> {
            let config = AxiGpioConfig::new(ChannelConfig::inputs(4)).dual(ChannelConfig::inputs(32)).with_interrupt();
            let hardware = AxiGpioHardware::new(window(address, 0x1000)?, config)?;
            let node = Arc::pin(axi_gpio_node(StdLock::new(), hardware, ParentLine::new(intc.clone(), line)));
            Ok(NodeHandle::from(node).erase())
        };
        Ok(Self { gpios: [gpio(BUTTONS, 13)?, gpio(SWITCHES, 14)?], interrupts, device })
    }

    /// A handle on the counting channel of one of them.
    pub(crate) fn line(&self, which: usize) -> Result<Line, Failed> {
        Ok(self.gpios[which % 2].line(COUNTER)?)
    }
}

/// The back door of a counting channel.
pub(crate) struct Counter(Registers);

impl Counter {
    pub(crate) fn of(which: usize) -> Result<Self, Failed> {
        Registers::of_gpio([BUTTONS, SWITCHES][which % 2]).map(Self)
    }

    /// The device has changed for the `count`th time.
    pub(crate) fn set(&self, count: u32) {
        self.0.write(gpio::DRIVE + 8, count);
    }

    /// How often it has changed, as its driver reads it.
    pub(crate) fn read(&self) -> u32 {
        self.0.read(0x08)
    }
}
