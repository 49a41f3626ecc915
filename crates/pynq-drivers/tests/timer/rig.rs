//! An AXI timer behind an AXI INTC on a simulated board.

use std::sync::Arc;

use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, axi_intc_node,
    interrupt::{NodeHandle, ParentLine, StdLock},
    mmio::Recorder,
};
use pynq_drivers::{
    AxiTimer, AxiTimerConfig, AxiTimerHardware,
    axi_timer::{TimerChannel, axi_timer_node},
};
use pynq_sim::{
    Board, CpuPin, Window,
    models::{AxiIntcModel, AxiTimerModel, IntcParams, TimerParams},
};

pub(crate) const TCSR: [usize; 2] = [0x00, 0x10];
pub(crate) const TLR: [usize; 2] = [0x04, 0x14];

pub(crate) const ENIT: u32 = 1 << 6;
pub(crate) const ENT: u32 = 1 << 7;
pub(crate) const TINT: u32 = 1 << 8;
pub(crate) const ENALL: u32 = 1 << 10;

pub(crate) const HZ: u32 = 100_000_000;

/// The board of a test. The block's path is `timer`, and its interrupt is input 3 of the controller.
pub(crate) struct Rig {
    pub(crate) timer: AxiTimer,
    pub(crate) intc: NodeHandle,
    /// Records what the driver does.
    pub(crate) recorder: Arc<Recorder<Window>>,
    /// Reaches the block without being recorded.
    pub(crate) window: Window,
    pub(crate) cpu: CpuPin,
    pub(crate) board: Board,
}

impl Rig {
    pub(crate) fn new(kind_of_intr: u32) -> Self {
        Self::on(AxiTimerConfig::new(HZ), kind_of_intr, true)
    }

    pub(crate) fn unwired() -> Self {
        Self::on(AxiTimerConfig::new(HZ), 0, false)
    }

    pub(crate) fn on(config: AxiTimerConfig, kind_of_intr: u32, wired: bool) -> Self {
        let params = TimerParams {
            clock_hz: config.clock_hz.into(),
            count_width: config.count_width,
            one_timer_only: config.one_timer_only,
            ..TimerParams::default()
        };
        let intc = IntcParams { inputs: 4, kind_of_intr, ..IntcParams::default() };
        let board = Board::builder()
            .device("intc", 0x4180_0000, 0x1_0000, AxiIntcModel::new(intc))
            .device("timer", 0x4280_0000, 0x1_0000, AxiTimerModel::new(params))
            .wire("timer/interrupt", "intc/intr[3]")
            .interrupt("intc/irq", 61)
            .build()
            .unwrap();
        let cpu = board.cpu_pin(61).unwrap();
        let hardware =
            AxiIntcHardware::new(board.window("intc").unwrap(), AxiIntcConfig::new(4, kind_of_intr)).unwrap();
        let intc = NodeHandle::from(Arc::pin(axi_intc_node(StdLock::new(), hardware, cpu.clone()))).erase();
        let window = board.window("timer").unwrap();
        let recorder = Arc::new(Recorder::new(window.clone()));
        let hardware = AxiTimerHardware::new(Arc::clone(&recorder), config).unwrap();
        let parent = if wired { ParentLine::new(intc.clone(), 3) } else { ParentLine::UNWIRED };
        let timer = AxiTimer::new(Arc::pin(axi_timer_node(StdLock::new(), hardware, parent))).unwrap();
        recorder.take();
        Self { timer, intc, recorder, window, cpu, board }
    }

    pub(crate) fn channel(&self, channel: u8) -> TimerChannel {
        self.timer.channel(channel).unwrap()
    }

    /// The control register of a channel, now.
    pub(crate) fn control(&self, channel: usize) -> u32 {
        self.window.read(TCSR[channel])
    }

    /// Drives a capture input.
    pub(crate) fn trigger(&self, channel: u8, level: bool) {
        self.board.set_line(&format!("timer/capturetrig{channel}"), level).unwrap();
    }

    /// Nothing waits, and no interrupt can reach the CPU.
    #[track_caller]
    pub(crate) fn assert_idle(&self) {
        assert!(self.timer.node().is_idle(), "the timer's node is at rest");
        assert!(self.intc.is_idle(), "the controller's node is at rest");
        assert!(!self.cpu.is_armed(), "the CPU pin is masked");
        assert_eq!((self.control(0) | self.control(1)) & ENIT, 0, "the channels are masked");
    }
}
