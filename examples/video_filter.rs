//! Edges in what comes in by HDMI, found on the processor and shown by HDMI, with the frame rate that it does.
//!
//! What the monitor of the simulated board shows is written as a PNG file: `cargo run --example video_filter -- --png edges.png`.

use std::{path::PathBuf, process::ExitCode};

use pynq::{Clock as _, Frame, Overlay, drivers::pixel::PixelMode};
use pynq_examples::{
    Options, Result,
    ball::{MODE, overlay, shown},
    exit, png,
};

/// Frames that are filtered.
const FRAMES: u32 = 60;

/// The brightness of each pixel of a row of blue, green and red.
fn brightness(row: &[u8], into: &mut Vec<i32>) {
    into.clear();
    into.extend(row.chunks_exact(3).map(|pixel| {
        let [blue, green, red] = [pixel[0], pixel[1], pixel[2]].map(i32::from);
        (29 * blue + 150 * green + 77 * red) >> 8
    }));
}

/// Sobel's operator, on three rows at a time.
fn edges(from: &Frame, to: &mut Frame) {
    let mut rows = [Vec::new(), Vec::new(), Vec::new()];
    let mut lines = from.rows();
    // The first row counts twice, as the one above itself.
    if let Some(first) = lines.next() {
        rows.iter_mut().for_each(|row| brightness(first, row));
    }
    for out in to.rows_mut() {
        rows.rotate_left(1);
        match lines.next() {
            Some(line) => brightness(line, &mut rows[2]),
            None => rows[2] = rows[1].clone(),
        }
        let [above, here, below] = &rows;
        for (x, pixel) in out.chunks_exact_mut(3).enumerate() {
            let (left, right) = (x.saturating_sub(1), (x + 1).min(here.len() - 1));
            let across = above[right] + 2 * here[right] + below[right] - above[left] - 2 * here[left] - below[left];
            let down = below[left] + 2 * below[x] + below[right] - above[left] - 2 * above[x] - above[right];
            pixel.fill((across.abs() + down.abs()).min(255) as u8);
        }
    }
}

async fn filter(overlay: Overlay) -> pynq::Result<()> {
    let (input, output) = (overlay.hdmi_in()?, overlay.hdmi_out()?);
    input.start_async(PixelMode::Bits24).await?;
    output.start_async(&MODE, PixelMode::Bits24).await?;
    // What came while the output was started is late.
    drop(input.frame_async().await?);
    let (clock, mut missed) = (overlay.clock(), 0);
    let begin = clock.now();
    for _ in 0..FRAMES {
        let frame = input.frame_async().await?;
        missed += frame.missed();
        let mut filtered = output.new_frame()?;
        edges(&frame, &mut filtered);
        drop(output.show_async(filtered).await?);
    }
    let seconds = clock.now().duration_since(begin).as_secs_f64();
    println!("{:.1} frames a second, {missed} missed", f64::from(FRAMES) / seconds);
    Ok(())
}

fn run(options: &Options, file: Option<PathBuf>) -> Result {
    let overlay = overlay()?;
    options.runtime.finish(&overlay, filter(overlay.clone()))??;
    let picture = shown(&overlay)?;
    let bright = picture.data.chunks(3).filter(|pixel| pixel[0] > 127).count();
    println!("{bright} pixels of edges");
    if let Some(file) = file {
        std::fs::write(&file, png::encode(&picture, 2)?)?;
        println!("{}", file.display());
    }
    Ok(())
}

fn main() -> ExitCode {
    exit(Options::with_png().and_then(|(options, file)| options.help_or(|options| run(options, file))))
}
