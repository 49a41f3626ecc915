//! What takes minutes to build is kept for the user, outside of the project: a fresh clone finds it again.
//!
//! An artifact is named after a hash of everything that it is made from, so that nothing is ever out of date.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
};

use crate::shell::{Failure, say};

/// The folder with everything that is kept: `PYNQ_CACHE`, else a folder of the user's caches.
pub(super) fn folder() -> Result<PathBuf, Failure> {
    let named = |variable: &str| env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    named("PYNQ_CACHE")
        .or_else(|| Some(named("XDG_CACHE_HOME")?.join("pynq-rs")))
        .or_else(|| Some(named("HOME")?.join(".cache/pynq-rs")))
        .ok_or_else(|| Failure::new("there is no folder for caches: set PYNQ_CACHE"))
}

/// A folder of files that were built together.
pub(super) struct Artifact {
    name: &'static str,
    key: String,
}

impl Artifact {
    /// One that is made from `inputs`.
    pub(super) fn new(name: &'static str, inputs: &[&str]) -> Self {
        Self { name, key: format!("{:016x}", hash(inputs)) }
    }

    fn path(&self) -> Result<PathBuf, Failure> {
        Ok(folder()?.join(format!("{}-{}", self.name, self.key)))
    }

    /// Where it is, if it was built before.
    pub(super) fn found(&self) -> Result<Option<PathBuf>, Failure> {
        let path = self.path()?;
        Ok(path.is_dir().then_some(path))
    }

    /// Builds it: `build` gets an empty folder to work in and one for what is to be kept. Older ones of its name go.
    pub(super) fn build(&self, build: impl FnOnce(&Path, &Path) -> Result<(), Failure>) -> Result<PathBuf, Failure> {
        let path = self.path()?;
        // Of this process, so that two runs at once don't meet.
        let scratch = folder()?.join(format!("{}-{}.{}", self.name, self.key, process::id()));
        let (work, keep) = (scratch.join("work"), scratch.join("keep"));
        fs::create_dir_all(&work)?;
        fs::create_dir_all(&keep)?;
        say!("  building {} in {}", self.name, scratch.display());
        let built = build(&work, &keep);
        // A build that failed leaves its logs, see `step`.
        built?;
        self.remove_older()?;
        // Whoever was faster has built the same.
        if !path.is_dir() {
            fs::rename(&keep, &path)?;
        }
        fs::remove_dir_all(&scratch)?;
        Ok(path)
    }

    fn remove_older(&self) -> Result<(), Failure> {
        for entry in fs::read_dir(folder()?)? {
            let entry = entry?;
            let name = entry.file_name();
            // A name with a dot is of a build under way, or of one that failed and can be looked at.
            let key = name.to_str().and_then(|name| name.strip_prefix(self.name)?.strip_prefix('-'));
            if key.is_some_and(|key| key.len() == 16 && key != self.key) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }
}

/// FNV-1a: the same on every machine and with every compiler.
fn hash(inputs: &[&str]) -> u64 {
    let bytes = inputs.iter().flat_map(|input| input.bytes().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_books() {
        // FNV-1a of "a\xff" and the empty input, worked out by hand from the definition.
        assert_eq!(hash(&[]), 0xcbf2_9ce4_8422_2325);
        let a = (0xcbf2_9ce4_8422_2325_u64 ^ 0x61).wrapping_mul(0x0100_0000_01b3);
        assert_eq!(hash(&["a"]), (a ^ 0xff).wrapping_mul(0x0100_0000_01b3));
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
    }
}
