//! A design as types: which blocks it has, where they are, and how their interrupts are wired.
//!
//! A program without a file system can't read a handoff file, and one that always runs on the same design need not. The
//! code generator of `pynq-hwh` writes the design as a Rust module instead: a type for each IP block that the processor
//! can address ([`Block`]) and one for each interrupt output that reaches it ([`Wired`]). What the design doesn't have,
//! such a module has no name or no trait for, so that asking for it is a compile error and not an error at run time.
//!
//! The same module serves on bare metal, on Linux and on the simulator. What differs is the [`Platform`], which knows how
//! blocks are reached.
//!
//! | wrong | why it does not compile |
//! | --- | --- |
//! | an interrupt output that is not wired | there is no such type |
//! | a driver on a block of another kind | an assertion on [`Block::VLNV`], when the program is built |
//! | a block on a line of the wrong controller | [`Of`] knows what the line belongs to |
//! | a parameter that the block does not have | the program unwraps [`parameter`] in a `const` |
//!
//! # Example
//!
//! A button's interrupt output, behind a controller, on the simulator. The two descriptions are what the generator
//! writes; they can be written by hand as well.
//!
//! ```
//! use std::sync::Arc;
//! use pynq_core::{AxiIntcConfig, design::{AxiIntcBlock, Block, LineKind, Platform, Root, Wired}, interrupt::StdLock};
//!
//! /// `intc`: AXI INTC.
//! #[derive(Clone, Copy, Debug)]
//! pub struct Intc;
//!
//! impl Block for Intc {
//!     const PATH: &'static str = "intc";
//!     const VLNV: &'static str = "xilinx.com:ip:axi_intc:4.1";
//!     const BASE: u64 = 0x4180_0000;
//!     const SIZE: u64 = 0x1_0000;
//! }
//!
//! impl AxiIntcBlock for Intc {
//!     const CONFIG: AxiIntcConfig = AxiIntcConfig::new(1, 0);
//!     type Irq = IntcIrq;
//! }
//!
//! /// `intc/irq`: interrupt 61 of the processor.
//! #[derive(Clone, Copy, Debug)]
//! pub struct IntcIrq;
//!
//! impl Wired for IntcIrq {
//!     const PATH: &'static str = "intc/irq";
//!     type Block = Intc;
//!     const PORT: &'static str = "irq";
//!     type Parent = Root<61>;
//!     const LINE: u8 = 0;
//!     const KIND: LineKind = LineKind::Level;
//! }
//!
//! /// `buttons/irq`: line 0 of `intc`.
//! #[derive(Clone, Copy, Debug)]
//! pub struct ButtonsIrq;
//!
//! /// `buttons`: a block of our own.
//! #[derive(Clone, Copy, Debug)]
//! pub struct Buttons;
//!
//! impl Block for Buttons {
//!     const PATH: &'static str = "buttons";
//!     const VLNV: &'static str = "example.com:user:buttons:1.0";
//!     const BASE: u64 = 0x4121_0000;
//!     const SIZE: u64 = 0x1_0000;
//! }
//!
//! impl Wired for ButtonsIrq {
//!     const PATH: &'static str = "buttons/irq";
//!     type Block = Buttons;
//!     const PORT: &'static str = "irq";
//!     type Parent = Intc;
//!     const LINE: u8 = 0;
//!     const KIND: LineKind = LineKind::Level;
//! }
//!
//! fn controller<P: Platform>(platform: &P) -> Result<(), Box<dyn std::error::Error>>
//! where
//!     P::Window: Send + 'static,
//!     P::Root: Send + Sync + 'static,
//!     P::Error: std::error::Error + 'static,
//! {
//!     let (window, root) = (platform.map(Intc)?, platform.source(IntcIrq)?);
//!     let intc = Intc.node(window, StdLock::new(), root)?.map(Arc::pin);
//!     let line = intc.event(ButtonsIrq)?;
//!     # let _ = line;
//!     Ok(())
//! }
//! ```

mod axi_intc;
mod driver;
mod of;
mod platform;
mod wiring;

use core::fmt::Debug;

pub use axi_intc::AxiIntcBlock;
pub use driver::{DriverNode, Opened};
pub use of::Of;
pub use platform::Platform;
pub use wiring::{LineKind, NoBlock, Parent, Root, Wired, direct_node};

