//! The declarations of the IP blocks.

use std::fmt::Write;

use super::names::Names;
use super::parameters::{Built, numeric};
use super::tree::{comment, decimal, hex, literal, shown, shown_version};
use super::wiring::{Wiring, irq};
use crate::design::Design;
use crate::error::{Error, Result};
use crate::interrupts::Controller;
use crate::memory_map::IpBlock;

/// Arrays up to this width stand on one line, as the standard style has it.
const ARRAY_WIDTH: usize = 60;

/// The declaration of the block at `path` and all it implements.
pub(super) fn text(
    design: &Design,
    names: &Names<'_>,
    wiring: &Wiring<'_>,
    path: &str,
    block: &IpBlock,
) -> Result<String> {
    let ident = names.ident(path);
    let mut more = String::new();
    let mut remarks = Vec::new();
    match (block.vlnv_without_version(), design.interrupts.controllers.get(path)) {
        ("xilinx.com:ip:axi_gpio", _) => gpio(&mut more, &mut remarks, names, wiring, path, block)?,
        ("xilinx.com:ip:axi_timer", _) => timer(&mut more, &mut remarks, names, wiring, path, block)?,
        ("xilinx.com:ip:axi_uartlite", _) => uartlite(&mut more, &mut remarks, names, wiring, path, block)?,
        (_, Some(controller)) if wiring.outputs.contains_key(&irq(path)) => {
            intc(&mut more, &mut remarks, names, path, controller)?;
        }
        _ => {}
    }
    let mut vlnv = block.vlnv.rsplit(':');
    let (version, kind) = (vlnv.next().unwrap_or_default(), vlnv.next().unwrap_or_default());
    let mut text = String::new();
    let version = shown_version(version);
    comment(&mut text, &format!("`{}`: `{}` {version} at `{}`.", shown(path), shown(kind), hex(block.base)));
    if !remarks.is_empty() {
        text.push_str("///\n");
        comment(&mut text, &remarks.join(" "));
    }
    let _ = write!(
        text,
        "#[derive(Clone, Copy, Debug, PartialEq, Eq)]\n\
         pub struct {ident};\n\
         \n\
         impl ::pynq_core::design::Block for {ident} {{\n    \
             const PATH: &'static str = {};\n    \
             const VLNV: &'static str = {};\n    \
             const BASE: u64 = {};\n    \
             const SIZE: u64 = {};\n",
        literal(path),
        literal(&block.vlnv),
        hex(block.base),
        hex(block.size),
    );
    if block.memory {
        text.push_str("    const IS_MEMORY: bool = true;\n");
    }
    if let Some(hz) = block.clock_hz {
        let _ = writeln!(text, "    const CLOCK_HZ: Option<u64> = Some({});", decimal(hz));
    }
    parameters(&mut text, block);
    text.push_str("}\n");
    text.push_str(&more);
    Ok(text)
}

fn parameters(text: &mut String, block: &IpBlock) {
    let entries: Vec<String> = numeric(block)
        .into_iter()
        .map(|(name, value)| {
            let value = if value < 0x1_0000 { value.to_string() } else { hex(value) };
            format!("({}, {value})", literal(&name))
        })
        .collect();
    if entries.is_empty() {
        return;
    }
    text.push_str("    const PARAMETERS: &'static [(&'static str, u64)] = &[");
    let line = entries.join(", ");
    if line.len() <= ARRAY_WIDTH {
        text.push_str(&line);
    } else {
        text.push('\n');
        for entry in &entries {
            let _ = writeln!(text, "        {entry},");
        }
        text.push_str("    ");
    }
    text.push_str("];\n");
}

