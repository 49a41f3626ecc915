//! One test for each line of the data sheet's "Behaviour a faithful simulation must reproduce", and for its tables.

use alloc::{vec, vec::Vec};

use pynq_core::Instant;

use super::{channel::*, *};
use crate::{
    Stimulus, StreamFault,
    fabric::{Change, Fabric, FabricBuilder},
    models::{AxisFifoModel, AxisFifoParams},
};

mod direct;
mod faults;
mod random;
mod scatter_gather;

const DMA: u64 = 0x4040_0000;
const DDR: u64 = 0x1000_0000;
const DDR_SIZE: u64 = 0x40_0000;

const RS: u32 = 1;
const IOC: u32 = 1 << 12;
const DLY: u32 = 1 << 13;
const ERR: u32 = 1 << 14;
const HALTED: u32 = 1;
const IDLE: u32 = 2;

/// A loop-back through a FIFO, to be poked by registers.
struct Loop {
    fabric: Fabric,
}

impl Loop {
    fn new(params: DmaParams) -> Self {
        Self::with_fifo(params, AxisFifoParams::default())
    }

    fn with_fifo(params: DmaParams, fifo: AxisFifoParams) -> Self {
        let fabric = FabricBuilder::new()
            .device("dma", DMA, 0x1_0000, AxiDmaModel::new(params))
            .part("fifo", AxisFifoModel::new(fifo))
            .join("dma/M_AXIS_MM2S", "fifo/S_AXIS")
            .join("fifo/M_AXIS", "dma/S_AXIS_S2MM")
            .memory("ddr", DDR, DDR_SIZE)
            .build()
            .unwrap();
        Self { fabric }
    }

    fn read(&mut self, offset: u32) -> u32 {
        self.fabric.read(DMA + u64::from(offset)).unwrap()
    }

    fn write(&mut self, offset: u32, value: u32) {
        self.fabric.write(DMA + u64::from(offset), value).unwrap();
    }

    /// Status as it is when the lag is over.
    fn status(&mut self, offset: u32) -> u32 {
        self.read(offset);
        self.read(offset)
    }

    fn pass(&mut self, nanos: u64) {
        let now = self.fabric.now().as_nanos();
        self.fabric.advance_to(Instant::from_nanos(now + nanos));
    }

    /// Lets everything happen that is to happen.
    fn settle(&mut self) {
        while let Some(next) = self.fabric.next_event() {
            self.fabric.advance_to(next);
        }
    }

    fn memory(&self, address: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.fabric.read_memory(crate::fabric::PROCESSOR, address, &mut bytes).unwrap();
        bytes
    }

    fn fill(&mut self, address: u64, bytes: &[u8]) {
        self.fabric.write_memory(crate::fabric::PROCESSOR, address, bytes).unwrap();
    }

    fn line(&mut self, name: &str) -> bool {
        self.fabric.line(name).unwrap()
    }

    fn fault(&mut self, bits: u32) {
        self.fabric.apply(&Stimulus::Port { port: "dma/fault".into(), bits }).unwrap();
    }

    /// The addresses of the accesses that misbehaved.
    fn bus_errors(&mut self) -> Vec<u64> {
        let errors = self.fabric.take_changes().into_iter().filter_map(|change| match change {
            Change::BusError(error) => Some(error.address),
            _ => None,
        });
        errors.collect()
    }

    /// Starts a transfer in direct mode.
    fn transfer(&mut self, channel: u32, address: u64, length: u32) {
        self.write(channel + ADDRESS, u32::try_from(address).unwrap());
        self.write(channel + LENGTH, length);
    }
}

/// Bytes that differ from their neighbours.
fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 7 + i / 251) as u8).collect()
}

/// The clock of these builds.
const CLOCK: u64 = 10;
