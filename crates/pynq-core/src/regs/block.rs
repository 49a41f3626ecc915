//! Typed accesses: the one place where a register map touches its window.
//!
//! An access is sound if its offset is a multiple of four and ends within the window. [`RegisterBlock`] knows two
//! things from which that follows without a check at run time: its window has at least `SIZE` bytes, found out once
//! when it was made, and each offset it hands out is a constant, held against `SIZE` by the compiler. The map that the
//! macro generates is a list of calls of [`RegisterBlock::register`] and needs no unsafe code.

use core::{cell::Cell, fmt, marker::PhantomData};

use super::{AccessKind, CanClear, CanModify, CanRead, CanSet, CanTake, CanToggle, CanWrite, RegisterValue, RwW1c};
use crate::Mmio;

/// A window of at least `SIZE` bytes. What every register map is made of.
///
/// The window is never replaced and is not given out mutably, since what is known of its size is known of this one.
pub struct RegisterBlock<M, const SIZE: usize> {
    window: M,
}

impl<M: Mmio, const SIZE: usize> RegisterBlock<M, SIZE> {
    /// Lays the block over `window`; `map` is the name of the map, for the error.
    ///
    /// # Errors
    ///
    /// [`WindowTooSmall`] if the window has less than `SIZE` bytes.
    #[inline]
    pub fn new(map: &'static str, window: M) -> Result<Self, WindowTooSmall> {
        let found = window.size();
        if found < SIZE { Err(WindowTooSmall { map, needed: SIZE, found }) } else { Ok(Self { window }) }
    }

    /// The register of kind `K` at byte `OFFSET`. It does not compile for an offset that is not in the block.
    #[inline(always)]
    #[must_use]
    pub fn register<K: AccessKind, const OFFSET: usize>(&self) -> Register<'_, M, K> {
        const {
            assert!(OFFSET % 4 == 0, "a register's offset is not a multiple of 4");
            assert!(SIZE >= 4 && OFFSET <= SIZE - 4, "a register lies beyond the map's size");
        }
        Register { window: &self.window, offset: OFFSET, kind: PhantomData }
    }

    /// The `COUNT` registers of kind `K` that begin at byte `OFFSET` and are `STRIDE` bytes apart. It does not compile
    /// if one of them is not in the block.
    #[inline(always)]
    #[must_use]
    pub fn array<K: AccessKind, const OFFSET: usize, const COUNT: usize, const STRIDE: usize>(
        &self,
    ) -> RegisterArray<'_, M, K, COUNT, STRIDE> {
        const {
            assert!(OFFSET % 4 == 0 && STRIDE % 4 == 0, "a register's offset is not a multiple of 4");
            assert!(COUNT > 0 && SIZE >= 4, "an array of registers is empty");
            assert!(OFFSET + (COUNT - 1) * STRIDE <= SIZE - 4, "a register lies beyond the map's size");
        }
        RegisterArray { window: &self.window, offset: OFFSET, kind: PhantomData }
    }

    /// The block, for a party that has it to itself: the view on which `modify` is found.
    #[inline(always)]
    pub fn exclusive(&mut self) -> RegisterBlock<Exclusive<'_, M>, SIZE> {
        RegisterBlock { window: Exclusive { window: &self.window, whole: PhantomData } }
    }

    /// The window.
    #[inline(always)]
    pub const fn window(&self) -> &M {
        &self.window
    }

    /// Gives the window back.
    pub fn into_window(self) -> M {
        self.window
    }
}

impl<M: fmt::Debug, const SIZE: usize> fmt::Debug for RegisterBlock<M, SIZE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisterBlock").field("window", &self.window).finish()
    }
}

/// The window of a map that is borrowed by one party.
///
/// It may go to another thread but not be shared with one, so that what is read through it may be changed and written
/// back.
pub struct Exclusive<'w, M> {
    window: &'w M,
    whole: PhantomData<(&'w mut M, Cell<()>)>,
}

// SAFETY: size and accesses are those of the window, which is borrowed and so stays what it is.
unsafe impl<M: Mmio> Mmio for Exclusive<'_, M> {
    #[inline(always)]
    fn size(&self) -> usize {
        self.window.size()
    }

    #[inline(always)]
    unsafe fn read32(&self, offset: usize) -> u32 {
        // SAFETY: the caller keeps this very contract, and the sizes are the same.
        unsafe { self.window.read32(offset) }
    }

    #[inline(always)]
    unsafe fn write32(&self, offset: usize, value: u32) {
        // SAFETY: the caller keeps this very contract, and the sizes are the same.
        unsafe { self.window.write32(offset, value) }
    }
}

impl<M: fmt::Debug> fmt::Debug for Exclusive<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Exclusive").field(&self.window).finish()
    }
}

/// A register, with the operations that its kind `K` has.
///
/// It is made by an accessor of a register map and used at once: `map.ip_isr().read()`.
pub struct Register<'w, M, K> {
    window: &'w M,
    /// Invariant: a multiple of four, and four bytes from there are in the window.
    offset: usize,
    kind: PhantomData<fn() -> K>,
}

