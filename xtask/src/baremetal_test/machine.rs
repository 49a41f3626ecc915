//! What there is to run, and on what.

use std::{path::PathBuf, time::Duration};

use super::{far_end::Talk, script::Emulator};
use crate::{project::Project, shell::Failure};

/// An emulated machine, and the programs for it.
pub(super) struct Machine {
    pub(super) name: &'static str,
    /// The package of its programs.
    pub(super) package: &'static str,
    pub(super) target: &'static str,
    /// The emulator, or what is missing.
    pub(super) emulator: fn(&Project) -> Result<Result<PathBuf, String>, Failure>,
    /// Its arguments but for the program, `{}` being that.
    pub(super) args: &'static str,
    /// Whether its first serial line is another than the console, which is the second then.
    pub(super) line_before_console: bool,
    pub(super) programs: &'static [Program],
    /// What `pynq new` makes a project of for it.
    pub(super) template: Option<&'static str>,
}

/// What happens to a machine while a program runs.
type Script = fn(&mut Emulator) -> Result<(), Failure>;

/// A program, how it is run, and when it has passed.
pub(super) struct Program {
    pub(super) name: &'static str,
    /// Whether it has an allocator.
    pub(super) alloc: bool,
    /// Arguments of the emulator, for one run each.
    pub(super) runs: &'static [&'static str],
    /// The emulator is killed after this. Generous: it says that the program hangs, not how fast the machine is.
    pub(super) limit: Duration,
    /// Whether to tell how large it is, and of what.
    pub(super) sizes: bool,
    /// What happens to the machine while it runs, and is to be seen of it.
    pub(super) script: Option<Script>,
    /// Who is at the other end of the line before the console.
    pub(super) far_end: Option<Talk>,
    /// Whether its exit status has to be another than 0.
    pub(super) fails: bool,
    /// What its console has to say besides.
    pub(super) says: &'static [&'static str],
}

impl Program {
    /// A program that runs by itself, once, in the emulator's own time.
    pub(super) const fn new(name: &'static str) -> Self {
        Self {
            name,
            alloc: false,
            runs: &[""],
            limit: Duration::from_secs(300),
            sizes: false,
            script: None,
            far_end: None,
            fails: false,
            says: &[],
        }
    }

    pub(super) const fn with_alloc(mut self) -> Self {
        self.alloc = true;
        self
    }

    pub(super) const fn fails(mut self) -> Self {
        self.fails = true;
        self
    }

    pub(super) const fn sizes(mut self) -> Self {
        self.sizes = true;
        self
    }

    pub(super) const fn runs(mut self, runs: &'static [&'static str]) -> Self {
        self.runs = runs;
        self
    }

    pub(super) const fn script(mut self, script: Script) -> Self {
        self.script = Some(script);
        self
    }

    pub(super) const fn far_end(mut self, talk: Talk) -> Self {
        self.far_end = Some(talk);
        self
    }

    pub(super) const fn says(mut self, says: &'static [&'static str]) -> Self {
        self.says = says;
        self
    }
}
