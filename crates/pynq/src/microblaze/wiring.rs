//! What an I/O processor is wired to.

use std::collections::BTreeSet;

use pynq_hwh::{Design, Family};

use crate::{Error, Result};

/// What an I/O processor needs of its design.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MicroblazePart {
    /// The processor itself.
    Processor,
    /// A window of the processing system onto its memory.
    Memory,
    /// A line of the extended GPIO that holds it in reset.
    Reset,
    /// An interrupt that its program requests.
    Interrupt,
    /// A line of the extended GPIO that acknowledges it.
    Acknowledge,
}

impl std::fmt::Display for MicroblazePart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Processor => "a MicroBlaze",
            Self::Memory => "a BRAM controller of the processing system on its memory",
            Self::Reset => "a line of the processing system's extended GPIO to its reset",
            Self::Interrupt => "a flip-flop (dff_en_reset_vector) whose output reaches the interrupt controller",
            Self::Acknowledge => "a line of the processing system's extended GPIO to the reset of that flip-flop",
        })
    }
}

/// What an I/O processor is wired to, as far as the design shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MicroblazeWiring {
    /// The processor.
    pub processor: String,
    /// The block through which the processing system reaches its memory.
    pub memory: Option<String>,
    /// The line of the extended GPIO that holds it in reset.
    pub reset: Option<u8>,
    /// The interrupt that its program requests.
    pub interrupt: Option<String>,
    /// The line of the extended GPIO that acknowledges the interrupt.
    pub acknowledge: Option<u8>,
}

impl MicroblazeWiring {
    pub(super) fn find(design: &Design, path: &str) -> Result<Self> {
        let inside = |cell: &str| level(cell) == path || cell.starts_with(&format!("{path}/"));
        let processors = design.soft_processors.iter().filter(|(_, soft)| soft.family == Family::MicroBlaze);
        let processor = processors.map(|(cell, _)| cell).find(|cell| *cell == path || inside(cell));
        let Some(processor) = processor else {
            return Err(Error::NoMicroblaze {
                path: path.to_owned(),
                missing: vec![MicroblazePart::Processor],
                has: all(design),
            });
        };
        let interrupt = flip_flop(design, path, &inside);
        let cleared = interrupt.as_deref().and_then(|pin| Some(pin.rsplit_once('/')?.0));
        let acknowledge = cleared.and_then(|flop| line_to(design, &format!("{flop}/reset")));
        Ok(Self {
            processor: processor.clone(),
            memory: memory(design, processor),
            reset: reset(design, processor).or_else(|| named(design, path, "reset")),
            acknowledge: acknowledge.or_else(|| named(design, path, "intr_ack")),
            interrupt,
        })
    }

    /// What is not there.
    #[must_use]
    pub fn missing(&self) -> Vec<MicroblazePart> {
        let parts = [
            (MicroblazePart::Memory, self.memory.is_none()),
            (MicroblazePart::Reset, self.reset.is_none()),
            (MicroblazePart::Interrupt, self.interrupt.is_none()),
            (MicroblazePart::Acknowledge, self.acknowledge.is_none()),
        ];
        parts.into_iter().filter(|(_, missing)| *missing).map(|(part, _)| part).collect()
    }

    /// What there has to be: its memory and its reset line.
    pub(super) fn required(&self, path: &str, design: &Design) -> Result<(&str, u8)> {
        match (&self.memory, self.reset) {
            (Some(memory), Some(reset)) => Ok((memory, reset)),
            _ => Err(Error::NoMicroblaze { path: path.to_owned(), missing: self.missing(), has: all(design) }),
        }
    }
}

/// All levels of hierarchy with a processor that can be opened.
pub(super) fn all(design: &Design) -> Vec<String> {
    let levels: BTreeSet<&str> = design.soft_processors.keys().map(|cell| level(cell)).collect();
    let opens = |path: &&str| {
        MicroblazeWiring::find(design, path).is_ok_and(|found| found.memory.is_some() && found.reset.is_some())
    };
    levels.into_iter().filter(|path| !path.is_empty()).filter(opens).map(str::to_owned).collect()
}

/// The level of hierarchy that a cell is in.
fn level(cell: &str) -> &str {
    cell.rsplit_once('/').map_or("", |(level, _)| level)
}

/// The way of the processing system to a memory that the processor has, too.
fn memory(design: &Design, processor: &str) -> Option<String> {
    let system = &design.processor.as_ref()?.path;
    let shared = design.storage.values().filter(|storage| storage.windows.iter().any(|way| way.master == processor));
    let mut ways = shared.flat_map(|storage| &storage.windows).filter(|way| &way.master == system);
    let controller = &ways.next()?.controller;
    design.ip.iter().find(|(_, block)| &block.path == controller).map(|(name, _)| name.clone())
}

/// The line of the extended GPIO that drives an input, by a slice.
fn line_to(design: &Design, input: &str) -> Option<u8> {
    let (driver, _) = design.wire_to(input)?;
    let (slice, _) = driver.rsplit_once('/')?;
    let line = design.processor_gpio.get(slice).filter(|line| line.width == 1)?;
    u8::try_from(line.emio).ok()
}

/// The line that resets the processor: straight, or through a reset block.
fn reset(design: &Design, processor: &str) -> Option<u8> {
    let input = format!("{processor}/Reset");
    line_to(design, &input).or_else(|| {
        let (driver, _) = design.wire_to(&input)?;
        line_to(design, &format!("{}/aux_reset_in", level(driver)))
    })
}

/// The line of a name that PYNQ gives: `mb_iop_pmoda_reset`, in the level above.
fn named(design: &Design, path: &str, what: &str) -> Option<u8> {
    let (parent, name) = path.rsplit_once('/').map_or(("", path), |(parent, name)| (parent, name));
    let separator = if parent.is_empty() { "" } else { "/" };
    let line = design.processor_gpio.get(&format!("{parent}{separator}mb_{name}_{what}"))?;
    u8::try_from(line.emio).ok()
}

/// The interrupt output of a flip-flop in this level.
fn flip_flop(design: &Design, path: &str, inside: &impl Fn(&str) -> bool) -> Option<String> {
    let is_flop = |cell: &str| {
        design.cells.get(cell).is_some_and(|cell| cell.vlnv_without_version().ends_with(":dff_en_reset_vector"))
    };
    let pins = || design.interrupts.pins.keys().map(String::as_str);
    let found = pins().find(|pin| pin.rsplit_once('/').is_some_and(|(cell, _)| inside(cell) && is_flop(cell)));
    let usual = format!("{path}/dff_en_reset_vector_0/q");
    found.or_else(|| pins().find(|pin| *pin == usual)).map(str::to_owned)
}
