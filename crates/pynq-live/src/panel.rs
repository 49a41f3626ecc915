//! What is on a board: its LEDs, buttons and switches, its interrupts and its serial lines, read from the design.
//!
//! Nothing here touches a register: a board is looked at without its noticing.

use pynq::{
    AxiGpio, ChannelDirection, Overlay,
    boards::{self, PinGroup},
    core::{Driver, Parameters},
    hwh::{Design, IpBlock},
};
use serde::Serialize;

/// What a board has, for as long as one design is loaded. The ids are those that [`Command`](crate::Command)s and
/// [`Snapshot`](crate::Snapshot)s use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Panel {
    /// The name of the design.
    pub design: String,
    /// The name of the board, if its buttons and LEDs are known.
    pub board: Option<String>,
    /// The device, as the handoff file has it.
    pub device: String,
    /// What can be seen and moved.
    pub controls: Vec<Control>,
    /// The interrupt pins that reach the processor.
    pub interrupts: Vec<InterruptPin>,
    /// The blocks with a serial line, by path.
    pub consoles: Vec<String>,
    /// The blocks that the processor can address, by path.
    pub blocks: Vec<Block>,
}

/// Something on a board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Control {
    /// By what it is called in commands: `led0`, `btn3`, `gpio_a.1.7`.
    pub id: String,
    /// By what people call it: `LD0`.
    pub label: String,
    /// What it is.
    pub kind: ControlKind,
    /// The AXI GPIO whose pins it is on.
    pub block: String,
    /// Its channel, counted from 1.
    pub channel: u8,
    /// Its first pin.
    pub bit: u8,
}

/// What something on a board is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ControlKind {
    /// An LED.
    Led,
    /// An LED of three colours on three pins: blue, green, red.
    RgbLed,
    /// A push button.
    Button,
    /// A switch.
    Switch,
    /// A pin that the design drives, of a block that stands for nothing on a known board.
    Output,
    /// A pin that the outside drives, of such a block.
    Input,
}

impl ControlKind {
    /// Whether the outside world drives it.
    #[must_use]
    pub const fn is_input(self) -> bool {
        matches!(self, Self::Button | Self::Switch | Self::Input)
    }
}

/// An interrupt pin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct InterruptPin {
    /// The pin, as `path/PORT`.
    pub pin: String,
    /// The interrupt controller it is on; `None` where it reaches the processor directly.
    pub controller: Option<String>,
    /// The input of that.
    pub line: u32,
    /// The processor's number, where it reaches that directly.
    pub number: Option<u32>,
    /// `edge` or `level`, where the controller says so.
    pub kind: Option<&'static str>,
}

/// A block of the memory map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Block {
    /// Its path.
    pub path: String,
    /// The kind of IP: `axi_gpio`.
    pub kind: String,
    /// Where it is, for the processor.
    pub base: u64,
}

impl Panel {
    /// What the design behind `overlay` has.
    #[must_use]
    pub fn new(overlay: &Overlay) -> Self {
        let design = overlay.design();
        let mut controls = Vec::new();
        let board = boards::detect(design).ok();
        if let Some(board) = &board {
            let groups = [
                (&board.leds, ControlKind::Led, "led", "LD"),
                (&board.rgbleds, ControlKind::RgbLed, "rgb", "LD"),
                (&board.buttons, ControlKind::Button, "btn", "BTN"),
                (&board.switches, ControlKind::Switch, "sw", "SW"),
            ];
            for (group, kind, id, label) in groups {
                controls.extend(group.iter().flat_map(|group| of_group(design, group, kind, id, label)));
            }
        }
        let others: Vec<Control> = design.ip.iter().flat_map(|(path, block)| others(path, block, &controls)).collect();
        controls.extend(others);
        Self {
            design: overlay.name().to_owned(),
            board: board.map(|board| board.name.into_owned()),
            device: design.source.device.clone(),
            controls,
            interrupts: interrupts(design),
            consoles: design
                .ip
                .iter()
                .filter(|(_, block)| block.kind() == "axi_uartlite")
                .map(|(path, _)| path.clone())
                .collect(),
            blocks: design
                .ip
                .iter()
                .map(|(path, block)| Block { path: path.clone(), kind: block.kind().to_owned(), base: block.base })
                .collect(),
        }
    }

    /// The control called `id`.
    #[must_use]
    pub fn control(&self, id: &str) -> Option<&Control> {
        self.controls.iter().find(|control| control.id == id)
    }
}

/// The channels of an AXI GPIO: pins, and what they can be. None if its parameters make no sense.
fn channels(block: &IpBlock) -> Vec<(u8, u8, ChannelDirection)> {
    let built = block.parameters.built();
    let numbers: Vec<(&str, u64)> = built.numbers.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let Ok(config) = AxiGpio::configure(&Parameters::new(&numbers, block.clock_hz)) else { return Vec::new() };
    let second = config.channel2.map(|channel| (2, channel.width, channel.direction));
    [Some((1, config.channel1.width, config.channel1.direction)), second].into_iter().flatten().collect()
}

fn of_group(design: &Design, group: &PinGroup, kind: ControlKind, id: &str, label: &str) -> Vec<Control> {
    let pins = if kind == ControlKind::RgbLed { 3 } else { 1 };
    let channels = design.ip.get(&*group.path).map(channels).unwrap_or_default();
    let width = channels.iter().find(|(number, ..)| *number == group.channel).map_or(0, |(_, width, _)| *width);
    (0..width / pins)
        .map(|index| {
            let number = group.first.saturating_add(index);
            Control {
                id: format!("{id}{number}"),
                label: format!("{label}{number}"),
                kind,
                block: group.path.clone().into_owned(),
                channel: group.channel,
                bit: index * pins,
            }
        })
        .collect()
}

/// The pins of an AXI GPIO that the board's description does not cover.
fn others(path: &str, block: &IpBlock, known: &[Control]) -> Vec<Control> {
    if block.vlnv_without_version() != AxiGpio::VLNV {
        return Vec::new();
    }
    let mut all = Vec::new();
    for (channel, width, direction) in channels(block) {
        if known.iter().any(|control| control.block == path && control.channel == channel) {
            continue;
        }
        for bit in 0..width {
            let pin = |kind, id: String| Control {
                id,
                label: format!("{path} {channel}.{bit}"),
                kind,
                block: path.to_owned(),
                channel,
                bit,
            };
            if direction != ChannelDirection::Outputs {
                all.push(pin(ControlKind::Input, format!("{path}.{channel}.{bit}")));
            }
            if direction != ChannelDirection::Inputs {
                all.push(pin(ControlKind::Output, format!("{path}.{channel}.{bit}.out")));
            }
        }
    }
    all
}

fn interrupts(design: &Design) -> Vec<InterruptPin> {
    let pins = design.interrupts.pins.iter();
    pins.map(|(pin, wiring)| InterruptPin {
        pin: pin.clone(),
        controller: wiring.controller.clone(),
        line: wiring.line,
        number: wiring.ps_irq,
        kind: wiring.kind.map(|kind| kind.as_str()),
    })
    .collect()
}
