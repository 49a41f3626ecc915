//! All of the machine's blocks, with their drivers.

use std::{sync::Arc, time::Duration};

use pynq_core::{
    AxiIntc, AxiIntcConfig, AxiIntcHardware, Instant, Mmio, axi_intc_node,
    interrupt::{Line, ParentLine, StdLock},
    mmio::Checked,
};
use pynq_drivers::{
    AxiTimer, AxiTimerConfig, AxiTimerHardware, AxiUartLite, AxiUartLiteConfig, AxiUartLiteHardware,
    axi_timer::axi_timer_node, axi_uartlite::axi_uartlite_node,
};
use pynq_qtest::{MicroBlazeV, QtestWindow, Time};

const IER: usize = 0x8;

pub(crate) struct Rig {
    pub(crate) board: MicroBlazeV,
    pub(crate) intc: AxiIntc<QtestWindow>,
}

impl Rig {
    pub(crate) fn new(emulator: &str, time: Time, arguments: &[&str]) -> Self {
        let board = MicroBlazeV::start(emulator, time, arguments).unwrap();
        let config = AxiIntcConfig::new(32, MicroBlazeV::KIND_OF_INTR);
        let hardware = AxiIntcHardware::new(board.intc(), config).unwrap();
        let intc = AxiIntc::new(Arc::pin(axi_intc_node(StdLock::new(), hardware, board.cpu_pin())));
        Self { board, intc }
    }

    pub(crate) fn line(&self, line: u8) -> Line {
        self.intc.line(line).unwrap()
    }

    fn parent(&self, input: u8) -> ParentLine {
        ParentLine::new(self.intc.node().clone(), input)
    }

    pub(crate) fn timer(&self, second: bool) -> AxiTimer {
        let config = AxiTimerConfig::new(u32::try_from(MicroBlazeV::CLOCK_HZ).unwrap());
        let hardware = AxiTimerHardware::new(self.board.timer(second), config).unwrap();
        let parent = self.parent(MicroBlazeV::TIMER_INPUTS[usize::from(second)]);
        AxiTimer::new(Arc::pin(axi_timer_node(StdLock::new(), hardware, parent))).unwrap()
    }

    pub(crate) fn uart(&self) -> AxiUartLite {
        let hardware = AxiUartLiteHardware::new(self.board.uartlite(), AxiUartLiteConfig::new(115_200)).unwrap();
        let parent = self.parent(MicroBlazeV::UARTLITE_INPUT);
        AxiUartLite::new(Arc::pin(axi_uartlite_node(StdLock::new(), hardware, parent))).unwrap()
    }

    /// When a test is given up.
    pub(crate) fn deadline(&self) -> Instant {
        self.board.qtest().after(Duration::from_secs(120))
    }

    pub(crate) fn read(&self, window: impl Mmio, offset: usize) -> u32 {
        u32::try_from(Checked::new(window).read(offset, 4).unwrap()).unwrap()
    }

    /// Nothing waits, and no interrupt can reach the processor.
    #[track_caller]
    pub(crate) fn assert_idle(&self) {
        assert!(self.intc.node().is_idle(), "the controller's node is at rest");
        assert_eq!(self.read(self.board.intc(), IER), 0, "all lines are masked");
        assert!(!self.board.cpu_pin().level(), "its output is down");
        assert_eq!(self.board.qtest().failure(), None);
    }
}
