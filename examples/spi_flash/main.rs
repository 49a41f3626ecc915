//! A flash chip on an AXI Quad SPI, driven by a published crate that has never heard of either: `w25q32jv`.
//!
//! It erases a sector, writes a text across the border of two pages and reads it back, once in a task and once without any
//! runtime. The chip is simulated; the task sleeps while bytes are on their way.

use std::{process::ExitCode, time::Duration};

use embedded_hal::spi::MODE_0;
use pynq::{
    Instant, Overlay, Pin,
    drivers::axi_quad_spi::Chip,
    hwh::Design,
    sim::{
        BoardBuilder,
        parts::{SpiChip, W25q},
    },
};
use pynq_examples::{Options, Result, exit, join::Task};
use w25q32jv::W25q32jv;

const DESIGN: &str = include_str!("spi_flash.hwh");

const TEXT: &[u8] = b"The quick brown fox jumps over the lazy dog, and over the border of two pages.";

/// In the second sector, 32 bytes before the end of a page.
const PLACE: u32 = 0x10E0;

/// The chip as its driver sees it: it knows nothing but embedded-hal's traits.
type Flash = W25q32jv<Chip, Pin, Pin>;

/// The overlay, with a flash on the first slave select of `spi`, of which the other two pins hang on `flash_pins`.
fn overlay() -> Result<Overlay> {
    let design = Design::parse(DESIGN)?;
    let board = BoardBuilder::from_design(&design, |_| None)
        .part("flash", SpiChip::new(0, W25q::w25q32()))
        .join("spi/SPI_0", "flash/bus")
        .wire("flash_pins/gpio_io_o[0]", "flash/pins[0]")
        .wire("flash_pins/gpio_io_o[1]", "flash/pins[1]");
    Ok(Overlay::on_board(design, board.build()?))
}

fn flash(overlay: &Overlay) -> Result<Flash> {
    let pins = overlay.gpio("flash_pins")?.channel1();
    let chip = overlay.spi("spi")?.chip(0, MODE_0)?;
    W25q32jv::new(chip, pins.pin(0)?, pins.pin(1)?).map_err(|error| format!("{error:?}").into())
}

/// Says how long a step took, on the board's clock.
struct Steps(Overlay, Instant);

impl Steps {
    fn done(&mut self, what: &str) {
        let now = pynq::Clock::now(&self.0.clock());
        let took: Duration = now - std::mem::replace(&mut self.1, now);
        println!("{:>10} us  {what}", took.as_micros());
    }
}

/// An error of the chip's driver, which is no `std` error.
fn of_driver(error: impl std::fmt::Debug) -> pynq_examples::Error {
    format!("the flash's driver: {error:?}").into()
}

async fn awaited(mut flash: Flash, mut steps: Steps) -> Result {
    let mut back = [0; TEXT.len()];
    let id = flash.device_id_async().await.map_err(of_driver)?;
    steps.done(&format!("the chip is {id:02x?}"));
    flash.erase_sector_async(PLACE / w25q32jv::SECTOR_SIZE).await.map_err(of_driver)?;
    steps.done("a sector is erased, and read to see that it is");
    flash.write_async(PLACE, TEXT).await.map_err(of_driver)?;
    steps.done("two pages are programmed, and read");
    flash.read_async(PLACE, &mut back).await.map_err(of_driver)?;
    steps.done(&format!("{} bytes, {}", back.len(), if back == TEXT { "right" } else { "WRONG" }));
    Ok(())
}

fn blocked(flash: &mut Flash, mut steps: Steps) -> Result {
    use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
    let mut back = [0; TEXT.len()];
    NorFlash::erase(flash, 0, w25q32jv::SECTOR_SIZE).map_err(of_driver)?;
    NorFlash::write(flash, 0xE0, TEXT).map_err(of_driver)?;
    ReadNorFlash::read(flash, 0xE0, &mut back).map_err(of_driver)?;
    steps.done(&format!("the same by blocking calls, {}", if back == TEXT { "right" } else { "WRONG" }));
    Ok(())
}

fn run(options: &Options) -> Result {
    let overlay = overlay()?;
    let steps = || Steps(overlay.clone(), pynq::Clock::now(&overlay.clock()));
    let task = {
        let (flash, steps) = (flash(&overlay)?, steps());
        async move { awaited(flash, steps).await.map_err(|error| pynq::Error::Aside { message: error.to_string() }) }
    };
    let task: Task<pynq::Result<()>> = Box::pin(task);
    options.runtime.run(&overlay, vec![task])?;
    blocked(&mut flash(&overlay)?, steps())?;
    let line = overlay.spi("spi")?.node().line_stats(0);
    println!("interrupts={} spurious={}", line.fired, overlay.statistics().spurious);
    Ok(())
}

fn main() -> ExitCode {
    exit(Options::from_env().and_then(|options| options.help_or(run)))
}
