//! Two processes and one device: the second gets `Busy`, and the first does not notice.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, ExitCode, Stdio},
    sync::Arc,
};

use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, axi_intc_node,
    interrupt::{Line, StdLock},
};
use pynq_uio::{Claim, Error, LinuxClock, Masking, NoReactor, SystemPaths, UioInterrupts};

use crate::{
    board::{BUTTONS, Registers, SYSTEM_INTC, device, events, gpio, intc, quiet, window},
    report::{Failed, check, ensure},
};

/// Input of the controller that the buttons are on.
const BUTTON_LINE: u8 = 13;

pub(crate) fn all() {
    check("claims/second-process-is-busy", second_is_busy);
    check("claims/first-goes-on", first_goes_on);
    check("claims/after-kill", after_kill);
}

/// What this program does when it is not the first process.
pub(crate) fn second_process(arguments: &[String]) -> ExitCode {
    let ended = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["claim", name] => claim(name),
        ["claim-address", address] => claim_address(address),
        ["hold", name] => hold(name),
        _ => Err("this is for the virtual board of `cargo xtask linux-test`".into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn claim(name: &str) -> Result<(), Failed> {
    drop(device(name)?.open()?);
    Ok(())
}

fn claim_address(address: &str) -> Result<(), Failed> {
    drop(Claim::address(&SystemPaths::default(), address.parse()?)?);
    Ok(())
}

/// Uses the controller until it is killed: everything enabled, its interrupt taken and not answered.
fn hold(name: &str) -> Result<(), Failed> {
    let device = device(name)?;
    let _descriptor = device.open()?;
    let _claim = Claim::address(&SystemPaths::default(), SYSTEM_INTC)?;
    let (system, buttons) = (Registers::at(SYSTEM_INTC)?, Registers::of_gpio(BUTTONS)?);
    system.write(intc::MER, 3);
    system.write(intc::IER, u32::MAX);
    buttons.write(gpio::IER, 1);
    buttons.write(gpio::GIER, 1 << 31);
    // The kernel masks it with the first interrupt, and nothing unmasks it.
    buttons.write(gpio::DRIVE, 1);
    println!("held");
    std::io::stdout().flush()?;
    loop {
        std::thread::park();
    }
}

fn this_program(arguments: &[&str]) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs a second process, which must fail, and yields what it said.
fn refused(arguments: &[&str]) -> Result<String, Failed> {
    let output = this_program(arguments).output()?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    ensure!(!output.status.success(), "{arguments:?} was not refused");
    Ok(said)
}

fn second_is_busy() -> Result<String, Failed> {
    let pid = std::process::id().to_string();
    let device = device("fabric")?;
    let descriptor = device.open()?;
    let said = refused(&["claim", "fabric"])?;
    ensure!(
        said.contains("uio") && said.split(|c: char| !c.is_ascii_digit()).any(|word| word == pid),
        "it said: {said}"
    );
    ensure!(matches!(device.open(), Err(Error::Busy { .. })), "claimed twice in one process");
    drop(descriptor);
    drop(device.open()?);

    let claim = Claim::address(&SystemPaths::default(), SYSTEM_INTC)?;
    let by_address = refused(&["claim-address", &SYSTEM_INTC.to_string()])?;
    ensure!(by_address.split(|c: char| !c.is_ascii_digit()).any(|word| word == pid), "it said: {by_address}");
    drop(claim);
    claim_address(&SYSTEM_INTC.to_string())?;
    Ok(said)
}

/// A line of the controller, on a device that was claimed for it.
struct Claimed {
    line: Line,
    buttons: Registers,
    clock: LinuxClock,
    pressed: bool,
}

impl Claimed {
    fn new() -> Result<Self, Failed> {
        let descriptor = device("fabric")?.open()?;
        let clock = LinuxClock::new(Arc::new(NoReactor));
        let interrupts = UioInterrupts::new(clock.clone(), Arc::new(NoReactor));
        let root = interrupts.root(descriptor, Masking::InTheController)?;
        let window = window(SYSTEM_INTC, 0x1000)?;
        let hardware = AxiIntcHardware::new(window, AxiIntcConfig::new(15, u32::MAX))?;
        let node = Arc::pin(axi_intc_node(StdLock::new(), hardware, root));
        let buttons = Registers::of_gpio(BUTTONS)?;
        // As the process before has left it.
        let pressed = buttons.read(gpio::DRIVE) & 1 == 1;
        Ok(Self { line: Line::new(node, BUTTON_LINE)?, buttons, clock, pressed })
    }

    /// A press arrives.
    fn works(&mut self) -> Result<(), Failed> {
        use pynq_core::Clock as _;
        self.buttons.write(gpio::ISR, self.buttons.read(gpio::ISR));
        self.buttons.write(gpio::IER, 1);
        self.buttons.write(gpio::GIER, 1 << 31);
        self.pressed = !self.pressed;
        self.buttons.write(gpio::DRIVE, u32::from(self.pressed));
        let deadline = self.clock.now() + std::time::Duration::from_secs(5);
        self.line.wait_until(deadline)?;
        self.buttons.write(gpio::ISR, self.buttons.read(gpio::ISR));
        Ok(())
    }
}

fn first_goes_on() -> Result<String, Failed> {
    quiet()?;
    let mut first = Claimed::new()?;
    // The first one may be taken twice: by the kernel's interrupt that was never masked before, and by ours.
    first.works()?;
    let before = events(&device("fabric")?)?;
    for _ in 0..10 {
        first.works()?;
        refused(&["claim", "fabric"])?;
    }
    let taken = events(&device("fabric")?)?.wrapping_sub(before);
    ensure!(taken == 10, "{taken} interrupts for 10 presses");
    drop(first);
    quiet()?;
    Ok("10 presses, 10 second processes".to_owned())
}

/// Killed, so that nothing of it could clean up.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn after_kill() -> Result<String, Failed> {
    quiet()?;
    let mut child = this_program(&["hold", "fabric"]).stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().ok_or("it has no output")?;
    let child = Killed(child);
    let mut said = String::new();
    BufReader::new(output).read_line(&mut said)?;
    ensure!(said.trim() == "held", "it said: {said}");
    let pid = child.0.id();
    match device("fabric")?.open() {
        Err(Error::Busy { holder, .. }) => {
            ensure!(holder == Some(pid), "the holder is said to be {holder:?}, not {pid}")
        }
        other => return Err(format!("claimed beside its holder: {other:?}").into()),
    }
    match Claim::address(&SystemPaths::default(), SYSTEM_INTC) {
        Err(Error::Busy { holder, .. }) => {
            ensure!(holder == Some(pid), "the holder is said to be {holder:?}, not {pid}")
        }
        other => return Err(format!("claimed beside its holder: {other:?}").into()),
    }
    drop(child);
    let system = Registers::at(SYSTEM_INTC)?;
    ensure!(system.read(intc::IER) == u32::MAX, "the controller was not left enabled: this tests nothing");
    let _claim = Claim::address(&SystemPaths::default(), SYSTEM_INTC)?;
    let mut next = Claimed::new()?;
    ensure!(system.read(intc::IER) == 0, "what was left enabled still is");
    for _ in 0..3 {
        next.works()?;
    }
    drop(next);
    quiet()?;
    Ok("the next one takes over".to_owned())
}
