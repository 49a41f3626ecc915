//! A driver on a block of a design.

use super::{Block, Of, Wired, is_ip, same};
use crate::{
    BlockName, Driver, Error, OpenError, Parameters, Window,
    interrupt::{Both, InterruptSource, Node, NodeHandle, NodeLock, ParentLine},
};

/// A node of driver `D`, guarded by `L`, fed by `S`.
pub type DriverNode<D, L, S> = Node<<D as Driver>::Hardware, L, S>;

/// The node of driver `D` on block `B`, or why there is none.
pub type Opened<B, D, L, S> = Result<Of<B, DriverNode<D, L, S>>, OpenError<<D as Driver>::SetUpError>>;

impl<B: Block, V: Into<Window>> Of<B, V> {
    /// The node of the block that this window is onto, on the line that its interrupt output is wired to.
    ///
    /// A block of another kind, and an output that is not the driver's, don't build.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the block was not built, or does not answer, as the driver knows it.
    pub fn node<D, W, L, S>(self, lock: L, source: Of<W, S>) -> Opened<B, D, L, S>
    where
        D: Driver,
        W: Wired<Block = B>,
        L: NodeLock + Send + Sync + 'static,
        S: InterruptSource + Send + Sync + 'static,
    {
        const { assert!(same(W::PORT, D::INTERRUPT), "the driver has another interrupt output of its block") };
        assemble::<D, _, _, _, _>(self, lock, source.into_inner(), [true, false])
    }

    /// The same for a block of which two interrupt outputs are wired.
    ///
    /// # Errors
    ///
    /// As [`node`](Self::node).
    pub fn node_on_both<D, W, X, L, S, T>(
        self,
        lock: L,
        first: Of<W, S>,
        second: Of<X, T>,
    ) -> Opened<B, D, L, Both<S, T>>
    where
        D: Driver,
        W: Wired<Block = B>,
        X: Wired<Block = B>,
        L: NodeLock + Send + Sync + 'static,
        S: InterruptSource + Send + Sync + 'static,
        T: InterruptSource + Send + Sync + 'static,
    {
        const {
            let is_second = match D::SECOND_INTERRUPT {
                Some(port) => same(X::PORT, port),
                None => false,
            };
            assert!(same(W::PORT, D::INTERRUPT) && is_second, "the driver has other interrupt outputs of its block");
        };
        assemble::<D, _, _, _, _>(self, lock, Both::new(first.into_inner(), second.into_inner()), [true, true])
    }

    /// The same with the interrupt left unused: every wait is answered with [`Error::InterruptsUnavailable`].
    ///
    /// # Errors
    ///
    /// As [`node`](Self::node).
    pub fn node_without_interrupt<D, L>(self, lock: L) -> Opened<B, D, L, ParentLine>
    where
        D: Driver,
        L: NodeLock + Send + Sync + 'static,
    {
        assemble::<D, _, _, _, _>(self, lock, ParentLine::UNWIRED, [false, false])
    }
}

fn assemble<D, B, V, L, S>(window: Of<B, V>, lock: L, source: S, wired: [bool; 2]) -> Opened<B, D, L, S>
where
    D: Driver,
    B: Block,
    V: Into<Window>,
    L: NodeLock + Send + Sync + 'static,
    S: InterruptSource + Send + Sync + 'static,
{
    const { assert!(is_ip::<B>(D::VLNV), "the driver is for blocks of another kind") };
    let config = D::configure(&Parameters::of::<B>())?;
    let mut hardware = D::set_up(window.into_inner().into(), config).map_err(OpenError::SetUp)?;
    D::set_wired(&mut hardware, wired);
    let (lines, name) = (D::line_count(&config), BlockName::new(B::PATH));
    Ok(Of::new(Node::named(lock, hardware, source, lines, name)))
}

impl<B, P: Clone> Of<B, P> {
    /// The driver over the block's node.
    ///
    /// # Errors
    ///
    /// The error the node has failed with.
    pub fn driver<D: Driver>(&self) -> Result<D, Error>
    where
        P: Into<NodeHandle<D::Hardware>>,
    {
        D::over(self.get().clone().into())
    }
}

impl Parameters<'static> {
    /// Those of block `B` of a design.
    #[must_use]
    pub const fn of<B: Block>() -> Self {
        Self::new(B::PARAMETERS, B::CLOCK_HZ).with_texts(B::TEXTS)
    }
}
