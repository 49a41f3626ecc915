//! Video through the board: what comes in by HDMI is drawn on and goes out by HDMI, without a copy.
//!
//! On a simulated board a source plays a ball that moves over colour bars, and what a monitor shows is written as a PNG file, four
//! moments of it: `cargo run --example hdmi_passthrough -- --png passthrough.png`.

use std::{path::PathBuf, process::ExitCode};

use pynq::{Clock as _, Frame, Overlay, drivers::pixel::PixelMode, sim::device::Picture};
use pynq_examples::{
    Options, Result,
    ball::{MODE, overlay, shown},
    exit, png,
};

/// Frames between two moments of the picture.
const STEP: usize = 15;

/// A frame of white around the picture, and a bar below that grows with the frame's number.
fn draw(frame: &mut Frame, number: usize) {
    let last = frame.rows().len() - 1;
    for (line, row) in frame.rows_mut().enumerate() {
        let width = row.len();
        if line < 4 || line > last - 4 {
            row.fill(255);
        } else {
            row[..12].fill(255);
            row[width - 12..].fill(255);
        }
        if (last - 20..last - 10).contains(&line) {
            row[30..30 + 12 * number.min(70)].fill(255);
        }
    }
}

/// The frames of a second pass through. Returns what the monitor showed at four moments.
async fn pass(overlay: Overlay) -> pynq::Result<Vec<Picture>> {
    let (input, output) = (overlay.hdmi_in()?, overlay.hdmi_out()?);
    let timing = input.start_async(PixelMode::Bits24).await?;
    output.start_async(&MODE, PixelMode::Bits24).await?;
    println!("{} x {} comes in and goes out", timing.width, timing.height);
    // What came while the output was started is late.
    drop(input.frame_async().await?);
    let (mut missed, mut moments) = (0, Vec::new());
    for number in 0..4 * STEP {
        let mut frame = input.frame_async().await?;
        missed += frame.missed();
        draw(&mut frame, number);
        // The one that was on the screen goes back to the input.
        drop(output.show_async(frame).await?);
        if number % STEP == STEP - 1 {
            // On the screen it is when it has been sent.
            drop(input.frame_async().await?);
            moments.push(shown(&overlay)?);
        }
    }
    let clock = overlay.clock().now();
    println!("{} frames shown by {clock}, {missed} missed on the way", 4 * STEP);
    output.stop()?;
    input.stop()?;
    Ok(moments)
}

/// Four pictures as one, two by two.
fn contact_sheet(pictures: &[Picture]) -> Option<Picture> {
    let [first, .., _] = pictures else { return None };
    let (width, height) = (first.width * 2, first.height * 2);
    let line = first.width as usize * 3;
    let mut data = Vec::new();
    for pair in pictures.chunks_exact(2) {
        for (one, other) in pair[0].data.chunks(line).zip(pair[1].data.chunks(line)) {
            data.extend(one);
            data.extend(other);
        }
    }
    Some(Picture { width, height, pixel: 3, data: data.into() })
}

fn run(options: &Options, file: Option<PathBuf>) -> Result {
    let overlay = overlay()?;
    let moments = options.runtime.finish(&overlay, pass(overlay.clone()))??;
    let sheet = contact_sheet(&moments).ok_or("four pictures")?;
    let white = sheet.data.chunks(3).filter(|pixel| **pixel == [255; 3]).count();
    println!("{white} white pixels in four pictures");
    if let Some(file) = file {
        std::fs::write(&file, png::encode(&sheet, 1)?)?;
        println!("{}", file.display());
    }
    println!("spurious={}", overlay.statistics().spurious);
    Ok(())
}

fn main() -> ExitCode {
    exit(Options::with_png().and_then(|(options, file)| options.help_or(|options| run(options, file))))
}
