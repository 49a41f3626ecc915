//! A test card on HDMI out, drawn with `embedded-graphics`: bars, a grid, a circle, and the mode and its pixel clock as text.
//!
//! What the monitor of the simulated board shows is written as a PNG file: `cargo run --example test_card -- --png card.png`.

use std::{path::PathBuf, process::ExitCode};

use embedded_graphics::{
    mono_font::{MonoTextStyle, ascii::FONT_10X20},
    pixelcolor::Rgb888,
    prelude::*,
    primitives::{Circle, Line, PrimitiveStyle, Rectangle},
    text::{Alignment, Text},
};
use pynq::{
    Canvas, Clock as _, Overlay,
    drivers::{pixel::PixelMode, video_timing::VideoMode},
};
use pynq_examples::{Options, Result, ball, exit, png};

const MODE: VideoMode = VideoMode::VGA;

/// Bars over the whole width, as a signal of 75 % has them.
const BARS: [Rgb888; 7] = [
    Rgb888::new(191, 191, 191),
    Rgb888::new(191, 191, 0),
    Rgb888::new(0, 191, 191),
    Rgb888::new(0, 191, 0),
    Rgb888::new(191, 0, 191),
    Rgb888::new(191, 0, 0),
    Rgb888::new(0, 0, 191),
];

fn draw(canvas: &mut Canvas<'_>, texts: [&str; 2]) {
    let Size { width, height } = canvas.size();
    let bar = width.div_ceil(BARS.len() as u32);
    for (number, color) in (0..).zip(BARS) {
        let place = Rectangle::new(Point::new(number * bar as i32, 0), Size::new(bar, height));
        let Ok(()) = place.into_styled(PrimitiveStyle::with_fill(color)).draw(canvas);
    }
    let white = PrimitiveStyle::with_stroke(Rgb888::WHITE, 1);
    for step in 0..=16 {
        let (x, y) = ((step * (width - 1) / 16) as i32, (step * (height - 1) / 16) as i32);
        let Ok(()) = Line::new(Point::new(x, 0), Point::new(x, height as i32 - 1)).into_styled(white).draw(canvas);
        let Ok(()) = Line::new(Point::new(0, y), Point::new(width as i32 - 1, y)).into_styled(white).draw(canvas);
    }
    let center = Point::new(width as i32 / 2, height as i32 / 2);
    let round = PrimitiveStyle::with_stroke(Rgb888::WHITE, 3);
    let Ok(()) = Circle::with_center(center, height - 20).into_styled(round).draw(canvas);
    let label = Rectangle::with_center(center, Size::new(360, 70));
    let Ok(()) = label.into_styled(PrimitiveStyle::with_fill(Rgb888::BLACK)).draw(canvas);
    let style = MonoTextStyle::new(&FONT_10X20, Rgb888::WHITE);
    for (line, text) in (0..).zip(texts) {
        let place = center + Point::new(0, 26 * line - 6);
        let Ok(_) = Text::with_alignment(text, place, style, Alignment::Center).draw(canvas);
    }
}

async fn show(overlay: Overlay) -> pynq::Result<()> {
    let output = overlay.hdmi_out()?;
    output.start_async(&MODE, PixelMode::Bits24).await?;
    let clock = output.pixel_clock().map_or(0, |clock| clock.hertz());
    let mut frame = output.new_frame()?;
    let texts = [MODE.to_string(), format!("pixel clock {:.3} MHz", f64::from(clock) / 1e6)];
    draw(&mut output.canvas(&mut frame)?, [&texts[0], &texts[1]]);
    drop(output.show_async(frame).await?);
    println!("{}: {}, {}", overlay.clock().now(), texts[0], texts[1]);
    // On the screen it is when it has been sent, a frame later.
    drop(output.show_async(output.new_frame()?).await?);
    Ok(())
}

fn run(options: &Options, file: Option<PathBuf>) -> Result {
    let overlay = ball::overlay()?;
    options.runtime.finish(&overlay, show(overlay.clone()))??;
    let picture = ball::shown(&overlay)?;
    let colors: std::collections::BTreeSet<_> = picture.data.chunks(3).collect();
    println!("{} x {}, {} colours", picture.width, picture.height, colors.len());
    if let Some(file) = file {
        std::fs::write(&file, png::encode(&picture, 1)?)?;
        println!("{}", file.display());
    }
    Ok(())
}

fn main() -> ExitCode {
    exit(Options::with_png().and_then(|(options, file)| options.help_or(|options| run(options, file))))
}
