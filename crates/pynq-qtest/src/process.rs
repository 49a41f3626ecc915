//! The QEMU process, and the protocol between it and this program.
//!
//! A line goes to QEMU for each command and one comes back, in order; between them come lines that report changes
//! of interrupt inputs. A thread reads them all, for two reasons: a read from a pipe has no time limit, and interrupts
//! arrive while no command is under way.

use std::{
    fmt::Write as _,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    Error, QtestPin, QtestWindow,
    wires::{Wire, Wires},
};

/// How long QEMU may take for an answer. An access takes some 30 us; this is for a machine that is very busy.
const LIMIT: Duration = Duration::from_secs(30);

/// How many commands are sent before the first answer is awaited: few enough to fit into a pipe.
const AT_ONCE: usize = 64;

/// Bytes of QEMU's complaints that are kept, the last ones.
const COMPLAINTS: usize = 2_000;

/// A command to QEMU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command<'a> {
    /// Read the register at an address.
    Read32 {
        /// The address.
        address: u64,
    },
    /// Write the register at an address.
    Write32 {
        /// The address.
        address: u64,
        /// The value to write.
        value: u32,
    },
    /// Set an interrupt input of a device, as if another device had.
    SetInput {
        /// The device, by QEMU's path of it.
        device: &'a str,
        /// Its input.
        input: u32,
        /// The level.
        level: bool,
    },
    /// Report how the interrupt inputs of a device change from now on.
    WatchInputs {
        /// The device, by QEMU's path of it.
        device: &'a str,
    },
}

impl Command<'_> {
    fn line(&self) -> Result<String, Error> {
        Ok(match *self {
            Self::Read32 { address } => format!("readl {address:#x}"),
            Self::Write32 { address, value } => format!("writel {address:#x} {value:#x}"),
            Self::SetInput { device, input, level } => {
                format!("set_irq_in {} unnamed-gpio-in {input} {}", name(device)?, u8::from(level))
            }
            Self::WatchInputs { device } => format!("irq_intercept_in {}", name(device)?),
        })
    }
}

/// A word of a line. QEMU reads only lines of words.
fn name(name: &str) -> Result<&str, Error> {
    let fits = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control());
    fits.then_some(name).ok_or_else(|| Error::Malformed { name: name.to_owned() })
}

/// A running QEMU, controlled over qtest. Clones are handles on the same process; it is killed with the last of them,
/// windows and pins included. If this program ends without dropping it, QEMU stays, and idles.
#[derive(Clone, Debug)]
pub struct Qtest(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    link: Mutex<Link>,
    wires: Arc<Wires>,
    started: Instant,
}

#[derive(Debug)]
struct Link {
    child: Child,
    input: Option<ChildStdin>,
    answers: Receiver<String>,
    complaints: Arc<Mutex<Vec<u8>>>,
    /// Disconnected when all of them have been read.
    complained: Receiver<()>,
    limit: Duration,
    failure: Option<Error>,
}

