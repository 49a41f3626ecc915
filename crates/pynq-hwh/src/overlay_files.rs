//! Which files an overlay is made of, from the one that a program names.
//!
//! Never another file than the one named is taken for it: beside `base.bin`, `base.bit` is of no interest. What is looked
//! for is the other half, the description of a bitstream or the bitstream of a description, by the rules below; if it is
//! not there, the error says where it was looked for.
//!
//! | named | bitstream | handoff file |
//! | --- | --- | --- |
//! | `N.bit` | itself | `N.hwh`; of `N_wrapper.bit` also `N.hwh`, which is how Vivado names the two |
//! | `N.bin`, `N.bit.bin` | itself | the same |
//! | `N.hwh` | `N.bit`, `N_wrapper.bit`, `N.bit.bin`, `N.bin`: the first that is there, or none | itself |
//! | `N.xsa` | the one in the archive, or none | the one in the archive that describes the whole design |

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::bitstream::Bitstream;
use crate::design::Design;
use crate::error::{Error, Result};
use crate::limits;

/// What Vivado puts behind the name of a block design, for the module around it.
const WRAPPER: &str = "_wrapper";

/// A file, or one inside of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OverlayFile {
    /// A file by itself.
    Path(PathBuf),
    /// A file in a hardware archive.
    Inside {
        /// The archive.
        archive: PathBuf,
        /// The name in it.
        name: String,
    },
}

impl OverlayFile {
    /// The path, or that of the archive with the name inside behind it, to be shown.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        match self {
            Self::Path(path) => path.clone(),
            Self::Inside { archive, name } => archive.join(name),
        }
    }

    /// The contents.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if it can't be read or is larger than any such file; [`Error::Archive`] for an archive that is damaged.
    pub fn read(&self) -> Result<Vec<u8>> {
        match self {
            Self::Path(path) => crate::file::read(path, limits::BITSTREAM_BYTES),
            Self::Inside { archive, name } => entry(archive, &mut open(archive)?, name, limits::BITSTREAM_BYTES),
        }
    }
}

/// The files of an overlay.
///
/// ```no_run
/// use pynq_hwh::OverlayFiles;
///
/// let files = OverlayFiles::find("design_1_wrapper.bit")?; // or .hwh, .bin, .xsa
/// let design = files.design()?; // design_1.hwh beside it
/// let bitstream = files.bitstream()?.expect("it was named");
/// bitstream.check_part(&design)?;
/// # Ok::<(), pynq_hwh::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OverlayFiles {
    /// The handoff file.
    pub handoff: OverlayFile,
    /// The bitstream. `None` if a handoff file or an archive was named that has none.
    pub bitstream: Option<OverlayFile>,
    /// The device-tree overlay beside the files, `N.dtbo`, if there is one.
    pub device_tree: Option<PathBuf>,
}

impl OverlayFiles {
    /// The files of the overlay whose bitstream, handoff file or archive is at `path`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if there is no such file; [`Error::NoHandoff`] if a bitstream has no handoff file beside it;
    /// [`Error::NotAnOverlayFile`] for another kind of file; for archives, also [`Error::Archive`].
    pub fn find(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let kind = kind(path).ok_or_else(|| Error::NotAnOverlayFile { path: path.to_owned() })?;
        std::fs::metadata(path).map_err(|source| Error::Io { path: path.to_owned(), action: "read", source })?;
        match kind {
            Kind::Archive => Self::in_archive(path),
            Kind::Bitstream => {
                let tried: Vec<PathBuf> = stems(path).iter().map(|stem| sibling(path, stem, "hwh")).collect();
                let Some(handoff) = tried.iter().find(|path| path.is_file()).cloned() else {
                    return Err(Error::NoHandoff { bitstream: path.to_owned(), tried });
                };
                let bitstream = Some(OverlayFile::Path(path.to_owned()));
                let device_tree = device_tree(path);
                Ok(Self { handoff: OverlayFile::Path(handoff), bitstream, device_tree })
            }
            Kind::Handoff => {
                let stem = stem(path);
                let wrapper = format!("{stem}{WRAPPER}");
                let names = [(&stem, "bit"), (&wrapper, "bit"), (&stem, "bit.bin"), (&stem, "bin")];
                let all = names.map(|(stem, extension)| sibling(path, stem, extension));
                let bitstream = all.into_iter().find(|path| path.is_file()).map(OverlayFile::Path);
                Ok(Self { handoff: OverlayFile::Path(path.to_owned()), bitstream, device_tree: device_tree(path) })
            }
        }
    }

    /// The design of the handoff file.
    ///
    /// # Errors
    ///
    /// Those of [`Design::read`], and [`Error::Archive`].
    pub fn design(&self) -> Result<Design> {
        match &self.handoff {
            OverlayFile::Path(path) => Design::read(path),
            OverlayFile::Inside { archive, name } => {
                Design::from_bytes(&entry(archive, &mut open(archive)?, name, limits::HANDOFF_BYTES)?)
            }
        }
    }

    /// The bitstream, if there is one.
    ///
    /// # Errors
    ///
    /// Those of [`Bitstream::read`], and [`Error::Archive`].
    pub fn bitstream(&self) -> Result<Option<Bitstream>> {
        self.bitstream.as_ref().map(|file| Bitstream::parse(file.read()?)).transpose()
    }

