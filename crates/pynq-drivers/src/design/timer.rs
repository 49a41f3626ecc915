//! The channels of an AXI timer, counted at compile time.

use pynq_core::{
    Driver, Parameters,
    design::{Block, Of, is_ip},
    interrupt::NodeHandle,
};

use crate::axi_timer::{AxiTimer, AxiTimerConfig, AxiTimerHardware, Pwm, Result, TimerChannel};

/// How the timer `B` was built.
const fn config<B: Block>() -> AxiTimerConfig {
    assert!(is_ip::<B>(AxiTimer::VLNV), "the block is no AXI timer");
    match AxiTimerConfig::from_parameters(&Parameters::of::<B>()) {
        Ok(config) => config,
        Err(_) => panic!("no AXI timer can have been built like this, or the frequency of its clock is not known"),
    }
}

/// Channel `NUMBER`, 0 or 1. One that the timer does not have does not build.
///
/// # Errors
///
/// The error the node has failed with.
pub fn timer_channel<const NUMBER: u8, B, P>(node: &Of<B, P>) -> Result<TimerChannel>
where
    B: Block,
    P: Clone + Into<NodeHandle<AxiTimerHardware>>,
{
    const { assert!(NUMBER < config::<B>().channels(), "the timer has no such channel") };
    AxiTimer::new(node.get().clone())?.channel(NUMBER)
}

/// The PWM, which takes both channels. Does not build for a timer that was not built for it.
///
/// # Errors
///
/// The error the node has failed with.
pub fn pwm<B, P>(node: &Of<B, P>) -> Result<Pwm>
where
    B: Block,
    P: Clone + Into<NodeHandle<AxiTimerHardware>>,
{
    const {
        assert!(config::<B>().channels() == 2, "a PWM takes two channels and the timer has one");
        assert!(config::<B>().generate_active_high, "the timer's outputs are active low, so it has no PWM");
    }
    AxiTimer::new(node.get().clone())?.pwm()
}
