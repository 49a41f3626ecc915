//! PYNQ's core for colours, `color_convert`: a matrix and a bias on each pixel of a stream.
//!
//! Each channel of a pixel becomes a sum of all three and a constant, in units of 1/256, limited to a byte. Channel 1 is the
//! pixel's lowest byte: on PYNQ's base designs blue, then green and red.
//!
//! The core has no interrupt and no state but its registers: a matrix holds from the next line on. One that is changed under
//! way shows a frame of both.
//!
//! ```
//! use std::sync::Arc;
//!
//! use pynq_core::{Driver, interrupt::{Node, ParentLine, StdLock}};
//! use pynq_drivers::color_convert::{ColorConvert, ColorMatrix};
//! # use pynq_sim::{Board, models::ColorConvertModel};
//! # let board = Board::builder().device("colors", 0x43C5_0000, 0x1_0000, ColorConvertModel::new()).build()?;
//! let hardware = ColorConvert::set_up(board.window("colors")?.into(), ())?;
//! let node = Arc::pin(Node::<_, StdLock, _>::new(StdLock::new(), hardware, ParentLine::UNWIRED));
//! let colors = ColorConvert::over(node.into())?;
//! assert_eq!(colors.matrix()?, ColorMatrix::IDENTITY);
//! colors.set_matrix(&ColorMatrix::BGR_TO_YCBCR_601)?;
//! // Luma of white, as the core computes it.
//! assert_eq!(ColorMatrix::BGR_TO_YCBCR_601.apply([255; 3]), [255, 128, 128]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod matrix;

use core::fmt;

use pynq_core::{
    BlockError, Driver, Error, ParameterError, Parameters, Window,
    interrupt::{NodeHandle, Silent},
    register_map,
    regs::{Rw, WindowTooSmall},
};

pub use matrix::{ColorMatrix, OutOfRange};

/// The result of an operation. The error has the block's name.
pub type Result<T> = core::result::Result<T, BlockError<Error>>;

register_map! {
    /// Registers of `color_convert`: the matrix, row by row, and the bias of each channel, with 10 bits each.
    pub struct ColorConvertRegisters, size 0x70 {
        /// The factor of channel `i % 3` in channel `i / 3`, and from the tenth on the bias of channel `i - 9`, all from 0.
        0x10 [12; step 8] => value: Rw<u32>,
    }
}

/// A `color_convert`. Clones are handles on the same one.
#[derive(Clone)]
pub struct ColorConvert {
    node: NodeHandle<Silent<ColorConvertRegisters<Window>>>,
}

impl ColorConvert {
    /// Sets the matrix and the bias, from the next line on.
    ///
    /// # Errors
    ///
    /// The engine's, if the design was replaced.
    pub fn set_matrix(&self, matrix: &ColorMatrix) -> Result<()> {
        self.node.access(|hardware| {
            for (register, value) in hardware.registers.value().iter().zip(matrix.values()) {
                register.write(value as u32 & 0x3FF);
            }
            Ok(())
        })
    }

    /// The matrix and the bias as they are set.
    ///
    /// # Errors
    ///
    /// As [`set_matrix`](Self::set_matrix).
    pub fn matrix(&self) -> Result<ColorMatrix> {
        self.node.access(|hardware| {
            let mut values = [0; 12];
            for (value, register) in values.iter_mut().zip(hardware.registers.value().iter()) {
                // Ten bits, of which the upper one is the sign.
                *value = ((register.read() << 22) as i32 >> 22) as i16;
            }
            Ok(ColorMatrix::of(values))
        })
    }

    /// The node.
    #[must_use]
    pub const fn node(&self) -> &NodeHandle<Silent<ColorConvertRegisters<Window>>> {
        &self.node
    }
}

impl Driver for ColorConvert {
    const NAME: &'static str = "color_convert";
    const VLNV: &'static str = "xilinx.com:hls:color_convert";
    const INTERRUPT: &'static str = "interrupt";

    type Config = ();
    type Hardware = Silent<ColorConvertRegisters<Window>>;
    type SetUpError = WindowTooSmall;

    fn configure(_: &Parameters<'_>) -> core::result::Result<(), ParameterError> {
        Ok(())
    }

    /// All colours as they are: after a reset the core turns everything black.
    fn set_up(window: Window, (): ()) -> core::result::Result<Self::Hardware, WindowTooSmall> {
        let registers = ColorConvertRegisters::new(window)?;
        for (register, value) in registers.value().iter().zip(ColorMatrix::IDENTITY.values()) {
            register.write(value as u32 & 0x3FF);
        }
        Ok(Silent::new(registers))
    }

    fn attach(window: Window, (): ()) -> core::result::Result<Self::Hardware, WindowTooSmall> {
        ColorConvertRegisters::new(window).map(Silent::new)
    }

    fn has_interrupt((): &()) -> bool {
        false
    }

    fn over(node: NodeHandle<Self::Hardware>) -> core::result::Result<Self, Error> {
        Ok(Self { node })
    }
}

impl fmt::Debug for ColorConvert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ColorConvert").field("node", &self.node).finish()
    }
}
