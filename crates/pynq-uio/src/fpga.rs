//! The FPGA manager: programming the logic, and knowing what state it is in.
//!
//! The kernel programs when the name of a firmware file is written, and returns from that write when it is done or has
//! failed. Two files do this, `flags` and `firmware`, and only the kernels that Xilinx maintains have them, which PYNQ
//! images run. A mainline kernel programs on behalf of a [device-tree overlay](crate::DeviceTree) alone.
//!
//! `flags` keeps its value, and a full bitstream that is loaded with the flag of a partial one leaves the logic half
//! configured, so it is written every time. Success of the call is not the whole truth either: the state is read
//! afterwards, and has to be `operating`.
//!
//! From `Documentation/ABI/testing/sysfs-class-fpga-manager` of the kernel, and its `fpga-mgr.c`.

mod firmware;
mod state;

use std::{
    fmt, io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use pynq_hwh::{Bitstream, Design};

pub use state::FpgaState;

use crate::{
    Claim, Error, Result, SystemPaths,
    kernel_files::{KernelFiles, SystemFiles, text},
};
use firmware::Firmware;

/// How often the state is looked at after the kernel said that it was done, unless the caller says otherwise.
const LOOKS: u32 = 100;
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// How to program, and what to check before.
///
/// ```
/// use pynq_uio::ProgramOptions;
///
/// let options = ProgramOptions::new().partial(true).file_name("filter.bin");
/// ```
#[derive(Clone, Copy, Default)]
pub struct ProgramOptions<'a> {
    partial: Option<bool>,
    file_name: Option<&'a str>,
    design: Option<&'a Design>,
    pause: Option<&'a dyn Fn(u32) -> bool>,
}

impl fmt::Debug for ProgramOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProgramOptions")
            .field("partial", &self.partial)
            .field("file_name", &self.file_name)
            .field("design", &self.design.map(|design| &design.source))
            .finish_non_exhaustive()
    }
}

impl<'a> ProgramOptions<'a> {
    /// A full bitstream, unless its header says that it is a partial one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the bitstream is a partial one. A `.bit` file that was built as a partial one mostly says so in its
    /// header, which is believed where this was not called.
    #[must_use]
    pub fn partial(self, partial: bool) -> Self {
        Self { partial: Some(partial), ..self }
    }

    /// Name of the file in the firmware folder. `pynq-fpga0.bin` for the manager `fpga0`, otherwise.
    #[must_use]
    pub fn file_name(self, name: &'a str) -> Self {
        Self { file_name: Some(name), ..self }
    }

    /// The design that the bitstream belongs to. One for another part is refused then.
    #[must_use]
    pub fn design(self, design: &'a Design) -> Self {
        Self { design: Some(design), ..self }
    }

    /// What to do between two looks at the state, with the number of looks so far; `false` gives up. A second of looks
    /// at intervals of 10 ms, otherwise. The kernel is done when its call returns, so mostly the first look is the last.
    #[must_use]
    pub fn pause(self, pause: &'a dyn Fn(u32) -> bool) -> Self {
        Self { pause: Some(pause), ..self }
    }
}

/// An FPGA manager: the programmable logic of a Zynq, as a thing that can be programmed.
///
/// ```no_run
/// use pynq_hwh::{Bitstream, Design};
/// use pynq_uio::{FpgaManager, ProgramOptions, SystemPaths};
///
/// let design = Design::read("base.hwh").unwrap();
/// let manager = FpgaManager::find(&SystemPaths::default())?;
/// manager.program(&Bitstream::read("base.bit").unwrap(), &ProgramOptions::new().design(&design))?;
/// # Ok::<(), pynq_uio::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct FpgaManager {
    device: String,
    folder: PathBuf,
    paths: SystemPaths,
}

impl FpgaManager {
    /// The FPGA manager of this system, which on a Zynq is the only one.
    ///
    /// # Errors
    ///
    /// [`Error::NoFpgaManager`], or [`Error::SeveralFpgaManagers`] where [`named`](Self::named) has to choose.
    pub fn find(paths: &SystemPaths) -> Result<Self> {
        let mut found = managers(paths)?;
        match (found.pop(), found.is_empty()) {
            (None, _) => Err(Error::NoFpgaManager { path: class(paths) }),
            (Some(device), true) => Ok(Self::at(paths, device)),
            (Some(last), false) => {
                found.push(last);
                Err(Error::SeveralFpgaManagers { found })
            }
        }
    }

    /// The FPGA manager of this name: `fpga0`.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownFpgaManager`], with the names there are.
    pub fn named(paths: &SystemPaths, device: &str) -> Result<Self> {
        let found = managers(paths)?;
        if !found.iter().any(|name| name == device) {
            return Err(Error::UnknownFpgaManager { requested: device.to_owned(), found });
        }
        Ok(Self::at(paths, device.to_owned()))
    }

