//! `pynq watch`. A terminal in raw mode stands in for the UIO device: what the command writes to it, to have the next
//! interrupt, comes out at the other end, where the test plays the kernel.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::fs::symlink,
    process::{Child, ChildStdout, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{OptionalActions, tcgetattr, tcsetattr},
};

use crate::{fake::Fake, small, system};

/// Long enough for a command on a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(60);
/// A timer whose interrupt goes straight to the processor.
const TIMER: &str = "\
    ps processing_system7 IRQ_F2P<irq:1
    timer custom_timer interrupt>irq~LEVEL_HIGH @42800000";
const PIN: &str = "timer/interrupt";

/// A board with the timer, and the kernel's end of its UIO device.
struct Board {
    fake: Fake,
    kernel: fs::File,
    /// Kept open, or the kernel's end would hang up between two commands.
    _device: fs::File,
    armed: Receiver<i32>,
}

impl Board {
    fn new() -> Self {
        let fake = Fake::healthy();
        fake.tree.file("timer.hwh", &small::hwh(TIMER));
        let _ = fs::remove_file(fake.tree.path("dev/uio0"));
        let _ = fs::remove_dir_all(fake.tree.path("sys/class/uio/uio0"));
        let device = system::uio(&fake.tree, 0, "fabric");
        system::node(&fake.tree, &device, &[0, 29, 4]);
        let kernel = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&kernel).expect("granted");
        unlockpt(&kernel).expect("unlocked");
        let name = ptsname(&kernel, Vec::new()).expect("a name").into_string().expect("UTF-8");
        symlink(&name, fake.tree.path("dev/uio0")).expect("a link");
        let device = fs::OpenOptions::new().read(true).write(true).open(&name).expect("the other end");
        let mut mode = tcgetattr(&device).expect("its mode");
        mode.make_raw();
        tcsetattr(&device, OptionalActions::Now, &mode).expect("raw mode");
        let kernel = fs::File::from(kernel);
        let mut reader = kernel.try_clone().expect("a copy");
        let (sender, armed) = mpsc::channel();
        thread::spawn(move || {
            let mut word = [0; 4];
            // Ends when the terminal goes, or the receiver is gone.
            while reader.read_exact(&mut word).is_ok() && sender.send(i32::from_ne_bytes(word)).is_ok() {}
        });
        Self { fake, kernel, _device: device, armed }
    }

    fn start(&self, arguments: &[&str]) -> (Child, BufReader<ChildStdout>) {
        let hwh = self.fake.tree.path("timer.hwh");
        let mut command = self.fake.command(&["watch", PIN]);
        command.arg("--hwh").arg(hwh).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command starts");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        (child, stdout)
    }

    /// Waits until the command asks for the next interrupt.
    fn wait_until_armed(&self) {
        while self.armed.recv_timeout(PATIENCE).expect("the command arms the interrupt") != 1 {}
    }

    /// The `count`-th interrupt of the device.
    fn fire(&self, count: i32) {
        (&self.kernel).write_all(&count.to_ne_bytes()).expect("room for four bytes");
    }
}

fn stderr(child: Child) -> (String, Option<i32>) {
    let output = child.wait_with_output().expect("it ends");
    (String::from_utf8(output.stderr).expect("UTF-8"), output.status.code())
}

#[test]
fn each_event_is_a_line_as_it_comes() {
    let board = Board::new();
    let (child, mut stdout) = board.start(&["--count", "3"]);
    for count in 1..=3 {
        board.wait_until_armed();
        board.fire(count);
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line");
        let words = line.split_whitespace().collect::<Vec<_>>();
        let said = format!("{PIN} count {count} missed 0");
        assert_eq!(words[3..].join(" "), said, "{line}");
        assert!(words[0].len() == "14:02:03.123456".len() && words[1].starts_with('+') && words[2] == "s", "{line}");
    }
    let (note, code) = stderr(child);
    assert_eq!(code, Some(0), "{note}");
    assert!(note.contains("is watched as it is"), "{note}");
}

#[test]
fn silence_ends_it_when_asked_to() {
    let board = Board::new();
    let (child, mut stdout) = board.start(&["--timeout", "0.2"]);
    let (error, code) = stderr(child);
    assert_eq!(code, Some(1));
    assert!(error.lines().any(|line| line == format!("pynq: {PIN}: no interrupt within 0.2 s")), "{error}");
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("text");
    assert_eq!(rest, "");
}

#[test]
fn a_line_that_nobody_clears_is_explained() {
    let board = Board::new();
    let (mut child, stdout) = board.start(&[]);
    let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
    let events = thread::spawn(move || stdout.lines().map_while(Result::ok).count());
    let advice = thread::spawn(move || {
        let line = stderr.by_ref().lines().map_while(Result::ok).find(|line| line.contains("fires without end"));
        // What comes after that must not fill the pipe.
        (line, stderr)
    });
    // It fires whenever it may, until the advice is there.
    let mut count = 0;
    while !advice.is_finished() {
        assert!(count < 10_000, "no advice after {count} interrupts");
        if let Ok(1) = board.armed.recv_timeout(PATIENCE) {
            count += 1;
            board.fire(count);
        }
    }
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    let (line, _stderr) = advice.join().expect("no panic");
    assert!(line.as_ref().is_some_and(|line| line.contains("pynq poke")), "{line:?}");
    assert!(events.join().expect("no panic") >= 16);
}

#[test]
fn a_pin_that_is_none_or_has_no_device_is_an_error() {
    let board = Board::new();
    let hwh = board.fake.tree.path("timer.hwh");
    let hwh = hwh.to_str().expect("UTF-8");
    let error = board.fake.failure(&["watch", "timer/irq", "--hwh", hwh]);
    assert!(error.contains(PIN), "it suggests the near name: {error}");
    board.fake.tree.file("sys/class/fpga_manager/fpga0/state", "unknown\n");
    assert!(board.fake.failure(&["watch", PIN, "--hwh", hwh]).contains("unknown"));
    let usage = board.fake.run(&["watch", PIN, "--hwh", hwh, "--timeout", "-1"]);
    assert_eq!(usage.status.code(), Some(2));
}
