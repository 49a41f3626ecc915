//! Which interrupt pins of a design each line of the processor serves, and through which UIO device.

use std::collections::BTreeMap;

use pynq::uio::{Error, UioDevices};
use pynq_hwh::{Design, Hop, LineKind, ProcessorLine, Source};

/// An interrupt pin, and the way to it.
pub(super) struct Pin {
    pub(super) name: String,
    /// The controllers on the way, from the processor's on.
    pub(super) hops: Vec<Hop>,
    /// The gate in front of its line, if there is one.
    gate: Option<String>,
}

impl Pin {
    /// The way as text: `system_interrupts 13 edge`, or nothing if it is direct.
    pub(super) fn way(&self) -> String {
        let hops = self.hops.iter().map(|hop| format!("{} {} {}", hop.controller, hop.line, hop.kind.as_str()));
        hops.collect::<Vec<_>>().join(" > ")
    }
}

/// One line of the processor that something is wired to, or of a controller that the kernel's own driver has.
pub(super) struct Served<'d> {
    pub(super) line: &'d ProcessorLine,
    /// The controller and its line, where the kernel has that.
    pub(super) kernel: Option<KernelLine<'d>>,
    /// The number of the UIO device that has its interrupt, or why there is none.
    pub(super) device: Result<u32, String>,
    /// The pins that come through it.
    pub(super) pins: Vec<Pin>,
}

/// A line of an interrupt controller that the kernel's own driver has.
#[derive(Clone, Copy)]
pub(super) struct KernelLine<'d> {
    /// The controller, in the design.
    pub(super) controller: &'d str,
    pub(super) number: u32,
    pub(super) kind: LineKind,
}

impl Served<'_> {
    /// As in `IRQ_F2P[0] = interrupt 61`, or `system_interrupts[13], which the kernel has`.
    pub(super) fn name(&self) -> String {
        if let Some(line) = self.kernel {
            return format!("{}[{}], which the kernel has", line.controller, line.number);
        }
        let number = self.line.ps_irq.map_or_else(String::new, |irq| format!(" = interrupt {irq}"));
        format!("{}[{}]{number}", self.line.port, self.line.line)
    }

    /// What is wired to it: `system_interrupts`.
    pub(super) fn source(&self) -> &str {
        if let (Some(line), Some(pin)) = (self.kernel, self.pins.first()) {
            // Another controller, or the pin itself.
            let behind = pin.hops.iter().skip_while(|hop| hop.controller != line.controller).nth(1);
            return behind.map_or(&pin.name, |hop| &hop.controller);
        }
        match &self.line.source {
            Source::Pin(name) | Source::Controller(name) => name,
            _ => "",
        }
    }
}

/// The lines of the processor, in the design's order. Those that nothing can fire are left out.
pub(super) fn lines<'d>(design: &'d Design, devices: &UioDevices) -> Vec<Served<'d>> {
    let pins = pins(design);
    let gic = design.processor.as_ref().is_some_and(|processor| processor.family.has_gic());
    let wired = design.interrupts.processor.iter();
    let wired = wired.filter(|line| matches!(line.source, Source::Pin(_) | Source::Controller(_)));
    let mut all = Vec::new();
    for line in wired {
        let behind = pins.iter().filter(|pin| comes_through(design, pin, line));
        let behind =
            behind.map(|pin| Pin { name: pin.name.clone(), hops: pin.hops.clone(), gate: None }).collect::<Vec<_>>();
        if let Some((controller, address)) = kernel_controller(design, devices, line) {
            all.extend(kernel_lines(line, controller, address, behind, devices));
            continue;
        }
        let device = match line.ps_irq {
            Some(_) if !gic => {
                Err("its processor is in the logic, and its interrupts do not reach this system".to_owned())
            }
            Some(irq) => devices.by_irq(irq).map(|device| device.number).map_err(|error| why(irq, &error)),
            None => Err("its interrupt number is not known for this processor".to_owned()),
        };
        all.push(Served { line, kernel: None, device, pins: behind });
    }
    all
}

/// The controller on a line of the processor, if the kernel's own driver has it.
fn kernel_controller<'d>(design: &'d Design, devices: &UioDevices, line: &ProcessorLine) -> Option<(&'d str, u64)> {
    let Source::Controller(path) = &line.source else { return None };
    let (path, controller) = design.interrupts.controllers.get_key_value(path)?;
    let address = controller.base?;
    devices.kernel_controller(address).map(|_| (path.as_str(), address))
}

/// The lines of such a controller that something is wired to, each with the device that is on it.
fn kernel_lines<'d>(
    line: &'d ProcessorLine,
    controller: &'d str,
    address: u64,
    pins: Vec<Pin>,
    devices: &UioDevices,
) -> Vec<Served<'d>> {
    let mut lines: BTreeMap<u32, (LineKind, Vec<Pin>)> = BTreeMap::new();
    for pin in pins {
        let Some(hop) = pin.hops.first() else { continue };
        let (number, kind) = (hop.line, hop.kind);
        lines.entry(number).or_insert_with(|| (kind, Vec::new())).1.push(pin);
    }
    let served = lines.into_iter().map(|(number, (kind, pins))| {
        let device = devices.by_kernel_line(address, number).map(|device| device.number).map_err(|error| match error {
            Error::NoDevice { found, .. } => {
                let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
                format!("no UIO device is on it; this system has: {found}")
            }
            other => other.to_string(),
        });
        Served { line, kernel: Some(KernelLine { controller, number, kind }), device, pins }
    });
    served.collect()
}

/// Why no device has an interrupt. The cure stands elsewhere.
fn why(irq: u32, error: &Error) -> String {
    match error {
        Error::NoDevice { missing_class: Some(_), .. } => "this kernel has no UIO".to_owned(),
        Error::NoDevice { found, held_by, .. } => {
            let held =
                if held_by.is_empty() { String::new() } else { format!(", {} handles it", held_by.join(" and ")) };
            let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
            format!("no UIO device has interrupt {irq}{held}; this system has: {found}")
        }
        other => other.to_string(),
    }
}

/// All pins, vectors bit by bit.
fn pins(design: &Design) -> Vec<Pin> {
    let mut pins = Vec::new();
    for (name, pin) in &design.interrupts.pins {
        // A gate's output is no source: its sources are listed.
        if design.interrupts.gates.contains_key(name) {
            continue;
        }
        let names = match pin.width {
            0 | 1 => vec![name.clone()],
            width => (0..width).map(|bit| format!("{name}[{bit}]")).collect(),
        };
        for name in names {
            let Some(chain) = design.interrupts.chain(&name) else { continue };
            pins.push(Pin { name, hops: chain.hops, gate: pin.gates.last().cloned() });
        }
    }
    pins.sort_by_key(|pin| pin.hops.iter().map(|hop| (hop.controller.clone(), hop.line)).collect::<Vec<_>>());
    pins
}

fn comes_through(design: &Design, pin: &Pin, line: &ProcessorLine) -> bool {
    match (&line.source, pin.hops.first()) {
        (Source::Pin(name), None) => *name == pin.name || pin.gate.as_ref() == Some(name),
        (Source::Controller(path), Some(hop)) => {
            // A controller that is wired to several lines is served through the line in its `ps_irq`.
            let controller = design.interrupts.controllers.get(path);
            hop.controller == *path && controller.is_some_and(|controller| controller.ps_irq == line.ps_irq)
        }
        _ => false,
    }
}
