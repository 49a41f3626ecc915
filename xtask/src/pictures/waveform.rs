//! A part of a trace as a picture. Every step of the trace has a column of its own: what follows one press happens within
//! picoseconds of the board's time, and in this order.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::shell::Failure;

/// What is drawn: from which time on, to which, and what.
pub(super) struct Part {
    title: &'static str,
    /// In picoseconds.
    from: u64,
    to: u64,
    lanes: &'static [Lane],
}

struct Lane {
    label: &'static str,
    /// Scope and name of the signal, and which of its bits.
    signal: (&'static str, &'static str, u32),
    kind: Kind,
}

enum Kind {
    /// High and low.
    Level,
    /// A moment.
    Event,
    /// A register access: the offset, whose name with `_offset` and `_data` at its end is that of two signals.
    Access(&'static str),
}

const fn level(label: &'static str, scope: &'static str, name: &'static str) -> Lane {
    Lane { label, signal: (scope, name, 0), kind: Kind::Level }
}

const fn access(label: &'static str, scope: &'static str, kind: &'static str) -> Lane {
    Lane { label, signal: (scope, "", 0), kind: Kind::Access(kind) }
}

/// A press of button 0, which lights LED 0.
pub(super) const PRESS: Part = Part {
    title: "A press of button 0, step by step: the interrupt, the accesses that serve it, and the LED",
    from: 10_000_000_000,
    to: 10_000_001_000,
    lanes: &[
        level("button 0", "btns_gpio", "gpio_io_i"),
        level("btns_gpio/ip2intc_irpt", "btns_gpio", "ip2intc_irpt"),
        level("system_interrupts/irq", "system_interrupts", "irq"),
        Lane { label: "interrupt 61 taken", signal: ("cpu", "interrupt_61", 0), kind: Kind::Event },
        access("controller read", "system_interrupts", "read"),
        access("controller written", "system_interrupts", "write"),
        access("buttons read", "btns_gpio", "read"),
        access("buttons written", "btns_gpio", "write"),
        access("LEDs written", "leds_gpio", "write"),
        level("LED 0", "leds_gpio", "gpio_io"),
    ],
};

/// The values of all signals, by scope and name, at each step of a trace.
struct Trace {
    steps: Vec<(u64, BTreeMap<String, u64>, Vec<String>)>,
}

impl Trace {
    /// Reads what the simulated board writes.
    fn parse(text: &str) -> Self {
        let (mut names, mut scope) = (BTreeMap::new(), String::new());
        let mut steps = Vec::new();
        let (mut values, mut changed, mut time) = (BTreeMap::new(), Vec::new(), None);
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["$scope", _, name, ..] => (*name).clone_into(&mut scope),
                ["$var", _, _, id, name, ..] => drop(names.insert((*id).to_owned(), format!("{scope}.{name}"))),
                [word] if word.starts_with('#') => {
                    if let Some(time) = time {
                        steps.push((time, BTreeMap::clone(&values), std::mem::take(&mut changed)));
                    }
                    time = word[1..].parse().ok();
                }
                [value, id] if value.starts_with('b') => {
                    let Some(name) = names.get(*id) else { continue };
                    values.insert(name.clone(), u64::from_str_radix(&value[1..], 2).unwrap_or_default());
                    changed.push(name.clone());
                }
                [word] if word.starts_with(['0', '1']) => {
                    let Some(name) = names.get(&word[1..]) else { continue };
                    values.insert(name.clone(), u64::from(word.starts_with('1')));
                    changed.push(name.clone());
                }
                _ => {}
            }
        }
        if let Some(time) = time {
            steps.push((time, values, changed));
        }
        Self { steps }
    }
}

const COLUMN: usize = 46;
const LANE: usize = 30;
const LABELS: usize = 170;

