//! An AXI IIC behind an AXI INTC on a simulated board, with memories and a probe on its bus.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, Instant, axi_intc_node,
    interrupt::{NodeHandle, ParentLine, StdLock},
};
use pynq_drivers::{AxiIic, AxiIicConfig, AxiIicHardware, axi_iic::axi_iic_node};
use pynq_sim::{
    Board, BoardBuilder, CpuPin, Window,
    device::{I2c, Message, View},
    models::{AxiIicModel, AxiIntcModel, IicParams, IntcParams},
    parts::i2c::{Eeprom, I2cAddress, I2cProbe, I2cRival, I2cTarget, RivalTransfer, Target},
};

use crate::common::{EDGE, LEVEL};

pub(crate) const WIRINGS: [u32; 2] = [EDGE, LEVEL];

/// Takes so many bytes a transfer and gives them back, last in first out; 7-bit 0x20, 10-bit 0x155.
pub(crate) struct Store {
    pub(crate) accepts: usize,
    pub(crate) bytes: VecDeque<u8>,
    pub(crate) taken: usize,
    pub(crate) stretch: Duration,
    pub(crate) next: u8,
}

impl I2cTarget for Store {
    fn answers(&self, address: I2cAddress) -> bool {
        matches!(address, I2cAddress::Seven(0x20) | I2cAddress::Ten(0x155))
    }

    fn start(&mut self, _: I2cAddress, _: bool, _: Instant) -> bool {
        self.taken = 0;
        true
    }

    fn write(&mut self, byte: u8, _: Instant) -> bool {
        self.taken += 1;
        self.bytes.push_back(byte);
        self.taken <= self.accepts
    }

    fn read(&mut self, _: Instant) -> u8 {
        self.next = self.next.wrapping_add(1);
        self.next
    }

    fn stretch(&mut self) -> Duration {
        self.stretch
    }
}

pub(crate) struct Rig {
    pub(crate) iic: AxiIic,
    pub(crate) intc: NodeHandle,
    pub(crate) cpu: CpuPin,
    pub(crate) window: Window,
    pub(crate) board: Board,
}

/// How a test's board differs from the plain one.
pub(crate) struct Setting {
    pub(crate) kind_of_intr: u32,
    pub(crate) wired: bool,
    pub(crate) accepts: usize,
    pub(crate) stretch: Duration,
    pub(crate) rivals: Vec<RivalTransfer>,
}

impl Default for Setting {
    fn default() -> Self {
        Self { kind_of_intr: LEVEL, wired: true, accepts: usize::MAX, stretch: Duration::ZERO, rivals: Vec::new() }
    }
}

impl Rig {
    pub(crate) fn new(kind_of_intr: u32) -> Self {
        Self::with(Setting { kind_of_intr, ..Setting::default() })
    }

    pub(crate) fn with(setting: Setting) -> Self {
        let intc = IntcParams { inputs: 4, kind_of_intr: setting.kind_of_intr, ..IntcParams::default() };
        let store =
            Store { accepts: setting.accepts, bytes: VecDeque::new(), taken: 0, stretch: setting.stretch, next: 0 };
        let board = Board::builder()
            .device("intc", 0x4180_0000, 0x1_0000, AxiIntcModel::new(intc))
            .device("iic", 0x4160_0000, 0x1_0000, AxiIicModel::new(IicParams::default()))
            .wire("iic/iic2intc_irpt", "intc/intr[2]")
            .interrupt("intc/irq", 61);
        let board = join(board, "eeprom", Target::new(Eeprom::of_24c256()));
        let board = join(board, "store", Target::new(store));
        let board = join(board, "rival", I2cRival::new(setting.rivals.clone()));
        let board = join(board, "probe", I2cProbe::new()).build().unwrap();
        Self::on(board, &setting)
    }

    fn on(board: Board, setting: &Setting) -> Self {
        let cpu = board.cpu_pin(61).unwrap();
        let config = AxiIntcConfig::new(4, setting.kind_of_intr);
        let hardware = AxiIntcHardware::new(board.window("intc").unwrap(), config).unwrap();
        let intc = NodeHandle::from(Arc::pin(axi_intc_node(StdLock::new(), hardware, cpu.clone()))).erase();
        let window = board.window("iic").unwrap();
        let hardware = AxiIicHardware::new(window.clone(), AxiIicConfig::new(100_000)).unwrap();
        let parent = if setting.wired { ParentLine::new(intc.clone(), 2) } else { ParentLine::UNWIRED };
        let iic = AxiIic::new(Arc::pin(axi_iic_node(StdLock::new(), hardware, parent))).unwrap();
        Self { iic, intc, cpu, window, board }
    }

    pub(crate) fn text(&self, part: &str) -> String {
        match self.board.view(part).unwrap() {
            View::Text(text) => text,
            other => panic!("{other:?} is no text"),
        }
    }

    /// What was on the bus.
    pub(crate) fn heard(&self) -> String {
        self.text("probe")
    }

    /// Another end of the bus does something.
    pub(crate) fn hears(&self, message: I2c) {
        self.board
            .stimulate(&pynq_sim::Stimulus::Message { port: "iic/IIC".into(), message: Message::I2c(message) })
            .unwrap();
    }

    /// How many interrupts there were.
    pub(crate) fn interrupts(&self) -> u32 {
        self.iic.node().line_stats(0).fired
    }

    /// Nothing waits, no interrupt can reach the CPU, and the bus is free.
    #[track_caller]
    pub(crate) fn assert_idle(&self) {
        assert!(self.iic.node().is_idle(), "the IIC's node is at rest");
        assert!(self.intc.is_idle(), "the controller's node is at rest");
        assert!(!self.cpu.is_armed(), "the CPU pin is masked");
        assert_eq!(self.window.read(0x28), 0, "its interrupts are masked");
        assert_eq!(self.window.read(0x104), 0xC0, "the bus is free and the FIFOs are empty");
    }
}

fn join(board: BoardBuilder, name: &str, part: impl pynq_sim::device::Device + 'static) -> BoardBuilder {
    board.part(name, part).join("iic/IIC", &format!("{name}/bus"))
}

/// Bytes that no mistake leaves as they are.
pub(crate) fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[0]
    };
    (0..count).map(|_| next()).collect()
}
