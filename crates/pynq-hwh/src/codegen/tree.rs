//! The text of a module, formatted as rustfmt leaves it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::names::{self, Names};
use crate::design::Design;

/// Comments and constants are wrapped at this width, as the standard style has it.
const WIDTH: usize = 100;

/// A module: what is declared in it, by the order of its names.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// The paths of what lies beneath; of the module itself it is a prefix.
    path: String,
    /// The text of each type, without indentation.
    items: BTreeMap<String, String>,
    modules: BTreeMap<String, Module>,
}

impl Module {
    /// Puts the text of the type of `path` where it belongs.
    pub(super) fn insert(&mut self, names: &Names<'_>, path: &str, text: String) {
        let mut module = self;
        let mut parts = path.split('/');
        for name in names.modules(path) {
            let part = parts.next().unwrap_or_default();
            let above = if module.path.is_empty() { String::new() } else { format!("{}/", module.path) };
            let inner = module.modules.entry(name.clone()).or_default();
            inner.path = format!("{above}{part}");
            module = inner;
        }
        module.items.insert(names.ident(path).to_owned(), text);
    }

    fn write(&self, out: &mut String, indent: usize) {
        let mut first = true;
        for text in self.items.values() {
            separate(out, &mut first);
            for line in text.lines() {
                indented(out, indent, line);
            }
        }
        for (name, module) in &self.modules {
            separate(out, &mut first);
            indented(out, indent, &format!("/// What lies in `{}`.", shown(&module.path)));
            indented(out, indent, &format!("pub mod {name} {{"));
            module.write(out, indent + 1);
            indented(out, indent, "}");
        }
    }
}

fn separate(out: &mut String, first: &mut bool) {
    if !std::mem::take(first) {
        out.push('\n');
    }
}

fn indented(out: &mut String, indent: usize, line: &str) {
    let too_long = 4 * indent + line.len() > WIDTH && line.trim_start().starts_with("const ") && line.ends_with(';');
    if let (true, Some((constant, value))) = (too_long, line.split_once(" = ")) {
        let inner = line.len() - line.trim_start().len();
        indented(out, indent, &format!("{constant} ="));
        return indented(out, indent + 1, &format!("{:inner$}{value}", ""));
    }
    if !line.is_empty() {
        out.extend(std::iter::repeat_n("    ", indent));
        out.push_str(line);
    }
    out.push('\n');
}

/// A name from the file as it may stand in a comment, between backquotes. It can hold anything, and a comment is Markdown:
/// what is behind a fence there is a program, which `cargo test` compiles and runs. So it is letters, digits and a few
/// signs that mean nothing, and no blank, at which a line could be broken.
pub(super) fn shown(name: &str) -> String {
    const KEEP: usize = 200;
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-+./:,@()[]=".contains(c);
    let shown: String = name.chars().take(KEEP).map(|c| if plain(c) { c } else { '?' }).collect();
    if shown.is_empty() { "?".into() } else { shown }
}

/// A text from the file as [`shown`], but that it may have blanks: a date.
fn shown_words(text: &str) -> String {
    let words: Vec<String> = text.split_ascii_whitespace().take(16).map(shown).collect();
    words.join(" ")
}

/// The version of an IP as it may stand in a sentence.
pub(super) fn shown_version(version: &str) -> String {
    let is_number = |part: &str| !part.is_empty() && part.len() < 8 && part.bytes().all(|byte| byte.is_ascii_digit());
    if version.split('.').all(is_number) { version.to_owned() } else { format!("`{}`", shown(version)) }
}

/// A name from the file as a literal.
pub(super) fn literal(text: &str) -> String {
    format!("\"{}\"", text.escape_default())
}

/// A number in hexadecimal, in groups of four digits.
pub(super) fn hex(value: u64) -> String {
    format!("0x{}", grouped(&format!("{value:X}"), 4))
}

/// A number in decimal, in groups of three digits.
pub(super) fn decimal(value: u64) -> String {
    grouped(&value.to_string(), 3)
}

