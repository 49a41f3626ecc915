//! Which files belong together, by their names; and whether they are of one build, by what they say.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use pynq_hwh::{Bitstream, Design, Error, OverlayFile, OverlayFiles, Verdict};
use zip::write::{SimpleFileOptions, ZipWriter};

const FIXTURE: &str = include_str!("../fixtures/pynq-z2-buttons.hwh");
/// The inside of an IP block, of which an archive holds many.
const INNER: &str = r#"<EDKSYSTEM><SYSTEMINFO NAME="bd_44e3"/><MODULES><MODULE INSTANCE="s" VLNV="x:ip:sc_exit:1.0"/></MODULES></EDKSYSTEM>"#;

/// A folder of one test's own, with a name that is hard on paths, and files in it.
fn folder(test: &str, files: &[&str]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("overlay files ü").join(test);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    for file in files {
        let bytes = if file.ends_with("hwh") {
            FIXTURE.as_bytes().to_vec()
        } else {
            bit("buttons_wrapper", "2018.2", "7z020clg400")
        };
        std::fs::write(folder.join(file), bytes).expect("a file");
    }
    folder
}

/// A small .bit file.
fn bit(design: &str, version: &str, part: &str) -> Vec<u8> {
    let mut bytes = vec![0, 9, 0x0F, 0xF0, 0x0F, 0xF0, 0x0F, 0xF0, 0x0F, 0xF0, 0, 0, 1];
    let name = format!("{design};UserID=0XFFFFFFFF;Version={version}");
    for (tag, text) in [(b'a', name.as_str()), (b'b', part), (b'c', "2025/01/06"), (b'd', "10:00:00")] {
        bytes.push(tag);
        bytes.extend(u16::try_from(text.len() + 1).expect("short").to_be_bytes());
        bytes.extend(text.bytes().chain([0]));
    }
    let data = [0xFFFF_FFFF_u32, 0xAA99_5566, 0x2000_0000].map(u32::to_be_bytes).concat();
    bytes.push(b'e');
    bytes.extend(u32::try_from(data.len()).expect("short").to_be_bytes());
    bytes.extend(data);
    bytes
}

fn name(file: &OverlayFile) -> String {
    file.path().file_name().expect("a name").to_string_lossy().into_owned()
}

/// The names of handoff file and bitstream that are found for `asked`.
fn found(folder: &Path, requested: &str) -> (String, Option<String>) {
    let files = OverlayFiles::find(folder.join(requested)).unwrap_or_else(|error| panic!("{requested}: {error}"));
    files.design().expect("a design");
    if files.bitstream.is_some() {
        files.bitstream().expect("it can be read").expect("a bitstream");
    }
    (name(&files.handoff), files.bitstream.as_ref().map(name))
}

#[test]
fn the_other_half_is_found_and_never_another_file_taken_for_the_one_named() {
    let some = |name: &str| Some(name.to_owned());
    for (files, requested, handoff, bitstream) in [
        (&["base.bit", "base.hwh"][..], "base.bit", "base.hwh", some("base.bit")),
        (
            &["design_1_wrapper.bit", "design_1.hwh"],
            "design_1_wrapper.bit",
            "design_1.hwh",
            some("design_1_wrapper.bit"),
        ),
        (&["d_wrapper.bit", "d.hwh", "d_wrapper.hwh"], "d_wrapper.bit", "d_wrapper.hwh", some("d_wrapper.bit")),
        (&["base.bit", "base.bin", "base.hwh"], "base.bin", "base.hwh", some("base.bin")),
        (&["base.bit", "base.bit.bin", "base.hwh"], "base.bit.bin", "base.hwh", some("base.bit.bin")),
        (&["d_wrapper.bit.bin", "d.hwh"], "d_wrapper.bit.bin", "d.hwh", some("d_wrapper.bit.bin")),
        (&["base.hwh", "base.bit", "base_wrapper.bit"], "base.hwh", "base.hwh", some("base.bit")),
        (&["base.hwh", "base_wrapper.bit"], "base.hwh", "base.hwh", some("base_wrapper.bit")),
        (&["base.hwh", "base.bin"], "base.hwh", "base.hwh", some("base.bin")),
        (&["base.hwh", "other.bit"], "base.hwh", "base.hwh", None),
        (&["BASE.BIT", "BASE.hwh"], "BASE.BIT", "BASE.hwh", some("BASE.BIT")),
    ] {
        let folder = folder("halves", files);
        assert_eq!(found(&folder, requested), (handoff.to_owned(), bitstream), "{requested} among {files:?}");
    }
}

#[test]
fn what_is_not_there_is_said_with_the_places() {
    let folder = folder("missing", &["design_1_wrapper.bit", "base.bit", "other.hwh", "notes.txt"]);
    let error = OverlayFiles::find(folder.join("design_1_wrapper.bit")).unwrap_err();
    let Error::NoHandoff { tried, .. } = &error else { panic!("{error}") };
    assert_eq!(tried.len(), 2);
    let message = error.to_string();
    assert!(message.contains("design_1_wrapper.hwh` and no `") && message.contains("design_1.hwh`"), "{message}");
    // `base.bit` is beside it, and not what was asked for.
    let absent = OverlayFiles::find(folder.join("base.bin")).unwrap_err();
    assert!(matches!(&absent, Error::Io { path, .. } if path.ends_with("base.bin")), "{absent}");
    for other in ["notes.txt", "base", "base.bi"] {
        let error = OverlayFiles::find(folder.join(other)).unwrap_err();
        assert!(matches!(error, Error::NotAnOverlayFile { .. }), "{error}");
    }
}

