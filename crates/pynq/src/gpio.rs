//! AXI GPIO, buttons, switches and LEDs: the generic drivers of [`pynq_drivers`] over whatever carries the overlay.
//!
//! What is added to them: the name of the block in every error, deadlines as times of the board's clock, and types without
//! parameters that are cheap to clone and can be sent to any task.

mod block;
mod input;
mod led;
mod macros;
mod pin;
mod slice;

use std::sync::Arc;

use pynq_core::{Clock, Instant};
use pynq_drivers::{AxiGpioHardware, axi_gpio::AxiGpioError};

pub use block::AxiGpio;
pub(crate) use block::VLNV;
pub use input::{Button, Switch};
pub use led::{Led, RgbLed};
pub use pin::Pin;
pub use slice::{Channel, Slice};

use crate::{BoardClock, Error, IpNode, Result, Sleep, Window};

/// The node of an AXI GPIO of an overlay.
type GpioNode = IpNode<AxiGpioHardware<Window>, 2>;

/// What a handle knows beside its driver: the block's name, and the board's clock.
#[derive(Clone)]
struct Place(Arc<(Arc<str>, BoardClock)>);

impl Place {
    fn new(path: &str, clock: BoardClock) -> Self {
        Self(Arc::new((path.into(), clock)))
    }

    fn path(&self) -> &str {
        &self.0.0
    }

    /// Adds the block's name to an error.
    fn named<T>(&self, result: Result<T, AxiGpioError>) -> Result<T> {
        result.map_err(|error| Error::Gpio { path: Arc::clone(&self.0.0), error })
    }

    fn sleep_until(&self, deadline: Instant) -> Sleep {
        self.0.1.sleep_until(deadline)
    }
}
