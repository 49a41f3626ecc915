//! The UIO devices of a system, as `/sys/class/uio` shows them.
//!
//! Numbers are given in the order in which drivers find their devices, and again after an overlay was reloaded. So a
//! device is found by what it is: its name, the addresses of its registers, its interrupt.
#![forbid(unsafe_code)]

mod controllers;
mod interrupt;
mod read;

use std::{
    fmt,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use pynq_hwh::IpBlock;
use rustix::fs::{Mode, OFlags};

pub use controllers::KernelController;
use interrupt::Specifier;
pub use interrupt::{UioInterrupt, UioIrq};

use crate::{Claim, Error, Interrupts, Mapping, Result, SystemPaths, Window, page_size};

/// A range of registers, or of memory, of a UIO device.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UioMap {
    /// Which of the device's maps it is.
    pub index: usize,
    /// Its name, which may be empty.
    pub name: String,
    /// The physical address as the kernel shows it. Kernels that show the start of the page have the rest in `offset`.
    pub raw_address: u64,
    /// The size as the kernel shows it, in bytes. Some kernels show whole pages.
    pub raw_size: u64,
    /// Where in the first page it starts, as the kernel shows it.
    pub raw_offset: u64,
    page: u64,
}

impl UioMap {
    /// The physical address of the first byte.
    #[must_use]
    pub fn address(&self) -> u64 {
        (self.raw_address - self.raw_address % self.page).saturating_add(self.in_page())
    }

    /// Bytes from [`address`](Self::address) on. More than the block has, where the kernel shows whole pages.
    #[must_use]
    pub fn size(&self) -> u64 {
        if self.is_aligned() { self.raw_size.saturating_sub(self.raw_offset) } else { self.raw_size }
    }

    /// Whether these addresses are all inside.
    #[must_use]
    pub fn covers(&self, address: u64, size: u64) -> bool {
        address >= self.address() && (address - self.address()).checked_add(size).is_some_and(|end| end <= self.size())
    }

    /// Where in its first page it starts. A kernel that shows an address inside a page has no use for its `offset`.
    fn in_page(&self) -> u64 {
        if self.is_aligned() { self.raw_offset } else { self.raw_address % self.page }
    }

    fn is_aligned(&self) -> bool {
        self.raw_address % self.page == 0
    }
}

/// A UIO device.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UioDevice {
    /// The number of `/dev/uioN`, which holds until the device is unbound.
    pub number: u32,
    /// Its name, by the device tree or the driver. Several devices may have the same.
    pub name: String,
    /// The driver's version; `devicetree` for a node of the device tree.
    pub version: String,
    /// Interrupts since the driver was bound, modulo 2^32.
    pub events: u32,
    /// Its ranges of addresses.
    pub maps: Vec<UioMap>,
    /// Its interrupt, as far as the system shows it.
    pub interrupt: UioInterrupt,
    /// Where it hangs on a line of an AXI interrupt controller that the kernel has: the address of that, and the line.
    pub kernel_line: Option<(u64, u32)>,
    specifier: Specifier,
    node: PathBuf,
    folder: PathBuf,
    paths: SystemPaths,
}

impl UioDevice {
    /// Its device file, `/dev/uioN`.
    #[must_use]
    pub fn node(&self) -> &Path {
        &self.node
    }

    /// Its folder in sysfs, `/sys/class/uio/uioN`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The map that covers these addresses.
    #[must_use]
    pub fn map_of(&self, address: u64, size: u64) -> Option<&UioMap> {
        self.maps.iter().find(|map| map.covers(address, size))
    }

    /// Opens the device for its interrupts, without blocking, and claims it. The claim lasts as long as the
    /// descriptor, or a copy of it, is open.
    ///
    /// Interrupts that came before are not reported to this descriptor, and the device's interrupt may be masked
    /// because of one: write a 1 before the first wait.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] if somebody else has claimed it, [`Error::File`] if it can't be opened, [`Error::Replaced`] if the
    /// number belongs to another device by now.
    pub fn open(&self) -> Result<OwnedFd> {
        let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = rustix::fs::open(&self.node, flags, Mode::empty())
            .map_err(|errno| Error::file("open", &self.node, errno))?;
        Claim::lock(&file, &self.node, &self.paths)?;
        self.is_still_there()?;
        Ok(file)
    }

