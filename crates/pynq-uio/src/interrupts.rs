//! Which interrupt is which: `/proc/interrupts`, refined by `/sys/kernel/irq`.
//!
//! `/proc/interrupts` is made for people. Its columns depend on the kernel's configuration and on the interrupt
//! controller's driver, names may contain spaces, and only the header says how many counts a row has. `/sys/kernel/irq`
//! (Linux 4.9 and later) has one value per file; where it exists, its values are taken. The names of the handlers are the
//! exception: it separates them by a bare comma, which a name may contain, so those of `/proc/interrupts` are preferred.
#![forbid(unsafe_code)]

use std::{fmt, fs, io, path::Path};

use crate::{Error, Result, SystemPaths};

/// What a controller looks at to see an interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// The line's level: it fires for as long as it is active.
    Level,
    /// A change of the line: it fires once for each.
    Edge,
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Level => "level",
            Self::Edge => "edge",
        })
    }
}

/// One interrupt that the kernel knows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InterruptRow {
    /// The kernel's number for it, which means nothing elsewhere.
    pub virq: u32,
    /// How often it came, on each CPU that is online.
    pub counts: Vec<u64>,
    /// The controller it comes through.
    pub chip: String,
    /// Its number in that controller: with a GIC, the interrupt ID of the data sheets.
    pub hwirq: Option<u32>,
    /// Its trigger, where the kernel shows it.
    pub trigger: Option<Trigger>,
    /// The names its handlers were registered by; several if the line is shared, none if it has no handler. A UIO
    /// device's is its name.
    pub actions: Vec<String>,
}

impl InterruptRow {
    /// Whether it comes through an Arm GIC, so that its number is an interrupt ID.
    #[must_use]
    pub fn is_gic(&self) -> bool {
        self.chip.starts_with("GIC")
    }

    /// How often it came, on all CPUs together.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |sum, &count| sum.wrapping_add(count))
    }
}

/// The interrupts of a system, as they were at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interrupts {
    rows: Vec<InterruptRow>,
}

impl Interrupts {
    /// Reads the interrupts of this system. Where a system shows none of them, there are none.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if a file is there and can't be read, [`Error::FileContent`] if it is no table of interrupts.
    pub fn read(paths: &SystemPaths) -> Result<Self> {
        let table = paths.proc.join("interrupts");
        let mut interrupts = match fs::read(&table) {
            Ok(bytes) => Self::parse(&table, &String::from_utf8_lossy(&bytes))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::default(),
            Err(error) => return Err(Error::file("read", table, error)),
        };
        interrupts.refine(&paths.sys.join("kernel/irq"))?;
        Ok(interrupts)
    }

    /// Reads a table in the form of `/proc/interrupts`. `path` is named in errors.
    ///
    /// # Errors
    ///
    /// [`Error::FileContent`] with the first line that fits nowhere.
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        let wrong =
            |line: &str, wanted| Error::FileContent { path: path.into(), found: line.trim().to_owned(), wanted };
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let Some(header) = lines.next() else { return Ok(Self::default()) };
        let cpus = header.split_whitespace().count();
        if !header.split_whitespace().all(|word| word.starts_with("CPU")) {
            return Err(wrong(header, "a header with the CPUs"));
        }
        let mut rows = Vec::new();
        for line in lines {
            let (label, rest) = line.split_once(':').ok_or_else(|| wrong(line, "a row with a label"))?;
            // Rows that no device can own have names: IPI0, NMI, ERR. They have texts of their own and not always counts.
            let Ok(virq) = label.trim().parse() else { continue };
            let row = row(virq, rest, cpus).ok_or_else(|| wrong(line, "a count for each CPU of the header"))?;
            rows.push(row);
        }
        Ok(Self { rows })
    }

    /// Takes the values of `/sys/kernel/irq` where it has them.
    fn refine(&mut self, folder: &Path) -> Result<()> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Error::file("list", folder, error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| Error::file("list", folder, error))?;
            let Some(virq) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
            let folder = entry.path();
            let index = self.rows.iter().position(|row| row.virq == virq).unwrap_or_else(|| {
                let empty = InterruptRow {
                    virq,
                    counts: Vec::new(),
                    chip: String::new(),
                    hwirq: None,
                    trigger: None,
                    actions: Vec::new(),
                };
                self.rows.push(empty);
                self.rows.len() - 1
            });
            let Some(row) = self.rows.get_mut(index) else { continue };
            refine(row, &folder)?;
        }
        self.rows.sort_by_key(|row| row.virq);
        Ok(())
    }

    /// All of them, by the kernel's number.
    #[must_use]
    pub fn rows(&self) -> &[InterruptRow] {
        &self.rows
    }

    /// The interrupt with this number in its controller, the GIC wherever there is one.
    ///
    /// # Errors
    ///
    /// [`Error::AmbiguousInterrupt`] if several controllers have one of this number.
    pub fn by_hwirq(&self, hwirq: u32) -> Result<Option<&InterruptRow>> {
        let gic = self.rows.iter().any(InterruptRow::is_gic);
        let found =
            self.rows.iter().filter(|row| row.hwirq == Some(hwirq) && (row.is_gic() || !gic)).collect::<Vec<_>>();
        match *found {
            [] => Ok(None),
            [row] => Ok(Some(row)),
            _ => Err(Error::AmbiguousInterrupt {
                requested: format!("interrupt {hwirq}"),
                candidates: found.into_iter().map(ToString::to_string).collect(),
            }),
        }
    }

    /// The interrupts that a handler of this name is registered for.
    pub fn by_action<'a>(&'a self, action: &'a str) -> impl Iterator<Item = &'a InterruptRow> {
        self.rows.iter().filter(move |row| row.actions.iter().any(|name| name == action))
    }
}

