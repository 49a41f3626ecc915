//! The hardware of a design as it is loaded now: the interrupt tree, the windows, and the claims of blocks.
//!
//! A reload ends one of these and begins the next. Every node is listed in the order in which it was made, so a parent
//! stands before its children, and closing goes backwards through the list.

use std::{
    any::{Any, type_name},
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, TryLockError,
        atomic::{AtomicBool, Ordering},
    },
};

use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, Error as Cause, axi_intc_node,
    interrupt::{Direct, DirectNode, LineStats, NodeHandle, ParentLine, StdLock},
    lock,
};
use pynq_hwh::{Controller, Design, InterruptPin};

use crate::{
    Error, Result,
    backend::{Backend, MaskedBy, Root, Window},
    hierarchy::{Claimed, Members},
    statistics::Statistics,
};

/// One design, loaded once.
pub(crate) struct Loaded {
    pub(crate) design: Arc<Design>,
    pub(crate) backend: Arc<dyn Backend>,
    /// The windows of this design are dead, or about to be.
    revoked: AtomicBool,
    tree: Mutex<Tree>,
    /// `None` once closed.
    claims: Mutex<Option<BTreeMap<String, Arc<Claim>>>>,
}

#[derive(Default)]
struct Tree {
    /// Nothing may be added any more.
    closed: bool,
    nodes: Vec<NodeHandle>,
    controllers: BTreeMap<String, NodeHandle>,
    /// Pins without a controller, by interrupt number.
    direct: BTreeMap<u32, NodeHandle>,
    /// Pins on a controller that is the system's own, by its path and the line.
    system: BTreeMap<(String, u32), NodeHandle>,
}

/// The driver of a block and the name of its type, once there is one.
type Claim = Mutex<Option<Claimant>>;

