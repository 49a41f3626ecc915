//! Pictures in Graphviz's language: `pynq hwh FILE --dot | dot -Tsvg > tree.svg`.

use std::collections::BTreeSet;
use std::fmt::Write;

use pynq_hwh::{BusRole, Design, LineKind, Source, WarningKind};

/// The interrupt tree of a design.
pub(crate) fn interrupts(design: &Design) -> String {
    let mut picture = Picture::new("interrupts", "LR");
    picture.interrupts(design);
    picture.legend(&[Shape::Processor, Shape::Controller, Shape::Gate, Shape::Pin], false);
    picture.finish()
}

/// All blocks of a design: which master addresses which block, which buses join them, interrupts, memories.
pub(crate) fn board(design: &Design) -> String {
    let mut picture = Picture::new("board", "LR");
    picture.interrupts(design);
    picture.blocks(design);
    picture.buses(design);
    let shapes =
        [Shape::Processor, Shape::Controller, Shape::Gate, Shape::Pin, Shape::Block, Shape::Memory, Shape::Outside];
    picture.legend(&shapes, true);
    picture.finish()
}

/// What a node stands for.
#[derive(Clone, Copy)]
enum Shape {
    Processor,
    Controller,
    Gate,
    Pin,
    Block,
    Memory,
    Outside,
}

impl Shape {
    fn attributes(self) -> &'static str {
        match self {
            Self::Processor => "style=filled, fillcolor=lightblue",
            Self::Controller => "style=filled, fillcolor=lightyellow",
            Self::Gate => "shape=diamond, style=filled, fillcolor=lightgrey",
            Self::Pin => "shape=box",
            Self::Block => "style=\"rounded\"",
            Self::Memory => "shape=cylinder, style=filled, fillcolor=honeydew",
            Self::Outside => "shape=plaintext",
        }
    }

    /// How it looks, in the table of the legend.
    fn sign(self) -> &'static str {
        match self {
            Self::Processor => "<font color=\"steelblue\">&#9632;</font>",
            Self::Controller => "<font color=\"goldenrod\">&#9632;</font>",
            Self::Gate => "<font color=\"grey\">&#9670;</font>",
            Self::Pin => "&#9633;",
            Self::Block => "&#9634;",
            Self::Memory => "<font color=\"seagreen\">&#9632;</font>",
            Self::Outside => "text",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Processor => "processor",
            Self::Controller => "interrupt controller",
            Self::Gate => "gate",
            Self::Pin => "interrupt output",
            Self::Block => "IP block",
            Self::Memory => "memory",
            Self::Outside => "outside",
        }
    }
}

struct Picture {
    text: String,
    /// Names that have a node with a shape of its own.
    drawn: BTreeSet<String>,
}

impl Picture {
    fn new(name: &str, direction: &str) -> Self {
        let text = format!(
            "digraph {name} {{\n  rankdir={direction};\n  node [shape=box, fontname=\"sans-serif\", fontsize=11];\n  \
             edge [fontname=\"sans-serif\", fontsize=9];\n"
        );
        Self { text, drawn: BTreeSet::new() }
    }

