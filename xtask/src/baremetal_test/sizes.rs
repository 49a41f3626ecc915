//! How large a program is, and what of: its sections, and its largest symbols.

use std::{fs, path::Path};

use object::{File, Object as _, ObjectSection as _, ObjectSymbol as _, SymbolKind};

use crate::shell::{Failure, say};

/// How many symbols are told.
const LARGEST: usize = 10;

/// What every allocator is called by.
const ALLOCATOR: &str = "__rust_alloc";

/// Prints the sizes of a program, and makes sure that it has an allocator only if it is to have one.
pub(super) fn tell(program: &Path, with_allocator: bool) -> Result<(), Failure> {
    let bytes = fs::read(program)?;
    let wrong = |error| Failure::new(format!("{} can't be read: {error}", program.display()));
    let file = File::parse(&*bytes).map_err(wrong)?;
    let size = |name: &str| file.section_by_name(name).map_or(0, |section| section.size());
    let sections = [".vector_table", ".text", ".rodata", ".data", ".bss"].map(|name| format!("{name} {}", size(name)));
    say!("    bytes: {}", sections.join(", "));
    let mut symbols: Vec<(u64, String)> = file
        .symbols()
        .filter(|symbol| matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Data) && symbol.size() > 0)
        .filter_map(|symbol| Some((symbol.size(), name(symbol.name().ok()?))))
        .collect();
    // The greatest first; of equals, in the order of their names.
    symbols.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    for (size, name) in symbols.iter().take(LARGEST) {
        say!("    {size:>8}  {name}");
    }
    let allocates = symbols.iter().any(|(_, name)| name.contains(ALLOCATOR));
    match (allocates, with_allocator) {
        (true, false) => Err(Failure::new(format!("{} has an allocator", program.display()))),
        _ => Ok(()),
    }
}

/// A symbol's name as a person would write it, without the hash.
fn name(mangled: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(mangled))
}
