//! Device-tree overlays through configfs: how a running kernel learns of hardware that was not there when it started.
//!
//! A folder below `/sys/kernel/config/device-tree/overlays` is an overlay. The kernel takes a compiled tree from the
//! attribute `dtbo`, or the name of a firmware file from `path`, and the write may succeed although the kernel refused
//! the overlay: what counts is `status`. Xilinx's kernels have this interface, and others with a patch; mainline does
//! not.
//!
//! Where a node of the overlay targets an `fpga-region` and has a `firmware-name`, the kernel programs the logic as well.

#[cfg(test)]
mod tests;

use std::{
    fmt, io,
    path::{Component, Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    Error, Result, SystemPaths,
    kernel_files::{KernelFiles, SystemFiles, text},
};

/// What a compiled device tree begins with; the length of the whole follows.
const MAGIC: u32 = 0xD00D_FEED;
/// The longest one that configfs takes.
const LONGEST_BLOB: usize = 1 << 20;

/// The device-tree overlays of this system.
///
/// Clones share what they know of the order in which overlays were applied.
///
/// ```no_run
/// use pynq_uio::{DeviceTree, SystemPaths};
///
/// let tree = DeviceTree::open(&SystemPaths::default())?;
/// let uio = tree.apply_file("fabric", "fabric.dtbo")?;
/// // ... use the devices, and close them, then:
/// uio.remove()?;
/// # Ok::<(), pynq_uio::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct DeviceTree {
    folder: PathBuf,
    /// What was applied through this value, the latest last.
    applied: Arc<Mutex<Vec<String>>>,
    files: Arc<dyn KernelFiles>,
}

/// Whether an overlay is in effect.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OverlayStatus {
    /// It is.
    Applied,
    /// It is not: nothing was written yet, or the kernel refused it.
    Unapplied,
    /// A word that this version does not know.
    Other(String),
}

impl fmt::Display for OverlayStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Applied => "applied",
            Self::Unapplied => "unapplied",
            Self::Other(word) => word,
        })
    }
}

/// An overlay that was applied.
///
/// Dropping it leaves the overlay in place, as a bitstream stays loaded when a program ends. Removing one unbinds
/// drivers and takes devices from their users, which must not happen implicitly, at a panic or the end of a block:
/// [`remove`](Self::remove) does it, and returns its error.
#[derive(Debug)]
#[must_use = "the overlay stays in place until it is removed"]
pub struct DeviceTreeOverlay {
    tree: DeviceTree,
    name: String,
}

impl DeviceTreeOverlay {
    /// The name it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is in effect.
    ///
    /// # Errors
    ///
    /// [`Error::File`], also if another program removed it.
    pub fn status(&self) -> Result<OverlayStatus> {
        self.tree.status(&self.name)
    }

    /// Removes it, as [`DeviceTree::remove`] does.
    ///
    /// # Errors
    ///
    /// As [`DeviceTree::remove`]. It is then still there, and can be removed by its name.
    pub fn remove(self) -> Result<()> {
        self.tree.remove(&self.name)
    }
}

impl DeviceTree {
    /// The overlays of this system.
    ///
    /// # Errors
    ///
    /// [`Error::NoDeviceTreeOverlays`] if the kernel has no such thing, or configfs is not mounted; [`Error::File`].
    pub fn open(paths: &SystemPaths) -> Result<Self> {
        Self::open_through(paths, Arc::new(SystemFiles))
    }

    /// The overlays of a system whose files are reached by `files`: for a test that plays the kernel's configfs.
    ///
    /// # Errors
    ///
    /// As of [`open`](Self::open).
    pub fn open_through(paths: &SystemPaths, files: Arc<dyn KernelFiles>) -> Result<Self> {
        let folder = paths.sys.join("kernel/config/device-tree/overlays");
        match files.exists(&folder) {
            Ok(true) => Ok(Self { folder, applied: Arc::default(), files }),
            Ok(false) => Err(Error::NoDeviceTreeOverlays { path: folder }),
            Err(error) => Err(Error::File { action: "look for", path: folder, error }),
        }
    }

