//! The file system of the guest: an archive in memory, in the "newc" format of cpio.

/// Files of the guest, as they are added.
#[derive(Default)]
pub(super) struct Initrd {
    archive: Vec<u8>,
    entries: u32,
}

const FOLDER: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;
const END: &str = "TRAILER!!!";

impl Initrd {
    /// With an empty folder for each of these, parents first.
    pub(super) fn with_folders(names: &[&str]) -> Self {
        let mut this = Self::default();
        for name in names {
            this.entry(name, FOLDER, &[]);
        }
        this
    }

    /// A file that can be run as well as read, in a folder that is there.
    pub(super) fn file(&mut self, name: &str, contents: &[u8]) {
        self.entry(name, PROGRAM, contents);
    }

    fn entry(&mut self, name: &str, mode: u32, contents: &[u8]) {
        self.entries += 1;
        let size = u32::try_from(contents.len()).unwrap_or(u32::MAX);
        let name_size = u32::try_from(name.len() + 1).unwrap_or(u32::MAX);
        // Number, mode, owner, group, links, time, size, the device's four numbers, size of the name, checksum.
        let fields = [self.entries, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name_size, 0];
        self.archive.extend(b"070701");
        for field in fields {
            self.archive.extend(format!("{field:08x}").bytes());
        }
        self.archive.extend(name.bytes().chain([0]));
        self.pad();
        self.archive.extend(contents);
        self.pad();
    }

    fn pad(&mut self) {
        self.archive.resize(self.archive.len().next_multiple_of(4), 0);
    }

    /// The archive.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.entry(END, 0, &[]);
        self.archive
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_that_of_cpio() {
        let mut initrd = Initrd::with_folders(&["dev"]);
        initrd.file("init", b"hello");
        let archive = initrd.finish();
        let text = String::from_utf8_lossy(&archive);
        // A header has 110 characters; name and contents end on multiples of four.
        assert!(text.starts_with("07070100000001000041ed"));
        assert_eq!(&archive[110..116], b"dev\0\0\0"[..6].as_ref());
        let second = (110 + 4_usize).next_multiple_of(4);
        assert_eq!(&archive[second..second + 14], b"07070100000002");
        assert_eq!(&archive[second + 6 + 48..second + 6 + 56], b"00000005");
        assert!(text.contains("hello") && text.contains(END));
        assert_eq!(archive.len() % 4, 0);
    }
}
