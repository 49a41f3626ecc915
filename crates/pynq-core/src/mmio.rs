//! Access to memory-mapped registers.
//!
//! An AXI4-Lite register is a 32-bit word at a word-aligned offset in its block's address range, so that is what
//! [`Mmio`] offers and no more. The trait is the only thing a register map, a driver or the interrupt engine knows
//! of a backend: the same driver runs over a UIO mapping, over a fixed address on bare metal and over the simulator.

/// A window onto a block's registers.
///
/// Accesses are made on `&self`: a register is shared with the hardware anyway, and the window adds no state of its
/// own. They are infallible, as a load or a store is; a bus fault is the backend's to report.
///
/// # Safety
///
/// [`size`](Mmio::size) must not promise more than the window holds, for as long as the window lives: every 32-bit
/// access at a multiple of four below `size` must be sound. Register maps rely on it.
pub unsafe trait Mmio {
    /// Bytes in the window.
    fn size(&self) -> usize;

    /// Reads the 32-bit register at byte `offset`.
    ///
    /// # Safety
    ///
    /// `offset` is a multiple of four and `offset + 4 <= self.size()`.
    unsafe fn read32(&self, offset: usize) -> u32;

    /// Writes the 32-bit register at byte `offset`.
    ///
    /// # Safety
    ///
    /// `offset` is a multiple of four and `offset + 4 <= self.size()`.
    unsafe fn write32(&self, offset: usize, value: u32);
}
