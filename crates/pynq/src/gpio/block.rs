//! The block: its channels, and how it was built.

use pynq_core::interrupt::StdLock;
use pynq_drivers::{
    AxiGpioConfig, AxiGpioHardware,
    axi_gpio::{ChannelConfig, ChannelDirection, axi_gpio_node},
};
use pynq_hwh::Parameters;

use super::{Channel, GpioNode, Place, macros::handle};
use crate::{DriverContext, Error, Overlay, Parent, Result};

/// What the handoff file calls the block.
pub(crate) const VLNV: &str = "xilinx.com:ip:axi_gpio";

/// An AXI GPIO of an overlay: PYNQ's `AxiGPIO`. Clones are handles on the same one.
///
/// How it was built is read from the handoff file; a parameter that is missing there has the default of the IP's sheet
/// (PG144): 32 pins, bidirectional, all of them inputs after reset, outputs low, one channel, no interrupt.
#[derive(Clone)]
pub struct AxiGpio {
    inner: pynq_drivers::AxiGpio<GpioNode>,
    place: Place,
}

handle!(AxiGpio);

impl AxiGpio {
    pub(crate) fn open(overlay: &Overlay, path: &str) -> Result<Self> {
        overlay.driver(path, Self::build)
    }

    fn build(context: &DriverContext<'_>) -> Result<Self> {
        context.expect(VLNV, "AXI GPIO")?;
        let refused = |error| Error::GpioConfig { path: context.path().to_owned(), error };
        let config = config(&context.block().parameters)?;
        // The way to the processor first: nothing is touched if there is something wrong with it.
        let parent = if config.interrupt { context.parent("ip2intc_irpt")? } else { Parent::UNWIRED };
        let start = if context.is_attached() { AxiGpioHardware::attach } else { AxiGpioHardware::new };
        let hardware = start(context.window()?, config).map_err(refused)?;
        let node = context.enter(axi_gpio_node(StdLock::new(), hardware, parent))?;
        let place = Place::new(context.path(), context.clock());
        let inner = place.named(pynq_drivers::AxiGpio::new(node))?;
        Ok(Self { inner, place })
    }

    /// The first channel.
    #[must_use]
    pub fn channel1(&self) -> Channel {
        Channel { inner: self.inner.channel1(), place: self.place.clone() }
    }

    /// The second channel.
    ///
    /// # Errors
    ///
    /// [`Error::Gpio`] with `NoChannel2` if the block was built with one.
    pub fn channel2(&self) -> Result<Channel> {
        let inner = self.place.named(self.inner.channel2())?;
        Ok(Channel { inner, place: self.place.clone() })
    }

    /// Channel `number`, 1 or 2.
    ///
    /// # Errors
    ///
    /// [`Error::Gpio`] with `NoChannel2` if there is no such channel.
    pub fn channel(&self, number: u8) -> Result<Channel> {
        if number == 1 { Ok(self.channel1()) } else { self.channel2() }
    }

    /// How the block was built.
    #[must_use]
    pub fn config(&self) -> &AxiGpioConfig {
        self.inner.config()
    }
}

/// The block's parameters. One that is there and makes no sense is an error, not a default.
fn config(parameters: &Parameters) -> Result<AxiGpioConfig> {
    let integer = |name: &str, default: u32| match parameters.get(name) {
        Some(_) => parameters.integer(name).map(|value| u32::try_from(value).unwrap_or(u32::MAX)),
        None => Ok(default),
    };
    let flag = |name: &str| parameters.get(name).map_or(Ok(false), |_| parameters.boolean(name));
    let channel = |width: &str, suffix: &str| -> Result<ChannelConfig> {
        let inputs = flag(&format!("C_ALL_INPUTS{suffix}"))?;
        let outputs = flag(&format!("C_ALL_OUTPUTS{suffix}"))?;
        let direction = match (inputs, outputs) {
            (true, _) => ChannelDirection::Inputs,
            (false, true) => ChannelDirection::Outputs,
            (false, false) => ChannelDirection::Bidirectional,
        };
        let mut channel = ChannelConfig::bidirectional(u8::try_from(integer(width, 32)?).unwrap_or(u8::MAX));
        channel.direction = direction;
        channel.dout_default = integer(&format!("C_DOUT_DEFAULT{suffix}"), 0)?;
        channel.tri_default = integer(&format!("C_TRI_DEFAULT{suffix}"), u32::MAX)?;
        Ok(channel)
    };
    let mut config = AxiGpioConfig::new(channel("C_GPIO_WIDTH", "")?);
    if flag("C_IS_DUAL")? {
        config = config.dual(channel("C_GPIO2_WIDTH", "_2")?);
    }
    if flag("C_INTERRUPT_PRESENT")? {
        config = config.with_interrupt();
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_parameters_have_the_sheet_s_defaults() {
        let none = config(&Parameters::default()).unwrap();
        assert_eq!(none, AxiGpioConfig::new(ChannelConfig::bidirectional(32)));
    }

    #[test]
    fn parameters_are_read_and_bad_ones_refused() {
        let dual = Parameters::from_iter([
            ("C_GPIO_WIDTH", "1"),
            ("C_ALL_OUTPUTS", "1"),
            ("C_DOUT_DEFAULT", "0x00000001"),
            ("C_IS_DUAL", "1"),
            ("C_GPIO2_WIDTH", "3"),
            ("C_ALL_INPUTS_2", "1"),
            ("C_INTERRUPT_PRESENT", "1"),
        ]);
        let mut first = ChannelConfig::outputs(1);
        first.dout_default = 1;
        assert_eq!(config(&dual).unwrap(), AxiGpioConfig::new(first).dual(ChannelConfig::inputs(3)).with_interrupt());
        let bad = config(&Parameters::from_iter([("C_GPIO_WIDTH", "four")])).unwrap_err().to_string();
        assert!(bad.contains("C_GPIO_WIDTH") && bad.contains("four"), "{bad}");
        let wide = config(&Parameters::from_iter([("C_GPIO_WIDTH", "300")])).unwrap();
        assert_eq!(wide.channel1.width, 255, "out of range still, and refused by the driver");
    }
}
