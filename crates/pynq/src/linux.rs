//! A board under Linux as a backend: interrupts through UIO, registers through UIO or `/dev/mem`, the FPGA manager.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, Weak},
    task::{Context, Poll},
};

use pynq_core::{
    Instant,
    dma::{DmaBuffer, DmaRequest},
    lock,
    pl_clocks::{PlClockError, PlClocks},
};
use pynq_drivers::{PsGpioKind, PsGpioPin};
use pynq_hwh::{Bitstream, Design, IpBlock, OverlayFile, OverlayFiles};
use pynq_uio::{
    Claim, DeviceTree, FirstOf, FpgaManager, KernelDriver, KernelFiles, LinuxClock, LinuxDmaMemory, LogicClaim,
    Masking, ProgramOptions, Reactor, SystemFiles, SystemPaths, UioDevice, UioDevices, UioInterrupts, open_block,
};

mod files;

use files::{DeviceTreeOverlayFile, files};

use crate::{
    BaseOverlay, BoardClock, Error, Overlay, Result, Warning,
    backend::{Backend, MaskedBy, Root, Window},
    pl_clocks,
};

/// Overlays on a board under Linux.
#[cfg_attr(docsrs, doc(cfg(feature = "uio")))]
impl Overlay {
    /// Programs the bitstream at `path`, with its `.hwh` file beside it, and opens the design: PYNQ's
    /// `Overlay("base.bit")`. Needs root, and the feature `uio`; to await on it, `tokio` or `smol` as well:
    ///
    /// ```toml
    /// pynq = { version = "0.1", features = ["uio", "tokio"] }
    /// ```
    ///
    /// ```no_run
    /// # async fn program() -> pynq::Result<()> {
    /// use pynq::prelude::*;
    ///
    /// // Or, on a thread, Overlay::open("base.bit")?
    /// let base = BaseOverlay::open_async("base.bit").await?;
    /// base.button(0)?.wait_for_level_async(Level::High).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// `path` is a `.bit`, `.bin` or `.bit.bin` file, or an `.xsa` archive that has both; or a `.hwh` file, and then the
    /// bitstream of its name is taken. Vivado's own names fit each other, `design_1_wrapper.bit` and `design_1.hwh`.
    /// Another file than the one named is never taken for it; see [`OverlayFiles`](pynq_hwh::OverlayFiles).
    ///
    /// The clocks that the processor feeds to the logic are set to the design's frequencies first; see
    /// [`clocks`](Self::clocks).
    ///
    /// Async waits are served by the tokio runtime in whose context the first one is polled, else by async-io, as far as
    /// these features are compiled in; [`with_reactor`](Self::with_reactor) names another. Blocking ones need nothing.
    ///
    /// # Blocking
    ///
    /// While the logic is programmed, tens of milliseconds.
    ///
    /// # Errors
    ///
    /// [`Error::Handoff`] if one of the files can't be read, or the two are of different designs;
    /// [`Error::NoBitstreamFile`] if there is none for a `.hwh` file or in an archive; [`Error::PlClock`] if a clock can't have the design's
    /// frequency, [`Error::Linux`] if the logic can't be programmed.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        LinuxOptions::new().open(path)
    }

    /// As [`open`](Self::open), with the work done on a thread for such work where the runtime has one.
    ///
    /// # Errors
    ///
    /// As of [`open`](Self::open).
    ///
    /// # Cancellation safety
    ///
    /// As of [`LinuxOptions::open_async`].
    pub async fn open_async(path: impl AsRef<Path>) -> Result<Self> {
        LinuxOptions::new().open_async(path).await
    }

    /// Opens the design that is loaded already, without programming it: PYNQ's `Overlay(.., download=False)`. `path` is
    /// that design's `.hwh` file, its `.bit` file with that beside it, or its `.xsa` archive.
    ///
    /// Interrupts that a program before this one left enabled are switched off; the outputs of AXI GPIOs go on driving
    /// what they drive, and [`warnings`](Self::warnings) lists clocks that are not as the design has them. Whether the
    /// logic runs is checked where the kernel reports it; whether it is this design is taken on trust.
    ///
    /// # Errors
    ///
    /// [`Error::Handoff`] if the file can't be read, [`Error::Linux`] if the logic is not programmed.
    pub fn attach(path: impl AsRef<Path>) -> Result<Self> {
        LinuxOptions::new().attach(path)
    }

    /// Options for opening an overlay, with `reactor` to serve its async waits.
    #[must_use]
    pub fn with_reactor(reactor: Arc<dyn Reactor>) -> LinuxOptions {
        LinuxOptions::new().reactor(reactor)
    }
}

