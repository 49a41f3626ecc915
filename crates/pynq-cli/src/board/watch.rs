//! `pynq watch`: waits for an interrupt pin, and prints what comes.
//!
//! The pin of an AXI GPIO is watched through its driver, which enables the block's interrupt, clears it and reports
//! what changed. Any other pin is watched as it is: the device behind it is not cleared.
//!
//! A process that is killed leaves lines unmasked in the controller. That does no harm: UIO holds the interrupt back
//! until a program waits for the next one, and the next program that opens the design begins by masking all of them. So
//! Ctrl-C needs no care.

use std::{
    io::{ErrorKind, Write},
    process::ExitCode,
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use pynq::{
    Channel, ChannelDirection, Clock as _, LinuxOptions, Overlay,
    core::interrupt::{Fired, Line},
};
use pynq_hwh::{Design, LineKind, Warning, WarningKind};

use super::Watch;
use crate::{Outcome, printable};

/// What counts as a pause. A level that stays active fires as soon as it may.
const PAUSE: Duration = Duration::from_millis(10);
/// Interrupts without a pause between them from which on the device is taken not to be cleared.
const WITHOUT_PAUSE: u32 = 16;
/// How long such a one is left alone after each.
const REST: Duration = Duration::from_millis(100);

/// What the waiting threads report.
enum News {
    Fired {
        at: Instant,
        fired: Fired,
        channel: Option<(u8, u32)>,
    },
    /// It fires again and again.
    Endless,
    Failed(String),
}

/// A handle, and the channel of a GPIO that it is of.
struct Watched {
    pin: String,
    line: Line,
    channel: Option<(u8, Channel)>,
}

pub(super) fn run(arguments: &Watch) -> Outcome {
    let options = LinuxOptions::new().paths(arguments.system.paths());
    let overlay = options.attach(&arguments.hwh).map_err(|error| error.to_string())?;
    let pin = arguments.pin.as_str();
    let watched = watched(&overlay, pin, arguments.raw)?;
    let level = is_level(overlay.design(), pin);
    if watched.iter().all(|watched| watched.channel.is_none()) {
        note(&format!(
            "{pin} is watched as it is: what enables the interrupt in the device, and clears it, is up to others"
        ));
        let kept = |warning: &Warning| warning.kind == WarningKind::LevelSourceOnEdgeLine && warning.subject == pin;
        if overlay.design().warnings.iter().any(kept) {
            note("it is a level on an edge line: until its device is cleared it does not fire again");
        }
    }
    let (sender, receiver) = mpsc::channel();
    let clock = overlay.clock();
    let threads = watched.into_iter().map(|watched| {
        let (sender, clock) = (sender.clone(), clock.clone());
        thread::spawn(move || wait(watched, &clock, level != Some(LineKind::Edge), &sender))
    });
    let threads = threads.collect::<Vec<_>>();
    drop(sender);
    let start = Instant::now();
    let mut left = arguments.count;
    let outcome = loop {
        if left == Some(0) {
            break Ok((String::new(), ExitCode::SUCCESS));
        }
        let news = match arguments.timeout {
            Some(timeout) => receiver.recv_timeout(timeout),
            None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match news {
            Ok(News::Fired { at, fired, channel }) => {
                match line(&event(pin, start, at, fired, channel)) {
                    Ok(true) => left = left.map(|left| left.saturating_sub(1)),
                    // The reader has closed the pipe: it has seen enough.
                    Ok(false) => break Ok((String::new(), ExitCode::SUCCESS)),
                    Err(message) => break Err(message),
                }
            }
            Ok(News::Endless) => note(&format!(
                "{pin} fires without end: it is a level, and the device is not cleared; clear it through its registers \
                 (`pynq poke`), or use its driver. It is looked at {} times a second from here on",
                1000 / REST.as_millis()
            )),
            Ok(News::Failed(message)) => break Err(message),
            Err(RecvTimeoutError::Timeout) => {
                let seconds = arguments.timeout.unwrap_or_default().as_secs_f64();
                break Err(format!("{pin}: no interrupt within {seconds} s"));
            }
            Err(RecvTimeoutError::Disconnected) => break Err(format!("{pin}: no thread waits for it any more")),
        }
    };
    // Ends the waits and masks their lines. It returns an error after that, since there is no bitstream to load.
    let _ = overlay.reload();
    drop(receiver);
    for thread in threads {
        // The panic of a thread has been printed.
        let _ = thread.join();
    }
    outcome
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// The handles of a pin: of the channels with inputs, if it is a GPIO's.
fn watched(overlay: &Overlay, pin: &str, raw: bool) -> Result<Vec<Watched>, String> {
    let block = pin.rsplit_once('/').and_then(|(path, _)| overlay.ip_blocks().get_key_value(path));
    match block {
        // A pin that is not wired has no way to here, block or not.
        Some((path, block)) if block.kind() == "axi_gpio" && !raw && overlay.design().interrupts.pin(pin).is_some() => {
            let gpio = overlay.gpio(path).map_err(text)?;
            let config = gpio.config();
            let channels = [(1, Some(config.channel1)), (2, config.channel2)];
            let mut watched = Vec::new();
            for (number, config) in channels {
                if config.is_none_or(|config| config.direction == ChannelDirection::Outputs) {
                    continue;
                }
                let channel = gpio.channel(number).map_err(text)?;
                let line = channel.changes().map_err(text)?;
                watched.push(Watched { pin: pin.to_owned(), line, channel: Some((number, channel)) });
            }
            if watched.is_empty() {
                return Err(format!("{pin} never fires: {path} has no inputs"));
            }
            Ok(watched)
        }
        _ => {
            let line = overlay.interrupt(pin).map_err(text)?.into_line();
            Ok(vec![Watched { pin: pin.to_owned(), line, channel: None }])
        }
    }
}

/// How the line listens that the pin is wired to; where it is the processor's, what the pin says it is.
fn is_level(design: &Design, pin: &str) -> Option<LineKind> {
    let found = design.interrupts.pin(pin)?;
    found.kind.or(found.sensitivity)
}

/// Waits for one handle until it fails, or the receiver is gone.
fn wait(mut watched: Watched, clock: &pynq::BoardClock, may_be_level: bool, sender: &Sender<News>) {
    let mut without_pause = 0u32;
    loop {
        let mut fired = watched.line.wait_until(clock.now() + PAUSE);
        if fired == Err(pynq::core::Error::TimedOut) {
            without_pause = 0;
            fired = watched.line.wait();
        } else {
            without_pause = without_pause.saturating_add(1);
        }
        let value = watched.channel.as_ref().map(|(number, channel)| channel.read().map(|value| (*number, value)));
        let news = match (fired, value.transpose()) {
            (Ok(fired), Ok(channel)) => News::Fired { at: Instant::now(), fired, channel },
            (Err(error), _) => News::Failed(format!("interrupt `{}`: {error}", watched.pin)),
            (_, Err(error)) => News::Failed(error.to_string()),
        };
        let failed = matches!(news, News::Failed(_));
        if sender.send(news).is_err() || failed {
            return;
        }
        if may_be_level && watched.channel.is_none() && without_pause >= WITHOUT_PAUSE {
            if without_pause == WITHOUT_PAUSE && sender.send(News::Endless).is_err() {
                return;
            }
            thread::sleep(REST);
        }
    }
}

/// As in `14:02:03.123456  +0.500123 s  btns_gpio/ip2intc_irpt  count 3  missed 0  channel 1 = 0x4  changed 0x4`.
fn event(pin: &str, start: Instant, at: Instant, fired: Fired, channel: Option<(u8, u32)>) -> String {
    let now = SystemTime::now().checked_sub(at.elapsed()).unwrap_or(UNIX_EPOCH);
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (day, micros) = (now.as_secs() % 86_400, now.subsec_micros());
    let [hour, minute, second] = [day / 3600, day / 60 % 60, day % 60];
    let after = at.saturating_duration_since(start).as_secs_f64();
    let mut text = format!(
        "{hour:02}:{minute:02}:{second:02}.{micros:06}  +{after:.6} s  {pin}  count {}  missed {}",
        fired.count, fired.missed
    );
    if let Some((number, value)) = channel {
        text += &format!("  channel {number} = {value:#x}  changed {:#x}", fired.changed);
    }
    text
}

/// Prints a line at once. False if the reader is gone.
fn line(text: &str) -> Result<bool, String> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{}", printable(text)).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(format!("cannot write to standard output: {error}")),
    }
}

/// Prints a note beside the output.
fn note(text: &str) {
    // If even this cannot be written, there is no way left to report it.
    let _ = writeln!(std::io::stderr(), "pynq: note: {}", printable(text));
}
