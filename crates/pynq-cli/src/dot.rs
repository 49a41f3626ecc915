//! The interrupt tree as a picture: `pynq hwh FILE --dot | dot -Tsvg > tree.svg`.

use std::fmt::Write;

use pynq_hwh::{Design, LineKind, Source};

/// The interrupt tree of a design in Graphviz's language.
pub(crate) fn interrupts(design: &Design) -> String {
    let mut text = String::from(
        "digraph interrupts {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\", fontsize=11];\n  \
         edge [fontname=\"sans-serif\", fontsize=9];\n",
    );
    let processor = design.processor.as_ref().map_or("processor", |processor| &processor.path);
    line(&mut text, format_args!("{} [style=filled, fillcolor=lightblue]", quoted(processor)));
    for (path, controller) in &design.interrupts.controllers {
        let base = controller.base.map_or_else(|| "no address".to_owned(), |base| format!("{base:#010x}"));
        let label = quoted(&format!("{path}\n{base}"));
        line(&mut text, format_args!("{} [label={label}, style=filled, fillcolor=lightyellow]", quoted(path)));
        for (number, source) in controller.lines.iter().enumerate() {
            let kind = controller.kind(u32::try_from(number).unwrap_or(u32::MAX));
            edge(&mut text, source, path, &format!("{number} {}", kind.as_str()), Some(kind));
        }
    }
    for entry in &design.interrupts.processor {
        let irq = entry.ps_irq.map_or_else(String::new, |irq| format!("\nGIC {irq}"));
        edge(&mut text, &entry.source, processor, &format!("{}[{}]{irq}", entry.port, entry.line), None);
    }
    text.push_str("}\n");
    text
}

fn edge(text: &mut String, source: &Source, to: &str, label: &str, kind: Option<LineKind>) {
    let (Source::Pin(from) | Source::Controller(from)) = source else { return };
    let style = if kind == Some(LineKind::Edge) { ", style=dashed" } else { "" };
    line(text, format_args!("{} -> {} [label={}{style}]", quoted(from), quoted(to), quoted(label)));
}

fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "  {content};");
}

/// `text` as a quoted string of Graphviz.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
