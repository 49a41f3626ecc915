//! The nodes and the tasks of a schedule.

use std::{pin::Pin, rc::Rc, sync::Arc};

use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, axi_intc_node,
    interrupt::{Direct, DirectNode, InterruptSource, Line, NodeHandle, ParentLine},
};
use pynq_drivers::axi_gpio::{AxiGpioConfig, AxiGpioHardware, ChannelConfig, axi_gpio_node};

use crate::{
    backend::{CpuPin, PreemptedLock, Window},
    hardware::{CHILD, Device, GPIO, INPUTS, RAW_LEVEL},
    schedule::Schedule,
    waiter::{Kind, PinId, Waiter},
};

type Source = Pin<Box<dyn InterruptSource + Send + Sync>>;

pub(crate) fn build(schedule: &Schedule, kinds: u32, depth: usize) -> Result<(), String> {
    let mut source: Source = Box::pin(CpuPin(0));
    for level in 0..depth {
        let config = AxiIntcConfig::new(INPUTS, kinds);
        let hardware = AxiIntcHardware::new(Window(Device::Controller(level)), config).map_err(|e| e.to_string())?;
        let node = schedule.own(Arc::pin(axi_intc_node(PreemptedLock::new(), hardware, source)));
        schedule.controllers.borrow_mut().push(node.clone());
        source = Box::pin(ParentLine::new(node, CHILD));
    }
    drop(source);
    let last = schedule.controllers.borrow()[depth - 1].clone();
    for (gpio, line) in (0..2).zip(GPIO..) {
        let channel = ChannelConfig::inputs(2);
        let config = AxiGpioConfig { channel1: channel, channel2: Some(channel), interrupt: true };
        let hardware = AxiGpioHardware::new(pynq_core::Window::boxed(Window(Device::Gpio(gpio))), config)
            .map_err(|e| e.to_string())?;
        let parent = ParentLine::new(last.clone(), line);
        let node = schedule.own(Arc::pin(axi_gpio_node(PreemptedLock::new(), hardware, parent)));
        schedule.gpios.borrow_mut().push(node);
    }
    let direct = NodeHandle::from(Arc::pin(DirectNode::new(PreemptedLock::new(), Direct, CpuPin(1)))).erase();
    *schedule.direct.borrow_mut() = Some(direct.clone());

    let mut waiters = Vec::new();
    let mut add = |kind: Kind, node: &NodeHandle, line: u8, mask: Option<u32>| -> Result<(), String> {
        let handle = match (kind, mask) {
            (Kind::PinLevel(..) | Kind::PinEdge(..), _) => None,
            (_, Some(mask)) => Some(Line::of_bits(node.clone(), line, mask).map_err(|e| e.to_string())?),
            (_, None) => Some(Line::new(node.clone(), line).map_err(|e| e.to_string())?),
        };
        let waiter = Waiter::new(kind, node.clone(), line, handle);
        if matches!(kind, Kind::PinChange(_)) {
            waiter.known.set(Some(false));
        }
        waiters.push(Rc::new(waiter));
        Ok(())
    };
    for line in 0..2 {
        for _ in 0..2 {
            add(Kind::RawEdge(line), &last, line, None)?;
        }
    }
    add(Kind::Listener(0), &last, 0, None)?;
    add(Kind::RawLevel, &last, RAW_LEVEL, None)?;
    add(Kind::RawLevel, &last, RAW_LEVEL, None)?;
    add(Kind::Direct, &direct, 0, None)?;
    let gpios = schedule.gpios.borrow().clone();
    for (gpio, channel) in [(0, 0), (0, 1), (1, 0)] {
        let node = &gpios[gpio];
        let pin = |pin| PinId { gpio, channel, pin };
        for high in [false, true] {
            add(Kind::PinLevel(pin(0), high), node, channel, None)?;
            add(Kind::PinEdge(pin(1), high), node, channel, None)?;
        }
        add(Kind::PinChange(pin(0)), node, channel, Some(1))?;
        add(Kind::PinChange(pin(0)), node, channel, Some(1))?;
    }
    *schedule.waiters.borrow_mut() = waiters;
    Ok(())
}
