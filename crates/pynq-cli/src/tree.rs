//! A design as text for people.

mod interrupts;
mod warnings;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use pynq_hwh::{Bus, BusInterface, Clock, Design, Family, IpBlock, Warning};

use crate::hwh::Section;
use crate::style::{Palette, Role};

/// How a branch and what hangs below it are drawn.
const BRANCH: [&str; 2] = ["├─ ", "│  "];
/// The same for the last one.
const LAST: [&str; 2] = ["└─ ", "   "];

/// The whole report, or one section of it.
pub(crate) fn design(design: &Design, section: Option<Section>, palette: Palette) -> String {
    let mut report = Report { text: String::new(), palette, drawn: BTreeSet::new() };
    report.heading(design);
    match section {
        None => {
            report.blocks(design);
            report.interrupts(design);
            report.gpio(design);
            report.clocks(design);
            report.more(design);
            report.warnings(&design.warnings, |_| true);
        }
        Some(Section::Ip) => report.blocks(design),
        Some(Section::Irq) => {
            report.interrupts(design);
            report.soft_processors(design);
            report.warnings(&design.warnings, warnings::is_of_interrupts);
        }
        Some(Section::Gpio) => {
            report.gpio(design);
            report.none_of("lines of the processor's extended GPIO", design.processor_gpio.is_empty());
        }
        Some(Section::Clocks) => {
            report.clocks(design);
            report.none_of("clocks from the processor", design.clocks.is_empty());
        }
        Some(Section::Masters) => report.masters(design),
        Some(Section::Buses) => report.buses(design),
        Some(Section::Warnings) => {
            report.warnings(&design.warnings, |_| true);
            report.none_of("warnings", design.warnings.is_empty());
        }
    }
    report.text
}

struct Report<'d> {
    text: String,
    palette: Palette,
    /// Controllers and gates whose inputs have been listed: one that is wired to several lines shows them once.
    drawn: BTreeSet<&'d str>,
}

impl<'d> Report<'d> {
    /// Adds a line. What a file says in it has been painted, which escapes it.
    fn line(&mut self, content: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{content}");
    }

    fn paint(&self, role: Role, text: &str) -> String {
        self.palette.paint(role, text)
    }

    fn title(&mut self, text: &str) {
        let text = self.paint(Role::Heading, text);
        self.line(format_args!("\n{text}"));
    }

    fn none_of(&mut self, what: &str, is_none: bool) {
        if is_none {
            self.line(format_args!("\nno {what}"));
        }
    }

    fn heading(&mut self, design: &Design) {
        let source = &design.source;
        let name = if source.name.is_empty() { "(unnamed design)" } else { &source.name };
        let part = [source.arch.as_str(), &source.part()].join(" ");
        let part = if part.trim().is_empty() { "unknown part" } else { part.trim() };
        let vivado = if source.vivado.is_empty() { "unknown version" } else { &source.vivado };
        let name = self.paint(Role::Heading, name);
        let about = self.palette.paint(Role::Dim, &format!("{part}, Vivado {vivado}"));
        self.line(format_args!("{name}: {about}"));
        match &design.processor {
            Some(processor) => {
                let path = self.paint(Role::Name, &processor.path);
                let kind = self.paint(Role::Dim, &kind(&processor.vlnv));
                self.line(format_args!("processor {path} ({kind})"));
            }
            None => self.line(format_args!("no processor")),
        }
    }

    fn blocks(&mut self, design: &Design) {
        let memories = design.memories().count();
        let of_these = if memories > 0 { format!(", {memories} of them memory") } else { String::new() };
        self.title(&format!("addressable IP: {}{of_these}", design.ip.len()));
        self.table(&design.ip);
    }

    fn table(&mut self, blocks: &BTreeMap<String, IpBlock>) {
        let mut root = Level::default();
        for (name, block) in blocks {
            root.insert(name, block);
        }
        let mut rows = Vec::new();
        root.rows("", &mut rows);
        let width = |(tree, name, _): &(String, &str, _)| tree.chars().count() + name.chars().count();
        let widest = rows.iter().filter(|(_, _, block)| block.is_some()).map(width).max().unwrap_or(0).min(72);
        for row in rows {
            let gap = widest.saturating_sub(width(&row));
            let (tree, name, block) = row;
            let Some(block) = block else {
                let name = self.paint(Role::Heading, name);
                self.line(format_args!("{tree}{name}"));
                continue;
            };
            let name = self.paint(Role::Name, name);
            let base = self.paint(Role::Address, &format!("{:#010x}", block.base));
            let what = self.paint(Role::Dim, &format!("{}{}", kind(&block.vlnv), remark(block)));
            self.line(format_args!("{tree}{name}{:gap$}  {base}  {:>5}  {what}", "", size(block.size)));
        }
    }

