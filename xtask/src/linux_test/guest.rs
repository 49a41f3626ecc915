//! A run of the board: a program in it, its console, and how it ended.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{initrd::Initrd, kernel::Kernel, qmp::Qmp};
use crate::shell::{Failure, say};

/// Folders of the guest: where it mounts what the kernel has, and where files of a program go.
const FOLDERS: [&str; 5] = ["dev", "proc", "sys", "tmp", "pynq"];

const KERNEL_ARGUMENTS: &str = "console=ttyPS0 panic=-1 quiet clk_ignore_unused uio_pdrv_genirq.of_id=generic-uio";

/// The board, ready to be started.
pub(super) struct Board {
    pub(super) emulator: PathBuf,
    pub(super) kernel: Kernel,
    /// The program that the kernel starts.
    pub(super) init: PathBuf,
    /// Where runs leave their consoles.
    pub(super) logs: PathBuf,
}

/// What the guest is to run: a program and its arguments.
#[derive(Default)]
pub(super) struct Program {
    pub(super) arguments: Vec<String>,
    /// Files to be put into the folder `/pynq` of the guest.
    pub(super) files: Vec<(String, Vec<u8>)>,
}

impl Program {
    /// A built-in program of the guest.
    pub(super) fn new(arguments: &[&str]) -> Self {
        Self { arguments: arguments.iter().map(|&word| word.to_owned()).collect(), ..Self::default() }
    }

    /// A program of the host's, to be run in the guest.
    pub(super) fn of_file(path: &Path, arguments: &[&str]) -> Result<Self, Failure> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("program").to_owned();
        let mut this = Self::new(&["run", &format!("/pynq/{name}")]);
        this.arguments.extend(arguments.iter().map(|&word| word.to_owned()));
        this.files.push((name, fs::read(path)?));
        Ok(this)
    }

    pub(super) fn file(mut self, name: &str, contents: Vec<u8>) -> Self {
        self.files.push((name.to_owned(), contents));
        self
    }

    /// The same program once more after that, with other arguments.
    pub(super) fn then(mut self, arguments: &[&str]) -> Self {
        let again: Vec<String> = self.arguments.iter().take(2).cloned().collect();
        self.arguments.push(String::new());
        self.arguments.extend(again);
        self.arguments.extend(arguments.iter().map(|&word| word.to_owned()));
        self
    }

    /// As the guest reads it: one word a line, an empty one before what comes next.
    fn script(&self) -> String {
        self.arguments.join("\n")
    }
}

/// A board that runs. Dropping it stops it.
pub(super) struct Guest {
    emulator: Child,
    folder: PathBuf,
    socket: PathBuf,
    end: Instant,
    /// Of the console, how much was handed out.
    read: usize,
}

/// What a board has left behind.
pub(super) struct Ending {
    /// The console, without carriage returns.
    pub(super) console: String,
    pub(super) log: PathBuf,
}

/// Sockets have short names, in a folder that is not deep down.
static SOCKETS: AtomicU32 = AtomicU32::new(0);

impl Board {
    /// Starts the board, which is stopped after `limit`.
    pub(super) fn start(&self, name: &str, program: &Program, limit: Duration) -> Result<Guest, Failure> {
        let folder = self.logs.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let mut initrd = Initrd::with_folders(&FOLDERS);
        initrd.file("init", &fs::read(&self.init)?);
        initrd.file("command", program.script().as_bytes());
        for (name, contents) in &program.files {
            initrd.file(&format!("pynq/{name}"), contents);
        }
        fs::write(folder.join("initrd"), initrd.finish())?;
        let number = SOCKETS.fetch_add(1, Ordering::Relaxed);
        let socket = std::env::temp_dir().join(format!("pynq-{}-{number}", process::id()));
        let log = fs::File::create(folder.join("emulator"))?;
        let mut command = Command::new(&self.emulator);
        command
            .args(["-M", "xilinx-zynq-a9", "-m", "256", "-display", "none", "-monitor", "none", "-no-reboot"])
            .arg("-kernel")
            .arg(&self.kernel.image)
            .arg("-dtb")
            .arg(&self.kernel.device_tree)
            .args(["-initrd", "initrd", "-append", KERNEL_ARGUMENTS])
            // The console is the second one; the third is the UART in the programmable logic.
            .args(["-serial", "null", "-serial", "file:console", "-serial", "null"])
            .arg("-qmp")
            .arg(format!("unix:{},server=on,wait=off", socket.display()))
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let emulator = command
            .spawn()
            .map_err(|error| Failure::new(format!("cannot start {}: {error}", self.emulator.display())))?;
        Ok(Guest { emulator, folder, socket, end: Instant::now() + limit, read: 0 })
    }
}

impl Guest {
    /// The outside world of the board.
    pub(super) fn qmp(&self) -> Result<Qmp, Failure> {
        Qmp::connect(&self.socket)
    }

    fn console(&self) -> String {
        let bytes = fs::read(self.folder.join("console")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).replace('\r', "")
    }

    /// Waits until the console shows a text.
    pub(super) fn wait_for(&mut self, text: &str) -> Result<(), Failure> {
        self.wait_for_many(text, 1)
    }

    /// Waits until the console shows a text so many times.
    pub(super) fn wait_for_many(&mut self, text: &str, times: usize) -> Result<(), Failure> {
        while self.console().matches(text).count() < times {
            if !self.is_running()? {
                let console = self.console();
                return Err(Failure::new(format!("the board stopped without saying {text:?}:\n{}", end_of(&console))));
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Hands out the lines that have come since the last time to `each`, until the board stops by itself.
    pub(super) fn finish(mut self, mut each: impl FnMut(&str)) -> Result<Ending, Failure> {
        loop {
            let running = self.is_running()?;
            let console = self.console();
            let complete = if running { console.rfind('\n').map_or(0, |at| at + 1) } else { console.len() };
            for line in console.get(self.read..complete).unwrap_or_default().lines() {
                each(line);
            }
            self.read = complete.max(self.read);
            if running {
                thread::sleep(Duration::from_millis(50));
            } else {
                let status = self.emulator.wait()?;
                let log = self.folder.join("console");
                if !status.success() {
                    let said = fs::read_to_string(self.folder.join("emulator")).unwrap_or_default();
                    return Err(Failure::new(format!("the emulator ended with {status}: {}", said.trim())));
                }
                return Ok(Ending { console, log });
            }
        }
    }

    /// Whether it runs. One that runs for too long is stopped.
    fn is_running(&mut self) -> Result<bool, Failure> {
        if self.emulator.try_wait()?.is_some() {
            return Ok(false);
        }
        if Instant::now() > self.end {
            self.emulator.kill()?;
            let console = self.console();
            return Err(Failure::new(format!(
                "the board was stopped, its time was over; see {}\n{}",
                self.folder.join("console").display(),
                end_of(&console)
            )));
        }
        Ok(true)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        if !matches!(self.emulator.try_wait(), Ok(Some(_))) {
            if self.emulator.kill().is_err() {
                say!("  the emulator {} can't be stopped", self.emulator.id());
            }
            let _ = self.emulator.wait();
        }
        let _ = fs::remove_file(&self.socket);
    }
}

/// The last lines.
fn end_of(console: &str) -> String {
    let lines: Vec<&str> = console.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}
