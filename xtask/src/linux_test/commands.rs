//! What the `pynq` command tells of the board, on the board: first as it comes out of reset, then with the logic connected.

use std::time::Duration;

use super::{
    examples,
    guest::{Board, Program},
    limit::Limit,
};
use crate::{
    cross,
    project::Project,
    shell::{Failure, say},
};

/// What a filter may be part of.
pub(super) const NAME: &str = "pynq doctor, pynq uio";

/// Without what serves and shows simulated boards: nothing of that is used here.
const COMMAND: &str = "--package pynq-cli --bin pynq --no-default-features";
/// A run, in an emulator on a busy machine.
const RUN: Duration = Duration::from_secs(120);

/// A run of the command: its arguments, how it has to end, and what it has to say. `HWH` is the design's file.
struct Step {
    arguments: &'static [&'static str],
    code: &'static str,
    says: &'static [&'static str],
}

const HWH: &str = "/pynq/base.hwh";

/// The board's processor comes out of reset with the logic cut off, which the boot loader of a real one mends: it opens
/// the system-level control registers with a key, switches the level shifters on and ends the resets of the logic.
const STEPS: [Step; 6] = [
    Step {
        arguments: &["uio", "--hwh", HWH],
        code: "0",
        says: &[
            "UIO devices: 10",
            "  \"fabric\"",
            "interrupt  61 (GIC-0), level",
            "serves     IRQ_F2P[0] = interrupt 61: ",
            "btns_gpio/ip2intc_irpt",
            // Devices of the board that the design does not have.
            "  \"direct\"",
            "interrupt  63 (GIC-0), level",
            "serves     nothing of this design",
            "slcr",
        ],
    },
    Step {
        arguments: &["doctor", "--hwh", HWH],
        code: "1",
        says: &[
            "has UIO, with 10 devices",
            "of_id=generic-uio (on the kernel's command line)",
            "the level shifters between processor and logic are off (LVL_SHFTR_EN is 0x0): no register is read",
            "fix:  program a full bitstream, which switches them on",
            "1 thing wrong; ",
        ],
    },
    Step { arguments: &["poke", "0xf8000008", "0xdf0d"], code: "0", says: &["0xf8000008  0x0000df0d"] },
    Step { arguments: &["poke", "0xf8000900", "0xf"], code: "0", says: &["0xf8000900  0x0000000f"] },
    Step { arguments: &["poke", "0xf8000240", "0"], code: "0", says: &["0xf8000240  0x00000000"] },
    Step {
        arguments: &["doctor", "--hwh", HWH],
        code: "0",
        says: &[
            "level shifters on, resets released, clocks running",
            // A register of the design's controller was read.
            "answers",
            "nothing is wrong; ",
        ],
    },
];

/// Boots the board, runs all of it, and shows what was said.
///
/// # Errors
///
/// If a command ended otherwise than it should, or kept something back.
pub(super) fn run(project: &Project, board: &Board, limit: &Limit) -> Result<Result<(), String>, Failure> {
    let programs = match cross::programs(project, &cross::ARMV7, COMMAND)? {
        Ok(programs) => programs,
        Err(reason) => return Ok(Err(reason)),
    };
    let Some((_, path)) = programs.first() else { return Err(Failure::new("cargo built no pynq")) };
    let [first, rest @ ..] = &STEPS;
    let program = Program::of_file(path, first.arguments)?.file("base.hwh", examples::design(project)?);
    let program = rest.iter().fold(program, |program, step| program.then(step.arguments));
    let ending = board.start("commands", &program, RUN.min(limit.left()))?.finish(|_| ())?;
    let mut left = ending.console.as_str();
    for step in &STEPS {
        let (said, code, after) = outcome(left)
            .ok_or_else(|| Failure::new(format!("`{}` did not end; see {}", step.line(), ending.log.display())))?;
        left = after;
        say!("  # pynq {}", step.line());
        said.lines().for_each(|line| say!("  {line}"));
        step.judge(said, code).map_err(Failure::new)?;
    }
    Ok(Ok(()))
}

/// What the guest's first program printed up to the end of a command, how that ended, and what follows.
fn outcome(console: &str) -> Option<(&str, &str, &str)> {
    let (said, rest) = console.split_once("\nended: code ")?;
    let (code, after) = rest.split_once('\n')?;
    Some((said.trim_end(), code, after))
}

impl Step {
    fn line(&self) -> String {
        self.arguments.join(" ")
    }

    fn judge(&self, said: &str, code: &str) -> Result<(), String> {
        if code != self.code {
            return Err(format!("`pynq {}` ended with status {code}, not {}", self.line(), self.code));
        }
        match self.says.iter().find(|text| !said.contains(*text)) {
            Some(text) => Err(format!("`pynq {}` does not say {text:?}", self.line())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_is_judged_by_its_own_part_of_the_console() {
        let (said, code, after) = outcome("one\n\nended: code 1\ntwo\n\nended: code 0\n[    1.0] reboot\n").unwrap();
        assert_eq!((said, code), ("one", "1"));
        assert_eq!(outcome(after).unwrap().0, "two");
        assert!(outcome("three\n\nended: signal: 7\n").is_none());
        let step = Step { arguments: &["doctor"], code: "1", says: &["on"] };
        assert!(step.judge(said, code).is_ok());
        assert!(step.judge(said, "0").unwrap_err().contains("status 0, not 1"));
        assert!(step.judge("two", "1").unwrap_err().contains("does not say \"on\""));
    }
}
