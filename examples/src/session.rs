//! One run of a script on a simulated board, or of a program on a real one, with a line of output for everything that
//! happens.

use std::{
    collections::BTreeSet,
    io::{ErrorKind, Write},
    sync::{Arc, Mutex, PoisonError},
};

use pynq::{BaseOverlay, Clock, Instant, sim::script::Action};

use crate::{
    Options, Result, Runtime, Script,
    runtime::Tasks,
    watch::{Presses, watch},
};

/// Where the lines go.
pub type Output = Arc<Mutex<dyn Write + Send>>;

/// Entries of the trace that are kept for the VCD file.
const TRACE: usize = 1_000_000;

/// A board, its script, and what was seen of it.
pub struct Session {
    /// The overlay.
    pub base: BaseOverlay,
    output: Output,
    outside: Outside,
}

/// Who presses the buttons and looks at the LEDs.
enum Outside {
    /// A script, and the simulated board.
    Script { presses: usize, led_changes: Arc<Mutex<usize>> },
    /// People, until this many presses, if those are to be counted.
    People { enough: Option<usize>, presses: Arc<Presses> },
}

impl Session {
    /// Puts `script` on the simulated board's schedule, and watches its LEDs.
    ///
    /// # Errors
    ///
    /// If a line names a button or switch that the board doesn't have.
    pub fn new(base: BaseOverlay, script: &Script, trace: bool, output: Output) -> Result<Self> {
        let board = base.simulation().ok_or("a script needs a simulated board")?.clone();
        if trace {
            board.start_trace(TRACE);
        }
        let led_changes = Arc::new(Mutex::new(0));
        watch_leds(&base, &output, &led_changes)?;
        let lines = Arc::clone(&output);
        let played = base.play_with(script, move |board, step, _| say(&lines, board.now(), &done(&step.action)));
        played.map_err(|error| format!("the script, {error}"))?;
        Ok(Self { base, output, outside: Outside::Script { presses: presses(script), led_changes } })
    }

    /// A session on a real board, whose buttons somebody presses.
    #[must_use]
    pub fn on_board(base: BaseOverlay, enough: Option<usize>, output: Output) -> Self {
        say(&output, base.clock().now(), "ready");
        Self { base, output, outside: Outside::People { enough, presses: Arc::default() } }
    }

    /// The session that `options` ask for, on standard output.
    ///
    /// # Errors
    ///
    /// Those of the options' files, and as [`new`](Self::new).
    pub fn from_options(options: &Options, built_in_script: &str) -> Result<Self> {
        let output: Output = Arc::new(Mutex::new(std::io::stdout()));
        if options.board.is_some() {
            if options.script.is_some() || options.vcd.is_some() {
                return Err("--script and --vcd are for simulated boards, and --board is a real one".into());
            }
            return Ok(Self::on_board(options.overlay()?, options.presses, output));
        }
        Self::new(options.overlay()?, &options.script(built_in_script)?, options.vcd.is_some(), output)
    }

    /// What prints a line with the time at which it is called.
    pub fn log(&self) -> impl Fn(&str) + Send + Sync + use<> {
        let (output, clock) = (Arc::clone(&self.output), self.base.clock());
        move |what| say(&output, clock.now(), what)
    }

    /// Runs `tasks`, each of which has an LED follow its button: on a simulated board until nothing more can happen, on a
    /// real one for as many presses as were asked for.
    ///
    /// # Errors
    ///
    /// The first error of a task, or that of a runtime that can't be started.
    pub fn run(&self, runtime: Runtime, mut tasks: Tasks) -> Result {
        if let Outside::People { enough: Some(enough), presses } = &self.outside {
            let pairs = self.base.buttons()?.into_iter().zip(self.base.leds()?).enumerate();
            presses.expect(pairs.len());
            for (number, (button, led)) in pairs {
                let pair = (number, button, led);
                tasks.push(Box::pin(watch(pair, self.base.clock(), Arc::clone(presses), *enough, self.log())));
            }
        }
        runtime.run(&self.base, tasks)
    }

    /// The last line: what was counted.
    #[must_use]
    pub fn summary(&self) -> String {
        let statistics = self.base.statistics();
        let counted = format!("interrupts={} spurious={}", statistics.interrupts, statistics.spurious);
        match &self.outside {
            Outside::Script { presses, led_changes } => {
                let led_changes = *led_changes.lock().unwrap_or_else(PoisonError::into_inner);
                format!("presses={presses} led_changes={led_changes} {counted}")
            }
            // The LEDs are seen by whoever looks at the board.
            Outside::People { enough: Some(_), presses } => format!("presses={} {counted}", presses.count()),
            Outside::People { enough: None, .. } => counted,
        }
    }

    /// Prints the last line, and writes the VCD file if one is asked for.
    ///
    /// # Errors
    ///
    /// If that can't be written.
    pub fn finish(&self, options: &Options) -> Result {
        if let (Some(path), Some(board)) = (&options.vcd, self.base.simulation()) {
            let written = std::fs::write(path, board.vcd());
            written.map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
        }
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        match writeln!(output, "{}", self.summary()) {
            // As with `say`.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("base", &self.base).finish_non_exhaustive()
    }
}

/// Prints a line with its time. A reader that has gone away is no reason to stop.
fn say(output: &Output, now: Instant, what: &str) {
    let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = writeln!(output, "{:>10}  {what}", now.to_string());
}

/// What an action was, once it is done.
fn done(action: &Action) -> String {
    match action {
        Action::Press(button) => format!("button {button} pressed"),
        Action::Release(button) => format!("button {button} released"),
        Action::Switch(switch, on) => format!("switch {switch} {}", if *on { "on" } else { "off" }),
        other => other.to_string(),
    }
}

/// How often a button is pressed that was not.
fn presses(script: &Script) -> usize {
    let mut down = BTreeSet::new();
    let pressed = |action: &&Action| match action {
        Action::Press(button) => down.insert(*button),
        Action::Release(button) => {
            down.remove(button);
            false
        }
        _ => false,
    };
    script.steps().iter().map(|step| &step.action).filter(pressed).count()
}

/// Prints and counts every change of an LED, as the outside world sees them.
fn watch_leds(base: &BaseOverlay, output: &Output, changes: &Arc<Mutex<usize>>) -> Result {
    let Some(group) = base.board().leds.clone() else { return Ok(()) };
    let (board, output, changes) =
        (base.simulation().ok_or("no simulated board")?, Arc::clone(output), Arc::clone(changes));
    let seen = Mutex::new(board.output(&group.path, group.channel)?);
    board.on_output(move |_, change| {
        if (change.path.as_str(), change.channel) != (&*group.path, group.channel) {
            return;
        }
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = std::mem::replace(&mut *seen, change.value) ^ change.value;
        for led in (0..32).filter(|led| changed >> led & 1 != 0) {
            *changes.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            let on = if change.value >> led & 1 != 0 { "on" } else { "off" };
            say(&output, change.time, &format!("LED {led} {on}"));
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_are_presses() {
        let script: Script = "1 press 0\n2 press 0\n3 release 0\n4 press 0\n5 press 3".parse().unwrap();
        assert_eq!(presses(&script), 3);
    }
}
