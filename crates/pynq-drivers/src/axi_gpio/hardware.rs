//! The registers of an AXI GPIO: its interrupt node, and all that changes its outputs.
//!
//! Two facts shape this file. The status register *toggles* on write, so exactly the bits that were read as one are
//! written back, by one party, under the node's lock. And the data register reads pins but writes the output register,
//! so what was written is kept here and DATA is never read in order to be changed.

use core::fmt;

use pynq_core::{
    Window,
    interrupt::{InterruptHardware, Lines},
};

use super::config::{AxiGpioConfig, AxiGpioConfigError, ChannelConfig, ChannelDirection};
use super::registers::{AxiGpioRegisters, Channels, GlobalInterruptEnable};

/// What software knows of a channel's registers without reading them.
#[derive(Clone, Copy, Debug, Default)]
struct Shadow {
    /// The output register.
    data: u32,
    /// The direction register: a one is an input.
    tri: u32,
}

/// The register functions of an AXI GPIO. Line 0 of its node is channel 1, line 1 is channel 2.
pub struct AxiGpioHardware {
    registers: AxiGpioRegisters<Window>,
    config: AxiGpioConfig,
    shadows: [Shadow; 2],
    /// What IP_IER holds.
    enabled: Channels,
}

impl AxiGpioHardware {
    /// Brings the block into a known state, whatever a previous user left: outputs and directions as after a reset,
    /// both channels masked, stale status dropped.
    ///
    /// # Errors
    ///
    /// See [`AxiGpioConfigError`].
    pub fn new(window: impl Into<Window>, config: AxiGpioConfig) -> Result<Self, AxiGpioConfigError> {
        Self::start(window, config, Self::reset_channel)
    }

    /// Takes over a block that is in use: outputs and directions stay as they are, so that what hangs on the pins, a
    /// reset for one, doesn't notice. Both channels are masked and stale status is dropped, as by [`new`](Self::new).
    ///
    /// The output register of a channel of outputs reads back. On a bidirectional one the pins are read instead, which
    /// gives what an output drives where the design has a tri-state buffer; behind wires that are not looped back, the
    /// first write to one pin of the channel also sets its other outputs to what is read here.
    ///
    /// # Errors
    ///
    /// See [`AxiGpioConfigError`].
    pub fn attach(window: impl Into<Window>, config: AxiGpioConfig) -> Result<Self, AxiGpioConfigError> {
        Self::start(window, config, Self::adopt_channel)
    }

    fn start(
        window: impl Into<Window>,
        config: AxiGpioConfig,
        channel: impl Fn(&mut Self, u8, ChannelConfig),
    ) -> Result<Self, AxiGpioConfigError> {
        config.validate()?;
        let registers = AxiGpioRegisters::new(window.into())?;
        let mut this = Self { registers, config, shadows: [Shadow::default(); 2], enabled: Channels::empty() };
        if config.interrupt {
            this.registers.ip_ier().write(Channels::empty());
        }
        for (line, config) in (0..).zip([Some(config.channel1), config.channel2].into_iter().flatten()) {
            channel(&mut this, line, config);
        }
        if config.interrupt {
            // After the outputs were set: an output that reads back its own pin has set the status again.
            this.clear(Channels::all());
            this.registers.gier().write(GlobalInterruptEnable::ENABLE);
        }
        Ok(this)
    }

    /// Reads what the channel drives now, and writes nothing.
    fn adopt_channel(&mut self, line: u8, channel: ChannelConfig) {
        let mask = channel.mask();
        self.shadows[index(line)] = match channel.direction {
            ChannelDirection::Inputs => Shadow { data: channel.dout_default & mask, tri: mask },
            ChannelDirection::Outputs => Shadow { data: self.read(line) & mask, tri: 0 },
            ChannelDirection::Bidirectional => {
                let tri = self.read_tri(line) & mask;
                // The output register behind an input can't be read; what it drives after a reset is as good as any.
                Shadow { data: (self.read(line) & !tri | channel.dout_default & tri) & mask, tri }
            }
        };
    }

    fn reset_channel(&mut self, line: u8, channel: ChannelConfig) {
        let mask = channel.mask();
        let tri = match channel.direction {
            ChannelDirection::Inputs => mask,
            ChannelDirection::Outputs => 0,
            ChannelDirection::Bidirectional => channel.tri_default & mask,
        };
        self.shadows[index(line)] = Shadow { data: channel.dout_default & mask, tri };
        if channel.direction != ChannelDirection::Inputs {
            self.put_data(line);
        }
        if channel.direction == ChannelDirection::Bidirectional {
            self.put_tri(line);
        }
    }

