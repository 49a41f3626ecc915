//! Whether the files that are needed are there, and the user may use them.

use std::{fs, os::unix::fs::MetadataExt as _};

use pynq::uio::{Claim, UioDevice};
use pynq_hwh::IpBlock;

use super::{Findings, Patient, system};

/// What lets a group use UIO devices.
const UDEV: &str = "as root, for use without root from then on:\n\
    groupadd -f uio; usermod -aG uio USER\n\
    echo 'SUBSYSTEM==\"uio\", GROUP=\"uio\", MODE=\"0660\"' > /etc/udev/rules.d/60-uio.rules\n\
    udevadm control --reload; udevadm trigger --subsystem-match=uio";

pub(super) fn devices(patient: &Patient<'_>, findings: &mut Findings) {
    let all = patient.devices.devices();
    let list = |devices: &[&UioDevice]| {
        devices.iter().map(|device| device.node().display().to_string()).collect::<Vec<_>>().join(", ")
    };
    let (there, missing): (Vec<_>, Vec<_>) = all.iter().partition(|device| device.node().exists());
    if !missing.is_empty() {
        findings.wrong(
            "device files",
            format!("missing: {}", list(&missing)),
            "run udev, or mount devtmpfs on /dev; right after an overlay was applied, wait for udev: `udevadm settle`",
        );
    }
    let (usable, denied): (Vec<_>, Vec<_>) = there.iter().partition(|device| system::is_usable(device.node()));
    if !denied.is_empty() {
        findings.wrong("permission", format!("this user may not read and write {}", list(&denied)), UDEV);
    }
    if !usable.is_empty() {
        findings.good("device files", format!("may be used: {}", list(&usable)));
    }
    for device in all {
        if let Some(holder) = system::holder(&patient.paths, device.node()) {
            let message = format!("uio{} \"{}\" is in use by {holder}", device.number, device.name);
            findings.note(
                "in use",
                message,
                "another program that waits for its interrupts gets `Busy` until that one ends",
            );
        }
    }
}

/// `/dev/mem` is needed for blocks that no UIO device has.
pub(super) fn memory(patient: &Patient<'_>, findings: &mut Findings) {
    const SUBJECT: &str = "/dev/mem";
    const FIX: &str = "run as root, on a kernel with CONFIG_DEVMEM (with CONFIG_STRICT_DEVMEM it still gives what no driver holds);\n\
        or give the blocks to UIO in the device tree: `reg = <address size>` in the node";
    let path = patient.paths.dev.join("mem");
    let needed = match &patient.design {
        Some(design) => {
            // The same search for a UIO device as when the block is opened.
            let uncovered = |block: &IpBlock| patient.devices.covering(block).is_none();
            let names = design.ip.iter().filter(|(_, block)| uncovered(block)).map(|(name, _)| name.as_str());
            Some(names.collect::<Vec<_>>())
        }
        None => None,
    };
    if needed.as_ref().is_some_and(Vec::is_empty) {
        return findings.good(SUBJECT, "is not needed: UIO has all blocks of the design");
    }
    let opened = std::fs::OpenOptions::new().read(true).write(true).open(&path);
    let Err(error) = opened else { return findings.good(SUBJECT, "may be used") };
    let said = format!("{} can't be opened: {error}", path.display());
    match needed {
        Some(names) => {
            let (count, first) = (names.len(), names.iter().take(4).copied().collect::<Vec<_>>().join(", "));
            let more = if count > 4 { ", ..." } else { "" };
            findings.wrong(SUBJECT, format!("{said}; {count} blocks are in no UIO device: {first}{more}"), FIX);
        }
        None => findings.note(SUBJECT, format!("{said}; only blocks that UIO has can be used"), FIX),
    }
}

/// A program that uses a block claims it, by a lock file.
pub(super) fn locks(patient: &Patient<'_>, findings: &mut Findings) {
    const SUBJECT: &str = "lock files";
    let folder = Claim::folder(&patient.paths);
    let mut strangers = Vec::new();
    let blocks = patient.design.iter().flat_map(|design| &design.ip);
    for (_, block) in blocks.clone() {
        let file = Claim::file_of(&patient.paths, block.base);
        // Only a readable file can be locked, and only a file.
        match fs::symlink_metadata(&file) {
            Ok(found) if !found.is_file() || found.nlink() != 1 || !system::is_readable(&file) => {
                strangers.push(format!("{} of user {}", file.display(), found.uid()));
            }
            _ => {}
        }
    }
    if !strangers.is_empty() {
        let message = format!("are no files that this user can lock: {}", strangers.join(", "));
        findings.wrong(SUBJECT, message, "ask those users what they are for, or remove them as root");
    }
    // Only root can make our own folder, if it is not there yet.
    let may_make = system::is_writable(&folder);
    let missing = patient.design.as_ref().is_none_or(|design| design.ip.is_empty())
        || blocks.clone().any(|(_, block)| fs::symlink_metadata(Claim::file_of(&patient.paths, block.base)).is_err());
    if may_make || !missing {
        if strangers.is_empty() {
            findings.good(SUBJECT, "can be made, by which a program claims the blocks that it uses");
        }
    } else {
        let message = format!(
            "can't be made by this user in {}, by which a program claims the blocks that it uses",
            folder.display()
        );
        let own = patient.paths.run.join("pynq");
        let fix = format!(
            "as root, for use without root from then on:\n\
             echo 'd {} 2775 root uio -' > /etc/tmpfiles.d/pynq.conf; systemd-tmpfiles --create",
            own.display()
        );
        if patient.design.is_some() {
            findings.wrong(SUBJECT, message, fix);
        } else {
            findings.note(SUBJECT, message, fix);
        }
    }
    for (name, block) in blocks {
        if let Some(holder) = system::holder(&patient.paths, &Claim::file_of(&patient.paths, block.base)) {
            findings.note("in use", format!("{name} is in use by {holder}"), "");
        }
    }
}
