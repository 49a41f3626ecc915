//! An AXI Quad SPI behind an AXI INTC on a simulated board, with a chip on its bus that keeps all that it sees.

use std::sync::{Arc, Mutex};

use embedded_hal::spi::{MODE_0, Operation};
use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, axi_intc_node,
    interrupt::{NodeHandle, ParentLine, StdLock},
};
use pynq_drivers::{
    AxiQuadSpi, AxiQuadSpiConfig, AxiQuadSpiHardware,
    axi_quad_spi::{Chip, axi_quad_spi_node},
};
use pynq_sim::{
    Board, CpuPin, Window,
    device::{Bus, Device, InterfaceKind, Message, Port, Spi},
    models::{AxiIntcModel, AxiQuadSpiModel, IntcParams, SpiParams},
};

pub(crate) const IPISR: usize = 0x20;
pub(crate) const IPIER: usize = 0x28;
pub(crate) const SPICR: usize = 0x60;
pub(crate) const SPISR: usize = 0x64;
pub(crate) const DTR: usize = 0x68;
pub(crate) const DRR: usize = 0x6C;
pub(crate) const SPISSR: usize = 0x70;

/// Four chips, FIFOs of 16 bytes.
pub(crate) const USUAL: SpiParams =
    SpiParams { clock_hz: 100_000_000, sck_ratio: 16, fifo_depth: 16, bits: 8, slave_selects: 4 };

/// Sees the whole bus, and answers the n-th word by [`noise`] of n.
#[derive(Default)]
struct Probe {
    seen: Arc<Mutex<Vec<Spi>>>,
    words: u32,
    selected: u32,
}

/// What no mistake leaves as it is.
pub(crate) fn noise(n: u32) -> u32 {
    let mixed = (n ^ n >> 15).wrapping_mul(0x2C1B_3C6D);
    (mixed ^ mixed >> 12).wrapping_mul(0x297A_2D39) ^ mixed >> 15
}

static PORTS: [Port; 1] = [Port::interface("bus", InterfaceKind::Spi)];

impl Device for Probe {
    fn ports(&self) -> &[Port] {
        &PORTS
    }

    fn receive(&mut self, port: usize, message: Message, bus: &mut Bus<'_>) {
        let Message::Spi(message) = message else { return };
        match message {
            Spi::Select(lines) => self.selected = lines,
            Spi::Shift { bits, .. } => {
                let word = noise(self.words) & u32::MAX >> (32 - bits);
                self.words += 1;
                if self.selected != 0 {
                    bus.send(port, Message::Spi(Spi::Answer(word)));
                }
            }
            _ => return,
        }
        self.seen.lock().unwrap().push(message);
    }
}

/// How the block's interrupt reaches the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wiring {
    /// By an input of the controller that is an edge, as the handoff file says.
    Edge,
    /// By one that is a level.
    Level,
    /// Without a controller.
    Direct,
    /// Not at all.
    None,
}

pub(crate) struct Rig {
    pub(crate) spi: AxiQuadSpi,
    pub(crate) intc: Option<NodeHandle>,
    /// Reaches the block behind the driver's back.
    pub(crate) window: Window,
    pub(crate) cpu: CpuPin,
    pub(crate) board: Board,
    seen: Arc<Mutex<Vec<Spi>>>,
}

/// A board on which nothing has been claimed.
pub(crate) fn board(params: SpiParams, wiring: Wiring) -> (Board, Arc<Mutex<Vec<Spi>>>) {
    let (probe, seen) = (Probe::default(), Arc::default());
    let probe = Probe { seen: Arc::clone(&seen), ..probe };
    let builder = Board::builder()
        .device("spi", 0x41E0_0000, 0x1_0000, AxiQuadSpiModel::new(params))
        .part("probe", probe)
        .join("spi/SPI_0", "probe/bus");
    let kind_of_intr = if wiring == Wiring::Edge { u32::MAX } else { 0 };
    let builder = match wiring {
        Wiring::Direct => builder.interrupt("spi/ip2intc_irpt", 61),
        _ => builder
            .device(
                "intc",
                0x4180_0000,
                0x1_0000,
                AxiIntcModel::new(IntcParams { inputs: 4, kind_of_intr, ..IntcParams::default() }),
            )
            .wire("spi/ip2intc_irpt", "intc/intr[2]")
            .interrupt("intc/irq", 61),
    };
    (builder.build().unwrap(), seen)
}

