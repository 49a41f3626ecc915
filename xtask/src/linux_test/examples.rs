//! The examples as a user runs them on a board, with somebody at its buttons.

use std::{fs, ops::RangeInclusive, path::Path, time::Duration};

use super::{
    guest::{Board, Ending, Program},
    limit::Limit,
};
use crate::{
    cross,
    project::Project,
    shell::{Failure, say},
};

/// Presses under each runtime.
const PRESSES: usize = 1_000;
const BUTTONS: u8 = 4;
const NAMES: [&str; 4] = ["button_to_led", "flash_led", "custom_interrupt", "blocking"];
/// What runs the tasks.
const RUNTIMES: [&str; 4] = ["tokio", "tokio-threads", "smol", "none"];
/// A run of one example, in an emulator on a busy machine.
const RUN: Duration = Duration::from_secs(240);
/// No LED takes this long to follow its button.
const PATIENCE: Duration = Duration::from_secs(20);

const BUTTON_CELL: &str = "btns";
/// Its interrupt enable register: set while anybody waits for a button.
const BUTTON_ENABLE: u32 = 0x4121_0128;
const LED_CELL: &str = "leds";
const SWITCH_CELL: &str = "switches";

/// The board, the examples, and the design that is said to be loaded.
pub(super) struct Examples<'a> {
    board: &'a Board,
    programs: Vec<(String, std::path::PathBuf)>,
    design: Vec<u8>,
    limit: &'a Limit,
}

/// Whether a filter is part of an example's name.
pub(super) fn are_meant_by(filter: &str) -> bool {
    NAMES.iter().any(|name| name.contains(filter))
}

/// Runs them all, or those with the filter in their names.
///
/// # Errors
///
/// What went wrong in the first that did.
pub(super) fn run(
    project: &Project,
    board: &Board,
    limit: &Limit,
    filter: Option<&str>,
) -> Result<Result<(), String>, Failure> {
    let programs = match cross::programs(project, &cross::ARMV7, cross::EXAMPLES)? {
        Ok(programs) => programs,
        Err(reason) => return Ok(Err(reason)),
    };
    let examples = Examples { board, programs, design: design(project)?, limit };
    let wanted = |name: &str| filter.is_none_or(|filter| name.contains(filter));
    if wanted("button_to_led") {
        for runtime in RUNTIMES {
            examples.button_to_led(runtime)?;
        }
    }
    if wanted("flash_led") {
        for runtime in RUNTIMES {
            examples.flash_led(runtime)?;
        }
    }
    if wanted("custom_interrupt") {
        examples.custom_interrupt()?;
    }
    if wanted("blocking") {
        examples.blocking()?;
    }
    Ok(Ok(()))
}

