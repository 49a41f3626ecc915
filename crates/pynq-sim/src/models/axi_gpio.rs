//! The AXI GPIO, from its data sheet (PG144).
//!
//! Its interrupt knows no pins, edges or levels: *any* change of a channel's input vector sets that channel's one
//! status bit. The status register toggles on write, so a careless write raises an interrupt instead of clearing one.

use crate::device::{Bus, Device, Port, PortKind};
use core::time::Duration;
use pynq_core::Instant;

#[cfg(test)]
mod tests;

/// Data of channel 1.
pub const DATA: u32 = 0x000;
/// Direction of channel 1; a set bit is an input.
pub const TRI: u32 = 0x004;
/// Data of channel 2.
pub const DATA2: u32 = 0x008;
/// Direction of channel 2.
pub const TRI2: u32 = 0x00C;
/// Global interrupt enable, in bit 31.
pub const GIER: u32 = 0x11C;
/// Interrupt status: toggle on write.
pub const IP_ISR: u32 = 0x120;
/// Interrupt enable.
pub const IP_IER: u32 = 0x128;

const GLOBAL: u32 = 1 << 31;

/// With [`AxiGpioModel::set_late_events`], how long an event takes from the data register to the status register: two
/// flip-flops at 100 MHz.
const LATE: Duration = Duration::from_nanos(20);

/// How one channel was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GpioChannel {
    /// Pins of the channel (`C_GPIO_WIDTH`).
    pub width: u8,
    /// The pins are inputs, whatever TRI says (`C_ALL_INPUTS`).
    pub all_inputs: bool,
    /// The pins are outputs, whatever TRI says (`C_ALL_OUTPUTS`).
    pub all_outputs: bool,
    /// What the output register holds after reset (`C_DOUT_DEFAULT`).
    pub dout_default: u32,
    /// What the direction register holds after reset (`C_TRI_DEFAULT`).
    pub tri_default: u32,
    /// The pins go through tri-state buffers, so that an output bit reads back its own pin. Otherwise it reads what
    /// drives the separate input wire.
    pub tri_state: bool,
}

impl Default for GpioChannel {
    fn default() -> Self {
        Self {
            width: 32,
            all_inputs: false,
            all_outputs: false,
            dout_default: 0,
            tri_default: u32::MAX,
            tri_state: true,
        }
    }
}

impl GpioChannel {
    /// A channel of inputs, such as buttons.
    #[must_use]
    pub fn inputs(width: u8) -> Self {
        Self { width, all_inputs: true, ..Self::default() }
    }

    /// A channel of outputs, such as LEDs.
    #[must_use]
    pub fn outputs(width: u8) -> Self {
        Self { width, all_outputs: true, ..Self::default() }
    }
}

/// How the block was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GpioParams {
    /// The first channel.
    pub channel1: GpioChannel,
    /// The second channel, where there is one (`C_IS_DUAL`).
    pub channel2: Option<GpioChannel>,
    /// The interrupt logic exists (`C_INTERRUPT_PRESENT`).
    pub interrupt_present: bool,
}

#[derive(Clone, Debug)]
struct Channel {
    params: GpioChannel,
    mask: u32,
    /// What drives the pins from outside.
    pins: u32,
    dout: u32,
    tri: u32,
    /// The synchronised input vector, which events are derived from.
    vector: u32,
}

impl Channel {
    fn new(params: GpioChannel) -> Self {
        let mask = if params.width >= 32 { u32::MAX } else { (1 << params.width) - 1 };
        Self { params, mask, pins: 0, dout: 0, tri: 0, vector: 0 }
    }

    fn absent() -> Self {
        Self::new(GpioChannel { width: 0, ..GpioChannel::default() })
    }

    fn reset(&mut self) {
        self.dout = self.params.dout_default & self.mask;
        self.tri = self.params.tri_default & self.mask;
        self.vector = self.sample();
    }

    fn direction(&self) -> u32 {
        match () {
            () if self.params.all_inputs => self.mask,
            () if self.params.all_outputs => 0,
            () => self.tri,
        }
    }

    fn driven(&self) -> u32 {
        self.dout & !self.direction()
    }

    fn sample(&self) -> u32 {
        match () {
            () if self.params.all_outputs => 0, // constant: no events
            () if self.params.tri_state => (self.pins & self.direction()) | self.driven(),
            () => self.pins,
        }
    }

    /// Takes a new sample and returns whether it differs.
    fn changed(&mut self) -> bool {
        let new = self.sample();
        core::mem::replace(&mut self.vector, new) != new
    }

