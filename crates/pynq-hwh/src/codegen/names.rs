//! How the names of a design become identifiers.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// Words that can't be the name of a module: keywords of every edition, and the primitive types that the text of a module
/// mentions.
const RESERVED_MODULES: [&str; 58] = [
    "abstract", "as", "async", "await", "become", "bool", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "str", "struct",
    "super", "trait", "true", "try", "type", "typeof", "u16", "u32", "u64", "u8", "union", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// Words that can't be the name of a type, or would hide one that the text of a module mentions.
const RESERVED_TYPES: [&str; 4] = ["None", "Option", "Self", "Some"];

/// The identifier of a module.
pub(super) fn module(name: &str) -> String {
    let mut ident = String::with_capacity(name.len());
    let mut previous = '_';
    for c in name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }) {
        if c.is_ascii_uppercase() && (previous.is_ascii_lowercase() || previous.is_ascii_digit()) {
            ident.push('_');
        }
        if c != '_' || !ident.ends_with('_') {
            ident.push(c.to_ascii_lowercase());
        }
        previous = c;
    }
    finish(ident, 'n', "design", &RESERVED_MODULES)
}

/// The identifier of a type. `name[3]` is a bit of a vector.
pub(super) fn type_name(name: &str) -> String {
    let bit = name.strip_suffix(']').and_then(|name| name.rsplit_once('['));
    let (name, bit) = bit.map_or((name, ""), |(vector, bit)| (vector, bit));
    let mut ident = camel_case(name);
    if !bit.is_empty() {
        let digits = bit.chars().filter(char::is_ascii_digit);
        ident.push_str("Bit");
        ident.extend(digits);
    }
    ident
}

fn camel_case(name: &str) -> String {
    let mut ident = String::with_capacity(name.len());
    for word in name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let ends_in_digit = ident.ends_with(|c: char| c.is_ascii_digit());
        if ends_in_digit && word.starts_with(|c: char| c.is_ascii_digit()) {
            ident.push('_');
        }
        let (first, rest) = word.split_at(1);
        ident.push_str(&first.to_ascii_uppercase());
        // A word in capitals alone is written like any other word.
        let capitals = !word.contains(|c: char| c.is_ascii_lowercase());
        ident.push_str(&if capitals { rest.to_ascii_lowercase() } else { rest.to_owned() });
    }
    finish(ident, 'N', "Unnamed", &RESERVED_TYPES)
}

/// The identifier of a constant.
pub(super) fn constant(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

fn finish(mut ident: String, digit: char, empty: &str, reserved: &[&str]) -> String {
    if ident.chars().all(|c| c == '_') {
        ident = empty.to_owned();
    }
    if ident.starts_with(|c: char| c.is_ascii_digit()) {
        ident.insert(0, digit);
    }
    if reserved.contains(&ident.as_str()) {
        ident.push('_');
    }
    ident
}

/// A name that the user chose for `path`, if it is an identifier.
pub(super) fn checked<'a>(path: &str, ident: &'a str) -> Result<&'a str> {
    let plain = ident.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let first = ident.starts_with(|c: char| c.is_ascii_alphabetic());
    let reserved = RESERVED_MODULES.contains(&ident) || RESERVED_TYPES.contains(&ident);
    if plain && first && !reserved {
        return Ok(ident);
    }
    Err(Error::NotAnIdentifier { path: path.to_owned(), ident: ident.to_owned() })
}

/// The identifiers of a design, each of which stands for one path.
#[derive(Debug)]
pub(super) struct Names<'d> {
    renamed: &'d BTreeMap<String, String>,
    /// What the types are named after, by path.
    types: BTreeMap<&'d str, Type>,
    /// The path that took an identifier, by the identifiers of the modules above it and its own.
    taken: BTreeMap<String, &'d str>,
}

/// Where the type of a block or an output is.
#[derive(Debug)]
struct Type {
    modules: Vec<String>,
    ident: String,
}

impl<'d> Names<'d> {
    pub(super) fn new(renamed: &'d BTreeMap<String, String>) -> Self {
        Self { renamed, types: BTreeMap::new(), taken: BTreeMap::new() }
    }

    /// Finds names for the type of `path` and the modules above it.
    pub(super) fn enter(&mut self, path: &'d str) -> Result<()> {
        let mut modules = Vec::new();
        let mut rest = path;
        let mut end = 0;
        while let Some((part, tail)) = rest.split_once('/') {
            end += part.len();
            modules.push(module(part));
            self.take(modules.join("::"), path.get(..end).unwrap_or(path))?;
            (rest, end) = (tail, end + 1);
        }
        let ident = match self.renamed.get(path) {
            Some(ident) => checked(path, ident)?.to_owned(),
            None => type_name(rest),
        };
        // A generated type never has the name of a module, since it begins in upper case. A name that the user gave
        // might.
        self.take(modules.iter().chain([&ident]).cloned().collect::<Vec<_>>().join("::"), path)?;
        self.types.insert(path, Type { modules, ident });
        Ok(())
    }

