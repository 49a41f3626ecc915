//! The interrupts of a design: from the processor's lines to what is wired to them.

use pynq_hwh::{Controller, Design, Family, Interrupts, LineKind, Polarity, Source};

use super::{BRANCH, LAST, Report, count, number};
use crate::style::Role;

/// A line on the way to a source: the row's label, and how it listens.
#[derive(Clone, Copy)]
struct Line<'l> {
    label: &'l str,
    kind: Option<LineKind>,
}

impl<'d> Report<'d> {
    pub(super) fn interrupts(&mut self, design: &'d Design) {
        let family = design.processor.as_ref().map(|processor| processor.family);
        if let Some(Family::Versal) = family {
            let text = "not read for Versal; addresses are. What can be waited for is not known";
            return self.title(&format!("interrupts: {text}"));
        }
        let wiring = &design.interrupts;
        // A gate's output is no source: it passes on its inputs.
        let sources = wiring.pins.keys().filter(|pin| {
            !wiring.gates.contains_key(pin.split('[').next().unwrap_or(pin)) && !wiring.gates.contains_key(*pin)
        });
        let (pins, controllers) = (count(sources.count(), "pin"), count(wiring.controllers.len(), "controller"));
        let gates =
            if wiring.gates.is_empty() { String::new() } else { format!(", {}", count(wiring.gates.len(), "gate")) };
        self.title(&format!("interrupts: {pins}, {controllers}{gates}"));
        self.lines(wiring, family);
    }

    /// The interrupts of soft processors, which do not reach the processor.
    pub(super) fn soft_processors(&mut self, design: &'d Design) {
        for (path, soft) in design.soft_processors.iter().filter(|(_, soft)| !soft.interrupts.processor.is_empty()) {
            let pins = count(soft.interrupts.pins.len(), "pin");
            self.title(&format!("interrupts of {path}: {pins}"));
            self.lines(&soft.interrupts, Some(soft.family));
        }
    }

    fn lines(&mut self, wiring: &'d Interrupts, family: Option<Family>) {
        let mut rest = wiring.processor.as_slice();
        while let Some((first, tail)) = rest.split_first() {
            // Many lines that nothing is wired to are one row.
            let is_open = |source: &Source| *source == Source::Unconnected;
            let open = rest.iter().take_while(|line| is_open(&line.source) && line.port == first.port).count();
            let irq = first.ps_irq.map_or_else(String::new, |irq| format!(" = {}", number(family, irq)));
            if open > 1 {
                let last = rest.get(open - 1).unwrap_or(first);
                let through = last.ps_irq.map_or_else(String::new, |irq| format!(" to {irq}"));
                let irq = first.ps_irq.map_or_else(String::new, |irq| format!(" = {} {irq}{through}", unit(family)));
                self.line(format_args!("{}[{}..{}]{irq}", first.port, first.line, last.line));
                let row = self.paint(Role::Dim, &format!("(not connected, {open} lines)"));
                self.line(format_args!("{}{row}", LAST[0]));
                rest = rest.get(open..).unwrap_or_default();
                continue;
            }
            self.line(format_args!("{}[{}]{irq}", first.port, first.line));
            self.source(wiring, &first.source, "", Line { label: "", kind: None }, true);
            rest = tail;
        }
    }

    /// One source, and behind a controller or a gate its inputs.
    fn source(&mut self, wiring: &'d Interrupts, source: &'d Source, indent: &str, line: Line<'_>, last: bool) {
        let [branch, below] = if last { LAST } else { BRANCH };
        let label = match line.kind {
            Some(LineKind::Edge) => self.paint(Role::Edge, line.label),
            Some(LineKind::Level) => self.paint(Role::Level, line.label),
            None => self.paint(Role::Dim, line.label),
        };
        let start = format!("{indent}{branch}{label}");
        match source {
            Source::Pin(pin) => {
                let name = self.paint(Role::Name, pin);
                if let Some((key, gate)) = wiring.gates.get_key_value(pin) {
                    let seen = if self.drawn.insert(key) { "" } else { ", see above" };
                    self.line(format_args!("{start}{name}  ({}{seen})", gate.kind.as_str()));
                    if seen.is_empty() {
                        self.gate(wiring, key, &format!("{indent}{below}"));
                    }
                    return;
                }
                let notes = notes(wiring, pin, line.kind);
                self.line(format_args!("{start}{name}{notes}"));
            }
            Source::Controller(path) => {
                let Some((key, controller)) = wiring.controllers.get_key_value(path) else {
                    let name = self.paint(Role::Name, path);
                    return self.line(format_args!("{start}{name}{}", notes(wiring, &format!("{path}/irq"), None)));
                };
                let name = self.paint(Role::Name, path);
                if !self.drawn.insert(key) {
                    return self.line(format_args!("{start}{name}  (see above)"));
                }
                self.line(format_args!("{start}{name}  ({})", describe(controller)));
                self.inputs(wiring, controller, &format!("{indent}{below}"));
            }
            Source::Constant => self.line(format_args!("{start}(constant)")),
            _ => self.line(format_args!("{start}(not connected)")),
        }
    }

