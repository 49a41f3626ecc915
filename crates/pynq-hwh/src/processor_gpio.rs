//! The processor's extended GPIO: which line controls what.
//!
//! The processor has one wide output; designs take single bits out of it with slices, and the slice's path is the line's
//! name. What takes all of it without a slice is listed under the name of the output.

use std::collections::{BTreeMap, HashMap};

use crate::error::Result;
use crate::netlist::{Cell, Netlist};
use crate::number;
use crate::platform::Family;
use crate::raw::{Direction, ModuleId, PortId};
use crate::trace::{Leaf, trace};
use crate::warning::Warnings;

/// A line, or several, of the processor's extended GPIO.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessorGpio {
    /// Number of the line on the extended GPIO: the highest one of several (DIN_FROM). Linux adds 54 on Zynq-7000 and 78
    /// on Zynq UltraScale+.
    pub emio: u32,
    /// Number of lines.
    pub width: u32,
    /// The inputs that it controls, as `path/PORT`, or the name of a top-level pin.
    pub pins: Vec<String>,
}

/// All named lines, by the path of the slice.
pub(crate) fn build(
    netlist: &Netlist<'_, '_>,
    processor: ModuleId,
    family: Family,
    warnings: &mut Warnings,
) -> Result<BTreeMap<String, ProcessorGpio>> {
    let mut found = BTreeMap::new();
    let mut outputs = HashMap::new();
    let Some(module) = netlist.module(processor) else { return Ok(found) };
    let Some(gpio) = family.gpio_output().and_then(|name| netlist.port_named(module, name)) else { return Ok(found) };
    let mut direct = Vec::new();
    for (id, module) in netlist.raw.modules.iter().enumerate() {
        if !matches!(netlist.cell_of(id), Cell::Slice { .. }) {
            continue;
        }
        let Some(output) = netlist.port_named(module, "Dout") else { continue };
        let Some((low, width)) = lines(netlist, output, module.parameter("DIN_FROM"), gpio, warnings)? else {
            continue;
        };
        let signal = netlist.port(output).map_or("", |port| port.signal);
        let path = netlist.raw.text.unescape(module.path)?;
        // A net has one driver; a second slice on it, which is a mistake, gets no pins.
        outputs.entry(signal).or_insert_with(|| path.clone());
        found.insert(path, ProcessorGpio { emio: low + width - 1, width, pins: Vec::new() });
    }
    for (id, port) in netlist.raw.ports.iter().enumerate() {
        let listens = match netlist.module_of(id) {
            Some(module) => port.direction == Direction::In && !module.container,
            None => port.direction == Direction::Out,
        };
        if port.signal.is_empty() || !listens {
            continue;
        }
        if let Some(line) = outputs.get(port.signal).and_then(|path| found.get_mut(path)) {
            line.pins.push(netlist.pin(id));
        } else if port.module.is_none_or(|module| !matches!(netlist.cell_of(module), Cell::Slice { .. }))
            && netlist.driver(id, warnings) == Some(gpio)
        {
            direct.push(netlist.pin(id));
        }
    }
    if let (false, Ok(width)) = (direct.is_empty(), u32::try_from(netlist.width(gpio))) {
        found.insert(netlist.pin(gpio), ProcessorGpio { emio: width.saturating_sub(1), width, pins: direct });
    }
    for line in found.values_mut() {
        line.pins.sort();
    }
    Ok(found)
}

/// The lowest line and the number of lines of slice output `output`, if it comes from port `gpio`.
fn lines(
    netlist: &Netlist<'_, '_>,
    output: PortId,
    high: Option<&str>,
    gpio: PortId,
    warnings: &mut Warnings,
) -> Result<Option<(u32, u32)>> {
    let Some(Cell::Slice { input: Some(input), low }) =
        netlist.port(output).and_then(|port| port.module).map(|module| netlist.cell_of(module))
    else {
        return Ok(None);
    };
    let Leaf::Pin { port, bit } = trace(netlist, *input, *low, warnings)? else { return Ok(None) };
    if port != gpio {
        return Ok(None);
    }
    let high = high.and_then(number::integer).unwrap_or(*low).max(*low);
    Ok(u32::try_from(bit).ok().zip(u32::try_from(high - low + 1).ok()))
}
