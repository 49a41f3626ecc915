//! The options of the examples.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use pynq::{
    BaseOverlay, Overlay,
    boards::{BoardDefinition, PinGroup},
};

use crate::{Result, Runtime, Script, handoff};

/// How the examples are used.
pub const USAGE: &str = "\
usage: cargo run --example NAME -- [options]

  --runtime tokio|tokio-threads|smol|none   what runs the tasks (default: tokio)
  --hwh FILE         the design, as Vivado's handoff file (default: a small one for a PYNQ-Z2)
  --board FILE       a real board under Linux: program FILE.bit, or attach to the loaded design that FILE.hwh describes
  --presses N        on a real board, end after so many presses (default: never)
  --script FILE|-    what is done to the board, from a file or standard input (default: a built-in script)
  --picture OUT      where to write the picture of an example that draws one (default: its name and .svg)
  --vcd OUT          write the traces of all wires and registers, for GTKWave and its like
  --program FILE     a program for a soft processor, as PYNQ ships them or as a linker writes them
  --buttons CELL     the AXI GPIO of the buttons, --leds CELL that of the LEDs, where the board is unknown
  --help             this text

A script has lines such as `10ms press 0 for 20ms` and `+5ms switch 1 on`; the documentation of `pynq_sim::script` has all.";

/// The options given to an example.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `--runtime`.
    pub runtime: Runtime,
    /// `--hwh`.
    pub hwh: Option<PathBuf>,
    /// `--board`.
    pub board: Option<PathBuf>,
    /// `--presses`.
    pub presses: Option<usize>,
    /// `--script`.
    pub script: Option<PathBuf>,
    /// `--vcd`.
    pub vcd: Option<PathBuf>,
    /// `--program`.
    pub program: Option<PathBuf>,
    /// `--picture`.
    pub picture: Option<PathBuf>,
    /// `--buttons`.
    pub buttons: Option<String>,
    /// `--leds`.
    pub leds: Option<String>,
    /// `--help`.
    pub help: bool,
}

impl Options {
    /// The options this program was started with.
    ///
    /// # Errors
    ///
    /// If there is an unknown one, or one without its value.
    pub fn from_env() -> Result<Self> {
        Self::parse(std::env::args().skip(1))
    }

    /// The options of the command line, and the file of `--png FILE`.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse), or a `--png` without a file.
    pub fn with_png() -> Result<(Self, Option<std::path::PathBuf>)> {
        let mut arguments: Vec<String> = std::env::args().skip(1).collect();
        let mut file = None;
        if let Some(at) = arguments.iter().position(|argument| argument == "--png") {
            arguments.remove(at);
            if at == arguments.len() {
                return Err("`--png` needs a file".into());
            }
            file = Some(arguments.remove(at).into());
        }
        Ok((Self::parse(arguments)?, file))
    }