impl Qtest {
    /// Starts QEMU. `command` names the program and the machine, with any further arguments; the arguments for qtest
    /// are added. Its standard streams belong to the connection from then on, so `-monitor none`, `-display none` and
    /// `-serial` for something else go with it.
    ///
    /// # Errors
    ///
    /// [`Error::Start`] if the program is missing, [`Error::Ended`] if it rejects its arguments.
    pub fn start(mut command: std::process::Command) -> Result<Self, Error> {
        command.args(["-qtest", "stdio", "-qtest-log", "none"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let program = command.get_program().to_string_lossy().into_owned();
        let cannot = |error: &io::Error| Error::Start { program: program.clone(), kind: error.kind() };
        let mut child = command.spawn().map_err(|error| cannot(&error))?;
        let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (sender, answers) = channel();
        let wires = Arc::new(Wires::default());
        let complaints = Arc::default();
        let (complaining, complained) = channel();
        let link = Link {
            child,
            input,
            answers,
            complaints: Arc::clone(&complaints),
            complained,
            limit: LIMIT,
            failure: None,
        };
        // From here on, dropping `this` on a failure ends the process.
        let this = Self(Arc::new(Shared { link: Mutex::new(link), wires, started: Instant::now() }));
        let thread = |name: &str| thread::Builder::new().name(name.to_owned());
        if let Some(output) = output {
            let wires = Arc::clone(&this.0.wires);
            let reader = thread("pynq-qtest-reader").spawn(move || read(output, &sender, &wires));
            reader.map_err(|error| cannot(&error))?;
        }
        if let Some(errors) = errors {
            let listener = thread("pynq-qtest-complaints").spawn(move || {
                keep_last(errors, &complaints);
                drop(complaining);
            });
            listener.map_err(|error| cannot(&error))?;
        }
        let wires = Arc::clone(&this.0.wires);
        let dispatcher = thread("pynq-qtest-dispatcher").spawn(move || wires.dispatch());
        dispatcher.map_err(|error| cannot(&error))?;
        // Any answer means that QEMU is up.
        this.read32(0)?;
        Ok(this)
    }

    /// Sets how long QEMU may take for each answer, 30 s by default.
    pub fn set_limit(&self, limit: Duration) {
        self.link().limit = limit;
    }

    /// Sends commands, and returns the values of the reads among them. Many at once take a fraction of the time that
    /// they take one by one.
    ///
    /// # Errors
    ///
    /// The first error. Commands after it may or may not have been carried out.
    pub fn run(&self, commands: &[Command<'_>]) -> Result<Vec<u32>, Error> {
        let lines = commands.iter().map(Command::line).collect::<Result<Vec<_>, _>>()?;
        let mut link = self.link();
        let result = link.run(commands, &lines);
        if link.failure.is_some() {
            // Before a driver takes the all ones that registers read from now on for pending interrupts.
            self.wires().end();
        }
        result
    }

    /// Reads the register at `address`.
    ///
    /// # Errors
    ///
    /// That of the connection.
    pub fn read32(&self, address: u64) -> Result<u32, Error> {
        Ok(self.run(&[Command::Read32 { address }])?.first().copied().unwrap_or(u32::MAX))
    }

    /// Writes the register at `address`.
    ///
    /// # Errors
    ///
    /// That of the connection.
    pub fn write32(&self, address: u64, value: u32) -> Result<(), Error> {
        self.run(&[Command::Write32 { address, value }]).map(drop)
    }

    /// A window onto `size` bytes of registers from the address `base` on.
    #[must_use]
    pub fn window(&self, base: u64, size: usize) -> QtestWindow {
        QtestWindow::new(self.clone(), base, size)
    }

    /// Has QEMU report the interrupt inputs of a device, usually the processor, by the path that QEMU has for it. The
    /// reports name inputs by number and not the device, so it can be done for one device.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if there is no such device; that of the connection.
    pub fn watch_inputs(&self, device: &str) -> Result<(), Error> {
        self.run(&[Command::WatchInputs { device }]).map(drop)
    }

    /// An input of the device that is [watched](Self::watch_inputs), to put an interrupt node on.
    #[must_use]
    pub fn pin(&self, input: u32) -> QtestPin {
        QtestPin::new(self.clone(), input)
    }

    /// The level of an input of the device that is watched, after all that was sent so far.
    #[must_use]
    pub fn level(&self, input: u32) -> bool {
        self.wire(input, |wire| wire.level)
    }

    /// How often it went up or down.
    #[must_use]
    pub fn changes(&self, input: u32) -> u64 {
        self.wire(input, |wire| wire.changes)
    }

    /// Kills QEMU, after the command under way has ended. Waits for interrupts end with an error (the device is gone),
    /// and every later command fails with [`Error::Stopped`].
    ///
    /// The drop of the last handle does so as well. But a thread of this crate may hold the last one for a moment, and
    /// the program may have ended by then: so the code that started QEMU should stop it.
    pub fn stop(&self) {
        let mut link = self.link();
        link.fail(Error::Stopped);
        self.wires().end();
    }

    /// Why the connection is over, if it is.
    #[must_use]
    pub fn failure(&self) -> Option<Error> {
        self.link().failure.clone()
    }

    /// The time by which this crate's pins measure the deadlines of blocking waits: since QEMU was started, by the host's
    /// clock.
    #[must_use]
    pub fn now(&self) -> pynq_core::Instant {
        pynq_core::Instant::START + self.0.started.elapsed()
    }

    /// The time `delay` from now on.
    #[must_use]
    pub fn after(&self, delay: Duration) -> pynq_core::Instant {
        self.now() + delay
    }

    pub(crate) fn wires(&self) -> &Wires {
        &self.0.wires
    }

    fn wire<R: Default>(&self, input: u32, of: impl FnOnce(&Wire) -> R) -> R {
        self.wires().lock().wires.get(&input).map(of).unwrap_or_default()
    }

    fn link(&self) -> MutexGuard<'_, Link> {
        self.0.link.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let link = self.link.get_mut().unwrap_or_else(PoisonError::into_inner);
        link.kill();
        self.wires.end();
    }
}

impl Link {
    fn run(&mut self, commands: &[Command<'_>], lines: &[String]) -> Result<Vec<u32>, Error> {
        let (mut values, mut refusal) = (Vec::new(), None);
        for (commands, lines) in commands.chunks(AT_ONCE).zip(lines.chunks(AT_ONCE)) {
            self.send(lines)?;
            for (command, line) in commands.iter().zip(lines) {
                let answer = self.answer(line)?;
                match (parse(&answer), command) {
                    (Some(Ok(value)), Command::Read32 { .. }) => {
                        match value.and_then(|value| u32::try_from(value).ok()) {
                            Some(value) => values.push(value),
                            None => return Err(self.fail(Error::Answer { command: line.clone(), answer })),
                        }
                    }
                    (Some(Ok(_)), _) => {}
                    // The answers to those sent with it are still to come.
                    (Some(Err(reason)), _) => {
                        let reason = reason.to_owned();
                        refusal.get_or_insert(Error::Refused { command: line.clone(), answer: reason });
                    }
                    (None, _) => return Err(self.fail(Error::Answer { command: line.clone(), answer })),
                }
            }
            if let Some(refusal) = refusal {
                return Err(refusal);
            }
        }
        Ok(values)
    }

    fn send(&mut self, lines: &[String]) -> Result<(), Error> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let mut text = String::new();
        for line in lines {
            let _ = writeln!(text, "{line}");
        }
        let written = self.input.as_mut().map(|input| input.write_all(text.as_bytes()).and_then(|()| input.flush()));
        match (written, lines.first()) {
            (Some(Ok(())), _) | (_, None) => Ok(()),
            (_, Some(line)) => Err(self.ended(line)),
        }
    }

    fn answer(&mut self, command: &str) -> Result<String, Error> {
        match self.answers.recv_timeout(self.limit) {
            Ok(answer) => Ok(answer),
            Err(RecvTimeoutError::Disconnected) => Err(self.ended(command)),
            Err(RecvTimeoutError::Timeout) => {
                let limit = self.limit;
                Err(self.fail(Error::Silent { command: command.to_owned(), limit }))
            }
        }
    }

    /// Ends the connection: answers can't be matched to commands any more.
    fn fail(&mut self, error: Error) -> Error {
        self.kill();
        self.failure.get_or_insert(error).clone()
    }

    fn ended(&mut self, command: &str) -> Error {
        // QEMU has closed its output; if it does not end by itself, it is killed.
        let status = (0..100).find_map(|_| {
            let status = self.child.try_wait().ok().flatten();
            if status.is_none() {
                thread::sleep(Duration::from_millis(10));
            }
            status
        });
        let status = status.map_or_else(|| "closed its output".to_owned(), |status| status.to_string());
        // Its last words may still be on their way.
        let _ = self.complained.recv_timeout(Duration::from_secs(1));
        let complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        let said = String::from_utf8_lossy(&complaints).trim().to_owned();
        drop(complaints);
        self.fail(Error::Ended { command: command.to_owned(), status, said })
    }

    /// Kills QEMU, which a stuck one can't ignore. The reader ends with its output.
    fn kill(&mut self) {
        self.input = None;
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads QEMU's output to its end.
fn read(output: ChildStdout, answers: &Sender<String>, wires: &Wires) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        line.clear();
        if let Some((input, level)) = parse_change(&text) {
            wires.change(input, level);
        } else if answers.send(text).is_err() {
            break;
        }
    }
    wires.end();
}

/// Reads QEMU's standard error, so that a full pipe does not block it, and keeps the end.
fn keep_last(mut errors: ChildStderr, complaints: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 1_000];
    while let Ok(count @ 1..) = errors.read(&mut buffer) {
        let mut kept = complaints.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(&buffer[..count]);
        let excess = kept.len().saturating_sub(COMPLAINTS);
        kept.drain(..excess);
    }
}

/// `IRQ raise 11` and `IRQ lower 11`.
fn parse_change(line: &str) -> Option<(u32, bool)> {
    let (what, input) = line.strip_prefix("IRQ ")?.split_once(' ')?;
    let level = match what {
        "raise" => true,
        "lower" => false,
        _ => return None,
    };
    Some((input.parse().ok()?, level))
}

/// `OK`, `OK 0x1f`, `FAIL reason` or `ERR reason`; nothing else is an answer.
fn parse(answer: &str) -> Option<Result<Option<u64>, &str>> {
    let (word, rest) = answer.split_once(' ').unwrap_or((answer, ""));
    match word {
        "OK" if rest.is_empty() => Some(Ok(None)),
        "OK" => {
            let digits = rest.strip_prefix("0x")?;
            u64::from_str_radix(digits, 16).ok().map(|value| Ok(Some(value)))
        }
        "FAIL" | "ERR" => Some(Err(rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        assert_eq!(parse("OK"), Some(Ok(None)));
        assert_eq!(parse("OK 0x00000000ffffffff"), Some(Ok(Some(0xFFFF_FFFF))));
        assert_eq!(parse("FAIL Unknown command 'foo'"), Some(Err("Unknown command 'foo'")));
        assert_eq!(parse("ERR no"), Some(Err("no")));
        for other in ["", "OKAY", "OK 12", "OK 0x", "OK 0xg", "(qemu)", "IRQ raise 1"] {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    #[test]
    fn reports_of_interrupts_are_read() {
        assert_eq!(parse_change("IRQ raise 11"), Some((11, true)));
        assert_eq!(parse_change("IRQ lower 0"), Some((0, false)));
        for other in ["IRQ", "IRQ raise", "IRQ raise x", "IRQ drop 1", "OK", "OK IRQ raise 1"] {
            assert_eq!(parse_change(other), None, "{other}");
        }
    }

    #[test]
    fn commands_are_words_of_one_line() {
        let device = "/machine/unattached/device[1]";
        let line = |command: Command<'_>| command.line();
        assert_eq!(line(Command::Read32 { address: 0x41C0_0000 }).as_deref(), Ok("readl 0x41c00000"));
        assert_eq!(line(Command::Write32 { address: 4, value: 15 }).as_deref(), Ok("writel 0x4 0xf"));
        assert_eq!(
            line(Command::SetInput { device, input: 2, level: true }).as_deref(),
            Ok("set_irq_in /machine/unattached/device[1] unnamed-gpio-in 2 1")
        );
        for name in ["", "a b", "a\nquit"] {
            let refused = Err(Error::Malformed { name: name.to_owned() });
            assert_eq!(line(Command::WatchInputs { device: name }), refused);
        }
    }

    #[test]
    fn a_program_that_is_not_there_is_told() {
        let error = Qtest::start(std::process::Command::new("no-such-qemu")).unwrap_err();
        assert_eq!(error, Error::Start { program: "no-such-qemu".to_owned(), kind: io::ErrorKind::NotFound });
    }
}
