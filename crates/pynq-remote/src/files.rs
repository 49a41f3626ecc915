//! The files that the protocol needs, and no others: PYNQ's client works on a board through its files.
//!
//! A simulated board has them in memory. A path is compared as it stands; nothing of the machine's own files is ever
//! opened, so there is no way out of the tree.

use std::{collections::VecDeque, sync::Arc};

use tonic::Status;

use crate::limits;

const VERSION: &str = "/proc/version";
const BOARD: &str = "/proc/device-tree/chosen/pynq_board";
const MANAGER_FIRMWARE: &str = "/sys/class/fpga_manager/fpga0/firmware";
const MANAGER_FLAGS: &str = "/sys/class/fpga_manager/fpga0/flags";
const MANAGER_STATE: &str = "/sys/class/fpga_manager/fpga0/state";
const FIRMWARE: &str = "/lib/firmware/";
/// What PYNQ's own test of a connection writes and reads back.
const SELF_TEST: &str = concat!("/", "tmp/pynq_remote_hosttest.bin");

/// What a write does beyond the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// Nothing.
    File,
    /// The logic is to be programmed with this file.
    Program {
        /// Its name in the folder of firmware.
        name: String,
        /// Its content.
        content: Arc<[u8]>,
    },
}

/// The files.
pub(crate) struct Files {
    version: String,
    board: String,
    partial: bool,
    programmed: bool,
    self_test: Option<Arc<[u8]>>,
    /// Bitstreams by name, the oldest first.
    firmware: VecDeque<(String, Arc<[u8]>)>,
}

impl Files {
    /// The files of a board: its name, and the machine as `uname -m` has it.
    pub(crate) fn new(board: &str, machine: &str) -> Self {
        // PYNQ looks for the machine in this text, and takes what it doesn't know for armv7l.
        let version = format!("Linux version 0-simulated (pynq-rs {}) {machine}\n", env!("CARGO_PKG_VERSION"));
        let (firmware, self_test) = (VecDeque::new(), None);
        // The board starts with its first design loaded.
        Self { version, board: format!("{board}\0"), partial: false, programmed: true, self_test, firmware }
    }

    /// Whether a file is there. False for bitstreams: PYNQ sends a bitstream only if no file of that name is there, and
    /// so would never send one whose content changed.
    pub(crate) fn exists(&self, path: &str) -> bool {
        firmware_name(path).is_none() && self.read(path).is_ok()
    }

    /// The content of a file.
    pub(crate) fn read(&self, path: &str) -> Result<Arc<[u8]>, Status> {
        let text = |text: &str| Ok(Arc::from(text.as_bytes()));
        match path {
            VERSION => text(&self.version),
            BOARD => text(&self.board),
            MANAGER_FLAGS => text(if self.partial { "1\n" } else { "0\n" }),
            MANAGER_STATE => text(if self.programmed { "operating\n" } else { "write error\n" }),
            SELF_TEST => self.self_test.clone().ok_or_else(|| missing(path)),
            _ => {
                let name = firmware_name(path).ok_or_else(|| missing(path))?;
                self.bitstream(name).ok_or_else(|| missing(path))
            }
        }
    }

    fn bitstream(&self, name: &str) -> Option<Arc<[u8]>> {
        self.firmware.iter().find(|(other, _)| other == name).map(|(_, content)| Arc::clone(content))
    }

    /// How long the file at `path` may be, or why it can't be written.
    pub(crate) fn may_write(path: &str) -> Result<usize, Status> {
        match path {
            MANAGER_FLAGS | MANAGER_FIRMWARE | SELF_TEST => Ok(limits::FILE),
            VERSION | BOARD | MANAGER_STATE => Err(Status::permission_denied(format!("{path} is read-only"))),
            _ if firmware_name(path).is_some() => Ok(limits::BITSTREAM),
            _ => Err(missing(path)),
        }
    }

    /// Writes a file.
    pub(crate) fn write(&mut self, path: &str, content: Vec<u8>) -> Result<Written, Status> {
        let most = Self::may_write(path)?;
        if content.len() > most {
            return Err(too_long(path, most));
        }
        match path {
            MANAGER_FLAGS => self.partial = flags(&content)? & 1 != 0,
            MANAGER_FIRMWARE => {
                let name = std::str::from_utf8(&content).map(str::trim).unwrap_or_default();
                let path = format!("{FIRMWARE}{name}");
                let name = firmware_name(&path).ok_or_else(|| {
                    Status::invalid_argument(format!("{MANAGER_FIRMWARE} takes the name of a file in {FIRMWARE}"))
                })?;
                if self.partial {
                    return Err(Status::unimplemented(
                        "the simulated board can't be reconfigured partially; program all of it",
                    ));
                }
                let content = self.bitstream(name).ok_or_else(|| missing(&path))?;
                return Ok(Written::Program { name: name.to_owned(), content });
            }
            SELF_TEST => self.self_test = Some(content.into()),
            _ => {
                let name = firmware_name(path).ok_or_else(|| missing(path))?;
                self.keep(name, content);
            }
        }
        Ok(Written::File)
    }

