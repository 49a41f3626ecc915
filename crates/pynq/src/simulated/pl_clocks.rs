//! The registers behind the clocks of the logic, on the simulated board: on a board of their own, since the processor's
//! peripherals belong to no design.
//!
//! Offsets and reset values are the data sheet's. Nothing in the logic runs at these clocks: the models count in the times
//! that the handoff file has.

use std::sync::Mutex;

use pynq_core::{lock, pl_clocks::PlClocks};
use pynq_hwh::{Design, Family};
use pynq_sim::{Board, models::RegisterModel};

use crate::{
    Error, Result, Window,
    pl_clocks::{self, Designed},
};

pub(super) struct SimulatedClocks {
    design: String,
    family: Option<Family>,
    /// What the PLLs multiply the crystal by: those of CPUs, memory and peripherals, or IOPLL and RPLL.
    feedback: [u32; 3],
    reference_hz: u64,
    designed: Vec<Designed>,
    /// Made when they are first requested.
    windows: Mutex<Vec<Window>>,
}

impl SimulatedClocks {
    pub(super) fn new(design: &Design) -> Self {
        let reference_hz = pl_clocks::reference_hz(design);
        let parameter = |name: &str, usual_hz: u64| {
            let found = design.processor_parameters.integer(name).ok().and_then(|value| u32::try_from(value).ok());
            // Seven bits.
            found.filter(|value| (1..0x80).contains(value)).unwrap_or_else(|| {
                u32::try_from((usual_hz + reference_hz / 2) / reference_hz).map_or(1, |times| times.clamp(1, 0x7F))
            })
        };
        let family = design.processor.as_ref().map(|processor| processor.family);
        let feedback = match family {
            Some(Family::ZynqMp) => [
                parameter("PSU__CRL_APB__IOPLL_CTRL__FBDIV", 3_000_000_000),
                parameter("PSU__CRL_APB__RPLL_CTRL__FBDIV", 3_000_000_000),
                parameter("PSU__CRF_APB__DPLL_CTRL__FBDIV", 2_133_000_000),
            ],
            _ => [
                parameter("PCW_ARMPLL_CTRL_FBDIV", 1_300_000_000),
                parameter("PCW_DDRPLL_CTRL_FBDIV", 1_050_000_000),
                parameter("PCW_IOPLL_CTRL_FBDIV", 1_000_000_000),
            ],
        };
        let designed = pl_clocks::designed(design);
        let design = design.source.name.clone();
        Self { design, family, feedback, reference_hz, designed, windows: Mutex::default() }
    }

    /// The registers, with the clocks as opening the design on a board leaves them.
    pub(super) fn open(&self) -> Result<PlClocks<Window>> {
        let mut windows = lock(&self.windows);
        let fresh = windows.is_empty();
        if fresh {
            *windows = self.make()?;
        }
        let mut clocks = match (self.family, windows.as_slice()) {
            (Some(Family::Zynq7000), [slcr]) => PlClocks::zynq_7000(slcr.clone(), self.reference_hz)?,
            (Some(Family::ZynqMp), [crl, crf]) => PlClocks::zynq_mp(crl.clone(), crf.clone(), self.reference_hz)?,
            _ => return Err(Error::NoClocks { design: self.design.clone() }),
        };
        if fresh {
            let brought = pl_clocks::bring(&mut clocks, &self.designed);
            if brought.is_err() {
                windows.clear();
            }
            brought?;
        }
        Ok(clocks)
    }

    /// Back to what the design was made for, as a board is that is programmed anew.
    pub(super) fn reset(&self) {
        lock(&self.windows).clear();
    }

    fn make(&self) -> Result<Vec<Window>> {
        const SIZE: u64 = 0x1000;
        let [first, second, third] = self.feedback;
        let registers = |values: &[(u32, u32)]| {
            values.iter().fold(RegisterModel::new(), |model, &(offset, value)| model.with_reset(offset, value))
        };
        let board = match self.family {
            Some(Family::Zynq7000) => {
                let plls = [(0x100, first << 12), (0x104, second << 12), (0x108, third << 12)];
                let clocks = [0x170, 0x180, 0x190, 0x1A0].map(|offset| (offset, 0x0010_1800));
                let slcr = registers(&[&plls[..], &clocks[..]].concat());
                Board::builder().device("slcr", 0xF800_0000, SIZE, slcr)
            }
            Some(Family::ZynqMp) => {
                // A PLL that runs, with its output halved.
                let half = |feedback: u32| feedback << 8 | 1 << 16;
                let plls = [(0x20, half(first)), (0x30, half(second))];
                let clocks = [0xC0, 0xC4, 0xC8, 0xCC].map(|offset| (offset, 1 << 24 | 1 << 16 | 0x18 << 8));
                let crf = registers(&[(0x2C, half(third)), (0x4C, 2 << 8)]);
                let crl = registers(&[&plls[..], &clocks[..]].concat());
                Board::builder().device("crl", 0xFF5E_0000, SIZE, crl).device("crf", 0xFD1A_0000, SIZE, crf)
            }
            _ => return Err(Error::NoClocks { design: self.design.clone() }),
        };
        let board = board.build()?;
        let names: &[&str] = if self.family == Some(Family::ZynqMp) { &["crl", "crf"] } else { &["slcr"] };
        let window = |name: &&str| -> Result<Window> { Ok(std::sync::Arc::new(board.window(name)?)) };
        names.iter().map(window).collect()
    }
}
