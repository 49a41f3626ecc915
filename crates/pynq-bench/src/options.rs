//! What a person wrote on the command line of a benchmark.

/// Options that every benchmark has; others are looked up by their name.
#[derive(Clone, Debug)]
pub struct Options(Vec<String>);

impl Options {
    /// Those of this process.
    #[must_use]
    pub fn from_args() -> Self {
        Self(std::env::args().skip(1).collect())
    }

    /// The value after `name`, if it is given.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        let at = self.0.iter().position(|arg| arg == name)?;
        Some(self.0.get(at + 1).map_or("", String::as_str))
    }

    /// The number after `name`, if there is one.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u32> {
        self.value(name)?.parse().ok()
    }

    /// Whether `name` is given.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|arg| arg == name)
    }

    /// `--rounds N`; with `--quick`, a few, to see that it works.
    #[must_use]
    pub fn rounds(&self, otherwise: u32) -> u32 {
        self.number("--rounds").unwrap_or(if self.has("--quick") { 3 } else { otherwise }).max(1)
    }
}
