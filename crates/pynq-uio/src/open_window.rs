//! Windows onto registers, by physical address.
//!
//! A design may give each block to UIO, or only the interrupt, as the image of a stock PYNQ board does. A block that
//! UIO has is mapped through UIO, which needs no more than access to that one file; any other through `/dev/mem`.
#![forbid(unsafe_code)]

use std::path::Path;

use pynq_hwh::IpBlock;

use crate::{Error, Mapping, Result, SystemPaths, UioDevices, Window, page_size};

/// Opens `size` bytes of registers at the physical `address`. Claims nothing: see [`Claim`](crate::Claim).
///
/// # Errors
///
/// [`Error::File`] if a device file can't be opened, [`Error::Map`] if the kernel refuses the range,
/// [`Error::Unaligned`] if `address` is no multiple of 4, and what [`UioDevices::find`] has.
pub fn open_window(paths: &SystemPaths, address: u64, size: usize) -> Result<Window> {
    open_window_of(&UioDevices::find(paths)?, paths, address, size)
}

/// Opens a window as [`open_window`] does, among devices that were found before: for callers that open many.
///
/// # Errors
///
/// As of [`open_window`].
pub fn open_window_of(devices: &UioDevices, paths: &SystemPaths, address: u64, size: usize) -> Result<Window> {
    if address % 4 != 0 {
        return Err(Error::Unaligned { address });
    }
    let mut covering = devices.devices().iter().filter(|device| device.map_of(address, size as u64).is_some());
    // Several may have these registers: counters that share a page. Any will do, and the first is the same each time.
    match covering.next() {
        Some(device) => device.window(address, size),
        None => open_physical(&paths.dev.join("mem"), address, size),
    }
}

/// Opens the registers of a block of a design. A UIO device's map is used if the block's registers are in it, also where
/// the block has more addresses than that: the window then ends where the map does. Claims nothing.
///
/// # Errors
///
/// As of [`open_window`].
pub fn open_block(devices: &UioDevices, paths: &SystemPaths, block: &IpBlock) -> Result<Window> {
    // What doesn't fit the processor's own addresses can't be mapped; the mapping returns the error.
    let bytes = |size: u64| usize::try_from(size).unwrap_or(usize::MAX);
    match devices.covering(block) {
        Some(_) if block.base % 4 != 0 => Err(Error::Unaligned { address: block.base }),
        Some((device, size)) => device.window(block.base, bytes(size)),
        None => open_window_of(devices, paths, block.base, bytes(block.size)),
    }
}

/// Maps physical addresses through `/dev/mem`.
fn open_physical(path: &Path, address: u64, size: usize) -> Result<Window> {
    let page = page_size();
    // Less than a page, so that it fits.
    let into = (address % page as u64) as usize;
    let length = size.checked_add(into).ok_or(Error::OutOfRange { offset: into, length: size, size: usize::MAX })?;
    let mapping = Mapping::open(path, address - into as u64, length)?;
    Window::new(mapping.into(), into, size, address)
}
