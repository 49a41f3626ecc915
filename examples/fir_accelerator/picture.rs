//! Both signals and both spectra, as an SVG file.

use std::{f64::consts::TAU, fmt::Write as _, path::Path};

use pynq_examples::Result;

use crate::filter::RATE;

const WIDTH: f64 = 880.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 70.0;
const INPUT: &str = "#b8752c";
const OUTPUT: &str = "#1f5f99";

/// A chart: its text, and what x and y are at its edges.
struct Chart {
    top: f64,
    x: (f64, f64),
    y: (f64, f64),
}

impl Chart {
    fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let across = (x - self.x.0) / (self.x.1 - self.x.0);
        let up = ((y - self.y.0) / (self.y.1 - self.y.0)).clamp(0.0, 1.0);
        (LEFT + across * WIDTH, self.top + (1.0 - up) * HEIGHT)
    }

    /// The frame, with a mark at each of these numbers.
    fn frame(&self, out: &mut String, title: &str, across: &[f64], up: &[f64]) {
        let _ = write!(
            out,
            "<text x=\"{LEFT}\" y=\"{}\" font-weight=\"bold\">{title}</text>\n\
             <rect x=\"{LEFT}\" y=\"{}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"none\" stroke=\"#999\"/>\n",
            self.top - 10.0,
            self.top
        );
        for &at in across {
            let (x, bottom) = self.place((at, self.y.0));
            let _ = writeln!(
                out,
                "<path d=\"M{x:.1} {bottom:.1}v-{HEIGHT}\" stroke=\"#e4e4e4\"/>\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{at}</text>",
                bottom + 18.0
            );
        }
        for &at in up {
            let (_, y) = self.place((self.x.0, at));
            let _ = writeln!(
                out,
                "<path d=\"M{LEFT} {y:.1}h{WIDTH}\" stroke=\"#e4e4e4\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{at}</text>",
                LEFT - 8.0,
                y + 4.0
            );
        }
    }

    fn line(&self, out: &mut String, color: &str, points: impl Iterator<Item = (f64, f64)>) {
        out.push_str("<polyline fill=\"none\" stroke-width=\"1.4\" stroke=\"");
        out.push_str(color);
        out.push_str("\" points=\"");
        for point in points {
            let (x, y) = self.place(point);
            let _ = write!(out, "{x:.1},{y:.1} ");
        }
        out.push_str("\"/>\n");
    }
}

/// The levels of the frequencies from 0 to half the rate, against a full-scale sine, in decibels.
fn spectrum(samples: &[i16]) -> Vec<(f64, f64)> {
    let count = samples.len();
    let windowed: Vec<f64> = samples
        .iter()
        .enumerate()
        .map(|(at, sample)| f64::from(*sample) * (0.5 - 0.5 * (TAU * at as f64 / count as f64).cos()))
        .collect();
    (0..count / 2)
        .map(|bin| {
            let (mut real, mut imaginary) = (0.0, 0.0);
            for (at, sample) in windowed.iter().enumerate() {
                let (sine, cosine) = (TAU * (bin * at % count) as f64 / count as f64).sin_cos();
                real += sample * cosine;
                imaginary -= sample * sine;
            }
            let level = real.hypot(imaginary) / (count as f64 / 4.0 * 32_768.0);
            (bin as f64 * RATE / count as f64 / 1_000.0, 20.0 * level.max(1e-6).log10())
        })
        .collect()
}

/// Writes the picture of a signal and of what the filter made of it.
pub fn write(path: &Path, input: &[i16], output: &[i16]) -> Result {
    const SHOWN: usize = 240;
    let (one, other) = (input.get(..1024).unwrap_or(input), output.get(..1024).unwrap_or(output));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 980 640\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"980\" height=\"640\" fill=\"white\"/>\n\
         <path d=\"M700 18h30\" stroke=\"{INPUT}\" stroke-width=\"3\"/><text x=\"736\" y=\"22\">input</text>\n\
         <path d=\"M800 18h30\" stroke=\"{OUTPUT}\" stroke-width=\"3\"/><text x=\"836\" y=\"22\">output</text>\n"
    );
    let time = |at: usize| at as f64 / RATE * 1_000.0;
    let signal = Chart { top: 45.0, x: (0.0, time(SHOWN)), y: (-20_000.0, 20_000.0) };
    signal.frame(&mut out, "Signal over time in ms", &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], &[-20_000.0, 0.0, 20_000.0]);
    for (samples, color) in [(one, INPUT), (other, OUTPUT)] {
        let points = samples.iter().take(SHOWN).enumerate();
        signal.line(&mut out, color, points.map(|(at, sample)| (time(at), f64::from(*sample))));
    }
    let levels = Chart { top: 345.0, x: (0.0, RATE / 2_000.0), y: (-110.0, 0.0) };
    let marks = [0.0, 4.0, 8.0, 12.0, 16.0, 20.0, 24.0];
    levels.frame(&mut out, "Spectrum in dB over kHz", &marks, &[-100.0, -80.0, -60.0, -40.0, -20.0, 0.0]);
    for (samples, color) in [(one, INPUT), (other, OUTPUT)] {
        levels.line(&mut out, color, spectrum(samples).into_iter());
    }
    out.push_str("</svg>\n");
    std::fs::write(path, out).map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
    Ok(())
}