    /// All overlays there are, whichever program made them, in alphabetical order.
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub fn list(&self) -> Result<Vec<(String, OverlayStatus)>> {
        let names = self.files.list(&self.folder).map_err(|error| failed("list", &self.folder, error))?;
        let mut overlays = Vec::new();
        for name in names {
            match self.read_status(&name) {
                Ok(status) => overlays.push((name, status)),
                // Removed since the folder was read.
                Err(Error::File { error, .. }) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(overlays)
    }

    /// The status of one overlay. Where the kernel has no file for it, an overlay that was written to is in effect: those
    /// kernels keep nothing of one that they refused.
    ///
    /// # Errors
    ///
    /// [`Error::OverlayName`], and [`Error::File`] if there is no such overlay.
    pub fn status(&self, name: &str) -> Result<OverlayStatus> {
        check_name(name)?;
        self.read_status(name)
    }

    fn read_status(&self, name: &str) -> Result<OverlayStatus> {
        let folder = self.folder.join(name);
        let missing = match self.status_file(&folder)? {
            Ok(status) => return Ok(status),
            Err(missing) => missing,
        };
        let written = ["dtbo", "path"].map(|attribute| text(&*self.files, &folder.join(attribute)));
        if let [Err(_), Err(_)] = written {
            return Err(missing);
        }
        let written = written.iter().flatten().any(|text| !text.is_empty());
        Ok(if written { OverlayStatus::Applied } else { OverlayStatus::Unapplied })
    }

    /// What the kernel's file says; within, the error where there is no such file, as in early versions of the patch.
    fn status_file(&self, folder: &Path) -> Result<Result<OverlayStatus>> {
        let path = folder.join("status");
        match text(&*self.files, &path) {
            Ok(word) => Ok(Ok(match word.trim() {
                "applied" => OverlayStatus::Applied,
                "unapplied" => OverlayStatus::Unapplied,
                other => OverlayStatus::Other(other.to_owned()),
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Err(failed("read", &path, error))),
            Err(error) => Err(failed("read", &path, error)),
        }
    }

    /// Applies a compiled overlay as [`apply_blob`](Self::apply_blob) does, unless one of this name is in effect. A
    /// folder that was left behind without an overlay in effect is removed before.
    ///
    /// Returns `None` for one that was there: the program that applied it is to remove it.
    ///
    /// # Blocking
    ///
    /// As [`apply_blob`](Self::apply_blob).
    ///
    /// # Errors
    ///
    /// As [`apply_blob`](Self::apply_blob), and [`Error::File`] if what was left behind can't be removed.
    pub fn ensure_blob(&self, name: &str, blob: &[u8]) -> Result<Option<DeviceTreeOverlay>> {
        check_name(name)?;
        match self.read_status(name) {
            Ok(OverlayStatus::Applied) => return Ok(None),
            Ok(_) => match self.remove(name) {
                Ok(()) | Err(Error::NoSuchOverlay { .. }) => {}
                Err(error) => return Err(error),
            },
            Err(Error::File { error, .. }) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        match self.apply_blob(name, blob) {
            // Another process was faster with the very same one.
            Err(Error::OverlayExists { .. }) if matches!(self.read_status(name), Ok(OverlayStatus::Applied)) => {
                Ok(None)
            }
            applied => applied.map(Some),
        }
    }

    /// Applies a compiled overlay (`.dtbo`) from memory, as `name`.
    ///
    /// The devices appear in `/sys/class` when this returns, and in `/dev` a little later, if a daemon makes the nodes.
    ///
    /// # Blocking
    ///
    /// For as long as drivers take to bind, and the logic to be programmed if the overlay requests it.
    ///
    /// # Errors
    ///
    /// [`Error::OverlayName`], [`Error::OverlayBlob`] if it is no compiled device tree, [`Error::OverlayExists`],
    /// [`Error::OverlayRefused`] with what the kernel said, [`Error::OverlayNotApplied`] if it said that all is well and
    /// it is not, [`Error::File`]. Nothing is left of the overlay then.
    pub fn apply_blob(&self, name: &str, blob: &[u8]) -> Result<DeviceTreeOverlay> {
        check_blob(name, blob)?;
        self.apply(name, "dtbo", blob)
    }

    /// Applies the compiled overlay in a file, named relative to the firmware folder, as `name`.
    ///
    /// # Blocking
    ///
    /// As [`apply_blob`](Self::apply_blob).
    ///
    /// # Errors
    ///
    /// As [`apply_blob`](Self::apply_blob), and [`Error::FirmwareName`].
    pub fn apply_file(&self, name: &str, file: &str) -> Result<DeviceTreeOverlay> {
        let inside = Path::new(file).components().all(|part| matches!(part, Component::Normal(_)));
        if file.is_empty() || !inside || file.contains(|c: char| c.is_control()) {
            let problem = "is no path below the firmware folder";
            return Err(Error::FirmwareName { name: file.to_owned(), problem });
        }
        self.apply(name, "path", file.as_bytes())
    }

    fn apply(&self, name: &str, attribute: &'static str, value: &[u8]) -> Result<DeviceTreeOverlay> {
        check_name(name)?;
        // Held, so that the order of the list is that of the kernel.
        let mut applied = self.applied();
        let folder = self.folder.join(name);
        self.files.make_folder(&folder).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Error::OverlayExists { name: name.to_owned() },
            _ => failed("make", &folder, error),
        })?;
        let result = self.fill(name, &folder, attribute, value);
        match result {
            Ok(()) => {
                applied.push(name.to_owned());
                Ok(DeviceTreeOverlay { tree: self.clone(), name: name.to_owned() })
            }
            Err(error) => {
                // The first error is the one to report.
                let _ = self.files.remove_folder(&folder);
                Err(error)
            }
        }
    }

    /// Writes the attribute, and checks whether the kernel applied the overlay.
    fn fill(&self, name: &str, folder: &Path, attribute: &'static str, value: &[u8]) -> Result<()> {
        let path = folder.join(attribute);
        self.files.write(&path, value).map_err(|error| Error::OverlayRefused {
            name: name.to_owned(),
            path: path.clone(),
            error,
        })?;
        let status = match self.status_file(folder)? {
            Ok(status) => status,
            // A blob that was refused reads back empty; for a file there is no such check.
            Err(missing) if attribute == "path" => return Err(missing),
            Err(_) => {
                let back = self.files.read(&path).map_err(|error| failed("read", &path, error))?;
                if back == value { OverlayStatus::Applied } else { OverlayStatus::Unapplied }
            }
        };
        match status {
            OverlayStatus::Applied => Ok(()),
            status => Err(Error::OverlayNotApplied { name: name.to_owned(), status }),
        }
    }

    /// Removes an overlay. All users of its devices must have closed them.
    ///
    /// Overlays are removed in the reverse of the order in which they were applied. That order is known for those
    /// applied through this value and its clones; the kernel does not report it for others, nor whether it keeps an
    /// overlay in effect that was removed out of order.
    ///
    /// # Blocking
    ///
    /// For as long as drivers take to let go.
    ///
    /// # Errors
    ///
    /// [`Error::OverlayOrder`] if later ones are still there, [`Error::NoSuchOverlay`], [`Error::File`].
    pub fn remove(&self, name: &str) -> Result<()> {
        check_name(name)?;
        let mut applied = self.applied();
        let position = applied.iter().position(|known| known == name);
        if let Some(position) = position {
            let later = &applied[position + 1..];
            if !later.is_empty() {
                return Err(Error::OverlayOrder { name: name.to_owned(), later: later.to_vec() });
            }
        }
        let folder = self.folder.join(name);
        let gone = match self.files.remove_folder(&folder) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(Error::NoSuchOverlay { name: name.to_owned() })
            }
            Err(error) => return Err(failed("remove", &folder, error)),
        };
        if position.is_some() {
            applied.pop();
        }
        gone
    }

    /// Removes all overlays that were applied through this value and its clones, the latest first.
    ///
    /// # Blocking
    ///
    /// As [`remove`](Self::remove).
    ///
    /// # Errors
    ///
    /// The first error of [`remove`](Self::remove), with those left in place that were applied before. An overlay that
    /// another program removed is no error.
    pub fn remove_all(&self) -> Result<()> {
        loop {
            let Some(latest) = self.applied().last().cloned() else { return Ok(()) };
            match self.remove(&latest) {
                Ok(()) | Err(Error::NoSuchOverlay { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The list is whole at any moment, so that a panic elsewhere does no harm to it.
    fn applied(&self) -> MutexGuard<'_, Vec<String>> {
        self.applied.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed(action: &'static str, path: &Path, error: io::Error) -> Error {
    Error::File { action, path: path.to_owned(), error }
}

/// Checks that `name` can be that of a folder in configfs.
fn check_name(name: &str) -> Result<()> {
    let problem = if name.is_empty() {
        "is empty"
    } else if name.len() > 200 {
        "has more than 200 bytes"
    } else if name.starts_with('.') || name.contains('/') {
        "leads to another folder"
    } else if name.contains(|c: char| c.is_control()) {
        "has control characters in it"
    } else {
        return Ok(());
    };
    Err(Error::OverlayName { name: name.to_owned(), problem })
}

/// Checks that `blob` begins as a compiled device tree does, and is all there.
fn check_blob(name: &str, blob: &[u8]) -> Result<()> {
    let word = |at: usize| blob.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
    let problem = if blob.len() > LONGEST_BLOB {
        format!("it has {} bytes, and the kernel takes no more than {LONGEST_BLOB}", blob.len())
    } else if word(0) != Some(MAGIC) {
        format!("its {} bytes don't begin with {MAGIC:#x}; compile the source with dtc -@ -O dtb", blob.len())
    } else {
        match word(4).and_then(|length| usize::try_from(length).ok()) {
            Some(length) if length <= blob.len() => return Ok(()),
            Some(length) => format!("it should have {length} bytes and has {}", blob.len()),
            None => "it ends in its header".to_owned(),
        }
    };
    Err(Error::OverlayBlob { name: name.to_owned(), problem })
}