    fn data(&self) -> u32 {
        if self.params.all_outputs { self.dout } else { self.vector }
    }
}

/// The register-level model. It is a value without references or allocations, so a property test can run it alone.
#[derive(Clone, Debug)]
pub struct AxiGpioModel {
    channels: [Channel; 2],
    interrupt_present: bool,
    status_bits: u32,
    isr: u32,
    ier: u32,
    gier: u32,
    late_events: bool,
    late: u32,
    due: Option<Instant>,
    now: Instant,
    /// Pins that change in the clock of the next access.
    concurrent: [Option<u32>; 2],
    /// The pins, or what drives them, may have changed since the outputs were last driven.
    moved: bool,
}

impl AxiGpioModel {
    /// A block that has just been reset, with nothing driving its pins.
    #[must_use]
    pub fn new(params: GpioParams) -> Self {
        let channel2 = params.channel2.map_or_else(Channel::absent, Channel::new);
        let mut model = Self {
            channels: [Channel::new(params.channel1), channel2],
            interrupt_present: params.interrupt_present,
            status_bits: if params.channel2.is_some() { 0b11 } else { 0b01 },
            isr: 0,
            ier: 0,
            gier: 0,
            late_events: false,
            late: 0,
            due: None,
            now: Instant::START,
            concurrent: [None; 2],
            moved: true,
        };
        model.reset();
        model
    }

    /// The AXI reset. What drives the pins stays.
    pub fn reset(&mut self) {
        (self.isr, self.ier, self.gier, self.late, self.due) = (0, 0, 0, 0, None);
        self.moved = true;
        self.channels.iter_mut().for_each(Channel::reset);
    }

    /// Reads a register.
    pub fn read(&mut self, offset: u32) -> u32 {
        let value = match offset {
            DATA | DATA2 => self.channel(offset).data(),
            TRI | TRI2 => self.channel(offset).tri,
            GIER => self.gier,
            IP_ISR => self.isr,
            IP_IER => self.ier,
            _ => 0,
        };
        if self.is_racing() {
            let events = self.events_of_this_clock();
            self.isr |= events;
        }
        value
    }

    /// Writes a register.
    pub fn write(&mut self, offset: u32, value: u32) {
        // Determined before the write changes anything: these changes share its clock.
        let events = if self.is_racing() { self.events_of_this_clock() } else { 0 };
        match offset {
            DATA | DATA2 | TRI | TRI2 => {
                self.moved = true;
                let channel = self.channel(offset);
                let value = value & channel.mask;
                if offset & 4 == 0 {
                    channel.dout = value
                } else {
                    channel.tri = value
                }
                self.sample(usize::from(offset & 8 != 0));
            }
            GIER if self.interrupt_present => self.gier = value & GLOBAL,
            IP_ISR if self.interrupt_present => self.isr ^= value & self.status_bits,
            IP_IER if self.interrupt_present => self.ier = value & self.status_bits,
            _ => {}
        }
        self.isr |= events;
    }

    /// Sets what drives the pins of `channel` (1 or 2) from outside. A channel that doesn't exist has no pins.
    pub fn set_pins(&mut self, channel: u8, bits: u32) {
        let index = usize::from(channel != 1);
        self.channels[index].pins = bits & self.channels[index].mask;
        self.sample(index);
    }

    /// What drives the pins of `channel` from outside.
    #[must_use]
    pub fn pins(&self, channel: u8) -> u32 {
        self.channels[usize::from(channel != 1)].pins
    }

    /// What the block drives onto the pins of `channel`: the output register, where the pin is an output.
    #[must_use]
    pub fn driven(&self, channel: u8) -> u32 {
        self.channels[usize::from(channel != 1)].driven()
    }

    /// The level of `ip2intc_irpt`.
    #[must_use]
    pub const fn irq(&self) -> bool {
        self.gier & GLOBAL != 0 && self.isr & self.ier != 0
    }

    /// Race: the pins of `channel` change in the very clock of the next register access. An event that meets the write
    /// that clears it is kept.
    pub fn set_pins_in_next_access(&mut self, channel: u8, bits: u32) {
        let index = usize::from(channel != 1);
        self.concurrent[index] = Some(bits & self.channels[index].mask);
    }

    /// Race: events reach the status register a little later than DATA, as on the hardware. By default they arrive
    /// together, so that a stimulus has its effect before it returns. Late events arrive after the next access, or 20 ns
    /// later on a board's clock.
    pub fn set_late_events(&mut self, late: bool) {
        self.late_events = late;
    }

