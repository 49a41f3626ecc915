//! The book's pictures, and its page of figures, made anew by our own commands: `pynq hwh --dot`, which Graphviz draws,
//! a trace of the simulated board, and what the last benchmarks have found.

mod waveform;

use std::fs;

use crate::{
    bench,
    project::Project,
    shell::{Cmd, Failure, say},
    stage::{Options, Outcome, Verdict},
};

/// The design that they show.
const HANDOFF: &str = "crates/pynq/boards/zynq-7020.hwh";

/// Writes them to `docs/src/pictures`.
pub(crate) fn run(project: &Project, _: &Options) -> Verdict {
    bench::page_anew(project)?;
    let folder = project.root.join("docs/src/pictures");
    fs::create_dir_all(&folder)?;

    let trace = project.target_dir.join("pictures.vcd");
    Cmd::cargo("run --quiet -p pynq-examples --example button_to_led --").path("--vcd", &trace).run()?;
    let svg = waveform::svg(&fs::read_to_string(&trace)?, &waveform::PRESS)?;
    fs::write(folder.join("press.svg"), svg)?;

    Cmd::cargo("run --quiet -p pynq-examples --example hdmi_passthrough --")
        .path("--png", &folder.join("passthrough.png"))
        .run()?;

    if !Cmd::new("dot").arg("-V").succeeds() {
        return Ok(Outcome::Passed(vec!["the two of designs: there is no dot (apt install graphviz)".to_owned()]));
    }
    for (name, option) in [("interrupts", "--dot"), ("board", "--dot=board")] {
        let dot = Cmd::cargo("run --quiet -p pynq-cli -- hwh").arg(HANDOFF).arg(option).read()?;
        let file = project.target_dir.join(format!("{name}.dot"));
        fs::write(&file, dot)?;
        let svg = Cmd::new("dot").arg("-Tsvg").arg(file.display().to_string()).read()?;
        // Graphviz says which version it is, and that is no part of the picture.
        let lines = svg.lines().filter(|line| !line.starts_with("<!-- Generated") && !line.starts_with(" -->"));
        let text: Vec<&str> = lines.collect();
        if text.len() < 10 {
            return Err(Failure::new(format!("dot drew nothing of {}", file.display())));
        }
        fs::write(folder.join(format!("{name}.svg")), text.join("\n") + "\n")?;
    }
    say!("  written to {}", project.relative(&folder).display());
    Ok(Outcome::PASSED)
}
