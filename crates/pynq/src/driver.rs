//! What a driver of an IP block is made of.

use std::{cell::RefCell, sync::Arc};

use pynq_core::{
    BlockName, Driver, Parameters,
    interrupt::{Both, InterruptHardware, InterruptSource, LineArray, Node, NodeHandle, ParentLine, StdLock},
};
use pynq_hwh::IpBlock;

use crate::{BoardClock, Error, Result, Window, backend::Backend, loaded::Loaded};

/// An IP block for the driver that is just claiming it; see [`Overlay::driver`](crate::Overlay::driver).
///
/// ```
/// # #[cfg(feature = "sim")] {
/// use pynq::{core::mmio::Mmio, prelude::*};
///
/// /// A driver that needs no more than the block's registers.
/// #[derive(Clone)]
/// struct Raw(pynq::Window);
///
/// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
/// let raw = overlay.driver("leds_gpio", |context| {
///     context.expect("xilinx.com:ip:axi_gpio", "AXI GPIO")?;
///     assert_eq!(context.block().parameters.integer("C_GPIO_WIDTH")?, 4);
///     Ok::<_, pynq::Error>(Raw(context.window()?))
/// })?;
/// assert_eq!(raw.0.size(), 0x1_0000);
/// # }
/// # Ok::<(), pynq::Error>(())
/// ```
pub struct DriverContext<'a> {
    loaded: &'a Loaded,
    path: &'a str,
    block: &'a IpBlock,
    /// Where the nodes are noted that are made.
    nodes: Option<&'a RefCell<Vec<NodeHandle>>>,
}

impl<'a> DriverContext<'a> {
    pub(crate) fn new(loaded: &'a Loaded, path: &'a str, block: &'a IpBlock) -> Self {
        Self { loaded, path, block, nodes: None }
    }

    /// The same, noting the nodes that it makes.
    pub(crate) fn keeping(self, nodes: &'a RefCell<Vec<NodeHandle>>) -> Self {
        Self { nodes: Some(nodes), ..self }
    }

