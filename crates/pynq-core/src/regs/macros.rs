//! The macros by which maps and their values are declared.
//!
//! They work in any crate that depends on this one: what they need is reached by `$crate`, and what they generate
//! contains no unsafe code.

/// Declares a block's register map as its data sheet has it: offset, name, access kind and value, documentation.
///
/// ```
/// use pynq_core::regs::{Ro, Rw};
///
/// pynq_core::register_map! {
///     /// A mixer of 16 channels.
///     pub struct MixerRegisters, size 0x100 {
///         /// Version of the core.
///         0x00 => version: Ro<u32>,
///         /// Gain of each channel, at 0x40 + 8n.
///         0x40 [16; step 8] => gain: Rw<u16>,
///     }
/// }
///
/// fn mute<M: pynq_core::Mmio>(mixer: &MixerRegisters<M>) {
///     for gain in mixer.gain().iter() {
///         gain.write(0);
///     }
/// }
/// ```
///
/// The result is a structure over any window, with an accessor for each register:
///
/// * `new(window)` lays it over a window, an owned one or a `&T` or `Arc<T>`, and is an error if that is smaller than
///   `size`. This is the only check: an access compiles to the load or store alone.
/// * `version()` gives a [`Register`](crate::regs::Register), `gain()` a [`RegisterArray`](crate::regs::RegisterArray)
///   with `get(index)` and `iter()`. What can be done with a register depends on its [kind](crate::regs).
/// * `exclusive()`, on `&mut self`, gives the same map with `modify` on it.
/// * `REGISTERS`, `SIZE` and the trait [`RegisterMap`](crate::regs::RegisterMap) describe the map to tools.
/// * `Debug` prints the registers as they are now, decoded. Registers that can't be read without changing them are
///   left out.
///
/// A map with an offset that is unaligned, out of range or taken does not compile:
///
/// ```compile_fail,E0080
/// # use pynq_core::regs::Rw;
/// pynq_core::register_map! {
///     /// Twice the same place.
///     pub struct Bad, size 0x10 {
///         /// One.
///         0x04 => one: Rw<u32>,
///         /// Another.
///         0x04 => another: Rw<u32>,
///     }
/// }
/// ```
#[macro_export]
macro_rules! register_map {
    // One register, or an array of them, as an entry of the table ...
    (@info $name:ident, $offset:literal, $kind:ty) => {
        $crate::regs::RegisterInfo::of::<$kind>(stringify!($name), $offset)
    };
    (@info $name:ident, $offset:literal, $kind:ty, $count:literal, $step:literal) => {
        $crate::regs::RegisterInfo::array::<$kind>(stringify!($name), $offset, $count, $step)
    };

    // ... and as an accessor.
    (@accessor [$(#[$meta:meta])*] $vis:vis $name:ident, $offset:literal, $kind:ty) => {
        $(#[$meta])*
        #[inline(always)]
        #[must_use]
        $vis fn $name(&self) -> $crate::regs::Register<'_, Window, $kind> {
            self.block.register::<$kind, $offset>()
        }
    };
    (@accessor [$(#[$meta:meta])*] $vis:vis $name:ident, $offset:literal, $kind:ty, $count:literal, $step:literal) => {
        $(#[$meta])*
        #[inline(always)]
        #[must_use]
        $vis fn $name(&self) -> $crate::regs::RegisterArray<'_, Window, $kind, $count, $step> {
            self.block.array::<$kind, $offset, $count, $step>()
        }
    };

    (
        $(#[$map_meta:meta])*
        $vis:vis struct $map:ident, size $size:literal {
            $(
                $(#[$meta:meta])*
                $offset:literal $([$count:literal; step $step:literal])? => $name:ident: $kind:ty
            ),* $(,)?
        }
    ) => {
        $(#[$map_meta])*
        $vis struct $map<Window> {
            block: $crate::regs::RegisterBlock<Window, $size>,
        }

        const _: () = $crate::regs::check(<$map<()>>::SIZE, <$map<()>>::REGISTERS);

        // In an implementation for one window type, so that `Map::REGISTERS` needs no type argument.
        #[allow(dead_code)] // nobody uses all of a block
        impl $map<()> {
            /// Bytes a window must have, at least.
            $vis const SIZE: usize = $size;

            /// The registers, in the order of the map.
            $vis const REGISTERS: &'static [$crate::regs::RegisterInfo] = &[
                $($crate::register_map!(@info $name, $offset, $kind $(, $count, $step)?)),*
            ];
        }

        impl<Window> $crate::regs::RegisterMap for $map<Window> {
            const NAME: &'static str = stringify!($map);
            const SIZE: usize = <$map<()>>::SIZE;
            const REGISTERS: &'static [$crate::regs::RegisterInfo] = <$map<()>>::REGISTERS;
        }

        #[allow(dead_code)] // nobody uses all of a block
        impl<Window: $crate::Mmio> $map<Window> {
            /// Lays the map over a window.
            ///
            /// # Errors
            ///
            #[doc = concat!("`WindowTooSmall` if the window has less than `", stringify!($size), "` bytes.")]
            #[inline]
            $vis fn new(window: Window) -> ::core::result::Result<Self, $crate::regs::WindowTooSmall> {
                ::core::result::Result::Ok(Self { block: $crate::regs::RegisterBlock::new(stringify!($map), window)? })
            }

            /// The map, for a party that has it to itself: the view on which `modify` is found.
            #[inline(always)]
            #[must_use]
            $vis fn exclusive(&mut self) -> $map<$crate::regs::Exclusive<'_, Window>> {
                $map { block: self.block.exclusive() }
            }

            /// The window.
            #[inline(always)]
            #[must_use]
            $vis const fn window(&self) -> &Window {
                self.block.window()
            }

            /// Gives the window back.
            #[must_use]
            $vis fn into_window(self) -> Window {
                self.block.into_window()
            }

            $($crate::register_map! { @accessor [$(#[$meta])*] $vis $name, $offset, $kind $(, $count, $step)? })*
        }

        /// The registers as they are now. Those whose read has a side effect are left out.
        impl<Window: $crate::Mmio> ::core::fmt::Debug for $map<Window> {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $crate::regs::dump(f, stringify!($map), &self.block, <$map<()>>::REGISTERS)
            }
        }
    };
}

/// Declares what a register holds: flags, and fields of several bits, as a [`bitflags`] type.
///
/// ```
/// pynq_core::register_bits! {
///     /// Control of a channel.
///     pub struct Control {
///         /// Runs the channel.
///         const RUN = 1 << 0;
///         /// Transfers per interrupt.
///         const THRESHOLD = 0xFF << 16;
///     }
/// }
///
/// let control = Control::RUN.with_field(Control::THRESHOLD, 4);
/// assert_eq!(control.bits(), 0x0004_0001);
/// assert_eq!(control.field(Control::THRESHOLD), 4);
/// ```
///
/// Bits without a name are kept: reading, changing and writing a value leaves them as they were.
///
/// [`bitflags`]: https://docs.rs/bitflags
#[macro_export]
macro_rules! register_bits {
    (
        $(#[$bits_meta:meta])*
        $vis:vis struct $bits:ident {
            $($(#[$($meta:tt)*])* const $name:ident = $mask:expr;)*
        }
    ) => {
        $crate::__private::bitflags::bitflags! {
            $(#[$bits_meta])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
            $vis struct $bits: u32 {
                $($(#[$($meta)*])* const $name = $mask;)*
            }
        }

        #[allow(dead_code)] // nobody uses all of a block
        impl $bits {
            /// The value of the field that covers the bits of `field`.
            #[inline(always)]
            #[must_use]
            $vis const fn field(self, field: Self) -> u32 {
                $crate::regs::FieldInfo::new("", field.bits()).extract(self.bits())
            }

            /// This value with `value` in the field that covers the bits of `field`. What doesn't fit is cut off.
            #[inline(always)]
            #[must_use]
            $vis const fn with_field(self, field: Self, value: u32) -> Self {
                let place = $crate::regs::FieldInfo::new("", field.bits());
                Self::from_bits_retain(self.bits() & !field.bits() | (value << place.bit_offset()) & field.bits())
            }
        }

        impl $crate::regs::RegisterValue for $bits {
            const FIELDS: &'static [$crate::regs::FieldInfo] =
                &[$($crate::regs::FieldInfo::new(stringify!($name), Self::$name.bits())),*];

            #[inline(always)]
            fn from_register(bits: u32) -> Self {
                Self::from_bits_retain(bits)
            }

            #[inline(always)]
            fn to_register(self) -> u32 {
                self.bits()
            }
        }
    };
}
