//! The small parts of PYNQ's I/O processors: the flip-flop that requests an interrupt, and the switch between the pins and the
//! peripherals. From PYNQ's own IP, which has no other document.

use pynq_core::Instant;

use crate::device::{Bus, Device, Port, PortKind};

/// `dff_en_reset_vector`: at each clock its output is 0 in reset, else 1 where it is enabled, else what it was.
///
/// So the reset wins while it is held, and a request that stays sets the flip-flop anew at the clock after it ends. The reset
/// comes from a processor whose accesses take no time here, so it counts however short it is.
#[derive(Clone, Debug)]
pub struct RequestFlopModel {
    ports: [Port; 3],
    enable: u32,
    reset: bool,
    output: u32,
    /// The clock after a reset.
    due: Option<Instant>,
}

/// A clock of 100 MHz.
const CLOCK: core::time::Duration = core::time::Duration::from_nanos(10);

const ENABLE: usize = 0;
const RESET: usize = 1;
const OUTPUT: usize = 2;

impl RequestFlopModel {
    /// So many of them, at most 32, with one reset, that request nothing.
    #[must_use]
    pub const fn new(width: u8) -> Self {
        let width = if width > 32 { 32 } else { width };
        let ports = [
            Port::new("en", PortKind::Input, width),
            Port::new("reset", PortKind::Input, 1),
            Port::new("q", PortKind::Signal, width),
        ];
        Self { ports, enable: 0, reset: false, output: 0, due: None }
    }

    fn clock(&mut self) {
        self.output = if self.reset { 0 } else { self.output | self.enable };
    }
}

impl Device for RequestFlopModel {
    fn ports(&self) -> &[Port] {
        &self.ports
    }

    /// It has no reset but its input. The design is new: its output is low unless something asks for more.
    fn reset(&mut self, bus: &mut Bus<'_>) {
        (self.output, self.due) = (0, Some(bus.now() + CLOCK));
    }

    fn set_input(&mut self, port: usize, bits: u32, bus: &mut Bus<'_>) {
        match port {
            ENABLE => {
                let new = bits & !self.enable;
                self.enable = bits;
                if !self.reset {
                    self.output |= new;
                }
            }
            RESET => {
                let was = core::mem::replace(&mut self.reset, bits & 1 != 0);
                if self.reset {
                    (self.output, self.due) = (0, None);
                } else if was {
                    self.due = Some(bus.now() + CLOCK);
                }
            }
            _ => {}
        }
    }

    fn tick(&mut self, bus: &mut Bus<'_>) {
        if self.due.is_some_and(|due| due <= bus.now()) {
            self.due = None;
            self.clock();
        }
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        bus.set(OUTPUT, self.output);
        bus.wake_at(self.due);
    }
}

/// `io_switch`: a byte for each pin says which peripheral has it, GPIO after a reset.
///
/// Its pins, channel 1, and those of the GPIO are connected where that is selected; a timer's outputs and capture inputs,
/// too. Serial buses go past it: they are joined to their parts as interfaces.
#[derive(Clone, Debug)]
pub struct IoSwitchModel {
    pins: u8,
    codes: [u32; WORDS],
    gpio_out: u32,
    gpio_tristate: u32,
    pwm: u32,
    generate: u32,
    outside: u32,
}

/// Words of registers that the four bits of address decode.
const WORDS: usize = 16;
/// Words that exist: a byte for each of up to 28 pins, and some.
const USED: u32 = 0x20;

/// A pin that the GPIO has.
pub const SWITCH_GPIO: u32 = 0x00;
/// The first of the pulse-width modulators.
pub const SWITCH_PWM: u32 = 0x10;
/// The first of the timers' outputs.
pub const SWITCH_GENERATE: u32 = 0x18;
/// The first of the timers' capture inputs.
pub const SWITCH_CAPTURE: u32 = 0x38;

const IN_PADS: usize = 0;
const OUT_PADS: usize = 1;
const TRI_PADS: usize = 2;
const GPIO_I: usize = 3;
const GPIO_O: usize = 4;
const GPIO_T: usize = 5;
const PWM: usize = 6;
const TIMER_O: usize = 7;
const TIMER_I: usize = 8;