    /// The name of the block in the overlay.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// Its entry in the handoff file: kind, parameters, registers.
    #[must_use]
    pub fn block(&self) -> &'a IpBlock {
        self.block
    }

    /// The board's clock.
    #[must_use]
    pub fn clock(&self) -> BoardClock {
        self.loaded.backend.clock()
    }

    /// Whether the design was running before this program: opened by `Overlay::attach`, with outputs
    /// that are in use. A driver then keeps what the block drives, and else begins from the design's defaults.
    #[must_use]
    pub fn is_attached(&self) -> bool {
        self.loaded.backend.is_attached()
    }

    /// The window onto its registers.
    ///
    /// # Errors
    ///
    /// Those of the backend.
    pub fn window(&self) -> Result<Window> {
        self.loaded.window(self.path)
    }

    /// Refuses a block of another kind. `name` is the part of the VLNV without its version: `xilinx.com:ip:axi_gpio`.
    ///
    /// # Errors
    ///
    /// [`Error::WrongIp`], which names the blocks of that kind.
    pub fn expect(&self, name: &str, expected: &'static str) -> Result<()> {
        if self.block.vlnv_without_version() == name {
            return Ok(());
        }
        let all = self.loaded.design.ip.iter();
        let has = all.filter(|(_, block)| block.vlnv_without_version() == name).map(|(path, _)| path.clone()).collect();
        Err(Error::WrongIp { path: self.path.to_owned(), expected, vlnv: self.block.vlnv.clone(), has })
    }

    /// Where the block's interrupt output `port` goes; [`ParentLine::UNWIRED`] if it reaches the processor by no way.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchOutput`], which lists the outputs there are; those of the way to the processor; see [`Overlay::interrupt`](crate::Overlay::interrupt).
    pub fn parent(&self, port: &str) -> Result<ParentLine> {
        let pin = format!("{}/{port}", self.block.path);
        if self.loaded.design.interrupts.pin(&pin).is_none() {
            return self.unwired(port);
        }
        let (lines, number) = self.loaded.line(&pin)?;
        Ok(ParentLine::new(lines, number))
    }

    /// An output that reaches the processor by no way, if there is one of this name.
    fn unwired(&self, port: &str) -> Result<ParentLine> {
        let IpBlock { interrupts, outputs, .. } = self.block;
        let name = port.split('[').next().unwrap_or(port);
        // A file that has been stripped of its ports can't tell a slip from an output that is left open.
        if outputs.is_empty() || outputs.iter().any(|output| output == name) {
            return Ok(ParentLine::UNWIRED);
        }
        let has = if interrupts.is_empty() { outputs } else { interrupts }.to_vec();
        Err(Error::NoSuchOutput { path: self.path.to_owned(), output: port.to_owned(), has })
    }

    /// What the handoff file says of an accelerator that high-level synthesis made, whatever its library is.
    ///
    /// # Errors
    ///
    /// [`Error::WrongIp`], which names the accelerators there are.
    pub fn accelerator_core(&self) -> Result<pynq_drivers::hls::Core> {
        crate::accelerator::core(self.block).ok_or_else(|| {
            let all = self.loaded.design.ip.iter();
            let has = all.filter(|(_, block)| block.accelerator().is_some()).map(|(path, _)| path.clone()).collect();
            let (path, vlnv) = (self.path.to_owned(), self.block.vlnv.clone());
            Error::WrongIp { path, expected: "accelerator", vlnv, has }
        })
    }

    /// The interrupt node of the block, or of one of its interrupt outputs, with as many lines as the hardware can have.
    ///
    /// # Errors
    ///
    /// [`Error::Invalidated`] if the design was replaced meanwhile.
    pub fn node<H: InterruptHardware + 'static>(&self, hardware: H, parent: ParentLine) -> Result<NodeHandle<H>> {
        self.enter(hardware, parent, H::Lines::COUNT)
    }

    /// Makes a node and lists it as this block's, so that a reload ends it.
    fn enter<H, S>(&self, hardware: H, parent: S, lines: u8) -> Result<NodeHandle<H>>
    where
        H: InterruptHardware + 'static,
        S: InterruptSource + Send + Sync + 'static,
    {
        let name = BlockName::from(Arc::<str>::from(self.path));
        let node: NodeHandle<H> = Arc::pin(Node::named(StdLock::new(), hardware, parent, lines, name)).into();
        self.loaded.enter(self.path, node.clone().erase())?;
        if let Some(nodes) = self.nodes {
            nodes.borrow_mut().push(node.clone().erase());
        }
        Ok(node)
    }

    /// As [`node`](Self::node), on a source of its own.
    pub(crate) fn node_on<H, S>(&self, hardware: H, source: S) -> Result<NodeHandle<H>>
    where
        H: InterruptHardware + 'static,
        S: InterruptSource + Send + Sync + 'static,
    {
        self.enter(hardware, source, H::Lines::COUNT)
    }

    /// The node and the line that an interrupt pin of the design raises.
    pub(crate) fn line(&self, pin: &str) -> Result<(NodeHandle, u8)> {
        self.loaded.line(pin)
    }

    pub(crate) fn backend(&self) -> &dyn Backend {
        &*self.loaded.backend
    }

    pub(crate) fn shared_backend(&self) -> Arc<dyn Backend> {
        Arc::clone(&self.loaded.backend)
    }

    /// The driver `D` of the block; see [`Overlay::block`](crate::Overlay::block).
    ///
    /// # Errors
    ///
    /// [`Error::WrongIp`] if it is of another kind, [`Error::Parameter`] if it can't have been built as the handoff file says,
    /// [`Error::Driver`] if it can't be set up, and those of the way to the processor.
    pub fn open<D: Driver>(&self) -> Result<D> {
        self.expect(D::VLNV, D::NAME)?;
        let config = self.configure::<D>()?;
        // The way to the processor first: if that fails, no register is touched.
        let parent = if D::has_interrupt(&config) { self.parent(D::INTERRUPT)? } else { ParentLine::UNWIRED };
        let second = match D::SECOND_INTERRUPT {
            Some(port) if D::has_interrupt(&config) => Some(self.parent(port)?),
            _ => None,
        };
        let start = if self.is_attached() { D::attach } else { D::set_up };
        let mut hardware = start(self.window()?.into(), config).map_err(|error| Error::driver(self.path, error))?;
        D::set_wired(&mut hardware, [parent.is_wired(), second.as_ref().is_some_and(ParentLine::is_wired)]);
        let lines = D::line_count(&config);
        let node = match second {
            None => self.enter(hardware, parent, lines)?,
            Some(second) if parent.is_wired() => self.enter(hardware, Both::new(parent, second), lines)?,
            Some(second) => self.enter(hardware, Both::new(parent, second).without_first(), lines)?,
        };
        D::over(node).map_err(|error| Error::driver(self.path, error))
    }

    /// Decodes the block's parameters. One that is there and makes no sense is an error, not a default.
    fn configure<D: Driver>(&self) -> Result<D::Config> {
        let built = self.block.parameters.built();
        let numbers: Vec<(&str, u64)> = built.numbers.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let texts: Vec<&str> = built.texts.iter().map(String::as_str).collect();
        let built = Parameters::new(&numbers, self.block.clock_hz).with_texts(&texts);
        D::configure(&built).map_err(|error| {
            let written = self.block.parameters.get(error.parameter).map(str::to_owned);
            Error::Parameter { path: self.path.to_owned(), error, written }
        })
    }
}

impl std::fmt::Debug for DriverContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DriverContext").field("path", &self.path).finish_non_exhaustive()
    }
}