fn grouped(digits: &str, by: usize) -> String {
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % by == 0 {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

/// Text as lines of a documentation comment. Names stand between backquotes and are not broken; no line begins with what
/// Markdown takes for more than text.
pub(super) fn comment(out: &mut String, text: &str) {
    let mut line = String::from("///");
    let mut inside = false;
    for word in text.split(' ') {
        let breakable = !inside && may_begin_a_line(word);
        if breakable && line.len() > 3 && line.len() + 1 + word.len() > WIDTH {
            let _ = writeln!(out, "{line}");
            line.replace_range(3.., "");
        }
        line.push(' ');
        line.push_str(word);
        inside ^= word.bytes().filter(|byte| *byte == b'`').count() % 2 == 1;
    }
    let _ = writeln!(out, "{line}");
}

/// Whether Markdown takes a line that begins with `word` for text: no list, heading, fence, quotation or table.
fn may_begin_a_line(word: &str) -> bool {
    let first = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_item = first.len() < word.len() && first.starts_with(['.', ')']) && first.len() == 1;
    word.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '`') && !is_item
}

/// The whole file: one module, which holds `root`.
pub(super) fn file(design: &Design, name: &str, root: &Module, left_out: &BTreeSet<String>) -> String {
    let source = &design.source;
    let mut out =
        String::from("// Written by pynq-hwh from a hardware handoff file. Changes are better made there.\n\n");
    match source.name.as_str() {
        "" => comment(&mut out, "A design without a name."),
        name => comment(&mut out, &format!("The design `{}`.", shown(name))),
    }
    let facts: Vec<String> = [
        ("part", source.part()),
        ("board", source.board.clone()),
        ("Vivado", source.vivado.clone()),
        ("written", source.timestamp.clone()),
    ]
    .into_iter()
    .filter(|(_, fact)| !fact.is_empty())
    .map(|(what, fact)| format!("{what} `{}`", shown_words(&fact)))
    .collect();
    if !facts.is_empty() {
        out.push_str("///\n");
        comment(&mut out, &format!("It is of {}.", facts.join(", ")));
    }
    if !left_out.is_empty() {
        out.push_str("///\n");
        comment(&mut out, "Left out, since nothing could wait on them:");
        out.push_str("///\n");
        for note in left_out {
            let _ = writeln!(out, "/// * {note}");
        }
    }
    out.push_str("#[allow(dead_code, unreachable_pub, unused_imports, clippy::module_inception)]\n");
    let _ = writeln!(out, "pub mod {name} {{");
    indented(&mut out, 1, "pub use ::pynq_core::design::{Block as _, Parent as _, Wired as _};");
    for line in constants(design).lines() {
        indented(&mut out, 1, line);
    }
    out.push('\n');
    root.write(&mut out, 1);
    out.push_str("}\n");
    out
}

/// What the processor supplies: clocks, and lines of its GPIO.
fn constants(design: &Design) -> String {
    let mut out = String::new();
    for (number, clock) in &design.clocks {
        let Some(hz) = clock.mhz().filter(|_| clock.enabled).and_then(hertz) else { continue };
        out.push('\n');
        let requested = clock.frequency_mhz.and_then(hertz);
        let how = match (clock.achieved_mhz, requested) {
            (None, _) => ", as the design asks for it".to_owned(),
            (Some(_), Some(requested)) if requested != hz => {
                format!(": what is achieved of the {} Hz that the design asks for", decimal(requested))
            }
            _ => String::new(),
        };
        comment(&mut out, &format!("Frequency of clock {number} from the processor{how}."));
        let _ = writeln!(out, "pub const CLOCK{number}_HZ: u64 = {};", decimal(hz));
    }
    let mut taken = BTreeSet::new();
    for (path, lines) in &design.processor_gpio {
        // The paths of two slices may differ only in characters that no identifier can have.
        let mut ident = names::constant(path);
        while !taken.insert(ident.clone()) {
            let _ = write!(ident, "_{}", lines.emio);
        }
        let low = lines.emio.saturating_sub(lines.width.saturating_sub(1));
        let which = if lines.width > 1 { format!("the first of {} lines", lines.width) } else { "the line".to_owned() };
        out.push('\n');
        comment(&mut out, &format!("`{}`: {which} of the processor's extended GPIO.", shown(path)));
        let _ = writeln!(out, "pub const EMIO_{ident}: u32 = {low};");
    }
    out
}

/// Megahertz in hertz.
fn hertz(mhz: f64) -> Option<u64> {
    let hz = (mhz * 1e6).round();
    // Compared as a float: a frequency is far below what a u64 holds.
    (1.0..1e12).contains(&hz).then_some(hz as u64)
}
