//! What a level of the hierarchy lacks.

use std::fmt;

use crate::error::{level, some};

/// A block that a [`HierarchyDriver`](crate::HierarchyDriver) is made of, and that a level of the hierarchy lacks.
///
/// ```
/// # #[cfg(feature = "sim")] {
/// use pynq::{Error, HierarchyContext, HierarchyDriver, Member, prelude::*};
///
/// # #[derive(Clone, Debug)]
/// struct Camera;
///
/// impl HierarchyDriver for Camera {
///     const NAME: &'static str = "camera";
///     const MEMBERS: &'static [Member] = &[Member::new("vdma", &["xilinx.com:ip:axi_vdma"])];
/// #   fn open(_: &HierarchyContext<'_>) -> pynq::Result<Self> { Ok(Self) }
///     // ...
/// }
///
/// match Overlay::simulated_board(&boards::pynq_z2())?.hierarchy::<Camera>("") {
///     Err(Error::MissingMember(missing)) => assert_eq!(missing.member, "vdma"),
///     other => panic!("{other:?}"),
/// }
/// # }
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingMember {
    /// The level; empty for the whole design.
    pub hierarchy: String,
    /// What it was taken for.
    pub expected: &'static str,
    /// What the driver calls the block.
    pub member: String,
    /// The kinds it can be of.
    pub kinds: &'static [&'static str],
    /// How it has to be joined, if blocks of the kind are there and none is joined like that.
    pub joint: Option<String>,
    /// The blocks of the kind.
    pub found: Vec<String>,
    /// All blocks of the level.
    pub has: Vec<String>,
}

impl fmt::Display for MissingMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hierarchy, expected, member, kinds, joint, found, has } = self;
        let kinds = kinds.join(" or ");
        write!(f, "{} is no {expected}: it lacks `{member}`, a block of kind {kinds}", level(hierarchy))?;
        match joint {
            Some(joint) => write!(f, ", {joint}; of the kind it has: {}", some(found)),
            None => write!(f, "; it has: {}", some(has)),
        }
    }
}
