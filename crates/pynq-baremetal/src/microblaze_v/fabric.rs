//! The logic around the processor, as a [`Platform`] for designs that are known at compile time.

use pynq_core::{
    Volatile,
    design::{Block, LineKind, Platform},
};

use super::{Error, ExternalInterrupt};
use crate::window;

/// The number of the external interrupt, as the RISC-V privileged architecture counts (`mcause`, `mie`).
const MACHINE_EXTERNAL: u32 = 11;

/// The logic around the processor: windows at the addresses that a design has for its blocks, and the processor's
/// external interrupt.
#[derive(Debug)]
pub struct Fabric {
    /// Made by [`new`](Self::new) alone.
    promised: (),
}

impl Fabric {
    /// Makes the platform, on the caller's promise about the design.
    ///
    /// # Safety
    ///
    /// The designs whose blocks are used are the one that the processor is in: there are registers at the addresses
    /// of their blocks, as device memory or uncached, and no block that is driven without care changes memory that Rust
    /// code holds references to.
    #[must_use]
    pub const unsafe fn new() -> Self {
        Self { promised: () }
    }
}

impl Platform for Fabric {
    type Window = Volatile;
    type Root = ExternalInterrupt;
    type Error = Error;

    fn window<B: Block>(&self, block: B) -> Result<Volatile, Error> {
        let _ = block;
        if B::IS_MEMORY {
            return Err(Error::Memory { block: B::PATH });
        }
        let (Ok(address), Ok(size)) = (usize::try_from(B::BASE), usize::try_from(B::SIZE)) else {
            return Err(Error::OutOfReach { block: B::PATH, address: B::BASE });
        };
        let Self { promised: () } = self;
        // SAFETY: the promise of `new`.
        Ok(unsafe { window(address, size) }?)
    }

    fn root(&self, number: u32, _: LineKind) -> Result<ExternalInterrupt, Error> {
        if number == MACHINE_EXTERNAL { ExternalInterrupt::claim() } else { Err(Error::NoSuchInterrupt { number }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pynq_core::Mmio;
    use std::string::ToString;

    #[derive(Clone, Copy, Debug)]
    struct At<const BASE: u64, const IS_MEMORY: bool = false>;

    impl<const BASE: u64, const IS_MEMORY: bool> Block for At<BASE, IS_MEMORY> {
        const PATH: &'static str = "block";
        const VLNV: &'static str = "xilinx.com:ip:axi_timer:2.0";
        const BASE: u64 = BASE;
        const SIZE: u64 = 0x1000;
        const IS_MEMORY: bool = IS_MEMORY;
    }

    #[test]
    fn blocks_are_where_the_design_has_them() {
        // SAFETY: only the windows' sizes are read; they are not accessed.
        let fabric = unsafe { Fabric::new() };
        assert_eq!(fabric.window(At::<0x41C0_0000>).unwrap().size(), 0x1000);
        let memory = fabric.window(At::<0x8000_0000, true>).unwrap_err();
        assert_eq!(memory, Error::Memory { block: "block" });
        let unaligned = fabric.window(At::<0x41C0_0002>).unwrap_err();
        assert!(unaligned.to_string().contains("0x41c00002"), "{unaligned}");
        assert_eq!(fabric.root(7, LineKind::Level).unwrap_err(), Error::NoSuchInterrupt { number: 7 });
    }

    #[test]
    #[cfg(target_pointer_width = "32")]
    fn addresses_beyond_the_processor_s_are_refused() {
        // SAFETY: no window comes of it.
        let fabric = unsafe { Fabric::new() };
        let error = fabric.window(At::<0x1_0000_0000>).unwrap_err();
        assert_eq!(error, Error::OutOfReach { block: "block", address: 0x1_0000_0000 });
    }
}