/// An address range of a design that the processor can reach: an IP block, or one interface of it.
///
/// Implemented by types without a value, which the generator of `pynq-hwh` writes. A caller that opens windows at fixed
/// addresses is responsible for these constants being right.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no block of a design",
    label = "not a block",
    note = "blocks are the types of a generated module that stand for an address range"
)]
pub trait Block: Copy + Debug + Send + Sync + 'static {
    /// The name that the design and the simulator have for it: `video/axi_vdma`.
    const PATH: &'static str;
    /// Vendor, library, name and version of the IP, separated by colons.
    const VLNV: &'static str;
    /// Physical address.
    const BASE: u64;
    /// Bytes.
    const SIZE: u64;
    /// Whether it is memory rather than registers.
    const IS_MEMORY: bool = false;
    /// Frequency of its bus clock, where the design says so.
    const CLOCK_HZ: Option<u64> = None;
    /// The parameters that it was built with and that are numbers or truth values, by name, in ascending order. To be
    /// looked up by [`parameter`].
    const PARAMETERS: &'static [(&'static str, u64)] = &[];
    /// The names of its parameters that are neither, so that a driver that expects a number of one can say so.
    const TEXTS: &'static [&'static str] = &[];
    /// Its interrupt outputs that reach the processor, by port. To be looked up by [`raises`].
    const INTERRUPTS: &'static [&'static str] = &[];

    /// Says that `window` is this block's.
    ///
    /// A [`Platform`] does so; this is for windows from elsewhere.
    fn at<M>(self, window: M) -> Of<Self, M> {
        Of::new(window)
    }
}

/// A parameter of block `B`, at compile time.
///
/// ```
/// # use pynq_core::design::{Block, parameter};
/// # #[derive(Clone, Copy, Debug)]
/// # struct AxiTimer;
/// # impl Block for AxiTimer {
/// #     const PATH: &'static str = "timer";
/// #     const VLNV: &'static str = "xilinx.com:ip:axi_timer:2.0";
/// #     const BASE: u64 = 0;
/// #     const SIZE: u64 = 0x1_0000;
/// #     const PARAMETERS: &'static [(&'static str, u64)] = &[("C_COUNT_WIDTH", 32)];
/// # }
/// const BITS: u64 = parameter::<AxiTimer>("C_COUNT_WIDTH").unwrap();
/// assert_eq!(BITS, 32);
/// assert_eq!(parameter::<AxiTimer>("C_COUNT"), None);
/// ```
#[must_use]
pub const fn parameter<B: Block>(name: &str) -> Option<u64> {
    let mut rest = B::PARAMETERS;
    while let [(found, value), tail @ ..] = rest {
        if same(found, name) {
            return Some(*value);
        }
        rest = tail;
    }
    None
}

/// Whether interrupt output `port` of block `B` reaches the processor.
#[must_use]
pub const fn raises<B: Block>(port: &str) -> bool {
    let mut rest = B::INTERRUPTS;
    while let [found, tail @ ..] = rest {
        if same(found, port) {
            return true;
        }
        rest = tail;
    }
    false
}

/// Whether block `B` is the IP `name`, a VLNV without its version: `xilinx.com:ip:axi_timer`.
///
/// For drivers to refuse a block of another kind in an inline `const`.
#[must_use]
pub const fn is_ip<B: Block>(name: &str) -> bool {
    let (mut vlnv, mut name) = (B::VLNV.as_bytes(), name.as_bytes());
    while let ([found, rest_of_vlnv @ ..], [wanted, rest_of_name @ ..]) = (vlnv, name) {
        if *found != *wanted {
            return false;
        }
        (vlnv, name) = (rest_of_vlnv, rest_of_name);
    }
    name.is_empty() && matches!(vlnv, [b':', ..])
}

/// `==`, which is not `const` for text.
pub(crate) const fn same(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while let ([first, rest_of_a @ ..], [second, rest_of_b @ ..]) = (a, b) {
        if *first != *second {
            return false;
        }
        (a, b) = (rest_of_a, rest_of_b);
    }
    a.is_empty() && b.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug)]
    struct Timer;

    impl Block for Timer {
        const PATH: &'static str = "timer";
        const VLNV: &'static str = "xilinx.com:ip:axi_timer:2.0";
        const BASE: u64 = 0x4280_0000;
        const SIZE: u64 = 0x1_0000;
        const PARAMETERS: &'static [(&'static str, u64)] = &[("C_COUNT_WIDTH", 32), ("C_ONE_TIMER_ONLY", 0)];
    }

    #[test]
    fn parameters_are_found_by_their_whole_name() {
        assert_eq!(parameter::<Timer>("C_COUNT_WIDTH"), Some(32));
        assert_eq!(parameter::<Timer>("C_ONE_TIMER_ONLY"), Some(0));
        for name in ["", "C_COUNT", "C_COUNT_WIDTH_", "c_count_width"] {
            assert_eq!(parameter::<Timer>(name), None, "{name}");
        }
    }

    #[test]
    fn an_ip_is_told_by_its_name_without_the_version() {
        assert!(is_ip::<Timer>("xilinx.com:ip:axi_timer"));
        for name in ["", "xilinx.com:ip:axi_time", "xilinx.com:ip:axi_timer:2.0", "xilinx.com:ip:axi_timer2"] {
            assert!(!is_ip::<Timer>(name), "{name}");
        }
    }
}