pub(crate) fn config(params: &SpiParams) -> AxiQuadSpiConfig {
    let mut config = AxiQuadSpiConfig::new(params.slave_selects);
    config.fifo_depth = params.fifo_depth;
    config.word_bits = params.bits;
    config.sck_ratio = params.sck_ratio;
    config.clock_hz = params.clock_hz.try_into().unwrap();
    config
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::on(USUAL, Wiring::Edge)
    }

    pub(crate) fn on(params: SpiParams, wiring: Wiring) -> Self {
        Self::configured(params, wiring, config(&params))
    }

    pub(crate) fn configured(params: SpiParams, wiring: Wiring, config: AxiQuadSpiConfig) -> Self {
        let (board, seen) = board(params, wiring);
        let cpu = board.cpu_pin(61).unwrap();
        let window = board.window("spi").unwrap();
        let hardware = AxiQuadSpiHardware::new(window.clone(), config).unwrap();
        if wiring == Wiring::Direct {
            let spi = AxiQuadSpi::new(Arc::pin(axi_quad_spi_node(StdLock::new(), hardware, cpu.clone()))).unwrap();
            return Self { spi, intc: None, window, cpu, board, seen };
        }
        let kind_of_intr = if wiring == Wiring::Edge { u32::MAX } else { 0 };
        let controller =
            AxiIntcHardware::new(board.window("intc").unwrap(), AxiIntcConfig::new(4, kind_of_intr)).unwrap();
        let intc = NodeHandle::from(Arc::pin(axi_intc_node(StdLock::new(), controller, cpu.clone()))).erase();
        let parent = if wiring == Wiring::None { ParentLine::UNWIRED } else { ParentLine::new(intc.clone(), 2) };
        let spi = AxiQuadSpi::new(Arc::pin(axi_quad_spi_node(StdLock::new(), hardware, parent))).unwrap();
        Self { spi, intc: Some(intc), window, cpu, board, seen }
    }

    pub(crate) fn chip(&self, select: u8) -> Chip {
        self.spi.chip(select, MODE_0).unwrap()
    }

    /// What was on the bus since the last call of this.
    pub(crate) fn seen(&self) -> Vec<Spi> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }

    /// How often the block's line was serviced.
    pub(crate) fn interrupts(&self) -> u32 {
        self.spi.node().line_stats(0).fired
    }

    /// Nothing waits, no interrupt can reach the CPU, nothing is selected, and the FIFOs are empty.
    #[track_caller]
    pub(crate) fn assert_idle(&self) {
        assert!(self.spi.node().is_idle(), "the block's node is at rest");
        assert!(self.intc.as_ref().is_none_or(NodeHandle::is_idle), "the controller's node is at rest");
        assert!(!self.cpu.is_armed(), "the CPU pin is masked");
        assert_eq!(self.window.read(IPIER), 0, "its interrupts are disabled");
        let selects = (1 << self.spi.config().slave_selects) - 1;
        assert_eq!(self.window.read(SPISSR), selects, "nothing is selected");
        assert_eq!(self.window.read(SPISR) & 0x5, 0x5, "the FIFOs are empty");
    }
}

/// What a bus carries for these operations, and what they receive: an independent account of a transaction.
pub(crate) struct Account {
    pub(crate) seen: Vec<Spi>,
    pub(crate) received: Vec<Vec<u32>>,
}

/// `first` is how many words the probe has answered before.
pub(crate) fn account(
    lengths: &[(Option<usize>, Option<&[u32]>)],
    bits: u8,
    select: u8,
    mode: u8,
    first: u32,
) -> Account {
    let mask = u32::MAX >> (32 - bits);
    let (mut seen, mut received, mut answered) = (vec![Spi::Select(1 << select)], Vec::new(), first);
    for (read, write) in lengths {
        let count = read.unwrap_or(0).max(write.map_or(0, <[u32]>::len));
        let mut got = Vec::new();
        for at in 0..count {
            let data = write.and_then(|write| write.get(at)).copied().unwrap_or(mask);
            seen.push(Spi::Shift { data, bits, lanes: 1, mode });
            if read.is_some_and(|read| at < read) {
                got.push(noise(answered) & mask);
            }
            answered += 1;
        }
        received.push(got);
    }
    seen.push(Spi::Select(0));
    Account { seen, received }
}

/// The bytes that a probe answers from the `first`-th word on.
pub(crate) fn answers(first: u32, count: u32) -> Vec<u8> {
    (first..first + count).map(|n| noise(n).to_le_bytes()[0]).collect()
}

/// A write of some bytes and a read of some more, as one transaction.
pub(crate) fn write_read<'a>(write: &'a [u8], read: &'a mut [u8]) -> [Operation<'a, u8>; 2] {
    [Operation::Write(write), Operation::Read(read)]
}