static SWITCH: [Port; 9] = [
    Port::new("io_data_i", PortKind::Input, 32).of_channel(1),
    Port::new("io_data_o", PortKind::Output, 32).of_channel(1),
    Port::new("io_tri_o", PortKind::Signal, 32),
    Port::new("gpio_data_i", PortKind::Signal, 32),
    Port::new("gpio_data_o", PortKind::Input, 32),
    Port::new("gpio_tri_o", PortKind::Input, 32),
    Port::new("pwm_o", PortKind::Input, 8),
    Port::new("timer_o", PortKind::Input, 8),
    Port::new("timer_i", PortKind::Signal, 8),
];

impl IoSwitchModel {
    /// A switch of so many pins, at most 28, all of them the GPIO's.
    #[must_use]
    pub fn new(pins: u8) -> Self {
        let pins = pins.min(28);
        // The GPIO's pins are inputs until it says otherwise.
        Self { pins, codes: [0; WORDS], gpio_out: 0, gpio_tristate: u32::MAX, pwm: 0, generate: 0, outside: 0 }
    }

    fn code(&self, pin: u8) -> u32 {
        self.codes[usize::from(pin / 4)] >> (8 * (pin % 4)) & 0xFF
    }

    /// Levels and directions of the pins: a set bit of the second is an input.
    fn pads(&self) -> (u32, u32) {
        let (mut out, mut tristate) = (0, 0);
        for pin in 0..self.pins {
            let (level, input) = match self.code(pin) {
                SWITCH_GPIO => (self.gpio_out >> pin & 1, self.gpio_tristate >> pin & 1),
                code @ 0x10..=0x17 => (self.pwm >> (code - SWITCH_PWM) & 1, 0),
                code @ 0x18..=0x1F => (self.generate >> (code - SWITCH_GENERATE) & 1, 0),
                _ => (0, 1),
            };
            out |= (level & !input) << pin;
            tristate |= input << pin;
        }
        (out, tristate)
    }
}

impl Device for IoSwitchModel {
    fn ports(&self) -> &[Port] {
        &SWITCH
    }

    fn width(&self, port: usize) -> u8 {
        match port {
            PWM | TIMER_O | TIMER_I => 8,
            _ => self.pins,
        }
    }

    fn reset(&mut self, _: &mut Bus<'_>) {
        self.codes = [0; WORDS];
    }

    fn read(&mut self, offset: u32, _: &mut Bus<'_>) -> u32 {
        let offset = offset & 0x3F;
        if offset > USED { 0 } else { self.codes[(offset / 4) as usize] }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus<'_>) {
        let offset = offset & 0x3F;
        if offset > USED {
            return;
        }
        let lanes =
            (0..4).filter(|lane| bus.strobes() >> lane & 1 != 0).fold(0, |mask, lane| mask | 0xFF << (8 * lane));
        let word = &mut self.codes[(offset / 4) as usize];
        *word = *word & !lanes | value & lanes;
    }

    fn takes_strobes(&self) -> bool {
        true
    }

    fn is_still(&self) -> bool {
        true
    }

    fn set_input(&mut self, port: usize, bits: u32, _: &mut Bus<'_>) {
        match port {
            IN_PADS => self.outside = bits,
            GPIO_O => self.gpio_out = bits,
            GPIO_T => self.gpio_tristate = bits,
            PWM => self.pwm = bits,
            TIMER_O => self.generate = bits,
            _ => {}
        }
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        let (out, tristate) = self.pads();
        bus.set(OUT_PADS, out);
        bus.set(TRI_PADS, tristate);
        let pins = out & !tristate | self.outside & tristate;
        let (mut gpio, mut capture) = (0, 0);
        for pin in 0..self.pins {
            match self.code(pin) {
                SWITCH_GPIO => gpio |= pins & 1 << pin,
                code @ 0x38..=0x3F => capture |= (pins >> pin & 1) << (code - SWITCH_CAPTURE),
                _ => {}
            }
        }
        bus.set(GPIO_I, gpio);
        bus.set(TIMER_I, capture);
    }
}
