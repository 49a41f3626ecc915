//! The tree of UIO devices as a real kernel shows it: names, interrupts, and windows by both ways.

use std::{path::Path, sync::Arc};

use pynq_core::mmio::Checked;
use pynq_uio::{Mapping, SystemPaths, Trigger, UioDevices, UioInterrupt, Window};

use crate::{
    board::{LAB_INTC, SYSTEM_INTC, TTC0, intc, quiet},
    report::{Failed, check, ensure},
};

/// A device: its name, its interrupt in the GIC with its trigger, and where its maps begin.
type Expected = (&'static str, Option<(u32, Trigger)>, &'static [u64]);

/// Each device of the board.
const DEVICES: [Expected; 10] = [
    ("fabric", Some((61, Trigger::Level)), &[0x4000_0000]),
    ("lab", Some((62, Trigger::Level)), &[LAB_INTC, 0x4280_0000, 0x4126_0000, 0x42C0_0000, 0x4040_0000]),
    ("direct", Some((63, Trigger::Level)), &[0x4284_0000]),
    ("ttc0-0", Some((42, Trigger::Level)), &[TTC0]),
    ("ttc0-1", Some((43, Trigger::Level)), &[TTC0]),
    ("ttc0-2", Some((44, Trigger::Edge)), &[TTC0]),
    ("ttc1-0", Some((69, Trigger::Level)), &[0xF800_2000, 0xF800_0000]),
    ("uart0", Some((59, Trigger::Level)), &[0xE000_0000]),
    ("xadc-noirq", None, &[0xF800_7100]),
    ("dmabuf", None, &[0x0F00_0000]),
];

pub(crate) fn all() {
    for (name, interrupt, maps) in DEVICES {
        check(&format!("discovery/{name}"), || one(name, interrupt, maps));
    }
    check("discovery/nothing-else", || {
        let found = UioDevices::find(&SystemPaths::default())?;
        ensure!(found.devices().len() == DEVICES.len(), "{} devices: {:?}", found.devices().len(), found.devices());
        ensure!(found.by_name("nobody").is_err(), "a device was found that is not there");
        ensure!(found.by_irq(60).is_err(), "a device was found for an interrupt that none has");
        Ok(format!("{} devices", DEVICES.len()))
    });
    check("discovery/shared-registers", || {
        // Three counters have the same page: it doesn't show which one is meant.
        let found = UioDevices::find(&SystemPaths::default())?;
        let error = match found.by_address(TTC0) {
            Ok(device) => return Err(format!("{device} was found for registers that three devices have").into()),
            Err(error) => error.to_string(),
        };
        ensure!(["ttc0-0", "ttc0-1", "ttc0-2"].iter().all(|name| error.contains(name)), "{error}");
        Ok("")
    });
    check("windows/both-ways", windows);
    check("windows/inside-a-page", || {
        let window = pynq_uio::open_window(&SystemPaths::default(), 0xF800_7100, 0x20)?;
        let by_memory = physical(0xF800_7000, 0x1000)?;
        let (found, wanted) = (Checked::new(window).read(0, 4)?, Checked::new(by_memory).read(0x100, 4)?);
        ensure!(found == wanted, "{found:#x} through UIO, {wanted:#x} through /dev/mem");
        Ok(format!("{found:#x}"))
    });
    check("windows/revoked", revoked);
}

fn one(name: &str, interrupt: Option<(u32, Trigger)>, maps: &[u64]) -> Result<String, Failed> {
    let found = UioDevices::find(&SystemPaths::default())?;
    let device = found.by_name(name)?;
    let addresses: Vec<u64> = device.maps.iter().map(pynq_uio::UioMap::address).collect();
    ensure!(addresses == maps, "maps at {addresses:x?}, not at {maps:x?}");
    match interrupt {
        None => ensure!(device.interrupt == UioInterrupt::None, "it has {:?} and should have none", device.interrupt),
        Some((irq, trigger)) => {
            let known = device.interrupt.known().ok_or("its interrupt is not known")?;
            ensure!(known.hwirq == Some(irq), "its interrupt is {known:?}, not {irq}");
            ensure!(known.trigger == Some(trigger), "its trigger is {:?}, not {trigger:?}", known.trigger);
            let by_irq = found.by_irq(irq)?;
            ensure!(by_irq.number == device.number, "interrupt {irq} leads to {by_irq}");
        }
    }
    Ok(device.to_string())
}

/// Registers by their physical address, whatever else UIO offers.
fn physical(address: u64, size: usize) -> Result<Window, Failed> {
    let mapping = Mapping::open(Path::new("/dev/mem"), address, size)?;
    Ok(Window::new(Arc::new(mapping), 0, size, address)?)
}

/// What is written through UIO is read through `/dev/mem`, and the other way round.
fn windows() -> Result<String, Failed> {
    quiet()?;
    let devices = UioDevices::find(&SystemPaths::default())?;
    let by_uio = devices.by_name("lab")?.window(LAB_INTC, 0x20)?;
    let opened = pynq_uio::open_window(&SystemPaths::default(), LAB_INTC, 0x20)?;
    ensure!(opened.mapping().path() == by_uio.mapping().path(), "not mapped through UIO: {:?}", opened.mapping());
    let (by_uio, by_memory) = (Checked::new(by_uio), Checked::new(physical(LAB_INTC, 0x1000)?));
    for pattern in [0x55, 0x2A, 0] {
        by_uio.write(intc::IER, pattern)?;
        ensure!(by_memory.read(intc::IER, 4)? == u64::from(pattern), "written {pattern:#x} through UIO");
        by_memory.write(intc::IER, pattern ^ 0x7F)?;
        ensure!(by_uio.read(intc::IER, 4)? == u64::from(pattern ^ 0x7F), "written through /dev/mem");
    }
    by_uio.write(intc::IER, 0)?;
    // What no UIO device has goes through /dev/mem by itself, as on a stock image.
    let system = pynq_uio::open_window(&SystemPaths::default(), SYSTEM_INTC, 0x20)?;
    ensure!(system.mapping().path() == Path::new("/dev/mem"), "{:?}", system.mapping());
    Ok(String::new())
}

/// After a revocation nothing reaches the hardware, and nothing faults.
fn revoked() -> Result<String, Failed> {
    quiet()?;
    let mapped = Arc::new(pynq_uio::open_window(&SystemPaths::default(), SYSTEM_INTC, 0x20)?);
    let window = Checked::new(Arc::clone(&mapped));
    let witness = Checked::new(physical(SYSTEM_INTC, 0x1000)?);
    window.write(intc::IER, 0x15)?;
    ensure!(witness.read(intc::IER, 4)? == 0x15, "the window reaches nothing");
    mapped.revoke()?;
    window.write(intc::IER, 0x2A)?;
    let found = witness.read(intc::IER, 4)?;
    ensure!(found == 0x15, "a revoked window wrote {found:#x}");
    witness.write(intc::IER, 0)?;
    Ok(String::new())
}
