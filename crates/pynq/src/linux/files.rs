//! The files that an overlay is opened from.

use std::path::{Path, PathBuf};

use pynq_hwh::{Design, OverlayFiles};

use crate::{Error, Result};

/// A compiled device-tree overlay, and the name under which it is applied.
pub(super) struct DeviceTreeOverlayFile {
    pub(super) name: String,
    pub(super) blob: Vec<u8>,
}

impl DeviceTreeOverlayFile {
    pub(super) fn read(path: PathBuf) -> Result<Self> {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        match std::fs::read(&path) {
            Ok(blob) => Ok(Self { name, blob }),
            Err(error) => Err(pynq_uio::Error::File { action: "read", path, error }.into()),
        }
    }
}

/// The files of the overlay that is named by one of them, and its design.
pub(super) fn files(path: &Path) -> Result<(OverlayFiles, Design)> {
    let about = |path: PathBuf| move |error| Error::Handoff { path: Some(path), error: Box::new(error) };
    let files = OverlayFiles::find(path).map_err(about(path.to_owned()))?;
    let design = files.design().map_err(about(files.handoff.path()))?;
    Ok((files, design))
}
