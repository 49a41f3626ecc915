//! The devices of the module, as sysfs shows them.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::missing;
use crate::{
    Error, Result, SystemPaths,
    kernel_files::{KernelFiles, text},
};

/// Names of the class: today's, and that of before version 2.
const CLASSES: [&str; 2] = ["class/u-dma-buf", "class/udmabuf"];

/// A device of the module u-dma-buf: a piece of physical memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DmaDevice {
    /// Its name, in `/dev` and in sysfs: `udmabuf0`.
    pub name: String,
    /// Where it lies, as a bus master sees it.
    pub physical_address: u64,
    /// How many bytes it has.
    pub size: usize,
    /// Whether bus masters see the processor's caches.
    pub coherent: bool,
    /// Its attributes.
    pub(super) folder: PathBuf,
}

/// All devices.
pub(super) fn list(paths: &SystemPaths, files: &dyn KernelFiles) -> Result<Vec<DmaDevice>> {
    let mut devices: Vec<DmaDevice> = Vec::new();
    for class in CLASSES {
        let folder = paths.sys.join(class);
        let names = match files.list(&folder) {
            Err(error) if missing(&error) => continue,
            other => other.map_err(|error| Error::file("list", &folder, error))?,
        };
        for name in names {
            match read(files, &folder, &name) {
                // Gone since the folder was read.
                Err(Error::File { error, .. }) if missing(&error) => {}
                other => devices.push(other?),
            }
        }
    }
    Ok(devices)
}

/// The device of this name.
pub(super) fn find(paths: &SystemPaths, files: &dyn KernelFiles, name: &str) -> Result<DmaDevice> {
    // A path to somewhere else is the name of no device.
    if name.is_empty() || name.starts_with('.') || name.contains(['/', '\0']) {
        return Err(Error::NoDmaMemory { name: Some(name.to_owned()) });
    }
    for class in CLASSES {
        let folder = paths.sys.join(class);
        match read(files, &folder, name) {
            Err(Error::File { error, .. }) if missing(&error) => {}
            other => return other,
        }
    }
    Err(Error::NoDmaMemory { name: Some(name.to_owned()) })
}

fn read(files: &dyn KernelFiles, class: &Path, name: &str) -> Result<DmaDevice> {
    let folder = class.join(name);
    let physical_address = number(files, folder.join("phys_addr"))?;
    let path = folder.join("size");
    let size = number(files, path.clone())?;
    let size = usize::try_from(size).ok().filter(|&size| size > 0).ok_or_else(|| Error::FileContent {
        path,
        found: size.to_string(),
        wanted: "a size that can be mapped",
    })?;
    let coherent = match number(files, folder.join("dma_coherent")) {
        // Before version 3 nothing was said about it, and everything was synced.
        Err(Error::File { error, .. }) if missing(&error) => false,
        other => other? != 0,
    };
    Ok(DmaDevice { name: name.to_owned(), physical_address, size, coherent, folder })
}

/// An attribute with a number, decimal or with `0x`.
fn number(files: &dyn KernelFiles, path: PathBuf) -> Result<u64> {
    let found = text(files, &path).map_err(|error| Error::file("read", &path, error))?;
    let digits = found.trim();
    let number = match digits.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    number.map_err(|_| Error::FileContent { path, found, wanted: "a number" })
}

/// A device that was made for a buffer, and is deleted with it.
#[derive(Debug)]
pub(super) struct Created {
    pub(super) manager: PathBuf,
    pub(super) name: String,
    pub(super) files: Arc<dyn KernelFiles>,
}

impl Drop for Created {
    fn drop(&mut self) {
        // A drop can't report an error. A device that stays has a name with the process's number in it.
        let _ = self.files.write(&self.manager, format!("delete {}\n", self.name).as_bytes());
    }
}
