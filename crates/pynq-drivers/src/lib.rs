//! Drivers for the AXI IP blocks of Zynq designs, async and blocking, over any pynq backend.
//!
//! A driver has no type parameters: it is a handle on its block's interrupt node, whatever that node is made of, and a
//! [`Window`](pynq_core::Window) onto the registers, whatever carries it. It needs no allocator, no runtime and no operating
//! system, and has never heard of the backend it runs on. Programs for Linux boards and the simulator find the same types in
//! the `pynq` facade, which makes them by name: `overlay.block::<AxiGpio>("btns_gpio")`.
//!
//! | IP block | driver | devices on it |
//! | --- | --- | --- |
//! | AXI DMA | [`AxiDma`] | [`DmaChannel`](axi_dma::DmaChannel) |
//! | video timing controller, `axi_dynclk` | [`VideoTiming`](video_timing::VideoTiming), [`AxiDynclk`](axi_dynclk::AxiDynclk) | [`VideoMode`](video_timing::VideoMode), [`PixelClock`](axi_dynclk::PixelClock) |
//! | PYNQ's pixel cores | [`ColorConvert`](color_convert::ColorConvert), [`PixelPack`](pixel::PixelPack), [`PixelUnpack`](pixel::PixelUnpack) | |
//! | AXI VDMA | [`AxiVdma`] | [`VideoInput`](axi_vdma::VideoInput), [`VideoOutput`](axi_vdma::VideoOutput) |
//! | AXI GPIO | [`AxiGpio`] | [`Button`], [`Switch`], [`Led`], [`RgbLed`] |
//! | AXI Quad SPI | [`AxiQuadSpi`] | [`Chip`](axi_quad_spi::Chip), [`Lines`](axi_quad_spi::Lines) |
//! | AXI timer | [`AxiTimer`] | [`TimerChannel`](axi_timer::TimerChannel), [`Delay`](axi_timer::Delay), [`Pwm`](axi_timer::Pwm), [`DutyCycle`](axi_timer::DutyCycle) |
//! | AXI UART Lite | [`AxiUartLite`] | |
//! | AXI IIC | [`AxiIic`] | what has a driver on embedded-hal's `I2c` |
//! | accelerators of Vitis HLS | [`hls::Accelerator`] | |
//!
//! # Names
//!
//! An operation that waits has the suffix `_async` and returns a [`Waiting`](pynq_core::interrupt::Waiting): await it under
//! any runtime, `block()` on it without one, and give it a deadline by `until(..)` or `block_until(..)`. The forms that PYNQ
//! has stand beside it: `wait_for_level_async` and `wait_for_level`. Where embedded-hal or embedded-io, blocking or async,
//! has a trait for it, it is implemented as well. Errors have the name of the block.
//!
//! # Example
//!
//! Four buttons and four LEDs behind an interrupt controller, on a simulated board. On hardware, the windows and the root
//! come from its backend and the rest is the same.
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//!
//! use pynq_core::{
//!     AxiIntcConfig, AxiIntcHardware, axi_intc_node,
//!     interrupt::{ParentLine, StdLock},
//! };
//! use pynq_drivers::{
//!     AxiGpio, AxiGpioConfig, AxiGpioHardware, Button, Led, Level,
//!     axi_gpio::{self, ChannelConfig, axi_gpio_node},
//! };
//! # use pynq_sim::{Board, models::{AxiGpioModel, AxiIntcModel, GpioChannel, GpioParams, IntcParams}};
//!
//! /// Lights `led` for as long as `button` is pressed, once.
//! async fn follow(button: &Button, led: &Led) -> axi_gpio::Result<()> {
//!     button.wait_for_level_async(Level::High).await?;
//!     led.on()?;
//!     button.wait_for_level_async(Level::Low).await?;
//!     led.off()
//! }
//!
//! # let params = GpioParams {
//! #     channel1: GpioChannel::inputs(4),
//! #     channel2: Some(GpioChannel::outputs(4)),
//! #     interrupt_present: true,
//! # };
//! # let board = Board::builder()
//! #     .device("intc", 0x4180_0000, 0x1_0000, AxiIntcModel::new(IntcParams::default()))
//! #     .device("gpio", 0x4120_0000, 0x1_0000, AxiGpioModel::new(params))
//! #     .wire("gpio/ip2intc_irpt", "intc/intr[0]")
//! #     .interrupt("intc/irq", 61)
//! #     .build()?;
//! // The controller sits on the CPU's interrupt pin, and the GPIO on line 0 of the controller.
//! let hardware = AxiIntcHardware::new(board.window("intc")?, AxiIntcConfig::new(1, 0))?;
//! let intc = Arc::pin(axi_intc_node(StdLock::new(), hardware, board.cpu_pin(61)?));
//!
//! let config = AxiGpioConfig::new(ChannelConfig::inputs(4)).dual(ChannelConfig::outputs(4)).with_interrupt();
//! let hardware = AxiGpioHardware::new(board.window("gpio")?, config)?;
//! let gpio = AxiGpio::new(Arc::pin(axi_gpio_node(StdLock::new(), hardware, ParentLine::new(intc, 0))))?;
//!
//! let button = Button::new(gpio.channel1().pin(3)?)?;
//! let led = Led::new(gpio.channel2()?.pin(3)?)?;
//!
//! board.after(Duration::from_millis(20), |board| board.press("gpio", 3).expect("there is such a button"));
//! board.after(Duration::from_millis(50), |board| board.release("gpio", 3).expect("there is such a button"));
//! board.block_on(follow(&button, &led))??;
//!
//! let log: Vec<_> = board.output_log().iter().map(|change| (change.time.as_millis(), change.value)).collect();
//! assert_eq!(log, [(20, 0b1000), (50, 0)]);
//!
//! // The same without a runtime.
//! board.after(Duration::from_millis(10), |board| board.press("gpio", 3).expect("there is such a button"));
//! button.wait_for_level(Level::High)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

pub mod axi_dma;
pub mod axi_dynclk;
pub mod axi_gpio;
pub mod axi_iic;
pub mod axi_quad_spi;
pub mod axi_timer;
pub mod axi_uartlite;
pub mod axi_vdma;
pub mod color_convert;
#[cfg(not(loom))]
pub mod design;
#[cfg(not(loom))]
pub mod hls;
mod input;
mod led;
mod level;
pub mod microblaze;
pub mod pixel;
mod ps_gpio;
mod rgb_led;
pub mod video_timing;

pub use axi_dma::{AxiDma, AxiDmaConfig, AxiDmaHardware, AxiDmaNode};
pub use axi_gpio::{AxiGpio, AxiGpioConfig, AxiGpioHardware, AxiGpioNode};
pub use axi_iic::{AxiIic, AxiIicConfig, AxiIicHardware, AxiIicNode};
pub use axi_quad_spi::{AxiQuadSpi, AxiQuadSpiConfig, AxiQuadSpiHardware, AxiQuadSpiNode};
pub use axi_timer::{AxiTimer, AxiTimerConfig, AxiTimerHardware, AxiTimerNode};
pub use axi_uartlite::{AxiUartLite, AxiUartLiteConfig, AxiUartLiteHardware, AxiUartLiteNode};
pub use axi_vdma::{AxiVdma, AxiVdmaConfig, AxiVdmaHardware, AxiVdmaNode};
pub use input::{Button, Switch};
pub use led::Led;
pub use level::{Edge, Level};
pub use ps_gpio::{PsGpioError, PsGpioKind, PsGpioPin};
pub use rgb_led::{Color, RgbLed};
