//! Logic between an interrupt output and the line that it arrives at.

/// What a gate does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GateKind {
    /// Active if any input is.
    Or,
    /// Active if all inputs are.
    And,
    /// Active if an odd number of inputs is.
    Xor,
    /// Active if its input is not.
    Not,
    /// Hands its input on, until the region behind it is reconfigured: `dfx_decoupler`.
    Decoupler,
}

impl GateKind {
    /// The gate of a C_OPERATION.
    pub(crate) fn parse(operation: &str) -> Option<Self> {
        [Self::Or, Self::And, Self::Xor, Self::Not]
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(operation))
    }

    /// `OR`, `AND`, `XOR`, `NOT` or `decoupler`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Or => "OR",
            Self::And => "AND",
            Self::Xor => "XOR",
            Self::Not => "NOT",
            Self::Decoupler => "decoupler",
        }
    }
}

/// When a signal is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Polarity {
    /// When it is high, or rises.
    High,
    /// When it is low, or falls.
    Low,
}

impl Polarity {
    /// `high` or `low`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Low => "low",
        }
    }

    pub(crate) fn of_bit(high: bool) -> Self {
        if high { Self::High } else { Self::Low }
    }

    pub(crate) fn inverted(self) -> Self {
        match self {
            Self::High => Self::Low,
            Self::Low => Self::High,
        }
    }
}
