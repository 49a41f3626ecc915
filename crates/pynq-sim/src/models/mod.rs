//! Models of the IP blocks, as plain state machines.

pub mod axi_dma;
pub mod axi_gpio;
pub mod axi_iic;
pub mod axi_intc;
pub mod axi_quad_spi;
pub mod axi_timer;
pub mod axi_uartlite;
pub mod axi_vdma;
mod axis_fifo;
pub mod dynclk;
mod frontend;
mod gate;
pub mod hls;
mod iop;
#[cfg(feature = "microblaze")]
pub mod microblaze;
pub mod proc_sys_reset;
pub mod ps_gpio;
mod registers;
mod video;
pub mod vtc;

pub use axi_dma::{AxiDmaModel, DmaChannelParams, DmaParams};
pub use axi_gpio::{AxiGpioModel, GpioChannel, GpioParams};
pub use axi_iic::{AxiIicModel, IicParams};
pub use axi_intc::{AxiIntcModel, IntcParams};
pub use axi_quad_spi::{AxiQuadSpiModel, SpiParams};
pub use axi_timer::{AxiTimerModel, TimerParams};
pub use axi_uartlite::{AxiUartLiteModel, UartParams, UartParity};
pub use axi_vdma::{AxiVdmaModel, VdmaParams};
pub use axis_fifo::{AxisFifoModel, AxisFifoParams};
pub use dynclk::DynclkModel;
pub use frontend::{DviReceiverModel, VideoInModel, VideoOutModel, VideoPassModel};
pub use gate::{GateFunction, GateModel};
pub use hls::{HlsModel, HlsParams};
pub use iop::{IoSwitchModel, RequestFlopModel, SWITCH_CAPTURE, SWITCH_GENERATE, SWITCH_GPIO, SWITCH_PWM};
#[cfg(feature = "microblaze")]
pub use microblaze::MicroBlazeModel;
pub use proc_sys_reset::{ProcSysResetModel, ProcSysResetParams, PsResetModel};
pub use ps_gpio::PsGpioModel;
pub use registers::RegisterModel;
pub use video::{ColorConvertModel, PixelPackModel, PixelUnpackModel};
pub use vtc::{VtcModel, VtcParams};
