//! `pynq poke`: writes a register.

use pynq::{
    core::Checked,
    registers,
    uio::{self, Claim, SystemPaths, UioDevices},
};
use pynq_hwh::Design;

use super::{
    Poke,
    peek::{label, may_access},
    system,
    target::{self, Target},
};
use crate::{Outcome, printable, succeeded};

pub(super) fn run(arguments: &Poke) -> Outcome {
    let paths = arguments.system.paths();
    let design = system::design(arguments.hwh.as_deref())?;
    let target = Target::parse(&arguments.target, design.as_ref())?;
    let value = target::number(&arguments.value).and_then(|value| u32::try_from(value).ok());
    let value =
        value.ok_or_else(|| format!("`{}` is no value of 32 bits; give it as in 0x1f or 0b101", arguments.value))?;
    let name = label(target.address, &target);
    let known = target.block.map(|(_, block)| registers::known(block, target.address - block.base));
    // Held until the write is done.
    let mut claim = None;
    if !arguments.force {
        may_access(&paths, &target)?;
        if known.as_ref().is_some_and(registers::Known::is_read_only) {
            return Err(format!("{name} is not written: it is read-only; --force writes it"));
        }
        if let Some(holder) = controller_holder(&paths, design.as_ref(), &target) {
            return Err(format!(
                "{name} is not written: {holder} waits for the interrupts of this controller; --force writes it"
            ));
        }
        if let Some((block, ip)) = target.block {
            let claimed = Claim::address(&paths, ip.base);
            claim = Some(claimed.map_err(|error| format!("{block} can't be claimed: {error}; or --force"))?);
        }
    }
    let window = uio::open_window(&paths, target.address, 4).map_err(|error| error.to_string())?;
    Checked::new(window).write(0, value).map_err(|error| error.to_string())?;
    drop(claim);
    let mut text = format!("{:#010x}  {value:#010x}", target.address);
    if target.block.is_some() {
        text += &format!("  {name}");
    }
    if let Some(does) = known.as_ref().and_then(registers::Known::write_does) {
        text += &format!("  ({does})");
    }
    text.push('\n');
    Ok(succeeded(printable(&text)))
}

/// The process that waits for the interrupts that come through this block, if it is an interrupt controller.
/// Controllers are claimed through their UIO device.
fn controller_holder(paths: &SystemPaths, design: Option<&Design>, target: &Target<'_>) -> Option<String> {
    let (design, (_, block)) = (design?, target.block?);
    let chain = |path: &str| {
        // The processor's controller is the one without a parent.
        let controllers = &design.interrupts.controllers;
        let mut at = controllers.get(path)?;
        for _ in 0..controllers.len() {
            match &at.parent {
                Some(parent) => at = controllers.get(parent)?,
                None => break,
            }
        }
        at.ps_irq
    };
    let irq = chain(&block.path)?;
    let devices = UioDevices::find(paths).ok()?;
    system::holder(paths, devices.by_irq(irq).ok()?.node())
}