/// Base overlays on a board under Linux.
#[cfg_attr(docsrs, doc(cfg(feature = "uio")))]
impl BaseOverlay {
    /// As [`Overlay::open`], for the design of a board that is known.
    ///
    /// # Blocking
    ///
    /// While the logic is programmed, tens of milliseconds.
    ///
    /// # Errors
    ///
    /// As of [`Overlay::open`] and [`new`](Self::new).
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::new(Overlay::open(path)?)
    }

    /// As [`Overlay::open_async`], for the design of a board that is known.
    ///
    /// # Errors
    ///
    /// As of [`Overlay::open`] and [`new`](Self::new).
    ///
    /// # Cancellation safety
    ///
    /// As of [`LinuxOptions::open_async`].
    pub async fn open_async(path: impl AsRef<Path>) -> Result<Self> {
        Self::new(Overlay::open_async(path).await?)
    }

    /// As [`Overlay::attach`], for the design of a board that is known.
    ///
    /// # Errors
    ///
    /// As of [`Overlay::attach`] and [`new`](Self::new).
    pub fn attach(path: impl AsRef<Path>) -> Result<Self> {
        Self::new(Overlay::attach(path)?)
    }
}

/// How an overlay is opened under Linux.
///
/// ```no_run
/// use pynq::{LinuxOptions, uio::Dispatcher};
///
/// // Interrupts are dispatched by a thread of their own, however slow the tasks of the program are.
/// let dispatcher = Dispatcher::start().expect("a thread");
/// let overlay = LinuxOptions::new().reactor(dispatcher).open("base.bit")?;
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone)]
pub struct LinuxOptions {
    paths: SystemPaths,
    reactor: Arc<dyn Reactor>,
    files: Arc<dyn KernelFiles>,
    device_tree: DeviceTreeFile,
    partial: Option<bool>,
    sets_clocks: bool,
}

/// The device-tree overlay that goes with a design.
#[derive(Clone, Debug)]
enum DeviceTreeFile {
    None,
    At(PathBuf),
    /// Beside the bitstream, under its name.
    Beside,
}

impl Default for LinuxOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl LinuxOptions {
    /// This system, and the reactors of the features that are compiled in.
    #[must_use]
    pub fn new() -> Self {
        let reactors: Vec<Arc<dyn Reactor>> = vec![
            #[cfg(feature = "tokio")]
            Arc::new(pynq_tokio::TokioReactor::in_context()),
            #[cfg(feature = "smol")]
            Arc::new(pynq_smol::SmolReactor),
        ];
        let reactor = Arc::new(FirstOf::new(reactors));
        let files = Arc::new(SystemFiles);
        Self {
            paths: SystemPaths::default(),
            reactor,
            files,
            device_tree: DeviceTreeFile::None,
            partial: None,
            sets_clocks: true,
        }
    }

    /// Where the kernel shows itself, for tests on a tree of files.
    #[must_use]
    pub fn paths(self, paths: SystemPaths) -> Self {
        Self { paths, ..self }
    }

    /// What serves async waits.
    #[must_use]
    pub fn reactor(self, reactor: Arc<dyn Reactor>) -> Self {
        Self { reactor, ..self }
    }

    /// What reaches the attribute files of configfs: for a test that plays the kernel, as its folders can't be had by a tree
    /// of files.
    #[must_use]
    pub fn kernel_files(self, files: Arc<dyn KernelFiles>) -> Self {
        Self { files, ..self }
    }

    /// A compiled device-tree overlay (`.dtbo`) that is applied once the logic is programmed, under the name of its file:
    /// the one that gives the design's interrupts to UIO, where the system's own tree doesn't. One of that name that is
    /// in effect already is left as it is; one that the kernel has not applied is replaced.
    #[must_use]
    pub fn device_tree(self, path: impl Into<PathBuf>) -> Self {
        Self { device_tree: DeviceTreeFile::At(path.into()), ..self }
    }

    /// As [`device_tree`](Self::device_tree), with the `.dtbo` file that stands beside the bitstream or handoff file and
    /// has its name: PYNQ's default.
    #[must_use]
    pub fn device_tree_beside(self) -> Self {
        Self { device_tree: DeviceTreeFile::Beside, ..self }
    }