    fn gpio(&mut self, design: &Design) {
        if design.processor_gpio.is_empty() {
            return;
        }
        let whole = |name: &str| design.processor.as_ref().is_some_and(|ps| name.starts_with(&format!("{}/", ps.path)));
        let slices = design.processor_gpio.keys().filter(|name| !whole(name)).count();
        let without = design.processor_gpio.len() - slices;
        let mut parts = Vec::new();
        if slices > 0 {
            parts.push(count(slices, "slice"));
        }
        if without > 0 {
            parts.push("the whole output without a slice".to_owned());
        }
        self.title(&format!("processor GPIO (EMIO): {}", parts.join(", and ")));
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
            let gap = width.saturating_sub(name.chars().count());
            let (name, pins) = (self.paint(Role::Name, name), self.paint(Role::Dim, &pins));
            self.line(format_args!("  {number:>5}  {name}{:gap$}  -> {pins}", ""));
        }
    }

    fn clocks(&mut self, design: &Design) {
        if design.clocks.is_empty() {
            return;
        }
        self.title("clocks to programmable logic");
        let frequency = |clock: &Clock| clock.mhz().map_or_else(String::new, |mhz| format!("{mhz} MHz"));
        let width = design.clocks.values().map(|clock| frequency(clock).len()).max().unwrap_or(0).max(9);
        for (number, clock) in &design.clocks {
            let [first, second] = clock.divisors;
            let state = if clock.enabled { "" } else { "  (off)" };
            let requested = match (clock.achieved_mhz, clock.frequency_mhz) {
                (Some(achieved), Some(asked)) if achieved != asked => format!("  ({asked} MHz asked for)"),
                _ => String::new(),
            };
            let source = self.paint(Role::Dim, clock.source.as_deref().unwrap_or("source"));
            let frequency = frequency(clock);
            self.line(format_args!(
                "  {number}  {frequency:>width$}  = {source} / {first} / {second}{requested}{state}"
            ));
        }
    }

    /// What has sections of its own, in a line each.
    fn more(&mut self, design: &Design) {
        let others =
            design.address_spaces.keys().filter(|path| design.processor.as_ref().is_none_or(|ps| ps.path != **path));
        let (others, shared) =
            (others.count(), design.storage.values().filter(|memory| memory.windows.len() > 1).count());
        let mut parts = Vec::new();
        if others > 0 {
            parts.push(count(others, "further bus master"));
        }
        match shared {
            0 => {}
            1 => parts.push("1 memory with several ways to it".to_owned()),
            more => parts.push(format!("{more} memories with several ways to each")),
        }
        if !parts.is_empty() {
            self.title(&format!("{}  (section `masters`)", parts.join(", ")));
        }
    }

    fn masters(&mut self, design: &Design) {
        self.title(&format!("bus masters: {}", design.address_spaces.len()));
        for (path, space) in &design.address_spaces {
            let path = self.paint(Role::Name, path);
            let vlnv = self.paint(Role::Dim, &kind(&space.vlnv));
            self.line(format_args!("\n{path} ({vlnv})"));
            for range in &space.ranges {
                let base = self.paint(Role::Address, &format!("{:#010x}", range.base));
                let place = self.paint(Role::Name, &format!("{}/{}", range.path, range.interface));
                let by = if range.master_interface.is_empty() {
                    String::new()
                } else {
                    format!("  by {}", range.master_interface)
                };
                let by = self.paint(Role::Dim, &by);
                self.line(format_args!("  {base}  {:>5}  {place}{by}", size(range.size)));
            }
        }
        if design.storage.is_empty() {
            return;
        }
        self.title(&format!("memories: {}", design.storage.len()));
        for (path, memory) in &design.storage {
            let path = self.paint(Role::Name, path);
            self.line(format_args!("{path}  {}", size(memory.size)));
            for (number, way) in memory.windows.iter().enumerate() {
                let [branch, _] = if number + 1 == memory.windows.len() { LAST } else { BRANCH };
                let master = self.paint(Role::Name, &format!("{} {}", way.master, way.master_interface));
                let base = self.paint(Role::Address, &format!("{:#010x}", way.base));
                let by = self.paint(Role::Dim, &format!("by {}/{}", way.controller, way.interface));
                self.line(format_args!("{branch}{master} at {base}, {by}"));
            }
        }
    }

    fn buses(&mut self, design: &Design) {
        let shown = || design.buses.values().filter(|bus| !is_memory_bus(&bus.protocol));
        self.title(&format!("buses between blocks: {}", shown().count()));
        let mut all: Vec<&Bus> = shown().collect();
        all.sort_by(|a, b| a.protocol.cmp(&b.protocol));
        let width = all.iter().map(|bus| bus.protocol.chars().count()).max().unwrap_or(0).min(24);
        for bus in all {
            let end = |end: &BusInterface| match &end.path {
                Some(path) => format!("{path}/{}", end.name),
                None => format!("outside ({})", end.name),
            };
            let mut ends: Vec<&BusInterface> = bus.ends.iter().collect();
            // The end that starts transfers, or sends, comes first.
            ends.sort_by_key(|end| (end.path.is_none(), end.role != pynq_hwh::BusRole::Initiator));
            let ends: Vec<String> = ends.into_iter().map(|of| self.paint(Role::Name, &end(of))).collect();
            let gap = width.saturating_sub(bus.protocol.chars().count());
            let protocol = self.paint(Role::Dim, &bus.protocol);
            self.line(format_args!("  {protocol}{:gap$}  {}", "", ends.join(" -> ")));
        }
    }

    fn warnings(&mut self, warnings: &[Warning], which: impl Fn(&Warning) -> bool) {
        let warnings: Vec<&Warning> = warnings.iter().filter(|warning| which(warning)).collect();
        if warnings.is_empty() {
            return;
        }
        self.title(&format!("warnings: {}", warnings.len()));
        let mut kinds: BTreeMap<_, Vec<&Warning>> = BTreeMap::new();
        for warning in warnings {
            kinds.entry(warning.kind).or_default().push(warning);
        }
        for (kind, warnings) in kinds {
            let name = self.paint(Role::Warning, kind.name());
            self.line(format_args!("  {name} ({}): {}", warnings.len(), kind.advice()));
            for (subject, message) in warnings::folded(&warnings) {
                let subject = self.paint(Role::Name, &subject);
                let message = self.paint(Role::Dim, &message);
                self.line(format_args!("    {subject}: {message}"));
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
    fn rows(&self, indent: &str, rows: &mut Vec<(String, &'d str, Option<&'d IpBlock>)>) {
        for (number, (name, level)) in self.inner.iter().enumerate() {
            let [branch, below] = if number + 1 == self.inner.len() { LAST } else { BRANCH };
            rows.push((format!("{indent}{branch}"), *name, level.block));
            level.rows(&format!("{indent}{below}"), rows);
        }
    }
}

/// What there is to know of a block beside its kind.
fn remark(block: &IpBlock) -> &'static str {
    let outputs_only = || block.parameters.boolean("C_ALL_OUTPUTS").unwrap_or(false);
    match () {
        () if block.memory => ", memory",
        () if !block.is_built_without_interrupt() => "",
        // A block of outputs only has no inputs to wait for.
        () if outputs_only() => ", built without interrupt",
        () => ", built without interrupt; enable it in the block to wait for its inputs",
    }
}

/// Whether a bus only leads to addresses, which the memory maps show better.
pub(crate) fn is_memory_bus(protocol: &str) -> bool {
    matches!(protocol, "aximm" | "lmb" | "bram")
}

/// Name and version out of a VLNV; the vendor and library where they are not the usual ones.
fn kind(vlnv: &str) -> String {
    let mut parts = vlnv.split(':');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("xilinx.com"), Some("ip"), Some(name), Some(version)) => format!("{name} {version}"),
        (Some("xilinx.com"), Some(library), Some(name), Some(version)) => format!("{name} {version} [{library}]"),
        (Some(vendor), Some(_), Some(name), Some(version)) => format!("{name} {version} [{vendor}]"),
        _ if vlnv.is_empty() => "unknown kind".to_owned(),
        _ => vlnv.to_owned(),
    }
}

/// A size with the largest unit that divides it.
pub(crate) fn size(bytes: u64) -> String {
    let units = [(30, "G"), (20, "M"), (10, "K")];
    let unit = units.iter().find(|(shift, _)| bytes >= 1 << shift && bytes.trailing_zeros() >= *shift);
    unit.map_or_else(|| bytes.to_string(), |(shift, name)| format!("{}{name}", bytes >> shift))
}

/// `1 pin`, `2 pins`.
pub(crate) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// The number of an interrupt: as the GIC counts it and as device trees do, or as a soft processor does.
pub(crate) fn number(family: Option<Family>, irq: u32) -> String {
    match (family.is_some_and(Family::has_gic), irq.checked_sub(32)) {
        (true, Some(shared)) => format!("GIC {irq}, {shared} in the device tree"),
        (true, None) => format!("GIC {irq}"),
        (false, _) => format!("interrupt {irq} of the processor"),
    }
}