    /// Maps one of its maps, whole, and opens `size` bytes at the physical `address` of it. Claims nothing.
    ///
    /// # Errors
    ///
    /// [`Error::NotCovered`] if no map covers these addresses, [`Error::Unaligned`], and what [`Mapping::open`] has.
    pub fn window(&self, address: u64, size: usize) -> Result<Window> {
        let not_covered = || Error::NotCovered { address, size, device: self.to_string() };
        let map = self.map_of(address, size as u64).ok_or_else(not_covered)?;
        let into = usize::try_from(map.in_page() + (address - map.address())).map_err(|_| not_covered())?;
        let length = usize::try_from(map.in_page().saturating_add(map.size())).map_err(|_| not_covered())?;
        let mapping = Mapping::open_uio(&self.node, map.index, length)?;
        self.is_still_there()?;
        Window::new(mapping.into(), into, size, address)
    }

    /// Numbers are used again. The device that was found is not the one behind the file if its name is another.
    fn is_still_there(&self) -> Result<()> {
        let found = read::name(&self.folder).ok().flatten();
        if found.as_deref() == Some(&*self.name) {
            return Ok(());
        }
        Err(Error::Replaced { path: self.node.clone(), requested: self.name.clone(), found })
    }
}

impl fmt::Display for UioDevice {
    /// As in `uio0 "fabric" at 0x40000000 (interrupt 61)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "uio{} \"{}\"", self.number, self.name)?;
        for (index, map) in self.maps.iter().enumerate() {
            write!(f, "{}{:#x}", if index == 0 { " at " } else { ", " }, map.address())?;
        }
        write!(f, " ({})", self.interrupt)
    }
}

/// The UIO devices of a system, and its interrupts, as they were at one time.
#[derive(Clone, Debug)]
pub struct UioDevices {
    devices: Vec<UioDevice>,
    controllers: Vec<KernelController>,
    interrupts: Interrupts,
    folder: PathBuf,
    present: bool,
}

impl UioDevices {
    /// Looks for the devices of this system. A kernel without UIO has none.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if a file can't be read, [`Error::FileContent`] if one holds no number where there should be one.
    /// Devices that vanish while they are looked at are left out.
    pub fn find(paths: &SystemPaths) -> Result<Self> {
        let interrupts = Interrupts::read(paths)?;
        let folder = paths.sys.join("class/uio");
        let controllers = controllers::find(paths);
        let found = read::devices(paths, &folder, &controllers)?;
        let present = found.is_some();
        let mut devices = found.unwrap_or_default();
        interrupt::pair(&mut devices, &interrupts);
        Ok(Self { devices, controllers, interrupts, folder, present })
    }

    /// All of them, by number.
    #[must_use]
    pub fn devices(&self) -> &[UioDevice] {
        &self.devices
    }

    /// The system's interrupts, UIO's or not.
    #[must_use]
    pub fn interrupts(&self) -> &Interrupts {
        &self.interrupts
    }

    /// The device of this name.
    ///
    /// # Errors
    ///
    /// [`Error::NoDevice`] if there is none, [`Error::AmbiguousDevice`] if there are several.
    pub fn by_name(&self, name: &str) -> Result<&UioDevice> {
        self.only(format!("named \"{name}\""), |device| device.name == name)
    }

    /// The device with this physical address in one of its maps; if several have it, the one whose map starts there.
    ///
    /// # Errors
    ///
    /// [`Error::NoDevice`] if there is none, [`Error::AmbiguousDevice`] if several share these registers.
    pub fn by_address(&self, address: u64) -> Result<&UioDevice> {
        let requested = format!("for address {address:#x}");
        let starts = |device: &UioDevice| device.maps.iter().any(|map| map.address() == address);
        if self.devices.iter().any(starts) {
            return self.only(requested, starts);
        }
        self.only(requested, |device| device.map_of(address, 1).is_some())
    }