    /// An archive has the handoff files of IP blocks too, and does not always say which one is the design's. Their
    /// contents show it.
    fn in_archive(path: &Path) -> Result<Self> {
        let mut archive = open(path)?;
        let names: Vec<String> = archive.file_names().map(str::to_owned).take(limits::ARCHIVE_FILES).collect();
        let wrong = |problem: String| Error::Archive { path: path.to_owned(), problem };
        let with = |extension: &str| {
            let mut found: Vec<&String> =
                names.iter().filter(|name| has_extension(Path::new(name), extension)).collect();
            found.sort();
            found
        };
        let (bitstreams, handoffs) = (with("bit"), with("hwh"));
        let mut designs = Vec::new();
        for name in &handoffs {
            let bytes = entry(path, &mut archive, name, limits::HANDOFF_BYTES)?;
            match Design::from_bytes(&bytes) {
                Ok(design) if design.processor.is_some() => designs.push(*name),
                Ok(_) | Err(Error::InsideOfIp { .. }) => {}
                Err(error) => return Err(wrong(format!("{name}: {error}"))),
            }
        }
        let fits = |bit: &str| {
            stems(Path::new(bit)).iter().any(|stem| designs.iter().any(|name| self::stem(Path::new(name)) == *stem))
        };
        let bitstream = match bitstreams.as_slice() {
            [] => None,
            [only] => Some((*only).clone()),
            several => several.iter().find(|bit| fits(bit)).map(|bit| (*bit).clone()),
        };
        let named = |name: &&&String| {
            bitstream.as_ref().is_some_and(|bit| stems(Path::new(bit)).contains(&stem(Path::new(name))))
        };
        let handoff = match designs.as_slice() {
            [only] => (*only).clone(),
            several => match several.iter().find(named) {
                Some(name) => (*name).clone(),
                None => {
                    let found = if handoffs.is_empty() {
                        "it has no .hwh".to_owned()
                    } else if several.is_empty() {
                        "none of its .hwh files has a processor".to_owned()
                    } else {
                        let list: Vec<&str> = several.iter().map(|name| name.as_str()).collect();
                        format!("it has several designs ({}), and no bitstream of one's name", list.join(", "))
                    };
                    return Err(wrong(found));
                }
            },
        };
        let inside = |name: String| OverlayFile::Inside { archive: path.to_owned(), name };
        Ok(Self { handoff: inside(handoff), bitstream: bitstream.map(inside), device_tree: device_tree(path) })
    }
}

enum Kind {
    Bitstream,
    Handoff,
    Archive,
}

fn kind(path: &Path) -> Option<Kind> {
    let is = |extension| has_extension(path, extension);
    if is("bit") || is("bin") {
        Some(Kind::Bitstream)
    } else if is("hwh") {
        Some(Kind::Handoff)
    } else if is("xsa") {
        Some(Kind::Archive)
    } else {
        None
    }
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

/// The name without its extension, or both of `.bit.bin`.
fn stem(path: &Path) -> String {
    let text = |name: Option<&OsStr>| name.unwrap_or_default().to_string_lossy().into_owned();
    let once = text(path.file_stem());
    let inner = Path::new(&once);
    if has_extension(path, "bin") && has_extension(inner, "bit") { text(inner.file_stem()) } else { once }
}

/// The names that the handoff file of a bitstream may have, best first.
fn stems(path: &Path) -> Vec<String> {
    let stem = stem(path);
    let inner = stem.strip_suffix(WRAPPER).filter(|inner| !inner.is_empty()).map(str::to_owned);
    [Some(stem), inner].into_iter().flatten().collect()
}

fn sibling(path: &Path, stem: &str, extension: &str) -> PathBuf {
    path.with_file_name(format!("{stem}.{extension}"))
}

fn device_tree(path: &Path) -> Option<PathBuf> {
    stems(path).iter().map(|stem| sibling(path, stem, "dtbo")).find(|path| path.is_file())
}

fn open(path: &Path) -> Result<ZipArchive<File>> {
    let file = File::open(path).map_err(|source| Error::Io { path: path.to_owned(), action: "read", source })?;
    ZipArchive::new(file).map_err(|error| damaged(path, error))
}

/// The contents of a file in an archive. What it claims to be long counts for nothing.
fn entry(path: &Path, archive: &mut ZipArchive<File>, name: &str, limit: u64) -> Result<Vec<u8>> {
    let file = archive.by_name(name).map_err(|error| damaged(path, error))?;
    let mut bytes = Vec::new();
    let outcome = file.take(limit + 1).read_to_end(&mut bytes);
    outcome.map_err(|error| damaged(path, ZipError::Io(error)))?;
    if bytes.len() as u64 > limit {
        let problem = format!("{name} is larger than {limit} bytes");
        return Err(Error::Archive { path: path.to_owned(), problem });
    }
    Ok(bytes)
}

fn damaged(path: &Path, error: ZipError) -> Error {
    match error {
        ZipError::Io(source) if source.kind() != std::io::ErrorKind::InvalidData => {
            Error::Archive { path: path.to_owned(), problem: format!("it can't be read: {source}") }
        }
        other => Error::Archive { path: path.to_owned(), problem: format!("it is damaged or no archive: {other}") },
    }
}
