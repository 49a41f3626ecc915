//! Overlays on a configfs that behaves as the kernel's does, and misbehaves as it can.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use super::*;

/// `no such file`, `exists`, ... as the kernel reports them.
fn errno(errno: rustix::io::Errno) -> io::Error {
    errno.into()
}

const NOENT: rustix::io::Errno = rustix::io::Errno::NOENT;

/// What the kernel does when an overlay is written.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Mood {
    #[default]
    Applies,
    /// The write succeeds, and nothing is applied.
    SaysSo,
    /// The write fails.
    Refuses(rustix::io::Errno),
    /// Another program wrote to the fresh folder before we could.
    IsLate,
    /// The folder vanishes after the write.
    Vanishes,
}

#[derive(Debug, Default)]
struct Item {
    path: Vec<u8>,
    dtbo: Vec<u8>,
    applied: bool,
}

/// configfs with the patch for overlays: making a folder makes attributes, and only then can they be written.
#[derive(Debug, Default)]
struct Configfs {
    items: Mutex<BTreeMap<PathBuf, Item>>,
    mood: Mutex<Mood>,
    denied: bool,
    without_status: bool,
    /// The order in which overlays came and went.
    log: Mutex<Vec<String>>,
}

const ROOT: &str = "/sys/kernel/config/device-tree/overlays";

impl Configfs {
    fn split(path: &Path) -> (PathBuf, String) {
        let attribute = path.file_name().expect("an attribute").to_string_lossy().into_owned();
        (path.parent().expect("a folder").to_owned(), attribute)
    }

    fn note(&self, what: &str, folder: &Path) {
        let name = folder.file_name().expect("a name").to_string_lossy();
        self.log.lock().expect("no panic under it").push(format!("{what} {name}"));
    }
}

impl KernelFiles for Configfs {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let (folder, attribute) = Self::split(path);
        let items = self.items.lock().expect("no panic under it");
        let item = items.get(&folder).ok_or_else(|| errno(NOENT))?;
        match attribute.as_str() {
            "path" => Ok([&item.path[..], b"\n"].concat()),
            "dtbo" => Ok(item.dtbo.clone()),
            "status" if !self.without_status => {
                Ok(if item.applied { b"applied\n".to_vec() } else { b"unapplied\n".to_vec() })
            }
            _ => Err(errno(NOENT)),
        }
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let (folder, attribute) = Self::split(path);
        let mut items = self.items.lock().expect("no panic under it");
        let item = items.get_mut(&folder).ok_or_else(|| errno(NOENT))?;
        let mood = *self.mood.lock().expect("no panic under it");
        // Whatever was applied once is not applied again.
        if mood == Mood::IsLate || item.applied {
            return Err(errno(rustix::io::Errno::PERM));
        }
        match mood {
            Mood::Refuses(error) => return Err(errno(error)),
            Mood::Vanishes => {
                items.remove(&folder);
                return Ok(());
            }
            Mood::SaysSo => return Ok(()),
            Mood::Applies | Mood::IsLate => {}
        }
        match attribute.as_str() {
            "path" => item.path = bytes.to_vec(),
            "dtbo" => item.dtbo = bytes.to_vec(),
            _ => return Err(errno(rustix::io::Errno::ACCESS)),
        }
        item.applied = true;
        self.note("apply", &folder);
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        assert_eq!(path, Path::new(ROOT));
        let items = self.items.lock().expect("no panic under it");
        Ok(items.keys().map(|path| path.file_name().expect("a name").to_string_lossy().into_owned()).collect())
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        if self.denied {
            return Err(errno(rustix::io::Errno::ACCESS));
        }
        let mut items = self.items.lock().expect("no panic under it");
        if items.contains_key(path) {
            return Err(errno(rustix::io::Errno::EXIST));
        }
        items.insert(path.to_owned(), Item::default());
        Ok(())
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        let item = self.items.lock().expect("no panic under it").remove(path).ok_or_else(|| errno(NOENT))?;
        if item.applied {
            self.note("remove", path);
        }
        Ok(())
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        Ok(path == Path::new(ROOT))
    }
}

fn tree(configfs: Configfs) -> (DeviceTree, Arc<Configfs>) {
    let configfs = Arc::new(configfs);
    let files: Arc<dyn KernelFiles> = Arc::<Configfs>::clone(&configfs);
    (DeviceTree::open_through(&SystemPaths::default(), files).expect("it is there"), configfs)
}

