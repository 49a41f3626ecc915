//! `pynq peek`: reads registers.

use std::fmt::Write as _;

use pynq::{core::Checked, registers, uio};

use super::{Peek, system, target::Target};
use crate::{Outcome, printable, succeeded};

/// The range that a Zynq-7000 has programmable logic in.
const ZYNQ_7000_LOGIC: std::ops::Range<u64> = 0x4000_0000..0xC000_0000;

pub(super) fn run(arguments: &Peek) -> Outcome {
    let paths = arguments.system.paths();
    let design = system::design(arguments.hwh.as_deref())?;
    let target = Target::parse(&arguments.target, design.as_ref())?;
    let bytes = u64::from(arguments.count) * 4;
    if let Some((name, block)) = target.block
        && block.size - (target.address - block.base) < bytes
    {
        let beyond = block.size - (target.address - block.base);
        return Err(format!(
            "{} words from {:#x} on reach beyond {name}; there are {}",
            arguments.count,
            target.address,
            beyond / 4
        ));
    }
    if !arguments.force {
        may_access(&paths, &target)?;
    }
    let mut kept = Vec::new();
    for index in 0..u64::from(arguments.count) {
        let address = target.address + index * 4;
        let known = target.block.map(|(name, block)| (name, registers::known(block, address - block.base)));
        let refused = known.as_ref().and_then(|(_, known)| known.read_changes()).filter(|_| !arguments.force);
        if let (Some(why), 1) = (&refused, arguments.count) {
            return Err(format!("{} is not read: {why}; --force reads it", label(address, &target)));
        }
        kept.push((address, known, refused));
    }
    let size = usize::try_from(bytes).map_err(|_| "that is more than this processor can address".to_owned())?;
    let window = uio::open_window(&paths, target.address, size).map_err(|error| error.to_string())?;
    let window = Checked::new(window);
    let mut text = String::new();
    for (index, (address, known, refused)) in kept.into_iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{address:#010x}  ");
        match refused {
            Some(why) => text += &format!("{:10}", format!("({why})")),
            None => {
                let value = window.read(index * 4, 4).map_err(|error| error.to_string())?;
                // Four bytes were read.
                let value = u32::try_from(value).unwrap_or(u32::MAX);
                let _ = write!(text, "{value:#010x}");
                let fields = known.as_ref().map_or_else(String::new, |(_, known)| known.decode(value));
                let name = label(address, &target);
                if target.block.is_some() {
                    let _ = write!(text, "  {name}");
                }
                if !fields.is_empty() {
                    let _ = write!(text, "  {fields}");
                }
                text.push('\n');
                continue;
            }
        }
        let _ = writeln!(text, "  {}", label(address, &target));
    }
    if let Some(holder) =
        target.block.and_then(|(_, block)| system::holder(&paths, &uio::Claim::file_of(&paths, block.base)))
    {
        // Beside the values, and not among them.
        let _ = std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!("pynq: note: {holder} has this block in use, and may change it at any time\n"),
        );
    }
    Ok(succeeded(printable(&text)))
}

/// The place in words: `btns_gpio.GIER`, `btns_gpio+0x10`, or the address.
pub(super) fn label(address: u64, target: &Target<'_>) -> String {
    let Some((name, block)) = target.block else { return format!("{address:#010x}") };
    let offset = address - block.base;
    match registers::known(block, offset).name() {
        Some(register) => format!("{name}.{register}"),
        None => format!("{name}+{offset:#x}"),
    }
}

/// Refuses what would hang the processor: an access to logic that is not configured is never answered.
pub(super) fn may_access(paths: &uio::SystemPaths, target: &Target<'_>) -> Result<(), String> {
    let logic = target.block.is_some() || system::is_zynq_7000(paths) && ZYNQ_7000_LOGIC.contains(&target.address);
    match system::logic_state(paths) {
        Some(state) if logic && state != uio::FpgaState::Operating => Err(format!(
            "no design is loaded: the FPGA manager says \"{state}\", and an access to the logic may hang the processor; \
             program it first (`pynq program FILE`), or --force"
        )),
        _ => Ok(()),
    }
}
