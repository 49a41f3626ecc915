//! What a program needs of this crate: `use pynq::prelude::*`.

pub use crate::{
    AxiGpio, BaseOverlay, BoardClock, Button, Channel, Clock, Color, Edge, Instant, Interrupt, Led, Level, Overlay,
    Pin, RgbLed, Slice, Switch,
};
