//! What a design does that its user should know of, without it being an error.

use std::collections::HashSet;
use std::fmt;

use crate::escape::escaped;
use crate::limits;

/// The kind of a [`Warning`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum WarningKind {
    /// The source of an interrupt is a level, the controller's input an edge: a source that never drops never fires
    /// again.
    LevelSourceOnEdgeLine,
    /// The source of an interrupt is an edge or pulse, the controller's input a level.
    EdgeSourceOnLevelLine,
    /// A source is active when the line takes it to be idle: one is active low (or falling), the other high (or rising).
    PolarityMismatch,
    /// An interrupt passes logic that does not hand its level on, or that was too much to follow.
    BehindGate,
    /// Bits of an interrupt net that reach nothing: it is wired to something narrower.
    LostBits,
    /// An input of an interrupt controller, or of the vector on the processor, has no driver.
    UnconnectedInput,
    /// A parameter is missing or unreadable, and the IP's documented default was assumed.
    DefaultedParameter,
    /// `PCW_IRQ_F2P_MODE` is `REVERSE`: the vector is aligned to the top of the processor's lines.
    ReverseMode,
    /// An interrupt reaches the processor by more than one way; the first is listed.
    SeveralRoutes,
    /// A net has more than one driver; the first is taken.
    SeveralDrivers,
    /// An interrupt controller that the processor cannot address.
    UnmappedController,
    /// An interrupt on a processor pin that Linux cannot use, or with no known interrupt number.
    UnusableLine,
    /// A line of the memory map that was left out, and why.
    SkippedRange,
    /// A register that was left out, and why.
    SkippedRegister,
    /// No processor, or several.
    Processor,
    /// The interrupts of this family of processors are not read.
    InterruptsNotRead,
    /// There were more warnings than are kept.
    Truncated,
}

impl WarningKind {
    /// A short name in kebab case, for filters.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LevelSourceOnEdgeLine => "level-source-on-edge-line",
            Self::EdgeSourceOnLevelLine => "edge-source-on-level-line",
            Self::PolarityMismatch => "polarity-mismatch",
            Self::BehindGate => "behind-gate",
            Self::LostBits => "lost-bits",
            Self::UnconnectedInput => "unconnected-input",
            Self::DefaultedParameter => "defaulted-parameter",
            Self::ReverseMode => "reverse-mode",
            Self::SeveralRoutes => "several-routes",
            Self::SeveralDrivers => "several-drivers",
            Self::UnmappedController => "unmapped-controller",
            Self::UnusableLine => "unusable-line",
            Self::SkippedRange => "skipped-range",
            Self::SkippedRegister => "skipped-register",
            Self::Processor => "processor",
            Self::InterruptsNotRead => "interrupts-not-read",
            Self::Truncated => "truncated",
        }
    }

    /// What it means for a user of the design, and what to do.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::LevelSourceOnEdgeLine => {
                "a source that never drops never fires again: its driver must clear the device until the line drops"
            }
            Self::EdgeSourceOnLevelLine => {
                "a pulse that has ended leaves a pending bit, and a long one is served twice"
            }
            Self::PolarityMismatch => {
                "the line is active while its source is idle: invert the signal in the block design, or build the \
                 controller for that polarity (C_KIND_OF_LVL, C_KIND_OF_EDGE, C_IRQ_ACTIVE)"
            }
            Self::BehindGate => {
                "whether the line is active does not show whether this output is: it can't be waited for; wire it by \
                 itself, or through an OR"
            }
            Self::LostBits => "what is on these bits never arrives: make the concat or the input wider",
            Self::UnconnectedInput => "the input counts as a line and never fires",
            Self::DefaultedParameter => "the documented default of the IP is assumed",
            Self::ReverseMode => "the old alignment; set PCW_IRQ_F2P_MODE to DIRECT",
            Self::SeveralRoutes => "only the first route is listed",
            Self::SeveralDrivers => "only the first driver is listed",
            Self::UnmappedController => "its registers cannot be reached, so nothing behind it can be served",
            Self::UnusableLine => "no operating system hands this interrupt out",
            Self::SkippedRange => "the range is left out of the memory map",
            Self::SkippedRegister => "the register is left out of the table",
            Self::InterruptsNotRead => "addresses are read all the same",
            Self::Processor => "addresses and interrupts are those of one processor",
            Self::Truncated => "read the file in Vivado",
        }
    }
}

/// Something about a design that its user should know.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// What kind of thing.
    pub kind: WarningKind,
    /// The pin, path or parameter it is about.
    pub subject: String,
    /// What was found and what it means.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.kind.name(), self.subject, self.message)
    }
}

/// The warnings of one design while it is built.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    list: Vec<Warning>,
    dropped: usize,
    /// What [`Warnings::first`] was called with.
    seen: HashSet<(WarningKind, usize)>,
    /// Inputs that a trace went through, with their widths: what drives them may be wider.
    passed: Vec<(usize, u64)>,
}

impl Warnings {
    pub(crate) fn add(&mut self, kind: WarningKind, subject: &str, message: String) {
        if self.list.len() < limits::WARNINGS {
            // Messages contain values of parameters, which may have any characters.
            let message = escaped(&message).into_owned();
            self.list.push(Warning { kind, subject: escaped(&clip(subject)).into_owned(), message });
        } else {
            self.dropped += 1;
        }
    }

    /// Whether this is the first time that a warning of `kind` is due for item number `item`. What every bit of a vector
    /// passes is reported once.
    pub(crate) fn first(&mut self, kind: WarningKind, item: usize) -> bool {
        self.seen.insert((kind, item))
    }

    /// Notes that a trace went through input `load` of `width` bits.
    pub(crate) fn passed(&mut self, load: usize, width: u64) {
        if self.first(WarningKind::LostBits, load) {
            self.passed.push((load, width));
        }
    }

    /// The next of the inputs that were noted.
    pub(crate) fn next_passed(&mut self) -> Option<(usize, u64)> {
        self.passed.pop()
    }

    pub(crate) fn into_vec(mut self) -> Vec<Warning> {
        if self.dropped > 0 {
            let message = format!("{} more warnings were dropped", self.dropped);
            self.list.push(Warning { kind: WarningKind::Truncated, subject: "warnings".into(), message });
        }
        self.list
    }
}

/// `text`, shortened to what a message can carry.
pub(crate) fn clip(text: &str) -> String {
    const KEEP: usize = 200;
    match text.char_indices().nth(KEEP) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
