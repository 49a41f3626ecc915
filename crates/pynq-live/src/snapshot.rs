//! What a board shows at a moment.

use pynq::{Overlay, Statistics, sim::Board};
use serde::Serialize;

use crate::{ControlKind, Mode, Panel, panel::Control};

/// What a board shows, in the order of its [`Panel`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// The board's time, in nanoseconds.
    pub time: u64,
    /// How its clock goes.
    pub mode: Mode,
    /// What each control shows: 0 or 1; for an LED of three colours its three pins.
    pub values: Vec<u8>,
    /// What each interrupt pin has done.
    pub interrupts: Vec<Interrupt>,
    /// What each serial line has sent, as far as it is kept.
    pub consoles: Vec<String>,
    /// The sum over all nodes of the interrupt engine.
    pub totals: Totals,
}

/// What an interrupt pin has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Interrupt {
    /// Whether its line is active.
    pub active: bool,
    /// How often it was served; `None` if no program has waited for it yet.
    pub fired: Option<u32>,
}

/// What the interrupt engine has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Totals {
    /// Interrupts that the processor took.
    pub interrupts: u64,
    /// Tasks and nodes that were woken.
    pub woken: u64,
    /// Those that were woken for nothing.
    pub spurious: u64,
}

impl Snapshot {
    /// What the board of `overlay` shows now. `consoles` are kept by the caller.
    pub(crate) fn take(overlay: &Overlay, board: &Board, panel: &Panel, mode: Mode, consoles: Vec<String>) -> Self {
        let Statistics { interrupts, woken, spurious, .. } = overlay.statistics();
        Self {
            time: board.now().as_nanos(),
            mode,
            values: panel.controls.iter().map(|control| value(board, control)).collect(),
            interrupts: panel
                .interrupts
                .iter()
                .map(|pin| Interrupt {
                    active: board.line(&pin.pin).unwrap_or(false),
                    fired: overlay.pin_statistics(&pin.pin).map(|stats| stats.fired),
                })
                .collect(),
            consoles,
            totals: Totals { interrupts, woken, spurious },
        }
    }

    /// Whether a viewer would see a difference. A clock that goes on by itself is none: viewers have clocks of their own.
    pub(crate) fn differs(&self, other: &Self) -> bool {
        let goes_on = self.mode == Mode::RealTime && other.mode == Mode::RealTime;
        let time = if goes_on { other.time } else { self.time };
        Self { time, ..self.clone() } != *other
    }
}

/// What a control shows. A pin that the design does not have, which a panel of the same design rules out, is low.
fn value(board: &Board, control: &Control) -> u8 {
    let bits = if control.kind.is_input() {
        let port = match control.channel {
            1 => format!("{}/gpio_io_i", control.block),
            channel => format!("{}/gpio{channel}_io_i", control.block),
        };
        board.port(&port)
    } else {
        board.output(&control.block, control.channel)
    };
    let mask = if control.kind == ControlKind::RgbLed { 7 } else { 1 };
    u8::try_from(bits.unwrap_or(0) >> control.bit & mask).unwrap_or(0)
}