    fn keep(&mut self, name: &str, content: Vec<u8>) {
        self.firmware.retain(|(other, _)| other != name);
        self.firmware.push_back((name.to_owned(), content.into()));
        let size = |firmware: &VecDeque<(String, Arc<[u8]>)>| firmware.iter().map(|(_, content)| content.len()).sum();
        while self.firmware.len() > 64 || limits::BITSTREAMS < size(&self.firmware) {
            self.firmware.pop_front();
        }
    }

    /// What the FPGA manager's state is after an attempt.
    pub(crate) fn programmed(&mut self, succeeded: bool) {
        self.programmed = succeeded;
    }
}

pub(crate) fn too_long(path: &str, most: usize) -> Status {
    Status::resource_exhausted(format!("{path} may have at most {most} bytes"))
}

fn missing(path: &str) -> Status {
    let shown: String = path.chars().take(80).flat_map(char::escape_default).collect();
    Status::not_found(format!("no file {shown}: the board has the FPGA manager's, and those in {FIRMWARE}"))
}

/// The name of a file in the folder of firmware: one component, of plain characters.
fn firmware_name(path: &str) -> Option<&str> {
    let name = path.strip_prefix(FIRMWARE)?;
    let plain = |c: char| c.is_alphanumeric() || "._-+ ()".contains(c);
    let good = !name.is_empty() && name.len() <= 255 && !name.starts_with('.') && name.chars().all(plain);
    good.then_some(name)
}

fn flags(content: &[u8]) -> Result<u32, Status> {
    let text = std::str::from_utf8(content).map(str::trim).unwrap_or_default();
    let digits = text.trim_start_matches("0x");
    u32::from_str_radix(digits, 16)
        .map_err(|_| Status::invalid_argument(format!("{MANAGER_FLAGS} takes a number in hexadecimal digits")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Files {
        Files::new("Pynq-Z2", "armv7l")
    }

    #[test]
    fn a_client_finds_out_what_it_talks_to() {
        let files = files();
        assert!(files.exists(VERSION) && files.exists(BOARD));
        assert!(String::from_utf8_lossy(&files.read(VERSION).unwrap()).contains("armv7l"));
        assert_eq!(&*files.read(BOARD).unwrap(), b"Pynq-Z2\0");
    }

    #[test]
    fn no_path_leads_out_of_the_tree() {
        let mut files = files();
        let paths = [
            "/etc/passwd",
            "/lib/firmware/../../etc/passwd",
            "/lib/firmware/..",
            "/lib/firmware/.",
            "/lib/firmware/",
            "/lib/firmware",
            "/lib/firmware/.hidden",
            "/lib/firmware/a/b",
            "/lib/firmware/a\\b",
            "/lib/firmware/a\0b",
            "/lib/firmware//etc/passwd",
            "lib/firmware/a.bin",
            "//lib/firmware/a.bin",
            "/lib/firmware/%2e%2e/a",
            "/proc/self/../version",
            "/proc/version/",
            "/proc/1/environ",
            "",
            "\0",
        ];
        for path in paths {
            assert!(!files.exists(path), "{path:?}");
            assert!(files.read(path).is_err(), "{path:?}");
            assert!(files.write(path, vec![0]).is_err(), "{path:?}");
        }
        for name in ["../../etc/passwd", "/etc/passwd", "a/../b", "..", "", "\n"] {
            assert!(files.write(MANAGER_FIRMWARE, name.into()).is_err(), "{name:?}");
        }
        assert!(files.firmware.is_empty());
    }

    #[test]
    fn a_bitstream_of_known_name_is_asked_for_again() {
        let mut files = files();
        let path = format!("{FIRMWARE}base.bin");
        for content in [b"one".to_vec(), b"other".to_vec()] {
            assert!(!files.exists(&path));
            files.write(&path, content.clone()).unwrap();
            files.write(MANAGER_FLAGS, b"0".to_vec()).unwrap();
            let written = files.write(MANAGER_FIRMWARE, b"base.bin".to_vec()).unwrap();
            assert_eq!(written, Written::Program { name: "base.bin".to_owned(), content: content.into() });
        }
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        let mut files = files();
        assert!(files.write(MANAGER_FIRMWARE, b"missing.bin".to_vec()).is_err());
        assert!(files.write(MANAGER_FLAGS, b"partial".to_vec()).is_err());
        assert!(files.write(VERSION, Vec::new()).is_err());
        assert!(files.write(SELF_TEST, vec![0; limits::FILE + 1]).is_err());
        files.write(&format!("{FIRMWARE}part.bin"), vec![1]).unwrap();
        files.write(MANAGER_FLAGS, b"1".to_vec()).unwrap();
        let error = files.write(MANAGER_FIRMWARE, b"part.bin".to_vec()).unwrap_err();
        assert_eq!(error.code(), tonic::Code::Unimplemented);
    }

    #[test]
    fn old_bitstreams_make_room() {
        let mut files = files();
        for number in 0..100 {
            files.write(&format!("{FIRMWARE}{number}.bin"), vec![number]).unwrap();
        }
        assert_eq!(files.firmware.len(), 64);
        assert!(files.read(&format!("{FIRMWARE}0.bin")).is_err());
        assert_eq!(&*files.read(&format!("{FIRMWARE}99.bin")).unwrap(), [99]);
    }
}
