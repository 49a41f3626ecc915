//! `pynq bit`: what a bitstream says about itself, and its conversion for Linux.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pynq_hwh::{Bitstream, Compared, Verdict, escaped};
use serde_json::{Map, Value, json};

use crate::{Outcome, about, json, printable};

/// Exit status of a check that found nothing to compare.
const UNCHECKED: u8 = 3;

/// Runs the subcommand and returns what it prints.
pub(crate) fn run(file: &Path, json: bool, to_bin: Option<&Path>, check: Option<&Path>) -> Outcome {
    let bitstream = Bitstream::read(file).map_err(|error| about(file, &error))?;
    let mut compared = None;
    if let Some(hwh) = check {
        let design = crate::hwh::read(hwh)?;
        compared = Some((hwh, bitstream.compare(&design).map_err(|error| about(file, &error))?));
    }
    let mut text = if json {
        let mut value = value(&bitstream);
        if let (Some((_, compared)), Some(object)) = (&compared, value.as_object_mut()) {
            object.insert("compared".into(), compared.iter().map(of_compared).collect());
        }
        json::pretty(&value)
    } else {
        let mut text = report(&bitstream);
        if let Some((hwh, compared)) = &compared {
            comparison(&mut text, hwh, compared);
        }
        printable(&text)
    };
    if let Some(out) = to_bin {
        let firmware = bitstream.to_firmware().map_err(|error| about(file, &error))?;
        replace(out, &firmware).map_err(|error| format!("cannot write `{}`: {error}", out.display()))?;
        if !json {
            text += &printable(&format!("wrote    {} ({} bytes)\n", out.display(), firmware.len()));
        }
    }
    let unknown = |compared: &Compared| compared.verdict == Verdict::Unknown;
    let unchecked = compared.is_some_and(|(_, compared)| compared.iter().all(unknown));
    Ok((text, if unchecked { ExitCode::from(UNCHECKED) } else { ExitCode::SUCCESS }))
}

/// What was compared, and what that means.
fn comparison(text: &mut String, hwh: &Path, compared: &[Compared]) {
    let shown = |value: &Option<String>| value.as_deref().map(|value| escaped(value).into_owned());
    let _ = writeln!(text, "\ncompared with {}", escaped(&hwh.display().to_string()));
    for one in compared {
        let (what, ours, theirs) = (one.what, shown(&one.bitstream), shown(&one.design));
        let says = match (one.verdict, ours, theirs) {
            (Verdict::Same, Some(ours), Some(theirs)) if ours == theirs => format!("the same, {ours}"),
            (Verdict::Same, Some(ours), Some(theirs)) => format!("fits, {ours} and {theirs}"),
            (Verdict::Suspect, Some(ours), Some(theirs)) => {
                format!("warning: {ours} here and {theirs} there; they may be of different builds")
            }
            (_, None, Some(_)) => "not compared: the bitstream does not say".to_owned(),
            (_, Some(_), None) => "not compared: the handoff file does not say".to_owned(),
            _ => "not compared: neither says".to_owned(),
        };
        let _ = writeln!(text, "{what:8} {says}");
    }
    if compared.iter().all(|one| one.verdict == Verdict::Unknown) {
        let _ = writeln!(text, "nothing could be compared: exit status {UNCHECKED}");
    }
}

fn of_compared(one: &Compared) -> Value {
    let verdict = match one.verdict {
        Verdict::Same => "same",
        Verdict::Suspect => "suspect",
        _ => "unknown",
    };
    json!({ "what": one.what, "bitstream": one.bitstream, "design": one.design, "verdict": verdict })
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
        let _ = writeln!(text, "{:8} {}", escaped(name), escaped(value));
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

/// Writes `bytes` beside `path` and renames the result, so that no reader ever sees half of it.
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
