//! The simulated board as a backend.

mod pl_clocks;

use std::{
    future::poll_fn,
    path::Path,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use pynq_core::{
    Clock, Instant,
    dma::{DmaAllocator as _, DmaBuffer, DmaError, DmaRequest},
    pl_clocks::PlClocks,
};
use pynq_drivers::{PsGpioKind, PsGpioPin};
use pynq_hwh::{Design, Family, IpBlock};
use pynq_sim::{Board, BoardBuilder, Models, SimDmaMemory};

use pl_clocks::SimulatedClocks;

use crate::{
    BoardClock, Error, Overlay, Result,
    backend::{Backend, MaskedBy, Root, Window},
    boards::BoardDefinition,
};

/// Overlays on a simulated board.
impl Overlay {
    /// The overlay described by the handoff file at `path`, on a simulated board.
    ///
    /// # Errors
    ///
    /// [`Error::Handoff`] if it can't be read, or is none; [`Error::Simulation`] if its blocks can't be put on a board.
    pub fn simulated(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let named = |error| Error::Handoff { path: Some(path.to_owned()), error: Box::new(error) };
        Self::simulated_from_design(Design::read(path).map_err(named)?)
    }

    /// The overlay described by the text of a handoff file, on a simulated board.
    ///
    /// # Errors
    ///
    /// As [`simulated`](Self::simulated).
    pub fn simulated_from_str(text: &str) -> Result<Self> {
        let named = |error| Error::Handoff { path: None, error: Box::new(error) };
        Self::simulated_from_design(Design::parse(text).map_err(named)?)
    }

    /// The design that comes with `board`, on a simulated board: no file is needed. [`boards`](crate::boards) has the boards.
    ///
    /// ```
    /// use pynq::prelude::*;
    ///
    /// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
    /// overlay.gpio("leds_gpio")?.channel1().write(0b0101)?;
    /// assert_eq!(overlay.simulation().unwrap().output("leds_gpio", 1)?, 0b0101);
    /// # Ok::<(), pynq::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::BoardWithoutDesign`] if it is a description of your own that was given none, and as
    /// [`simulated`](Self::simulated).
    pub fn simulated_board(board: &BoardDefinition) -> Result<Self> {
        Self::simulated_from_design(board.design()?)
    }

    /// As [`simulated`](Self::simulated), with models of your own: what an accelerator does, or a block that `pynq-sim` has
    /// no model of.
    ///
    /// # Errors
    ///
    /// As [`simulated`](Self::simulated), and if a model is for a block that the design doesn't have, or is no accelerator.
    pub fn simulated_with(path: impl AsRef<Path>, models: Models) -> Result<Self> {
        let path = path.as_ref();
        let named = |error| Error::Handoff { path: Some(path.to_owned()), error: Box::new(error) };
        Self::of_models(Design::read(path).map_err(named)?, models)
    }

    /// As [`simulated_from_str`](Self::simulated_from_str), with [models](Self::simulated_with) of your own.
    ///
    /// # Errors
    ///
    /// As [`simulated_with`](Self::simulated_with).
    pub fn simulated_from_str_with(text: &str, models: Models) -> Result<Self> {
        let named = |error| Error::Handoff { path: None, error: Box::new(error) };
        Self::of_models(Design::parse(text).map_err(named)?, models)
    }

    fn of_models(design: Design, models: Models) -> Result<Self> {
        let board = models.builder(&design)?;
        Self::with_memory(design, board)
    }

    /// An overlay of a design that has been read, on a simulated board.
    ///
    /// # Errors
    ///
    /// [`Error::Simulation`] if its blocks can't be put on a board.
    pub fn simulated_from_design(design: Design) -> Result<Self> {
        let board = BoardBuilder::from_design(&design, |_| None);
        Self::with_memory(design, board)
    }

    /// The board of a design, with the memory that buffers come from.
    fn with_memory(design: Design, mut board: BoardBuilder) -> Result<Self> {
        let (first, last) = (MEMORY.0, MEMORY.0 + MEMORY.1 - 1);
        if !design.ip.values().any(|block| block.base <= last && block.base + (block.size - 1) >= first) {
            // A design with bus masters has the processor's memory already.
            board = board.processor_memory("ddr", MEMORY.0, MEMORY.1);
        }
        Ok(Self::on_board(design, board.build()?))
    }

    /// An overlay of a design on a simulated board of your own making: one with models for IP blocks that `pynq-sim` has
    /// none for. Its clock [moves by itself](Board::set_automatic) from here on, whatever runtime the program awaits under.
    ///
    /// ```
    /// use pynq::{Overlay, hwh::Design, sim::{BoardBuilder, models::RegisterModel}};
    ///
    /// let design = pynq::boards::pynq_z2().design()?; // or Design::read("base.hwh")
    /// let board = BoardBuilder::from_design(&design, |block| match block.kind() {
    ///     "my_ip" => Some(Box::new(RegisterModel::new())),
    ///     _ => None,
    /// });
    /// let overlay = Overlay::on_board(design, board.build()?);
    /// # Ok::<(), pynq::Error>(())
    /// ```
    #[must_use]
    pub fn on_board(design: Design, board: Board) -> Self {
        Self::over(design, board, OnceLock::new())
    }

    /// As [`on_board`](Self::on_board), where the program allocates buffers of its own from `memory`, which is the board's:
    /// what [`allocate`](Self::allocate) gives, and the descriptors of drivers, come from there as well. Two allocators of
    /// the same range would give the same bytes twice.
    ///
    /// ```
    /// use pynq::{Overlay, core::dma::{DmaAllocator, DmaRegion, DmaRequest}, sim::{BoardBuilder, SimDmaMemory}};
    ///
    /// let design = pynq::boards::pynq_z2().design()?;
    /// let board = BoardBuilder::from_design(&design, |_| None).memory("buffers", 0x1000_0000, 0x10_0000).build()?;
    /// let memory = SimDmaMemory::new(&board, 0x1000_0000, 0x10_0000)?;
    /// let overlay = Overlay::on_board_with_memory(design, board, memory.clone());
    /// let (mine, other) = (memory.allocate(&DmaRequest::new(64))?, overlay.allocate::<u8>(64)?);
    /// assert_ne!(mine.physical_address(), other.physical_address());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn on_board_with_memory(design: Design, board: Board, memory: SimDmaMemory) -> Self {
        Self::over(design, board, OnceLock::from(Some(memory)))
    }

    fn over(design: Design, board: Board, memory: OnceLock<Option<SimDmaMemory>>) -> Self {
        board.set_automatic(true);
        let clocks = SimulatedClocks::new(&design);
        Self::new(design, Arc::new(Simulated { board, clocks, memory }))
    }
}

