//! PYNQ's cores between the VDMA and the frontends: colours, packing and unpacking, from their description in the data sheet.
//!
//! Each takes a frame and passes another one on, which is computed if something looks at it, by what the registers hold when the
//! frame has come. Who wants a frame asks through them.

use crate::device::{Bus, Device, Frame, InterfaceKind, Message, Port, Stream};

mod colors;
mod pixels;

/// A core between two streams.
pub(super) trait FrameCore: Send {
    fn ports(&self) -> &'static [Port; 2];
    fn reset(&mut self);
    fn read(&self, offset: u32) -> u32;
    fn write(&mut self, offset: u32, value: u32);
    /// What becomes of a frame.
    fn pass(&mut self, frame: Frame) -> Frame;
}

/// The streams, in and out.
const IN: usize = 0;
const OUT: usize = 1;

const fn ports(input: &'static str, output: &'static str) -> [Port; 2] {
    [Port::interface(input, InterfaceKind::Stream), Port::interface(output, InterfaceKind::Stream)]
}

macro_rules! device {
    ($($model:ident),*) => {$(
        impl Device for $model {
            fn ports(&self) -> &[Port] {
                FrameCore::ports(self)
            }

            fn reset(&mut self, _: &mut Bus<'_>) {
                FrameCore::reset(self);
            }

            fn read(&mut self, offset: u32, _: &mut Bus<'_>) -> u32 {
                FrameCore::read(self, offset)
            }

            fn write(&mut self, offset: u32, value: u32, _: &mut Bus<'_>) {
                FrameCore::write(self, offset, value);
            }

            fn receive(&mut self, port: usize, message: Message, bus: &mut Bus<'_>) {
                match (port, message) {
                    (IN, Message::Stream(Stream::Frame(frame))) => {
                        let frame = self.pass(frame);
                        bus.send(OUT, Message::Stream(Stream::Frame(frame)));
                    }
                    (OUT, Message::Stream(Stream::NextFrame)) => {
                        bus.send(IN, Message::Stream(Stream::NextFrame));
                    }
                    _ => {}
                }
            }
        }
    )*};
}

/// `color_convert`: a matrix on each pixel of three bytes.
///
/// ```
/// use pynq_sim::{Board, models::ColorConvertModel};
///
/// let board = Board::builder().device("colors", 0x43C5_0000, 0x1_0000, ColorConvertModel::new()).build()?;
/// let colors = board.window("colors")?;
/// colors.write(0x10, 0x7FF);
/// assert_eq!(colors.read(0x10), 0x3FF, "ten bits");
/// # Ok::<(), pynq_sim::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ColorConvertModel {
    /// Twelve values of ten bits: the matrix, row by row, and the biases.
    values: [u16; 12],
}

/// `pixel_pack`: pixels of three bytes into words of four.
#[derive(Clone, Debug, Default)]
pub struct PixelPackModel {
    mode: u32,
    alpha: u8,
}

/// `pixel_unpack`: words of four bytes into pixels of three.
#[derive(Clone, Debug, Default)]
pub struct PixelUnpackModel {
    mode: u32,
}

device!(ColorConvertModel, PixelPackModel, PixelUnpackModel);