    fn take(&mut self, ident: String, path: &'d str) -> Result<()> {
        match self.taken.get(&ident) {
            Some(first) if *first != path => {
                Err(Error::NameCollision { ident, first: (*first).to_owned(), second: path.to_owned() })
            }
            Some(_) => Ok(()),
            None => {
                self.taken.insert(ident, path);
                Ok(())
            }
        }
    }

    pub(super) fn knows(&self, path: &str) -> bool {
        self.types.contains_key(path)
    }

    /// All paths that have a type.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.types.keys().copied()
    }

    /// The modules that the type of `path` lies in.
    pub(super) fn modules(&self, path: &str) -> &[String] {
        self.types.get(path).map_or(&[], |known| known.modules.as_slice())
    }

    /// The type of `path`.
    pub(super) fn ident(&self, path: &str) -> &str {
        self.types.get(path).map_or("", |known| known.ident.as_str())
    }

    /// The type of `path` as the module that the type of `from` lies in has to write it.
    pub(super) fn reference(&self, from: &str, path: &str) -> String {
        let (here, there) = (self.modules(from), self.modules(path));
        let common = here.iter().zip(there).take_while(|(a, b)| a == b).count();
        let up = here.iter().skip(common).map(|_| "super");
        let down = there.iter().skip(common).map(String::as_str);
        up.chain(down).chain([self.ident(path)]).collect::<Vec<_>>().join("::")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_in_camel_case() {
        for (name, ident) in [
            ("btns_gpio", "BtnsGpio"),
            ("axi_gpio_0", "AxiGpio0"),
            ("axi_gpio_1_0", "AxiGpio1_0"),
            ("axi_gpio_10", "AxiGpio10"),
            ("S_AXI_HP0", "SAxiHp0"),
            ("pmodA_0", "PmodA0"),
            ("7seg", "N7seg"),
            ("irq[3]", "IrqBit3"),
            ("irq[12", "Irq12"),
            ("self", "Self_"),
            ("some", "Some_"),
            ("ü-1", "N1"),
            ("__", "Unnamed"),
            ("", "Unnamed"),
        ] {
            assert_eq!(type_name(name), ident, "{name}");
        }
    }

    #[test]
    fn modules_are_in_snake_case() {
        for (name, ident) in [
            ("btns_gpio", "btns_gpio"),
            ("PmodA", "pmod_a"),
            ("SPI0", "spi0"),
            ("type", "type_"),
            ("u64", "u64_"),
            ("3d", "n3d"),
            ("a-b", "a_b"),
            ("a--b", "a_b"),
            ("iop_A__2", "iop_a_2"),
            ("", "design"),
        ] {
            assert_eq!(module(name), ident, "{name}");
        }
    }

    #[test]
    fn a_name_stands_for_one_path() {
        let renamed = BTreeMap::new();
        let mut names = Names::new(&renamed);
        names.enter("a/my_ip").unwrap();
        names.enter("a/my_ip/irq").unwrap();
        let types = names.enter("a/myIp").unwrap_err().to_string();
        assert!(types.contains("`a/my_ip`") && types.contains("`a/myIp`") && types.contains("a::MyIp"), "{types}");
        let modules = names.enter("A/other").unwrap_err().to_string();
        assert!(modules.contains("`a`") && modules.contains("`A`"), "{modules}");
    }

    #[test]
    fn references_go_up_and_down() {
        let renamed = BTreeMap::from([("a/b/c".to_owned(), "Chosen".to_owned())]);
        let mut names = Names::new(&renamed);
        for path in ["top", "a/b/c", "a/d/e", "a/b/c/irq"] {
            names.enter(path).unwrap();
        }
        for (from, to, reference) in [
            ("top", "a/b/c", "a::b::Chosen"),
            ("a/b/c", "top", "super::super::Top"),
            ("a/b/c", "a/d/e", "super::d::E"),
            ("a/b/c", "a/b/c/irq", "c::Irq"),
            ("a/b/c/irq", "a/b/c", "super::Chosen"),
        ] {
            assert_eq!(names.reference(from, to), reference);
        }
    }

    #[test]
    fn the_user_s_names_are_identifiers() {
        for ident in ["Buttons", "b", "A_1"] {
            assert_eq!(checked("x", ident).unwrap(), ident);
        }
        for ident in ["", "_", "1a", "a b", "type", "Self", "a::b", "ä"] {
            assert!(matches!(checked("x", ident), Err(Error::NotAnIdentifier { .. })), "{ident}");
        }
    }

    #[test]
    fn the_lists_are_sorted() {
        assert!(RESERVED_MODULES.is_sorted() && RESERVED_TYPES.is_sorted());
    }
}
