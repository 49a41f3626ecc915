//! A design as text for people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use pynq_hwh::{Controller, Design, IpBlock, LineKind, Source, Warning};

/// How a branch and what hangs below it are drawn.
const BRANCH: [&str; 2] = ["├─ ", "│  "];
/// The same for the last one.
const LAST: [&str; 2] = ["└─ ", "   "];

/// The whole report.
pub(crate) fn design(design: &Design) -> String {
    let mut report = Report { text: String::new(), drawn: BTreeSet::new() };
    report.heading(design);
    report.blocks(design);
    report.interrupts(design);
    report.gpio(design);
    report.clocks(design);
    report.warnings(&design.warnings);
    report.text
}

struct Report<'d> {
    text: String,
    /// Controllers whose inputs have been listed: one that is wired to several lines shows them once.
    drawn: BTreeSet<&'d str>,
}

impl<'d> Report<'d> {
    fn line(&mut self, content: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{content}");
    }

    fn heading(&mut self, design: &Design) {
        let source = &design.source;
        let name = if source.name.is_empty() { "(unnamed design)" } else { &source.name };
        let part = [source.arch.as_str(), &source.part()].join(" ");
        let vivado = if source.vivado.is_empty() { "unknown version" } else { &source.vivado };
        self.line(format_args!("{name}: {}, Vivado {vivado}", part.trim()));
        match &design.processor {
            Some(processor) => self.line(format_args!("processor {} ({})", processor.path, kind(&processor.vlnv))),
            None => self.line(format_args!("no processor")),
        }
    }

    fn blocks(&mut self, design: &Design) {
        let memories = design.memories().count();
        let of_these = if memories > 0 { format!(", {memories} of them memory") } else { String::new() };
        self.line(format_args!("\naddressable IP: {}{of_these}", design.ip.len()));
        let mut root = Level::default();
        for (name, block) in &design.ip {
            root.insert(name, block);
        }
        let mut rows = Vec::new();
        root.rows("", &mut rows);
        let width = rows.iter().filter(|(_, block)| block.is_some()).map(|(label, _)| label.chars().count()).max();
        let width = width.unwrap_or(0).min(72);
        for (label, block) in rows {
            match block {
                Some(block) => self.line(format_args!(
                    "{label:width$}  {:#010x}  {:>5}  {}{}",
                    block.base,
                    size(block.size),
                    kind(&block.vlnv),
                    if block.memory { ", memory" } else { "" }
                )),
                None => self.line(format_args!("{label}")),
            }
        }
    }

    fn interrupts(&mut self, design: &'d Design) {
        let wiring = &design.interrupts;
        let controllers = wiring.controllers.len();
        self.line(format_args!(
            "\ninterrupts: {} pins, {controllers} controller{}",
            wiring.pins.len(),
            if controllers == 1 { "" } else { "s" }
        ));
        for entry in &wiring.processor {
            let irq = entry.ps_irq.map_or_else(String::new, |irq| format!(" = GIC {irq}"));
            self.line(format_args!("{}[{}]{irq}", entry.port, entry.line));
            self.source(design, &entry.source, "", ("", None), true);
        }
    }

    /// One source, and behind a controller its inputs. `line` is the number and kind of the line it is wired to.
    fn source(
        &mut self,
        design: &'d Design,
        source: &'d Source,
        indent: &str,
        line: (&str, Option<LineKind>),
        last: bool,
    ) {
        let [branch, below] = if last { LAST } else { BRANCH };
        let (line, kind) = line;
        match source {
            Source::Pin(pin) => {
                // What the source is matters where the line is something else.
                let sensitivity = design.interrupts.pin(pin).and_then(|pin| pin.sensitivity);
                match sensitivity.filter(|sensitivity| Some(*sensitivity) != kind) {
                    Some(other) => self.line(format_args!("{indent}{branch}{line}{pin}  ({} source)", other.as_str())),
                    None => self.line(format_args!("{indent}{branch}{line}{pin}")),
                }
            }
            Source::Controller(path) => {
                let Some(controller) = design.interrupts.controllers.get(path) else { return };
                if !self.drawn.insert(path) {
                    return self.line(format_args!("{indent}{branch}{line}{path}  (see above)"));
                }
                self.line(format_args!("{indent}{branch}{line}{path}  ({})", describe(controller)));
                let indent = format!("{indent}{below}");
                for (number, source) in controller.lines.iter().enumerate() {
                    let kind = controller.kind(u32::try_from(number).unwrap_or(u32::MAX));
                    let label = format!("{number:>2} {:5}  ", kind.as_str());
                    let last = number + 1 == controller.lines.len();
                    self.source(design, source, &indent, (&label, Some(kind)), last);
                }
            }
            Source::Constant => self.line(format_args!("{indent}{branch}{line}(constant)")),
            _ => self.line(format_args!("{indent}{branch}{line}(not connected)")),
        }
    }

