//! Parameters as constants: what an IP block was built with, read from the handoff file once and for all.

use std::collections::{BTreeMap, BTreeSet};

use crate::memory_map::IpBlock;

/// The parameters of a block that are numbers or truth values, by name. The same value may stand there several times in
/// other spellings; the one the hardware was built with is taken.
pub(super) fn numeric(block: &IpBlock) -> BTreeMap<String, u64> {
    let (numbers, _) = built(block);
    numbers
}

/// The names of those that are neither.
pub(super) fn texts(block: &IpBlock) -> BTreeSet<String> {
    let (_, texts) = built(block);
    texts
}

fn built(block: &IpBlock) -> (BTreeMap<String, u64>, BTreeSet<String>) {
    let (mut found, mut texts) = (BTreeMap::new(), BTreeSet::new());
    for (name, _) in block.parameters.iter() {
        // A block's address is in the memory map always, and in the parameters only sometimes.
        let name = name.to_ascii_uppercase();
        let built = name.starts_with("C_") && !name.ends_with("BASEADDR") && !name.ends_with("HIGHADDR");
        let value = || {
            let truth = || block.parameters.boolean(&name).map(u64::from);
            block.parameters.integer(&name).or_else(|_| truth()).ok()
        };
        match (built, value()) {
            (false, _) => {}
            (true, Some(value)) => drop(found.insert(name, value)),
            (true, None) => drop(texts.insert(name)),
        }
    }
    (found, texts)
}