    /// How the block was built.
    pub const fn config(&self) -> &AxiGpioConfig {
        &self.config
    }

    /// The pins of a channel.
    pub(super) fn read(&self, line: u8) -> u32 {
        if line == 0 { self.registers.gpio_data().read() } else { self.registers.gpio2_data().read() }
    }

    /// The output register of a channel, as it was written last.
    pub(super) const fn output(&self, line: u8) -> u32 {
        self.shadows[index(line)].data
    }

    /// Which pins of a channel are inputs.
    pub(super) const fn inputs(&self, line: u8) -> u32 {
        self.shadows[index(line)].tri
    }

    /// Sets those bits of the output register that are one in `mask`.
    pub(super) fn write(&mut self, line: u8, mask: u32, value: u32) {
        let shadow = &mut self.shadows[index(line)];
        shadow.data = shadow.data & !mask | value & mask;
        self.put_data(line);
    }

    /// Makes the pins of `mask` inputs, or outputs that drive what the output register holds.
    pub(super) fn set_inputs(&mut self, line: u8, mask: u32, inputs: bool) {
        let shadow = &mut self.shadows[index(line)];
        shadow.tri = if inputs { shadow.tri | mask } else { shadow.tri & !mask };
        self.put_tri(line);
    }

    /// Makes the pins of `mask` outputs that drive `value`, and nothing else at any time.
    pub(super) fn drive(&mut self, line: u8, mask: u32, value: u32) {
        self.write(line, mask, value);
        self.set_inputs(line, mask, false);
    }

    fn put_data(&self, line: u8) {
        let data = self.shadows[index(line)].data;
        if line == 0 { self.registers.gpio_data().write(data) } else { self.registers.gpio2_data().write(data) }
    }

    fn read_tri(&self, line: u8) -> u32 {
        if line == 0 { self.registers.gpio_tri().read() } else { self.registers.gpio2_tri().read() }
    }

    fn put_tri(&self, line: u8) {
        let tri = self.shadows[index(line)].tri;
        if line == 0 { self.registers.gpio_tri().write(tri) } else { self.registers.gpio2_tri().write(tri) }
    }

    /// Clears the status of `channels`, and returns those whose status was set.
    fn clear(&self, channels: Channels) -> Channels {
        let pending = self.registers.ip_isr().read() & channels;
        if !pending.is_empty() {
            self.registers.ip_isr().toggle(pending);
        }
        pending
    }

    fn put_enables(&mut self, enabled: Channels) {
        self.enabled = enabled;
        self.registers.ip_ier().write(enabled);
    }
}

const fn index(line: u8) -> usize {
    (line & 1) as usize
}

fn channels(lines: u32) -> Channels {
    Channels::from_bits_truncate(lines)
}

/// A block that was built without an interrupt has no such registers, and they are left alone.
impl InterruptHardware for AxiGpioHardware {
    type Lines = Lines<2>;

    /// A status from before is kept: it may be an event that no task has seen yet. If it is none, one dispatch
    /// finds that out and wakes no task.
    fn unmask(&mut self, lines: u32) {
        if self.config.interrupt {
            self.put_enables(self.enabled | channels(lines));
        }
    }

    fn mask(&mut self, lines: u32) {
        if self.config.interrupt {
            self.put_enables(self.enabled - channels(lines));
        }
    }

    /// The status is cleared here and DATA is sampled afterwards, so that a change in between sets it again: one
    /// service too many, where the other order would lose the change.
    fn ack_pending(&mut self, lines: u32) -> u32 {
        if self.config.interrupt { self.clear(channels(lines)).bits() } else { 0 }
    }

    /// The status of a channel remembers an event as an edge latch does.
    fn take_latched(&mut self, lines: u32) -> u32 {
        self.ack_pending(lines)
    }

    fn read_level(&mut self, line: u8) -> u32 {
        self.read(line)
    }

    fn clears_on_ack(&self) -> u32 {
        Channels::all().bits()
    }

    fn read_back(&mut self) {
        if self.config.interrupt {
            self.registers.ip_ier().read();
        }
    }
}

impl fmt::Debug for AxiGpioHardware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AxiGpioHardware").field("config", &self.config).finish_non_exhaustive()
    }
}
