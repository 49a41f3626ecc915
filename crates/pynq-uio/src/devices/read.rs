//! Reads one system's devices from sysfs.

use std::{fs, io, path::Path};

use super::{KernelController, UioDevice, UioInterrupt, UioMap, controllers, interrupt, page};
use crate::{Error, Result, SystemPaths, interrupts::gone};

/// The devices, by number; nothing if the kernel has no UIO.
pub(super) fn devices(
    paths: &SystemPaths,
    folder: &Path,
    controllers: &[KernelController],
) -> Result<Option<Vec<UioDevice>>> {
    let Some(numbers) = numbered(folder, "uio")? else { return Ok(None) };
    let mut devices = Vec::with_capacity(numbers.len());
    for number in numbers {
        let folder = folder.join(format!("uio{number}"));
        match device(paths, number, &folder, controllers) {
            Ok(None) => {}
            // The device left while it was read: neither what was found of it nor the error means anything.
            _ if matches!(name(&folder), Ok(None)) => {}
            Ok(Some(device)) => devices.push(device),
            Err(error) => return Err(error),
        }
    }
    Ok(Some(devices))
}

/// The name of the device, or nothing if there is no device.
pub(super) fn name(folder: &Path) -> Result<Option<String>> {
    let path = folder.join("name");
    match text(&path) {
        Ok(name) => Ok(Some(name)),
        Err(error) if gone(&error) => Ok(None),
        Err(error) => Err(Error::file("read", path, error)),
    }
}

fn device(
    paths: &SystemPaths,
    number: u32,
    folder: &Path,
    controllers: &[KernelController],
) -> Result<Option<UioDevice>> {
    let Some(name) = name(folder)? else { return Ok(None) };
    let version = optional(&folder.join("version"))?.unwrap_or_default();
    let events = events(&folder.join("event"))?;
    let mut maps = Vec::new();
    let all = folder.join("maps");
    for index in numbered(&all, "map")?.unwrap_or_default() {
        maps.push(map(&all.join(format!("map{index}")), index as usize)?);
    }
    let of_node = folder.join("device/of_node");
    let kernel_line = controllers::line(paths, controllers, &of_node);
    Ok(Some(UioDevice {
        number,
        name,
        version,
        events,
        maps,
        interrupt: UioInterrupt::None,
        kernel_line,
        specifier: match kernel_line {
            Some((_, line)) => interrupt::Specifier::Line(line),
            None => interrupt::specifier(&of_node)?,
        },
        node: paths.dev.join(format!("uio{number}")),
        folder: folder.into(),
        paths: paths.clone(),
    }))
}

fn map(folder: &Path, index: usize) -> Result<UioMap> {
    Ok(UioMap {
        index,
        name: optional(&folder.join("name"))?.unwrap_or_default(),
        raw_address: hexadecimal(&folder.join("addr"))?,
        raw_size: hexadecimal(&folder.join("size"))?,
        // Kernels before 2.6.37 have none, and no use for it.
        raw_offset: if folder.join("offset").exists() { hexadecimal(&folder.join("offset"))? } else { 0 },
        page: page(),
    })
}

/// The count is kept as a signed number and, by the kernel's version, shown as one.
fn events(path: &Path) -> Result<u32> {
    let found = text(path).map_err(|error| Error::file("read", path, error))?;
    let number = found.parse::<u32>().ok().or_else(|| found.parse::<i32>().ok().map(|count| count as u32));
    number.ok_or_else(|| Error::FileContent { path: path.into(), found, wanted: "a count of 32 bits" })
}

fn hexadecimal(path: &Path) -> Result<u64> {
    let found = text(path).map_err(|error| Error::file("read", path, error))?;
    let digits = found.strip_prefix("0x").or_else(|| found.strip_prefix("0X"));
    let digits = digits.filter(|digits| digits.chars().all(|digit| digit.is_ascii_hexdigit()));
    let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    number.ok_or_else(|| Error::FileContent { path: path.into(), found, wanted: "a hexadecimal number after 0x" })
}

fn optional(path: &Path) -> Result<Option<String>> {
    match text(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if gone(&error) => Ok(None),
        Err(error) => Err(Error::file("read", path, error)),
    }
}

fn text(path: &Path) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&fs::read(path)?).trim().to_owned())
}

/// The numbers of a folder's entries of the form `prefix` and number, sorted; nothing if there is no such folder.
fn numbered(folder: &Path, prefix: &str) -> Result<Option<Vec<u32>>> {
    let failed = |error| Error::file("list", folder, error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if gone(&error) => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut numbers = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(prefix));
        numbers.extend(number.and_then(|number| number.parse::<u32>().ok()));
    }
    numbers.sort_unstable();
    Ok(Some(numbers))
}
