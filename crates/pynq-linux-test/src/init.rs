//! The first process: makes a system out of a bare kernel, runs the host's commands, and switches off.

use std::{
    env, fs, panic,
    process::{Command, ExitCode},
    thread,
    time::Duration,
};

use rustix::{
    fs::Mode,
    io::Errno,
    mount::{MountFlags, mount},
    system::{RebootCommand, reboot},
};

use crate::{claims, conformance, discovery, latency, report, storm, unbind};

/// A run that hangs reports it before the host ends it.
const PATIENCE: Duration = Duration::from_secs(240);

/// What the host wants: one word a line, and an empty line before what comes next.
const COMMAND: &str = "/command";

pub(crate) fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if rustix::process::getpid() != rustix::process::Pid::INIT {
        return claims::second_process(&arguments);
    }
    set_up();
    let command = fs::read_to_string(COMMAND).unwrap_or_default();
    for command in command.split("\n\n") {
        let arguments: Vec<&str> = command.lines().collect();
        match *arguments {
            ["test"] => test(""),
            ["test", only] => test(only),
            ["run", program, ref arguments @ ..] => run(program, arguments),
            _ => println!("{COMMAND} says nothing that can be done: {command:?}"),
        }
    }
    switch_off();
    // Only if that failed; the kernel then panics, which stops the board as well.
    ExitCode::FAILURE
}

fn set_up() {
    let mounted =
        [("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev"), ("tmpfs", "/tmp")].map(|(kind, folder)| {
            // The kernel may have mounted its devices by itself.
            match mount(kind, folder, kind, MountFlags::empty(), None) {
                Err(Errno::BUSY) => Ok(()),
                other => other.map_err(|error| format!("{folder}: {error}")),
            }
        });
    for error in mounted.into_iter().filter_map(Result::err) {
        println!("cannot mount {error}");
    }
    if let Err(error) = rustix::fs::mkdir("/run", Mode::RWXU) {
        println!("cannot make /run: {error}");
    }
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        // On its own line, whatever was being printed.
        println!();
        default(info);
    }));
}

fn test(only: &str) {
    thread::spawn(|| {
        thread::sleep(PATIENCE);
        report::hangs(PATIENCE);
        switch_off();
    });
    report::select(only);
    discovery::all();
    claims::all();
    conformance::all();
    unbind::all();
    storm::all();
    latency::all();
    report::totals();
}

/// Runs a program, and prints how it ended.
fn run(program: &str, arguments: &[&str]) {
    let ended = Command::new(program).args(arguments).status();
    println!();
    match ended {
        Ok(status) => match status.code() {
            Some(code) => println!("ended: code {code}"),
            None => println!("ended: {status}"),
        },
        Err(error) => println!("cannot run {program}: {error}"),
    }
}

fn switch_off() {
    rustix::fs::sync();
    if let Err(error) = reboot(RebootCommand::Restart) {
        println!("cannot switch off: {error}");
    }
}
