//! The SPI controller's driver, with QEMU's flash chips behind it, and a published driver of such a chip on top.

use std::sync::Arc;

use embedded_hal::{
    digital::{ErrorType, OutputPin},
    spi::{MODE_0, MODE_3, Operation},
};
use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, axi_intc_node,
    interrupt::{NodeHandle, ParentLine, StdLock},
    mmio::Checked,
};
use pynq_drivers::{
    AxiQuadSpi, AxiQuadSpiConfig, AxiQuadSpiHardware,
    axi_quad_spi::{Chip, axi_quad_spi_node},
};
use pynq_qtest::{Ml605, Watch};
use w25q32jv::W25q32jv;

use crate::common::find_microblaze;

struct Rig {
    spi: AxiQuadSpi,
    intc: NodeHandle,
    board: Ml605,
}

impl Rig {
    /// Nothing where there is no emulator.
    fn new() -> Option<Self> {
        let board = Ml605::start(find_microblaze()?, Watch::Processor).unwrap();
        let hardware = AxiIntcHardware::new(board.intc(), AxiIntcConfig::new(32, Ml605::KIND_OF_INTR)).unwrap();
        let intc = NodeHandle::from(Arc::pin(axi_intc_node(StdLock::new(), hardware, board.cpu_pin()))).erase();
        let mut config = AxiQuadSpiConfig::new(Ml605::SPI_SELECTS);
        config.fifo_depth = Ml605::SPI_FIFO;
        let hardware = AxiQuadSpiHardware::new(board.spi(), config).unwrap();
        let parent = ParentLine::new(intc.clone(), Ml605::SPI_INPUT);
        let spi = AxiQuadSpi::new(Arc::pin(axi_quad_spi_node(StdLock::new(), hardware, parent))).unwrap();
        Some(Self { spi, intc, board })
    }

    fn chip(&self, select: u8) -> Chip {
        self.spi.chip(select, MODE_0).unwrap()
    }

    /// Nothing waits, no interrupt can reach the processor, and no chip is selected.
    #[track_caller]
    fn assert_idle(&self) {
        assert!(self.spi.node().is_idle() && self.intc.is_idle(), "the nodes are at rest");
        assert!(!self.board.cpu_pin().level(), "the controller's output is down");
        assert_eq!(Checked::new(self.board.spi()).read(0x70, 4), Ok(0xFFFF_FFFF), "no chip is selected");
        assert_eq!(self.board.qtest().failure(), None);
    }
}

/// A pin that the chips of QEMU don't have.
struct NoPin;

impl ErrorType for NoPin {
    type Error = core::convert::Infallible;
}

impl OutputPin for NoPin {
    fn set_low(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// Bytes that no mistake leaves as they are.
fn noise(count: u32) -> Vec<u8> {
    (0..count).map(|n| n.wrapping_mul(0x9E37_79B9).to_be_bytes()[1]).collect()
}

#[test]
fn each_chip_says_what_it_is() {
    let Some(rig) = Rig::new() else { return };
    for select in 0..Ml605::SPI_SELECTS {
        for mode in [MODE_0, MODE_3] {
            let mut id = [0_u8; 3];
            let chip = rig.spi.chip(select, mode).unwrap();
            chip.transaction(&mut [Operation::Write(&[0x9F]), Operation::Read(&mut id)]).unwrap();
            assert_eq!(id, [0x20, 0xBA, 0x18], "an N25Q128 on select {select}");
        }
    }
    assert_eq!(rig.spi.node().line_stats(0).fired, 8, "an interrupt for each");
    rig.assert_idle();
}

#[test]
fn a_published_driver_writes_a_flash_that_is_not_ours() {
    let Some(rig) = Rig::new() else { return };
    let mut flash = W25q32jv::new(rig.chip(2), NoPin, NoPin).unwrap();
    let data = noise(1_000);
    let mut back = vec![0; 1_000];
    flash.erase_sector(3).unwrap();
    flash.write_blocking(0x3123, &data).unwrap();
    flash.read(0x3123, &mut back).unwrap();
    assert!(back == data, "every byte");
    // Another chip has not seen it.
    let mut other = [0_u8; 4];
    rig.chip(1).transaction(&mut [Operation::Write(&[0x03, 0, 0x31, 0x23]), Operation::Read(&mut other)]).unwrap();
    assert_eq!(other, [0xFF; 4]);
    // More than a FIFO at once: a full one has another interrupt.
    let mut whole = vec![0_u8; 0x1000];
    rig.chip(2).transaction(&mut [Operation::Write(&[0x03, 0, 0x30, 0]), Operation::Read(&mut whole)]).unwrap();
    assert!(whole[0x123..0x123 + 1_000] == data && whole[0x122] == 0xFF && whole[0x123 + 1_000] == 0xFF);
    let fired = rig.spi.node().line_stats(0).fired;
    println!("Quad SPI: 1000 bytes programmed and read by w25q32jv on QEMU's flash, {fired} interrupts");
    rig.assert_idle();
}

#[test]
fn a_transaction_that_is_dropped_leaves_the_chip_deselected() {
    let Some(rig) = Rig::new() else { return };
    for _ in 0..20 {
        let chip = rig.chip(0);
        let mut back = [0_u8; 3];
        let mut operations = [Operation::Write(&[0x9F]), Operation::Read(&mut back)];
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let mut task = Box::pin(chip.transaction_async(&mut operations));
        let _ = std::future::Future::poll(task.as_mut(), &mut cx);
        drop(task);
        rig.assert_idle();
    }
    let mut id = [0_u8; 3];
    rig.chip(0).transaction(&mut [Operation::Write(&[0x9F]), Operation::Read(&mut id)]).unwrap();
    assert_eq!(id, [0x20, 0xBA, 0x18]);
}
