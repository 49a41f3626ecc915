//! Blocks that a driver of the kernel's own has.
//!
//! A device of the platform bus is called by the address of its registers: `41e00000.spi`. Its link `driver` leads to the
//! driver that has taken it. One that is lent to programs has UIO's driver, and a folder `uio` for its device.
#![forbid(unsafe_code)]

use std::{fs, path::PathBuf};

use crate::SystemPaths;

/// A device that a driver of the kernel has taken for its own use.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KernelDriver {
    /// The device, as the platform bus calls it: `41e00000.spi`.
    pub device: String,
    /// The driver: `xilinx_spi`.
    pub driver: String,
    /// The device's folder in sysfs.
    pub path: PathBuf,
}

impl KernelDriver {
    /// The driver that has the device whose registers are at a physical address; `None` if none has, or UIO's.
    #[must_use]
    pub fn at(paths: &SystemPaths, address: u64) -> Option<Self> {
        let folder = paths.sys.join("bus/platform/devices");
        fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
            let device = entry.file_name().to_string_lossy().into_owned();
            let (number, _) = device.split_once('.')?;
            if u64::from_str_radix(number, 16) != Ok(address) {
                return None;
            }
            let path = entry.path();
            if path.join("uio").exists() {
                return None;
            }
            let driver = fs::read_link(path.join("driver")).ok()?.file_name()?.to_string_lossy().into_owned();
            (driver != "uio_pdrv_genirq").then_some(Self { device, driver, path })
        })
    }
}
