//! The services, each in a file of its own.

mod buffer;
mod device;
mod gpio;
mod interrupts;
mod mmio;
mod simulation;

pub(crate) use buffer::BufferService;
pub(crate) use device::DeviceService;
pub(crate) use gpio::GpioService;
pub(crate) use interrupts::InterruptService;
pub(crate) use mmio::MmioService;
pub(crate) use simulation::SimulationService;
