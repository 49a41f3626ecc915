//! The outside world of a board: QEMU's machine protocol, by which buttons are pressed and LEDs are looked at.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::shell::Failure;

/// No answer takes this long from an emulator that lives.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection.
pub(super) struct Qmp(BufReader<UnixStream>);

impl Qmp {
    /// Connects to an emulator that has just been started.
    pub(super) fn connect(path: &Path) -> Result<Self, Failure> {
        let begin = Instant::now();
        let stream = loop {
            match UnixStream::connect(path) {
                Ok(stream) => break stream,
                // It has not come to that yet.
                Err(_) if begin.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(10)),
                Err(error) => return Err(Failure::new(format!("no connection to the emulator: {error}"))),
            }
        };
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut this = Self(BufReader::new(stream));
        this.receive()?; // its greeting
        this.execute("qmp_capabilities", &json!({}))?;
        Ok(this)
    }

    fn receive(&mut self) -> Result<Value, Failure> {
        let mut line = String::new();
        if self.0.read_line(&mut line)? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        serde_json::from_str(&line).map_err(|error| Failure::new(format!("the emulator said {line:?}: {error}")))
    }

    /// Sends a command, and yields what it returns.
    fn execute(&mut self, command: &str, arguments: &Value) -> Result<Value, Failure> {
        let text = format!("{}\n", json!({ "execute": command, "arguments": arguments }));
        self.0.get_mut().write_all(text.as_bytes())?;
        loop {
            let mut answer = self.receive()?;
            if let Some(error) = answer.get("error") {
                return Err(Failure::new(format!("the emulator refused {}: {error}", text.trim())));
            }
            // Anything else is an event that nobody asked for.
            if let Some(returned) = answer.get_mut("return") {
                return Ok(returned.take());
            }
        }
    }

    /// What the output pins of a GPIO's first channel drive.
    pub(super) fn outputs(&mut self, gpio: &str) -> Result<u32, Failure> {
        self.get(gpio, "out1")
    }

    fn get(&mut self, gpio: &str, property: &str) -> Result<u32, Failure> {
        let value = self.execute("qom-get", &json!({ "path": format!("/machine/{gpio}"), "property": property }))?;
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        number.ok_or_else(|| Failure::new(format!("{property} of {gpio} is {value}, which is no number")))
    }

    /// Drives the input pins of a GPIO's first channel.
    pub(super) fn drive(&mut self, gpio: &str, pins: u32) -> Result<(), Failure> {
        let path = format!("/machine/{gpio}");
        self.execute("qom-set", &json!({ "path": path, "property": "in1", "value": pins }))?;
        Ok(())
    }

    /// Presses or releases one of several buttons.
    pub(super) fn press(&mut self, gpio: &str, pin: u8, pressed: bool) -> Result<(), Failure> {
        let pins = self.get(gpio, "in1")? & !(1 << pin);
        self.drive(gpio, pins | u32::from(pressed) << pin)
    }

    /// Waits until a device register that is not changed by being read has these bits.
    pub(super) fn until_register(&mut self, address: u32, bits: u32, patience: Duration) -> Result<(), Failure> {
        let begin = Instant::now();
        loop {
            let line =
                self.execute("human-monitor-command", &json!({ "command-line": format!("xp /1wx {address}") }))?;
            let word = line.as_str().and_then(|line| line.trim().rsplit_once("0x"));
            let word = word.and_then(|(_, digits)| u32::from_str_radix(digits, 16).ok());
            match word {
                Some(word) if word & bits == bits => return Ok(()),
                None => return Err(Failure::new(format!("the emulator shows {address:#x} as {line}"))),
                Some(word) if begin.elapsed() > patience => {
                    return Err(Failure::new(format!(
                        "{address:#x} is {word:#x} and lacks {bits:#x}, whatever one waits"
                    )));
                }
                // The guest needs the processor as well.
                Some(_) => thread::sleep(Duration::from_micros(200)),
            }
        }
    }

    /// Waits until the output pins of a GPIO show a value.
    pub(super) fn until_outputs(&mut self, gpio: &str, pins: u32, patience: Duration) -> Result<(), Failure> {
        let begin = Instant::now();
        loop {
            let found = self.outputs(gpio)?;
            if found == pins {
                return Ok(());
            }
            if begin.elapsed() > patience {
                return Err(Failure::new(format!("{gpio} shows {found:#b} and not {pins:#b}, whatever one waits")));
            }
            // The guest needs the processor as well.
            thread::sleep(Duration::from_micros(200));
        }
    }
}
