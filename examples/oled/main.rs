//! A display on an AXI IIC, driven by published crates that have never heard of either: `ssd1306` and `embedded-graphics`.
//!
//! It draws a picture and a text, once in a task and once without any runtime, and writes what the simulated display shows as
//! a PNG file: `cargo run --example oled -- --png oled.png`. The task sleeps while bytes are on their way.

mod drawing;

use std::{path::PathBuf, process::ExitCode};

use pynq::{
    AxiIic, Clock as _, Overlay,
    hwh::Design,
    sim::{
        BoardBuilder,
        device::{Picture, View},
        parts::i2c::{Ssd1306 as Panel, Target},
    },
};
use pynq_examples::{Options, Result, exit, png};
use ssd1306::{I2CDisplayInterface, Ssd1306, Ssd1306Async, mode::DisplayConfig, prelude::*};

const DESIGN: &str = include_str!("oled.hwh");

/// The overlay, with a display on the bus of `iic`.
fn overlay() -> Result<Overlay> {
    let design = Design::parse(DESIGN)?;
    let board = BoardBuilder::from_design(&design, |_| None)
        .part("display", Target::new(Panel::of_64_lines()))
        .join("iic/IIC", "display/bus");
    Ok(Overlay::on_board(design, board.build()?))
}

/// What the display shows.
fn shown(overlay: &Overlay) -> Result<Picture> {
    match overlay.simulation().ok_or("a simulated board")?.view("display")? {
        View::Picture(picture) => Ok(picture),
        other => Err(format!("the display shows {other:?}").into()),
    }
}

/// An error of the display's driver, which is no `std` error.
fn of_driver(error: impl std::fmt::Debug) -> pynq::Error {
    pynq::Error::Aside { message: format!("the display's driver: {error:?}") }
}

async fn awaited(iic: AxiIic) -> pynq::Result<()> {
    let interface = I2CDisplayInterface::new(iic);
    let mut display =
        Ssd1306Async::new(interface, DisplaySize128x64, DisplayRotation::Rotate0).into_buffered_graphics_mode();
    display.init().await.map_err(of_driver)?;
    drawing::draw(&mut display, "awaited").map_err(of_driver)?;
    display.flush().await.map_err(of_driver)
}

fn blocked(iic: AxiIic) -> pynq::Result<()> {
    let interface = I2CDisplayInterface::new(iic);
    let mut display =
        Ssd1306::new(interface, DisplaySize128x64, DisplayRotation::Rotate0).into_buffered_graphics_mode();
    display.init().map_err(of_driver)?;
    drawing::draw(&mut display, "blocked on").map_err(of_driver)?;
    display.flush().map_err(of_driver)
}

fn run(options: &Options, file: Option<PathBuf>) -> Result {
    let overlay = overlay()?;
    let clock = overlay.clock();
    let program = awaited(overlay.iic("iic")?);
    // The future of the display's driver can't move to another thread, so it is not spawned.
    options.runtime.finish(&overlay, program)??;
    let picture = shown(&overlay)?;
    let line = overlay.iic("iic")?.node().line_stats(0);
    let lit = picture.data.iter().filter(|&&pixel| pixel != 0).count();
    println!(
        "{:>8} us  a picture, awaited: {lit} pixels lit, {} interrupts",
        clock.now().as_nanos() / 1_000,
        line.fired
    );
    if let Some(file) = file {
        std::fs::write(&file, png::encode(&picture, 4)?)?;
        println!("{}", file.display());
    }
    blocked(overlay.iic("iic")?)?;
    let again = shown(&overlay)?.data.iter().filter(|&&pixel| pixel != 0).count();
    println!("{:>8} us  another one, blocked on: {again} pixels lit", clock.now().as_nanos() / 1_000);
    println!("spurious={}", overlay.statistics().spurious);
    Ok(())
}

fn main() -> ExitCode {
    exit(Options::with_png().and_then(|(options, file)| options.help_or(|options| run(options, file))))
}
