//! Describing a board by hand.

use alloc::boxed::Box;

use super::{Board, Shared, State};
use crate::{
    device::Device,
    error::Error,
    fabric::{FabricBuilder, Trigger},
};

/// A board being described: its [fabric](FabricBuilder). The first mistake is reported by [`build`](Self::build).
#[derive(Debug)]
pub struct BoardBuilder(FabricBuilder);

impl From<FabricBuilder> for BoardBuilder {
    fn from(fabric: FabricBuilder) -> Self {
        Self(fabric)
    }
}

impl BoardBuilder {
    pub(super) fn new() -> Self {
        Self(FabricBuilder::new())
    }

    /// Adds a device at a range of the processor's addresses.
    #[must_use]
    pub fn device(self, path: &str, base: u64, size: u64, device: impl Device + 'static) -> Self {
        Self(self.0.device(path, base, size, device))
    }

    /// As [`device`](Self::device), for a model chosen at run time.
    #[must_use]
    pub fn boxed_device(self, path: &str, base: u64, size: u64, device: Box<dyn Device>) -> Self {
        Self(self.0.boxed_device(path, base, size, device))
    }

    /// Adds a part, which no master addresses: a gate, or something outside of the chip.
    #[must_use]
    pub fn part(self, path: &str, device: impl Device + 'static) -> Self {
        Self(self.0.part(path, device))
    }

    /// Adds memory: DDR, or a block RAM.
    #[must_use]
    pub fn memory(self, path: &str, base: u64, size: u64) -> Self {
        Self(self.0.memory(path, base, size))
    }

    /// Adds memory of the processor, unless all of these addresses are memory already: see
    /// [`FabricBuilder::processor_memory`].
    #[must_use]
    pub fn processor_memory(self, path: &str, base: u64, size: u64) -> Self {
        Self(self.0.processor_memory(path, base, size))
    }

    /// Has a range of a master's address space lead to what the processor has at the same addresses: see
    /// [`FabricBuilder::window_to_processor`].
    #[must_use]
    pub fn window_to_processor(self, space: &str, base: u64, size: u64, bits: u64) -> Self {
        Self(self.0.window_to_processor(space, base, size, bits))
    }

    /// Has a block or a memory answer in the address space of another bus master, too: see [`FabricBuilder::map`].
    #[must_use]
    pub fn map(self, space: &str, path: &str, base: u64, size: u64, offset: u64) -> Self {
        Self(self.0.map(space, path, base, size, offset))
    }

    /// Has a master port of a block issue its accesses in this address space.
    #[must_use]
    pub fn master(self, port: &str, space: &str) -> Self {
        Self(self.0.master(port, space))
    }

    /// Wires an output to an input, both as `path/port[bit]` or, for a port of one bit, `path/port`.
    #[must_use]
    pub fn wire(self, driver: &str, load: &str) -> Self {
        Self(self.0.wire(driver, load))
    }

    /// Joins two interfaces of the same kind, each as `path/port`.
    #[must_use]
    pub fn join(self, one: &str, other: &str) -> Self {
        Self(self.0.join(one, other))
    }

    /// Wires an output to the reset of a block, which is held while the output is at `active`.
    #[must_use]
    pub fn reset(self, driver: &str, path: &str, active: bool) -> Self {
        Self(self.0.reset(driver, path, active))
    }

    /// Adds a line that no device drives: a button's interrupt, a flip-flop, an external pin. Its driver is
    /// [`Board::set_line`], under this name.
    #[must_use]
    pub fn external(self, name: &str, load: &str) -> Self {
        Self(self.0.external(name, load))
    }

    /// Wires an output to the CPU's interrupt of this number (the GIC ID on a Zynq), which gets a pin.
    #[must_use]
    pub fn interrupt(self, driver: &str, id: u32) -> Self {
        Self(self.0.interrupt(driver, id))
    }

    /// Adds a CPU interrupt pin that nothing drives, unless it is there.
    #[must_use]
    pub fn cpu_pin(self, id: u32) -> Self {
        Self(self.0.cpu_pin(id))
    }

    /// What a CPU pin is taken for, until software says otherwise.
    #[must_use]
    pub fn trigger(self, id: u32, trigger: Trigger) -> Self {
        Self(self.0.trigger(id, trigger))
    }

    /// The board.
    ///
    /// # Errors
    ///
    /// The first mistake in the description.
    pub fn build(self) -> Result<Board, Error> {
        Ok(Board::counted(Shared::new(State::new(self.0.build()?))))
    }
}

impl Board {
    /// Replaces the design: the board is now what `builder` describes, and every window handed out so far is dead: it
    /// reads all ones, and writes through it are dropped.
    ///
    /// The clock goes on, scheduled events stay scheduled, and CPU pins of the same number are the same pins.
    ///
    /// # Errors
    ///
    /// The first mistake in the description. The board is left as it was.
    pub fn load(&self, builder: BoardBuilder) -> Result<(), Error> {
        let BoardBuilder(FabricBuilder { fabric, mistake }) = builder;
        if let Some(mistake) = mistake {
            return Err(mistake);
        }
        self.shared().act(|state| state.replace(fabric));
        Ok(())
    }
}
