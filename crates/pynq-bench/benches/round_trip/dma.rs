//! A packet that an AXI DMA sends, from its start to where the program has its buffer again: the block, and the driver on it.
//! What the loop by hand plays back are the driver's accesses, in the same order, one interrupt and one sleep for each packet.

use std::{
    fs,
    os::fd::OwnedFd,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{
            AtomicU32,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
};

use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, axi_intc_node,
    dma::{DmaBuffer, DmaRequest},
    interrupt::{Both, NodeHandle, ParentLine, StdLock},
};
use pynq_drivers::{
    AxiDma, AxiDmaConfig, AxiDmaHardware,
    axi_dma::{DmaChannel, axi_dma_node},
};
use pynq_uio::{LinuxClock, LinuxDmaMemory, Masking, Reactor, SystemPaths, UioInterrupts};

use crate::{
    blocks::{Registers, Window},
    hardware::Board,
    stamps::Stamps,
};

const BYTES: usize = 4096;
const HALTED: u32 = 1 << 0;
const IDLE: u32 = 1 << 1;
const COMPLETION: u32 = 1 << 12;
const EVENTS: u32 = 7 << 12;

/// Both channels in direct mode, of which the first one sends.
pub(crate) struct Dma {
    control: [AtomicU32; 2],
    status: [AtomicU32; 2],
    address: AtomicU32,
    length: AtomicU32,
}

impl Default for Dma {
    fn default() -> Self {
        Self {
            control: Default::default(),
            status: [AtomicU32::new(HALTED), AtomicU32::new(HALTED)],
            address: AtomicU32::new(0),
            length: AtomicU32::new(0),
        }
    }
}

impl Dma {
    /// What was started has ended.
    pub(crate) fn complete(&self) {
        self.status[0].fetch_or(COMPLETION | IDLE, Release);
    }
}

impl Registers for Dma {
    #[inline]
    fn read(&self, offset: usize) -> u32 {
        match offset {
            0x00 => self.control[0].load(Relaxed),
            0x04 => self.status[0].load(Acquire),
            0x30 => self.control[1].load(Relaxed),
            0x34 => self.status[1].load(Acquire),
            _ => 0,
        }
    }

    #[inline]
    fn write(&self, offset: usize, value: u32) {
        match offset {
            0x00 | 0x30 => {
                let channel = offset / 0x30;
                // A reset is over at once.
                self.control[channel].store(if value & 4 == 0 { value } else { 0 }, Relaxed);
                if value & 1 == 1 {
                    self.status[channel].fetch_and(!HALTED, Relaxed);
                }
            }
            0x04 | 0x34 => drop(self.status[offset / 0x30].fetch_and(!(value & EVENTS), Relaxed)),
            0x18 => self.address.store(value, Relaxed),
            0x28 => {
                self.status[0].fetch_and(!IDLE, Relaxed);
                self.length.store(value, Relaxed);
            }
            _ => {}
        }
    }
}

/// A tree as the module u-dma-buf makes it, with one coherent device.
struct Tree(PathBuf);

impl Tree {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("pynq-bench-{}-{}", std::process::id(), COUNT.fetch_add(1, Relaxed));
        let tree = Self(std::env::temp_dir().join(name));
        let class = tree.0.join("sys/class/u-dma-buf/udmabuf0");
        fs::create_dir_all(&class).expect("a folder");
        fs::create_dir_all(tree.0.join("dev")).expect("a folder");
        for (attribute, text) in [("phys_addr", "0x10000000"), ("size", "4096"), ("dma_coherent", "1")] {
            fs::write(class.join(attribute), text).expect("an attribute");
        }
        fs::write(tree.0.join("dev/udmabuf0"), [0; BYTES]).expect("its memory");
        tree
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The driver, with a buffer that it sends again and again.
pub(crate) struct Transfers {
    send: DmaChannel,
    /// Out of here while it is on its way.
    buffer: Mutex<Option<DmaBuffer>>,
    stamps: Arc<Stamps>,
    _tree: Tree,
}

impl Transfers {
    pub(crate) fn new(board: &Board, device: OwnedFd, reactor: Arc<dyn Reactor>) -> Self {
        let interrupts = UioInterrupts::new(LinuxClock::new(Arc::clone(&reactor)), reactor);
        let root = interrupts.root(device, Masking::InTheController).expect("a device");
        let window = Window::new(&board.intc, 0, &board.recording);
        let hardware = AxiIntcHardware::new(window, AxiIntcConfig::new(32, !0)).expect("a controller");
        let intc = NodeHandle::from(Arc::pin(axi_intc_node(StdLock::new(), hardware, root))).erase();
        let window = Window::new(board.dma.as_ref().expect("a DMA"), 1, &board.recording);
        let hardware = AxiDmaHardware::new(pynq_core::Window::boxed(window), AxiDmaConfig::new()).expect("a block");
        let outputs = Both::new(ParentLine::new(intc.clone(), 0), ParentLine::new(intc, 1));
        let dma = AxiDma::new(Arc::pin(axi_dma_node(StdLock::new(), hardware, outputs))).expect("a driver");
        let tree = Tree::new();
        let memory = LinuxDmaMemory::new(&SystemPaths::below(&tree.0));
        let buffer = DmaBuffer::boxed(memory.allocate(&DmaRequest::new(BYTES)).expect("memory"));
        Self {
            send: dma.send().expect("a channel"),
            buffer: Mutex::new(Some(buffer)),
            stamps: Arc::clone(&board.stamps),
            _tree: tree,
        }
    }

    fn take(&self) -> DmaBuffer {
        self.buffer.lock().expect("nobody panics").take().expect("one run at a time")
    }

    fn put_back(&self, buffer: DmaBuffer) {
        *self.buffer.lock().expect("nobody panics") = Some(buffer);
    }

    /// Sends `count` packets, one after the other.
    pub(crate) async fn run(&self, count: u32) {
        let mut buffer = self.take();
        for _ in 0..count {
            buffer = self.send.transfer_async(buffer).await.expect("a transfer").packet;
            self.stamps.arrived();
        }
        self.put_back(buffer);
    }

    /// The same on the calling thread.
    pub(crate) fn run_blocking(&self, count: u32) {
        let mut buffer = self.take();
        for _ in 0..count {
            buffer = self.send.transfer(buffer).expect("a transfer").packet;
            self.stamps.arrived();
        }
        self.put_back(buffer);
    }
}
