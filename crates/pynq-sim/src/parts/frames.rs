//! The ends of a stream of frames, for tests and for what has no model: a camera, and a screen.

use alloc::{boxed::Box, vec::Vec};
use core::{fmt, time::Duration};

use pynq_core::Instant;

use crate::{
    device::{Bus, Device, Frame, InterfaceKind, Message, Port, Stream},
    sync::Arc,
};

/// A source that sends a frame in each period, whether somebody takes it or not: a camera.
///
/// ```
/// use core::time::Duration;
/// use pynq_sim::{Board, parts::{FrameSource, FrameSink}};
///
/// let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
/// let shown = seen.clone();
/// let period = Duration::from_millis(10);
/// let board = Board::builder()
///     .part("camera", FrameSource::new(2, 3, period, |number| vec![number as u8; 6]))
///     .part("screen", FrameSink::new(period, move |frame| shown.lock().unwrap().push(frame.bytes()[0])))
///     .join("camera/out", "screen/in")
///     .build()?;
/// board.advance(Duration::from_millis(35));
/// assert_eq!(*seen.lock().unwrap(), [0, 1, 2]);
/// # Ok::<(), pynq_sim::Error>(())
/// ```
pub struct FrameSource {
    lines: u32,
    line_bytes: u32,
    period: Duration,
    picture: Pictures,
    number: u64,
    began: Instant,
}

/// What a source plays: the bytes of the frame of a number. Clones share it.
#[derive(Clone)]
pub(super) struct Pictures(Arc<Picture>);

/// Not the function itself: reference counts for targets without compare-and-swap can't be made of one that is erased.
struct Picture(Box<dyn Fn(u64) -> Vec<u8> + Send + Sync>);

impl Pictures {
    pub(super) fn new(picture: impl Fn(u64) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Picture(Box::new(picture))))
    }

    /// The frame of a number, if something looks at it.
    pub(super) fn frame(&self, number: u64, lines: u32, line_bytes: u32) -> Frame {
        let this = self.clone();
        Frame::lazy(lines, line_bytes, move || this.0.0(number).into())
    }
}

static SOURCE: [Port; 1] = [Port::interface("out", InterfaceKind::Stream)];

impl FrameSource {
    /// A source of frames of so many lines. `picture` has the bytes of the frame of a number, from 0 on; it is asked only for
    /// frames that something looks at, and must not call the board, which is locked then.
    #[must_use]
    pub fn new(
        lines: u32,
        line_bytes: u32,
        period: Duration,
        picture: impl Fn(u64) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        let period = period.max(Duration::from_nanos(1));
        Self { lines, line_bytes, period, picture: Pictures::new(picture), number: 0, began: Instant::START }
    }
}

impl Device for FrameSource {
    fn ports(&self) -> &[Port] {
        &SOURCE
    }

    fn tick(&mut self, bus: &mut Bus<'_>) {
        while self.began + self.period <= bus.now() {
            let frame = self.picture.frame(self.number, self.lines, self.line_bytes).begun_at(self.began);
            bus.send(0, Message::Stream(Stream::Frame(frame)));
            self.number += 1;
            self.began = self.began + self.period;
        }
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        bus.wake_at(Some(self.began + self.period));
    }
}

impl fmt::Debug for FrameSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameSource")
            .field("lines", &self.lines)
            .field("line_bytes", &self.line_bytes)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// A sink that begins with a frame in each period, and hands over each that it has taken: a screen.
pub struct FrameSink {
    period: Duration,
    next: Instant,
    show: Box<dyn FnMut(&Frame) + Send>,
}

static SINK: [Port; 1] = [Port::interface("in", InterfaceKind::Stream)];

impl FrameSink {
    /// A sink that calls `show` for each frame. One whose bytes it does not ask for is not computed. It must not call the board,
    /// which is locked then.
    #[must_use]
    pub fn new(period: Duration, show: impl FnMut(&Frame) + Send + 'static) -> Self {
        Self { period: period.max(Duration::from_nanos(1)), next: Instant::START, show: Box::new(show) }
    }
}

impl Device for FrameSink {
    fn ports(&self) -> &[Port] {
        &SINK
    }

    fn receive(&mut self, _: usize, message: Message, _: &mut Bus<'_>) {
        if let Message::Stream(Stream::Frame(frame)) = message {
            (self.show)(&frame);
        }
    }

    fn tick(&mut self, bus: &mut Bus<'_>) {
        while self.next <= bus.now() {
            bus.send(0, Message::Stream(Stream::NextFrame));
            self.next = self.next + self.period;
        }
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        bus.wake_at(Some(self.next));
    }
}

impl fmt::Debug for FrameSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameSink").field("period", &self.period).finish_non_exhaustive()
    }
}
