//! The overlay: a design on a board.

use std::{
    cell::Cell,
    collections::BTreeMap,
    fmt,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread::{self, ThreadId},
};

use pynq_core::{
    Driver,
    dma::{DmaBuffer, DmaError, DmaRequest, Pod},
    interrupt::LineStats,
    lock,
};
use pynq_drivers::{
    AxiDma, AxiGpio, AxiIic, AxiQuadSpi, AxiTimer, AxiUartLite, AxiVdma,
    axi_dma::DmaDirection,
    axi_vdma::{AxiVdmaError, FrameBuffers, FrameFormat},
};
use pynq_hwh::{Design, Hierarchy, InterruptPin, IpBlock};

use crate::{
    BoardClock, DriverContext, Error, HierarchyContext, HierarchyDriver, Interrupt, MmioWindow, Registers, Result,
    SharedMemory, backend::Backend, hierarchy, loaded::Loaded, statistics::Statistics,
};

/// A design on a board, real or simulated: where everything begins. Clones are the same overlay.
///
/// ```
/// # #[cfg(feature = "sim")] {
/// use pynq::prelude::*;
///
/// // Or Overlay::simulated("base.hwh"), and on a board Overlay::open("base.bit").
/// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
/// assert_eq!(overlay.ip_blocks()["btns_gpio"].base, 0x4121_0000);
///
/// let leds = overlay.gpio("leds_gpio")?.channel1();
/// leds.write(0b0101)?;
/// assert_eq!(leds.output()?, 5);
/// # }
/// # Ok::<(), pynq::Error>(())
/// ```
///
/// # Replacing the design
///
/// [`reload`](Self::reload) programs the design anew, as PYNQ's `download()` does. Every driver, interrupt and window
/// handed out before answers with an error from then on, waits included, and none of them reaches the hardware any
/// more. The overlay itself stays valid and gives new ones.
#[derive(Clone)]
pub struct Overlay {
    shared: Arc<Shared>,
}

struct Shared {
    design: Arc<Design>,
    backend: Arc<dyn Backend>,
    current: Mutex<Current>,
    reloaded: Condvar,
}

struct Current {
    loaded: Arc<Loaded>,
    /// The thread that is reloading.
    reloading: Option<ThreadId>,
}

thread_local! {
    /// The address of what the clones of an overlay share, while this thread makes a driver for it; else 0.
    static BUILDING: Cell<usize> = const { Cell::new(0) };
}

/// Marks the making of a driver, also when it nests.
struct Building(usize);

impl Building {
    fn enter(shared: &Arc<Shared>) -> Self {
        Self(BUILDING.replace(Arc::as_ptr(shared).addr()))
    }
}

impl Drop for Building {
    fn drop(&mut self) {
        BUILDING.set(self.0);
    }
}

impl Overlay {
    #[cfg_attr(not(feature = "sim"), allow(dead_code))] // no backend, no overlay
    pub(crate) fn new(design: Design, backend: Arc<dyn Backend>) -> Self {
        let design = Arc::new(design);
        let loaded = Arc::new(Loaded::new(Arc::clone(&design), Arc::clone(&backend)));
        let current = Mutex::new(Current { loaded, reloading: None });
        Self { shared: Arc::new(Shared { design, backend, current, reloaded: Condvar::new() }) }
    }

    /// The hardware as it is loaded now. While another thread reloads it, this waits for that.
    fn loaded(&self) -> Arc<Loaded> {
        let me = thread::current().id();
        let mut current = lock(&self.shared.current);
        // The reloading thread gets the closed design, which returns errors, instead of a deadlock: it may run the
        // program's wakers. So does a thread that is making a driver, for which the reload waits.
        let makes = BUILDING.get() == Arc::as_ptr(&self.shared).addr();
        while !makes && current.reloading.is_some_and(|thread| thread != me) {
            current = self.shared.reloaded.wait(current).unwrap_or_else(PoisonError::into_inner);
        }
        Arc::clone(&current.loaded)
    }

    // ---- what the design has

    /// The design, as its handoff file describes it.
    #[must_use]
    pub fn design(&self) -> &Design {
        &self.shared.design
    }

