//! Commands that are printed before they run, so that a failing one can be copied and run by hand.

use std::{
    ffi::OsStr,
    fmt, io,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Prints a line. Unlike `println!`, it survives a reader that has gone (`cargo xtask ... | head`).
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}
pub(crate) use say;

/// Why a stage failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What was found.
    pub(crate) what: String,
    /// The command that shows it again.
    pub(crate) command: Option<String>,
}

impl Failure {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), command: None }
    }

    pub(crate) fn of(command: impl fmt::Display, what: impl Into<String>) -> Self {
        Self { what: what.into(), command: Some(command.to_string()) }
    }

    /// The first of several, which says how many more there are.
    pub(crate) fn first_of(failures: Vec<Self>) -> Option<Self> {
        let others = failures.len().saturating_sub(1);
        let first = failures.into_iter().next()?;
        if others == 0 {
            return Some(first);
        }
        Some(Self { what: format!("{} (and {others} more of this stage)", first.what), ..first })
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(error.to_string())
    }
}

/// How a command with a time limit ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Success,
    /// It ended with an error; its output is attached.
    Failed(String),
    /// It was still running at the limit and was killed.
    TimedOut,
}

/// A command to be printed and run.
#[derive(Clone)]
pub(crate) struct Cmd {
    program: PathBuf,
    args: Vec<String>,
    set: Vec<(String, String)>,
    unset: Vec<&'static str>,
    dir: Option<PathBuf>,
    /// Another spelling to show, where what runs is not what a person would type.
    shown: Option<String>,
}

/// What `cargo run` puts into the environment of this program, and what must not reach a compiler of another version.
const OF_THIS_TOOLCHAIN: [&str; 9] = [
    "CARGO",
    "RUSTC",
    "RUSTDOC",
    "RUSTUP_TOOLCHAIN",
    "RUST_RECURSION_COUNT",
    "LD_LIBRARY_PATH",
    "DYLD_FALLBACK_LIBRARY_PATH",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
];

impl Cmd {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            program: PathBuf::from(program.as_ref()),
            args: Vec::new(),
            set: Vec::new(),
            unset: Vec::new(),
            dir: None,
            shown: None,
        }
    }

    /// The cargo that runs this program. Its arguments are separated by white space.
    pub(crate) fn cargo(args: &str) -> Self {
        Self::new("cargo").words(args)
    }

    /// Appends arguments separated by white space.
    pub(crate) fn words(mut self, args: &str) -> Self {
        self.args.extend(args.split_whitespace().map(str::to_owned));
        self
    }

    /// Appends one argument as it is.
    pub(crate) fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Appends an option and a path.
    pub(crate) fn path(mut self, option: &str, path: &Path) -> Self {
        self.args.push(option.to_owned());
        self.args.push(path.display().to_string());
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn dir(mut self, dir: &Path) -> Self {
        self.dir = Some(dir.to_owned());
        self
    }

    pub(crate) fn shown_as(mut self, text: impl Into<String>) -> Self {
        self.shown = Some(text.into());
        self
    }

    /// Forgets the toolchain that this program was started with: for another compiler, or `cargo +nightly`.
    pub(crate) fn other_toolchain(mut self) -> Self {
        self.unset.extend(OF_THIS_TOOLCHAIN);
        self
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).stdin(Stdio::null());
        for name in &self.unset {
            command.env_remove(name);
        }
        for (name, value) in &self.set {
            command.env(name, value);
        }
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        command
    }

    /// Prints and runs the command; its output goes where ours goes.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        say!("  $ {self}");
        let begin = Instant::now();
        let status = self.command().status().map_err(|error| self.cannot_start(&error))?;
        self.judge(status)?;
        say!("    done in {}", seconds(begin.elapsed()));
        Ok(())
    }

    /// Runs the command without printing it and returns what it wrote to standard output.
    pub(crate) fn read(&self) -> Result<String, Failure> {
        let output = self.command().stderr(Stdio::inherit()).output().map_err(|error| self.cannot_start(&error))?;
        self.judge(output.status)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Prints and runs the command, and returns standard output and standard error together with its success.
    pub(crate) fn capture(&self) -> Result<(bool, String), Failure> {
        let output = self.command().output().map_err(|error| self.cannot_start(&error))?;
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        Ok((output.status.success(), text))
    }

    /// Whether the command can be started and succeeds; its output is dropped.
    pub(crate) fn succeeds(&self) -> bool {
        self.command().stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    /// Starts the command with pipes to its input and from its output, for who speaks with it.
    pub(crate) fn spawn_piped(&self) -> Result<Child, Failure> {
        let mut command = self.command();
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.spawn().map_err(|error| self.cannot_start(&error))
    }

    /// Runs the command silently with a limit on its time. Its output goes through a file beside `log`, since a pipe
    /// that nobody empties would stop it.
    pub(crate) fn run_limited(&self, limit: Duration, log: &Path) -> Result<Ended, Failure> {
        if let Some(parent) = log.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let file = std::fs::File::create(log)?;
        let mut child =
            self.command().stdout(file.try_clone()?).stderr(file).spawn().map_err(|error| self.cannot_start(&error))?;
        let begin = Instant::now();
        loop {
            if let Some(status) = child.try_wait()? {
                if status.success() {
                    return Ok(Ended::Success);
                }
                return Ok(Ended::Failed(String::from_utf8_lossy(&std::fs::read(log)?).into_owned()));
            }
            if begin.elapsed() > limit {
                child.kill()?;
                child.wait()?;
                return Ok(Ended::TimedOut);
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn judge(&self, status: ExitStatus) -> Result<(), Failure> {
        if status.success() { Ok(()) } else { Err(Failure::of(self, format!("the command failed ({status})"))) }
    }

    fn cannot_start(&self, error: &io::Error) -> Failure {
        Failure::of(self, format!("cannot start {}: {error}", self.program.display()))
    }
}

impl fmt::Display for Cmd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = &self.shown {
            return f.write_str(text);
        }
        if let Some(dir) = &self.dir {
            write!(f, "cd {} && ", quoted(&dir.display().to_string()))?;
        }
        for (name, value) in &self.set {
            write!(f, "{name}={} ", quoted(value))?;
        }
        f.write_str(&quoted(&self.program.display().to_string()))?;
        for arg in &self.args {
            write!(f, " {}", quoted(arg))?;
        }
        Ok(())
    }
}

/// The text as one word of a shell's command line.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+.,/:@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// A duration for people: `0.4 s`, `73 s`, `12 min 04 s`.
pub(crate) fn seconds(time: Duration) -> String {
    let whole = time.as_secs();
    if whole < 10 {
        format!("{:.1} s", time.as_secs_f64())
    } else if whole < 120 {
        format!("{whole} s")
    } else {
        format!("{} min {:02} s", whole / 60, whole % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let command = Cmd::cargo("test -p pynq-core").env("RUSTFLAGS", "--cfg pynq_mutant=\"x\"").arg("it's");
        assert_eq!(command.to_string(), r#"RUSTFLAGS='--cfg pynq_mutant="x"' cargo test -p pynq-core 'it'\''s'"#);
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(seconds(Duration::from_millis(430)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(73)), "73 s");
        assert_eq!(seconds(Duration::from_secs(724)), "12 min 04 s");
    }
}
