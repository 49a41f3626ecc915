//! Whether the kernel has UIO, and its driver was configured for the devices to take.
//!
//! The driver `uio_pdrv_genirq` takes no device of the device tree by default. Its parameter `of_id` gives it one
//! `compatible` word. The kernel does not show the value, so this reads where it comes from, and which devices were
//! taken.

use std::{fs, path::Path};

use super::{Findings, Patient, system};

const SUBJECT: &str = "driver";
/// The usual word for `of_id`.
const USUAL: &str = "generic-uio";

pub(super) fn check(patient: &Patient<'_>, findings: &mut Findings) {
    let class = patient.paths.sys.join("class/uio");
    let count = patient.devices.devices().len();
    if !class.is_dir() {
        findings.wrong(
            "kernel",
            format!("it has no UIO: there is no {}", class.display()),
            format!(
                "modprobe uio_pdrv_genirq of_id={USUAL}\n\
                 where there is no such module, use a kernel with CONFIG_UIO and CONFIG_UIO_PDRV_GENIRQ, as Xilinx's have"
            ),
        );
        return;
    }
    findings.good("kernel", format!("has UIO, with {count} device{}", if count == 1 { "" } else { "s" }));
    let platform = patient.paths.sys.join("bus/platform");
    let driver = platform.join("drivers/uio_pdrv_genirq");
    if !driver.is_dir() {
        let fix = format!("modprobe uio_pdrv_genirq of_id={USUAL}\nor a kernel with CONFIG_UIO_PDRV_GENIRQ");
        if count == 0 {
            findings.wrong(
                SUBJECT,
                "uio_pdrv_genirq is not loaded, which makes UIO devices of the device tree's nodes",
                fix,
            );
        } else {
            findings.note(SUBJECT, "uio_pdrv_genirq is not loaded; the devices there are have other drivers", fix);
        }
        return;
    }
    // Those it has taken are links; `module` is one too.
    let names = folders(&driver).into_iter().filter(|name| name != "module");
    let bound = names.count();
    let of_id = of_id(patient);
    let word = of_id.as_ref().map_or(USUAL, |(word, _)| word);
    let says = match &of_id {
        Some((word, place)) => format!("of_id={word} ({place})"),
        None => "of_id is not set in any file or on the kernel's command line".to_owned(),
    };
    let left = folders(&platform.join("devices"))
        .into_iter()
        .filter(|name| {
            let device = platform.join("devices").join(name);
            !device.join("driver").exists()
                && system::compatible(&device.join("of_node")).iter().any(|found| found == word)
        })
        .collect::<Vec<_>>();
    let fix = format!(
        "now: modprobe -r uio_pdrv_genirq; modprobe uio_pdrv_genirq of_id={word}\n\
         for good: echo options uio_pdrv_genirq of_id={word} > /etc/modprobe.d/uio.conf\n\
         where it is built into the kernel: uio_pdrv_genirq.of_id={word} on the kernel's command line (bootargs)"
    );
    if !left.is_empty() {
        let left = left.join(", ");
        findings.wrong(SUBJECT, format!("uio_pdrv_genirq left devices that are \"{word}\": {left}; {says}"), fix);
    } else if bound == 0 {
        let message = format!("uio_pdrv_genirq is loaded and has no device; {says}");
        if of_id.is_none() {
            findings.wrong(SUBJECT, message, fix);
        } else {
            let fix =
                format!("no node of the device tree has compatible = \"{word}\": apply an overlay that brings one");
            findings.wrong(SUBJECT, message, fix);
        }
    } else {
        findings.good(SUBJECT, format!("uio_pdrv_genirq has {bound}; {says}"));
    }
}

/// The value of `of_id`, and where it was found.
fn of_id(patient: &Patient<'_>) -> Option<(String, String)> {
    let line = system::text(&patient.paths.proc.join("cmdline")).unwrap_or_default();
    // The last one counts. The kernel takes dashes for underscores.
    let on_line = line.split_whitespace().rev().find_map(|word| {
        let (name, value) = word.split_once('=')?;
        (name.replace('-', "_") == "uio_pdrv_genirq.of_id").then(|| value.trim_matches('"').to_owned())
    });
    if let Some(value) = on_line {
        return Some((value, "on the kernel's command line".to_owned()));
    }
    // In the order in which modprobe takes them.
    for folder in ["etc/modprobe.d", "run/modprobe.d", "lib/modprobe.d"] {
        let folder = patient.root.join(folder);
        for name in entries(&folder).into_iter().filter(|name| name.ends_with(".conf")) {
            let file = folder.join(name);
            let text = system::text(&file).unwrap_or_default();
            if let Some(value) = text.lines().rev().find_map(option) {
                return Some((value, format!("in {}", file.display())));
            }
        }
    }
    None
}

/// The value in a line like `options uio_pdrv_genirq of_id=generic-uio`.
fn option(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    let ours = words.next() == Some("options") && words.next()?.replace('-', "_") == "uio_pdrv_genirq";
    let value = words.rev().find_map(|word| word.strip_prefix("of_id="))?;
    ours.then(|| value.trim_matches('"').to_owned())
}

/// The names in a folder, sorted; none if it can't be listed.
fn entries(folder: &Path) -> Vec<String> {
    let listed = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names = listed.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect::<Vec<_>>();
    names.sort();
    names
}

/// The names of folders in a folder, those behind links included.
fn folders(folder: &Path) -> Vec<String> {
    entries(folder).into_iter().filter(|name| folder.join(name).is_dir()).collect()
}
