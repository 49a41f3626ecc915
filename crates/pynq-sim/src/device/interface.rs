//! The typed interfaces: messages between two blocks, or between a block and an external part, beside pins.
//!
//! Messages are delivered when the call that sent them has returned, in the order in which they were sent and before time
//! goes on. An interface takes no time by itself: the block that sends knows how long a character, a byte or a word is on
//! the line, and sends at the end of it.

use alloc::vec::Vec;

use super::Frame;
use crate::sync::Arc;

/// What kind of interface a port is. Only ends of the same kind can be joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum InterfaceKind {
    /// An asynchronous serial line.
    Serial,
    /// AXI4-Stream.
    Stream,
    /// I2C, of any number of ends.
    I2c,
    /// SPI, of any number of ends.
    Spi,
    /// Pictures.
    Video,
    /// A bus master: it issues accesses in an address space, and has no peer.
    Master,
}

/// A message on an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message {
    /// On a serial line.
    Serial(Serial),
    /// On an AXI4-Stream.
    Stream(Stream),
    /// On an I2C bus.
    I2c(I2c),
    /// On an SPI bus.
    Spi(Spi),
    /// On a video line.
    Video(Video),
}

impl Message {
    /// The kind of interface it travels on.
    #[must_use]
    pub const fn kind(&self) -> InterfaceKind {
        match self {
            Self::Serial(_) => InterfaceKind::Serial,
            Self::Stream(_) => InterfaceKind::Stream,
            Self::I2c(_) => InterfaceKind::I2c,
            Self::Spi(_) => InterfaceKind::Spi,
            Self::Video(_) => InterfaceKind::Video,
        }
    }
}

/// On a serial line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Serial {
    /// A character whose last bit was now.
    Character(SerialCharacter),
    /// Characters that come in from now on, one after the other as fast as the receiver's line is, after those that are
    /// already on their way.
    Characters(Vec<SerialCharacter>),
}

/// A character on a serial line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SerialCharacter {
    /// Its data bits.
    pub data: u8,
    /// The fault that it has.
    pub fault: Option<SerialFault>,
}

impl SerialCharacter {
    /// A character with nothing wrong.
    #[must_use]
    pub const fn new(data: u8) -> Self {
        Self { data, fault: None }
    }
}

/// A fault of a character on a serial line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SerialFault {
    /// There was no stop bit.
    Frame,
    /// The parity bit was wrong.
    Parity,
}

/// On an AXI4-Stream. The receiver grants room; the sender sends no more than that, see
/// [`Bus::stream`](super::Bus::stream). A receiver that grants nothing holds TREADY low.
///
/// What is granted counts from the moment it is sent; the message is there for the sender to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stream {
    /// Sender to receiver.
    Burst(Burst),
    /// Receiver to sender: so many bytes more.
    Room(usize),
    /// Receiver to sender: so many bytes more, but none behind the end of the packet. With TLAST all room is gone until
    /// the receiver grants anew.
    Packet(usize),
    /// Receiver to sender: what was granted has been [taken back](super::Bus::hold).
    Hold,
    /// Sender to receiver: a frame of video whose last beat was now. Video does not wait: a receiver that is not ready for it
    /// has lost it. Where the receiver sets the pace, a frame is the answer to [`NextFrame`](Self::NextFrame).
    Frame(Frame),
    /// Receiver to sender: it begins with a frame now, and takes what it has not taken of the one before as lost. The sender
    /// answers when the receiver is through with it, which is at the next of these.
    NextFrame,
}

/// Any number of beats, whole: the bytes with TKEEP set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Burst {
    /// The bytes.
    pub data: Vec<u8>,
    /// TLAST of the last beat: a packet ends here.
    pub last: bool,
    /// TUSER of the first beat.
    pub user: u32,
}

/// On an I2C bus. Every end receives what the others send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum I2c {
    /// Controller: a start, or a repeated one, with the 7-bit address and the direction.
    Start {
        /// The address.
        address: u8,
        /// The target is to send.
        read: bool,
    },
    /// Controller: a byte to the target.
    Write(u8),
    /// Controller: clocks for a byte from the target.
    Read,
    /// Controller: a stop.
    Stop,
    /// Either: the ninth bit of the byte before. A controller that receives none has a NACK.
    Ack(bool),
    /// Target: the byte that the controller reads.
    Data(u8),
    /// Target: it holds the clock low, or lets go of it.
    Hold(bool),
    /// Any: it holds the data line low outside of a byte of its own, or lets go of it. No start and no stop is possible
    /// meanwhile.
    HoldData(bool),
}

/// On an SPI bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Spi {
    /// Controller: the select lines that are active, as set bits.
    Select(u32),
    /// Controller: a word, the bit that is sent first on top.
    Shift {
        /// What the controller sends.
        data: u32,
        /// How many bits.
        bits: u8,
        /// How many lines carry it: 1, 2 or 4.
        lanes: u8,
        /// The clock's mode, 0 to 3: twice its polarity, and its phase.
        mode: u8,
    },
    /// Target: the word that it sent at the same time.
    Answer(u32),
}

/// On a video line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Video {
    /// The cable is unplugged, or the source has stopped.
    NoSignal,
    /// A whole picture, at its end.
    Picture(Picture),
    /// A pixel clock, in hertz, from now on; 0 where it stands still.
    Clock(u64),
    /// The timing of the frames, from now on.
    Timing(Timing),
    /// A frame, at its end: three bytes for each pixel, blue, green and red.
    Frame(Frame),
    /// There is a timing and no picture, and why.
    NoPicture(&'static str),
}

/// The timing of video: counts of pixels and lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timing {
    /// Pixels of a line that are seen, and lines.
    pub active: (u32, u32),
    /// Pixels of a line in all, and lines.
    pub total: (u32, u32),
    /// The first pixel of the horizontal sync, and the first behind it.
    pub hsync: (u32, u32),
    /// The first line of the vertical sync, and the first behind it.
    pub vsync: (u32, u32),
    /// Bits that are 1 where a signal is active high: vertical and horizontal blank, vertical and horizontal sync, active video.
    pub polarity: u32,
    /// The pixel clock in hertz; 0 where the sender does not know it.
    pub pixel_hz: u64,
}

impl Timing {
    /// How long a frame takes at a pixel clock; `None` where there is none.
    #[must_use]
    pub fn frame_time(&self, pixel_hz: u64) -> Option<core::time::Duration> {
        let pixels = u128::from(self.total.0) * u128::from(self.total.1);
        let nanos = (pixels * 1_000_000_000).checked_div(pixel_hz.into())?;
        (nanos != 0).then(|| core::time::Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }
}

/// A picture. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels of a line.
    pub width: u32,
    /// Lines.
    pub height: u32,
    /// Bytes of a pixel: 1 is grey, 3 red, green and blue, 4 those and one that means nothing.
    pub pixel: u8,
    /// The pixels, line by line from the top.
    pub data: Arc<[u8]>,
}