fn blob() -> Vec<u8> {
    let mut blob = MAGIC.to_be_bytes().to_vec();
    blob.extend(12_u32.to_be_bytes());
    blob.extend([1, 2, 3, 4]);
    blob
}

#[test]
fn applied_listed_and_removed() {
    let (tree, configfs) = tree(Configfs::default());
    let one = tree.apply_blob("one", &blob()).unwrap();
    let two = tree.apply_file("two", "designs/two.dtbo").unwrap();
    tree.files.make_folder(&tree.folder.join("of-another")).unwrap();
    assert_eq!(
        tree.list().unwrap(),
        [
            ("of-another".to_owned(), OverlayStatus::Unapplied),
            ("one".to_owned(), OverlayStatus::Applied),
            ("two".to_owned(), OverlayStatus::Applied)
        ]
    );
    assert_eq!(configfs.read(&tree.folder.join("one/dtbo")).unwrap(), blob());
    assert_eq!(configfs.read(&tree.folder.join("two/path")).unwrap(), b"designs/two.dtbo\n");
    assert_eq!((two.name(), two.status().unwrap()), ("two", OverlayStatus::Applied));

    let error = one.remove().unwrap_err();
    assert!(matches!(&error, Error::OverlayOrder { name, later } if name == "one" && later[..] == ["two"]), "{error}");
    two.remove().unwrap();
    tree.remove("one").unwrap();
    tree.remove("of-another").unwrap();
    assert!(tree.list().unwrap().is_empty());
    assert_eq!(*configfs.log.lock().unwrap(), ["apply one", "apply two", "remove two", "remove one"]);
    assert!(matches!(tree.remove("one"), Err(Error::NoSuchOverlay { .. })));
}

#[test]
fn all_are_removed_in_reverse() {
    let (tree, configfs) = tree(Configfs::default());
    for name in ["b", "c", "a"] {
        // A handle that is dropped leaves its overlay in place.
        drop(tree.clone().apply_blob(name, &blob()).unwrap());
    }
    assert_eq!(tree.list().unwrap().len(), 3);
    // Another program removes one of them first.
    configfs.remove_folder(&tree.folder.join("c")).unwrap();
    tree.remove_all().unwrap();
    tree.remove_all().unwrap();
    assert_eq!(configfs.log.lock().unwrap()[3..], ["remove c", "remove a", "remove b"]);
    // The name is free again.
    let _ = tree.apply_blob("c", &blob()).unwrap();
}

#[test]
fn success_of_the_write_is_not_success() {
    for without_status in [false, true] {
        let (tree, configfs) = tree(Configfs { without_status, ..Configfs::default() });
        *configfs.mood.lock().unwrap() = Mood::SaysSo;
        let error = tree.apply_blob("x", &blob()).unwrap_err();
        assert!(matches!(&error, Error::OverlayNotApplied { status: OverlayStatus::Unapplied, .. }), "{error}");
        assert!(error.to_string().contains("__symbols__"), "{error}");
        assert!(configfs.list(&tree.folder).unwrap().is_empty(), "nothing is left");
        *configfs.mood.lock().unwrap() = Mood::Applies;
        let _ = tree.apply_blob("x", &blob()).unwrap();
    }
    // Without a status, there is no way to know whether a file was applied.
    let (tree, configfs) = tree(Configfs { without_status: true, ..Configfs::default() });
    assert!(matches!(tree.apply_file("x", "x.dtbo"), Err(Error::File { action: "read", .. })));
    assert!(configfs.list(&tree.folder).unwrap().is_empty());
}

#[test]
fn what_the_kernel_refuses() {
    for (mood, word) in [
        (Mood::Refuses(rustix::io::Errno::INVAL), "Invalid argument"),
        (Mood::Refuses(NOENT), "the file is missing"),
        (Mood::IsLate, "is applied already"),
    ] {
        let (tree, configfs) = tree(Configfs::default());
        *configfs.mood.lock().unwrap() = mood;
        let error = tree.apply_file("x", "x.dtbo").unwrap_err();
        assert!(matches!(&error, Error::OverlayRefused { .. }), "{error:?}");
        assert!(error.to_string().contains(word), "{error}");
        assert!(configfs.list(&tree.folder).unwrap().is_empty(), "nothing is left");
        assert!(tree.applied().is_empty());
    }
}

