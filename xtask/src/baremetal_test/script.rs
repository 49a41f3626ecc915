//! An emulator that is spoken to while it runs: the outside world of its machine, over QEMU's machine protocol (QMP).

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    project::json as parse,
    shell::{Cmd, Ended, Failure},
};

/// A running emulator.
pub(super) struct Emulator {
    child: Child,
    input: ChildStdin,
    answers: Receiver<String>,
    end: Instant,
    console: std::path::PathBuf,
}

/// Between two looks at something that takes its time.
const PAUSE: Duration = Duration::from_millis(2);

impl Emulator {
    /// Runs `command` with a script, within a limit. Its console goes to `log`.
    pub(super) fn run(
        command: &Cmd,
        script: fn(&mut Self) -> Result<(), Failure>,
        limit: Duration,
        log: &Path,
    ) -> Result<Ended, Failure> {
        fs::write(log, "")?;
        let command = command.clone().arg("-serial").arg(format!("file:{}", log.display())).words("-qmp stdio");
        let mut child = command.spawn_piped()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Failure::of(command, "the emulator has no pipes"));
        };
        let answers = read_lines(output);
        let mut emulator = Self { child, input, answers, end: Instant::now() + limit, console: log.to_owned() };
        let played = emulator.play(script);
        let ended = emulator.finish()?;
        // A script that fails because the emulator has ended is not what went wrong first.
        match (ended, played) {
            (Ended::Failed(why), _) => Ok(Ended::Failed(why)),
            (_, Err(failure)) => Err(failure),
            (ended, Ok(())) => Ok(ended),
        }
    }

    fn play(&mut self, script: fn(&mut Self) -> Result<(), Failure>) -> Result<(), Failure> {
        self.command("qmp_capabilities", &json!({}))?;
        script(self)
    }

    fn finish(&mut self) -> Result<Ended, Failure> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(if status.success() { Ended::Success } else { Ended::Failed(status.to_string()) });
            }
            if Instant::now() > self.end {
                self.child.kill()?;
                self.child.wait()?;
                return Ok(Ended::TimedOut);
            }
            thread::sleep(PAUSE);
        }
    }

    fn command(&mut self, name: &str, arguments: &Value) -> Result<Value, Failure> {
        writeln!(self.input, "{}", json!({ "execute": name, "arguments": arguments }))?;
        loop {
            let left = self.end.saturating_duration_since(Instant::now());
            let line = self.answers.recv_timeout(left).map_err(|error| match error {
                RecvTimeoutError::Timeout => Failure::new(format!("the emulator does not answer {name}")),
                RecvTimeoutError::Disconnected => Failure::new(format!("the emulator has ended before {name}")),
            })?;
            let answer = parse(&line)?;
            if answer.get("error").is_some() {
                return Err(Failure::new(format!("the emulator refuses {name} {arguments}: {answer}")));
            }
            if let Some(value) = answer.get("return") {
                return Ok(value.clone());
            }
        }
    }

    /// Drives the input pins of a GPIO.
    pub(super) fn set_pins(&mut self, gpio: &str, pins: u32) -> Result<(), Failure> {
        let path = format!("/machine/{gpio}");
        self.command("qom-set", &json!({ "path": path, "property": "in1", "value": pins })).map(drop)
    }

    /// Waits until the output pins of a GPIO show a value.
    pub(super) fn until_outputs(&mut self, gpio: &str, pins: u32) -> Result<(), Failure> {
        let path = format!("/machine/{gpio}");
        loop {
            let found = self.command("qom-get", &json!({ "path": path, "property": "out1" }))?;
            if found == json!(pins) {
                return Ok(());
            }
            if Instant::now() > self.end {
                return Err(Failure::new(format!("{gpio} shows {found} and not {pins}, whatever one waits")));
            }
            thread::sleep(PAUSE);
        }
    }

    /// Waits until the console has said something.
    pub(super) fn until_said(&mut self, words: &str) -> Result<(), Failure> {
        while !fs::read_to_string(&self.console)?.contains(words) {
            if self.child.try_wait()?.is_some() || Instant::now() > self.end {
                return Err(Failure::new(format!("the program does not say \"{words}\"")));
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }
}

fn read_lines(output: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
