//! What must not compile, and, by the same program, what must.
//!
//! Each line of the table is a documentation test. The allowed operations prove that the program around a forbidden
//! one is sound, so that it is the operation that is refused: E0277, the kind does not allow it, or E0599, no such method.

/// One documentation test for each kind and operation.
macro_rules! operations {
    ($test:literal: $($kind:literal $($operation:literal),+;)*) => {
        $($(
            #[doc = concat!("```", $test)]
            /// use pynq_core::regs::*;
            /// pynq_core::register_bits! {
            ///     struct Bits { const ONE = 1; }
            /// }
            /// pynq_core::register_map! {
            ///     struct Map, size 4 {
            #[doc = concat!("        0 => register: ", $kind, ",")]
            ///     }
            /// }
            /// fn program<M: pynq_core::Mmio>(map: &mut Map<M>) {
            #[doc = concat!("    let _ = map.", $operation, ";")]
            /// }
            /// ```
            const _: () = ();
        )+)*
    };
}

operations! { "":
    "Ro<Bits>" "register().read()", "exclusive().register().read()";
    "Rw<Bits>" "register().read()", "register().write(Bits::ONE)", "exclusive().register().modify(|bits| bits)";
    "Rwh<Bits>" "register().read()", "register().write(Bits::ONE)", "exclusive().register().write(Bits::ONE)";
    "Wo<Bits>" "register().write(Bits::ONE)";
    "W1c<Bits>" "register().read()", "register().clear(Bits::ONE)", "exclusive().register().clear(Bits::ONE)";
    "W1s<Bits>" "register().read()", "register().set(Bits::ONE)";
    "Toggle<Bits>" "register().read()", "register().toggle(Bits::ONE)";
    "Cor<Bits>" "register().take()";
    "RwCor<Bits>" "register().take()", "register().write(Bits::ONE)";
    "WoClear<Bits>" "register().clear(Bits::ONE)";
    "WoSet<Bits>" "register().set(Bits::ONE)";
    "RwW1c<Bits, 1>" "register().read()", "register().write(Bits::ONE)", "exclusive().register().modify(|bits| bits)",
        "exclusive().register().clear(Bits::ONE)";
}

// No method of that name for the kind: its bound is on the `impl`.
operations! { "compile_fail,E0599":
    "Ro<Bits>" "register().clear(Bits::ONE)";
    "Rw<Bits>" "register().modify(|bits| bits)", "register().clear(Bits::ONE)";
    "Rwh<Bits>" "register().modify(|bits| bits)", "register().clear(Bits::ONE)";
    "Wo<Bits>" "register().clear(Bits::ONE)";
    "W1s<Bits>" "register().clear(Bits::ONE)";
    "Toggle<Bits>" "register().clear(Bits::ONE)";
    "RwW1c<Bits, 1>" "register().modify(|bits| bits)", "register().clear(Bits::ONE)";
}

// The method is there and its bound is not met, by which the compiler says what to use instead.
operations! { "compile_fail,E0277":
    "Ro<Bits>" "register().take()", "register().write(Bits::ONE)", "register().set(Bits::ONE)",
        "register().toggle(Bits::ONE)", "exclusive().register().modify(|bits| bits)";
    "Rw<Bits>" "register().take()", "register().set(Bits::ONE)", "register().toggle(Bits::ONE)";
    "Rwh<Bits>" "exclusive().register().modify(|bits| bits)", "register().set(Bits::ONE)",
        "register().toggle(Bits::ONE)";
    "Wo<Bits>" "register().read()", "register().take()", "exclusive().register().modify(|bits| bits)",
        "register().set(Bits::ONE)", "register().toggle(Bits::ONE)";
    "W1c<Bits>" "register().take()", "register().write(Bits::ONE)", "exclusive().register().modify(|bits| bits)",
        "register().set(Bits::ONE)", "register().toggle(Bits::ONE)";
    "W1s<Bits>" "register().take()", "register().write(Bits::ONE)", "exclusive().register().modify(|bits| bits)",
        "register().toggle(Bits::ONE)";
    "Toggle<Bits>" "register().take()", "register().write(Bits::ONE)", "exclusive().register().modify(|bits| bits)",
        "register().set(Bits::ONE)";
    "Cor<Bits>" "register().read()", "register().write(Bits::ONE)", "exclusive().register().modify(|bits| bits)";
    "RwCor<Bits>" "register().read()", "exclusive().register().modify(|bits| bits)";
    "WoClear<Bits>" "register().read()", "register().write(Bits::ONE)", "exclusive().register().modify(|bits| bits)";
    "WoSet<Bits>" "register().read()", "register().write(Bits::ONE)", "exclusive().register().modify(|bits| bits)";
}

