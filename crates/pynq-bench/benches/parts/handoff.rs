//! A whole handoff file loaded, against roxmltree merely parsing the same text.

use std::{hint::black_box, path::PathBuf};

use pynq_bench::{Row, Rows};
use pynq_hwh::Design;

pub(crate) const OURS: &str = "pynq-hwh, the whole design";
pub(crate) const THEIRS: &str = "roxmltree, parsing alone";

pub(crate) struct File {
    name: &'static str,
    pub(crate) text: String,
}

impl File {
    pub(crate) fn group(&self) -> String {
        format!("Handoff file {}", self.name)
    }

    pub(crate) fn design(&self) -> Design {
        Design::parse(&self.text).expect("a design")
    }
}

/// Ours, and those of real boards where there are some.
pub(crate) fn files() -> Vec<File> {
    let ours = include_str!("../../../pynq-hwh/fixtures/pynq-z2-buttons.hwh").to_owned();
    let mut files = vec![File { name: "pynq-z2-buttons.hwh", text: ours }];
    if let Some(folder) = std::env::var_os("PYNQ_HWH_DIR").map(PathBuf::from) {
        for name in ["z2-base.hwh", "zcu104-base.hwh"] {
            match std::fs::read_to_string(folder.join(name)) {
                Ok(text) => files.push(File { name, text: text.trim_start_matches('\u{feff}').to_owned() }),
                Err(error) => println!("{name}: {error}"),
            }
        }
    } else {
        println!("PYNQ_HWH_DIR is not set: no handoff files of real boards");
    }
    files
}

pub(crate) fn rows<'a>(rows: &mut Rows<'a>, files: &'a [File]) {
    for file in files {
        let (group, text) = (file.group(), &*file.text);
        let count = u32::try_from(200_000 / text.len()).unwrap_or(1).clamp(1, 20);
        let run = move |count| (0..count).for_each(|_| drop(black_box(Design::parse(black_box(text)))));
        rows.push(Row::new(&group, OURS, count, run));
        let run = move |count| (0..count).for_each(|_| drop(black_box(roxmltree::Document::parse(black_box(text)))));
        rows.push(Row::new(&group, THEIRS, count, run));
    }
}
