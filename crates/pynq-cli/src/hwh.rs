//! `pynq hwh`: what a handoff file describes.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use pynq_hwh::{Design, codegen::Generator};

use crate::{about, dot, json, printable, style::Palette, tree};

/// `pynq hwh`.
#[derive(Debug, Args)]
pub(crate) struct Hwh {
    /// The .hwh file, or the .xsa archive that holds one.
    file: PathBuf,
    /// Show this part only.
    #[arg(conflicts_with_all = ["json", "dot", "rust"])]
    section: Option<Section>,
    /// Print everything as JSON.
    #[arg(long, conflicts_with_all = ["dot", "rust"])]
    json: bool,
    /// Print a picture in Graphviz's language: of the interrupts, or of the whole board.
    #[arg(
        long,
        value_name = "WHAT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "irq",
        conflicts_with = "rust"
    )]
    dot: Option<Picture>,
    /// Print the Rust module that a build script would make of it.
    #[arg(long)]
    rust: bool,
}

/// A part of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Section {
    /// The IP blocks that the processor can address.
    Ip,
    /// The interrupts.
    Irq,
    /// The lines of the processor's extended GPIO.
    Gpio,
    /// The clocks from the processor.
    Clocks,
    /// What every bus master can address, and the memories that several ways lead to.
    Masters,
    /// The bus interfaces that are joined, but for AXI memory-mapped and local memory buses.
    Buses,
    /// What to know of the design.
    Warnings,
}

/// What a picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Picture {
    /// The interrupts, from their sources to the processor.
    Irq,
    /// All blocks: masters and what they address, buses, interrupts, memories.
    Board,
}

/// Runs the subcommand and returns what it prints.
pub(crate) fn run(arguments: &Hwh) -> Result<String, String> {
    let file = &arguments.file;
    let design = read(file)?;
    if arguments.rust {
        return Generator::new(&design).generate().map_err(|error| about(file, &error));
    }
    if arguments.json {
        return Ok(json::pretty(&json::design(&design)));
    }
    Ok(match arguments.dot {
        Some(Picture::Irq) => printable(&dot::interrupts(&design)),
        Some(Picture::Board) => printable(&dot::board(&design)),
        None => tree::design(&design, arguments.section, Palette::of_stdout()),
    })
}

/// The design of a handoff file, or of the one in an archive.
pub(crate) fn read(file: &Path) -> Result<Design, String> {
    let is = |extension: &str| file.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension));
    if is("xsa") {
        let found = pynq_hwh::OverlayFiles::find(file).map_err(|error| about(file, &error))?;
        return found.design().map_err(|error| about(file, &error));
    }
    Design::read(file).map_err(|error| {
        // A user who gives a bitstream has the other file too, most often.
        let is_bitstream = matches!(error, pynq_hwh::Error::Encoding { hint: "a .bit file", .. });
        if !(is("bit") || is("bin")) {
            return match is_bitstream {
                true => {
                    format!("{}: this is a bitstream, whatever its name; pass the .hwh of its design", file.display())
                }
                false => about(file, &error),
            };
        }
        match pynq_hwh::OverlayFiles::find(file) {
            Ok(found) => format!(
                "{}: this is a bitstream; pass the .hwh beside it: {}",
                file.display(),
                found.handoff.path().display()
            ),
            Err(pynq_hwh::Error::Io { .. }) => about(file, &error),
            Err(none) => format!("{}: this is a bitstream; pass the .hwh beside it ({none})", file.display()),
        }
    })
}