#[test]
fn a_device_tree_beside_the_files_is_offered() {
    let folder = folder("dtbo", &["design_1_wrapper.bit", "design_1.hwh"]);
    assert_eq!(OverlayFiles::find(folder.join("design_1.hwh")).expect("files").device_tree, None);
    std::fs::write(folder.join("design_1.dtbo"), b"").expect("a file");
    for requested in ["design_1.hwh", "design_1_wrapper.bit"] {
        let files = OverlayFiles::find(folder.join(requested)).expect("files");
        assert_eq!(files.device_tree, Some(folder.join("design_1.dtbo")));
    }
}

fn archive(folder: &Path, entries: &[(&str, &[u8])]) -> PathBuf {
    let path = folder.join("design.xsa");
    let mut writer = ZipWriter::new(std::fs::File::create(&path).expect("a file"));
    for (name, bytes) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).expect("an entry");
        writer.write_all(bytes).expect("its contents");
    }
    writer.finish().expect("an archive");
    path
}

#[test]
fn an_archive_has_both_and_the_insides_of_blocks_are_passed_over() {
    let folder = folder("archive", &[]);
    let bits = bit("design_1_wrapper", "2018.2", "7z020clg400");
    let path = archive(
        &folder,
        &[
            ("sysdef.xml", b"<Project/>"),
            ("design_1_smartconnect_0_0.hwh", INNER.as_bytes()),
            ("design_1.hwh", FIXTURE.as_bytes()),
            ("design_1_wrapper.bit", &bits),
        ],
    );
    let files = OverlayFiles::find(&path).expect("files");
    assert_eq!(files.handoff.path(), path.join("design_1.hwh"));
    assert_eq!(files.design().expect("a design"), Design::parse(FIXTURE).expect("our fixture"));
    assert_eq!(
        files.bitstream().expect("it can be read"),
        Some(Bitstream::parse(bits.clone()).expect("our bitstream"))
    );
    // Two designs: the one of the bitstream's name.
    let path =
        archive(&folder, &[("a.hwh", FIXTURE.as_bytes()), ("b.hwh", FIXTURE.as_bytes()), ("b_wrapper.bit", &bits)]);
    assert_eq!(OverlayFiles::find(&path).expect("files").handoff.path(), path.join("b.hwh"));
    // Without a bitstream it can still be attached to.
    let path = archive(&folder, &[("a.hwh", FIXTURE.as_bytes())]);
    assert_eq!(OverlayFiles::find(&path).expect("files").bitstream().expect("nothing to read"), None);
}

#[test]
fn an_archive_that_can_not_be_used_is_said_to_be_so() {
    let folder = folder("bad_archive", &[]);
    let problem = |entries: &[(&str, &[u8])]| match OverlayFiles::find(archive(&folder, entries)) {
        Err(Error::Archive { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    assert!(problem(&[("x.bit", b"")]).contains("it has no .hwh"));
    assert!(problem(&[("x.hwh", INNER.as_bytes())]).contains("none of its .hwh files has a processor"));
    let two = problem(&[("a.hwh", FIXTURE.as_bytes()), ("b.hwh", FIXTURE.as_bytes())]);
    assert!(two.contains("several designs (a.hwh, b.hwh)"), "{two}");
    assert!(problem(&[("x.hwh", b"<svg/>")]).contains("x.hwh: "));
    std::fs::write(folder.join("cut.xsa"), b"PK\x03\x04 and no more").expect("a file");
    let cut = OverlayFiles::find(folder.join("cut.xsa")).unwrap_err();
    assert!(matches!(&cut, Error::Archive { problem, .. } if problem.contains("damaged")), "{cut}");
    // A name with a way out of the archive is only a name.
    let path = archive(&folder, &[("../../../etc/x.hwh", FIXTURE.as_bytes())]);
    OverlayFiles::find(&path).expect("files").design().expect("a design");
    // What unpacks to more than any handoff file has.
    let zeros = vec![b' '; 70 << 20];
    assert!(problem(&[("x.hwh", &zeros)]).contains("larger than"));
}

#[test]
fn what_both_files_know_is_compared() {
    let design = Design::parse(FIXTURE).expect("our fixture");
    let verdicts = |name: &str, version: &str, part: &str| {
        let bitstream = Bitstream::parse(bit(name, version, part)).expect("our bitstream");
        bitstream.compare(&design).map(|all| all.iter().map(|one| one.verdict).collect::<Vec<_>>())
    };
    let (same, suspect, unknown) = (Verdict::Same, Verdict::Suspect, Verdict::Unknown);
    assert_eq!(verdicts("buttons_wrapper", "2018.2", "7z020clg400").expect("they fit"), [same, same, same]);
    assert_eq!(verdicts("buttons", "2020.1", "7z020clg400-1").expect("they fit"), [same, same, suspect]);
    // A user's own top module may hold any block design.
    assert_eq!(verdicts("top", "2018.2", "").expect("they fit"), [unknown, suspect, same]);
    assert!(matches!(verdicts("buttons", "2018.2", "7z010clg400"), Err(Error::PartMismatch { .. })));
    let other = verdicts("design_1_wrapper", "2018.2", "7z020clg400").unwrap_err();
    assert!(
        matches!(&other, Error::DesignMismatch { .. }) && other.to_string().contains("`design_1_wrapper`"),
        "{other}"
    );
    let raw = Bitstream::parse(0xAA99_5566_u32.to_be_bytes()).expect("raw data");
    assert!(raw.compare(&design).expect("nothing speaks against it").iter().all(|one| one.verdict == unknown));
}
