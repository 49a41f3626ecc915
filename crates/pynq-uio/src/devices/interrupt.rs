//! Which interrupt is a UIO device's.
//!
//! No single file of the kernel's says it. Two say enough together:
//!
//! * The device-tree node says which interrupt the device *requested*, by numbers: exact, but only for nodes, and in
//!   the terms of a parent controller that the property does not name.
//! * The table of interrupts says which one it *got*, but by the device's name, which it may share with others.
//!
//! So the node's interrupt counts if the table has it under the device's name, and distinguishes devices of one name.
//! The remaining devices get theirs by name alone; where that leaves a choice, the candidates are reported.

use std::{fmt, fs, io, path::Path};

use super::UioDevice;
use crate::{Error, InterruptRow, Interrupts, Result, Trigger, interrupts::gone};

/// The interrupt of a UIO device, as far as the system shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UioInterrupt {
    /// It has none, or the system shows none under its name.
    #[default]
    None,
    /// This one.
    Known(UioIrq),
    /// One of these, which are registered under a name that several devices have.
    Ambiguous(Vec<UioIrq>),
}

/// An interrupt that a UIO device holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UioIrq {
    /// The kernel's number for it, if the kernel shows it.
    pub virq: Option<u32>,
    /// Its number in its controller: with a GIC, the interrupt ID of the data sheets.
    pub hwirq: Option<u32>,
    /// The controller, if the kernel shows it.
    pub chip: Option<String>,
    /// Its trigger, if the kernel or the device tree shows it.
    pub trigger: Option<Trigger>,
}

impl UioIrq {
    fn of(row: &InterruptRow) -> Self {
        let chip = Some(row.chip.clone()).filter(|chip| !chip.is_empty());
        Self { virq: Some(row.virq), hwirq: row.hwirq, chip, trigger: row.trigger }
    }

    /// Whether it is this one of the GIC, or of the only controllers that there are.
    fn is(&self, irq: u32, has_gic: bool) -> bool {
        let other = self.chip.as_deref().is_some_and(|chip| has_gic && !chip.starts_with("GIC"));
        self.hwirq == Some(irq) && !other
    }
}

impl UioInterrupt {
    /// The interrupt, if it is known.
    #[must_use]
    pub fn known(&self) -> Option<&UioIrq> {
        match self {
            Self::Known(irq) => Some(irq),
            _ => None,
        }
    }

    pub(super) fn is(&self, irq: u32, has_gic: bool) -> bool {
        self.known().is_some_and(|known| known.is(irq, has_gic))
    }

    pub(super) fn may_be(&self, irq: u32, has_gic: bool) -> bool {
        matches!(self, Self::Ambiguous(candidates) if candidates.iter().any(|candidate| candidate.is(irq, has_gic)))
    }
}

impl fmt::Display for UioIrq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.hwirq, self.virq) {
            (Some(hwirq), _) => write!(f, "{hwirq}"),
            (None, Some(virq)) => write!(f, "of unknown number, the kernel's {virq}"),
            (None, None) => f.write_str("of unknown number"),
        }
    }
}

impl fmt::Display for UioInterrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("no interrupt"),
            Self::Known(irq) => write!(f, "interrupt {irq}"),
            Self::Ambiguous(candidates) => {
                let numbers = candidates.iter().map(ToString::to_string).collect::<Vec<_>>();
                write!(f, "interrupt one of {}", numbers.join(" or "))
            }
        }
    }
}

/// What a device's node in the device tree says of its interrupt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Specifier {
    /// There is no node, or it says something only its interrupt's parent understands.
    #[default]
    Unknown,
    /// The node has no interrupt.
    Absent,
    /// This line of another controller.
    Line(u32),
    /// Read as a GIC's, this ID.
    Gic { id: u32, trigger: Option<Trigger> },
}

