//! What a buffer is needed for.

use super::DmaError;

/// Which way the data goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The device reads.
    ToDevice,
    /// The device writes.
    FromDevice,
    /// The device does both.
    Bidirectional,
}

impl Direction {
    /// Whether the device reads.
    #[must_use]
    pub const fn device_reads(self) -> bool {
        matches!(self, Self::ToDevice | Self::Bidirectional)
    }

    /// Whether the device writes.
    #[must_use]
    pub const fn device_writes(self) -> bool {
        matches!(self, Self::FromDevice | Self::Bidirectional)
    }
}

/// How many address bits a bus master has, from 1 to 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressWidth(u8);

impl AddressWidth {
    /// 32 bits, which most blocks are built with.
    pub const BITS_32: Self = Self(32);
    /// 64 bits: any address.
    pub const BITS_64: Self = Self(64);

    /// A width in bits, as a block's `C_M_AXI_MM2S_ADDR_WIDTH`, `C_ADDR_WIDTH` and the like have it. `None` outside 1 to 64.
    #[must_use]
    pub const fn new(bits: u8) -> Option<Self> {
        if bits >= 1 && bits <= 64 { Some(Self(bits)) } else { None }
    }

    /// The width in bits.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The highest address.
    #[must_use]
    pub const fn last_address(self) -> u64 {
        u64::MAX >> (64 - self.0)
    }

    /// Whether all `size` bytes at `address` can be addressed.
    #[must_use]
    pub const fn reaches(self, address: u64, size: usize) -> bool {
        let beyond_first = (size as u64).saturating_sub(1);
        address <= self.last_address() && beyond_first <= self.last_address() - address
    }
}

/// What a buffer is needed for: its size, and where it may lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DmaRequest {
    size: usize,
    alignment: usize,
    width: AddressWidth,
}

impl DmaRequest {
    /// `size` bytes below 4 GiB, at any address that suits the cache.
    #[must_use]
    pub const fn new(size: usize) -> Self {
        Self { size, alignment: 1, width: AddressWidth::BITS_32 }
    }

    /// Where the bus master can reach.
    #[must_use]
    pub const fn address_width(self, width: AddressWidth) -> Self {
        Self { width, ..self }
    }

    /// A physical address that is a multiple of this power of two: 64 for the descriptors of an AXI DMA.
    #[must_use]
    pub const fn alignment(self, alignment: usize) -> Self {
        Self { alignment, ..self }
    }

    /// How many bytes.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// What the address is a multiple of.
    #[must_use]
    pub const fn required_alignment(&self) -> usize {
        self.alignment
    }

    /// What the bus master can address.
    #[must_use]
    pub const fn required_width(&self) -> AddressWidth {
        self.width
    }

    /// Checks that such a buffer can be requested at all.
    ///
    /// # Errors
    ///
    /// [`DmaError::Empty`], [`DmaError::NotAPowerOfTwo`].
    pub const fn validate(&self) -> Result<(), DmaError> {
        if self.size == 0 {
            return Err(DmaError::Empty);
        }
        if !self.alignment.is_power_of_two() {
            return Err(DmaError::NotAPowerOfTwo { alignment: self.alignment });
        }
        Ok(())
    }

    /// Whether memory at this address will do.
    ///
    /// # Errors
    ///
    /// [`DmaError::Unreachable`], [`DmaError::Misplaced`].
    pub const fn check_address(&self, address: u64) -> Result<(), DmaError> {
        if !self.width.reaches(address, self.size) {
            return Err(DmaError::Unreachable { address, size: self.size, bits: self.width.bits() });
        }
        if address % self.alignment as u64 != 0 {
            return Err(DmaError::Misplaced { address, alignment: self.alignment });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths() {
        assert_eq!((AddressWidth::new(0), AddressWidth::new(65)), (None, None));
        let width = |bits| AddressWidth::new(bits).unwrap();
        assert_eq!(width(32), AddressWidth::BITS_32);
        assert_eq!((width(1).last_address(), width(32).last_address()), (1, 0xFFFF_FFFF));
        assert_eq!((width(64).last_address(), width(40).bits()), (u64::MAX, 40));
        assert!(width(32).reaches(0xFFFF_F000, 0x1000));
        assert!(!width(32).reaches(0xFFFF_F000, 0x1001));
        assert!(!width(32).reaches(0x1_0000_0000, 1));
        assert!(width(64).reaches(u64::MAX, 1) && !width(64).reaches(u64::MAX, 2));
        assert!(width(32).reaches(0xFFFF_FFFF, 0));
    }

    #[test]
    fn requests() {
        let request = DmaRequest::new(0x100);
        assert_eq!(request.validate(), Ok(()));
        assert_eq!(request.check_address(0xFFFF_FF00), Ok(()));
        let beyond = DmaError::Unreachable { address: 0xFFFF_FF01, size: 0x100, bits: 32 };
        assert_eq!(request.check_address(0xFFFF_FF01), Err(beyond));
        assert_eq!(request.address_width(AddressWidth::BITS_64).check_address(0xFFFF_FF01), Ok(()));
        let aligned = request.alignment(64);
        assert_eq!(aligned.check_address(0x1020), Err(DmaError::Misplaced { address: 0x1020, alignment: 64 }));
        assert_eq!(aligned.check_address(0x1040), Ok(()));
        assert_eq!(DmaRequest::new(0).validate(), Err(DmaError::Empty));
        for alignment in [0, 3] {
            assert_eq!(request.alignment(alignment).validate(), Err(DmaError::NotAPowerOfTwo { alignment }));
        }
    }
}