fn gpio(
    text: &mut String,
    remarks: &mut Vec<String>,
    names: &Names<'_>,
    wiring: &Wiring<'_>,
    path: &str,
    block: &IpBlock,
) -> Result<()> {
    let ident = names.ident(path);
    let built = Built { path, block };
    let dual = built.flag("C_IS_DUAL", false)?;
    let interrupt = built.flag("C_INTERRUPT_PRESENT", false)?;
    let _ = write!(
        text,
        "\nimpl ::pynq_drivers::design::AxiGpioBlock for {ident} {{\n    \
             const CONFIG: ::pynq_drivers::AxiGpioConfig = ::pynq_drivers::AxiGpioConfig {{\n        \
                 channel1: {},\n        \
                 channel2: ",
        channel(&built, remarks, 1)?,
    );
    if dual {
        let _ = writeln!(text, "Some({}),", channel(&built, remarks, 2)?);
    } else {
        text.push_str("None,\n");
    }
    let _ = write!(text, "        interrupt: {interrupt},\n    }};\n}}\n");
    if dual {
        let _ = write!(text, "\nimpl ::pynq_drivers::design::DualAxiGpio for {ident} {{}}\n");
    }
    if !interrupt {
        remarks.push(
            "Nothing on it can be waited for: it is built without interrupt; enable it in the block \
             (`C_INTERRUPT_PRESENT`)."
                .to_owned(),
        );
        return Ok(());
    }
    let output = format!("{}/ip2intc_irpt", block.path);
    let wired = wiring.outputs.contains_key(&output);
    irq_of(text, remarks, names, path, "AxiGpioInterrupt", wired.then_some(output));
    Ok(())
}

/// The trait of a block whose interrupt output is wired, or a remark that it is not.
fn irq_of(
    text: &mut String,
    remarks: &mut Vec<String>,
    names: &Names<'_>,
    path: &str,
    what: &str,
    output: Option<String>,
) {
    let Some(output) = output else {
        remarks.push("Nothing on it can be waited for: its interrupt is not wired.".to_owned());
        return;
    };
    let _ = write!(
        text,
        "\nimpl ::pynq_drivers::design::{what} for {} {{\n    type Irq = {};\n}}\n",
        names.ident(path),
        names.reference(path, &output),
    );
}

fn timer(
    text: &mut String,
    remarks: &mut Vec<String>,
    names: &Names<'_>,
    wiring: &Wiring<'_>,
    path: &str,
    block: &IpBlock,
) -> Result<()> {
    let built = Built { path, block };
    let Some(hz) = block.clock_hz.and_then(|hz| u32::try_from(hz).ok()).filter(|hz| *hz > 0) else {
        remarks.push("The frequency of its clock is not known, so it has no driver.".to_owned());
        return Ok(());
    };
    let expected = "8, 16 or 32";
    let width = built.number("C_COUNT_WIDTH", 32, 32, expected)?;
    if ![8, 16, 32].contains(&width) {
        return Err(built.unfit("C_COUNT_WIDTH", width.into(), expected));
    }
    let one = built.flag("C_ONE_TIMER_ONLY", false)?;
    let pwm = built.flag("C_GEN0_ASSERT", true)? && built.flag("C_GEN1_ASSERT", true)?;
    remarks.push(format!("{} of {width} bits.", if one { "One channel" } else { "Two channels" }));
    let _ = write!(
        text,
        "\nimpl ::pynq_drivers::design::AxiTimerBlock for {} {{\n    \
             const CONFIG: ::pynq_drivers::AxiTimerConfig = ::pynq_drivers::AxiTimerConfig {{\n        \
                 clock_hz: {},\n        \
                 count_width: {width},\n        \
                 one_timer_only: {one},\n        \
                 generate_active_high: {pwm},\n    \
             }};\n\
         }}\n",
        names.ident(path),
        decimal(hz.into()),
    );
    let output = format!("{}/interrupt", block.path);
    let wired = wiring.outputs.contains_key(&output);
    irq_of(text, remarks, names, path, "AxiTimerInterrupt", wired.then_some(output));
    Ok(())
}