/// Reads what the node says. Its first interrupt is the one that UIO takes.
pub(super) fn specifier(node: &Path) -> Result<Specifier> {
    if !node.is_dir() {
        return Ok(Specifier::Unknown);
    }
    let path = node.join("interrupts");
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let elsewhere = node.join("interrupts-extended").exists();
            return Ok(if elsewhere { Specifier::Unknown } else { Specifier::Absent });
        }
        Err(error) if gone(&error) => return Ok(Specifier::Unknown),
        Err(error) => return Err(Error::file("read", path, error)),
    };
    let mut cells = bytes.chunks_exact(4).map(|cell| cell.iter().fold(0, |value, &byte| value << 8 | u32::from(byte)));
    let (Some(kind), Some(number), Some(flags)) = (cells.next(), cells.next(), cells.next()) else {
        return Ok(Specifier::Unknown);
    };
    // Shared peripheral interrupts are counted from 32 on, those private to a CPU from 16 on.
    let first = match kind {
        0 => 32,
        1 => 16,
        _ => return Ok(Specifier::Unknown),
    };
    let trigger = match flags & 0xF {
        1 | 2 => Some(Trigger::Edge),
        4 | 8 => Some(Trigger::Level),
        _ => None,
    };
    Ok(number.checked_add(first).map_or(Specifier::Unknown, |id| Specifier::Gic { id, trigger }))
}

/// Gives each device its interrupt.
pub(super) fn pair(devices: &mut [UioDevice], interrupts: &Interrupts) {
    let mut left = Vec::new();
    for (index, device) in devices.iter_mut().enumerate() {
        match device.specifier {
            Specifier::Gic { id, trigger } => match requested_and_got(&device.name, id, interrupts) {
                Some(row) => device.interrupt = UioInterrupt::Known(UioIrq::of(row)),
                None if interrupts.rows().is_empty() => {
                    let irq = UioIrq { virq: None, hwirq: Some(id), chip: None, trigger };
                    device.interrupt = UioInterrupt::Known(irq);
                }
                None => left.push(index),
            },
            Specifier::Line(line) => match on_line(&device.name, line, interrupts) {
                Some(row) => device.interrupt = UioInterrupt::Known(UioIrq::of(row)),
                None => left.push(index),
            },
            // Other drivers than the device tree's take interrupts that are in no node: those of PCI devices.
            Specifier::Absent if device.version == "devicetree" => {}
            Specifier::Absent | Specifier::Unknown => left.push(index),
        }
    }
    let by_name = left.iter().map(|&index| named(devices, &left, index, interrupts)).collect::<Vec<_>>();
    for (index, interrupt) in left.into_iter().zip(by_name) {
        if let Some(device) = devices.get_mut(index) {
            device.interrupt = interrupt;
        }
    }
}

/// The row of the GIC's interrupt that the node names, if the device's name is on it.
fn requested_and_got<'a>(name: &str, id: u32, interrupts: &'a Interrupts) -> Option<&'a InterruptRow> {
    interrupts
        .rows()
        .iter()
        .find(|row| row.is_gic() && row.hwirq == Some(id) && row.actions.iter().any(|action| action == name))
}

/// The row of another controller's line that the node names, if the device's name is on it and on no other such row.
fn on_line<'a>(name: &'a str, line: u32, interrupts: &'a Interrupts) -> Option<&'a InterruptRow> {
    let mut rows = interrupts.by_action(name).filter(|row| !row.is_gic() && row.hwirq == Some(line));
    rows.next().filter(|_| rows.next().is_none())
}

/// What the name alone says about one of the remaining devices.
fn named(devices: &[UioDevice], left: &[usize], index: usize, interrupts: &Interrupts) -> UioInterrupt {
    let Some(name) = devices.get(index).map(|device| &device.name) else { return UioInterrupt::None };
    // A shared line has the name once for each of its handlers.
    let mut handlers = Vec::new();
    for row in interrupts.by_action(name) {
        let all = row.actions.iter().filter(|action| *action == name).count();
        let taken = |device: &&UioDevice| {
            device.name == *name && device.interrupt.known().is_some_and(|irq| irq.virq == Some(row.virq))
        };
        let taken = devices.iter().filter(taken).count();
        handlers.extend((taken..all).map(|_| row));
    }
    let alike = left.iter().filter(|&&other| devices.get(other).is_some_and(|device| device.name == *name)).count();
    let same = handlers.windows(2).all(|pair| matches!(pair, [a, b] if a.virq == b.virq));
    match *handlers {
        [] => UioInterrupt::None,
        [row, ..] if same && handlers.len() == alike => UioInterrupt::Known(UioIrq::of(row)),
        _ => {
            let mut candidates = handlers.into_iter().map(UioIrq::of).collect::<Vec<_>>();
            candidates.dedup();
            UioInterrupt::Ambiguous(candidates)
        }
    }
}
