//! The verdict on a schedule that has come to rest.

use pynq_core::interrupt::NodeHandle;

use crate::{
    hardware::{CHILD, GPIO, RAW_LEVEL},
    schedule::Schedule,
    waiter::Kind,
};

impl Schedule {
    pub(crate) fn rest(&self) {
        for _ in 0..2_000 {
            let delivered = self.deliver();
            if !self.poll_woken() && !delivered {
                return;
            }
        }
        self.bad("it never comes to rest");
    }

    /// I1: the lines that a task waits on are unmasked, and no others.
    pub(crate) fn check_masks(&self, when: &str) {
        let waiters = self.waiters.borrow().clone();
        let (mut raw, mut channels, mut direct) = (0, [0, 0], false);
        for waiter in waiters.iter().filter(|waiter| waiter.is_waiting()) {
            match waiter.kind {
                Kind::RawEdge(line) | Kind::Listener(line) => raw |= 1 << line,
                Kind::RawLevel => raw |= 1 << RAW_LEVEL,
                Kind::Direct => direct = true,
                Kind::PinLevel(pin, _) | Kind::PinEdge(pin, _) | Kind::PinChange(pin) => {
                    channels[pin.gpio] |= 1 << pin.channel;
                }
            }
        }
        for (gpio, line) in (0..2).zip(GPIO..) {
            let enabled = self.hardware.borrow_mut().channels_enabled(gpio);
            if enabled != channels[gpio] {
                self.bad(format!("I1 {when}: GPIO {gpio} has {enabled:#b} unmasked, {:#b} waited on", channels[gpio]));
            }
            raw |= u32::from(channels[gpio] != 0) << line;
        }
        let depth = self.hardware.borrow().controllers.len();
        for controller in (0..depth).rev() {
            let enabled = self.hardware.borrow().enables(controller);
            if enabled != raw {
                self.bad(format!("I1 {when}: controller {controller} has {enabled:#b} unmasked, {raw:#b} waited on"));
            }
            raw = u32::from(raw != 0) << CHILD;
        }
        let pins = self.pins.borrow();
        if (pins[0].armed, pins[1].armed) != (raw != 0, direct) {
            self.bad(format!("I1 {when}: CPU pins armed {:?}", (pins[0].armed, pins[1].armed)));
        }
    }

    pub(crate) fn check_lost(&self) {
        let waiters = self.waiters.borrow().clone();
        for waiter in waiters.iter().filter(|waiter| waiter.is_waiting()) {
            let (truth, high) = (self.truth(waiter), self.is_high(waiter));
            let lost = match waiter.kind {
                Kind::RawEdge(_) | Kind::Listener(_) => truth.events != waiter.looked.get(),
                // The controller's latch remembers that the device asked, even if another task has answered it since.
                Kind::RawLevel => self.asks(waiter) || truth.events > waiter.registered.get(),
                Kind::Direct => self.asks(waiter),
                Kind::PinLevel(_, level) => high == Some(level),
                Kind::PinEdge(_, rising) => waiter.known.get() == Some(!rising) && high == Some(rising),
                Kind::PinChange(_) => waiter.known.get().is_some() && waiter.known.get() != high,
            };
            if lost {
                self.bad(format!("lost: {:?} still waits", waiter.kind));
            }
        }
    }

    pub(crate) fn check_end(&self) {
        let nodes: Vec<NodeHandle> = self
            .controllers
            .borrow()
            .iter()
            .chain(self.gpios.borrow().iter())
            .chain(self.direct.borrow().iter())
            .cloned()
            .collect();
        let spurious: u32 =
            nodes.iter().flat_map(|node| (0..node.line_count()).map(|line| node.line_stats(line).spurious)).sum();
        if spurious != 0 {
            self.bad(format!("{spurious} waiters were woken for nothing"));
        }
        if self.unsettled.get() != 0 {
            self.bad(format!("the engine reports {} waiters as woken and not seen since", self.unsettled.get()));
        }
        if !nodes.iter().all(NodeHandle::is_idle) {
            self.bad("a node is not idle though nobody waits");
        }
    }
}
