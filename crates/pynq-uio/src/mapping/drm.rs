//! The calls of a DRM driver's buffer objects, and their arguments as the kernel lays them out.
//!
//! From XRT's `zynq_ioctl.h` and the kernel's `drm.h`. What these calls do is in the manual of the driver; what they
//! are trusted with here is that they read and write the argument that they are given, and nothing else of this process.

use std::os::fd::AsFd;

use rustix::{
    io::Errno,
    ioctl::{Opcode, Updater, ioctl, opcode},
};

/// The group of all calls of DRM.
const GROUP: u8 = b'd';
/// The first number that is a driver's own.
const DRIVER: u8 = 0x40;

/// Makes a buffer object.
#[repr(C)]
#[derive(Debug, Default)]
pub(crate) struct CreateBo {
    pub(crate) size: u64,
    pub(crate) handle: u32,
    pub(crate) flags: u32,
}

/// Returns at which offset of the file a buffer object is mapped.
#[repr(C)]
#[derive(Debug, Default)]
pub(crate) struct MapBo {
    pub(crate) handle: u32,
    pub(crate) pad: u32,
    pub(crate) offset: u64,
}

/// Returns where a buffer object lies.
#[repr(C)]
#[derive(Debug, Default)]
pub(crate) struct InfoBo {
    pub(crate) handle: u32,
    pub(crate) pad: u32,
    pub(crate) size: u64,
    pub(crate) physical_address: u64,
}

const CREATE: Opcode = opcode::read_write::<CreateBo>(GROUP, DRIVER);
const MAP: Opcode = opcode::read_write::<MapBo>(GROUP, DRIVER + 3);
const INFO: Opcode = opcode::read_write::<InfoBo>(GROUP, DRIVER + 5);

// The size is a part of a call's number, and the places of the fields are the kernel's.
const _: () = {
    use std::mem::offset_of;
    assert!(size_of::<CreateBo>() == 16 && offset_of!(CreateBo, handle) == 8 && offset_of!(CreateBo, flags) == 12);
    assert!(size_of::<MapBo>() == 16 && offset_of!(MapBo, offset) == 8);
    assert!(size_of::<InfoBo>() == 24 && offset_of!(InfoBo, size) == 8);
    assert!(offset_of!(InfoBo, physical_address) == 16);
};

// As on all the processors that a Zynq has; a few others put the direction elsewhere.
#[cfg(not(any(target_arch = "mips", target_arch = "mips64", target_arch = "powerpc", target_arch = "powerpc64")))]
const _: () = assert!(CREATE == 0xC010_6440 && MAP == 0xC010_6443 && INFO == 0xC018_6445);

/// Has the driver make a buffer object.
pub(crate) fn create(file: impl AsFd, argument: &mut CreateBo) -> Result<(), Errno> {
    // SAFETY: the number is of a call that takes a pointer to just this argument, of the size that it says.
    let call = unsafe { Updater::<CREATE, CreateBo>::new(argument) };
    // SAFETY: on a file that knows no such call, the kernel refuses it; on any other it is as the one above says.
    unsafe { ioctl(file, call) }
}

/// Gets where a buffer object is mapped.
pub(crate) fn map(file: impl AsFd, argument: &mut MapBo) -> Result<(), Errno> {
    // SAFETY: the number is of a call that takes a pointer to just this argument, of the size that it says.
    let call = unsafe { Updater::<MAP, MapBo>::new(argument) };
    // SAFETY: on a file that knows no such call, the kernel refuses it; on any other it is as the one above says.
    unsafe { ioctl(file, call) }
}

/// Gets where a buffer object lies.
pub(crate) fn info(file: impl AsFd, argument: &mut InfoBo) -> Result<(), Errno> {
    // SAFETY: the number is of a call that takes a pointer to just this argument, of the size that it says.
    let call = unsafe { Updater::<INFO, InfoBo>::new(argument) };
    // SAFETY: on a file that knows no such call, the kernel refuses it; on any other it is as the one above says.
    unsafe { ioctl(file, call) }
}
