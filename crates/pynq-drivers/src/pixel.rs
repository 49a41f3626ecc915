//! PYNQ's cores that pack pixels into words of memory and unpack them: `pixel_pack` and `pixel_unpack`.
//!
//! They have no interrupt and no state but their mode, which holds from the next line on: set it while the VDMA next to them
//! stands still, or one frame has both.

use core::fmt;

use pynq_core::{
    BlockError, Driver, Error, ParameterError, Parameters, Window, driver_error,
    interrupt::{NodeHandle, Silent},
    register_map,
    regs::{Rw, WindowTooSmall},
};

/// The result of an operation. The error has the block's name.
pub type Result<T> = core::result::Result<T, BlockError<PixelError>>;

register_map! {
    /// Registers of `pixel_pack` and `pixel_unpack`. The latter has no alpha.
    pub struct PixelRegisters, size 0x20 {
        /// The mode, see [`PixelMode`].
        0x10 => mode: Rw<u32>,
        /// What is put in place of the fourth byte, where a pixel has four.
        0x18 => alpha: Rw<u32>,
    }
}

/// How pixels of three channels lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum PixelMode {
    /// Three bytes, one for each channel.
    Bits24 = 0,
    /// Four bytes, of which the last is alpha.
    Bits32 = 1,
    /// One byte, the first channel.
    Bits8 = 2,
    /// Two bytes, the first two channels.
    Bits16 = 3,
    /// Two bytes: the first channel of each pixel, and the second and third of each pair by turns, averaged.
    Subsampled16 = 4,
}

impl PixelMode {
    const ALL: [Self; 5] = [Self::Bits24, Self::Bits32, Self::Bits8, Self::Bits16, Self::Subsampled16];

    /// Bytes of a pixel.
    #[must_use]
    pub const fn bytes(self) -> u32 {
        match self {
            Self::Bits24 => 3,
            Self::Bits32 => 4,
            Self::Bits8 => 1,
            Self::Bits16 | Self::Subsampled16 => 2,
        }
    }

    /// Pixels that are packed together: the width of a line is a multiple of it.
    #[must_use]
    pub const fn group(self) -> u32 {
        match self {
            Self::Bits24 | Self::Bits8 => 4,
            Self::Bits16 | Self::Subsampled16 => 2,
            Self::Bits32 => 1,
        }
    }

    /// Bytes of a line of so many pixels.
    ///
    /// # Errors
    ///
    /// [`PixelError::Width`] if the last group would be filled up with old pixels.
    pub const fn line_bytes(self, width: u32) -> core::result::Result<u32, PixelError> {
        match width.checked_mul(self.bytes()) {
            Some(bytes) if width % self.group() == 0 => Ok(bytes),
            _ => Err(PixelError::Width { width, group: self.group() }),
        }
    }
}

driver_error! {
    /// Why an operation on `pixel_pack` or `pixel_unpack` failed.
    pub enum PixelError {
        /// A width that the mode can't do.
        Width {
            /// Pixels of a line.
            width: u32,
            /// What it has to be a multiple of.
            group: u32,
        } => "lines of {width} pixels; in this mode a line has a multiple of {group}",
        /// The block has a mode that is none.
        UnknownMode {
            /// Its number.
            mode: u32,
        } => "the block is in mode {mode}, and there are 0 to 4; set one",
    }
}

type Hardware = Silent<PixelRegisters<Window>>;

fn mode(node: &NodeHandle<Hardware>) -> Result<PixelMode> {
    node.access(|hardware| {
        let mode = hardware.registers.mode().read();
        PixelMode::ALL.into_iter().find(|known| *known as u32 == mode).ok_or(PixelError::UnknownMode { mode })
    })
}

macro_rules! pixel_core {
    ($(#[$meta:meta])* $driver:ident, $name:literal, $vlnv:literal) => {
        $(#[$meta])*
        #[derive(Clone)]
        pub struct $driver {
            node: NodeHandle<Hardware>,
        }

        impl $driver {
            /// Sets the mode, from the next line on.
            ///
            /// # Errors
            ///
            /// The engine's, if the design was replaced.
            pub fn set_mode(&self, mode: PixelMode) -> Result<()> {
                self.node.access(|hardware| {
                    hardware.registers.mode().write(mode as u32);
                    Ok(())
                })
            }

            /// The mode.
            ///
            /// # Errors
            ///
            /// [`PixelError::UnknownMode`], or the engine's.
            pub fn mode(&self) -> Result<PixelMode> {
                mode(&self.node)
            }

            /// The node.
            #[must_use]
            pub const fn node(&self) -> &NodeHandle<Silent<PixelRegisters<Window>>> {
                &self.node
            }
        }

        impl Driver for $driver {
            const NAME: &'static str = $name;
            const VLNV: &'static str = $vlnv;
            const INTERRUPT: &'static str = "interrupt";

            type Config = ();
            type Hardware = Silent<PixelRegisters<Window>>;
            type SetUpError = WindowTooSmall;

            fn configure(_: &Parameters<'_>) -> core::result::Result<(), ParameterError> {
                Ok(())
            }

            /// Three bytes for each pixel.
            fn set_up(window: Window, (): ()) -> core::result::Result<Self::Hardware, WindowTooSmall> {
                let registers = PixelRegisters::new(window)?;
                registers.mode().write(PixelMode::Bits24 as u32);
                Ok(Silent::new(registers))
            }

            fn attach(window: Window, (): ()) -> core::result::Result<Self::Hardware, WindowTooSmall> {
                PixelRegisters::new(window).map(Silent::new)
            }

            fn has_interrupt((): &()) -> bool {
                false
            }

            fn over(node: NodeHandle<Self::Hardware>) -> core::result::Result<Self, Error> {
                Ok(Self { node })
            }
        }

        impl fmt::Debug for $driver {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($driver)).field("node", &self.node).finish()
            }
        }
    };
}

pixel_core! {
    /// A `pixel_pack`: pixels to words of memory. Clones are handles on the same one.
    PixelPack, "pixel_pack", "xilinx.com:hls:pixel_pack"
}

pixel_core! {
    /// A `pixel_unpack`: words of memory to pixels. Clones are handles on the same one.
    PixelUnpack, "pixel_unpack", "xilinx.com:hls:pixel_unpack"
}

impl PixelPack {
    /// Sets what is put in place of the fourth byte, where a pixel has four.
    ///
    /// # Errors
    ///
    /// The engine's, if the design was replaced.
    pub fn set_alpha(&self, alpha: u8) -> Result<()> {
        self.node.access(|hardware| {
            hardware.registers.alpha().write(alpha.into());
            Ok(())
        })
    }
}
