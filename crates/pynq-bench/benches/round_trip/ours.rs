//! The crates' own way to await an interrupt, under each runtime.

use std::{os::fd::OwnedFd, sync::Arc};

use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, Error, axi_intc_node,
    interrupt::{Condition, NodeHandle, ParentLine, StdLock},
};
use pynq_drivers::{
    AxiGpioConfig, AxiGpioHardware,
    axi_gpio::{ChannelConfig, axi_gpio_node},
};
use pynq_uio::{LinuxClock, Masking, Reactor, UioInterrupts};

use crate::{blocks::Window, hardware::Board, stamps::Stamps};

/// The line of the controller that the GPIO is on.
const GPIO_LINE: u8 = 0;

/// The nodes on one device.
#[derive(Clone)]
pub(crate) struct Nodes {
    pub(crate) intc: NodeHandle,
    gpio: Option<NodeHandle>,
    stamps: Arc<Stamps>,
}

impl Nodes {
    pub(crate) fn new(board: &Board, device: OwnedFd, reactor: Arc<dyn Reactor>) -> Self {
        let interrupts = UioInterrupts::new(LinuxClock::new(Arc::clone(&reactor)), reactor);
        let root = interrupts.root(device, Masking::InTheController).expect("a device");
        let window = Window::new(&board.intc, 0, &board.recording);
        let hardware = AxiIntcHardware::new(window, AxiIntcConfig::new(32, !0)).expect("a controller");
        let intc = NodeHandle::from(Arc::pin(axi_intc_node(StdLock::new(), hardware, root))).erase();
        let gpio = board.gpio.as_ref().map(|gpio| {
            let window = Window::new(gpio, 1, &board.recording);
            let config = AxiGpioConfig::new(ChannelConfig::inputs(4)).with_interrupt();
            let hardware = AxiGpioHardware::new(pynq_core::Window::boxed(window), config).expect("a GPIO");
            let parent = ParentLine::new(intc.clone(), GPIO_LINE);
            NodeHandle::from(Arc::pin(axi_gpio_node(StdLock::new(), hardware, parent))).erase()
        });
        Self { intc, gpio, stamps: Arc::clone(&board.stamps) }
    }

    /// Awaits `count` interrupts: of the one line, or of the pin behind the GPIO, by its level.
    pub(crate) async fn wait(self, count: u32) {
        match &self.gpio {
            None => {
                let mut line = self.intc.line(GPIO_LINE).expect("a line");
                for _ in 0..count {
                    line.wait_async().await.expect("an interrupt");
                    self.stamps.arrived();
                }
            }
            Some(gpio) => {
                for _ in 0..count {
                    let level = Condition::Change { mask: 1, since: None };
                    gpio.wait_for::<Error>(0, level).await.expect("an interrupt");
                    self.stamps.arrived();
                }
            }
        }
    }

    /// The same on the calling thread.
    pub(crate) fn wait_blocking(&self, count: u32) {
        match &self.gpio {
            None => {
                let mut line = self.intc.line(GPIO_LINE).expect("a line");
                for _ in 0..count {
                    line.wait().expect("an interrupt");
                    self.stamps.arrived();
                }
            }
            Some(gpio) => {
                for _ in 0..count {
                    let level = Condition::Change { mask: 1, since: None };
                    gpio.wait_for::<Error>(0, level).block().expect("an interrupt");
                    self.stamps.arrived();
                }
            }
        }
    }
}