    /// The device with this interrupt, by its number in the GIC: on a Zynq-7000, 61 is the first from the logic.
    ///
    /// # Errors
    ///
    /// [`Error::NoDevice`] if there is none, [`Error::AmbiguousInterrupt`] if the system does not show which of several
    /// of the same name it is.
    pub fn by_irq(&self, irq: u32) -> Result<&UioDevice> {
        let gic = self.interrupts.rows().iter().any(crate::InterruptRow::is_gic);
        let requested = format!("for interrupt {irq}");
        let found = self.devices.iter().filter(|device| device.interrupt.is(irq, gic)).collect::<Vec<_>>();
        if let [device] = *found {
            return Ok(device);
        }
        if found.is_empty() {
            let possible = self.devices.iter().filter(|device| device.interrupt.may_be(irq, gic));
            let candidates = possible.map(ToString::to_string).collect::<Vec<_>>();
            if !candidates.is_empty() {
                return Err(Error::AmbiguousInterrupt { requested: format!("interrupt {irq}"), candidates });
            }
        }
        self.only(requested, |device| device.interrupt.is(irq, gic)).map_err(|error| self.held(error, irq))
    }

    /// The AXI interrupt controllers that the kernel's own driver has, by address. Their lines are interrupts of the
    /// kernel, and nobody else may write to their registers.
    #[must_use]
    pub fn kernel_controllers(&self) -> &[KernelController] {
        &self.controllers
    }

    /// The one of them with its registers at this physical address.
    #[must_use]
    pub fn kernel_controller(&self, address: u64) -> Option<&KernelController> {
        self.controllers.iter().find(|controller| controller.address == address)
    }

    /// The device on a line of an AXI interrupt controller that the kernel has, by the address of its registers.
    ///
    /// # Errors
    ///
    /// [`Error::NoDevice`] if there is none, [`Error::AmbiguousDevice`] if there are several.
    pub fn by_kernel_line(&self, address: u64, line: u32) -> Result<&UioDevice> {
        let requested =
            format!("on line {line} of the interrupt controller at {address:#x}, which the kernel's own driver has");
        self.only(requested, |device| device.kernel_line == Some((address, line)))
    }

    /// The device whose registers are used for a block, and how many bytes of the block it has: all, or as many as the
    /// block's registers need. A device tree often gives a page to a block that Vivado gave 64 KiB.
    #[must_use]
    pub fn covering(&self, block: &IpBlock) -> Option<(&UioDevice, u64)> {
        let whole = self.devices.iter().find(|device| device.map_of(block.base, block.size).is_some());
        if let Some(device) = whole {
            return Some((device, block.size));
        }
        let needed = needed(block);
        let has = |device: &UioDevice| {
            let map = device.map_of(block.base, needed)?;
            Some(map.size() - (block.base - map.address()))
        };
        self.devices.iter().find_map(|device| Some((device, has(device)?.min(block.size))))
    }

    fn only(&self, requested: String, wanted: impl Fn(&UioDevice) -> bool) -> Result<&UioDevice> {
        let found = self.devices.iter().filter(|device| wanted(device)).collect::<Vec<_>>();
        match *found {
            [device] => Ok(device),
            [] => Err(Error::NoDevice {
                requested,
                found: self.devices.iter().map(ToString::to_string).collect(),
                missing_class: (!self.present).then(|| self.folder.clone()),
                held_by: Vec::new(),
            }),
            _ => Err(Error::AmbiguousDevice { requested, found: found.into_iter().map(ToString::to_string).collect() }),
        }
    }

    /// Adds the handlers that the interrupt has to the error of a search that found no device.
    fn held(&self, mut error: Error, irq: u32) -> Error {
        if let Error::NoDevice { held_by, .. } = &mut error {
            if let Ok(Some(row)) = self.interrupts.by_hwirq(irq) {
                held_by.clone_from(&row.actions);
            }
        }
        error
    }
}

/// The bytes of a block that its registers take, by the handoff file; the first page where that has none. Memory is
/// needed whole.
fn needed(block: &IpBlock) -> u64 {
    let ends = block.registers.iter().map(|register| register.offset.saturating_add(4));
    match ends.max() {
        _ if block.memory => block.size,
        Some(end) => end.min(block.size),
        None => block.size.min(page()),
    }
}

/// Bytes in a page, as addresses count them.
fn page() -> u64 {
    page_size() as u64
}