/// A driver and the name of its type.
type Claimant = (Box<dyn Any + Send + Sync>, &'static str);

impl Loaded {
    pub(crate) fn new(design: Arc<Design>, backend: Arc<dyn Backend>) -> Self {
        let (tree, claims) = (Mutex::default(), Mutex::new(Some(BTreeMap::new())));
        Self { design, backend, revoked: AtomicBool::new(false), tree, claims }
    }

    /// Whether handles of this design may no longer touch the hardware.
    pub(crate) fn is_revoked(&self) -> bool {
        self.revoked.load(Ordering::Acquire)
    }

    /// A window onto the block called `path`.
    pub(crate) fn window(&self, path: &str) -> Result<Window> {
        let block = self.design.ip_block(path)?;
        self.backend.window(path, block)
    }

    // ---- the interrupt tree

    /// The node and the line that interrupt pin `name` raises.
    pub(crate) fn line(&self, name: &str) -> Result<(NodeHandle, u8)> {
        // For the error, which suggests names.
        self.design.interrupt(name)?;
        match self.design.interrupts.pin(name) {
            Some(pin) if pin.width > 1 => Err(Error::VectorPin { pin: name.to_owned(), width: pin.width }),
            Some(pin) => self.line_of(name, &pin),
            None => Err(Error::NoInterruptNumber { pin: name.to_owned() }),
        }
    }

    fn line_of(&self, name: &str, pin: &InterruptPin) -> Result<(NodeHandle, u8)> {
        let mut tree = lock(&self.tree);
        if tree.closed {
            return Err(Error::Invalidated { path: name.into() });
        }
        match &pin.controller {
            Some(path) if self.system_has(path)? => Ok((self.system_line(&mut tree, name, path, pin.line)?, 0)),
            Some(path) => Ok((self.controller(&mut tree, name, path)?, line_number(pin.line))),
            None => Ok((self.direct(&mut tree, name, pin.ps_irq)?, 0)),
        }
    }

    /// The node of a pin that is wired straight to the processor.
    fn direct(&self, tree: &mut Tree, name: &str, irq: Option<u32>) -> Result<NodeHandle> {
        let irq = irq.ok_or_else(|| Error::NoInterruptNumber { pin: name.to_owned() })?;
        if let Some(lines) = tree.direct.get(&irq) {
            return Ok(lines.clone());
        }
        let root = self.backend.root(name, irq, MaskedBy::Root)?;
        let node: NodeHandle<Direct> = Arc::pin(DirectNode::new(StdLock::new(), Direct, root)).into();
        let lines = node.erase();
        tree.nodes.push(lines.clone());
        tree.direct.insert(irq, lines.clone());
        Ok(lines)
    }

    /// Whether the controller at `path` is the system's own.
    fn system_has(&self, path: &str) -> Result<bool> {
        self.design.ip.get(path).map_or(Ok(false), |block| self.backend.system_has(block))
    }

    /// The interrupt on a line of a controller that is the system's own.
    fn system_root(&self, name: &str, path: &str, line: u32, masked: MaskedBy) -> Result<Root> {
        let unreachable = || Error::UnreachableController { pin: name.to_owned(), path: path.to_owned() };
        self.backend.system_root(name, self.design.ip.get(path).ok_or_else(unreachable)?, line, masked)
    }

    /// The node of a pin on a controller that is the system's own: it is wired straight to the system, as it were.
    fn system_line(&self, tree: &mut Tree, name: &str, path: &str, line: u32) -> Result<NodeHandle> {
        let key = (path.to_owned(), line);
        if let Some(lines) = tree.system.get(&key) {
            return Ok(lines.clone());
        }
        let root = self.system_root(name, path, line, MaskedBy::Root)?;
        let node: NodeHandle<Direct> = Arc::pin(DirectNode::new(StdLock::new(), Direct, root)).into();
        let lines = node.erase();
        tree.nodes.push(lines.clone());
        tree.system.insert(key, lines.clone());
        Ok(lines)
    }

    /// The node of the controller at `path`, and before it those of all controllers between it and the processor.
    fn controller(&self, tree: &mut Tree, name: &str, path: &str) -> Result<NodeHandle> {
        let all = &self.design.interrupts.controllers;
        let mut way = Vec::new();
        let mut at = Some(path);
        // A design from a file has no loops; one put together by hand may.
        while let (Some(path), true) = (at, way.len() <= all.len()) {
            if tree.controllers.contains_key(path) {
                break;
            }
            let unreachable = || Error::UnreachableController { pin: name.to_owned(), path: path.to_owned() };
            let (path, controller) = all.get_key_value(path).ok_or_else(unreachable)?;
            way.push((path, controller));
            at = controller.parent.as_deref();
            if let Some(parent) = at {
                // If the system's driver has the parent, its lines are roots like the processor's interrupts, and the way
                // ends here.
                at = if self.system_has(parent)? { None } else { at };
            }
        }
        for (path, controller) in way.into_iter().rev() {
            let parent = controller.parent.as_ref().and_then(|parent| tree.controllers.get(parent)).cloned();
            let lines = self.new_controller(name, path, controller, parent)?;
            tree.nodes.push(lines.clone());
            tree.controllers.insert(path.clone(), lines);
        }
        let found = tree.controllers.get(path).cloned();
        found.ok_or_else(|| Error::UnreachableController { pin: name.to_owned(), path: path.to_owned() })
    }

    fn new_controller(
        &self,
        pin: &str,
        path: &str,
        design: &Controller,
        parent: Option<NodeHandle>,
    ) -> Result<NodeHandle> {
        let (Some(_), Some(block)) = (design.base, self.design.ip.get(path)) else {
            return Err(Error::UnreachableController { pin: pin.to_owned(), path: path.to_owned() });
        };
        self.backend.claim(path, block)?;
        let source: Root = match (parent, &design.parent) {
            (Some(parent), _) => Box::pin(ParentLine::new(parent, line_number(design.line))),
            (None, Some(parent)) if self.system_has(parent)? => {
                self.system_root(path, parent, design.line, MaskedBy::Controller)?
            }
            (None, Some(parent)) => {
                return Err(Error::UnreachableController { pin: path.to_owned(), path: parent.clone() });
            }
            (None, None) => {
                let irq = design.ps_irq.ok_or_else(|| Error::NoInterruptNumber { pin: path.to_owned() })?;
                self.backend.root(path, irq, MaskedBy::Controller)?
            }
        };
        let mut config = AxiIntcConfig::new(line_number(design.inputs), design.kind_of_intr);
        config.software_interrupts = line_number(design.software_inputs);
        config.has_sie = design.has_sie;
        config.has_cie = design.has_cie;
        config.has_ilr = design.has_ilr;
        config.has_fast = design.has_fast;
        config.output_is_level = design.irq_is_level;
        let hardware = AxiIntcHardware::new(self.window(path)?, config)
            .map_err(|error| Error::Controller { path: path.to_owned(), error })?;
        let node: NodeHandle<_> = Arc::pin(axi_intc_node(StdLock::new(), hardware, source)).into();
        Ok(node.erase())
    }

    /// Lists a node, so that it ends with the design.
    pub(crate) fn enter(&self, path: &str, node: NodeHandle) -> Result<()> {
        let closed = {
            let mut tree = lock(&self.tree);
            if !tree.closed {
                tree.nodes.push(node.clone());
            }
            tree.closed
        };
        if closed {
            // A reload has closed this design while the node was made.
            node.invalidate(Cause::Invalidated);
            return Err(Error::Invalidated { path: path.into() });
        }
        Ok(())
    }

    // ---- the claims of blocks

    /// The driver of the block called `path`, made by `build` if there is none yet.
    pub(crate) fn claim<D, E>(&self, path: &str, build: impl FnOnce() -> Result<D, E>) -> Result<D, E>
    where
        D: Clone + Send + Sync + 'static,
        E: From<Error>,
    {
        let claim = match &mut *lock(&self.claims) {
            Some(claims) => Arc::clone(claims.entry(path.to_owned()).or_default()),
            None => return Err(Error::Invalidated { path: path.into() }.into()),
        };
        let mut driver = lock(&claim);
        // `close` may have run since the claim was looked up; it sets this before it takes the claims.
        if self.is_revoked() {
            return Err(Error::Invalidated { path: path.into() }.into());
        }
        if let Some((driver, by)) = &*driver {
            let claimed = || Error::Claimed { path: path.to_owned(), by }.into();
            return driver.downcast_ref::<D>().cloned().ok_or_else(claimed);
        }
        if let Some(block) = self.design.ip.get(path) {
            self.backend.claim(path, block)?;
        }
        let new = build()?;
        *driver = Some((Box::new(new.clone()), type_name::<D>()));
        Ok(new)
    }

    /// The driver of several blocks, made by `build` if none of them has one yet. All of them are claimed, or none.
    pub(crate) fn claim_all<H: Clone + Send + Sync + 'static>(
        &self,
        hierarchy: &str,
        members: Members,
        build: impl FnOnce(&Members) -> Result<H>,
    ) -> Result<H> {
        let names = members.names();
        let invalidated = || Error::Invalidated { path: hierarchy.into() };
        let claims: Vec<Arc<Claim>> = match &mut *lock(&self.claims) {
            Some(claims) => {
                names.iter().map(|name| Arc::clone(claims.entry((*name).to_owned()).or_default())).collect()
            }
            None => return Err(invalidated()),
        };
        let mut held = lock_all(&claims);
        if self.is_revoked() {
            return Err(invalidated());
        }
        for (name, claim) in names.iter().zip(&held) {
            let Some((driver, by)) = &**claim else { continue };
            return match driver.downcast_ref::<Claimed<H>>() {
                // By these very members it is the same driver, and they all have it.
                Some(claimed) if *claimed.members == members => Ok(claimed.driver.clone()),
                _ => Err(Error::Claimed { path: (*name).to_owned(), by }),
            };
        }
        for name in &names {
            if let Some(block) = self.design.ip.get(*name) {
                self.backend.claim(name, block)?;
            }
        }
        let driver = build(&members)?;
        drop(names);
        let members = Arc::new(members);
        for claim in &mut held {
            let claimed = Claimed { driver: driver.clone(), members: Arc::clone(&members) };
            **claim = Some((Box::new(claimed), type_name::<H>()));
        }
        Ok(driver)
    }

    // ---- the end

    /// Ends every node, children before parents, so that no handle on them reaches the hardware once this returns.
    pub(crate) fn close(&self) {
        self.revoked.store(true, Ordering::Release);
        lock(&self.tree).closed = true;
        let claims = lock(&self.claims).take().unwrap_or_default();
        for claim in claims.values() {
            // Blocks until a `build` in progress has finished. Our clone is dropped; the program's clones keep returning
            // `Invalidated`.
            let driver = lock(claim).take();
            drop(driver);
        }
        let nodes = lock(&self.tree).nodes.clone();
        for node in nodes.iter().rev() {
            node.invalidate(Cause::Invalidated);
        }
    }

    /// What was counted on the line of a pin, if there is a node for it yet.
    pub(crate) fn pin_statistics(&self, pin: &InterruptPin) -> Option<LineStats> {
        let (node, line) = {
            let tree = lock(&self.tree);
            match &pin.controller {
                Some(path) => match tree.system.get(&(path.clone(), pin.line)) {
                    Some(node) => (node.clone(), 0),
                    None => (tree.controllers.get(path)?.clone(), line_number(pin.line)),
                },
                None => (tree.direct.get(&pin.ps_irq?)?.clone(), 0),
            }
        };
        Some(node.line_stats(line))
    }

    pub(crate) fn statistics(&self) -> Statistics {
        let nodes = lock(&self.tree).nodes.clone();
        let mut sum = Statistics { interrupts: self.backend.interrupts(), ..Statistics::default() };
        for node in &nodes {
            for line in 0..node.line_count() {
                sum.add(node.line_stats(line));
            }
        }
        sum
    }
}

/// Locks all claims. It never waits for one with another in hand: a driver that is being made may ask for further blocks.
fn lock_all(claims: &[Arc<Claim>]) -> Vec<MutexGuard<'_, Option<Claimant>>> {
    loop {
        let mut held = Vec::with_capacity(claims.len());
        let busy = claims.iter().find(|claim| match claim.try_lock() {
            Ok(guard) => {
                held.push(guard);
                false
            }
            // What a panic left is whole: a claim is set in one assignment.
            Err(TryLockError::Poisoned(error)) => {
                held.push(error.into_inner());
                false
            }
            Err(TryLockError::WouldBlock) => true,
        });
        let Some(busy) = busy else { return held };
        drop(held);
        drop(lock(busy));
    }
}

/// A line number of the handoff file. One that is out of range stays so, for the node to refuse.
fn line_number(line: u32) -> u8 {
    u8::try_from(line).unwrap_or(u8::MAX)
}