/// What differs between the examples' own design and the board: the buttons and the switches are on inputs 13 and 14 of 15.
const WIRING: [(&str, &str); 10] = [
    (r#"<PARAMETER NAME="IN0_WIDTH" VALUE="1"/>"#, ""),
    (r#"<PARAMETER NAME="IN1_WIDTH" VALUE="1"/>"#, ""),
    (r#"<PARAMETER NAME="NUM_PORTS" VALUE="2"/>"#, r#"<PARAMETER NAME="NUM_PORTS" VALUE="15"/>"#),
    (
        r#"NAME="In0" RIGHT="0" SIGIS="undef" SIGNAME="btns_gpio_ip2intc_irpt""#,
        r#"NAME="In13" RIGHT="0" SIGIS="undef" SIGNAME="btns_gpio_ip2intc_irpt""#,
    ),
    (
        r#"NAME="In1" RIGHT="0" SIGIS="undef" SIGNAME="switches_gpio_ip2intc_irpt""#,
        r#"NAME="In14" RIGHT="0" SIGIS="undef" SIGNAME="switches_gpio_ip2intc_irpt""#,
    ),
    (r#"INSTANCE="concat_interrupts" PORT="In0""#, r#"INSTANCE="concat_interrupts" PORT="In13""#),
    (r#"INSTANCE="concat_interrupts" PORT="In1""#, r#"INSTANCE="concat_interrupts" PORT="In14""#),
    (r#"LEFT="1" NAME="dout""#, r#"LEFT="14" NAME="dout""#),
    (r#"LEFT="1" NAME="intr""#, r#"LEFT="14" NAME="intr""#),
    (r#"NAME="C_NUM_INTR_INPUTS" VALUE="2""#, r#"NAME="C_NUM_INTR_INPUTS" VALUE="15""#),
];

/// The handoff file of the real base overlay if there is one, else the examples' own, wired as the board is.
pub(super) fn design(project: &Project) -> Result<Vec<u8>, Failure> {
    let real = std::env::var_os("PYNQ_HWH_DIR").map(|folder| Path::new(&folder).join("z2-base.hwh"));
    if let Some(path) = real.filter(|path| path.exists()) {
        say!("  design: z2-base.hwh");
        return Ok(fs::read(path)?);
    }
    let path = project.root.join("crates/pynq-hwh/fixtures/pynq-z2-buttons.hwh");
    say!("  design: {}, wired as the board is", path.file_name().unwrap_or_default().to_string_lossy());
    let mut text = fs::read_to_string(&path)?;
    for (from, to) in WIRING {
        if !text.contains(from) {
            return Err(Failure::new(format!("{} has no {from}: see WIRING", path.display())));
        }
        text = text.replace(from, to);
    }
    Ok(text.into_bytes())
}

impl Examples<'_> {
    fn program(&self, name: &str, arguments: &[&str]) -> Result<Program, Failure> {
        let found = self.programs.iter().find(|(program, _)| program == name);
        let (_, path) = found.ok_or_else(|| Failure::new(format!("cargo built no example {name}")))?;
        let all = [&["--board", "/pynq/base.hwh"], arguments].concat();
        Ok(Program::of_file(path, &all)?.file("base.hwh", self.design.clone()))
    }

    /// Every press lights an LED and every release darkens it, before the next one comes; so nothing may be late for ever
    /// and nothing lost. Each change is an interrupt, unless it comes before the task is back from the one before, or the
    /// program ends with it: then it is seen without one. There are never more.
    fn button_to_led(&self, runtime: &str) -> Result<(), Failure> {
        let name = format!("button_to_led-{runtime}");
        let program = self.program("button_to_led", &["--runtime", runtime, "--presses", &PRESSES.to_string()])?;
        let mut guest = self.board.start(&name, &program, RUN.min(self.limit.left()))?;
        guest.wait_for("all buttons are watched")?;
        let mut qmp = guest.qmp()?;
        let mut led_changes = 0;
        for press in 0..PRESSES {
            let button = u8::try_from(press % usize::from(BUTTONS)).unwrap_or(0);
            for pressed in [true, false] {
                qmp.until_register(BUTTON_ENABLE, 1, PATIENCE)?;
                qmp.press(BUTTON_CELL, button, pressed)?;
                qmp.until_outputs(LED_CELL, u32::from(pressed) << button, PATIENCE)?;
                led_changes += 1;
                // Who counts the presses is another task than the one that the LED belongs to.
                guest.wait_for_many(if pressed { "pressed\n" } else { "released\n" }, press + 1)?;
            }
        }
        let said = last_line(&guest.finish(|_| ())?)?;
        // As the simulator has it, where the LEDs are looked at from the outside too.
        let (presses, rest) = said.split_once(' ').unwrap_or_default();
        let all_seen = presses == format!("presses={PRESSES}");
        counts(&name, &said, all_seen, PRESSES..=2 * PRESSES)?;
        say!("  {name}: {presses} led_changes={led_changes} {rest}");
        Ok(())
    }

    /// A button that is held makes its LED flash; a switch, awaited by a blocking call, ends it.
    fn flash_led(&self, runtime: &str) -> Result<(), Failure> {
        let name = format!("flash_led-{runtime}");
        let program = self.program("flash_led", &["--runtime", runtime])?;
        let mut guest = self.board.start(&name, &program, RUN.min(self.limit.left()))?;
        guest.wait_for("ready")?;
        let mut qmp = guest.qmp()?;
        for button in 0..BUTTONS {
            qmp.press(BUTTON_CELL, button, true)?;
            for _ in 0..2 {
                qmp.until_outputs(LED_CELL, 1 << button, PATIENCE)?;
                qmp.until_outputs(LED_CELL, 0, PATIENCE)?;
            }
            qmp.press(BUTTON_CELL, button, false)?;
            qmp.until_outputs(LED_CELL, 0, PATIENCE)?;
        }
        qmp.press(SWITCH_CELL, 0, true)?;
        let said = last_line(&guest.finish(|_| ())?)?;
        say!("  {name}: {BUTTONS} LEDs flashed; {said}");
        if said.ends_with("spurious=0") { Ok(()) } else { Err(Failure::new(format!("{name}: {said}"))) }
    }

    /// The buttons' GPIO as a block without a driver.
    fn custom_interrupt(&self) -> Result<(), Failure> {
        let program = self.program("custom_interrupt", &[])?;
        let mut guest = self.board.start("custom_interrupt", &program, RUN.min(self.limit.left()))?;
        guest.wait_for("ready")?;
        let mut qmp = guest.qmp()?;
        let mut seen = 0_u8;
        for button in 0..BUTTONS {
            seen |= 1 << button;
            qmp.press(BUTTON_CELL, button, true)?;
            guest.wait_for(&format!("buttons seen so far {seen:04b}"))?;
        }
        let ending = guest.finish(|_| ())?;
        let said = last_line(&ending)?;
        if !ending.console.contains("all buttons have been pressed") {
            return Err(Failure::new(format!("custom_interrupt did not see all buttons:\n{}", ending.console)));
        }
        counts("custom_interrupt", &said, true, 4..=4)?;
        say!("  custom_interrupt: {said}");
        Ok(())
    }

    /// No async anywhere; it ends when nobody has pressed for a second.
    fn blocking(&self) -> Result<(), Failure> {
        let program = self.program("blocking", &[])?;
        let mut guest = self.board.start("blocking", &program, RUN.min(self.limit.left()))?;
        let mut qmp = guest.qmp()?;
        // Held from before it begins, since it may not wait long enough for a busy machine.
        qmp.press(BUTTON_CELL, 0, true)?;
        guest.wait_for("ready")?;
        qmp.until_outputs(LED_CELL, 1, PATIENCE)?;
        qmp.press(BUTTON_CELL, 0, false)?;
        qmp.until_outputs(LED_CELL, 0, PATIENCE)?;
        let ending = guest.finish(|_| ())?;
        let said = last_line(&ending)?;
        if !ending.console.contains("nobody has pressed button 0 for a second") {
            return Err(Failure::new(format!("blocking did not give up:\n{}", ending.console)));
        }
        counts("blocking", &said, true, 0..=1)?;
        say!("  blocking: {said}");
        Ok(())
    }
}

/// What a program said last, if it ended well.
fn last_line(ending: &Ending) -> Result<String, Failure> {
    // The kernel has a word to say at the end.
    let mut lines = ending.console.lines().rev().filter(|line| !line.is_empty() && !line.starts_with('['));
    match (lines.next(), lines.next()) {
        (Some("ended: code 0"), Some(last)) => Ok(last.to_owned()),
        _ => {
            let end: Vec<&str> = ending.console.lines().rev().take(12).collect();
            let end: Vec<&str> = end.into_iter().rev().collect();
            Err(Failure::new(format!("the program failed; see {}\n{}", ending.log.display(), end.join("\n"))))
        }
    }
}

/// Whether a last line ends with this many interrupts, none of them spurious.
fn counts(name: &str, said: &str, begins_well: bool, expected: RangeInclusive<usize>) -> Result<(), Failure> {
    let interrupts = said.strip_suffix(" spurious=0").and_then(|said| said.rsplit_once("interrupts="));
    let interrupts = interrupts.and_then(|(_, number)| number.parse().ok());
    match interrupts {
        Some(number) if begins_well && expected.contains(&number) => Ok(()),
        _ => {
            Err(Failure::new(format!("{name}: {said:?}, where {expected:?} interrupts were to be, and none spurious")))
        }
    }
}