#[test]
fn what_is_there_already_is_left_alone() {
    let (tree, configfs) = tree(Configfs::default());
    let _ = tree.apply_blob("x", &blob()).unwrap();
    let error = tree.apply_file("x", "y.dtbo").unwrap_err();
    assert!(matches!(&error, Error::OverlayExists { name } if name == "x"), "{error}");
    assert_eq!(tree.status("x").unwrap(), OverlayStatus::Applied);
    assert_eq!(*configfs.log.lock().unwrap(), ["apply x"]);
}

/// One that is in effect is left alone; a folder without an overlay in effect is nothing to leave alone.
#[test]
fn one_that_is_there_is_ensured_by_what_it_is() {
    for without_status in [false, true] {
        let (tree, configfs) = tree(Configfs { without_status, ..Configfs::default() });
        assert!(tree.ensure_blob("x", &blob()).unwrap().is_some());
        assert!(tree.ensure_blob("x", &blob()).unwrap().is_none(), "it is applied");
        assert_eq!(tree.list().unwrap(), [("x".to_owned(), OverlayStatus::Applied)]);
        assert_eq!(*configfs.log.lock().unwrap(), ["apply x"]);
        configfs.make_folder(&tree.folder.join("y")).unwrap();
        assert_eq!(tree.status("y").unwrap(), OverlayStatus::Unapplied);
        assert!(tree.ensure_blob("y", &blob()).unwrap().is_some(), "what was left behind was not applied");
        assert_eq!(*configfs.log.lock().unwrap(), ["apply x", "apply y"]);
        *configfs.mood.lock().unwrap() = Mood::SaysSo;
        assert!(matches!(tree.ensure_blob("z", &blob()), Err(Error::OverlayNotApplied { .. })));
    }
}

#[test]
fn vanishing_and_denied() {
    let (tree, configfs) = tree(Configfs::default());
    *configfs.mood.lock().unwrap() = Mood::Vanishes;
    assert!(matches!(tree.apply_file("x", "x.dtbo"), Err(Error::File { action: "read", .. })));
    assert!(tree.applied().is_empty());

    let (tree, _) = self::tree(Configfs { denied: true, ..Configfs::default() });
    let error = tree.apply_blob("x", &blob()).unwrap_err();
    assert!(matches!(&error, Error::File { action: "make", .. }) && error.to_string().contains("root"), "{error}");
}

#[test]
fn names_and_blobs_are_checked_before_anything_is_touched() {
    let (tree, configfs) = tree(Configfs::default());
    for name in ["", ".", "..", "a/b", "a\n", &"x".repeat(201)] {
        assert!(matches!(tree.apply_blob(name, &blob()), Err(Error::OverlayName { .. })), "{name:?}");
        assert!(matches!(tree.remove(name), Err(Error::OverlayName { .. })), "{name:?}");
        assert!(matches!(tree.status(name), Err(Error::OverlayName { .. })), "{name:?}");
        assert!(matches!(tree.ensure_blob(name, &blob()), Err(Error::OverlayName { .. })), "{name:?}");
    }
    for file in ["", "/etc/x.dtbo", "../x.dtbo", "a/../../x", "x\ny"] {
        assert!(matches!(tree.apply_file("x", file), Err(Error::FirmwareName { .. })), "{file:?}");
    }
    let mut long = blob();
    long.resize(LONGEST_BLOB + 1, 0);
    for blob in [&[][..], b"/dts-v1/;", &blob()[..7], &blob()[..11], &long] {
        assert!(matches!(tree.apply_blob("x", blob), Err(Error::OverlayBlob { .. })), "{} bytes", blob.len());
    }
    assert!(configfs.list(&tree.folder).unwrap().is_empty());
}

#[test]
fn a_kernel_without_overlays() {
    let nowhere = SystemPaths::below("/nonexistent");
    let error = DeviceTree::open(&nowhere).unwrap_err();
    assert!(matches!(&error, Error::NoDeviceTreeOverlays { .. }), "{error:?}");
    assert!(error.to_string().contains("mount -t configfs"), "{error}");
}
