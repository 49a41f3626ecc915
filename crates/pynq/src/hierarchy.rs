//! Drivers of several blocks at once: PYNQ's `DefaultHierarchy`.

mod missing;
mod shape;

use std::{cell::RefCell, sync::Arc};

use pynq_core::{Driver, interrupt::NodeHandle};
use pynq_hwh::{Design, IpBlock};

use crate::{DriverContext, Error, Result, Window, loaded::Loaded};

pub use missing::MissingMember;
pub(crate) use shape::{Members, fitting, members};

/// A driver of several blocks that belong together: a camera's pipeline, a processor with its memory.
///
/// It says what it is made of, its [`MEMBERS`](Self::MEMBERS), and the overlay finds them in a level of the design's
/// hierarchy: by their kind, by how they are joined, and where that leaves a choice by their names. All of them are
/// claimed or none.
///
/// ```
/// # #[cfg(feature = "sim")] {
/// use pynq::{HierarchyContext, HierarchyDriver, Member, prelude::*};
///
/// /// The buttons of a board and the LEDs above them.
/// #[derive(Clone)]
/// struct Panel {
///     buttons: AxiGpio,
///     leds: AxiGpio,
/// }
///
/// impl HierarchyDriver for Panel {
///     const NAME: &'static str = "panel";
///     const MEMBERS: &'static [Member] = &[
///         Member::new("buttons", &["xilinx.com:ip:axi_gpio"]).named(&["btns_gpio", "gpio_btns"]),
///         Member::new("leds", &["xilinx.com:ip:axi_gpio"]).named(&["leds_gpio", "gpio_leds"]),
///     ];
///
///     fn open(context: &HierarchyContext<'_>) -> pynq::Result<Self> {
///         Ok(Self { buttons: context.block("buttons")?, leds: context.block("leds")? })
///     }
/// }
///
/// for board in [boards::pynq_z2(), boards::zcu104()] {
///     let overlay = Overlay::simulated_board(&board)?;
///     let panel: Panel = overlay.hierarchy("")?; // "" is the whole design
///     panel.leds.channel1().write(panel.buttons.channel1().read()?)?;
/// }
/// # }
/// # Ok::<(), pynq::Error>(())
/// ```
pub trait HierarchyDriver: Clone + Send + Sync + Sized + 'static {
    /// What it is called in messages: `HDMI input`.
    const NAME: &'static str;

    /// The blocks that it is made of.
    const MEMBERS: &'static [Member];

    /// Opens the members, and makes the driver of them.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with a member. Then none of them is claimed, and the nodes that were made for them have ended.
    fn open(context: &HierarchyContext<'_>) -> Result<Self>;
}

/// A block that a [`HierarchyDriver`] is made of.
///
/// ```
/// use pynq::Member;
///
/// /// What brings pictures into memory, whatever the blocks are called.
/// const MEMBERS: &[Member] = &[
///     Member::new("vdma", &["xilinx.com:ip:axi_vdma"]),
///     Member::new("pack", &["xilinx.com:hls:pixel_pack"]).joined("stream_out_32", "vdma", "S_AXIS_S2MM"),
///     Member::new("detect", &["xilinx.com:ip:axi_gpio"]).named(&["axi_gpio_hdmiin"]).optional(),
/// ];
/// # assert_eq!(MEMBERS.len(), 3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    pub(crate) role: &'static str,
    pub(crate) kinds: &'static [&'static str],
    pub(crate) names: &'static [&'static str],
    pub(crate) joins: [Option<Join>; 4],
    pub(crate) optional: bool,
}

/// Bus interface `port` of a member is joined to `to_port` of member `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Join {
    pub(crate) port: &'static str,
    pub(crate) to: &'static str,
    pub(crate) to_port: &'static str,
}

impl Member {
    /// A block of one of these kinds, as vendor, library and name without a version: `xilinx.com:ip:axi_vdma`. The driver
    /// calls it `role`.
    #[must_use]
    pub const fn new(role: &'static str, kinds: &'static [&'static str]) -> Self {
        Self { role, kinds, names: &[], joins: [None; 4], optional: false }
    }

    /// Joined by its bus interface `port` to the interface `to_port` of the member called `to`: directly, or through blocks
    /// that have no address, such as a register slice or a converter. At most four of these.
    ///
    /// # Panics
    ///
    /// With a fifth: in a constant, as all members are, when it is compiled.
    #[must_use]
    pub const fn joined(mut self, port: &'static str, to: &'static str, to_port: &'static str) -> Self {
        let mut free = 0;
        while self.joins[free].is_some() {
            free += 1;
        }
        self.joins[free] = Some(Join { port, to, to_port });
        self
    }

    /// Called by one of these names, without the hierarchy before it, where kind and joints leave a choice.
    #[must_use]
    pub const fn named(mut self, names: &'static [&'static str]) -> Self {
        self.names = names;
        self
    }