    /// Whether the bitstream is a partial one; see [`ProgramOptions::partial`].
    #[must_use]
    pub fn partial(self, partial: bool) -> Self {
        Self { partial: Some(partial), ..self }
    }

    /// Whether the clocks that the processor feeds to the logic are set to the design's frequencies before it is
    /// programmed. They are by default, where they can be reached, and a frequency that the board can't make is an error.
    #[must_use]
    pub fn set_clocks(self, set: bool) -> Self {
        Self { sets_clocks: set, ..self }
    }

    /// See [`Overlay::open`].
    ///
    /// # Blocking
    ///
    /// While the logic is programmed, tens of milliseconds.
    ///
    /// # Errors
    ///
    /// As of [`Overlay::open`].
    pub fn open(self, path: impl AsRef<Path>) -> Result<Overlay> {
        let path = path.as_ref();
        let (files, design) = files(path)?;
        let in_bitstream = |error: pynq_hwh::Error| {
            let path = files.bitstream.as_ref().map_or_else(|| path.to_owned(), OverlayFile::path);
            Error::Handoff { path: Some(path), error: Box::new(error) }
        };
        let Some(bitstream) = files.bitstream().map_err(in_bitstream)? else {
            return Err(Error::NoBitstreamFile { path: path.to_owned() });
        };
        // Two files of one name need not be of one build.
        bitstream.compare(&design).map_err(in_bitstream)?;
        self.overlay(path, &files, design, Some(bitstream))
    }

    /// See [`Overlay::open_async`].
    ///
    /// # Errors
    ///
    /// As of [`Overlay::open`]; [`Error::Aside`] if the runtime ends before the work is done.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future does not stop the programming: the design is loaded, and no overlay has it open.
    pub async fn open_async(self, path: impl AsRef<Path>) -> Result<Overlay> {
        let path = path.as_ref().to_owned();
        let open = move || self.open(path);
        #[cfg(feature = "tokio")]
        if pynq_tokio::in_context() {
            let done = pynq_tokio::blocking(open).await;
            return done.unwrap_or_else(|error| Err(Error::Aside { message: error.to_string() }));
        }
        #[cfg(feature = "smol")]
        return pynq_smol::blocking(open)
            .await
            .unwrap_or_else(|error| Err(Error::Aside { message: error.to_string() }));
        #[cfg(not(feature = "smol"))]
        open()
    }

    /// See [`Overlay::attach`].
    ///
    /// # Errors
    ///
    /// As of [`Overlay::attach`].
    pub fn attach(self, path: impl AsRef<Path>) -> Result<Overlay> {
        let path = path.as_ref();
        let (files, design) = files(path)?;
        match FpgaManager::find(&self.paths) {
            Ok(manager) => manager.attach()?,
            // A kernel without the driver: what loaded the logic was the boot loader.
            Err(pynq_uio::Error::NoFpgaManager { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        self.overlay(path, &files, design, None)
    }

    fn overlay(
        self,
        path: &Path,
        beside: &OverlayFiles,
        design: Design,
        bitstream: Option<Bitstream>,
    ) -> Result<Overlay> {
        let Self { paths, reactor, files, device_tree, partial, sets_clocks } = self;
        let device_tree = match device_tree {
            DeviceTreeFile::None => None,
            DeviceTreeFile::At(path) => Some(path),
            // If there is none, the error gives the name that is missing.
            DeviceTreeFile::Beside => Some(beside.device_tree.clone().unwrap_or_else(|| path.with_extension("dtbo"))),
        };
        // Before the logic is programmed, so that a file that isn't there leaves everything as it was.
        let device_tree = device_tree.map(DeviceTreeOverlayFile::read).transpose()?;
        let interrupts = UioInterrupts::new(LinuxClock::new(Arc::clone(&reactor)), reactor);
        let held = Held { devices: None, windows: Vec::new(), files: BTreeMap::new(), claims: BTreeMap::new() };
        let logic = LogicClaim::shared(&paths)?;
        let (shared, held) = (Arc::new(design.clone()), Mutex::new(held));
        let warnings = Mutex::default();
        let linux = Linux { paths, interrupts, design: shared, bitstream, partial, sets_clocks, logic, held, warnings };
        if linux.bitstream.is_some() {
            linux.logic.alone(|| linux.program())?;
        } else {
            linux.look_at_clocks();
        }
        if let Some(overlay) = device_tree {
            // The overlay of the device tree stays when this value is dropped, as the design does.
            let tree = DeviceTree::open_through(&linux.paths, files)?;
            let _applied = tree.ensure_blob(&overlay.name, &overlay.blob)?;
        }
        Ok(Overlay::new(design, Arc::new(linux)))
    }
}

impl fmt::Debug for LinuxOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinuxOptions").field("device_tree", &self.device_tree).finish_non_exhaustive()
    }
}

struct Linux {
    paths: SystemPaths,
    interrupts: UioInterrupts,
    design: Arc<Design>,
    bitstream: Option<Bitstream>,
    partial: Option<bool>,
    sets_clocks: bool,
    logic: LogicClaim,
    held: Mutex<Held>,
    warnings: Mutex<Vec<Warning>>,
}

struct Held {
    /// Looked for when they are first needed, and again for each design.
    devices: Option<Arc<UioDevices>>,
    windows: Vec<Weak<pynq_uio::Window>>,
    /// Copies of these are what roots have, so that the claim outlives a reload.
    files: BTreeMap<Input, OwnedFd>,
    /// By physical address.
    claims: BTreeMap<u64, Claim>,
}

/// Where an interrupt reaches the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Input {
    /// By this number, in the processor's controller.
    Processor(u32),
    /// On a line of an AXI INTC that the kernel's own driver has, by the address of its registers.
    Kernel(u64, u32),
}

