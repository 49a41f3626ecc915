//! What the parts cost by themselves: a register access, a handoff file, the simulated board, and the memory of what waits.
//!
//! `cargo bench -p pynq-bench --bench parts [-- --quick] [--rounds N] [--json FILE] [--only GROUP/ROW --count N]`
//!
//! `PYNQ_HWH_DIR` is the folder of handoff files of real boards; without it a small one of ours is read.
#![allow(missing_docs)] // a program

mod access;
mod dma;
mod dma_driver;
mod handoff;
mod memory;
mod simulator;

use pynq_bench::{Options, Report, Rows};

fn main() {
    let options = Options::from_args();
    let files = handoff::files();
    let board = simulator::board(1);
    let mut rows = Rows::default();
    access::rows(&mut rows, &board);
    simulator::rows(&mut rows, &files);
    dma::rows(&mut rows);
    dma_driver::rows(&mut rows);
    handoff::rows(&mut rows, &files);
    if let Some(name) = options.value("--only") {
        assert!(rows.only(name, options.number("--count").unwrap_or(100)), "no row \"{name}\"");
        return;
    }
    let rounds = options.rounds(31);
    println!("{rounds} rounds");
    rows.measure(rounds);
    let mut report = Report::default();
    report.rows(&rows, "");
    for figure in &mut report.figures {
        let (group, baseline) = (figure.group.clone(), baseline(&figure.group));
        if let (Some(row), Some(base)) = (rows.get(&group, &figure.name), rows.get(&group, baseline)) {
            figure.ratio = Some((baseline.to_owned(), rows.ratio(row, base)));
        }
    }
    report.bar(dma::GROUP, dma::OURS, 4.0);
    for file in &files {
        report.bar(&file.group(), handoff::OURS, 1.5);
    }
    drop(rows);
    memory::figures(&mut report);
    report.curves = simulator::curves(options.rounds(11).min(rounds));
    report.publish("parts", &options);
}

/// What the rows of a group are compared with.
fn baseline(group: &str) -> &'static str {
    match group {
        dma::GROUP => dma::COPY,
        dma_driver::GROUP => dma_driver::BY_HAND,
        group if group.starts_with("Register") => access::RAW,
        _ => handoff::THEIRS,
    }
}
