//! An AXI UART Lite and an AXI timer behind an AXI INTC on a simulated board.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, axi_intc_node,
    interrupt::{NodeHandle, ParentLine, StdLock},
};
use pynq_drivers::{
    AxiTimer, AxiTimerConfig, AxiTimerHardware, AxiUartLite, AxiUartLiteConfig, AxiUartLiteHardware,
    axi_timer::{TimerChannel, axi_timer_node},
    axi_uartlite::axi_uartlite_node,
};
use pynq_sim::{
    Access, Board, CpuPin, Stimulus,
    models::{AxiIntcModel, AxiTimerModel, AxiUartLiteModel, IntcParams, TimerParams, UartParams, UartParity},
};

pub(crate) const RX_FIFO: u32 = 0x0;
pub(crate) const TX_FIFO: u32 = 0x4;
pub(crate) const STAT: u32 = 0x8;
pub(crate) const CTRL: u32 = 0xC;

/// How the controller's inputs were built. Its driver treats them as edges in any case, as the UART's asks for.
pub(crate) const WIRINGS: [u32; 2] = [crate::common::EDGE, crate::common::LEVEL];

/// The board of a test. The UART's path is `uart`, and its interrupt is input 2 of the controller.
pub(crate) struct Rig {
    pub(crate) uart: AxiUartLite,
    pub(crate) timer: AxiTimer,
    pub(crate) intc: NodeHandle,
    pub(crate) cpu: CpuPin,
    pub(crate) board: Board,
}

impl Rig {
    pub(crate) fn new(kind_of_intr: u32) -> Self {
        Self::on(kind_of_intr, true)
    }

    pub(crate) fn on(kind_of_intr: u32, wired: bool) -> Self {
        let intc = IntcParams { inputs: 4, kind_of_intr, ..IntcParams::default() };
        let uart = UartParams { parity: UartParity::Even, ..UartParams::default() };
        let board = Board::builder()
            .device("intc", 0x4180_0000, 0x1_0000, AxiIntcModel::new(intc))
            .device("uart", 0x4060_0000, 0x1_0000, AxiUartLiteModel::new(uart))
            .device("timer", 0x4280_0000, 0x1_0000, AxiTimerModel::new(TimerParams::default()))
            .wire("uart/interrupt", "intc/intr[2]")
            .wire("timer/interrupt", "intc/intr[3]")
            .interrupt("intc/irq", 61)
            .build()
            .unwrap();
        let cpu = board.cpu_pin(61).unwrap();
        let config = AxiIntcConfig::new(4, kind_of_intr | 1 << 2);
        let hardware = AxiIntcHardware::new(board.window("intc").unwrap(), config).unwrap();
        let intc = NodeHandle::from(Arc::pin(axi_intc_node(StdLock::new(), hardware, cpu.clone()))).erase();
        let hardware =
            AxiUartLiteHardware::new(board.window("uart").unwrap(), AxiUartLiteConfig::new(115_200)).unwrap();
        let parent = if wired { ParentLine::new(intc.clone(), 2) } else { ParentLine::UNWIRED };
        let uart = AxiUartLite::new(Arc::pin(axi_uartlite_node(StdLock::new(), hardware, parent))).unwrap();
        let hardware = AxiTimerHardware::new(board.window("timer").unwrap(), AxiTimerConfig::new(100_000_000)).unwrap();
        let parent = ParentLine::new(intc.clone(), 3);
        let timer = AxiTimer::new(Arc::pin(axi_timer_node(StdLock::new(), hardware, parent))).unwrap();
        Self { uart, timer, intc, cpu, board }
    }

    pub(crate) fn channel(&self, channel: u8) -> TimerChannel {
        self.timer.channel(channel).unwrap()
    }

    /// A character is complete at this moment.
    pub(crate) fn arrives(&self, data: u8) {
        self.board.stimulate(&Stimulus::character("uart", data)).unwrap();
    }

    /// A character is complete immediately before the next such access to the UART.
    pub(crate) fn arrives_before(&self, register: u32, access: Access, data: u8) {
        self.board.before_access("uart", register, access, Stimulus::character("uart", data)).unwrap();
    }

    /// How long a character takes.
    pub(crate) fn character(&self) -> Duration {
        UartParams { parity: UartParity::Even, ..UartParams::default() }.character_time()
    }

    /// What the UART sent, with what is still on its way.
    pub(crate) fn sent(&self) -> Vec<u8> {
        self.board.advance(self.character() * 20);
        self.board.serial_output("uart").unwrap()
    }

    /// Nothing waits, and no interrupt can reach the CPU.
    #[track_caller]
    pub(crate) fn assert_idle(&self) {
        assert!(self.uart.node().is_idle(), "the UART's node is at rest");
        assert!(self.intc.is_idle(), "the controller's node is at rest");
        assert!(!self.cpu.is_armed(), "the CPU pin is masked");
        let status = self.board.window("uart").unwrap().read(STAT as usize);
        assert_eq!(status & 1 << 4, 0, "its interrupt is disabled");
    }
}

/// Runs two futures to their ends.
pub(crate) async fn join<A, B>(one: impl Future<Output = A>, two: impl Future<Output = B>) -> (A, B) {
    let (mut one, mut two) = (pin!(one), pin!(two));
    let (mut first, mut second) = (None, None);
    poll_fn(|cx| {
        if first.is_none() {
            if let Poll::Ready(output) = one.as_mut().poll(cx) {
                first = Some(output);
            }
        }
        if second.is_none() {
            if let Poll::Ready(output) = two.as_mut().poll(cx) {
                second = Some(output);
            }
        }
        if first.is_some() && second.is_some() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    (first.unwrap(), second.unwrap())
}

/// Bytes that no mistake leaves as they are.
pub(crate) fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_be_bytes()[0]
        })
        .collect()
}
