//! An AXI VDMA behind an AXI INTC on a simulated board.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, axi_intc_node,
    dma::{DmaAllocator, DmaBuffer},
    interrupt::{Both, NodeHandle, ParentLine, StdLock},
};
use pynq_drivers::{
    AxiVdma, AxiVdmaConfig, AxiVdmaHardware,
    axi_dma::DmaDirection,
    axi_vdma::{FrameBuffers, FrameFormat, VideoInput, VideoOutput, axi_vdma_node},
};
use pynq_sim::{
    Board, SimDmaMemory, Stimulus, Window,
    device::{Frame, Message, Stream},
    models::{AxiIntcModel, AxiVdmaModel, IntcParams, VdmaParams},
    parts::{FrameSink, FrameSource},
};

/// All inputs of the controller are edges, as on the base designs of PYNQ.
pub(crate) const EDGE: u32 = u32::MAX;
pub(crate) const LEVEL: u32 = 0;

pub(crate) const DDR: u64 = 0x1000_0000;
/// 60 frames a second.
pub(crate) const PERIOD: Duration = Duration::from_nanos(16_666_667);
pub(crate) const FORMAT: FrameFormat = FrameFormat::new(3, 16);

pub(crate) struct Rig {
    pub(crate) vdma: AxiVdma,
    pub(crate) input: VideoInput,
    pub(crate) output: VideoOutput,
    pub(crate) board: Board,
    pub(crate) memory: SimDmaMemory,
    pub(crate) window: Window,
    /// The first byte of each frame that was on the screen.
    pub(crate) shown: Arc<Mutex<Vec<u8>>>,
    pub(crate) intc: NodeHandle,
}

/// Frame `number` of the camera: its number in each eight bytes, and nothing but it.
pub(crate) fn picture(number: u64) -> Vec<u8> {
    number.to_le_bytes().repeat(FORMAT.byte_len() / 8)
}

/// The number of the frame, which has to be one frame of the camera and not two.
pub(crate) fn number(bytes: &[u8]) -> u64 {
    let first = u64::from_le_bytes(*bytes.first_chunk().unwrap());
    assert_eq!(bytes, picture(first), "torn");
    first
}

pub(crate) struct Build {
    pub(crate) stores: u8,
    pub(crate) kind_of_intr: u32,
    /// There is a camera that never stops. Else frames come by [`Rig::feed`].
    pub(crate) camera: bool,
    pub(crate) address_width: u8,
    pub(crate) flushes: bool,
}

impl Default for Build {
    fn default() -> Self {
        Self { stores: 4, kind_of_intr: EDGE, camera: true, address_width: 32, flushes: true }
    }
}

impl Rig {
    pub(crate) fn new(build: Build) -> Self {
        let Build { stores, kind_of_intr, camera, address_width, flushes } = build;
        let shown = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&shown);
        let screen = FrameSink::new(PERIOD, move |frame| sink.lock().unwrap().push(frame.bytes()[0]));
        let params = VdmaParams { stores, address_width, ..VdmaParams::default() };
        let intc = IntcParams { inputs: 2, kind_of_intr, ..IntcParams::default() };
        let mut builder = Board::builder()
            .device("vdma", 0x4300_0000, 0x1_0000, AxiVdmaModel::new(params))
            .device("intc", 0x4180_0000, 0x1_0000, AxiIntcModel::new(intc))
            .part("screen", screen)
            .join("vdma/M_AXIS_MM2S", "screen/in")
            .memory("ddr", DDR, 0x10_0000)
            .wire("vdma/s2mm_introut", "intc/intr[0]")
            .wire("vdma/mm2s_introut", "intc/intr[1]")
            .interrupt("intc/irq", 61);
        if camera {
            let source = FrameSource::new(FORMAT.lines, FORMAT.line_bytes, PERIOD, picture);
            builder = builder.part("camera", source).join("camera/out", "vdma/S_AXIS_S2MM");
        }
        let board = builder.build().unwrap();
        let intc_config = AxiIntcConfig::new(2, kind_of_intr);
        let intc = AxiIntcHardware::new(board.window("intc").unwrap(), intc_config).unwrap();
        let intc = Arc::pin(axi_intc_node(StdLock::new(), intc, board.cpu_pin(61).unwrap()));
        let config = AxiVdmaConfig { stores, address_width, flushes, ..AxiVdmaConfig::new() };
        let hardware = AxiVdmaHardware::new(board.window("vdma").unwrap(), config).unwrap();
        let outputs = Both::new(ParentLine::new(intc.clone(), 1), ParentLine::new(intc.clone(), 0));
        let vdma = AxiVdma::new(Arc::pin(axi_vdma_node(StdLock::new(), hardware, outputs))).unwrap();
        let memory = SimDmaMemory::new(&board, DDR, 0x10_0000).unwrap();
        Self {
            input: vdma.input().unwrap(),
            output: vdma.output().unwrap(),
            window: board.window("vdma").unwrap(),
            vdma,
            board,
            memory,
            shown,
            intc: NodeHandle::from(intc).erase(),
        }
    }

    pub(crate) fn buffers(&self, count: usize) -> FrameBuffers {
        let request = self.vdma.config().request(DmaDirection::Receive, FORMAT).unwrap();
        let mut buffers = FrameBuffers::new();
        for _ in 0..count {
            buffers.push(DmaBuffer::boxed(self.memory.allocate(&request).unwrap())).unwrap();
        }
        buffers
    }

    /// Starts the input, with so many frames for the program.
    pub(crate) fn start_input(&self, frames: usize) {
        let stores = usize::from(self.vdma.config().stores);
        self.input.start(FORMAT, &mut self.buffers(stores + frames)).unwrap();
    }

    /// Starts the output, with so many frames for the program.
    pub(crate) fn start_output(&self, frames: usize) {
        self.output.start(FORMAT, &mut self.buffers(1 + frames)).unwrap();
    }

    /// Frame `number` of a camera, begun now and ended now.
    pub(crate) fn frame(&self, number: u64) -> Stimulus {
        let frame = Frame::new(FORMAT.lines, FORMAT.line_bytes, picture(number).into());
        let message = Message::Stream(Stream::Frame(frame.begun_at(self.board.now())));
        Stimulus::Message { port: "vdma/S_AXIS_S2MM".into(), message }
    }

    pub(crate) fn feed(&self, number: u64) {
        self.board.stimulate(&self.frame(number)).unwrap();
    }

    pub(crate) fn is_quiet(&self) -> bool {
        (self.window.read(0x30) | self.window.read(0x00)) & 0x7000 == 0
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            for line in 0..2 {
                assert_eq!(self.intc.line_stats(line).spurious, 0);
            }
        }
    }
}

/// xorshift.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