impl Linux {
    fn program(&self) -> Result<()> {
        let Some(bitstream) = &self.bitstream else {
            return Err(Error::NoBitstream { design: self.design.source.name.clone() });
        };
        let mut options = ProgramOptions::new().design(&self.design);
        if let Some(partial) = self.partial {
            options = options.partial(partial);
        }
        let manager = FpgaManager::find(&self.paths)?;
        let says = bitstream.header.as_ref().is_some_and(|header| header.is_partial());
        // A partial bitstream replaces a part of a running design, whose clocks must not change.
        if self.sets_clocks && !self.partial.unwrap_or(says) {
            self.bring_clocks()?;
        }
        Ok(manager.program(bitstream, &options)?)
    }

    /// Sets the clocks to what the design was made for, where they can be reached: it may be for another processor, and a
    /// kernel may keep their registers to itself.
    fn bring_clocks(&self) -> Result<()> {
        let designed = pl_clocks::designed(&self.design);
        let mut found = Vec::new();
        match self.pl_clocks() {
            _ if designed.is_empty() => {}
            Ok(mut clocks) => match pl_clocks::bring(&mut clocks, &designed) {
                Err(Error::PlClock(error @ PlClockError::UnknownSource { .. })) => {
                    found.push(Warning::ClocksUnknown { why: error.to_string() });
                }
                brought => brought?,
            },
            Err(error) => found.push(Warning::ClocksUnknown { why: error.to_string() }),
        }
        *lock(&self.warnings) = found;
        Ok(())
    }

    /// Compares the clocks with what the design was made for.
    fn look_at_clocks(&self) {
        let designed = pl_clocks::designed(&self.design);
        *lock(&self.warnings) = match self.pl_clocks() {
            _ if designed.is_empty() => Vec::new(),
            Ok(clocks) => pl_clocks::compare(&clocks, &designed),
            Err(error) => vec![Warning::ClocksUnknown { why: error.to_string() }],
        };
    }

    /// The root on a UIO device.
    fn root_on(
        &self,
        path: &str,
        input: Input,
        masked: MaskedBy,
        find: impl FnOnce(&UioDevices) -> pynq_uio::Result<&UioDevice>,
    ) -> Result<Root> {
        let mut held = lock(&self.held);
        let devices = self.devices(&mut held)?;
        let masking = match masked {
            MaskedBy::Root => Masking::AtTheRoot,
            MaskedBy::Controller => Masking::InTheController,
        };
        let node = find(&devices)?;
        let copy = match held.files.get(&input) {
            Some(file) => file.try_clone(),
            None => {
                let file = node.open()?;
                let copy = file.try_clone();
                held.files.insert(input, file);
                copy
            }
        };
        let file = copy.map_err(|error| pynq_uio::Error::File {
            action: "copy the descriptor of",
            path: node.node().to_owned(),
            error,
        })?;
        let root = self.interrupts.root(file, masking);
        Ok(Box::pin(root.map_err(|error| Error::Interrupt { pin: path.into(), error })?))
    }

