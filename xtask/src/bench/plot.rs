//! Curves as plots, both axes logarithmic: what grows in proportion is a straight line.

use std::fmt::Display;

use plotters::prelude::*;
use serde_json::Value;

use crate::shell::Failure;

const SIZE: (u32, u32) = (760, 420);
const COLOURS: [RGBColor; 4] =
    [RGBColor(0xC0, 0x39, 0x2B), RGBColor(0x1F, 0x61, 0x8D), RGBColor(0x1E, 0x84, 0x49), BLACK];

/// Curves that belong into one plot, with the name of its file, in the order in which they were found.
pub(crate) fn groups(all: &Value) -> Vec<(String, Vec<&Value>)> {
    let mut groups: Vec<(String, Vec<&Value>)> = Vec::new();
    let benches = all["benches"].as_array().map_or(&[][..], Vec::as_slice);
    for curve in benches.iter().flat_map(|bench| bench["curves"].as_array().map_or(&[][..], Vec::as_slice)) {
        let name = file_name(curve["group"].as_str().unwrap_or_default());
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, curves)) => curves.push(curve),
            None => groups.push((name, vec![curve])),
        }
    }
    groups
}

/// Letters and digits, and a hyphen for whatever is between them.
fn file_name(title: &str) -> String {
    let words = title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

/// Each plot with the name of its file.
pub(crate) fn plots(all: &Value) -> Result<Vec<(String, String)>, Failure> {
    groups(all).into_iter().map(|(name, curves)| Ok((name, plot(&curves)?))).collect()
}

fn points(curve: &Value) -> Vec<(f64, f64)> {
    let points = curve["points"].as_array().map_or(&[][..], Vec::as_slice);
    points.iter().filter_map(|point| Some((point["x"].as_f64()?, point["y"]["median"].as_f64()?))).collect()
}

fn plot(curves: &[&Value]) -> Result<String, Failure> {
    let wrong = |error: &dyn Display| Failure::new(format!("a plot: {error}"));
    let all: Vec<(f64, f64)> = curves.iter().flat_map(|curve| points(curve)).collect();
    let range = |values: Vec<f64>| {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(0.0, f64::max);
        (10_f64.powf(least.log10().floor()), 10_f64.powf(most.log10().ceil()))
    };
    let (left, right) = range(all.iter().map(|point| point.0).collect());
    let (bottom, top) = range(all.iter().map(|point| point.1).collect());
    let axis = |key: &str| curves.first().and_then(|curve| curve[key].as_str()).unwrap_or_default().to_owned();
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE).map_err(|error| wrong(&error))?;
        let mut chart = ChartBuilder::on(&area)
            .margin(12)
            .margin_right(32)
            .x_label_area_size(40)
            .y_label_area_size(64)
            .build_cartesian_2d((left..right).log_scale(), (bottom..top).log_scale())
            .map_err(|error| wrong(&error))?;
        chart
            .configure_mesh()
            .x_desc(axis("x"))
            .y_desc(axis("y"))
            .x_label_formatter(&|x| format!("{x}"))
            .y_label_formatter(&|y| format!("{y}"))
            .light_line_style(WHITE.mix(0.0))
            .draw()
            .map_err(|error| wrong(&error))?;
        for (curve, colour) in curves.iter().zip(COLOURS.into_iter().cycle()) {
            let line = LineSeries::new(points(curve), colour.stroke_width(2)).point_size(3);
            let drawn = chart.draw_series(line).map_err(|error| wrong(&error))?;
            drawn
                .label(curve["name"].as_str().unwrap_or_default())
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK.mix(0.3))
            .draw()
            .map_err(|error| wrong(&error))?;
        area.present().map_err(|error| wrong(&error))?;
    }
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn curves_of_a_group_are_one_plot() {
        let curve = |group: &str, name: &str| {
            let point = |x: u32| json!({ "x": x, "y": { "median": 1.5 * f64::from(x) } });
            json!({ "group": group, "name": name, "x": "tasks", "y": "ns", "points": [point(1), point(100)] })
        };
        let all =
            json!({ "benches": [{ "curves": [curve("A, b", "one"), curve("A, b", "two"), curve("c", "three")] }] });
        let plots = plots(&all).unwrap();
        assert_eq!(plots.iter().map(|(name, _)| &**name).collect::<Vec<_>>(), ["a-b", "c"]);
        let (_, svg) = &plots[0];
        assert!(svg.starts_with("<svg") && svg.contains("two") && svg.contains("polyline"), "{svg}");
    }
}
