//! What the wiring of an interrupt gives reason to warn of.

use super::{Arrival, Builder, place};
use crate::error::Result;
use crate::gates::Polarity;
use crate::interrupts::LineKind;
use crate::limits;
use crate::raw::PortId;
use crate::trace::{Leaf, trace};
use crate::warning::WarningKind;

impl Builder<'_, '_, '_> {
    /// What a port says it is. The entries of a vector can be fewer than its bits, so they count only where they agree.
    pub(super) fn sensitivity(&self, port: PortId) -> Option<LineKind> {
        match (
            self.all_say(port, |word| word.starts_with("LEVEL")),
            self.all_say(port, |word| word.starts_with("EDGE")),
        ) {
            (true, _) => Some(LineKind::Level),
            (_, true) => Some(LineKind::Edge),
            _ => None,
        }
    }

    /// When a port says it is active.
    pub(super) fn polarity(&self, port: PortId) -> Option<Polarity> {
        let high = |word: &str| matches!(word, "LEVEL_HIGH" | "EDGE_RISING");
        let low = |word: &str| matches!(word, "LEVEL_LOW" | "EDGE_FALLING");
        match (self.all_say(port, high), self.all_say(port, low)) {
            (true, _) => Some(Polarity::High),
            (_, true) => Some(Polarity::Low),
            _ => None,
        }
    }

    fn all_say(&self, port: PortId, is: impl Fn(&str) -> bool) -> bool {
        let text = self.netlist.port(port).map_or("", |port| port.sensitivity);
        !text.is_empty() && text.split(':').all(is)
    }

    /// Holds what a source is against what its line takes it for.
    pub(super) fn check_sensitivity(
        &mut self,
        pin: &str,
        source: Option<LineKind>,
        polarity: Option<Polarity>,
        arrival: &Arrival,
    ) {
        let place = place(arrival);
        match (source, arrival.kind) {
            (Some(LineKind::Level), Some(LineKind::Edge)) => {
                let message = format!("a level on {place}, an edge line");
                self.warnings.add(WarningKind::LevelSourceOnEdgeLine, pin, message);
            }
            (Some(LineKind::Edge), Some(LineKind::Level)) => {
                let message = format!("an edge or pulse on {place}, a level line");
                self.warnings.add(WarningKind::EdgeSourceOnLevelLine, pin, message);
            }
            _ => {}
        }
        // Behind gates the polarity has been followed through them.
        if !arrival.gates.is_empty() {
            return;
        }
        let message = match (polarity, arrival.listens) {
            (Some(Polarity::Low), Polarity::High) => format!("active low on {place}, which is active high"),
            (Some(Polarity::High), Polarity::Low) => format!("active high on {place}, which is active low"),
            (None, Polarity::Low) => format!("it does not say that it is active low, as {place} is"),
            _ => return,
        };
        self.warnings.add(WarningKind::PolarityMismatch, pin, message);
    }

    /// Names what is on the bits of a net that are wired to something narrower.
    pub(super) fn lost_bits(&mut self) -> Result<()> {
        while let Some((load, width)) = self.warnings.next_passed() {
            let Some(driver) = self.netlist.driver(load, self.warnings) else { continue };
            let bits = self.netlist.width(driver);
            let mut lost = Vec::new();
            for bit in width..bits.min(width.saturating_add(limits::LOST_BITS)) {
                match trace(self.netlist, load, bit, self.warnings)? {
                    Leaf::Open | Leaf::Constant => {}
                    Leaf::Pin { port, bit } | Leaf::Gate { port, bit, .. } => lost.push(self.bit_name(port, bit)),
                    Leaf::Controller { port, .. } => lost.push(self.netlist.pin(port)),
                }
            }
            if lost.is_empty() {
                continue;
            }
            let more = if bits - width > limits::LOST_BITS { ", ..." } else { "" };
            let of = self.netlist.pin(driver);
            let message = format!(
                "it takes {width} of the {bits} bits of {of}; {}{more} {} nothing",
                lost.join(", "),
                if lost.len() == 1 { "reaches" } else { "reach" }
            );
            self.warnings.add(WarningKind::LostBits, &self.netlist.pin(load), message);
        }
        Ok(())
    }
}