/// Where buffers are, and how much of it there is. Both families have DDR memory there.
const MEMORY: (u64, u64) = (0x1000_0000, 128 << 20);

pub(crate) struct Simulated {
    board: Board,
    clocks: SimulatedClocks,
    /// Where buffers come from; `None` on a board without memory there.
    memory: OnceLock<Option<SimDmaMemory>>,
}

impl Backend for Simulated {
    fn window(&self, path: &str, _: &IpBlock) -> Result<Window> {
        Ok(Arc::new(self.board.window(path)?))
    }

    /// A simulated board is one process's own.
    fn claim(&self, _: &str, _: &IpBlock) -> Result<()> {
        Ok(())
    }

    fn root(&self, _: &str, irq: u32, _: MaskedBy) -> Result<Root> {
        Ok(Box::pin(self.board.cpu_pin(irq)?))
    }

    fn ps_gpio(&self, design: &Design, line: u8) -> Result<PsGpioPin> {
        let processor =
            design.processor.as_ref().ok_or_else(|| Error::NoPsGpio { design: design.source.name.clone() })?;
        let kind = match processor.family {
            Family::Zynq7000 => PsGpioKind::Zynq7000,
            Family::ZynqMp => PsGpioKind::ZynqMp,
            _ => return Err(Error::NoPsGpio { design: design.source.name.clone() }),
        };
        let path = format!("{}/gpio", processor.path);
        PsGpioPin::emio(self.board.window(&path)?, kind, line).map_err(|error| Error::driver(&path, error))
    }

    fn clock(&self) -> BoardClock {
        BoardClock::new(self.board.clock())
    }

    fn block(
        &self,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
    ) -> Result<(), pynq_core::Error> {
        let Some(deadline) = deadline else { return self.board.block_on(poll_fn(poll)) };
        let sleep = self.board.clock().sleep_until(deadline);
        let wait = pynq_core::interrupt::with_deadline(poll_fn(|cx| poll(cx).map(Ok)), sleep);
        self.board.block_on(wait)?
    }

    fn allocate(&self, request: &DmaRequest) -> Result<DmaBuffer> {
        let memory = self.memory.get_or_init(|| {
            let size = usize::try_from(MEMORY.1).ok()?;
            SimDmaMemory::new(&self.board, MEMORY.0, size).ok()
        });
        let memory = memory.as_ref().ok_or(DmaError::NoMemory { size: request.size() })?;
        Ok(DmaBuffer::boxed(memory.allocate(request)?))
    }

    fn reload(&self) -> Result<()> {
        self.board.reload();
        self.clocks.reset();
        Ok(())
    }

    fn pl_clocks(&self) -> Result<PlClocks<Window>> {
        self.clocks.open()
    }

    fn interrupts(&self) -> u64 {
        let pins = self.board.cpu_pins();
        pins.into_iter().filter_map(|id| self.board.cpu_pin(id).ok()).map(|pin| pin.interrupts()).sum()
    }

    fn simulation(&self) -> Option<&Board> {
        Some(&self.board)
    }
}