    fn inputs(&mut self, wiring: &'d Interrupts, controller: &'d Controller, indent: &str) {
        let total = controller.lines.len();
        let mut at = 0;
        while let Some(source) = controller.lines.get(at) {
            let line = u32::try_from(at).unwrap_or(u32::MAX);
            let kind = controller.kind(line);
            let rest = controller.lines.get(at..).unwrap_or_default();
            let open = rest.iter().take_while(|source| **source == Source::Unconnected).count();
            if open > 1 {
                let [branch, _] = if at + open == total { LAST } else { BRANCH };
                let numbers = format!("{at:>2} to {}", at + open - 1);
                let row = self.paint(Role::Dim, &format!("{numbers}  (not connected, {open} inputs)"));
                self.line(format_args!("{indent}{branch}{row}"));
                at += open;
                continue;
            }
            let active = match (kind, controller.polarity(line)) {
                (_, Polarity::High) => "",
                (LineKind::Edge, Polarity::Low) => "falling  ",
                (LineKind::Level, Polarity::Low) => "active low  ",
            };
            let label = format!("{at:>2} {:5}  {active}", kind.as_str());
            self.source(wiring, source, indent, Line { label: &label, kind: Some(kind) }, at + 1 == total);
            at += 1;
        }
    }

    fn gate(&mut self, wiring: &'d Interrupts, name: &'d str, indent: &str) {
        let Some(gate) = wiring.gates.get(name) else { return };
        // The reader bounds how many gates stand in a row, so this recursion is bounded too.
        let mut rest = gate.inputs.as_slice();
        while let Some((input, tail)) = rest.split_first() {
            let port = |pin: &str| pin.strip_prefix(&format!("{}/", gate.path)).unwrap_or(pin).to_owned();
            let open = rest.iter().take_while(|input| input.source == Source::Unconnected).count();
            if open > 1 {
                let [branch, _] = if open == rest.len() { LAST } else { BRANCH };
                let through = rest.get(open - 1).map_or_else(String::new, |last| port(&last.pin));
                let row = format!("{} to {through}  (not connected, {open} inputs)", port(&input.pin));
                let row = self.paint(Role::Dim, &row);
                self.line(format_args!("{indent}{branch}{row}"));
                rest = rest.get(open..).unwrap_or_default();
                continue;
            }
            let label = format!("{}  ", port(&input.pin));
            self.source(wiring, &input.source, indent, Line { label: &label, kind: None }, tail.is_empty());
            rest = tail;
        }
    }
}

fn unit(family: Option<Family>) -> &'static str {
    if family.is_some_and(Family::has_gic) { "GIC" } else { "interrupt" }
}

/// What a source is, where its line is something else, and what keeps it from being waited for.
fn notes(wiring: &Interrupts, pin: &str, kind: Option<LineKind>) -> String {
    let mut notes = Vec::new();
    if let Some(found) = wiring.pin(pin) {
        let low = found.polarity == Some(Polarity::Low);
        match found.sensitivity.filter(|sensitivity| Some(*sensitivity) != kind || low) {
            Some(LineKind::Level) if low => notes.push("level source, active low".to_owned()),
            Some(LineKind::Edge) if low => notes.push("edge source, falling".to_owned()),
            Some(other) => notes.push(format!("{} source", other.as_str())),
            None => {}
        }
    }
    if let Some(blocked) = wiring.blocked.get(pin).filter(|_| !wiring.pins.contains_key(pin)) {
        notes.push(format!("can't be waited for behind {} ({})", blocked.gate, blocked.kind.as_str()));
    }
    if notes.is_empty() { String::new() } else { format!("  ({})", pynq_hwh::escaped(&notes.join("; "))) }
}

/// What there is to say about a controller.
fn describe(controller: &Controller) -> String {
    let base = controller.base.map_or_else(|| "no address".to_owned(), |base| format!("at {base:#010x}"));
    let edges = (0..controller.inputs).filter(|line| controller.kind(*line) == LineKind::Edge).count();
    let inputs = count(controller.inputs as usize, "input");
    let kinds = match (u32::try_from(edges), controller.inputs) {
        (_, 0) => "no inputs".to_owned(),
        (Ok(1), 1) => format!("{inputs}, edge"),
        (Ok(0), 1) => format!("{inputs}, level"),
        (Ok(edges), all) if edges == all => format!("{inputs}, all edge"),
        (Ok(0), _) => format!("{inputs}, all level"),
        _ => format!("{inputs}, {edges} edge"),
    };
    let software = match controller.software_inputs {
        0 => String::new(),
        count => format!(", {count} software"),
    };
    let output = match (controller.irq_is_level, controller.irq_active_high) {
        (true, true) => "",
        (false, true) => ", pulse output",
        (true, false) => ", output active low",
        (false, false) => ", pulse output, falling",
    };
    format!("{base}, {kinds}{software}{output}")
}