    fn gpio(&mut self, design: &Design) {
        if design.processor_gpio.is_empty() {
            return;
        }
        self.line(format_args!("\nprocessor GPIO (EMIO): {} slices", design.processor_gpio.len()));
        let width = design.processor_gpio.keys().map(|name| name.chars().count()).max().unwrap_or(0).min(60);
        let mut lines: Vec<_> = design.processor_gpio.iter().collect();
        lines.sort_by_key(|(_, line)| line.emio);
        for (name, line) in lines {
            let number = match line.width {
                1 => line.emio.to_string(),
                width => format!("{}:{}", line.emio, line.emio.saturating_sub(width - 1)),
            };
            let pins = match line.pins.as_slice() {
                [] => "(nothing)".to_owned(),
                [first, second, third, rest @ ..] if !rest.is_empty() => {
                    format!("{first}, {second}, {third} and {} more", rest.len())
                }
                pins => pins.join(", "),
            };
            self.line(format_args!("  {number:>5}  {name:width$}  -> {pins}"));
        }
    }

    fn clocks(&mut self, design: &Design) {
        if design.clocks.is_empty() {
            return;
        }
        self.line(format_args!("\nclocks to programmable logic"));
        for (number, clock) in &design.clocks {
            let frequency = clock.frequency_mhz.map_or_else(String::new, |mhz| format!("{mhz} MHz"));
            let [first, second] = clock.divisors;
            let state = if clock.enabled { "" } else { "  (off)" };
            let source = clock.source.as_deref().unwrap_or("source");
            self.line(format_args!("  {number}  {frequency:>9}  = {source} / {first} / {second}{state}"));
        }
    }

    fn warnings(&mut self, warnings: &[Warning]) {
        if warnings.is_empty() {
            return;
        }
        let mut kinds: BTreeMap<_, Vec<&Warning>> = BTreeMap::new();
        for warning in warnings {
            kinds.entry(warning.kind).or_default().push(warning);
        }
        self.line(format_args!("\nwarnings: {}", warnings.len()));
        for (kind, warnings) in kinds {
            self.line(format_args!("  {} ({}): {}", kind.name(), warnings.len(), kind.advice()));
            for warning in warnings {
                self.line(format_args!("    {}: {}", warning.subject, warning.message));
            }
        }
    }
}

/// A level of the hierarchy, for drawing.
#[derive(Default)]
struct Level<'d> {
    block: Option<&'d IpBlock>,
    inner: BTreeMap<&'d str, Level<'d>>,
}

impl<'d> Level<'d> {
    fn insert(&mut self, name: &'d str, block: &'d IpBlock) {
        let mut level = self;
        for part in name.split('/') {
            level = level.inner.entry(part).or_default();
        }
        level.block = Some(block);
    }

    /// One row per level. The reader bounds the depth of paths, so this recursion is bounded too.
    fn rows(&self, indent: &str, rows: &mut Vec<(String, Option<&'d IpBlock>)>) {
        for (number, (name, level)) in self.inner.iter().enumerate() {
            let [branch, below] = if number + 1 == self.inner.len() { LAST } else { BRANCH };
            rows.push((format!("{indent}{branch}{name}"), level.block));
            level.rows(&format!("{indent}{below}"), rows);
        }
    }
}

/// What there is to say about a controller.
fn describe(controller: &Controller) -> String {
    let base = controller.base.map_or_else(|| "no address".to_owned(), |base| format!("at {base:#010x}"));
    let edges = (0..controller.inputs).filter(|line| controller.kind(*line) == LineKind::Edge).count();
    let kinds = match (u32::try_from(edges), controller.inputs) {
        (_, 0) => "no inputs".to_owned(),
        (Ok(edges), inputs) if edges == inputs => format!("{inputs} inputs, all edge"),
        (Ok(0), inputs) => format!("{inputs} inputs, all level"),
        (_, inputs) => format!("{inputs} inputs, {edges} edge"),
    };
    let software = match controller.software_inputs {
        0 => String::new(),
        count => format!(", {count} software"),
    };
    let output = if controller.irq_is_level { "" } else { ", pulse output" };
    format!("{base}, {kinds}{software}{output}")
}

/// Name and version out of a VLNV; the vendor and library where they are not the usual ones.
fn kind(vlnv: &str) -> String {
    let mut parts = vlnv.split(':');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("xilinx.com"), Some("ip"), Some(name), Some(version)) => format!("{name} {version}"),
        (Some("xilinx.com"), Some(library), Some(name), Some(version)) => format!("{name} {version} [{library}]"),
        (Some(vendor), Some(_), Some(name), Some(version)) => format!("{name} {version} [{vendor}]"),
        _ => vlnv.to_owned(),
    }
}

/// A size with the largest unit that divides it.
pub(crate) fn size(bytes: u64) -> String {
    let units = [(30, "G"), (20, "M"), (10, "K")];
    let unit = units.iter().find(|(shift, _)| bytes >= 1 << shift && bytes.trailing_zeros() >= *shift);
    unit.map_or_else(|| bytes.to_string(), |(shift, name)| format!("{}{name}", bytes >> shift))
}