/// Declaring a map needs no unsafe code, no dependency and no lint turned off.
///
/// ```
/// #![forbid(unsafe_code)]
/// #![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, unused)]
/// //! A driver's crate.
///
/// pynq_core::register_bits! {
///     /// Flags.
///     pub struct Bits {
///         /// A flag.
///         const ONE = 1;
///     }
/// }
/// pynq_core::register_map! {
///     /// A map.
///     pub struct Map, size 0x10 {
///         /// A register.
///         0x0 => register: pynq_core::regs::Rw<Bits>,
///     }
/// }
/// mod hidden {
///     pynq_core::register_map! {
///         struct Unused, size 0x10 { 0x0 [4; step 4] => registers: pynq_core::regs::Rw<u32> }
///     }
///     pub(crate) const COUNT: usize = Unused::REGISTERS.len();
/// }
/// # fn main() {
/// assert_eq!(Map::REGISTERS.len() + hidden::COUNT, 2);
/// # }
/// ```
///
/// The exclusive view needs `&mut`.
///
/// ```compile_fail,E0596
/// use pynq_core::maps::{AxiIntcRegisters, MasterEnable};
/// fn program<M: pynq_core::Mmio>(intc: &AxiIntcRegisters<M>) {
///     intc.exclusive().mer().modify(|enabled| enabled | MasterEnable::ME);
/// }
/// ```
///
/// ... while it lives there is no other, ...
///
/// ```compile_fail,E0502
/// use pynq_core::maps::{AxiIntcRegisters, MasterEnable};
/// fn program<M: pynq_core::Mmio>(intc: &mut AxiIntcRegisters<M>) {
///     let mine = intc.exclusive();
///     intc.mer().write(MasterEnable::empty());
///     mine.mer().modify(|enabled| enabled | MasterEnable::ME);
/// }
/// ```
///
/// ... and it may be sent but not shared.
///
/// ```
/// use pynq_core::{Volatile, maps::AxiIntcRegisters, regs::Exclusive};
/// fn send<T: Send>() {}
/// send::<AxiIntcRegisters<Exclusive<'_, Volatile>>>();
/// ```
///
/// ```compile_fail,E0277
/// use pynq_core::{Volatile, maps::AxiIntcRegisters, regs::Exclusive};
/// fn share<T: Sync>() {}
/// share::<AxiIntcRegisters<Exclusive<'_, Volatile>>>();
/// ```
///
/// A value belongs to its register, and a register that lies outside its block does not compile.
///
/// ```compile_fail,E0308
/// use pynq_core::maps::{AxiIntcRegisters, MasterEnable};
/// fn program<M: pynq_core::Mmio>(intc: &AxiIntcRegisters<M>) {
///     intc.ier().write(MasterEnable::ME);
/// }
/// ```
///
/// ```compile_fail,E0080
/// pynq_core::register_map! {
///     struct Map, size 8 { 8 => register: pynq_core::regs::Rw<u32> }
/// }
/// ```
///
/// ```compile_fail,E0080
/// pynq_core::register_map! {
///     struct Map, size 8 { 2 => register: pynq_core::regs::Rw<u32> }
/// }
/// ```
///
/// ```compile_fail,E0080
/// pynq_core::register_map! {
///     struct Map, size 16 { 0 [5; step 4] => register: pynq_core::regs::Rw<u32> }
/// }
/// ```
///
/// ```compile_fail,E0080
/// pynq_core::register_map! {
///     struct Map, size 16 {
///         0 [2; step 8] => even: pynq_core::regs::Rw<u32>,
///         4 [2; step 4] => rest: pynq_core::regs::Rw<u32>,
///     }
/// }
/// ```
///
/// Without the macro, the block itself refuses.
///
/// ```
/// use pynq_core::regs::{RegisterBlock, Rw};
/// fn program(block: RegisterBlock<pynq_core::Volatile, 16>) {
///     block.register::<Rw<u32>, 12>().write(0);
/// }
/// program as fn(_);
/// ```
///
/// ```compile_fail,E0080
/// use pynq_core::regs::{RegisterBlock, Rw};
/// fn program(block: RegisterBlock<pynq_core::Volatile, 16>) {
///     block.register::<Rw<u32>, 16>().write(0);
/// }
/// program as fn(_);
/// ```
const _: () = ();
