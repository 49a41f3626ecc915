//! PYNQ's own program draws on a Pmod OLED, driven from Rust.
//!
//! The program is PYNQ's `pmod_oled.bin`, from its package (`pynq==3.1.2` on PyPI, below `pynq/lib/pmod`). On the simulated
//! board a processor executes it, the display on its connector receives what comes over SPI, and the example writes what it
//! shows:
//!
//! ```text
//! cargo run --example pmod_oled -- --program pmod_oled.bin --picture pmod-oled.png
//! ```
//!
//! The design is a small one with one of PYNQ's I/O processors; with `--hwh base.hwh` it is PYNQ's, and with `--board base.bit`
//! a board with the display on its connector A.

use std::{path::Path, process::ExitCode};

use pynq::{
    MicroblazeProgram,
    drivers::microblaze::{Program, pmod::PmodOled},
    hwh::Design,
    prelude::*,
    sim::{
        BoardBuilder,
        device::{Picture, View},
        parts::PmodOled as Display,
    },
};
use pynq_examples::{Options, Result, exit, png};

/// The design: one I/O processor, as the PYNQ-Z2's base overlay has them.
const HANDOFF: &str = include_str!("../crates/pynq-hwh/fixtures/iop.hwh");

/// The processor: both designs have it.
const IOP: &str = "iop_pmoda";

/// The overlay, on a board with a display on the connector.
fn overlay(options: &Options) -> Result<Overlay> {
    if let Some(path) = &options.board {
        return on_board(path);
    }
    let design = match &options.hwh {
        Some(path) => Design::read(path)?,
        None => Design::parse(HANDOFF)?,
    };
    let builder = BoardBuilder::from_design(&design, |_| None);
    let board = Display::new().plugged_in(builder, IOP, "display").build()?;
    Ok(Overlay::on_board(design, board))
}

#[cfg(target_os = "linux")]
fn on_board(path: &Path) -> Result<Overlay> {
    Ok(Overlay::open(path)?)
}

#[cfg(not(target_os = "linux"))]
fn on_board(_: &Path) -> Result<Overlay> {
    Err("a board is opened under Linux".into())
}

async fn draw(oled: &mut PmodOled) -> pynq::Result<()> {
    oled.clear().await?;
    oled.rectangle((0, 0), (127, 31)).await?;
    oled.print("PYNQ's program", 1, 1).await?;
    oled.print("from Rust", 1, 2).await?;
    oled.line((90, 27), (123, 17)).await?;
    Ok(())
}

/// Two lines of the picture in one line of text.
fn as_text(picture: &Picture) -> String {
    let width = usize::try_from(picture.width).unwrap_or(usize::MAX).max(1);
    let rows: Vec<&[u8]> = picture.data.chunks(width).collect();
    let lines = rows.chunks(2).map(|pair| {
        let below = pair.get(1).copied().unwrap_or(pair[0]);
        let cells = pair[0].iter().zip(below).map(|cell| match cell {
            (0, 0) => ' ',
            (_, 0) => '\u{2580}',
            (0, _) => '\u{2584}',
            _ => '\u{2588}',
        });
        cells.collect::<String>().trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn run(options: &Options) -> Result {
    let file = options.program.as_deref().ok_or(
        "PYNQ's program is missing: `--program pmod_oled.bin`, which is in its package, below `pynq/lib/pmod`; see --help",
    )?;
    let program = MicroblazeProgram::read(file)?;
    let overlay = overlay(options)?;
    let iop = overlay.microblaze(IOP)?;
    let loaded = iop.load(&Program::new(&program.segments()))?;
    println!("{} bytes loaded, it is {}", loaded.end, iop.state()?);
    let mut oled = PmodOled::new(&iop)?;
    overlay.block_on(draw(&mut oled))??;
    let Some(board) = overlay.simulation() else { return Ok(()) };
    let View::Picture(picture) = board.view("display")? else { return Err("the display shows no picture".into()) };
    let lit = picture.data.iter().filter(|&&pixel| pixel != 0).count();
    println!("{:>8} us  drawn: {lit} pixels lit", board.now().as_nanos() / 1_000);
    println!("{}", as_text(&picture));
    if let Some(file) = &options.picture {
        std::fs::write(file, png::encode(&picture, 4)?)?;
        println!("{}", file.display());
    }
    Ok(())
}

fn main() -> ExitCode {
    exit(Options::from_env().and_then(|options| options.help_or(run)))
}