    fn at(paths: &SystemPaths, device: String) -> Self {
        Self { folder: class(paths).join(&device), device, paths: paths.clone() }
    }

    /// The kernel's name for the device: `fpga0`.
    #[must_use]
    pub fn device(&self) -> &str {
        &self.device
    }

    /// The name of the driver's device: `Xilinx Zynq FPGA Manager`.
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub fn name(&self) -> Result<String> {
        self.read("name")
    }

    /// What the manager is doing.
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub fn state(&self) -> Result<FpgaState> {
        Ok(FpgaState::from_word(&self.read("state")?))
    }

    /// What went wrong when it was last programmed, in the kernel's words. Empty where the driver reports nothing, and
    /// the one of Zynq-7000 never does.
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub fn status(&self) -> Result<Vec<String>> {
        // Drivers without a status have the file, and reading it fails.
        let text = match text(&SystemFiles, &self.file("status")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(|error| self.failed("read", "status", error))?,
        };
        Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }

    /// The flags that the next image is programmed with: bit 0 for a partial one, higher bits for encryption.
    ///
    /// # Errors
    ///
    /// [`Error::NoProgrammingFile`] on a mainline kernel, [`Error::File`], [`Error::FileContent`] if it is no hexadecimal number.
    pub fn flags(&self) -> Result<u32> {
        self.require("flags")?;
        let text = self.read("flags")?;
        let digits = text.trim();
        u32::from_str_radix(digits.strip_prefix("0x").unwrap_or(digits), 16).map_err(|_| Error::FileContent {
            path: self.file("flags"),
            found: text,
            wanted: "a hexadecimal number",
        })
    }

    /// Whether this kernel lets a program start programming by [`program`](Self::program).
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub fn can_program(&self) -> Result<bool> {
        match self.require("flags").and_then(|()| self.require("firmware")) {
            Err(Error::NoProgrammingFile { .. }) => Ok(false),
            other => other.map(|()| true),
        }
    }

    /// Checks that a design is loaded, without changing anything. Which one it is, the manager does not know.
    ///
    /// # Errors
    ///
    /// [`Error::NotProgrammed`] in any state but [`FpgaState::Operating`], and [`Error::File`].
    pub fn attach(&self) -> Result<()> {
        match self.state()? {
            FpgaState::Operating => Ok(()),
            state => Err(Error::NotProgrammed { manager: self.device.clone(), state }),
        }
    }

    /// Programs the logic.
    ///
    /// Interrupts must be masked, DMA engines halted and register windows dropped or revoked before, and **nothing in
    /// the logic may be accessed before this has returned `Ok`**: an access to logic that is not configured never gets
    /// an answer, and hangs the processor. The same goes for any error other than one that came before programming
    /// began: the old design is gone then, too.
    ///
    /// The image is put into the firmware folder, and stays there if all went well. If not, what was there before comes
    /// back, and so do the flags.
    ///
    /// # Blocking
    ///
    /// Until the logic runs: tens of milliseconds for a Zynq-7020. In an async program, call it where blocking is
    /// allowed.
    ///
    /// # Errors
    ///
    /// Before anything was changed: [`Error::Bitstream`] for a design of another part or data that is not a whole
    /// number of words, [`Error::PartialMismatch`], [`Error::FirmwareName`], [`Error::NoProgrammingFile`] on a mainline
    /// kernel, [`Error::ProgrammingInProgress`] if another process is programming, [`Error::NotProgrammed`] for a
    /// partial bitstream without a design for it to change, [`Error::NoFirmwareFolder`].
    ///
    /// After that: [`Error::ProgrammingRefused`] with what the kernel said, [`Error::NotOperating`], [`Error::File`].
    pub fn program(&self, bitstream: &Bitstream, options: &ProgramOptions<'_>) -> Result<()> {
        let says = bitstream.header.as_ref().is_some_and(|header| header.is_partial());
        if says && options.partial == Some(false) {
            return Err(Error::PartialMismatch);
        }
        if let Some(design) = options.design {
            bitstream.check_part(design)?;
        }
        let partial = options.partial.unwrap_or(says);
        let firmware = match bitstream.to_firmware() {
            // Ones are what a partial bitstream may be padded with; they configure nothing.
            Err(pynq_hwh::Error::BitLength { .. }) if partial => padded(bitstream)?,
            other => other?,
        };
        self.load(&firmware, partial, options)
    }

