//! What drives what, beside buses: clocks, resets, interrupts, and pins that are wired one by one.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::error::{Error, Result};
use crate::limits;
use crate::netlist::Netlist;
use crate::number;
use crate::raw::{Direction, ModuleId, PortId, RawPort};
use crate::warning::Warnings;

/// What a wire is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WireKind {
    /// A clock.
    Clock,
    /// A reset.
    Reset,
    /// An interrupt.
    Interrupt,
    /// Anything else.
    Data,
}

impl WireKind {
    fn of(port: &RawPort<'_>) -> Option<Self> {
        let is = |word: &str| port.kind.eq_ignore_ascii_case(word);
        if is("clk") {
            Some(Self::Clock)
        } else if is("rst") {
            Some(Self::Reset)
        } else if is("INTERRUPT") {
            Some(Self::Interrupt)
        } else {
            None
        }
    }
}

/// A net with its driver. Pins are `path/PORT`, or the bare name of a top-level pin.
///
/// ```
/// # let text = include_str!("../fixtures/pynq-z2-buttons.hwh");
/// let design = pynq_hwh::Design::parse(text)?;
/// let (driver, clock) = design.wire_to("btns_gpio/s_axi_aclk").expect("it has a clock");
/// assert_eq!((driver, clock.kind), ("ps7_0/FCLK_CLK0", pynq_hwh::WireKind::Clock));
/// # Ok::<(), pynq_hwh::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wire {
    /// What it is for, by what any port on it says.
    pub kind: WireKind,
    /// Bits of the driver.
    pub width: u32,
    /// The inputs on it.
    pub loads: Vec<String>,
    /// Frequency of a clock, where the file says so.
    pub frequency_hz: Option<u64>,
    /// Whether a reset is active low, where the file says so.
    pub active_low: Option<bool>,
}

/// All wires by driver, without the signals of buses.
pub(crate) fn build(netlist: &Netlist<'_, '_>) -> Result<BTreeMap<String, Wire>> {
    let mut of_buses: HashSet<(ModuleId, &str)> = HashSet::new();
    for bus in &netlist.raw.buses {
        of_buses.extend(bus.module.iter().flat_map(|module| bus.ports.iter().map(|port| (*module, *port))));
    }
    // Drivers are looked up for the interrupts too, and warned of there: the warnings of this look-up are dropped.
    let mut scratch = Warnings::default();
    let mut count = 0;
    let mut loads: HashMap<PortId, Vec<PortId>> = HashMap::new();
    for (id, port) in netlist.raw.ports.iter().enumerate() {
        let listens = match netlist.module_of(id) {
            Some(module) => port.direction == Direction::In && !module.container,
            None => port.direction == Direction::Out,
        };
        if !listens || (port.signal.is_empty() && port.module.is_none()) {
            continue;
        }
        // A bus can carry a clock or a reset; the file says what these are.
        let of_bus = port.module.is_some_and(|module| of_buses.contains(&(module, port.name)));
        if of_bus && WireKind::of(port).is_none() {
            continue;
        }
        let Some(driver) = netlist.driver(id, &mut scratch).filter(|driver| *driver != id) else { continue };
        loads.entry(driver).or_default().push(id);
        count += 1;
        if count > limits::WIRE_LOADS {
            return Err(Error::Limit {
                place: netlist.raw.text.place(port.name),
                what: "number of wired inputs".into(),
                found: format!("more than {}", limits::WIRE_LOADS),
                limit: limits::WIRE_LOADS as u64,
            });
        }
    }
    let mut wires = BTreeMap::new();
    for (driver, loads) in loads {
        let ports = || [driver].into_iter().chain(loads.iter().copied()).filter_map(|id| netlist.port(id));
        let kind = ports().find_map(WireKind::of).unwrap_or(WireKind::Data);
        let polarity = |word: &str| ports().any(|port| port.polarity.eq_ignore_ascii_case(word));
        let active_low = match (polarity("ACTIVE_LOW"), polarity("ACTIVE_HIGH")) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            _ => None,
        };
        let wire = Wire {
            kind,
            width: u32::try_from(netlist.width(driver)).unwrap_or(u32::MAX),
            loads: loads.iter().map(|id| netlist.pin(*id)).collect(),
            frequency_hz: ports().find_map(|port| number::integer(port.clock)),
            active_low,
        };
        wires.insert(netlist.pin(driver), wire);
    }
    Ok(wires)
}
