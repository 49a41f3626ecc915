//! A tree of files in which a test plays the kernel.
#![allow(dead_code)] // each test uses a part of it

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use pynq_uio::SystemPaths;

/// A folder of its own, which goes with the last of its handles.
pub(crate) struct Tree(Arc<Folder>);

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Nobody's user and group number.
const NOBODY: u32 = 65_534;

impl Tree {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("pynq-uio-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(Arc::new(Folder(path)))
    }

    /// One more handle.
    pub(crate) fn again(&self) -> Self {
        Self(Arc::clone(&self.0))
    }

    pub(crate) fn paths(&self) -> SystemPaths {
        SystemPaths::below(&self.0.0)
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.0.join(path)
    }

    pub(crate) fn folder(&self, path: &str) {
        fs::create_dir_all(self.path(path)).unwrap();
    }

    /// Puts a file, with its folders. Never seen half written.
    pub(crate) fn file(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let fresh = path.with_extension("fresh");
        fs::write(&fresh, text).unwrap();
        fs::rename(fresh, path).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// The names in a folder, hidden ones included.
    pub(crate) fn list(&self, path: &str) -> Vec<String> {
        self.contents(path).into_keys().collect()
    }

    /// The files in a folder, with what is in them.
    pub(crate) fn contents(&self, path: &str) -> BTreeMap<String, Option<Vec<u8>>> {
        let entries = fs::read_dir(self.path(path)).unwrap().map(|entry| entry.unwrap());
        entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).ok())).collect()
    }

    /// Lets every user write there.
    pub(crate) fn for_everybody(&self, path: &str) {
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(0o777)).unwrap();
    }

    /// Does something in a thread that has no right to write to what is in this tree, not even if the tests run as root.
    pub(crate) fn without_rights<T: Send + 'static>(&self, f: impl FnOnce() -> T + Send + 'static) -> T {
        if !rustix::process::geteuid().is_root() {
            // Then this user owns the tree, and would have the rights of an owner.
            for entry in walk(&self.0.0) {
                let mode = fs::metadata(&entry).unwrap().permissions().mode();
                if mode & 0o002 == 0 {
                    fs::set_permissions(&entry, fs::Permissions::from_mode(mode & 0o555)).unwrap();
                }
            }
            return thread::spawn(f).join().unwrap();
        }
        let lesser = thread::spawn(|| {
            let (gid, uid) = (rustix::fs::Gid::from_raw(NOBODY), rustix::fs::Uid::from_raw(NOBODY));
            // System calls, so that they are about this thread alone.
            rustix::thread::set_thread_groups(&[]).unwrap();
            rustix::thread::set_thread_res_gid(gid, gid, gid).unwrap();
            rustix::thread::set_thread_res_uid(uid, uid, uid).unwrap();
            f()
        });
        lesser.join().unwrap()
    }
}

/// Everything below a path, itself included.
fn walk(path: &PathBuf) -> Vec<PathBuf> {
    let mut found = vec![path.clone()];
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            found.extend(walk(&entry.unwrap().path()));
        }
    }
    found
}
