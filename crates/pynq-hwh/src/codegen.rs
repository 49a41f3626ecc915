//! A design as a Rust module, for programs that have no file to read at run time.
//!
//! [`build`] is for build scripts and [`Generator`] for everything else. The module has a type for every IP block that
//! the processor can address and one for every interrupt output that reaches it, laid out as the design's hierarchy is,
//! and implements the traits of `pynq_core::design` and `pynq_drivers::design` for them. It needs those two crates,
//! neither the standard library nor an allocator, and no file.
//!
//! ```no_run
//! // build.rs
//! fn main() -> Result<(), pynq_hwh::Error> {
//!     pynq_hwh::codegen::build("base.hwh", "base.rs")
//! }
//! ```
//!
//! ```text
//! // main.rs: this declares the module `base`, named after the design
//! include!(concat!(env!("OUT_DIR"), "/base.rs"));
//! use base::{BtnsGpio, SystemInterrupts, btns_gpio, video::AxiVdma};
//! ```
//!
//! # Names
//!
//! * The last part of a path becomes a type in camel case, the parts before it modules in snake case: block
//!   `video/axi_vdma` is `video::AxiVdma`, and its interrupt output `video/axi_vdma/s2mm_introut` is
//!   `video::axi_vdma::S2mmIntrout`. Bit 3 of a vector `irq` is `IrqBit3`.
//! * In a type, each word begins in upper case, and one in capitals alone goes on in lower case (`S_AXI` is `SAxi`).
//!   Underscores go away, but for those between two digits. In a module, upper case becomes lower case, with an
//!   underscore before it where lower case or a digit precedes.
//! * What can't stand in an identifier becomes an underscore, and of several in a row one is left. A name that begins with
//!   a digit gets an `n` (`N` for a type) in front; one that means something else in Rust (`type`, `u64`, `Option`) an
//!   underscore behind.
//! * Two names that become the same are an error, which [`Generator::rename`] helps out of.
//!
//! The text depends on the design alone: the same file gives the same module, byte for byte.
//!
//! # Accelerators
//!
//! A core that high-level synthesis made has a driver of its own, `Accelerator` in the module of its block, with a method
//! for each argument and `call_async`, which takes all inputs and returns all outputs. Types are checked against the widths
//! of the arguments when the program is built. It is opened as any driver is: `overlay.block::<adder::Accelerator>("adder")`
//! of the facade, or by the node of the block.
//!
//! # What is left out
//!
//! Interrupt outputs behind a controller that the processor can't address, and those that reach an interrupt of unknown
//! number, have no type, since nothing could wait on them. The module's documentation lists them.

mod accelerators;
mod blocks;
mod names;
mod parameters;
mod tree;
mod wiring;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::design::Design;
use crate::error::{Error, Result};
use crate::suggest;

use names::Names;
use tree::Module;

/// Makes a Rust module of a design.
///
/// ```
/// use pynq_hwh::{Design, codegen::Generator};
///
/// # let text = include_str!("../fixtures/pynq-z2-buttons.hwh");
/// let design = Design::parse(text)?;
/// let module = Generator::new(&design).rename("btns_gpio", "Buttons").generate()?;
/// assert!(module.contains("pub struct Buttons;"));
/// # Ok::<(), pynq_hwh::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Generator<'d> {
    design: &'d Design,
    module: Option<String>,
    renamed: BTreeMap<String, String>,
}

impl<'d> Generator<'d> {
    /// A generator for `design`.
    #[must_use]
    pub fn new(design: &'d Design) -> Self {
        Self { design, module: None, renamed: BTreeMap::new() }
    }

    /// Names the module; it bears the design's name otherwise.
    #[must_use]
    pub fn module(mut self, name: impl Into<String>) -> Self {
        self.module = Some(name.into());
        self
    }

    /// Names the type of the block or the interrupt output `path`. Its modules keep their names.
    #[must_use]
    pub fn rename(mut self, path: impl Into<String>, name: impl Into<String>) -> Self {
        self.renamed.insert(path.into(), name.into());
        self
    }

    /// The text of the module.
    ///
    /// # Errors
    ///
    /// [`Error::NameCollision`] and [`Error::NotAnIdentifier`] for names, [`Error::NothingToRename`] where a new name is
    /// for nothing in the design; [`Error::Unfit`] for a block whose parameters make no sense.
    pub fn generate(&self) -> Result<String> {
        let design = self.design;
        let name = match &self.module {
            Some(name) => names::checked(&design.source.name, name)?.to_owned(),
            None => names::module(&design.source.name),
        };
        let mut names = Names::new(&self.renamed);
        let wiring = wiring::Wiring::of(design);
        let accelerators: Vec<_> = design
            .ip
            .iter()
            .filter_map(|(path, block)| {
                Some((format!("{path}/{}", accelerators::TYPE), path, block, block.accelerator()?))
            })
            .collect();
        for path in design.ip.keys().chain(wiring.outputs.keys()).chain(accelerators.iter().map(|(of, ..)| of)) {
            names.enter(path)?;
        }
        if let Some(requested) = self.renamed.keys().find(|path| !names.knows(path)) {
            return Err(Error::NothingToRename {
                requested: requested.clone(),
                near: suggest::near(requested, names.paths()),
                total: names.paths().count(),
            });
        }
        let mut root = Module::default();
        for (path, block) in &design.ip {
            root.insert(&names, path, blocks::text(design, &names, &wiring, path, block)?);
        }
        for (path, output) in &wiring.outputs {
            root.insert(&names, path, output.text(&names, path)?);
        }
        for (of, path, block, core) in &accelerators {
            root.insert(&names, of, accelerators::text(&names, path, block, core));
        }
        let mut notes = BTreeSet::new();
        notes.extend(wiring.left_out.iter().map(|(path, why)| format!("`{}`: {why}", tree::shown(path))));
        Ok(tree::file(design, &name, &root, &notes))
    }
}

/// For build scripts: writes the module of the handoff file `hwh` to the file `module` in `OUT_DIR`, and has Cargo run
/// the build script again when the handoff file changes.
///
/// # Errors
///
/// Those of [`Design::read`] and [`Generator::generate`]; [`Error::NotABuildScript`] without `OUT_DIR`; [`Error::Io`] if
/// the module can't be written.
pub fn build(hwh: impl AsRef<Path>, module: impl AsRef<Path>) -> Result<()> {
    let hwh = hwh.as_ref();
    println!("cargo::rerun-if-changed={}", hwh.display());
    let design = Design::read(hwh)?;
    write(&Generator::new(&design).generate()?, module)
}

/// For build scripts that have a [`Generator`]: writes the text of a module to the file `module` in `OUT_DIR`.
///
/// # Errors
///
/// [`Error::NotABuildScript`] without `OUT_DIR`; [`Error::Io`] if the file can't be written.
pub fn write(text: &str, module: impl AsRef<Path>) -> Result<()> {
    let folder = std::env::var_os("OUT_DIR").ok_or(Error::NotABuildScript)?;
    let path = Path::new(&folder).join(module);
    std::fs::write(&path, text).map_err(|source| Error::Io { path, action: "write", source })
}