impl fmt::Display for InterruptRow {
    /// As in `GIC-0 61 level (fabric)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.chip.is_empty() { "unknown controller" } else { &self.chip })?;
        if let Some(hwirq) = self.hwirq {
            write!(f, " {hwirq}")?;
        }
        if let Some(trigger) = self.trigger {
            write!(f, " {trigger}")?;
        }
        if self.actions.is_empty() { Ok(()) } else { write!(f, " ({})", self.actions.join(", ")) }
    }
}

/// Reads what comes after the label.
fn row(virq: u32, rest: &str, cpus: usize) -> Option<InterruptRow> {
    let mut rest = rest;
    let mut counts = Vec::with_capacity(cpus);
    for _ in 0..cpus {
        let (word, after) = next_word(rest)?;
        counts.push(word.parse().ok()?);
        rest = after;
    }
    let (chip, rest) = chip(rest);
    let (hwirq, attached, rest) = hwirq(rest);
    let (trigger, rest) = trigger(rest);
    let actions = match rest.trim() {
        "" => Vec::new(),
        names => names.split(", ").map(|name| name.trim().to_owned()).collect(),
    };
    Some(InterruptRow { virq, counts, chip, hwirq: hwirq.and_then(number), trigger: trigger.or(attached), actions })
}

/// The next word, and what follows it with the blanks before that.
fn next_word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let end = text.find(' ').unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// The controller's name. It may have several words; it ends where the number, the trigger, or, after two blanks at least,
/// the names of the handlers begin.
fn chip(text: &str) -> (String, &str) {
    let mut chip = String::new();
    let mut rest = text;
    while let Some((word, after)) = next_word(rest) {
        let begins = rest.starts_with("  ") || hwirq(rest).0.is_some() || trigger(rest).0.is_some();
        if !chip.is_empty() {
            if begins {
                break;
            }
            chip.push(' ');
        }
        chip.push_str(word);
        rest = after;
    }
    (chip, rest)
}

/// The number in the controller; some kernels attach the flow to it, as in `5-edge`.
fn hwirq(text: &str) -> (Option<u64>, Option<Trigger>, &str) {
    let Some((word, rest)) = next_word(text) else { return (None, None, text) };
    let (number, flow) = word.split_once('-').unwrap_or((word, ""));
    let trigger = match flow {
        "edge" => Some(Trigger::Edge),
        "level" => Some(Trigger::Level),
        _ => None,
    };
    match number.parse() {
        Ok(number) => (Some(number), trigger, rest),
        Err(_) => (None, None, text),
    }
}

/// A number that a device's interrupt can have. Message-signalled ones of some controllers are longer.
fn number(hwirq: u64) -> Option<u32> {
    u32::try_from(hwirq).ok()
}

/// The trigger's column, which is wider than its word: something that begins with the word is the name of a handler.
fn trigger(text: &str) -> (Option<Trigger>, &str) {
    match next_word(text) {
        Some(("Level", rest)) if rest.is_empty() || rest.starts_with("  ") => (Some(Trigger::Level), rest),
        Some(("Edge", rest)) if rest.is_empty() || rest.starts_with("  ") => (Some(Trigger::Edge), rest),
        _ => (None, text),
    }
}

/// Takes the values of one interrupt's folder where it has them.
fn refine(row: &mut InterruptRow, folder: &Path) -> Result<()> {
    if let Some(chip) = value(folder, "chip_name")? {
        row.chip = chip;
    }
    if let Some(hwirq) = value(folder, "hwirq")? {
        let wanted = "the number of an interrupt";
        row.hwirq = match hwirq.parse() {
            Ok(hwirq) => number(hwirq),
            Err(_) => return Err(Error::FileContent { path: folder.join("hwirq"), found: hwirq, wanted }),
        };
    }
    match value(folder, "type")?.as_deref() {
        Some("level") => row.trigger = Some(Trigger::Level),
        Some("edge") => row.trigger = Some(Trigger::Edge),
        _ => {}
    }
    if row.actions.is_empty() {
        if let Some(actions) = value(folder, "actions")? {
            row.actions = actions.split(',').map(|name| name.trim().to_owned()).collect();
        }
    }
    Ok(())
}

/// The text of a file, or nothing if it is empty or gone: interrupts are freed while they are listed.
fn value(folder: &Path, name: &str) -> Result<Option<String>> {
    let path = folder.join(name);
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).trim().to_owned()).filter(|text| !text.is_empty())),
        Err(error) if gone(&error) => Ok(None),
        Err(error) => Err(Error::file("read", path, error)),
    }
}

/// Whether something of the kernel's went away while it was looked at.
pub(crate) fn gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(rustix::io::Errno::NODEV.raw_os_error())
}
