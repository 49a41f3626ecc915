//! What a design has, as text: what PYNQ's `overlay?` shows.

use std::fmt;

use pynq_core::Driver;
use pynq_drivers::{AxiDma, AxiGpio, AxiIic, AxiQuadSpi, AxiTimer, AxiUartLite, AxiVdma};
use pynq_hwh::{Design, IpBlock};

use crate::Overlay;

/// How a block is opened, if there is a driver for it.
fn opened_by(block: &IpBlock) -> &'static str {
    match block.vlnv_without_version() {
        AxiGpio::VLNV => "gpio(..)",
        AxiTimer::VLNV => "timer(..)",
        AxiDma::VLNV => "dma(..)",
        AxiVdma::VLNV => "vdma(..)",
        AxiUartLite::VLNV => "uart(..)",
        AxiIic::VLNV => "iic(..)",
        AxiQuadSpi::VLNV => "spi(..)",
        _ if block.accelerator().is_some() => "accelerator(..)",
        _ => "registers(..), mmio(..)",
    }
}

/// A table, whose columns are as wide as their longest entry.
struct Table<'a> {
    title: &'a str,
    rows: Vec<[String; 4]>,
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rows.is_empty() {
            return Ok(());
        }
        writeln!(f, "\n{}", self.title)?;
        let width = |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths = [width(0), width(1), width(2)];
        for [first, second, third, last] in &self.rows {
            let [one, two, three] = widths;
            let line = format!("  {first:one$}  {second:two$}  {third:three$}  {last}");
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// What the design has: its IP blocks and how each is opened, hierarchies, interrupts, lines of the processor, and memories.
impl fmt::Display for Overlay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        contents(self.design(), f)
    }
}

fn contents(design: &Design, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "overlay `{}`", design.source.name)?;
    let board = design.source.board.split(':').nth(1).filter(|name| !name.is_empty());
    match board {
        Some(board) => writeln!(f, " for {} on {board}", design.source.part())?,
        None => writeln!(f, " for {}", design.source.part())?,
    }
    let row = |path: &str, second: String, third: String, last: String| [path.to_owned(), second, third, last];
    let (memories, blocks): (Vec<_>, Vec<_>) = design.ip.iter().partition(|(_, block)| block.memory);
    let rows = blocks.into_iter().map(|(path, block)| {
        row(path, format!("{:#010x}", block.base), block.kind().to_owned(), opened_by(block).to_owned())
    });
    write!(f, "{}", Table { title: "IP blocks", rows: rows.collect() })?;
    let rows = design
        .hierarchies
        .iter()
        .map(|(path, hierarchy)| row(path, hierarchy.ip.join(", "), String::new(), String::new()));
    write!(f, "{}", Table { title: "Hierarchies", rows: rows.collect() })?;
    let rows = design.interrupts.pins.keys().map(|pin| row(pin, String::new(), String::new(), String::new()));
    write!(f, "{}", Table { title: "Interrupts, by interrupt(..)", rows: rows.collect() })?;
    let rows = design.processor_gpio.iter().map(|(path, lines)| {
        let to = lines.emio;
        let from = (to + 1).saturating_sub(lines.width.max(1));
        let lines_of = if from == to { format!("EMIO {to}") } else { format!("EMIO {from} to {to}") };
        row(path, lines_of, lines.pins.join(", "), String::new())
    });
    write!(f, "{}", Table { title: "Lines of the processor's GPIO", rows: rows.collect() })?;
    let rows = memories.into_iter().map(|(path, block)| {
        row(path, format!("{:#010x}", block.base), format!("{} KiB", block.size / 1024), String::new())
    });
    write!(f, "{}", Table { title: "Memories", rows: rows.collect() })
}
