//! Describing a board by hand.

use alloc::{
    boxed::Box,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use super::{
    Board, Shared, State, Target,
    state::{Block, Load},
    stimulus::End,
};
use crate::{
    device::{Device, PortKind},
    error::Error,
    pin::PinState,
};

/// A board being described. The first mistake is reported by [`build`](Self::build).
pub struct BoardBuilder {
    state: State,
    mistake: Option<Error>,
}

impl fmt::Debug for BoardBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoardBuilder")
            .field("blocks", &self.state.blocks.len())
            .field("mistake", &self.mistake)
            .finish_non_exhaustive()
    }
}

/// The last address of a range of whole words.
pub(super) fn last_address(path: &str, base: u64, size: u64) -> Result<u64, Error> {
    let last = size.checked_sub(1).and_then(|span| base.checked_add(span));
    last.filter(|_| base % 4 == 0 && size % 4 == 0).ok_or_else(|| Error::BadRange {
        path: path.to_string(),
        base,
        size,
    })
}

impl BoardBuilder {
    pub(super) fn new() -> Self {
        Self { state: State::default(), mistake: None }
    }

    fn then(mut self, f: impl FnOnce(&mut State) -> Result<(), Error>) -> Self {
        if self.mistake.is_none() {
            self.mistake = f(&mut self.state).err();
        }
        self
    }

    /// Adds a device at an address range.
    #[must_use]
    pub fn device(self, path: &str, base: u64, size: u64, device: impl Device + 'static) -> Self {
        self.boxed_device(path, base, size, Box::new(device))
    }

    /// As [`device`](Self::device), for a model chosen at run time.
    #[must_use]
    pub fn boxed_device(self, path: &str, base: u64, size: u64, device: Box<dyn Device>) -> Self {
        self.then(|state| {
            if size > 1 << 32 {
                return Err(Error::BadRange { path: path.to_string(), base, size });
            }
            add(state, path, base, size, Target::Device(device))
        })
    }

    /// Adds memory: DDR, or a block RAM.
    #[must_use]
    pub fn memory(self, path: &str, base: u64, size: u64) -> Self {
        self.then(|state| {
            add(state, path, base, size, Target::Memory)?;
            state.memory.map(base, last_address(path, base, size)?);
            Ok(())
        })
    }

    /// Wires an output to an input, both as `path/port[bit]` or, for a port of one bit, `path/port`.
    #[must_use]
    pub fn wire(self, driver: &str, load: &str) -> Self {
        self.then(|state| {
            let end = match state.end(load)? {
                End::Load(end) => end,
                End::Driver { .. } => return Err(Error::NotAPort { text: load.to_string() }),
            };
            connect(state, driver, load, end)
        })
    }

    /// Adds a line that no device drives: a button's interrupt, a flip-flop, an external pin. Its driver is
    /// [`Board::set_line`], under this name.
    #[must_use]
    pub fn external(self, name: &str, load: &str) -> Self {
        self.then(|state| {
            let End::Load(end) = state.end(load)? else { return Err(Error::NotAPort { text: load.to_string() }) };
            free(state, load, end)?;
            match state.wire_names.get(name).copied() {
                Some(wire) => {
                    state.wires[wire].loads.push(end);
                    state.wire_names.insert(load.to_string(), wire);
                }
                None => {
                    let wire = state.new_wire(name, End::Load(end));
                    state.wire_names.insert(load.to_string(), wire);
                }
            }
            Ok(())
        })
    }

    /// Wires an output to the CPU's interrupt of this number (the GIC ID on a Zynq), which gets a pin.
    #[must_use]
    pub fn interrupt(self, driver: &str, id: u32) -> Self {
        self.cpu_pin(id).then(|state| {
            let pin = state.pin(id)?;
            connect(state, driver, &alloc::format!("cpu/{id}"), Load::Pin(pin))
        })
    }

    /// Whether a block with this output has been added.
    #[cfg(feature = "hwh")]
    pub(crate) fn has_output(&self, name: &str) -> bool {
        matches!(self.state.end(name), Ok(End::Driver { .. }))
    }

    /// Adds a CPU interrupt pin that nothing drives, unless it is there.
    #[must_use]
    pub fn cpu_pin(self, id: u32) -> Self {
        self.then(|state| {
            if state.pin(id).is_err() {
                state.pins.push(PinState::new(id));
            }
            Ok(())
        })
    }

    /// The board.
    ///
    /// # Errors
    ///
    /// The first mistake in the description.
    pub fn build(mut self) -> Result<Board, Error> {
        self.finish()?;
        Ok(Board::counted(Shared::new(self.state)))
    }

    fn finish(&mut self) -> Result<(), Error> {
        if let Some(mistake) = self.mistake.take() {
            return Err(mistake);
        }
        self.state.announce_high_wires();
        Ok(())
    }
}

impl Board {
    /// Replaces the design: the board is now what `builder` describes, and every window handed out so far is dead: it
    /// reads all ones, and what is written through it vanishes.
    ///
    /// The clock goes on, what is scheduled stays scheduled, and CPU pins of the same number are the same pins.
    ///
    /// # Errors
    ///
    /// The first mistake in the description. The board is left as it was.
    pub fn load(&self, mut builder: BoardBuilder) -> Result<(), Error> {
        if let Some(mistake) = builder.mistake.take() {
            return Err(mistake);
        }
        self.shared().act(|state| state.replace(builder.state));
        Ok(())
    }
}

fn add(state: &mut State, path: &str, base: u64, size: u64, target: Target) -> Result<(), Error> {
    let last = last_address(path, base, size)?;
    if state.blocks.iter().any(|block| block.path == path) {
        return Err(Error::DuplicateBlock { path: path.to_string() });
    }
    if let Some(other) = state.blocks.iter().find(|other| other.base <= last && base <= other.last) {
        return Err(Error::Overlap { path: path.to_string(), other: other.path.clone() });
    }
    let (levels, outputs): (Vec<u32>, Vec<usize>) = match &target {
        Target::Device(device) => {
            let output = |index: usize| device.ports()[index].kind != PortKind::Input;
            let all = 0..device.ports().len();
            (
                all.clone().map(|port| if output(port) { device.output(port) } else { 0 }).collect(),
                all.filter(|&port| output(port)).collect(),
            )
        }
        Target::Memory => Default::default(),
    };
    state.map.insert(base, state.blocks.len());
    state.blocks.push(Block { path: path.to_string(), base, last, target, levels, drives: Vec::new(), outputs });
    Ok(())
}

/// An input has one driver.
fn free(state: &State, name: &str, load: Load) -> Result<(), Error> {
    if state.wires.iter().any(|wire| wire.loads.contains(&load)) {
        return Err(Error::AlreadyDriven { load: String::from(name) });
    }
    Ok(())
}

fn connect(state: &mut State, driver: &str, load: &str, end: Load) -> Result<(), Error> {
    free(state, load, end)?;
    if let End::Load(_) = state.end(driver)? {
        return Err(Error::NotAPort { text: driver.to_string() });
    }
    let wire = state.wire_or_new(driver)?;
    state.wires[wire].loads.push(end);
    state.wire_names.insert(load.to_string(), wire);
    Ok(())
}
