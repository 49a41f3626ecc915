//! The kernel's configfs: making a folder makes its attributes, and what is written to one takes effect.

use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard},
};

use pynq::uio::{KernelFiles, SystemFiles};
use rustix::io::Errno;

pub(crate) struct Configfs {
    with_status: bool,
    /// What the kernel does with an overlay's nodes.
    takes_effect: Box<dyn Fn() + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The blob of each overlay; nothing was written to one that is empty.
    overlays: BTreeMap<PathBuf, Vec<u8>>,
    applied: Vec<String>,
}

impl Configfs {
    pub(crate) fn new(with_status: bool, takes_effect: impl Fn() + Send + Sync + 'static) -> Self {
        Self { with_status, takes_effect: Box::new(takes_effect), state: Mutex::default() }
    }

    /// Makes the folder of an overlay, as a program that was killed before it wrote.
    pub(crate) fn leave_behind(&self, folder: &Path) {
        self.state().overlays.insert(folder.to_owned(), Vec::new());
    }

    /// The names of the overlays that were applied so far, in that order.
    pub(crate) fn applied(&self) -> Vec<String> {
        self.state().applied.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl fmt::Debug for Configfs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Configfs")
    }
}

fn parts(path: &Path) -> (&Path, &str) {
    (path.parent().unwrap(), path.file_name().unwrap().to_str().unwrap())
}

impl KernelFiles for Configfs {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let (folder, attribute) = parts(path);
        let state = self.state();
        let blob = state.overlays.get(folder).ok_or(Errno::NOENT)?;
        match attribute {
            "dtbo" => Ok(blob.clone()),
            "path" => Ok(b"\n".to_vec()),
            "status" if self.with_status => {
                Ok(if blob.is_empty() { b"unapplied\n".into() } else { b"applied\n".into() })
            }
            _ => Err(Errno::NOENT.into()),
        }
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let (folder, attribute) = parts(path);
        let mut state = self.state();
        let blob = state.overlays.get_mut(folder).ok_or(Errno::NOENT)?;
        if attribute != "dtbo" || !blob.is_empty() {
            return Err(Errno::PERM.into());
        }
        *blob = bytes.to_vec();
        state.applied.push(parts(folder).1.to_owned());
        (self.takes_effect)();
        Ok(())
    }

    fn list(&self, _: &Path) -> io::Result<Vec<String>> {
        Ok(self.state().overlays.keys().map(|folder| parts(folder).1.to_owned()).collect())
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        if state.overlays.contains_key(path) {
            return Err(Errno::EXIST.into());
        }
        state.overlays.insert(path.to_owned(), Vec::new());
        Ok(())
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.state().overlays.remove(path).map(drop).ok_or_else(|| Errno::NOENT.into())
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        SystemFiles.exists(path)
    }
}