/// The configuration of a channel, inside that of its block.
fn channel(built: &Built<'_>, remarks: &mut Vec<String>, number: u8) -> Result<String> {
    let (width, suffix) = if number == 1 { ("C_GPIO_WIDTH", "") } else { ("C_GPIO2_WIDTH", "_2") };
    let width = built.width(width)?;
    let inputs = built.flag(&format!("C_ALL_INPUTS{suffix}"), false)?;
    let outputs = built.flag(&format!("C_ALL_OUTPUTS{suffix}"), false)?;
    let (direction, what) = match (inputs, outputs) {
        (true, _) => ("Inputs", "input"),
        (false, true) => ("Outputs", "output"),
        (false, false) => ("Bidirectional", "pin"),
    };
    remarks.push(format!("Channel {number}: {width} {what}{}.", if width == 1 { "" } else { "s" }));
    Ok(format!(
        "::pynq_drivers::axi_gpio::ChannelConfig {{\n            \
             width: {width},\n            \
             direction: ::pynq_drivers::axi_gpio::ChannelDirection::{direction},\n            \
             dout_default: {},\n            \
             tri_default: {},\n        \
         }}",
        built.word(&format!("C_DOUT_DEFAULT{suffix}"), 0)?,
        built.word(&format!("C_TRI_DEFAULT{suffix}"), u32::MAX)?,
    ))
}

fn uartlite(
    text: &mut String,
    remarks: &mut Vec<String>,
    names: &Names<'_>,
    wiring: &Wiring<'_>,
    path: &str,
    block: &IpBlock,
) -> Result<()> {
    let built = Built { path, block };
    let expected = "5 to 8";
    let bits = built.number("C_DATA_BITS", 8, 8, expected)?;
    if bits < 5 {
        return Err(built.unfit("C_DATA_BITS", bits.into(), expected));
    }
    let expected = "1 or more";
    let baud = built.number("C_BAUDRATE", 9600, u32::MAX, expected)?;
    if baud == 0 {
        return Err(built.unfit("C_BAUDRATE", 0, expected));
    }
    let parity = match (built.flag("C_USE_PARITY", false)?, built.flag("C_ODD_PARITY", false)?) {
        (false, _) => "None",
        (true, false) => "Even",
        (true, true) => "Odd",
    };
    let _ = write!(
        text,
        "\nimpl ::pynq_drivers::design::AxiUartLiteBlock for {} {{\n    \
             const CONFIG: ::pynq_drivers::AxiUartLiteConfig = ::pynq_drivers::AxiUartLiteConfig {{\n        \
                 baud_rate: {},\n        \
                 data_bits: {bits},\n        \
                 parity: ::pynq_drivers::axi_uartlite::Parity::{parity},\n    \
             }};\n\
         }}\n",
        names.ident(path),
        decimal(baud.into()),
    );
    let output = format!("{}/interrupt", block.path);
    let wired = wiring.outputs.contains_key(&output);
    irq_of(text, remarks, names, path, "AxiUartLiteInterrupt", wired.then_some(output));
    Ok(())
}

fn intc(
    text: &mut String,
    remarks: &mut Vec<String>,
    names: &Names<'_>,
    path: &str,
    controller: &Controller,
) -> Result<()> {
    let (inputs, software) = (controller.inputs, controller.software_inputs);
    if inputs == 0 || u64::from(inputs) + u64::from(software) > crate::limits::INTC_INPUTS {
        return Err(Error::Unfit {
            path: path.to_owned(),
            what: "number of its inputs and software interrupts".to_owned(),
            found: format!("{inputs} and {software}"),
            expected: "1 to 32 together",
        });
    }
    remarks.push(format!("It has {inputs} input{}.", if inputs == 1 { "" } else { "s" }));
    if software > 0 {
        remarks.push(format!("It has {software} software interrupt{}.", if software == 1 { "" } else { "s" }));
    }
    let _ = write!(
        text,
        "\nimpl ::pynq_core::design::AxiIntcBlock for {} {{\n    \
             const CONFIG: ::pynq_core::AxiIntcConfig = ::pynq_core::AxiIntcConfig {{\n        \
                 inputs: {inputs},\n        \
                 software_interrupts: {software},\n        \
                 kind_of_intr: {},\n        \
                 has_sie: {},\n        \
                 has_cie: {},\n        \
                 output_is_level: {},\n    \
             }};\n    \
             type Irq = {};\n\
         }}\n",
        names.ident(path),
        hex(controller.kind_of_intr.into()),
        controller.has_sie,
        controller.has_cie,
        controller.irq_is_level,
        names.reference(path, &irq(path)),
    );
    Ok(())
}
