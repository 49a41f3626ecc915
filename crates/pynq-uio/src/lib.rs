//! The Linux backend of pynq: interrupts through `/dev/uioN`, register windows, the FPGA manager, DMA buffers.
//!
//! Linux only; on other systems this crate is empty.
#![cfg(target_os = "linux")]
#![deny(unsafe_code)] // see `mapping`, where all of it stands
#![cfg_attr(docsrs, feature(doc_cfg))]

mod blocking;
mod claim;
mod clock;
mod descriptor;
mod device_tree;
mod devices;
mod dispatcher;
mod dma;
mod error;
mod fpga;
mod interrupts;
mod kernel_driver;
mod kernel_files;
#[allow(unsafe_code)] // all of this crate's
mod mapping;
mod open_window;
mod parker;
mod paths;
mod pl_clocks;
mod reactor;
mod root;
mod timers;

pub use claim::{Claim, LogicClaim};
pub use clock::{LinuxClock, Sleep};
pub use descriptor::Masking;
pub use device_tree::{DeviceTree, DeviceTreeOverlay, OverlayStatus};
pub use devices::{KernelController, UioDevice, UioDevices, UioInterrupt, UioIrq, UioMap};
pub use dispatcher::Dispatcher;
pub use dma::{DmaDevice, LinuxDmaBuffer, LinuxDmaMemory};
pub use error::Error;
pub use fpga::{FpgaManager, FpgaState, ProgramOptions};
pub use interrupts::{InterruptRow, Interrupts, Trigger};
pub use kernel_driver::KernelDriver;
pub use kernel_files::{KernelFiles, SystemFiles};
pub use mapping::{Mapping, Memory, Window, page_size};
pub use open_window::{open_block, open_window, open_window_of};
pub use paths::SystemPaths;
pub use pl_clocks::{Processor, open_pl_clocks};
pub use reactor::{BoxedSleep, FirstOf, NoReactor, Reactor, Registration, WatchError};
pub use root::{UioCounts, UioInterrupts, UioRoot, mask};

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
