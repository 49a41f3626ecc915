//! What is plugged into a board's HDMI: a source that plays pictures, and a monitor.

use alloc::{format, string::String, vec::Vec};
use core::fmt;

use pynq_core::Instant;

use super::frames::Pictures;
use crate::device::{Bus, Device, Frame, InterfaceKind, Message, Picture, Port, PortKind, Timing, Video, View};

/// A source of video at the end of a cable: join its `out` to a receiver's `TMDS`, and wire the hot-plug signal of the board to
/// its `hpd`. It plays while that is high and its input `on` is.
///
/// Another mode comes to its port `mode`, as a [`Timing`]; it plays the pictures of that size from then on.
pub struct HdmiSource {
    timing: Timing,
    pictures: Pictures,
    on: bool,
    hot_plug: bool,
    number: u64,
    began: Option<Instant>,
    changed: bool,
}

const OUT: usize = 0;
const HOT_PLUG: usize = 1;
const ON: usize = 2;
const MODE: usize = 3;

static SOURCE: [Port; 4] = [
    Port::interface("out", InterfaceKind::Video),
    Port::new("hpd", PortKind::Input, 1),
    Port::new("on", PortKind::Input, 1),
    Port::interface("mode", InterfaceKind::Video),
];

impl HdmiSource {
    /// A source of this mode that is off. `pictures` has blue, green and red of each pixel of the frame of a number, line by line;
    /// it is asked for frames that something looks at, and must not call the board, which is locked then.
    #[must_use]
    pub fn new(timing: impl Into<Timing>, pictures: impl Fn(u64) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self {
            timing: timing.into(),
            pictures: Pictures::new(pictures),
            on: false,
            hot_plug: false,
            number: 0,
            began: None,
            changed: false,
        }
    }

    fn plays(&self) -> bool {
        self.on && self.hot_plug
    }
}

impl Device for HdmiSource {
    fn ports(&self) -> &[Port] {
        &SOURCE
    }

    fn set_input(&mut self, port: usize, bits: u32, bus: &mut Bus<'_>) {
        let played = self.plays();
        match port {
            HOT_PLUG => self.hot_plug = bits & 1 != 0,
            ON => self.on = bits & 1 != 0,
            _ => {}
        }
        if self.plays() != played {
            self.began = self.plays().then(|| bus.now());
            self.changed = true;
        }
    }

    fn receive(&mut self, port: usize, message: Message, bus: &mut Bus<'_>) {
        if let (MODE, Message::Video(Video::Timing(timing))) = (port, message) {
            self.timing = timing;
            self.began = self.plays().then(|| bus.now());
            self.changed = true;
        }
    }

    fn tick(&mut self, bus: &mut Bus<'_>) {
        let Some(time) = self.timing.frame_time(self.timing.pixel_hz) else { return };
        while let Some(began) = self.began.filter(|began| *began + time <= bus.now()) {
            let (width, height) = self.timing.active;
            let frame = self.pictures.frame(self.number, height, 3 * width).begun_at(began);
            bus.send(OUT, Message::Video(Video::Frame(frame)));
            self.number += 1;
            self.began = Some(began + time);
        }
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        if core::mem::take(&mut self.changed) {
            let signal = if self.plays() { Video::Timing(self.timing) } else { Video::NoSignal };
            bus.send(OUT, Message::Video(signal));
        }
        let time = self.timing.frame_time(self.timing.pixel_hz);
        bus.wake_at(self.began.zip(time).map(|(began, time)| began + time));
    }
}

impl fmt::Debug for HdmiSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HdmiSource").field("timing", &self.timing).field("number", &self.number).finish_non_exhaustive()
    }
}

/// A monitor: join a transmitter's `TMDS` to its `in`. It shows what reaches it, and if nothing does, says why.
///
/// What it shows is computed when somebody looks.
#[derive(Clone, Debug)]
pub struct HdmiMonitor {
    timing: Option<Timing>,
    frame: Option<Frame>,
    why: &'static str,
}

static MONITOR: [Port; 1] = [Port::interface("in", InterfaceKind::Video)];

const NO_SIGNAL: &str = "no signal: the pixel clock or the timing generator does not run";

impl HdmiMonitor {
    /// A monitor at which nothing comes in.
    #[must_use]
    pub const fn new() -> Self {
        Self { timing: None, frame: None, why: NO_SIGNAL }
    }

    fn picture(frame: &Frame) -> Picture {
        let data = frame.bytes().chunks_exact(3).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect();
        Picture { width: frame.line_bytes() / 3, height: frame.lines(), pixel: 3, data }
    }
}

impl Default for HdmiMonitor {
    fn default() -> Self {
        Self::new()
    }
}

impl Device for HdmiMonitor {
    fn ports(&self) -> &[Port] {
        &MONITOR
    }

    fn receive(&mut self, _: usize, message: Message, _: &mut Bus<'_>) {
        let Message::Video(video) = message else { return };
        match video {
            Video::NoSignal => *self = Self::new(),
            Video::Timing(timing) => {
                *self = Self { timing: Some(timing), frame: None, why: "no picture has come yet" };
            }
            Video::Frame(frame) => self.frame = Some(frame),
            Video::NoPicture(why) => (self.frame, self.why) = (None, why),
            _ => {}
        }
    }

    /// The picture, in red, green and blue, or the mode and why there is none.
    fn view(&self) -> View {
        match (&self.frame, self.timing) {
            (Some(frame), _) => View::Picture(Self::picture(frame)),
            (None, None) => View::Text(String::from(self.why)),
            (None, Some(timing)) => {
                let (width, height) = timing.active;
                View::Text(format!("{width} x {height}: {}", self.why))
            }
        }
    }
}
