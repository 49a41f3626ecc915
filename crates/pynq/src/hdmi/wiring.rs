//! The blocks on the way of video, found by what they are joined to.

use pynq_hwh::Design;

use super::HdmiError;

/// Blocks that a way passes, at the most.
const LONGEST: usize = 32;

const VDMA: &str = "xilinx.com:ip:axi_vdma";
const SLICES: [&str; 4] = [
    "xilinx.com:ip:axis_register_slice",
    "xilinx.com:ip:axis_clock_converter",
    "xilinx.com:ip:axis_data_fifo",
    "xilinx.com:ip:axis_subset_converter",
];
const COLORS: &str = "xilinx.com:hls:color_convert";
const SWAP: &str = "xilinx.com:user:color_swap";

/// From a connector to memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InputWiring {
    pub(super) vdma: String,
    pub(super) pack: String,
    pub(super) colors: String,
    pub(super) timing: String,
    pub(super) gpio: String,
    /// The channel of the GPIO that sees the lock on the pixel clock; the other one drives hot plug.
    pub(super) lock_channel: u8,
}

/// From memory to a connector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OutputWiring {
    pub(super) vdma: String,
    pub(super) unpack: String,
    pub(super) colors: String,
    pub(super) timing: String,
    pub(super) clock: String,
}

fn kind<'d>(design: &'d Design, path: &str) -> &'d str {
    let block = design.ip.get(path).map(|block| block.vlnv_without_version());
    block.or_else(|| design.cells.get(path).map(|cell| cell.vlnv_without_version())).unwrap_or_default()
}

/// The block at the other end of an interface.
fn peer<'d>(design: &'d Design, path: &'d str, name: &'d str) -> Option<&'d str> {
    design.bus_at(path, name)?.peers(path, name).find_map(|end| end.path.as_deref())
}

fn vdmas(design: &Design) -> impl Iterator<Item = &str> {
    design.ip.iter().filter(|(_, block)| block.vlnv_without_version() == VDMA).map(|(path, _)| path.as_str())
}

/// What a way has led past.
#[derive(Default)]
struct Passed<'d> {
    pixels: Option<&'d str>,
    colors: Option<&'d str>,
    timing: Option<&'d str>,
}

fn missing(what: &'static str) -> HdmiError {
    HdmiError::NotInDesign { what }
}

impl InputWiring {
    pub(super) fn find(design: &Design) -> Result<Self, HdmiError> {
        let mut last = missing("an AXI VDMA");
        for vdma in vdmas(design) {
            match Self::into(design, vdma) {
                Ok(found) => return Ok(found),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Up the stream of a VDMA.
    fn into(design: &Design, vdma: &str) -> Result<Self, HdmiError> {
        let mut passed = Passed::default();
        let mut at = design.ip.get_key_value(vdma).and_then(|(vdma, _)| peer(design, vdma, "S_AXIS_S2MM"));
        let mut receiver = None;
        for _ in 0..LONGEST {
            let Some(path) = at else { break };
            at = match kind(design, path) {
                "xilinx.com:hls:pixel_pack" => {
                    passed.pixels = Some(path);
                    peer(design, path, "stream_in_24")
                }
                COLORS => {
                    passed.colors = Some(path);
                    peer(design, path, "stream_in_24")
                }
                "xilinx.com:ip:v_vid_in_axi4s" => {
                    passed.timing = peer(design, path, "vtiming_out");
                    peer(design, path, "vid_io_in")
                }
                SWAP => peer(design, path, "pixel_input"),
                kind if SLICES.contains(&kind) => peer(design, path, "S_AXIS"),
                "digilentinc.com:ip:dvi2rgb" => {
                    receiver = Some(path);
                    None
                }
                _ => None,
            };
        }
        let receiver = receiver.ok_or(missing("a receiver (dvi2rgb) in front of the VDMA"))?;
        let lock = design.wires.get(&format!("{receiver}/aPixelClkLckd"));
        let gpio = lock.and_then(|wire| {
            wire.loads.iter().find_map(|load| {
                let (block, pin) = load.rsplit_once('/')?;
                let channel = match pin {
                    "gpio_io_i" => 1,
                    "gpio2_io_i" => 2,
                    _ => return None,
                };
                (kind(design, block) == "xilinx.com:ip:axi_gpio").then(|| (block.to_owned(), channel))
            })
        });
        let (gpio, lock_channel) = gpio.ok_or(missing("an AXI GPIO that sees the receiver's lock"))?;
        Ok(Self {
            vdma: vdma.to_owned(),
            pack: passed.pixels.ok_or(missing("a pixel_pack in front of the VDMA"))?.to_owned(),
            colors: passed.colors.ok_or(missing("a color_convert in front of the VDMA"))?.to_owned(),
            timing: passed.timing.ok_or(missing("a video timing controller on the way in"))?.to_owned(),
            gpio,
            lock_channel,
        })
    }
}

impl OutputWiring {
    pub(super) fn find(design: &Design) -> Result<Self, HdmiError> {
        let mut last = missing("an AXI VDMA");
        for vdma in vdmas(design) {
            match Self::from(design, vdma) {
                Ok(found) => return Ok(found),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Down the stream of a VDMA.
    fn from(design: &Design, vdma: &str) -> Result<Self, HdmiError> {
        let mut passed = Passed::default();
        let mut at = design.ip.get_key_value(vdma).and_then(|(vdma, _)| peer(design, vdma, "M_AXIS_MM2S"));
        let mut bridge = None;
        for _ in 0..LONGEST {
            let Some(path) = at else { break };
            at = match kind(design, path) {
                "xilinx.com:hls:pixel_unpack" => {
                    passed.pixels = Some(path);
                    peer(design, path, "stream_out_24")
                }
                COLORS => {
                    passed.colors = Some(path);
                    peer(design, path, "stream_out_24")
                }
                kind if SLICES.contains(&kind) => peer(design, path, "M_AXIS"),
                "xilinx.com:ip:v_axi4s_vid_out" => {
                    passed.timing = peer(design, path, "vtiming_in");
                    bridge = Some(path);
                    None
                }
                _ => None,
            };
        }
        let bridge = bridge.ok_or(missing("a bridge to video (v_axi4s_vid_out) behind the VDMA"))?;
        let clock = design.wire_to(&format!("{bridge}/vid_io_out_clk")).and_then(|(driver, _)| driver.rsplit_once('/'));
        let clock =
            clock.map(|(block, _)| block).filter(|block| kind(design, block) == "digilentinc.com:ip:axi_dynclk");
        Ok(Self {
            vdma: vdma.to_owned(),
            unpack: passed.pixels.ok_or(missing("a pixel_unpack behind the VDMA"))?.to_owned(),
            colors: passed.colors.ok_or(missing("a color_convert behind the VDMA"))?.to_owned(),
            timing: passed.timing.ok_or(missing("a video timing controller on the way out"))?.to_owned(),
            clock: clock.ok_or(missing("an axi_dynclk for the pixels that go out"))?.to_owned(),
        })
    }
}
