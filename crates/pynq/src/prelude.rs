//! What a program needs of this crate: `use pynq::prelude::*`.

pub use crate::{
    AxiGpio, AxiIic, AxiTimer, AxiUartLite, BaseOverlay, BoardClock, Button, Channel, Clock, Color, DmaBuffer, Edge,
    Instant, Interrupt, Led, Level, Overlay, Pin, RgbLed, Slice, Switch, TimerChannel, Waiting, boards,
};