    /// Name of the block design.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.design.source.name
    }

    /// The IP blocks the processor can address, by path: PYNQ's `ip_dict`.
    #[must_use]
    pub fn ip_blocks(&self) -> &BTreeMap<String, IpBlock> {
        &self.shared.design.ip
    }

    /// The interrupt outputs that reach the processor, as `path/PORT`.
    #[must_use]
    pub fn interrupt_pins(&self) -> &BTreeMap<String, InterruptPin> {
        &self.shared.design.interrupts.pins
    }

    /// The levels of hierarchy, by path.
    #[must_use]
    pub fn hierarchies(&self) -> &BTreeMap<String, Hierarchy> {
        &self.shared.design.hierarchies
    }

    // ---- handles

    /// A handle on interrupt pin `pin`, as `path/PORT` or, of a vector, `path/PORT[bit]`. Events from here on are for it.
    ///
    /// # Errors
    ///
    /// [`Error::Design`] with near names if there is no such pin; [`Error::VectorPin`], [`Error::NoInterruptNumber`],
    /// [`Error::UnreachableController`] or [`Error::Controller`] if it can't be reached.
    pub fn interrupt(&self, pin: &str) -> Result<Interrupt> {
        let (lines, number) = self.loaded().line(pin)?;
        Interrupt::new(pin.into(), lines, number)
    }

    /// The driver `D` of the block called `path`. Every call gives a handle on the same one.
    ///
    /// ```
    /// # #[cfg(feature = "sim")] {
    /// use pynq::prelude::*;
    ///
    /// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
    /// let buttons = overlay.block::<AxiGpio>("btns_gpio")?;
    /// assert_eq!(buttons.channel1().read()?, 0);
    /// # }
    /// # Ok::<(), pynq::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Design`] with near names if there is no such block, [`Error::WrongIp`] if it is another kind of IP,
    /// [`Error::Parameter`] if it can't have been built as the handoff file says, [`Error::Claimed`] if another driver holds
    /// it, [`Error::Driver`] if it can't be set up.
    pub fn block<D: Driver + Clone + Send + Sync + 'static>(&self, path: &str) -> Result<D> {
        self.driver(path, |context| context.open::<D>())
    }

    /// The AXI GPIO called `path`: PYNQ's `AxiGPIO`.
    ///
    /// # Errors
    ///
    /// As [`block`](Self::block).
    pub fn gpio(&self, path: &str) -> Result<AxiGpio> {
        self.block(path)
    }

    /// The AXI timer called `path`.
    ///
    /// # Errors
    ///
    /// As [`block`](Self::block).
    pub fn timer(&self, path: &str) -> Result<AxiTimer> {
        self.block(path)
    }

    /// The AXI DMA called `path`: PYNQ's `DMA`. One that works by scatter-gather gets 64 descriptors for each channel.
    ///
    /// # Errors
    ///
    /// As [`block`](Self::block), and those of [`allocate`](Self::allocate) for the descriptors.
    pub fn dma(&self, path: &str) -> Result<AxiDma> {
        const DESCRIPTORS: usize = 64;
        let dma: AxiDma = self.block(path)?;
        if dma.config().scatter_gather {
            for channel in [dma.send(), dma.receive()].into_iter().flatten() {
                if channel.descriptors()? == 0 {
                    let request = DmaRequest::new(DESCRIPTORS * 64).alignment(64).address_width(channel.limits().width);
                    channel.use_descriptors(self.allocate_for(&request)?)?;
                }
            }
        }
        Ok(dma)
    }

    /// The AXI VDMA called `path`: PYNQ's `AxiVDMA`. Its frames are allocated by
    /// [`frame_buffers`](Self::frame_buffers).
    ///
    /// # Errors
    ///
    /// As [`block`](Self::block).
    pub fn vdma(&self, path: &str) -> Result<AxiVdma> {
        self.block(path)
    }

    /// Buffers for frames of a channel of a VDMA: `count` of them, which its `start` takes.
    ///
    /// # Errors
    ///
    /// [`AxiVdmaError`] for a format that the channel can't do, and those of [`allocate`](Self::allocate).
    ///
    ///
    pub fn frame_buffers(
        &self,
        vdma: &AxiVdma,
        channel: DmaDirection,
        format: FrameFormat,
        count: usize,
    ) -> Result<FrameBuffers> {
        let request =
            vdma.config().request(channel, format).map_err(|error| vdma.node().error::<AxiVdmaError>(error))?;
        let mut buffers = FrameBuffers::new();
        for _ in 0..count {
            if buffers.push(self.allocate_for(&request)?).is_err() {
                break;
            }
        }
        Ok(buffers)
    }

    /// The AXI UART Lite called `path`.
    ///
    /// # Errors
    ///
    /// As [`block`](Self::block).
    pub fn uart(&self, path: &str) -> Result<AxiUartLite> {
        self.block(path)
    }

    /// The AXI IIC called `path`: PYNQ's `AxiIIC`.
    ///
    /// # Errors
    ///
    /// As [`block`](Self::block).
    pub fn iic(&self, path: &str) -> Result<AxiIic> {
        self.block(path)
    }

    /// The AXI Quad SPI called `path`.
    ///
    /// # Errors
    ///
    /// As [`block`](Self::block).
    pub fn spi(&self, path: &str) -> Result<AxiQuadSpi> {
        self.block(path)
    }

    /// `len` items of memory that the logic can reach, zeroed, in the processor's hands: PYNQ's `allocate`. It lies below 4 GiB.
    ///
    /// It is a slice; a transfer takes it by value, and gives it back. It lives as long as it is held, whatever becomes of
    /// the design.
    ///
    /// ```
    /// # #[cfg(feature = "sim")] {
    /// use pynq::prelude::*;
    ///
    /// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
    /// let mut samples = overlay.allocate::<i16>(1024)?;
    /// samples[0] = -1;
    /// assert_eq!((samples.len(), samples.byte_len(), samples[1]), (1024, 2048, 0));
    /// # }
    /// # Ok::<(), pynq::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Dma`] with what there is not: no memory of this size, or no items. On Linux an
    /// [`Error::Linux`](crate::Error) that names the ways to have some.
    pub fn allocate<T: Pod>(&self, len: usize) -> Result<DmaBuffer<T>> {
        let size = len.checked_mul(size_of::<T>()).ok_or(DmaError::NoMemory { size: usize::MAX })?;
        Ok(self.allocate_for(&DmaRequest::new(size))?.cast()?)
    }

    /// Memory that the logic can reach, zeroed, as `request` has it: for a bus master with more address bits than 32, or at an
    /// aligned address.
    ///
    /// # Errors
    ///
    /// As [`allocate`](Self::allocate), and if the board has no memory at such an address.
    pub fn allocate_for(&self, request: &DmaRequest) -> Result<DmaBuffer> {
        let mut buffer = self.backend().allocate(request)?;
        // What another program had there is not for this one to read.
        buffer.fill(0);
        Ok(buffer)
    }

    /// The memory called `path`: a block RAM behind its AXI BRAM controller.
    ///
    /// # Errors
    ///
    /// [`Error::Design`] with near names if there is no such block; [`Error::WrongIp`] if it is none of memory, with those
    /// there are.
    pub fn memory(&self, path: &str) -> Result<SharedMemory> {
        let block = self.design().ip_block(path)?;
        if !block.memory {
            let has = self.ip_blocks().iter().filter(|(_, block)| block.memory).map(|(path, _)| path.clone()).collect();
            return Err(Error::WrongIp { path: path.to_owned(), expected: "memory", vlnv: block.vlnv.clone(), has });
        }
        Ok(SharedMemory::new(self.mmio(path)?))
    }

    /// Checked access to the registers of the block called `path`, whatever other code uses it: PYNQ's `MMIO`.
    ///
    /// # Errors
    ///
    /// [`Error::Design`] with near names if there is no such block.
    pub fn mmio(&self, path: &str) -> Result<MmioWindow> {
        MmioWindow::new(path, self.loaded())
    }

    /// The registers of the block called `path`, by name: PYNQ's `register_map`.
    ///
    /// ```
    /// # #[cfg(feature = "sim")] {
    /// use pynq::prelude::*;
    ///
    /// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
    /// let buttons = overlay.registers("btns_gpio")?;
    /// println!("{}", buttons.read("GPIO_DATA")?);
    /// let read_only = overlay.registers("system_interrupts")?.write("IPR", 1).unwrap_err();
    /// assert!(read_only.to_string().contains("read-only"));
    /// # }
    /// # Ok::<(), pynq::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Design`] with near names if there is no such block.
    pub fn registers(&self, path: &str) -> Result<Registers> {
        let block = self.shared.design.ip_block(path)?.clone();
        Ok(Registers::new(block, self.mmio(path)?))
    }

    /// The driver of the block called `path`, made by `build` if there is none yet: how a driver that this crate does not
    /// know claims its block. Every further call for the same type gives a clone of the first one.
    ///
    /// `build` must not request the same block of the overlay, nor to reload. What it returns holds nodes and windows,
    /// not the overlay.
    ///
    /// # Errors
    ///
    /// What `build` returns; [`Error::Design`] with near names if there is no such block; [`Error::Claimed`] if a driver
    /// of another type holds it.
    pub fn driver<D, E>(&self, path: &str, build: impl FnOnce(&DriverContext<'_>) -> Result<D, E>) -> Result<D, E>
    where
        D: Clone + Send + Sync + 'static,
        E: From<Error>,
    {
        let loaded = self.loaded();
        let block = loaded.design.ip_block(path).map_err(Error::from)?;
        loaded.claim(path, || {
            let _building = Building::enter(&self.shared);
            build(&DriverContext::new(&loaded, path, block))
        })
    }

    /// The driver `H` of the blocks in the level `path` of the hierarchy; `""` is the whole design. All of the blocks are
    /// claimed, or none; every further call gives a handle on the same driver. [`HierarchyDriver`] has an example.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchHierarchy`]; [`Error::MissingMember`] or [`Error::AmbiguousMember`], which name the block that is not
    /// found; [`Error::Claimed`] if another driver holds one; and what [`HierarchyDriver::open`] returns.
    pub fn hierarchy<H: HierarchyDriver>(&self, path: &str) -> Result<H> {
        let loaded = self.loaded();
        let members = hierarchy::members::<H>(&loaded.design, path)?;
        loaded.claim_all(path, members, |members| {
            let _building = Building::enter(&self.shared);
            let context = HierarchyContext::new(&loaded, path, members);
            H::open(&context).inspect_err(|_| {
                // Handles that the driver made and kept elsewhere don't reach blocks that it has not got.
                context.into_nodes().iter().rev().for_each(|node| node.invalidate(pynq_core::Error::Invalidated));
            })
        })
    }

    /// The levels of the hierarchy that hold all that `H` is made of: the innermost ones, by path.
    #[must_use]
    pub fn hierarchies_of<H: HierarchyDriver>(&self) -> Vec<String> {
        hierarchy::fitting::<H>(self.design())
    }

    /// The board's clock.
    #[must_use]
    pub fn clock(&self) -> BoardClock {
        self.shared.backend.clock()
    }

    pub(crate) fn backend(&self) -> &dyn Backend {
        &*self.shared.backend
    }

    /// The simulated board under this overlay, to press its buttons and watch its LEDs; `None` on a real one.
    #[cfg(feature = "sim")]
    #[must_use]
    pub fn simulation(&self) -> Option<&pynq_sim::Board> {
        self.shared.backend.simulation()
    }

    /// What the interrupt engine counted, over all nodes of the design as it is loaded now.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.loaded().statistics()
    }

    /// What the interrupt engine counted for interrupt pin `pin`: for tools that look on. `None` if there is no such pin, or if
    /// nothing in this program has used it yet; it is not set up for this.
    #[must_use]
    pub fn pin_statistics(&self, pin: &str) -> Option<LineStats> {
        self.loaded().pin_statistics(&self.design().interrupts.pin(pin)?)
    }

    /// Programs the design anew. Every handle given out so far is invalid when this returns; waits on them have
    /// completed with an error.
    ///
    /// # Errors
    ///
    /// Those of the backend. The old handles are invalid in any case.
    pub fn reload(&self) -> Result<()> {
        let old = {
            let me = thread::current().id();
            let mut current = lock(&self.shared.current);
            while current.reloading.is_some_and(|thread| thread != me) {
                current = self.shared.reloaded.wait(current).unwrap_or_else(PoisonError::into_inner);
            }
            if current.reloading.is_some() {
                // Called by a waker that this thread's own reload wakes: the reload is under way already.
                return Ok(());
            }
            current.reloading = Some(me);
            Arc::clone(&current.loaded)
        };
        let _done = Reloading(&self.shared);
        old.close();
        self.shared.backend.reload()
    }
}

/// Puts the new design in place when the reload is over, failed and panicking ones included.
struct Reloading<'a>(&'a Shared);

impl Drop for Reloading<'_> {
    fn drop(&mut self) {
        let new = Loaded::new(Arc::clone(&self.0.design), Arc::clone(&self.0.backend));
        let mut current = lock(&self.0.current);
        let old = std::mem::replace(&mut current.loaded, Arc::new(new));
        current.reloading = None;
        drop(current);
        self.0.reloaded.notify_all();
        drop(old);
    }
}

impl fmt::Debug for Overlay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overlay").field("name", &self.name()).finish_non_exhaustive()
    }
}