    /// Programs the logic from data that is in memory, in any of the three forms that a [`Bitstream`] can have.
    ///
    /// Data of a partial bitstream without a sync word is taken to be in the form that the kernel wants. All that is
    /// said of [`program`](Self::program) holds here.
    ///
    /// # Blocking
    ///
    /// As [`program`](Self::program).
    ///
    /// # Errors
    ///
    /// As [`program`](Self::program).
    pub fn program_bytes(&self, bytes: &[u8], options: &ProgramOptions<'_>) -> Result<()> {
        match Bitstream::parse(bytes) {
            Ok(bitstream) => self.program(&bitstream, options),
            Err(pynq_hwh::Error::NotABitstream { .. })
                if options.partial == Some(true) && !bytes.is_empty() && bytes.len() % 4 == 0 =>
            {
                self.load(bytes, true, options)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn load(&self, firmware: &[u8], partial: bool, options: &ProgramOptions<'_>) -> Result<()> {
        let own_name = format!("pynq-{}.bin", self.device);
        let name = options.file_name.unwrap_or(&own_name);
        firmware::check_name(name)?;
        self.require("flags")?;
        self.require("firmware")?;
        let _lock = self.lock()?;
        if partial {
            self.attach()?;
        }
        let before = self.flags()?;
        let file = Firmware::put(&self.paths.firmware, name, firmware)?;
        let result = self.start(u32::from(partial), name).and_then(|()| self.settle(options.pause));
        match result {
            Ok(()) => file.keep(),
            // The first error is the one to report.
            Err(_) => drop(self.write("flags", &format!("{before:x}"))),
        }
        result
    }

    /// Makes the kernel program, and waits until it has.
    fn start(&self, flags: u32, name: &str) -> Result<()> {
        self.write("flags", &format!("{flags:x}"))?;
        SystemFiles.write(&self.file("firmware"), name.as_bytes()).map_err(|error| Error::ProgrammingRefused {
            manager: self.device.clone(),
            file: self.paths.firmware.join(name),
            error,
            state: self.state().ok(),
            status: self.status().unwrap_or_default(),
        })
    }

    /// Looks at the state until the logic runs.
    fn settle(&self, pause: Option<&dyn Fn(u32) -> bool>) -> Result<()> {
        let by_the_clock = |looks| {
            thread::sleep(PAUSE);
            looks < LOOKS
        };
        let pause = pause.unwrap_or(&by_the_clock);
        let mut looks = 1;
        loop {
            let state = self.state()?;
            if state == FpgaState::Operating {
                return Ok(());
            }
            if state.is_error() || !pause(looks) {
                let status = self.status().unwrap_or_default();
                return Err(Error::NotOperating { manager: self.device.clone(), state, status, looks });
            }
            looks = looks.saturating_add(1);
        }
    }

    /// Keeps other processes from programming at the same time. The lock ends with the file that is returned.
    fn lock(&self) -> Result<OwnedFd> {
        match Claim::file(&self.paths, &format!("pynq-{}.lock", self.device)) {
            Err(Error::Busy { path, holder }) => {
                Err(Error::ProgrammingInProgress { manager: self.device.clone(), lock: path, holder })
            }
            other => other,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn read(&self, name: &str) -> Result<String> {
        text(&SystemFiles, &self.file(name)).map_err(|error| self.failed("read", name, error))
    }

    fn write(&self, name: &str, value: &str) -> Result<()> {
        SystemFiles.write(&self.file(name), value.as_bytes()).map_err(|error| self.failed("write", name, error))
    }

    fn failed(&self, action: &'static str, name: &str, error: io::Error) -> Error {
        Error::File { action, path: self.file(name), error }
    }

    /// Checks that this kernel has the file.
    fn require(&self, name: &'static str) -> Result<()> {
        let there = |path: &Path| {
            SystemFiles.exists(path).map_err(|error| Error::File { action: "look for", path: path.to_owned(), error })
        };
        let path = self.file(name);
        if there(&path)? {
            return Ok(());
        }
        // A manager that is gone as a whole is something else than a kernel without the file.
        if there(&self.folder)? {
            return Err(Error::NoProgrammingFile { manager: self.device.clone(), path });
        }
        Err(Error::NoFpgaManager { path: self.folder.clone() })
    }
}

/// The data of a bitstream as the kernel wants it, padded with ones to whole words.
fn padded(bitstream: &Bitstream) -> Result<Vec<u8>> {
    let mut bitstream = bitstream.clone();
    bitstream.data.resize(bitstream.data.len().next_multiple_of(4), 0xFF);
    Ok(bitstream.to_firmware()?)
}

fn class(paths: &SystemPaths) -> PathBuf {
    paths.sys.join("class/fpga_manager")
}

/// The names of all managers.
fn managers(paths: &SystemPaths) -> Result<Vec<String>> {
    let path = class(paths);
    match SystemFiles.list(&path) {
        Ok(names) => Ok(names),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Error::File { action: "list", path, error }),
    }
}
