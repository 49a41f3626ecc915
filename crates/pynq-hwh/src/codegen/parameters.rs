//! Parameters as constants: what an IP block was built with, read from the handoff file once and for all.

use crate::memory_map::IpBlock;

/// The parameters of a block that are numbers or truth values, by name. Where a block lies is in the memory map, and in
/// its parameters only sometimes, so these are left out; and so is what the file has without the prefix alone.
pub(super) fn numeric(block: &IpBlock) -> Vec<(String, u64)> {
    let mut numbers = block.parameters.built().numbers;
    numbers.retain(|name, _| is_constant(block, name));
    numbers.into_iter().collect()
}

/// The names of those that are neither.
pub(super) fn texts(block: &IpBlock) -> Vec<String> {
    let mut texts = block.parameters.built().texts;
    texts.retain(|name| is_constant(block, name));
    texts.into_iter().collect()
}

fn is_constant(block: &IpBlock, name: &str) -> bool {
    let spelt = || block.parameters.iter().any(|(spelling, _)| spelling.eq_ignore_ascii_case(name));
    !name.ends_with("BASEADDR") && !name.ends_with("HIGHADDR") && spelt()
}
