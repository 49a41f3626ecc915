//! The Linux backend of pynq: interrupts through `/dev/uioN`, register windows, the FPGA manager, DMA buffers.
//!
//! Linux only; on other systems this crate is empty.
#![cfg(target_os = "linux")]
#![deny(unsafe_code)] // see `mapping`, where all of it stands
#![cfg_attr(docsrs, feature(doc_cfg))]

mod error;
mod fpga;
mod kernel_files;
#[allow(unsafe_code)] // all of this crate's
mod mapping;
mod paths;

pub use error::Error;
pub use fpga::{FpgaManager, FpgaState, ProgramOptions};
pub use mapping::{Mapping, Memory, Window, page_size};
pub use paths::SystemPaths;

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
