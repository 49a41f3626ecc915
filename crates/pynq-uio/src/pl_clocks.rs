//! The clocks that the processor feeds to programmable logic, under Linux.
//!
//! The kernel leaves them to the program that knows the design: its clock framework has no file that sets one. So the
//! registers are mapped, which takes root, and only on a system whose device tree says which processor it is: at these
//! addresses, another one has other things.
#![forbid(unsafe_code)]

use std::{fs, path::PathBuf, sync::Arc};

use pynq_core::{Mmio, pl_clocks::PlClocks};

use crate::{Error, Result, SystemPaths, open_window};

/// The system-level control registers of a Zynq-7000.
const SLCR: u64 = 0xF800_0000;
/// Clocks and resets of the low-power domain, on a Zynq UltraScale+.
const CRL_APB: u64 = 0xFF5E_0000;
/// Those of the full-power domain.
const CRF_APB: u64 = 0xFD1A_0000;
/// More than there is in use.
const SIZE: usize = 0x1000;

/// A processor with programmable logic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Processor {
    /// Zynq-7000.
    Zynq7000,
    /// Zynq UltraScale+.
    ZynqMp,
}

impl Processor {
    /// The processor of this system, by the root of the device tree; none if that names no such one.
    #[must_use]
    pub fn of(paths: &SystemPaths) -> Option<Self> {
        let words = fs::read(tree(paths).join("compatible")).ok()?;
        let has = |name: &str| words.split(|&byte| byte == 0).any(|word| word.trim_ascii() == name.as_bytes());
        if has("xlnx,zynq-7000") {
            return Some(Self::Zynq7000);
        }
        has("xlnx,zynqmp").then_some(Self::ZynqMp)
    }

    /// The frequency of the crystal that the PLLs multiply, in hertz, as the device tree has it.
    #[must_use]
    pub fn reference_hz(self, paths: &SystemPaths) -> Option<u64> {
        let nodes: &[&str] = match self {
            Self::Zynq7000 => {
                &["axi/slcr@f8000000/clkc@100/ps-clk-frequency", "amba/slcr@f8000000/clkc@100/ps-clk-frequency"]
            }
            Self::ZynqMp => &["pss_ref_clk/clock-frequency", "pss-ref-clk/clock-frequency"],
        };
        let cell = |path: &&str| -> Option<u64> {
            let bytes = fs::read(tree(paths).join(path)).ok()?;
            Some(u32::from_be_bytes(bytes.try_into().ok()?).into())
        };
        nodes.iter().find_map(cell).filter(|&hz| hz > 0)
    }
}

fn tree(paths: &SystemPaths) -> PathBuf {
    paths.sys.join("firmware/devicetree/base")
}

/// Opens the registers behind the clocks to the logic. `reference_hz` is the crystal's frequency where the device tree
/// doesn't have it: the design's.
///
/// # Errors
///
/// [`Error::UnknownProcessor`], and those of [`open_window`].
pub fn open_pl_clocks(paths: &SystemPaths, reference_hz: u64) -> Result<PlClocks<Arc<dyn Mmio + Send + Sync>>> {
    let unknown = || Error::UnknownProcessor { path: tree(paths).join("compatible") };
    let processor = Processor::of(paths).ok_or_else(unknown)?;
    let reference_hz = processor.reference_hz(paths).unwrap_or(reference_hz);
    let window = |address| -> Result<Arc<dyn Mmio + Send + Sync>> { Ok(Arc::new(open_window(paths, address, SIZE)?)) };
    let clocks = match processor {
        Processor::Zynq7000 => PlClocks::zynq_7000(window(SLCR)?, reference_hz),
        Processor::ZynqMp => PlClocks::zynq_mp(window(CRL_APB)?, window(CRF_APB)?, reference_hz),
    };
    clocks.map_err(Error::PlClock)
}
