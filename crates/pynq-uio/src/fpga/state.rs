//! What the FPGA manager says it is doing.

use std::fmt;

/// The state of an FPGA manager, by the words of `/sys/class/fpga_manager/fpgaN/state`.
///
/// Only [`Operating`](Self::Operating) means that there is a design in the programmable logic. A register access in any
/// other state may hang the processor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FpgaState {
    /// The kernel doesn't know. On a Zynq this is so when nothing was programmed.
    Unknown,
    /// No power.
    PowerOff,
    /// Power is coming up.
    PowerUp,
    /// Held in reset.
    Reset,
    /// The firmware file is being read.
    FirmwareRequest,
    /// The firmware file could not be read.
    FirmwareRequestError,
    /// The header of the image is being read.
    ParseHeader,
    /// The header of the image is not one that the device knows.
    ParseHeaderError,
    /// The device is being prepared.
    WriteInit,
    /// The device could not be prepared, or refused the image.
    WriteInitError,
    /// The image is being transferred.
    Write,
    /// The transfer failed.
    WriteError,
    /// The device is starting up.
    WriteComplete,
    /// The device did not start up.
    WriteCompleteError,
    /// Programmed and running.
    Operating,
    /// A state that this version does not know.
    Other(String),
}

/// The states with their words.
const WORDS: [(FpgaState, &str); 15] = [
    (FpgaState::Unknown, "unknown"),
    (FpgaState::PowerOff, "power off"),
    (FpgaState::PowerUp, "power up"),
    (FpgaState::Reset, "reset"),
    (FpgaState::FirmwareRequest, "firmware request"),
    (FpgaState::FirmwareRequestError, "firmware request error"),
    (FpgaState::ParseHeader, "parse header"),
    (FpgaState::ParseHeaderError, "parse header error"),
    (FpgaState::WriteInit, "write init"),
    (FpgaState::WriteInitError, "write init error"),
    (FpgaState::Write, "write"),
    (FpgaState::WriteError, "write error"),
    (FpgaState::WriteComplete, "write complete"),
    (FpgaState::WriteCompleteError, "write complete error"),
    (FpgaState::Operating, "operating"),
];

impl FpgaState {
    /// The state that the kernel calls `word`.
    pub(crate) fn from_word(word: &str) -> Self {
        let known = WORDS.iter().find(|(_, known)| *known == word.trim());
        known.map_or_else(|| Self::Other(word.trim().to_owned()), |(state, _)| state.clone())
    }

    /// Whether programming ended in this state, and failed.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.as_str().ends_with(" error")
    }

    /// The kernel's word for it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(word) => word,
            known => WORDS.iter().find(|(state, _)| state == known).map_or("unknown", |(_, word)| word),
        }
    }
}

impl fmt::Display for FpgaState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_back() {
        for (state, word) in WORDS {
            assert_eq!(FpgaState::from_word(&format!("{word}\n")), state);
            assert_eq!(state.to_string(), word);
            assert_eq!(state.is_error(), word.contains("error"));
        }
        let news = FpgaState::from_word("on holiday");
        assert_eq!((news.as_str(), news.is_error()), ("on holiday", false));
        assert!(FpgaState::from_word("nap error").is_error());
    }
}
