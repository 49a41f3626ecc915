//! An AXI DMA behind an AXI INTC on a simulated board.

use std::sync::Arc;

use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, axi_intc_node,
    dma::{AddressWidth, DmaAllocator, DmaBuffer, DmaRequest, Pod},
    interrupt::{Both, NodeHandle, ParentLine, StdLock},
    mmio::Recorder,
};
use pynq_drivers::{
    AxiDma, AxiDmaConfig, AxiDmaHardware,
    axi_dma::{DmaChannel, DmaChannelConfig, axi_dma_node},
};
use pynq_sim::{
    Board, CpuPin, SimDmaMemory, Window,
    models::{AxiDmaModel, AxiIntcModel, AxisFifoModel, AxisFifoParams, DmaChannelParams, DmaParams, IntcParams},
};

/// All inputs of the controller are levels.
pub(crate) const LEVEL: u32 = 0;
/// All inputs of the controller are edges, as on the base designs of PYNQ.
pub(crate) const EDGE: u32 = u32::MAX;

pub(crate) const DDR: u64 = 0x1000_0000;
pub(crate) const SIZE: usize = 0x40_0000;

/// How the block of a test is built, and what is around it.
#[derive(Clone, Copy)]
pub(crate) struct Build {
    pub(crate) config: AxiDmaConfig,
    pub(crate) kind_of_intr: u32,
    /// The stream of MM2S goes to S2MM. Else both ends are open.
    pub(crate) looped: bool,
    /// The interrupts of MM2S and S2MM are wired.
    pub(crate) wired: [bool; 2],
    /// Where the memory is.
    pub(crate) base: u64,
}

impl Build {
    pub(crate) fn direct() -> Self {
        let config = AxiDmaConfig { length_width: 16, ..AxiDmaConfig::new() };
        Self { config, kind_of_intr: LEVEL, looped: true, wired: [true; 2], base: DDR }
    }

    pub(crate) fn scatter_gather() -> Self {
        let mut build = Self::direct();
        build.config.scatter_gather = true;
        build
    }

    pub(crate) fn open(self) -> Self {
        Self { looped: false, ..self }
    }
}

pub(crate) struct Rig {
    pub(crate) dma: AxiDma,
    pub(crate) board: Board,
    pub(crate) memory: SimDmaMemory,
    pub(crate) recorder: Arc<Recorder<Window>>,
    pub(crate) cpu: CpuPin,
    pub(crate) intc: NodeHandle,
    width: u8,
}

fn params(config: &AxiDmaConfig) -> DmaParams {
    let channel = |channel: Option<DmaChannelConfig>| {
        channel.map(|channel| DmaChannelParams {
            memory_bytes: channel.data_bytes.into(),
            stream_bytes: channel.data_bytes.into(),
            realigns: channel.realigns,
            burst: channel.burst,
            ..DmaChannelParams::default()
        })
    };
    DmaParams {
        mm2s: channel(config.send),
        s2mm: channel(config.receive),
        scatter_gather: config.scatter_gather,
        length_width: config.length_width,
        address_width: config.address_width,
        micro: config.micro,
        ..DmaParams::default()
    }
}

impl Rig {
    pub(crate) fn new(build: Build) -> Self {
        let Build { config, kind_of_intr, looped, wired, base } = build;
        let intc = IntcParams { inputs: 4, kind_of_intr, ..IntcParams::default() };
        let mut board = Board::builder()
            .device("intc", 0x4180_0000, 0x1_0000, AxiIntcModel::new(intc))
            .device("dma", 0x4040_0000, 0x1_0000, AxiDmaModel::new(params(&config)))
            .memory("ddr", base, SIZE as u64)
            .interrupt("intc/irq", 61);
        for (port, input) in [("mm2s_introut", 1), ("s2mm_introut", 2)] {
            if wired[input - 1] {
                board = board.wire(&format!("dma/{port}"), &format!("intc/intr[{input}]"));
            }
        }
        if looped {
            board = board
                .part("fifo", AxisFifoModel::new(AxisFifoParams::default()))
                .join("dma/M_AXIS_MM2S", "fifo/S_AXIS")
                .join("fifo/M_AXIS", "dma/S_AXIS_S2MM");
        }
        let board = board.build().unwrap();
        let cpu = board.cpu_pin(61).unwrap();
        let hardware =
            AxiIntcHardware::new(board.window("intc").unwrap(), AxiIntcConfig::new(4, kind_of_intr)).unwrap();
        let intc = Arc::pin(axi_intc_node(StdLock::new(), hardware, cpu.clone()));
        let recorder = Arc::new(Recorder::new(board.window("dma").unwrap()));
        let mut hardware = AxiDmaHardware::new(Arc::clone(&recorder), config).unwrap();
        hardware.set_wired(wired);
        let line = |input: u8| match wired[usize::from(input) - 1] {
            true => ParentLine::new(intc.clone(), input),
            false => ParentLine::UNWIRED,
        };
        let source = Both::new(line(1), line(2));
        let source = if wired[0] { source } else { source.without_first() };
        let dma = AxiDma::new(Arc::pin(axi_dma_node(StdLock::new(), hardware, source))).unwrap();
        let memory = SimDmaMemory::new(&board, base, SIZE).unwrap();
        let this = Self {
            dma,
            board,
            memory,
            recorder,
            cpu,
            intc: NodeHandle::from(intc).erase(),
            width: config.address_width,
        };
        if config.scatter_gather {
            for channel in [this.dma.send(), this.dma.receive()].into_iter().flatten() {
                channel.use_descriptors(this.buffer(16 * 64)).unwrap();
            }
        }
        this
    }

    pub(crate) fn send(&self) -> DmaChannel {
        self.dma.send().unwrap()
    }

    pub(crate) fn receive(&self) -> DmaChannel {
        self.dma.receive().unwrap()
    }

    /// A buffer of so many items, filled with a pattern.
    pub(crate) fn items<T: Pod>(&self, len: usize) -> DmaBuffer<T> {
        self.buffer(len * size_of::<T>()).cast().unwrap()
    }

    pub(crate) fn buffer(&self, size: usize) -> DmaBuffer {
        let request = DmaRequest::new(size).alignment(64).address_width(AddressWidth::new(self.width).unwrap());
        let mut buffer = DmaBuffer::boxed(self.memory.allocate(&request).unwrap());
        buffer.fill(0);
        buffer
    }

    /// A buffer with bytes of its own.
    pub(crate) fn filled(&self, seed: u8, size: usize) -> DmaBuffer {
        let mut buffer = self.buffer(size);
        buffer.iter_mut().zip(pattern(seed)).for_each(|(byte, value)| *byte = value);
        buffer
    }

    /// Nothing waits, nothing is unmasked, and no memory but `left` bytes is in use.
    #[track_caller]
    pub(crate) fn assert_idle(&self) {
        assert!(self.dma.node().is_idle(), "something waits on the DMA");
        assert!(self.intc.is_idle(), "something waits on the controller");
        assert!(!self.cpu.is_armed());
    }
}

/// Bytes that differ from those of another seed.
pub(crate) fn pattern(seed: u8) -> impl Iterator<Item = u8> {
    (0..251_u8).cycle().map(move |byte| byte.wrapping_mul(7).wrapping_add(seed))
}
