//! What a person sees of an error: the text that `main` prints of it, and what it names.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used)] // helpers of tests

mod common;

use std::{fmt, io};

use common::{BUTTONS, base};
use pynq::{
    Driver, Error,
    core::{ParameterError, Parameters, interrupt::NodeHandle},
    hwh::Design,
    prelude::*,
};
use pynq_drivers::axi_gpio::AxiGpioHardware;

/// What `fn main() -> pynq::Result<()>` prints behind `Error: `.
fn printed(error: &Error) -> String {
    format!("{error:?}")
}

fn count(text: &str, part: &str) -> usize {
    text.matches(part).count()
}

#[test]
fn main_prints_the_text_and_each_path_and_error_once() {
    let missing = printed(&Overlay::simulated("no/such.hwh").unwrap_err());
    assert_eq!(missing, "cannot read `no/such.hwh`: No such file or directory (os error 2)");

    let folder = std::env::temp_dir().join(format!("pynq-errors-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("text.hwh");
    std::fs::write(&file, "<x/>").unwrap();
    let none = printed(&Overlay::simulated(&file).unwrap_err());
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(count(&none, "text.hwh"), 1, "{none}");
    assert!(none.contains("expected a Vivado hardware handoff"), "{none}");

    let base = base();
    for error in [
        base.button(4).unwrap_err(),
        base.gpio("btn_gpio").unwrap_err(),
        base.gpio("btns_gpio").unwrap().channel2().unwrap_err().into(),
        base.button(0).unwrap().wait_for_level(Level::High).unwrap_err().into(),
    ] {
        assert_eq!(printed(&error), error.to_string());
        assert!(!printed(&error).contains('{') && !printed(&error).contains('\n'), "{error}");
    }
    let refused = base.gpio("btns_gpio").unwrap().channel1().write(1).unwrap_err();
    assert_eq!(format!("{refused:?}"), refused.to_string(), "a driver's own error reads the same");
}

#[derive(Debug)]
struct Broken(io::Error);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the sensor does not answer")
    }
}

impl std::error::Error for Broken {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn what_a_driver_s_error_was_caused_by_is_printed_too() {
    let error = Error::driver("sensor", Broken(io::Error::other("bus timeout")));
    assert_eq!(printed(&error), "`sensor`: the sensor does not answer: bus timeout");
    assert_eq!(error.to_string(), "`sensor`: the sensor does not answer");
}

/// A driver of the GPIO with a slip in the name of its interrupt output.
#[derive(Clone)]
struct Slip(#[allow(dead_code)] NodeHandle<AxiGpioHardware>);

impl Driver for Slip {
    const NAME: &'static str = "GPIO";
    const VLNV: &'static str = "xilinx.com:ip:axi_gpio";
    const INTERRUPT: &'static str = "ip2intc_irq";

    type Config = <AxiGpio as Driver>::Config;
    type Hardware = AxiGpioHardware;
    type SetUpError = <AxiGpio as Driver>::SetUpError;

    fn configure(parameters: &Parameters<'_>) -> Result<Self::Config, ParameterError> {
        parameters.number("C_GPIO_WIDTH", 32, 2, 3)?;
        AxiGpio::configure(parameters)
    }

    fn set_up(window: pynq::core::Window, config: Self::Config) -> Result<AxiGpioHardware, Self::SetUpError> {
        AxiGpio::set_up(window, config)
    }

    fn over(node: NodeHandle<AxiGpioHardware>) -> Result<Self, pynq::core::Error> {
        Ok(Self(node))
    }
}

#[test]
fn a_slip_in_an_output_s_name_is_no_open_output() {
    let base = base();
    let refused = base.block::<Slip>("switches_gpio").err().unwrap().to_string();
    assert_eq!(refused, "`switches_gpio` has no interrupt output `ip2intc_irq`; it has: `ip2intc_irpt`");
    let open = base.driver("switches_gpio", |context| context.parent("ip2intc_irpt").map(|_| ()));
    open.unwrap();
}

#[test]
fn a_parameter_is_shown_as_the_file_writes_it() {
    let begin = BUTTONS.find("INSTANCE=\"btns_gpio\" IPTYPE").unwrap();
    let written =
        BUTTONS[begin..].replacen("NAME=\"C_GPIO_WIDTH\" VALUE=\"4\"", "NAME=\"C_GPIO_WIDTH\" VALUE=\"0x04\"", 1);
    let design = Design::parse(&format!("{}{written}", &BUTTONS[..begin])).unwrap();
    let overlay = Overlay::simulated_from_design(design).unwrap();
    let refused = overlay.block::<Slip>("btns_gpio").err().unwrap().to_string();
    assert_eq!(refused, "`btns_gpio`: C_GPIO_WIDTH is `0x04`, and can be 2 to 3; check the handoff file");

    // The board's models decode it before any driver does.
    let written = BUTTONS[begin..].replacen("NAME=\"C_IS_DUAL\" VALUE=\"0\"", "NAME=\"C_IS_DUAL\" VALUE=\"two\"", 1);
    let refused = Overlay::simulated_from_str(&format!("{}{written}", &BUTTONS[..begin])).unwrap_err().to_string();
    assert_eq!(refused, "block \"btns_gpio\": C_IS_DUAL is `two`, and can be 0 to 1; check the handoff file");
}

#[test]
fn run_has_one_result() {
    let base = base();
    let never: Error = base.run(base.button(0).unwrap().wait_for_level_async(Level::High)).unwrap_err();
    assert!(never.is_never_woken(), "{never}");
    base.simulation().unwrap().press("btns_gpio", 0).unwrap();
    base.run(base.button(0).unwrap().wait_for_level_async(Level::High)).unwrap();
}
