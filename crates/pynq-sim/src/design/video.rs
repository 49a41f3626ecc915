//! The cores without registers on the ways of HDMI, and the wires between them that are no buses: pixel clocks, and the lock on
//! one.

use alloc::{format, vec::Vec};

use pynq_drivers::video_timing::VideoMode;
use pynq_hwh::Design;

use crate::{
    device::Timing,
    fabric::FabricBuilder,
    models::{DviReceiverModel, VideoInModel, VideoOutModel, VideoPassModel},
};

/// Blocks that a pixel clock paces, and their inputs for it.
const PACED: [(&str, &str); 2] = [("xilinx.com:ip:v_tc", "clk"), ("xilinx.com:ip:v_axi4s_vid_out", "vid_io_out_clk")];

const DYNCLK: &str = "digilentinc.com:ip:axi_dynclk";
const RECEIVER: &str = "digilentinc.com:ip:dvi2rgb";
const LOCKED: &str = "aPixelClkLckd";

/// What a source in this mode sends.
impl From<&VideoMode> for Timing {
    fn from(mode: &VideoMode) -> Self {
        let [hsync, vsync] = mode.positive.map(u32::from);
        Self {
            active: (mode.width, mode.height),
            total: mode.total(),
            hsync: mode.hsync(),
            vsync: mode.vsync(),
            polarity: 0b111_0011 | vsync << 2 | hsync << 3,
            pixel_hz: mode.pixel_hz.into(),
        }
    }
}

/// What a block is, whether the processor reaches it or not.
fn kind<'d>(design: &'d Design, path: &str) -> Option<&'d str> {
    let block = design.ip.get(path).map(|block| block.vlnv_without_version());
    block.or_else(|| design.cells.get(path).map(|cell| cell.vlnv_without_version()))
}

impl FabricBuilder {
    /// Adds the cores.
    pub(super) fn video_parts(mut self, design: &Design) -> Self {
        for (path, cell) in &design.cells {
            if self.has_block(path) {
                continue;
            }
            self = match cell.vlnv_without_version() {
                RECEIVER => self.part(path, DviReceiverModel::new()),
                "xilinx.com:user:color_swap" => self.part(path, VideoPassModel::new("pixel_input", "pixel_output")),
                "digilentinc.com:ip:rgb2dvi" => self.part(path, VideoPassModel::new("RGB", "TMDS")),
                "xilinx.com:ip:v_vid_in_axi4s" => self.part(path, VideoInModel),
                "xilinx.com:ip:v_axi4s_vid_out" => self.part(path, VideoOutModel::new()),
                _ => self,
            };
        }
        self
    }

    /// Joins pixel clocks to what they pace, and a receiver's lock to the GPIO that a program reads it by.
    pub(super) fn video_wires(mut self, design: &Design) -> Self {
        for path in design.ip.keys().chain(design.cells.keys()) {
            let kind_of = kind(design, path).unwrap_or_default();
            let Some((_, input)) = PACED.iter().find(|(vlnv, _)| *vlnv == kind_of) else { continue };
            let pin = format!("{path}/{input}");
            let Some((driver, _)) = design.wire_to(&pin) else { continue };
            let Some((clock, output)) = driver.rsplit_once('/') else { continue };
            let is_modelled = self.interface(clock, output).is_some() && self.interface(path, input).is_some();
            if is_modelled && kind(design, clock) == Some(DYNCLK) {
                self = self.join(driver, &pin);
            }
        }
        for (path, _) in design.cells.iter().filter(|(_, cell)| cell.vlnv_without_version() == RECEIVER) {
            let driver = format!("{path}/{LOCKED}");
            let loads: Vec<_> = design.wires.get(&driver).map(|wire| wire.loads.iter().collect()).unwrap_or_default();
            for load in loads {
                let to_gpio = load.rsplit_once('/').filter(|(_, pin)| pin.ends_with("io_i"));
                if to_gpio.is_some_and(|(block, _)| self.has_block(block)) {
                    self = self.wire(&driver, &format!("{load}[0]"));
                }
            }
        }
        self
    }
}