    fn devices(&self, held: &mut Held) -> Result<Arc<UioDevices>> {
        if let Some(devices) = &held.devices {
            return Ok(Arc::clone(devices));
        }
        let found = Arc::new(UioDevices::find(&self.paths)?);
        held.devices = Some(Arc::clone(&found));
        Ok(found)
    }
}

/// Blocks for which the kernel has a driver that is at work by itself.
const BUSES: [&str; 2] = ["axi_iic", "axi_quad_spi"];

impl Backend for Linux {
    fn window(&self, _: &str, block: &IpBlock) -> Result<Window> {
        let mut held = lock(&self.held);
        let devices = self.devices(&mut held)?;
        let window = Arc::new(open_block(&devices, &self.paths, block)?);
        held.windows.retain(|window| window.strong_count() > 0);
        held.windows.push(Arc::downgrade(&window));
        Ok(window)
    }

    /// A bus that the kernel drives has traffic at any moment, and is left to it.
    fn claim(&self, _: &str, block: &IpBlock) -> Result<()> {
        if BUSES.contains(&block.kind()) {
            if let Some(KernelDriver { device, driver, .. }) = KernelDriver::at(&self.paths, block.base) {
                return Err(pynq_uio::Error::KernelHas { device, driver }.into());
            }
        }
        let mut held = lock(&self.held);
        if let Entry::Vacant(free) = held.claims.entry(block.base) {
            free.insert(Claim::address(&self.paths, block.base)?);
        }
        Ok(())
    }

    fn root(&self, path: &str, irq: u32, masked: MaskedBy) -> Result<Root> {
        self.root_on(path, Input::Processor(irq), masked, |devices| devices.by_irq(irq))
    }

    fn system_has(&self, controller: &IpBlock) -> Result<bool> {
        Ok(self.devices(&mut lock(&self.held))?.kernel_controller(controller.base).is_some())
    }

    fn system_root(&self, path: &str, controller: &IpBlock, line: u32, masked: MaskedBy) -> Result<Root> {
        let address = controller.base;
        self.root_on(path, Input::Kernel(address, line), masked, |devices| devices.by_kernel_line(address, line))
    }

    fn clock(&self) -> BoardClock {
        BoardClock::new(self.interrupts.clock().clone())
    }

    fn block(
        &self,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
    ) -> Result<(), pynq_core::Error> {
        self.interrupts.block(poll, deadline)
    }

    fn allocate(&self, request: &DmaRequest) -> Result<DmaBuffer> {
        Ok(DmaBuffer::boxed(LinuxDmaMemory::new(&self.paths).allocate(request)?))
    }

    fn reload(&self) -> Result<()> {
        self.interrupts.close();
        let windows = {
            let mut held = lock(&self.held);
            held.devices = None;
            // A device that was unbound, as by a new device tree, is opened anew.
            held.files.retain(|_, file| pynq_uio::mask(file).is_ok());
            std::mem::take(&mut held.windows)
        };
        // All of them, even if one fails: a window that is not revoked would reach the new design.
        let revoked: Vec<_> = windows.iter().filter_map(Weak::upgrade).map(|window| window.revoke()).collect();
        revoked.into_iter().collect::<pynq_uio::Result<()>>()?;
        self.logic.alone(|| self.program())
    }

    fn is_attached(&self) -> bool {
        self.bitstream.is_none()
    }

    fn ps_gpio(&self, design: &Design, line: u8) -> Result<PsGpioPin> {
        let kind = match pynq_uio::Processor::of(&self.paths) {
            Some(pynq_uio::Processor::Zynq7000) => PsGpioKind::Zynq7000,
            Some(pynq_uio::Processor::ZynqMp) => PsGpioKind::ZynqMp,
            _ => return Err(Error::NoPsGpio { design: design.source.name.clone() }),
        };
        let window: Window = Arc::new(pynq_uio::open_window(&self.paths, kind.address(), 0x1000)?);
        PsGpioPin::emio(window, kind, line).map_err(|error| Error::driver("the processing system's GPIO", error))
    }

    fn pl_clocks(&self) -> Result<PlClocks<Window>> {
        Ok(pynq_uio::open_pl_clocks(&self.paths, pl_clocks::reference_hz(&self.design))?)
    }

    fn warnings(&self) -> Vec<Warning> {
        lock(&self.warnings).clone()
    }

    fn interrupts(&self) -> u64 {
        self.interrupts.interrupts()
    }
}