    /// Reads options.
    ///
    /// # Errors
    ///
    /// If there is an unknown one, or one without its value.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self> {
        let mut options = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("`{argument}` needs a value; see --help"));
            match argument.as_str() {
                "--runtime" => options.runtime = value()?.parse()?,
                "--hwh" => options.hwh = Some(value()?.into()),
                "--board" => options.board = Some(value()?.into()),
                "--presses" => options.presses = Some(value()?.parse().map_err(|_| "--presses needs a number")?),
                "--script" => options.script = Some(value()?.into()),
                "--vcd" => options.vcd = Some(value()?.into()),
                "--program" => options.program = Some(value()?.into()),
                "--picture" => options.picture = Some(value()?.into()),
                "--buttons" => options.buttons = Some(value()?),
                "--leds" => options.leds = Some(value()?),
                "--help" | "-h" => options.help = true,
                _ => return Err(format!("unknown option `{argument}`; see --help").into()),
            }
        }
        Ok(options)
    }

    /// Prints how the examples are used if that is asked for, and else does `run`.
    ///
    /// # Errors
    ///
    /// Those of `run`.
    pub fn help_or(&self, run: impl FnOnce(&Self) -> Result) -> Result {
        if self.help {
            println!("{USAGE}");
            return Ok(());
        }
        run(self)
    }

    /// The overlay they ask for, on a simulated board or a real one.
    ///
    /// # Errors
    ///
    /// Those of the handoff file, and of a board that is unknown.
    pub fn overlay(&self) -> Result<BaseOverlay> {
        let overlay = match (&self.board, &self.hwh) {
            (Some(path), _) => on_board(path)?,
            (None, Some(path)) => Overlay::simulated(path)?,
            (None, None) => Overlay::simulated_from_str(handoff::BUTTONS)?,
        };
        if self.buttons.is_none() && self.leds.is_none() {
            let advice = |error| format!("{error}; or use --buttons CELL and --leds CELL");
            return Ok(BaseOverlay::new(overlay).map_err(advice)?);
        }
        // What is not given is as on the board that the design is for, if it is known.
        let mut board = pynq::boards::detect(overlay.design()).unwrap_or_else(|_| BoardDefinition::new("this board"));
        if let Some(cell) = &self.buttons {
            board = board.buttons(PinGroup::new(cell.clone(), 1));
        }
        if let Some(cell) = &self.leds {
            board = board.leds(PinGroup::new(cell.clone(), 1));
        }
        let base = BaseOverlay::with_board(overlay, board);
        // So that a wrong cell is told as that, and not as what is wrong with a button on it.
        base.buttons()?;
        base.leds()?;
        Ok(base)
    }

    /// The script they ask for, or else `built_in`.
    ///
    /// # Errors
    ///
    /// If it can't be read, or a line makes no sense.
    pub fn script(&self, built_in: &str) -> Result<Script> {
        let Some(path) = &self.script else { return Ok(built_in.parse()?) };
        let mut text = String::new();
        let (name, read) = if path.as_os_str() == "-" {
            ("standard input".to_owned(), std::io::stdin().read_to_string(&mut text))
        } else {
            let read = std::fs::read_to_string(path).map(|read| text = read).map(|()| 0);
            (format!("`{}`", path.display()), read)
        };
        read.map_err(|error| format!("cannot read {name}: {error}"))?;
        text.parse().map_err(|error| format!("{name}: {error}").into())
    }
}

/// An overlay on a real board. A bitstream is programmed; to the design of a handoff file it attaches.
///
/// # Errors
///
/// Those of the files and of the board; and that there is none, but under Linux.
#[cfg(target_os = "linux")]
pub fn on_board(path: &Path) -> Result<Overlay> {
    let overlay = if path.extension().is_some_and(|extension| extension == "hwh") {
        Overlay::attach(path)?
    } else {
        Overlay::open(path)?
    };
    Ok(overlay)
}

/// An overlay on a real board, for which there is no way here.
///
/// # Errors
///
/// That it needs Linux.
#[cfg(not(target_os = "linux"))]
pub fn on_board(_: &Path) -> Result<Overlay> {
    Err("--board needs Linux on the board; without it the board is simulated".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_are_read() {
        let options =
            parse("--runtime smol --hwh a.hwh --board b.bit --presses 3 --script - --vcd o.vcd --program p.bin --picture p.svg --buttons b --leds l")
                .unwrap();
        let expected = Options {
            runtime: Runtime::Smol,
            hwh: Some("a.hwh".into()),
            board: Some("b.bit".into()),
            presses: Some(3),
            script: Some("-".into()),
            vcd: Some("o.vcd".into()),
            program: Some("p.bin".into()),
            picture: Some("p.svg".into()),
            buttons: Some("b".into()),
            leds: Some("l".into()),
            help: false,
        };
        assert_eq!(options, expected);
        assert_eq!(parse("").unwrap(), Options::default());
    }

    #[test]
    fn wrong_ones_are_named() {
        for (line, says) in [
            ("--runtim smol", "unknown option `--runtim`"),
            ("--hwh", "`--hwh` needs a value"),
            ("--presses many", "--presses needs a number"),
            ("--runtime rayon", "no runtime `rayon`"),
        ] {
            let error = parse(line).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
