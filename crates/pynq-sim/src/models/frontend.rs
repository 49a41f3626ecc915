//! What is between the pixel cores and the connectors of a PYNQ board's HDMI: cores without registers.
//!
//! Pixels go as frames here, one message each, of blue, green and red. What a core does to the order of the channels on its
//! wires, and undoes in the next one, is not seen.

use core::time::Duration;

use pynq_core::Instant;

use crate::device::{Bus, Device, InterfaceKind, Message, Port, PortKind, Stream, Timing, Video};

const IN: usize = 0;
const OUT: usize = 1;

const fn video(name: &'static str) -> Port {
    Port::interface(name, InterfaceKind::Video)
}

/// A core that passes video on: `color_swap`, `rgb2dvi`.
#[derive(Clone, Debug)]
pub struct VideoPassModel {
    ports: [Port; 2],
}

impl VideoPassModel {
    /// One with interfaces of these names.
    #[must_use]
    pub const fn new(input: &'static str, output: &'static str) -> Self {
        Self { ports: [video(input), video(output)] }
    }
}

impl Device for VideoPassModel {
    fn ports(&self) -> &[Port] {
        &self.ports
    }

    fn receive(&mut self, port: usize, message: Message, bus: &mut Bus<'_>) {
        if port == IN {
            bus.send(OUT, message);
        }
    }
}

/// How long the receiver takes to lock on a pixel clock.
const CLOCK_LOCK: Duration = Duration::from_millis(2);

/// Digilent's `dvi2rgb`: the receiver of TMDS. It locks on the pixel clock of what comes in, says so, and passes it on.
#[derive(Clone, Debug, Default)]
pub struct DviReceiverModel {
    timing: Option<Timing>,
    locks_at: Option<Instant>,
    locked: bool,
}

const LOCKED: usize = 2;

static RECEIVER: [Port; 3] = [video("TMDS"), video("RGB"), Port::new("aPixelClkLckd", PortKind::Signal, 1)];

impl DviReceiverModel {
    /// A receiver at which nothing comes in.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Device for DviReceiverModel {
    fn ports(&self) -> &[Port] {
        &RECEIVER
    }

    fn receive(&mut self, port: usize, message: Message, bus: &mut Bus<'_>) {
        let Message::Video(video) = message else { return };
        match video {
            Video::Timing(timing) if port == IN => {
                let same_clock = self.timing.is_some_and(|before| before.pixel_hz == timing.pixel_hz);
                self.timing = Some(timing);
                if self.locked && same_clock {
                    bus.send(OUT, Message::Video(Video::Timing(timing)));
                } else {
                    self.locked = false;
                    bus.send(OUT, Message::Video(Video::NoSignal));
                    self.locks_at = Some(bus.now() + CLOCK_LOCK);
                }
            }
            Video::NoSignal if port == IN => {
                *self = Self::default();
                bus.send(OUT, Message::Video(Video::NoSignal));
            }
            video if port == IN && self.locked => bus.send(OUT, Message::Video(video)),
            _ => {}
        }
    }

    fn tick(&mut self, bus: &mut Bus<'_>) {
        if self.locks_at.take_if(|at| *at <= bus.now()).is_some() {
            self.locked = true;
            if let Some(timing) = self.timing {
                bus.send(OUT, Message::Video(Video::Timing(timing)));
            }
        }
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        bus.set(LOCKED, self.locked.into());
        bus.wake_at(self.locks_at);
    }
}

/// `v_vid_in_axi4s`: video to a stream. The stream does not wait, and what nobody takes is lost.
#[derive(Clone, Copy, Debug, Default)]
pub struct VideoInModel;

const TIMING_OUT: usize = 2;

static VIDEO_IN: [Port; 3] =
    [video("vid_io_in"), Port::interface("video_out", InterfaceKind::Stream), video("vtiming_out")];

impl Device for VideoInModel {
    fn ports(&self) -> &[Port] {
        &VIDEO_IN
    }

    fn receive(&mut self, port: usize, message: Message, bus: &mut Bus<'_>) {
        match (port, message) {
            (IN, Message::Video(Video::Frame(frame))) => bus.send(OUT, Message::Stream(Stream::Frame(frame))),
            (IN, message) => bus.send(TIMING_OUT, message),
            _ => {}
        }
    }
}

/// `v_axi4s_vid_out`: a stream to video, at the pace of a generator's timing and of the pixel clock.
#[derive(Clone, Debug)]
pub struct VideoOutModel {
    timing: Option<Timing>,
    pixel_hz: u64,
    border: Option<Instant>,
    /// Whether a frame has come since the last border.
    fed: bool,
    /// What is wrong, as it was last said.
    told: Option<&'static str>,
    changed: bool,
}

const TIMING_IN: usize = 2;
const CLOCK: usize = 3;

static VIDEO_OUT: [Port; 4] = [
    Port::interface("video_in", InterfaceKind::Stream),
    video("vid_io_out"),
    video("vtiming_in"),
    video("vid_io_out_clk"),
];

impl VideoOutModel {
    /// A bridge at which nothing comes in.
    #[must_use]
    pub const fn new() -> Self {
        Self { timing: None, pixel_hz: 74_250_000, border: None, fed: false, told: None, changed: false }
    }

    /// The pace, by timing and clock.
    fn frame_time(&self) -> Option<Duration> {
        self.timing?.frame_time(self.pixel_hz)
    }

    fn tell(&mut self, what: &'static str, bus: &mut Bus<'_>) {
        if self.told.replace(what) != Some(what) {
            bus.send(OUT, Message::Video(Video::NoPicture(what)));
        }
    }
}

impl Default for VideoOutModel {
    fn default() -> Self {
        Self::new()
    }
}

impl Device for VideoOutModel {
    fn ports(&self) -> &[Port] {
        &VIDEO_OUT
    }

    fn receive(&mut self, port: usize, message: Message, bus: &mut Bus<'_>) {
        match (port, message) {
            (IN, Message::Stream(Stream::Frame(frame))) => {
                self.fed = true;
                let Some(timing) = self.timing else { return };
                let (width, height) = timing.active;
                if (frame.line_bytes(), frame.lines()) == (3 * width, height) {
                    self.told = None;
                    bus.send(OUT, Message::Video(Video::Frame(frame)));
                } else {
                    self.tell("the frames of the VDMA are not of the size of the timing", bus);
                }
            }
            (TIMING_IN, Message::Video(Video::Timing(timing))) => (self.timing, self.changed) = (Some(timing), true),
            (TIMING_IN, Message::Video(Video::NoSignal)) => (self.timing, self.changed) = (None, true),
            (CLOCK, Message::Video(Video::Clock(hertz))) => (self.pixel_hz, self.changed) = (hertz, true),
            _ => {}
        }
        if core::mem::take(&mut self.changed) {
            let time = self.frame_time();
            self.border = time.map(|_| bus.now());
            (self.fed, self.told) = (true, None);
            let signal = match self.timing.filter(|_| time.is_some()) {
                Some(timing) => Video::Timing(Timing { pixel_hz: self.pixel_hz, ..timing }),
                None => Video::NoSignal,
            };
            bus.send(OUT, Message::Video(signal));
        }
    }

    fn tick(&mut self, bus: &mut Bus<'_>) {
        let Some(time) = self.frame_time() else { return };
        while let Some(border) = self.border.filter(|border| *border <= bus.now()) {
            if !core::mem::take(&mut self.fed) {
                self.tell("no frames come from the VDMA (MM2S)", bus);
            }
            bus.send(IN, Message::Stream(Stream::NextFrame));
            self.border = Some(border + time);
        }
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        bus.wake_at(self.border);
    }
}
