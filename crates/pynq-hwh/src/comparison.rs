//! Whether a bitstream and a handoff file are of one build, as far as their contents show.

use crate::bitstream::Bitstream;
use crate::design::Design;
use crate::error::{Error, Result};

/// What Vivado puts behind the name of a block design, for the module around it.
const WRAPPER: &str = "_wrapper";

/// What the two files say of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compared {
    /// What it is: `part`, `design` or `Vivado`.
    pub what: &'static str,
    /// What the bitstream says; `None` if it doesn't.
    pub bitstream: Option<String>,
    /// What the handoff file says; `None` if it doesn't.
    pub design: Option<String>,
    /// What that means.
    pub verdict: Verdict,
}

/// What a comparison means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// The two say the same.
    Same,
    /// They differ, and may be of one build all the same.
    Suspect,
    /// One of them does not say.
    Unknown,
}

impl Bitstream {
    /// Compares this bitstream with `design`: the part, the name of the design, the version of Vivado.
    ///
    /// # Errors
    ///
    /// [`Error::PartMismatch`] if they are for different parts; [`Error::DesignMismatch`] if Vivado's names say that the
    /// bitstream is of another block design.
    pub fn compare(&self, design: &Design) -> Result<Vec<Compared>> {
        self.check_part(design)?;
        let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let header = self.header.as_ref();
        let part = header.and_then(|header| known(&header.part)).or_else(|| self.device().map(str::to_owned));
        let name = header.and_then(|header| known(&header.design));
        let version = header.and_then(|header| header.attribute("Version")).and_then(known);
        let wanted = known(&design.source.name);
        if let (Some(name), Some(wanted)) = (&name, &wanted) {
            // A module around a block design is Vivado's own, and named after it; any other top module is not.
            if name.strip_suffix(WRAPPER).is_some_and(|inner| inner != wanted && name != wanted) {
                return Err(Error::DesignMismatch { bitstream: name.clone(), design: wanted.clone() });
            }
        }
        let of_name = |a: &str, b: &str| a == b || a.strip_suffix(WRAPPER) == Some(b);
        Ok(vec![
            compared("part", part, known(&design.source.part()), |_, _| true),
            compared("design", name, wanted, of_name),
            compared("Vivado", version, known(&design.source.vivado), |a, b| {
                let number = |text: &str| text.trim_start_matches(['v', 'V']).to_owned();
                number(a) == number(b)
            }),
        ])
    }
}

fn compared(
    what: &'static str,
    bitstream: Option<String>,
    design: Option<String>,
    same: impl Fn(&str, &str) -> bool,
) -> Compared {
    let verdict = match (&bitstream, &design) {
        (Some(a), Some(b)) if same(a, b) => Verdict::Same,
        (Some(_), Some(_)) => Verdict::Suspect,
        _ => Verdict::Unknown,
    };
    Compared { what, bitstream, design, verdict }
}
