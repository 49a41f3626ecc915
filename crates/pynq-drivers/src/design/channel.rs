//! A channel whose pins are counted at compile time.

use core::{fmt, marker::PhantomData};

use pynq_core::{
    Driver, Parameters,
    design::{Block, Of, is_ip, raises},
    interrupt::NodeHandle,
};

use crate::{
    Button, Led, RgbLed, Switch,
    axi_gpio::{AxiGpio, AxiGpioConfig, AxiGpioHardware, Channel, ChannelConfig, ChannelDirection, Pin, Result, Slice},
};

/// How the GPIO `B` was built.
const fn config<B: Block>() -> AxiGpioConfig {
    assert!(is_ip::<B>(AxiGpio::VLNV), "the block is no AXI GPIO");
    match AxiGpioConfig::from_parameters(&Parameters::of::<B>()) {
        Ok(config) => config,
        Err(_) => panic!("no AXI GPIO can have been built like this"),
    }
}

/// The first channel.
///
/// # Errors
///
/// The error the node has failed with.
pub fn channel1<B, P>(node: &Of<B, P>) -> Result<DesignChannel<B, 1>>
where
    B: Block,
    P: Clone + Into<NodeHandle<AxiGpioHardware>>,
{
    let channel = AxiGpio::new(node.get().clone())?.channel1();
    Ok(DesignChannel { channel, block: PhantomData })
}

/// The second channel. Does not build for a GPIO that has one.
///
/// # Errors
///
/// The error the node has failed with.
pub fn channel2<B, P>(node: &Of<B, P>) -> Result<DesignChannel<B, 2>>
where
    B: Block,
    P: Clone + Into<NodeHandle<AxiGpioHardware>>,
{
    const { assert!(config::<B>().channel2.is_some(), "the AXI GPIO has one channel; use `channel1`") };
    let channel = AxiGpio::new(node.get().clone())?.channel2()?;
    Ok(DesignChannel { channel, block: PhantomData })
}

/// Channel `NUMBER`, 1 or 2, of the block `B`.
///
/// Numbers of pins are type arguments: `button::<3>()`. One that the channel does not have does not build, and neither
/// does an LED on inputs or a button on outputs.
pub struct DesignChannel<B, const NUMBER: u8> {
    channel: Channel,
    block: PhantomData<fn() -> B>,
}

impl<B: Block, const NUMBER: u8> DesignChannel<B, NUMBER> {
    /// How it was built.
    pub const CONFIG: ChannelConfig = match (NUMBER, config::<B>().channel2) {
        (1, _) => config::<B>().channel1,
        (2, Some(channel)) => channel,
        _ => panic!("the AXI GPIO has no such channel"),
    };

    /// The channel, with pins that are checked at run time.
    #[must_use]
    pub const fn untyped(&self) -> &Channel {
        &self.channel
    }

    /// Pin `PIN`.
    ///
    /// # Errors
    ///
    /// None but what [`Channel::pin`](Slice::pin) can meet.
    pub fn pin<const PIN: u8>(&self) -> Result<Pin> {
        const { assert!(PIN < Self::CONFIG.width, "the channel has no such pin: it is not that wide") };
        self.channel.pin(PIN)
    }

    /// The `WIDTH` pins from pin `START` on.
    ///
    /// # Errors
    ///
    /// None but what [`Slice::slice`] can meet.
    pub fn slice<const START: u8, const WIDTH: u8>(&self) -> Result<Slice> {
        const {
            assert!(WIDTH > 0, "a slice has at least one pin");
            assert!(
                START < Self::CONFIG.width && WIDTH <= Self::CONFIG.width - START,
                "the channel has no such pins: it is not that wide"
            );
        }
        self.channel.slice(START..START + WIDTH)
    }

    /// The LED on pin `PIN`.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn led<const PIN: u8>(&self) -> Result<Led> {
        const { assert!(Self::drives(), "the channel was built with inputs only") };
        Led::new(self.pin::<PIN>()?)
    }

    /// The three-coloured LED on the three pins from pin `START` on.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn rgb_led<const START: u8>(&self) -> Result<RgbLed> {
        const { assert!(Self::drives(), "the channel was built with inputs only") };
        RgbLed::new(self.slice::<START, 3>()?)
    }

    /// The button on pin `PIN`.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn button<const PIN: u8>(&self) -> Result<Button> {
        const {
            assert!(Self::samples(), "the channel was built with outputs only");
            assert!(
                config::<B>().interrupt && raises::<B>(AxiGpio::INTERRUPT),
                "the interrupt of the block does not reach the processor, so nothing on it can be waited for"
            );
        }
        Button::new(self.pin::<PIN>()?)
    }

    /// The switch on pin `PIN`.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn switch<const PIN: u8>(&self) -> Result<Switch> {
        const {
            assert!(Self::samples(), "the channel was built with outputs only");
            assert!(
                config::<B>().interrupt && raises::<B>(AxiGpio::INTERRUPT),
                "the interrupt of the block does not reach the processor, so nothing on it can be waited for"
            );
        }
        Switch::new(self.pin::<PIN>()?)
    }

    const fn drives() -> bool {
        !matches!(Self::CONFIG.direction, ChannelDirection::Inputs)
    }

    const fn samples() -> bool {
        !matches!(Self::CONFIG.direction, ChannelDirection::Outputs)
    }
}

impl<B, const NUMBER: u8> Clone for DesignChannel<B, NUMBER> {
    fn clone(&self) -> Self {
        Self { channel: self.channel.clone(), block: PhantomData }
    }
}

impl<B, const NUMBER: u8> fmt::Debug for DesignChannel<B, NUMBER> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DesignChannel").field(&self.channel).finish()
    }
}
