//! Upper bounds that keep a hostile file from costing more than its own size.
//!
//! Each of them lies well above what a real design reaches, and each one that is exceeded is an error that names the
//! place, never a silent truncation.

/// Largest handoff file that is read (a base overlay's is 2 to 4 MB).
pub(crate) const HANDOFF_BYTES: u64 = 64 * 1024 * 1024;
/// Largest bitstream file that is read (the largest parts need some 200 MB).
pub(crate) const BITSTREAM_BYTES: u64 = 512 * 1024 * 1024;
/// Deepest nesting of elements (real files: 9).
pub(crate) const ELEMENT_DEPTH: usize = 64;
/// Longest attribute value that is kept (real files: some 2 kB, in descriptions).
pub(crate) const ATTRIBUTE_BYTES: usize = 1024 * 1024;
/// Widest port, and highest bit a slice may name.
pub(crate) const PORT_BITS: u64 = 1 << 20;
/// Most inputs of one concat (the IP allows 128).
pub(crate) const CONCAT_INPUTS: u64 = 4096;
/// Most inputs of an AXI INTC, hardware and software together.
pub(crate) const INTC_INPUTS: u64 = 32;
/// Most address ranges of one IP block (a real one has a handful).
pub(crate) const RANGES: u64 = 256;
/// Most lines in the memory maps of all masters together. Each carries the path of a block.
pub(crate) const ALL_RANGES: usize = 1 << 16;
/// Most bus interfaces.
pub(crate) const BUS_INTERFACES: usize = 1 << 16;
/// Most inputs on wires that belong to no bus.
pub(crate) const WIRE_LOADS: usize = 1 << 17;
/// Most levels of hierarchy in a path. Bounds the table of hierarchies, which lists every prefix.
pub(crate) const PATH_LEVELS: usize = 32;
/// Longest path, and longest VLNV, of an instance.
pub(crate) const PATH_BYTES: usize = 1024;
/// Most concats, slices and container boundaries between an interrupt input and its source.
pub(crate) const TRACE_STEPS: usize = 128;
/// Most interrupt controllers that reach the processor.
pub(crate) const CONTROLLERS: usize = 1024;
/// Deepest cascade of interrupt controllers.
pub(crate) const CASCADE_DEPTH: usize = 32;
/// Most warnings that are kept; a last one says how many were dropped.
pub(crate) const WARNINGS: usize = 1000;
/// Most gates in a row between an interrupt output and a line.
pub(crate) const GATE_DEPTH: usize = 16;
/// Most inputs of gates that are looked at, over all lines.
pub(crate) const GATE_INPUTS: usize = 1 << 12;
/// Most bits of one net that are named as lost.
pub(crate) const LOST_BITS: u64 = 32;
/// Most soft processors beside the processor whose interrupts are followed.
pub(crate) const SOFT_PROCESSORS: usize = 32;
/// Most files of an archive that are looked at.
pub(crate) const ARCHIVE_FILES: usize = 4096;
