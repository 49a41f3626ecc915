//! The design that the examples run on unless they are given one.

/// A PYNQ-Z2-like board: four buttons, four LEDs, two switches and two RGB LEDs, behind one interrupt controller.
pub const BUTTONS: &str = include_str!("../../crates/pynq-hwh/fixtures/pynq-z2-buttons.hwh");

/// Two AXI DMA, each looped back by a FIFO: `axi_dma_0` in direct mode, `axi_dma_1` with scatter-gather.
pub const LOOPBACK: &str = include_str!("../../crates/pynq-hwh/fixtures/pynq-z2-dma.hwh");
