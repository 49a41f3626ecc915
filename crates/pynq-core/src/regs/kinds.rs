//! Access kinds: what a register's hardware does with a read and a write, as types.
//!
//! A kind grants operations by the `Can*` traits, on which the methods of [`Register`](super::Register) are
//! conditional. The traits are sealed: the set of operations is the hardware's.

use core::marker::PhantomData;

use super::{Access, ReadAccess, RegisterValue, WriteAccess};

mod sealed {
    pub trait Sealed {}
}

/// What may be done with a register, and what it holds.
pub trait AccessKind: sealed::Sealed {
    /// What the register holds.
    type Value: RegisterValue;

    /// The kind as a value, for tools.
    const ACCESS: Access;
}

/// A read returns the register's value and changes nothing.
#[diagnostic::on_unimplemented(
    message = "a read of this register returns nothing or changes it: its access kind is `{Self}`",
    label = "no `read`",
    note = "a register whose read changes it (`Cor`) has `take`; a `Wo` register cannot be read: keep what was written"
)]
pub trait CanRead: AccessKind {}

/// A read changes the register, or takes from the FIFO behind it.
#[diagnostic::on_unimplemented(
    message = "a read of this register changes nothing: its access kind is `{Self}`",
    label = "no `take`",
    note = "use `read`"
)]
pub trait CanTake: AccessKind {}

/// A write stores its value, or hands it to hardware.
#[diagnostic::on_unimplemented(
    message = "this register does not store what is written: its access kind is `{Self}`",
    label = "no `write`",
    note = "written ones clear in `W1c` and `WoClear`: use `clear`",
    note = "they set in `W1s` and `WoSet`: use `set`; they invert in `Toggle`: use `toggle`; `Ro` has no write"
)]
pub trait CanWrite: AccessKind {}

/// Reading, changing and writing back is right so long as no other program does so at the same time.
#[diagnostic::on_unimplemented(
    message = "this register must not be read, changed and written back: its access kind is `{Self}`",
    label = "no `modify`",
    note = "in `W1c`, writing back what was read clears every event that is pending: use `clear(BITS)`",
    note = "`W1s` has `set(BITS)`, `Toggle` has `toggle(BITS)`",
    note = "hardware changes an `Rwh` register between the read and the write: use `write` with the whole value"
)]
pub trait CanModify: CanRead + CanWrite {
    /// Bits to be written as zero in order to be left alone.
    const LEAVE_BY_ZERO: u32 = 0;
}

/// A write clears the bits that are one, and leaves the others.
pub trait CanClear: AccessKind {}

/// A write sets the bits that are one, and leaves the others.
#[diagnostic::on_unimplemented(
    message = "written ones do not set this register: its access kind is `{Self}`",
    label = "no `set`",
    note = "use `write` or `exclusive().register().modify(|value| value | BITS)` where the register holds what was written"
)]
pub trait CanSet: AccessKind {}

/// A write inverts the bits that are one, and leaves the others.
#[diagnostic::on_unimplemented(
    message = "written ones do not invert this register: its access kind is `{Self}`",
    label = "no `toggle`",
    note = "use `write` or `exclusive().register().modify(|value| value ^ BITS)` where the register holds what was written"
)]
pub trait CanToggle: AccessKind {}

/// Defines kinds: documentation, name, effect of a read and of a write, operations.
macro_rules! kinds {
    ($($(#[$meta:meta])* $name:ident: $read:ident, $write:ident => $($can:ident),*;)*) => {
        $(
            $(#[$meta])*
            #[derive(Debug)]
            pub struct $name<T>(PhantomData<T>);

            impl<T: RegisterValue> sealed::Sealed for $name<T> {}

            impl<T: RegisterValue> AccessKind for $name<T> {
                type Value = T;
                const ACCESS: Access = Access::new(ReadAccess::$read, WriteAccess::$write);
            }

            $(impl<T: RegisterValue> $can for $name<T> {})*
        )*
    };
}

kinds! {
    /// Read only.
    Ro: Pure, None => CanRead;

    /// Read and write: holds what was written last, so that it may be read, changed and written back.
    Rw: Pure, Store => CanRead, CanWrite, CanModify;

    /// Read and write, and changed by hardware: a read is not what was written last, so writing it back would be wrong.
    Rwh: Pure, Store => CanRead, CanWrite;

    /// Write only. What a read gives means nothing.
    Wo: None, Store => CanWrite;

    /// Write one to clear: interrupt status. Bits that hardware alone changes may stand beside those that are cleared.
    W1c: Pure, OneToClear => CanRead, CanClear;

    /// Write one to set.
    W1s: Pure, OneToSet => CanRead, CanSet;

    /// Write one to toggle: clearing a status bit that is already clear *sets* it. Toggle only bits that were read as
    /// one, and by one party.
    Toggle: Pure, OneToToggle => CanRead, CanToggle;

    /// Changed by its read: a status that is cleared, or a FIFO that gives up its first entry.
    Cor: Destructive, None => CanTake;

    /// Read and write, where the read clears part of it.
    RwCor: Destructive, Store => CanTake, CanWrite;

    /// A write-only strobe that clears bits of another register.
    WoClear: None, OneToClear => CanClear;

    /// A write-only strobe that sets bits of another register.
    WoSet: None, OneToSet => CanSet;
}

/// Read and write, except that the bits of `MASK` are status bits which a one clears.
///
/// Writing back what was read would clear the status, so `modify` writes those bits as zero, and clearing them means
/// writing back the rest: both are on the [exclusive](super::RegisterBlock::exclusive) view only. A plain `write`
/// clears the bits of `MASK` that are one in it.
#[derive(Debug)]
pub struct RwW1c<T, const MASK: u32>(PhantomData<T>);

impl<T: RegisterValue, const MASK: u32> sealed::Sealed for RwW1c<T, MASK> {}

impl<T: RegisterValue, const MASK: u32> AccessKind for RwW1c<T, MASK> {
    type Value = T;
    const ACCESS: Access = Access::new(ReadAccess::Pure, WriteAccess::Mixed { one_to_clear: MASK });
}

impl<T: RegisterValue, const MASK: u32> CanRead for RwW1c<T, MASK> {}

impl<T: RegisterValue, const MASK: u32> CanWrite for RwW1c<T, MASK> {}

impl<T: RegisterValue, const MASK: u32> CanModify for RwW1c<T, MASK> {
    const LEAVE_BY_ZERO: u32 = MASK;
}
