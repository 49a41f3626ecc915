//! A published driver of a flash chip without an operating system: `w25q32jv`, as it is, on the AXI Quad SPI's driver. The
//! logic and the chip are simulated inside of the program, and the interrupts are delivered by the processor's real
//! controller.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{boxed::Box, format, sync::Arc};
use core::convert::Infallible;

use aarch32_rt::{entry, irq};
use embedded_hal::{
    digital::{ErrorType, OutputPin},
    spi::MODE_0,
};
use pynq_baremetal::{Lock, zynq::idle};
use pynq_core::{BlockError, Epoch, block_on, interrupt::ConstInit};
use pynq_drivers::{
    AxiQuadSpi, AxiQuadSpiConfig, AxiQuadSpiHardware,
    axi_quad_spi::{AxiQuadSpiError, Chip, axi_quad_spi_node},
};
use pynq_firmware_zynq::{Board, exit, heap, println, simulated::SimulatedLine};
use pynq_sim::{
    models::{AxiQuadSpiModel, SpiParams},
    parts::{SpiChip, W25q},
};
use w25q32jv::{SECTOR_SIZE, W25q32jv};

type Failure = Box<dyn core::error::Error>;

/// Lies across the border of two pages of the second sector.
const PLACE: u32 = SECTOR_SIZE + 0xF0;
const TEXT: &[u8; 44] = b"The quick brown fox jumps over the lazy dog.";

#[irq]
fn interrupt() {
    pynq_baremetal::zynq::dispatch();
}

/// The chip's other pins, which are not there.
struct NoPin;

impl ErrorType for NoPin {
    type Error = Infallible;
}

impl OutputPin for NoPin {
    fn set_low(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

fn chip(board: &Board, logic: &pynq_sim::Board) -> Result<Chip, Failure> {
    let root = SimulatedLine::new(board.gic, board.root(0), logic.cpu_pin(61)?);
    let hardware = AxiQuadSpiHardware::new(logic.window("spi")?, AxiQuadSpiConfig::new(1))?;
    let spi = AxiQuadSpi::new(Arc::pin(axi_quad_spi_node(Lock::INIT, hardware, root)))?;
    Ok(spi.chip(0, MODE_0)?)
}

/// Erases, writes and reads. The errors of the chip's driver are no `Error`s of `core`.
async fn round_trip(chip: Chip) -> Result<(), w25q32jv::Error<BlockError<AxiQuadSpiError>, Infallible>> {
    let mut flash = W25q32jv::new(chip, NoPin, NoPin)?;
    println!("the chip is {:02x?}", flash.device_id_async().await?);
    flash.erase_sector_async(PLACE / SECTOR_SIZE).await?;
    flash.write_async(PLACE, TEXT).await?;
    let mut back = [0; TEXT.len()];
    flash.read_async(PLACE, &mut back).await?;
    println!("{} bytes: {}", back.len(), if &back == TEXT { "right" } else { "WRONG" });
    Ok(())
}

fn run(board: &Board) -> Result<(), Failure> {
    let logic = pynq_sim::Board::builder()
        .device("spi", 0x41E0_0000, 0x1_0000, AxiQuadSpiModel::new(SpiParams::default()))
        .part("flash", SpiChip::new(0, W25q::w25q32()))
        .join("spi/SPI_0", "flash/bus")
        .interrupt("spi/ip2intc_irpt", 61)
        .build()?;
    let ended = block_on(round_trip(chip(board, &logic)?), |epoch: Epoch| match logic.next_event() {
        // Everybody waits: the simulated time goes on.
        Some(next) if epoch.is_current() => logic.advance_to(next),
        _ => idle(epoch),
    });
    ended.map_err(|error| format!("{error:?}").into())
}

#[entry]
fn main() -> ! {
    heap::init();
    let board = Board::take();
    println!("spi_flash: a driver that knows no board, without a system");
    let outcome = run(&board);
    let stats = board.gic.stats();
    println!("interrupts={} spurious={} unclaimed={}", stats.taken, stats.spurious, stats.unclaimed);
    match outcome {
        Ok(()) => exit(0),
        Err(error) => println!("error: {error}"),
    }
    exit(1)
}
