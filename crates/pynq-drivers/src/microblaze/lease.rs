//! Who uses which part of the mailbox's memory: one owner each, of one run of a program.

use core::fmt;

use pynq_core::interrupt::NodeHandle;

use super::{MicroblazeError, MicroblazeHardware, Result};

/// The mailbox of commands, which is all of the memory that the rings are in.
pub(super) const ALL: u8 = 0x80;

/// A part of the mailbox's memory, until this is dropped.
pub(super) struct Lease {
    node: NodeHandle<MicroblazeHardware>,
    run: u32,
    part: u8,
}

impl Lease {
    /// `part` is [`ALL`], or the bit of a ring.
    pub(super) fn new(node: &NodeHandle<MicroblazeHardware>, part: u8) -> Result<Self> {
        let run = node.access(|hardware| {
            hardware.expect_running()?;
            let hindered = if part == ALL { hardware.leased != 0 } else { hardware.leased & (ALL | part) != 0 };
            if hindered {
                return Err(MicroblazeError::MailboxInUse);
            }
            hardware.leased |= part;
            Ok(hardware.run)
        })?;
        Ok(Self { node: node.clone(), run, part })
    }

    pub(super) const fn node(&self) -> &NodeHandle<MicroblazeHardware> {
        &self.node
    }

    /// An access while the program runs that this is for.
    pub(super) fn access<R>(
        &self,
        f: impl FnOnce(&MicroblazeHardware) -> core::result::Result<R, MicroblazeError>,
    ) -> Result<R> {
        self.node.access(|hardware| {
            hardware.expect_running()?;
            if hardware.run != self.run {
                return Err(MicroblazeError::NotRunning { state: hardware.state() });
            }
            f(hardware)
        })
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let _ = self.node.with_hardware(|hardware| hardware.leased &= !self.part);
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("name", &self.node.name()).finish_non_exhaustive()
    }
}
