//! The trace as a value change dump (IEEE 1364, clause 18).

use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::Write;

use super::{
    Fabric,
    trace::{Known, TraceEntry, TraceEvent},
};

/// A variable of the dump: the scopes it lies in, and its name.
type Name = (Vec<String>, String);

#[derive(Clone, Copy)]
enum Kind {
    Wire,
    Vector(u8),
    Event,
}

struct Variable {
    code: String,
    kind: Kind,
    /// Before its first change.
    initial: Option<u64>,
}

/// One change: the variable, its kind, its new value.
fn changes(event: &TraceEvent, known: &Known) -> Vec<(Name, Kind, u64)> {
    let word = |path: &str, name: &str, value: u32| {
        let port = known.get(&(path.to_string(), name.to_string()));
        (within(path, name), Kind::Vector(port.map_or(32, |port| port.0.max(1))), u64::from(value))
    };
    match event {
        TraceEvent::Read { path, offset, value } => {
            Vec::from([word(path, "read_offset", *offset), word(path, "read_data", *value)])
        }
        TraceEvent::Write { path, offset, value } => {
            Vec::from([word(path, "write_offset", *offset), word(path, "write_data", *value)])
        }
        TraceEvent::Input { path, port, value } | TraceEvent::Output { path, port, value } => {
            Vec::from([word(path, port, *value)])
        }
        TraceEvent::Wire { name, level } => {
            let (path, port) = name.rsplit_once('/').unwrap_or(("", name));
            Vec::from([(within(path, port), Kind::Wire, u64::from(*level))])
        }
        TraceEvent::Interrupt { id } => Vec::from([(within("cpu", &alloc::format!("interrupt_{id}")), Kind::Event, 1)]),
        TraceEvent::BusError { address, .. } => Vec::from([(within("bus", "error"), Kind::Vector(64), *address)]),
    }
}

/// A variable in the scope of a block's path. White space would end a name in the file.
fn within(path: &str, name: &str) -> Name {
    let clean = |text: &str| text.split_whitespace().collect::<Vec<_>>().join("_");
    (path.split('/').filter(|part| !part.is_empty()).map(clean).collect(), clean(name))
}

/// The short name of variable `number`: printable characters from `!` on.
fn code(mut number: usize) -> String {
    let mut code = String::new();
    loop {
        code.push(char::from(b'!' + (number % 94) as u8));
        number /= 94;
        if number == 0 {
            return code;
        }
        number -= 1;
    }
}

fn value(kind: Kind, value: Option<u64>, code: &str) -> String {
    match (kind, value) {
        (Kind::Wire, Some(value)) => alloc::format!("{value}{code}"),
        (Kind::Event, _) => alloc::format!("1{code}"),
        (Kind::Wire, None) => alloc::format!("x{code}"),
        (Kind::Vector(_), Some(value)) => alloc::format!("b{value:b} {code}"),
        (Kind::Vector(_), None) => alloc::format!("bx {code}"),
    }
}

/// Writes to a string can't fail.
macro_rules! line {
    ($out:expr, $($text:tt)*) => {{ let _ = writeln!($out, $($text)*); }};
}

impl Fabric {
    /// The trace so far as a VCD file, to be read by GTKWave and its like.
    ///
    /// What happened at the same instant is shown a picosecond apart, in the order in which it happened. Vectors are as wide
    /// as the ports of the blocks, and begin with their levels when the trace began.
    #[must_use]
    pub fn vcd(&self) -> String {
        export(&self.trace(), self.tracer.known())
    }
}

/// The whole file.
fn export(entries: &[TraceEntry], known: &Known) -> String {
    let initial = |event: &TraceEvent| match event {
        TraceEvent::Input { path, port, .. } | TraceEvent::Output { path, port, .. } => {
            known.get(&(path.clone(), port.clone())).map(|port| u64::from(port.1))
        }
        // A wire that changes to high was low before.
        TraceEvent::Wire { level, .. } => Some(u64::from(!level)),
        _ => None,
    };
    let mut variables: BTreeMap<Name, Variable> = BTreeMap::new();
    for entry in entries {
        for (name, kind, _) in changes(&entry.event, known) {
            let number = variables.len();
            variables.entry(name).or_insert_with(|| Variable {
                code: code(number),
                kind,
                initial: initial(&entry.event),
            });
        }
    }

    let mut out = String::new();
    line!(out, "$version pynq-sim {} $end", env!("CARGO_PKG_VERSION"));
    line!(out, "$timescale 1 ps $end");
    declare(&mut out, &variables);
    line!(out, "$enddefinitions $end");
    line!(out, "#0");
    line!(out, "$dumpvars");
    for variable in variables.values() {
        if !matches!(variable.kind, Kind::Event) {
            line!(out, "{}", value(variable.kind, variable.initial, &variable.code));
        }
    }
    line!(out, "$end");

    let mut time = 0_u64;
    for entry in entries {
        time = time.saturating_add(1).max(entry.time.as_nanos().saturating_mul(1000));
        line!(out, "#{time}");
        for (name, kind, new) in changes(&entry.event, known) {
            if let Some(variable) = variables.get(&name) {
                line!(out, "{}", value(kind, Some(new), &variable.code));
            }
        }
    }
    out
}

/// Declares all variables in their scopes; the map's order keeps each scope's together.
fn declare(out: &mut String, variables: &BTreeMap<Name, Variable>) {
    let mut open: Vec<&String> = Vec::new();
    for ((path, name), variable) in variables {
        let common = open.iter().zip(path).take_while(|(open, new)| *open == new).count();
        for _ in common..open.len() {
            line!(out, "$upscope $end");
        }
        open.truncate(common);
        for part in &path[common..] {
            line!(out, "$scope module {part} $end");
            open.push(part);
        }
        let (kind, width) = match variable.kind {
            Kind::Wire => ("wire", "1".to_string()),
            Kind::Event => ("event", "1".to_string()),
            Kind::Vector(width) => ("wire", width.to_string()),
        };
        line!(out, "$var {kind} {width} {} {name} $end", variable.code);
    }
    for _ in &open {
        line!(out, "$upscope $end");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_printable() {
        let codes: alloc::collections::BTreeSet<String> = (0..20_000).map(code).collect();
        assert_eq!(codes.len(), 20_000);
        assert!(codes.iter().all(|code| code.chars().all(|c| c.is_ascii_graphic())));
    }
}
