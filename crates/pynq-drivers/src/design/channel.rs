//! A channel whose pins are counted at compile time.

use core::{fmt, marker::PhantomData};

use super::{AxiGpioBlock, AxiGpioInterrupt};
use crate::{
    Button, Led, RgbLed, Switch,
    axi_gpio::{AxiGpioError, AxiGpioHandle, Channel, ChannelConfig, ChannelDirection, Pin, Slice},
};

/// Channel `NUMBER`, 1 or 2, of the block `B`.
///
/// Numbers of pins are type arguments: `button::<3>()`. One that the channel does not have does not build, and neither
/// does an LED on inputs or a button on outputs.
pub struct DesignChannel<B, H, const NUMBER: u8> {
    channel: Channel<H>,
    block: PhantomData<fn() -> B>,
}

impl<B: AxiGpioBlock, H: AxiGpioHandle, const NUMBER: u8> DesignChannel<B, H, NUMBER> {
    /// How it was built.
    pub const CONFIG: ChannelConfig = match (NUMBER, B::CONFIG.channel2) {
        (1, _) => B::CONFIG.channel1,
        (2, Some(channel)) => channel,
        _ => panic!("the AXI GPIO has no such channel"),
    };

    pub(super) const fn new(channel: Channel<H>) -> Self {
        Self { channel, block: PhantomData }
    }

    /// The channel, with pins that are checked at run time.
    #[must_use]
    pub const fn untyped(&self) -> &Channel<H> {
        &self.channel
    }

    /// Pin `PIN`.
    ///
    /// # Errors
    ///
    /// None but what [`Channel::pin`](Slice::pin) can meet.
    pub fn pin<const PIN: u8>(&self) -> Result<Pin<H>, AxiGpioError> {
        const { assert!(PIN < Self::CONFIG.width, "the channel has no such pin: it is not that wide") };
        self.channel.pin(PIN)
    }

    /// The `WIDTH` pins from pin `START` on.
    ///
    /// # Errors
    ///
    /// None but what [`Slice::slice`] can meet.
    pub fn slice<const START: u8, const WIDTH: u8>(&self) -> Result<Slice<H>, AxiGpioError> {
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
    pub fn led<const PIN: u8>(&self) -> Result<Led<H>, AxiGpioError> {
        const { assert!(Self::drives(), "the channel was built with inputs only") };
        Led::new(self.pin::<PIN>()?)
    }

    /// The three-coloured LED on the three pins from pin `START` on.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn rgb_led<const START: u8>(&self) -> Result<RgbLed<H>, AxiGpioError> {
        const { assert!(Self::drives(), "the channel was built with inputs only") };
        RgbLed::new(self.slice::<START, 3>()?)
    }

    /// The button on pin `PIN`.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn button<const PIN: u8>(&self) -> Result<Button<H>, AxiGpioError>
    where
        B: AxiGpioInterrupt,
    {
        const { assert!(Self::samples(), "the channel was built with outputs only") };
        Button::new(self.pin::<PIN>()?)
    }

    /// The switch on pin `PIN`.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn switch<const PIN: u8>(&self) -> Result<Switch<H>, AxiGpioError>
    where
        B: AxiGpioInterrupt,
    {
        const { assert!(Self::samples(), "the channel was built with outputs only") };
        Switch::new(self.pin::<PIN>()?)
    }

    const fn drives() -> bool {
        !matches!(Self::CONFIG.direction, ChannelDirection::Inputs)
    }

    const fn samples() -> bool {
        !matches!(Self::CONFIG.direction, ChannelDirection::Outputs)
    }
}

impl<B, H: Clone, const NUMBER: u8> Clone for DesignChannel<B, H, NUMBER> {
    fn clone(&self) -> Self {
        Self { channel: self.channel.clone(), block: PhantomData }
    }
}

impl<B, H, const NUMBER: u8> fmt::Debug for DesignChannel<B, H, NUMBER> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DesignChannel").field(&self.channel).finish()
    }
}