    /// One that need not be there.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    pub(crate) fn joins(&self) -> impl Iterator<Item = Join> {
        self.joins.into_iter().flatten()
    }
}

/// The members of a hierarchy, for the driver that is just claiming them.
///
/// ```
/// # #[cfg(feature = "sim")] {
/// use pynq::{HierarchyContext, HierarchyDriver, Member, prelude::*};
///
/// #[derive(Clone)]
/// struct Console(AxiUartLite);
///
/// impl HierarchyDriver for Console {
///     const NAME: &'static str = "console";
///     const MEMBERS: &'static [Member] = &[Member::new("line", &["xilinx.com:ip:axi_uartlite"])];
///
///     fn open(context: &HierarchyContext<'_>) -> pynq::Result<Self> {
///         assert_eq!((context.path(), context.name("line")), ("", Some("uart")));
///         Ok(Self(context.block("line")?))
///     }
/// }
///
/// let console: Console = Overlay::simulated_board(&boards::pynq_z2())?.hierarchy("")?;
/// console.0.write_bytes(b"hello")?;
/// # }
/// # Ok::<(), pynq::Error>(())
/// ```
pub struct HierarchyContext<'a> {
    loaded: &'a Loaded,
    path: &'a str,
    members: &'a Members,
    /// Ended if the driver can't be made.
    nodes: RefCell<Vec<NodeHandle>>,
}

impl<'a> HierarchyContext<'a> {
    pub(crate) fn new(loaded: &'a Loaded, path: &'a str, members: &'a Members) -> Self {
        Self { loaded, path, members, nodes: RefCell::default() }
    }

    /// The level of the hierarchy; empty for the whole design.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// The design, to look up what the members don't say: wires, memories, soft processors.
    #[must_use]
    pub fn design(&self) -> &'a Design {
        &self.loaded.design
    }

    /// The name of the block that is `role`; `None` for an optional member that the design lacks, and for what is no member.
    #[must_use]
    pub fn name(&self, role: &str) -> Option<&'a str> {
        self.members.get(role)
    }

    /// The driver `D` of the member `role`.
    ///
    /// # Errors
    ///
    /// As [`Overlay::block`](crate::Overlay::block), and [`Error::MissingMember`] if there is no such member.
    pub fn block<D: Driver>(&self, role: &str) -> Result<D> {
        self.driver(role, |context| context.open::<D>())
    }

    /// A driver of the member `role` that fits no description.
    ///
    /// # Errors
    ///
    /// What `build` returns, and [`Error::MissingMember`] if there is no such member.
    pub fn driver<D, E: From<Error>>(
        &self,
        role: &str,
        build: impl FnOnce(&DriverContext<'_>) -> Result<D, E>,
    ) -> Result<D, E> {
        let (name, block) = self.member(role)?;
        build(&DriverContext::new(self.loaded, name, block).keeping(&self.nodes))
    }

    /// The window onto the registers of the member `role`.
    ///
    /// # Errors
    ///
    /// Those of the backend, and [`Error::MissingMember`] if there is no such member.
    pub fn window(&self, role: &str) -> Result<Window> {
        self.loaded.window(self.member(role)?.0)
    }

    fn member(&self, role: &str) -> Result<(&'a str, &'a IpBlock)> {
        let absent = || {
            Error::MissingMember(Box::new(MissingMember {
                hierarchy: self.path.to_owned(),
                expected: self.members.of(),
                member: role.to_owned(),
                kinds: self.members.kinds(role),
                joint: None,
                found: Vec::new(),
                has: self.members.roles().map(str::to_owned).collect(),
            }))
        };
        let name = self.members.get(role).ok_or_else(absent)?;
        Ok((name, self.loaded.design.ip_block(name)?))
    }

    pub(crate) fn into_nodes(self) -> Vec<NodeHandle> {
        self.nodes.into_inner()
    }
}

impl std::fmt::Debug for HierarchyContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HierarchyContext").field("path", &self.path).field("members", &self.members).finish()
    }
}

/// What each member's claim holds: the driver, and all that it claimed, by which two calls are told to mean the same one.
#[derive(Clone)]
pub(crate) struct Claimed<H> {
    pub(crate) driver: H,
    pub(crate) members: Arc<Members>,
}
