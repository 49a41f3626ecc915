//! Models of a design's blocks that a program supplies.

use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};
use core::fmt;

use pynq_hwh::{Design, IpBlock};

use crate::{
    board::{Board, BoardBuilder},
    device::Device,
    error::Error,
    models::hls::{HlsArgs, HlsClocks, HlsMemory, HlsModel, HlsParams, HlsStreams},
};

/// Makes the model of a block, or says what the block is not.
type Make = Box<dyn FnOnce(&Design, &IpBlock) -> Result<Box<dyn Device>, &'static str>>;

/// Models for blocks of a design, by their names in it: what an accelerator does, or a block of your own.
///
/// ```
/// use pynq_sim::Models;
///
/// # let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../pynq-hwh/fixtures/hls-adder.hwh"));
/// let design = pynq_hwh::Design::parse(text)?;
/// let models = Models::new().accelerator("adder", |args, _memory, _streams| {
///     args.set("c", args.get("a").wrapping_add(args.get("b")));
///     10_u64 // clocks
/// });
/// let board = models.board(&design)?;
/// let adder = board.window("adder")?;
/// for (offset, value) in [(0x10, 4), (0x18, 5), (0x00, 1)] {
///     adder.write(offset, value);
/// }
/// board.advance(core::time::Duration::from_nanos(100));
/// assert_eq!(adder.read(0x20), 9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Models {
    makes: BTreeMap<String, Make>,
}

impl Models {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The model of the block called `path`.
    #[must_use]
    pub fn device(mut self, path: &str, device: impl Device + 'static) -> Self {
        self.makes.insert(path.into(), Box::new(|_, _| Ok(Box::new(device))));
        self
    }

    /// What the accelerator called `path` does; see [`HlsModel`]. Its arguments and its ports are those of the design.
    #[must_use]
    pub fn accelerator<R: HlsClocks>(
        self,
        path: &str,
        body: impl FnMut(&mut HlsArgs<'_>, &mut HlsMemory<'_, '_>, &mut HlsStreams<'_>) -> R + Send + 'static,
    ) -> Self {
        self.accelerator_with(path, |params| params, body)
    }

    /// The same, built otherwise than the handoff file can say: by another generation of the tool, or pipelined.
    #[must_use]
    pub fn accelerator_with<R: HlsClocks>(
        mut self,
        path: &str,
        built: impl FnOnce(HlsParams) -> HlsParams + 'static,
        body: impl FnMut(&mut HlsArgs<'_>, &mut HlsMemory<'_, '_>, &mut HlsStreams<'_>) -> R + Send + 'static,
    ) -> Self {
        let make: Make = Box::new(|design, block| {
            let params = HlsParams::from_design(design, block).ok_or("an accelerator")?;
            Ok(Box::new(HlsModel::new(built(params), body)))
        });
        self.makes.insert(path.into(), make);
        self
    }

    /// The board of `design` with these models.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`] if a model is for a block that the design doesn't have, [`Error::OtherBlock`] if it is for one
    /// of another kind; and those of [`Board::from_design`].
    pub fn board(self, design: &Design) -> Result<Board, Error> {
        self.builder(design)?.build()
    }

    /// The description of that board, to be added to.
    ///
    /// # Errors
    ///
    /// As [`board`](Self::board), but for what the board is built of.
    pub fn builder(self, design: &Design) -> Result<BoardBuilder, Error> {
        let mut devices = BTreeMap::new();
        for (path, make) in self.makes {
            let block = design.ip.get(&path).ok_or_else(|| {
                let has = design.ip.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                Error::NoSuchBlock { path: path.clone(), has }
            })?;
            let device = make(design, block).map_err(|expected| Error::OtherBlock {
                path: path.clone(),
                expected,
                vlnv: block.vlnv.clone(),
            })?;
            devices.insert((block.path.clone(), block.base), device);
        }
        Ok(BoardBuilder::from_design(design, |block| devices.remove(&(block.path.clone(), block.base))))
    }
}

impl fmt::Debug for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.makes.keys()).finish()
    }
}