    fn channel(&mut self, offset: u32) -> &mut Channel {
        &mut self.channels[usize::from(offset & 8 != 0)]
    }

    fn sample(&mut self, index: usize) {
        if !self.channels[index].changed() || !self.interrupt_present {
            return;
        }
        if self.late_events {
            self.late |= 1 << index;
            self.due = Some(self.now + LATE);
        } else {
            self.isr |= 1 << index;
        }
    }

    /// Whether something is to happen in the clock of the next access.
    const fn is_racing(&self) -> bool {
        self.late != 0 || self.concurrent[0].is_some() || self.concurrent[1].is_some()
    }

    fn events_of_this_clock(&mut self) -> u32 {
        self.moved = true;
        let mut events = core::mem::take(&mut self.late);
        self.due = None;
        for (index, slot) in self.concurrent.iter_mut().enumerate() {
            if let Some(pins) = slot.take() {
                self.channels[index].pins = pins;
                events |= u32::from(self.channels[index].changed() && self.interrupt_present) << index;
            }
        }
        events
    }
}

/// Ports of a channel, one channel after the other.
const PORTS_PER_CHANNEL: usize = 4;

const IN: usize = 0;
const PADS: usize = 1;
const OUT: usize = 2;
const TRISTATE: usize = 3;

static SINGLE: [Port; PORTS_PER_CHANNEL + 1] = [
    Port::new("gpio_io_i", PortKind::Input, 32).of_channel(1),
    Port::new("gpio_io", PortKind::Output, 32).of_channel(1),
    Port::new("gpio_io_o", PortKind::Signal, 32),
    Port::new("gpio_io_t", PortKind::Signal, 32),
    Port::new("ip2intc_irpt", PortKind::Signal, 1),
];

static DUAL: [Port; 2 * PORTS_PER_CHANNEL + 1] = [
    Port::new("gpio_io_i", PortKind::Input, 32).of_channel(1),
    Port::new("gpio_io", PortKind::Output, 32).of_channel(1),
    Port::new("gpio_io_o", PortKind::Signal, 32),
    Port::new("gpio_io_t", PortKind::Signal, 32),
    Port::new("gpio2_io_i", PortKind::Input, 32).of_channel(2),
    Port::new("gpio2_io", PortKind::Output, 32).of_channel(2),
    Port::new("gpio2_io_o", PortKind::Signal, 32),
    Port::new("gpio2_io_t", PortKind::Signal, 32),
    Port::new("ip2intc_irpt", PortKind::Signal, 1),
];

impl AxiGpioModel {
    const fn count(&self) -> usize {
        if self.status_bits == 0b11 { 2 } else { 1 }
    }
}

impl Device for AxiGpioModel {
    fn ports(&self) -> &[Port] {
        if self.count() == 2 { &DUAL } else { &SINGLE }
    }

    fn width(&self, port: usize) -> u8 {
        self.channels[..self.count()].get(port / PORTS_PER_CHANNEL).map_or(1, |channel| channel.params.width)
    }

    fn reset(&mut self, _: &mut Bus<'_>) {
        self.reset();
    }

    fn read(&mut self, offset: u32, bus: &mut Bus<'_>) -> u32 {
        if !self.is_racing() {
            bus.settled();
        }
        AxiGpioModel::read(self, offset)
    }

    fn write(&mut self, offset: u32, value: u32, _: &mut Bus<'_>) {
        AxiGpioModel::write(self, offset, value);
    }

    fn set_input(&mut self, port: usize, bits: u32, _: &mut Bus<'_>) {
        self.set_pins(if port == IN { 1 } else { 2 }, bits);
    }

    fn tick(&mut self, bus: &mut Bus<'_>) {
        self.now = bus.now();
        if self.due.is_some_and(|due| due <= self.now) {
            self.due = None;
            self.isr |= core::mem::take(&mut self.late);
        }
    }

    fn is_still(&self) -> bool {
        true
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        let count = self.count();
        // Most accesses move no pin.
        if core::mem::take(&mut self.moved) {
            for (index, channel) in self.channels.iter().enumerate().take(count) {
                let port = PORTS_PER_CHANNEL * index;
                bus.set(port + PADS, channel.driven());
                bus.set(port + OUT, channel.dout);
                bus.set(port + TRISTATE, channel.direction());
            }
        }
        bus.set(PORTS_PER_CHANNEL * count, self.irq().into());
        bus.wake_at(self.due);
    }
}