impl<M: Mmio, K: AccessKind> Register<'_, M, K> {
    #[inline(always)]
    fn get(self) -> u32 {
        // SAFETY: the offset is inside the window and aligned, by the invariant of the field.
        unsafe { self.window.read32(self.offset) }
    }

    #[inline(always)]
    fn put(self, bits: u32) {
        // SAFETY: the offset is inside the window and aligned, by the invariant of the field.
        unsafe { self.window.write32(self.offset, bits) }
    }

    /// Reads the register.
    #[inline(always)]
    pub fn read(self) -> K::Value
    where
        K: CanRead,
    {
        K::Value::from_register(self.get())
    }

    /// Reads the register, which changes it: what was read is no longer there.
    #[inline(always)]
    pub fn take(self) -> K::Value
    where
        K: CanTake,
    {
        K::Value::from_register(self.get())
    }

    /// Writes the register.
    #[inline(always)]
    pub fn write(self, value: K::Value)
    where
        K: CanWrite,
    {
        self.put(value.to_register());
    }

    /// Sets the bits that are one in `bits` and leaves the others.
    #[inline(always)]
    pub fn set(self, bits: K::Value)
    where
        K: CanSet,
    {
        self.put(bits.to_register());
    }

    /// Inverts the bits that are one in `bits` and leaves the others.
    #[inline(always)]
    pub fn toggle(self, bits: K::Value)
    where
        K: CanToggle,
    {
        self.put(bits.to_register());
    }
}

impl<M: Mmio, K: CanClear> Register<'_, M, K> {
    /// Clears the bits that are one in `bits` and leaves the others.
    #[inline(always)]
    pub fn clear(self, bits: K::Value) {
        self.put(bits.to_register());
    }
}

impl<M: Mmio, K: AccessKind> Register<'_, Exclusive<'_, M>, K> {
    /// Reads the register, changes the value by `change` and writes it back.
    ///
    /// Bits without a name are written back as they were read. To keep it so, remove flags by `value - FLAG`:
    /// `value & !FLAG` also removes what has no name.
    ///
    /// ```
    /// use pynq_core::{Mmio, regs::{Rw, W1c}};
    ///
    /// pynq_core::register_bits! {
    ///     struct Flags { const ENABLE = 1; const DONE = 1 << 4; }
    /// }
    /// pynq_core::register_map! {
    ///     struct Map, size 8 { 0 => control: Rw<Flags>, 4 => status: W1c<Flags> }
    /// }
    ///
    /// fn enable<M: Mmio>(map: &mut Map<M>) {
    ///     // The view is exclusive, so no other task of this program writes in between.
    ///     map.exclusive().control().modify(|value| value | Flags::ENABLE);
    ///     // In a status of which written ones clear, modify would clear every event that is pending.
    ///     map.status().clear(Flags::DONE);
    /// }
    /// ```
    #[inline(always)]
    pub fn modify(self, change: impl FnOnce(K::Value) -> K::Value)
    where
        K: CanModify,
    {
        let value = K::Value::from_register(self.get() & !K::LEAVE_BY_ZERO);
        self.put(change(value).to_register() & !K::LEAVE_BY_ZERO);
    }
}

impl<M: Mmio, T: RegisterValue, const MASK: u32> Register<'_, Exclusive<'_, M>, RwW1c<T, MASK>> {
    /// Clears those status bits that are one in `bits`, and leaves the rest of the register as it was read.
    #[inline(always)]
    pub fn clear(self, bits: T) {
        self.put(self.get() & !MASK | bits.to_register() & MASK);
    }
}

impl<M, K> Clone for Register<'_, M, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, K> Copy for Register<'_, M, K> {}

impl<M, K: AccessKind> fmt::Debug for Register<'_, M, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Register({:#x}, {})", self.offset, K::ACCESS)
    }
}

/// `COUNT` like registers, `STRIDE` bytes apart.
pub struct RegisterArray<'w, M, K, const COUNT: usize, const STRIDE: usize> {
    window: &'w M,
    /// Invariant: a multiple of four, as is `STRIDE`, and all `COUNT` registers from there are in the window.
    offset: usize,
    kind: PhantomData<fn() -> K>,
}

impl<'w, M: Mmio, K: AccessKind, const COUNT: usize, const STRIDE: usize> RegisterArray<'w, M, K, COUNT, STRIDE> {
    /// The register with number `index`, or nothing if there is none.
    #[inline(always)]
    pub fn get(self, index: usize) -> Option<Register<'w, M, K>> {
        (index < COUNT).then(|| Register {
            window: self.window,
            offset: self.offset + index * STRIDE,
            kind: PhantomData,
        })
    }

    /// The registers in order.
    pub fn iter(self) -> impl Iterator<Item = Register<'w, M, K>> {
        (0..COUNT).filter_map(move |index| self.get(index))
    }
}

impl<M, K, const COUNT: usize, const STRIDE: usize> Clone for RegisterArray<'_, M, K, COUNT, STRIDE> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, K, const COUNT: usize, const STRIDE: usize> Copy for RegisterArray<'_, M, K, COUNT, STRIDE> {}

impl<M, K: AccessKind, const COUNT: usize, const STRIDE: usize> fmt::Debug for RegisterArray<'_, M, K, COUNT, STRIDE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RegisterArray({:#x} + {STRIDE:#x} * 0..{COUNT}, {})", self.offset, K::ACCESS)
    }
}

/// A window is smaller than the register map that was to be laid over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct WindowTooSmall {
    /// Name of the map.
    pub map: &'static str,
    /// Bytes the map needs.
    pub needed: usize,
    /// Bytes the window has.
    pub found: usize,
}

impl fmt::Display for WindowTooSmall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { map, needed, found } = self;
        write!(
            f,
            "{map} needs a window of {needed:#x} bytes and this one has {found:#x}; map the block's whole address \
             range, and check that it is the block you think it is"
        )
    }
}

impl core::error::Error for WindowTooSmall {}
