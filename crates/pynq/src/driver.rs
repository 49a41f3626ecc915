//! What a driver of an IP block is made of.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use pynq_core::{
    Error as Cause, Instant,
    interrupt::{Activity, Driven, InterruptHardware, InterruptSource, Node, ParentLine, StdLock},
};
use pynq_hwh::IpBlock;

use crate::{
    BoardClock, Error, Result, Window,
    loaded::{Lines, Loaded},
};

pin_project! {
    /// Where the interrupts of a node come from: a line of whatever its output is wired to, or nothing.
    ///
    /// A type of its own and not the engine's: with a trait object among its type parameters, the compiler could not prove that
    /// a task that waits on the node can be sent to another thread.
    #[derive(Debug)]
    pub struct Parent {
        #[pin]
        line: Option<ParentLine<Lines>>,
    }
}

impl Parent {
    /// Nothing: every wait is answered with `InterruptsUnavailable`.
    pub const UNWIRED: Self = Self { line: None };

    /// Whether the output is wired to anything.
    #[must_use]
    pub const fn is_wired(&self) -> bool {
        self.line.is_some()
    }
}

impl InterruptSource for Parent {
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Cause>> {
        self.project_ref().line.poll_fired(cx)
    }

    fn disarm(self: Pin<&Self>) {
        self.project_ref().line.disarm();
    }

    fn block(
        &self,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
    ) -> Result<(), Cause> {
        self.line.block(poll, deadline)
    }

    fn prepare_wait(&self) -> Result<Driven, Cause> {
        self.line.prepare_wait()
    }

    fn trace(&self, activity: Activity) {
        self.line.trace(activity);
    }
}

/// The interrupt node of an IP block with `N` lines, over its register functions `H`. Clones are the same node.
pub type IpNode<H, const N: usize> = Pin<Arc<Node<H, StdLock, Parent, N>>>;

/// An IP block for the driver that is just claiming it; see [`Overlay::driver`](crate::Overlay::driver).
pub struct DriverContext<'a> {
    loaded: &'a Loaded,
    path: &'a str,
    block: &'a IpBlock,
}

impl<'a> DriverContext<'a> {
    pub(crate) fn new(loaded: &'a Loaded, path: &'a str, block: &'a IpBlock) -> Self {
        Self { loaded, path, block }
    }

    /// The name of the block in the overlay.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// What the handoff file tells of it: kind, parameters, registers.
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
    /// that somebody may rely on. A driver then keeps what the block drives, and else begins from the design's defaults.
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

    /// Where the block's interrupt output `port` goes; [`Parent::UNWIRED`] if it reaches the processor by no way.
    ///
    /// # Errors
    ///
    /// Those of the way to the processor; see [`Overlay::interrupt`](crate::Overlay::interrupt).
    pub fn parent(&self, port: &str) -> Result<Parent> {
        let pin = format!("{}/{port}", self.block.path);
        if self.loaded.design.interrupts.pin(&pin).is_none() {
            return Ok(Parent::UNWIRED);
        }
        let (lines, number) = self.loaded.line(&pin)?;
        Ok(Parent { line: Some(ParentLine::new(lines, number)) })
    }

    /// The interrupt node of the block, or of one of its interrupt outputs.
    ///
    /// # Errors
    ///
    /// [`Error::Invalidated`] if the design was replaced meanwhile.
    pub fn node<H: InterruptHardware + 'static, const N: usize>(
        &self,
        hardware: H,
        parent: Parent,
    ) -> Result<IpNode<H, N>> {
        self.enter(Node::new(StdLock::new(), hardware, parent))
    }

    /// Lists a node as this block's, so that a reload ends it.
    pub(crate) fn enter<H: InterruptHardware + 'static, const N: usize>(
        &self,
        node: Node<H, StdLock, Parent, N>,
    ) -> Result<IpNode<H, N>> {
        let node = Arc::pin(node);
        let lines: Lines = node.clone();
        self.loaded.enter(self.path, lines)?;
        Ok(node)
    }
}

impl std::fmt::Debug for DriverContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DriverContext").field("path", &self.path).finish_non_exhaustive()
    }
}