    fn line(&mut self, content: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "  {content};");
    }

    fn node(&mut self, name: &str, label: &str, shape: Shape) {
        if self.drawn.insert(name.to_owned()) {
            let label = if label == name { String::new() } else { format!("label={}, ", quoted(label)) };
            self.line(format_args!("{} [{label}{}]", quoted(name), shape.attributes()));
        }
    }

    fn interrupts(&mut self, design: &Design) {
        let processor = design.processor.as_ref().map_or("processor", |processor| &processor.path);
        self.node(processor, processor, Shape::Processor);
        let wiring = &design.interrupts;
        for (path, controller) in &wiring.controllers {
            let base = controller.base.map_or_else(|| "no address".to_owned(), |base| format!("{base:#010x}"));
            self.node(path, &format!("{path}\n{base}"), Shape::Controller);
        }
        for (name, gate) in &wiring.gates {
            self.node(name, &format!("{}\n{name}", gate.kind.as_str()), Shape::Gate);
        }
        let gic = design.processor.as_ref().is_some_and(|processor| processor.family.has_gic());
        for (path, controller) in &wiring.controllers {
            for (number, source) in controller.lines.iter().enumerate() {
                let line = u32::try_from(number).unwrap_or(u32::MAX);
                let kind = controller.kind(line);
                self.edge(design, source, path, &format!("{number} {}", kind.as_str()), Some(kind));
            }
        }
        for entry in &wiring.processor {
            let irq = match entry.ps_irq {
                Some(irq) if gic => format!("\nGIC {irq}"),
                Some(irq) => format!("\ninterrupt {irq}"),
                None => String::new(),
            };
            self.edge(design, &entry.source, processor, &format!("{}[{}]{irq}", entry.port, entry.line), None);
        }
        for (name, gate) in &wiring.gates {
            for input in &gate.inputs {
                let port = input.pin.strip_prefix(&format!("{}/", gate.path)).unwrap_or(&input.pin);
                self.edge(design, &input.source, name, port, None);
            }
        }
    }

    /// An interrupt, drawn red with what there is to warn of.
    fn edge(&mut self, design: &Design, source: &Source, to: &str, label: &str, kind: Option<LineKind>) {
        let (Source::Pin(from) | Source::Controller(from)) = source else { return };
        let output = match source {
            Source::Controller(path) => format!("{path}/irq"),
            _ => from.clone(),
        };
        let mut label = label.to_owned();
        let mut style = if kind == Some(LineKind::Edge) { ", style=dashed" } else { "" }.to_owned();
        let wrong = |kind: WarningKind| {
            use WarningKind as Kind;
            matches!(
                kind,
                Kind::LevelSourceOnEdgeLine
                    | Kind::EdgeSourceOnLevelLine
                    | Kind::PolarityMismatch
                    | Kind::BehindGate
                    | Kind::SeveralRoutes
                    | Kind::SeveralDrivers
            )
        };
        let warned: BTreeSet<_> = design
            .warnings
            .iter()
            .filter(|warning| warning.subject == output && wrong(warning.kind))
            .map(|warning| warning.kind.name())
            .collect();
        for name in warned {
            label = format!("{label}\n! {name}");
            style += if style.contains("color") { "" } else { ", color=red, fontcolor=red" };
        }
        self.line(format_args!("{} -> {} [label={}{style}]", quoted(from), quoted(to), quoted(&label)));
    }

    fn blocks(&mut self, design: &Design) {
        for (path, memory) in &design.storage {
            self.node(path, &format!("{path}\n{}", crate::tree::size(memory.size)), Shape::Memory);
        }
        for (master, space) in &design.address_spaces {
            let of_master = space.vlnv.split(':').nth(2).unwrap_or_default();
            let soft = design.soft_processors.contains_key(master);
            let shape = if soft { Shape::Processor } else { Shape::Block };
            self.node(master, &format!("{master}\n{of_master}"), shape);
            for block in space.blocks.values() {
                let label = format!("{}\n{}", block.path, block.kind());
                let shape = if block.memory { Shape::Memory } else { Shape::Block };
                self.node(&block.path, &label, shape);
                let address = format!("{:#010x}", block.base);
                self.line(format_args!(
                    "{} -> {} [label={}, color=grey, arrowhead=open]",
                    quoted(master),
                    quoted(&block.path),
                    quoted(&address)
                ));
            }
        }
        for (memory, storage) in &design.storage {
            let controllers: BTreeSet<_> = storage.windows.iter().map(|window| window.controller.as_str()).collect();
            for controller in controllers.into_iter().filter(|controller| controller != memory) {
                self.line(format_args!("{} -> {} [dir=none, penwidth=2]", quoted(controller), quoted(memory)));
            }
        }
        // Which block an output belongs to is drawn where the block is.
        for pin in design.interrupts.pins.keys() {
            let Some((path, _)) = pin.rsplit_once('/') else { continue };
            if self.drawn.contains(path) {
                self.line(format_args!("{} -> {} [dir=none, style=dotted]", quoted(path), quoted(pin)));
            }
        }
    }

    fn buses(&mut self, design: &Design) {
        for bus in design.buses.values().filter(|bus| !crate::tree::is_memory_bus(&bus.protocol)) {
            let ends: Vec<_> = bus.ends.iter().filter(|end| end.role != BusRole::Monitor).collect();
            let name =
                |end: &pynq_hwh::BusInterface| end.path.clone().unwrap_or_else(|| format!("outside: {}", end.name));
            for end in &ends {
                let shape = if end.path.is_some() { Shape::Block } else { Shape::Outside };
                self.node(&name(end), &name(end), shape);
            }
            let Some((first, rest)) = ends.split_first() else { continue };
            for other in rest {
                let turned = first.role == BusRole::Target && other.role == BusRole::Initiator && other.path.is_some();
                let (from, to) = if turned { (other, first) } else { (first, other) };
                self.line(format_args!(
                    "{} -> {} [label={}, color=blue, penwidth=2]",
                    quoted(&name(from)),
                    quoted(&name(to)),
                    quoted(&bus.protocol)
                ));
            }
        }
    }

    /// What shapes and lines mean, as a table: it has no text of the file, and takes part in no ranking.
    fn legend(&mut self, shapes: &[Shape], whole: bool) {
        let mut rows = String::new();
        let mut row = |sign: &str, meaning: &str| {
            let _ = write!(rows, "<tr><td>{sign}</td><td align=\"left\">{meaning}</td></tr>");
        };
        for shape in shapes {
            row(shape.sign(), shape.name());
        }
        row("&#8594;", "level");
        row("&#8674;", "edge (dashed)");
        row("<font color=\"red\">&#8594; !</font>", "what to know of it");
        if whole {
            row("<font color=\"grey\">&#8594;</font>", "addresses");
            row("<font color=\"blue\">&#8594;</font>", "bus between blocks");
            row("<b>&#8212;</b>", "port of a memory");
            row("&#8230;", "output of a block");
        }
        self.line(format_args!(
            // No name of a file becomes this one: backslashes of names are doubled.
            "\"\\legend\" [shape=none, margin=0, label=<<table border=\"1\" cellborder=\"0\" cellspacing=\"2\">\
             <tr><td colspan=\"2\"><b>legend</b></td></tr>{rows}</table>>]"
        ));
    }

    fn finish(mut self) -> String {
        self.text.push_str("}\n");
        self.text
    }
}

/// `text` as a quoted string of Graphviz. In a label, a backslash is an escape.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
