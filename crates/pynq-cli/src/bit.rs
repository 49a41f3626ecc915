//! `pynq bit`: what a bitstream says about itself, and its conversion for Linux.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use pynq_hwh::{Bitstream, Design};
use serde_json::{Map, Value, json};

use crate::{about, json, printable};

/// Runs the subcommand and returns what it prints.
pub(crate) fn run(file: &Path, json: bool, to_bin: Option<&Path>, check: Option<&Path>) -> Result<String, String> {
    let bitstream = Bitstream::read(file).map_err(|error| about(file, &error))?;
    if let Some(hwh) = check {
        let design = Design::read(hwh).map_err(|error| about(hwh, &error))?;
        bitstream.check_part(&design).map_err(|error| about(file, &error))?;
    }
    let mut text = if json { json::pretty(&value(&bitstream)) } else { printable(&report(&bitstream)) };
    if let Some(out) = to_bin {
        let firmware = bitstream.to_firmware().map_err(|error| about(file, &error))?;
        replace(out, &firmware).map_err(|error| format!("cannot write `{}`: {error}", out.display()))?;
        if !json {
            let _ = writeln!(text, "wrote    {} ({} bytes)", out.display(), firmware.len());
        }
    }
    Ok(text)
}

fn value(bitstream: &Bitstream) -> Value {
    let header = bitstream.header.as_ref();
    let attributes: Map<String, Value> = header
        .into_iter()
        .flat_map(|header| &header.attributes)
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect();
    json!({
        "form": bitstream.form.as_str(),
        "design": header.map(|header| &header.design),
        "part": header.map(|header| &header.part),
        "date": header.map(|header| &header.date),
        "time": header.map(|header| &header.time),
        "attributes": attributes,
        "partial": header.is_some_and(pynq_hwh::BitstreamHeader::is_partial),
        "data_length": bitstream.data.len(),
        "idcode": bitstream.idcode(),
        "device": bitstream.device(),
    })
}

fn report(bitstream: &Bitstream) -> String {
    let mut text = String::new();
    let mut row = |name: &str, value: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:8} {value}");
    };
    if let Some(header) = &bitstream.header {
        row("design", &header.design);
        row("part", &header.part);
        row("built", format!("{} {}", header.date, header.time).trim());
        for (name, value) in &header.attributes {
            row(&name.to_lowercase(), value);
        }
    }
    let form = match bitstream.form {
        pynq_hwh::BitstreamForm::Bit => "bit (header, then big-endian words)",
        pynq_hwh::BitstreamForm::Raw => "raw (big-endian words without a header)",
        _ => "firmware (little-endian words: what Linux takes)",
    };
    row("form", form);
    row("data", &format!("{} bytes", bitstream.data.len()));
    if let Some(idcode) = bitstream.idcode() {
        let device = bitstream.device().map_or_else(String::new, |device| format!(" ({device})"));
        row("idcode", &format!("{idcode:#010x}{device}"));
    }
    text
}

/// Writes `bytes` beside `path` and renames the result, so that nobody ever sees half of it.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (temporary, mut file) = create_beside(path)?;
    let outcome = file.write_all(bytes).and_then(|()| file.sync_all());
    drop(file);
    let outcome = outcome.and_then(|()| fs::rename(&temporary, path));
    if outcome.is_err() {
        // The first error is the one worth reporting.
        let _ = fs::remove_file(&temporary);
    }
    outcome
}

/// A new file in the folder of `path`.
fn create_beside(path: &Path) -> io::Result<(PathBuf, fs::File)> {
    let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not the name of a file"))?;
    let mut attempt = 0;
    loop {
        let mut temporary = std::ffi::OsString::from(".");
        temporary.push(name);
        temporary.push(format!(".{}-{attempt}.tmp", std::process::id()));
        let temporary = path.with_file_name(temporary);
        match OpenOptions::new().write(true).create_new(true).open(&temporary) {
            Ok(file) => return Ok((temporary, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 16 => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}