/// The picture.
pub(super) fn svg(text: &str, part: &Part) -> Result<String, Failure> {
    let trace = Trace::parse(text);
    let before = trace.steps.iter().rfind(|(time, ..)| *time < part.from);
    let steps: Vec<_> = trace.steps.iter().filter(|(time, ..)| (part.from..part.to).contains(time)).collect();
    let Some(before) = before.filter(|_| !steps.is_empty()) else {
        return Err(Failure::new("the trace has nothing at that time"));
    };
    let (width, height) = (LABELS + COLUMN * (steps.len() + 1) + 10, 40 + LANE * part.lanes.len());
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"11\">\n<title>{0}</title>\n<rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n\
         <text x=\"8\" y=\"18\" font-size=\"13\">{0}</text>\n",
        part.title
    );
    for (index, lane) in part.lanes.iter().enumerate() {
        let bottom = 40 + LANE * index + LANE - 8;
        let _ = writeln!(svg, "<text x=\"8\" y=\"{}\">{}</text>", bottom - 3, lane.label);
        let x = |step: usize| LABELS + COLUMN * step;
        let (scope, name, bit) = lane.signal;
        let signal = format!("{scope}.{name}");
        match lane.kind {
            Kind::Level => {
                let y = |values: &BTreeMap<String, u64>| {
                    let high = values.get(&signal).is_some_and(|value| value >> bit & 1 != 0);
                    if high { bottom - 14 } else { bottom }
                };
                let mut path = format!("M{} {} H{}", x(0), y(&before.1), x(1));
                for (step, (_, values, _)) in steps.iter().enumerate() {
                    let _ = write!(path, " V{} H{}", y(values), x(step + 2).min(width - 10));
                }
                let _ = writeln!(svg, "<path d=\"{path}\" fill=\"none\" stroke=\"#2060a0\" stroke-width=\"1.6\"/>");
            }
            Kind::Event => {
                for (step, _) in steps.iter().enumerate().filter(|(_, (.., changed))| changed.contains(&signal)) {
                    let (x, top) = (x(step + 1), bottom - 16);
                    let _ = writeln!(
                        svg,
                        "<path d=\"M{x} {bottom} V{top} m-4 6 l4 -6 l4 6\" fill=\"none\" stroke=\"#c03020\" stroke-width=\"1.6\"/>"
                    );
                }
            }
            Kind::Access(kind) => {
                let (offset, data) = (format!("{scope}.{kind}_offset"), format!("{scope}.{kind}_data"));
                let done = |changed: &Vec<String>| changed.contains(&offset) || changed.contains(&data);
                for (step, (_, values, _)) in steps.iter().enumerate().filter(|(_, (.., changed))| done(changed)) {
                    let value = |name: &String| values.get(name).copied().unwrap_or_default();
                    let _ = writeln!(
                        svg,
                        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"18\" rx=\"3\" fill=\"#f2efe0\" stroke=\"#908060\"/>\
                         <text x=\"{}\" y=\"{}\" font-size=\"9\" text-anchor=\"middle\">{:x}: {:x}</text>",
                        x(step + 1) - COLUMN / 2 + 2,
                        bottom - 16,
                        COLUMN - 4,
                        x(step + 1),
                        bottom - 4,
                        value(&offset),
                        value(&data)
                    );
                }
            }
        }
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VCD: &str = "$scope module btns_gpio $end\n$var wire 4 + gpio_io_i $end\n$var wire 32 ( read_data $end\n\
                       $var wire 32 ' read_offset $end\n$upscope $end\n#0\nb0 +\n#10000000000\nb1 +\n#10000000001\nb0 '\nb1 (\n";

    #[test]
    fn steps_have_the_values_of_those_before() {
        let trace = Trace::parse(VCD);
        assert_eq!(trace.steps.len(), 3);
        assert_eq!((trace.steps[2].0, trace.steps[2].1["btns_gpio.gpio_io_i"]), (10_000_000_001, 1));
        assert_eq!(trace.steps[2].2, ["btns_gpio.read_offset", "btns_gpio.read_data"]);
    }

    #[test]
    fn a_press_is_drawn() {
        let picture = svg(VCD, &PRESS).unwrap();
        assert!(picture.contains(">button 0</text>") && picture.contains(">0: 1</text>"), "{picture}");
        assert!(svg("#0\n", &PRESS).is_err());
    }
}
