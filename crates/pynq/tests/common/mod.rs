//! What the tests of the facade share.
#![allow(dead_code)] // not every test looks at all of it

use std::path::{Path, PathBuf};

use pynq::prelude::*;

/// Our small handoff file for a PYNQ-Z2.
pub(crate) const BUTTONS: &str = include_str!("../../../pynq-hwh/fixtures/pynq-z2-buttons.hwh");

/// A base overlay of it.
#[allow(dead_code)] // not every test has one
pub(crate) fn base() -> BaseOverlay {
    BaseOverlay::new(Overlay::simulated_from_str(BUTTONS).unwrap()).unwrap()
}

/// The real handoff files, if there are any.
pub(crate) fn real_files() -> Vec<PathBuf> {
    let Some(folder) = std::env::var_os("PYNQ_HWH_DIR") else {
        println!("skipped the real handoff files: PYNQ_HWH_DIR is not set");
        return Vec::new();
    };
    ["z2-base.hwh", "zcu104-base.hwh"].map(|name| Path::new(&folder).join(name)).to_vec()
}
