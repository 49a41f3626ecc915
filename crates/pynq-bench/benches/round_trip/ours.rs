//! The crates' own way to await an interrupt, under each runtime.

use std::{os::fd::OwnedFd, pin::Pin, sync::Arc};

use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, AxiIntcNode, axi_intc_node,
    interrupt::{Condition, InterruptEventExt, Line, ParentLine, StdLock, WaitFor},
};
use pynq_drivers::{
    AxiGpioConfig, AxiGpioHardware,
    axi_gpio::{AxiGpioNode, ChannelConfig, axi_gpio_node},
};
use pynq_uio::{LinuxClock, Masking, Reactor, UioInterrupts, UioRoot};

use crate::{
    blocks::{Gpio, Intc, Window},
    hardware::{Board, Recording},
    stamps::Stamps,
};

pub(crate) type IntcNode = AxiIntcNode<Window<Intc, Arc<Recording>>, StdLock, UioRoot>;
type GpioNode = AxiGpioNode<Window<Gpio, Arc<Recording>>, StdLock, ParentLine<Pin<Arc<IntcNode>>>>;

/// The line of the controller that the GPIO is on.
const GPIO_LINE: u8 = 0;

/// The nodes on one device.
#[derive(Clone)]
pub(crate) struct Nodes {
    pub(crate) intc: Pin<Arc<IntcNode>>,
    gpio: Option<Pin<Arc<GpioNode>>>,
    stamps: Arc<Stamps>,
}

impl Nodes {
    pub(crate) fn new(board: &Board, device: OwnedFd, reactor: Arc<dyn Reactor>) -> Self {
        let interrupts = UioInterrupts::new(LinuxClock::new(Arc::clone(&reactor)), reactor);
        let root = interrupts.root(device, Masking::InTheController).expect("a device");
        let window = Window::new(&board.intc, 0, &board.recording);
        let hardware = AxiIntcHardware::new(window, AxiIntcConfig::new(32, !0)).expect("a controller");
        let intc = Arc::pin(axi_intc_node(StdLock::new(), hardware, root));
        let gpio = board.gpio.as_ref().map(|gpio| {
            let window = Window::new(gpio, 1, &board.recording);
            let config = AxiGpioConfig::new(ChannelConfig::inputs(4)).with_interrupt();
            let hardware = AxiGpioHardware::new(window, config).expect("a GPIO");
            Arc::pin(axi_gpio_node(StdLock::new(), hardware, ParentLine::new(intc.clone(), GPIO_LINE)))
        });
        Self { intc, gpio, stamps: Arc::clone(&board.stamps) }
    }

    /// Awaits `count` interrupts: of the one line, or of the pin behind the GPIO, by its level.
    pub(crate) async fn wait(self, count: u32) {
        match &self.gpio {
            None => {
                let mut line = Line::new(self.intc.clone(), GPIO_LINE).expect("a line");
                for _ in 0..count {
                    line.wait_async().await.expect("an interrupt");
                    self.stamps.arrived();
                }
            }
            Some(gpio) => {
                for _ in 0..count {
                    let level = Condition::Change { mask: 1, since: None };
                    WaitFor::new(gpio, 0, level).await.expect("an interrupt");
                    self.stamps.arrived();
                }
            }
        }
    }

    /// The same on the calling thread.
    pub(crate) fn wait_blocking(&self, count: u32) {
        match &self.gpio {
            None => {
                let mut line = Line::new(self.intc.clone(), GPIO_LINE).expect("a line");
                for _ in 0..count {
                    line.wait().expect("an interrupt");
                    self.stamps.arrived();
                }
            }
            Some(gpio) => {
                for _ in 0..count {
                    let level = Condition::Change { mask: 1, since: None };
                    WaitFor::new(gpio, 0, level).wait(None).expect("an interrupt");
                    self.stamps.arrived();
                }
            }
        }
    }
}
