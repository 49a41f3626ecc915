//! The programmable logic: the blocks of the PYNQ-Z2's base overlay that have to do with buttons.
//!
//! As it is in the design: a controller with edge inputs only, on the first interrupt of the logic, and an AXI GPIO for
//! the buttons on its input 13.

use pynq_baremetal::Lock;
use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, AxiIntcNode, Volatile, axi_intc_node,
    interrupt::{ConstInit, ParentLine},
};
use pynq_drivers::{
    AxiGpio, AxiGpioConfig, AxiGpioHardware, AxiGpioNode, Button, Led, Switch,
    axi_gpio::{ChannelConfig, axi_gpio_node},
};
use static_cell::StaticCell;

use crate::{Board, Root, board::registers};

/// The node of a controller on a root.
pub type Intc = AxiIntcNode<Volatile, Lock, Root>;
/// The node of a GPIO on a controller.
pub type GpioNode = AxiGpioNode<Lock, ParentLine>;

static INTC: StaticCell<Intc> = StaticCell::new();
static SWITCHES: StaticCell<GpioNode> = StaticCell::new();
static BUTTONS: StaticCell<GpioNode> = StaticCell::new();
static LEDS: StaticCell<GpioNode> = StaticCell::new();

/// The blocks of the base overlay.
pub struct Base {
    /// The four buttons.
    pub buttons: AxiGpio,
    /// The two switches.
    pub switches: AxiGpio,
    /// The four LEDs.
    pub leds: AxiGpio,
}

/// What can be wrong with the blocks, as text: there is nobody here to tell it to but a person.
pub type Result<T> = core::result::Result<T, &'static str>;

impl Base {
    /// Claims the blocks. Once.
    ///
    /// # Errors
    ///
    /// If the logic doesn't answer as this design does.
    pub fn claim(board: &Board) -> Result<Self> {
        let hardware = AxiIntcHardware::new(registers(0x4180_0000, 0x1000), AxiIntcConfig::new(32, u32::MAX));
        let hardware = hardware.map_err(|_| "no interrupt controller at 0x41800000; is the base overlay loaded?")?;
        let intc: &'static Intc = INTC.init(axi_intc_node(Lock::INIT, hardware, board.root(0)));
        let gpio = |cell: &'static StaticCell<GpioNode>, address, config, line: Option<u8>| {
            let hardware = AxiGpioHardware::new(registers(address, 0x1000), config).map_err(|_| "a bad GPIO")?;
            let source = line.map_or(ParentLine::UNWIRED, |line| ParentLine::new(intc, line));
            let node: &'static GpioNode = cell.init(axi_gpio_node(Lock::INIT, hardware, source));
            AxiGpio::new(node).map_err(|_| "a GPIO that failed")
        };
        let inputs = |width| AxiGpioConfig::new(ChannelConfig::inputs(width)).with_interrupt();
        Ok(Self {
            buttons: gpio(&BUTTONS, 0x4121_0000, inputs(4), Some(13))?,
            switches: gpio(&SWITCHES, 0x4120_0000, inputs(2), Some(14))?,
            leds: gpio(&LEDS, 0x4125_0000, AxiGpioConfig::new(ChannelConfig::outputs(4)), None)?,
        })
    }

    /// Button `number`, 0 to 3.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn button(&self, number: u8) -> Result<Button> {
        let pin = self.buttons.channel1().pin(number).map_err(|_| "no such button")?;
        Button::new(pin).map_err(|_| "no such button")
    }

    /// Switch `number`, 0 or 1.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn switch(&self, number: u8) -> Result<Switch> {
        let pin = self.switches.channel1().pin(number).map_err(|_| "no such switch")?;
        Switch::new(pin).map_err(|_| "no such switch")
    }

    /// LED `number`, 0 to 3.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn led(&self, number: u8) -> Result<Led> {
        let pin = self.leds.channel1().pin(number).map_err(|_| "no such LED")?;
        Led::new(pin).map_err(|_| "no such LED")
    }
}
